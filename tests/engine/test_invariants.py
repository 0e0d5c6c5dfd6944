"""What holds after any story, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import note

from journeys.store.store import Store
from tests.engine.drafts import RED, Draft
from tests.engine.invariants import broken, broken_when_run
from tests.engine.stage import Stage
from tests.engine.stories import DEEDS, RARE, Deed, Person, Story, for_all, stories

ANY = stories(happening={**DEEDS, **RARE}, most_editions=1)


def stands(store: Store, story: Story) -> None:
    stage = Stage(store, story)

    def beat() -> None:
        assert broken(stage) == []
        note(f"{stage.now}: {stage.tick()}")
        # before what was made is handed over
        assert broken(stage) == []
        note(f"{stage.now}: {stage.beat()}")
        assert broken_when_run(stage) == []

    stage.play(beat=beat)


def test_after_any_story_every_passage_stands_where_its_hops_lead(store: Store) -> None:
    for_all(ANY, lambda story: stands(store, story), sqlite=20, postgresql=6, store=store)


@pytest.mark.long
def test_after_very_many_stories_every_passage_stands_where_its_hops_lead(store: Store) -> None:
    for_all(ANY, lambda story: stands(store, story), sqlite=150, postgresql=40, store=store)


LIST = ("trigger", {"on": {"type": "list"}})
NOT_WAITED_FOR = ("send", {"template": "hello", "purpose": "newsletter", "wait_for_hand_over": False})


@pytest.mark.parametrize("end", [("exit", {"reason": "finished"}), ("goal", {"name": "there"})])
def test_a_message_nobody_waits_for_goes_out_though_its_passage_is_at_its_end(store: Store, end: Any) -> None:
    draft = Draft({"in2": LIST, "b": NOT_WAITED_FOR, "c": end}, [("in2", "in", "b"), ("b", "sent", "c")])
    stage = Stage(store, Story(draft, [Person()], [Deed(1, "put in")], [1]))
    stage.play()
    assert [message["state"] for message in stage.messages()] == ["sent"]


def test_an_ending_that_a_change_brings_calls_back_what_nobody_waits_for(store: Store) -> None:
    change = ("update", {"changes": [{"do": "set attribute", "attribute": "colour", "value": "red"}]})
    draft = Draft(
        {"in2": LIST, "b": NOT_WAITED_FOR, "c": change},
        [("in2", "in", "b"), ("b", "sent", "c"), ("c", "done", "b")],
        {"exit_when": RED},
    )
    stage = Stage(store, Story(draft, [Person()], []))
    stage.enroll(stage.who)
    stage.tick()
    assert [message["state"] for message in stage.messages()] == ["cancelled"]
