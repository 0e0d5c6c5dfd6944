"""Nothing happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of, day_start
from journeys.criteria.frame import any_row, one
from journeys.criteria.saying import listed, quoted
from journeys.nodes.cohort import DueTable
from journeys.nodes.keys import EventKind, NotEmpty
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import MOST_DAYS, ByDay, Matching, SubjectKind, about, due_at_clock, say_at, within_day
from journeys.nodes.windows import ClockTime, say_clock
from journeys.store import tables as t


class InactivityTrigger(ByDay):
    """None of some kinds of events has happened for so many days: on the day on which that becomes true, once.

    Days are the workspace's, counted as everywhere: a visit on the 20th is 5 days ago on the 25th. Who has never had
    such an event has no last one; name `contact.created` too, and the days count from when the contact was added.
    """

    has_existing: ClassVar[bool] = True

    type: Literal["inactivity"] = "inactivity"
    events: Annotated[tuple[EventKind, ...], NotEmpty] = Field(title=_("None of these events"), max_length=20)
    days: int = Field(title=_("For days"), ge=1, le=MOST_DAYS)
    at: ClockTime = Field(dt.time(9), title=_("At"))

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        return frozenset({"event"})

    def matching(self, day: dt.date, zone: ZoneInfo) -> Matching:
        last = day - dt.timedelta(days=self.days)
        return self._last_ones(within_day(t.event.c.at, last, zone), before=day_start(day, zone))

    def existing(self, *, now: Instant, zone: ZoneInfo) -> Matching | None:
        last = day_of(now, zone) - dt.timedelta(days=self.days)
        return self._last_ones(t.event.c.at < day_start(last, zone), before=Instant(now + 1))

    def _last_ones(self, when: ColumnElement[bool], *, before: Instant) -> Matching:
        """By the last event of each contact, where that fulfils `when`: those that do are few, and each is held against
        what came after it."""
        event, later = t.event.c, t.event.alias()
        came_back = select(one).where(
            later.c.contact == event.contact,
            later.c.kind.in_(self.events),
            later.c.at >= event.at,
            later.c.at < before,
            or_(later.c.at > event.at, later.c.id > event.id),
        )
        return select(event.contact, *about("event", event.id)).where(
            and_(event.kind.in_(self.events), when, not_(any_row(came_back, later)))
        )

    def due(self, zones: Iterable[str], day: dt.date, zone: ZoneInfo) -> DueTable:
        """When the clock of each zone shows the time on that day; `zone` is for contacts without one."""
        return due_at_clock(zones, day, self.at, zone)

    def words(self, names: Names) -> str:
        return ngettext(
            "has had none of these for {n} day: {events}, at {time}",
            "has had none of these for {n} days: {events}, at {time}",
            self.days,
        ).format(n=self.days, events=self._named(names), time=say_clock(self.at))

    def _named(self, names: Names) -> str:
        return listed(quoted(names.label("event", kind)) for kind in self.events)

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        at = conn.execute(
            select(func.max(t.event.c.at)).where(
                t.event.c.contact == contact, t.event.c.kind.in_(self.events), t.event.c.at <= now
            )
        ).scalar()
        if at is None:
            yield _("None of these has ever happened, so that no days are counted: {events}.").format(
                events=self._named(names)
            )
            return
        over = day_of(at, zone) + dt.timedelta(days=self.days)
        yield ngettext(
            "The last of these was on {at}: {events}. {n} day is over on {day}.",
            "The last of these was on {at}: {events}. {n} days are over on {day}.",
            self.days,
        ).format(at=say_at(at, zone), events=self._named(names), n=self.days, day=over.isoformat())
