"""What contacts do, put into the store when its time has come: by the calls that anybody may use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, literal_column, select

from app.demo import keys, people
from app.demo.behaviour import Behaviour, Held, Planned
from app.demo.shop import SOURCE, draw_of, row_of
from journeys.base.time import Instant, day_of
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import add
from journeys.store.contracts import change_contracts
from journeys.store.events import NewEvent, record
from journeys.store.purchases import NewLine, NewPurchase, add_purchases
from journeys.store.suppression import suppress
from journeys.store.tables import contact, contract


def happen(
    conn: Connection, planned: Iterable[Planned], behaviour: Behaviour, *, seed: int, now: Instant
) -> list[Planned]:
    """Record what was planned; returns what follows from it (somebody new buys at once).

    Each kind goes in by one call, in the order of the plans.
    """
    plans = sorted(planned, key=lambda one: one.at)
    add_purchases(conn, [_purchase(one) for one in plans if one.kind == "purchase.made"], now=now, source=SOURCE)
    for one in plans:
        if one.kind == "contract.changed":
            _change_contract(conn, one)
    _withdraw(conn, [one for one in plans if one.kind == "consent.withdrawn"], now=now)
    plain = [one for one in plans if one.kind not in _BY_CALL]
    record(conn, [_event(one) for one in plain], now=now)
    return list(_sign_up(conn, [one for one in plans if one.kind == "contact.created"], behaviour, seed=seed, now=now))


_BY_CALL = frozenset({"purchase.made", "contract.changed", "consent.withdrawn", "contact.created"})


def renewing(conn: Connection) -> list[Held]:
    """Contracts that renew themselves, in the order they were made."""
    rows = conn.execute(
        select(contract.c.id, contract.c.contact, contract.c.end_on, contract.c.duration_days)
        .where(contract.c.recurring_now)
        .order_by(contract.c.id)
    )
    return [Held(row.id, row.contact, date.fromisoformat(row.end_on), row.duration_days) for row in rows]


def _event(one: Planned) -> NewEvent:
    assert one.contact is not None
    return NewEvent(one.contact, one.kind, one.at, dict(one.data), SOURCE, message=one.message)


def _purchase(one: Planned) -> NewPurchase:
    assert one.contact is not None
    lines = tuple(NewLine(line.product, line.quantity, line.amount) for line in one.data["lines"])
    return NewPurchase(
        contact=one.contact,
        at=one.at,
        total=one.data["total"],
        currency=one.data["currency"],
        lines=lines,
        order_id=one.data["order_id"],
    )


def _change_contract(conn: Connection, one: Planned) -> None:
    """Without a contract named, the one that ends last of those that do not renew themselves."""
    fields: dict[str, Any] = {name: value for name, value in one.data.items() if name != "contract"}
    wanted = one.data.get("contract")
    if wanted is None:
        held = conn.execute(
            select(contract)
            .where(contract.c.contact == one.contact, contract.c.recurring_now == literal_column("false"))
            .order_by(contract.c.end_on.desc(), contract.c.id)
            .limit(1)
        ).one_or_none()
        if held is None:
            return
        wanted = held.id
        today = day_of(one.at, ZoneInfo(people.WARSAW))
        if date.fromisoformat(held.end_on) < today:
            fields |= {
                "start_on": today.isoformat(),
                "end_on": (today + timedelta(days=held.duration_days - 1)).isoformat(),
            }
    change_contracts(conn, [(wanted, fields)], now=one.at, source=SOURCE)


def _withdraw(conn: Connection, plans: Sequence[Planned], *, now: Instant) -> None:
    rows = [
        NewConsent(
            one.contact, one.data["channel"], one.data["purpose"], False, one.at, SOURCE, reason=one.data["reason"]
        )
        for one in plans
        if one.contact is not None
    ]
    if not rows:
        return
    record_consent(conn, rows, now=now)
    complained = [one.contact for one in plans if one.data["reason"] == "complaint"]
    if complained:
        addresses = conn.execute(select(contact.c.email).where(contact.c.id.in_(complained))).scalars()
        suppress(conn, "email", [address for address in addresses if address], reason="complaint", at=now)


def _sign_up(
    conn: Connection, plans: Sequence[Planned], behaviour: Behaviour, *, seed: int, now: Instant
) -> Iterator[Planned]:
    new = [(one, one.person) for one in plans if one.person is not None]
    if not new:
        return
    ids = add(
        conn,
        [row_of(person) for _, person in new],
        now=now,
        source=SOURCE,
        created=[one.at for one, _ in new],
        draws=[draw_of(seed, person) for _, person in new],
    )
    agreed = [
        NewConsent(id_, "email", keys.PURPOSE, True, one.at, SOURCE)
        for id_, (one, _) in zip(ids, new, strict=True)
        if one.data["agrees"]
    ]
    if agreed:
        record_consent(conn, agreed, now=now)
    for id_, (one, person) in zip(ids, new, strict=True):
        behaviour.meet(id_, person)
        if "buys_at" in one.data:
            yield behaviour.first_purchase(id_, person, Instant(one.data["buys_at"]))
