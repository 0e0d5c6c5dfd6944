"""Select by a rectangle, and cut edges by a line."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from widgets.canvas.interactions.interaction import Dragging
from widgets.canvas.lines import box
from widgets.canvas.plan import EdgeKey
from widgets.canvas.routing import Point
from widgets.document import acts

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas


class RubberBand(Dragging):
    """Selects cards that the rectangle touches, frames that it holds whole, and edges within it. Shift adds."""

    def __init__(self, canvas: Canvas, start: QPointF, *, adds: bool) -> None:
        super().__init__(canvas, start)
        selection = canvas.selection
        self._nodes = selection.nodes if adds else frozenset()
        self._edges = selection.edges if adds else frozenset()
        self._before = (selection.nodes, selection.edges)
        self._area = QRectF(start, start)

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        old = self._area
        self._area = QRectF(self.start, at).normalized()
        self.canvas.update_area(old.united(self._area))
        area = box(self._area)
        nodes = {node for node, _ in self.scene.areas.near(area)}
        for node, held in self.scene.papers.near(area):
            if self.scene.cards[node].kind != "frame" or (area.holds(*held[:2]) and area.holds(*held[2:])):
                nodes.add(node)
        edges = {
            key
            for key, _ in self.scene.edge_grid.near(area)
            if all(area.holds(*point) for point in self.scene.lines[key].points)
        }
        self.canvas.selection.set(self._nodes | nodes, edges=self._edges | edges)

    def undo_look(self) -> None:
        self.canvas.selection.set(self._before[0], edges=self._before[1])

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        painter.setPen(self.scene.inks.rubber)
        painter.setBrush(self.scene.inks.rubber_fill)
        painter.drawRect(self._area)


class Knife(Dragging):
    """Cuts every edge that the line drawn by the mouse crosses, as one step."""

    def __init__(self, canvas: Canvas, start: QPointF) -> None:
        super().__init__(canvas, start)
        self._before = (canvas.selection.nodes, canvas.selection.edges)
        self._path: list[Point] = [(start.x(), start.y())]
        self._cut: dict[EdgeKey, None] = {}

    def begin(self) -> None:
        self.canvas.viewport().setCursor(Qt.CursorShape.CrossCursor)

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        last, now = self._path[-1], (at.x(), at.y())
        if last == now:
            return
        self._path.append(now)
        area = box(QRectF(QPointF(*last), at).normalized()).grown(0.5)
        for key, _ in self.scene.edge_grid.near(area):
            if any(crosses((last, now), piece) for piece in pairwise(self.scene.lines[key].points)):
                self._cut[key] = None
        self.canvas.selection.set(edges=self._cut)
        self.canvas.viewport().update()

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.undo_look()
        if self._cut:
            acts.disconnect(self.document, self._cut)

    def undo_look(self) -> None:
        self.canvas.selection.set(self._before[0], edges=self._before[1])

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        painter.setPen(self.scene.inks.knife)
        for (x0, y0), (x1, y1) in pairwise(self._path):
            painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))


def crosses(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two straight pieces meet."""
    (a, b), (c, d) = one, other
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
