"""Triggers of sets find whom they concern by indexes: the work of a tick grows with what is due, not with who waits."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.definitions import define_tag
from journeys.store.product_events import ProductEvent, record_product_events
from journeys.store.store import Store
from tests.engine.conftest import World, at, build
from tests.engine.test_query_plans import explained, listed

EXIT = ("exit", {"reason": "finished"})
VIEWED = {
    "leaf": "event",
    "event": "product.viewed",
    "scope": {"type": "subject"},
    "last_days_ago": {"op": "<=", "value": 30},
}
TRIGGERS = {
    "drop": {"on": {"type": "product", "what": "price drop"}, "subject": "product", "only": VIEWED},
    "tagged": {"on": {"type": "product", "what": "price drop"}, "only": {"leaf": "tag", "tag": "vip"}},
    "frost": {
        "on": {
            "type": "feed", "feed": "weather", "where": [{"field": "t", "op": "<", "value": 0}], "attribute": "region",
        },
    },
    "idle": {"on": {"type": "inactivity", "events": ["product.viewed"], "days": 100}},
    "first": {"on": {"type": "date", "date": {"type": "first event", "event": "product.viewed"}, "offset_days": 7}},
    "year": {"on": {"type": "date", "date": {"type": "last purchase"}, "yearly": True}},
    "rule": {
        "on": {"type": "schedule", "rule": "FREQ=DAILY", "starts_on": "2026-01-01"},
        "only": {"leaf": "tag", "tag": "vip"},
    },
}  # fmt: skip

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
_REGION = """CAST('{"region": "r' || (i % 1000) || '"}' AS :json)"""
_CROWD = (
    f"""INSERT INTO contact (id, email, email_key, draw, created_at, attributes, keys)
    {_NUMBERS} SELECT i, 'c' || i, 'c' || i, i, 0, {_REGION}, {_REGION} FROM n""",
    f"""INSERT INTO event (id, contact, kind, at, recorded_at, source, product, data)
    {_NUMBERS} SELECT i, i, 'product.viewed', :now - 86400 * (2 + i % 2000), 0, 'test', 'p' || (i % 5000), '{{}}' FROM n""",
    f"""INSERT INTO purchase (id, contact, at, total, currency)
    {_NUMBERS} SELECT i, i, :now - 86400 * (2 + i % 2000), 1, 'PLN' FROM n""",
)


def crowded(store: Store, rows: int) -> World:
    """Contacts of 1,000 regions who each viewed one of 5,000 products, and bought, on one of 2,000 days."""
    world = World(store, at("2026-03-02 12:00"))
    with store.write() as conn:
        define_attribute(conn, "region", "text")
        define_tag(conn, "vip")
        for wanted in _CROWD:
            statement = wanted.replace(":json", "TEXT" if store.is_sqlite else "JSONB")
            given = {"rows": rows, "now": world.now}
            conn.execute(text(statement), {key: given[key] for key in given if f":{key}" in statement})
        conn.execute(
            t.feed.insert().values(
                key="weather", url="http://x/", format="json", key_field="region", every_minutes=30, private=False,
                next_at=world.now,
            )
        )  # fmt: skip
    return world


def live(world: World) -> dict[str, str]:
    """A product becomes cheaper, frost comes to a region, a day passes; what was read as a whole."""
    world.publish(
        build(
            {name: ("trigger", trigger) for name, trigger in TRIGGERS.items()} | {"exit": EXIT},
            [(name, "in", "exit") for name in TRIGGERS],
            re_entry={"rule": "after leaving"},
        )
    )
    world.tick()
    with world.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))
    with world.store.write() as conn:
        record_product_events(conn, [ProductEvent("p1", "price", 1000, 800, "PLN")], now=world.now)
        conn.execute(
            t.feed_row.insert().values(
                feed="weather", key="r7", match_key="r7", data={"t": -1}, changed_at=world.now, fresh_at=world.now
            )
        )
    with explained(world.store) as scans:
        world.tick()
        world.tick("2026-03-03 12:00")
    # what is due is found among these; the tables of passages are all but empty here
    return {
        statement: said
        for statement, said in scans.items()
        if "candidate" in statement and ("contact" in said or "event" in said)
    }


def triggers_of(world: World) -> set[str]:
    return {passage["trigger"].rstrip("A") for passage in world.passages()}


def test_triggers_of_sets_read_no_large_table_as_a_whole_on_sqlite(sqlite_store: Store) -> None:
    world = crowded(sqlite_store, 20_000)
    scans = live(world)
    assert not scans, listed(scans)
    assert triggers_of(world) == {"DROP", "FROST", "IDLE", "FIRST", "YEAR"}


@pytest.mark.long
@pytest.mark.postgres
def test_triggers_of_sets_read_no_large_table_as_a_whole_on_postgresql(large_postgres_store: Store) -> None:
    """With 200,000 rows: it takes temporary tables for larger than they are, and reads smaller ones as a whole."""
    world = crowded(large_postgres_store, 200_000)
    scans = live(world)
    assert not scans, listed(scans)
