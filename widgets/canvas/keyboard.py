"""The keys of the canvas: every gesture has a way without the mouse (LOOK 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent

from widgets.canvas.shapes import GRID
from widgets.canvas.walk import Way, nearest, step

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

_ARROWS = {
    Qt.Key.Key_Left: Way.LEFT,
    Qt.Key.Key_Right: Way.RIGHT,
    Qt.Key.Key_Up: Way.UP,
    Qt.Key.Key_Down: Way.DOWN,
}
#: how far the place of the keyboard goes with one key
_CURSOR_STEP = 3 * GRID
_ZOOM_STEP = 1.25
_NONE = Qt.KeyboardModifier.NoModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_CONTROL = Qt.KeyboardModifier.ControlModifier


class Held:
    """Whether Space is down, and whether the canvas was dragged with it."""

    def __init__(self) -> None:
        self.space = False
        self.dragged = False


class CanvasKeys:
    """Turns keys into what the canvas does."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._calls: dict[tuple[int, Qt.KeyboardModifier], Callable[[], None]] = {
            (Qt.Key.Key_Return, _NONE): self._enter,
            (Qt.Key.Key_Enter, _NONE): self._enter,
            (Qt.Key.Key_Tab, _NONE): canvas.add_after,
            (Qt.Key.Key_Delete, _NONE): lambda: canvas.delete(heal=True),
            (Qt.Key.Key_Backspace, _NONE): lambda: canvas.delete(heal=True),
            (Qt.Key.Key_Delete, _SHIFT): lambda: canvas.delete(heal=False),
            (Qt.Key.Key_F2, _NONE): canvas.rename_current,
            (Qt.Key.Key_F8, _NONE): canvas.go_to_problem,
            (Qt.Key.Key_1, _CONTROL): canvas.fit,
            (Qt.Key.Key_2, _CONTROL): canvas.fit_selection,
            (Qt.Key.Key_A, _CONTROL): canvas.selection.all,
            (Qt.Key.Key_Plus, _CONTROL): lambda: canvas.zoom_by(_ZOOM_STEP),
            (Qt.Key.Key_Equal, _CONTROL): lambda: canvas.zoom_by(_ZOOM_STEP),
            (Qt.Key.Key_Minus, _CONTROL): lambda: canvas.zoom_by(1 / _ZOOM_STEP),
            (Qt.Key.Key_0, _CONTROL): lambda: canvas.zoom_to(1),
        }

    def press(self, event: QKeyEvent) -> bool:
        canvas = self._canvas
        key = Qt.Key(event.key())
        # keys of the number pad are the same keys
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Space and modifiers == _NONE:
            if not event.isAutoRepeat():
                canvas.keys_held.space, canvas.keys_held.dragged = True, False
                canvas.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            return True
        if key == Qt.Key.Key_Escape:
            return self._escape()
        if key in _ARROWS:
            canvas.by_keys = True
            self._arrow(_ARROWS[key], modifiers)
            return True
        if key == Qt.Key.Key_Plus or key == Qt.Key.Key_Equal:
            modifiers &= ~_SHIFT
        call = self._calls.get((key, modifiers))
        if call is None:
            return False
        canvas.by_keys = True
        call()
        return True

    def release(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            return False
        held = self._canvas.keys_held
        searches = held.space and not held.dragged
        held.space = held.dragged = False
        self._canvas.viewport().unsetCursor()
        if searches:
            self._canvas.search_here()
        return True

    def _arrow(self, way: Way, modifiers: Qt.KeyboardModifier) -> None:
        canvas = self._canvas
        selection = canvas.selection
        if modifiers == _CONTROL:
            canvas.nudge(way.value[0] * GRID, way.value[1] * GRID)
            return
        current = selection.current
        plan = canvas.canvas_scene.plan
        if current is None or current not in canvas.canvas_scene.cards or not selection.nodes:
            self._move_cursor(way)
            return
        if current not in plan.spots:
            box = canvas.canvas_scene.box_of(current)
            here = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
            found = nearest(plan, plan.spots, here, way)
        else:
            found = step(plan, current, way)
        if found is None:
            return
        if modifiers & _SHIFT:
            selection.add([found])
            selection.focus(found)
        else:
            selection.set([found], current=found)
        canvas.ensure_seen(canvas.canvas_scene.bounds([found]))

    def _move_cursor(self, way: Way) -> None:
        canvas = self._canvas
        at = canvas.cursor_place()
        moved = QPointF(at.x() + way.value[0] * _CURSOR_STEP, at.y() + way.value[1] * _CURSOR_STEP)
        canvas.set_cursor_place(moved)
        canvas.ensure_seen(QRectF(moved.x() - GRID, moved.y() - GRID, 2 * GRID, 2 * GRID))

    def _enter(self) -> None:
        """Edit what is selected; with nothing selected, select the card nearest to the place of the keyboard."""
        canvas = self._canvas
        selection = canvas.selection
        if selection.current is not None and selection.nodes:
            canvas.edit_wanted.emit(selection.current)
            return
        at = canvas.cursor_place()
        boxes = ((canvas.canvas_scene.box_of(node), node) for node in canvas.canvas_scene.cards)
        found = min(
            (
                (
                    max(box.left - at.x(), at.x() - box.right, 0) + max(box.top - at.y(), at.y() - box.bottom, 0),
                    node,
                )
                for box, node in boxes
            ),
            default=None,
        )
        if found is not None:
            selection.set([found[1]], current=found[1])
            canvas.ensure_seen(canvas.canvas_scene.bounds([found[1]]))

    def _escape(self) -> bool:
        canvas = self._canvas
        selection = canvas.selection
        if selection.nodes or selection.edges:
            current = selection.current
            if current is not None and current in canvas.canvas_scene.cards:
                box = canvas.canvas_scene.box_of(current)
                canvas.set_cursor_place(QPointF((box.left + box.right) / 2, box.bottom + 4 * GRID))
            selection.clear()
            return True
        return False
