"""The column of pages at the left. A page appears with the issue that builds it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout

from journeys.base.i18n import _
from widgets.theme import icons
from widgets.theme.theme import Theme

WIDTH = 76


class Navigation(QFrame):
    """Journeys, and what is to come."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setFixedWidth(WIDTH)
        self._theme = theme
        self._buttons: dict[str, tuple[QToolButton, str]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 5, 8)
        column.setSpacing(4)
        for page, icon, text in (("journeys", "tree-structure", _("Journeys")),):
            button = QToolButton()
            button.setObjectName("page")
            button.setText(text)
            button.setAccessibleName(text)
            button.setToolTip(text)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(icons.NAVIGATION, icons.NAVIGATION))
            button.setCheckable(True)
            button.setChecked(page == "journeys")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, page=page: self._clicked(page))
            column.addWidget(button)
            self._buttons[page] = (button, icon)
        column.addStretch()
        theme.changed.connect(self._colour)
        self._colour()

    def _clicked(self, page: str) -> None:
        self._buttons[page][0].setChecked(True)
        self.chosen.emit(page)

    def _colour(self) -> None:
        tokens = self._theme.tokens
        for button, icon in self._buttons.values():
            # all pages that there are belong to the one that is shown
            name = f"{icon}-fill" if button.isChecked() else icon
            button.setIcon(icons.icon(name, tokens.accent_text if button.isChecked() else tokens.text2))
