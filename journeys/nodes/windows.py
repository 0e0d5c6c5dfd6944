"""Rules of time: when does a wait end?

Everything is worked out in Python for one zone at a time, since no two databases agree on IANA zones. What the wall
clock shows decides: a moment is inside a window when the clock of the zone shows a time of the window. A time that the
clock skips in spring stands for the first moment after the gap; of a time shown twice in autumn the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from journeys.base.i18n import _
from journeys.base.time import Instant, at_wall, day_of, instant, jump_between, jumps, moment
from journeys.base.validation import SettingsError
from journeys.nodes.keys import NotEmpty
from journeys.nodes.saying import listed

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: a window on one weekday whose hours fall into a gap that week opens a week later; a skipped day may add one more
_FARTHEST_DAYS = 22


def clock_time(text: object) -> time:
    """Read “9:00” or “09:00”. Raises SettingsError for anything else, seconds included."""
    if isinstance(text, time):
        return text
    if isinstance(text, str):
        hours, colon, minutes = text.partition(":")
        if colon and len(hours) in (1, 2) and len(minutes) == 2 and (hours + minutes).isascii():
            try:
                return time(int(hours), int(minutes))
            except ValueError:
                pass
    raise SettingsError(_("“{text}” is not a time of day; write it as 09:00.").format(text=text))


def _written(clock: time) -> str:
    return f"{clock:%H:%M}"


#: a time of day to the minute, written “09:00”
ClockTime = Annotated[
    time,
    BeforeValidator(clock_time),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "format": "time"}),
]


def clock_first_shows(day: date, clock: time, zone: ZoneInfo) -> Instant:
    """The first instant of `zone` at which `day` has reached `clock`.

    In a gap that is the end of the gap, unlike `at_wall`, which adds the length of the gap.
    """
    at = at_wall(day, clock, zone)
    if moment(at, zone).replace(tzinfo=None) == datetime.combine(day, clock):
        return at
    # read with the offset that holds after the gap (fold=1) the time lies before the gap
    before = instant(datetime.combine(day, clock, tzinfo=zone).replace(fold=1))
    return jump_between(before, at, zone)


def next_calendar_day(base: Instant, days: int, zone: ZoneInfo) -> Instant:
    """0:00 of the n-th calendar day after the day of `base`; where the clock skips midnight, the first moment after."""
    day = day_of(base, zone)
    # St John's used to set its clock back from 0:01 to 23:01 of the day before: that day had begun already
    while clock_first_shows(day + timedelta(days=1), time(0), zone) <= base:
        day += timedelta(days=1)
    return clock_first_shows(day + timedelta(days=days), time(0), zone)


class Window(BaseModel):
    """Hours of certain weekdays, by the clock of a zone.

    Without an end it is a single moment of those days: the clock shows `opens`. When it ends before it opens it lasts
    across midnight, and its weekday is the one on which it opens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True)

    weekdays: Annotated[tuple[Weekday, ...], NotEmpty] = Field(WEEKDAYS, title=_("On"))
    opens: ClockTime = Field(alias="from", title=_("From"))
    closes: ClockTime | None = Field(
        None, alias="to", title=_("To"), description=_("Empty: the next time the clock shows the hour.")
    )

    @model_validator(mode="before")
    @classmethod
    def _days_in_order(cls, value: Any) -> Any:
        # a set of days by nature: one way to write it, so that a file differs only where the meaning does
        if (
            isinstance(value, dict)
            and isinstance(days := value.get("weekdays"), list | tuple)
            and all(day in WEEKDAYS for day in days)
        ):
            return {**value, "weekdays": tuple(day for day in WEEKDAYS if day in days)}
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Window:
        if self.opens == self.closes:
            raise SettingsError(
                _("The window opens and closes at {time}. Give two different times, or leave the end empty.").format(
                    time=say_clock(self.opens)
                )
            )
        return self

    def contains(self, at: Instant, zone: ZoneInfo) -> bool:
        """Whether the clock of `zone` shows a time of the window at `at`; for one without an end, exactly its start."""
        wall = moment(at, zone)
        day, clock = wall.date(), wall.time()
        if self.closes is None:
            return self._on(day) and clock_first_shows(day, self.opens, zone) == at
        if self.opens < self.closes:
            return self._on(day) and self.opens <= clock < self.closes
        if clock >= self.opens:
            return self._on(day)
        return clock < self.closes and self._on(day - timedelta(days=1))

    def next(self, after: Instant, zone: ZoneInfo) -> Instant:
        """The first moment inside the window that is not earlier than `after`; `after` itself when it is inside."""
        if self.closes is not None and self.contains(after, zone):
            return after
        first = day_of(after, zone) - timedelta(days=1)
        for n in range(_FARTHEST_DAYS):
            day = first + timedelta(days=n)
            found = [at for at in self._openings(day, zone) if at >= after]
            if found:
                return min(found)
        raise AssertionError(f"no opening of {self!r} after {after} in {zone.key}")

    def _on(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.weekdays

    def _openings(self, day: date, zone: ZoneInfo) -> Iterator[Instant]:
        """Moments of `day` at which one comes to be inside."""
        opening = clock_first_shows(day, self.opens, zone)
        if self.closes is None:
            if self._on(day) and _exists(day, zone):
                yield opening
            return
        start = clock_first_shows(day, time(0), zone)
        end = clock_first_shows(day + timedelta(days=1), time(0), zone)
        second = instant(datetime.combine(day, self.opens, tzinfo=zone).replace(fold=1))
        # a clock that is set may also jump right into the window, or back into one that was over
        for at in (start, opening, second, *jumps(Instant(start - 1), end, zone)):
            if self.contains(at, zone):
                yield at


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Samoa had no 30 December 2011."""
    return day_of(clock_first_shows(day, time(12), zone), zone) == day


def say_clock(clock: time) -> str:
    """“9:00”."""
    return _("{hour}:{minute:02}").format(hour=clock.hour, minute=clock.minute)


def say_weekdays(days: tuple[Weekday, ...]) -> str:
    """“Tuesday to Thursday”, “Monday and Friday”; days that follow each other are said as a stretch from three on."""
    names = {
        "mon": _("Monday"),
        "tue": _("Tuesday"),
        "wed": _("Wednesday"),
        "thu": _("Thursday"),
        "fri": _("Friday"),
        "sat": _("Saturday"),
        "sun": _("Sunday"),
    }
    at = [WEEKDAYS.index(day) for day in days]
    if len(at) >= 3 and at == list(range(at[0], at[0] + len(at))):
        return _("{first} to {last}").format(first=names[days[0]], last=names[days[-1]])
    return listed([names[day] for day in days])


def say_window(window: Window) -> str:
    """“9:00”, “9:00–17:00”, “Tuesday to Thursday 9:00–17:00”; the reader adds whose clock it is."""
    every_day = len(window.weekdays) == len(WEEKDAYS)
    values = {"opens": say_clock(window.opens), "days": "" if every_day else say_weekdays(window.weekdays)}
    if window.closes is None:
        return values["opens"] if every_day else _("{days} {opens}").format(**values)
    values["closes"] = say_clock(window.closes)
    text = _("{opens}–{closes}") if every_day else _("{days} {opens}–{closes}")
    return text.format(**values)
