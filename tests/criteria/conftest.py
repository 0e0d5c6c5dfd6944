"""A small base of contacts to ask criteria of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, literal, select

from journeys.base.catalogue import AttributeType
from journeys.base.time import Instant, instant
from journeys.criteria import (
    Explained,
    Frame,
    Passage,
    compile_criterion,
    evidence,
    explain,
    parse_criterion,
    select_members,
)
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.contacts import add
from journeys.store.events import NewEvent, record
from journeys.store.moments import Moments
from journeys.store.store import Store

WARSAW = ZoneInfo("Europe/Warsaw")


def at(text: str, zone: ZoneInfo = WARSAW) -> Instant:
    """The instant of a wall clock time such as "2026-11-22 12:00"."""
    return instant(datetime.fromisoformat(text).replace(tzinfo=zone))


class Base:
    """Contacts by name. The clock stands at noon of 22 November 2026 in Warsaw."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.zone = WARSAW
        self.now = at("2026-11-22 12:00")
        self.ids: dict[str, int] = {}

    def attribute(self, key: str, type_: AttributeType, choices: tuple[str, ...] = ()) -> None:
        with self.store.write() as conn:
            define_attribute(conn, key, type_, label=key, choices=choices)

    def contact(self, name: str, **fields: Any) -> int:
        with self.store.write() as conn:
            (id_,) = add(conn, [{"first_name": name, **fields}], now=at("2020-01-01 00:00"), source="test")
        self.ids[name] = id_
        return id_

    def event(self, name: str, kind: str, when: str | Instant, data: Mapping[str, Any] = {}, **more: Any) -> int:
        with self.store.write() as conn:
            (id_,) = record(
                conn, [NewEvent(self.ids[name], kind, _moment(when), dict(data), "test", **more)], now=self.now
            )
        return id_

    def days_ago(self, days: int, clock: str = "10:00") -> str:
        today = datetime.fromtimestamp(self.now, self.zone).date()
        return f"{today - timedelta(days=days)} {clock}"

    def product(self, key: str, category: str | None = None) -> None:
        with self.store.write() as conn:
            conn.execute(insert(t.product).values(key=key, name=key, category=category, data={}))

    def purchase(
        self,
        name: str,
        when: str | Instant,
        total: int = 1000,
        *,
        currency: str = "PLN",
        lines: tuple[tuple[str, int], ...] = (),
    ) -> int:
        """Returns the id of its event."""
        with self.store.write() as conn:
            id_ = conn.execute(
                insert(t.purchase)
                .values(contact=self.ids[name], at=_moment(when), total=total, currency=currency)
                .returning(t.purchase.c.id)
            ).scalar_one()
            for n, (product, amount) in enumerate(lines):
                conn.execute(
                    insert(t.purchase_line).values(purchase=id_, n=n, product=product, quantity=1, amount=amount)
                )
        return self.event(name, "purchase.made", when, {"total": total}, subject_kind="purchase", subject_id=id_)

    def contract(self, name: str, product: str, end: str, **fields: Any) -> int:
        values = {"duration_days": 30, "recurring_now": False, "recurring_initially": False, **fields}
        values.setdefault("start_on", "2026-01-01")
        with self.store.write() as conn:
            return conn.execute(
                insert(t.contract)
                .values(contact=self.ids[name], product=product, end_on=end, **values)
                .returning(t.contract.c.id)
            ).scalar_one()

    def consent(self, name: str, *, given: bool, channel: str = "email", purpose: str = "newsletter") -> None:
        with self.store.write() as conn:
            if not conn.execute(select(t.purpose.c.key).where(t.purpose.c.key == purpose)).first():
                conn.execute(insert(t.purpose).values(key=purpose, label=purpose))
            conn.execute(
                insert(t.consent_now).values(
                    contact=self.ids[name], channel=channel, purpose=purpose, given=given, at=self.now - 5, consent=1
                )
            )

    def rows(self, table: Any, *rows: Mapping[str, Any]) -> None:
        with self.store.write() as conn:
            for row in rows:
                conn.execute(insert(table).values(**row))

    def enrollment(self, name: str, since: str | Instant, *, since_event: int | None = None, **more: Any) -> int:
        """A passage through the journey “J”."""
        with self.store.write() as conn:
            journey = conn.execute(select(t.journey.c.id).where(t.journey.c.key == "J")).scalar()
            if journey is None:
                journey = conn.execute(
                    insert(t.journey).values(key="J", name="J", state="live", state_at=0).returning(t.journey.c.id)
                ).scalar_one()
                conn.execute(
                    insert(t.version).values(id=1, journey=journey, number=1, published_at=0, hash="", graph="{}")
                )
            entry = conn.execute(select(func.count()).select_from(t.enrollment)).scalar_one() + 1
            values = {
                "journey": journey,
                "version": 1,
                "contact": self.ids[name],
                "entry": entry,
                "single": False,
                "trigger": "TRIGGER",
                "since_at": _moment(since),
                "since_event": since_event,
                "node": "HERE",
                "arrived_at": 0,
                "n": 0,
                "state": "active",
                "entered_at": _moment(since),
                **more,
            }
            return conn.execute(insert(t.enrollment).values(**values).returning(t.enrollment.c.id)).scalar_one()

    # --- asking --------------------------------------------------------------------------------------------------

    def matches(self, criterion: Any, *, now: Instant | None = None) -> set[str]:
        """Names of the contacts who fit."""
        members, moments = select_members(parse_criterion(criterion), self.store.engine.dialect.name)
        with self.store.read() as conn:
            found = set(conn.execute(members, moments.values(now or self.now, self.zone)).scalars())
        return {name for name, id_ in self.ids.items() if id_ in found}

    def passages(self, criterion: Any, *, now: Instant | None = None) -> set[int]:
        """Ids of the enrollments that fit."""
        e, moments = t.enrollment.c, Moments()
        frame = Frame(e.contact, moments, self.store.engine.dialect.name, passage_of_enrollment())
        statement = select(e.id).where(compile_criterion(parse_criterion(criterion), frame))
        with self.store.read() as conn:
            return set(conn.execute(statement, moments.values(now or self.now, self.zone)).scalars())

    def explained(self, criterion: Any, name: str) -> list[Explained]:
        return explained(self, criterion, self.ids[name])


def explained(base: Base, criterion: Any, contact: int) -> list[Explained]:
    """The trace of one contact, by its id alone as within a cohort."""
    parsed, moments = parse_criterion(criterion), Moments()
    frame = Frame(literal(contact), moments, base.store.engine.dialect.name)
    with base.store.read() as conn:
        values = conn.execute(select(evidence(parsed, frame)), moments.values(base.now, base.zone)).scalar_one()
    assert isinstance(values, str)
    json.loads(values)
    return explain(parsed, values, at=base.now, zone=base.zone)


def passage_of_enrollment() -> Passage:
    e = t.enrollment.c
    return Passage(e.id, e.since_at, e.since_event, e.subject_kind, e.subject_id)


def _moment(when: str | Instant) -> Instant:
    return at(when) if isinstance(when, str) else when


@pytest.fixture
def base(store: Store) -> Base:
    """On each database in turn."""
    return Base(store)


@pytest.fixture
def sqlite_base(sqlite_store: Store) -> Base:
    return Base(sqlite_store)


@pytest.fixture
def moment_at() -> Callable[[str], Instant]:
    return at
