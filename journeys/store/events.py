"""Events: what contacts did or what happened to them. `record` is the one public way in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.text import clean
from journeys.base.time import Instant
from journeys.store.dialect import insert_ids, insert_rows
from journeys.store.tables import event, fresh
from journeys.store.wakeup import wake

#: bytes of an event's data as JSON
MOST_DATA = 64 * 1024
#: characters of a product's key
MOST_KEY = 500
#: events of one statement
LOT = 5_000
#: the member of an event's data that names a product by its key
PRODUCT = "product"
#: whole numbers in data stay within 64 bits: beyond, the databases disagree
MOST_NUMBER = 2**63 - 1

_KIND = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")


class BadEventKind(KanwaError):
    """An event kind that is not a dotted lower-case name."""

    text = N_(
        "“{kind}” cannot be the kind of an event. A kind is lower-case words joined by dots, such as page.visited."
    )


class DataTooLarge(KanwaError):
    """More data than one event may carry."""

    text = N_(
        "The data of an event “{kind}” is {size} kB. An event carries at most {most} kB; leave out what no journey asks for."
    )


class BadData(KanwaError):
    """Data that cannot be stored as a JSON object."""

    text = N_(
        "The data of an event “{kind}” cannot be stored: {value}. Use text, numbers, true, false, lists and objects."
    )


class BadScore(KanwaError):
    """An NPS answer without a whole score between 0 and 10."""

    text = N_("An NPS score is a whole number from 0 to 10; {value} is none.")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be recorded."""

    contact: int
    #: dotted lower-case name
    kind: str
    at: Instant
    data: dict[str, Any]
    #: who says so: "import", "journey", "command", "smtp" …
    source: str
    #: never lets anybody into a journey; still ends waits and passages
    quiet: bool = False
    #: the message it answers
    message: int | None = None
    subject_kind: str | None = None
    subject_id: int | None = None
    #: who this row is in an import; unique
    identity: str | None = None
    import_batch: int | None = None


def record(conn: Connection, events: Sequence[NewEvent], *, now: Instant) -> list[int]:
    """Store the events and put them before the engine. Returns their ids, in order and rising.

    Raises BadEventKind, BadData, DataTooLarge or BadScore, before anything is written.
    """
    rows = [
        {
            "contact": one.contact,
            "kind": checked_kind(one.kind),
            "at": one.at,
            "recorded_at": now,
            "source": one.source,
            "quiet": one.quiet,
            "message": one.message,
            "subject_kind": one.subject_kind,
            "subject_id": one.subject_id,
            "product": _product_of(data),
            "data": data,
            "identity": one.identity,
            "import_batch": one.import_batch,
        }
        for one, data in ((one, checked_data(one.kind, one.data)) for one in events)
    ]
    ids: list[int] = []
    for start in range(0, len(rows), LOT):
        lot = rows[start : start + LOT]
        made = insert_ids(conn, event, lot)
        insert_rows(conn, fresh, [{"event": id_, "at": row["at"]} for id_, row in zip(made, lot, strict=True)])
        wake(conn)
        ids += made
    return ids


def _product_of(data: dict[str, Any]) -> str | None:
    """The product that an event names; kept in a column of its own, by which viewers of a product are found."""
    key = data.get(PRODUCT)
    return key if isinstance(key, str) and len(key) <= MOST_KEY else None


_known_kinds: set[str] = set()


def checked_kind(kind: str) -> str:
    """The kind itself. Raises BadEventKind."""
    if kind not in _known_kinds:
        if not _KIND.fullmatch(kind) or len(kind) > 100:
            raise BadEventKind(kind=kind[:100])
        _known_kinds.add(kind)
    return kind


def checked_data(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data cleaned, as it can be stored. Raises BadData, DataTooLarge or BadScore."""
    if not data:
        if kind == "nps.answered":
            raise BadScore(value=N_("nothing"))
        return data
    if kind == "nps.answered":
        score = data.get("score")
        if type(score) is not int or not 0 <= score <= 10:
            raise BadScore(value=json.dumps(score, ensure_ascii=False, default=str))
    cleaned: dict[str, Any] = _cleaned(kind, data)
    size = len(json.dumps(cleaned, ensure_ascii=False).encode())
    if size > MOST_DATA:
        raise DataTooLarge(kind=kind, size=size // 1024 + 1, most=MOST_DATA // 1024)
    return cleaned


def _cleaned(kind: str, value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case None | bool():
            return value
        case int() if -MOST_NUMBER <= value <= MOST_NUMBER:
            return value
        case float() if math.isfinite(value):
            return value
        case dict():
            return {clean(str(key)): _cleaned(kind, item) for key, item in value.items()}
        case list() | tuple():
            return [_cleaned(kind, item) for item in value]
        case _:
            raise BadData(kind=kind, value=str(value)[:60])
