"""Instants and days.

An `Instant` is an integer count of UTC seconds since 1970; columns that hold one end in `_at`. A day is a
`datetime.date`, stored as ISO text. No local time is ever stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Instant = NewType("Instant", int)

MINUTE = 60
HOUR = 3600
DAY = 86400


def instant(moment: datetime) -> Instant:
    """The instant of an aware datetime, cut to the second. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    return Instant(int(moment.timestamp() // 1))


def moment(at: Instant, zone: ZoneInfo) -> datetime:
    """The instant as an aware datetime on the wall clock of `zone`."""
    try:
        return datetime.fromtimestamp(at, tz=UTC).astimezone(zone)
    except OverflowError:
        # at an end of the calendar, whose clock would show a year that no datetime has: 9999-12-31 23:59 UTC in Warsaw
        return datetime.max.replace(tzinfo=zone) if at > 0 else datetime.min.replace(tzinfo=zone)


def day_of(at: Instant, zone: ZoneInfo) -> date:
    """The calendar day of an instant in `zone`."""
    return moment(at, zone).date()


def at_wall(day: date, clock: time, zone: ZoneInfo) -> Instant:
    """The instant at which the wall clock of `zone` shows `clock` on `day`.

    A time that the clock skips (spring) is moved on by the length of the gap, as PEP 495 reads `fold=0`; one that
    it shows twice (autumn) is the first of the two.
    """
    return instant(datetime.combine(day, clock, tzinfo=zone))


def day_start(day: date, zone: ZoneInfo) -> Instant:
    """The first instant of a day in `zone`; not always 0:00 on the wall, some zones skip midnight."""
    start = at_wall(day, time(0), zone)
    if day_of(start, zone) < day:
        return instant(datetime.combine(day, time(0), tzinfo=zone).replace(fold=1))
    return start


def jump_between(before: int, after: int, zone: ZoneInfo) -> Instant:
    """The first instant whose offset is not that of `before`; `after` has another offset."""
    offset = moment(Instant(before), zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if moment(Instant(middle), zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return Instant(after)


def jumps(first: Instant, last: Instant, zone: ZoneInfo) -> Iterator[Instant]:
    """Instants in a stretch at which the clock of `zone` is set forward or back."""
    # half days: no zone sets its clock twice within one
    at: int = first
    while at < last:
        step = min(at + DAY // 2, last)
        if moment(Instant(at), zone).utcoffset() != moment(Instant(step), zone).utcoffset():
            yield jump_between(at, step, zone)
        at = step


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; empty when `last` is earlier."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def zone_of(name: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of that name; `otherwise` for a contact without one or with one this machine does not know."""
    if not name:
        return otherwise
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise
