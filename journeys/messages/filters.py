"""What stands behind a `|` in a template.

For people: `date`, `time`, `money`, `number`, in the contact's language and zone; `default`, which also fills in for what is
empty; `title`, `join`, `replace`, and those of Jinja that take no more than they are given. Those that make text longer at
will (`center`, `indent`, `format`, `wordwrap` …) or call data safe (`safe`) are not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, Undefined, pass_context, pass_environment, pass_eval_context
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context as JinjaContext
from markupsafe import Markup, escape

from journeys.base.i18n import N_
from journeys.base.money import minor_digits
from journeys.base.time import Instant, moment
from journeys.messages.limits import MAX_RANGE, MAX_VALUE, ValueTooBig, check_size
from journeys.messages.place import TemplateError
from journeys.messages.values import Facts, Money

#: names under which a rendering finds its language, zone and day
LANGUAGE = "_language"
ZONE = "_zone"

_OF_JINJA = [
    "abs",
    "capitalize",
    "count",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "forceescape",
    "groupby",
    "int",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "striptags",
    "trim",
    "unique",
    "upper",
    "wordcount",
]

#: form → (pattern in the present year, in another), each a skeleton of CLDR or a named format
_FORMS: Mapping[str, tuple[str, str]] = {
    "short": ("MMMd", "yMMMd"),
    "long": ("long", "long"),
    "weekday": ("MMMMEEEEd", "full"),
    "month": ("MMMM", "yMMMM"),
}


class NotADate(TemplateError):
    text: ClassVar[str] = N_("{where}: “{value}” is not a day or a moment, so that it cannot be written as a date.")


class UnknownForm(TemplateError):
    text: ClassVar[str] = N_("{where}: a date has no form “{form}”. The forms are {known}.")


class NotAnAmount(TemplateError):
    text: ClassVar[str] = N_("{where}: “{value}” is not an amount of money with a currency.")


class NotANumber(TemplateError):
    text: ClassVar[str] = N_("{where}: “{value}” is not a number.")


class NotOneText(TemplateError):
    text: ClassVar[str] = N_("{where}: this is not one text or number but {what}. Write which part of it to show.")


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The locale for a language tag such as "pl", "en-US"; English of Great Britain for "en" and for unknown ones.

    Plain "en" would be American to CLDR, with the month before the day.
    """
    if language.lower() in ("", "en"):
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en", "GB")


def day_in(language: str, day: date) -> str:
    """A day in full as people of that language write it: “3 March 2026”."""
    return format_date(day, "long", locale=locale_of(language))


def text_of(value: Any, locale: Locale) -> str:
    """A value as text. Raises NotOneText for lists and facts, which would print as Python does."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(check_size(value, "{{ }}"))
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
        case Decimal():
            return f"{value:f}"
        case Money():
            return _money(value, locale)
        case date():
            return value.isoformat()
        case Undefined():
            return str(value)
        case _:
            raise NotOneText(what=_what(value))


def _what(value: Any) -> str:
    if isinstance(value, Facts):
        return "{" + ", ".join(sorted(map(str, value)))[:80] + "}"
    if isinstance(value, list | tuple | set):
        return "[…]"
    return type(value).__name__


def _locale(context: JinjaContext) -> Locale:
    return locale_of(context.resolve(LANGUAGE))


def _zone(context: JinjaContext) -> ZoneInfo:
    zone = context.resolve(ZONE)
    assert isinstance(zone, ZoneInfo)
    return zone


@pass_context
def date_(context: JinjaContext, value: Any, form: str = "short") -> str:
    """A day (ISO text) or moment (UTC seconds) as people write it; the year only where it is not this one."""
    if value is None or value == "":
        return ""
    if form == "iso":
        return _day(context, value).isoformat()
    if form not in _FORMS:
        raise UnknownForm(form=form, known=", ".join((*_FORMS, "iso")))
    day = _day(context, value)
    this_year = str(context.resolve("today"))[:4]
    pattern = _FORMS[form][0 if str(day.year) == this_year else 1]
    if pattern in ("long", "full"):
        return format_date(day, pattern, locale=_locale(context))
    return format_skeleton(pattern, datetime.combine(day, time()), locale=_locale(context))


@pass_context
def time_(context: JinjaContext, value: Any) -> str:
    """The time of day of a moment (UTC seconds) on the contact's clock."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotADate(value=str(value)[:80])
    at = moment(Instant(value), _zone(context)).replace(tzinfo=None)
    return format_skeleton("Hm", at, locale=_locale(context))


def _day(context: JinjaContext, value: Any) -> date:
    zone = _zone(context)
    try:
        match value:
            case bool():
                pass
            case int():
                return moment(Instant(value), zone).date()
            case datetime():
                return value.date()
            case date():
                return value
            case str():
                return date.fromisoformat(str(value)[:10])
            case Undefined():
                str(value)
    except (ValueError, OverflowError, OSError):
        pass
    raise NotADate(value=str(value)[:80])


