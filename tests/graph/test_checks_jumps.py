from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.graph.checks import check
from journeys.graph.doors import door_of
from journeys.graph.journey import Journey
from tests.engine.conftest import build, node_id

LIST = ("trigger", {"on": {"type": "list"}})
ALWAYS = {"rule": "always"}
SEND = ("send", {"template": "hello", "message_class": "service"})


def days(n: int) -> tuple[str, dict[str, Any]]:
    return ("wait", {"rule": {"type": "duration", "amount": n, "unit": "days"}})


def jumping(id_: str, target: str, *between: tuple[str, dict[str, Any]], re_entry: dict[str, Any] = ALWAYS) -> Journey:
    """A journey of a trigger, some nodes in a row, and a jump."""
    names = [f"n{n}" for n in range(len(between))]
    nodes = {"in": LIST, **dict(zip(names, between, strict=True)), "jump": ("jump", {"journey": target})}
    outlets = {"trigger": "in", "send": "sent", "wait": "done", "repeat": "again"}
    row = list(nodes)
    edges = [(one, outlets[nodes[one][0]], after) for one, after in itertools.pairwise(row)]
    return build(nodes, edges, id=id_, name=id_.title(), re_entry=re_entry)


def found(journey: Journey, *others: Journey) -> dict[str, str]:
    report = check(journey, others={one.settings.id: one for one in others})
    return {one.check: one.severity for one in report.problems if one.check.startswith("jump-")}


def test_a_journey_that_is_not_published_blocks_and_names_the_nearest() -> None:
    report = check(jumping("a", "resignatoin"), Catalogue(journeys=frozenset({"resignation"})))
    (problem,) = [one for one in report.problems if one.check == "unknown-journey"]
    assert (problem.nodes, problem.sentence) == (
        (node_id("jump"),),
        "There is no journey “resignatoin”. The nearest is “resignation”.",
    )


def test_a_journey_may_jump_to_itself_before_it_is_published() -> None:
    report = check(jumping("a", "a", days(2)), Catalogue())
    assert "unknown-journey" not in {one.check for one in report.problems}


def test_a_round_over_two_journeys_that_never_rests_blocks() -> None:
    assert found(jumping("a", "b"), jumping("b", "a")) == {"jump-too-fast": "blocks"}


def test_a_round_that_rests_less_than_a_day_warns_and_one_of_a_day_does_not() -> None:
    hours = ("wait", {"rule": {"type": "duration", "amount": 23, "unit": "hours"}})
    assert found(jumping("a", "b", hours), jumping("b", "a")) == {"jump-too-fast": "warns"}
    assert found(jumping("a", "b", days(1)), jumping("b", "a")) == {}


@pytest.mark.parametrize("others", [[jumping("b", "a", SEND)], [jumping("b", "c"), jumping("c", "a", SEND)]])
def test_a_round_that_sends_blocks_however_long_it_rests(others: Sequence[Journey]) -> None:
    target = others[0].settings.id
    assert found(jumping("a", target, days(30)), *others) == {"jump-sends-for-ever": "blocks"}


def test_a_repeat_counts_one_passage_and_does_not_end_a_round_over_journeys() -> None:
    repeat = ("repeat", {"at_most": 1})
    assert found(jumping("a", "b", days(30), SEND, repeat), jumping("b", "a")) == {"jump-sends-for-ever": "blocks"}


def test_a_journey_that_is_entered_only_once_ends_the_round() -> None:
    once = {"rule": "never"}
    assert found(jumping("a", "b", SEND, re_entry=once), jumping("b", "a")) == {}
    assert found(jumping("a", "b", SEND), jumping("b", "a", re_entry=once)) == {}


def test_days_between_entries_count_as_rest() -> None:
    monthly = {"rule": "after days", "days": 30}
    assert found(jumping("a", "b"), jumping("b", "a", re_entry=monthly)) == {}


def test_a_jump_that_leads_to_no_round_is_sound() -> None:
    assert found(jumping("a", "b", SEND), jumping("b", "c"), build({"in": LIST}, [], id="c")) == {}


def test_a_round_that_does_not_lead_back_here_is_not_told_here() -> None:
    assert found(jumping("a", "b"), jumping("b", "c", SEND), jumping("c", "b")) == {}


def test_a_journey_that_jumps_to_itself_is_a_round() -> None:
    assert found(jumping("a", "a", SEND)) == {"jump-sends-for-ever": "blocks", "jump-too-fast": "blocks"}


def test_who_jumps_comes_in_by_the_list_else_by_the_first_trigger() -> None:
    event = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
    both = build({"one": event, "two": LIST}, [])
    assert door_of(both) == node_id("two")
    assert door_of(build({"one": event}, [])) == node_id("one")
    assert door_of(build({"exit": ("exit", {"reason": "done"})}, [])) is None


# --- what members bring along ---------------------------------------------------------------------------------------

ABOUT_CONTRACTS = Catalogue(templates={"hello": TemplateEntry(subjects=frozenset({"contract"}))})
CONTRACT = ("trigger", {"on": {"type": "event", "event": "contract.added"}, "subject": "contract"})


def telling(trigger: Any = LIST) -> Journey:
    """A journey that sends a message about a contract."""
    return build({"in": trigger, "tell": SEND, "exit": ("exit", {"reason": "x"})},
                 [("in", "in", "tell"), ("tell", "sent", "exit")], id="tell", name="Tell")  # fmt: skip


def without(journey: Journey, *others: Journey) -> list[str]:
    report = check(journey, ABOUT_CONTRACTS, others={one.settings.id: one for one in others})
    return [one.sentence for one in report.problems if one.check == "subject-missing"]


def sending_on(id_: str, trigger: Any, target: str = "tell") -> Journey:
    return build(
        {"in": trigger, "jump": ("jump", {"journey": target})}, [("in", "in", "jump")], id=id_, name=id_.title()
    )


def test_who_jumps_in_brings_what_the_passage_was_about() -> None:
    assert without(telling(), sending_on("a", CONTRACT)) == []


def test_a_journey_that_sends_on_who_is_about_nothing_is_named() -> None:
    assert without(telling(), sending_on("a", CONTRACT), sending_on("b", LIST)) == [
        "“hello” speaks of a contract, and who jumps here from “B” is about none."
    ]


def test_what_is_brought_along_comes_over_several_journeys() -> None:
    assert without(telling(), sending_on("a", LIST), sending_on("b", CONTRACT, "a")) == []


def test_journeys_that_jump_to_each_other_bring_what_comes_in_from_outside() -> None:
    back = build({"in": CONTRACT, "by": LIST, "jump": ("jump", {"journey": "tell"})},
                 [("in", "in", "jump"), ("by", "in", "jump")], id="a", name="A")  # fmt: skip
    assert without(telling(), back, sending_on("b", LIST, "a")) == [
        "“hello” speaks of a contract, and who jumps here from “A” is about none."
    ]


def test_a_list_that_nobody_jumps_to_brings_nothing() -> None:
    assert without(telling(), sending_on("a", CONTRACT, "elsewhere")) == [
        "“hello” speaks of a contract, and who comes in by “in” is about none."
    ]


def test_a_trigger_of_another_family_brings_its_own_beside_the_jumps() -> None:
    visits = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
    assert without(telling(visits), sending_on("a", CONTRACT)) == [
        "“hello” speaks of a contract, and who comes in by “in” is about none."
    ]
