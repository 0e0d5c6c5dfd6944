"""Triggers that a day of the workspace sets off: inactivity, the calendar, anniversaries of what happened."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from journeys.base.time import DAY, moment
from journeys.store import tables as t
from journeys.store.definitions import define_tag
from tests.engine.conftest import WARSAW, World, at, build

EXIT = ("exit", {"reason": "finished"})


def journey(on: dict[str, Any], *, re_entry: str = "always", **trigger: Any) -> Any:
    return build(
        {"in": ("trigger", {"on": on} | trigger), "exit": EXIT}, [("in", "in", "exit")], re_entry={"rule": re_entry}
    )


def live(world: World, *days: str) -> list[str]:
    """Tick at midnight and at nine of each day; the moments at which passages ended."""
    for day in days:
        world.tick(at(f"{day} 00:00"))
        world.tick(at(f"{day} 09:00"))
    return ended(world)


def ended(world: World) -> list[str]:
    return [f"{moment(one['ended_at'], WARSAW):%Y-%m-%d %H:%M}" for one in world.passages() if one["ended_at"]]


# --- inactivity ------------------------------------------------------------------------------------------------------

FIVE_DAYS = {"type": "inactivity", "events": ["page.visited"], "days": 5}


def test_D16_five_days_without_a_visit_bring_in_on_the_fifth_day_and_once(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    world.happened(anna, "page.visited")
    world.publish(journey(FIVE_DAYS))
    assert live(world, *(f"2026-11-{day}" for day in range(21, 30))) == ["2026-11-25 09:00"]


def test_D16_who_came_back_is_not_inactive_and_counts_from_the_new_visit(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    world.happened(anna, "page.visited")
    world.publish(journey(FIVE_DAYS))
    live(world, "2026-11-21", "2026-11-22")
    world.happened(anna, "page.visited", when=at("2026-11-24 23:59"))
    assert live(world, *(f"2026-11-{day}" for day in range(25, 31))) == ["2026-11-29 09:00"]


def test_inactivity_that_was_slept_through_is_made_up_for_as_of_its_day(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    world.happened(anna, "page.visited")
    world.publish(journey(FIVE_DAYS, at_most_late_days=3))
    world.tick("2026-11-27 10:00")
    (passage,) = world.passages()
    assert (passage["since_at"], passage["entered_at"]) == (at("2026-11-25 00:00"), at("2026-11-27 10:00"))


def test_inactivity_that_was_slept_through_for_too_long_is_over(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    world.happened(anna, "page.visited")
    world.publish(journey(FIVE_DAYS, at_most_late_days=1))
    world.tick("2026-11-27 10:00")
    assert world.passages() == []


@pytest.mark.parametrize(("existing", "who"), [(False, []), (True, [0])])
def test_who_is_inactive_for_longer_already_comes_in_only_where_that_is_said(
    world: World, existing: bool, who: list[int]
) -> None:
    people = world.people(2)
    world.now = at("2026-11-20 12:00")
    world.happened(people[0], "page.visited", when=at("2026-10-01 12:00"))
    world.happened(people[1], "page.visited", when=at("2026-11-19 12:00"))
    world.publish(journey(FIVE_DAYS, existing=existing))
    world.tick()
    assert [one["contact"] for one in world.passages()] == [people[n] for n in who]


# --- anniversaries -----------------------------------------------------------------------------------------------


def bought(world: World, who: int, when: str) -> int:
    with world.store.write() as conn:
        return int(
            conn.execute(
                insert(t.purchase)
                .values(contact=who, at=at(when), total=100, currency="PLN")
                .returning(t.purchase.c.id)
            ).scalar_one()
        )


FIRST_ORDER = {"type": "date", "date": {"type": "first purchase"}, "yearly": True}


def test_C10_the_anniversary_of_the_first_order(world: World) -> None:
    (anna,) = world.people(1)
    first = bought(world, anna, "2025-03-04 18:00")
    bought(world, anna, "2025-06-01 18:00")
    world.now = at("2026-03-01 12:00")
    world.publish(journey(FIRST_ORDER, subject="purchase"))
    assert live(world, *(f"2026-03-0{day}" for day in range(2, 7))) == ["2026-03-04 09:00"]
    assert [(one["subject_kind"], one["subject_id"]) for one in world.passages()] == [("purchase", first)]


@pytest.mark.parametrize(("rule", "day"), [("28 Feb", "2026-02-28"), ("1 Mar", "2026-03-01")])
def test_C10_trap_11_an_order_of_29_february_is_remembered_by_the_rule(world: World, rule: str, day: str) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2024-02-29 12:00")
    world.now = at("2026-02-20 12:00")
    world.publish(journey(FIRST_ORDER | {"leap_day": rule}))
    assert live(world, "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02") == [f"{day} 09:00"]


def test_C10_the_anniversary_of_the_last_order_moves_with_every_order(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2024-03-04 18:00")
    bought(world, anna, "2025-03-06 18:00")
    world.now = at("2026-03-01 12:00")
    world.publish(journey(FIRST_ORDER | {"date": {"type": "last purchase"}}))
    assert live(world, *(f"2026-03-0{day}" for day in range(2, 9))) == ["2026-03-06 09:00"]


def test_days_after_the_first_event_of_a_kind(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    for hour in (0, 1):
        world.happened(anna, "trial.started", when=world.now + hour * DAY)  # type: ignore[arg-type]
    on = {"type": "date", "date": {"type": "first event", "event": "trial.started"}, "offset_days": 3}
    world.publish(journey(on))
    assert live(world, *(f"2026-11-{day}" for day in range(21, 28))) == ["2026-11-23 09:00"]


# --- the calendar ----------------------------------------------------------------------------------------------------


def calendar(rule: str, starts_on: str = "2026-01-01", **on: Any) -> dict[str, Any]:
    return {"type": "schedule", "rule": rule, "starts_on": starts_on} | on


def test_every_monday_brings_in_whoever_is_in_the_audience(world: World) -> None:
    anna, _jan = world.people(2)
    with world.store.write() as conn:
        define_tag(conn, "vip")
        conn.execute(insert(t.contact_tag).values(contact=anna, tag="vip", added_at=0))
    world.now = at("2026-11-20 12:00")
    world.publish(journey(calendar("FREQ=WEEKLY;BYDAY=MO"), only={"leaf": "tag", "tag": "vip"}))
    found = live(world, *(f"2026-11-{day}" for day in range(21, 31)))
    assert found == ["2026-11-23 09:00", "2026-11-30 09:00"]
    assert {one["contact"] for one in world.passages()} == {anna}


def test_trap_1_the_calendar_keeps_to_the_workspaces_clock_across_the_change(world: World) -> None:
    world.people(1, time_zone="America/New_York")
    world.now = at("2026-03-27 12:00")
    world.publish(journey(calendar("FREQ=DAILY", at="02:30")))
    for day in (28, 29, 30):
        world.tick(at(f"2026-03-{day} 00:00"))
        world.tick(at(f"2026-03-{day} 04:00"))
    due = [one["since_at"] for one in world.passages()]
    assert due == [at(f"2026-03-{day} 00:00") for day in (28, 29, 30)]
    # the beats at 4:00 came after each, in the night without 2:30 too
    assert ended(world) == [f"2026-03-{day} 04:00" for day in (28, 29, 30)]


def test_missed_days_of_the_calendar_are_made_up_for_as_far_back_as_the_trigger_allows(world: World) -> None:
    world.people(1)
    world.now = at("2026-11-20 12:00")
    world.publish(journey(calendar("FREQ=DAILY"), at_most_late_days=2))
    world.tick("2026-11-26 10:00")
    assert [one["since_at"] for one in world.passages()] == [at(f"2026-11-{day} 00:00") for day in (24, 25, 26)]


def test_an_hour_of_the_calendar_that_was_over_at_publishing_does_not_flood_in(world: World) -> None:
    world.people(1)
    world.now = at("2026-11-20 12:00")
    world.publish(journey(calendar("FREQ=DAILY")))
    world.tick()
    assert world.passages() == []


def test_an_hour_of_the_calendar_that_was_over_at_publishing_counts_where_that_is_said(world: World) -> None:
    world.people(1)
    world.now = at("2026-11-20 12:00")
    world.publish(journey(calendar("FREQ=DAILY"), existing=True))
    world.tick()
    assert (world.came_at_once, len(world.passages())) == (1, 1)


def test_two_triggers_of_one_day_let_a_contact_in_once(world: World) -> None:
    world.people(1)
    world.now = at("2026-11-20 12:00")
    world.publish(
        build(
            {
                "in": ("trigger", {"on": calendar("FREQ=DAILY")}),
                "too": ("trigger", {"on": calendar("FREQ=DAILY", at="10:00")}),
                "exit": EXIT,
            },
            [("in", "in", "exit"), ("too", "in", "exit")],
            re_entry={"rule": "never"},
        )
    )
    world.tick("2026-11-21 12:00")
    assert len(world.passages()) == 1


def test_who_would_have_come_in_by_the_calendar_during_a_pause_is_kept(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    published = world.publish(journey(calendar("FREQ=DAILY")))
    with world.store.write() as conn:
        conn.execute(t.journey.update().where(t.journey.c.id == published.journey).values(state="paused"))
    world.tick("2026-11-21 09:00")
    with world.store.read() as conn:
        rows = conn.execute(t.not_entered.select()).mappings().all()
    assert [(row["contact"], row["reason"]) for row in rows] == [(anna, "paused")]
