"""One field at the door: what may be stored under a column or attribute, and as what.

A value that passed here has its type for good; everything that reads trusts it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from journeys.base.catalogue import AttributeEntry
from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_, NN_, _
from journeys.base.text import clean, fold
from journeys.base.time import instant
from journeys.store.settings import time_zone_named

#: characters of one text field
MOST_TEXT = 10_000
#: characters of one text that an index holds: PostgreSQL takes keys of at most 2,700 bytes
MOST_KEY = 500
#: items of one list
MOST_ITEMS = 500
#: beyond 2^53 not every whole number has a double, and the databases would disagree
MOST_NUMBER = 2**53
#: instants of the years 1 to 9999
_INSTANTS = range(-62_135_596_800, 253_402_300_800)

#: ways to reach a person, and to be allowed to
CHANNELS = ("email", "sms", "push", "phone", "post")

#: columns of a contact that may be written, in the order people read them
COLUMNS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "language",
    "time_zone",
    "external_id",
    "preferred_channel",
)


class BadField(KanwaError):
    """A value that its field does not take. Subclasses say why; `field` is the column or attribute key."""

    text = N_("“{field}” cannot be {value}.")


class TooLong(BadField):
    """A text beyond the limit."""

    plural = NN_(
        "“{field}” has {length} character. At most {most} are kept; shorten it.",
        "“{field}” has {length} characters. At most {most} are kept; shorten it.",
    )
    counted = "length"


class LineBreak(BadField):
    """A line break where one line is meant."""

    text = N_("“{field}” has a line break in it. Write it on one line.")


class NulInText(BadField):
    """A NUL character: a file read in the wrong encoding, or an attack."""

    text = N_("“{field}” contains a NUL character, which no text has. Look at the encoding of where it comes from.")


class WrongType(BadField):
    """A value of another type."""

    text = N_("“{field}” holds {type}; {value} is none.")


class NotAChoice(BadField):
    """A choice that is not on the list."""

    text = N_("“{field}” has no choice “{value}”.{suggestion} The choices are: {choices}.")


class TooManyItems(BadField):
    """A list that is too long."""

    plural = NN_(
        "“{field}” has {length} item. At most {most} are kept; leave some out.",
        "“{field}” has {length} items. At most {most} are kept; leave some out.",
    )
    counted = "length"


class BadAddress(BadField):
    """Not an e-mail address."""

    text = N_("“{value}” is not an e-mail address: {why}")


class BadPhone(BadField):
    """Not a phone number."""

    text = N_("“{value}” is not a phone number of {country}. Write it with its country code, such as +48 601 234 567.")


class BadLanguage(BadField):
    """Not a language tag."""

    text = N_("“{value}” is not a language. Write it as a short code, such as pl or en-GB.")


class UnknownChannel(BadField):
    """Not a channel."""

    text = N_("There is no channel “{value}”.{suggestion} The channels are: {channels}.")


class BadKey(UsageError):
    """A key that is no slug."""

    text = N_(
        "“{value}” cannot be the key of a {what}. A key is made of lower-case letters a to z, digits and hyphens, "
        "such as {example}."
    )


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_TYPE_NAMES = {
    "text": N_("text"),
    "number": N_("a number"),
    "date": N_("a date"),
    "datetime": N_("a moment"),
    "boolean": N_("true or false"),
    "choice": N_("one choice"),
    "list": N_("a list of texts"),
}


def checked_slug(value: str, *, what: str, example: str) -> str:
    """The key itself. Raises BadKey; `what` is a word of the glossary."""
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise BadKey(value=_short(value), what=what, example=example)
    return value


def validate_value(entry: AttributeEntry, value: Any, *, field: str = "") -> Any:
    """The value of an attribute as it is stored: text cleaned, date as ISO text, datetime as UTC seconds, list as list.

    None and empty text or list give None: cleared. Raises BadField, naming `field`.
    """
    field = field or entry.label
    if value is None:
        return None
    match entry.type:
        case "text":
            return validate_text(value, field=field)
        case "number":
            return _number(value, field)
        case "date":
            return _date(value, field)
        case "datetime":
            return _datetime(value, field)
        case "boolean":
            if isinstance(value, bool):
                return value
            raise _wrong_type(field, "boolean", value)
        case "choice":
            text = validate_text(value, field=field)
            return None if text is None else _choice(entry, text, field)
        case "list":
            return _list(entry, value, field)


def validate_text(value: Any, *, field: str, most: int = MOST_TEXT, one_line: bool = False) -> str | None:
    """Cleaned text; None where nothing is left. Raises WrongType, TooLong, NulInText or LineBreak."""
    if not isinstance(value, str):
        raise _wrong_type(field, "text", value)
    # before cleaning: normalising ten megabytes is work that nobody asked for
    if len(value) > most and len(value.strip()) > most:
        raise TooLong(field=field, length=len(value), most=most)
    if "\x00" in value:
        raise NulInText(field=field)
    text = clean(value)
    if len(text) > most:
        raise TooLong(field=field, length=len(text), most=most)
    if one_line and "\n" in text:
        raise LineBreak(field=field)
    return text or None


def validate_column(column: str, value: Any, *, country: str) -> str | None:
    """A value of one of `COLUMNS` as it is stored; None clears. Raises BadField or UnknownTimeZone.

    `country` (two letters) reads phone numbers written without a country code.
    """
    if value is None:
        return None
    most = MOST_KEY if column in ("external_id", "email", "phone") else MOST_TEXT
    # a name on two lines would break the header that it is put into
    text = validate_text(value, field=column, most=most, one_line=True)
    if text is None:
        return None
    match column:
        case "email":
            return email_address(text)
        case "phone":
            return phone_number(text, country=country)
        case "language":
            return language(text)
        case "time_zone":
            return time_zone_named(text).key
        case "preferred_channel":
            return checked_channel(text)
        case _:
            return text


def key_of(value: Any) -> Any:
    """The folded form under which a stored text, choice or list is compared."""
    return [fold(item) for item in value] if isinstance(value, list) else fold(value)


# a local part without quotes, comments or letters beyond ASCII; the rest goes the library's slow way
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")


def email_address(value: str) -> str:
    """The address, its domain in lower case. Asks no server. Raises BadAddress."""
    local, at, domain = value.rpartition("@")
    if at and len(local) <= 64 and len(value) <= 254 and _PLAIN_LOCAL.fullmatch(local):
        # the library takes 28 µs an address; domains repeat, local parts are plain
        with suppress(BadAddress):
            return f"{local}@{_domain(domain)}"
    return _validated(value)


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    return _validated(f"a@{domain}").rpartition("@")[2]


def _validated(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # slow to import, and only needed to write

    try:
        # test_environment lets through the domain .test, which a demonstration writes to and no mail ever reaches
        found = validate_email(value, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(field="email", value=_short(value), why=str(error)) from None
    if "." not in found.domain:
        raise BadAddress(field="email", value=_short(value), why=_("its domain has no dot."))
    return found.normalized


def phone_number(value: str, *, country: str) -> str:
    """The number as +48601234567 (E.164). Raises BadPhone."""
    import phonenumbers  # slow to import, and only needed to write

    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        raise BadPhone(field="phone", value=_short(value), country=country) from None
    if not phonenumbers.is_valid_number(number):
        raise BadPhone(field="phone", value=_short(value), country=country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?(?P<rest>(?:-[a-z0-9]{5,8})*)"
)


def language(value: str) -> str:
    """A language tag (BCP 47) written as usual: pl, en-GB, sr-Latn-RS. Raises BadLanguage."""
    found = _LANGUAGE.fullmatch(value.replace("_", "-").lower())
    if not found:
        raise BadLanguage(field="language", value=_short(value))
    tag = found["language"]
    if found["script"]:
        tag += "-" + found["script"].title()
    if found["region"]:
        tag += "-" + found["region"].upper()
    return tag + found["rest"]


def checked_channel(value: str) -> str:
    """The channel's name. Raises UnknownChannel."""
    name = value.strip().lower()
    if name not in CHANNELS:
        raise UnknownChannel(
            field="channel", value=_short(value), suggestion=suggestion(name, CHANNELS), channels=", ".join(CHANNELS)
        )
    return name


