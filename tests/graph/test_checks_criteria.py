from __future__ import annotations

from typing import Any

import pytest

from journeys.base.catalogue import Catalogue
from journeys.graph.checks import check
from journeys.graph.journey import Journey
from journeys.nodes.exit import Exit
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.trigger import Trigger
from tests.graph.own_kinds import drawn, ids


def journey(*, only: dict[str, Any] | None = None, **settings: Any) -> Journey:
    trigger = Trigger.model_validate({"on": {"type": "event", "event": "purchase.made"}, "only": only})
    return drawn({"in": trigger, "end": Exit(reason="done")}, "in:in>end", **settings)


def only_problem(made: Journey, catalogue: Catalogue | None = None) -> Problem:
    (problem,) = check(made, catalogue).problems
    return problem


@pytest.mark.parametrize("field", ["exit_when", "goal"])
def test_an_unknown_tag_in_the_journeys_own_criteria_blocks_and_names_the_nearest(field: str) -> None:
    problem = only_problem(journey(**{field: {"leaf": "tag", "tag": "vpi"}}), Catalogue(tags=frozenset({"vip"})))
    assert (problem.check, problem.severity, problem.nodes, problem.field) == (
        "unknown-tag", Severity.BLOCKS, (), f"{field}.tag",
    )  # fmt: skip
    assert problem.fix == Fix("Use “vip”", "set-journey", {"field": f"{field}.tag", "value": "vip"})
    assert problem.sentence == "There is no tag “vpi”. The nearest is “vip”."


def test_a_goal_nobody_can_reach_warns_with_the_reason() -> None:
    problem = only_problem(
        journey(goal={"all": [{"leaf": "tag", "tag": "a"}, {"none": [{"leaf": "tag", "tag": "a"}]}]})
    )
    assert (problem.check, problem.severity, problem.field) == ("never-true", Severity.WARNS, "goal")
    assert problem.sentence.startswith("Nobody can ever reach the goal. These exclude each other:")


def test_a_goal_that_speaks_of_a_node_that_is_gone_blocks() -> None:
    problem = only_problem(journey(goal={"leaf": "journey", "node": "GONEAAAA"}))
    assert problem.sentence == "The goal speaks of the node GONEAAAA, which does not exist. Choose another."


def test_a_window_shorter_than_a_day_in_a_goal_blocks() -> None:
    goal = {"leaf": "event", "event": "page.visited", "scope": {"type": "last", "amount": 2, "unit": "hours"}}
    problem = only_problem(journey(goal=goal))
    assert (problem.check, problem.severity) == ("short-window", Severity.BLOCKS)


def test_a_trigger_cannot_ask_about_a_passage() -> None:
    problem = only_problem(journey(only={"leaf": "purchase", "scope": {"type": "since entry"}}))
    assert (problem.check, problem.severity, problem.nodes) == ("passage-in-trigger", Severity.BLOCKS, ids(["in"]))
    assert problem.sentence == (
        "Nobody is in the journey yet when this is asked: at least 1 order (since entry). "
        "Ask it in a condition behind the trigger."
    )


def test_keys_are_not_looked_up_without_a_catalogue() -> None:
    assert check(journey(goal={"leaf": "tag", "tag": "vpi"})).problems == ()
