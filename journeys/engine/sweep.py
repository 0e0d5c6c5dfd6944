"""Sweep: once per workspace day, whatever changes with time alone.

Segments and ending criteria are asked as of now; triggers that a day sets off for each missed day as of that day, as far
back as their `at_most_late` allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from journeys.base.time import Instant, day_of, day_start, days_between
from journeys.criteria import Frame, Passage, compile_criterion, holders
from journeys.engine import scratch
from journeys.engine.ending import end_listed, ends_of
from journeys.engine.enroll import Admitted, Stretch, admit, into_candidates, matched
from journeys.engine.live import Live
from journeys.engine.plan import Plan
from journeys.engine.scratch import candidate, due
from journeys.engine.segments import Segments
from journeys.nodes.triggers import ByDay
from journeys.nodes.triggers.on import about
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.moments import Moments

SWEPT_ON = "swept_on"


@dataclass(slots=True)
class Swept:
    """What a sweep did."""

    moved: int = 0
    entered: int = 0
    ended: int = 0


def sweep(conn: Connection, journeys: list[Live], segments: Segments, *, now: Instant, zone: ZoneInfo) -> Swept:
    """Do what the days up to today bring, in the open transaction that has locked the journeys."""
    done = Swept()
    today = day_of(now, zone)
    if (settings.get(conn, SWEPT_ON) or "") < today.isoformat():
        done.moved = segments.sweep(conn, now=now, zone=zone)
        for live in journeys:
            for plan in live.plans.values():
                done.ended += _end(conn, plan, now=now, zone=zone)
                _wake(conn, plan, now=now)
        settings.put(conn, SWEPT_ON, today.isoformat())
    for live in journeys:
        if live.entry is not None:
            done.entered += _day_triggers(conn, live, live.entry, today=today, now=now, zone=zone)
        conn.execute(update(t.journey).where(t.journey.c.id == live.journey).values(swept_on=today.isoformat()))
    return done


def _end(conn: Connection, plan: Plan, *, now: Instant, zone: ZoneInfo) -> int:
    ended = 0
    for end in ends_of(plan, conn.dialect.name):
        if end.drifts and conn.execute(end.in_all, end.moments.values(now, zone)).rowcount:
            ended += end_listed(conn, now=now, zone=zone)
    return ended


def _wake(conn: Connection, plan: Plan, *, now: Instant) -> None:
    for step in plan.listening():
        if step.node.drifts():
            conn.execute(
                update(t.enrollment)
                .where(
                    t.enrollment.c.journey == plan.journey,
                    t.enrollment.c.version == plan.version,
                    t.enrollment.c.node == step.id,
                    t.enrollment.c.state == t.ACTIVE,
                )
                # who was due before stays due since then
                .values(due_at=case((t.enrollment.c.due_at <= now, t.enrollment.c.due_at), else_=now))
            )


def _day_triggers(conn: Connection, live: Live, plan: Plan, *, today: date, now: Instant, zone: ZoneInfo) -> int:
    swept_on = conn.execute(select(t.journey.c.swept_on).where(t.journey.c.id == live.journey)).scalar_one()
    published_on = day_of(plan.published_at, zone)
    entered = 0
    for id_, trigger in plan.triggers.items():
        if not isinstance(trigger.on, ByDay) or plan.steps[id_].off:
            continue
        first = date.fromisoformat(swept_on) + timedelta(days=1) if swept_on else published_on
        # a version starts on its own day, which is asked once more where an earlier version was asked before
        first = max(first, published_on, today - timedelta(days=trigger.at_most_late_days))
        for day in days_between(first, today):
            if not trigger.on.falls_on(day):
                continue
            count = list_of_day(conn, plan, id_, day, zone=zone)
            if count:
                # what was over before the journey was published does not flood in
                conn.execute(_MISS_EARLIER, {"published_at": plan.published_at})
                entered += admit_of_day(
                    conn, plan, id_, count, day, now=now, zone=zone, paused=live.paused, again=day == published_on
                ).entered
    return entered


_MISS_EARLIER = (
    update(candidate).where(candidate.c.due_at < bindparam("published_at", type_=BigInteger())).values(miss="existing")
)


def list_of_day(
    conn: Connection, plan: Plan, trigger: str, day: date, *, zone: ZoneInfo, within: Stretch | None = None
) -> int:
    """Put whom the trigger means on one day into `candidate`, as of the start of that day; they are due at its time of
    day. Returns how many there are."""
    node = plan.triggers[trigger]
    on = node.on
    assert isinstance(on, ByDay)
    as_of = day_start(day, zone)
    rows = matched(plan, trigger, on.matching(day, zone), as_of, within=within)
    moments = Moments()
    if on.brings_everybody and node.only is not None:
        # asked here, so that only the audience is listed and not everybody
        frame = Frame(contact=t.contact.c.id, moments=moments, dialect=conn.dialect.name, passage=_outside(as_of))
        found = holders(node.only, frame)
        if found is not None:
            rows = rows.where(t.contact.c.id.in_(select(found.contact).where(*found.where)))
        rows = rows.where(compile_criterion(node.only, frame))
    count = conn.execute(into_candidates(rows), moments.values(as_of, zone)).rowcount
    if not count:
        return 0
    zone_of_contact = func.coalesce(t.contact.c.time_zone, "")
    zones = conn.execute(
        select(zone_of_contact).join(candidate, candidate.c.contact == t.contact.c.id).distinct()
    ).scalars()
    conn.execute(insert(due), [{"zone": z, "due_at": at} for z, at in on.due(list(zones), day, zone).items()])
    conn.execute(
        update(candidate)
        .where(t.contact.c.id == candidate.c.contact + 0, due.c.zone == zone_of_contact)
        .values(due_at=due.c.due_at)
    )
    scratch.clear(conn, due)
    return count


def admit_of_day(
    conn: Connection,
    plan: Plan,
    trigger: str,
    count: int,
    day: date,
    *,
    now: Instant,
    zone: ZoneInfo,
    paused: bool,
    again: bool = False,
) -> Admitted:
    """Let in whom `list_of_day` has listed; `again`: some may have come in by the same day before."""
    on = plan.triggers[trigger].on
    assert isinstance(on, ByDay)
    return admit(
        conn, plan, trigger, count, as_of=day_start(day, zone), now=now, zone=zone, record_misses=False, paused=paused,
        asked=on.brings_everybody, again=again,
    )  # fmt: skip


def _outside(as_of: Instant) -> Passage:
    """What scoped leaves speak of before there is a passage, and with nothing that it could be about."""
    subject_kind, subject_id = about(None)
    return Passage(
        id=null().cast(BigInteger),
        since_at=literal(as_of, BigInteger()),
        since_event=literal(None, BigInteger()),
        subject_kind=subject_kind,
        subject_id=subject_id,
    )
