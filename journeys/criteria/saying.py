"""Punctuation and small forms that all sentences about criteria share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from journeys.base.i18n import _
from journeys.base.time import Instant, moment


def quoted(text: str) -> str:
    return _("“{text}”").format(text=text)


def listed(items: Iterable[str]) -> str:
    """“a, b, c”."""
    return _(", ").join(items)


def qualified(sentence: str, qualifiers: Iterable[str]) -> str:
    """A sentence with what narrows it behind it in brackets: “at least 2 orders (in the last 30 days; of “Tea”)”."""
    said = [one for one in qualifiers if one]
    if not said:
        return sentence
    return _("{sentence} ({qualifiers})").format(sentence=sentence, qualifiers=_("; ").join(said))


def say_number(number: int | float) -> str:
    """Without a decimal point where it is whole."""
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    return str(number)


def say_numbers(numbers: Sequence[int | float]) -> str:
    return listed(map(say_number, numbers))


def say_day(day: date | str) -> str:
    return day if isinstance(day, str) else day.isoformat()


def say_moment(at: int, zone: ZoneInfo) -> str:
    """“2026-11-26 09:00” in the zone."""
    return moment(Instant(at), zone).strftime("%Y-%m-%d %H:%M")
