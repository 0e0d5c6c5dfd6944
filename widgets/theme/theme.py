"""The theme of the whole application: light or dark, as the system has it or as was chosen, changed at once."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from widgets.theme import fonts
from widgets.theme.focus import FocusRing
from widgets.theme.sheet import Shapes, style_sheet
from widgets.theme.tokens import Tokens, dark, light


class Choice(StrEnum):
    """What the person wants."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """Holds the tokens of the moment and tells when they change.

    One an application; whoever paints or shows icons is given it and follows `changed`. `apply` dresses an application
    and keeps it dressed. To be made once there is a QGuiApplication.
    """

    changed = Signal()

    def __init__(self, choice: Choice = Choice.SYSTEM, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self._app: QApplication | None = None
        self._ring: FocusRing | None = None
        self._shapes: Shapes | None = None
        hints = QGuiApplication.styleHints()
        self._system = hints.colorScheme()
        self._tokens = self._wanted()
        hints.colorSchemeChanged.connect(self._system_turned)

    @property
    def tokens(self) -> Tokens:
        return self._tokens

    @property
    def choice(self) -> Choice:
        return self._choice

    def choose(self, choice: Choice) -> None:
        """Take this theme from now on."""
        self._choice = choice
        self._follow()

    def apply(self, app: QApplication) -> None:
        """Dress the application: style, font, palette, style sheet and focus rings; again whenever the theme changes."""
        self._app = app
        self._ring = FocusRing(self)
        self._shapes = Shapes()
        app.setStyle("Fusion")
        app.setFont(fonts.font())
        self._dress()

    def _system_turned(self, scheme: Qt.ColorScheme) -> None:
        self._system = scheme
        self._follow()

    def _follow(self) -> None:
        wanted = self._wanted()
        if wanted is not self._tokens:
            self._tokens = wanted
            self._dress()
            self.changed.emit()

    def _wanted(self) -> Tokens:
        match self._choice:
            case Choice.LIGHT:
                return light()
            case Choice.DARK:
                return dark()
            case Choice.SYSTEM:
                return dark() if self._system is Qt.ColorScheme.Dark else light()

    def _dress(self) -> None:
        if self._app is not None and self._shapes is not None:
            self._app.setPalette(palette(self._tokens))
            self._app.setStyleSheet(style_sheet(self._tokens, self._shapes.drawn(self._tokens)))


def palette(tokens: Tokens) -> QPalette:
    """What Qt's own painting takes its colours from."""
    made = QPalette()
    role = QPalette.ColorRole
    colours: dict[QPalette.ColorRole, QColor] = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.sunken,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.text3,
        role.Button: tokens.surface,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.on_accent,
        role.ToolTipBase: tokens.surface,
        role.ToolTipText: tokens.text,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent_text,
        role.LinkVisited: tokens.accent_text,
        role.Light: tokens.surface,
        role.Midlight: tokens.hover,
        role.Mid: tokens.border,
        role.Dark: tokens.field,
        role.Shadow: tokens.text,
    }
    for each, colour in colours.items():
        made.setColor(each, colour)
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, tokens.text3)
    return made
