"""Move the canvas with the hand: the middle button, or Space and the left one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from widgets.canvas.interactions.interaction import Interaction

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas


class Pan(Interaction):
    """Lasts as long as the button is held."""

    def __init__(self, canvas: Canvas, event: QMouseEvent) -> None:
        super().__init__(canvas)
        self._button = event.button()
        self._last = QPointF(event.position())

    def begin(self) -> None:
        self.canvas.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent) -> None:
        self.canvas.pan(event.position() - self._last)
        self._last = QPointF(event.position())

    def release(self, event: QMouseEvent) -> None:
        if event.button() == self._button:
            self.end()

    def key_up(self, event: QKeyEvent) -> bool:
        # Space may be let go before the button; it has dragged, so that it does not search
        return event.key() == Qt.Key.Key_Space
