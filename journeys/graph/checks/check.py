"""All checks of a journey, run together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.graph.checks import cap as caps
from journeys.graph.checks import criteria, cycles, jumps, paths
from journeys.graph.checks import kinds as kinds_of_nodes
from journeys.graph.checks.around import Surroundings
from journeys.graph.checks.arrivals import JumpsInto
from journeys.graph.journey import Journey, references_of
from journeys.graph.settings import Cap
from journeys.graph.ways import Ways
from journeys.nodes.node import Kinds
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.registry import kinds as registered_kinds

_ORDER = {Severity.BLOCKS: 0, Severity.WARNS: 1, Severity.HINTS: 2}


@dataclass(frozen=True, slots=True)
class Report:
    """What checking found."""

    #: what blocks first, then by where people read
    problems: tuple[Problem, ...]
    #: sentences about checks that could not be made
    skipped: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[Problem, ...]:
        """Problems that keep the journey from being published without a typed reason."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.BLOCKS)


def check(
    journey: Journey,
    catalogue: Catalogue | None = None,
    *,
    cap: Cap | None = None,
    kinds: Kinds | None = None,
    others: Mapping[str, Journey] | None = None,
) -> Report:
    """Every problem of a journey, seen against the outside where a catalogue is given.

    `cap` is the workspace's frequency cap; the journey's own goes before it. `kinds` are those registered unless
    given; they only serve to name the nearest one for an unknown kind. `others` are the journeys that jumps may
    lead to or come from, by id.
    """
    ways = Ways(journey)
    cap = journey.settings.policies.cap or cap
    found = [
        *paths.no_trigger(ways),
        *paths.unreachable(ways),
        *paths.open_outlets(ways),
        *paths.orphaned_edges(ways),
        *paths.wrong_targets(ways),
        *paths.goal_out_of_reach(ways),
        *cycles.fast_cycles(ways),
        *cycles.endless_sends(ways),
        *kinds_of_nodes.unknown_kinds(ways, registered_kinds() if kinds is None else kinds),
        *kinds_of_nodes.cannot_be_off(ways),
        *kinds_of_nodes.unknown_nodes(ways),
        *jumps.unknown_journeys(ways, catalogue),
        *jumps.rounds_over_journeys(ways, others or {}),
        *criteria.of_the_journey(ways, catalogue),
        *criteria.passages_in_triggers(ways),
        *(caps.nearer_than_cap(ways, cap) if cap is not None else ()),
        *_of_the_nodes(ways, catalogue, JumpsInto(ways, others or {})),
    ]
    found.sort(key=lambda problem: (_ORDER[problem.severity], _position(ways, problem), problem.check))
    return Report(tuple(found), tuple(_skipped(journey, catalogue)))


def _of_the_nodes(ways: Ways, catalogue: Catalogue | None, jumps: JumpsInto) -> Iterator[Problem]:
    """What the nodes themselves find, also where they are off: they may be switched on again."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if settings is not None:
            yield from settings.problems(Surroundings(ways, node, catalogue, jumps))


def _position(ways: Ways, problem: Problem) -> int:
    return min((ways.position.get(node, len(ways.position)) for node in problem.nodes), default=-1)


def _skipped(journey: Journey, catalogue: Catalogue | None) -> Iterator[str]:
    if catalogue is None:
        yield _(
            "Whether the templates, attributes, tags, segments, purposes, programmes, surveys, stages, senders and journeys it names exist was not checked: no catalogue was given."
        )
    elif catalogue.secrets is None and (
        named := sorted({key for kind, key in references_of(journey) if kind == "secret"})
    ):
        yield _("Whether there are the secrets it names was not checked, for want of a keyring: {secrets}.").format(
            secrets=", ".join(named)
        )
