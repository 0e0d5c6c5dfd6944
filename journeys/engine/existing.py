"""Letting in who matches already when a version is published.

Publishing only notes for whom that is to be done, in the journey's row; it is done in cohorts, each a transaction, by
whoever published, and by the next tick where that was cut off. A cohort is a stretch of contacts by id, and the note
says how far it came, so that nobody comes in twice and nobody is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, select, update

from journeys.base.time import Instant, day_of
from journeys.engine import scratch
from journeys.engine.enroll import Stretch, admit, fill_candidates, matched
from journeys.engine.pace import Pace
from journeys.engine.plan import Plan, Plans
from journeys.engine.scratch import candidate
from journeys.engine.sweep import admit_of_day, list_of_day
from journeys.nodes.triggers import ByDay
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.kept import Kept
from journeys.store.store import Store, repeated


@dataclass(frozen=True, slots=True)
class Taken:
    """What one cohort did."""

    #: contacts it looked at
    looked: int
    entered: int
    #: whether there is somebody left to look at
    more: bool


def asked_of(plan: Plan, existing: bool | None, *, now: Instant) -> list[dict[str, object]]:
    """The note for a version that is published at `now`: its triggers that take who matches already, with how far each
    has come. `existing` overrides what the triggers say."""
    return [
        {"trigger": id_, "at": now, "after": 0}
        for id_, trigger in plan.triggers.items()
        if not plan.steps[id_].off and (trigger.existing if existing is None else existing)
    ]


def let_in_existing(
    store: Store,
    plans: Plans,
    journey: int,
    *,
    now: Instant,
    keep_going: Callable[[], bool] = lambda: True,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> int:
    """Let in who matched when a journey (row id) was published; returns how many this call let in.

    `keep_going` is asked between two cohorts, `progress` told how many contacts were looked at. What is left then, or
    after a crash, the next tick does.
    """
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        noted = conn.execute(_NOTED, {"journey": journey}).scalar()
        total = len(noted or ()) * conn.execute(select(func.count()).select_from(t.contact)).scalar_one()
    pace, looked, entered, more = Pace(store), 0, 0, bool(noted)
    while more and keep_going():
        began = time.perf_counter()
        taken = repeated(partial(take_cohort, store, plans, journey, now=now, zone=zone, size=pace.size))
        pace.took(taken.looked, time.perf_counter() - began)
        looked, entered, more = looked + taken.looked, entered + taken.entered, taken.more
        progress(looked, total)
    return entered


def take_cohort(store: Store, plans: Plans, journey: int, *, now: Instant, zone: ZoneInfo, size: int) -> Taken:
    """Look at the next contacts of a journey's note, so many of them, in a transaction of its own."""
    with scratch.work(store) as conn:
        row = conn.execute(_LOCKED, {"journey": journey}).one()
        noted = list(row.existing or ())
        plan = plans.get(conn, row.version) if noted else None
        if plan is not None and row.state not in ("live", "paused"):
            noted.clear()
        # a trigger that an edit took away meanwhile, or put off, lets nobody in
        while plan is not None and noted and (noted[0]["trigger"] not in plan.triggers or _off(plan, noted[0])):
            noted.pop(0)
        looked = entered = 0
        if plan is not None and noted:
            first = noted[0]
            upto, looked = conn.execute(_STRETCH, {"after": first["after"], "size": size}).one()
            if looked:
                stretch = Stretch(first["after"], upto)
                at, paused = Instant(first["at"]), row.state == "paused"
                entered = _take(conn, plan, first["trigger"], stretch, at=at, now=now, zone=zone, paused=paused)
            if looked < size:
                noted.pop(0)
            else:
                noted[0] = first | {"after": upto}
        conn.execute(_NOTE, {"the_journey": journey, "noted": noted or None})
    return Taken(looked, entered, bool(noted))


def _off(plan: Plan, noted: dict[str, str]) -> bool:
    return plan.steps[noted["trigger"]].off


def _take(
    conn: Connection,
    plan: Plan,
    trigger: str,
    stretch: Stretch,
    *,
    at: Instant,
    now: Instant,
    zone: ZoneInfo,
    paused: bool,
) -> int:
    """Who is in the segment or on the stage, whose condition holds, who has been inactive for longer; and of a trigger
    that a day sets off those whose time of the day of publishing was over."""
    on, entered, today = plan.triggers[trigger].on, 0, day_of(at, zone)
    matching = on.existing(now=at, zone=zone)
    if matching is not None:
        candidates = fill_candidates(conn, matched(plan, trigger, matching, at, within=True), stretch)
        entered += admit(
            conn,
            plan,
            trigger,
            candidates,
            as_of=at,
            now=now,
            zone=zone,
            record_misses=False,
            paused=paused,
            again=True,
        ).entered
    if isinstance(on, ByDay) and on.falls_on(today):
        count = list_of_day(conn, plan, trigger, today, zone=zone, within=stretch)
        # the others come in by the sweep of that day
        count -= conn.execute(_DROP_COMING, {"at": at}).rowcount
        entered += admit_of_day(
            conn, plan, trigger, count, today, now=now, zone=zone, paused=paused, again=True
        ).entered
    return entered


_journey = bindparam("journey", type_=BigInteger())
_NOTED = select(t.journey.c.existing).where(t.journey.c.id == _journey)
_LOCKED = Kept(
    select(t.journey.c.version, t.journey.c.state, t.journey.c.existing)
    .where(t.journey.c.id == _journey)
    .with_for_update()
)
_NOTE = (
    update(t.journey)
    .where(t.journey.c.id == bindparam("the_journey", type_=BigInteger()))
    .values(existing=bindparam("noted", type_=t.journey.c.existing.type))
)
_ahead = (
    select(t.contact.c.id)
    .where(t.contact.c.id > bindparam("after", type_=BigInteger()))
    .order_by(t.contact.c.id)
    .limit(bindparam("size", type_=BigInteger()))
    .subquery()
)
_STRETCH = select(func.max(_ahead.c.id), func.count())
_DROP_COMING = delete(candidate).where(candidate.c.due_at >= bindparam("at", type_=BigInteger()))
