"""Where each outlet leads, as rows: the move is then one statement for a whole cohort."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Connection,
)

from journeys.engine import scratch
from journeys.engine.plan import Plan, Step
from journeys.engine.scratch import way
from journeys.nodes.cohort import Phase
from journeys.store.dialect import insert_rows

#: stands for an outlet in the table of ways: was put to this node by an edit, and comes to it now
ARRIVES = "\N{RIGHTWARDS ARROW}"


def lead_ways(conn: Connection, plans: Iterable[Plan]) -> None:
    """Fill the temporary table of ways for plans it does not hold yet."""
    known = scratch.known_ways(conn)
    new = [plan for plan in plans if plan.version not in known]
    if new:
        insert_rows(conn, way, [row for plan in new for row in _ways(plan)])
        known.update(plan.version for plan in new)


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
