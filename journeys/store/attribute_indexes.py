"""Indexes on attributes, made when a published journey first finds contacts by one."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, assert_never

from sqlalchemy import ColumnElement, Connection, column, func, literal_column

from journeys.store.dialect import typed_attribute

#: how contacts are found by an attribute: its day, the month and day of that, its folded key
IndexOn = Literal["day", "month and day", "key"]

#: what the names of these indexes begin with
PREFIX = "ix_contact_by_"


def month_and_day(day: ColumnElement[Any]) -> ColumnElement[str]:
    """“03-04” of an ISO day; its numbers stand in the text, so that an index on the expression serves."""
    return func.substr(day, literal_column("6"), literal_column("5"))


def index_attribute(conn: Connection, key: str, on: IndexOn) -> None:
    """Let contacts be found by an attribute; nothing where that index is there already.

    On PostgreSQL nobody writes contacts while it is made.
    """
    day = typed_attribute(column("attributes"), key, "date")
    match on:
        case "day":
            expression = day
        case "month and day":
            expression = month_and_day(day)
        case "key":
            expression = typed_attribute(column("keys"), key, "text")
        case never:
            assert_never(never)
    # a key may be longer than a name
    name = f"{PREFIX}{on.replace(' ', '_')}_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    said = expression.compile(dialect=conn.dialect)
    conn.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {name} ON contact (({said}))".replace("%%", "%"))
