"""One contact with everything, and what varies from test to test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from journeys.base.time import Instant, at_wall
from journeys.messages.context import Context, Sender
from journeys.messages.links import LinkKeys, LinkMaker
from journeys.messages.rendering import Rendered, renderer
from journeys.messages.template import Template

WARSAW = ZoneInfo("Europe/Warsaw")

STREAM = {
    "product": {"key": "stream-x", "name": "Stream X", "price": 2999, "currency": "PLN"},
    "offer": {"name": "30 days", "price": 2999, "currency": "PLN"},
    "start_on": "2026-10-31",
    "end_on": "2026-11-29",
    "duration_days": 30,
    "recurring_now": False,
    "recurring_initially": True,
}
ORDER = {
    "order_id": "A-17",
    "total": 12345,
    "currency": "PLN",
    "lines": [
        {"product": {"name": "Mug"}, "quantity": 2, "amount": 4000},
        {"product": {"name": "Tea"}, "quantity": 1, "amount": 8345},
    ],
}


@pytest.fixture
def now() -> Instant:
    from datetime import date, time

    return at_wall(date(2026, 11, 22), time(10), WARSAW)


@pytest.fixture
def keys() -> LinkKeys:
    return LinkKeys("k1", {"k1": b"0123456789abcdef0123456789abcdef"})


@pytest.fixture
def maker(keys: LinkKeys, now: Instant) -> Callable[..., LinkMaker]:
    def make(**given: Any) -> LinkMaker:
        return LinkMaker(
            **{
                "keys": keys,
                "message": 7,
                "at": now,
                "answers": "answers@shop.test",
                "endpoint": "https://a.shop.test",
                "survey": "nps",
                "programme": "club",
                **given,
            }
        )

    return make


@pytest.fixture
def context(maker: Callable[..., LinkMaker], now: Instant) -> Callable[..., Context]:
    """A context; keywords replace its parts."""

    def make(**given: Any) -> Context:
        return Context(
            **{
                "contact": {
                    "first_name": "Łucja",
                    "last_name": "Żak",
                    "email": "lucja@example.test",
                    "language": "pl",
                    "attributes": {"shoe_size": 38.0},
                },
                "attribute_keys": frozenset(("shoe_size", "city")),
                "links": maker(),
                "sender": Sender("shop@shop.test", "The shop", address="Main Street 1, Warsaw"),
                "at": now,
                "zone": WARSAW,
                "journey": "NPS after purchase",
                "why": "You get this because you bought something on 19 November.",
                **given,
            }
        )

    return make


@pytest.fixture
def render(context: Callable[..., Context]) -> Callable[..., Rendered]:
    """The mail of an HTML body for a contact."""

    def make(body: str, *, subject: str = "Hello", template: dict[str, Any] | None = None, **given: Any) -> Rendered:
        made = Template("news", subject, body, **{"markup": "html", **(template or {})})
        return renderer(made).render(context(**given))

    return make


@pytest.fixture
def said(render: Callable[..., Rendered]) -> Callable[..., str]:
    """What an expression prints, as plain text."""

    def make(expression: str, **given: Any) -> str:
        mail = render("<p>x</p>", template={"text": expression, "message_class": "service"}, marketing=False, **given)
        return mail.text.split("\n-- \n")[0].rstrip("\n")

    return make
