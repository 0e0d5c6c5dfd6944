"""Automatic layout: cards in rows along the flow, so that edges are short, cross rarely and lead onwards.

Each connected part is laid out by itself after Sugiyama: edges that close a circle are put aside, nodes get rows by their
longest way from a start, long edges get a place in every row they pass, rows are ordered so that few edges cross, and
then moved as near to their neighbours as their order allows. Everything is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import networkx as nx

from journeys.graph.journey import Journey
from journeys.graph.layout_order import ordered
from journeys.graph.layout_rows import Row, Rows, rows_of
from journeys.graph.outline import reading_order

#: (width, height) of a card, in px at 100 %
Size = tuple[float, float]
Place = tuple[float, float]

#: px of the canvas's grid
GRID = 8
#: between rows; below a row with a split; for each further lane that edges of a split need there
ROW_GAP = 32
SPLIT_GAP = 48
LANE = 14
#: between cards of a row; beside an edge that passes a row
COLUMN_GAP = 24
PASS_GAP = 16
#: between parts that nothing connects: edges that lead back go round on the outside
PART_GAP = 64
#: where the input of a card stands in a left-right journey, and the height of a row of outlets there
_INPUT_FROM_TOP = 28
_OUTLET_ROW = 24
#: down and up in turn; more changes nothing to be seen in the samples
_SWEEPS = 6
#: outlets whose edges share the two lanes that `SPLIT_GAP` has room for
_OUTLETS_IN_SPLIT_GAP = 4


def lay_out(
    journey: Journey,
    sizes: Mapping[str, Size] | Callable[[str], Size],
    *,
    nodes: Collection[str] | None = None,
    anchor: str | None = None,
) -> dict[str, Place]:
    """Places (upper left corners) for the nodes, in the journey's direction. Notes and frames are left out.

    `nodes` lays out these alone and leaves out edges to others; nothing given: all. The `anchor` stays where it is;
    without one, the node that people read first. Two cards never overlap, and a node stands after all those that lead to
    it, unless they are in a circle.
    """
    size_of = sizes if callable(sizes) else sizes.__getitem__
    chosen = [
        node
        for node in reading_order(journey)
        if (nodes is None or node in nodes) and not journey.is_on_canvas_only(node)
    ]
    if not chosen:
        return {}
    flow = _Flow(journey, size_of)
    parts = [_Part.laid_out(flow, rows_of(journey, part)) for part in _connected(journey, chosen)]
    places = _put_together(parts)
    start = anchor if anchor in places else chosen[0]
    (x, y), (at_x, at_y) = flow.turned(places[start]), journey.place(start)
    found = {}
    for node, place in places.items():
        turned = flow.turned(place)
        found[node] = (turned[0] - x + at_x, turned[1] - y + at_y)
    return found


class _Flow:
    """Cards seen along the flow: `breadth` and `across` go over it, `depth` and `along` with it."""

    def __init__(self, journey: Journey, size_of: Callable[[str], Size]) -> None:
        self.is_down = journey.settings.direction == "down"
        self._size_of = size_of

    def breadth(self, node: str) -> float:
        return self._size_of(node)[0 if self.is_down else 1]

    def depth(self, node: str) -> float:
        return self._size_of(node)[1 if self.is_down else 0]

    def turned(self, place: Place) -> Place:
        """(across, along) as (x, y), and the other way round."""
        return place if self.is_down else (place[1], place[0])

    def inlet(self, node: str) -> float:
        """How far the input stands from the card's left or upper side."""
        return self.breadth(node) / 2 if self.is_down else min(_INPUT_FROM_TOP, self.breadth(node) / 2)

    def outlet(self, node: str, n: int, of: int) -> float:
        """The same for the n-th of so many outlets, counted from 0."""
        breadth = self.breadth(node)
        if self.is_down:
            return breadth * (n + 0.5) / of
        if of < 2:
            return min(_INPUT_FROM_TOP, breadth / 2)
        return max(0.0, breadth - _OUTLET_ROW * (of - n - 0.5))


@dataclass(slots=True)
class _Part:
    """A connected part, laid out from (0, 0) on."""

    #: (across, along)
    places: dict[str, Place]
    breadth: float
    depth: float

    @classmethod
    def laid_out(cls, flow: _Flow, rows: Rows) -> _Part:
        ordered(rows)
        across = _Across(flow, rows).places()
        places: dict[str, Place] = {}
        along = 0.0
        depth = 0.0
        for row in rows.rows:
            cards = [item for item in row if item in rows.cards]
            for node in cards:
                places[node] = (across[node], along)
            depth = max((flow.depth(node) for node in cards), default=0.0)
            along = _on_grid(along + depth + _gap_below(rows, row))
        least = min(place for place, _along in places.values())
        # the part as a whole keeps the fractions of a grid step in which its edges are straight
        least = math.floor(least / GRID) * GRID
        bottom = max(place[1] + flow.depth(node) for node, place in places.items())
        places = {node: (place[0] - least, place[1]) for node, place in places.items()}
        right = max(place[0] + flow.breadth(node) for node, place in places.items())
        return cls(places, right, bottom)


def _gap_below(rows: Rows, row: Row) -> float:
    most = max((len(rows.below[item]) for item in row), default=0)
    if most < 2:
        return ROW_GAP
    lanes = math.ceil(max(0, most - _OUTLETS_IN_SPLIT_GAP) / 2)
    return SPLIT_GAP + lanes * LANE


