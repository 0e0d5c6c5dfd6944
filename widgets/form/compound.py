"""Editors made of editors: the fields of a model, one of several models, a list, what may be left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from journeys.base.i18n import _
from widgets.form import labels, shapes
from widgets.form.editor import MISSING, Context, Editor, Note, Weight, heaviest, label, mark_wrong
from widgets.form.fields import ChoiceField
from widgets.form.shapes import FieldOf, Variant, fields_of

#: letters that fit over half a line of a panel
_SHORT_TITLE = 17

#: makes the editor of a field; `sibling` gives the value of another field of the same model
Maker = Callable[[Context, FieldOf, Callable[[str], Any]], Editor]


class Row(QWidget):
    """A field with its label above it and one sentence under it: the help, or in its place what is wrong."""

    def __init__(self, field: FieldOf, editor: Editor, *, titled: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field, self.editor = field, editor
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self._title = labels.title(field.name, field.title)
        if titled:
            above = label(self._title, "label", self)
            above.setBuddy(editor)
            box.addWidget(above)
        box.addWidget(editor)
        self._under = label("", "help", self)
        self._under.hide()
        box.addWidget(self._under)
        editor.name(self._title)
        self.place([])

    def place(self, notes: Sequence[Note]) -> None:
        """Show what is said of the field; whatever the editor cannot show at its own parts."""
        left = heaviest(self.editor.place(notes))
        if not left:
            self._say(self.field.help, "help")
            return
        roles = {Weight.ERROR: "error", Weight.WARNING: "warning", Weight.HELP: "help"}
        self._say("\n".join(dict.fromkeys(note.sentence for note in left)), roles[left[0].weight])

    @property
    def said(self) -> str:
        """What stands under the field."""
        return "" if self._under.isHidden() else self._under.text()

    def _say(self, text: str, role: str) -> None:
        self._under.setText(text)
        self._under.setVisible(bool(text))
        if self._under.property("role") != role:
            self._under.setProperty("role", role)
            self._under.style().unpolish(self._under)
            self._under.style().polish(self._under)
        self.editor.setAccessibleDescription(text)


class RecordField(Editor):
    """The fields of a model, one under the other; two short ones that follow each other stand side by side."""

    def __init__(
        self,
        context: Context,
        model: type[BaseModel],
        make: Maker,
        *,
        leave_out: Sequence[str] = (),
        inline: bool = False,
        one_of: Sequence[str] = (),
        quiet: Sequence[str] = (),
        only_when: Mapping[str, Callable[[Callable[[str], Any]], bool]] = MappingProxyType({}),
        parent: QWidget | None = None,
    ) -> None:
        """`inline` puts all fields on one line without labels; of the fields in `one_of` only a chosen one is shown.

        A field in `quiet` is shown only when something is wrong with it. One in `only_when` is shown while what stands in the others makes it mean something, or something stands in
        it.
        """
        super().__init__(context, parent)
        self.rows: dict[str, Row] = {}
        self._one_of = tuple(one_of)
        self._only_when = only_when
        self._quiet = tuple(quiet)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self.question: ChoiceField | None = None
        fields = [field for field in fields_of(model) if field.name not in leave_out]
        waiting: Row | None = None
        for field in fields:
            if field.name in self._one_of and self.question is None:
                self._put(waiting)
                waiting = None
                self._ask()
            row = Row(
                field, make(context, field, self.part), titled=not inline and not _titles_itself(field), parent=self
            )
            if field.name in quiet:
                row.setVisible(False)
            row.editor.edited.connect(lambda path, typing, name=field.name: self._edited(name, path, typing))
            self.rows[field.name] = row
            if inline:
                self._grid.addWidget(row, 0, len(self.rows) - 1)
                continue
            if waiting is not None and _is_short(field):
                n = self._grid.rowCount()
                self._grid.addWidget(waiting, n, 0, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(row, n, 1, Qt.AlignmentFlag.AlignTop)
                waiting = None
                continue
            self._put(waiting)
            waiting = None
            if _is_short(field) and field.name not in self._one_of:
                waiting = row
            else:
                self._put(row)
        self._put(waiting)
        if self.rows:
            self.setFocusProxy(next(iter(self.rows.values())).editor)

    def part(self, name: str) -> Any:
        """What stands in one field."""
        return self.rows[name].editor.value() if name in self.rows else MISSING

    def value(self) -> Any:
        data = {}
        chosen = self.question.value() if self.question is not None else None
        for name, row in self.rows.items():
            value = None if name in self._one_of and name != chosen else row.editor.value()
            if value is not MISSING:
                data[name] = value
        return data

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, Mapping) else {}
        for name, row in self.rows.items():
            row.editor.set_value(given.get(name, row.field.default))
        if self.question is not None:
            asked = next((name for name in self._one_of if given.get(name) is not None), None)
            self.question.set_value(asked)
            self._show_asked()
        self._show_meant()

    def place(self, notes: Sequence[Note]) -> list[Note]:
        left = []
        by_name: dict[str, list[Note]] = {}
        for note in notes:
            name, inner = note.within()
            if name in self.rows:
                by_name.setdefault(name, []).append(inner)
            else:
                left.append(note)
        for name, row in self.rows.items():
            row.place(by_name.get(name, []))
            if name in self._quiet:
                row.setVisible(bool(by_name.get(name)))
        return left

    def name(self, title: str) -> None:
        self.setAccessibleName(title)

    def _put(self, row: Row | None) -> None:
        if row is not None:
            self._grid.addWidget(row, self._grid.rowCount(), 0, 1, 2)

    def _ask(self) -> None:
        self.question = ChoiceField(
            self.context, [(name, labels.title(name)) for name in self._one_of], optional=True, parent=self
        )
        self.question.name(_("Question"))
        self.question.edited.connect(self._asked)
        box = QWidget(self)
        lines = QVBoxLayout(box)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(4)
        lines.addWidget(label(_("Question"), "label", box))
        lines.addWidget(self.question)
        self._grid.addWidget(box, self._grid.rowCount(), 0, 1, 2)

    def _asked(self, _path: str, _typing: bool) -> None:
        self._show_asked()
        assert self.question is not None
        chosen = self.question.value()
        if chosen is not None:
            self.rows[chosen].editor.begin()
        self.edited.emit("", False)

    def _show_asked(self) -> None:
        assert self.question is not None
        chosen = self.question.value()
        for name in self._one_of:
            self.rows[name].setVisible(name == chosen)

    def _show_meant(self) -> None:
        for name, means in self._only_when.items():
            if (row := self.rows.get(name)) is not None:
                row.setVisible(means(self.part) or row.editor.value() != row.field.default)

    def _edited(self, name: str, path: str, typing: bool) -> None:
        self._show_meant()
        self.edited.emit(name + path if path.startswith("[") else f"{name}.{path}" if path else name, typing)


def _titles_itself(field: FieldOf) -> bool:
    """Whether the title stands in the editor: beside a box to tick, or over its first field."""
    match field.shape:
        case shapes.Record(model=model):
            return fields_of(model)[0].title == field.title
        case shapes.Toggle() | shapes.Maybe(inner=shapes.Record()):
            return True
        case _:
            return False


def _is_short(field: FieldOf) -> bool:
    """Whether the field needs half a line at the most."""
    shape = field.shape.inner if isinstance(field.shape, shapes.Maybe) else field.shape
    if field.help or len(labels.title(field.name, field.title)) > _SHORT_TITLE:
        return False
    if isinstance(shape, shapes.Choice):
        return all(len(labels.word(value, field.name)) <= _SHORT_TITLE for value in shape.values)
    return isinstance(shape, shapes.Number | shapes.Clock)


class VariantField(Editor):
    """A choice of the model, and the fields of the one chosen. Fields of equal names keep what stands in them."""

    def __init__(
        self,
        context: Context,
        field: FieldOf,
        variant: Variant,
        make_record: Callable[[type[BaseModel], str], Editor],
        *,
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, parent)
        self._variant = variant
        self._make_record = make_record
        self._inner: Editor | None = None
        words = [(name, labels.word(name, field.name)) for name, _model in variant.members]
        self.choice = ChoiceField(context, words, optional=optional, parent=self)
        self.setFocusProxy(self.choice)
        self.choice.edited.connect(self._chosen)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(12)
        self._box.addWidget(self.choice)
        self._shown: type[BaseModel] | None = None

    @property
    def inner(self) -> Editor | None:
        """The editor of the chosen model's fields; None where it has none."""
        return self._inner

    def value(self) -> Any:
        word = self.choice.value()
        if not isinstance(word, str):
            return word
        inner = self._inner.value() if self._inner is not None else {}
        return {self._variant.tag: word, **inner}

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, Mapping) else {}
        self.choice.set_value(given.get(self._variant.tag))
        self._fit()
        if self._inner is not None:
            self._inner.set_value(given)

    def place(self, notes: Sequence[Note]) -> list[Note]:
        left = list(notes) if self._inner is None else self._inner.place(notes)
        mark_wrong(self.choice, any(note.weight is Weight.ERROR for note in left))
        return left

    def name(self, title: str) -> None:
        self.choice.name(title)

    def _chosen(self, _path: str, _typing: bool) -> None:
        before = self._inner.value() if self._inner is not None else {}
        self._fit()
        if self._inner is not None:
            self._inner.set_value(before)
        self.edited.emit("", False)

    def _fit(self) -> None:
        word = self.choice.value()
        model = self._variant.model(word) if isinstance(word, str) else None
        if model is self._shown:
            return
        self._shown = model
        if self._inner is not None:
            self._inner.hide()
            self._inner.deleteLater()
            self._inner = None
        if model is not None and any(one.name != self._variant.tag for one in fields_of(model)):
            self._inner = self._make_record(model, self._variant.tag)
            self._inner.edited.connect(self.edited)
            self._box.addWidget(self._inner)
            self._inner.setVisible(True)
