"""Buttons with icons that follow the theme, and lines."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QPushButton, QToolButton, QWidget

from widgets.theme import icons
from widgets.theme.theme import Theme


class IconButton(QToolButton):
    """A button of an icon alone. `name` is its accessible name and, with its key, the tooltip."""

    def __init__(
        self, theme: Theme, icon: str, name: str, *, key: str = "", small: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self.setProperty("small", small)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setToolTip(f"{name} ({key})" if key else name)
        size = icons.DENSE if small else icons.BUTTON
        self.setIconSize(QSize(size, size))
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self.setIcon(icons.icon(self._icon, tokens.text2, disabled=tokens.edge_dim))


class LinkButton(QPushButton):
    """A button that reads like a link, with an icon before its text."""

    def __init__(self, theme: Theme, text: str, icon: str = "", *, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._icon = icon
        self.setProperty("look", "link")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(icons.DENSE, icons.DENSE))
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        if self._icon:
            tokens = self._theme.tokens
            self.setIcon(icons.icon(self._icon, tokens.accent_text, disabled=tokens.edge_dim))


def line(parent: QWidget | None = None) -> QFrame:
    """A line that divides two sections."""
    made = QFrame(parent)
    made.setProperty("role", "line")
    made.setFixedHeight(1)
    return made
