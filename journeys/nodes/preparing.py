"""What a step needs to be worked out in Python before its SQL is asked: dates by many clocks, and who is suppressed.

For the distinct values of a cohort, never for one member after the other: no two databases agree on IANA zones, and none
computes an HMAC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, null, select, update

from journeys.base.time import Instant
from journeys.nodes.cohort import Cohort, barred, dated, members
from journeys.nodes.node import Node
from journeys.store.consent import ADDRESS_COLUMNS
from journeys.store.suppression import suppressed
from journeys.store.tables import contact

_m = members.c


class Preparing:
    """The preparation of one step, built once; `here` says which members are asked.

    Without `dates` no moments are worked out, where the step does not ask for them.
    """

    def __init__(self, node: Node, cohort: Cohort, here: ColumnElement[bool], *, dates: bool = True) -> None:
        self._node = node
        self._moments = cohort.moments
        self._here = here
        self._channels = node.channels_asked()
        base = node.base(cohort) if dates else None
        # what an earlier node of the walk left is wiped
        wiped = {name: null() for name in ("named_at", "until", "again_at")}
        self._base = None if base is None else update(members).where(here).values(base=base, **wiped)
        self._pairs = select(_m.zone, _m.base).where(here, _m.base.is_not(None)).distinct()
        self._named = (
            update(members)
            .where(here, dated.c.zone == _m.zone, dated.c.base == _m.base)
            .values(named_at=dated.c.named_at, until=dated.c.until, again_at=dated.c.again_at)
        )

    def run(
        self, conn: Connection, parameters: Mapping[str, Any], *, now: Instant, zone: ZoneInfo
    ) -> tuple[Table, ...]:
        """Prepare; returns the tables that are to be emptied after the step. `zone` is the workspace's."""
        used: list[Table] = []
        given = dict(parameters) | self._moments.values(now, zone)
        if self._base is not None:
            conn.execute(self._base, given)
            pairs = [(row.zone, row.base) for row in conn.execute(self._pairs, given)]
            found = self._node.named(pairs, now=now, zone=zone)
            if found:
                conn.execute(
                    insert(dated),
                    [
                        {
                            "zone": name, "base": base, "named_at": one.named_at, "until": one.until,
                            "again_at": one.again_at,
                        }
                        for (name, base), one in found.items()
                    ],
                )  # fmt: skip
                conn.execute(self._named, given)
                used.append(dated)
        for channel in self._channels:
            if channel in ADDRESS_COLUMNS and self._bar(conn, channel, given) and barred not in used:
                used.append(barred)
        return tuple(used)

    def _bar(self, conn: Connection, channel: str, given: Mapping[str, Any]) -> bool:
        """List the contacts who are suppressed on the channel; false where none is."""
        address = contact.c[ADDRESS_COLUMNS[channel]]
        rows = conn.execute(
            select(_m.contact, address)
            .join_from(members, contact, contact.c.id == _m.contact)
            .where(and_(self._here, address.is_not(None)))
            .distinct(),
            given,
        ).all()
        bad = suppressed(conn, channel, {row[1] for row in rows})
        listed = [{"contact": row[0], "channel": channel} for row in rows if row[1] in bad]
        if listed:
            conn.execute(insert(barred), listed)
        return bool(listed)
