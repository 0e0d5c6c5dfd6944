"""How the text of a cell is read: days, times, numbers, money, yes and no.

Every reader takes cleaned text that is not empty and a `Reading`, and raises a BadValue that says what was expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from journeys.base.money import minor_digits, to_minor
from journeys.base.text import fold
from journeys.base.time import Instant, at_wall, day_start, instant
from journeys.store.importing.errors import (
    BadAmount,
    BadCurrency,
    BadDay,
    BadJson,
    BadMoment,
    BadNumber,
    BadTruth,
    NotWhole,
    SlashedDay,
    TooFine,
    TooLarge,
)

#: the largest amount in minor units: sums of a million of them still fit 64 bits
_MOST_MONEY = 10**12
_MOST_WHOLE = 10**9


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell alone does not say."""

    #: in which a time without an offset, and a day without a time, are meant
    zone: ZoneInfo
    #: two letters, for phone numbers without a country code
    country: str = "PL"
    #: "dmy", "mdy", or nothing: 11/12/2026 is refused
    slashes: str = ""
    #: the decimal sign, or nothing: recognised number by number
    decimal: str = ""
    _days: dict[date, Instant] = field(default_factory=dict)

    def start_of(self, day: date) -> Instant:
        """0:00 of the day. A purchase file has few days and many rows, so that each is worked out once."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) > 100_000:
                self._days.clear()
            found = self._days[day] = day_start(day, self.zone)
        return found


class Money(NamedTuple):
    """An amount as written; minor units are known with the currency."""

    amount: Decimal
    #: where the cell itself names it
    currency: str

    def minor(self, currency: str) -> int:
        """In minor units of `currency`. Raises TooFine or TooLarge."""
        try:
            minor = to_minor(self.amount, currency)
        except ValueError:
            raise TooFine(value=str(self.amount), currency=currency) from None
        if abs(minor) > _MOST_MONEY * 10 ** minor_digits(currency):
            raise TooLarge(value=str(self.amount))
        return minor


Reader = Callable[[str, Reading], Any]

# --- days and times --------------------------------------------------------------------------------------------------

_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_COMPACT_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4})\.?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?")
#: moments of the years 1900 to 2999; days may lie later, since 9999-12-31 is how many systems write "without end"
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 3000))


@lru_cache(maxsize=20_000)
def _day(text: str, slashes: str) -> date | None:
    """The day, or nothing when it is written in no known way. Raises ValueError for 31 February."""
    for form in (_ISO_DAY, _COMPACT_DAY, _YEAR_FIRST):
        if found := form.fullmatch(text):
            year, month, day = map(int, found.groups())
            return date(year, month, day)
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
        return date(year, month, day)
    if found := _SLASHED.fullmatch(text):
        first, second, year = map(int, found.groups())
        if slashes:
            return date(year, second, first) if slashes == "dmy" else date(year, first, second)
        raise SlashedDay(value=text)
    return None


def read_day(text: str, reading: Reading) -> date:
    """A calendar day; a time of day beside it must be 0:00 or is dropped with the zone's day."""
    try:
        found = _day(text, reading.slashes)
        if found is None:
            found = datetime.fromtimestamp(read_moment(text, reading), tz=UTC).astimezone(reading.zone).date()
    except (ValueError, BadMoment):
        raise BadDay(value=_short(text)) from None
    if found.year < 1900:
        raise BadDay(value=_short(text))
    return found


def read_iso_day(text: str, reading: Reading) -> str:
    """A calendar day as it is stored."""
    return read_day(text, reading).isoformat()


def read_moment(text: str, reading: Reading) -> Instant:
    """A time. Without an offset on the wall clock of the workspace; without a time of day at 0:00."""
    try:
        day = _day(text, reading.slashes)
        at = reading.start_of(day) if day else _moment(text, reading)
    except (ValueError, OverflowError):
        raise BadMoment(value=_short(text)) from None
    if not _FIRST <= at < _LAST:
        raise BadMoment(value=_short(text))
    return at


def _moment(text: str, reading: Reading) -> Instant:
    written, _, clock = text.replace("T", " ", 1).partition(" ")
    day = _day(written, reading.slashes)
    found = _TIME.fullmatch(clock.strip())
    if day and found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        return at_wall(day, time(hour, minute, second), reading.zone)
    moment = datetime.fromisoformat(text)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=reading.zone))


# --- numbers ---------------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?")
_SPACED = str.maketrans("", "", " \u00a0\u202f\u2009'’_")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def read_number(text: str, reading: Reading) -> Decimal:
    """A number with a point or a comma before its decimals, thousands set apart by blanks, points or commas."""
    if _PLAIN.fullmatch(text) and reading.decimal != ",":
        return Decimal(text)
    plain = text.translate(_SPACED).replace("−", "-")
    plain = _with_point(plain, reading.decimal)
    if not _NUMBER.fullmatch(plain):
        raise BadNumber(value=_short(text))
    return Decimal(plain)


