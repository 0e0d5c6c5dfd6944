"""Lanes of different edges that would lie on top of each other, moved apart.

Each edge finds its way as if it were alone; where two then share a lane over some length, the later one moves up or down
within the gap between the cards. Who moves depends on what lies there alone: all lanes that touch each other, directly or
by others, are laid anew together, in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from widgets.canvas.grid import Box
from widgets.canvas.routing import LANE, MOST_MOVED, Point

K = TypeVar("K", bound=Hashable)

#: lanes nearer than this may come into each other's way by moving
_REACH = 2 * MOST_MOVED + LANE
#: what lanes keep from each other where there is no room for more
_LEAST_APART = LANE / 2
#: what an edge keeps upright between its outlet and its lane, and between its lane and the card, with the arrowhead
_AFTER_START, _BEFORE_END = 6, 9
#: lanes whose ends are as near as this touch each other
_BESIDE = 5
#: a cell of the index; lanes are looked up with the cells above and below
_CELL_WIDE, _CELL_HIGH = 512, _REACH


class _Lane(NamedTuple):
    """A level piece between two upright ones, where it would be alone."""

    y: float
    left: float
    right: float
    #: how far up and down it may be
    top: float
    foot: float
    #: among lanes at one height: those to the right from the right, those to the left from the left, so that none cross
    order: float
    #: lanes of one are ranked already, and keep from each other what they have
    of: Hashable


class Lanes(Generic[K]):
    """The ways of all edges, lanes apart."""

    def __init__(
        self, is_free: Callable[[K, tuple[Point, ...]], bool], beside: Callable[[K, Box], Iterable[float]] | None = None
    ) -> None:
        """`is_free` says whether an edge could go there without passing a card. `beside` gives the heights of what
        runs along in a box and never moves."""
        self._is_free = is_free
        self._fixed = beside
        self._ways: dict[K, tuple[Point, ...]] = {}
        self._lanes: dict[tuple[K, int], _Lane] = {}
        self._at: dict[tuple[int, int], dict[tuple[K, int], None]] = {}
        self._moved: dict[K, dict[int, float]] = {}
        #: lanes that came or went, or whose surroundings did; and those that lay beside them
        self._dirty: dict[tuple[K, int], None] = {}

    def put(self, key: K, way: tuple[Point, ...], *, of: Hashable) -> None:
        """An edge `of` a card would go there if it were alone; also to be told where cards beside it have changed."""
        if self._ways.get(key) != way:
            self.take(key)
            self._put(key, way, of)
        if len(way) > 3:
            self._dirty.update(((key, n), None) for n, _ in _lanes(way, of))

    def take(self, key: K) -> None:
        """An edge is gone. Nothing happens where there is none."""
        way = self._ways.pop(key, None)
        if way is None:
            return
        for n, _ in _lanes(way, None):
            id_ = (key, n)
            self._dirty.update((other, None) for other in self._beside(id_))
            self._dirty.pop(id_, None)
            for cell in _cells(self._lanes.pop(id_)):
                del self._at[cell][id_]
        self._moved.pop(key, None)

    def points(self, key: K) -> tuple[Point, ...]:
        """The way of an edge with its lanes where they are; as of the last `part`."""
        way = self._ways[key]
        moved = self._moved.get(key)
        if moved:
            for n, y in moved.items():
                way = _with(way, n, y)
        return way

    def moved(self, key: K) -> Mapping[int, float]:
        """Lanes that are not where they would be alone: the y of each, by the corner it begins at."""
        return dict(self._moved.get(key, {}))

    def restore(self, key: K, way: tuple[Point, ...], moved: Mapping[int, float], *, of: Hashable) -> None:
        """Take an edge back as it was, with `moved` as of then. Lanes beside it are to be restored too."""
        if self._ways.get(key) != way:
            self.take(key)
            self._put(key, way, of)
        self._moved.pop(key, None)
        if moved:
            self._moved[key] = dict(moved)
        self._dirty.clear()

    def part(self, before_change: Callable[[K], None]) -> set[K]:
        """Lay the lanes anew that touch one that changed; edges that have moved by it, each told before it does."""
        left, self._dirty = self._dirty, {}
        found: set[K] = set()
        seen: set[tuple[K, int]] = set()
        for id_ in left:
            if id_ in seen or id_ not in self._lanes:
                continue
            group = self._group(id_)
            seen |= group
            for (key, n), y in self._laid(group):
                moved = self._moved.get(key, {})
                if moved.get(n) == y:
                    continue
                before_change(key)
                found.add(key)
                if y is None:
                    del moved[n]
                else:
                    self._moved.setdefault(key, {})[n] = y
        return found

    def _put(self, key: K, way: tuple[Point, ...], of: Hashable) -> None:
        self._ways[key] = way
        if len(way) < 4:
            return
        for n, lane in _lanes(way, of):
            self._lanes[key, n] = lane
            for cell in _cells(lane):
                self._at.setdefault(cell, {})[key, n] = None

    def _beside(self, id_: tuple[K, int]) -> Iterator[tuple[K, int]]:
        """Other lanes that may come into its way; some twice."""
        lane = self._lanes[id_]
        lanes = self._lanes
        for column, row in _cells(lane):
            for above in (row - 1, row, row + 1):
                for other in self._at.get((column, above), ()):
                    if other != id_ and _touch(lane, lanes[other]) and abs(lane.y - lanes[other].y) < _REACH:
                        yield other

    def _group(self, id_: tuple[K, int]) -> set[tuple[K, int]]:
        found = {id_}
        ahead = [id_]
        while ahead:
            for other in self._beside(ahead.pop()):
                if other not in found:
                    found.add(other)
                    ahead.append(other)
        return found

    def _laid(self, group: set[tuple[K, int]]) -> Iterable[tuple[tuple[K, int], float | None]]:
        """For each lane of a group where it goes; None: where it would be alone."""
        if len(group) == 1 and self._fixed is None:
            return ((id_, None) for id_ in group)
        lanes = self._lanes
        order = sorted(group, key=lambda id_: (lanes[id_].y, lanes[id_].order, id_))
        ys: dict[tuple[K, int], float] = {}
        for id_ in order:
            lane = lanes[id_]
            near = [(ys[other], _apart(lane, lanes[other])) for other in ys if _touch(lane, lanes[other])]
            if self._fixed is not None:
                reach = MOST_MOVED + LANE
                box = Box(lane.left, lane.y - reach, lane.right, lane.y + reach)
                near.extend((y, LANE) for y in self._fixed(id_[0], box))
            ys[id_] = self._place(id_, lane, near)
        return ((id_, None if y == lanes[id_].y else y) for id_, y in ys.items())

    def _place(self, id_: tuple[K, int], lane: _Lane, near: list[tuple[float, float]]) -> float:
        if all(abs(lane.y - y) >= apart for y, apart in near):
            return lane.y
        for apart in (LANE, _LEAST_APART):
            tried = {lane.y} | {y + by for y, _ in near for by in (apart, -apart)}
            for y in sorted(tried, key=lambda y: (abs(y - lane.y), -y)):
                if (
                    lane.top <= y <= lane.foot
                    and all(abs(y - other) >= min(apart, least) for other, least in near)
                    and (y == lane.y or self._is_free(id_[0], _with(self._ways[id_[0]], id_[1], y)))
                ):
                    return y
        return lane.y


def _lanes(way: tuple[Point, ...], of: Hashable) -> Iterator[tuple[int, _Lane]]:
    """The lanes of a way, by the corner each begins at: neither its first nor its last piece."""
    last = len(way) - 1
    for n in range(1, last - 1):
        (x0, y), (x1, y1) = way[n], way[n + 1]
        if y != y1:
            continue
        top, foot = y - MOST_MOVED, y + MOST_MOVED
        for other, least in ((way[n - 1][1], _AFTER_START), (way[n + 2][1], _BEFORE_END)):
            # the upright pieces at both ends keep their direction
            if other <= y:
                top = max(top, min(other + least, y))
            else:
                foot = min(foot, max(other - least, y))
        yield n, _Lane(y, min(x0, x1), max(x0, x1), top, foot, -x0 if x1 > x0 else x0, of)


def _apart(one: _Lane, other: _Lane) -> float:
    """What two lanes keep from each other."""
    return min(LANE, abs(one.y - other.y)) if one.of == other.of else LANE


def _touch(one: _Lane, other: _Lane) -> bool:
    return one.left - _BESIDE < other.right and other.left - _BESIDE < one.right


def _cells(lane: _Lane) -> list[tuple[int, int]]:
    row = int(lane.y // _CELL_HIGH)
    first, last = int((lane.left - _BESIDE) // _CELL_WIDE), int((lane.right + _BESIDE) // _CELL_WIDE)
    return [(column, row) for column in range(first, last + 1)]


def _with(way: tuple[Point, ...], n: int, y: float) -> tuple[Point, ...]:
    """The way with a lane elsewhere."""
    return (*way[:n], (way[n][0], y), (way[n + 1][0], y), *way[n + 2 :])
