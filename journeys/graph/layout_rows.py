"""Layout, first half: which row every node stands in, and where long edges pass the rows between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from journeys.graph.journey import Journey

#: ids of nodes, and of places where an edge passes
Row = list[str]
#: places for long edges, for each node of the journey: a journey with more has its longest edges go where there is room
_MOST_PASSES = 3


@dataclass(slots=True)
class Rows:
    """The rows of one connected part. An item is a node or the place where an edge passes a row."""

    rows: list[Row]
    #: items that are nodes
    cards: set[str]
    #: item → (item one row above, number of the outlet there)
    above: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    #: item → (item one row below, number of the own outlet)
    below: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    #: how many outlets an item has
    outlets: dict[str, int] = field(default_factory=dict)


def rows_of(journey: Journey, nodes: list[str]) -> Rows:
    """The rows of a connected part, whose nodes are given in the order in which people read them."""
    numbers = {node: _outlet_numbers(journey, node) for node in nodes}
    edges = _onwards(journey, nodes, numbers)
    rank = _ranks(nodes, edges)
    rows = Rows([[] for _row in range(max(rank.values()) + 1)], set(nodes))
    for node in nodes:
        rows.rows[rank[node]].append(node)
        rows.above[node], rows.below[node] = [], []
        rows.outlets[node] = max(1, len(numbers[node]))
    _connect(rows, edges, rank)
    return rows


#: (source, number of the outlet, target)
_Edge = tuple[str, int, str]


def _outlet_numbers(journey: Journey, node: str) -> dict[str, int]:
    """Outlets from left to right; those that are gone come last."""
    settings = journey.node(node)
    known = [outlet.id for outlet in settings.outlets()] if settings is not None else []
    led = sorted(edge.outlet for edge in journey.edges_from(node))
    return {outlet: n for n, outlet in enumerate(dict.fromkeys([*known, *led]))}


def _onwards(journey: Journey, nodes: list[str], numbers: dict[str, dict[str, int]]) -> list[_Edge]:
    """Edges between the nodes without those that lead back to where the way came from."""
    inside = set(nodes)
    leading = {
        node: sorted(
            (numbers[node][edge.outlet], edge.target)
            for edge in journey.edges_from(node)
            if edge.target in inside and edge.target != node
        )
        for node in nodes
    }
    kept: list[_Edge] = []
    open_, done = set[str](), set[str]()
    for start in nodes:
        if start in done:
            continue
        open_.add(start)
        # not by recursion: a chain of some thousand nodes is deeper than Python goes
        way = [(start, iter(leading[start]))]
        while way:
            node, rest = way[-1]
            for number, target in rest:
                if target in open_:
                    continue
                kept.append((node, number, target))
                if target not in done:
                    open_.add(target)
                    way.append((target, iter(leading[target])))
                    break
            else:
                way.pop()
                open_.discard(node)
                done.add(node)
    return kept


def _ranks(nodes: list[str], edges: list[_Edge]) -> dict[str, int]:
    """The row of each node: one below the lowest of those that lead to it; what starts stands near what it leads to."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for source, _number, target in edges:
        after[source].append(target)
        before[target].append(source)
    missing = {node: len(before[node]) for node in nodes}
    order = [node for node in nodes if not missing[node]]
    rank = dict.fromkeys(nodes, 0)
    for node in order:
        for target in after[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    #: starts, and what only a chain from a start leads to
    loose: set[str] = set()
    for node in order:
        if all(source in loose and len(after[source]) == 1 for source in before[node]):
            loose.add(node)
    for node in reversed(order):
        if node in loose and after[node]:
            rank[node] = min(rank[target] for target in after[node]) - 1
    return rank


def _connect(rows: Rows, edges: Iterable[_Edge], rank: dict[str, int]) -> None:
    """Lead every edge from row to row; the longest ones are left out where there are too many."""
    left = _MOST_PASSES * len(rows.cards)
    for n, (source, number, target) in sorted(
        enumerate(edges), key=lambda numbered: (rank[numbered[1][2]] - rank[numbered[1][0]], numbered[0])
    ):
        passed = range(rank[source] + 1, rank[target])
        if len(passed) > left:
            continue
        left -= len(passed)
        here, outlet = source, number
        for between in passed:
            item = f"{n}/{between}"
            rows.rows[between].append(item)
            rows.above[item], rows.below[item], rows.outlets[item] = [], [], 1
            _join(rows, here, outlet, item)
            here, outlet = item, 0
        _join(rows, here, outlet, target)


def _join(rows: Rows, upper: str, outlet: int, lower: str) -> None:
    rows.below[upper].append((lower, outlet))
    rows.above[lower].append((upper, outlet))
