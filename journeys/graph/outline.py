"""The order in which people read a journey: from the triggers along the outlets, each node once."""

from __future__ import annotations

from journeys.graph.journey import Journey
from journeys.nodes.node import Family


def reading_order(journey: Journey) -> tuple[str, ...]:
    """All node ids: triggers as they stand on the canvas, each followed by what its outlets lead to, then the rest."""
    order: dict[str, None] = {}
    for start in starts(journey):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node in order:
                continue
            order[node] = None
            waiting.extend(reversed(targets(journey, node)))
    return tuple(order)


def starts(journey: Journey) -> tuple[str, ...]:
    """Triggers, then nodes nothing leads to, then all others; notes and frames last; each by place."""
    places = {node: _place(journey, node) for node in journey.node_ids()}

    def rank(node: str) -> int:
        settings = journey.node(node)
        if settings is not None and settings.family is Family.COMES_IN:
            return 0
        if settings is not None and settings.family is Family.CANVAS:
            return 3
        return 1 if journey.graph.in_degree(node) == 0 else 2

    return tuple(sorted(places, key=lambda node: (rank(node), places[node], node)))


def targets(journey: Journey, node: str) -> list[str]:
    """Where a node leads to, in the order of its outlets; what leaves by outlets that are gone comes last."""
    settings = journey.node(node)
    known = {outlet.id: n for n, outlet in enumerate(settings.outlets())} if settings is not None else {}
    edges = sorted(journey.edges_from(node), key=lambda edge: (known.get(edge.outlet, len(known)), edge.outlet))
    return [edge.target for edge in edges]


def _place(journey: Journey, node: str) -> tuple[float, float]:
    x, y = journey.place(node)
    return (y, x) if journey.settings.direction == "down" else (x, y)
