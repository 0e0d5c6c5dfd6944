from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from journeys.base.catalogue import Catalogue, PoolEntry
from journeys.base.time import Instant
from journeys.nodes.code import Code
from journeys.nodes.cohort import members
from journeys.store import tables as t
from journeys.store.codes import NewCode, define_pool, insert_codes

NOW = Instant(1_795_345_200)  # 2026-11-22
CLUB = Code(pool="club")


def stock(case: Any, *codes: NewCode, pool: str = "club") -> None:
    define_pool(case.conn, pool)
    insert_codes(case.conn, pool, codes)


def held(case: Any) -> dict[str, int | None]:
    return {row.value: row.enrollment for row in case.conn.execute(select(t.code).order_by(t.code.c.id))}


def test_D5_everybody_gets_a_code_of_their_own_with_its_worth_and_validity(case) -> None:

    stock(case, NewCode("A", "10 %", date(2026, 12, 31)), NewCode("B", "10 %"))
    first, second = case.member(), case.member()
    decided = case.decide(CLUB)
    assert [decided[one].outlet for one in (first, second)] == ["done", "done"]
    assert decided[first].values == {"code": "A", "worth": "10 %", "valid_until": "2026-12-31"}
    assert decided[second].values == {"code": "B", "worth": "10 %", "valid_until": None}
    row = case.conn.execute(select(t.code).where(t.code.c.value == "A")).one()
    assert (row.contact, row.enrollment, row.visit, row.taken_at) == (case.contact_of(first), first, 3, NOW)
    assert row.used_at is None


def test_whoever_comes_when_all_are_taken_finds_the_pool_empty(case) -> None:
    stock(case, NewCode("A"))
    first, second = case.member(), case.member()
    decided = case.decide(CLUB)
    assert (decided[first].outlet, decided[second].outlet) == ("done", "pool_empty")
    assert decided[second].values is None


def test_a_stay_that_is_asked_twice_keeps_its_code(case) -> None:
    stock(case, NewCode("A"), NewCode("B"))
    member = case.member()
    for _ in range(2):
        assert case.decide(CLUB)[member].values["code"] == "A"
    assert held(case) == {"A": member, "B": None}


def test_the_next_stay_of_a_passage_gets_another_code(case) -> None:

    stock(case, NewCode("A"), NewCode("B"))
    member = case.member()
    case.decide(CLUB)
    case.conn.execute(update(members).values(n=5))
    assert case.decide(CLUB)[member].values["code"] == "B"


def test_codes_of_other_pools_stay_where_they_are(case) -> None:
    stock(case, NewCode("X"), pool="other")
    stock(case)
    assert case.outlet(CLUB, case.member()) == "pool_empty"


def test_what_is_over_first_goes_first_and_what_is_over_never(case) -> None:

    stock(
        case,
        NewCode("for good"),
        NewCode("late", valid_until=date(2026, 12, 31)),
        NewCode("today", valid_until=date(2026, 11, 22)),
        NewCode("over", valid_until=date(2026, 11, 21)),
    )
    who = [case.member() for _ in range(4)]
    case.decide(CLUB)
    assert held(case) == {"today": who[0], "late": who[1], "for good": who[2], "over": None}


def test_a_code_must_be_good_for_the_days_asked(case) -> None:

    stock(case, NewCode("soon", valid_until=date(2026, 11, 28)), NewCode("later", valid_until=date(2026, 11, 29)))
    member = case.member()
    case.decide(Code(pool="club", good_for_days=7))
    assert held(case) == {"soon": None, "later": member}


def test_the_day_a_code_is_over_is_the_workspaces(case) -> None:

    stock(case, NewCode("A", valid_until=date(2026, 11, 22)))
    # 23:30 in Warsaw is still the 22nd, 0:30 no more
    evening = Instant(NOW + 12 * 3600 - 1800)
    member = case.member()
    assert case.outlet(CLUB, member, now=Instant(evening + 3600)) == "pool_empty"
    assert case.outlet(CLUB, member, now=evening) == "done"


def test_members_elsewhere_take_nothing(case) -> None:
    stock(case, NewCode("A"))
    case.member(node="ELSEAAAA")
    case.member(version=2)
    case.member(phase=2)
    case.decide(CLUB)
    assert held(case) == {"A": None}


@pytest.mark.parametrize(("free", "found"), [(0, True), (9, True), (10, False)])
def test_a_pool_that_runs_low_is_a_hint(surroundings, free: int, found: bool) -> None:
    around = surroundings(catalogue=Catalogue(pools={"club": PoolEntry(free, 10)}))
    assert [one.check for one in CLUB.problems(around)] == (["pool-low"] if found else [])


def test_an_empty_pool_is_a_hint_whatever_it_calls_low(surroundings) -> None:
    (problem,) = CLUB.problems(surroundings(catalogue=Catalogue(pools={"club": PoolEntry(0, 0)})))
    assert problem.sentence == (
        "The pool “club” runs low: 0 codes are left. Add codes with: kanwa codes import club FILE"
    )


def test_an_unknown_pool_blocks_and_names_the_nearest(surroundings) -> None:
    (problem,) = CLUB.problems(surroundings(catalogue=Catalogue(pools={"club-10": PoolEntry(99)})))
    assert (problem.check, problem.sentence) == (
        "unknown-pool",
        "There is no pool of codes “club”. The nearest is “club-10”.",
    )


def test_a_code_in_words(names) -> None:
    assert CLUB.words(names) == "takes a code of “club”"
    assert Code(pool="club", good_for_days=14).words(names) == (
        "takes a code of “club” that is good for 14 days or longer"
    )


def test_a_thousand_members_take_a_thousand_codes_in_one_statement(case) -> None:
    stock(case, *(NewCode(f"C{n:04}") for n in range(1200)))
    case.crowd(range(1000))
    case.decide(CLUB)
    taken = [who for who in held(case).values() if who is not None]
    assert len(taken) == len(set(taken)) == 1000
