"""The sheet of keys (?): every gesture of mouse and keyboard, from the registry of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.actions import Actions, say_menu, shown
from app.desktop.pieces import label
from journeys.base.i18n import _


def lines(actions: Actions) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, (what, keys)) of everything that has a key."""
    made = []
    for menu, of_menu in actions.by_menu().items():
        rows = [(action.text, _(" or ").join(map(shown, action.keys))) for action in of_menu if action.keys]
        if rows:
            made.append((say_menu(menu), rows))
    return made


class KeysSheet(QDialog):
    """Lays the sheet out."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keys"))
        self.resize(760, 600)
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(24, 16, 24, 24)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        row = 0
        for heading, rows in lines(actions):
            title = label(heading, "section")
            title.setContentsMargins(0, 12 if row else 0, 0, 4)
            grid.addWidget(title, row, 0, 1, 2)
            row += 1
            for what, keys in rows:
                grid.addWidget(label(what), row, 0)
                keycap: QLabel = label(keys)
                keycap.setObjectName("keycap")
                grid.addWidget(keycap, row, 1, Qt.AlignmentFlag.AlignRight)
                row += 1
        grid.setRowStretch(row, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setAccessibleName(_("Keys"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
