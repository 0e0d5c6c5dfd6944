"""Jumps from one journey to another: in two steps, so that journeys are always locked before passages.

The passage ends with the cohort that walked it, and leaves an event in the same commit. Whoever listens has locked the
journeys, takes the event once, and lets the contact in or notes why not: a crash between the two loses nothing and
doubles nothing.
"""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Insert, and_, bindparam, exists, func, insert, literal, select, update

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.engine.enroll import Admitted, admit, into_candidates, subject_key
from journeys.engine.live import Live
from journeys.engine.plan import Plan
from journeys.engine.reasons import said
from journeys.engine.scratch import candidate, cohort, lot
from journeys.nodes.jump import JUMPED
from journeys.store import tables as t
from journeys.store.dialect import json_text
from journeys.store.events import NewEvent, record

#: kind of the event that a jump leaves, and who says so
KIND = "journey.jumped"
SOURCE = "journey"
#: jumps of one contact at one moment; more is a circle over journeys that never rests
MOST_JUMPS = 20

_c, _l = cohort.c, lot.c
_OUT = (
    select(_c.id, _c.contact, _c.version, _c.node, _c.subject_kind, _c.subject_id)
    .where(_c.state == JUMPED)
    .order_by(_c.id)
)


def record_jumps(conn: Connection, plans: dict[int, Plan], *, now: Instant) -> None:
    """Leave an event for every member of the cohort that ended by a jump."""
    if not any(plan.jumps for plan in plans.values()):
        return
    record(
        conn,
        [
            NewEvent(
                row.contact,
                KIND,
                now,
                {"journey": plans[row.version].jumps[row.node], "from": plans[row.version].key},
                SOURCE,
                subject_kind=row.subject_kind,
                subject_id=row.subject_id,
                identity=_identity(row.id),
            )
            for row in conn.execute(_OUT)
        ],
        now=now,
    )


def _identity(enrollment: int) -> str:
    """A passage jumps once."""
    return f"jump/{enrollment}"


def arrive(conn: Connection, live: Live, *, rank: int, now: Instant, zone: ZoneInfo) -> Admitted:
    """Let those in whom a round of the lot brings by a jump, under the journey's own rule of re-entry."""
    plan = live.entry
    if plan is None or plan.door is None:
        return Admitted(0, {})
    arrivals = conn.execute(_arrivals(plan), {"rank": rank}).rowcount
    if not arrivals:
        return Admitted(0, {})
    conn.execute(_MARK_CIRCLES)
    return admit(
        conn,
        plan,
        plan.door,
        arrivals,
        as_of=now,
        now=now,
        zone=zone,
        record_misses=True,
        paused=live.paused,
        rank=rank,
    )


@lru_cache(maxsize=1000)
def _arrivals(plan: Plan) -> Insert:
    event = t.event.c
    return into_candidates(
        select(
            _l.contact,
            _l.event,
            _l.at,
            event.subject_kind.label("subject_kind"),
            event.subject_id.label("subject_id"),
            subject_key(plan, event.subject_kind, event.subject_id).label("key"),
            _l.at.label("due_at"),
        )
        .join(t.event, event.id == _l.event + 0)
        .join(t.contact, t.contact.c.id == _l.contact + 0)
        .where(
            _l.rank == bindparam("rank"),
            _l.kind == KIND,
            event.source == SOURCE,
            json_text(event.data, "journey") == plan.key,
            t.contact.c.erased_at.is_(None),
        )
    )


_jumps = (
    select(func.count())
    .where(t.event.c.contact == candidate.c.contact, t.event.c.kind == KIND, t.event.c.at == candidate.c.at)
    .scalar_subquery()
)
_MARK_CIRCLES = update(candidate).where(_jumps > MOST_JUMPS).values(miss="circle")

#: journeys that let nobody in at all
_REFUSE = insert(t.not_entered).from_select(
    ["journey", "version", "trigger", "contact", "event", "at", "reason"],
    select(t.journey.c.id, t.journey.c.version, literal(""), _l.contact, _l.event, _l.at, t.journey.c.state)
    .join(t.event, t.event.c.id == _l.event + 0)
    .join(
        t.journey,
        and_(t.journey.c.key == json_text(t.event.c.data, "journey"), t.journey.c.state.in_(["stopped", "archived"])),
    )
    .where(
        _l.rank == bindparam("rank"),
        _l.kind == KIND,
        t.event.c.source == SOURCE,
        t.journey.c.version.is_not(None),
    ),
)


def refuse(conn: Connection, *, rank: int) -> int:
    """Note for whom a jump leads into a journey that was stopped or archived; returns how many."""
    return conn.execute(_REFUSE, {"rank": rank}).rowcount


def what_became_of(conn: Connection, contact: int, enrollment: int) -> str:
    """What came of the jump that a passage ended with, in a sentence."""
    wanted = select(t.event.c.id, json_text(t.event.c.data, "journey").label("journey")).where(
        t.event.c.identity == _identity(enrollment)
    )
    event = conn.execute(wanted).one_or_none()
    if event is None:
        return ""
    e, n = t.enrollment.c, t.not_entered.c
    if conn.execute(select(exists().where(e.contact == contact, e.since_event == event.id))).scalar():
        return _("The contact came in there.")
    reason = conn.execute(
        select(n.reason).where(n.contact == contact, n.event == event.id).order_by(n.id).limit(1)
    ).scalar()
    if reason is not None:
        return _("The contact did not come in there. {reason}").format(reason=said(reason))
    if conn.execute(select(exists().where(t.fresh.c.event == event.id))).scalar():
        return _("The contact comes in there next.")
    return _("There was no journey “{journey}” that would have let the contact in.").format(journey=event.journey)