def _with_point(text: str, decimal: str) -> str:
    """The number with a point before its decimals and nothing between thousands."""
    if not decimal:
        point, comma = text.rfind("."), text.rfind(",")
        if comma < 0 and text.count(".") < 2:
            return text
        if point < 0 and text.count(",") < 2:
            # one comma and nothing else: a decimal comma, as everywhere where files are cut by semicolons
            return text.replace(",", ".")
        decimal = "?" if point < 0 or comma < 0 else "." if point > comma else ","
    groups = "," if decimal == "." else "." if decimal == "," else max(",", ".", key=text.count)
    whole, sign, rest = text.partition(decimal)
    if groups in rest or not _grouped(whole, groups):
        return "?"
    return whole.replace(groups, "") + ("." + rest if sign else "")


def _grouped(whole: str, sign: str) -> bool:
    first, *others = whole.lstrip("+-").split(sign)
    return not others or (0 < len(first) <= 3 and all(len(group) == 3 for group in others))


def whole(least: int = -_MOST_WHOLE, most: int = _MOST_WHOLE) -> Reader:
    """A reader of whole numbers within the limits."""

    def read(text: str, reading: Reading) -> int:
        try:
            number = read_number(text, reading)
        except BadNumber:
            raise NotWhole(value=_short(text), least=least, most=most) from None
        if number != number.to_integral_value() or not least <= number <= most:
            raise NotWhole(value=_short(text), least=least, most=most)
        return int(number)

    return read


_SIGNS = {"zł": "PLN", "zl": "PLN", "€": "EUR", "$": "USD", "£": "GBP", "kč": "CZK", "¥": "JPY", "₴": "UAH"}
_CURRENCY_BEFORE = re.compile(r"([A-Za-z]{3}|[^\W\d_]{2}|[€$£¥₴])\s*([-+−]?[\d.,].*)")
_CURRENCY_AFTER = re.compile(r"(.*\d[.,]?)\s*([A-Za-z]{3}|zł|zl|[Kk]č|[€$£¥₴])")


def read_money(text: str, reading: Reading) -> Money:
    """An amount, with or without its currency on either side."""
    if _PLAIN.fullmatch(text) and reading.decimal != ",":
        return Money(Decimal(text), "")
    currency = ""
    number = text
    sign = ""
    if text[:1] in "-−" and (found := _CURRENCY_BEFORE.fullmatch(text[1:].lstrip())):
        sign = "-"
        currency, number = found.groups()
    elif found := _CURRENCY_BEFORE.fullmatch(text):
        currency, number = found.groups()
    elif found := _CURRENCY_AFTER.fullmatch(text):
        number, currency = found.groups()
    try:
        amount = read_number(sign + number.strip(), reading)
    except BadNumber:
        raise BadAmount(value=_short(text)) from None
    if abs(amount) > _MOST_MONEY:
        raise TooLarge(value=_short(text))
    return Money(amount, read_currency(currency, reading) if currency else "")


def read_currency(text: str, _reading: Reading) -> str:
    """Three capital letters."""
    name = _SIGNS.get(text.lower(), text.upper())
    if not re.fullmatch("[A-Z]{3}", name):
        raise BadCurrency(value=_short(text))
    return name


# --- the rest --------------------------------------------------------------------------------------------------------

_YES = frozenset(
    [
        "true",
        "yes",
        "y",
        "t",
        "1",
        "tak",
        "prawda",
        "x",
        "on",
        "given",
        "granted",
        "subscribed",
        "zgoda",
        "wyrażona",
        "zapisany",
    ]
)
_NO = frozenset(
    [
        "false",
        "no",
        "n",
        "f",
        "0",
        "nie",
        "fałsz",
        "off",
        "withdrawn",
        "revoked",
        "brak",
        "cofnięta",
        "wycofana",
        "unsubscribed",
        "wypisany",
    ]
)


def read_truth(text: str, _reading: Reading) -> bool:
    """Yes or no, in English, Polish or figures."""
    folded = fold(text)
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise BadTruth(value=_short(text))


def read_text(text: str, _reading: Reading) -> str:
    """The text itself."""
    return text


def read_list(text: str, _reading: Reading) -> list[str]:
    """Items cut by semicolons, else by bars, else by commas; or a JSON array of text."""
    if text[0] == "[":
        try:
            items = json.loads(text)
        except ValueError:
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
    sign = next((sign for sign in ";|," if sign in text), ";")
    return [item for part in text.split(sign) if (item := part.strip())]


def read_object(text: str, _reading: Reading) -> dict[str, Any]:
    """A JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadJson(value=_short(text)) from None
    if not isinstance(found, dict):
        raise BadJson(value=_short(text))
    return found


def read_loose(text: str, _reading: Reading) -> Any:
    """For the data of events."""
    return loose(text)


def loose(text: str) -> Any:
    """A plainly written number, true or false as such, anything else as text."""
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,14})", text):
        return int(text)
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,14})\.\d{1,9}", text):
        return float(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def read_by_type(type_: str) -> Reader:
    """The reader of an attribute's type; `validate_value` takes what it gives."""
    return {
        "number": read_number,
        "date": read_iso_day,
        "datetime": read_moment,
        "boolean": read_truth,
        "list": read_list,
    }.get(type_, read_text)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
