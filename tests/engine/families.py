"""What stories tell of beside events: stages, points, prices, the weather, the calendar, codes, calls and jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, select

from journeys.base.time import Instant
from journeys.channels.channel import Accepted, Handed, Mail, Refused, Request, Uncertain
from journeys.engine.deliver import Letter, Unwritable
from journeys.engine.outbox import Claimed
from journeys.graph.journey import Journey
from journeys.store import contacts, definitions
from journeys.store import tables as t
from journeys.store.codes import NewCode, add_codes, define_pool
from journeys.store.feeds import define_feed, feed_named, keep_rows
from journeys.store.product_events import ProductEvent, record_product_events
from journeys.store.store import Store
from tests.engine.conftest import build
from tests.engine.mails import PlainWriter

_MOVED: Sequence[dict[str, Any]] = ({}, {"moved_from": "recent"}, {"moved_from": "recent", "left_within_days": 1})
#: what brings contacts in, beside events, lists, segments and a date of their own
ON: Sequence[st.SearchStrategy[dict[str, Any]]] = (
    st.sampled_from(["new", "asked"]).map(lambda key: {"type": "stage", "funnel": "club", "stage": key}),
    st.sampled_from([None, {"op": ">=", "value": 2}]).map(
        lambda becomes: {"type": "change", "attribute": "points", "becomes": becomes}
    ),
    st.sampled_from(_MOVED).map(
        lambda more: {"type": "segment", "segment": "reds"} | more
    ),
    st.integers(1, 2).map(
        lambda days: {"type": "inactivity", "events": ["page.visited", "purchase.made"], "days": days, "at": "06:00"}
    ),
    st.integers(1, 3).map(
        lambda days: {
            "type": "schedule", "rule": f"FREQ=DAILY;INTERVAL={days}", "starts_on": "2026-03-27", "at": "06:00",
        }
    ),
    st.builds(
        lambda date, days: {"type": "date", "date": date, "offset_days": days, "at": "06:00"},
        st.sampled_from([{"type": "first event", "event": "page.visited"}, {"type": "last event", "event": "page.visited"}]),
        st.integers(1, 2),
    ),
    st.just({"type": "date", "date": {"type": "attribute", "attribute": "day"}, "at": "06:00", "yearly": True}),
    st.sampled_from([None, 50]).map(
        lambda least: {"type": "product", "what": "price drop", "product": "tea", "at_least_percent": least}
    ),
    st.just(
        {
            "type": "feed", "feed": "weather", "attribute": "colour",
            "where": [{"field": "degrees", "op": "<", "value": 0}],
        }
    ),
)  # fmt: skip

#: kind of node → its settings
KINDS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "code": st.just({"pool": "club"}),
    "webhook": st.fixed_dictionaries(
        {"url": st.just("https://shop.example/")},
        optional={"wait_for_answer": st.just(False), "again_when_unknown": st.just(True)},
    ),
    "jump": st.sampled_from([{}, {"journey": "other"}]),
}

#: what happens → strategy of its data
HAPPENING: Mapping[str, st.SearchStrategy[Any]] = {
    "points": st.integers(0, 3),
    "stage": st.sampled_from(["new", "asked"]),
    "price": st.integers(1, 4),
    "weather": st.tuples(st.integers(-1, 1), st.integers(-1, 1)),
    "click": st.none(),
}

_LIST: tuple[str, dict[str, Any]] = ("trigger", {"on": {"type": "list"}})


def other() -> Journey:
    """The journey that others jump to."""
    wait = ("wait", {"rule": {"type": "duration", "amount": 6, "unit": "hours"}})
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "door": _LIST,
        "rest": wait,
        "over": ("exit", {"reason": "finished"}),
    }
    edges = [("door", "in", "rest"), ("rest", "done", "over")]
    return build(nodes, edges, id="other", name="Other", re_entry={"rule": "after leaving"})


def furnish(store: Store, *, codes: int, now: Instant) -> None:
    """What those families need: a funnel, a pool of so many codes, a product and a feed."""
    with store.write() as conn:
        definitions.define_funnel(conn, "club", [("new", ""), ("asked", "")])
        define_pool(conn, "club")
        add_codes(conn, "club", [NewCode(f"C{n:02}") for n in range(codes)], now=now)
        definitions.define_product(conn, "tea", name="Tea", price=2, currency="PLN")
        define_feed(conn, "weather", url="https://weather.example/", format_="json", key_field="colour", now=now)
        report(conn, (0, 0), now=now)


def report(conn: Connection, degrees: tuple[int, int], *, now: Instant) -> None:
    """What the feed says of red and of blue."""
    rows = {colour: {"degrees": of} for colour, of in zip(("red", "blue"), degrees, strict=True)}
    keep_rows(conn, feed_named(conn, "weather"), rows, etag=None, last_modified=None, now=now)


def sell_for(conn: Connection, price: int, *, now: Instant) -> None:
    """The product has another price."""
    before = conn.execute(select(t.product.c.price).where(t.product.c.key == "tea")).scalar_one()
    conn.execute(t.product.update().where(t.product.c.key == "tea").values(price=price))
    record_product_events(conn, [ProductEvent("tea", "price", before, price, "PLN")], now=now)


def put_on_stage(conn: Connection, contact: int, stage: str, *, now: Instant) -> None:
    contacts.set_stage(conn, [(contact, "club", stage)], now=now, source="test")


class Caller:
    """Answers calls by the contact's number alone, so that every run hears the same."""

    def call(self, request: Request) -> Handed:
        match int(request.content) % 3:
            case 1:
                return Refused(404, "HTTP 404")
            case 2:
                return Uncertain("no answer")
            case _:
                return Accepted("HTTP 200")


class StoryWriter(PlainWriter):
    """Writes calls too. Every mail has a sender and every call a server of its own: the trouble of one keeps no other
    waiting."""

    def _letter(self, message: Claimed) -> Letter | Unwritable:
        if message.channel != "webhook":
            mail = Mail(message.id, f"m{message.id}@example.com", message.address, b"hello")
            return Letter(mail, f"<{message.id}@example.com>")
        number = message.address.partition("@")[0].lstrip("c")
        request = Request(
            message_id=message.id,
            url=f"https://m{message.id}.example/",
            method="POST",
            content_type="text/plain",
            content=number.encode(),
            idempotency_key=str(message.id),
            secret="",
            private_addresses=False,
        )
        return Letter(request, request.idempotency_key)
