"""Waits until a date, as the engine runs them: past dates, dates that change, clocks that are set."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.base.time import DAY, HOUR
from journeys.store import contacts, definitions
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.contracts import NewContract, add_contracts, change_contracts
from tests.engine.conftest import World, at, build
from tests.engine.test_trace import passage_of, sentences

LIST = ("trigger", {"on": {"type": "list"}})
TRIAL = {"type": "attribute", "attribute": "trial_ends"}
CONTRACT = {
    "on": {"type": "event", "event": "contract.added"},
    "subject": "contract",
}


def until(date: dict[str, Any], trigger: tuple[str, dict[str, Any]] = LIST, **more: Any) -> Any:
    """In, a wait until a date, and an exit for each outlet."""
    wait = {key: more.pop(key) for key in ("then", "late") if key in more}
    nodes = {
        "in": trigger,
        "wait": ("wait", {"rule": {"type": "date", "date": date} | more} | wait),
        "end": ("exit", {"reason": "in time"}),
        "gone": ("exit", {"reason": "gone by"}),
    }
    edges = [("in", "in", "wait"), ("wait", "done", "end"), ("wait", "already_past", "gone")]
    if "late" in wait and wait["late"].get("then") == "skip":
        edges.append(("wait", "too_late", "gone"))
    return build(nodes, edges)


@pytest.fixture
def trial(world: World) -> World:
    with world.store.write() as conn:
        define_attribute(conn, "trial_ends", "date")
    return world


def write(world: World, contact: int, value: Any, *, field: str = "trial_ends") -> None:
    with world.store.write() as conn:
        contacts.change(conn, [(contact, {field: value})], now=world.now, source="test")


def due(world: World) -> list[int | None]:
    return [passage["due_at"] for passage in world.passages()]


def test_E5_three_days_before_the_trial_ends(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-10")
    trial.publish(until(TRIAL, offset_days=-3, at="09:00"))
    trial.enroll([anna])
    trial.tick()
    assert due(trial) == [at("2026-03-07 09:00")]
    trial.tick(at("2026-03-07 09:00") - 1)
    assert trial.path(anna) == ["in:in"]
    trial.tick("2026-03-07 09:00")
    assert trial.path(anna) == ["in:in", "wait:done", "end:"]


def test_E5_trap_2_a_date_that_has_gone_by_takes_its_own_outlet(trial: World) -> None:
    past, today = trial.people(1, trial_ends="2026-03-01") + trial.people(1, trial_ends="2026-03-02")
    trial.publish(until(TRIAL, at="12:00"))
    trial.enroll([past, today])
    trial.tick("2026-03-02 12:00")
    assert trial.path(past) == ["in:in", "wait:already_past", "gone:"]
    assert trial.path(today) == ["in:in", "wait:done", "end:"], "the very second is not past"


def test_trap_2_without_a_date_too_and_the_trace_says_so(trial: World) -> None:
    (anna,) = trial.people(1)
    trial.publish(until(TRIAL))
    trial.enroll([anna])
    trial.tick()
    stay = passage_of(trial, anna).stays[1]
    assert (stay.outlet, sentences(stay)) == ("already past", ["There is no date to wait for."])


def test_the_trace_of_who_waits_says_for_which_date(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-10")
    trial.publish(until(TRIAL, offset_days=-3))
    trial.enroll([anna])
    trial.tick()
    assert sentences(passage_of(trial, anna).stays[-1]) == [
        "The date is 2026-03-10.",
        "That means 2026-03-07 09:00.",
        "If the date changes meanwhile, the wait follows it.",
    ]
    trial.tick("2026-03-07 09:00")
    assert sentences(passage_of(trial, anna).stays[1]) == ["The date is 2026-03-10.", "That means 2026-03-07 09:00."]


def test_the_wait_follows_a_date_that_is_put_off_or_brought_forward(trial: World) -> None:
    later, sooner = trial.people(2, trial_ends="2026-03-10")
    trial.publish(until(TRIAL))
    trial.enroll([later, sooner])
    trial.tick()
    trial.tick("2026-03-04 12:00")
    write(trial, later, "2026-03-20")
    write(trial, sooner, "2026-03-05")
    trial.tick()
    assert due(trial) == [at("2026-03-20 09:00"), at("2026-03-05 09:00")]
    trial.tick("2026-03-05 09:00")
    trial.tick("2026-03-10 09:00")
    assert trial.path(sooner) == ["in:in", "wait:done", "end:"]
    assert trial.path(later) == ["in:in"]


def test_a_new_date_that_has_gone_by_when_it_is_written_is_past(trial: World) -> None:
    moved, taken = trial.people(2, trial_ends="2026-03-10")
    trial.publish(until(TRIAL))
    trial.enroll([moved, taken])
    trial.tick()
    trial.tick("2026-03-06 12:00")
    write(trial, moved, "2026-03-05")
    write(trial, taken, None)
    trial.tick()
    assert trial.path(moved) == ["in:in", "wait:already_past", "gone:"]
    assert trial.path(taken) == ["in:in", "wait:already_past", "gone:"]


def test_whether_a_date_is_past_does_not_depend_on_when_somebody_looks(trial: World) -> None:
    """It was changed on the 6th to the 8th, and the computer slept until the 12th."""
    (anna,) = trial.people(1, trial_ends="2026-03-20")
    trial.publish(until(TRIAL))
    trial.enroll([anna])
    trial.tick()
    trial.now = at("2026-03-06 12:00")
    write(trial, anna, "2026-03-08")
    trial.now = at("2026-03-10 12:00")
    write(trial, anna, "Anna", field="first_name")
    trial.tick("2026-03-12 12:00")
    assert trial.path(anna) == ["in:in", "wait:done", "end:"]


def test_who_moves_to_another_zone_goes_by_its_clock(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-10")
    trial.publish(until(TRIAL))
    trial.enroll([anna])
    trial.tick()
    write(trial, anna, "America/New_York", field="time_zone")
    trial.tick()
    assert due(trial) == [at("2026-03-10 14:00")], "New York set its clock on 8 March"


def test_A4_days_before_the_contract_of_the_passage_ends_and_not_before_another_one(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(until({"type": "contract"}, ("trigger", CONTRACT), offset_days=-7))
    with world.store.write() as conn:
        definitions.define_product(conn, "stream-x", name="Stream X")
        add_contracts(conn, [NewContract(anna, "stream-x", "2026-01-01", "2026-12-31")], now=world.now - 1, source="test", quiet=True)  # type: ignore[arg-type]  # fmt: skip
        (ends,) = add_contracts(conn, [NewContract(anna, "stream-x", "2026-01-01", "2026-03-29")], now=world.now, source="test")  # fmt: skip
    world.tick()
    assert due(world) == [at("2026-03-22 09:00")]
    world.tick("2026-03-10 12:00")
    with world.store.write() as conn:
        change_contracts(conn, [(ends, {"end_on": "2026-04-30"})], now=world.now, source="test")
    world.tick()
    assert due(world) == [at("2026-04-23 09:00")], "renewed"


@pytest.mark.parametrize(("days", "expected"), [(-1, "2026-12-09 10:00"), (1, "2026-12-11 10:00")])
def test_E13_the_day_before_and_the_day_after_a_conference(world: World, days: int, expected: str) -> None:
    (anna,) = world.people(1)
    registered = ("trigger", {"on": {"type": "event", "event": "conference.registered"}, "subject": "event"})
    world.publish(until({"type": "event", "field": "starts"}, registered, offset_days=days, at=None))
    world.happened(anna, "conference.registered", starts="2026-12-10T10:00+01:00")
    world.tick()
    assert due(world) == [at(expected)]


def test_a_time_that_the_clock_skips_is_the_first_moment_after_the_gap(world: World) -> None:
    people = world.people(1) + world.people(1, time_zone="America/New_York")
    world.publish(until({"type": "day", "day": "2026-03-29"}, at="02:30"))
    world.enroll(people)
    world.tick()
    assert due(world) == [at("2026-03-29 03:00"), at("2026-03-29 08:30")]


def test_after_the_date_the_window_is_waited_for(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-07")
    trial.publish(until(TRIAL, then={"weekdays": ["mon"], "from": "08:00", "to": "10:00"}))
    trial.enroll([anna])
    trial.tick()
    assert due(trial) == [at("2026-03-09 08:00")]


def test_nothing_is_kept_of_a_wait_that_is_over(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-10")
    trial.publish(until(TRIAL))
    trial.enroll([anna])
    trial.tick()
    assert trial.passages()[0]["noted"] is not None
    trial.tick("2026-03-10 09:00")
    assert trial.passages()[0]["noted"] is None


# --- late ------------------------------------------------------------------------------------------------------------


def test_a_wait_that_is_late_goes_on_in_the_next_window(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-05")
    trial.publish(until(TRIAL, late={"then": "next window"}))
    trial.enroll([anna])
    trial.tick()
    trial.tick("2026-03-08 23:00")
    assert (trial.path(anna), due(trial)) == (["in:in"], [at("2026-03-09 09:00")])
    trial.tick("2026-03-09 09:00")
    assert trial.path(anna) == ["in:in", "wait:done", "end:"]


@pytest.mark.parametrize(("hours", "outlet"), [(24, "done"), (25, "too_late")])
def test_a_wait_that_is_late_by_more_than_it_may_takes_the_outlet_for_that(
    trial: World, hours: int, outlet: str
) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-05")
    trial.publish(until(TRIAL, late={"then": "skip", "by": {"amount": 24, "unit": "hours"}}))
    trial.enroll([anna])
    trial.tick()
    trial.tick(at("2026-03-05 09:00") + hours * HOUR)
    assert trial.path(anna)[1] == f"wait:{outlet}"


def test_a_wait_of_a_length_can_be_late_too(world: World) -> None:
    (anna,) = world.people(1)
    wait = {"rule": {"type": "duration", "amount": 1}, "late": {"then": "next window"}}
    nodes = {"in": LIST, "wait": ("wait", wait), "end": ("exit", {"reason": "in time"})}
    world.publish(build(nodes, [("in", "in", "wait"), ("wait", "done", "end")]))
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    world.tick(at("2026-03-03 12:00") + 3 * DAY + HOUR)
    assert due(world) == [at("2026-03-07 12:00")]
    world.tick("2026-03-07 12:00")
    assert world.path(anna)[1] == "wait:done"


def test_who_is_woken_late_is_still_as_late_as_they_were(trial: World) -> None:
    (anna,) = trial.people(1, trial_ends="2026-03-05")
    trial.publish(until(TRIAL, late={"then": "skip"}))
    trial.enroll([anna])
    trial.tick()
    trial.now = at("2026-03-09 12:00")
    write(trial, anna, "Anna", field="first_name")
    trial.tick()
    assert trial.path(anna)[1] == "wait:too_late"


def test_the_reason_of_a_past_date_is_counted(trial: World) -> None:
    people = trial.people(2)
    published = trial.publish(until(TRIAL))
    trial.enroll(people)
    trial.tick()
    with trial.store.read() as conn:
        rows = conn.execute(t.counter.select().where(t.counter.c.version == published.version)).all()
    assert [(row.outlet, row.reason, row.delta) for row in rows if row.node == "WAITAAAA"] == [
        ("already_past", "no date", 2)
    ]
