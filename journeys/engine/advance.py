"""Advance: take due members of a journey as one cohort and walk them until every one rests or has ended.

A round asks each node only what it alone can say (which outlet, when due); the hops, the counters and the move are one
statement for the whole cohort. The statements are built once per version and run at any tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
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

from journeys.base.errors import KanwaError
from journeys.base.time import Instant, day_of
from journeys.criteria import Criterion, Frame, Passage, compile_criterion
from journeys.engine import counters, scratch
from journeys.engine.ending import cancel
from journeys.engine.handing import Handing
from journeys.engine.jumps import record_jumps
from journeys.engine.plan import Plan, Step
from journeys.engine.scratch import cohort, due, way
from journeys.nodes.cohort import Cohort, Phase
from journeys.nodes.jump import JUMPED
from journeys.nodes.node import Arrival
from journeys.nodes.preparing import Preparing
from journeys.store import tables as t
from journeys.store.moments import Moments

#: stands for an outlet in the table of ways: was put to this node by an edit, and comes to it now
ARRIVES = "\N{RIGHTWARDS ARROW}"
#: hops of one member in one tick; more is a circle without a rest, and the passage fails with its path as the reason
MOST_HOPS = 200


@dataclass(frozen=True, slots=True)
class Asking:
    """What gives the due members at one node their outlet."""

    preparing: Preparing
    #: first what was found, then the rest
    statements: list[tuple[Executable, Moments]]
    #: lets those rest who got none
    rest_on: Executable


@dataclass(slots=True)
class Statements:
    """The statements of one version, each with the moments it needs."""

    outcome: dict[str, Asking] = field(default_factory=dict)
    handing: dict[str, Handing] = field(default_factory=dict)
    ending: list[tuple[Executable, Moments]] | None = None


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one cohort did."""

    members: int
    hops: int


