"""What a wait means for a contact who comes now."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from journeys.base.time import instant
from journeys.nodes.wait import Wait
from widgets.inspector.example import example
from widgets.inspector.supplies import Person

WARSAW, TOKYO = ZoneInfo("Europe/Warsaw"), ZoneInfo("Asia/Tokyo")
NOW = instant(datetime(2026, 11, 21, 12, 40, tzinfo=WARSAW))
ANNA = Person("Anna", "Warsaw", WARSAW, {"trial_ends": "2026-12-24"})


def said(settings, person: Person = ANNA) -> str | None:
    return example(Wait.model_validate(settings), person, now=NOW, zone=WARSAW)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"rule": {"type": "duration", "amount": 3}, "then": {"from": "09:00"}}, "goes on Wed 25 Nov 9:00"),
        ({"rule": {"type": "calendar days", "days": 1}}, "goes on Sun 22 Nov 0:00"),
        ({"rule": {"type": "at once"}}, "goes on at once"),
        ({"rule": {"type": "at once"}, "then": {"weekdays": ["mon"], "from": "10:00", "to": "12:00"}}, "goes on Mon 23 Nov 10:00"),
        ({"rule": {"type": "date", "date": {"type": "day", "day": "2027-01-04"}}}, "goes on Mon 4 Jan 2027 9:00"),
        ({"rule": {"type": "date", "date": {"type": "day", "day": "2026-11-01"}}}, "goes on at once by “already past”"),
        (
            {"rule": {"type": "date", "date": {"type": "attribute", "attribute": "trial_ends"}, "offset_days": -3}},
            "goes on Mon 21 Dec 9:00",
        ),
        (
            {"rule": {"type": "criterion", "criterion": {"leaf": "tag", "tag": "x"}, "timeout": {"amount": 7}}},
            "goes on as soon as it happens, at the latest Sat 28 Nov 12:40",
        ),
    ],
)  # fmt: skip
def test_it_is_said_by_the_rule_of_the_wait(settings, sentence):
    assert said(settings) == f"Anna, Warsaw: enters now → {sentence}"


def test_the_persons_clock_counts():
    person = Person("Yuki", "Tokyo", TOKYO)
    assert said({"rule": {"type": "at once"}, "then": {"from": "09:00"}}, person) == (
        "Yuki, Tokyo: enters now → goes on Sun 22 Nov 9:00"
    )


def test_a_rhythm_is_that_of_who_has_bought_once():
    assert said({"rule": {"type": "purchase rhythm", "otherwise": {"amount": 10}}}) == (
        "Anna, Warsaw, who has bought once: enters now → goes on Tue 1 Dec 12:40"
    )


def test_a_date_that_only_data_knows_is_not_made_up():
    assert said({"rule": {"type": "date", "date": {"type": "contract"}}}) is None
    assert said({"rule": {"type": "date", "date": {"type": "attribute", "attribute": "unknown"}}}) is None
