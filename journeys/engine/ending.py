"""Ending passages from outside their walk: an exit criterion, a goal, a stop. Acts at once, inside waits too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from journeys.base.time import Instant, day_of
from journeys.criteria import Criterion, Frame, Passage, compile_criterion, drifts, stirs
from journeys.engine import scratch
from journeys.engine.plan import Plan
from journeys.engine.scratch import ending, lot, moving
from journeys.store import tables as t
from journeys.store.arrows import move
from journeys.store.dialect import ids_given, in_given
from journeys.store.kept import Kept
from journeys.store.moments import Moments

_e = t.enrollment.c
_now = bindparam("now", type_=BigInteger())
_goal = ending.c.state == "goal"

# locked by id before anything is changed: everybody takes enrollments in this order
_LOCK = Kept(
    select(_e.id).where(_e.id.in_(select(ending.c.enrollment)), _e.state == t.ACTIVE).order_by(_e.id).with_for_update()
)
# `+ 0` keeps the few passages that end the outer loop; without it SQLite scans enrollment (120 ms at 400,000 passages)
_HOPS = Kept(insert(t.hop).from_select(
    ["enrollment", "n", "version", "kind", "node", "outlet", "entered_at", "left_at", "reason"],
    select(
        _e.id, _e.n, _e.version, case((_goal, "goal"), else_="exit"), _e.node, literal(""), _e.arrived_at, _now,
        ending.c.reason,
    ).join(ending, _e.id == ending.c.enrollment + 0),
))  # fmt: skip
_COUNT = Kept(
    insert(t.counter).from_select(
        ["version", "node", "outlet", "reason", "day", "delta"],
        select(_e.version, _e.node, literal(""), ending.c.reason, bindparam("day", type_=Text()), func.count())
        .join(ending, _e.id == ending.c.enrollment + 0)
        .group_by(_e.version, _e.node, ending.c.reason),
    )
)
_last_message = (
    select(func.max(t.message.c.id))
    .where(
        t.message.c.enrollment == _e.id,
        t.message.c.state.in_(t.words("sent", "unknown")),
        # a call reaches nobody
        t.message.c.channel != "webhook",
    )
    .scalar_subquery()
)
_END = Kept(
    update(t.enrollment)
    .where(_e.id == ending.c.enrollment + 0)
    .values(
        state=ending.c.state,
        reason=ending.c.reason,
        due_at=null(),
        ended_at=_now,
        woken_by=null(),
        noted=null(),
        goal_at=case((_goal, ending.c.at), else_=null()),
        # the goal is attributed to the last message handed over before it; none: to nothing
        goal_message=case((_goal, _last_message), else_=null()),
    )
)


def cancel(passages: Select[tuple[int]]) -> Update:
    """Calls back what is on its way in passages that were ended.

    A statement of its own, after the enrollment rows are locked: hand-over takes the enrollment before the message.
    """
    return (
        move("cancelled")
        .where(t.message.c.enrollment.in_(passages))
        .values(reason="passage ended", ended_at=_now, worker=null(), lease_until=null(), counted_at=null())
    )


_CANCEL = Kept(cancel(select(ending.c.enrollment)))

_DROP_ENDED = Kept(
    ending.delete().where(~select(_e.id).where(_e.id == ending.c.enrollment, _e.state == t.ACTIVE).exists())
)


@dataclass(frozen=True, slots=True)
class End:
    """One criterion that ends passages of a version, with its statements."""

    #: kinds of events that may bring it about
    stirred_by: frozenset[str]
    #: whether time alone may
    drifts: bool
    #: INSERT into `ending` of passages of contacts with an event in one round of the lot; of those given as `contacts`
    in_lot: Kept
    in_given: Kept
    #: SELECT of the contacts whose passages it ends
    whose: Kept
    #: the same among members that have just moved to the version
    in_moved: Kept
    moments: Moments


@lru_cache(maxsize=1000)
def ends_of(plan: Plan, dialect: str) -> tuple[End, ...]:
    """What ends passages of a version. The goal comes first: who reaches it and would leave by the same event has
    reached it."""
    return tuple(
        _end(plan, criterion, state, dialect)
        for criterion, state in ((plan.goal, "goal"), (plan.exit_when, "exited"))
        if criterion is not None
    )


def _end(plan: Plan, criterion: Criterion, state: str, dialect: str) -> End:
    passage = Passage(
        id=_e.id,
        since_at=_e.since_at,
        since_event=_e.since_event,
        subject_kind=_e.subject_kind,
        subject_id=_e.subject_id,
    )
    frame = Frame(contact=_e.contact, moments=Moments(), dialect=dialect, passage=passage)
    found = select(_e.id, literal(state), literal("goal" if state == "goal" else "exit_when")).where(
        _e.journey == plan.journey, _e.version == plan.version, _e.state == t.ACTIVE
    )
    # what is heard later has not happened yet: of two unheard purchases the second one makes two. Both forms ask for the
    # same moments under the same names
    in_round = replace(frame, moments=Moments(), heard=scratch.heard)
    of_round = and_(
        lot.c.contact == _e.contact,
        lot.c.rank == bindparam("rank"),
        in_given(lot.c.kind, "kinds"),
    )
    columns = ["enrollment", "state", "reason", "at"]
    now_found = found.add_columns(_now).where(compile_criterion(criterion, frame))
    return End(
        stirred_by=stirs(criterion),
        drifts=drifts(criterion),
        in_lot=Kept(
            insert(ending).from_select(
                columns,
                found.add_columns(lot.c.at).join(lot, of_round).where(compile_criterion(criterion, in_round)),
            )
        ),
        in_given=Kept(insert(ending).from_select(columns, now_found.where(ids_given(_e.contact, "contacts")))),
        whose=Kept(now_found.with_only_columns(_e.contact)),
        in_moved=Kept(insert(ending).from_select(columns, now_found.join(moving, moving.c.enrollment + 0 == _e.id))),
        moments=frame.moments,
    )


def end_listed(conn: Connection, *, now: Instant, zone: ZoneInfo) -> int:
    """End the passages in the temporary table `ending`, with hop, counter, and their waiting messages cancelled.

    Rows whose passage has ended meanwhile are dropped. Leaves the table empty. Returns how many ended.
    """
    active = [row.id for row in conn.execute(_LOCK)]
    conn.execute(_DROP_ENDED)
    if not active:
        return 0
    moment = {"now": now, "day": day_of(now, zone).isoformat()}
    conn.execute(_HOPS, moment)
    conn.execute(_COUNT, moment)
    conn.execute(_END, moment)
    conn.execute(_CANCEL, moment)
    scratch.clear(conn, ending)
    return len(active)
