from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from journeys.graph.checks import Report, check
from journeys.graph.checks.around import Surroundings
from journeys.graph.journey import Journey
from journeys.graph.ways import Ways
from journeys.nodes.problem import Fix, Problem, Severity
from tests.graph.own_kinds import (
    KINDS,
    Again,
    Choose,
    End,
    Listen,
    Mail,
    Paper,
    Rest,
    Start,
    Win,
    drawn,
    ids,
    journeys,
    node_id,
)


def report(journey: Journey, **options: Any) -> Report:
    return check(journey, kinds=KINDS, **options)


def found(journey: Journey, name: str) -> list[Problem]:
    return [problem for problem in report(journey).problems if problem.check == name]


def only(journey: Journey, name: str) -> Problem:
    (problem,) = found(journey, name)
    return problem


def test_a_sound_journey_has_no_problems() -> None:
    journey = drawn({"in": Start(), "rest": Rest(), "end": End()}, "in:in>rest", "rest:done>end")
    assert report(journey).problems == ()


def test_a_journey_without_a_trigger_blocks() -> None:
    problem = only(drawn({"rest": Rest(), "end": End()}, "rest:done>end"), "no-trigger")
    assert (problem.severity, problem.nodes) == (Severity.BLOCKS, ())
    assert problem.sentence == "Nothing brings contacts into this journey. Add a trigger."


def test_without_a_trigger_not_every_node_is_called_unreachable() -> None:
    assert found(drawn({"rest": Rest(), "end": End()}, "rest:done>end"), "unreachable") == []


def test_an_empty_journey_only_lacks_a_trigger() -> None:
    assert [problem.check for problem in report(drawn({})).problems] == ["no-trigger"]


def test_a_node_nobody_can_come_to_warns() -> None:
    journey = drawn({"in": Start(), "end": End(), "lost": Rest(), "more": End()}, "in:in>end", "lost:done>more")
    assert [problem.nodes for problem in found(journey, "unreachable")] == [ids(["lost"]), ids(["more"])]
    assert found(journey, "unreachable")[0].fix == Fix("Remove it", "remove-node", {"node": node_id("lost")})


def test_notes_are_never_unreachable() -> None:
    assert report(drawn({"in": Start(), "end": End(), "note": Paper()}, "in:in>end")).problems == ()


def test_what_follows_only_the_second_outlet_of_a_node_that_is_off_is_unreachable() -> None:
    journey = drawn(
        {"in": Start(), "repeat": Again(), "end": End(), "late": End()},
        "in:in>repeat", "repeat:again>end", "repeat:enough>late",
    )  # fmt: skip
    journey.set_off(node_id("repeat"), True)
    assert only(journey, "unreachable").nodes == ids(["late"])


def test_D15_trap_10_an_open_outlet_of_a_split_blocks_and_names_the_outlet() -> None:
    journey = drawn(
        {"in": Start(), "mail": Mail(), "nps": Choose(between=("promoter", "no answer")), "end": End()},
        "in:in>mail", "mail:sent>nps", "nps:promoter>end",
    )  # fmt: skip
    problem = only(journey, "open-outlet")
    assert (problem.severity, problem.nodes, problem.field) == (Severity.BLOCKS, ids(["nps"]), "no answer")
    assert problem.sentence == "The outlet “no answer” leads nowhere: whoever takes it stops there."


def test_an_open_outlet_is_offered_the_way_to_the_first_exit() -> None:
    journey = drawn({"in": Start(), "ask": Choose(), "end": End()}, "in:in>ask", "ask:yes>end")
    assert only(journey, "open-outlet").fix == Fix(
        "Lead “no” to “End”",
        "connect",
        {"node": node_id("ask"), "outlet": "no", "target": node_id("end")},
    )


def test_a_node_after_which_nothing_comes_is_a_dead_end() -> None:
    problem = only(drawn({"in": Start(), "rest": Rest()}, "in:in>rest"), "dead-end")
    assert (problem.severity, problem.nodes) == (Severity.WARNS, ids(["rest"]))
    assert problem.sentence == "Nothing comes after this, and it is no end. Lead on, or end with an exit or a goal."


def test_a_send_after_which_nothing_comes_is_a_dead_end() -> None:
    assert only(drawn({"in": Start(), "mail": Mail()}, "in:in>mail"), "dead-end").nodes == ids(["mail"])


def test_an_edge_whose_outlet_is_gone_is_offered_the_only_free_one() -> None:
    journey = drawn(
        {"in": Start(), "ask": Choose(between=("yes", "noo")), "end": End()},
        "in:in>ask", "ask:yes>end", "ask:no>end",
    )  # fmt: skip
    problem = only(journey, "orphaned-edge")
    assert problem.sentence == "The edge to “End” leaves from “no”, an outlet that is gone. The nearest is “noo”."
    assert problem.fix == Fix(
        "Let it leave from “noo”", "rename-outlet", {"node": node_id("ask"), "outlet": "no", "to": "noo"}
    )


def test_an_edge_whose_outlet_is_gone_is_offered_to_go_where_nothing_is_free() -> None:
    journey = drawn({"in": Start(), "end": End(), "other": End()}, "in:in>end", "in:gone>other")
    assert only(journey, "orphaned-edge").fix == Fix(
        "Remove the edge", "remove-edge", {"node": node_id("in"), "outlet": "gone"}
    )


