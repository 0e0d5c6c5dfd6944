"""Where everything on the canvas is: boxes of cards and lines of edges, kept in step with each other.

No Qt and no journey: whoever follows a document tells it what stands where and what leads where, and asks afterwards
which lines are other ones. The answer depends on what is there alone, never on the order in which it came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from widgets.canvas.grid import Box, Grid
from widgets.canvas.routing import (
    BACK_APART,
    Ends,
    Point,
    Way,
    input_offsets,
    lane_ranks,
    leads_back,
    route,
    shifted,
    straightened,
)
from widgets.canvas.shapes import PARALLEL, Shape

#: node and outlet
EdgeKey = tuple[str, str]

#: how far the edges of rows lead out to the side before they go down
_ROW_OUT, _ROW_APART = 12, 6
#: room that edges coming in leave to the corners of a card, by direction
_CORNER_ROOM_DOWN, _CORNER_ROOM_RIGHT = 24, 10
_FAR = 1e9


@dataclass(slots=True)
class Spot:
    """A card: where it is, its shape, and the ids of its outlets."""

    x: float
    y: float
    shape: Shape
    outlets: tuple[str, ...]

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.x + self.shape.width, self.y + self.shape.height)

    def port(self, outlet: str) -> Point:
        """Where an outlet leaves; one that is gone has a place of its own."""
        try:
            x, y = self.shape.port(self.outlets.index(outlet))
        except ValueError:
            x, y = self.shape.orphan_port()
        return self.x + x, self.y + y


class Plan:
    """Cards and lines of one canvas, in px at 100 %."""

    def __init__(self, *, right: bool = False) -> None:
        #: the journey flows from left to right
        self.right = right
        self.spots: dict[str, Spot] = {}
        self.targets: dict[EdgeKey, str] = {}
        self._from: dict[str, dict[EdgeKey, None]] = {}
        self._into: dict[str, dict[EdgeKey, None]] = {}
        #: cards that edges keep away from, turned where the journey flows to the right
        self._boxes: Grid[str] = Grid()
        #: what was looked at for each edge, turned likewise
        self._regions: Grid[EdgeKey] = Grid()
        #: how far from the middle of its target each edge comes in
        self._in_at: dict[EdgeKey, float] = {}
        self._ends: dict[EdgeKey, Ends] = {}
        self._ways: dict[EdgeKey, Way] = {}
        self._lines: dict[EdgeKey, tuple[Point, ...]] = {}
        #: nodes whose edges may have other ends, and edges with another card in their region
        self._touched: dict[str, None] = {}
        self._stirred: dict[EdgeKey, None] = {}
        self._gone: dict[EdgeKey, None] = {}
        self._near_boxes = lambda box: (held for _, held in self._boxes.near(box))

    # telling

    def put(self, node: str, spot: Spot) -> None:
        """A card is there, or elsewhere, or has another shape."""
        self.spots[node] = spot
        box = self._turned(spot.box)
        old = self._boxes.box(node) if node in self._boxes else None
        if old != box:
            if old is not None:
                self._stir(old)
            self._stir(box)
            self._boxes.put(node, box)
        self._touched[node] = None

    def take(self, node: str) -> None:
        """A card is gone, and edges from it and into it with it. Nothing happens where there is none."""
        spot = self.spots.pop(node, None)
        if spot is None:
            return
        for key in (*self._from.get(node, ()), *self._into.get(node, ())):
            self.open(key)
        self._stir(self._turned(spot.box))
        self._boxes.take(node)
        self._touched.pop(node, None)

    def lead(self, key: EdgeKey, target: str) -> None:
        """An outlet leads to a node."""
        if self.targets.get(key) == target:
            return
        self.open(key)
        self.targets[key] = target
        self._from.setdefault(key[0], {})[key] = None
        self._into.setdefault(target, {})[key] = None
        self._touched[key[0]] = self._touched[target] = None
        self._gone.pop(key, None)

    def open(self, key: EdgeKey) -> None:
        """An outlet leads nowhere. Nothing happens where it did not."""
        target = self.targets.pop(key, None)
        if target is None:
            return
        del self._from[key[0]][key]
        del self._into[target][key]
        self._touched[key[0]] = self._touched[target] = None
        self._in_at.pop(key, None)
        self._ends.pop(key, None)
        self._ways.pop(key, None)
        self._lines.pop(key, None)
        self._regions.take(key)
        self._gone[key] = None

    # asking

    def line(self, key: EdgeKey) -> tuple[Point, ...]:
        """The corners of an edge from port to card; as of the last `settle`."""
        return self._lines[key]

    def leads_back(self, key: EdgeKey) -> bool:
        return self._ways[key].side != 0

    def edges_of(self, node: str) -> Iterator[EdgeKey]:
        """Edges from a node and into it; one that leads to itself comes twice."""
        yield from self._from.get(node, ())
        yield from self._into.get(node, ())

    def edges_from(self, node: str) -> Collection[EdgeKey]:
        return self._from.get(node, {}).keys()

    def edges_into(self, node: str) -> Collection[EdgeKey]:
        return self._into.get(node, {}).keys()

    def bounds(self) -> Box | None:
        """What all cards and lines take up; None on an empty canvas."""
        found: Box | None = None
        for spot in self.spots.values():
            found = spot.box if found is None else found.united(spot.box)
        for line in self._lines.values():
            assert found is not None
            found = found.united(box_of(line))
        return found

    # working out

    def settle(self) -> tuple[set[EdgeKey], set[EdgeKey]]:
        """Work out what may have changed since the last time; (edges with another line, edges that are gone)."""
        touched, stirred, gone = self._touched, self._stirred, set(self._gone)
        self._touched, self._stirred, self._gone = {}, {}, {}
        if not touched and not stirred:
            return set(), gone
        # a card that moves gives other offsets to edges into its targets, and other lanes to those of its sources; only
        # sources with an edge that comes in elsewhere by it are looked at (undo of 100 nodes: 37 → 30 ms)
        into: dict[str, None] = {node: None for node in touched if self._into.get(node)}
        sources: dict[str, None] = {node: None for node in touched if self._from.get(node)}
        for node in touched:
            into.update((self.targets[key], None) for key in self._from.get(node, ()))
        for target in into:
            is_touched = target in touched
            for key, offset in self._offsets(target):
                if is_touched or self._in_at.get(key) != offset:
                    self._in_at[key] = offset
                    sources[key[0]] = None
        backs = False
        changed: set[EdgeKey] = set()
        for source in sources:
            for key, found in self._ends_of(source):
                if found != self._ends.get(key):
                    self._ends[key] = found
                    stirred[key] = None
        for key in stirred:
            if key not in self.targets:
                continue
            before = self._ways.get(key)
            way = route(self._ends[key], self._near_boxes)
            self._regions.put(key, way.region)
            if before is None or way.points != before.points:
                self._ways[key] = way
                backs = backs or way.side != 0 or (before is not None and before.side != 0)
                changed.add(key)
        if backs or gone:
            changed |= self._set_tracks(changed)
        for key in changed:
            if self._ways[key].side == 0:
                self._lines[key] = self._line(key, self._ways[key])
        return changed, gone

    def _offsets(self, target: str) -> Iterator[tuple[EdgeKey, float]]:
        """For every edge into a node how far from the middle it comes in."""
        keys = sorted(self._into[target])
        if len(keys) == 1:
            return iter(((keys[0], 0.0),))
        spot = self.spots[target]
        middle, along = self._flow(*_moved(spot.shape.input(), spot.x, spot.y))
        froms = []
        for key in keys:
            start = self._start(key)[-1]
            if leads_back(start, (middle, along)):
                froms.append(_FAR if start[0] >= middle else -_FAR)
            else:
                froms.append(start[0])
        if self.right:
            room = min(spot.shape.input()[1], spot.shape.height - spot.shape.input()[1]) - _CORNER_ROOM_RIGHT
        else:
            room = spot.shape.width / 2 - _CORNER_ROOM_DOWN
        return zip(keys, input_offsets(froms, middle=middle, room=room, apart=PARALLEL), strict=True)

    def _ends_of(self, source: str) -> Iterator[tuple[EdgeKey, Ends]]:
        """What the edges of a node run between, with their lanes."""
        spot = self.spots[source]
        found: list[tuple[EdgeKey, Point, Point]] = []
        for key in self._from[source]:
            target = self.spots[self.targets[key]]
            x, y = self._flow(*_moved(target.shape.input(), target.x, target.y))
            found.append((key, self._start(key)[-1], (x + self._in_at[key], y)))
        ahead = [(key, start, end) for key, start, end in found if not leads_back(start, end)]
        ranks = dict(
            zip(
                (key for key, _, _ in ahead),
                lane_ranks([(start[0], end[0]) for _, start, end in ahead]),
                strict=True,
            )
        )
        box = self._turned(spot.box)
        # long edges and short ones share the lanes below the card, which end where the nearest card begins
        room = min((end[1] - start[1] for _, start, end in ahead), default=None)
        for key, start, end in found:
            rank, count = ranks.get(key, (0, 1))
            yield key, Ends(start, end, box, self._turned(self.spots[self.targets[key]].box), rank, count, room)

    def _start(self, key: EdgeKey) -> tuple[Point, ...]:
        """Where an edge leaves, in flow; for a row of a journey that flows down with the way around the corner."""
        spot = self.spots[key[0]]
        port = self._flow(*spot.port(key[1]))
        if self.right or not spot.shape.rows or key[1] not in spot.outlets:
            return (port,)
        out = port[0] + _ROW_OUT + _ROW_APART * (len(spot.outlets) - 1 - spot.outlets.index(key[1]))
        return (port, (out, port[1]), (out, spot.y + spot.shape.height))

    def _set_tracks(self, changed: set[EdgeKey]) -> set[EdgeKey]:
        """Lay edges that lead back side by side; those whose line is another one by it."""
        backs = [(way.side, _height(way), key) for key, way in self._ways.items() if way.side]
        taken: dict[int, list[tuple[float, float, float]]] = {-1: [], 1: []}
        found: set[EdgeKey] = set()
        for side, _, key in sorted(backs):
            way = self._ways[key]
            x, (top, foot) = way.points[2][0], sorted((way.points[2][1], way.points[3][1]))
            out = 0.0
            # the shortest is laid first and stays innermost; each further one goes outside those it runs beside
            while any(
                abs(x + side * out - other) < BACK_APART and top < below and above < foot
                for other, above, below in taken[side]
            ):
                out += BACK_APART
            taken[side].append((x + side * out, top, foot))
            line = self._line(key, shifted(way, out))
            if key in changed or self._lines.get(key) != line:
                self._lines[key] = line
                found.add(key)
        return found

    def _line(self, key: EdgeKey, way: Way) -> tuple[Point, ...]:
        points = straightened((*self._start(key)[:-1], *way.points))
        return tuple((y, x) for x, y in points) if self.right else points

    def _stir(self, box: Box) -> None:
        if not len(self._regions):
            return
        for key, _ in self._regions.near(box):
            self._stirred[key] = None

    def _turned(self, box: Box) -> Box:
        return box.turned() if self.right else box

    def _flow(self, x: float, y: float) -> Point:
        return (y, x) if self.right else (x, y)


def box_of(line: tuple[Point, ...]) -> Box:
    """The box around a line."""
    xs, ys = [x for x, _ in line], [y for _, y in line]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _moved(point: Point, x: float, y: float) -> Point:
    return point[0] + x, point[1] + y


def _height(way: Way) -> float:
    return abs(way.points[2][1] - way.points[3][1])
