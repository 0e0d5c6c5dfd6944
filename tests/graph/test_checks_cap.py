from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.base.time import DAY
from journeys.graph.checks import check
from journeys.graph.checks.cap import nearer_than_cap
from journeys.graph.journey import Journey
from journeys.graph.settings import Cap
from journeys.graph.ways import Ways
from journeys.nodes.problem import Problem, Severity
from tests.graph.own_kinds import KINDS, Choose, Mail, Rest, Start, drawn, ids, node_id, tangles


def near(journey: Journey, at_most: int, within_days: int) -> list[Problem]:
    return list(nearer_than_cap(Ways(journey), Cap(at_most=at_most, within_days=within_days)))


def two_mails(seconds: int) -> Journey:
    return drawn(
        {"in": Start(), "one": Mail(), "rest": Rest(seconds=seconds), "two": Mail()},
        "in:in>one", "one:sent>rest", "rest:done>two",
    )  # fmt: skip


def test_two_sends_within_the_days_of_a_cap_of_one_warn() -> None:
    (problem,) = near(two_mails(3 * DAY), 1, 7)
    assert (problem.check, problem.severity, problem.nodes) == (
        "nearer-than-cap", Severity.WARNS, ids(["one", "two"]),
    )  # fmt: skip
    assert problem.sentence == (
        "2 marketing messages can go out within 7 days, more than the cap of 1 allows: One → Two. "
        "The last one would be held or skipped."
    )


def test_two_sends_as_far_apart_as_the_cap_asks_are_sound() -> None:
    assert near(two_mails(7 * DAY), 1, 7) == []


def test_a_cap_of_two_takes_two_sends() -> None:
    assert near(two_mails(3 * DAY), 2, 7) == []


def test_a_service_message_counts_against_no_cap() -> None:
    journey = two_mails(3 * DAY)
    journey.set_settings(node_id("two"), Mail(message_class="service"))
    assert near(journey, 1, 7) == []


def test_a_send_that_comes_round_too_soon_is_near_to_itself() -> None:
    journey = drawn({"mail": Mail(), "rest": Rest(seconds=DAY)}, "mail:sent>rest", "rest:done>mail")
    assert near(journey, 1, 7)[0].nodes == ids(["mail"])


def test_sends_on_two_branches_are_not_one_after_the_other() -> None:
    journey = drawn({"ask": Choose(), "one": Mail(), "two": Mail()}, "ask:yes>one", "ask:no>two")
    assert near(journey, 1, 7) == []


def test_the_cap_of_the_journey_goes_before_that_of_the_workspace() -> None:
    journey = two_mails(3 * DAY)
    generous = journey.settings.model_copy(
        update={"policies": journey.settings.policies.model_copy(update={"cap": Cap(at_most=5, within_days=7)})}
    )
    workspace = Cap(at_most=1, within_days=7)
    assert "nearer-than-cap" in {problem.check for problem in check(journey, kinds=KINDS, cap=workspace).problems}
    journey.settings = generous
    assert "nearer-than-cap" not in {problem.check for problem in check(journey, kinds=KINDS, cap=workspace).problems}


@given(tangles(), st.integers(1, 3), st.sampled_from([1, 2]))
@settings(max_examples=100)
def test_runs_of_sends_are_those_that_trying_all_finds(journey: Journey, at_most: int, within_days: int) -> None:
    ways = Ways(journey)
    sends = [node for node in ways.nodes if isinstance(ways.settings(node), Mail) and not journey.is_off(node)]
    far = 10**9
    # least rest from node to node, by at least one way
    least = dict.fromkeys(itertools.product(ways.nodes, repeat=2), far)
    for way in ways.ways:
        least[way.source, way.target] = min(least[way.source, way.target], way.rests)
    for middle, first, last in itertools.product(ways.nodes, repeat=3):
        least[first, last] = min(least[first, last], least[first, middle] + least[middle, last])
    expected = {
        run[0]
        for run in itertools.product(sends, repeat=at_most + 1)
        if sum(least[pair] for pair in itertools.pairwise(run)) < within_days * DAY
    }
    found = nearer_than_cap(ways, Cap(at_most=at_most, within_days=within_days))
    assert {problem.nodes[0] for problem in found} == expected
