"""Advance: take due members of a journey as one cohort and walk them until every one rests or has ended.

A round asks each node only what it alone can say (which outlet, when due); the hops, the counters and the move are one
statement for the whole cohort. The statements are built once per version and run at any tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Connection,
    Executable,
    and_,
    bindparam,
    null,
    update,
)

from journeys.base.errors import KanwaError
from journeys.base.time import Instant, day_of
from journeys.criteria import Criterion, Frame, Passage, compile_criterion
from journeys.engine import scratch
from journeys.engine.cohort_rows import (
    AT_NODE,
    CANCEL,
    CONTACTS_HERE,
    COUNT,
    COUNT_LAST,
    FAIL,
    FAIL_HERE,
    HOPS,
    KEEP_ENDED,
    KEEP_RESTING,
    LAST_HOPS,
    MOST_HOPS,
    MOVE,
    PHASE_DUE,
    PLACES,
    REST_AND_KEEP,
    REST_ON,
    REST_UNTIL,
    TAKE,
    ZONES,
)
from journeys.engine.handing import Handing
from journeys.engine.jumps import record_jumps
from journeys.engine.plan import Plan, Step
from journeys.engine.scratch import cohort, due
from journeys.engine.ways import lead_ways
from journeys.nodes.cohort import Cohort, Phase
from journeys.nodes.node import Arrival
from journeys.nodes.preparing import Preparing
from journeys.store import tables as t
from journeys.store.dialect import insert_rows
from journeys.store.kept import Kept
from journeys.store.moments import Moments

#: (version, node, phase)
Place: TypeAlias = tuple[int, str, Phase]


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
    ended: int = 0


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
        taken = conn.execute(TAKE, {"the_journey": journey, "now": now, "limit": limit}).rowcount
        if not taken:
            return Advanced(0, 0)
        hops, ended = self.walk(conn, plans, now=now, zone=zone)
        conn.execute(KEEP_RESTING)
        left = 0
        if ended:
            record_jumps(conn, plans, now=now)
            left = conn.execute(KEEP_ENDED, {"now": now}).rowcount
        scratch.clear(conn, cohort)
        return Advanced(taken, hops, left)

    def walk(self, conn: Connection, plans: dict[int, Plan], *, now: Instant, zone: ZoneInfo) -> tuple[int, bool]:
        """Walk the cohort table's members, all due, until every one rests or has ended.

        Returns the hops made, and whether anybody may have ended.
        """
        hops = 0
        cut = False
        moment = {"now": now, "day": day_of(now, zone).isoformat()}
        places, most, ended = _places(conn)
        while places:
            if most >= MOST_HOPS:
                # so many rounds are no proof that one member made them all
                places, most, ended = _places(conn)
                if most >= MOST_HOPS:
                    cut = True
                    conn.execute(FAIL)
                    places, most, _ = _places(conn)
                    continue
            due_now: set[Place] = set()
            for version, node, phase in places:
                step = plans[version].steps[node]
                cut |= phase is Phase.DUE and step.node.changes
                if phase is Phase.ARRIVED:
                    if self._arrive(conn, plans[version], step, now=now, zone=zone):
                        due_now.add((version, node, Phase.DUE))
                else:
                    self._decide(conn, plans[version], step, now=now, zone=zone)
            if not due_now and all(phase is Phase.ARRIVED for *_, phase in places):
                break
            changed = self._change(conn, plans, places, now=now)
            made = conn.execute(HOPS, moment).rowcount
            if made:
                hops += made
                most += 1
                # what was counted says who comes where: asking the cohort each round took a twelfth of the walk
                for row in conn.execute(COUNT, moment).all():
                    target, phase = _led_to(plans[row.version], row.node, row.outlet)
                    if phase is Phase.ENDED:
                        ended = True
                    elif phase is not Phase.RESTS:
                        due_now.add((row.version, target, phase))
                conn.execute(MOVE, moment)
                for version, nodes in changed.items():
                    self._look_at_endings(conn, plans[version], nodes, now=now, zone=zone)
            places = sorted(due_now)
        ended |= cut
        if ended:
            last = conn.execute(LAST_HOPS, moment).rowcount
            if last:
                hops += last
                conn.execute(COUNT_LAST, moment)
        if cut:
            conn.execute(CANCEL, moment)
        return hops, ended

    def _arrive(self, conn: Connection, plan: Plan, step: Step, *, now: Instant, zone: ZoneInfo) -> bool:
        """Members that have just come to a node that does not act at once; true if some are due already."""
        here = {"the_version": plan.version, "here": step.id, "now": now}
        if step.arrival is Arrival.TIMED:
            zones: dict[int, list[str]] = {}
            for row in conn.execute(ZONES, here):
                zones.setdefault(row.arrived_at, []).append(row.zone)
            dues: list[dict[str, Any]] = [
                {"zone": name, "since_at": since, "due_at": at}
                for since, names in zones.items()
                for name, at in step.node.due(names, now=Instant(since), zone=zone).items()
            ]
            insert_rows(conn, due, dues)
            conn.execute(REST_UNTIL, here | {"constant": step.constant_outlet})
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
            contacts = [row.contact for row in conn.execute(CONTACTS_HERE, {"the_version": version, "here": node})]
            if not contacts:
                continue
            try:
                with conn.begin_nested():
                    step.node.change(conn, contacts, now=now)
            except KanwaError as problem:
                # a value that the store refuses, in a journey published over the check that said so: these passages
                # fail with the sentence, and nobody else's tick with them
                conn.execute(FAIL_HERE, {"the_version": version, "here": node, "why": str(problem)})
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


def _places(conn: Connection) -> tuple[list[Place], int, bool]:
    """Where members of the cohort arrived or are due, the most hops that one of them has made, whether some have ended."""
    found = conn.execute(PLACES).all()
    going = [row for row in found if row.phase <= Phase.DUE]
    return (
        [(row.version, row.node, Phase(row.phase)) for row in going],
        max((row.most for row in going), default=0),
        any(row.phase == Phase.ENDED for row in found),
    )


def _led_to(plan: Plan, node: str, outlet: str) -> tuple[str, Phase]:
    """The node that an outlet leads to, and where the move puts a member that comes there."""
    target = plan.steps.get(plan.steps[node].targets.get(outlet, ""))
    return (target.id, target.phase_on_arrival) if target is not None else (node, Phase.ENDED)


def passage_of_member() -> Passage:
    """The passage a row of the cohort stands for, for scoped criteria."""
    c = cohort.c
    return Passage(
        id=c.id, since_at=c.since_at, since_event=c.since_event, subject_kind=c.subject_kind, subject_id=c.subject_id
    )


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
    here = and_(AT_NODE, cohort.c.phase == PHASE_DUE)
    statements: list[tuple[Executable, Moments]] = []
    if outcome.first is not None:
        statements.append((outcome.first, moments))
    if outcome.found is not None:
        statements.append((Kept(update(cohort).where(here).values(found=outcome.found)), moments))
    values: dict[str, Any] = {"outlet": outcome.outlet}
    if outcome.reason is not None:
        values["reason"] = outcome.reason
    if outcome.values is not None:
        values["values"] = outcome.values
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    else:
        values["due_at"] = null()
    statements.append((Kept(update(cohort).where(here).values(values)), moments))
    return Asking(
        # a node that hands over looks at the hour when the message is made
        Preparing(step.node, cohort_here, here, dates=step.arrival is not Arrival.HANDS_OVER),
        statements,
        REST_AND_KEEP if outcome.keeps_values else REST_ON,
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
