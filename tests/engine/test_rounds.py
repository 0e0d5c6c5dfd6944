"""Of several events that were not heard yet, each is asked about as if the later ones had not happened."""

from __future__ import annotations

from sqlalchemy import select

from journeys.base.time import HOUR, MINUTE, Instant
from journeys.store import tables as t
from journeys.store.purchases import NewPurchase, add_purchases
from tests.engine.conftest import World
from tests.engine.test_listen import on, simple

TWICE = {"leaf": "event", "event": "purchase.made", "count": {"op": ">=", "value": 2}}
ONCE = {"leaf": "event", "event": "purchase.made", "count": {"op": "=", "value": 1}}


def missed(world: World) -> list[str]:
    with world.store.read() as conn:
        return list(conn.execute(select(t.not_entered.c.reason).order_by(t.not_entered.c.id)).scalars())


def test_an_ending_is_asked_as_of_each_event_though_later_ones_are_there_already(world: World) -> None:
    """The goal is the second of two unheard purchases, and the visit between them finds its contact inside."""
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), goal=TWICE, re_entry={"rule": "after leaving"}))
    world.happened(anna, "page.visited")
    world.tick()
    second = world.now + 3 * MINUTE
    for minutes, kind in enumerate(("purchase.made", "page.visited", "purchase.made"), 1):
        world.happened(anna, kind, when=Instant(world.now + minutes * MINUTE))
    world.tick(Instant(world.now + HOUR))
    assert [(one["state"], one["goal_at"]) for one in world.passages()] == [("goal", second)]
    assert missed(world) == ["inside"]


def test_orders_that_are_heard_later_do_not_count_yet(world: World) -> None:
    (anna,) = world.people(1)
    orders = {"leaf": "purchase", "count": {"op": ">=", "value": 2}}
    world.publish(simple(on("page.visited"), goal=orders))
    world.happened(anna, "page.visited")
    world.tick()
    with world.store.write() as conn:
        bought = [NewPurchase(anna, Instant(world.now + n * MINUTE), 100, "PLN") for n in (1, 2)]
        add_purchases(conn, bought, now=world.now, source="test")
    world.tick(Instant(world.now + HOUR))
    (passage,) = world.passages()
    assert (passage["state"], passage["goal_at"]) == ("goal", passage["since_at"] + 2 * MINUTE)


def test_an_event_that_comes_late_is_counted_with_what_was_heard_before(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), goal=TWICE))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "purchase.made", when=Instant(world.now + HOUR))
    world.tick(Instant(world.now + HOUR))
    world.happened(anna, "purchase.made", when=Instant(world.now - MINUTE))
    world.tick(Instant(world.now + HOUR))
    (passage,) = world.passages()
    assert passage["state"] == "goal"


def test_the_audience_is_asked_as_of_the_event_though_a_later_one_is_there_already(world: World) -> None:
    """Who ordered twice while the engine slept had a first order all the same."""
    (anna,) = world.people(1)
    world.publish(simple(on("purchase.made", only=ONCE), re_entry={"rule": "always"}))
    first = Instant(world.now + MINUTE)
    world.happened(anna, "purchase.made", when=first)
    world.happened(anna, "purchase.made", when=Instant(world.now + 2 * MINUTE))
    world.tick(Instant(world.now + HOUR))
    assert [one["since_at"] for one in world.passages()] == [first]
    assert missed(world) == ["audience"]


def test_the_audience_counts_no_later_event_of_a_kind_that_nothing_else_listens_to(world: World) -> None:
    (anna,) = world.people(1)
    often = {"leaf": "event", "event": "cart.filled", "count": {"op": ">=", "value": 1}}
    world.publish(simple(on("page.visited", only=often)))
    world.happened(anna, "page.visited", when=Instant(world.now + MINUTE))
    world.happened(anna, "cart.filled", when=Instant(world.now + 2 * MINUTE))
    world.tick(Instant(world.now + HOUR))
    assert (world.passages(), missed(world)) == ([], ["audience"])
