"""The whole journey in small: what is in view, and a way to elsewhere. Under it the zoom."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from journeys.base.i18n import _
from widgets.canvas.inks import faded, pen
from widgets.canvas.painting import paint_small
from widgets.canvas.scene import CanvasScene
from widgets.canvas.view import CanvasView
from widgets.theme import icons

WIDTH, MAP_HEIGHT, CONTROL_HEIGHT = 178, 106, 36
_MARGIN = 8
#: ms after the last change until the map is painted again; a drag changes the scene 60 times a second
_REST = 80
_STEP = 1.25


class _Map(QWidget):
    """Paints a picture of the scene, made anew once the scene rests, and the part in view over it."""

    def __init__(self, view: CanvasView, scene: CanvasScene, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = view
        self._scene = scene
        self._image: QImage | None = None
        self._area = QRectF()
        self._timer = QTimer(self, singleShot=True, interval=_REST)
        self._timer.timeout.connect(self._renew)
        scene.redrawn.connect(self._timer.start)
        view.moved.connect(self.update)
        view.zoomed.connect(self.update)
        self.setFixedHeight(MAP_HEIGHT)
        self.setAccessibleName(_("Map of the journey"))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(WIDTH, MAP_HEIGHT)

    def _renew(self) -> None:
        self._image = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if self._image is None:
            self._image = self._made()
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), self._image)
        tokens = self._scene.inks.tokens
        shown = QRectF(self._on_map(self._view.visible())).intersected(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        )
        painter.setPen(pen(tokens.accent))
        painter.setBrush(faded(tokens.accent, 0.08))
        painter.drawRect(shown)
        painter.end()

    def _made(self) -> QImage:
        ratio = self.devicePixelRatioF()
        made = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        self._area = self._scene.bounds()
        if not self._area.isEmpty():
            painter = QPainter(made)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            scale, origin = self._scale()
            painter.translate(origin)
            painter.scale(scale, scale)
            paint_small(painter, self._scene.edge_batch, self._scene.card_batch, self._scene.inks)
            painter.end()
        return made

    def _scale(self) -> tuple[float, QPointF]:
        """Px of the map a px of the scene, and where the scene's 0, 0 is on it."""
        area = self._area
        scale = min(
            (self.width() - 2 * _MARGIN) / max(area.width(), 1), (self.height() - 2 * _MARGIN) / max(area.height(), 1)
        )
        middle = QPointF(self.width() / 2, self.height() / 2)
        return scale, middle - area.center() * scale

    def _on_map(self, area: QRectF) -> QRectF:
        scale, origin = self._scale()
        return QRectF(area.topLeft() * scale + origin, area.size() * scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        event.accept()

    def _go(self, event: QMouseEvent) -> None:
        """The place under the mouse becomes the middle of the view."""
        scale, origin = self._scale()
        wanted = (event.position() - origin) / scale
        self._view.pan((self._view.centre() - wanted) * self._view.zoom)


class MiniMap(QFrame):
    """Map and zoom control, 178 × 142; stands 12 px from the lower right corner of the view it is a child of."""

    def __init__(self, view: CanvasView, scene: CanvasScene) -> None:
        super().__init__(view)
        self._view = view
        self._scene = scene
        self.setProperty("role", "floating")
        self.map = _Map(view, scene, self)
        self.less = self._button("minus", _("Smaller"), "Ctrl+-", lambda: view.zoom_by(1 / _STEP))
        self.label = QLabel(self)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.more = self._button("plus", _("Larger"), "Ctrl++", lambda: view.zoom_by(_STEP))
        self.whole = self._button("corners-out", _("Show the whole journey"), "Ctrl+1", view.fit)
        self.fold = self._button("caret-down", _("Hide the map"), "", self._fold)
        row = QHBoxLayout()
        row.setContentsMargins(4, 4, 4, 4)
        row.setSpacing(2)
        row.addWidget(self.less)
        row.addWidget(self.label, 1)
        row.addWidget(self.more)
        row.addWidget(self.whole)
        row.addWidget(self.fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.map)
        layout.addLayout(row)
        self.setFixedWidth(WIDTH)
        view.zoomed.connect(self._tell_zoom)
        view.moved.connect(self._place)
        scene.theme.changed.connect(self._dress)
        self._tell_zoom(view.zoom)
        self._dress()
        self._place()

    def _button(self, icon: str, name: str, keys: str, call: Callable[[], None]) -> QToolButton:
        made = QToolButton(self)
        made.setProperty("icon_name", icon)
        made.setAutoRaise(True)
        made.setProperty("small", True)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(name)
        made.setToolTip(_("{name} ({keys})").format(name=name, keys=keys) if keys else name)
        made.clicked.connect(lambda: call())
        return made

    def _fold(self) -> None:
        """Hide or show the map; the zoom control stays."""
        hidden = self.map.isVisible()
        self.map.setVisible(not hidden)
        self.fold.setProperty("icon_name", "caret-up" if hidden else "caret-down")
        self.fold.setAccessibleName(_("Show the map") if hidden else _("Hide the map"))
        self.fold.setToolTip(self.fold.accessibleName())
        self._dress()
        self._place()

    def _tell_zoom(self, zoom: float) -> None:
        self.label.setText(_("{n} %").format(n=round(zoom * 100)).replace(" ", "\u202f"))

    def _place(self) -> None:
        self.setFixedHeight(CONTROL_HEIGHT + (0 if self.map.isHidden() else MAP_HEIGHT))
        room = self._view.rect()
        self.move(room.right() - self.width() - 11, room.bottom() - self.height() - 11)

    def _dress(self) -> None:
        tokens = self._scene.theme.tokens
        for button in (self.less, self.more, self.whole, self.fold):
            button.setIcon(icons.icon(str(button.property("icon_name")), tokens.text2))
            button.setIconSize(QSize(icons.BUTTON, icons.BUTTON))
