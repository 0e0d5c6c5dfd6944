"""One expression, the same answer on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Index, Text, false, func, insert, literal, null, select, text, true

from journeys.store.dialect import (
    contains,
    in_ids,
    insert_ids,
    json_array_has,
    json_array_text,
    json_bool,
    json_member,
    json_number,
    json_object_text,
    json_parsed,
    json_text,
    reserve_ids,
    typed_attribute,
    upsert,
)
from journeys.store.store import Store
from journeys.store.tables import contact, counter, event, import_batch, setting

KEYS = ("a", "zażółć", "with space", "a.b", "100%", "it's", 'say "x"', "back\\slash", "$", "[0]")


def put(store: Store, document: dict[str, Any]) -> None:
    with store.write() as conn:
        conn.execute(insert(setting).values(key="doc", value=document))


def read(store: Store, expression: ColumnElement[Any]) -> Any:
    with store.read() as conn:
        return conn.execute(select(expression).select_from(setting).where(setting.c.key == "doc")).scalar_one()


@pytest.mark.parametrize("key", KEYS)
def test_a_member_is_read_whatever_its_name(store: Store, key: str) -> None:
    put(store, {key: "ł", "other": 1})
    assert read(store, json_text(setting.c.value, key)) == "ł"
    assert read(store, json_member(setting.c.value, key)) == "ł"


@pytest.mark.parametrize("value", [1, 1.5, True, None, [1], {"a": 1}])
def test_text_is_read_only_where_it_is_text(store: Store, value: object) -> None:
    put(store, {"k": value})
    assert read(store, json_text(setting.c.value, "k")) is None


@pytest.mark.parametrize("value", ["7", True, False, None, [1], {"a": 1}])
def test_a_number_is_read_only_where_it_is_a_number(store: Store, value: object) -> None:
    put(store, {"k": value})
    assert read(store, json_number(setting.c.value, "k")) is None


@pytest.mark.parametrize("value", ["true", 1, 0, None, [True], {"a": True}])
def test_a_boolean_is_read_only_where_it_is_one(store: Store, value: object) -> None:
    put(store, {"k": value})
    assert read(store, json_bool(setting.c.value, "k")) is None


@pytest.mark.parametrize("key", ["plain", 'say "x"'])
def test_numbers_and_booleans_come_back_as_they_were_put(store: Store, key: str) -> None:
    put(store, {key: 2.5, "yes": True, "no": False})
    assert read(store, json_number(setting.c.value, key)) == 2.5
    assert read(store, json_bool(setting.c.value, "yes")) is True
    assert read(store, json_bool(setting.c.value, "no")) is False


def test_a_missing_member_is_null(store: Store) -> None:
    put(store, {"k": 1})
    for expression in (json_text, json_number, json_bool, json_member):
        assert read(store, expression(setting.c.value, "missing")) is None


def test_an_attribute_is_read_as_its_type(store: Store) -> None:
    put(store, {"n": 3, "at": 1_700_000_000, "b": True, "t": "x", "d": "2026-02-28", "l": ["a", "b"]})
    column = setting.c.value
    assert read(store, typed_attribute(column, "n", "number")) == 3
    assert read(store, typed_attribute(column, "at", "datetime")) == 1_700_000_000
    assert read(store, typed_attribute(column, "b", "boolean")) is True
    assert read(store, typed_attribute(column, "t", "text")) == "x"
    assert read(store, typed_attribute(column, "d", "date")) == "2026-02-28"
    assert read(store, typed_attribute(column, "l", "list")) == ["a", "b"]


def test_text_of_attributes_is_ordered_byte_by_byte(store: Store) -> None:
    put(store, {"t": "b"})
    expression = typed_attribute(setting.c.value, "t", "text")
    assert read(store, expression > "Z") in (True, 1)


def test_an_array_has_its_items_and_no_others(store: Store) -> None:
    put(store, {"l": ["kraków", "łódź"]})
    column = setting.c.value
    assert read(store, json_array_has(column, "l", "łódź")) in (True, 1)
    assert read(store, json_array_has(column, "l", "lodz")) in (False, 0)
    assert not read(store, json_array_has(column, "missing", "x"))
    assert read(store, json_array_has(column, "l", literal("kraków", Text()))) in (True, 1)
    assert read(store, json_array_has(column, "l", "lodz", "kraków")) in (True, 1)
    assert read(store, json_array_has(column, "l", "lodz", "krakow")) in (False, 0)


def test_an_index_on_an_attribute_serves_its_expression(store: Store) -> None:
    expression = typed_attribute(contact.c.attributes, "city", "text")
    index = Index("ix_on_demand_city", expression, _table=contact)
    with store.write() as conn:
        index.create(conn)
        if not store.is_sqlite:
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        query = select(contact.c.id).where(expression == "Łódź").compile(conn)
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        plan = conn.exec_driver_sql(explain + str(query), query.params if not store.is_sqlite else ("Łódź",))
        said = "\n".join(str(row) for row in plan)
        index.drop(conn)
    contact.indexes.discard(index)
    assert "ix_on_demand_city" in said


def test_an_object_is_made_in_sql_with_every_type(store: Store) -> None:
    put(store, {"city": "Łódź", "n": [1, 2]})
    made = json_object_text(
        {
            "text": literal('a "b"', Text()),
            "number": literal(2.5),
            "whole": literal(7),
            "yes": true(),
            "no": literal(1) == 2,
            "nothing": null(),
            "member": json_text(setting.c.value, "city"),
            "document": setting.c.value,
            "items": json_array_text([literal(1), literal("x", Text()), literal(True)]),
            "inner": json_object_text([("k", literal(1))]),
            "parsed": json_parsed(literal('{"z": [1]}', Text())),
            "it's": literal(1),
        }
    )
    found = json.loads(read(store, made))
    assert found == {
        "text": 'a "b"',
        "number": 2.5,
        "whole": 7,
        "yes": True,
        "no": False,
        "nothing": None,
        "member": "Łódź",
        "document": {"city": "Łódź", "n": [1, 2]},
        "items": [1, "x", True],
        "inner": {"k": 1},
        "parsed": {"z": [1]},
        "it's": 1,
    }
    assert list(found)[:3] == ["text", "number", "whole"]


def test_a_column_that_is_true_or_false_or_null_is_said_so(store: Store) -> None:
    put(store, {"b": None})
    made = json_array_text([json_bool(setting.c.value, "b"), false()])
    assert json.loads(read(store, made)) == [None, False]


def test_contains_looks_for_the_bytes(store: Store) -> None:
    put(store, {"t": "zielona góra 100%_"})
    hay = json_text(setting.c.value, "t")
    assert read(store, contains(hay, "góra")) in (True, 1)
    assert read(store, contains(hay, "0%_")) in (True, 1)
    assert read(store, contains(hay, "%g")) in (False, 0)
    assert read(store, contains(hay, literal("Góra", Text()))) in (False, 0)


def test_ids_go_in_as_one_parameter(store: Store) -> None:
    with store.write() as conn:
        ids = insert_ids(conn, import_batch, [{"kind": "x", "file": str(n), "started_at": n} for n in range(40_000)])
        wanted = ids[1::2]
        found = conn.execute(select(func.count()).select_from(import_batch).where(in_ids(import_batch.c.id, wanted)))
        assert found.scalar_one() == 20_000
        assert conn.execute(select(import_batch).where(in_ids(import_batch.c.id, []))).all() == []


def test_ids_are_looked_up_by_the_primary_key(sqlite_store: Store) -> None:
    with sqlite_store.read() as conn:
        query = select(event.c.id).where(in_ids(event.c.id, [1, 2])).compile(conn)
        plan = "\n".join(str(row) for row in conn.exec_driver_sql("EXPLAIN QUERY PLAN " + str(query), ("[1,2]",)))
    assert "SEARCH event USING INTEGER PRIMARY KEY" in plan


def test_conditions_can_be_negated_and_joined(store: Store) -> None:
    put(store, {"t": "góra", "l": ["a"]})
    has, holds = json_array_has(setting.c.value, "l", "a"), contains(json_text(setting.c.value, "t"), "gór")
    with store.read() as conn:
        for condition, wanted in ((has & holds, 1), (~has, 0), (~holds | has, 1), (~has & ~holds, 0)):
            query = select(func.count()).select_from(setting).where(setting.c.key == "doc", condition)
            assert conn.execute(query).scalar_one() == wanted


def test_rows_get_rising_ids_in_their_order(store: Store) -> None:
    rows = [{"kind": "x", "file": str(n), "started_at": n} for n in range(7)]
    with store.write() as conn:
        first = insert_ids(conn, import_batch, rows)
        second = insert_ids(conn, import_batch, rows)
        files = dict(conn.execute(select(import_batch.c.id, import_batch.c.file)).tuples().all())
    assert first + second == sorted({*first, *second})
    assert [files[id_] for id_ in first] == [str(n) for n in range(7)]


def test_no_rows_ask_for_no_ids(store: Store) -> None:
    with store.write() as conn:
        assert insert_ids(conn, import_batch, []) == []


def test_ids_of_deleted_rows_do_not_come_again_where_the_log_must_not_repeat(store: Store) -> None:
    row = {"draw": 1, "created_at": 1}
    with store.write() as conn:
        (before,) = insert_ids(conn, contact, [row])
        conn.execute(contact.delete())
        (after,) = insert_ids(conn, contact, [row])
    assert after > before


def test_a_row_that_is_there_is_changed_instead(store: Store) -> None:
    with store.write() as conn:
        for value in (1, 2):
            statement = upsert(conn, setting).values(key="doc", value=value)
            new = statement.excluded.value
            conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": new}))
    assert read(store, setting.c.value) == 2


def test_reserved_ids_are_not_given_again(store: Store) -> None:
    with store.write() as conn:
        ids = reserve_ids(conn, counter, 3)
        rows = [
            {"id": id_, "version": 1, "node": "N", "outlet": "", "reason": "", "day": "2026-01-01", "delta": 1}
            for id_ in ids
        ]
        conn.execute(insert(counter), rows)
        assert min(reserve_ids(conn, counter, 1)) > max(ids)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def both(sqlite_template: Any, postgres_url: str) -> Any:
    from journeys.store.store import engine_for

    stores = [Store(engine_for(f"sqlite:///{sqlite_template}")), Store(engine_for(postgres_url))]
    yield stores
    for one in stores:
        one.close()


@pytest.mark.postgres
@hypothesis_settings(max_examples=60, deadline=None)
@given(document=st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, max_size=4), key=st.sampled_from(KEYS))
def test_both_databases_read_a_member_as_python_does(both: list[Store], document: dict[str, Any], key: str) -> None:
    value = document.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    wanted = (
        value if isinstance(value, str) else None,
        value if is_number else None,
        value if isinstance(value, bool) else None,
    )
    for store in both:
        with store.read() as conn:
            conn.execute(insert(setting).values(key="doc", value=document))
            column = setting.c.value
            found = conn.execute(
                select(json_text(column, key), json_number(column, key), json_bool(column, key)).where(
                    setting.c.key == "doc"
                )
            ).one()
        assert tuple(found) == wanted
