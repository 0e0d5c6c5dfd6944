"""Who would have come into a journey while it was paused, and letting them in after all."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, Text, and_, bindparam, func, select

from journeys.base.time import Instant
from journeys.engine.enroll import Admitted, admit, into_candidates, subject_key
from journeys.engine.lifecycle import NotPaused, locked
from journeys.engine.plan import Plans
from journeys.store import tables as t
from journeys.store.wakeup import wake


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody whom a pause kept out."""

    contact: int
    email: str | None
    #: id of the trigger and its title in the version that ran then
    trigger: str
    title: str
    #: when it would have been
    at: Instant


_n, _k = t.not_entered.c, t.contact.c
#: of the present pause
_of_pause = and_(
    _n.journey == bindparam("journey", type_=BigInteger()),
    _n.reason == "paused",
    _n.at >= select(t.journey.c.state_at).where(t.journey.c.id == _n.journey).scalar_subquery(),
    _k.erased_at.is_(None),
)
_MISSED = (
    select(_n.contact, _k.email, _n.trigger, _n.version, func.min(_n.matched_at).label("at"))
    .join(t.contact, _k.id == _n.contact)
    .where(_of_pause)
    .group_by(_n.contact, _k.email, _n.trigger, _n.version)
    .order_by(func.min(_n.matched_at), _n.contact, _n.trigger)
)


def missed(conn: Connection, plans: Plans, journey: int) -> list[Missed]:
    """Whom the present pause of a journey (row id) kept out, each once a trigger, in the order of time."""
    return [
        Missed(row.contact, row.email, row.trigger, plans.get(conn, row.version).titles[row.trigger], Instant(row.at))
        for row in conn.execute(_MISSED, {"journey": journey})
    ]


def let_in(conn: Connection, plans: Plans, name: str, *, now: Instant, zone: ZoneInfo) -> Admitted:
    """Let in whom the present pause kept out, in the open transaction (temporary tables in place), before resuming.

    By the newest version, under its re-entry rule, its triggers' audiences asked as of now, and how late they let in:
    whoever may not come in is counted by reason. A trigger that an edit took away meanwhile lets nobody in. Raises
    NotPaused.
    """
    row = locked(conn, name)
    if row["state"] != "paused":
        raise NotPaused(journey=row["name"], state=row["state"])
    plan = plans.get(conn, row["version"])
    done = Admitted(0, {})
    for trigger in plan.triggers:
        if plan.steps[trigger].off:
            continue
        matches = (
            select(
                _n.contact,
                _n.event,
                _n.matched_at.label("at"),
                _n.subject_kind,
                _n.subject_id,
                subject_key(plan, _n.subject_kind, _n.subject_id).label("key"),
                # who is due already is due now: whoever lets in sees to it
                _n.due_at,
            )
            .join(t.contact, _k.id == _n.contact)
            .where(_of_pause, _n.trigger == bindparam("trigger", type_=Text()))
        )
        here = {"journey": plan.journey, "trigger": trigger}
        candidates = conn.execute(into_candidates(matches), here).rowcount
        came = admit(conn, plan, trigger, candidates, as_of=now, now=now, zone=zone, record_misses=False, paused=False)
        reasons = {reason: done.missed.get(reason, 0) + n for reason, n in came.missed.items()}
        done = Admitted(done.entered + came.entered, done.missed | reasons)
    wake(conn)
    return done
