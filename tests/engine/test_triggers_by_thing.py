"""Triggers of what changes about products and feeds: whom it concerns comes in, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from journeys.base.clock import SetClock
from journeys.base.time import DAY, Instant
from journeys.engine import lifecycle
from journeys.engine.letters import LetterWriter
from journeys.engine.missed import let_in
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.feeds import Feed, Read, define_feed, feed_named, keep_rows
from journeys.store.importing import Options, import_file
from tests.engine.conftest import World, build
from tests.engine.mails import KEYS, add_sender, body, claimed, parse, written

EXIT = ("exit", {"reason": "finished"})
VIEWED = {
    "leaf": "event",
    "event": "product.viewed",
    "scope": {"type": "subject"},
    "last_days_ago": {"op": "<=", "value": 30},
}
PRICE_DROP = {"type": "product", "what": "price drop"}


def journey(on: dict[str, Any], *, re_entry: dict[str, Any] | None = None, **trigger: Any) -> Any:
    return build(
        {"in": ("trigger", {"on": on} | trigger), "exit": EXIT},
        [("in", "in", "exit")],
        re_entry=re_entry or {"rule": "always"},
    )


Load = Callable[..., None]


@pytest.fixture
def load(world: World, tmp_path: Path) -> Load:
    """Import products, loudly: `load("key;price", "tea;10")`."""

    def run(*lines: str, quiet: bool = False) -> None:
        path = tmp_path / "products.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        options = Options(quiet=quiet, defaults={"currency": "PLN"})
        import_file(world.store, "products", path, options=options, clock=SetClock(world.now))

    return run


def entered(world: World) -> list[int]:
    return [passage["contact"] for passage in world.passages()]


# --- products --------------------------------------------------------------------------------------------------------


def test_E4_a_price_that_falls_brings_in_who_viewed_the_product_in_30_days(world: World, load: Load) -> None:
    anna, jan, eva = world.people(3)
    load("key;price", "tea;10.00", "mug;5.00")
    world.publish(journey(PRICE_DROP, subject="product", only=VIEWED))
    world.happened(anna, "product.viewed", product="tea")
    world.happened(anna, "product.viewed", product="tea")
    world.happened(jan, "product.viewed", product="mug")
    world.happened(eva, "product.viewed", product="tea", when=Instant(world.now - 40 * DAY))
    world.tick()
    load("key;price", "tea;8.00", "mug;6.00")
    world.tick()
    world.tick()
    assert entered(world) == [anna]


def test_E4_viewed_and_consent_are_both_asked(world: World, load: Load) -> None:
    anna, jan = world.people(2)
    world.consent([anna])
    consent = {"leaf": "consent", "channel": "email", "purpose": "newsletter"}
    load("key;price", "tea;10.00")
    world.publish(journey(PRICE_DROP, subject="product", only={"all": [consent, VIEWED]}))
    for who in (anna, jan):
        world.happened(who, "product.viewed", product="tea")
    load("key;price", "tea;8.00")
    world.tick()
    assert entered(world) == [anna]


def test_a_message_shows_the_old_and_the_new_price(world: World, load: Load) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    add_sender(world.store)
    load("key;name;price", "tea;Green tea;10.00")
    made = written(
        "drop",
        body="<p>{{ product.name }}: {{ product.old_price | money }} → {{ product.new_price | money }}</p>",
        text="{{ product.name }}: {{ product.old_price.minor }} {{ product.new_price.minor }} {{ product.stock }}",
    )
    send = ("send", {"template": "drop", "purpose": "newsletter"})
    world.publish(
        build(
            {"in": ("trigger", {"on": PRICE_DROP, "subject": "product", "only": VIEWED}), "send": send, "exit": EXIT},
            [("in", "in", "send"), ("send", "sent", "exit")],
        ),
        {"drop": made},
    )
    world.happened(anna, "product.viewed", product="tea")
    load("key;price", "tea;8.00")
    world.tick()
    with world.store.write() as conn:
        (letter,) = LetterWriter(world.engine.plans, KEYS).write(conn, claimed(world, conn), now=world.now).values()
    said = body(parse(letter.mail.content), "html")  # type: ignore[union-attr]
    assert "Green tea" in said
    assert said.index("10.00") < said.index("8.00")


@pytest.mark.parametrize(("stock", "who"), [(("0", "5"), 1), (("3", "5"), 0), (("", "5"), 0), (("5", "0"), 0)])
def test_a_product_is_back_in_stock_when_there_was_none(
    world: World, load: Load, stock: tuple[str, str], who: int
) -> None:
    world.people(1)
    load("key;name;stock", f"tea;Tea;{stock[0]}")
    world.publish(journey({"type": "product", "what": "back in stock"}))
    load("key;stock", f"tea;{stock[1]}")
    world.tick()
    assert len(entered(world)) == who


@pytest.mark.parametrize(("price", "who"), [("9.01", 0), ("9.00", 1)])
def test_a_price_may_have_to_fall_by_some_percent(world: World, load: Load, price: str, who: int) -> None:
    world.people(1)
    load("key;price", "tea;10.00")
    world.publish(journey(PRICE_DROP | {"at_least_percent": 10}))
    load("key;price", f"tea;{price}")
    world.tick()
    assert len(entered(world)) == who


def test_a_price_in_another_currency_has_not_fallen(world: World, load: Load) -> None:
    world.people(1)
    load("key;price;currency", "tea;10.00;PLN")
    world.publish(journey(PRICE_DROP))
    load("key;price;currency", "tea;3.00;EUR")
    world.tick()
    assert entered(world) == []


OWNS_A = {"leaf": "purchase", "product": "a"}
OWNS_B = {"leaf": "purchase", "scope": {"type": "subject"}}


def test_E14_a_new_product_is_offered_to_owners_of_the_previous_one_who_lack_it(world: World, load: Load) -> None:
    anna, _jan = world.people(2)
    load("key;category", "a;phones")
    with world.store.write() as conn:
        order = conn.execute(
            t.purchase.insert()
            .values(contact=anna, at=world.now - DAY, total=1, currency="PLN")
            .returning(t.purchase.c.id)
        ).scalar_one()
        conn.execute(t.purchase_line.insert().values(purchase=order, n=1, product="a", quantity=1, amount=1))
    only = {"all": [OWNS_A, {"none": [OWNS_B]}]}
    world.publish(
        journey({"type": "product", "what": "new in category", "category": "phones"}, subject="product", only=only)
    )
    load("key;category", "b;phones", "c;teas")
    world.tick()
    assert entered(world) == [anna]


def test_a_quiet_import_of_products_starts_nothing(world: World, load: Load) -> None:
    world.people(1)
    load("key;price", "tea;10.00")
    world.publish(journey(PRICE_DROP))
    load("key;price", "tea;8.00", quiet=True)
    world.tick()
    assert entered(world) == []


def test_a_price_that_fell_before_the_journey_was_published_brings_nobody_in(world: World, load: Load) -> None:
    world.people(1)
    load("key;price", "tea;10.00")
    load("key;price", "tea;8.00")
    world.now = Instant(world.now + 60)
    world.publish(journey(PRICE_DROP))
    world.tick()
    assert entered(world) == []


def test_re_entry_per_subject_counts_per_product(world: World, load: Load) -> None:
    world.people(1)
    load("key;price", "tea;10.00", "mug;5.00")
    world.publish(journey(PRICE_DROP, subject="product", re_entry={"rule": "never", "per": "subject"}))
    for lines in (("tea;9.00", "mug;4.00"), ("tea;8.00", "mug;3.00")):
        load("key;price", *lines)
        world.tick()
    assert [passage["key"] for passage in world.passages()] == ["product:mug", "product:tea"]


def test_a_price_drop_noticed_too_late_brings_nobody_in(world: World, load: Load) -> None:
    world.people(1)
    load("key;price", "tea;10.00")
    world.publish(journey(PRICE_DROP, at_most_late_days=1))
    load("key;price", "tea;8.00")
    done = world.tick(Instant(world.now + 3 * DAY))
    assert (entered(world), dict(done.missed)) == ([], {"late": 1})


# --- feeds -----------------------------------------------------------------------------------------------------------

FROST = {
    "type": "feed",
    "feed": "weather",
    "where": [{"field": "t_min", "op": "<", "value": 0}],
    "attribute": "region",
}


def weather(world: World, **said: float) -> Read:
    """What the feed says now, by region."""
    with world.store.write() as conn:
        if conn.execute(select(t.feed.c.key)).first() is None:
            define_feed(conn, "weather", url="http://x/", format_="json", key_field="region", now=world.now)
        feed: Feed = feed_named(conn, "weather")
        rows = {region: {"region": region, "t_min": value} for region, value in said.items()}
        return keep_rows(conn, feed, rows, etag=None, last_modified=None, now=world.now)


def drivers(world: World, *regions: str) -> list[int]:
    with world.store.write() as conn:
        define_attribute(conn, "region", "text")
        return contacts.add(
            conn,
            [{"email": f"d{n}@x.pl", "region": region} for n, region in enumerate(regions)],
            now=world.now, source="test", quiet=True,
        )  # fmt: skip


def test_E15_frost_in_a_region_brings_in_the_contacts_of_that_region(world: World) -> None:
    anna, _jan = drivers(world, "Łódź", "Gdańsk")
    weather(world, ŁÓDŹ=3.5, Gdańsk=2)
    world.publish(journey(FROST, subject="feed"))
    weather(world, ŁÓDŹ=-1.5, Gdańsk=1)
    world.tick()
    assert entered(world) == [anna]


def test_E15_trap_4_it_fires_when_the_condition_becomes_true_and_not_while_it_stays(world: World) -> None:
    drivers(world, "north")
    weather(world, north=3)
    world.publish(journey(FROST))
    counts = []
    for value in (1, -1, -1, -5, 0, 2, -2):
        weather(world, north=value)
        world.tick()
        counts.append(len(entered(world)))
    assert counts == [0, 1, 1, 1, 1, 1, 2]


def test_changes_between_two_ticks_count_from_what_the_engine_last_saw(world: World) -> None:
    drivers(world, "north")
    weather(world, north=3)
    world.publish(journey(FROST))
    for value in (1, -1, -2):
        weather(world, north=value)
    world.tick()
    assert len(entered(world)) == 1


def test_a_row_that_is_new_and_fulfils_the_condition_brings_in(world: World) -> None:
    drivers(world, "north")
    weather(world, south=1)
    world.publish(journey(FROST))
    weather(world, south=1, north=-4)
    world.tick()
    assert len(entered(world)) == 1


def test_a_row_that_goes_and_comes_back_becomes_true_anew(world: World) -> None:
    drivers(world, "north")
    weather(world, north=-1)
    world.publish(journey(FROST))
    for said in ({}, {"north": -1}):
        weather(world, **said)
        world.tick()
    assert len(entered(world)) == 1


@pytest.mark.parametrize(("existing", "who"), [(False, 0), (True, 1)])
def test_a_condition_that_holds_at_publishing_counts_only_where_that_is_said(
    world: World, existing: bool, who: int
) -> None:
    drivers(world, "north", "south")
    weather(world, north=-1, south=1)
    world.publish(journey(FROST, existing=existing))
    world.tick()
    assert (world.came_at_once, len(entered(world))) == (who, who)


def test_a_feed_read_for_the_first_time_starts_from_what_it_says(world: World) -> None:
    drivers(world, "north")
    world.publish(journey(FROST))
    assert weather(world, north=-1).first
    world.tick()
    assert entered(world) == []


def test_who_came_in_about_a_row_at_publishing_is_inside_when_it_comes_to_hold_again(world: World) -> None:
    drivers(world, "north")
    weather(world, north=-1)
    once = {"rule": "never", "per": "subject"}
    world.publish(journey(FROST, re_entry=once, subject="feed", existing=True))
    for value in (2, -3):
        weather(world, north=value)
        world.tick()
    assert len(entered(world)) == 1


def test_who_is_let_in_after_a_pause_comes_in_once_a_product(world: World, load: Load) -> None:
    world.people(1)
    load("key;price", "tea;10", "cup;10", quiet=True)
    world.publish(journey(PRICE_DROP, re_entry={"rule": "never", "per": "subject"}, subject="product"))
    load("key;price", "tea;9")
    world.tick()
    with world.store.write() as conn:
        lifecycle.pause(conn, "test", now=world.now)
    for line in ("tea;8", "cup;9"):
        load("key;price", line)
        world.tick()
    let_in(world.store, world.engine.plans, "test", now=world.now)
    assert [passage["key"] for passage in world.passages()] == ["product:tea", "product:cup"]
