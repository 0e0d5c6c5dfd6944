"""Everything that a journey can be checked for: its graph, what its webhooks send, and the journeys that jumps lead to
and come from."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import Connection, select

from journeys.base.catalogue import Catalogue
from journeys.base.time import Instant, day_of
from journeys.engine.policies import workspace_rules
from journeys.graph.checks import Report, check
from journeys.graph.checks.jumps import jumps_of
from journeys.graph.file import read_journey
from journeys.graph.journey import Journey
from journeys.messages.request import body_problems
from journeys.store import settings
from journeys.store import tables as t


def checked(conn: Connection, journey: Journey, catalogue: Catalogue, *, now: Instant) -> Report:
    """What is wrong with a journey on this store."""
    others = _published(conn) if jumps_of(journey) or _mentioned(conn, journey) else {}
    zone = settings.workspace_zone(conn)
    catalogue = replace(catalogue, today=day_of(now, zone))
    report = check(journey, catalogue, cap=workspace_rules(conn).cap, others=others)
    known = frozenset(conn.execute(select(t.attribute.c.key)).scalars())
    bodies = tuple(body_problems(journey, known, now=now, zone=zone))
    return replace(report, problems=(*bodies, *report.problems))


def _mentioned(conn: Connection, journey: Journey) -> bool:
    """Whether another journey may jump to this one: its graph names it."""
    named = t.version.c.graph.contains(json.dumps(journey.settings.id), autoescape=True)
    rows = select(1).join(t.version, t.version.c.id == t.journey.c.version)
    return bool(conn.execute(select(rows.where(t.journey.c.key != journey.settings.id, named).exists())).scalar())


def _published(conn: Connection) -> dict[str, Journey]:
    """Every journey that may have people in it, as it was published last."""
    rows = conn.execute(
        select(t.journey.c.key, t.version.c.graph)
        .join(t.version, t.version.c.id == t.journey.c.version)
        .where(t.journey.c.state != "archived")
    )
    return {row.key: read_journey(row.graph) for row in rows}
