"""A crash between any two statements of a tick changes nothing: the next tick goes on as if there had been none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import event

from journeys.store.store import Store
from tests.engine.invariants import broken
from tests.engine.stage import Stage, told
from tests.engine.stories import Story, for_all, stories


class Crash(Exception):
    """The process dies here."""


@contextmanager
def crashing(store: Store, after: int) -> Iterator[None]:
    """Let the statement after so many others fail before it is executed; a COMMIT counts as one."""
    left = after

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise Crash

    event.listen(store.engine, "before_cursor_execute", count)
    event.listen(store.engine, "commit", count)
    try:
        yield
    finally:
        event.remove(store.engine, "before_cursor_execute", count)
        event.remove(store.engine, "commit", count)


#: a story; for each attempt at a tick after how many statements it dies; whether a new process takes over
CRASHES = st.tuples(stories(), st.lists(st.integers(0, 60), min_size=10, max_size=25), st.booleans())


def same_after_crashes(store: Store, story: Story, crashes: Sequence[int], *, new_process: bool) -> None:
    clean = Stage(store, story)
    clean.play()
    expected = told(clean)
    stage = Stage(store, story)
    dies_after = iter(crashes)

    def beat() -> None:
        while True:
            after = next(dies_after, None)
            if after is None:
                break
            try:
                with crashing(store, after):
                    stage.tick()
            except Crash:
                assert broken(stage) == []
                if new_process:
                    stage.renew()
            else:
                break
        stage.beat()

    stage.play(beat=beat)
    assert told(stage) == expected


def test_a_crash_between_any_two_statements_changes_nothing(store: Store) -> None:
    for_all(
        CRASHES,
        lambda case: same_after_crashes(store, case[0], case[1], new_process=case[2]),
        sqlite=8,
        postgresql=2,
        store=store,
    )


@pytest.mark.long
def test_many_crashes_between_any_two_statements_change_nothing(store: Store) -> None:
    for_all(
        CRASHES,
        lambda case: same_after_crashes(store, case[0], case[1], new_process=case[2]),
        sqlite=60,
        postgresql=12,
        store=store,
    )
