"""Repeat: let a circle go round a few times, and not too fast."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from sqlalchemy import case, func, literal, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.nodes.node import Family, Names, Node, Outlet
from journeys.store.dialect import json_object_text
from journeys.store.tables import hop

AGAIN = "again"
ENOUGH = "enough"


class Repeat(Node):
    """Count how often this passage has gone round: fewer than `at_most` times goes again.

    If the last time is nearer than `at_least_days` (of 24 hours), the member rests here until it is not.
    """

    kind: ClassVar[str] = "repeat"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = _("Repeat")
    icon: ClassVar[str] = "repeat"

    at_most: int = Field(title=_("At most"), description=_("How many times a contact goes round."), ge=1, le=1000)
    at_least_days: int = Field(0, title=_("Days apart"), description=_("From one time to the next."), ge=0, le=3660)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(AGAIN, _("again")), Outlet(ENOUGH, _("enough")))

    def words(self, names: Names) -> str:
        times = ngettext("{n} time", "{n} times", self.at_most).format(n=self.at_most)
        if not self.at_least_days:
            return _("at most {times}").format(times=times)
        days = ngettext("{n} day", "{n} days", self.at_least_days).format(n=self.at_least_days)
        return _("at most {times}, {days} apart").format(times=times, days=days)

    def rests(self, outlet: str) -> int:
        return self.at_least_days * DAY if outlet == AGAIN else 0

    def outcome(self, cohort: Cohort) -> Outcome:
        rounds = (hop.c.enrollment == members.c.id, hop.c.node == cohort.node, hop.c.outlet == AGAIN)
        times = select(func.count()).select_from(hop).where(*rounds).correlate(members).scalar_subquery()
        last = select(func.max(hop.c.left_at)).where(*rounds).correlate(members).scalar_subquery()
        free_at = func.coalesce(last, 0) + self.at_least_days * DAY
        return Outcome(
            outlet=case((times >= self.at_most, ENOUGH), (free_at <= cohort.moments.now, AGAIN)),
            values=json_object_text({"times": times, "at_most": literal(self.at_most)}),
            due_at=case((times < self.at_most, free_at)),
        )
