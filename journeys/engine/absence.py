"""Absence: why a contact is not in a journey of which nothing is recorded of them, trigger by trigger.

Triggers that sets come in by keep no misses. So it is worked out again: the days and the changes that would have let the
contact in, asked as they were asked then, else how the contact stands now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, Text, literal, select

from journeys.base.i18n import _
from journeys.base.time import Instant, day_of, day_start, days_between
from journeys.criteria import Criterion, Frame, Passage, compile_criterion, evidence, explain
from journeys.engine.plan import Plan
from journeys.engine.reasons import said
from journeys.nodes.node import Names
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import ByDay, ProductTrigger
from journeys.store import tables as t
from journeys.store.moments import Moments

#: days looked back for what would have let the contact in: one statement a day
MOST_DAYS = 31
#: changes of products looked at, the newest
MOST_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Because:
    """One compared value, or one reason."""

    sentence: str
    #: whether a comparison held; None where nothing was compared
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a trigger did not let a contact in at some moment."""

    trigger: str
    at: Instant
    because: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    """Something that would have let the contact in."""

    at: Instant
    due_at: Instant
    subject_kind: str | None
    subject_id: int | None


def absences(
    conn: Connection, plan: Plan, contact: int, names: Names, *, now: Instant, zone: ZoneInfo
) -> Iterator[Absence]:
    """Why each trigger of a version has not let the contact in."""
    for id_, trigger in plan.triggers.items():
        if plan.steps[id_].off:
            continue
        matches = list(_matches(conn, plan, trigger, contact, now=now, zone=zone))
        for match in matches:
            yield Absence(id_, match.at, tuple(_why_not(conn, plan, trigger, contact, match, names, zone=zone)))
        if not matches:
            yield Absence(id_, now, tuple(_why_never(conn, trigger, contact, names, now=now, zone=zone)))


def _matches(
    conn: Connection, plan: Plan, trigger: Trigger, contact: int, *, now: Instant, zone: ZoneInfo
) -> Iterator[_Match]:
    on = trigger.on
    if isinstance(on, ByDay) and not on.brings_everybody:
        yield from _days(conn, plan, trigger, on, contact, now=now, zone=zone)
    elif isinstance(on, ByDay):
        today = day_of(now, zone)
        first = max(day_of(plan.published_at, zone), today - timedelta(days=MOST_DAYS))
        for day in days_between(first, today):
            if on.falls_on(day):
                (due_at,) = on.due([""], day, zone).values()
                yield _Match(day_start(day, zone), due_at, None, None)
    elif isinstance(on, ProductTrigger):
        event = t.product_event
        rows = conn.execute(
            select(event.c.id, event.c.at)
            .where(on.matches(event), ~event.c.quiet, event.c.at >= plan.published_at, event.c.at <= now)
            .order_by(event.c.at.desc(), event.c.id.desc())
            .limit(MOST_CHANGES)
        )
        about_it = trigger.subject == "product"
        for row in reversed(rows.all()):
            yield _Match(row.at, row.at, "product" if about_it else None, row.id if about_it else None)


def _days(
    conn: Connection, plan: Plan, trigger: Trigger, on: ByDay, contact: int, *, now: Instant, zone: ZoneInfo
) -> Iterator[_Match]:
    today = day_of(now, zone)
    first = max(day_of(plan.published_at, zone), today - timedelta(days=MOST_DAYS))
    clock = conn.execute(select(t.contact.c.time_zone).where(t.contact.c.id == contact)).scalar() or ""
    for day in days_between(first, today):
        found = on.matching(day, zone).subquery("matching")
        subject_kind, subject_id = trigger.about_match(found)
        (due_at,) = on.due([clock], day, zone).values()
        for row in conn.execute(select(subject_kind, subject_id).where(found.c.contact == contact)):
            yield _Match(day_start(day, zone), due_at, row.subject_kind, row.subject_id)


def _why_not(
    conn: Connection, plan: Plan, trigger: Trigger, contact: int, match: _Match, names: Names, *, zone: ZoneInfo
) -> Iterator[Because]:
    """Of something that did happen: it was over already, or the audience was another one."""
    if match.due_at < plan.published_at:
        yield Because(said("existing"), False)
        return
    asked = _audience(conn, trigger.only, contact, match, names, zone=zone)
    if any(one.holds is False for one in asked[:1]):
        yield from asked
        return
    yield Because(
        _("What brings this contact in has happened, but the journey did not run then, or it was noticed too late.")
    )
    yield from asked


def _why_never(
    conn: Connection, trigger: Trigger, contact: int, names: Names, *, now: Instant, zone: ZoneInfo
) -> Iterator[Because]:
    asked = _audience(conn, trigger.only, contact, _Match(now, now, None, None), names, zone=zone)
    if not any(one.holds is False for one in asked[:1]):
        yield Because(
            _("Nothing has happened yet that brings this contact in: {words}.").format(words=trigger.words(names))
        )
    yield from asked
    yield from map(Because, trigger.on.standing(conn, contact, names, now=now, zone=zone))


def _audience(
    conn: Connection, only: Criterion | None, contact: int, match: _Match, names: Names, *, zone: ZoneInfo
) -> list[Because]:
    """What the audience's criterion looked at, as of a moment; first of all that it was not fulfilled, where so."""
    if only is None:
        return []
    moments = Moments()
    passage = Passage(
        id=literal(None, BigInteger()),
        since_at=literal(match.at, BigInteger()),
        since_event=literal(None, BigInteger()),
        subject_kind=literal(match.subject_kind, Text()),
        subject_id=literal(match.subject_id, BigInteger()),
    )
    frame = Frame(contact=t.contact.c.id, moments=moments, dialect=conn.dialect.name, passage=passage)
    row = conn.execute(
        select(compile_criterion(only, frame).label("holds"), evidence(only, frame).label("v")).where(
            t.contact.c.id == contact
        ),
        moments.values(match.at, zone),
    ).first()
    if row is None:
        return []
    seen = [Because(str(one), one.holds) for one in explain(only, json.loads(row.v), names, at=match.at, zone=zone)]
    return seen if row.holds else [Because(said("audience"), False), *seen]
