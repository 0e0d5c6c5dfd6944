"""Two runtimes on one store, and two workers in one moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, update

from journeys.base.clock import SystemClock
from journeys.base.time import Instant
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.engine.deliver import Delivery
from journeys.engine.outbox import LEASE_SECONDS
from journeys.engine.policies import set_rule
from journeys.engine.tick import Engine
from journeys.graph.settings import Cap
from journeys.runtime.beat import Runner
from journeys.runtime.lease import NAME, SECONDS
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.store import Store, engine_for
from tests.engine.conftest import World, build
from tests.engine.invariants import broken
from tests.engine.mails import PlainWriter, Recorder, add_sender, written
from tests.faults.conftest import NODES as SHOP_NODES
from tests.faults.conftest import Shop
from tests.faults.runtime import AT_REST
from tests.faults.series import Life, Sink, orders_of, wait_for

pytestmark = pytest.mark.long

EXIT = ("exit", {"reason": "finished"})


def test_a_second_runtime_refuses_and_the_first_one_goes_on(store: Store, tmp_path: Path) -> None:
    world = World(store, SystemClock().now())
    add_sender(store)
    people = world.people(10)
    nodes = {"in": ("trigger", {"on": {"type": "list"}}), "ask": SHOP_NODES["ask"], "exit": EXIT}
    world.publish(build(nodes, [("in", "in", "ask"), ("ask", "sent", "exit")]), {"hello": written("hello")})
    sink = Sink(tmp_path)
    first = Life(orders_of(store, sink, tmp_path / "first"))
    try:
        first.reach(AT_REST, 1)
        second = Life(orders_of(store, sink, tmp_path / "second"))
        # it ends by itself, with the sentence
        assert second.gone() == 1
        world.enroll(people)
        wait_for(lambda: Counter(one["state"] for one in world.messages()) == Counter(sent=10), "ten mails")
        assert first.end() == 0
    finally:
        first.process.kill()
        sink.stop()
    with store.read() as conn:
        assert set(sink.received(settings.get(conn, "store_id")).values()) == {1}
        assert conn.execute(select(t.lease.c.holder).where(t.lease.c.name == NAME)).all() == []
    assert not (tmp_path / "first").exists()


def test_a_runtime_whose_lease_was_stolen_in_a_hand_over_ends_and_nobody_gets_two(store: Store) -> None:
    shop = Shop(store)

    def steal(_mail: Mail) -> Handed:
        # it was suspended for longer than its lease holds, and another one has begun
        if len(shop.channel.mails) == 5:
            shop.clock.set(Instant(shop.clock.now() + SECONDS + 1))
            with store.write() as conn:
                conn.execute(update(t.lease).values(holder="server:1", until_at=shop.clock.now() + SECONDS))
        return Accepted("250 ok")

    shop.channel.answer = steal
    shop.order()
    shop.fire()
    assert len(shop.channel.mails) == 5
    assert shop.troubles[0].startswith("This store is already being run by server:1. Stop it there, or wait until ")
    # the other one takes over what was left, when it is sure that the first has it no more
    later = Instant(shop.clock.now() + LEASE_SECONDS)
    other = _runner(Store(engine_for(store.engine.url)), shop.channel, later, "server:1")
    other.recover(later)
    other.beat(later)
    other.engine.store.close()
    assert shop.done()


def _runner(store: Store, channel: Recorder, now: Instant, worker: str) -> Runner:
    engine = Engine(store)
    delivery = Delivery(
        store=store, plans=engine.plans, channel=channel, writer=PlainWriter(), worker=worker, clock=lambda: now
    )
    return Runner(engine, delivery, threads=2)


def test_trap_12_two_workers_two_journeys_one_contact_one_cap_the_same_tick(store: Store) -> None:
    """Of the two mails that two journeys make for each contact in one tick, the cap lets one out, whoever takes it."""
    world = World(store)
    people = world.people(60)
    world.consent(people)
    with store.write() as conn:
        set_rule(conn, Cap(at_most=1, within_days=7))
    nodes = {
        "in": ("trigger", {"on": {"type": "event", "event": "order.placed"}}),
        "ask": ("send", {"template": "hello", "purpose": "newsletter"}),
        "exit": EXIT,
    }
    for name in ("one", "two"):
        world.publish(build(nodes, [("in", "in", "ask"), ("ask", "sent", "exit")], id=name, name=name))
    for one in people:
        world.happened(one, "order.placed")
    channel = Recorder()
    stores = [Store(engine_for(store.engine.url)) for _ in range(2)]
    workers = [_runner(one, channel, world.now, f"worker:{n}") for n, one in enumerate(stores)]
    together = Barrier(2)

    def beat(worker: Runner) -> None:
        together.wait()
        worker.beat(world.now)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(beat, worker) for worker in workers]:
            future.result()
    # what one of them found taken by the other when it ended
    workers[0].beat(world.now)
    for one in stores:
        one.close()
    assert Counter(mail.to for mail in channel.mails) == Counter({f"c{n}@example.com": 1 for n in range(60)})
    assert Counter((one["state"], one["reason"]) for one in world.messages()) == Counter(
        {("sent", ""): 60, ("held", "cap"): 60}
    )
    assert broken(world) == []
