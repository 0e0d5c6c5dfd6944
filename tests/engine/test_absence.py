"""Why / why not, for contacts who never came in by triggers that keep no misses."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.base.time import DAY, Instant
from journeys.engine.trace import Miss
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.definitions import define_funnel, define_tag
from journeys.store.feeds import define_feed, feed_named, keep_rows
from journeys.store.product_events import ProductEvent, record_product_events
from tests.engine.conftest import World, at, build
from tests.engine.test_trace import traced

EXIT = ("exit", {"reason": "finished"})
VIP = {"leaf": "tag", "tag": "vip"}


def publish(world: World, on: dict[str, Any], **trigger: Any) -> None:
    with world.store.write() as conn:
        define_tag(conn, "vip")
    world.publish(build({"in": ("trigger", {"on": on} | trigger), "exit": EXIT}, [("in", "in", "exit")]))


def missed(world: World, who: int) -> list[Miss]:
    found = traced(world, who)
    assert found.passages == ()
    return list(found.misses)


def why(world: World, who: int) -> list[str]:
    (miss,) = missed(world, who)
    return [one.sentence for one in miss.because]


@pytest.fixture
def anna(world: World) -> int:
    world.now = at("2026-11-20 12:00")
    (anna,) = world.people(1)
    return anna


def test_inactivity_says_when_the_days_are_over(world: World, anna: int) -> None:
    world.happened(anna, "page.visited")
    publish(world, {"type": "inactivity", "events": ["page.visited"], "days": 5})
    world.tick()
    assert why(world, anna)[1:] == [
        "The last of these was on 2026-11-20 12:00: “page.visited”. 5 days are over on 2026-11-25."
    ]


def test_inactivity_of_who_never_did_anything_counts_no_days(world: World, anna: int) -> None:
    publish(world, {"type": "inactivity", "events": ["page.visited"], "days": 5})
    assert why(world, anna)[1:] == ["None of these has ever happened, so that no days are counted: “page.visited”."]


def test_a_day_that_matched_says_whom_the_audience_wanted_then(world: World, anna: int) -> None:
    world.happened(anna, "page.visited")
    publish(world, {"type": "inactivity", "events": ["page.visited"], "days": 2}, only=VIP)
    world.tick("2026-11-22 09:00")
    world.tick("2026-11-23 09:00")
    (miss,) = missed(world, anna)
    assert miss.at == at("2026-11-22 00:00")
    assert [(one.sentence, one.holds) for one in miss.because] == [
        ("The contact did not fulfil what the trigger asks for.", False),
        ("tag “vip”: not there; asked for: there", False),
    ]


def test_a_day_that_was_over_at_publishing_says_so(world: World, anna: int) -> None:
    world.happened(anna, "page.visited", when=Instant(world.now - 5 * DAY))
    publish(world, {"type": "inactivity", "events": ["page.visited"], "days": 5})
    world.tick()
    assert why(world, anna) == ["It was over before the journey was published."]


def test_an_anniversary_says_the_day_that_is_remembered(world: World, anna: int) -> None:
    with world.store.write() as conn:
        conn.execute(t.purchase.insert().values(contact=anna, at=at("2025-03-04 18:00"), total=1, currency="PLN"))
    publish(world, {"type": "date", "date": {"type": "first purchase"}, "yearly": True})
    assert why(world, anna)[1:] == ["The day of the first order is 2025-03-04."]


def test_a_birthday_that_is_missing_says_so(world: World, anna: int) -> None:
    with world.store.write() as conn:
        define_attribute(conn, "birthday", "date")
    publish(world, {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "yearly": True})
    assert why(world, anna)[1:] == ["There is no day for “birthday”."]


def test_the_calendar_says_its_next_day(world: World, anna: int) -> None:
    publish(world, {"type": "schedule", "rule": "FREQ=WEEKLY;BYDAY=MO", "starts_on": "2026-01-01"}, only=VIP)
    assert why(world, anna)[-1] == "The next day of the calendar's rule is 2026-11-23."


def test_the_calendar_says_whom_the_audience_wanted_on_its_day(world: World, anna: int) -> None:
    publish(world, {"type": "schedule", "rule": "FREQ=WEEKLY;BYDAY=MO", "starts_on": "2026-01-01"}, only=VIP)
    world.tick("2026-11-24 09:00")
    (miss,) = missed(world, anna)
    assert (miss.at, miss.because[0].holds) == (at("2026-11-23 00:00"), False)


def test_a_price_drop_says_that_the_product_was_not_viewed(world: World, anna: int) -> None:
    viewed = {"leaf": "event", "event": "product.viewed", "scope": {"type": "subject"}}
    publish(world, {"type": "product", "what": "price drop"}, subject="product", only=viewed)
    world.happened(anna, "product.viewed", product="mug")
    with world.store.write() as conn:
        record_product_events(conn, [ProductEvent("tea", "price", 10, 8, "PLN")], now=world.now)
    world.tick()
    assert why(world, anna) == [
        "The contact did not fulfil what the trigger asks for.",
        "number of “product.viewed” (of what the passage is about): 0, not ≥ 1",
    ]


def test_a_product_trigger_without_any_change_says_so(world: World, anna: int) -> None:
    publish(world, {"type": "product", "what": "back in stock"})
    assert why(world, anna)[-1] == "No product has done so yet in an import that lets journeys react."


def test_a_stage_says_where_the_contact_stands(world: World, anna: int) -> None:
    with world.store.write() as conn:
        define_funnel(conn, "club", [("new", ""), ("asked", "")])
        contacts.set_stage(conn, [(anna, "club", "new")], now=world.now, source="test")
    publish(world, {"type": "stage", "funnel": "club", "stage": "asked"})
    assert why(world, anna)[1:] == ["The contact has stood on the stage “club/new” of “club” since 2026-11-20 12:00."]


def test_a_movement_says_which_segments_the_contact_has_been_in(world: World, anna: int) -> None:
    with world.store.write() as conn:
        define_tag(conn, "vip")
    world.segment("loyal", VIP)
    world.segment("at-risk", {"none": [VIP]})
    publish(world, {"type": "segment", "segment": "at-risk", "moved_from": "loyal"})
    assert why(world, anna)[1:] == [
        "The contact was in the segment “at-risk” when it was worked out, on 2026-11-20 12:00, without a movement.",
        "The contact was never in the segment “loyal”.",
    ]


def test_a_change_says_when_it_last_came(world: World, anna: int) -> None:
    with world.store.write() as conn:
        define_attribute(conn, "points", "number")
        contacts.change(conn, [(anna, {"points": 5})], now=world.now, source="test", quiet=True)
    publish(world, {"type": "change", "attribute": "points", "becomes": {"op": ">=", "value": 200}})
    assert why(world, anna)[1:] == ["“points” changed last on 2026-11-20 12:00."]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (None, "The contact has no “region”."),
        ("west", "The feed “weather” has no row “west”."),
        ("north", "The condition does not hold for “north”, whose row changed last on 2026-11-20 12:00."),
        ("South", "The condition holds for “south” already; it has to become true while the journey runs."),
    ],
)
def test_a_feed_says_how_the_contacts_row_stands(world: World, anna: int, region: str | None, said: str) -> None:
    with world.store.write() as conn:
        define_attribute(conn, "region", "text")
        contacts.change(conn, [(anna, {"region": region})], now=world.now, source="test", quiet=True)
        define_feed(conn, "weather", url="http://x/", format_="json", key_field="region", now=world.now)
        rows = {"north": {"t": 1}, "south": {"t": -1}}
        keep_rows(conn, feed_named(conn, "weather"), rows, etag=None, last_modified=None, now=world.now)
    where = [{"field": "t", "op": "<", "value": 0}]
    publish(world, {"type": "feed", "feed": "weather", "where": where, "attribute": "region"})
    assert why(world, anna)[1:] == [said]
