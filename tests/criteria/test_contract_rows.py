"""Rows A2–A9 of the requirements: contracts, the same row, days counted inclusively."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from journeys.criteria import parse_criterion, resolved_day, words
from journeys.criteria.leaves.contract import ContractLeaf


def contract(**asked: Any) -> dict[str, Any]:
    return {"leaf": "contract", **asked}


def equals(value: int) -> dict[str, Any]:
    return {"op": "=", "value": value}


ENDING = contract(product="stream-x", end=equals(8), duration_days=equals(30))


@pytest.fixture
def people(base: Any) -> Any:
    for key in ("stream-x", "sport-y"):
        base.product(key)
    return base


def test_A2_criteria_of_one_leaf_speak_of_the_same_contract(people: Any) -> None:
    people.contact("Anna")
    people.contract("Anna", "stream-x", "2027-06-09", duration_days=30)
    people.contract("Anna", "sport-y", "2026-11-29", duration_days=365)
    assert people.matches(ENDING) == set()
    people.contract("Anna", "stream-x", "2026-11-29", duration_days=30)
    assert people.matches(ENDING) == {"Anna"}


def test_A3_a_contract_that_ends_today_is_active_and_one_that_ended_yesterday_is_not(people: Any) -> None:
    people.contact("Today")
    people.contact("Yesterday")
    people.contract("Today", "stream-x", "2026-11-22")
    people.contract("Yesterday", "stream-x", "2026-11-21")
    assert people.matches(contract(end={"op": ">=", "value": 1})) == {"Today"}
    assert people.matches(contract(end=equals(1))) == {"Today"}
    assert people.matches(contract(end=equals(0))) == {"Yesterday"}


def test_A4_trap_1_ends_in_seven_days_is_eight(people: Any) -> None:
    people.contact("Eight")
    people.contact("Seven")
    people.contract("Eight", "stream-x", "2026-11-29")
    people.contract("Seven", "stream-x", "2026-11-28")
    assert people.matches(contract(end=equals(8))) == {"Eight"}
    assert people.matches(contract(end=equals(7))) == {"Seven"}


def test_A4_the_day_is_the_workspaces_from_its_first_minute_to_its_last(people: Any, moment_at: Any) -> None:
    people.contact("Eight")
    people.contract("Eight", "stream-x", "2026-11-29")
    for clock, fit in (
        ("2026-11-21 23:59", set()),
        ("2026-11-22 00:00", {"Eight"}),
        ("2026-11-22 23:59", {"Eight"}),
        ("2026-11-23 00:00", set()),
    ):
        assert people.matches(contract(end=equals(8)), now=moment_at(clock)) == fit, clock


def test_A4_the_number_is_shown_as_a_day() -> None:
    today = date(2026, 11, 22)

    def day(end: dict[str, Any]) -> Any:
        leaf = parse_criterion(contract(end=end))
        assert isinstance(leaf, ContractLeaf)
        return resolved_day(leaf, today)

    assert day(equals(8)) == date(2026, 11, 29)
    assert day({"op": "between", "value": [2, 8]}) == (date(2026, 11, 23), date(2026, 11, 29))
    assert resolved_day(ContractLeaf(product="stream-x"), today) is None


def test_A5_the_concrete_product_is_asked_for(people: Any) -> None:
    people.contact("X")
    people.contact("Y")
    people.contract("X", "stream-x", "2026-12-31")
    people.contract("Y", "sport-y", "2026-12-31")
    assert people.matches(contract(product="stream-x", end={"op": ">=", "value": 1})) == {"X"}


def test_A6_a_contract_of_31_days_does_not_last_30(people: Any) -> None:
    people.contact("Thirty")
    people.contact("Month")
    people.contract("Thirty", "stream-x", "2026-12-31", duration_days=30)
    people.contract("Month", "stream-x", "2026-12-31", duration_days=31)
    assert people.matches(contract(duration_days=equals(30))) == {"Thirty"}


def test_A7_of_four_contracts_one_fits_all_three_criteria(people: Any) -> None:
    for name, product, end, duration in (
        ("right", "stream-x", "2026-11-29", 30),
        ("product", "sport-y", "2026-11-29", 30),
        ("end", "stream-x", "2026-11-30", 30),
        ("duration", "stream-x", "2026-11-29", 365),
    ):
        people.contact(name)
        people.contract(name, product, end, duration_days=duration)
    assert people.matches(ENDING) == {"right"}


def test_A8_cancelled_recurrence_is_off_now_and_was_on_at_first(people: Any) -> None:
    for name, now, initially, end in (
        ("cancelled", False, True, "2026-12-10"),
        ("never on", False, False, "2026-12-10"),
        ("still on", True, True, "2026-12-10"),
        ("ended", False, True, "2026-11-21"),
    ):
        people.contact(name)
        people.contract(name, "stream-x", end, duration_days=30, recurring_now=now, recurring_initially=initially)
    asked = contract(
        product="stream-x",
        end={"op": ">=", "value": 1},
        duration_days=equals(30),
        recurring_now=False,
        recurring_initially=True,
    )
    assert people.matches(asked) == {"cancelled"}


COUNTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({"op": "between", "value": [2, 8]}, {2, 7, 8}),
    ({"op": "=", "value": 8}, {8}),
    ({"op": ">=", "value": 8}, {8, 9}),
    ({"op": "<=", "value": 2}, {0, 1, 2}),
    ({"op": "<", "value": 2}, {0, 1}),
    ({"op": ">", "value": 8}, {9}),
    ({"op": "!=", "value": 8}, {0, 1, 2, 7, 9}),
]


def test_A9_operators_on_the_day_counter(people: Any) -> None:
    for counter in (0, 1, 2, 7, 8, 9):
        people.contact(str(counter))
        people.contract(str(counter), "stream-x", f"2026-11-{21 + counter}")
    for comparison, fit in COUNTERS:
        assert people.matches(contract(end=comparison)) == {str(counter) for counter in fit}, comparison


def test_a_contract_may_be_counted(people: Any) -> None:
    for name, contracts in (("none", 0), ("one", 1), ("two", 2)):
        people.contact(name)
        for _n in range(contracts):
            people.contract(name, "stream-x", "2026-12-10")
    assert people.matches(contract(count=equals(0))) == {"none"}
    assert people.matches(contract(count={"op": ">=", "value": 2})) == {"two"}
    assert people.matches({"none": [contract()]}) == {"none"}


def test_A13_the_contract_of_the_passage_alone_is_asked(people: Any) -> None:
    people.contact("Anna")
    lapsed = people.contract("Anna", "stream-x", "2026-12-10", recurring_now=False)
    people.contract("Anna", "sport-y", "2026-12-10", recurring_now=True)
    passage = people.enrollment("Anna", "2026-11-01 00:00", subject_kind="contract", subject_id=lapsed)
    assert people.passages(contract(recurring_now=True)) == {passage}
    assert people.passages(contract(recurring_now=True, scope={"type": "subject"})) == set()
    assert people.passages(contract(recurring_now=False, scope={"type": "subject"})) == {passage}


def test_a_contract_started_so_many_days_ago(people: Any) -> None:
    for name, start in (("future", "2026-11-23"), ("today", "2026-11-22"), ("old", "2026-11-01")):
        people.contact(name)
        people.contract(name, "stream-x", "2027-11-29", start_on=start)
    assert people.matches(contract(started_days_ago={"op": "<=", "value": 7})) == {"today"}
    assert people.matches(contract(started_days_ago={"op": ">=", "value": 7})) == {"old"}
    assert people.matches(contract(started_days_ago=equals(0))) == {"today"}


def test_the_trace_shows_the_contract_and_its_counter(people: Any) -> None:
    people.contact("Anna")
    people.contract("Anna", "stream-x", "2026-11-28", duration_days=30, recurring_initially=True)
    (seen,) = people.explained(ENDING, "Anna")
    assert not seen.holds
    assert seen.observed == (
        "“stream-x”, 30 days until 2026-11-28 (counter 7), "
        "does not renew automatically now, renewed automatically at first"
    )


def test_contract_words() -> None:
    assert words(parse_criterion(ENDING)) == (
        "has a contract: product “stream-x”, ends on the day with counter 8 (today is 1), lasts 30 days"
    )
    assert words(parse_criterion(contract(end={"op": ">=", "value": 1}))) == "has a contract: active today"
