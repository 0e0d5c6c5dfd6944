"""The way of one edge between cards, in lanes; measures of LOOK 4.

Everything here is worked out for a journey that flows down; one that flows to the right is turned before and after
(`Box.turned`). Points are corners of a line whose pieces are all upright or level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from widgets.canvas.grid import Box

Point = tuple[float, float]

#: from an outlet to the first lane, between lanes, and from the last lane to the card
LEAD, LANE, ARRIVAL = 18, 14, 16
#: least distance between the rows for which an edge goes forward
LEAST_AHEAD = 12
#: an edge that leads back: below its outlet, outside the widest card passed, above its target, and between two of them
BACK_DOWN, BACK_OUT, BACK_UP, BACK_APART = 14, 24, 16, 12
#: an edge steps aside by no less than this if it can come in straight
_LEAST_STEP = 10
#: what a line keeps from the cards it passes
CLEAR = 6
#: a lane that another edge takes too goes at most this far up or down
MOST_MOVED = 2 * LANE
#: how far from its cards an edge that is in the way of others there looks for a lane
_LANE_SEARCH = 240
#: columns and lanes looked at before an edge passes under a card; a hundred cards in the way have no free lane
MOST_TRIED = 40
#: what passing under a card counts as, in px of way
UNDER = 5_000

#: cards whose boxes meet a box
Near = Callable[[Box], Sequence[Box]]


class Ends(NamedTuple):
    """What one edge runs between."""

    start: Point
    end: Point
    source: Box
    target: Box
    #: the lane below the source that it takes among its siblings, from 0
    rank: int = 0
    #: how many lanes its siblings take
    ranks: int = 1
    #: room for these lanes: down to the nearest card that one of them leads to; None: to its own
    room: float | None = None


class Way(NamedTuple):
    """A route: its corners, and for one that leads back the side it takes and the x of its long piece."""

    points: tuple[Point, ...]
    #: what was looked at to find it: a card that comes or goes in here may change it
    region: Box
    #: −1: around the left, 1: around the right, 0: forward
    side: int = 0


def leads_back(start: Point, end: Point) -> bool:
    """Whether an edge has to go around cards to come in from above."""
    return end[1] - start[1] < LEAST_AHEAD


def route(ends: Ends, near: Near) -> Way:
    """The way of an edge that nothing else is in the way of but cards."""
    return _back(ends, near) if leads_back(ends.start, ends.end) else _forward(ends, near)


def lane_ranks(ports: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """(rank, ranks) of the edges of one node that lead forward, given as (x of the outlet, x of the target).

    Among edges to the left the leftmost outlet takes the highest lane, to the right the rightmost one, so that no two
    cross whose targets stand in the order of their outlets.
    """
    left = sorted((n for n, (start, end) in enumerate(ports) if end < start - 1), key=lambda n: ports[n][0])
    right = sorted((n for n, (start, end) in enumerate(ports) if end > start + 1), key=lambda n: -ports[n][0])
    # a left one that starts right of a right one runs over it: they must not share a lane
    apart = bool(left and right) and ports[left[-1]][0] > ports[right[-1]][0]
    first = len(left) if apart else 0
    ranks = max(len(left), first + len(right), 1)
    found = {n: rank for rank, n in enumerate(left)} | {n: first + rank for rank, n in enumerate(right)}
    return [(found.get(n, 0), ranks) for n in range(len(ports))]


def input_offsets(sources: Sequence[float], *, middle: float, room: float, apart: float) -> list[float]:
    """Where edges come in, from the middle of the side, given where each comes from.

    In the order of their sources, `apart` from each other, nearer where `room` to either side asks for it. The one that
    comes straight from above keeps the middle.
    """
    count = len(sources)
    if count < 2:
        return [0.0] * count
    order = sorted(range(count), key=lambda n: sources[n])
    straight = next((at for at, n in enumerate(order) if abs(sources[n] - middle) < 1), None)
    zero = (count - 1) / 2 if straight is None else float(straight)
    widest = max(zero, count - 1 - zero)
    step = min(apart, room / widest)
    found = [0.0] * count
    for at, n in enumerate(order):
        found[n] = (at - zero) * step
    return found


def straight_offsets(offsets: Sequence[float], sources: Sequence[float], *, room: float) -> list[float]:
    """The same, where an edge that would step aside by a little only comes in straight, if others leave it the room."""
    found = list(offsets)
    for n, (offset, source) in enumerate(zip(offsets, sources, strict=True)):
        if 0 < abs(source - offset) < _LEAST_STEP and abs(source) <= room:
            others = (abs(source - other) for at, other in enumerate(found) if at != n)
            if min(others, default=_LEAST_STEP) >= _LEAST_STEP:
                found[n] = source
    return found


def shifted(way: Way, by: float) -> Way:
    """The same way back with its long piece further outside."""
    if not by:
        return way
    a, b, (x, top), (_, foot), e, f = way.points
    x += by * way.side
    return Way((a, b, (x, top), (x, foot), e, f), way.region, way.side)


# forward


def _forward(ends: Ends, near: Near) -> Way:
    (x0, y0), (x1, y1) = ends.start, ends.end
    own = _own_lane(ends)
    region = Box(min(x0, x1), y0, max(x0, x1), y1).grown(CLEAR)
    boxes = near(region)
    straight = abs(x0 - x1) < 1
    first: tuple[Point, ...] = ((x0, y0), (x1, y1)) if straight else ((x0, y0), (x0, own), (x1, own), (x1, y1))
    if is_free(first, boxes, ends):
        return Way(first, region)
    if not straight:
        for lane in islice(_lanes(own, boxes, y0, y1), MOST_TRIED):
            tried = ((x0, y0), (x0, lane), (x1, lane), (x1, y1))
            if is_free(tried, boxes, ends):
                return Way(tried, region)
    return _around(ends, own, first, near)


def _own_lane(ends: Ends) -> float:
    ahead = ends.room if ends.room is not None else ends.end[1] - ends.start[1]
    lead = min(LEAD, ahead / 2)
    step = min(LANE, max(ahead - lead - LEAST_AHEAD, 0) / max(ends.ranks - 1, 1))
    return ends.start[1] + lead + step * ends.rank


def _lanes(own: float, boxes: Sequence[Box], top: float, bottom: float) -> Iterator[float]:
    """Other lanes between two rows: above the target first, then beside every card on the way, nearest first."""
    if bottom - ARRIVAL > top + LEAST_AHEAD:
        yield bottom - ARRIVAL
    beside = {edge for box in boxes for edge in (box.top - LANE, box.bottom + LANE)}
    yield from sorted((y for y in beside if top + CLEAR < y < bottom - CLEAR), key=lambda y: (abs(y - own), y))


def _around(ends: Ends, own: float, otherwise: tuple[Point, ...], near: Near) -> Way:
    """Over a column that is free, where both straight pieces are in the way of cards."""
    (x0, y0), (x1, y1) = ends.start, ends.end
    region = Box(min(x0, x1) - 640, y0, max(x0, x1) + 640, y1)
    boxes = near(region)
    last = max(y1 - ARRIVAL, y0 + LEAST_AHEAD / 2)
    columns = {x for box in boxes for x in (box.left - LANE, box.right + LANE)}
    for x in islice(sorted(columns, key=lambda x: (abs(x - x0) + abs(x - x1), x)), MOST_TRIED):
        if abs(x - x0) + abs(x - x1) >= UNDER:
            break
        out = _lane((x0, y0), x, own, boxes, ends.source, until=y1)
        into = _lane((x1, y1), x, last, boxes, ends.target, until=y0)
        if out is None or into is None or into < out:
            continue
        tried = ((x0, y0), (x0, out), (x, out), (x, into), (x1, into), (x1, y1))
        if is_free(tried, boxes, ends):
            return Way(straightened(tried), region)
    # a target that is hardly lower, with cards between: below them, and in from above
    back = _back(ends, near)
    region = region.united(back.region)
    if is_free(back.points, near(back.region), ends):
        return Way(back.points, region, back.side)
    return Way(straightened(otherwise), region)


def _lane(port: Point, x: float, wanted: float, boxes: Sequence[Box], own: Box, *, until: float) -> float | None:
    """The free lane nearest to the one that is wanted, from a port upright and then level to a column; None: there is none.

    Lanes lie between the port and `until`; the card that the port belongs to is never in the way.
    """
    x0, y0 = port
    left, right = min(x0, x) - CLEAR, max(x0, x) + CLEAR
    low, high = (y0, until) if y0 < until else (until, y0)
    beside = [box for box in boxes if box.left < right and left < box.right and box.top < high and low < box.bottom]
    tried = {
        edge for box in beside for edge in (box.top - LANE, box.bottom + LANE) if low + CLEAR < edge < high - CLEAR
    }
    for y in islice(sorted({wanted, *tried}, key=lambda y: (abs(y - wanted), y)), MOST_TRIED):
        top, foot = (y0, y) if y0 < y else (y, y0)
        if not any(
            (box.top < y + CLEAR and y - CLEAR < box.bottom)
            or (x0 - CLEAR < box.right and box.left < x0 + CLEAR and box.top < foot and top < box.bottom and box != own)
            for box in beside
        ):
            return y
    return None


# backward


def _back(ends: Ends, near: Near) -> Way:
    found = [_back_on(ends, near, side) for side in (1, -1)]
    _, way = min(found, key=lambda one: one[0])
    region = found[0][1].region.united(found[1][1].region)
    return Way(way.points, region, way.side)


def _back_on(ends: Ends, near: Near, side: int) -> tuple[float, Way]:
    """The way around one side, and what it costs."""
    (x0, y0), (x1, y1) = ends.start, ends.end
    x = _outside([ends.source, ends.target], side)
    foot, top = y0 + BACK_DOWN, y1 - BACK_UP
    region = Box(x - CLEAR, top, x + CLEAR, foot)
    for _ in range(MOST_TRIED):
        foot, below = _level(ends.start, x, BACK_DOWN, near, ends.source)
        top, above = _level(ends.end, x, -BACK_UP, near, ends.target)
        strip = Box(x - BACK_OUT / 2, top - CLEAR, x + BACK_OUT / 2, foot + CLEAR)
        region = region.united(strip).united(below).united(above)
        hit = near(strip)
        if not hit:
            break
        x = _outside(hit, side)
    points = ((x0, y0), (x0, foot), (x, foot), (x, top), (x1, top), (x1, y1))
    # its lanes may be moved apart from others, within what was looked at
    region = region.united(Box(min(x0, x1, x), top, max(x0, x1, x), foot).grown(CLEAR + MOST_MOVED))
    length = abs(x - x0) + abs(x - x1) + (foot - y0 - BACK_DOWN) + (y1 - BACK_UP - top)
    if not is_free(points, near(region), ends):
        length += UNDER
    return length, Way(points, region, side)


def _level(port: Point, x: float, wanted: float, near: Near, own: Box) -> tuple[float, Box]:
    """The lane from a port to a column outside, and what was looked at; further from its card where others are there."""
    x0, y0 = port
    y = y0 + wanted
    looked = Box(min(x0, x), min(y0, y), max(x0, x), max(y0, y)).grown(CLEAR)
    if all(box == own for box in near(looked)):
        return y, looked
    until = y0 + (_LANE_SEARCH if wanted > 0 else -_LANE_SEARCH)
    looked = Box(looked.left, min(y0, until), looked.right, max(y0, until)).grown(CLEAR)
    found = _lane(port, x, y, near(looked), own, until=until)
    return (y if found is None else found), looked


def _outside(boxes: Sequence[Box], side: int) -> float:
    if side > 0:
        return max(box.right for box in boxes) + BACK_OUT
    return min(box.left for box in boxes) - BACK_OUT


def is_free(points: Sequence[Point], boxes: Sequence[Box], ends: Ends) -> bool:
    """Whether a line passes no card: neither the first piece its source nor the last one its target counts."""
    if not boxes:
        return True
    last = len(points) - 2
    for n, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        left, right = (x0, x1) if x0 < x1 else (x1, x0)
        top, bottom = (y0, y1) if y0 < y1 else (y1, y0)
        if 0 < n < last and top == bottom:
            top, bottom = top - CLEAR, bottom + CLEAR
        for box in boxes:
            if (
                left - CLEAR < box.right
                and box.left < right + CLEAR
                and top < box.bottom
                and box.top < bottom
                and not (n == 0 and box == ends.source)
                and not (n == last and box == ends.target)
            ):
                return False
    return True


def straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without corners that turn nowhere."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and ((kept[-2][0] == kept[-1][0] == point[0]) or (kept[-2][1] == kept[-1][1] == point[1])):
            kept.pop()
        kept.append(point)
    return tuple(kept)
