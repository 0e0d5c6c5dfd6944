"""A rule of the calendar, such as every other Tuesday."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import Connection, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of
from journeys.base.validation import SettingsError
from journeys.criteria.saying import qualified
from journeys.nodes.cohort import DueTable
from journeys.nodes.node import Names
from journeys.nodes.saying import listed
from journeys.nodes.triggers.on import ByDay, Matching, about
from journeys.nodes.windows import WEEKDAYS, ClockTime, Weekday, clock_first_shows, say_clock, say_weekdays
from journeys.store import tables as t

#: longest rule as text
_LONGEST = 500
#: parts of a rule that may stand: those that name days; the time of day is a setting of its own
_PARTS = frozenset(
    "FREQ INTERVAL COUNT UNTIL BYDAY BYMONTHDAY BYMONTH BYYEARDAY BYWEEKNO BYSETPOS WKST".split()  # noqa: SIM905
)
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


def _checked(text: str) -> str:
    """The rule in capitals and without blanks. Raises SettingsError for what is no rule of days."""
    rule = "".join(text.split()).upper().removeprefix("RRULE:").rstrip(";")
    parts = [part.partition("=") for part in rule.split(";")]
    if len(rule) > _LONGEST or not all(name and value for name, _mark, value in parts):
        raise SettingsError(
            _("“{rule}” is no rule of the calendar; write it like FREQ=WEEKLY;BYDAY=MO.").format(rule=text[:60])
        )
    names = [name for name, _mark, _value in parts]
    for name in names:
        if name not in _PARTS:
            raise SettingsError(
                _(
                    "“{part}” cannot stand in the rule: it says on which days, and the time of day is set beside it."
                ).format(part=name[:60])
            )
        if names.count(name) > 1:
            raise SettingsError(_("“{part}” stands in the rule twice.").format(part=name))
    values = {name: value for name, _mark, value in parts}
    if values.get("FREQ") not in _FREQUENCIES:
        raise SettingsError(
            _("The rule needs a FREQ, one of {frequencies}.").format(frequencies=", ".join(_FREQUENCIES))
        )
    until = values.get("UNTIL", "20000101")
    if len(until) != 8 or not until.isdigit():
        raise SettingsError(_("“{until}” is no last day; write UNTIL like 20271231.").format(until=until[:60]))
    if re.search(r"\d{7}", rule.replace(until, "")):
        raise SettingsError(_("“{rule}” has a number that is too large.").format(rule=text[:60]))
    for name in ("INTERVAL", "COUNT"):
        # dateutil would stay on one day for ever
        if not re.fullmatch(r"0*[1-9]\d*", values.get(name, "1")):
            raise SettingsError(
                _("“{rule}” is no rule of the calendar: {part} is a number from 1 on.").format(
                    rule=text[:60], part=name
                )
            )
    return rule


#: a recurrence rule of RFC 5545 that names days
RuleText = Annotated[str, AfterValidator(_checked)]


class ScheduleTrigger(ByDay):
    """A rule of the calendar: every contact of the audience comes in on each of its days.

    Days and the time of day are the workspace's, whatever its clock does in spring and autumn. The rule is one of RFC
    5545, counted from the day it starts.
    """

    brings_everybody: ClassVar[bool] = True
    has_existing: ClassVar[bool] = True

    type: Literal["schedule"] = "schedule"
    rule: RuleText = Field(title=_("Rule"), description=_("As calendars write it, such as FREQ=WEEKLY;BYDAY=MO."))
    starts_on: dt.date = Field(title=_("From the day"))
    at: ClockTime = Field(dt.time(9), title=_("At"))

    @model_validator(mode="after")
    def _comes_once(self) -> ScheduleTrigger:
        if not 2000 <= self.starts_on.year < 2200:
            raise SettingsError(_("The rule starts between the years 2000 and 2199."), "starts_on")
        try:
            first = next(iter(_rule(self.rule, self.starts_on)), None)
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise SettingsError(
                _("“{rule}” is no rule of the calendar: {why}.").format(rule=self.rule[:60], why=error), "rule"
            ) from None
        if first is None:
            raise SettingsError(_("No day ever fits the rule “{rule}”.").format(rule=self.rule[:60]), "rule")
        return self

    def days(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """The days of the rule from `first` to `last`, both included."""
        found = _rule(self.rule, self.starts_on).between(_moved(first), _moved(last), inc=True)
        return [_back(day) for day in found]

    def next_day(self, after: dt.date) -> dt.date | None:
        """The first day of the rule behind `after`; None where there is no more."""
        found = _rule(self.rule, self.starts_on).after(_moved(after))
        return _back(found) if found is not None else None

    def falls_on(self, day: dt.date) -> bool:
        return bool(self.days(day, day))

    def matching(self, day: dt.date, zone: ZoneInfo) -> Matching:
        rows = select(t.contact.c.id.label("contact"), *about(None))
        return rows if self.falls_on(day) else rows.where(t.contact.c.id.is_(None))

    def due(self, zones: Iterable[str], day: dt.date, zone: ZoneInfo) -> DueTable:
        """When the workspace's clock shows the time on that day, for every zone."""
        return dict.fromkeys(zones, clock_first_shows(day, self.at, zone))

    def words(self, names: Names) -> str:
        return _("comes in by the calendar, {rule} from {day} on, at {time}").format(
            rule=self._said(), day=self.starts_on.isoformat(), time=say_clock(self.at)
        )

    def _said(self) -> str:
        """“every 2 weeks (on Tuesday)”."""
        parts = dict(part.split("=", 1) for part in self.rule.split(";"))
        every = _say_every(parts.pop("FREQ"), int(parts.pop("INTERVAL", "1")))
        return qualified(every, [_say_part(name, value) for name, value in parts.items()])

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        following = self.next_day(day_of(now, zone))
        if following is None:
            yield _("The calendar's rule has no day to come.")
        else:
            yield _("The next day of the calendar's rule is {day}.").format(day=following.isoformat())


