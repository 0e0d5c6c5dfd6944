"""Who would have come into a journey while it was paused, and letting them in after all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, RowMapping, Text, and_, bindparam, func, insert, select, update

from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.enroll import Admitted, admit, into_candidates, subject_key
from journeys.engine.lifecycle import NotPaused, find
from journeys.engine.pace import Pace
from journeys.engine.plan import Plans
from journeys.engine.scratch import moving
from journeys.engine.states import state_words
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.store import Store, repeated
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


def let_in(
    store: Store,
    plans: Plans,
    name: str,
    *,
    now: Instant,
    keep_going: Callable[[], bool] = lambda: True,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Admitted:
    """Let in whom the present pause kept out, before resuming.

    By the newest version, under its re-entry rule, its triggers' audiences asked as of now, and how late they let in:
    whoever may not come in is counted by reason. A trigger that an edit took away meanwhile lets nobody in. Done in
    cohorts, each a transaction; done again after a crash, it goes on with the rest. `keep_going` is asked between two
    cohorts, `progress` told how many were looked at. Raises NotPaused, and where somebody resumes the journey
    meanwhile.
    """
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        row = find(conn, name)
        _is_paused(row)
        triggers = plans.get(conn, row["version"]).triggers
        here = {"journey": row["id"]}
        waiting = {one: list(conn.execute(_WAITING, here | {"trigger": one}).scalars()) for one in triggers}
    pace, done, looked, total = Pace(store), Admitted(0, {}), 0, sum(map(len, waiting.values()))
    for trigger, ids in waiting.items():
        left = iter(ids)
        while keep_going() and (cohort := list(islice(left, pace.size))):
            began = time.perf_counter()
            came = repeated(partial(_cohort, store, plans, row, trigger, cohort, now=now, zone=zone))
            pace.took(len(cohort), time.perf_counter() - began)
            done, looked = done + came, looked + len(cohort)
            progress(looked, total)
    return done


def _cohort(
    store: Store, plans: Plans, paused: RowMapping, trigger: str, ids: Sequence[int], *, now: Instant, zone: ZoneInfo
) -> Admitted:
    with scratch.work(store) as conn:
        row = conn.execute(_LOCKED, {"journey": paused["id"]}).mappings().one()
        _is_paused(row)
        if row["state_at"] != paused["state_at"]:
            # another pause by now: those of the earlier one stay out
            return Admitted(0, {})
        plan = plans.get(conn, row["version"])
        if trigger not in plan.triggers or plan.steps[trigger].off:
            return Admitted(0, {})
        conn.execute(insert(moving), [{"enrollment": id_} for id_ in ids])
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
            # from those of the cohort: by the time of the pause SQLite would walk over everybody it kept out
            .select_from(moving)
            .join(t.not_entered, _n.id == moving.c.enrollment + 0)
            .join(t.contact, _k.id == _n.contact + 0)
            .where(_n.reason == "paused", _k.erased_at.is_(None))
        )
        candidates = conn.execute(into_candidates(matches)).rowcount
        came = admit(conn, plan, trigger, candidates, as_of=now, now=now, zone=zone, record_misses=False, paused=False)
        conn.execute(_LOOKED_AT)
        wake(conn)
        scratch.clear(conn, moving)
    return came


def _is_paused(row: RowMapping) -> None:
    if row["state"] != "paused":
        raise NotPaused(journey=row["name"], state=state_words(row["state"]))


_WAITING = (
    select(_n.id)
    .join(t.contact, _k.id == _n.contact)
    .where(_of_pause, _n.trigger == bindparam("trigger", type_=Text()))
    .order_by(_n.matched_at, _n.event, _n.contact, _n.id)
)
_LOCKED = select(t.journey).where(t.journey.c.id == bindparam("journey", type_=BigInteger())).with_for_update()
# whoever was looked at is not looked at again
_LOOKED_AT = update(t.not_entered).where(_n.id.in_(select(moving.c.enrollment))).values(reason="resumed")
