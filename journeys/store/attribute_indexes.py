"""Indexes on attributes: made when a published journey searches contacts by one, listed, made again after an upgrade.

An index on an expression serves only a query that says the same text: both come from the functions named here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, assert_never, get_args

from sqlalchemy import ColumnElement, Connection, column, func, inspect, literal_column, text

from journeys.store import settings
from journeys.store.dialect import json_number, json_text, typed_attribute
from journeys.store.tables import Json, contact

#: the setting that lists them: [[key, on], …]
INDEXES = "attribute_indexes"
#: what the names of these indexes begin with
PREFIX = "ix_contact_by_"

#: how contacts are found by an attribute: by its day, the month and day of that, its folded key; by what criteria read,
#: which trust no type: a number, a text
IndexOn = Literal["day", "month and day", "key", "number", "text"]


def month_and_day(day: ColumnElement[Any]) -> ColumnElement[str]:
    """“03-04” of an ISO day; its numbers stand in the text, so that an index on the expression serves."""
    return func.substr(day, literal_column("6"), literal_column("5"))


def _expression(key: str, on: IndexOn) -> ColumnElement[Any]:
    # of columns without a table: an index knows its own
    attributes, keys = column("attributes", Json), column("keys", Json)
    match on:
        case "day":
            return typed_attribute(attributes, key, "date")
        case "month and day":
            return month_and_day(typed_attribute(attributes, key, "date"))
        case "key":
            return typed_attribute(keys, key, "text")
        case "number":
            return json_number(attributes, key)
        case "text":
            return json_text(attributes, key)
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True, order=True)
class AttributeIndex:
    """An index on one attribute of all contacts."""

    key: str
    on: IndexOn

    @property
    def name(self) -> str:
        # a key may be longer than a name
        return f"{PREFIX}{self.on.replace(' ', '_')}_{hashlib.sha256(self.key.encode()).hexdigest()[:16]}"

    def statement(self, conn: Connection) -> str:
        """CREATE INDEX, as the driver takes it."""
        said = _expression(self.key, self.on).compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
        return f"CREATE INDEX {self.name} ON contact (({said}))".replace("%%", "%")


def listed(conn: Connection) -> frozenset[AttributeIndex]:
    """Those that the store is to have."""
    rows = settings.get(conn, INDEXES, [])
    return frozenset(AttributeIndex(key, on) for key, on in rows if on in get_args(IndexOn))


def there(conn: Connection) -> frozenset[str]:
    """Names of those that the database has."""
    # the inspector leaves indexes on expressions out on SQLite
    if conn.dialect.name == "sqlite":
        found = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact'"))
        names = list(found.scalars())
    else:
        names = [index["name"] or "" for index in inspect(conn).get_indexes(contact.name)]
    return frozenset(name for name in names if name.startswith(PREFIX))


def settle(conn: Connection, wanted: Iterable[AttributeIndex]) -> None:
    """List these, make those that are missing and drop those that nobody uses any more.

    Making one reads every contact once: about a second for a million, for which others wait with writing contacts.
    """
    indexes = frozenset(wanted)
    if indexes != listed(conn):
        settings.put(conn, INDEXES, [[one.key, one.on] for one in sorted(indexes)])
    known = there(conn)
    for name in sorted(known - {one.name for one in indexes}):
        conn.exec_driver_sql(f"DROP INDEX {name}")
    for one in sorted(indexes):
        if one.name not in known:
            conn.exec_driver_sql(one.statement(conn))


def put_aside(conn: Connection) -> None:
    """Drop them and leave them listed: a step of an upgrade that makes `contact` anew cannot copy them."""
    for name in sorted(there(conn)):
        conn.exec_driver_sql(f"DROP INDEX {name}")


def remake(conn: Connection) -> None:
    """Make those that are listed and missing."""
    settle(conn, listed(conn))
