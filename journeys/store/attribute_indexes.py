"""Indexes on attributes: made when a published journey searches contacts by one, listed, made again after an upgrade.

An index on an expression serves only a query that says the same text: both come from the functions named here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, column, inspect, text

from journeys.store import settings
from journeys.store.dialect import json_number, json_text, typed_attribute
from journeys.store.tables import Json, contact

#: the setting that lists them: [[key, reading], …]
INDEXES = "attribute_indexes"
_PREFIX = "ix_contact_by_"

#: how an attribute is read by what searches for it
Reading = Literal["folded", "number", "text", "day"]

_READ: dict[Reading, tuple[str, Callable[[ColumnElement[Any], str], ColumnElement[Any]]]] = {
    "folded": ("keys", partial(typed_attribute, type_="text")),
    "number": ("attributes", json_number),
    "text": ("attributes", json_text),
    "day": ("attributes", partial(typed_attribute, type_="date")),
}


@dataclass(frozen=True, slots=True, order=True)
class AttributeIndex:
    """An index on one attribute of all contacts."""

    key: str
    reading: Reading

    @property
    def name(self) -> str:
        return _PREFIX + hashlib.sha256(f"{self.reading} {self.key}".encode()).hexdigest()[:16]

    def expression(self) -> ColumnElement[Any]:
        """What it is made on, of a table without a name: an index knows its own."""
        document, read = _READ[self.reading]
        return read(column(document, Json), self.key)


def listed(conn: Connection) -> frozenset[AttributeIndex]:
    """Those that the store is to have."""
    rows = settings.get(conn, INDEXES, [])
    return frozenset(AttributeIndex(key, reading) for key, reading in rows if reading in get_args(Reading))


def there(conn: Connection) -> frozenset[str]:
    """Names of those that the database has."""
    # the inspector leaves indexes on expressions out on SQLite
    if conn.dialect.name == "sqlite":
        found = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact'"))
        names = list(found.scalars())
    else:
        names = [index["name"] or "" for index in inspect(conn).get_indexes(contact.name)]
    return frozenset(name for name in names if name.startswith(_PREFIX))


def settle(conn: Connection, wanted: Iterable[AttributeIndex]) -> None:
    """List these, make those that are missing and drop those that nobody uses any more.

    Making one reads every contact once: about a second for a million, for which others wait with writing contacts.
    """
    indexes = frozenset(wanted)
    if indexes != listed(conn):
        settings.put(conn, INDEXES, [[one.key, one.reading] for one in sorted(indexes)])
    known = there(conn)
    for name in sorted(known - {one.name for one in indexes}):
        conn.exec_driver_sql(f"DROP INDEX {name}")
    for one in sorted(indexes):
        if one.name not in known:
            expression = one.expression().compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
            conn.exec_driver_sql(f"CREATE INDEX {one.name} ON contact (({expression}))")


def put_aside(conn: Connection) -> None:
    """Drop them and leave them listed: a step of an upgrade that makes `contact` anew cannot copy them."""
    for name in sorted(there(conn)):
        conn.exec_driver_sql(f"DROP INDEX {name}")


def remake(conn: Connection) -> None:
    """Make those that are listed and missing."""
    settle(conn, listed(conn))
