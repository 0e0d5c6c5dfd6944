from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from journeys.base.time import DAY, HOUR, MINUTE, Instant, moment
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.windows import WEEKDAYS, Window, next_calendar_day, say_window

ZONES = [
    "Europe/Warsaw",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "America/St_Johns",
    "America/Havana",
]


def at(text: str, zone: str = "Europe/Warsaw", *, fold: int = 0) -> Instant:
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return Instant(int(wall.timestamp()))


def shown(instant: Instant, zone: str = "Europe/Warsaw") -> str:
    return moment(instant, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %z")


def window(opens: str, closes: str | None = None, *days: str) -> Window:
    return Window.model_validate({"from": opens, "to": closes} | ({"weekdays": list(days)} if days else {}))


@pytest.mark.parametrize(
    ("rule", "zone", "after", "expected"),
    [
        # the next time the clock shows the hour
        (window("09:00"), "Europe/Warsaw", "2026-11-22 08:00", "2026-11-22 09:00:00 +0100"),
        (window("09:00"), "Europe/Warsaw", "2026-11-22 09:00", "2026-11-22 09:00:00 +0100"),
        (window("09:00"), "Europe/Warsaw", "2026-11-22 09:00:01", "2026-11-23 09:00:00 +0100"),
        (window("09:00", None, "mon"), "Europe/Warsaw", "2026-11-24 12:00", "2026-11-30 09:00:00 +0100"),
        # hours: already inside means at once
        (window("09:00", "17:00"), "Europe/Warsaw", "2026-11-22 16:59:59", "2026-11-22 16:59:59 +0100"),
        (window("09:00", "17:00"), "Europe/Warsaw", "2026-11-22 17:00", "2026-11-23 09:00:00 +0100"),
        (
            window("09:00", "17:00", "tue", "wed", "thu"),
            "Europe/Warsaw",
            "2026-11-26 17:00",
            "2026-12-01 09:00:00 +0100",
        ),
        # across midnight: the weekday is the one on which it opens
        (window("22:00", "06:00"), "Europe/Warsaw", "2026-03-28 12:00", "2026-03-28 22:00:00 +0100"),
        (window("22:00", "06:00", "fri"), "Europe/Warsaw", "2026-11-28 03:00", "2026-11-28 03:00:00 +0100"),
        (window("22:00", "06:00", "fri"), "Europe/Warsaw", "2026-11-27 03:00", "2026-11-27 22:00:00 +0100"),
        (window("22:00", "06:00", "fri"), "Europe/Warsaw", "2026-11-28 06:00", "2026-12-04 22:00:00 +0100"),
        # spring: 2:30 does not exist, the first moment after does
        (window("02:30"), "Europe/Warsaw", "2026-03-29 00:00", "2026-03-29 03:00:00 +0200"),
        (window("02:30", "05:00"), "Europe/Warsaw", "2026-03-29 00:00", "2026-03-29 03:00:00 +0200"),
        (window("02:10", "02:50"), "Europe/Warsaw", "2026-03-29 00:00", "2026-03-30 02:10:00 +0200"),
        (window("02:10", "02:50", "sun"), "Europe/Warsaw", "2026-03-28 00:00", "2026-04-05 02:10:00 +0200"),
        (window("02:15"), "Australia/Lord_Howe", "2026-10-04 00:00", "2026-10-04 02:30:00 +1100"),
        # autumn: 2:30 is shown twice, the first counts
        (window("02:30"), "Europe/Warsaw", "2026-10-25 00:00", "2026-10-25 02:30:00 +0200"),
        (window("02:30", "05:00"), "Europe/Warsaw", "2026-10-25 00:00", "2026-10-25 02:30:00 +0200"),
        # zones that skip midnight
        (window("00:00"), "America/Sao_Paulo", "2018-11-03 12:00", "2018-11-04 01:00:00 -0200"),
        (window("00:00", "06:00", "sun"), "America/Sao_Paulo", "2018-11-03 12:00", "2018-11-04 01:00:00 -0200"),
        # a zone that skipped a Friday
        (window("09:00"), "Pacific/Apia", "2011-12-29 10:00", "2011-12-31 09:00:00 +1400"),
        (window("09:00", "17:00", "fri"), "Pacific/Apia", "2011-12-29 10:00", "2012-01-06 09:00:00 +1400"),
    ],
)
def test_the_next_moment_of_a_window(rule: Window, zone: str, after: str, expected: str) -> None:
    assert shown(rule.next(at(after, zone), ZoneInfo(zone)), zone) == expected


def test_the_second_showing_of_an_hour_is_not_another_nine_oclock() -> None:
    second = at("2026-10-25 02:10", fold=1)
    assert shown(window("02:30").next(second, ZoneInfo("Europe/Warsaw"))) == "2026-10-26 02:30:00 +0100"


def test_a_clock_set_back_into_a_window_is_inside_again() -> None:
    assert (
        shown(window("01:30", "02:30").next(at("2026-10-25 02:30"), ZoneInfo("Europe/Warsaw")))
        == "2026-10-25 02:00:00 +0100"
    )


@pytest.mark.parametrize(
    ("zone", "base", "days", "expected"),
    [
        ("Europe/Warsaw", "2026-11-22 23:59", 1, "2026-11-23 00:00:00 +0100"),
        ("Europe/Warsaw", "2026-11-22 00:00", 1, "2026-11-23 00:00:00 +0100"),
        ("Europe/Warsaw", "2026-11-22 12:00", 3, "2026-11-25 00:00:00 +0100"),
        ("America/Sao_Paulo", "2018-11-03 12:00", 1, "2018-11-04 01:00:00 -0200"),
        ("America/Havana", "2026-10-31 12:00", 1, "2026-11-01 00:00:00 -0400"),
        ("Pacific/Apia", "2011-12-29 10:00", 1, "2011-12-31 00:00:00 +1400"),
        ("Asia/Kolkata", "2026-11-22 12:00", 1, "2026-11-23 00:00:00 +0530"),
    ],
)
def test_the_next_calendar_day(zone: str, base: str, days: int, expected: str) -> None:
    assert shown(next_calendar_day(at(base, zone), days, ZoneInfo(zone)), zone) == expected


def test_trap_1_one_day_is_24_hours_on_a_day_of_23_and_of_25_hours() -> None:
    day = Duration(amount=1, unit="days")
    assert shown(day.after(at("2026-03-28 12:00"))) == "2026-03-29 13:00:00 +0200"
    assert shown(day.after(at("2026-10-24 12:00"))) == "2026-10-25 11:00:00 +0100"


def test_trap_1_the_next_calendar_day_begins_at_midnight_whatever_its_length() -> None:
    warsaw = ZoneInfo("Europe/Warsaw")
    for base, expected in [
        ("2026-03-29 00:00", "2026-03-30 00:00:00 +0200"),
        ("2026-10-25 00:00", "2026-10-26 00:00:00 +0100"),
    ]:
        assert shown(next_calendar_day(at(base), 1, warsaw)) == expected
    spring, autumn = at("2026-03-29 00:00"), at("2026-10-25 00:00")
    assert next_calendar_day(spring, 1, warsaw) - spring == 23 * HOUR
    assert next_calendar_day(autumn, 1, warsaw) - autumn == 25 * HOUR


def test_a_day_begun_before_the_clock_was_set_back_over_midnight_is_not_the_next_one() -> None:
    # St John's, 31 October 2010: at 0:01 of 7 November back to 23:01 of the 6th
    zone = ZoneInfo("America/St_Johns")
    late = at("2010-11-06 23:30", "America/St_Johns", fold=1)
    assert shown(next_calendar_day(late, 1, zone), "America/St_Johns") == "2010-11-08 00:00:00 -0330"


# Around every change of the clocks of the zones, and anywhere else
instants = st.one_of(
    st.integers(at("2009-01-01 00:00"), at("2028-01-01 00:00")),
    *(
        st.integers(change - 26 * HOUR, change + 26 * HOUR)
        for change in (
            at("2026-03-29 03:00"),
            at("2026-10-25 02:00"),
            at("2026-03-08 03:00", "America/New_York"),
            at("2026-11-01 01:00", "America/New_York"),
            at("2026-04-05 01:30", "Australia/Lord_Howe"),
            at("2026-10-04 02:30", "Australia/Lord_Howe"),
            at("2018-11-04 01:00", "America/Sao_Paulo"),
            at("2018-02-17 23:00", "America/Sao_Paulo"),
            at("2011-12-31 00:00", "Pacific/Apia"),
            at("2010-11-06 23:01", "America/St_Johns"),
            at("2026-11-01 00:00", "America/Havana"),
        )
    ),
).map(Instant)
clocks = st.times().map(lambda time: time.replace(second=0, microsecond=0))
windows = (
    st.tuples(clocks, st.none() | clocks, st.sets(st.sampled_from(WEEKDAYS), min_size=1))
    .filter(lambda parts: parts[0] != parts[1])
    .map(lambda parts: Window(opens=parts[0], closes=parts[1], weekdays=tuple(parts[2])))
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@settings(max_examples=150, deadline=None)
@given(base=instants, window=windows, zone=zones)
def test_the_next_moment_is_not_earlier_and_inside(base: Instant, window: Window, zone: ZoneInfo) -> None:
    found = window.next(base, zone)
    assert found >= base
    assert window.contains(found, zone)


@settings(max_examples=50, deadline=None)
@given(base=instants, window=windows, zone=zones)
def test_no_earlier_moment_is_inside(base: Instant, window: Window, zone: ZoneInfo) -> None:
    found = window.next(base, zone)
    # every full minute between, since windows open on full minutes and clocks are set on them
    first = base + (-base) % MINUTE
    step = MINUTE if found - first < 2 * DAY else 7 * MINUTE
    inside = [at for at in range(first, found, step) if window.contains(Instant(at), zone)]
    assert inside == []
    assert found == base or not window.contains(base, zone)


@settings(max_examples=100, deadline=None)
@given(base=instants, later=st.integers(0, 3 * DAY), window=windows, zone=zones)
def test_who_comes_later_never_goes_on_earlier(base: Instant, later: int, window: Window, zone: ZoneInfo) -> None:
    assert window.next(base, zone) <= window.next(Instant(base + later), zone)


@settings(max_examples=100, deadline=None)
@given(base=instants, later=st.integers(0, 3 * DAY), days=st.integers(1, 40), zone=zones)
def test_a_calendar_day_is_later_and_keeps_the_order(base: Instant, later: int, days: int, zone: ZoneInfo) -> None:
    found = next_calendar_day(base, days, zone)
    assert found > base
    assert found <= next_calendar_day(Instant(base + later), days, zone)
    assert moment(found, zone).date() > moment(Instant(found - 1), zone).date()


@settings(max_examples=100, deadline=None)
@given(window=windows, base=instants, zone=zones)
def test_a_window_looks_at_the_clock_as_a_plain_reading_of_it_does(
    window: Window, base: Instant, zone: ZoneInfo
) -> None:
    wall = datetime.fromtimestamp(base, tz=UTC).astimezone(zone)
    if window.closes is None:
        return
    length = (window.closes.hour - window.opens.hour) * 60 + window.closes.minute - window.opens.minute
    since = (wall.hour - window.opens.hour) * 60 + wall.minute - window.opens.minute
    opened = wall.date() if since >= 0 else wall.date() - timedelta(days=1)
    naive = since % 1440 < length % 1440 and WEEKDAYS[opened.weekday()] in window.weekdays
    assert window.contains(base, zone) is naive


def test_a_window_is_written_as_it_was_read() -> None:
    for source in (
        '{"weekdays":["tue","wed"],"from":"09:00","to":"17:00"}',
        '{"weekdays":["mon","tue","wed","thu","fri","sat","sun"],"from":"21:30","to":null}',
    ):
        assert Window.model_validate_json(source).model_dump_json() == source


def test_weekdays_are_kept_in_the_order_of_the_week_and_once() -> None:
    assert window("09:00", None, "wed", "mon", "wed").weekdays == ("mon", "wed")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"from": "09:00", "to": "09:00"}, "The window opens and closes at 9:00."),
        ({"from": "09:00", "weekdays": [["mon"]]}, "Input should be 'mon', 'tue'"),
        ({"from": "9 o'clock"}, "“9 o'clock” is not a time of day; write it as 09:00."),
        ({"from": "09:00:30"}, "“09:00:30” is not a time of day"),
        ({"from": "24:00"}, "“24:00” is not a time of day"),
        ({"from": "09:00", "weekdays": []}, "at least 1 item"),
        ({"from": "09:00", "weekdays": ["monday"]}, "'mon'"),
    ],
)
def test_nonsense_is_refused(source: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text.replace(".", r"\.")):
        Window.model_validate(source)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (window("09:00"), "9:00"),
        (window("09:00", "17:00"), "9:00–17:00"),
        (window("09:00", "17:00", "tue", "wed", "thu"), "Tuesday to Thursday 9:00–17:00"),
        (window("09:00", None, "mon", "fri"), "Monday and Friday 9:00"),
        (window("09:00", None, "mon", "wed", "fri"), "Monday, Wednesday and Friday 9:00"),
    ],
)
def test_a_window_in_words(rule: Window, words: str) -> None:
    assert say_window(rule) == words


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (1, "days", "1 day"),
        (3, "days", "3 days"),
        (1, "hours", "1 hour"),
        (90, "minutes", "90 minutes"),
        (2, "weeks", "2 weeks"),
    ],
)
def test_a_duration_in_words(amount: int, unit: str, words: str) -> None:
    assert say_duration(Duration.model_validate({"amount": amount, "unit": unit})) == words


@pytest.mark.parametrize("source", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"amount": 600, "unit": "weeks"}])
def test_lengths_that_make_no_sense_are_refused(source: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Duration.model_validate(source)