class Walk:
    """Walks cohorts. Keeps the statements of the versions it has met; use one per thread."""

    def __init__(self) -> None:
        self._statements: dict[int, Statements] = {}

    def advance(
        self,
        conn: Connection,
        plans: dict[int, Plan],
        *,
        journey: int,
        now: Instant,
        zone: ZoneInfo,
        limit: int,
    ) -> Advanced:
        """Move at most `limit` due members of one journey, in the open transaction.

        `plans` holds every version with active members. `zone` is the workspace's. Returns how many were taken: fewer
        than `limit` means that nobody else is due now.
        """
        lead_ways(conn, plans.values())
        taken = conn.execute(_TAKE, {"the_journey": journey, "now": now, "limit": limit}).rowcount
        if not taken:
            return Advanced(0, 0)
        hops = self.walk(conn, plans, now=now, zone=zone)
        record_jumps(conn, plans, now=now)
        conn.execute(_KEEP, {"now": now})
        scratch.clear(conn, cohort)
        return Advanced(taken, hops)

    def walk(self, conn: Connection, plans: dict[int, Plan], *, now: Instant, zone: ZoneInfo) -> int:
        """Walk the cohort table's members, all due, until every one rests or has ended; returns the hops made."""
        hops = 0
        cut = False
        moment = {"now": now, "day": day_of(now, zone).isoformat()}
        while True:
            found = conn.execute(_PLACES).all()
            places = [(row.version, row.node, Phase(row.phase)) for row in found]
            if not places:
                break
            if max(row.most for row in found) >= MOST_HOPS:
                cut = True
                conn.execute(_FAIL)
                continue
            due_now = False
            for version, node, phase in places:
                step = plans[version].steps[node]
                cut |= phase is Phase.DUE and step.node.changes
                if phase is Phase.ARRIVED:
                    due_now |= self._arrive(conn, plans[version], step, now=now, zone=zone)
                else:
                    due_now = True
                    self._decide(conn, plans[version], step, now=now, zone=zone)
            if not due_now:
                continue
            changed = self._change(conn, plans, places, now=now)
            made = conn.execute(_HOPS, moment).rowcount
            if made:
                hops += made
                conn.execute(_COUNT, moment)
                conn.execute(_MOVE, moment)
                for version, nodes in changed.items():
                    self._look_at_endings(conn, plans[version], nodes, now=now, zone=zone)
        hops += conn.execute(_LAST_HOPS, moment).rowcount
        conn.execute(_COUNT_LAST, moment)
        if cut:
            conn.execute(_CANCEL, moment)
        return hops

    def _arrive(self, conn: Connection, plan: Plan, step: Step, *, now: Instant, zone: ZoneInfo) -> bool:
        """Members that have just come to a node that does not act at once; true if some are due already."""
        here = {"the_version": plan.version, "here": step.id, "now": now}
        if step.arrival is Arrival.TIMED:
            zones: dict[int, list[str]] = {}
            for row in conn.execute(_ZONES, here):
                zones.setdefault(row.arrived_at, []).append(row.zone)
            dues: list[dict[str, Any]] = [
                {"zone": name, "since_at": since, "due_at": at}
                for since, names in zones.items()
                for name, at in step.node.due(names, now=Instant(since), zone=zone).items()
            ]
            conn.execute(insert(due), dues)
            conn.execute(_REST_UNTIL, here | {"constant": step.constant_outlet})
            scratch.clear(conn, due)
            return any(one["due_at"] <= now for one in dues)
        made = self._statements.setdefault(plan.version, Statements())
        if step.id not in made.handing:
            made.handing[step.id] = Handing(plan, step, conn.dialect.name)
        return made.handing[step.id].hand_over(conn, here, now=now, zone=zone)

    def _decide(self, conn: Connection, plan: Plan, step: Step, *, now: Instant, zone: ZoneInfo) -> None:
        """Give the due members at a node their outlet, or let them rest on."""
        if step.constant_outlet is not None:
            return
        made = self._statements.setdefault(plan.version, Statements())
        if step.id not in made.outcome:
            made.outcome[step.id] = _asking(plan, step, conn.dialect.name)
        asking = made.outcome[step.id]
        here = {"the_version": plan.version, "here": step.id}
        used = asking.preparing.run(conn, here, now=now, zone=zone)
        for statement, moments in asking.statements:
            conn.execute(statement, here | moments.values(now, zone))
        scratch.clear(conn, *used)
        conn.execute(asking.rest_on, here)

    def _change(
        self, conn: Connection, plans: dict[int, Plan], places: Sequence[tuple[int, str, Phase]], *, now: Instant
    ) -> dict[int, list[str]]:
        """Let nodes that change contacts write for the members about to leave; version → nodes that did."""
        changed: dict[int, list[str]] = {}
        for version, node, phase in places:
            step = plans[version].steps[node]
            if phase is not Phase.DUE or step.off or not step.node.changes:
                continue
            contacts = [row.contact for row in conn.execute(_CONTACTS_HERE, {"the_version": version, "here": node})]
            if not contacts:
                continue
            try:
                with conn.begin_nested():
                    step.node.change(conn, contacts, now=now)
            except KanwaError as problem:
                # a value that the store refuses, in a journey published over the check that said so: these passages
                # fail with the sentence, and nobody else's tick with them
                conn.execute(_FAIL_HERE, {"the_version": version, "here": node, "why": str(problem)})
            else:
                changed.setdefault(version, []).append(node)
        return changed

    def _look_at_endings(
        self, conn: Connection, plan: Plan, nodes: Sequence[str], *, now: Instant, zone: ZoneInfo
    ) -> None:
        """After a change of ours: whoever now fulfils the journey's goal or exit ends here, before the next step."""
        made = self._statements.setdefault(plan.version, Statements())
        if made.ending is None:
            made.ending = [
                _end_in_cohort(criterion, state, reason, conn.dialect.name)
                for criterion, state, reason in (
                    (plan.goal, "goal", "goal"),
                    (plan.exit_when, "exited", "exit_when"),
                )
                if criterion is not None
            ]
        arrived = {target for node in nodes for target in plan.steps[node].targets.values()}
        for statement, moments in made.ending:
            conn.execute(statement, {"the_version": plan.version, "nodes": sorted(arrived)} | moments.values(now, zone))


def passage_of_member() -> Passage:
    """The passage a row of the cohort stands for, for scoped criteria."""
    c = cohort.c
    return Passage(
        id=c.id, since_at=c.since_at, since_event=c.since_event, subject_kind=c.subject_kind, subject_id=c.subject_id
    )


def lead_ways(conn: Connection, plans: Any) -> None:
    """Fill the temporary table of ways for plans it does not hold yet."""
    known = {row.version for row in conn.execute(_KNOWN)}
    rows = [row for plan in plans if plan.version not in known for row in _ways(plan)]
    if rows:
        conn.execute(insert(way), rows)


