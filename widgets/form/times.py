"""Days and moments as people read them in a panel."""

from __future__ import annotations

from datetime import date, datetime

from journeys.base.i18n import _


def say_day(day: date) -> str:
    """“Sun 29 Nov 2026”."""
    return _("{day} {year}").format(day=_day(day), year=day.year)


def say_moment(at: datetime, *, today: date) -> str:
    """“Tue 24 Nov 9:00”; with the year where it is another one than today's."""
    clock = _("{hour}:{minute:02}").format(hour=at.hour, minute=at.minute)
    day = _day(at.date()) if at.year == today.year else say_day(at.date())
    return _("{day} {clock}").format(day=day, clock=clock)


def _day(day: date) -> str:
    weekdays = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    months = (
        _("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"),
        _("Jul"), _("Aug"), _("Sep"), _("Oct"), _("Nov"), _("Dec"),
    )  # fmt: skip
    return _("{weekday} {day} {month}").format(
        weekday=weekdays[day.weekday()], day=day.day, month=months[day.month - 1]
    )
