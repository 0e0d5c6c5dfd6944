"""The statements of a walk over a whole cohort: who is taken, what is written, where everybody goes.

Built once; a node is asked beside them for what it alone can say.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    update,
)

from journeys.engine import counters
from journeys.engine.ending import cancel
from journeys.engine.scratch import cohort, due, way
from journeys.engine.ways import ARRIVES
from journeys.nodes.cohort import Phase
from journeys.nodes.jump import JUMPED
from journeys.store import tables as t
from journeys.store.kept import Kept

#: hops of one member in one tick; more is a circle without a rest, and the passage fails with its path as the reason
MOST_HOPS = 200

_now = bindparam("now", type_=BigInteger())
_c = cohort.c
PHASE_DUE: ColumnElement[int] = literal_column(str(int(Phase.DUE)))
_ENDED: ColumnElement[int] = literal_column(str(int(Phase.ENDED)))
AT_NODE = and_(_c.version == bindparam("the_version"), _c.node == bindparam("here"))

_lot = (
    select(t.enrollment)
    .where(
        t.enrollment.c.journey == bindparam("the_journey"),
        t.enrollment.c.state == t.ACTIVE,
        t.enrollment.c.due_at <= _now,
        # asked here, so that a pause takes hold between any two cohorts
        exists(select(1).where(t.journey.c.id == t.enrollment.c.journey, t.journey.c.state.in_(t.RUNNING))),
    )
    .order_by(t.enrollment.c.due_at)
    .limit(bindparam("limit", type_=Integer()))
    # two workers take different members; SQLite has one writer and no such clause
    .with_for_update(skip_locked=True)
    .subquery("lot_of_members")
)
_here = way.alias("here")
_hops_now = select(func.count()).where(t.hop.c.enrollment == _lot.c.id, t.hop.c.left_at == _now).scalar_subquery()
TAKE = Kept(insert(cohort).from_select(
    [
        "id", "contact", "version", "subject_kind", "subject_id", "since_at", "since_event", "draw", "zone",
        "node", "n", "arrived_at", "phase", "due_at", "was_due_at", "outlet", "reason", "values", "found", "hops",
        "state",
    ],
    select(
        _lot.c.id, _lot.c.contact, _lot.c.version, _lot.c.subject_kind, _lot.c.subject_id, _lot.c.since_at,
        _lot.c.since_event, t.contact.c.draw, func.coalesce(t.contact.c.time_zone, ""), _lot.c.node, _lot.c.n,
        _lot.c.arrived_at, _here.c.phase, _lot.c.due_at, _lot.c.due_at, _here.c.next_outlet, _here.c.next_reason,
        _lot.c.noted, null(),
        # who came in this very tick, by an earlier cohort: a circle may lead through a wait that is over at once
        case((and_(_lot.c.n > 0, _lot.c.arrived_at == _now), _hops_now), else_=literal(0)), _here.c.state,
    )
    .join(t.contact, t.contact.c.id == _lot.c.contact)
    .join(
        _here,
        and_(
            _here.c.version == _lot.c.version,
            _here.c.node == _lot.c.node,
            _here.c.outlet == case((_lot.c.arriving, ARRIVES), else_=""),
        ),
    ),
))  # fmt: skip

PLACES = Kept(
    select(_c.version, _c.node, _c.phase, func.max(_c.hops).label("most"))
    .group_by(_c.version, _c.node, _c.phase)
    .order_by(_c.version, _c.node, _c.phase)
)

# all came now, but for those an edit has put here: their wait counts from when they came
ZONES = Kept(select(_c.zone, _c.arrived_at).where(AT_NODE, _c.phase == 0).distinct())

_until = select(due.c.due_at).where(due.c.zone == _c.zone, due.c.since_at == _c.arrived_at).scalar_subquery()
REST_UNTIL = Kept(
    update(cohort)
    .where(AT_NODE, _c.phase == 0)
    .values(
        due_at=_until,
        phase=case((_until > bindparam("now", type_=BigInteger()), int(Phase.RESTS)), else_=int(Phase.DUE)),
        outlet=bindparam("constant", type_=Text()),
    )
)
_rests_on = update(cohort).where(AT_NODE, _c.phase == PHASE_DUE, _c.outlet.is_(None))
REST_ON = Kept(_rests_on.values(phase=int(Phase.RESTS), reason="", values=null()))
REST_AND_KEEP = Kept(_rests_on.values(phase=int(Phase.RESTS), reason=""))
FAIL_HERE = Kept(
    update(cohort)
    .where(AT_NODE, _c.phase == PHASE_DUE)
    .values(phase=int(Phase.ENDED), state="failed", reason=bindparam("why", type_=Text()), outlet=None)
)
CONTACTS_HERE = Kept(
    select(_c.contact).where(AT_NODE, _c.phase == PHASE_DUE, _c.outlet.is_not(None)).order_by(_c.contact)
)

_LEAVING = and_(_c.phase == PHASE_DUE, _c.outlet.is_not(None))
_HOP_COLUMNS = [
    "enrollment", "n", "version", "kind", "node", "outlet", "entered_at", "left_at", "reason", "values",
]  # fmt: skip
HOPS = Kept(
    insert(t.hop).from_select(
        _HOP_COLUMNS,
        select(
            _c.id, _c.n, _c.version, literal("edge"), _c.node, _c.outlet, _c.arrived_at, _now, _c.reason, _c["values"]
        ).where(_LEAVING),
    )
)
COUNT = Kept(
    counters.count_cohort(_LEAVING, _c.outlet).returning(t.counter.c.version, t.counter.c.node, t.counter.c.outlet)
)

_onward = and_(way.c.version == _c.version, way.c.node == _c.node, way.c.outlet == _c.outlet)
MOVE = Kept(
    update(cohort)
    .where(_LEAVING, _onward)
    .values(
        # an outlet without an edge ends the passage where it stands
        node=case((way.c.target == "", _c.node), else_=way.c.target),
        phase=way.c.phase,
        outlet=case((way.c.phase == PHASE_DUE, way.c.next_outlet), else_=null()),
        reason=way.c.next_reason,
        values=null(),
        found=null(),
        until=null(),
        # a listening wait looks back in the next transaction
        due_at=case((way.c.phase == int(Phase.RESTS), _now), else_=null()),
        n=_c.n + 1,
        hops=_c.hops + 1,
        arrived_at=_now,
        state=way.c.state,
    )
)
FAIL = Kept(
    update(cohort)
    .where(_c.phase <= PHASE_DUE, _c.hops >= MOST_HOPS)
    .values(phase=int(Phase.ENDED), state="failed", reason="too many hops", outlet=None)
)

#: goal and exit nodes, and exits after a change, leave a last hop; an open outlet left one already
_ends_here = and_(_c.phase == _ENDED, _c.state.in_(t.words("goal", "exited", "finished", JUMPED)))
_open_end = exists(
    select(1).where(t.hop.c.enrollment == _c.id, t.hop.c.n == _c.n - 1, t.hop.c.node == _c.node, _c.state == "finished")
)
LAST_HOPS = Kept(insert(t.hop).from_select(
    _HOP_COLUMNS,
    select(
        _c.id, _c.n, _c.version, case((_c.state == "goal", "goal"), (_c.state == JUMPED, "jump"), else_="exit"), _c.node, literal(""),
        _c.arrived_at, _now, _c.reason, null(),
    ).where(_ends_here, ~_open_end),
))  # fmt: skip
#: ended before its time, by a change of its own or by a failure; whoever walked to an end keeps the messages made
CANCEL = Kept(
    cancel(
        select(_c.id).where(
            _c.phase == _ENDED,
            or_(_c.state.in_(t.words("exited", "failed")), and_(_c.state == "goal", _c.reason == "goal")),
        )
    )
)
COUNT_LAST = Kept(counters.count_cohort(and_(_ends_here, ~_open_end), literal("")))

_last_message = (
    select(func.max(t.message.c.id))
    .where(
        t.message.c.enrollment == _c.id,
        t.message.c.state.in_(t.words("sent", "unknown")),
        # a call reaches nobody
        t.message.c.channel != "webhook",
    )
    .scalar_subquery()
)
_goal = _c.state == "goal"
_moved = {
    "node": _c.node, "n": _c.n, "arrived_at": _c.arrived_at, "arriving": literal(False), "woken_by": null(),
    "reason": _c.reason,
}  # fmt: skip
# `+ 0` keeps the cohort the outer loop; without it SQLite scans enrollment (1,092 → 139 ms)
_of_cohort = t.enrollment.c.id == _c.id + 0
# an UPDATE that names `state` rewrites the entries of every index that asks for it, whatever it is set to: those who
# rest stay active, and are most
KEEP_RESTING = Kept(
    update(t.enrollment).where(_of_cohort, _c.phase != _ENDED).values(due_at=_c.due_at, noted=_c["values"], **_moved)
)
KEEP_ENDED = Kept(
    update(t.enrollment)
    .where(_of_cohort, _c.phase == _ENDED)
    .values(
        due_at=null(),
        noted=null(),
        state=case((_c.state == JUMPED, "finished"), else_=_c.state),
        ended_at=_now,
        goal_at=case((_goal, _now), else_=null()),
        goal_message=case((_goal, _last_message), else_=null()),
        **_moved,
    )
)
