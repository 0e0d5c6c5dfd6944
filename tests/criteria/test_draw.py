"""The random draw: the same contacts on both databases and in Python, independent from split to split."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import Integer, literal, select

from journeys.criteria import below, draw_share, drawn, drawn_value
from journeys.criteria.draw import MODULUS
from journeys.store.store import Store


def test_trap_9_databases_and_python_draw_alike(store: Store) -> None:
    chance = random.Random(4)
    draws = [0, 1, 2**31 - 2, 2**31 - 1, *(chance.randrange(2**31) for _n in range(20))]
    pairs = [(1, 0), (MODULUS - 1, MODULUS - 1), draw_share("J", "A"), draw_share("J", "B")]
    with store.read() as conn:
        for pair in pairs:
            row = conn.execute(select(*(drawn(literal(draw, Integer()), pair) for draw in draws))).one()
            assert list(row) == [drawn_value(draw, pair) for draw in draws]


def test_trap_9_a_share_is_stable_and_splits_are_independent() -> None:
    chance = random.Random(7)
    draws = [chance.randrange(2**31) for _n in range(20_000)]
    first, second = draw_share("J", "A"), draw_share("J", "B")
    assert draw_share("J", "A") == first != second
    in_first = [drawn_value(draw, first) < below(30) for draw in draws]
    in_second = [drawn_value(draw, second) < below(50) for draw in draws]
    assert sum(in_first) / len(draws) == pytest.approx(0.30, abs=0.01)
    both = sum(a and b for a, b in zip(in_first, in_second, strict=True))
    assert both / len(draws) == pytest.approx(0.15, abs=0.01)


def test_ids_do_not_run_into_each_other() -> None:
    assert draw_share("ab", "c") != draw_share("a", "bc")


@pytest.mark.parametrize(("percent", "bound"), [(0, 0), (100, MODULUS), (0.1, 2147484), (50, 1073741824)])
def test_the_bound_of_a_share(percent: float, bound: int) -> None:
    assert below(percent) == bound
