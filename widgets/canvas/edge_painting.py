"""Painting of edges, of the stubs of open outlets, and of what stands beside them (LOOK 4)."""

from __future__ import annotations

from enum import IntEnum
from math import sqrt

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.canvas.detail import LEAST_FULL
from widgets.canvas.inks import NO_BRUSH, NO_PEN, Inks, pen
from widgets.canvas.lines import PLUS, Line
from widgets.canvas.painting import paint_chip
from widgets.canvas.routing import Point
from widgets.canvas.texts import font, metrics
from widgets.theme.fonts import MEDIUM, SMALL

_FLOW_LEAST, _FLOW_MOST, _NO_ARROW_FROM = 2, 14, 6
_NUMBER_BESIDE = 6
_LABEL = 20
_LEAST_ON_SCREEN = 9


class EdgeState(IntEnum):
    """How an edge is painted; the highest of those that hold."""

    REST = 0
    #: its outlet is gone
    GONE = 1
    WALKED = 2
    HOVERED = 3
    SELECTED = 4


def edge_pen(state: EdgeState, inks: Inks) -> QPen:
    match state:
        case EdgeState.REST:
            return inks.edge
        case EdgeState.GONE:
            return inks.edge_gone
        case EdgeState.WALKED:
            return inks.edge_walked
        case EdgeState.HOVERED:
            return inks.edge_hover
        case EdgeState.SELECTED:
            return inks.edge_selected


def paint_edge(painter: QPainter, line: Line, state: EdgeState, inks: Inks, *, arrow: bool = True) -> None:
    """The line and its arrowhead."""
    ink = edge_pen(state, inks)
    painter.setPen(ink)
    painter.setBrush(NO_BRUSH)
    painter.drawPath(line.path)
    if arrow:
        painter.setPen(NO_PEN)
        painter.setBrush(ink.color())
        painter.drawPath(line.arrow)


def flow_width(share: float) -> float:
    """Width of the flow of a share from 0 to 1."""
    return _FLOW_LEAST + (_FLOW_MOST - _FLOW_LEAST) * sqrt(min(max(share, 0), 1))


def paint_flow(painter: QPainter, line: Line, share: float, inks: Inks) -> None:
    """An edge as wide as its share of the contacts of a simulation."""
    width = flow_width(share)
    ink = pen(inks.tokens.flow, width, cosmetic=False)
    painter.setPen(ink)
    painter.setBrush(NO_BRUSH)
    painter.drawPath(line.path)
    if width < _NO_ARROW_FROM:
        painter.setPen(NO_PEN)
        painter.setBrush(ink.color())
        painter.drawPath(line.arrow)


def paint_label(painter: QPainter, text: str, at: Point, state: EdgeState, inks: Inks, *, zoom: float) -> None:
    """The name of an outlet on its edge: of one that is marked as large as at 100 % on the screen, else 9 px at least.

    At rest names are many, and shrink with the cards they stand between.
    """
    tokens = inks.tokens
    scale = rest_scale(zoom) if state in (EdgeState.REST, EdgeState.GONE) else 1 / min(zoom, 1)
    painter.save()
    painter.translate(*at)
    painter.scale(scale, scale)
    if state is EdgeState.SELECTED:
        paint_chip(painter, text, QPointF(0, 0), ground=tokens.accent, ink=tokens.on_accent)
    else:
        paint_chip(painter, text, QPointF(0, 0), ground=tokens.surface, ink=tokens.text, line=tokens.edge_card)
    painter.restore()


def rest_scale(zoom: float) -> float:
    """By how much a name at rest is larger in the scene than at 100 %: 9 px on the screen at the least."""
    return max(1.0, _LEAST_ON_SCREEN / (SMALL * zoom))


def label_width(text: str) -> float:
    """Width of a label on the screen."""
    return metrics(SMALL, MEDIUM).horizontalAdvance(text) + 16


def label_size(text: str) -> tuple[float, float]:
    """Width and height of a name at rest in the scene, at the lowest zoom that shows it."""
    scale = rest_scale(LEAST_FULL)
    return label_width(text) * scale, _LABEL * scale


def number_box(line: Line, text: str, zoom: float, *, left: bool = True) -> QRectF:
    """Where a number stands: beside the last straight piece; below a level one, above it."""
    scale = 1 / min(zoom, 1)
    width, height = (metrics(SMALL, MEDIUM).horizontalAdvance(text) + 1) * scale, 14 * scale
    (x0, y0), (x1, y1) = line.last_piece()
    if x0 == x1:
        y = (y0 + y1) / 2 - height / 2
        beside = _NUMBER_BESIDE * scale
        return QRectF(x0 - beside - width if left else x0 + beside, y, width, height)
    return QRectF((x0 + x1) / 2 - width / 2, y0 - height - 2 * scale if left else y0 + 2 * scale, width, height)


def paint_number(painter: QPainter, text: str, area: QRectF, inks: Inks, *, zoom: float) -> None:
    painter.save()
    painter.translate(area.topLeft())
    painter.scale(1 / min(zoom, 1), 1 / min(zoom, 1))
    painter.setPen(inks.tokens.text2)
    painter.setFont(font(SMALL, MEDIUM))
    painter.drawText(QRectF(0, 0, 1000, 14), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


def paint_stub(painter: QPainter, port: Point, end: Point, inks: Inks) -> None:
    """The short line of an open outlet, with the sign to add what follows."""
    painter.setPen(inks.stub)
    right = end[1] == port[1]
    foot = (end[0] - PLUS, end[1]) if right else (end[0], end[1] - PLUS)
    painter.drawLine(QPointF(*port), QPointF(*foot))
    paint_plus(painter, end, inks)


def paint_plus(painter: QPainter, at: Point, inks: Inks) -> None:
    """A round “+” of 20 around a point."""
    x, y = at
    painter.setPen(inks.plus)
    painter.setBrush(inks.surface)
    painter.drawEllipse(QPointF(x, y), PLUS - 1, PLUS - 1)
    painter.drawLine(QPointF(x - 4, y), QPointF(x + 4, y))
    painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))


def paint_handle(painter: QPainter, at: Point, inks: Inks) -> None:
    """The end of an edge as something to take hold of."""
    painter.setPen(inks.port_selected)
    painter.setBrush(inks.surface)
    painter.drawEllipse(QPointF(*at), 5, 5)
