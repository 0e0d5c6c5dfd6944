"""A field and a list of what can be done, found by words of its name: commands (Ctrl+Shift+P), where an outlet may lead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.desktop.actions import Action, Actions, say_menu, shown
from app.desktop.pieces import label
from journeys.base.i18n import _
from journeys.base.text import fold

WIDTH, _ROWS, _MOST = 520, 9, 100


@dataclass(frozen=True, slots=True)
class Found:
    """One line: an action, or something else to go to, such as a node of the open journey."""

    text: str
    detail: str
    key: str
    call: Callable[[], object]


def found_actions(actions: Actions, text: str) -> list[Found]:
    return [_of(action) for action in actions.matching(text) if action.name != "view.commands"]


def found_things(things: Sequence[tuple[str, str, Callable[[], object]]], text: str) -> list[Found]:
    """Things by (name, what they are, what going there does); only where something is typed."""
    words = fold(text).split()
    if not words:
        return []
    return [Found(name, what, "", call) for name, what, call in things if all(word in fold(name) for word in words)]


def _of(action: Action) -> Found:
    key = shown(action.keys[0]) if action.keys else ""
    return Found(action.said().rstrip(), say_menu(action.menu), key, action.call)


Find = Callable[[str], Sequence[Found]]


class Chooser(QFrame):
    """Opens over the window, below the top bar; Esc or a click elsewhere closes it."""

    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("commands")
        self._find: Find = lambda _text: ()
        self._found: Sequence[Found] = ()
        self.field = QLineEdit()
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = label("", "help")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        for each in (self.field, self.list, self.nothing):
            column.addWidget(each)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._run)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run)
        self.setFixedWidth(WIDTH)

    def open_over(self, window: QWidget, find: Find, *, asks: str, top: int) -> None:
        """`asks` stands in the empty field; `find` is asked as one types."""
        self._find = find
        self.setWindowTitle(asks)
        self.field.setPlaceholderText(asks)
        for each in (self.field, self.list):
            each.setAccessibleName(asks)
        self.setStyleSheet(window.styleSheet())
        self.field.clear()
        self._search()
        self.move(window.mapToGlobal(QPoint((window.width() - WIDTH) // 2, top)))
        self.show()
        self.field.setFocus()

    def names(self) -> list[str]:
        """What is offered, from the top."""
        return [found.text for found in self._found]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS, Qt.Key.Key_PageUp: -_ROWS}
            step = steps.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                row = self.list.currentRow() + step
                last = self.list.count() - 1
                self.list.setCurrentRow(row % (last + 1) if abs(step) == 1 else max(0, min(row, last)))
                return True
        return False

    def _search(self) -> None:
        text = self.field.text()
        self._found = list(self._find(text))[:_MOST]
        self.list.clear()
        for found in self._found:
            item = QListWidgetItem()
            item.setSizeHint(QSize(10, 30))
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                _("{text}, {detail} {key}").format(text=found.text, detail=found.detail, key=found.key),
            )
            self.list.addItem(item)
            self.list.setItemWidget(item, _row(found))
        self.list.setCurrentRow(0 if self._found else -1)
        self.nothing.setText("" if self._found else _("Nothing is called “{text}”.").format(text=text))
        self.nothing.setVisible(not self._found)
        self.list.setVisible(bool(self._found))
        self.list.setFixedHeight(30 * max(1, min(len(self._found), _ROWS)) + 4)
        self.adjustSize()

    def _run(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._found):
            call = self._found[row].call
            self.hide()
            call()


def _row(found: Found) -> QWidget:
    row = QWidget()
    row.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    line = QHBoxLayout(row)
    line.setContentsMargins(8, 0, 8, 0)
    line.setSpacing(8)
    line.addWidget(label(found.text))
    line.addWidget(label(found.detail, "help"))
    line.addStretch()
    if found.key:
        keycap: QLabel = label(found.key)
        keycap.setObjectName("keycap")
        line.addWidget(keycap)
    return row