# --- the rule --------------------------------------------------------------------------------------------------------

#: Rules are worked out in years that come so much later: the calendar repeats itself every 400 years to the weekday, and
#: dateutil, which goes on searching up to the year 9999, then gives a rule that no day fits up after 0.8 s, not after 20
_LATER = 7600
#: the last year that is left after that
_LAST_YEAR = 9999 - _LATER


def _moved(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year + _LATER, day.month, day.day)  # noqa: DTZ001 - a day, of no zone


def _back(found: dt.datetime) -> dt.date:
    return dt.date(found.year - _LATER, found.month, found.day)


@lru_cache(maxsize=200)
def _rule(text: str, starts_on: dt.date) -> rrule:
    parts = dict(part.split("=", 1) for part in text.split(";"))
    if until := parts.get("UNTIL"):
        last = dt.date(min(int(until[:4]), _LAST_YEAR), int(until[4:6]), int(until[6:]))
        parts["UNTIL"] = f"{_moved(last):%Y%m%d}"
    moved = ";".join(f"{name}={value}" for name, value in parts.items())
    made = rrulestr(moved, dtstart=_moved(starts_on), cache=True)
    assert isinstance(made, rrule)
    return made


# --- words -----------------------------------------------------------------------------------------------------------


def _say_every(frequency: str, n: int) -> str:
    match frequency:
        case "DAILY":
            return ngettext("every day", "every {n} days", n).format(n=n)
        case "WEEKLY":
            return ngettext("every week", "every {n} weeks", n).format(n=n)
        case "MONTHLY":
            return ngettext("every month", "every {n} months", n).format(n=n)
        case _:
            return ngettext("every year", "every {n} years", n).format(n=n)


def _say_part(name: str, value: str) -> str:
    said = listed([_say_value(name, one) for one in value.split(",")])
    match name:
        case "BYDAY":
            return _("on {days}").format(days=said)
        case "BYMONTHDAY":
            return _("day of the month: {days}").format(days=said)
        case "BYYEARDAY":
            return _("day of the year: {days}").format(days=said)
        case "BYMONTH":
            return _("month: {months}").format(months=said)
        case "BYWEEKNO":
            return _("week of the year: {weeks}").format(weeks=said)
        case "BYSETPOS":
            return _("of these only number {numbers}").format(numbers=said)
        case "COUNT":
            return ngettext("{n} time in all", "{n} times in all", int(value)).format(n=value)
        case "UNTIL":
            return _("until {day}").format(day=f"{value[:4]}-{value[4:6]}-{value[6:]}")
        case _:
            return _("weeks begin on {day}").format(day=said)


def _say_value(name: str, value: str) -> str:
    """One value of a part: “Monday”, “2nd Monday” as “Monday number 2”, “3 from the end”."""
    if name in ("BYDAY", "WKST"):
        weekday = say_weekdays((_WEEKDAYS[value[-2:]],))
        number = int(value[:-2] or "0")
        if not number:
            return weekday
        text = _("{weekday} number {n}") if number > 0 else _("{weekday} number {n} from the end")
        return text.format(weekday=weekday, n=abs(number))
    if value.startswith("-"):
        return _("{n} from the end").format(n=value[1:])
    return value.lstrip("+")


_WEEKDAYS: dict[str, Weekday] = {name[:2].upper(): name for name in WEEKDAYS}
