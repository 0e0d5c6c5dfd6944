"""Birthdays and anniversaries: the same day and month in an earlier year."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, and_, func, or_, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of, day_start
from journeys.criteria.frame import Columns, Frame, any_row, one, scalar
from journeys.criteria.leaf import Leaf, Verdict
from journeys.criteria.leaves.event import event_kind
from journeys.criteria.names import Names
from journeys.criteria.part import Key, Part
from journeys.store import tables as t
from journeys.store.dialect import json_text

LeapDay = Literal["28 Feb", "1 Mar"]

#: how far back the first or last event may lie: each year is a span of its own in the statement
MOST_YEARS = 60


class AttributeDay(Part):
    """The day that a date attribute holds."""

    type: Literal["attribute"] = "attribute"
    attribute: Key


class PurchaseDay(Part):
    """The day of the first or last order."""

    type: Literal["first purchase", "last purchase"]


class EventDay(Part):
    """The day of the first or last event of a kind."""

    type: Literal["first event", "last event"]
    event: str

    @field_validator("event")
    @classmethod
    def _kind(cls, kind: str) -> str:
        return event_kind(kind)


class AnniversaryLeaf(Leaf):
    """A day returns today, or in so many days: birthday, anniversary of the first order.

    `leap_day` says when 29 February is kept in years without one. The day itself is no anniversary yet. Days are those
    of the workspace's calendar.
    """

    leaf: Literal["anniversary"] = "anniversary"
    of: Annotated[AttributeDay | PurchaseDay | EventDay, Field(discriminator="type")]
    in_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 0
    leap_day: LeapDay

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        of = self.of
        match of:
            case AttributeDay():
                return frame.of_person(partial(self._day_returns, frame, of.attribute))
            case PurchaseDay() | EventDay():
                edge, table = self._edge(of, frame)
                # a table of one row: the edge is then looked up once and not once a year
                found = select(edge.label("at")).where(*self._rows(of, table, frame)).correlate_except(table).subquery()
                returns = or_(*(self._year_returns(found.c.at, frame, back) for back in range(1, MOST_YEARS + 1)))
                return any_row(select(one).select_from(found).where(returns), found)
            case _ as never:
                assert_never(never)

    def _day_returns(self, frame: Frame, attribute: str, c: Columns) -> ColumnElement[bool]:
        day = json_text(c.attributes, attribute)
        kept = [
            frame.moments.bind(partial(_kept_day, in_days=self.in_days, leap_day=self.leap_day, which=n), Text())
            for n in (0, 1)
        ]
        # before that day: neither who is born today nor who will be has a birthday
        return and_(func.substr(day, 6, 5).in_(kept), day < frame.day(self.in_days))

    def _year_returns(self, at: ColumnElement[Any], frame: Frame, back: int) -> ColumnElement[bool]:
        opens, closes = (
            frame.moments.bind(
                partial(_span_back, in_days=self.in_days, leap_day=self.leap_day, back=back, side=side), BigInteger()
            )
            for side in (0, 1)
        )
        return and_(at >= opens, at < closes)

    def _edge(self, of: PurchaseDay | EventDay, frame: Frame) -> tuple[ColumnElement[Any], FromClause]:
        table = t.event.alias() if isinstance(of, EventDay) else t.purchase.alias()
        first = of.type in ("first purchase", "first event")
        return (func.min(table.c.at) if first else func.max(table.c.at)), table

    def _rows(self, of: PurchaseDay | EventDay, table: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
        asked = [table.c.contact == frame.contact, table.c.at <= frame.moments.now]
        if isinstance(of, EventDay):
            asked.append(table.c.kind == of.event)
        return asked

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        of = self.of
        if isinstance(of, AttributeDay):
            attribute = of.attribute
            return frame.from_person(lambda c: json_text(c.attributes, attribute))
        edge, table = self._edge(of, frame)
        return scalar(select(edge).where(*self._rows(of, table, frame)), table)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        target = day_of(at, zone) + timedelta(days=self.in_days)
        day = None
        if isinstance(observed, str):
            day = date.fromisoformat(observed)
        elif observed is not None:
            day = day_of(observed, zone)
        return Verdict(
            what=self._what(names),
            observed=_("no value") if day is None else day.isoformat(),
            wanted=_("the day and month of {day}").format(day=target.isoformat()),
            holds=day is not None and returns_on(day, target, self.leap_day),
            state=True,
        )

    def _what(self, names: Names) -> str:
        of = self.of
        match of:
            case AttributeDay():
                return names.label("attribute", of.attribute)
            case PurchaseDay():
                return _("the first order") if of.type == "first purchase" else _("the last order")
            case EventDay():
                event = names.label("event", of.event)
                text = _("the first “{event}”") if of.type == "first event" else _("the last “{event}”")
                return text.format(event=event)
            case _ as never:
                assert_never(never)

    def words(self, names: Names) -> str:
        n = self.in_days
        if self.leap_day == "28 Feb":
            text = (
                _("anniversary of {what} is today (29 February is kept on 28 February)")
                if n == 0
                else ngettext(
                    "anniversary of {what} is in {n} day (29 February is kept on 28 February)",
                    "anniversary of {what} is in {n} days (29 February is kept on 28 February)",
                    n,
                )
            )
        else:
            text = (
                _("anniversary of {what} is today (29 February is kept on 1 March)")
                if n == 0
                else ngettext(
                    "anniversary of {what} is in {n} day (29 February is kept on 1 March)",
                    "anniversary of {what} is in {n} days (29 February is kept on 1 March)",
                    n,
                )
            )
        return text.format(what=self._what(names), n=n)

    def stirs(self) -> frozenset[str]:
        match self.of:
            case AttributeDay():
                return frozenset({"contact.created", "contact.changed"})
            case PurchaseDay():
                return frozenset({"contact.created", "purchase.made"})
            case EventDay(event=kind):
                return frozenset({"contact.created", kind})
            case _ as never:
                assert_never(never)

    def drifts(self) -> bool:
        return True

    def references(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.of, AttributeDay):
            yield "attribute", self.of.attribute

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if catalogue is None or not isinstance(self.of, AttributeDay):
            return None
        entry = catalogue.attributes.get(self.of.attribute)
        if entry is None or entry.type == "date":
            return None
        return _("“{attribute}” is no date; only a date has anniversaries.").format(attribute=self.of.attribute)


def returns_on(day: date, target: date, leap_day: LeapDay) -> bool:
    """Whether `target` is an anniversary of an earlier day."""
    if day >= target:
        return False
    opens, closes = _days_back(target, target.year - day.year, leap_day)
    return opens <= day < closes


def _days_back(target: date, back: int, leap_day: LeapDay) -> tuple[date, date]:
    """The days of that year kept on `target`: the first of them, and the first one after them. At most two."""
    year = target.year - back
    leaps_here, leaps_there = calendar.isleap(target.year), calendar.isleap(year)
    if (target.month, target.day) == (2, 29):
        opens = date(year, 2, 29) if leaps_there else date(year, 3, 1)
        return opens, date(year, 3, 1)
    opens = target.replace(year=year)
    closes = opens + timedelta(days=1)
    if not leaps_here and leaps_there:
        if leap_day == "28 Feb" and (target.month, target.day) == (2, 28):
            closes = date(year, 3, 1)
        if leap_day == "1 Mar" and (target.month, target.day) == (3, 1):
            opens = date(year, 2, 29)
    return opens, closes


def _span_back(now: Instant, zone: ZoneInfo, *, in_days: int, leap_day: LeapDay, back: int, side: int) -> int:
    target = day_of(now, zone) + timedelta(days=in_days)
    return day_start(_days_back(target, back, leap_day)[side], zone)


def _kept_day(now: Instant, zone: ZoneInfo, *, in_days: int, leap_day: LeapDay, which: int) -> str:
    """Month and day that are kept on the target day, as MM-DD; the second one is 02-29 where that has no day."""
    target = day_of(now, zone) + timedelta(days=in_days)
    month_day = target.isoformat()[5:]
    kept = month_day == ("02-28" if leap_day == "28 Feb" else "03-01") and not calendar.isleap(target.year)
    return "02-29" if which == 1 and kept else month_day
