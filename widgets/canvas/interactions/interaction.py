"""The base of all gestures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

#: at the border of the view it moves along with what is dragged: from so near, so many px a step, so often
_BORDER, _STEP, _EVERY = 24, 18, 16


class Interaction:
    """One mouse mode. It has the mouse from `begin` to `end`; Esc, and whatever else begins, cancels it."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.scene = canvas.canvas_scene
        self.document = canvas.document

    def begin(self) -> None:
        """It has the mouse from now on."""

    def end(self) -> None:
        """Give the mouse back."""
        self.canvas.done(self)

    def cancel(self) -> None:
        """Take back all that is seen of it; nothing has been done to the document."""

    def press(self, event: QMouseEvent) -> None:
        """Another button while it is under way."""

    def move(self, event: QMouseEvent) -> None: ...

    def release(self, event: QMouseEvent) -> None: ...

    def double(self, event: QMouseEvent) -> None:
        self.press(event)

    def key(self, event: QKeyEvent) -> bool:
        """Whether it takes the key. Esc leaves; all others wait until the gesture is over."""
        if event.key() == Qt.Key.Key_Escape:
            self.canvas.finish()
        return True

    def key_up(self, event: QKeyEvent) -> bool:
        return False

    def tip(self, event: QEvent) -> bool:
        return False

    def drag_enter(self, event: QDragEnterEvent) -> None:
        event.ignore()

    def drag_move(self, event: QDragMoveEvent) -> None:
        event.ignore()

    def drag_leave(self, event: QDragLeaveEvent) -> None: ...

    def drop(self, event: QDropEvent) -> None:
        event.ignore()

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        """Paint over the canvas, in coordinates of the scene."""

    # for those below

    def at(self, event: QMouseEvent) -> QPointF:
        """Where the mouse is, in the scene."""
        return self.canvas.at(event.position())

    @property
    def zoom(self) -> float:
        return self.scene.zoom


class Dragging(Interaction):
    """A gesture that lasts as long as the button is held, and moves the view at its border.

    Those below say what happens in `follow` and `drop_at`.
    """

    button = Qt.MouseButton.LeftButton

    def __init__(self, canvas: Canvas, start: QPointF) -> None:
        super().__init__(canvas)
        #: where it began, in the scene
        self.start = start
        self.now = start
        self._mouse = QPointF()
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._timer = QTimer(canvas, interval=_EVERY)
        self._timer.timeout.connect(self._drift)

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is there now."""

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button is let go."""

    def undo_look(self) -> None:
        """Take back what was shown."""

    def move(self, event: QMouseEvent) -> None:
        if not event.buttons() & self.button:
            # the release went elsewhere, such as to a window that came up
            self.canvas.finish()
            return
        self._mouse, self._modifiers = event.position(), event.modifiers()
        self.now = self.at(event)
        self.follow(self.now, event.modifiers())
        inner = self.canvas.viewport().rect().adjusted(_BORDER, _BORDER, -_BORDER, -_BORDER)
        if inner.contains(self._mouse.toPoint()):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def release(self, event: QMouseEvent) -> None:
        if event.button() != self.button:
            return
        self._timer.stop()
        self.now = self.at(event)
        self.follow(self.now, event.modifiers())
        self.drop_at(self.now, event.modifiers())
        self.end()

    def cancel(self) -> None:
        self._timer.stop()
        self.undo_look()

    def _drift(self) -> None:
        """Move the view on towards where the mouse is held."""
        inner = QRectF(self.canvas.viewport().rect().adjusted(_BORDER, _BORDER, -_BORDER, -_BORDER))
        x = _STEP if self._mouse.x() < inner.left() else -_STEP if self._mouse.x() > inner.right() else 0
        y = _STEP if self._mouse.y() < inner.top() else -_STEP if self._mouse.y() > inner.bottom() else 0
        if not x and not y:
            self._timer.stop()
            return
        self.canvas.pan(QPointF(x, y))
        self.now = self.canvas.at(self._mouse)
        self.follow(self.now, self._modifiers)
        self.canvas.viewport().update()


class Waiting(Interaction):
    """A button is down, and it is not yet known whether it will be a click or a drag."""

    def __init__(self, canvas: Canvas, event: QMouseEvent) -> None:
        super().__init__(canvas)
        self.pressed_at = QPointF(event.position())
        self.start = self.at(event)
        self.modifiers = event.modifiers()

    def drag(self) -> Interaction | None:
        """The gesture that a drag begins; None: dragging does nothing."""
        return None

    def click(self) -> None:
        """The button was let go where it was pressed."""

    def move(self, event: QMouseEvent) -> None:
        if is_near(self.pressed_at.toPoint(), event.position().toPoint()):
            return
        begun = self.drag()
        if begun is None:
            return
        self.canvas.begin(begun)
        begun.move(event)

    def release(self, event: QMouseEvent) -> None:
        self.end()
        self.click()


def is_near(one: QPoint, other: QPoint) -> bool:
    """Whether the mouse has not moved so far that it is a drag."""
    return (one - other).manhattanLength() < QApplication.startDragDistance()
