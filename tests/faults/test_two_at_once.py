"""Two runtimes on one store, and two workers in one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, update

from journeys.base.clock import SystemClock
from journeys.base.time import HOUR, Instant
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.engine.deliver import Delivery
from journeys.engine.outbox import HAND_OVER_SECONDS, LEASE_SECONDS
from journeys.engine.policies import set_rule
from journeys.engine.tick import Engine
from journeys.graph.settings import Cap
from journeys.runtime.beat import Beat, Runner
from journeys.runtime.lease import NAME, SECONDS, Lease
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.store import Store, engine_for
from tests.engine.conftest import World, build
from tests.engine.mails import PlainWriter, Recorder, add_sender, written
from tests.faults.conftest import NODES as SHOP_NODES
from tests.faults.conftest import Shop
from tests.faults.promise import kept
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
        received = sink.received(settings.get(conn, "store_id"))
        assert conn.execute(select(t.lease.c.holder).where(t.lease.c.name == NAME)).all() == []
    assert not (tmp_path / "first").exists()
    assert received.total() == 10
    kept(world, received)


def test_a_runtime_whose_lease_was_stolen_in_a_hand_over_ends_and_nobody_gets_two(store: Store) -> None:
    shop = Shop(store)

    def steal(_mail: Mail) -> Handed:
        # it was suspended for longer than its lease holds, and another one has begun
        if len(shop.channel.mails) == 5:
            shop.later(SECONDS + 1)
            with store.write() as conn:
                conn.execute(update(t.lease).values(holder="server:1", until_at=shop.clock.now() + SECONDS))
        return Accepted("250 ok")

    shop.channel.answer = steal
    shop.order()
    shop.fire()
    assert len(shop.channel.mails) == 5
    assert shop.troubles[0].startswith("This store is already being run by server:1. Stop it there, or wait until ")
    # the other one takes over what was left, when it is sure that the first has it no more
    later = shop.later(LEASE_SECONDS)
    other = _runner(Store(engine_for(store.engine.url)), shop.channel, shop.clock.now, "server:1")
    other.recover(later)
    other.beat(later)
    other.engine.store.close()
    assert shop.done()


@pytest.mark.parametrize("group", [1, 3])
def test_a_runtime_that_slept_in_a_hand_over_while_another_took_its_place_doubles_nothing_when_it_wakes_up(
    store: Store, group: int
) -> None:
    shop = Shop(store, group=group)
    other = _runner(Store(engine_for(store.engine.url)), shop.channel, shop.clock.now, "server:1")
    place = Lease(other.engine.store, "server:1")

    def sleep(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            # until nobody can take it for alive: what it had claimed, and what it had begun to hand over
            now = shop.later(group * HAND_OVER_SECONDS + 1)
            place.take(now)
            other.recover(now)
            other.beat(now)
        return Accepted("250 ok")

    shop.channel.answer = sleep
    shop.order()
    shop.fire()
    assert shop.troubles[0].startswith("This store is already being run by server:1. Stop it there, or wait until ")
    assert shop.states() == Counter(sent=len(shop.people) - group, unknown=group)
    assert shop.sound(in_flight=group)
    # what it had begun it also ended, for whom that may be; the other one has handed over all the rest
    assert len(shop.channel.mails) == len(shop.people)
    other.beat(shop.later(25 * HOUR))
    other.engine.store.close()
    assert {passage["state"] for passage in shop.world.passages()} == {"finished"}
    assert shop.sound(in_flight=group)


class Robbed(Runner):
    """A runner whose place another runtime takes at the n-th moment between two of its transactions."""

    def __init__(self, of: Runner, rob: Callable[[], None], nth: int) -> None:
        super().__init__(of.engine, of.delivery)
        self._rob = rob
        self.left = nth

    def beat(self, now: Instant, *, keep_going: Callable[[], bool] = lambda: True) -> Beat:
        def robbed() -> bool:
            self.left -= 1
            if self.left == 0:
                self._rob()
            return keep_going()

        return super().beat(now, keep_going=robbed)


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6, 8, 11, 15, 20])
def test_a_runtime_that_loses_its_lease_between_any_two_transactions_ends_there_and_the_other_one_goes_on(
    store: Store, nth: int
) -> None:
    shop = Shop(store)
    shop.order()
    other = _runner(Store(engine_for(store.engine.url)), shop.channel, shop.clock.now, "server:1")
    place = Lease(other.engine.store, "server:1")

    def rob() -> None:
        place.take(shop.later(SECONDS + 1))

    runner = Robbed(shop.runner, rob, nth)
    shop.timer_of(runner).fire()
    assert runner.left == 0, "it went on"
    assert [one[:47] for one in shop.troubles] == ["This store is already being run by server:1. St"]
    assert shop.sound()
    later = shop.later(LEASE_SECONDS)
    other.recover(later)
    other.beat(later)
    other.engine.store.close()
    assert shop.done()


def _runner(store: Store, channel: Recorder, clock: Callable[[], Instant], worker: str) -> Runner:
    engine = Engine(store)
    delivery = Delivery(
        store=store, plans=engine.plans, channel=channel, writer=PlainWriter(), worker=worker, clock=clock
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
    workers = [_runner(one, channel, lambda: world.now, f"worker:{n}") for n, one in enumerate(stores)]
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
    kept(world, Counter(mail.message_id for mail in channel.mails))
