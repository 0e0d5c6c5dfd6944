"""Small parts of the frame: lines, labels, icons that follow the theme, notices that stand in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from journeys.base.i18n import _
from widgets.theme import icons
from widgets.theme.theme import Theme


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """A label of a role of the style sheet; its text is never taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def chip(text: str, kind: str = "quiet") -> QLabel:
    """A label in a rounded box: `kind` is "ok", "warn", "err" or "quiet"."""
    made = label(text)
    made.setProperty("chip", kind)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


def set_chip(made: QLabel, text: str, kind: str) -> None:
    """Other words and another kind for a chip; without words it goes."""
    made.setText(text)
    made.setVisible(bool(text))
    if made.property("chip") != kind:
        made.setProperty("chip", kind)
        restyle(made)


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at the widget's properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def line(*, upright: bool = False) -> QFrame:
    made = QFrame()
    made.setProperty("role", "upright" if upright else "line")
    return made


def divider() -> QFrame:
    """The short upright line between groups of a bar."""
    made = QFrame()
    made.setObjectName("divider")
    return made


def push(text: str, look: str = "", *, icon: str = "", theme: Theme | None = None, bar: bool = False) -> QPushButton:
    """A button of a look of the style sheet: "primary", "danger", "link", "quiet"."""
    made = QPushButton(text)
    if look:
        made.setProperty("look", look)
    if bar:
        made.setProperty("bar", True)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setAutoDefault(False)
    if icon and theme is not None:

        def colour() -> None:
            tokens = theme.tokens
            hue = tokens.on_accent if look == "primary" else tokens.accent_text if look == "link" else tokens.text2
            made.setIcon(icons.icon(icon, hue, disabled=tokens.text3))

        made.setIconSize(QSize(icons.BUTTON, icons.BUTTON))
        theme.changed.connect(colour)
        # the theme lives longer than the button
        made.destroyed.connect(lambda: theme.changed.disconnect(colour))
        colour()
    return made


class Sign(QLabel):
    """An icon as a label, in a colour of the theme."""

    def __init__(self, name: str, token: str, theme: Theme, *, size: int = icons.BUTTON) -> None:
        super().__init__()
        self._name, self._token, self._size, self._theme = name, token, size, theme
        self.setFixedSize(size, size)
        theme.changed.connect(self._draw)
        self._draw()

    def show_as(self, name: str, token: str) -> None:
        self._name, self._token = name, token
        self._draw()

    def _draw(self) -> None:
        made: QPixmap = icons.pixmap(
            self._name, getattr(self._theme.tokens, self._token), self._size, ratio=self.devicePixelRatioF()
        )
        self.setPixmap(made)


class Notice(QFrame):
    """A sentence across the page, with what can be done about it; it stays until it is settled."""

    #: it says something else
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._text = label("", wrap=True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 6, 8, 6)
        self._row.setSpacing(8)
        self._row.addWidget(self._text, 1)
        self._buttons: list[QPushButton] = []
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def tell(
        self,
        sentence: str,
        choices: Sequence[tuple[str, Callable[[], object]]] = (),
        *,
        severity: str = "warning",
        closes: bool = True,
    ) -> None:
        """Show a sentence with buttons for what can be done. `severity` is "warning", "error" or "quiet"."""
        self._clear()
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self.setProperty("severity", severity)
        restyle(self)
        restyle(self._text)
        for text, call in choices:
            self._add(push(text, bar=True), call)
        if closes:
            self._add(push(_("Close"), "quiet", bar=True), None)
        self.show()
        self.changed.emit()

    def settle(self) -> None:
        """What it says no longer holds."""
        self._clear()
        self._text.setText("")
        self.hide()

    def buttons(self) -> list[QPushButton]:
        return list(self._buttons)

    def _add(self, button: QPushButton, call: Callable[[], object] | None) -> None:
        def clicked() -> None:
            self.settle()
            if call is not None:
                call()

        button.clicked.connect(clicked)
        self._row.addWidget(button)
        self._buttons.append(button)

    def _clear(self) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []


class Empty(QWidget):
    """An empty page: what it is, why it is empty, and one button."""

    def __init__(self, text: str, button: QPushButton | None = None) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addStretch()
        said = label(text, "sentence", wrap=True)
        said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(said)
        if button is not None:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