@pass_context
def money(context: JinjaContext, value: Any, currency: str | None = None) -> str:
    """An amount in the contact's way; a bare whole number is minor units and needs the currency."""
    if value is None or value == "":
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and currency:
        value = Money(value, str(currency))
    if not isinstance(value, Money):
        raise NotAnAmount(value=str(value)[:80])
    return _money(value, _locale(context))


def _money(value: Money, locale: Locale) -> str:
    amount = Decimal(value.minor).scaleb(-minor_digits(value.currency))
    written = str(format_currency(amount, value.currency, locale=locale))
    # CLDR asks for a space between letters and digits, the library leaves it out: PLN123.45
    return re.sub(r"(?<=[A-Za-z]{2})(?=\d)|(?<=\d)(?=[A-Za-z]{2})", "\u00a0", written)


@pass_context
def number(context: JinjaContext, value: Any, decimals: int | None = None) -> str:
    """A number with the signs of the contact's language; `decimals` digits after the point, or as many as it has."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NotANumber(value=str(value)[:80])
    pattern = None if decimals is None else "#,##0" + ("." + "0" * min(decimals, 12) if decimals > 0 else "")
    return str(format_decimal(value, format=pattern, locale=_locale(context)))


def default(value: Any, otherwise: Any = "") -> Any:
    """`otherwise`, where the value is missing or empty. A name that nobody gives stays an error."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return otherwise
    if isinstance(value, Undefined):
        str(value)
    return value


def title(value: Any) -> str:
    """First letters large, also after a hyphen and an apostrophe; the rest of each word as it is."""
    return re.sub(r"(^|[\s\-'’])(\w)", lambda found: found[1] + found[2].upper(), text_of(value, locale_of("")))


@pass_context
def join(context: JinjaContext, values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    """The texts of a list, with `between` between them."""
    if attribute is not None:
        values = (context.environment.getattr(value, attribute) for value in values)
    return _concat(context, values, text_of(between, _locale(context)), "join")


@pass_context
def concat(context: JinjaContext, values: Iterable[Any]) -> str:
    """What `~` does."""
    return _concat(context, values, "", "~")


def _concat(context: JinjaContext, values: Iterable[Any], between: str, operator: str) -> str:
    locale = _locale(context)
    made: list[str] = []
    length = 0
    for value in values:
        made.append(value if isinstance(value, str) else text_of(value, locale))
        length += len(made[-1]) + len(between)
        if length > MAX_VALUE:
            raise ValueTooBig(operator=operator)
    if any(isinstance(part, Markup) for part in made):
        return escape(between).join(made)
    return between.join(made)


def replace(value: Any, old: str, new: str) -> str:
    """Every `old` in the text by `new`."""
    text = text_of(value, locale_of(""))
    if len(text) + text.count(old) * len(new) > MAX_VALUE:
        raise ValueTooBig(operator="replace")
    if isinstance(text, Markup):
        return text.replace(old, escape(new))
    return text.replace(old, new)


def batch(values: Iterable[Any], size: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """Lists of `size` items each, the last one filled up."""
    _check_count(size, "batch")
    for items in FILTERS["batch"](values, size, fill_with):
        yield check_size(items, "batch")


@pass_eval_context
def slice_(context: EvalContext, values: Iterable[Any], slices: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """So many lists, with the items spread evenly over them."""
    _check_count(slices, "slice")
    for items in FILTERS["slice"](context, values, slices, fill_with):
        yield check_size(items, "slice")


@pass_environment
def sum_(environment: Environment, values: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    """The sum of numbers. Not of lists: each step would copy all before it."""
    if isinstance(start, list | tuple):
        raise NotANumber(value="[…]")
    return check_size(FILTERS["sum"](environment, values, attribute, start), "sum")


def urlencode(value: Any) -> str:
    """The text as part of an address; each sign that has a meaning there takes three to twelve characters."""
    return str(check_size(FILTERS["urlencode"](value), "urlencode"))


def _check_count(count: Any, operator: str) -> None:
    if isinstance(count, int) and count > MAX_RANGE:
        raise ValueTooBig(operator=operator)


@pass_context
def string(context: JinjaContext, value: Any) -> str:
    """The value as text."""
    return text_of(value, _locale(context))


def truncate(value: Any, length: int = 80, end: str = "…") -> str:
    """At most `length` characters, cut between words."""
    text = text_of(value, locale_of(""))
    if len(text) <= length:
        return text
    cut = text[: max(length - len(end), 0)]
    return type(text)(cut.rsplit(" ", 1)[0] if " " in cut else cut) + end


FILTERS_FOR_PEOPLE: Mapping[str, Callable[..., Any]] = {
    **{name: FILTERS[name] for name in _OF_JINJA},
    "date": date_,
    "time": time_,
    "money": money,
    "number": number,
    "default": default,
    "d": default,
    "title": title,
    "join": join,
    "batch": batch,
    "slice": slice_,
    "sum": sum_,
    "urlencode": urlencode,
    "replace": replace,
    "string": string,
    "truncate": truncate,
}
