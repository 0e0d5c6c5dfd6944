"""The focus ring around controls: 2 px of accent, 2 px outside; fields show their focus inside their own outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QSplitter, QTabBar, QWidget

if TYPE_CHECKING:
    from widgets.theme.theme import Theme

WIDTH, OFFSET, RADIUS = 2, 2, 6

#: property of a widget that wants the ring although it is no button, or does not although it is one
RINGED = "ringed"

_FOLLOWED = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide})


class FocusRing(QObject):
    """Draws a ring around whichever control has the focus, all over the application."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._ring: _Ring | None = None
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._moved)

    def _moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        if self._ring is not None:
            ring, self._ring = self._ring, None
            ring.leave()
        if now is not None and wants_ring(now):
            self._ring = _Ring(self._theme, now)
            self._ring.destroyed.connect(self._lost)

    def _lost(self) -> None:
        # it went with the panel it was in
        self._ring = None


def wants_ring(widget: QWidget) -> bool:
    """Whether focus is shown around the widget; fields, lists and canvases show it themselves."""
    parent = widget.parentWidget()
    if parent is None or isinstance(parent, QSplitter):
        return False
    wish = widget.property(RINGED)
    return bool(wish) if wish is not None else isinstance(widget, QAbstractButton | QTabBar)


class _Ring(QWidget):
    """Lies over the neighbours of the control, so that it scrolls along with them."""

    def __init__(self, theme: Theme, around: QWidget) -> None:
        parent = around.parentWidget()
        assert parent is not None
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._around = around
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.changed.connect(self.update)
        around.installEventFilter(self)
        self._follow()

    def leave(self) -> None:
        """Go, with the focus."""
        self._around.removeEventFilter(self)
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in _FOLLOWED:
            self._follow()
        return False

    def _follow(self) -> None:
        out = WIDTH + OFFSET
        self.setGeometry(self._around.geometry().adjusted(-out, -out, out, out))
        self.setVisible(self._around.isVisibleTo(self._parent))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.tokens.accent, WIDTH))
        half = WIDTH / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS + OFFSET, RADIUS + OFFSET
        )
        painter.end()
