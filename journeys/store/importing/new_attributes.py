"""Columns that nothing recognises, made into attributes of contacts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, insert

from journeys.base.catalogue import AttributeEntry, AttributeType
from journeys.base.errors import KanwaError
from journeys.base.text import clean, fold
from journeys.store.attributes import define_attribute
from journeys.store.fields import COLUMNS
from journeys.store.importing.mapping import plain
from journeys.store.importing.source import BadRow, Row, unguarded
from journeys.store.importing.values import Reader, Reading, read_day, read_moment, read_number
from journeys.store.tables import import_change

#: rows looked at before a type is chosen
_SAMPLE = 2_000
_TRUTH = frozenset(["true", "false", "yes", "no", "tak", "nie", "prawda", "fałsz"])
_RESERVED = frozenset(COLUMNS) | frozenset(
    ["id", "draw", "created_at", "erased_at", "attributes", "keys", "email_key", "tags"]
)


def guessed(
    rows: Iterable[Row | BadRow], header: Sequence[str], unused: Sequence[int], reading: Reading, taken: Iterable[str]
) -> dict[int, tuple[str, AttributeEntry]]:
    """Index of a column → key and entry of the attribute it may become. Columns without a name or value are left out.

    The type is the narrowest that every value of the first rows has; a later one that has another is refused there.
    """
    values: dict[int, list[str]] = {index: [] for index in unused if header[index]}
    for row in islice(rows, _SAMPLE):
        if isinstance(row, Row):
            for index, found in values.items():
                cell = unguarded(clean(row.cells[index]))
                if cell:
                    found.append(cell)
    keys = set(taken) | _RESERVED
    made: dict[int, tuple[str, AttributeEntry]] = {}
    for index, found in values.items():
        if found:
            key = _key(header[index], keys)
            keys.add(key)
            made[index] = (key, AttributeEntry(type=_type(found, reading), label=header[index][:200]))
    return made


def define(conn: Connection, entries: Iterable[tuple[str, AttributeEntry]], *, batch: int) -> None:
    """Put the attributes into the registry, and the import on record for it."""
    for key, entry in entries:
        define_attribute(conn, key, entry.type, label=entry.label)
        conn.execute(
            insert(import_change).values(
                import_batch=batch, table_name="attribute", row_key=key, before=None, after={"type": entry.type}
            )
        )


def _key(header: str, taken: set[str]) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", plain(header)).strip("_")[:80]
    if not key[:1].isalpha():
        key = f"field_{key}".rstrip("_")
    wanted, n = key, 1
    while key in taken:
        n += 1
        key = f"{wanted}_{n}"
    return key


def _type(values: Sequence[str], reading: Reading) -> AttributeType:
    if all(fold(value) in _TRUTH for value in values):
        return "boolean"
    if all(_is_day(value, reading) for value in values):
        return "date"
    if all(_is_number(value, reading) for value in values):
        return "number"
    return "datetime" if all(_reads(read_moment, value, reading) for value in values) else "text"


def _is_day(value: str, reading: Reading) -> bool:
    return len(value) <= 10 and _reads(read_day, value, reading) and 1900 <= read_day(value, reading).year <= 2100


def _is_number(value: str, reading: Reading) -> bool:
    # 00123 is a code, +48… a phone number, and sixteen digits are more than a number keeps
    if re.match(r"\+|-?0\d", value) or sum(map(str.isdigit, value)) > 15:
        return False
    return _reads(read_number, value, reading)


def _reads(read: Reader, value: str, reading: Reading) -> bool:
    try:
        read(value, reading)
    except KanwaError:
        return False
    return True