def test_nobody_comes_by_an_edge_whose_outlet_is_gone() -> None:
    journey = drawn({"in": Start(), "end": End(), "other": End()}, "in:in>end", "in:gone>other")
    assert only(journey, "unreachable").nodes == ids(["other"])


def test_an_edge_into_a_trigger_blocks() -> None:
    journey = drawn({"in": Start(), "rest": Rest()}, "in:in>rest", "rest:done>in")
    assert only(journey, "wrong-target").sentence == (
        "An edge leads into the trigger “In”; contacts come in there, nobody is led there."
    )


def test_an_edge_to_a_note_blocks() -> None:
    journey = drawn({"in": Start(), "note": Paper()}, "in:in>note")
    assert only(journey, "wrong-target").nodes == ids(["in", "note"])


def test_an_unknown_kind_blocks_and_names_the_nearest() -> None:
    journey = drawn({"in": Start(), "odd": {"any": 1}}, "in:in>odd")
    journey.graph.nodes[node_id("odd")]["kind"] = "chose"
    problem = only(journey, "unknown-kind")
    assert problem.severity is Severity.BLOCKS
    assert problem.sentence == (
        "No installed package knows the kind “chose”. The nearest is “choose”. "
        "The node is kept as it is; install the package it comes from, or remove the node."
    )


def test_behind_an_unknown_kind_nothing_is_called_unreachable() -> None:
    assert found(drawn({"odd": {}, "end": End()}, "odd:out>end"), "unreachable") == []


@pytest.mark.parametrize("name", ["in", "ask", "end"])
def test_triggers_splits_and_ends_cannot_be_off(name: str) -> None:
    journey = drawn({"in": Start(), "ask": Choose(), "end": End()}, "in:in>ask", "ask:yes>end", "ask:no>end")
    journey.set_off(node_id(name), True)
    assert only(journey, "cannot-be-off").nodes == ids([name])


def test_settings_that_name_a_node_that_is_gone_block() -> None:
    journey = drawn(
        {"in": Start(), "listen": Listen(about="GONEAAAA"), "end": End()},
        "in:in>listen", "listen:answered>end", "listen:timeout>end",
    )  # fmt: skip
    problem = only(journey, "unknown-node")
    assert (problem.nodes, problem.field) == (ids(["listen"]), "about")
    assert problem.sentence == "The settings name the node GONEAAAA, which does not exist. Choose another."


def test_goals_nobody_can_reach_are_hinted_at() -> None:
    journey = drawn({"in": Start(), "end": End(), "win": Win()}, "in:in>end")
    assert only(journey, "goal-out-of-reach").severity is Severity.HINTS


def test_the_problems_of_the_nodes_themselves_are_in_the_report() -> None:
    journey = drawn({"in": Start(), "ask": Choose(), "end": End()}, "in:in>ask", "ask:yes>end", "ask:no>end")
    assert only(journey, "nothing-asked").nodes == ids(["ask"])


def test_what_blocks_comes_first_and_then_what_is_read_first() -> None:
    journey = drawn(
        {"in": Start(), "first": Choose(), "mail": Mail(), "second": Choose()},
        "in:in>first", "first:yes>mail", "mail:sent>second",
    )  # fmt: skip
    assert [(problem.check, problem.nodes) for problem in report(journey).problems] == [
        ("open-outlet", ids(["first"])),
        ("open-outlet", ids(["second"])),
        ("open-outlet", ids(["second"])),
        ("nothing-asked", ids(["first"])),
    ]


def test_without_a_catalogue_the_report_says_what_was_not_checked() -> None:
    (sentence,) = report(drawn({})).skipped
    assert sentence.startswith("Whether the templates, attributes, tags,")
    assert sentence.endswith("exist was not checked: no catalogue was given.")


# what nodes are told


def test_upstream_are_the_nodes_members_may_have_passed() -> None:
    journey = drawn(
        {"in": Start(), "mail": Mail(), "rest": Rest(), "aside": Rest(), "end": End()},
        "in:in>mail", "mail:sent>rest", "rest:done>end", "aside:done>end",
    )  # fmt: skip
    around = Surroundings(Ways(journey), node_id("rest"), None)
    assert {node for node, _settings in around.upstream()} == {*ids(["in", "mail"])}


def test_a_node_on_a_cycle_is_upstream_of_itself() -> None:
    journey = drawn({"in": Start(), "rest": Rest(), "mail": Mail()}, "in:in>rest", "rest:done>mail", "mail:sent>rest")
    around = Surroundings(Ways(journey), node_id("rest"), None)
    assert {node for node, _settings in around.upstream()} == {*ids(["in", "rest", "mail"])}


@given(journeys())
@settings(max_examples=60)
def test_upstream_is_what_walking_back_finds(journey: Journey) -> None:
    ways = Ways(journey)
    for node in ways.nodes:
        seen: set[str] = set()
        waiting = [node]
        while waiting:
            for source in ways.graph.predecessors(waiting.pop()):
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        assert set(ways.upstream(node)) == seen


@given(journeys())
@settings(max_examples=60)
def test_any_journey_can_be_checked(journey: Journey) -> None:
    for problem in report(journey).problems:
        assert problem.sentence
        assert all(node in journey for node in problem.nodes)