def _number(value: Any, field: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _wrong_type(field, "number", value)
    # infinity lies beyond the limit, NaN on neither side of it; a Decimal NaN raises when it is compared
    is_kept = (value.is_finite() if isinstance(value, Decimal) else True) and -MOST_NUMBER <= value <= MOST_NUMBER
    if not is_kept:
        raise _wrong_type(field, "number", value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _date(value: Any, field: str) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise _wrong_type(field, "date", value)


def _datetime(value: Any, field: str) -> int:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _wrong_type(field, "datetime", value) from None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return instant(value)
    if isinstance(value, int) and not isinstance(value, bool) and value in _INSTANTS:
        return value
    raise _wrong_type(field, "datetime", value)


def _choice(entry: AttributeEntry, text: str, field: str) -> str:
    if text in entry.choices:
        return text
    folded = fold(text)
    for choice in entry.choices:
        if fold(choice) == folded:
            return choice
    raise NotAChoice(
        field=field, value=_short(text), suggestion=suggestion(text, entry.choices), choices=", ".join(entry.choices)
    )


def _list(entry: AttributeEntry, value: Any, field: str) -> list[str] | None:
    if not isinstance(value, list | tuple):
        raise _wrong_type(field, "list", value)
    if len(value) > MOST_ITEMS:
        raise TooManyItems(field=field, length=len(value), most=MOST_ITEMS)
    texts = (validate_text(item, field=field, most=MOST_KEY) for item in value)
    kept = (_choice(entry, text, field) if entry.choices else text for text in texts if text)
    return list(dict.fromkeys(kept)) or None


def _wrong_type(field: str, type_: str, value: Any) -> WrongType:
    try:
        said = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError):
        # a number of thousands of digits, an object that contains itself
        said = type(value).__name__
    return WrongType(field=field, type=_(_TYPE_NAMES[type_]), value=_short(said))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
