"""The focus ring around controls: 2 px of accent, 2 px outside; fields show their focus inside their own outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QSplitter, QTabBar, QWidget
from shiboken6 import isValid

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
        ring, self._ring = self._ring, None
        # it may have gone with the panel it was in
        if ring is not None and isValid(ring):
            ring.leave()
        if now is not None and wants_ring(now):
            self._ring = _Ring(self._theme, now)


def wants_ring(widget: QWidget) -> bool:
    """Whether focus is shown around the widget; fields, lists and canvases show it themselves."""
    parent = widget.parentWidget()
    if parent is None or isinstance(parent, QSplitter):
        return False
    wish = widget.property(RINGED)
    return bool(wish) if wish is not None else isinstance(widget, QAbstractButton | QTabBar)


class _Ring(QWidget):
    """Lies over the neighbours of the control, as far out as the ring is whole, so that it scrolls along with them."""

    def __init__(self, theme: Theme, around: QWidget) -> None:
        *inside, holder = _with_room(around)
        super().__init__(holder)
        self._holder = holder
        self._theme = theme
        self._around = around
        #: whose places decide where the ring is
        self._followed = inside
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.changed.connect(self.update)
        for widget in inside:
            widget.installEventFilter(self)
        self._follow()

    def leave(self) -> None:
        """Go, with the focus."""
        for widget in self._followed:
            if isValid(widget):
                widget.removeEventFilter(self)
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        # the control goes before what it lay in, and before the focus is told to be elsewhere
        if event.type() in _FOLLOWED and isValid(self._around):
            self._follow()
        return False

    def _follow(self) -> None:
        self.setGeometry(_ring_in(self._around, self._holder))
        self.setVisible(self._around.isVisibleTo(self._holder))
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


def _ring_in(around: QWidget, holder: QWidget) -> QRect:
    out = WIDTH + OFFSET
    return QRect(around.mapTo(holder, QPoint(0, 0)), around.size()).adjusted(-out, -out, out, out)


def _with_room(around: QWidget) -> list[QWidget]:
    """The control and what it lies in, up to the first that has room for the ring or that others scroll by."""
    way = [around]
    holder = around.parentWidget()
    while holder is not None:
        way.append(holder)
        above = holder.parentWidget()
        scrolled = above is not None and isinstance(above.parentWidget(), QAbstractScrollArea)
        if (
            holder.isWindow()
            or scrolled
            or isinstance(above, QSplitter)
            or holder.rect().contains(_ring_in(around, holder))
        ):
            break
        holder = above
    return way
