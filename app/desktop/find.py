"""Find a node (Ctrl+F): by title, kind or what its settings say; each match is selected and shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton

from app.desktop.pieces import label
from journeys.base.i18n import _
from journeys.base.text import fold
from journeys.graph.journey import Journey
from journeys.graph.outline import reading_order
from journeys.nodes.node import Names
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme import icons
from widgets.theme.theme import Theme


def matches(journey: Journey, text: str, names: Names) -> list[str]:
    """Nodes that hold every word, as people read the journey; those that hold it in their title first."""
    words = fold(text).split()
    if not words:
        return []
    in_title, elsewhere = [], []
    for node in reading_order(journey):
        settings = journey.node(node)
        title = fold(journey.title(node))
        if all(word in title for word in words):
            in_title.append(node)
            continue
        said = f"{title} {fold(journey.comment(node))} {node.casefold()}"
        if settings is not None:
            said = f"{said} {fold(settings.label)} {fold(settings.words(names))}"
        if all(word in said for word in words):
            elsewhere.append(node)
    return in_title + elsewhere


class Find(QFrame):
    """A field over the upper right corner of the canvas. Enter goes on, Shift+Enter back, Esc closes."""

    #: a node to be shown on the canvas
    found = Signal(str)
    closed = Signal()

    def __init__(self, document: Document, selection: Selection, names: Names, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("find")
        self._document, self._selection, self._names, self._theme = document, selection, names, theme
        self._matches: list[str] = []
        self._at = 0
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("Find a step of this journey"))
        self.field.setAccessibleName(_("Find a step of this journey"))
        self.field.setProperty("look", "bare")
        self.field.setMinimumWidth(220)
        self.count = label("", "help")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(4)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        self._buttons: list[tuple[QToolButton, str]] = []
        for icon, what, call in (
            ("caret-up", _("Match before (Shift+Enter)"), lambda: self.step(-1)),
            ("caret-down", _("Next match (Enter)"), lambda: self.step(1)),
            ("x", _("Close (Esc)"), self.leave),
        ):
            button = QToolButton()
            button.setProperty("small", True)
            button.setToolTip(what)
            button.setAccessibleName(what)
            button.clicked.connect(call)
            row.addWidget(button)
            self._buttons.append((button, icon))
        self.field.textChanged.connect(self._search)
        document.changed.connect(self._search_again)
        theme.changed.connect(self._colour)
        self._colour()
        self.hide()

    def know(self, names: Names) -> None:
        self._names = names

    def begin(self) -> None:
        self.show()
        self.raise_()
        self.field.setFocus()
        self.field.selectAll()
        self._search()

    def step(self, by: int) -> None:
        if self._matches:
            self._at = (self._at + by) % len(self._matches)
            self._show()

    def leave(self) -> None:
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)

    def _search(self) -> None:
        self._matches = matches(self._document.journey, self.field.text(), self._names)
        self._at = 0
        self._show()

    def _search_again(self) -> None:
        if self.isVisible():
            kept = self._matches[self._at] if self._matches else None
            self._matches = matches(self._document.journey, self.field.text(), self._names)
            self._at = self._matches.index(kept) if kept in self._matches else 0
            self._say()

    def _show(self) -> None:
        self._say()
        if self._matches:
            node = self._matches[self._at]
            self._selection.set([node])
            self.found.emit(node)

    def _say(self) -> None:
        if not self.field.text().strip():
            self.count.setText("")
        elif self._matches:
            self.count.setText(_("{n} of {all}").format(n=self._at + 1, all=len(self._matches)))
        else:
            self.count.setText(_("Nothing is called “{text}”.").format(text=self.field.text()))

    def _colour(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(icons.icon(icon, self._theme.tokens.text2))
