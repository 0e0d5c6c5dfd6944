"""Make a note or a frame larger or smaller by its corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from widgets.canvas.interactions.interaction import Dragging
from widgets.canvas.shapes import GRID
from widgets.document import acts

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

_LEAST = 48


class Resize(Dragging):
    """The lower right corner follows the mouse, on the grid; Alt leaves the grid out."""

    def __init__(self, canvas: Canvas, start: QPointF, node: str) -> None:
        super().__init__(canvas, start)
        self._node = node
        self._box = self.scene.box_of(node)
        self._size = (self._box.right - self._box.left, self._box.bottom - self._box.top)

    def begin(self) -> None:
        self.canvas.viewport().setCursor(Qt.CursorShape.SizeFDiagCursor)

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        grid = 1 if modifiers & Qt.KeyboardModifier.AltModifier else GRID
        width = self._box.right - self._box.left + at.x() - self.start.x()
        height = self._box.bottom - self._box.top + at.y() - self.start.y()
        self._size = (max(round(width / grid) * grid, _LEAST), max(round(height / grid) * grid, _LEAST))
        self.scene.preview_shape(self._node, *self._size)

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.undo_look()
        acts.resize(self.document, self._node, (self._box.left, self._box.top), *self._size)

    def undo_look(self) -> None:
        self.scene.show_again(self._node)
