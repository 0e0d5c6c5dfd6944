"""Two ticks at once do what one does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import event

from journeys.base.time import HOUR
from journeys.engine.tick import Engine
from journeys.store.store import Store
from tests.engine.drafts import BLUE, BUYS, IN_REDS, RED, Draft
from tests.engine.invariants import broken
from tests.engine.stage import Stage, told
from tests.engine.stories import DEEDS, RARE, Deed, Person, Story, for_all, stories

#: seconds after which a thread that was given the turn counts as held up by a lock of the other one
HELD_UP = 0.02


class Turns:
    """Lets two threads execute their statements in turn, so many each time, so that a story is retold alike.

    Whoever waits for a lock of the other one loses the turn.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = list(lengths)
        self._next = 0
        self._turn = 0
        self._left = self._length()
        self._done: set[int] = set()
        self._number = threading.local()
        self._changed = threading.Condition()

    def run(self, number: int, what: Any) -> None:
        self._number.value = number
        try:
            what()
        finally:
            with self._changed:
                self._done.add(number)
                self._changed.notify_all()

    def statement(self, *_: Any) -> None:
        """Called before each statement, in the thread that executes it."""
        me = getattr(self._number, "value", None)
        if me is None:
            return
        with self._changed:
            while self._turn != me and not self._done:
                if not self._changed.wait(HELD_UP):
                    break
            if self._turn == me:
                self._left -= 1
                if self._left <= 0:
                    self._turn, self._left = 1 - me, self._length()
            self._changed.notify_all()

    def _length(self) -> int:
        self._next += 1
        return self._lengths[self._next % len(self._lengths)]


def tick_twice_at_once(stage: Stage, lengths: Sequence[int]) -> None:
    turns = Turns(lengths)
    engines = [stage.engine, Engine(stage.store)]
    event.listen(stage.store.engine, "before_cursor_execute", turns.statement)
    try:
        with ThreadPoolExecutor(2) as pool:
            futures = [
                pool.submit(turns.run, n, lambda engine=engine: engine.tick(stage.now, keep_going=stage.patience()))
                for n, engine in enumerate(engines)
            ]
            for future in futures:
                future.result()
    finally:
        event.remove(stage.store.engine, "before_cursor_execute", turns.statement)


#: a story, and after how many statements the other one has its turn
EDITED = DEEDS | {"edit segment": RARE["edit segment"]}
PAIRS = st.tuples(stories(happening=EDITED), st.lists(st.integers(1, 40), min_size=1, max_size=6))


def same_as_one(store: Store, story: Story, lengths: Sequence[int]) -> None:
    # who is given the last code depends on who comes first
    story = replace(story, codes=50)
    one = Stage(store, story)
    one.play()
    expected = told(one)
    two = Stage(store, story)

    def beat() -> None:
        tick_twice_at_once(two, lengths)
        assert broken(two) == []
        two.beat()

    two.play(beat=beat)
    assert told(two) == expected


def test_two_ticks_at_once_do_what_one_does(store: Store) -> None:
    for_all(PAIRS, lambda pair: same_as_one(store, *pair), sqlite=3, postgresql=3, store=store)


@pytest.mark.long
def test_many_times_two_ticks_at_once_do_what_one_does(store: Store) -> None:
    for_all(PAIRS, lambda pair: same_as_one(store, *pair), sqlite=15, postgresql=25, store=store)


_WAITS = {"rule": {"type": "duration", "amount": 6, "unit": "hours"}}
#: what two ticks at once have fallen over
FALLEN_OVER = {
    "a tag runs out, a segment is edited, an exit comes with a due time": Story(
        Draft(
            {
                "in2": ("trigger", {"on": {"type": "segment", "segment": "reds", "movement": "entered"}}),
                "b": ("wait", _WAITS),
                "c": ("exit", {"reason": "finished"}),
            },
            [("in2", "in", "b"), ("b", "done", "c")],
            {"exit_when": BUYS},
        ),
        [Person(), Person(colour="blue")],
        [
            Deed(1, "tag", 0, 10),
            Deed(11, "edit segment", data=BLUE),
            Deed(12, "colour", 0, "blue"),
            Deed(12 + 6 * HOUR, "event", 0, {"kind": "purchase.made"}),
        ],
        [1, 11, 12, 12 + 6 * HOUR],
    ),
    "a change brings a contact into the segment that is the goal, and on": Story(
        Draft(
            {
                "in2": ("trigger", {"on": {"type": "list"}}),
                "b": (
                    "wait",
                    {"rule": {"type": "criterion", "criterion": RED, "timeout": {"amount": 6, "unit": "hours"}}},
                ),
                "c": ("exit", {"reason": "finished"}),
            },
            [("in2", "in", "b"), ("b", "met", "c")],
            {"goal": IN_REDS},
        ),
        [Person()],
        [Deed(1, "put in"), Deed(11, "colour", 0, "red")],
        [1, 11],
    ),
}


@pytest.mark.postgres
@pytest.mark.parametrize("length", [5, 9, 13, 20, 30, 45])
@pytest.mark.parametrize("name", FALLEN_OVER)
def test_it_does_not_matter_where_the_other_tick_comes_between(postgres_store: Store, name: str, length: int) -> None:
    same_as_one(postgres_store, FALLEN_OVER[name], [1000, length])
