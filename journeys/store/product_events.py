"""What happens to products: a price or a stock that changes, a product that is new.

Triggers listen to it, and a passage may be about one such event, so that a message can show the old and the new price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from journeys.base.time import Instant
from journeys.store.dialect import insert_rows
from journeys.store.tables import product_event
from journeys.store.wakeup import wake

#: what a product is compared by
WATCHED = ("price", "currency", "stock")


@dataclass(frozen=True, slots=True)
class ProductEvent:
    """One thing that happened to one product."""

    product: str
    kind: Literal["added", "price", "stock"]
    old: int | None
    new: int | None
    #: of a price
    currency: str | None = None


def differences(product: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[ProductEvent]:
    """What changed about a product between two states of it (`WATCHED` at least); `old` is None for a new one.

    Prices in different currencies cannot be compared: the old one counts as none.
    """
    if old is None:
        return [ProductEvent(product, "added", None, new["price"], new["currency"])]
    found: list[ProductEvent] = []
    if (old["price"], old["currency"]) != (new["price"], new["currency"]):
        before = old["price"] if old["currency"] == new["currency"] else None
        found.append(ProductEvent(product, "price", before, new["price"], new["currency"]))
    if old["stock"] != new["stock"]:
        found.append(ProductEvent(product, "stock", old["stock"], new["stock"]))
    return found


def record_product_events(
    conn: Connection,
    events: Sequence[ProductEvent],
    *,
    now: Instant,
    quiet: bool = False,
    import_batch: int | None = None,
) -> None:
    """Keep what happened to products at `now`, and put it before the engine unless it is quiet."""
    rows = [
        {
            "product": one.product,
            "kind": one.kind,
            "at": now,
            "old": one.old,
            "new": one.new,
            "currency": one.currency,
            "quiet": quiet,
            "fresh_at": None if quiet else now,
            "import_batch": import_batch,
        }
        for one in events
    ]
    insert_rows(conn, product_event, rows)
    if rows and not quiet:
        wake(conn)
