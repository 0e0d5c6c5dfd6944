"""What imports tell of products, and by what events name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.store import tables as t
from journeys.store.attribute_indexes import AttributeIndex, month_and_day, settle
from journeys.store.contacts import add
from journeys.store.dialect import typed_attribute
from journeys.store.events import NewEvent, record
from journeys.store.importing import Options, Report, import_file, undo_import
from journeys.store.store import Store

NOW = Instant(1_795_345_200)
Load = Callable[..., Report]


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Load:
    def run(*lines: str, **options: Any) -> Report:
        path = tmp_path / "products.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        return import_file(store, "products", path, options=Options(**{"quiet": False} | options), clock=SetClock(NOW))

    return run


def told(store: Store) -> list[tuple[Any, ...]]:
    event = t.product_event.c
    with store.read() as conn:
        rows = conn.execute(select(event.product, event.kind, event.old, event.new, event.currency).order_by(event.id))
        return [tuple(row) for row in rows]


def test_a_new_product_a_new_price_and_a_new_stock_are_told(store: Store, load: Load) -> None:
    load("key;price;currency;stock", "tea;10.00;PLN;5")
    load("key;price;currency;stock", "tea;8.00;PLN;0")
    assert told(store) == [
        ("tea", "added", None, 1000, "PLN"),
        ("tea", "price", 1000, 800, "PLN"),
        ("tea", "stock", 5, 0, None),
    ]


def test_what_stays_as_it_was_is_not_told(store: Store, load: Load) -> None:
    for name in ("Tea", "Green tea"):
        load("key;name;price;currency", f"tea;{name};10.00;PLN")
    assert len(told(store)) == 1


def test_a_price_in_another_currency_has_no_old_one(store: Store, load: Load) -> None:
    load("key;price;currency", "tea;10.00;PLN")
    load("key;price;currency", "tea;3.00;EUR")
    assert told(store)[1] == ("tea", "price", None, 300, "EUR")


def test_a_product_that_stands_twice_in_one_file_is_told_of_once_as_it_ends(store: Store, load: Load) -> None:
    load("key;price;currency", "tea;10.00;PLN", "tea;8.00;PLN")
    assert told(store) == [("tea", "added", None, 800, "PLN")]


@pytest.mark.parametrize(("quiet", "fresh"), [(True, [None]), (False, [NOW])])
def test_only_a_loud_import_puts_it_before_the_engine(
    store: Store, load: Load, quiet: bool, fresh: list[int | None]
) -> None:
    load("key", "tea", quiet=quiet)
    with store.read() as conn:
        assert list(conn.execute(select(t.product_event.c.fresh_at)).scalars()) == fresh


def test_a_dry_run_tells_nothing(store: Store, load: Load) -> None:
    load("key", "tea", dry_run=True)
    assert told(store) == []


def test_an_import_that_is_taken_back_has_told_nothing(store: Store, load: Load) -> None:
    load("key;price;currency", "tea;10.00;PLN")
    batch = load("key;price;currency", "tea;8.00;PLN").batch
    assert batch is not None
    undo_import(store, batch, now=NOW)
    assert [kind for _product, kind, *_rest in told(store)] == ["added"]


def test_an_event_keeps_the_product_that_its_data_names(store: Store) -> None:
    with store.write() as conn:
        (anna,) = add(conn, [{"email": "a@x.pl"}], now=NOW, source="test")
        given: list[dict[str, Any]] = [{"product": "tea"}, {"product": 7}, {}]
        ids = record(conn, [NewEvent(anna, "product.viewed", NOW, data, "test") for data in given], now=NOW)
        found = conn.execute(select(t.event.c.product).where(t.event.c.id.in_(ids)).order_by(t.event.c.id)).scalars()
        assert list(found) == ["tea", None, None]


@pytest.mark.parametrize("on", ["day", "month and day", "key"])
def test_an_index_on_an_attribute_serves_what_is_asked_by_it(store: Store, on: Any) -> None:
    key = "the day's “name”"
    c = t.contact.c
    asked = {
        "day": typed_attribute(c.attributes, key, "date") == "2026-11-22",
        "month and day": month_and_day(typed_attribute(c.attributes, key, "date")).in_(["11-22"]),
        "key": typed_attribute(c["keys"], key, "text") == "north",
    }[on]
    with store.write() as conn:
        settle(conn, [AttributeIndex(key, on)])
        if not store.is_sqlite:
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        statement = select(c.id).where(asked).compile(conn, compile_kwargs={"literal_binds": True})
        plan = conn.exec_driver_sql(
            ("EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN ") + str(statement).replace("%%", "%")
        ).all()
        name = "ix_contact_by_" + on.replace(" ", "_")
        assert name in str(plan)
        conn.exec_driver_sql("DROP INDEX " + next(word for word in str(plan).replace("'", " ").split() if name in word))
