"""What each field takes at the door, and the sentence where it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from journeys.base.catalogue import AttributeEntry
from journeys.base.errors import KanwaError
from journeys.store.fields import (
    BadAddress,
    BadField,
    BadKey,
    BadPhone,
    NotAChoice,
    TooLong,
    TooManyItems,
    WrongType,
    checked_slug,
    email_address,
    language,
    phone_number,
    validate_column,
    validate_value,
)

TEXT = AttributeEntry("text")
NUMBER = AttributeEntry("number")
DATE = AttributeEntry("date")
MOMENT = AttributeEntry("datetime")
BOOLEAN = AttributeEntry("boolean")
CHOICE = AttributeEntry("choice", choices=("Warszawa", "Łódź"))
LIST = AttributeEntry("list")
CLOSED_LIST = AttributeEntry("list", choices=("red", "green"))


@pytest.mark.parametrize(
    ("entry", "value", "stored"),
    [
        (TEXT, "  Zażo\u0301łc\u0301 ", "Zażółć"),
        (TEXT, "two\r\nlines", "two\nlines"),
        (TEXT, "   ", None),
        (NUMBER, 7, 7),
        (NUMBER, 7.5, 7.5),
        (NUMBER, Decimal("12.50"), 12.5),
        (NUMBER, Decimal("12"), 12),
        (NUMBER, -(2**53), -(2**53)),
        (DATE, date(2024, 2, 29), "2024-02-29"),
        (DATE, "2024-02-29", "2024-02-29"),
        (MOMENT, 1_700_000_000, 1_700_000_000),
        (MOMENT, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1),
        (MOMENT, "1970-01-01T01:00:00+01:00", 0),
        (BOOLEAN, False, False),
        (CHOICE, "łódź", "Łódź"),
        (LIST, ["a", " a ", "b", ""], ["a", "b"]),
        (LIST, [], None),
        (CLOSED_LIST, ("RED",), ["red"]),
        (TEXT, None, None),
        (LIST, None, None),
    ],
)
def test_a_value_is_stored_as_its_type(entry: AttributeEntry, value: Any, stored: Any) -> None:
    found = validate_value(entry, value, field="f")
    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize(
    ("entry", "value", "sentence"),
    [
        (TEXT, 7, "“f” holds text; 7 is none."),
        (TEXT, ["x"], '“f” holds text; ["x"] is none.'),
        (NUMBER, "7", '“f” holds a number; "7" is none.'),
        (NUMBER, True, "“f” holds a number; true is none."),
        (NUMBER, float("nan"), "“f” holds a number; NaN is none."),
        (NUMBER, float("inf"), "“f” holds a number; Infinity is none."),
        (NUMBER, 2**53 + 1, "“f” holds a number; 9007199254740993 is none."),
        (NUMBER, 10**400, None),
        (NUMBER, Decimal("NaN"), None),
        (NUMBER, Decimal("-Infinity"), None),
        (NUMBER, Decimal("1E+999999"), None),
        (DATE, "29.02.2024", '“f” holds a date; "29.02.2024" is none.'),
        (DATE, "2023-02-29", '“f” holds a date; "2023-02-29" is none.'),
        (DATE, "20240229", '“f” holds a date; "20240229" is none.'),
        (DATE, datetime(2024, 2, 29, tzinfo=UTC), None),
        (MOMENT, datetime(2024, 2, 29), None),  # noqa: DTZ001 - a naive one is the point
        (MOMENT, "soon", '“f” holds a moment; "soon" is none.'),
        (MOMENT, True, "“f” holds a moment; true is none."),
        (MOMENT, 10**15, "“f” holds a moment; 1000000000000000 is none."),
        (BOOLEAN, 1, "“f” holds true or false; 1 is none."),
        (BOOLEAN, "yes", '“f” holds true or false; "yes" is none.'),
        (CHOICE, "Lodz", "“f” has no choice “Lodz”. The choices are: Warszawa, Łódź."),
        (CHOICE, "Warzawa", "“f” has no choice “Warzawa”. The nearest is “Warszawa”. The choices are: Warszawa, Łódź."),
        (LIST, "a", '“f” holds a list of texts; "a" is none.'),
        (LIST, [1], "“f” holds text; 1 is none."),
        (CLOSED_LIST, ["blue"], "“f” has no choice “blue”. The choices are: red, green."),
    ],
)
def test_a_stray_type_is_refused_with_a_sentence(entry: AttributeEntry, value: Any, sentence: str | None) -> None:
    with pytest.raises(BadField) as refused:
        validate_value(entry, value, field="f")
    assert sentence is None or str(refused.value) == sentence


def test_a_number_too_long_to_be_printed_is_refused() -> None:
    with pytest.raises(WrongType, match=r"^“f” holds a number; int is none\.$"):
        validate_value(NUMBER, 10**5000, field="f")


def test_a_field_of_ten_megabytes_is_refused() -> None:
    with pytest.raises(TooLong, match=r"^“bio” has 10485760 characters\. At most 10000 are kept; shorten it\.$"):
        validate_value(TEXT, "x" * 10 * 1024 * 1024, field="bio")


def test_white_space_around_a_text_does_not_count() -> None:
    assert validate_value(TEXT, " " * 20_000 + "x", field="bio") == "x"


def test_a_text_at_the_limit_is_kept() -> None:
    assert validate_value(TEXT, "x" * 10_000, field="bio") == "x" * 10_000


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooManyItems, match=r"^“f” has 501 items\. At most 500 are kept; leave some out\.$"):
        validate_value(LIST, [str(n) for n in range(501)], field="f")


def test_a_nul_is_refused_with_a_hint_at_the_encoding() -> None:
    with pytest.raises(KanwaError) as refused:
        validate_value(TEXT, "a\x00b", field="f")
    assert str(refused.value) == (
        "“f” contains a NUL character, which no text has. Look at the encoding of where it comes from."
    )


@pytest.mark.parametrize("value", ["Anna\r\nBcc: x@y.test", "Anna\nMaria", "Anna\rMaria"])
def test_a_line_break_in_a_name_is_refused(value: str) -> None:
    with pytest.raises(KanwaError) as refused:
        validate_column("first_name", value, country="PL")
    assert str(refused.value) == "“first_name” has a line break in it. Write it on one line."


def test_a_lone_surrogate_does_not_get_in() -> None:
    assert validate_value(TEXT, "a\ud800b", field="f") == "ab"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Anna.Kowalska@Sklep.PL", "Anna.Kowalska@sklep.pl"),
        ("a+b@shop.test", "a+b@shop.test"),
        ("a@xn--d-wha.pl", "a@dą.pl"),
        ("zażółć@example.com", "zażółć@example.com"),
    ],
)
def test_an_address_is_normalised(given: str, stored: str) -> None:
    assert email_address(given) == stored


@pytest.mark.parametrize(
    "given", ["", "a", "a@", "@b.pl", "a@b", "a b@c.pl", "a..b@c.pl", "a@b..pl", "a@localhost", "a@b.pl, c@d.pl"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(BadAddress) as refused:
        email_address(given)
    assert str(refused.value).startswith(f"“{given}” is not an e-mail address: ")


def test_a_long_address_is_refused() -> None:
    with pytest.raises(BadAddress):
        email_address("a" * 65 + "@b.pl")
    with pytest.raises(BadAddress):
        email_address("a@" + "b." * 126 + "pl")


@pytest.mark.parametrize(
    ("given", "country", "stored"),
    [
        ("601 234 567", "PL", "+48601234567"),
        ("+48 601-234-567", "GB", "+48601234567"),
        ("020 7946 0018", "GB", "+442079460018"),
    ],
)
def test_a_phone_number_becomes_international(given: str, country: str, stored: str) -> None:
    assert phone_number(given, country=country) == stored


@pytest.mark.parametrize("given", ["", "12", "not a number", "+999 123"])
def test_what_is_no_phone_number_is_refused(given: str) -> None:
    with pytest.raises(BadPhone) as refused:
        phone_number(given, country="PL")
    assert str(refused.value) == (
        f"“{given}” is not a phone number of PL. Write it with its country code, such as +48 601 234 567."
    )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("PL", "pl"),
        ("en_gb", "en-GB"),
        ("sr-latn-rs", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("ca-valencia", "ca-valencia"),
    ],
)
def test_a_language_is_written_as_usual(given: str, stored: str) -> None:
    assert language(given) == stored


@pytest.mark.parametrize("given", ["polski", "p", "pl-", "pl PL", "1"])
def test_what_is_no_language_is_refused(given: str) -> None:
    with pytest.raises(BadField) as refused:
        language(given)
    assert str(refused.value) == f"“{given}” is not a language. Write it as a short code, such as pl or en-GB."


def test_a_time_zone_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(KanwaError) as refused:
        validate_column("time_zone", "Europe/Warsav", country="PL")
    assert "Europe/Warsaw" in str(refused.value)


def test_a_channel_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadField) as refused:
        validate_column("preferred_channel", "e-mail", country="PL")
    assert str(refused.value) == (
        "There is no channel “e-mail”. The nearest is “email”. The channels are: email, sms, push, phone, post."
    )


@pytest.mark.parametrize("given", ["a", "newsletter-2026", "0"])
def test_a_slug_is_a_key(given: str) -> None:
    assert checked_slug(given, what="tag", example="vip") == given


@pytest.mark.parametrize("given", ["", "A", "ł", "-a", "a_b", "a b", "a\n", "x" * 101])
def test_what_is_no_slug_is_refused(given: str) -> None:
    with pytest.raises(BadKey) as refused:
        checked_slug(given, what="tag", example="vip")
    assert str(refused.value).endswith(
        "cannot be the key of a tag. A key is made of lower-case letters a to z, digits and hyphens, such as vip."
    )


def test_errors_of_values_name_the_kind_they_are() -> None:
    with pytest.raises(NotAChoice):
        validate_value(CHOICE, "x", field="f")
    with pytest.raises(WrongType):
        validate_value(NUMBER, "x", field="f")
