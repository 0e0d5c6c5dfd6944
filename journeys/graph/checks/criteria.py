"""The criteria of the journey itself, and what may not be asked where there is no passage yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import DAY
from journeys.criteria import (
    AnyCriterion,
    dump_criterion,
    leaves,
    never_true,
    nodes_mentioned,
    references,
    shortest_window,
    with_default_scope,
)
from journeys.criteria.scope import OfSubject
from journeys.graph.names import JourneyNames
from journeys.graph.ways import Ways
from journeys.nodes.checks import unknown_keys
from journeys.nodes.places import places
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.trigger import Trigger


def of_the_journey(ways: Ways, catalogue: Catalogue | None) -> Iterator[Problem]:
    """What is wrong with `exit_when` and `goal`."""
    settings = ways.journey.settings
    for field, criterion in (("exit_when", settings.exit_when), ("goal", settings.goal)):
        if criterion is not None:
            for problem in _of_one(ways, criterion, field, catalogue):
                yield replace(problem, field=problem.field or field)


def _of_one(ways: Ways, criterion: AnyCriterion, field: str, catalogue: Catalogue | None) -> Iterator[Problem]:
    written = {field: dump_criterion(criterion)}
    yield from unknown_keys(references(criterion), catalogue, nodes=(), settings=lambda: written, act="set-journey")
    for node in nodes_mentioned(criterion):
        if node not in ways.journey:
            sentence = (
                _("When members leave speaks of the node {node}, which does not exist. Choose another.")
                if field == "exit_when"
                else _("The goal speaks of the node {node}, which does not exist. Choose another.")
            )
            place = next(places(written, "node", node), "")
            yield Problem("unknown-node", Severity.BLOCKS, (), sentence.format(node=node), field=place)
    # asked as the engine asks it
    why = never_true(with_default_scope(criterion, "since entry"), catalogue, JourneyNames(ways.journey, catalogue))
    if why is not None:
        sentence = (
            _("Nobody ever leaves by the journey's own rule. {why}")
            if field == "exit_when"
            else _("Nobody can ever reach the goal. {why}")
        )
        yield Problem(
            "never-true",
            Severity.WARNS,
            (),
            sentence.format(why=why),
            fix=Fix(_("Remove the rule"), "set-journey", {"field": field, "value": None}),
        )
    window = shortest_window(criterion)
    if window is not None and window < DAY:
        yield Problem(
            "short-window",
            Severity.BLOCKS,
            (),
            _("A window shorter than a day stands where time is looked at once a day. Make it a day or longer."),
        )


def passages_in_triggers(ways: Ways) -> Iterator[Problem]:
    """What a trigger asks is asked before there is a passage; only what the trigger matched, its subject, is known."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if not isinstance(settings, Trigger) or settings.only is None:
            continue
        names = JourneyNames(ways.journey)
        for leaf in leaves(settings.only):
            of_subject = settings.subject is not None and isinstance(getattr(leaf, "scope", None), OfSubject)
            if leaf.needs_passage() and not of_subject:
                yield Problem(
                    "passage-in-trigger",
                    Severity.BLOCKS,
                    (node,),
                    _(
                        "Nobody is in the journey yet when this is asked: {leaf}. Ask it in a condition behind the trigger."
                    ).format(leaf=leaf.words(names)),
                    field="only",
                )
