from __future__ import annotations

import pytest
from pydantic import ValidationError

from journeys.base.time import DAY
from journeys.nodes.repeat import Repeat

NOW = 1_795_345_200
THREE_TIMES = Repeat(at_most=3, at_least_days=30)


def test_the_first_time_goes_again_at_once(case) -> None:
    member = case.member()
    decided = case.decide(THREE_TIMES)[member]
    assert (decided.outlet, decided.values) == ("again", {"times": 0, "at_most": 3})


def test_fewer_than_n_times_goes_again_and_then_it_is_enough(case) -> None:
    twice, thrice = case.member(), case.member()
    for member, rounds in ((twice, 2), (thrice, 3)):
        for n in range(rounds):
            case.hop(member, n, "HEREAAAA", "again", NOW - (40 - n) * DAY)
    decided = case.decide(THREE_TIMES)
    assert (decided[twice].outlet, decided[thrice].outlet) == ("again", "enough")


@pytest.mark.parametrize(("ago", "outlet"), [(30 * DAY, "again"), (30 * DAY - 1, None)])
def test_who_went_again_too_lately_rests_until_the_days_are_over(case, ago: int, outlet: str | None) -> None:
    member = case.member()
    case.hop(member, 0, "HEREAAAA", "again", NOW - ago)
    decided = case.decide(THREE_TIMES)[member]
    assert (decided.outlet, decided.due_at) == (outlet, NOW - ago + 30 * DAY)


def test_only_this_passage_this_node_and_this_outlet_are_counted(case) -> None:
    member, other = case.member(), case.member()
    once = Repeat(at_most=1)
    case.hop(other, 0, "HEREAAAA", "again", NOW - DAY)
    case.hop(member, 0, "OTHERAAA", "again", NOW - DAY)
    case.hop(member, 1, "HEREAAAA", "enough", NOW - DAY)
    assert case.outlet(once, member) == "again"


def test_a_repeat_in_words(names) -> None:
    assert THREE_TIMES.words(names) == "at most 3 times, 30 days apart"
    assert Repeat(at_most=1, at_least_days=1).words(names) == "at most 1 time, 1 day apart"
    assert Repeat(at_most=2).words(names) == "at most 2 times"


def test_a_repeat_rests_its_days_on_the_way_again() -> None:
    assert (THREE_TIMES.rests("again"), THREE_TIMES.rests("enough")) == (30 * DAY, 0)


@pytest.mark.parametrize("settings", [{"at_most": 0}, {"at_most": 3, "at_least_days": -1}, {"at_most": 2.5}])
def test_numbers_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Repeat.model_validate(settings)
