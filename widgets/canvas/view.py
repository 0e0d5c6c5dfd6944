"""The view of the canvas: zoom, panning, and the one gesture that is under way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    Qt,
    QTimer,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGestureEvent, QGraphicsView, QPinchGesture, QWidget

from journeys.base.i18n import _
from widgets.canvas.detail import LEAST_ZOOM, MOST_ZOOM
from widgets.canvas.scene import CanvasScene

if TYPE_CHECKING:
    from widgets.canvas.interactions.interaction import Interaction

#: ms of zoom to fit and jumps; without motion 0
FLIGHT = 220
#: one notch of a wheel
_NOTCH = 1.2
_NOTCH_ANGLE = 120
_DOTS = 24
#: dots nearer than this on the screen would be a grey ground
_DOTS_LEAST = 9
_GROUND_SIDE = 384
_FIT_MARGIN = 48
#: from here on a card that has the keyboard is brought into view so far from the border
_KEEP = 40


class Keys(Protocol):
    """Takes keys that no gesture under way has taken; whether it did."""

    def press(self, event: QKeyEvent) -> bool: ...

    def release(self, event: QKeyEvent) -> bool: ...


class Overlay(Protocol):
    """Paints over the scene, in its coordinates."""

    def paint(self, painter: QPainter, exposed: QRectF) -> None: ...


class CanvasView(QGraphicsView):
    """Shows a scene, and hands mouse and keys to one `Interaction` at a time."""

    #: the zoom, 1 being 100 %
    zoomed = Signal(float)
    #: the part of the scene in view has changed
    moved = Signal()

    def __init__(self, scene: CanvasScene, parent: QWidget | None = None, *, reduced_motion: bool = False) -> None:
        super().__init__(parent)
        self._scene = scene
        #: whether zoom to fit and jumps are at once
        self.reduced_motion = reduced_motion
        self.interaction: Interaction | None = None
        self.idle: Interaction | None = None
        self.keys: Keys | None = None
        self.overlay: Overlay | None = None
        self._flight = QVariantAnimation(self, duration=FLIGHT)
        self._flight.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._flight.valueChanged.connect(self._fly)
        self._from, self._to = QRectF(), QRectF()
        self._pinch_from = 1.0
        #: the place of the keyboard when nothing is selected; also where pasting and searching go
        self.cursor_at: QPointF | None = None
        self.setScene(scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Canvas of the journey"))
        scene.theme.changed.connect(self._repaint_ground)
        self._ground: QPixmap | None = None
        # bounds are asked for at most once a round of events: a gesture settles the scene many times
        self._bounds_due = QTimer(self, singleShot=True, interval=0)
        self._bounds_due.timeout.connect(self._set_bounds)
        scene.redrawn.connect(self._bounds_due.start)
        self._set_bounds()

    # zoom and place

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def visible(self) -> QRectF:
        """The part of the scene in view."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def zoom_by(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom so that the point of the viewport stays where it is; by default its middle."""
        self.zoom_to(self.zoom * factor, at)

    def zoom_to(self, zoom: float, at: QPoint | None = None) -> None:
        self._flight.stop()
        at = self.viewport().rect().center() if at is None else at
        held = self.mapToScene(at)
        zoom = min(max(zoom, LEAST_ZOOM), MOST_ZOOM)
        if zoom == self.zoom:
            return
        self._set_zoom(zoom)
        self._hold(held, QPointF(at))

    def show_area(self, area: QRectF, *, most: float = 1.0) -> None:
        """Bring a part of the scene into view as large as it goes, `most` at most, in one flight."""
        if area.isEmpty():
            return
        size = self.viewport().size()
        room_x, room_y = max(size.width() - 2 * _FIT_MARGIN, 1), max(size.height() - 2 * _FIT_MARGIN, 1)
        zoom = min(room_x / max(area.width(), 1), room_y / max(area.height(), 1), most)
        zoom = min(max(zoom, LEAST_ZOOM), MOST_ZOOM)
        wanted = QRectF(0, 0, size.width() / zoom, size.height() / zoom)
        wanted.moveCenter(area.center())
        self._go(wanted)

    def fit(self) -> None:
        """Show the whole journey."""
        self.show_area(self._scene.bounds())

    def fit_nodes(self, nodes: Iterable[str]) -> None:
        """Show these nodes; the whole journey where there is none."""
        area = self._scene.bounds(nodes)
        if area.isEmpty():
            self.fit()
        else:
            self.show_area(area.adjusted(-40, -40, 40, 40))

    def centre_on(self, node: str) -> None:
        """Bring a node to the middle, at the zoom there is."""
        area = self._scene.bounds([node])
        if not area.isEmpty():
            wanted = QRectF(self.visible())
            wanted.moveCenter(area.center())
            self._go(wanted)

    def ensure_seen(self, area: QRectF) -> None:
        """Move by as little as brings an area into view; nothing happens where it is."""
        seen = self.visible().adjusted(*(edge / self.zoom for edge in (_KEEP, _KEEP, -_KEEP, -_KEEP)))
        if seen.contains(area):
            return
        dx = min(area.left() - seen.left(), 0) or max(area.right() - seen.right(), 0)
        dy = min(area.top() - seen.top(), 0) or max(area.bottom() - seen.bottom(), 0)
        self._go(self.visible().translated(dx, dy))

    def pan(self, by: QPointF) -> None:
        """Move the canvas by so many px of the screen, with the hand."""
        self._flight.stop()
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - round(by.x()))
        down.setValue(down.value() - round(by.y()))
        self.moved.emit()

    def centre(self) -> QPointF:
        """The point of the scene in the middle of the view."""
        return self.mapToScene(self.viewport().rect().center())

    def _go(self, wanted: QRectF) -> None:
        self._flight.stop()
        self._from, self._to = self.visible(), wanted
        if self.reduced_motion or not self.isVisible():
            self._fly(1.0)
            return
        self._flight.setStartValue(0.0)
        self._flight.setEndValue(1.0)
        self._flight.start()

    def _fly(self, share: float) -> None:
        before, after = self._from, self._to
        if share >= 1:
            width, middle = after.width(), after.center()
        else:
            # widths grow by factors, so that the zoom seems even
            width = before.width() * (after.width() / before.width()) ** share
            middle = before.center() + (after.center() - before.center()) * share
        self._set_zoom(self.viewport().width() / width)
        self._hold(middle, QPointF(self.viewport().width() / 2, self.viewport().height() / 2))

    def _set_zoom(self, zoom: float) -> None:
        if zoom == self.zoom:
            return
        self._scene.set_zoom(zoom)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._set_bounds()
        self._ground = None
        self.zoomed.emit(zoom)

    def _hold(self, held: QPointF, at: QPointF) -> None:
        """Scroll so that a point of the scene is at a point of the viewport."""
        now = self.mapFromScene(held)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + round(now.x() - at.x()))
        down.setValue(down.value() + round(now.y() - at.y()))
        self.moved.emit()

    def _set_bounds(self) -> None:
        """What can be scrolled to: everything, and almost a view around it, so that any corner can be the middle."""
        held = self.mapToScene(QPoint(0, 0))
        area = self._scene.sceneRect()
        size = self.viewport().size()
        x, y = size.width() / self.zoom, size.height() / self.zoom
        wanted = area.adjusted(-x, -y, x, y)
        if not self.sceneRect().contains(wanted) or self.sceneRect().width() > 2 * wanted.width():
            self.setSceneRect(wanted)
            self._hold(held, QPointF(0, 0))

    # painting

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:  # noqa: N802 - Qt's name
        apart = _DOTS * self.zoom
        if apart < _DOTS_LEAST:
            painter.fillRect(rect, self._scene.inks.tokens.canvas)
            return
        if self._ground is None:
            self._ground = self._made_ground(apart, self.devicePixelRatioF())
        # tiles at whole pixels: a textured brush that has to be scaled took 9 ms a frame, and takes 0.5; with the ground
        # in the tile nothing is blended (at 60 %, 1.8 → 0.3 ms)
        origin = self.mapFromScene(QPointF(0, 0))
        area = self.mapFromScene(QRectF(rect)).boundingRect()
        painter.save()
        painter.resetTransform()
        painter.drawTiledPixmap(area, self._ground, area.topLeft() - origin)
        painter.restore()

    def _made_ground(self, apart: float, ratio: float) -> QPixmap:
        """A square of dots; as many a side as bring it nearest to a whole number of pixels."""
        most = max(round(_GROUND_SIDE / apart), 1)
        many = min(range(1, most + 1), key=lambda n: (round(abs(apart * n - round(apart * n)) / n, 3), -n))
        side = max(round(apart * many), 1)
        made = QPixmap(round(side * ratio), round(side * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(self._scene.inks.tokens.canvas)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._scene.inks.tokens.dot)
        # dots stand at the middles of cells, so that borders of cards on the grid run between them
        step = side / many
        for column in range(many):
            for row in range(many):
                painter.drawEllipse(QPointF(step * (column + 0.5), step * (row + 0.5)), 1, 1)
        painter.end()
        return made

    def _repaint_ground(self) -> None:
        self._ground = None
        self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:  # noqa: N802 - Qt's name
        if self.overlay is not None:
            self.overlay.paint(painter, QRectF(rect))
        if self.interaction is not None:
            self.interaction.paint(painter, QRectF(rect))

    def update_area(self, area: QRectF, *, around: int = 4) -> None:
        """Paint a part of the scene again."""
        shown = self.mapFromScene(area).boundingRect().adjusted(-around, -around, around, around)
        self.viewport().update(shown)

    # gestures

    def begin(self, interaction: Interaction) -> None:
        """Hand mouse and keys to a gesture until it ends."""
        self.finish()
        self.interaction = interaction
        interaction.begin()

    def finish(self) -> None:
        """End the gesture under way, whatever it is, without its result."""
        interaction, self.interaction = self.interaction, None
        if interaction is not None:
            interaction.cancel()
            self._after()

    def done(self, interaction: Interaction) -> None:
        """A gesture has come to its end by itself."""
        if self.interaction is interaction:
            self.interaction = None
            self._after()

    def _after(self) -> None:
        self.viewport().unsetCursor()
        self.viewport().update()

    def _taker(self) -> Interaction | None:
        return self.interaction or self.idle

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        taker = self._taker()
        if taker is not None:
            taker.press(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        taker = self._taker()
        if taker is not None:
            taker.move(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        taker = self._taker()
        if taker is not None:
            taker.release(event)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        taker = self._taker()
        if taker is not None:
            taker.double(event)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if self.interaction is None:
            self._scene.set_hover()
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab would leave the canvas, which means to add a step; F6 leaves it
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
            self.keyPressEvent(event)
            return event.isAccepted() or super().event(event)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        taken = self.interaction is not None and self.interaction.key(event)
        if not taken and self.keys is not None:
            taken = self.keys.press(event)
        event.setAccepted(taken)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        taken = self.interaction is not None and self.interaction.key_up(event)
        if not taken and self.keys is not None:
            taken = self.keys.release(event)
        event.setAccepted(taken)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        self._scene.set_keyboard(True)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        self._scene.set_keyboard(False)
        super().focusOutEvent(event)

    # wheel and fingers

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """The wheel zooms at the cursor; fingers on a touchpad and Shift scroll, with Ctrl they zoom."""
        pixels, angle = event.pixelDelta(), event.angleDelta()
        modifiers = event.modifiers()
        scrolls = modifiers & Qt.KeyboardModifier.ShiftModifier or not pixels.isNull()
        if scrolls and not modifiers & Qt.KeyboardModifier.ControlModifier:
            by = QPointF(pixels) if not pixels.isNull() else QPointF(angle) / 2
            if modifiers & Qt.KeyboardModifier.ShiftModifier and by.x() == 0:
                by = QPointF(by.y(), 0)
            self.pan(by)
        else:
            notches = (angle.y() or angle.x()) / _NOTCH_ANGLE
            self.zoom_by(_NOTCH**notches, event.position().toPoint())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1 + event.value(), event.position().toPoint())
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self._pinched(pinch)
                event.accept(pinch)
                return True
        elif event.type() == QEvent.Type.ToolTip:
            return self._tell_tip(event)
        return super().viewportEvent(event)

    def _pinched(self, pinch: QPinchGesture) -> None:
        if pinch.state() == Qt.GestureState.GestureStarted:
            self._pinch_from = self.zoom
        at = self.viewport().mapFromGlobal(pinch.centerPoint().toPoint())
        self.zoom_to(self._pinch_from * pinch.totalScaleFactor(), at)

    def _tell_tip(self, event: QEvent) -> bool:
        return self.idle is not None and self.idle.tip(event)

    # things dragged in

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if self.idle is not None:
            self.idle.drag_enter(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 - Qt's name
        if self.idle is not None:
            self.idle.drag_move(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        if self.idle is not None:
            self.idle.drag_leave(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        if self.idle is not None:
            self.idle.drop(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._set_bounds()
        self.moved.emit()
