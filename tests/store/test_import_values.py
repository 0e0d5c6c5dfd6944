"""How cells are read."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.base.errors import KanwaError
from journeys.base.time import at_wall, day_start, moment
from journeys.store.importing.errors import BadDay, BadMoment, BadNumber, NotWhole, SlashedDay, TooFine
from journeys.store.importing.values import (
    Reading,
    read_day,
    read_list,
    read_loose,
    read_moment,
    read_money,
    read_number,
    read_truth,
    whole,
)

WARSAW = ZoneInfo("Europe/Warsaw")
READING = Reading(zone=WARSAW)


@pytest.mark.parametrize(
    "text", ["2026-11-02", "20261102", "02.11.2026", "2.11.2026", "2-11-2026", "2026/11/02", "2026-11-02 00:00:00"]
)
def test_days_are_read_in_every_way_that_means_one_day(text: str) -> None:
    assert read_day(text, READING) == date(2026, 11, 2)


def test_a_slashed_day_needs_to_be_told_what_comes_first() -> None:
    with pytest.raises(SlashedDay, match="“11/02/2026” can be read in two ways"):
        read_day("11/02/2026", READING)
    assert read_day("11/02/2026", Reading(zone=WARSAW, slashes="mdy")) == date(2026, 11, 2)
    assert read_day("11/02/2026", Reading(zone=WARSAW, slashes="dmy")) == date(2026, 2, 11)


@pytest.mark.parametrize("text", ["31.02.2026", "2026-13-01", "tomorrow", "1", "20261", "0001-01-01", "12.2026"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadDay, match="is not a day"):
        read_day(text, READING)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+01:00"),
        ("2026-11-22 14:30", "2026-11-22T14:30:00+01:00"),
        ("2026-11-22T14:30:05", "2026-11-22T14:30:05+01:00"),
        ("22.11.2026 9:05", "2026-11-22T09:05:00+01:00"),
        ("20261122 14:30", "2026-11-22T14:30:00+01:00"),
        ("2026-11-22T14:30:05Z", "2026-11-22T15:30:05+01:00"),
        ("2026-11-22 14:30:05.250+03:00", "2026-11-22T12:30:05+01:00"),
        # the clock shows 2:30 twice: the first; it skips 2:30: an hour on
        ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00"),
        ("2026-03-29 02:30", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_times_are_meant_on_the_clock_of_the_workspace(text: str, expected: str) -> None:
    assert moment(read_moment(text, READING), WARSAW).isoformat() == expected


@pytest.mark.parametrize("text", ["2026-11-22 25:00", "14:30", "soon", "2026-02-30 10:00", "9999-12-31"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadMoment, match="is not a time"):
        read_moment(text, READING)


@given(day=st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_a_day_without_a_time_begins_with_the_day(day: date) -> None:
    assert read_moment(day.isoformat(), READING) == day_start(day, WARSAW)
    assert read_moment(day.strftime("%Y%m%d"), READING) == day_start(day, WARSAW)


@given(day=st.dates(date(1950, 1, 1), date(2100, 1, 1)), clock=st.times().map(lambda one: one.replace(microsecond=0)))
def test_times_read_as_the_wall_clock_shows_them(day: date, clock: object) -> None:
    at = at_wall(day, clock, WARSAW)  # type: ignore[arg-type]
    assert read_moment(f"{day} {clock}", READING) == at
    assert read_moment(moment(at, WARSAW).isoformat(" "), READING) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "12"),
        ("-5", "-5"),
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("−7,25", "-7.25"),
        ("1e3", "1000"),
        (",5", "0.5"),
    ],
)
def test_numbers_are_read_with_comma_or_point(text: str, expected: str) -> None:
    assert read_number(text, READING) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "1.2.3,4", "12,34.5,6", "--5", "1 2 x", "NaN", "inf", "١٢x"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadNumber, match="is not a number"):
        read_number(text, READING)


def test_a_decimal_sign_that_is_said_is_believed() -> None:
    assert read_number("1.234", Reading(zone=WARSAW, decimal=",")) == 1234
    assert read_number("1,234", Reading(zone=WARSAW, decimal=".")) == 1234


@given(number=st.decimals(-(10**9), 10**9, places=2), comma=st.booleans(), grouped=st.booleans())
def test_any_amount_reads_back(number: Decimal, comma: bool, grouped: bool) -> None:
    text = f"{number:,.2f}" if grouped else f"{number:.2f}"
    if comma:
        text = text.translate(str.maketrans(",.", ".,"))
    assert read_number(text, READING) == number


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("11.77", "", 1177),
        ("12,50 zł", "PLN", 1250),
        ("PLN 1 250,00", "PLN", 125000),
        ("€9.99", "EUR", 999),
        ("-$5.00", "USD", -500),
        ("1000 JPY", "JPY", 1000),
        ("1.234 KWD", "KWD", 1234),
    ],
)
def test_money_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    read = read_money(text, READING)
    assert (read.currency, read.minor(currency or "PLN")) == (currency, minor)


def test_money_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(TooFine, match=r"“1\.234” has more decimals than PLN has"):
        read_money("1,234", READING).minor("PLN")


@pytest.mark.parametrize(("text", "value"), [("Tak", True), ("NIE", False), ("1", True), ("false", False), ("x", True)])
def test_yes_and_no_are_read_in_two_languages(text: str, value: bool) -> None:
    assert read_truth(text, READING) is value


def test_whole_numbers_have_no_decimals() -> None:
    assert whole()("1 000", READING) == 1000
    assert whole()("2.0", READING) == 2
    for wrong in ("1.5", "x", "1e99"):
        with pytest.raises(NotWhole):
            whole()(wrong, READING)


def test_lists_are_cut_at_the_surest_sign() -> None:
    assert read_list("a, b; c", READING) == ["a, b", "c"]
    assert read_list("a, b", READING) == ["a", "b"]
    assert read_list('["a;b", "c"]', READING) == ["a;b", "c"]


def test_data_of_events_keeps_codes_as_text() -> None:
    assert [read_loose(text, READING) for text in ("9", "007", "1.5", "true", "1,5")] == [9, "007", 1.5, True, "1,5"]


@given(text=st.text(max_size=30))
def test_no_cell_breaks_a_reader(text: str) -> None:
    for read in (read_day, read_moment, read_number, read_money, read_truth, whole()):
        with suppress(KanwaError):
            read(text, READING)
