"""A store that was restored and claimed hears again what it had heard since the backup: nothing of it goes out twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from journeys.store import owner
from journeys.store.store import Store
from tests.engine.conftest import World, at, build
from tests.runtime.conftest import EXIT, LIST, SEND, Run

ORDER = {"type": "event", "event": "order.placed"}
QUIET = {
    "none": [{"leaf": "event", "event": "page.visited", "scope": {"type": "last", "amount": 5, "unit": "days"}}],
}


@pytest.fixture
def world(store: Store) -> World:
    """Somebody who visited a page on 20 November, just before the backup."""
    world = World(store, at("2026-11-20 12:00"))
    (anna,) = world.people(1)
    world.happened(anna, "page.visited")
    return world


def publish(world: World, on: dict[str, Any], *, jumps_to: str | None = None, name: str = "first") -> None:
    """A journey that sends at once, and then leads to another one or to its end."""
    end = ("jump", {"journey": jumps_to}) if jumps_to else EXIT
    nodes = {"in": ("trigger", {"on": on}), "ask": SEND, "end": end}
    edges = [("in", "in", "ask"), ("ask", "sent", "end")]
    world.publish(build(nodes, edges, id=name, name=name, re_entry={"rule": "always"}))


def claimed(world: World) -> Run:
    """Six days later, right after a restore."""
    run = Run(world)
    run.clock.set(at("2026-11-26 15:00"))
    with world.store.write() as conn:
        owner.claim(conn, world.store, now=run.clock.now(), leave_out=True)
    return run


def left_out(world: World) -> int:
    """How many messages there are, all of them left out because of the restore."""
    assert {(one["state"], one["reason"]) for one in world.messages()} <= {("skipped", "restored")}
    assert {one["state"] for one in world.passages()} <= {"finished"}
    return len(world.messages())


def test_an_event_that_nobody_had_heard(world: World) -> None:
    publish(world, ORDER)
    world.tick()
    world.happened(1, "order.placed")
    run = claimed(world)
    run.fire(10)
    assert (left_out(world), run.channel.mails, run.troubles) == (1, [], [])


def test_a_day_that_was_to_come(world: World) -> None:
    publish(world, {"type": "inactivity", "events": ["page.visited"], "days": 5})
    world.tick()
    run = claimed(world)
    run.fire(10)
    assert (left_out(world), run.channel.mails) == (1, [])


def test_a_segment_that_time_moves_them_into(world: World) -> None:
    world.segment("quiet", QUIET)
    publish(world, {"type": "segment", "segment": "quiet"})
    world.tick()
    run = claimed(world)
    run.fire(10)
    assert (left_out(world), run.channel.mails) == (1, [])


def test_a_journey_that_the_first_one_leads_to(world: World) -> None:
    publish(world, LIST[1]["on"], name="second")
    publish(world, ORDER, jumps_to="second")
    world.tick()
    world.happened(1, "order.placed")
    run = claimed(world)
    run.fire(10)
    assert (left_out(world), run.channel.mails) == (2, [])


def test_catching_up_that_was_interrupted_goes_on_as_of_the_claim(world: World) -> None:
    publish(world, ORDER)
    world.tick()
    world.happened(1, "order.placed")
    run = claimed(world)
    asked = iter([True, True, False])
    run.runner.beat(at("2026-11-26 15:01"), keep_going=lambda: next(asked, False))
    again = Run(world)
    again.clock.set(at("2026-11-26 15:02"))
    again.fire()
    assert (left_out(world), run.channel.mails, again.channel.mails) == (1, [], [])


def test_what_happens_after_the_claim_goes_out(world: World) -> None:
    publish(world, ORDER)
    world.tick()
    world.happened(1, "order.placed")
    run = claimed(world)
    world.happened(1, "order.placed", when=at("2026-11-26 15:00:05"))
    run.fire(10)
    assert len(run.channel.mails) == 1
    assert Counter(one["state"] for one in world.messages()) == Counter(skipped=1, sent=1)


def test_a_store_that_was_only_moved_sends_what_waited(world: World) -> None:
    publish(world, ORDER)
    world.tick()
    world.happened(1, "order.placed")
    run = Run(world)
    run.clock.set(at("2026-11-21 15:00"))
    with world.store.write() as conn:
        owner.claim(conn, world.store, now=run.clock.now(), leave_out=False)
    run.fire(10)
    assert len(run.channel.mails) == 1
