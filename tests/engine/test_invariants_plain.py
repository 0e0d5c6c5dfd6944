"""The engine does what a plain walk over one contact after the other does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import select

from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.plain import PlainEngine
from tests.engine.stories import (
    DEEDS,
    EVENTS,
    RED,
    STEPS,
    Deed,
    Stage,
    Story,
    drafts,
    for_all,
    stories,
)

_HOURS = st.sampled_from([6, 12, 24, 36]).map(lambda hours: {"amount": hours, "unit": "hours"})
_COLOURS = st.sampled_from([RED, {"none": [RED]}])
_BY_EVENT = st.sampled_from(EVENTS).map(lambda kind: {"leaf": "event", "event": kind})
_LISTEN = st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2, unique=True).map(
    lambda found: [{"outlet": kind.partition(".")[0], "label": kind, "event": kind} for kind in found]
)

TRIGGERS = st.builds(
    lambda kind, more: {"on": {"type": "event", "event": kind}} | more,
    st.sampled_from(EVENTS),
    st.fixed_dictionaries({}, optional={"only": _COLOURS}),
)
PLAIN: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "wait": st.one_of(
        _HOURS.map(lambda length: {"rule": {"type": "duration"} | length}),
        st.builds(
            lambda listen, timeout, since: {
                "rule": {"type": "events", "listen": listen, "timeout": timeout, "since": since}
            },
            _LISTEN,
            _HOURS,
            st.sampled_from(["send", "arrival", "entry"]),
        ),
    ),
    "condition": _COLOURS.map(lambda criterion: {"criterion": criterion}),
    "split": st.integers(1, 99).map(
        lambda share: {
            "by": {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": share}, {"id": "b", "label": "B", "share": 100 - share}],
            }
        }
    ),
    "goal": STEPS["goal"],
    "exit": STEPS["exit"],
}
ABOUT = st.fixed_dictionaries(
    {
        "re_entry": st.fixed_dictionaries(
            {
                "rule": st.sampled_from(["never", "after leaving", "after days", "always"]),
                "days": st.integers(1, 2),
            }
        )
    },
    optional={"exit_when": _BY_EVENT, "goal": _BY_EVENT},
)
STORIES = stories(
    draft=drafts(triggers=TRIGGERS, steps=PLAIN, about=ABOUT, off=False),
    happening={what: DEEDS[what] for what in ("event", "quiet event", "late event", "colour")},
    again=("event",),
)


class Both(Stage):
    """A stage on which the plain engine plays the same story."""

    def __init__(self, store: Store, story: Story) -> None:
        super().__init__(store, story)
        self.plain = PlainEngine(story)

    def do(self, deed: Deed) -> None:
        super().do(deed)
        self.plain.hear(deed)

    def both(self) -> None:
        self.beat()
        self.plain.tick(self.now)

    def walked(self) -> tuple[list[Any], list[Any]]:
        """Passages and misses as the plain engine tells them."""
        number = {contact: n for n, contact in enumerate(self.who)}
        with self.store.read() as conn:
            hops = conn.execute(select(t.hop).order_by(t.hop.c.enrollment, t.hop.c.n)).all()
            missed = conn.execute(select(t.not_entered)).all()
        passages = [
            (
                number[e["contact"]], e["trigger"], e["entry"], e["since_at"], e["entered_at"], e["node"], e["state"],
                e["ended_at"], e["goal_at"],
                tuple((h.kind, h.node, h.outlet, h.entered_at, h.left_at) for h in hops if h.enrollment == e["id"]),
            )
            for e in self.passages()
        ]  # fmt: skip
        return sorted(passages, key=repr), sorted(
            (number[row.contact], row.trigger, row.at, row.reason) for row in missed
        )


def agree(store: Store, story: Story) -> None:
    stage = Both(store, story)
    stage.play_to_the_second(beat=stage.both)
    passages, missed = stage.walked()
    assert passages == sorted((one.told() for one in stage.plain.passages), key=repr)
    assert missed == sorted(stage.plain.missed)


def test_the_engine_does_what_a_plain_walk_does(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=20, postgresql=4, store=store)


@pytest.mark.long
def test_the_engine_does_what_a_plain_walk_does_in_many_stories(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=150, postgresql=25, store=store)
