"""Stopping, the archive, living again; and who comes in after a pause."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from journeys.base.time import DAY, HOUR, Instant
from journeys.engine import lifecycle, scratch
from journeys.engine.choices import Choices
from journeys.engine.enroll import Admitted, NotOpen, enroll_contacts
from journeys.engine.lifecycle import NotPaused
from journeys.engine.migrate import Archived, preview
from journeys.engine.missed import let_in, missed
from journeys.engine.plan import Plans
from journeys.engine.publish import NotToLive
from journeys.engine.stopping import NotRunning, NotStopped, StillInside, Stopped, archive, stop
from journeys.graph.journey import Journey
from journeys.store import contacts, erasing, settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.invariants import broken
from tests.engine.test_lifecycle import POLISH, deliver, pause, resume, standing, visitors, waiting


def stopped(world: World, inside: Any = "finish") -> Stopped:
    return stop(world.store, "test", inside=inside, now=world.now)


def archived(world: World) -> None:
    archive(world.store, "test", now=world.now)


def put_in(world: World, people: list[int]) -> None:
    with scratch.work(world.store) as conn:
        journey = conn.execute(select(t.journey.c.id)).scalar_one()
        zone = settings.workspace_zone(conn)
        enroll_contacts(conn, Plans(), journey, people, now=world.now, zone=zone)


def later(world: World, seconds: int) -> None:
    world.tick(Instant(world.now + seconds))


# --- stopping -------------------------------------------------------------------------------------------------------


def test_a_stopped_journey_lets_nobody_in_and_who_is_inside_finishes(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    assert stopped(world) == Stopped(inside=2)
    visitors(world, 1)
    later(world, DAY)
    assert len(deliver(world).mails) == 2
    world.tick()
    assert standing(world) == ["exit finished"] * 2


@pytest.mark.parametrize("state", ["stopped", "archived"])
def test_nobody_can_be_put_into_a_journey_that_is_over(world: World, state: str) -> None:
    world.publish(build({"in": ("trigger", {"on": {"type": "list"}})}, []))
    stopped(world)
    if state == "archived":
        archived(world)
    people = world.people(1)
    with pytest.raises(NotOpen, match=f"“Test”: it is {state}"):
        put_in(world, people)
    assert world.passages() == []


def test_who_is_inside_a_stopped_journey_may_be_made_to_leave(world: World) -> None:
    world.publish(waiting())
    visitors(world, 3)
    later(world, DAY)
    assert stopped(world, "leave") == Stopped(left=3)
    assert standing(world) == ["ask exited"] * 3
    assert [one["state"] for one in world.messages()] == ["cancelled"] * 3
    assert broken(world) == []


def test_whoever_was_to_finish_can_leave_after_all(world: World) -> None:
    world.publish(waiting())
    visitors(world, 1)
    stopped(world)
    assert stopped(world, "leave") == Stopped(left=1)
    assert stopped(world, "leave") == Stopped()


def test_a_paused_journey_that_is_stopped_runs_on_for_those_inside(world: World) -> None:
    world.publish(waiting())
    visitors(world, 1)
    pause(world)
    later(world, DAY)
    stopped(world)
    world.tick()
    assert standing(world) == ["ask active"]


def test_stopping_what_is_stopped_is_a_sentence(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    stopped(world)
    with pytest.raises(NotRunning) as refused:
        stopped(world)
    assert str(refused.value) == "“Welcome” is stopped already."


# --- the archive ----------------------------------------------------------------------------------------------------


def test_only_a_stopped_journey_goes_into_the_archive(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    with pytest.raises(NotStopped) as refused:
        archived(world)
    assert str(refused.value) == "“Welcome” is live. Stop it first, then archive it."


def test_a_journey_with_somebody_inside_is_not_archived(world: World) -> None:
    world.publish(waiting(name="Welcome"))
    visitors(world, 2)
    later(world, DAY)
    stopped(world)
    with pytest.raises(StillInside) as refused:
        archived(world)
    assert str(refused.value).startswith(
        "“Welcome” cannot be archived yet: contacts inside: 2, messages on their way: 2."
    )


def test_a_journey_whose_messages_still_wait_is_not_archived(world: World) -> None:
    send = ("send", {"template": "hello", "message_class": "service", "wait_for_hand_over": False})
    trigger = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
    world.publish(build({"in": trigger, "ask": send}, [("in", "in", "ask")]))
    visitors(world, 1)
    stopped(world)
    assert standing(world) == ["ask finished"]
    with pytest.raises(StillInside):
        archived(world)
    deliver(world)
    archived(world)


def test_an_archived_journey_does_nothing(world: World) -> None:
    world.publish(waiting(exit_when=POLISH))
    stopped(world)
    archived(world)
    visitors(world, 1)
    later(world, 2 * DAY)
    assert (world.passages(), world.engine.next_due(world.now)) == ([], None)


def test_what_is_archived_is_not_migrated(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    stopped(world)
    archived(world)
    with pytest.raises(Archived) as refused:
        preview(world.store, Plans(), "test", Choices())
    assert str(refused.value) == "“Welcome” is archived, and nobody is inside."


# --- living again ---------------------------------------------------------------------------------------------------


def test_publishing_over_a_stopped_journey_needs_a_word_more(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    stopped(world)
    with pytest.raises(NotToLive) as refused:
        world.publish(waiting(name="Welcome", exit_when=POLISH))
    assert str(refused.value) == (
        "“Welcome” is stopped. Publishing it would let contacts in again: say on purpose that it is to live again, or "
        "leave it."
    )


@pytest.mark.parametrize("put_away", [False, True])
def test_a_journey_lives_again_by_a_new_version_even_of_the_same(world: World, put_away: bool) -> None:
    world.publish(waiting())
    stopped(world)
    if put_away:
        archived(world)
    (anna,) = visitors(world, 1)
    later(world, HOUR)
    assert world.publish(waiting(), again=True).number == 2
    world.tick()
    # what happened while it was stopped lets nobody in
    assert world.passages() == []
    world.happened(anna, "page.visited")
    world.tick()
    assert standing(world) == ["wait active"]


# --- after a pause --------------------------------------------------------------------------------------------------


def let(world: World) -> Admitted:
    came = let_in(world.store, Plans(), "test", now=world.now)
    with world.store.write() as conn:
        lifecycle.resume(conn, "test", now=world.now)
    return came


def kept_out(world: World) -> list[tuple[int, str, int]]:
    with world.store.read() as conn:
        row = lifecycle.find(conn, "test")
        return [(one.contact, one.title, one.at) for one in missed(conn, Plans(), row["id"])]


def test_it_is_told_who_would_have_come_in(world: World) -> None:
    world.publish(waiting())
    pause(world)
    first = world.now
    anna, bob = visitors(world, 2)
    later(world, HOUR)
    world.happened(anna, "page.visited")
    world.tick()
    assert kept_out(world) == [(anna, "in", first), (bob, "in", first)]


def test_who_would_have_come_in_may_be_let_in(world: World) -> None:
    world.publish(waiting())
    pause(world)
    happened = world.now
    anna, _bob = visitors(world, 2)
    later(world, HOUR)
    # a second time, which the re-entry rule does not let in
    world.happened(anna, "page.visited")
    world.tick()
    assert let(world) == Admitted(2, {"inside": 1})
    assert {(one["since_at"], one["entered_at"]) for one in world.passages()} == {(happened, world.now)}
    world.tick()
    later(world, DAY)
    assert standing(world) == ["ask active"] * 2
    assert broken(world) == []


def test_the_re_entry_rule_holds_for_who_is_let_in(world: World) -> None:
    world.publish(waiting())
    (anna,) = visitors(world, 1)
    stop_here = world.now
    later(world, DAY)
    deliver(world)
    world.tick()
    pause(world)
    world.happened(anna, "page.visited")
    world.tick()
    assert kept_out(world) == []
    assert let(world) == Admitted(0, {})
    assert [one["entered_at"] for one in world.passages()] == [stop_here]


def test_who_was_missed_too_long_ago_is_late(world: World) -> None:
    world.publish(waiting())
    pause(world)
    visitors(world, 1)
    later(world, 9 * DAY)
    visitors(world, 1)
    assert let(world) == Admitted(1, {"late": 1})


def test_who_was_erased_meanwhile_is_not_let_in(world: World) -> None:
    world.publish(waiting())
    pause(world)
    anna, _bob = visitors(world, 2)
    with world.store.write() as conn:
        erasing.erase(conn, [anna], now=world.now)
    assert len(kept_out(world)) == 1
    assert let(world) == Admitted(1, {})


def test_who_was_missed_by_a_day_comes_in_with_what_it_is_about(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "birthday", "date")
        contacts.change(conn, [(anna, {"birthday": "2000-03-04"})], now=world.now, source="test", quiet=True)
    date = {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "at": "09:00", "yearly": True}
    world.publish(build({"in": ("trigger", {"on": date}), "exit": ("exit", {"reason": "x"})}, [("in", "in", "exit")]))
    pause(world)
    world.tick("2026-03-04 06:00")
    assert let(world) == Admitted(1, {})
    (passage,) = world.passages()
    with world.store.read() as conn:
        (miss,) = conn.execute(select(t.not_entered)).mappings()
    assert (passage["since_at"], passage["due_at"]) == (miss["matched_at"], miss["due_at"])
    assert miss["due_at"] > world.now


def test_a_trigger_that_was_edited_away_lets_nobody_in(world: World) -> None:
    world.publish(waiting())
    pause(world)
    visitors(world, 1)
    other: Journey = build({"other": ("trigger", {"on": {"type": "list"}})}, [])
    world.publish(other)
    assert let(world) == Admitted(0, {})


def test_nobody_is_let_in_where_nothing_is_paused(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting())
    with pytest.raises(NotPaused):
        let(world)


def test_who_was_let_in_once_is_not_let_in_by_the_next_pause(world: World) -> None:
    world.publish(waiting(re_entry={"rule": "always"}))
    pause(world)
    visitors(world, 1)
    let(world)
    later(world, HOUR)
    pause(world)
    assert (kept_out(world), resume(world).would_have_entered) == ([], 0)
