"""A clock that is set back or forward."""

from __future__ import annotations

from collections import Counter

import pytest

from journeys.base.time import DAY, HOUR, MINUTE
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store.store import Store
from tests.faults.conftest import Shop

pytestmark = pytest.mark.long


def test_a_clock_set_back_stops_the_store_with_a_sentence_until_it_has_caught_up(store: Store) -> None:
    shop = Shop(store)
    shop.fire()
    shop.order()
    shop.fire(-2 * HOUR)
    assert shop.troubles == [
        "The clock says 2026-03-02T10:00:00+01:00, but the store has already been run up to 2026-03-02T12:00:00+01:00. "
        "Nothing was done. Set the clock of this computer, wait until it has caught up, or go back to a backup "
        "from before with kanwa store restore."
    ]
    assert shop.channel.mails == []
    shop.fire(2 * HOUR)
    assert shop.done()


def test_a_clock_set_back_within_a_beat_sends_nothing_twice_and_loses_nothing(store: Store) -> None:
    shop = Shop(store)

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            shop.later(-HOUR)
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
            shop.later(jump)
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.order()
    shop.fire()
    shop.fire(1 - min(jump, 0))
    assert (shop.states(), shop.done()) == (Counter(sent=len(shop.people)), True)
