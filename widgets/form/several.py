"""Editors of what may be there any number of times, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from journeys.base.i18n import _
from widgets.form.editor import MISSING, Context, Editor, Note, heaviest, label
from widgets.form.fields import TickBox
from widgets.theme.controls import IconButton, LinkButton


class ListField(Editor):
    """Entries one under the other, each with a cross; Alt+Up and Alt+Down move the one with the focus."""

    def __init__(
        self,
        context: Context,
        make: Callable[[], Editor],
        *,
        what: str,
        framed: bool,
        fresh: Callable[[list[Any]], Any],
        parent: QWidget | None = None,
    ) -> None:
        """`what` is the text of the button that adds; `fresh` gives the data of a new entry beside those there are."""
        super().__init__(context, parent)
        self._make, self._framed, self._fresh = make, framed, fresh
        self.entries: list[_Entry] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8 if framed else 4)
        self.more = LinkButton(context.theme, what, "plus", parent=self)
        self.more.clicked.connect(self._add)
        self._box.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.more)

    def value(self) -> Any:
        values = (entry.editor.value() for entry in self.entries)
        return ["" if value is MISSING else value for value in values]

    def set_value(self, data: Any) -> None:
        wanted = data if isinstance(data, list) else []
        while len(self.entries) > len(wanted):
            self._drop(self.entries[-1])
        while len(self.entries) < len(wanted):
            self._append()
        for entry, one in zip(self.entries, wanted, strict=True):
            entry.editor.set_value(one)

    def place(self, notes: Sequence[Note]) -> list[Note]:
        left = []
        by_entry: dict[int, list[Note]] = {}
        for note in notes:
            step, inner = note.within()
            if step.isdecimal() and int(step) < len(self.entries):
                by_entry.setdefault(int(step), []).append(inner)
            else:
                left.append(note)
        for n, entry in enumerate(self.entries):
            entry.place(by_entry.get(n, []))
        return left

    def name(self, title: str) -> None:
        self.setAccessibleName(title)

    def move_entry(self, entry: _Entry, by: int) -> None:
        """Give an entry another place; at an end nothing happens."""
        at = self.entries.index(entry)
        to = at + by
        if not 0 <= to < len(self.entries):
            return
        self.entries.insert(to, self.entries.pop(at))
        self._box.removeWidget(entry)
        self._box.insertWidget(to, entry)
        self.edited.emit("", False)

    def remove(self, entry: _Entry) -> None:
        self._drop(entry)
        self.more.setFocus()
        self.edited.emit("", False)

    def _add(self) -> None:
        there = self.value()
        entry = self._append()
        entry.editor.set_value(self._fresh(there))
        entry.editor.begin()
        self.edited.emit("", False)

    def _append(self) -> _Entry:
        entry = _Entry(self, self._make(), framed=self._framed)
        entry.editor.edited.connect(lambda path, typing: self._edited(entry, path, typing))
        self._box.insertWidget(len(self.entries), entry)
        self.entries.append(entry)
        entry.setVisible(True)
        return entry

    def _drop(self, entry: _Entry) -> None:
        self.entries.remove(entry)
        entry.hide()
        entry.deleteLater()

    def _edited(self, entry: _Entry, path: str, typing: bool) -> None:
        n = self.entries.index(entry)
        self.edited.emit(f"[{n}].{path}" if path and not path.startswith("[") else f"[{n}]{path}", typing)


class _Entry(QWidget):
    def __init__(self, list_: ListField, editor: Editor, *, framed: bool) -> None:
        super().__init__(list_)
        self._list = list_
        self.editor = editor
        row = QHBoxLayout(self)
        row.setSpacing(4)
        row.setContentsMargins(8 if framed else 0, 8 if framed else 0, 4 if framed else 0, 8 if framed else 0)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, framed)
        self.setProperty("role", "entry" if framed else "")
        lines = QVBoxLayout()
        lines.setSpacing(4)
        lines.addWidget(editor)
        self._under: QLabel = label("", "error", self)
        self._under.hide()
        lines.addWidget(self._under)
        row.addLayout(lines, 1)
        cross = IconButton(list_.context.theme, "x", _("Remove this"), small=True, parent=self)
        cross.clicked.connect(lambda: list_.remove(self))
        row.addWidget(cross, 0, Qt.AlignmentFlag.AlignTop)
        self.cross = cross

    def place(self, notes: Sequence[Note]) -> None:
        left = heaviest(self.editor.place(notes))
        self._under.setText("\n".join(dict.fromkeys(note.sentence for note in left)))
        self._under.setVisible(bool(left))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._list.move_entry(self, -1 if event.key() == Qt.Key.Key_Up else 1)
            return
        super().keyPressEvent(event)


class MaybeField(Editor):
    """Something that may be left out: a box to tick, and under it what it is then."""

    def __init__(
        self, context: Context, title: str, make: Callable[[], Editor], fresh: Any, parent: QWidget | None = None
    ) -> None:
        """`fresh` is what stands there when the box is ticked."""
        super().__init__(context, parent)
        self._make, self._fresh = make, fresh
        self._inner: Editor | None = None
        tick = TickBox(title, self)
        self.box = tick.box
        self.box.clicked.connect(self._ticked)
        self.setFocusProxy(self.box)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(4)
        self._lines.addWidget(tick)

    @property
    def inner(self) -> Editor | None:
        return self._inner if self.box.isChecked() else None

    def value(self) -> Any:
        return self._inner.value() if self._inner is not None and self.box.isChecked() else None

    def set_value(self, data: Any) -> None:
        self.box.setChecked(data is not None and data is not MISSING)
        self._fit()
        if self._inner is not None and self.box.isChecked():
            self._inner.set_value(data)

    def place(self, notes: Sequence[Note]) -> list[Note]:
        return self._inner.place(notes) if self._inner is not None and self.box.isChecked() else list(notes)

    def _ticked(self) -> None:
        first = self._inner is None
        self._fit()
        if first and self._inner is not None:
            self._inner.set_value(self._fresh)
        self.edited.emit("", False)

    def _fit(self) -> None:
        on = self.box.isChecked()
        if on and self._inner is None:
            self._inner = self._make()
            self._inner.edited.connect(self.edited)
            indented = QHBoxLayout()
            indented.setContentsMargins(24, 0, 0, 4)
            indented.addWidget(self._inner)
            self._lines.addLayout(indented)
        if self._inner is not None:
            self._inner.setVisible(on)
