"""Weekday: one way on workdays, another at the weekend."""

from __future__ import annotations

from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import Integer, case, literal

from journeys.base.time import Instant, day_of
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.node import Family, Names, Node, Outlet
from journeys.store.dialect import json_object_text

WORKDAY = "workday"
WEEKEND = "weekend"

Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DAYS: tuple[Day, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Weekday(Node):
    """Decides by the day of the week, as the workspace counts days."""

    kind: ClassVar[str] = "weekday"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = "Weekday"
    icon: ClassVar[str] = "calendar"

    weekend: tuple[Day, ...] = Field(("Saturday", "Sunday"), title="Weekend", min_length=1, max_length=7)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(WORKDAY, "workday"), Outlet(WEEKEND, "weekend"))

    def words(self, names: Names) -> str:
        return f"whether it is {' or '.join(self.weekend)}"

    def outcome(self, cohort: Cohort) -> Outcome:
        # no database is asked for the day: it is worked out here at every tick, and bound
        today = cohort.moments.bind(_weekday, Integer())
        weekend = today.in_([DAYS.index(day) for day in self.weekend])
        return Outcome(
            outlet=case((weekend, WEEKEND), else_=WORKDAY),
            values=json_object_text({"weekend": literal(", ".join(self.weekend))}),
        )


def _weekday(now: Instant, zone: ZoneInfo) -> int:
    return day_of(now, zone).weekday()
