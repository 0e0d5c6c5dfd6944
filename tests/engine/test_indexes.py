"""A published journey that searches contacts by an attribute gets an index on it, which the search then takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text, update

from journeys.base.catalogue import AttributeType
from journeys.criteria import parse_criterion, select_members, typed
from journeys.engine.indexes import needed, settle_indexes
from journeys.graph.journey import Journey
from journeys.nodes.trigger import Trigger
from journeys.store import attributes
from journeys.store import tables as t
from journeys.store.attribute_indexes import AttributeIndex, settle, there
from journeys.store.catalogue import catalogue
from tests.engine.conftest import WARSAW, World, build

EXIT = ("exit", {"reason": "done"})
TYPES: dict[str, AttributeType] = {"city": "text", "points": "number", "renews": "date", "met_at": "datetime"}


@pytest.fixture
def shop(world: World) -> Iterator[World]:
    """Attributes of each type; afterwards no index is left to the next test."""
    with world.store.write() as conn:
        for key, type_ in TYPES.items():
            attributes.define_attribute(conn, key, type_)
        attributes.define_attribute(conn, "tier", "choice", choices=["gold"])
    yield world
    with world.store.write() as conn:
        settle(conn, [])


def asking(attribute: str, op: str, value: Any) -> dict[str, Any]:
    return {"leaf": "attribute", "attribute": attribute, "op": op, "value": value}


def entering(segment: str) -> Journey:
    trigger = ("trigger", {"on": {"type": "segment", "segment": segment}})
    return build({"in": trigger, "exit": EXIT}, [("in", "in", "exit")])


def by_date(**on: Any) -> Journey:
    date = {"type": "date", "date": {"type": "attribute", "attribute": "renews"}}
    return build({"in": ("trigger", {"on": date | on}), "exit": EXIT}, [("in", "in", "exit")])


def explained(world: World, statement: Any, values: Any = None) -> str:
    with world.store.read() as conn:
        # bound values hide nothing here, and plans of few rows would be of reading all of them
        said = statement.params(values or {}).compile(conn, compile_kwargs={"literal_binds": True})
        if world.store.is_sqlite:
            return "\n".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}"))
        conn.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(conn.exec_driver_sql(f"EXPLAIN {str(said).replace('%%', '%')}").scalars())


@pytest.mark.parametrize(
    ("criterion", "index"),
    [
        (asking("city", "=", "Łódź"), AttributeIndex("city", "key")),
        (asking("city", "in", ["Łódź", "Gdynia"]), AttributeIndex("city", "key")),
        (asking("points", "between", [10, 20]), AttributeIndex("points", "number")),
        (asking("renews", "in days", 7), AttributeIndex("renews", "text")),
        (asking("met_at", "days ago", 7), AttributeIndex("met_at", "number")),
    ],
)
def test_the_search_of_a_segment_takes_the_index(shop: World, criterion: Any, index: AttributeIndex) -> None:
    shop.segment("some", criterion)
    shop.publish(entering("some"))
    with shop.store.read() as conn:
        asked = typed(parse_criterion(criterion), catalogue(conn))
        assert there(conn) == {index.name}
    members, moments = select_members(asked, shop.store.engine.dialect.name)
    assert index.name in explained(shop, members, moments.values(shop.now, WARSAW))


def test_the_search_of_a_date_trigger_takes_the_index(shop: World) -> None:
    journey = by_date()
    shop.publish(journey)
    trigger = journey.node("INAAAAAA")
    assert isinstance(trigger, Trigger)
    matching = trigger.on.matching(dt.date(2026, 11, 24), WARSAW)  # type: ignore[union-attr]
    assert AttributeIndex("renews", "day").name in explained(shop, matching)


def test_segments_within_segments_are_searched_too(shop: World) -> None:
    shop.segment("inner", asking("city", "=", "Łódź"))
    shop.segment("outer", {"leaf": "segment", "segment": "inner"})
    shop.publish(entering("outer"))
    with shop.store.read() as conn:
        assert there(conn) == {AttributeIndex("city", "key").name}


@pytest.mark.parametrize(
    "criterion",
    [
        asking("city", "!=", "x"),
        asking("city", "contains", "x"),
        asking("points", ">", 3),
        asking("tier", "=", "gold"),
        asking("language", "=", "pl"),
        {"leaf": "attribute", "attribute": "city", "op": "has a value"},
    ],
)
def test_a_search_that_finds_many_gets_none(shop: World, criterion: Any) -> None:
    shop.segment("some", criterion)
    shop.publish(entering("some"))
    with shop.store.read() as conn:
        assert there(conn) == frozenset()


def test_an_anniversary_is_found_by_its_month_and_day(shop: World) -> None:
    shop.publish(by_date(yearly=True))
    with shop.store.read() as conn:
        assert needed(conn) == {AttributeIndex("renews", "month and day")}


def test_an_index_that_no_journey_needs_any_more_is_dropped(shop: World) -> None:
    shop.publish(by_date())
    with shop.store.write() as conn:
        assert len(there(conn)) == 1
        conn.execute(update(t.journey).values(state="archived"))
    settle_indexes(shop.store)
    with shop.store.read() as conn:
        assert there(conn) == frozenset()
