"""Draw an edge from an outlet, or lead an end of one elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from journeys.graph.fits import why_not
from widgets.canvas.edge_painting import EdgeState, edge_pen
from widgets.canvas.hits import OnPort, hit, step_at
from widgets.canvas.inks import NO_BRUSH
from widgets.canvas.interactions.interaction import Dragging
from widgets.canvas.lines import arrow, loose
from widgets.canvas.plan import EdgeKey
from widgets.canvas.routing import Point
from widgets.canvas.told import paint_reason
from widgets.document import acts
from widgets.document.refused import Refused

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

#: around a card it takes the edge too
_AROUND = 12


class _Wire(Dragging):
    """A line between a fixed point and the mouse, with the reason where it may not be."""

    def __init__(self, canvas: Canvas, start: QPointF, fixed: Point) -> None:
        super().__init__(canvas, start)
        self.fixed = fixed
        self.loose: Point = (start.x(), start.y())
        self.reason: str | None = None
        #: whether the fixed point is where the edge begins
        self.forward = True
        self._painted = QRectF()

    def show(self, loose_end: Point, reason: str | None) -> None:
        self.loose, self.reason = loose_end, reason
        area = QRectF(QPointF(*self.fixed), QPointF(*loose_end)).normalized().adjusted(-30, -30, 30, 30)
        self.canvas.update_area(self._painted.united(area), around=440 if reason else 40)
        self._painted = area

    def undo_look(self) -> None:
        self.scene.set_hover()

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        inks = self.scene.inks
        pen = inks.refused if self.reason else edge_pen(EdgeState.SELECTED, inks)
        start, end = (self.fixed, self.loose) if self.forward else (self.loose, self.fixed)
        painter.setPen(pen)
        painter.setBrush(NO_BRUSH)
        painter.drawPath(loose(start, end, right=self.scene.plan.right))
        painter.setBrush(pen.color())
        before = (end[0] - 1, end[1]) if self.scene.plan.right else (end[0], end[1] - 1)
        painter.drawPath(arrow((before, end)))
        if self.reason:
            paint_reason(painter, self.reason, self.now, inks, zoom=self.zoom)


class Connect(_Wire):
    """From an outlet to a card, as a new edge or in place of the one there was; into the empty canvas, to a search."""

    def __init__(self, canvas: Canvas, start: QPointF, key: EdgeKey, *, searches: bool = True) -> None:
        super().__init__(canvas, start, canvas.canvas_scene.plan.spots[key[0]].port(key[1]))
        self._key = key
        self._searches = searches
        self._target: str | None = None

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._target = step_at(self.scene, at.x(), at.y(), around=_AROUND)
        end: Point = (at.x(), at.y())
        reason = None
        if self._target is not None:
            reason = why_not(self.document.journey, *self._key, self._target)
            if reason is None:
                spot = self.scene.plan.spots[self._target]
                x, y = spot.shape.input()
                end = (spot.x + x, spot.y + y)
        self.scene.set_hover(self._target if reason is None else None)
        self.show(end, reason)

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.undo_look()
        if self._target is not None:
            try:
                acts.connect(self.document, *self._key, self._target)
            except Refused as refused:
                self.canvas.say(str(refused))
        elif self._searches:
            self.canvas.search_at(at, after=self._key)


class LeadFrom(_Wire):
    """The beginning of an edge, to another outlet."""

    def __init__(self, canvas: Canvas, start: QPointF, key: EdgeKey) -> None:
        super().__init__(canvas, start, canvas.canvas_scene.lines[key].points[-1])
        self.forward = False
        self._key = key
        self._target = canvas.canvas_scene.plan.targets[key]
        self._outlet: EdgeKey | None = None

    def follow(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        found = hit(self.scene, at.x(), at.y())
        self._outlet = found.key if isinstance(found, OnPort) else None
        reason = None
        end: Point = (at.x(), at.y())
        if self._outlet is not None:
            reason = why_not(self.document.journey, *self._outlet, self._target)
            end = self.scene.plan.spots[self._outlet[0]].port(self._outlet[1])
        self.show(end, reason)

    def drop_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.undo_look()
        if self._outlet is None or self._outlet == self._key:
            return
        try:
            acts.lead_from(self.document, self._key, self._outlet)
        except Refused as refused:
            self.canvas.say(str(refused))
