"""Documents of feeds: from bytes to rows by their key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.text import clean
from journeys.store.events import checked_data
from journeys.store.importing.values import loose

#: rows of a feed
MOST_ROWS = 20_000
#: characters of a row's key
MOST_KEY = 200


class BadDocument(KanwaError):
    """A document of a feed that cannot be read."""


class NotJson(BadDocument):
    text = N_("The document is not JSON: {why}.")


class NotText(BadDocument):
    text = N_("The document is not text in UTF-8.")


class NotTable(BadDocument):
    text = N_("The document is no table of CSV: {why}.")


class NoRows(BadDocument):
    text = N_("There is no list of rows at “{place}” in the document.")


class NoKeyColumn(BadDocument):
    text = N_("The first line of the document has no column “{field}”; it has: {columns}.")


class NoKey(BadDocument):
    text = N_("Row {row} has no “{field}”, by which rows are known.")


class KeyTwice(BadDocument):
    text = N_("Two rows have the same “{field}”, {key}.")


class TooManyRows(BadDocument):
    text = N_("The document has more than {most} rows.")


class BadRow(BadDocument):
    text = N_("Row {row} cannot be kept. {why}")


def rows_of(content: bytes, *, format_: str, rows_at: str, key_field: str) -> dict[str, dict[str, Any]]:
    """The rows of a document ("json" or "csv") by the text or number in `key_field`.

    In JSON they are a list of objects, at `rows_at` (names joined by dots) or the document itself; or an object of
    objects, whose names are then the keys where a row has no `key_field`. Cells of a CSV that plainly are numbers become
    numbers. Raises BadDocument.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotText from None
    if format_ == "csv":
        return _by_key(_csv(text, key_field), key_field)
    return _by_key(_json(text, rows_at, key_field), key_field)


def _json(text: str, rows_at: str, key_field: str) -> Iterator[Mapping[str, Any]]:
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotJson(why=str(error) or type(error).__name__) from None
    for name in filter(None, rows_at.split(".")):
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, dict) and all(isinstance(row, dict) for row in found.values()):
        found = [{key_field: key} | row for key, row in found.items()]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise NoRows(place=rows_at or "/")
    yield from found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _csv(text: str, key_field: str) -> Iterator[Mapping[str, Any]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    columns = [clean(name) for name in reader.fieldnames or ()]
    if key_field not in columns:
        raise NoKeyColumn(field=key_field, columns=", ".join(columns)[:300])
    reader.fieldnames = columns
    try:
        for row in reader:
            yield {
                name: clean(cell) if name == key_field else loose(clean(cell))
                for name, cell in row.items()
                if name and isinstance(cell, str) and cell.strip()
            }
    except csv.Error as error:
        raise NotTable(why=error) from None


def _by_key(rows: Iterable[Mapping[str, Any]], key_field: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise TooManyRows(most=MOST_ROWS)
        given = row.get(key_field)
        key = clean(str(given))[:MOST_KEY] if isinstance(given, str | int | float) else ""
        if not key:
            raise NoKey(row=number, field=key_field)
        if key in found:
            raise KeyTwice(field=key_field, key=key)
        try:
            found[key] = checked_data("feed.row", dict(row))
        except KanwaError as error:
            raise BadRow(row=number, why=error) from None
    return found
