"""Contracts: a product that a contact holds from a start to an end day. Additions and changes leave events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from journeys.base.time import Instant
from journeys.store.dialect import in_ids, insert_ids
from journeys.store.events import NewEvent, record
from journeys.store.tables import contract

#: columns that a change may write
FIELDS = ("product", "offer", "start_on", "end_on", "duration_days", "recurring_now", "recurring_initially")


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract to be stored. Days are ISO text; both the first and the last are days on which it is held."""

    contact: int
    product: str
    start_on: str
    end_on: str
    #: as agreed; left out, counted from the days
    duration_days: int | None = None
    recurring_now: bool = False
    recurring_initially: bool = False
    offer: str | None = None
    #: who this row is in an import, unique
    identity: str | None = None


def days_held(start_on: str, end_on: str) -> int:
    """How many days lie from the first to the last, both included."""
    return (date.fromisoformat(end_on) - date.fromisoformat(start_on)).days + 1


def add_contracts(
    conn: Connection,
    contracts: Sequence[NewContract],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
) -> list[int]:
    """Store contracts and return their ids in order. One event `contract.added` each, at `now`."""
    ids = insert_ids(
        conn,
        contract,
        [
            {
                "contact": one.contact,
                "product": one.product,
                "offer": one.offer,
                "start_on": one.start_on,
                "end_on": one.end_on,
                "duration_days": (
                    days_held(one.start_on, one.end_on) if one.duration_days is None else one.duration_days
                ),
                "recurring_now": one.recurring_now,
                "recurring_initially": one.recurring_initially,
                "identity": one.identity,
                "import_batch": import_batch,
            }
            for one in contracts
        ],
    )
    record(
        conn,
        [
            _event("contract.added", one.contact, id_, {"product": one.product}, now, source, quiet, import_batch)
            for id_, one in zip(ids, contracts, strict=True)
        ],
        now=now,
    )
    return ids


_write = update(contract).where(contract.c.id == bindparam("row_id")).values({name: bindparam(name) for name in FIELDS})


def change_contracts(
    conn: Connection,
    changes: Sequence[tuple[int, Mapping[str, Any]]],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
) -> None:
    """Write `FIELDS` of contracts. One event `contract.changed` for each field whose value really is another."""
    held = select(contract).where(in_ids(contract.c.id, {id_ for id_, _ in changes})).order_by(contract.c.id)
    rows = {row["id"]: dict(row) for row in conn.execute(held.with_for_update(key_share=True)).mappings()}
    events: list[NewEvent] = []
    written: set[int] = set()
    for id_, fields in changes:
        row = rows[id_]
        for name in FIELDS:
            if name not in fields or fields[name] == row[name]:
                continue
            data = {"product": row["product"], "field": name, "old": row[name], "new": fields[name]}
            events.append(_event("contract.changed", row["contact"], id_, data, now, source, quiet, import_batch))
            row[name] = fields[name]
            written.add(id_)
    if written:
        conn.execute(_write, [{"row_id": id_} | {name: rows[id_][name] for name in FIELDS} for id_ in sorted(written)])
    record(conn, events, now=now)


def _event(
    kind: str,
    contact: int,
    id_: int,
    data: dict[str, Any],
    now: Instant,
    source: str,
    quiet: bool,
    import_batch: int | None,
) -> NewEvent:
    return NewEvent(
        contact,
        kind,
        now,
        data,
        source,
        quiet=quiet,
        subject_kind="contract",
        subject_id=id_,
        import_batch=import_batch,
    )
