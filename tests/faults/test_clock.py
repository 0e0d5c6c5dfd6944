"""A clock that is set back or forward, and a computer that slept."""

from __future__ import annotations

from collections import Counter

import pytest

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store.store import Store
from tests.engine.conftest import build
from tests.faults.conftest import Shop

pytestmark = pytest.mark.long

EXIT = ("exit", {"reason": "finished"})


def test_a_clock_set_back_stops_the_store_with_a_sentence_until_it_has_caught_up(store: Store) -> None:
    shop = Shop(store)
    shop.fire()
    shop.order()
    shop.fire(-2 * HOUR)
    assert shop.troubles == [
        "The clock says 2026-03-02T10:00:00+01:00, but the store has already been run up to 2026-03-02T12:00:00+01:00. "
        "Nothing was done. Set the clock of this computer, or wait until it has caught up."
    ]
    assert shop.channel.mails == []
    shop.fire(2 * HOUR)
    assert shop.done()


def test_a_clock_set_back_within_a_beat_sends_nothing_twice_and_loses_nothing(store: Store) -> None:
    shop = Shop(store)

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            shop.clock.set(Instant(shop.clock.now() - HOUR))
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.order()
    shop.fire()
    shop.fire(10 * MINUTE)
    assert shop.sound()
    shop.fire(HOUR)
    assert shop.done()


def test_a_clock_set_days_forward_by_mistake_and_back_again_is_waited_for_and_doubles_nothing(store: Store) -> None:
    shop = Shop(store)
    shop.order()
    shop.fire(5 * DAY)
    assert shop.done()
    shop.fire(-5 * DAY + MINUTE)
    assert len(shop.troubles) == 1
    assert shop.troubles[0].startswith("The clock says 2026-03-02T12:01:00+01:00, but the store has already been run")
    assert shop.done()


@pytest.mark.parametrize("jump", [3 * DAY, -3 * DAY])
def test_what_was_in_hand_while_the_clock_jumped_is_settled_by_whoever_has_it(store: Store, jump: int) -> None:
    shop = Shop(store)

    def answer(_mail: Mail) -> Handed:
        # long after every lease is over, and long before it has begun
        if len(shop.channel.mails) == 3:
            shop.clock.set(Instant(shop.clock.now() + jump))
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.order()
    shop.fire()
    shop.fire(1 - min(jump, 0))
    assert (shop.states(), shop.done()) == (Counter(sent=len(shop.people)), True)


def test_a_computer_that_slept_for_three_days_goes_on_with_one_step_of_a_daily_series_and_not_with_three(
    store: Store,
) -> None:
    shop = Shop(store, people=5)
    day = ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "days"}})
    send = ("send", {"template": "hello", "message_class": "service"})
    nodes = {
        "in": ("trigger", {"on": {"type": "event", "event": "order.placed"}}),
        "one": send, "rest": day, "two": send, "sleep": day, "three": send, "exit": EXIT,
    }  # fmt: skip
    edges = [
        ("in", "in", "one"), ("one", "sent", "rest"), ("rest", "done", "two"), ("two", "sent", "sleep"),
        ("sleep", "done", "three"), ("three", "sent", "exit"),
    ]  # fmt: skip
    shop.world.publish(build(nodes, edges))
    shop.order()
    shop.fire()
    assert len(shop.channel.mails) == 5
    shop.fire(3 * DAY)
    assert len(shop.channel.mails) == 10
    # the rest of a day begins when the mail has gone, not when it should have
    shop.fire(23 * HOUR)
    assert len(shop.channel.mails) == 10
    shop.fire(HOUR)
    assert (len(shop.channel.mails), shop.sound(), shop.troubles) == (15, True, [])
