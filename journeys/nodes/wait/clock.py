"""Waits by the clock alone: not at all, an exact length, calendar days."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.node import Names
from journeys.nodes.wait.rule import Sentences, WaitRule
from journeys.nodes.windows import Window, next_calendar_day


class AtOnce(WaitRule):
    """Not at all: only the window counts."""

    type: Literal["at once"] = "at once"

    def next_moment(self, base: Instant, zone: ZoneInfo) -> Instant:
        return base

    def words(self, names: Names, then: Window | None) -> str:
        return Sentences(_("go on at once"), _("wait until {window} in the contact's time")).say(then)


class ForDuration(Duration, WaitRule):
    """An exact length of time: one day is 24 hours, whatever the clocks do meanwhile."""

    type: Literal["duration"] = "duration"

    def next_moment(self, base: Instant, zone: ZoneInfo) -> Instant:
        return self.after(base)

    def rests(self, outlet: str) -> int:
        return self.seconds

    def words(self, names: Names, then: Window | None) -> str:
        return Sentences(_("wait {duration}"), _("wait {duration}, then until {window} in the contact's time")).say(
            then, duration=say_duration(self)
        )


class CalendarDays(WaitRule):
    """Until 0:00 of the n-th next calendar day by the contact's clock."""

    type: Literal["calendar days"] = "calendar days"
    days: int = Field(1, title=_("Days"), ge=1, le=3660)

    def next_moment(self, base: Instant, zone: ZoneInfo) -> Instant:
        return next_calendar_day(base, self.days, zone)

    def rests(self, outlet: str) -> int:
        """A calendar day counts as one: in a circle each round then takes at least from one midnight to the next."""
        return self.days * DAY

    def words(self, names: Names, then: Window | None) -> str:
        n = self.days
        return Sentences(
            ngettext("wait until the next calendar day", "wait for {n} calendar days", n),
            ngettext(
                "wait until the next calendar day, then until {window} in the contact's time",
                "wait for {n} calendar days, then until {window} in the contact's time",
                n,
            ),
        ).say(then, n=n)
