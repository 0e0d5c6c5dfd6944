"""Purchases: an order with its lines, and exactly one event `purchase.made` for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, update

from journeys.base.time import Instant
from journeys.store.dialect import in_ids, insert_ids, insert_rows
from journeys.store.events import NewEvent, record
from journeys.store.identity import content_identity, given_identity
from journeys.store.tables import purchase, purchase_line, rhythm


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of an order. `amount` is what the line costs as a whole, in minor units."""

    product: str | None
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class NewPurchase:
    """An order to be stored. `total` is in minor units of `currency`; it need not be the sum of the lines."""

    contact: int
    at: Instant
    total: int
    currency: str
    lines: tuple[NewLine, ...] = ()
    order_id: str | None = None
    #: who this row is, unique; left out, it follows from the order id
    identity: str | None = None


def add_purchases(
    conn: Connection,
    purchases: Sequence[NewPurchase],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
) -> list[int]:
    """Store orders with their lines and return their ids in order. One event each, at the time of the purchase.

    That time may lie in the future: the engine then sees the event when its time has come. Raises IntegrityError for an
    order that is in the store already, a contact or product that is not.
    """
    ids = insert_ids(
        conn,
        purchase,
        [
            {
                "order_id": one.order_id,
                "contact": one.contact,
                "at": one.at,
                "total": one.total,
                "currency": one.currency,
                "identity": one.identity or (given_identity(one.order_id) if one.order_id else None),
                "import_batch": import_batch,
            }
            for one in purchases
        ],
    )
    unnamed = [
        {"made": id_, "named": content_identity((one.contact, one.at, one.total, one.currency, *one.lines), id_)}
        for id_, one in zip(ids, purchases, strict=True)
        if one.identity is None and not one.order_id
    ]
    if unnamed:
        # an export names it so, and an import of that knows it again, with all its lines; by the id of its row, two
        # stores that made rows of their own agree only where it is the same row
        conn.execute(_NAME, unnamed)
    lines = [
        {"purchase": id_, "n": n, "product": line.product, "quantity": line.quantity, "amount": line.amount}
        for id_, one in zip(ids, purchases, strict=True)
        for n, line in enumerate(one.lines, 1)
    ]
    insert_rows(conn, purchase_line, lines)
    record(
        conn,
        [
            NewEvent(
                one.contact,
                "purchase.made",
                one.at,
                {"order_id": one.order_id, "total": one.total, "currency": one.currency},
                source,
                quiet=quiet,
                subject_kind="purchase",
                subject_id=id_,
                import_batch=import_batch,
            )
            for id_, one in zip(ids, purchases, strict=True)
        ],
        now=now,
    )
    return ids


_NAME = update(purchase).where(purchase.c.id == bindparam("made")).values(identity=bindparam("named"))


def count_again(conn: Connection, contacts: Sequence[int]) -> None:
    """Forget the rhythm of contacts of whom purchases went away; it is worked out from those that are left."""
    conn.execute(delete(rhythm).where(in_ids(rhythm.c.contact, contacts)))
    conn.execute(update(purchase).where(in_ids(purchase.c.contact, contacts)).values(counted=False))
