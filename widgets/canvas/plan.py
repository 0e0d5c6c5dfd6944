"""Where everything on the canvas is: boxes of cards and lines of edges, kept in step with each other.

No Qt and no journey: whoever follows a document tells it what stands where and what leads where, and asks afterwards
which lines are other ones. The answer depends on what is there alone, never on the order in which it came.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from widgets.canvas.grid import Box, Grid
from widgets.canvas.lanes import Lanes
from widgets.canvas.remembered import Laid, Remembered
from widgets.canvas.routing import (
    CLEAR,
    Ends,
    Point,
    Way,
    input_offsets,
    is_free,
    lane_ranks,
    leads_back,
    route,
    shifted,
    straight_offsets,
    straightened,
)
from widgets.canvas.shapes import PARALLEL, Shape
from widgets.canvas.tracks import tracks

#: node and outlet
EdgeKey = tuple[str, str]

#: how far the edges of rows lead out to the side before they go down
_ROW_OUT, _ROW_APART = 12, 6
#: room that edges coming in leave to the corners of a card, by direction
_CORNER_ROOM_DOWN, _CORNER_ROOM_RIGHT = 24, 10
_FAR = 1e9


@dataclass(frozen=True, slots=True)
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
        #: by how much the long piece of an edge that leads back is outside of where it would be alone
        self._out: dict[EdgeKey, float] = {}
        #: edges that lead forward with an upright piece between two lanes, turned so that this is a lane
        self._columns: Lanes[EdgeKey] = Lanes(self._is_free_turned, self._uprights_in)
        self._winding: dict[EdgeKey, None] = {}
        self._lanes: Lanes[EdgeKey] = Lanes(self._is_free)
        self._lines: dict[EdgeKey, tuple[Point, ...]] = {}
        #: nodes whose edges away, or whose edges in, may have other ends
        self._touched_from: dict[str, None] = {}
        self._touched_into: dict[str, None] = {}
        #: boxes of cards that came or went; edges that looked there are to be led anew
        self._stirred: list[Box] = []
        self._gone: dict[EdgeKey, None] = {}
        #: what stands there, as a number: two plans in which the same was told have the same
        self._print = 0
        self._settled_print = 0
        self._remembered: Remembered[EdgeKey] = Remembered()
        #: of the settling under way: what each edge was before
        self._before: dict[EdgeKey, Laid | None] | None = None

    # telling

    def put(self, node: str, spot: Spot) -> None:
        """A card is there, or elsewhere, or has another shape."""
        before = self.spots.get(node)
        if before == spot:
            return
        self.spots[node] = spot
        self._print ^= hash((node, spot)) ^ (hash((node, before)) if before is not None else 0)
        box = self._turned(spot.box)
        old = self._turned(before.box) if before is not None else None
        if old != box:
            if old is not None:
                self._stirred.append(old)
            self._stirred.append(box)
            self._boxes.put(node, box)
        self._touched_from[node] = self._touched_into[node] = None

    def take(self, node: str) -> None:
        """A card is gone, and edges from it and into it with it. Nothing happens where there is none."""
        spot = self.spots.pop(node, None)
        if spot is None:
            return
        for key in (*self._from.get(node, ()), *self._into.get(node, ())):
            self.open(key)
        self._print ^= hash((node, spot))
        self._stirred.append(self._turned(spot.box))
        self._boxes.take(node)
        self._touched_from.pop(node, None)
        self._touched_into.pop(node, None)

    def lead(self, key: EdgeKey, target: str) -> None:
        """An outlet leads to a node."""
        if self.targets.get(key) == target:
            return
        self.open(key)
        self.targets[key] = target
        self._print ^= hash((key, target))
        self._from.setdefault(key[0], {})[key] = None
        self._into.setdefault(target, {})[key] = None
        self._touched_from[key[0]] = self._touched_into[target] = None
        self._gone.pop(key, None)

    def open(self, key: EdgeKey) -> None:
        """An outlet leads nowhere. Nothing happens where it did not."""
        target = self.targets.pop(key, None)
        if target is None:
            return
        self._print ^= hash((key, target))
        del self._from[key[0]][key]
        del self._into[target][key]
        self._touched_from[key[0]] = self._touched_into[target] = None
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
        gone = {key for key in self._gone if key in self._lines}
        if not (self._touched_from or self._touched_into or self._stirred or gone):
            self._gone = {}
            return set(), set()
        was, now = self._settled_print, self._print
        self._settled_print = now
        known = self._remembered.get(was, now)
        if known is not None:
            changed = self._recall(known)
        else:
            # of the first, which lays everything, nothing is kept
            self._before = {} if self._lines else None
            changed = self._work_out(gone)
            if self._before:
                self._remembered.add(was, now, self._before, {key: self._laid(key) for key in self._before})
            self._before = None
        self._touched_from, self._touched_into, self._stirred, self._gone = {}, {}, [], {}
        return changed, gone

    def _work_out(self, gone: set[EdgeKey]) -> set[EdgeKey]:
        """Lay all edges that may have changed; returns those with another line."""
        stirred: dict[EdgeKey, None] = {}
        if len(self._regions):
            for box in self._stirred:
                stirred.update((key, None) for key, _ in self._regions.near(box))
        looked: list[Box] = []
        for key in gone:
            self._note(key)
            looked.append(self._ways[key].region)
            self._forget(key)
        for key in self._sources_to_look_at():
            stirred[key] = None
        backs = bool(gone)
        anew: set[EdgeKey] = set()
        for key in stirred:
            if key not in self.targets:
                continue
            before = self._ways.get(key)
            way = route(self._ends[key], self._boxes.boxes_near)
            if before is None or way != before:
                self._note(key)
                if before is not None:
                    looked.append(before.region)
                looked.append(way.region)
                self._regions.put(key, way.region)
                self._ways[key] = way
                backs = backs or way.side != 0 or (before is not None and before.side != 0)
            anew.add(key)
        moved = self._set_tracks() if backs else set()
        looked.extend(self._ways[key].region for key in moved)
        moved |= self._set_columns(anew, looked)
        for key in anew | moved:
            self._lanes.put(key, self._base(key), of=_ranked_with(key, self._ways[key]))
        changed: set[EdgeKey] = set()
        for key in anew | moved | self._lanes.part(self._note):
            line = self._line(key, self._lanes.points(key))
            if self._lines.get(key) != line:
                self._note(key)
                self._lines[key] = line
                changed.add(key)
        return changed

    def _sources_to_look_at(self) -> Iterator[EdgeKey]:
        """Set the ends of edges that may have others now; yields those that have.

        A card that moves gives other offsets to edges into its targets, and other lanes to those of its sources; only
        sources with an edge that comes in elsewhere by it are looked at (undo of 100 nodes: 37 → 30 ms).
        """
        into: dict[str, None] = {node: None for node in self._touched_into if self._into.get(node)}
        sources: dict[str, None] = {node: None for node in self._touched_from if self._from.get(node)}
        for node in self._touched_from:
            if node in self._touched_into:
                into.update((self.targets[key], None) for key in self._from.get(node, ()))
        for target in into:
            is_placed = target in self._touched_from
            for key, offset in self._offsets(target):
                if self._in_at.get(key) != offset:
                    self._note(key)
                    self._in_at[key] = offset
                    sources[key[0]] = None
                elif is_placed:
                    sources[key[0]] = None
        for source in sources:
            for key, found in self._ends_of(source):
                if found != self._ends.get(key):
                    self._note(key)
                    self._ends[key] = found
                    yield key

    # what was there before

    def _note(self, key: EdgeKey) -> None:
        """Keep what an edge was before the settling under way."""
        if self._before is not None and key not in self._before:
            self._before[key] = self._laid(key)

    def _laid(self, key: EdgeKey) -> Laid | None:
        if key not in self._lines:
            return None
        way = self._ways[key]
        aside, moved = self._columns.moved(key), self._lanes.moved(key)
        return Laid(self._in_at[key], self._ends[key], way, self._out.get(key, 0), aside, moved, self._lines[key])

    def _recall(self, known: Mapping[EdgeKey, Laid | None]) -> set[EdgeKey]:
        """Lay edges as they were when the same stood there; returns those with another line."""
        changed = set()
        for key, laid in known.items():
            if laid is None:
                self._forget(key)
                continue
            if laid.line != self._lines.get(key):
                changed.add(key)
            self._in_at[key], self._ends[key], self._ways[key] = laid.in_at, laid.ends, laid.way
            self._lines[key] = laid.line
            self._out.pop(key, None)
            if laid.out:
                self._out[key] = laid.out
            self._regions.put(key, laid.way.region)
            if laid.way.side == 0 and len(laid.way.points) > 4:
                self._winding[key] = None
                self._columns.restore(key, _turned(laid.way.points), laid.aside, of=key)
            elif key in self._winding:
                del self._winding[key]
                self._columns.take(key)
            self._lanes.restore(key, self._base(key), laid.moved, of=_ranked_with(key, laid.way))
        return changed

    def _forget(self, key: EdgeKey) -> None:
        self._in_at.pop(key, None)
        self._ends.pop(key, None)
        self._ways.pop(key, None)
        self._out.pop(key, None)
        self._lines.pop(key, None)
        self._regions.take(key)
        self._lanes.take(key)
        if key in self._winding:
            del self._winding[key]
            self._columns.take(key)

    def _is_free_turned(self, key: EdgeKey, points: tuple[Point, ...]) -> bool:
        return self._is_free(key, _turned(points))

    def _is_free(self, key: EdgeKey, points: tuple[Point, ...]) -> bool:
        """Whether an edge could go there without passing a card."""
        return is_free(points, self._boxes.boxes_near(box_of(points).grown(CLEAR)), self._ends[key])

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
        offsets = input_offsets(froms, middle=middle, room=room, apart=PARALLEL)
        return zip(keys, straight_offsets(offsets, [x - middle for x in froms], room=room), strict=True)

    def _ends_of(self, source: str) -> Iterator[tuple[EdgeKey, Ends]]:
        """What the edges of a node run between, with their lanes."""
        box = self._turned(self.spots[source].box)
        found: list[tuple[EdgeKey, Point, Point]] = []
        for key in self._from[source]:
            target = self.spots[self.targets[key]]
            x, y = self._flow(*_moved(target.shape.input(), target.x, target.y))
            found.append((key, self._start(key)[-1], (x + self._in_at[key], y)))
        if len(found) == 1:
            ((key, start, end),) = found
            room = None if leads_back(start, end) else end[1] - start[1]
            yield key, Ends(start, end, box, self._turned(self.spots[self.targets[key]].box), 0, 1, room)
            return
        ahead = [(key, start, end) for key, start, end in found if not leads_back(start, end)]
        ranks = dict(
            zip(
                (key for key, _, _ in ahead),
                lane_ranks([(start[0], end[0]) for _, start, end in ahead]),
                strict=True,
            )
        )
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

    def _set_tracks(self) -> set[EdgeKey]:
        """Lay edges that lead back side by side; those that are further outside, or further inside, by it."""
        found: set[EdgeKey] = set()
        outs = tracks(self._ways)
        for key in {*self._out, *outs}:
            out = outs.get(key, 0.0)
            if self._out.get(key, 0.0) == out:
                continue
            self._note(key)
            found.add(key)
            if out:
                self._out[key] = out
            else:
                del self._out[key]
        return found

    def _set_columns(self, anew: Collection[EdgeKey], looked: Collection[Box]) -> set[EdgeKey]:
        """Move upright pieces between two lanes off those of other edges; returns those that are elsewhere by it."""
        for key in anew:
            way = self._ways[key]
            if way.side == 0 and len(way.points) > 4:
                self._winding[key] = None
            elif key in self._winding:
                self._note(key)
                del self._winding[key]
                self._columns.take(key)
        if not self._winding:
            return set()
        beside = {key for box in looked for key, _ in self._regions.near(box) if key in self._winding}
        for key in beside.union(key for key in anew if key in self._winding):
            self._columns.put(key, _turned(self._ways[key].points), of=key)
        return self._columns.part(self._note)

    def _base(self, key: EdgeKey) -> tuple[Point, ...]:
        """The way of an edge before its lanes are parted from others."""
        if key in self._winding:
            return _turned(self._columns.points(key))
        return shifted(self._ways[key], self._out.get(key, 0)).points

    def _uprights_in(self, key: EdgeKey, box: Box) -> Iterator[float]:
        """The x of upright pieces of other edges that never move; the box is turned."""
        area = box.turned()
        for other, _ in self._regions.near(area):
            if other == key:
                continue
            points = shifted(self._ways[other], self._out.get(other, 0)).points
            for n, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
                inner = other in self._winding and 0 < n < len(points) - 2
                is_beside = area.left < x0 < area.right and min(y0, y1) < area.bottom and area.top < max(y0, y1)
                if x0 == x1 and is_beside and not inner:
                    yield x0

    def _line(self, key: EdgeKey, points: tuple[Point, ...]) -> tuple[Point, ...]:
        points = straightened((*self._start(key)[:-1], *points))
        return _turned(points) if self.right else points

    def _turned(self, box: Box) -> Box:
        return box.turned() if self.right else box

    def _flow(self, x: float, y: float) -> Point:
        return (y, x) if self.right else (x, y)


def box_of(line: tuple[Point, ...]) -> Box:
    """The box around a line."""
    (left, top), (right, bottom) = line[0], line[-1]
    if left > right:
        left, right = right, left
    if top > bottom:
        top, bottom = bottom, top
    for x, y in line[1:-1]:
        left, right = min(left, x), max(right, x)
        top, bottom = min(top, y), max(bottom, y)
    return Box(left, top, right, bottom)


def _turned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return tuple((y, x) for x, y in points)


def _ranked_with(key: EdgeKey, way: Way) -> Hashable:
    """Edges that lead forward from one card have lanes of their own already."""
    return key if way.side else key[0]


def _moved(point: Point, x: float, y: float) -> Point:
    return point[0] + x, point[1] + y
