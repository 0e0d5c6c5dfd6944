"""Move cards: with snapping and guides, one step of the history; dropped on an edge, a loose card goes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from journeys.nodes.note import Note
from widgets.canvas.grid import Box
from widgets.canvas.guides import Guide, snap
from widgets.canvas.hits import edge_at
from widgets.canvas.interactions.interaction import Dragging
from widgets.canvas.lines import box
from widgets.canvas.plan import EdgeKey
from widgets.canvas.routing import Point
from widgets.document import acts
from widgets.document.extent import with_contents
from widgets.document.refused import Refused

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

#: on the screen, how near another card draws
_REACH = 6


class Move(Dragging):
    """Move what is selected, and with a frame all that stands in it. Alt leaves snapping out."""

    def __init__(self, canvas: Canvas, start: QPointF, node: str) -> None:
        super().__init__(canvas, start)
        journey = self.document.journey
        self._node = node
        self._nodes = with_contents(journey, canvas.selection.nodes | {node}, canvas.size_of)
        self._places: dict[str, Point] = {one: journey.place(one) for one in self._nodes}
        self._box = self.scene.box_of(node)
        self._by: Point = (0, 0)
        self._guides: tuple[Guide, ...] = ()
        self._edge: EdgeKey | None = None
        self._may_insert = self._is_loose()

    def begin(self) -> None:
        self.canvas.viewport().setCursor(Qt.CursorShape.SizeAllCursor)

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        dx, dy = at.x() - self.start.x(), at.y() - self.start.y()
        before = self._guides
        if modifiers & Qt.KeyboardModifier.AltModifier:
            self._by, self._guides = (round(dx), round(dy)), ()
        else:
            found = snap(self._box, dx, dy, self._others(), reach=_REACH / self.zoom)
            self._by, self._guides = (found.dx, found.dy), found.guides
        self.scene.preview({node: (x + self._by[0], y + self._by[1]) for node, (x, y) in self._places.items()})
        for guide in {*before, *self._guides}:
            self.canvas.update_area(_area(guide))
        if self._may_insert:
            self._offer(edge_at(self.scene, at.x(), at.y()))

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.undo_look()
        if not any(self._by):
            return
        x, y = self._places[self._node]
        if self._edge is not None:
            to = (x + self._by[0], y + self._by[1])
            try:
                acts.insert_node(self.document, self._edge, self._node, to, sizes=self.canvas.size_of)
            except Refused as refused:
                self.canvas.say(str(refused))
            return
        moved = {node: (px + self._by[0], py + self._by[1]) for node, (px, py) in self._places.items()}
        acts.move(self.document, moved, sizes=self.canvas.size_of)

    def undo_look(self) -> None:
        self._guides = ()
        if self._edge is not None:
            self.scene.set_hover()
        self.scene.preview({})

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        painter.setPen(self.scene.inks.guide)
        for (x0, y0), (x1, y1) in self._guides:
            painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

    def _others(self) -> list[Box]:
        """Cards in view that stay."""
        seen = box(self.canvas.visible())
        if self.scene.detail.is_batch:
            return []
        return [held for node, held in self.scene.areas.near(seen) if node not in self._nodes]

    def _is_loose(self) -> bool:
        """Whether it is one step that nothing connects yet."""
        journey = self.document.journey
        settings = journey.node(self._node)
        return (
            len(self._nodes) == 1
            and settings is not None
            and bool(settings.outlets())
            and not isinstance(settings, Note)
            and not any(journey.edges_into(self._node))
            and not any(journey.edges_from(self._node))
        )

    def _offer(self, edge: EdgeKey | None) -> None:
        self._edge = edge
        self.scene.set_hover(edge=edge)


def _area(guide: Guide) -> QRectF:
    (x0, y0), (x1, y1) = guide
    return QRectF(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
