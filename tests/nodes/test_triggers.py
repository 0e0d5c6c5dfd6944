"""The families of trigger by themselves: rules of the calendar, words, checks, settings that make no sense."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.base.time import Instant, moment
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import ScheduleTrigger

WARSAW = ZoneInfo("Europe/Warsaw")


def trigger(on: dict[str, Any], **more: Any) -> Trigger:
    return Trigger.model_validate({"on": on} | more)


def schedule(rule: str, starts_on: str = "2026-01-01", **on: Any) -> ScheduleTrigger:
    return ScheduleTrigger.model_validate({"rule": rule, "starts_on": starts_on} | on)


def days(rule: str, first: str, last: str, starts_on: str = "2026-01-01") -> list[str]:
    found = schedule(rule, starts_on).days(date.fromisoformat(first), date.fromisoformat(last))
    return [day.isoformat() for day in found]


# --- rules of the calendar -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-11-27"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-11-30"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", ["2026-11-26"]),
        ("FREQ=DAILY;INTERVAL=10", ["2026-11-07", "2026-11-17", "2026-11-27"]),
        ("freq=weekly; byday=tu ;until=20261110", ["2026-11-03", "2026-11-10"]),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=31", []),
        ("FREQ=DAILY;COUNT=3", []),
    ],
)
def test_the_days_of_a_rule(rule: str, found: list[str]) -> None:
    assert days(rule, "2026-11-01", "2026-11-30") == found


def test_29_february_comes_in_leap_years_only() -> None:
    assert days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2026-01-01", "2036-12-31") == [
        "2028-02-29",
        "2032-02-29",
        "2036-02-29",
    ]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day, of no zone


_WEEKDAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True)


@settings(max_examples=60, deadline=None)
@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 5),
    weekdays=_WEEKDAYS,
    starts_on=st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    later=st.integers(0, 2000),
)
def test_working_in_later_years_changes_no_day(
    frequency: str, interval: int, weekdays: list[str], starts_on: date, later: int
) -> None:
    rule = f"FREQ={frequency};INTERVAL={interval};BYDAY={','.join(weekdays)}"
    first = starts_on + timedelta(days=later)
    last = first + timedelta(days=60)
    wanted = rrulestr(rule, dtstart=midnight(starts_on)).between(midnight(first), midnight(last), inc=True)
    assert schedule(rule, starts_on.isoformat()).days(first, last) == [day.date() for day in wanted]


def test_a_rule_that_no_day_fits_is_refused_after_bounded_work() -> None:
    began = time.process_time()
    with pytest.raises(ValidationError, match="No day ever fits"):
        schedule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    # searched to the year 9999 it takes 20 s; a generous bound, since machines differ
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("every monday", "is no rule of the calendar"),
        ("FREQ=HOURLY", "needs a FREQ, one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;BYHOUR=9", "“BYHOUR” cannot stand in the rule"),
        ("DTSTART=20260101;FREQ=DAILY", "“DTSTART” cannot stand in the rule"),
        ("FREQ=DAILY;FREQ=DAILY", "stands in the rule twice"),
        ("FREQ=DAILY;UNTIL=20261101T000000Z", "write UNTIL like 20271231"),
        ("FREQ=DAILY;UNTIL=20261399", "is no rule of the calendar"),
        ("FREQ=WEEKLY;BYDAY=XX", "is no rule of the calendar"),
        ("FREQ=DAILY;INTERVAL=0", "is no rule of the calendar|No day ever fits"),
        ("FREQ=DAILY;INTERVAL=9999999", "a number that is too large"),
        ("FREQ=DAILY;COUNT=x", "is no rule of the calendar"),
        ("FREQ=DAILY;UNTIL=20200101", "No day ever fits"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        schedule(rule)


def test_trap_1_the_time_of_day_is_the_workspaces_through_the_change_of_its_clock() -> None:
    on = schedule("FREQ=DAILY", at="02:30")
    due = [on.due(["America/New_York"], date(2026, 3, day), WARSAW)["America/New_York"] for day in (28, 29, 30)]
    assert [f"{moment(Instant(at), WARSAW):%d %H:%M}" for at in due] == ["28 02:30", "29 03:00", "30 02:30"]
    assert [later - earlier for earlier, later in pairwise(due)] == [84_600, 84_600]


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (
            {"type": "schedule", "rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "starts_on": "2026-11-01"},
            "comes in by the calendar, every 2 weeks (on Tuesday and Friday) from 2026-11-01 on, at 9:00",
        ),
        (
            {"type": "schedule", "rule": "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "starts_on": "2026-11-01"},
            "comes in by the calendar, every month (on Friday number 1 from the end; 3 times in all) from 2026-11-01 on, "
            "at 9:00",
        ),
        (
            {"type": "inactivity", "events": ["page.visited", "purchase.made"], "days": 5},
            "has had none of these for 5 days: “page.visited”, “purchase.made”, at 9:00",
        ),
        ({"type": "stage", "funnel": "club", "stage": "new"}, "comes to the stage “new” of “club”"),
        (
            {"type": "segment", "segment": "at-risk", "moved_from": "loyal"},
            "moves from the segment “loyal” to “at-risk”",
        ),
        (
            {"type": "segment", "segment": "at-risk", "moved_from": "loyal", "left_within_days": 3},
            "enters the segment “at-risk” within 3 days of leaving “loyal”",
        ),
        ({"type": "change", "attribute": "city"}, "“city” changes"),
        (
            {"type": "change", "attribute": "points", "becomes": {"op": ">=", "value": 200}},
            "it comes to be that “points” is at least 200",
        ),
        (
            {"type": "product", "what": "price drop", "at_least_percent": 10, "category": "tea"},
            "the price of a product falls by at least 10 % (of the category “tea”)",
        ),
        ({"type": "product", "what": "back in stock", "product": "x"}, "a product is in stock again (of “x”)"),
        (
            {"type": "date", "date": {"type": "first purchase"}, "yearly": True},
            "comes in on every year's day of the first order, at 9:00",
        ),
        (
            {"type": "date", "date": {"type": "last event", "event": "a.b"}, "offset_days": 5},
            "comes in 5 days after the last “a.b”, at 9:00",
        ),
        (
            {
                "type": "feed",
                "feed": "weather",
                "where": [{"field": "t_min", "op": "<", "value": 0}],
                "attribute": "region",
            },
            "“weather” comes to say, for the contact's “region”: t_min is less than 0",
        ),
    ],
)
def test_a_trigger_in_words(on: dict[str, Any], words: str, names) -> None:
    assert trigger(on).words(names) == words


# --- checks ----------------------------------------------------------------------------------------------------------

FEED = {"type": "feed", "feed": "weather", "where": [{"field": "t", "op": "<", "value": 0}], "attribute": "region"}


def checks(node: Trigger, surroundings: Any, **catalogue: Any) -> list[str]:
    known = Catalogue(**catalogue) if catalogue else None
    return [problem.check for problem in node.problems(surroundings(catalogue=known))]


def test_who_matches_already_means_nobody_for_what_only_happens(surroundings) -> None:
    assert checks(trigger({"type": "event", "event": "a.b"}, existing=True), surroundings) == ["no-existing"]


@pytest.mark.parametrize(
    "on",
    [{"type": "product", "what": "price drop"}, {"type": "schedule", "rule": "FREQ=DAILY", "starts_on": "2026-01-01"}],
)
def test_a_trigger_that_would_bring_everybody_in_warns(on: dict[str, Any], surroundings) -> None:
    assert checks(trigger(on), surroundings) == ["everybody-comes-in"]
    assert checks(trigger(on, only={"leaf": "tag", "tag": "vip"}), surroundings) == []


def test_a_feed_finds_contacts_by_a_text(surroundings) -> None:
    known = {"feeds": frozenset({"weather"}), "attributes": {"region": AttributeEntry("number")}}
    assert checks(trigger(FEED), surroundings, **known) == ["no-text"]
    assert checks(trigger(FEED), surroundings, **known | {"attributes": {"region": AttributeEntry("choice")}}) == []


def test_unknown_feeds_stages_and_segments_block(surroundings) -> None:
    known = {"attributes": {"region": AttributeEntry("text")}, "segments": {"vip": "VIP"}}
    assert checks(trigger(FEED), surroundings, **known) == ["unknown-feed"]
    assert checks(trigger({"type": "stage", "funnel": "a", "stage": "b"}), surroundings, **known) == ["unknown-stage"]
    moved = {"type": "segment", "segment": "vip", "moved_from": "loyal"}
    assert checks(trigger(moved), surroundings, **known) == ["unknown-segment"]


@pytest.mark.parametrize(
    ("on", "subject", "names"),
    [
        ({"type": "product", "what": "price drop"}, "product", True),
        (FEED, "feed", True),
        ({"type": "inactivity", "events": ["a.b"], "days": 1}, "event", True),
        ({"type": "date", "date": {"type": "last purchase"}, "yearly": True}, "purchase", True),
        ({"type": "stage", "funnel": "a", "stage": "b"}, "product", False),
        ({"type": "date", "date": {"type": "last purchase"}, "yearly": True}, "event", False),
    ],
)
def test_what_a_passage_can_be_about(on: dict[str, Any], subject: str, names: bool, surroundings) -> None:
    node = trigger(on, subject=subject, only={"leaf": "tag", "tag": "vip"})
    assert ("no-subject" in checks(node, surroundings)) is not names


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ({"type": "segment", "segment": "a", "movement": "left", "moved_from": "b"}, "Only who enters"),
        ({"type": "segment", "segment": "a", "moved_from": "a"}, "coming from itself"),
        ({"type": "segment", "segment": "a", "left_within_days": 3}, "name it"),
        ({"type": "inactivity", "events": [], "days": 5}, "too_short"),
        ({"type": "inactivity", "events": ["a.b"], "days": 0}, "greater than or equal to 1"),
        ({"type": "date", "date": {"type": "first purchase"}}, "at least 1 day after, or every year"),
        ({"type": "date", "date": {"type": "first event"}, "yearly": True}, "event"),
        ({"type": "product", "what": "back in stock", "at_least_percent": 5}, "Only a price drops"),
        ({"type": "product", "what": "price drop", "product": "a", "category": "b"}, "not both"),
        ({"type": "change", "attribute": "points", "becomes": {"op": "between", "value": 3}}, "between"),
        (FEED | {"where": []}, "too_short"),
    ],
)
def test_settings_that_make_no_sense_are_refused(on: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        trigger(on)
