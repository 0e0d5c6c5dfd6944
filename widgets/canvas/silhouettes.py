"""Outlines of cards and tiles as paths, each made once per size and family and shared; to be read only."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QTransform

from journeys.nodes.node import Family
from widgets.canvas.shapes import (
    ARCH,
    CORNER,
    CUT,
    FOLD,
    PORT_RADIUS,
    SMALL_TILE,
    SMALL_TILE_X,
    STRIP,
    TILE,
    TILE_X,
    TILE_Y,
    Shape,
    Silhouette,
)
from widgets.theme.kinds import tile_path

#: at the two lowest steps corners are this much rounder, so that the silhouette still tells the family
ROUNDER = 1.6


def outline(shape: Shape) -> QPainterPath:
    """The outline of a card with its upper left corner at 0, 0."""
    return _outline(shape.silhouette, shape.width, shape.height, 0, 1)


def ring(shape: Shape, out: float) -> QPainterPath:
    """The outline `out` px outside."""
    return _outline(shape.silhouette, shape.width, shape.height, out, 1)


def far_outline(shape: Shape) -> QPainterPath:
    """The outline with rounder corners, for the lowest steps of detail."""
    return _outline(shape.silhouette, shape.width, shape.height, 0, ROUNDER)


@cache
def _outline(silhouette: Silhouette, width: float, height: float, out: float, rounder: float) -> QPainterPath:
    box = QRectF(-out, -out, width + 2 * out, height + 2 * out)
    corner = CORNER * rounder + out
    arch = min(ARCH * rounder + out, box.height() / 2)
    match silhouette:
        case Silhouette.ARCHED:
            return _round(box, arch, corner)
        case Silhouette.FOOT:
            return _round(box, corner, arch)
        case Silhouette.CUT:
            # a ring keeps its distance along the slope as well
            return _cut(box, CUT * rounder + out * 0.586)
        case Silhouette.NOTE:
            return _folded(box)
        case Silhouette.PLAIN | Silhouette.FRAME:
            return _round(box, corner, corner)


def _round(box: QRectF, above: float, below: float) -> QPainterPath:
    path = QPainterPath()
    left, top, right, bottom = box.left(), box.top(), box.right(), box.bottom()
    path.moveTo(left, bottom - below)
    path.lineTo(left, top + above)
    path.arcTo(left, top, 2 * above, 2 * above, 180, -90)
    path.lineTo(right - above, top)
    path.arcTo(right - 2 * above, top, 2 * above, 2 * above, 90, -90)
    path.lineTo(right, bottom - below)
    path.arcTo(right - 2 * below, bottom - 2 * below, 2 * below, 2 * below, 0, -90)
    path.lineTo(left + below, bottom)
    path.arcTo(left, bottom - 2 * below, 2 * below, 2 * below, 270, -90)
    path.closeSubpath()
    return path


def _cut(box: QRectF, cut: float) -> QPainterPath:
    path = QPainterPath()
    left, top, right, bottom = box.left(), box.top(), box.right(), box.bottom()
    path.moveTo(left + cut, top)
    for x, y in (
        (right - cut, top),
        (right, top + cut),
        (right, bottom - cut),
        (right - cut, bottom),
        (left + cut, bottom),
        (left, bottom - cut),
        (left, top + cut),
    ):
        path.lineTo(x, y)
    path.closeSubpath()
    return path


def _folded(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.moveTo(box.topLeft())
    path.lineTo(box.topRight())
    path.lineTo(box.right(), box.bottom() - FOLD)
    path.lineTo(box.right() - FOLD, box.bottom())
    path.lineTo(box.bottomLeft())
    path.closeSubpath()
    return path


@cache
def fold(width: float, height: float) -> QPainterPath:
    """The corner of a note that is folded over."""
    path = QPainterPath()
    path.moveTo(width, height - FOLD)
    path.lineTo(width - FOLD, height - FOLD)
    path.lineTo(width - FOLD, height)
    path.closeSubpath()
    return path


@cache
def tile_box(shape: Shape) -> QRectF:
    """Where the tile of a card is."""
    if shape.small:
        return QRectF(SMALL_TILE_X, (shape.height - SMALL_TILE) / 2, SMALL_TILE, SMALL_TILE)
    return QRectF(TILE_X, TILE_Y, TILE, TILE)


@cache
def tile(family: Family, small: bool) -> QPainterPath:
    """The tile of a family, at its place within the card."""
    size, x, y = (SMALL_TILE, SMALL_TILE_X, 8) if small else (TILE, TILE_X, TILE_Y)
    return tile_path(family, QRectF(x, y, size, size))


@cache
def strip_lines(shape: Shape) -> QPainterPath:
    """The lines that part the outlets of a card from its text and from each other."""
    path = QPainterPath()
    if shape.rows:
        for n in range(shape.outlets):
            y = shape.body + STRIP * n
            path.moveTo(1, y)
            path.lineTo(shape.width - 1, y)
        return path
    path.moveTo(1, shape.body)
    path.lineTo(shape.width - 1, shape.body)
    for n in range(1, shape.outlets):
        x = shape.outlet_area(n)[0]
        path.moveTo(x, shape.body)
        path.lineTo(x, shape.height - 1)
    return path


@cache
def ports(shape: Shape) -> QPainterPath:
    """All ports of a card."""
    path = QPainterPath()
    for n in range(shape.outlets):
        path.addEllipse(QPointF(*shape.port(n)), PORT_RADIUS, PORT_RADIUS)
    return path


@cache
def outline_with_ports(shape: Shape) -> QPainterPath:
    """The outline of a card with its ports as bulges of it."""
    return outline(shape).united(ports(shape)).simplified() if shape.outlets else outline(shape)


@cache
def triangle(size: float) -> QPainterPath:
    """The sign of a warning around 0, 0."""
    path = QPainterPath()
    half = size / 2
    path.moveTo(0, -half)
    path.lineTo(half, half * 0.8)
    path.lineTo(-half, half * 0.8)
    path.closeSubpath()
    return path


@cache
def octagon(size: float) -> QPainterPath:
    """The sign of an error around 0, 0."""
    half = size / 2
    return QTransform.fromTranslate(-half, -half).map(_cut(QRectF(0, 0, size, size), size * 0.293))
