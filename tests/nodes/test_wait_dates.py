"""What waits for dates and rhythms say, check and refuse, and which moments they mean."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.base.time import DAY, Instant, day_of, instant, moment
from journeys.nodes.late import Late
from journeys.nodes.trigger import Trigger
from journeys.nodes.wait import UntilDate, Wait

WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = ["Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns"]
CONTRACT_ENDS = {"type": "date", "date": {"type": "contract end"}}


def wait(rule: dict[str, Any], **more: Any) -> Wait:
    return Wait.model_validate({"rule": rule} | more)


def dated(kind: str = "day", **more: Any) -> Wait:
    given = {"day": {"day": "2026-12-10"}, "attribute": {"attribute": "trial_ends"}, "event": {"field": "starts"}}
    return wait({"type": "date", "date": {"type": kind} | given.get(kind, {})} | more)


def rhythm(**more: Any) -> Wait:
    return wait({"type": "purchase rhythm"} | more)


def means(base: str, zone: str = "Europe/Warsaw", **more: Any) -> str | None:
    rule = dated(**more).rule
    assert isinstance(rule, UntilDate)
    at = rule.moment_of(base, ZoneInfo(zone), WARSAW)
    return None if at is None else f"{moment(at, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("base", "more", "expected"),
    [
        ("2026-12-10", {}, "2026-12-10 09:00"),
        ("2026-12-10", {"at": None}, "2026-12-10 00:00"),
        ("2026-12-10", {"offset_days": -10, "at": "18:30"}, "2026-11-30 18:30"),
        ("@1795345200", {}, "2026-11-22 09:00"),
        ("@1795345200", {"at": None}, "2026-11-22 12:00"),
        ("@1795345200", {"at": None, "offset_days": 1}, "2026-11-23 12:00"),
        ("2026-12-10T23:30:00Z", {"at": None}, "2026-12-11 00:30"),
        # without an offset by the workspace's clock
        ("2026-12-10T10:00", {"at": None}, "2026-12-10 10:00"),
        # the clock that is set back shows 2:30 twice: the moment itself where nothing is added
        ("2026-10-25T01:30:00Z", {"at": None}, "2026-10-25 02:30"),
        ("soon", {}, None),
        ("@soon", {}, None),
        ("2026-02-30", {}, None),
        ("9999-12-31", {"offset_days": 1}, None),
    ],
)
def test_what_a_date_means(base: str, more: dict[str, Any], expected: str | None) -> None:
    assert means(base, **more) == expected


@settings(max_examples=200, deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.integers(-400, 400),
    st.sampled_from(ZONES),
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
)
def test_a_day_is_met_on_that_day_unless_the_clock_skips_it(day: date, offset: int, zone: str, clock: Any) -> None:
    rule = dated(offset_days=offset, at=f"{clock:%H:%M}").rule
    assert isinstance(rule, UntilDate)
    at = rule.moment_of(day.isoformat(), ZoneInfo(zone), WARSAW)
    assert at is not None
    wanted = day + timedelta(days=offset)
    shown = moment(at, ZoneInfo(zone)).replace(tzinfo=None)
    assert datetime.combine(wanted, clock) <= shown <= datetime.combine(wanted, clock) + timedelta(days=1, hours=1)
    assert shown == datetime.combine(wanted, clock) or day_of(Instant(at - 1), ZoneInfo(zone)) <= wanted


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 40 * DAY),
    st.integers(DAY + 1, 60 * DAY),
    st.sampled_from(ZONES),
    st.sampled_from([None, {"from": "09:00", "to": "17:00"}, {"weekdays": ["mon"], "from": "22:00", "to": "06:00"}]),
)
def test_trap_11_who_is_late_goes_on_within_the_window_and_not_before_now(
    due: int, late: int, zone: str, window: dict[str, Any] | None
) -> None:
    due_at = Instant(instant(datetime(2026, 3, 1, tzinfo=WARSAW)) + due)
    now = Instant(due_at + late)
    rule = Late.model_validate({"window": window})
    again_at = rule.again_at(due_at, now=now, zone=ZoneInfo(zone))
    assert again_at >= now
    if rule.window is None:
        assert again_at - now <= DAY + 3600
        wanted, shown = moment(due_at, ZoneInfo(zone)), moment(again_at, ZoneInfo(zone))
        gap = (shown.hour, shown.minute) != (wanted.hour, wanted.minute)
        assert not gap or shown.utcoffset() != moment(Instant(again_at - 1), ZoneInfo(zone)).utcoffset()
    else:
        assert rule.window.contains(again_at, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (dated(), "wait until 2026-12-10, at 9:00 in the contact's time"),
        (
            dated("attribute", offset_days=-3, at=None),
            "wait until 3 days before “trial_ends”",
        ),
        (dated("contract", offset_days=1), "wait until 1 day after the last day of the contract, at 9:00 in the contact's time"),
        (
            wait(
                {"type": "date", "date": {"type": "purchase"}, "offset_days": 14, "at": None},
                then={"weekdays": ["mon"], "from": "09:00"},
                late={"then": "skip"},
            ),
            "wait until 14 days after the day of the purchase, then until Monday 9:00 in the contact's time; left out if late by more than 1 day",
        ),
        (
            rhythm(),
            "wait for the contact's usual time between purchases (median); who has bought on one day only waits as all do, else 30 days",
        ),
        (
            rhythm(by="mean", factor=1.5, segment="loyal", at_least={"amount": 3}, at_most={"amount": 90}),
            "wait for 1.5 times the contact's mean time between purchases; who has bought on one day only waits as “loyal” does, else as all do, else 30 days; 3 days at least and 90 days at most",
        ),
    ],
)  # fmt: skip
def test_in_words(node: Wait, text: str, names: Any) -> None:
    assert node.words(names) == text


def test_a_label_with_braces_is_said_as_it_is() -> None:
    class Braces:
        def label(self, kind: str, key: str) -> str:
            return "{window}"

    node = wait({"type": "date", "date": {"type": "attribute", "attribute": "x"}, "at": None}, then={"from": "09:00"})
    assert node.words(Braces()) == "wait until “{window}”, then until 9:00 in the contact's time"


@pytest.mark.parametrize(
    ("settings_", "text"),
    [
        ({"rule": {"type": "purchase rhythm", "factor": 0.1234}}, "three decimal places"),
        ({"rule": {"type": "purchase rhythm", "factor": 0}}, "greater than 0"),
        ({"rule": {"type": "purchase rhythm", "at_least": {"amount": 9}, "at_most": {"amount": 3}}}, "shorter than"),
        ({"rule": {"type": "date", "date": {"type": "day", "day": "2026-02-30"}}}, "day"),
        ({"rule": {"type": "date", "date": {"type": "day", "day": "2026-02-20"}, "offset_days": 4000}}, "3660"),
        (
            {
                "rule": {"type": "criterion", "criterion": {"leaf": "tag", "tag": "x"}, "timeout": {"amount": 1}},
                "late": {},
            },
            "may come at any time",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings_: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Wait.model_validate(settings_)


# --- checks ----------------------------------------------------------------------------------------------------------


def checks(node: Wait, around: Any) -> list[str]:
    return [problem.check for problem in node.problems(around)]


@pytest.mark.parametrize(
    ("day", "more", "found"),
    [
        ("2026-11-20", {}, ["always-past"]),
        ("2026-11-20", {"offset_days": 5}, []),
        # somewhere it is still the 23rd when Warsaw has the 24th
        ("2026-11-23", {}, ["always-past"]),
        ("2026-11-24", {}, []),
    ],
)
def test_a_day_that_has_gone_by_everywhere_is_always_past(
    surroundings: Any, day: str, more: dict[str, Any], found: list[str]
) -> None:
    around = surroundings(catalogue=Catalogue(today=date(2026, 11, 24)))
    assert checks(wait({"type": "date", "date": {"type": "day", "day": day}} | more), around) == found


def test_without_a_day_nothing_is_said_to_be_past(surroundings: Any) -> None:
    node = wait({"type": "date", "date": {"type": "day", "day": "1999-01-01"}})
    assert checks(node, surroundings()) == checks(node, surroundings(catalogue=Catalogue())) == []


@pytest.mark.parametrize(("comes_in", "offset", "found"), [(-3, -7, ["always-past"]), (-7, -3, []), (-3, -3, [])])
def test_who_comes_in_after_the_day_meant_takes_already_past(
    surroundings: Any, comes_in: int, offset: int, found: list[str]
) -> None:
    trigger = Trigger.model_validate({"on": CONTRACT_ENDS | {"offset_days": comes_in}, "subject": "contract"})
    assert checks(dated("contract", offset_days=offset), surroundings(nodes={"TRIGGERA": trigger})) == found


def test_before_a_purchase_that_was_made_is_always_past(surroundings: Any) -> None:
    trigger = Trigger.model_validate({"on": {"type": "event", "event": "purchase.made"}, "subject": "purchase"})
    around = surroundings(nodes={"TRIGGERA": trigger})
    assert checks(dated("purchase", offset_days=-1), around) == ["always-past"]
    assert checks(dated("purchase", offset_days=1), around) == []


def test_a_passage_about_nothing_has_no_contract_to_wait_for(surroundings: Any) -> None:
    around = surroundings(nodes={"TRIGGERA": Trigger.model_validate({"on": {"type": "list"}})})
    (problem,) = dated("contract").problems(around)
    assert (problem.check, problem.nodes) == ("no-subject", ("HEREAAAA", "TRIGGERA"))
    assert problem.sentence == "Who comes in by “TRIGGERA” is about no contract, and goes by “already past”."


def test_an_attribute_that_is_no_date_blocks(surroundings: Any) -> None:
    catalogue = Catalogue(attributes={"trial_ends": AttributeEntry("text")})
    assert checks(dated("attribute"), surroundings(catalogue=catalogue)) == ["no-date"]
    assert checks(dated("attribute"), surroundings(catalogue=Catalogue())) == ["unknown-attribute"]


def test_an_unknown_segment_of_a_rhythm_blocks(surroundings: Any) -> None:
    assert checks(rhythm(segment="loyal"), surroundings(catalogue=Catalogue())) == ["unknown-segment"]
