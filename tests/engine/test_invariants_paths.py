"""Paths do not depend on when the engine is run, as long as it is run whenever something happens or falls due."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from journeys.store.store import Store
from tests.engine.stage import Stage, told
from tests.engine.stories import MOMENTS, SPAN, Story, for_all, stories

#: with ticks in between that nothing calls for, some at the same second again
BUSIER = st.tuples(stories(), st.lists(st.one_of(MOMENTS, st.integers(1, SPAN)), min_size=5, max_size=25))


def same_paths(store: Store, story: Story, more: list[int]) -> None:
    needed = Stage(store, story)
    needed.play_to_the_second()
    expected = told(needed)
    busier = Stage(store, story)
    busier.play_to_the_second(more=more)
    assert told(busier) == expected


def test_ticks_that_nothing_calls_for_change_no_path(store: Store) -> None:
    for_all(BUSIER, lambda pair: same_paths(store, *pair), sqlite=8, postgresql=2, store=store)


@pytest.mark.long
def test_ticks_that_nothing_calls_for_change_no_path_of_many(store: Store) -> None:
    for_all(BUSIER, lambda pair: same_paths(store, *pair), sqlite=60, postgresql=12, store=store)
