"""Many contacts let in at once: at publishing, by hand and after a pause, in cohorts that may be cut off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select, text

from journeys.base.time import HOUR, Instant
from journeys.engine import existing, pace
from journeys.engine import publish as publishing
from journeys.engine.enroll import Admitted, NoSuchTrigger
from journeys.engine.enroll_list import Enrolled, enroll_list
from journeys.engine.existing import let_in_existing
from journeys.engine.lifecycle import NotPaused
from journeys.engine.missed import let_in
from journeys.engine.plan import Plans
from journeys.engine.publish import NothingChanged, publish
from journeys.engine.stopping import stop
from journeys.graph.journey import Journey
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.engine.conftest import World, at, build
from tests.engine.invariants import broken
from tests.engine.test_lifecycle import EXIT, pause, resume, wait

LIST = ("trigger", {"on": {"type": "list"}})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}


@pytest.fixture(autouse=True)
def small_cohorts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COHORT", "POSTGRESQL_COHORT", "SMALLEST_COHORT", "LARGEST_COHORT"):
        monkeypatch.setattr(pace, name, 2)


def once() -> Callable[[], bool]:
    """Goes on for one cohort."""
    asked = count()
    return lambda: next(asked) < 1


def resting(trigger: tuple[str, Any], **attributes: Any) -> Journey:
    nodes = {"in": trigger, "wait": wait(), "exit": EXIT}
    return build(
        nodes, [("in", "in", "wait"), ("wait", "done", "exit")], **{"re_entry": {"rule": "always"}} | attributes
    )


def on_segment(key: str = "polish", **more: Any) -> Journey:
    return resting(("trigger", {"on": {"type": "segment", "segment": key}, "existing": True}), **more)


def came(world: World) -> list[int]:
    return [passage["contact"] for passage in world.passages()]


# --- at publishing --------------------------------------------------------------------------------------------------


@pytest.fixture
def polish(world: World) -> list[int]:
    people = world.people(7, language="pl")
    world.people(2, language="en")
    world.segment("polish", POLISH)
    return people


def begun(world: World, journey: Journey) -> int:
    """Publish, and let the first cohort in."""
    published = publish(world.store, journey, {}, now=world.now, reason="a test", over=True)
    return let_in_existing(world.store, Plans(), published.journey, now=world.now, keep_going=once())


def test_who_matches_already_comes_in_by_cohorts(world: World, polish: list[int]) -> None:
    assert (begun(world, on_segment()), came(world)) == (2, polish[:2])


def test_the_next_tick_lets_in_whom_publishing_did_not_come_to_and_nobody_twice(
    world: World, polish: list[int]
) -> None:
    begun(world, on_segment())
    later = Instant(world.now + HOUR)
    assert world.engine.next_due(world.now) == world.now
    assert world.tick(later).entered == 5
    assert (sorted(came(world)), broken(world)) == (polish, [])
    assert {passage["since_at"] for passage in world.passages()} == {later - HOUR}
    assert world.tick(Instant(later + HOUR)).entered == 0


def test_a_crash_inside_a_cohort_leaves_it_to_the_next_tick(
    world: World, polish: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish(world.store, on_segment(), {}, now=world.now)
    calls, admit = count(), existing.admit

    def breaking(*args: Any, **options: Any) -> Admitted:
        done = admit(*args, **options)
        if next(calls) == 1:
            raise RuntimeError
        return done

    with monkeypatch.context() as patched:
        patched.setattr(existing, "admit", breaking)
        with pytest.raises(RuntimeError):
            let_in_existing(world.store, Plans(), published.journey, now=world.now)
    assert came(world) == polish[:2]
    world.tick()
    assert sorted(came(world)) == polish


def test_who_came_in_by_an_event_meanwhile_is_not_let_in_again(world: World, polish: list[int]) -> None:
    english = world.people(1, language="en")
    begun(world, on_segment())
    with world.store.write() as conn:
        contacts.change(conn, [(english[0], {"language": "pl"})], now=Instant(world.now + 1), source="test")
    world.tick(Instant(world.now + HOUR))
    assert sorted(came(world)) == polish + english


def test_what_was_not_done_goes_on_under_the_next_version(world: World, polish: list[int]) -> None:
    begun(world, on_segment())
    publish(world.store, on_segment(exit_when=POLISH), {}, now=world.now, existing=False, over=True)
    world.tick()
    assert sorted(came(world)) == polish


def test_a_journey_stopped_meanwhile_lets_nobody_else_in(world: World, polish: list[int]) -> None:
    begun(world, on_segment())
    stop(world.store, "test", inside="finish", now=world.now)
    world.tick()
    assert came(world) == polish[:2]


def test_it_is_told_how_far_it_has_come(world: World, polish: list[int]) -> None:
    published, told = publish(world.store, on_segment(), {}, now=world.now), []
    let_in_existing(
        world.store, Plans(), published.journey, now=world.now, progress=lambda *how_far: told.append(how_far)
    )
    assert told == [(2, 9), (4, 9), (6, 9), (8, 9), (9, 9)]


def test_other_work_comes_in_between_two_cohorts(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(sqlite_store)
    world.people(7, language="pl")
    world.segment("polish", POLISH)
    published, gave_way = publish(world.store, on_segment(), {}, now=world.now), []
    monkeypatch.setattr(world.store, "give_way", lambda: gave_way.append(len(came(world))))
    let_in_existing(world.store, Plans(), published.journey, now=world.now)
    assert gave_way == [0, 2, 4, 6]


# --- by hand --------------------------------------------------------------------------------------------------------


def put_in(world: World, who: list[int], **options: Any) -> Enrolled:
    with world.store.read() as conn:
        journey = conn.execute(select(t.journey.c.id)).scalar_one()
    return enroll_list(world.store, Plans(), journey, who, of="a list", now=world.now, **options)


def test_a_list_is_put_in_by_cohorts_and_goes_on_where_it_was_cut_off(world: World) -> None:
    people = world.people(7)
    world.publish(resting(LIST))
    assert put_in(world, people, keep_going=once()) == Enrolled(Admitted(2, {}), before=0)
    assert put_in(world, people) == Enrolled(Admitted(5, {}), before=2)
    assert came(world) == people


def test_the_same_list_once_more_after_it_was_done_lets_in_again(world: World) -> None:
    people = world.people(3)
    world.publish(resting(LIST))
    put_in(world, people, keep_going=once())
    put_in(world, people)
    assert put_in(world, people) == Enrolled(Admitted(3, {}), before=0)
    assert sorted(came(world)) == sorted(people * 2)


def test_another_list_begins_at_its_beginning(world: World) -> None:
    people = world.people(5)
    world.publish(resting(LIST))
    put_in(world, people, keep_going=once())
    with world.store.read() as conn:
        journey = conn.execute(select(t.journey.c.id)).scalar_one()
    other = enroll_list(world.store, Plans(), journey, people[:1], of="another", now=world.now)
    assert other == Enrolled(Admitted(1, {}), before=0)


def test_an_empty_list_finds_out_whether_the_journey_takes_one(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(resting(("trigger", {"on": {"type": "event", "event": "page.visited"}})))
    with pytest.raises(NoSuchTrigger):
        put_in(world, [])


# --- after a pause --------------------------------------------------------------------------------------------------


def test_who_was_kept_out_comes_in_by_cohorts_and_once(world: World) -> None:
    people = world.people(7)
    world.publish(resting(("trigger", {"on": {"type": "event", "event": "page.visited"}})))
    pause(world)
    for one in people:
        world.happened(one, "page.visited")
    world.tick()
    assert let_in(world.store, Plans(), "test", now=world.now, keep_going=once()) == Admitted(2, {})
    assert let_in(world.store, Plans(), "test", now=world.now) == Admitted(5, {})
    assert let_in(world.store, Plans(), "test", now=world.now) == Admitted(0, {})
    assert (came(world), resume(world).would_have_entered) == (people, 0)


def test_letting_in_ends_where_somebody_resumes_meanwhile(world: World) -> None:
    world.people(3)
    world.publish(resting(LIST))
    pause(world)
    world.enroll([1, 2, 3])

    def resumed() -> bool:
        if came(world):
            resume(world)
        return True

    with pytest.raises(NotPaused):
        let_in(world.store, Plans(), "test", now=world.now, keep_going=resumed)


# --- a day that was swept before ------------------------------------------------------------------------------------


@pytest.fixture
def birthday(world: World) -> Iterator[int]:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "day", "date")
        contacts.change(conn, [(anna, {"day": "2026-03-04"})], now=world.now, source="test", quiet=True)
    return anna


def on_day(clock: str, **more: Any) -> Journey:
    date = {"type": "date", "date": {"type": "attribute", "attribute": "day"}, "at": clock}
    return resting(("trigger", {"on": date}), **more)


def test_a_version_published_on_a_day_that_was_swept_asks_that_day_again(world: World, birthday: int) -> None:
    world.publish(on_day("12:00", name="first"))
    world.tick("2026-03-03 00:00")
    with world.store.write() as conn:
        contacts.change(conn, [(birthday, {"day": "2026-03-03"})], now=world.now, source="test", quiet=True)
    world.now = at("2026-03-03 11:00")
    world.publish(on_day("18:00"))
    world.tick()
    assert [passage["due_at"] for passage in world.passages()] == [at("2026-03-03 18:00")]


def test_what_was_over_when_it_was_published_is_not_made_up_for(world: World, birthday: int) -> None:
    world.publish(on_day("12:00", name="first"))
    world.tick("2026-03-03 00:00")
    with world.store.write() as conn:
        contacts.change(conn, [(birthday, {"day": "2026-03-03"})], now=world.now, source="test", quiet=True)
    world.now = at("2026-03-03 11:00")
    world.publish(on_day("10:00"))
    world.tick()
    assert world.passages() == []


def test_a_day_that_is_asked_again_lets_in_nobody_twice(world: World, birthday: int) -> None:
    world.publish(on_day("18:00", name="first"))
    world.tick("2026-03-04 00:00")
    world.now = at("2026-03-04 11:00")
    world.publish(on_day("19:00"))
    world.tick()
    assert came(world) == [birthday]


def test_a_day_that_is_asked_again_in_a_pause_shows_everybody_once(world: World, birthday: int) -> None:
    world.publish(on_day("18:00", name="first"))
    pause(world)
    world.tick("2026-03-04 00:00")
    world.now = at("2026-03-04 11:00")
    world.publish(on_day("19:00"))
    world.tick()
    with world.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.not_entered)).scalar_one() == 1


# --- two at once ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_two_who_publish_a_journey_for_the_first_time_at_once_come_one_after_the_other(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, told, write = World(postgres_store), [], publishing.write_journey
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def second() -> None:
        try:
            publish(world.store, resting(LIST), {}, now=world.now)
        except NothingChanged as error:
            told.append(str(error))

    other = threading.Thread(target=second)

    def written(journey: Journey) -> str:
        """The first one has its row and has not committed when the second one comes."""
        if not other.ident:
            other.start()
            with postgres_store.engine.connect() as watching:
                while other.is_alive() and not watching.execute(waits).scalar_one():
                    watching.rollback()
        return write(journey)

    monkeypatch.setattr(publishing, "write_journey", written)
    publish(world.store, resting(LIST), {}, now=world.now)
    other.join(30)
    assert told == ["“Test” is already published just as it is, as version 1."]
