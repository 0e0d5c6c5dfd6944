"""A small journey to edit, and a check that an act can be taken back and done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from journeys.graph.file import write_journey
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from journeys.nodes.registry import kind_of
from widgets.document.document import Document

Result = TypeVar("Result")

#: ids of the journey that `small` draws
BUY, ASK, WAIT, NPS, END = "BUYAAAAA", "ASKAAAAA", "WAITAAAA", "NPSAAAAA", "ENDAAAAA"
NOTE, FRAME = "NOTEAAAA", "FRAMEAAA"


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(kind: str, **settings: object) -> Node:
    return kind_of(kind).model_validate(settings)


def pause(days: int = 3) -> Node:
    return made("wait", rule={"type": "duration", "amount": days})


def send(template: str = "survey") -> Node:
    return made("send", template=template, purpose="newsletter")


def leave() -> Node:
    return made("exit", reason="over")


def small() -> Journey:
    """buy → ask → wait → nps → end, one under the other, a note beside them, and a frame around ask and wait."""
    journey = Journey(JourneySettings(id="small", name="Small"))
    journey.add_node(BUY, made("trigger", on={"type": "list"}), title="Buy", x=0, y=0)
    journey.add_node(ASK, send(), title="Ask", x=0, y=104)
    journey.add_node(WAIT, pause(), title="Wait", x=0, y=208)
    journey.add_node(NPS, made("split", by={"type": "nps", "survey": ASK}), title="NPS", x=-56, y=312)
    journey.add_node(END, leave(), title="End", x=36, y=456)
    journey.add_node(NOTE, made("note", text="look"), x=300, y=0)
    journey.add_node(FRAME, made("frame", title="Asking", width=260, height=220), x=-26, y=80)
    journey.connect(BUY, "in", ASK)
    journey.connect(ASK, "sent", WAIT)
    journey.connect(WAIT, "done", NPS)
    journey.connect(NPS, "promoter", END)
    return journey


def done(document: Document, act: Callable[[], Result], *, undo_text: str = "") -> Result:
    """Do the act, and check model, history and clean flag after it, after undo and after redo."""
    before, count, was_clean = write_journey(document.journey), document.history.count(), document.is_clean
    answer = act()
    after = write_journey(document.journey)
    assert (document.history.count(), document.is_clean) == (count + 1, False)
    if undo_text:
        assert document.undo_text() == undo_text
    document.history.undo()
    assert (write_journey(document.journey), document.is_clean) == (before, was_clean)
    document.history.redo()
    assert (write_journey(document.journey), document.is_clean) == (after, False)
    return answer
