"""How a store stands: its journeys, who stands where, its messages. For `kanwa status`, `journeys` and the demo's report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, literal_column, select

from journeys.base.time import Instant
from journeys.graph.upgrade import upgraded
from journeys.store import tables as t

if TYPE_CHECKING:
    from journeys.engine.plan import Plans


@dataclass(frozen=True, slots=True)
class JourneyState:
    """One published journey in numbers. `entered` is the sum of the others."""

    key: str
    name: str
    state: str
    version: int
    entered: int
    inside: int
    goal: int
    exited: int
    finished: int
    failed: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Contacts who stand on one node."""

    journey: str
    node: str
    title: str
    contacts: int


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of one journey in one state for one reason."""

    journey: str
    template: str
    state: str
    reason: str
    messages: int


@dataclass(frozen=True, slots=True)
class Outlets:
    """How often each outlet of one node was taken, those never taken included."""

    journey: str
    node: str
    title: str
    taken: dict[str, int] = field(default_factory=dict)


def journeys(conn: Connection) -> list[JourneyState]:
    """Every journey of the store, by name."""
    counted = select(t.enrollment.c.journey, t.enrollment.c.state, func.count()).group_by(
        t.enrollment.c.journey, t.enrollment.c.state
    )
    counts = Counter({(journey, state): n for journey, state, n in conn.execute(counted)})
    rows = conn.execute(
        select(t.journey, t.version.c.number)
        .outerjoin(t.version, t.version.c.id == t.journey.c.version)
        .order_by(t.journey.c.name)
    )
    made = []
    for row in rows:
        states = {state: counts[row.id, state] for state in ("active", "goal", "exited", "finished", "failed")}
        made.append(
            JourneyState(
                key=row.key,
                name=row.name,
                state=row.state,
                version=row.number or 0,
                entered=sum(states.values()),
                inside=states["active"],
                goal=states["goal"],
                exited=states["exited"],
                finished=states["finished"],
                failed=states["failed"],
            )
        )
    return made


def standing(conn: Connection) -> list[Standing]:
    """Who stands where, the fullest node of each journey first.

    Titles are read from the file as it was published: to make its nodes ready to run takes a second of imports.
    """
    e = t.enrollment.c
    counted = select(e.version, e.node, func.count().label("n")).where(e.state == "active").group_by(e.version, e.node)
    sums: Counter[tuple[str, str, str]] = Counter()
    named = select(t.version.c.id, t.version.c.graph, t.journey.c.name).join(t.journey)
    counts = conn.execute(counted).all()
    versions = {
        row.id: (row.name, {node["id"]: node["title"] for node in upgraded(json.loads(row.graph))["nodes"]})
        for row in conn.execute(named.where(t.version.c.id.in_({row.version for row in counts})))
    }
    for row in counts:
        name, titles = versions[row.version]
        sums[name, row.node, titles[row.node]] += row.n
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -item[1], item[0][2]))
    return [Standing(journey, node, title, n) for (journey, node, title), n in ordered]


def messages(conn: Connection) -> list[Messages]:
    """Messages by journey, template, state and reason."""
    m = t.message.c
    # a call is made from no template
    what = func.coalesce(func.nullif(m.template, literal_column("''")), m.channel).label("what")
    counted = (
        select(t.journey.c.name, what, m.state, m.reason, func.count())
        .join(t.journey, t.journey.c.id == m.journey)
        .group_by(t.journey.c.name, what, m.state, m.reason)
        .order_by(t.journey.c.name, what, m.state, m.reason)
    )
    return [Messages(*row) for row in conn.execute(counted)]


def outlets(conn: Connection, plans: Plans) -> list[Outlets]:
    """Every outlet of every node of the newest versions that leads somewhere, and how often it was taken."""
    from journeys.engine import counters

    made = []
    versions = conn.execute(
        select(t.journey.c.version).where(t.journey.c.version.is_not(None)).order_by(t.journey.c.name)
    )
    for version in versions.scalars():
        plan = plans.get(conn, version)
        # counters, not hops: those of passages that ended long ago are tidied away
        taken: Counter[tuple[str, str]] = Counter()
        for node, outlet, _reason, n in counters.totals(conn, version):
            taken[node, outlet] += n
        made += [
            Outlets(plan.name, id_, plan.titles[id_], {outlet: taken[id_, outlet] for outlet in step.targets})
            for id_, step in plan.steps.items()
            if step.targets
        ]
    return made


def happened(conn: Connection, kinds: Sequence[str], *, since: Instant) -> dict[str, int]:
    """How many events of these kinds came since a moment."""
    counted = (
        select(t.event.c.kind, func.count())
        .where(t.event.c.kind.in_(kinds), t.event.c.at >= since, ~t.event.c.quiet)
        .group_by(t.event.c.kind)
    )
    m = t.event_month.c
    # a month in which `since` lies counts where all that is left of it came later
    rolled_up = (
        select(m.kind, func.sum(m.times - m.quiet)).where(m.kind.in_(kinds), m.first_at >= since).group_by(m.kind)
    )
    found: Counter[str] = Counter()
    for statement in (counted, rolled_up):
        for kind, n in conn.execute(statement):
            found[kind] += n
    return {kind: found[kind] for kind in kinds}
