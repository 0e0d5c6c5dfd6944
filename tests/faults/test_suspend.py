"""A computer that slept for days: what it finds due is done once, later or not at all, as the rules for being late say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from journeys.base.time import DAY, HOUR, MINUTE
from journeys.channels.channel import Accepted, Deferred, Handed, Mail
from journeys.store.store import Store
from tests.engine.conftest import build
from tests.faults.conftest import Shop

pytestmark = pytest.mark.long

EXIT = ("exit", {"reason": "finished"})
ORDER = ("trigger", {"on": {"type": "event", "event": "order.placed"}})
SERVICE = {"template": "hello", "message_class": "service"}
MARKETING = {"template": "hello", "purpose": "newsletter"}


def an_hour_after_an_order(shop: Shop, name: str, send: dict[str, Any]) -> None:
    """Publish a journey that sends something an hour after an order."""
    nodes = {
        "in": ORDER,
        "rest": ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "hours"}}),
        "ask": ("send", send),
        "exit": EXIT,
    }
    edges = [("in", "in", "rest"), ("rest", "done", "ask"), ("ask", "sent", "exit")]
    shop.world.publish(build(nodes, edges, id=name, name=name))


@pytest.fixture
def shop(store: Store) -> Shop:
    """Five people who agreed to the newsletter, and nothing that runs but what the test publishes."""
    shop = Shop(store, people=5, journey=False)
    shop.world.consent(shop.people)
    return shop


#: how long after the order the computer woke up → what becomes of service and of marketing that were due an hour after it
WAKES = [
    pytest.param(25 * HOUR, "sent", "sent", id="a day late"),
    pytest.param(25 * HOUR + 1, "sent", "held", id="more than a day late"),
    pytest.param(3 * DAY, "sent", "held", id="after three days"),
    pytest.param(73 * HOUR, "sent", "sent", id="three days late, at its hour"),
    pytest.param(73 * HOUR + 1, "left out", "held", id="more than three days late"),
]


@pytest.mark.parametrize(("slept", "service", "marketing"), WAKES)
def test_trap_11_after_a_sleep_marketing_waits_for_its_hour_and_service_is_left_out_when_nobody_needs_it_any_more(
    shop: Shop, slept: int, service: str, marketing: str
) -> None:
    an_hour_after_an_order(shop, "parcel", SERVICE)
    an_hour_after_an_order(shop, "news", MARKETING)
    shop.order()
    shop.fire()
    shop.fire(slept)
    assert shop.sound()
    by_class = Counter((one["message_class"], one["state"], one["reason"]) for one in shop.world.messages())
    expected = Counter({("service", "sent", ""): 5}) if service == "sent" else Counter()
    expected["marketing", marketing, "late" if marketing == "held" else ""] += 5
    assert by_class == expected
    # the hour at which it was due, and not the one at which the computer woke up
    to_its_hour = -(slept - HOUR) % DAY
    if marketing == "held":
        shop.fire(to_its_hour - 1)
        assert shop.states()["held"] == 5
        shop.fire(1)
    assert shop.states() == Counter(sent=expected.total())
    shop.fire(MINUTE)
    assert {passage["state"] for passage in shop.world.passages()} == {"finished"}
    assert (shop.sound(), shop.troubles) == (True, [])


@pytest.mark.parametrize(("slept", "state"), [(3 * DAY - 1, "sent"), (3 * DAY, "expired")])
def test_a_mail_that_waited_when_the_computer_fell_asleep_goes_out_before_its_end_and_expires_with_the_reason_after_it(
    shop: Shop, slept: int, state: str
) -> None:
    an_hour_after_an_order(shop, "parcel", SERVICE)
    shop.order()
    shop.fire()

    def answer(_mail: Mail) -> Handed:
        return Deferred(451, "451 later", 60, account_wide=True)

    shop.channel.answer = answer
    shop.fire(HOUR)
    assert shop.states() == Counter(pending=5)
    refused = len(shop.channel.mails)
    # those that the server has put off have not been received
    shop.channel.mails.clear()
    shop.channel.answer = lambda _mail: Accepted("250 ok")
    shop.fire(slept)
    assert shop.states() == Counter({state: 5})
    assert refused >= 1
    assert shop.sound(refused=5 if state == "expired" else 0)
    assert len(shop.channel.mails) == (5 if state == "sent" else 0)


def test_a_mail_in_hand_when_the_computer_fell_asleep_is_settled_when_it_wakes_up_and_the_rest_goes_on(
    shop: Shop,
) -> None:
    an_hour_after_an_order(shop, "parcel", SERVICE)
    shop.order()
    shop.fire()

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 2:
            shop.later(3 * DAY)
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.fire(HOUR)
    shop.fire(1)
    assert (shop.states(), shop.sound()) == (Counter(sent=5), True)


def test_a_computer_that_slept_for_three_days_goes_on_with_one_step_of_a_daily_series_and_not_with_three(
    shop: Shop,
) -> None:
    day = ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "days"}})
    send = ("send", SERVICE)
    nodes = {"in": ORDER, "one": send, "rest": day, "two": send, "sleep": day, "three": send, "exit": EXIT}
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