class _Across:
    """Where each item of the rows stands across the flow."""

    def __init__(self, flow: _Flow, rows: Rows) -> None:
        self._rows = rows
        breadth = {item: flow.breadth(item) if item in rows.cards else 0.0 for item in rows.below}
        inlet = {item: flow.inlet(item) if item in rows.cards else 0.0 for item in rows.below}
        #: left or upper side of each item
        self._at: dict[str, float] = {}
        #: how far the side of the item is from that of the item at its left, at the least
        self._apart: dict[str, float] = {}
        for row in rows.rows:
            for left, item in zip([None, *row], row, strict=False):
                gap = COLUMN_GAP if left in rows.cards and item in rows.cards else PASS_GAP
                self._apart[item] = 0.0 if left is None else breadth[left] + gap
        #: for a straight edge: (item above, how far its side is before this one's); and the same below
        self._above: dict[str, list[tuple[str, float]]] = {item: [] for item in rows.below}
        self._below: dict[str, list[tuple[str, float]]] = {item: [] for item in rows.below}
        for item, led in rows.below.items():
            for target, n in led:
                leaves = flow.outlet(item, n, rows.outlets[item]) if item in rows.cards else 0.0
                self._below[item].append((target, inlet[target] - leaves))
                self._above[target].append((item, leaves - inlet[target]))

    def places(self) -> dict[str, float]:
        for row in self._rows.rows:
            at = 0.0
            for item in row:
                at += self._apart[item]
                self._at[item] = at
        for n in range(_SWEEPS):
            if n % 2:
                for row in reversed(self._rows.rows):
                    self._settle(row, self._below)
            else:
                for row in self._rows.rows:
                    self._settle(row, self._above)
        for row in self._rows.rows:
            self._settle(row, self._above)
            self._to_whole_px(row)
        return self._at

    def _wished(self, item: str, neighbours: list[tuple[str, float]]) -> float:
        total = 0.0
        for other, offset in neighbours:
            total += self._at[other] + offset
        return total / len(neighbours)

    def _settle(self, row: Row, towards: dict[str, list[tuple[str, float]]]) -> None:
        """Bring every item as near to its neighbours as the order and the gaps allow, by least squares.

        Pooling adjacent violators: whoever would overlap becomes one block that stands at the mean of its wishes.
        """
        cards = self._rows.cards
        #: (sum of weighted wishes, sum of weights, number of items), as if all separations were taken out
        blocks: list[tuple[float, float, int]] = []
        offset = 0.0
        for item in row:
            offset += self._apart[item]
            neighbours = towards[item]
            if neighbours:
                place, weight = self._wished(item, neighbours), 1.0 if item in cards else 2.0
            else:
                place, weight = self._at[item], 0.1
            total, count = (place - offset) * weight, 1
            while blocks and blocks[-1][0] * weight >= total * blocks[-1][1]:
                before = blocks.pop()
                total, weight, count = before[0] + total, before[1] + weight, before[2] + count
            blocks.append((total, weight, count))
        items = iter(row)
        offset = 0.0
        for total, weight, count in blocks:
            for item in islice(items, count):
                offset += self._apart[item]
                self._at[item] = total / weight + offset

    def _to_whole_px(self, row: Row) -> None:
        """Whole pixels; on the grid where no straight edge from the row above would get a kink by it."""
        nearest = -math.inf
        for n, item in enumerate(row):
            above = self._above[item]
            is_straight = len(above) == 1 and abs(self._wished(item, above) - self._at[item]) < 0.5
            at = round(self._at[item]) if is_straight else round(self._at[item] / GRID) * GRID
            if n:
                nearest = self._at[row[n - 1]] + self._apart[item]
            self._at[item] = at if at >= nearest else math.ceil(nearest)


def _connected(journey: Journey, chosen: list[str]) -> Iterable[list[str]]:
    """The connected parts, each in the order of `chosen`."""
    position = {node: n for n, node in enumerate(chosen)}
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(chosen)
    graph.add_edges_from(
        (edge.source, edge.target) for edge in journey.edges() if {edge.source, edge.target} <= position.keys()
    )
    parts = [sorted(part, key=position.__getitem__) for part in nx.connected_components(graph)]
    return sorted(parts, key=lambda part: position[part[0]])


def _put_together(parts: list[_Part]) -> dict[str, Place]:
    """Parts side by side in their order, in as many shelves as make the whole about as broad as deep."""
    area = sum((part.breadth + PART_GAP) * (part.depth + PART_GAP) for part in parts)
    broadest = max(max(part.breadth for part in parts), 1.6 * math.sqrt(area))
    found: dict[str, Place] = {}
    across, along, deepest = 0.0, 0.0, 0.0
    for part in parts:
        if across and across + part.breadth > broadest:
            across, along, deepest = 0.0, _on_grid(along + deepest + PART_GAP), 0.0
        for node, (x, y) in part.places.items():
            found[node] = (x + across, y + along)
        across = _on_grid(across + part.breadth + PART_GAP)
        deepest = max(deepest, part.depth)
    return found


def _on_grid(value: float) -> float:
    """The next place on the grid that is not before."""
    return math.ceil(value / GRID) * GRID
