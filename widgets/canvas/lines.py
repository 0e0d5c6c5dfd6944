"""The line of an edge as paths: corners as quarter circles, an arrowhead that touches the card (LOOK 4)."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import hypot

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from widgets.canvas.grid import Box
from widgets.canvas.plan import box_of
from widgets.canvas.routing import Point

RADIUS = 12
ARROW_LONG, ARROW_WIDE = 8, 7
#: the line of an open outlet, and the radius of the “+” at its end
STUB, PLUS = 28, 10
#: edges longer than this show their outlet's name at the far end
LONG = 400
#: from the middle of a name to the corner after it
FROM_CORNER = 48
#: the part of a quarter circle's radius that its control points are away
_KAPPA = 0.5523


class Line:
    """One edge as it is painted; made when its way changes."""

    __slots__ = ("_arrow", "_length", "_path", "box", "is_back", "points")

    def __init__(self, points: tuple[Point, ...], *, is_back: bool = False) -> None:
        self.points = points
        self.is_back = is_back
        #: room for a pen, the arrowhead, and a handle at the ends
        self.box: Box = box_of(points).grown(10)
        self._length: float | None = None
        self._path: QPainterPath | None = None
        self._arrow: QPainterPath | None = None

    @property
    def length(self) -> float:
        if self._length is None:
            self._length = sum(abs(x1 - x0) + abs(y1 - y0) for (x0, y0), (x1, y1) in pairwise(self.points))
        return self._length

    @property
    def path(self) -> QPainterPath:
        """The line up to its arrowhead; made when it is first painted."""
        if self._path is None:
            self._path = rounded(self.points)
        return self._path

    @property
    def arrow(self) -> QPainterPath:
        if self._arrow is None:
            self._arrow = arrow(self.points)
        return self._arrow

    def parts(self, group: str) -> tuple[tuple[str, QPainterPath, float, float], ...]:
        """As a member of a batch: with sharp corners."""
        return (group, straight(self.points), 0, 0), ("arrow", self.arrow, 0, 0)

    def middle(self) -> Point:
        """Half-way; of an edge that leads back, the middle of its longest piece."""
        if self.is_back:
            (x0, y0), (x1, y1) = self.longest()
            return (x0 + x1) / 2, (y0 + y1) / 2
        return along(self.points, self.length / 2)

    def longest(self) -> tuple[Point, Point]:
        """The longest straight piece; of an edge that leads back the one along the flow."""
        pieces = list(pairwise(self.points))
        if self.is_back and len(pieces) == 5:
            return pieces[2]
        return max(pieces, key=lambda piece: _length(*piece))

    def last_piece(self) -> tuple[Point, Point]:
        return self.points[-2], self.points[-1]

    def far_label_at(self) -> Point:
        """Towards the end of its longest piece, where the name of an edge stands that is marked.

        Not on the last one: edges into one card come in too near to each other for names beside them.
        """
        (x0, y0), (x1, y1) = self.longest()
        length = _length((x0, y0), (x1, y1))
        share = max(length - FROM_CORNER, length / 2) / length
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def distance(self, x: float, y: float) -> float:
        """How far a point is from it."""
        return min(_distance(x, y, piece) for piece in pairwise(self.points))


@lru_cache(maxsize=4096)
def line_of(points: tuple[Point, ...], is_back: bool) -> Line:
    """The line through these corners, shared; one that an undo brings back has its paths already."""
    return Line(points, is_back=is_back)


def rounded(points: tuple[Point, ...]) -> QPainterPath:
    """A line with quarter circles of `RADIUS`, or smaller ones where pieces are short, up to the foot of the arrow."""
    path = QPainterPath(QPointF(*points[0]))
    for n in range(1, len(points) - 1):
        (ax, ay), (bx, by), (cx, cy) = points[n - 1], points[n], points[n + 1]
        before, after = _length(points[n - 1], points[n]), _length(points[n], points[n + 1])
        first, last = n == 1, n == len(points) - 2
        room = min(before if first else before / 2, after - ARROW_LONG + 2 if last else after / 2)
        r = max(min(RADIUS, room), 0)
        ux, uy = (bx - ax) / before, (by - ay) / before
        vx, vy = (cx - bx) / after, (cy - by) / after
        start, end = QPointF(bx - ux * r, by - uy * r), QPointF(bx + vx * r, by + vy * r)
        path.lineTo(start)
        k = r * (1 - _KAPPA)
        path.cubicTo(QPointF(bx - ux * k, by - uy * k), QPointF(bx + vx * k, by + vy * k), end)
    path.lineTo(_foot(points))
    return path


def straight(points: tuple[Point, ...]) -> QPainterPath:
    """The line with sharp corners."""
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(*point))
    return path


def arrow(points: tuple[Point, ...]) -> QPainterPath:
    """The arrowhead at the end of a line."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = max(hypot(x1 - x0, y1 - y0), 0.01)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    foot_x, foot_y, half = x1 - ux * ARROW_LONG, y1 - uy * ARROW_LONG, ARROW_WIDE / 2
    path = QPainterPath(QPointF(x1, y1))
    path.lineTo(foot_x - uy * half, foot_y + ux * half)
    path.lineTo(foot_x + uy * half, foot_y - ux * half)
    path.closeSubpath()
    return path


def loose(start: Point, end: Point, *, right: bool) -> QPainterPath:
    """The line that follows the mouse while an edge is drawn."""
    (x0, y0), (x1, y1) = start, end
    if right:
        middle = (x0 + x1) / 2
        points: tuple[Point, ...] = (start, (middle, y0), (middle, y1), end)
    else:
        middle = (y0 + y1) / 2
        points = (start, (x0, middle), (x1, middle), end)
    kept = [points[0]]
    kept.extend(point for before, point in pairwise(points) if _length(before, point) > 0.5)
    if len(kept) < 2:
        kept.append((x1, y1 + 0.5))
    path = rounded(tuple(kept))
    path.lineTo(QPointF(*end))
    return path


def along(points: tuple[Point, ...], distance: float) -> Point:
    """The point so far along a line."""
    for (x0, y0), (x1, y1) in pairwise(points):
        length = _length((x0, y0), (x1, y1))
        if distance <= length and length > 0:
            share = max(distance, 0) / length
            return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        distance -= length
    return points[-1]


def stub_end(port: Point, *, right: bool) -> Point:
    """The middle of the “+” at the end of an open outlet."""
    return (port[0] + STUB + PLUS, port[1]) if right else (port[0], port[1] + STUB + PLUS)


def rect(box: Box) -> QRectF:
    return QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)


def box(area: QRectF) -> Box:
    return Box(area.left(), area.top(), area.right(), area.bottom())


def _foot(points: tuple[Point, ...]) -> QPointF:
    """Where the line ends and the arrowhead begins."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = max(hypot(x1 - x0, y1 - y0), 0.01)
    return QPointF(x1 - (x1 - x0) / length * (ARROW_LONG - 1), y1 - (y1 - y0) / length * (ARROW_LONG - 1))


def _length(a: Point, b: Point) -> float:
    return abs(b[0] - a[0]) + abs(b[1] - a[1])


def _distance(x: float, y: float, piece: tuple[Point, Point]) -> float:
    (x0, y0), (x1, y1) = piece
    nearest_x = min(max(x, min(x0, x1)), max(x0, x1))
    nearest_y = min(max(y, min(y0, y1)), max(y0, y1))
    return hypot(x - nearest_x, y - nearest_y)
