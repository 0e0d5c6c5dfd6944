"""After a store was restored, what was due until it was claimed is skipped: it may have gone out in the time lost."""

from __future__ import annotations

from journeys.base.time import HOUR, Instant
from journeys.store import owner
from tests.engine.conftest import World, build, node_id
from tests.engine.mails import Recorder
from tests.engine.test_outbox import EXIT, LIST, deliver, last, publish, send


def claim(world: World, *, leave_out: bool = True) -> None:
    with world.store.write() as conn:
        owner.claim(conn, world.store, now=world.now, leave_out=leave_out)


def later(world: World, seconds: int) -> None:
    world.now = Instant(world.now + seconds)


def ready(world: World) -> int:
    """A contact whose message has been made and not handed over."""
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    return anna


def test_what_waited_in_the_outbox_is_skipped_with_the_reason(world: World) -> None:
    anna = ready(world)
    later(world, HOUR)
    claim(world)
    channel = Recorder()
    deliver(world, channel)
    world.tick()
    (message,) = world.messages()
    assert (message["state"], message["reason"], channel.mails) == ("skipped", "restored", [])
    assert last(world, anna) == "ask:not_sent"


def test_what_was_due_meanwhile_is_skipped_up_to_the_next_wait(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    wait = ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "hours"}})
    world.publish(
        build(
            {"in": LIST, "rest": wait, "ask": send(), "more": send(), "rest2": wait, "last": send(), "lost": EXIT},
            [
                ("in", "in", "rest"),
                ("rest", "done", "ask"),
                ("ask", "not_sent", "more"),
                ("more", "not_sent", "rest2"),
                ("rest2", "done", "last"),
                ("last", "not_sent", "lost"),
            ],
        )
    )
    world.enroll([anna])
    world.tick()
    later(world, 2 * HOUR)
    claim(world)
    channel = Recorder()
    for pause in (60, 0, 0, HOUR, 0):
        later(world, pause)
        world.tick()
        deliver(world, channel)
    # what follows without a wait may have gone out right after it; what follows a wait has not
    assert [(message["node"], message["reason"]) for message in world.messages()] == [
        (node_id("ask"), "restored"),
        (node_id("more"), "restored"),
        (node_id("last"), ""),
    ]
    assert len(channel.mails) == 1


def test_what_comes_after_the_claim_goes_out(world: World) -> None:
    claim(world)
    later(world, 1)
    ready(world)
    channel = Recorder()
    deliver(world, channel)
    assert len(channel.mails) == 1


def test_after_a_move_what_waited_goes_out(world: World) -> None:
    ready(world)
    later(world, HOUR)
    claim(world, leave_out=False)
    channel = Recorder()
    deliver(world, channel)
    assert len(channel.mails) == 1
