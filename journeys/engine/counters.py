"""Counters: how many left each node by which outlet, and why, per workspace day.

Deltas are written in the commit of the moves they count, so that they always equal the hops, and folded by one job:
updating shared rows from two workers deadlocks.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Text, bindparam, delete, func, insert, select

from journeys.nodes.cohort import members
from journeys.store.tables import counter

_KEY = ("version", "node", "outlet", "reason", "day")


def count_cohort(which: ColumnElement[bool], outlet: ColumnElement[Any]) -> Insert:
    """Counts the members of the cohort for which `which` holds; parameter `day` is the workspace day."""
    c = members.c
    return insert(counter).from_select(
        [*_KEY, "delta"],
        select(c.version, c.node, outlet, c.reason, bindparam("day", type_=Text()), func.count())
        .where(which)
        .group_by(c.version, c.node, outlet, c.reason),
    )


def fold(conn: Connection) -> int:
    """Add up the deltas into one row a key; returns how many rows went. Run by one job at a time."""
    c = counter.c
    # deleted and read in one statement: what another worker commits in between stays for the next time
    rows = conn.execute(delete(counter).returning(*(c[name] for name in _KEY), c.delta)).all()
    sums = Counter[tuple[Any, ...]]()
    for *key, delta in rows:
        sums[tuple(key)] += delta
    if sums:
        conn.execute(
            insert(counter), [dict(zip(_KEY, key, strict=True)) | {"delta": delta} for key, delta in sums.items()]
        )
    return len(rows) - len(sums)


def totals(conn: Connection, version: int) -> list[tuple[str, str, str, int]]:
    """(node, outlet, reason, count) of one version over all days."""
    c = counter.c
    rows = conn.execute(
        select(c.node, c.outlet, c.reason, func.sum(c.delta))
        .where(c.version == version)
        .group_by(c.node, c.outlet, c.reason)
        .order_by(c.node, c.outlet, c.reason)
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in rows]