def _ways(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for step in plan.steps.values():
        rows.append(_way(plan, step.id, "", step, picked_up=True))
        rows.append(_way(plan, step.id, ARRIVES, step))
        rows.extend(
            _way(plan, step.id, outlet.id, plan.steps.get(step.targets.get(outlet.id, "")))
            for outlet in step.node.outlets()
        )
    return rows


def _way(plan: Plan, node: str, outlet: str, target: Step | None, *, picked_up: bool = False) -> dict[str, Any]:
    ends = target is not None and bool(target.node.ends) and not target.off
    return {
        "version": plan.version,
        "node": node,
        "outlet": outlet,
        "target": target.id if target else "",
        "phase": Phase.ENDED if target is None else Phase.DUE if picked_up and not ends else target.phase_on_arrival,
        "next_outlet": target.constant_outlet if target else None,
        "next_reason": "off" if target and target.off else "",
        "state": (target.node.ends if ends and target else "active") if target else "finished",
    }


def _asking(plan: Plan, step: Step, dialect: str) -> Asking:
    moments = Moments()
    cohort_here = Cohort(
        journey=plan.key,
        version=plan.version,
        node=step.id,
        moments=moments,
        dialect=dialect,
        channels=step.channels,
    )
    outcome = step.node.outcome(cohort_here)
    here = and_(_AT_NODE, cohort.c.phase == _DUE)
    statements: list[tuple[Executable, Moments]] = []
    if outcome.first is not None:
        statements.append((outcome.first, moments))
    if outcome.found is not None:
        statements.append((update(cohort).where(here).values(found=outcome.found), moments))
    values: dict[str, Any] = {"outlet": outcome.outlet}
    if outcome.reason is not None:
        values["reason"] = outcome.reason
    if outcome.values is not None:
        values["values"] = outcome.values
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    else:
        values["due_at"] = null()
    statements.append((update(cohort).where(here).values(values), moments))
    return Asking(
        # a node that hands over looks at the hour when the message is made
        Preparing(step.node, cohort_here, here, dates=step.arrival is not Arrival.HANDS_OVER),
        statements,
        _REST_AND_KEEP if outcome.keeps_values else _REST_ON,
    )


def _end_in_cohort(criterion: Criterion, state: str, reason: str, dialect: str) -> tuple[Executable, Moments]:
    moments = Moments()
    frame = Frame(contact=cohort.c.contact, moments=moments, dialect=dialect, passage=passage_of_member())
    statement = (
        update(cohort)
        .where(
            cohort.c.version == bindparam("the_version"),
            cohort.c.node.in_(bindparam("nodes", expanding=True)),
            cohort.c.state == t.ACTIVE,
            compile_criterion(criterion, frame),
        )
        .values(phase=int(Phase.ENDED), state=state, reason=reason, outlet=None)
    )
    return statement, moments


_now = bindparam("now", type_=BigInteger())
_KNOWN = select(way.c.version).distinct()
_c = cohort.c
_DUE: ColumnElement[int] = literal_column(str(int(Phase.DUE)))
_ENDED: ColumnElement[int] = literal_column(str(int(Phase.ENDED)))
_AT_NODE = and_(_c.version == bindparam("the_version"), _c.node == bindparam("here"))

_lot = (
    select(t.enrollment)
    .where(
        t.enrollment.c.journey == bindparam("the_journey"),
        t.enrollment.c.state == t.ACTIVE,
        t.enrollment.c.due_at <= _now,
        # asked here, so that a pause takes hold between any two cohorts
        exists(select(1).where(t.journey.c.id == t.enrollment.c.journey, t.journey.c.state.in_(["live", "stopped"]))),
    )
    .order_by(t.enrollment.c.due_at)
    .limit(bindparam("limit", type_=Integer()))
    # two workers take different members; SQLite has one writer and no such clause
    .with_for_update(skip_locked=True)
    .subquery("lot_of_members")
)
_here = way.alias("here")
_hops_now = select(func.count()).where(t.hop.c.enrollment == _lot.c.id, t.hop.c.left_at == _now).scalar_subquery()
_TAKE = insert(cohort).from_select(
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
)  # fmt: skip

_PLACES = (
    select(_c.version, _c.node, _c.phase, func.max(_c.hops).label("most"))
    .where(_c.phase <= _DUE)
    .group_by(_c.version, _c.node, _c.phase)
    .order_by(_c.version, _c.node, _c.phase)
)

# all came now, but for those an edit has put here: their wait counts from when they came
_ZONES = select(_c.zone, _c.arrived_at).where(_AT_NODE, _c.phase == 0).distinct()

_until = select(due.c.due_at).where(due.c.zone == _c.zone, due.c.since_at == _c.arrived_at).scalar_subquery()
_REST_UNTIL = (
    update(cohort)
    .where(_AT_NODE, _c.phase == 0)
    .values(
        due_at=_until,
        phase=case((_until > bindparam("now", type_=BigInteger()), int(Phase.RESTS)), else_=int(Phase.DUE)),
        outlet=bindparam("constant", type_=Text()),
    )
)
_rests_on = update(cohort).where(_AT_NODE, _c.phase == _DUE, _c.outlet.is_(None))
_REST_ON = _rests_on.values(phase=int(Phase.RESTS), reason="", values=null())
_REST_AND_KEEP = _rests_on.values(phase=int(Phase.RESTS), reason="")
_FAIL_HERE = (
    update(cohort)
    .where(_AT_NODE, _c.phase == _DUE)
    .values(phase=int(Phase.ENDED), state="failed", reason=bindparam("why", type_=Text()), outlet=None)
)
_CONTACTS_HERE = select(_c.contact).where(_AT_NODE, _c.phase == _DUE, _c.outlet.is_not(None)).order_by(_c.contact)

_LEAVING = and_(_c.phase == _DUE, _c.outlet.is_not(None))
_HOP_COLUMNS = [
    "enrollment", "n", "version", "kind", "node", "outlet", "entered_at", "left_at", "reason", "values",
]  # fmt: skip
_HOPS = insert(t.hop).from_select(
    _HOP_COLUMNS,
    select(
        _c.id, _c.n, _c.version, literal("edge"), _c.node, _c.outlet, _c.arrived_at, _now, _c.reason, _c["values"]
    ).where(_LEAVING),
)
_COUNT = counters.count_cohort(_LEAVING, _c.outlet)

_onward = and_(way.c.version == _c.version, way.c.node == _c.node, way.c.outlet == _c.outlet)
_MOVE = (
    update(cohort)
    .where(_LEAVING, _onward)
    .values(
        # an outlet without an edge ends the passage where it stands
        node=case((way.c.target == "", _c.node), else_=way.c.target),
        phase=way.c.phase,
        outlet=case((way.c.phase == _DUE, way.c.next_outlet), else_=null()),
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
_FAIL = (
    update(cohort)
    .where(_c.phase <= _DUE, _c.hops >= MOST_HOPS)
    .values(phase=int(Phase.ENDED), state="failed", reason="too many hops", outlet=None)
)

#: goal and exit nodes, and exits after a change, leave a last hop; an open outlet left one already
_ends_here = and_(_c.phase == _ENDED, _c.state.in_(["goal", "exited", "finished", JUMPED]))
_open_end = exists(
    select(1).where(t.hop.c.enrollment == _c.id, t.hop.c.n == _c.n - 1, t.hop.c.node == _c.node, _c.state == "finished")
)
_LAST_HOPS = insert(t.hop).from_select(
    _HOP_COLUMNS,
    select(
        _c.id, _c.n, _c.version, case((_c.state == "goal", "goal"), (_c.state == JUMPED, "jump"), else_="exit"), _c.node, literal(""),
        _c.arrived_at, _now, _c.reason, null(),
    ).where(_ends_here, ~_open_end),
)  # fmt: skip
#: ended before its time, by a change of its own or by a failure; whoever walked to an end keeps the messages made
_CANCEL = cancel(
    select(_c.id).where(
        _c.phase == _ENDED, or_(_c.state.in_(["exited", "failed"]), and_(_c.state == "goal", _c.reason == "goal"))
    )
)
_COUNT_LAST = counters.count_cohort(and_(_ends_here, ~_open_end), literal(""))

_last_message = (
    select(func.max(t.message.c.id))
    .where(
        t.message.c.enrollment == _c.id,
        t.message.c.state.in_(["sent", "unknown"]),
        # a call reaches nobody
        t.message.c.channel != "webhook",
    )
    .scalar_subquery()
)
_ended = _c.phase == _ENDED
_goal = _c.state == "goal"
_KEEP = (
    update(t.enrollment)
    # `+ 0` keeps the cohort the outer loop; without it SQLite scans enrollment (1,092 → 139 ms)
    .where(t.enrollment.c.id == _c.id + 0)
    .values(
        node=_c.node,
        n=_c.n,
        arrived_at=_c.arrived_at,
        arriving=literal(False),
        due_at=case((_ended, null()), else_=_c.due_at),
        woken_by=null(),
        noted=case((_ended, null()), else_=_c["values"]),
        state=case((_c.state == JUMPED, "finished"), else_=_c.state),
        reason=_c.reason,
        ended_at=case((_ended, _now), else_=null()),
        goal_at=case((_goal, _now), else_=null()),
        goal_message=case((_goal, _last_message), else_=null()),
    )
)
