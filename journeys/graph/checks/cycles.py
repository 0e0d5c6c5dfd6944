"""Cycles that turn too fast, and cycles that would send for ever.

No cycle is listed for its own sake, since there can be exponentially many: a cycle lies inside one strong component,
and the fastest way round through a node is a shortest path by what the nodes rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import networkx as nx

from journeys.base.i18n import _
from journeys.base.time import DAY
from journeys.graph.ways import Way, Ways
from journeys.nodes.node import Family
from journeys.nodes.problem import Problem, Severity

#: titles told in a sentence; the problem names all nodes
_MOST_TOLD = 6


@dataclass(frozen=True, slots=True)
class Cycle:
    """A way round: the nodes in order, and the least time it takes."""

    nodes: tuple[str, ...]
    rests: int


def fast_cycles(ways: Ways) -> Iterator[Problem]:
    """Cycles without any wait block; others that can be gone round in less than a day warn.

    Each cycle found hides those that share a node with it, until it is mended.
    """
    found: set[str] = set()
    for cycle in cycles_below(ways, 1, lambda way: way.rests == 0 and not _is_wait(ways, way.source)):
        found.update(cycle.nodes)
        yield Problem(
            "cycle-without-wait",
            Severity.BLOCKS,
            cycle.nodes,
            _(
                "This goes round without a wait: {titles}. Members would turn in it until they are stopped. Add a wait."
            ).format(titles=told(ways, cycle.nodes)),
        )
    for cycle in cycles_below(ways, DAY, lambda way: way.source not in found):
        yield Problem(
            "cycle-too-fast",
            Severity.WARNS,
            cycle.nodes,
            _("This can be gone round in less than a day: {titles}. Let it rest for a day or longer.").format(
                titles=told(ways, cycle.nodes)
            ),
        )


def endless_sends(ways: Ways) -> Iterator[Problem]:
    """Cycles through a send on which no `repeat` counts.

    Only the outlet `again` counts; leaving by `enough` can go on for ever, and a repeat that is off counts nothing.
    """
    graph = _graph_of(ways, lambda way: not _counts(ways, way))
    for part in _parts(ways, graph):
        sends = [node for node in part if _is_send(ways, node)]
        if sends:
            nodes = _shortest_round(graph.subgraph(part), sends[0])
            yield Problem(
                "endless-sends",
                Severity.BLOCKS,
                nodes,
                _("This sends again and again without an end: {titles}. Put a repeat on the way round.").format(
                    titles=told(ways, nodes)
                ),
            )


def cycles_below(ways: Ways, limit: int, takes: Callable[[Way], bool]) -> Iterator[Cycle]:
    """Cycles of the ways taken that rest less than `limit` seconds; no two of them share a node.

    If there is such a cycle at all, one is found. A way that alone rests too long is on none of them, so that what is
    left of a sound journey has no cycles and costs one pass.
    """
    graph = _graph_of(ways, lambda way: way.rests < limit and takes(way))
    waiting = list(_parts(ways, graph))
    while waiting:
        part = waiting.pop(0)
        inside = graph.subgraph(part).copy()
        start = max(part, key=lambda node: inside.in_degree(node) * inside.out_degree(node))
        cycle = _fastest_round(inside, start, limit)
        if cycle is not None:
            yield cycle
        inside.remove_nodes_from([start] if cycle is None else cycle.nodes)
        waiting[:0] = _parts(ways, inside)


def told(ways: Ways, nodes: tuple[str, ...], *, is_round: bool = True) -> str:
    """“Ask → Listen → Ask”."""
    titles = [ways.journey.title(node) or node for node in nodes]
    if is_round:
        titles.append(titles[0])
    if len(titles) > _MOST_TOLD:
        titles[_MOST_TOLD - 2 : -1] = ["…"]
    return " → ".join(titles)


def _graph_of(ways: Ways, takes: Callable[[Way], bool]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(ways.nodes)
    for way in ways.ways:
        if takes(way):
            known = graph.get_edge_data(way.source, way.target)
            if known is None or way.rests < known["rests"]:
                graph.add_edge(way.source, way.target, rests=way.rests)
    return graph


def _parts(ways: Ways, graph: nx.DiGraph[str]) -> list[list[str]]:
    """Strong components that hold a cycle, and their nodes, in reading order."""
    parts = [
        sorted(part, key=ways.position.__getitem__)
        for part in nx.strongly_connected_components(graph)
        if len(part) > 1 or any(graph.has_edge(node, node) for node in part)
    ]
    return sorted(parts, key=lambda part: ways.position[part[0]])


def _fastest_round(graph: nx.DiGraph[str], start: str, limit: int) -> Cycle | None:
    # without a target it gives both tables; the stubs also tell of the case with one
    lengths, paths = cast(
        "tuple[dict[str, int], dict[str, list[str]]]",
        nx.single_source_dijkstra(graph, start, cutoff=limit, weight="rests"),
    )
    rounds = [
        (lengths[last] + graph.edges[last, start]["rests"], len(paths[last]), last)
        for last in graph.predecessors(start)
        if last in lengths
    ]
    rests, _length, last = min(rounds, default=(limit, 0, start))
    return Cycle(tuple(paths[last]), rests) if rests < limit else None


def _shortest_round(graph: nx.DiGraph[str], start: str) -> tuple[str, ...]:
    paths = cast("dict[str, list[str]]", nx.single_source_shortest_path(graph, start))
    shortest: list[str] = min((paths[last] for last in graph.predecessors(start)), key=len)
    return tuple(shortest)


def _counts(ways: Ways, way: Way) -> bool:
    settings = ways.settings(way.source)
    return settings is not None and settings.kind == "repeat" and way.outlet == "again" and ways.is_on(way.source)


def _is_wait(ways: Ways, node: str) -> bool:
    settings = ways.settings(node)
    return settings is not None and settings.family is Family.WAITS and ways.is_on(node)


def _is_send(ways: Ways, node: str) -> bool:
    settings = ways.settings(node)
    return settings is not None and settings.family is Family.SENDS and ways.is_on(node)
