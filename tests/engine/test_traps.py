"""Traps of REQUIREMENTS 3 that only a journey which runs can show, and that no row of a kind or of a policy shows."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from journeys.base.clock import SetClock
from journeys.base.time import DAY, HOUR, Instant
from journeys.channels.file_sink import CallSink, FileSink
from journeys.engine import policies
from journeys.engine.deliver import Delivery
from journeys.engine.publish import publish
from journeys.graph.settings import Cap
from journeys.runtime.beat import Runner
from journeys.runtime.simulated import run_until
from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import World, at, build, node_id
from tests.engine.families import StoryWriter
from tests.engine.mails import Recorder
from tests.engine.test_listen import BOUGHT, on
from tests.engine.test_outbox import deliver, send
from tests.engine.test_rows import LIST, end_of, ends, wait

ONE_DAY = wait(type="duration", amount=1, unit="days")


# --- 6: what a cap or quiet hours hold back --------------------------------------------------------------------------


def blocked(world: World, block: str, **how: Any) -> int:
    """Somebody whom one message has reached, and who stands at another one that the cap or quiet hours hold back."""
    (anna,) = world.people(1)
    world.consent([anna])
    rules: dict[str, Any] = {"quiet_hours": {"from": "11:00", "to": "14:00"}}
    if block == "cap":
        rules = {"cap": {"at_most": 1, "within_days": 2}}
    nodes = {"in": LIST, "first": send(message_class="service"), "second": send(**how), **ends("sent", "lost")}
    if block == "cap":
        nodes["first"] = send()
    edges = [
        ("in", "in", "first"), ("first", "sent", "second"), ("first", "not_sent", "lost"),
        ("second", "sent", "sent"), ("second", "not_sent", "lost"),
    ]  # fmt: skip
    world.publish(build(nodes, edges, policies=rules))
    world.enroll([anna])
    channel = Recorder()
    for _ in range(2):
        world.tick()
        deliver(world, channel)
    world.tick()
    assert len(channel.mails) == 1
    return anna


@pytest.mark.parametrize(("block", "hours"), [("cap", 48), ("quiet hours", 2)])
def test_trap_6_a_blocked_message_goes_out_when_the_block_is_over(world: World, block: str, hours: int) -> None:
    anna = blocked(world, block)
    held = world.messages()[-1]
    assert (held["state"], held["reason"], held["not_before_at"]) == ("held", block, world.now + hours * HOUR)
    assert end_of(world, anna) == ""
    world.now = Instant(world.now + hours * HOUR)
    deliver(world, Recorder())
    world.tick()
    assert (world.messages()[-1]["state"], end_of(world, anna)) == ("sent", node_id("sent"))


@pytest.mark.parametrize("block", ["cap", "quiet hours"])
def test_trap_6_a_blocked_message_that_is_skipped_takes_the_other_path_with_the_reason(
    world: World, block: str
) -> None:
    anna = blocked(world, block, on_block="skip")
    skipped = world.messages()[-1]
    assert (skipped["state"], skipped["reason"]) == ("skipped", block)
    assert end_of(world, anna) == node_id("lost")


# --- 7, 8: a journey that is edited while it runs --------------------------------------------------------------------


def waiting(days: int, *more: str) -> Any:
    """A wait of so many days, then further waits of a day."""
    names = ["wait", *more]
    nodes = {"in": LIST, "wait": wait(type="duration", amount=days, unit="days"), **dict.fromkeys(more, ONE_DAY)}
    edges = [("in", "in", "wait"), *((one, "done", two) for one, two in zip(names, [*more, "end"], strict=True))]
    return build(nodes | ends("end"), edges)


def test_trap_7_who_waits_when_a_wait_is_edited_goes_on_waiting_with_the_time_that_has_passed(world: World) -> None:
    old, new = world.people(2)
    world.publish(waiting(3))
    world.enroll([old])
    world.tick()
    came = world.now
    world.now = Instant(came + 2 * DAY)
    world.publish(waiting(10))
    world.enroll([new])
    world.tick()
    due = {passage["contact"]: passage["due_at"] for passage in world.passages()}
    assert due == {old: came + 3 * DAY, new: world.now + 10 * DAY}


@pytest.mark.parametrize("existing", [None, True])
def test_trap_8_a_step_that_is_added_at_the_end_brings_nobody_back_who_has_finished(
    world: World, existing: bool | None
) -> None:
    (anna,) = world.people(1)
    world.segment("all", {"none": [{"leaf": "attribute", "attribute": "language", "op": "=", "value": "xx"}]})
    entering = ("trigger", {"on": {"type": "segment", "segment": "all"}, "existing": True})
    short = {"in": entering, "wait": ONE_DAY, **ends("end")}
    world.publish(build(short, [("in", "in", "wait"), ("wait", "done", "end")]))
    world.tick()
    world.tick(Instant(world.now + DAY))
    assert end_of(world, anna) == node_id("end")
    edges = [("in", "in", "wait"), ("wait", "done", "more"), ("more", "done", "end")]
    world.publish(build(short | {"more": ONE_DAY}, edges), existing=existing)
    assert world.came_at_once == 0
    world.tick(Instant(world.now + DAY))
    assert end_of(world, anna) == node_id("end")


# --- 12: one cap over all journeys -----------------------------------------------------------------------------------


def test_trap_12_two_journeys_in_one_minute_keep_one_cap(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=1, within_days=7))
    for id_ in ("one", "two"):
        nodes = {"in": on("page.visited"), "ask": send(), **ends("sent", "lost")}
        edges = [("in", "in", "ask"), ("ask", "sent", "sent"), ("ask", "not_sent", "lost")]
        world.publish(build(nodes, edges, id=id_))
    world.happened(anna, "page.visited")
    world.tick()
    channel = Recorder()
    deliver(world, channel, threads=2)
    assert len(channel.mails) == 1
    assert sorted(one["state"] for one in world.messages()) == ["held", "sent"]


# --- 13: the goal ----------------------------------------------------------------------------------------------------


def buying(world: World) -> int:
    (anna,) = world.people(1)
    world.consent([anna])
    nodes = {"in": LIST, "wait": ONE_DAY, "ask": send(), "rest": ONE_DAY, **ends("end")}
    edges = [
        ("in", "in", "wait"), ("wait", "done", "ask"), ("ask", "sent", "rest"), ("ask", "not_sent", "rest"),
        ("rest", "done", "end"),
    ]  # fmt: skip
    world.publish(build(nodes, edges, goal=BOUGHT))
    world.enroll([anna])
    world.tick()
    return anna


def goals_counted(world: World) -> int:
    with world.store.read() as conn:
        counted = select(func.sum(t.counter.c.delta)).where(t.counter.c.reason == "goal")
        return int(conn.execute(counted).scalar() or 0)


def test_trap_13_a_goal_reached_before_the_first_message_counts_once_and_thanks_no_message(world: World) -> None:
    anna = buying(world)
    for _ in range(2):
        world.now = Instant(world.now + HOUR)
        world.happened(anna, "purchase.made")
        world.tick()
    world.tick(Instant(world.now + DAY))
    (passage,) = world.passages()
    assert (passage["state"], passage["goal_at"]) == ("goal", passage["since_at"] + HOUR)
    assert (passage["goal_message"], world.messages(), goals_counted(world)) == (None, [], 1)


def test_trap_13_a_goal_reached_after_a_message_is_its_doing(world: World) -> None:
    anna = buying(world)
    world.tick(Instant(world.now + DAY))
    deliver(world, Recorder())
    world.tick(Instant(world.now + HOUR))
    world.happened(anna, "purchase.made")
    world.tick()
    (passage,), (message,) = world.passages(), world.messages()
    assert (passage["state"], passage["goal_message"], goals_counted(world)) == ("goal", message["id"], 1)


# --- 16: consent -----------------------------------------------------------------------------------------------------


def test_trap_16_consent_that_is_withdrawn_while_a_message_is_held_is_asked_again_when_it_would_go_out(
    world: World,
) -> None:
    anna = blocked(world, "quiet hours")
    world.now = Instant(world.now + HOUR)
    world.consent([anna], given=False)
    world.now = Instant(world.now + HOUR)
    channel = Recorder()
    deliver(world, channel)
    world.tick()
    skipped = world.messages()[-1]
    assert (channel.mails, skipped["state"], skipped["reason"]) == ([], "skipped", "consent withdrawn")
    assert end_of(world, anna) == node_id("lost")


# --- 17: a clock of one's own ----------------------------------------------------------------------------------------


def test_trap_17_a_run_on_a_clock_of_its_own_touches_no_network_and_leaves_files(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sqlite_store, at("2026-03-02 12:00"))
    (anna,) = world.people(1)
    world.consent([anna])
    nodes = {"in": LIST, "ask": send(), "call": ("webhook", {"url": "https://shop.example/"}), **ends("end", "lost")}
    edges = [("in", "in", "ask"), ("ask", "sent", "call"), ("ask", "not_sent", "lost"), ("call", "ok", "end")]
    publish(sqlite_store, build(nodes, edges), {}, now=world.now, reason="a test")
    world.enroll([anna])
    clock = SetClock(world.now)
    called: list[Any] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda *arguments: called.append(arguments))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **more: called.append(arguments))
    delivery = Delivery(
        store=sqlite_store,
        plans=world.engine.plans,
        channel=FileSink(tmp_path / "mail"),
        writer=StoryWriter(),
        worker="test",
        clock=clock.now,
        caller=CallSink(tmp_path / "mail"),
    )
    run_until(Runner(world.engine, delivery), clock, Instant(world.now + 3 * DAY))
    assert called == []
    assert sorted(path.suffix for path in (tmp_path / "mail").iterdir()) == [".eml", ".http"]
    assert (end_of(world, anna), [one["state"] for one in world.messages()]) == (node_id("end"), ["sent", "sent"])
