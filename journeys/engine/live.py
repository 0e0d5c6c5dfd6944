"""The journeys that a tick has to look at: every version that somebody may enter or still stands in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from journeys.engine.plan import Plan, Plans
from journeys.store import tables as t


@dataclass(frozen=True, slots=True)
class Live:
    """One journey that is not archived."""

    #: row id
    journey: int
    state: str
    #: the version that lets people in; None: nobody may enter
    entry: Plan | None
    #: every version with active members, and the entry version
    plans: dict[int, Plan]

    @property
    def paused(self) -> bool:
        return self.state == "paused"


_JOURNEYS = (
    select(t.journey.c.id, t.journey.c.state, t.journey.c.version, t.journey.c.moves)
    .where(t.journey.c.state.in_(["live", "paused", "stopped"]), t.journey.c.version.is_not(None))
    .order_by(t.journey.c.id)
)
_LOCKED = _JOURNEYS.with_for_update()
# version rows are few; whether one still has members is one look into the index of enrollment each
_WITH_MEMBERS = (
    select(t.version.c.id)
    .where(
        t.version.c.journey == bindparam("journey"),
        select(1)
        .where(
            t.enrollment.c.journey == t.version.c.journey,
            t.enrollment.c.version == t.version.c.id,
            t.enrollment.c.state == t.ACTIVE,
        )
        .exists(),
    )
    .order_by(t.version.c.id)
)


class Roll:
    """Which journeys run and by which versions. Their states are read anew each time, their versions when one changes."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        #: journey → (its newest version and its count of moves, its versions that have members)
        self._versions: dict[int, tuple[tuple[int, int], tuple[int, ...]]] = {}

    def call(self, conn: Connection, *, lock: bool = False) -> list[Live]:
        """Every journey that is live, paused or stopped, in the order of ids, with the plans its members need.

        `lock` holds their rows until the commit, as whoever lets contacts in must: no other worker then does, and a
        pause waits.
        """
        return [
            Live(
                journey=row.id,
                state=row.state,
                entry=self._plans.get(conn, row.version) if row.state != "stopped" else None,
                plans={
                    version: self._plans.get(conn, version)
                    for version in self._with_members(conn, row.id, row.version, row.moves)
                },
            )
            for row in conn.execute(_LOCKED if lock else _JOURNEYS).all()
        ]

    def _with_members(self, conn: Connection, journey: int, newest: int, moves: int) -> tuple[int, ...]:
        # an older version only ever loses members, but for those who move back to it on purpose, so that what was read
        # when the newest was new still covers them
        known = self._versions.get(journey)
        if known is None or known[0] != (newest, moves):
            older = conn.execute(_WITH_MEMBERS, {"journey": journey}).scalars()
            known = self._versions[journey] = (newest, moves), tuple(sorted({newest, *older}))
        return known[1]
