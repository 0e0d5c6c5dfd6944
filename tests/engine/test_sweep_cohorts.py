"""The turn of a day for many contacts: in cohorts, each a transaction, that may be cut off and shared."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from journeys.base.time import DAY, Instant
from journeys.engine import pace, sweep, tick
from journeys.engine.tick import Engine
from journeys.graph.journey import Journey
from journeys.store import contacts, settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.engine.conftest import World, at, build
from tests.engine.invariants import broken
from tests.engine.test_lifecycle import EXIT, wait

#: the day after the one on which journeys are published
MORNING = at("2026-03-03 09:00")
PAST = {"leaf": "attribute", "attribute": "renewal", "op": "more than days ago", "value": 0, "type": "date"}
TODAY = {"leaf": "attribute", "attribute": "renewal", "op": "days ago", "value": 0, "type": "date"}


@pytest.fixture(autouse=True)
def small_cohorts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POSTGRESQL_COHORT", "SMALLEST_COHORT", "LARGEST_COHORT"):
        monkeypatch.setattr(pace, name, 2)
    monkeypatch.setattr(tick, "SWEEP", 2)


@pytest.fixture
def people(world: World) -> list[int]:
    """Seven whose renewal is on the morning."""
    who = world.people(7)
    world.people(2)
    with world.store.write() as conn:
        define_attribute(conn, "renewal", "date")
        changes: list[tuple[int, dict[str, Any]]] = [(one, {"renewal": "2026-03-03"}) for one in who]
        contacts.change(conn, changes, now=world.now, source="test", quiet=True)
    return who


def on_day(on: dict[str, Any], **attributes: Any) -> Journey:
    return build(
        {"in": ("trigger", {"on": on}), "wait": wait(), "exit": EXIT},
        [("in", "in", "wait"), ("wait", "done", "exit")],
        **{"re_entry": {"rule": "always"}} | attributes,
    )


def renewal(**attributes: Any) -> Journey:
    return on_day({"type": "date", "date": {"type": "attribute", "attribute": "renewal"}, "at": "09:00"}, **attributes)


def daily(**attributes: Any) -> Journey:
    return on_day({"type": "schedule", "rule": "FREQ=DAILY", "starts_on": "2026-03-03", "at": "09:00"}, **attributes)


def came(world: World) -> list[int]:
    return [passage["contact"] for passage in world.passages()]


def cut_off(world: World, when: Instant, *, after: int = 2) -> None:
    """A tick that is told to stop as soon as so many have come in."""
    world.now = when
    world.engine.tick(when, keep_going=lambda: len(came(world)) < after)


def swept_on(world: World) -> tuple[Any, Any]:
    with world.store.read() as conn:
        return conn.execute(select(t.journey.c.swept_on)).scalar(), settings.get(conn, sweep.SWEPT_ON)


def moved(world: World) -> int:
    with world.store.read() as conn:
        heard = select(func.count()).where(t.event.c.kind == "segment.entered")
        return int(conn.execute(heard).scalar_one())


# --- triggers -------------------------------------------------------------------------------------------------------


def test_whom_a_day_brings_in_comes_in_by_cohorts(world: World, people: list[int]) -> None:
    world.publish(renewal())
    world.tick()
    cut_off(world, MORNING)
    assert (came(world), swept_on(world)) == (people[:2], ("2026-03-02", "2026-03-02"))


def test_the_next_tick_goes_on_where_the_sweep_was_cut_off_and_lets_nobody_in_twice(
    world: World, people: list[int]
) -> None:
    world.publish(renewal())
    cut_off(world, MORNING)
    assert world.tick().entered == 5
    assert (came(world), broken(world)) == (people, [])
    assert swept_on(world) == ("2026-03-03", "2026-03-03")
    assert world.tick().idle


def test_a_crash_inside_a_cohort_leaves_it_to_the_next_tick(
    world: World, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish(renewal())
    calls, real = count(), sweep.sweep

    def breaking(*args: Any, **options: Any) -> Any:
        done = real(*args, **options)
        if next(calls) == 1:
            raise RuntimeError
        return done

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "sweep", breaking)
        with pytest.raises(RuntimeError):
            world.tick(MORNING)
    assert came(world) == people[:2]
    world.engine = Engine(world.store)
    world.tick()
    assert came(world) == people


def test_a_sweep_cut_off_the_day_before_is_finished_before_the_day_begins(world: World) -> None:
    people = world.people(5)
    world.publish(daily())
    cut_off(world, MORNING)
    world.tick(Instant(MORNING + DAY))
    assert came(world) == [*people, *people]
    days = {one: [p["since_at"] for p in world.passages() if p["contact"] == one] for one in people}
    assert set(map(tuple, days.values())) == {(at("2026-03-03 00:00"), at("2026-03-04 00:00"))}


def test_a_version_published_meanwhile_is_asked_of_everybody_and_lets_nobody_in_twice(
    world: World, people: list[int]
) -> None:
    world.publish(renewal())
    cut_off(world, at("2026-03-03 08:00"))
    world.publish(renewal(exit_when=PAST))
    world.tick()
    assert sorted(came(world)) == people
    assert swept_on(world) == ("2026-03-03", "2026-03-03")


def test_two_workers_share_a_sweep(world: World, people: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish(renewal())
    other, real, calls = Engine(world.store), world.engine._sweep_cohort, count()

    def overtaken(*args: Any) -> Any:
        if next(calls) == 1:
            # the cohort that comes next, and the rest of the day
            other.tick(MORNING)
        return real(*args)

    monkeypatch.setattr(world.engine, "_sweep_cohort", overtaken)
    world.tick(MORNING)
    assert (came(world), broken(world)) == (people, [])


# --- what the whole sweep does --------------------------------------------------------------------------------------


def test_who_drifts_into_a_segment_moves_by_cohorts_and_is_heard_once(world: World, people: list[int]) -> None:
    world.segment("renews", TODAY)
    world.publish(on_day({"type": "segment", "segment": "renews"}))
    world.tick()
    sizes, real = [], world.engine._sweep_cohort

    def counted(*args: Any) -> Any:
        sizes.append(moved(world))
        return real(*args)

    world.engine._sweep_cohort = counted  # type: ignore[method-assign]
    world.tick(MORNING)
    assert (sizes, moved(world), came(world)) == ([0, 2, 4, 6], 7, people)


def test_a_contact_who_moves_is_asked_for_all_else_in_the_same_cohort(world: World, people: list[int]) -> None:
    """Who is let in by the day, where the audience is a segment that the day fills."""
    world.segment("renews", TODAY)
    renews = {"leaf": "segment", "segment": "renews"}
    world.publish(
        build(
            {
                "in": ("trigger", {"on": {"type": "schedule", "rule": "FREQ=DAILY", "starts_on": "2026-03-03"},
                                   "only": renews}),
                "exit": EXIT,
            },
            [("in", "in", "exit")],
        )
    )  # fmt: skip
    world.tick()
    world.tick("2026-03-03 00:00")
    assert came(world) == people


def test_whom_time_alone_ends_is_ended_by_cohorts_and_all_of_them(world: World, people: list[int]) -> None:
    world.publish(on_day({"type": "list"}, exit_when=TODAY, re_entry={"rule": "never"}))
    world.enroll(people)
    world.tick()
    assert world.tick(at("2026-03-03 00:10")).ended == 7
    assert {passage["state"] for passage in world.passages()} == {"exited"}


def test_waits_that_time_may_end_look_again_in_every_cohort(world: World, people: list[int]) -> None:
    rule = {"type": "criterion", "criterion": TODAY, "timeout": {"amount": 9, "unit": "days"}}
    world.publish(
        build(
            {"in": ("trigger", {"on": {"type": "list"}}), "wait": ("wait", {"rule": rule}), "exit": EXIT},
            [("in", "in", "wait"), ("wait", "done", "exit"), ("wait", "timeout", "exit")],
        )
    )
    world.enroll(people)
    world.tick()
    world.tick(at("2026-03-03 00:10"))
    assert [passage["ended_at"] for passage in world.passages()] == [at("2026-03-03 00:10")] * 7


def test_a_day_that_concerns_nobody_is_one_transaction(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(sqlite_store)
    world.people(9)
    with world.store.write() as conn:
        define_attribute(conn, "renewal", "date")
    world.publish(renewal())
    world.tick()
    gave_way: list[int] = []
    monkeypatch.setattr(world.store, "give_way", lambda: gave_way.append(0))
    world.tick(MORNING)
    assert (len(gave_way), swept_on(world)) == (1, ("2026-03-03", "2026-03-03"))


def test_other_work_comes_in_between_two_cohorts(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(sqlite_store)
    world.people(5)
    world.publish(daily())
    world.tick()
    gave_way: list[int] = []
    monkeypatch.setattr(world.store, "give_way", lambda: gave_way.append(len(came(world))))
    world.tick(at("2026-03-03 08:00"))
    assert gave_way[:3] == [0, 2, 4]
