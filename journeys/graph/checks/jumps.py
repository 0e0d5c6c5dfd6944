"""Jumps to other journeys: journeys that are not there, and ways round that lead over several journeys.

A `repeat` counts one passage, and each time round is a new one: it does not end a way round over journeys. A journey that
nobody may enter twice does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import networkx as nx

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import DAY
from journeys.graph.doors import door_of
from journeys.graph.journey import Journey
from journeys.graph.ways import Ways
from journeys.nodes.checks import unknown_keys
from journeys.nodes.jump import Jump
from journeys.nodes.node import Family
from journeys.nodes.problem import Problem, Severity

#: (id of the journey, id of the node)
Place = tuple[str, str]


def jumps_of(journey: Journey) -> dict[str, str]:
    """Node → id of the journey that it jumps to."""
    return {
        id_: node.journey
        for id_ in journey.node_ids()
        if isinstance(node := journey.node(id_), Jump) and node.journey is not None
    }


def unknown_journeys(ways: Ways, catalogue: Catalogue | None) -> Iterator[Problem]:
    """Jumps to journeys that are not published; to itself a journey may jump before it is."""
    own = ways.journey.settings.id
    for node, target in jumps_of(ways.journey).items():
        if target != own:
            settings = partial(ways.journey.raw_settings, node)
            yield from unknown_keys([("journey", target)], catalogue, nodes=(node,), settings=settings)


def rounds_over_journeys(ways: Ways, others: Mapping[str, Journey]) -> Iterator[Problem]:
    """Jumps of this journey that lie on a way back to themselves: one that sends, or that rests less than a day."""
    own = ways.journey.settings.id
    jumps = jumps_of(ways.journey)
    if not jumps:
        return
    world = _World({**others, own: ways.journey}, own, ways)
    for node in jumps:
        place = (own, node)
        if not world.graph.has_node(place):
            continue
        part = next(part for part in world.parts if place in part)
        if not any(world.graph.has_edge(place, other) for other in part):
            continue
        names = ", ".join(
            _("“{journey}”").format(journey=world.journeys[key].settings.name)
            for key in sorted({key for key, _n in part})
        )
        if any(world.sends(one) for one in part):
            yield Problem(
                "jump-sends-for-ever",
                Severity.BLOCKS,
                (node,),
                _(
                    "This leads round over {journeys} and sends again and again without an end. Let one of them be entered only once."
                ).format(journeys=names),
                field="journey",
            )
        if (rests := world.least_round(place)) is not None and rests < DAY:
            yield Problem(
                "jump-too-fast",
                Severity.WARNS if rests else Severity.BLOCKS,
                (node,),
                _(
                    "This leads round over {journeys} in less than a day. Let it rest for a day or longer, or let one of them be entered only once."
                ).format(journeys=names),
                field="journey",
            )


class _World:
    """The journeys that can be reached from one by jumps, as one graph; edge attribute `rests` in seconds."""

    def __init__(self, journeys: Mapping[str, Journey], start: str, ways: Ways) -> None:
        self.journeys = journeys
        self._ways: dict[str, Ways] = {start: ways}
        self.graph: nx.DiGraph[Place] = nx.DiGraph()
        waiting = [start]
        while waiting:
            key = waiting.pop()
            for one in self._ways[key].ways:
                self._connect((key, one.source), (key, one.target), one.rests)
            for node, target in jumps_of(journeys[key]).items():
                if target not in journeys or node not in self._ways[key].reached:
                    continue
                if target not in self._ways:
                    self._ways[target] = Ways(journeys[target])
                    waiting.append(target)
                door, rule = door_of(journeys[target]), journeys[target].settings.re_entry
                if door is not None and rule.rule != "never":
                    gap = rule.days * DAY if rule.rule == "after days" else 0
                    self._connect((key, node), (target, door), gap)
        self.parts = list(nx.strongly_connected_components(self.graph))

    def _connect(self, source: Place, target: Place, rests: int) -> None:
        known = self.graph.get_edge_data(source, target)
        if known is None or rests < known["rests"]:
            self.graph.add_edge(source, target, rests=rests)

    def sends(self, place: Place) -> bool:
        key, node = place
        settings = self._ways[key].settings(node)
        return settings is not None and settings.family is Family.SENDS and self._ways[key].is_on(node)

    def least_round(self, place: Place) -> int | None:
        """Seconds that a way from a place back to itself rests at least; None where there is none."""
        lengths: dict[Place, float] = nx.single_source_dijkstra_path_length(self.graph, place, weight="rests")
        rounds = [
            int(lengths[last]) + self.graph.edges[last, place]["rests"]
            for last in self.graph.predecessors(place)
            if last in lengths
        ]
        return min(rounds, default=None)
