"""Random editing, driven by hypothesis: model, history, clean flag, file, recovery and checks agree at every point."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import journeys.graph.journey as journey_module
from journeys.graph.file import load as load_journey
from journeys.graph.file import read_journey, write_journey
from journeys.graph.journey import Journey
from journeys.nodes.node import Node
from tests.widgets.document.drawing import HandClock, leave, made, pause, send, small
from widgets.document import acts
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.patch import state_of
from widgets.document.recovery import Recovery, forget, recover, recoverable
from widgets.document.refused import Refused
from widgets.document.selection import Selection
from widgets.document.storing import load, save

pytestmark = pytest.mark.usefixtures("qapp")

STEPS = st.sampled_from(
    [
        pause(),
        send(),
        leave(),
        made("condition", criterion={"all": []}),
        made("split", by={"type": "nps"}),
        made("trigger", on={"type": "list"}),
        made("note", text="hm"),
        made("frame", title="", width=500, height=400),
    ]
)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1000, 1000, allow_nan=False)
PLACES = st.tuples(NUMBERS, NUMBERS)


class Follower:
    """Whoever shows the document and reads nothing but what changes say: it must come to the same journey."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.journey = document.journey.copy()
        document.changed.connect(self.follow)

    def follow(self, change: Change) -> None:
        source = self._document.journey
        for node, outlet in change.edges_removed:
            self.journey.disconnect(node, outlet)
        for node in change.removed:
            self.journey.remove_node(node)
        for node in change.added:
            state = state_of(source, node)
            self.journey.add_node(node, state.settings, kind=state.kind)
        for node in (*change.added, *change.altered, *change.moved):
            state = state_of(source, node)
            if node not in change.moved or node in change.altered:
                if state.node is not None:
                    self.journey.set_settings(node, state.node)
                self.journey.set_title(node, state.title)
                self.journey.set_off(node, state.off)
                self.journey.set_comment(node, state.comment)
            if node not in change.altered or node in change.moved:
                self.journey.move(node, *state.place)
        for node, outlet in change.edges_added:
            target = source.target(node, outlet)
            assert target is not None
            self.journey.connect(node, outlet, target)
        if change.journey:
            self.journey.settings = source.settings


class Editing(RuleBasedStateMachine):
    """One document at work."""

    @initialize()
    def open(self) -> None:
        # hypothesis repeats what it found, and chooses among nodes in the order of their ids
        self.ids = journey_module._ids
        journey_module._ids = Random(0)
        self.folder = Path(tempfile.mkdtemp(prefix="kanwa-editing-"))
        self.file = self.folder / "small.journey"
        start = Document(small())
        start.journey.add_node("ODDAAAAA", {"b": [1], "a": 0.1234567891234}, kind="odd", title="Odd", x=0.5, y=0.25)
        start.journey.connect("ODDAAAAA", "somewhere", "ENDAAAAA")
        save(start, self.file)
        self.on_disk = self.file.read_bytes()
        self.clipboard = ""
        self.begin(load(self.file).document())

    def begin(self, document: Document) -> None:
        self.document = document
        self.clock = HandClock()
        self.document._clock = self.clock
        self.first = write_journey(document.journey)
        self.recovery = Recovery(document, self.folder / "recovery")
        self.follower = Follower(document)
        self.selection = Selection(document)
        #: by the index of the history, what the journey was there
        self.seen = {0: self.first}

    def teardown(self) -> None:
        if not hasattr(self, "document"):
            return
        journey_module._ids = self.ids
        self.document.history.setIndex(0)
        assert write_journey(self.document.journey) == self.first
        self.recovery.close()
        shutil.rmtree(self.folder)

    # what is chosen from

    @property
    def journey(self) -> Journey:
        return self.document.journey

    def node(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.journey.node_ids())))

    def nodes(self, data: st.DataObject) -> list[str]:
        return data.draw(
            st.lists(st.sampled_from(sorted(self.journey.node_ids())), min_size=1, max_size=4, unique=True)
        )

    def edge(self, data: st.DataObject) -> tuple[str, str]:
        return data.draw(st.sampled_from(sorted((edge.source, edge.outlet) for edge in self.journey.edges())))

    def outlet(self, data: st.DataObject) -> tuple[str, str]:
        node = self.node(data)
        settings_ = self.journey.node(node)
        outlets = [outlet.id for outlet in settings_.outlets()] if settings_ is not None else []
        return node, data.draw(st.sampled_from([*outlets, "gone"]))

    def has_nodes(self) -> bool:
        return len(self.journey) > 0

    def has_edges(self) -> bool:
        return self.journey.graph.number_of_edges() > 0

    # what is done

    @rule(step=STEPS, at=PLACES)
    def add(self, step: Node, at: tuple[float, float]) -> None:
        acts.add(self.document, step, at, title="New")

    @precondition(has_nodes)
    @rule(data=st.data(), step=STEPS, at=st.none() | PLACES)
    def add_after(self, data: st.DataObject, step: Node, at: tuple[float, float] | None) -> None:
        self.tried(lambda: acts.add(self.document, step, at, after=self.outlet(data)))

    @precondition(has_nodes)
    @rule(data=st.data(), step=STEPS, at=PLACES)
    def add_before(self, data: st.DataObject, step: Node, at: tuple[float, float]) -> None:
        self.tried(lambda: acts.add(self.document, step, at, before=self.node(data)))

    @precondition(has_edges)
    @rule(data=st.data(), step=STEPS, at=st.none() | PLACES)
    def insert(self, data: st.DataObject, step: Node, at: tuple[float, float] | None) -> None:
        self.tried(lambda: acts.insert_on_edge(self.document, self.edge(data), step, at))

    @precondition(has_edges)
    @rule(data=st.data(), at=PLACES)
    def drop_on_edge(self, data: st.DataObject, at: tuple[float, float]) -> None:
        self.tried(lambda: acts.insert_node(self.document, self.edge(data), self.node(data), at))

    @precondition(has_nodes)
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        self.tried(lambda: acts.connect(self.document, *self.outlet(data), self.node(data)))

    @precondition(has_edges)
    @rule(data=st.data())
    def lead_from(self, data: st.DataObject) -> None:
        self.tried(lambda: acts.lead_from(self.document, self.edge(data), self.outlet(data)))

    @precondition(has_edges)
    @rule(data=st.data())
    def cut_edges(self, data: st.DataObject) -> None:
        acts.disconnect(self.document, [self.edge(data), self.edge(data)])

    @precondition(has_nodes)
    @rule(data=st.data(), heal=st.booleans())
    def remove(self, data: st.DataObject, heal: bool) -> None:
        acts.remove(self.document, self.nodes(data), heal=heal)

    @precondition(has_nodes)
    @rule(data=st.data(), to=PLACES)
    def move(self, data: st.DataObject, to: tuple[float, float]) -> None:
        acts.move(self.document, dict.fromkeys(self.nodes(data), to))

    @precondition(has_nodes)
    @rule(data=st.data(), dx=st.sampled_from([-8, 8]))
    def nudge(self, data: st.DataObject, dx: int) -> None:
        acts.nudge(self.document, self.nodes(data), dx, 0)

    @precondition(has_nodes)
    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        self.clipboard = acts.copy(self.document, self.nodes(data))

    @precondition(has_nodes)
    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        self.clipboard = acts.cut(self.document, self.nodes(data))

    @precondition(lambda self: self.clipboard != "")
    @rule(at=st.none() | PLACES)
    def paste(self, at: tuple[float, float] | None) -> None:
        acts.paste(self.document, self.clipboard, at)

    @precondition(has_nodes)
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        acts.duplicate(self.document, self.nodes(data))

    @precondition(has_nodes)
    @rule(data=st.data(), side=st.sampled_from(["left", "middle", "bottom"]))
    def align(self, data: st.DataObject, side: acts.Side) -> None:
        acts.align(self.document, self.nodes(data), side)

    @precondition(has_nodes)
    @rule(data=st.data())
    def distribute(self, data: st.DataObject) -> None:
        acts.distribute(self.document, self.nodes(data), "down")

    @precondition(has_nodes)
    @rule()
    def lay_out(self) -> None:
        acts.lay_out(self.document)

    @precondition(has_nodes)
    @rule(data=st.data(), title=st.text(max_size=3))
    def rename(self, data: st.DataObject, title: str) -> None:
        acts.set_title(self.document, self.node(data), title)

    @precondition(has_nodes)
    @rule(data=st.data(), days=st.integers(1, 5))
    def set_settings(self, data: st.DataObject, days: int) -> None:
        self.tried(lambda: acts.set_settings(self.document, self.node(data), pause(days), field="rule.amount"))

    @precondition(has_nodes)
    @rule(data=st.data(), off=st.booleans())
    def switch(self, data: st.DataObject, off: bool) -> None:
        self.tried(lambda: acts.set_off(self.document, self.nodes(data), off))

    @rule(direction=st.sampled_from(["down", "right"]))
    def turn(self, direction: str) -> None:
        acts.set_journey(self.document, self.journey.settings.model_copy(update={"direction": direction}))

    def tried(self, act: object) -> None:
        """An act that may be refused; then nothing has changed, which the invariants see."""
        before, index = write_journey(self.journey), self.document.history.index()
        try:
            act()  # type: ignore[operator]
        except Refused:
            assert (write_journey(self.journey), self.document.history.index()) == (before, index)

    # going through the history, and to the file

    @rule(seconds=st.sampled_from([0.5, 5]))
    def pause(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def undo(self) -> None:
        self.document.history.undo()

    @rule()
    def redo(self) -> None:
        self.document.history.redo()

    @rule(data=st.data())
    def jump_in_the_history(self, data: st.DataObject) -> None:
        self.document.history.setIndex(data.draw(st.integers(0, self.document.history.count())))

    @rule()
    def save(self) -> None:
        save(self.document)
        self.on_disk = self.file.read_bytes()

    @rule()
    def close_and_open(self) -> None:
        self.document.history.setIndex(0)
        assert write_journey(self.journey) == self.first
        self.recovery.close()
        self.begin(load(self.file).document())

    @precondition(lambda self: not self.document.is_clean)
    @rule()
    def crash_and_recover(self) -> None:
        text = write_journey(self.journey)
        if self.recovery._file is None:
            self.recovery._begin_idly()
        assert self.recovery._file is not None
        self.recovery._file.close()
        (one,) = recoverable(self.folder / "recovery")
        found = recover(one)
        assert (write_journey(found.journey), found.is_clean) == (text, False)
        self.begin(found)
        self.recovery._begin_idly()
        forget(one)

    # what holds at every point

    @invariant()
    def the_file_can_be_read_again(self) -> None:
        if hasattr(self, "document"):
            text = write_journey(self.journey)
            assert write_journey(read_journey(text)) == text
            assert self.file.read_bytes() == self.on_disk

    @invariant()
    def the_history_knows_each_of_its_states(self) -> None:
        if not hasattr(self, "document"):
            return
        history = self.document.history
        text = write_journey(self.journey)
        for index in [index for index in self.seen if index > history.count()]:
            del self.seen[index]
        if not history.canRedo():
            # the newest step: done just now, or one that took a later one in
            self.seen[history.index()] = text
        assert self.seen[history.index()] == text

    @invariant()
    def clean_means_as_in_the_file(self) -> None:
        if hasattr(self, "document") and self.document.is_clean:
            assert write_journey(self.journey) == write_journey(load_journey(self.file))

    @invariant()
    def whoever_follows_has_the_same(self) -> None:
        if hasattr(self, "document"):
            assert write_journey(self.follower.journey) == write_journey(self.journey)
            assert all(node in self.journey for node in self.selection.nodes)


Editing.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.usefixtures("qapp")
class TestEditing(Editing.TestCase):  # type: ignore[name-defined, misc]
    """A short run in the default tier."""


class LongEditing(Editing):
    """The same for minutes."""


LongEditing.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.long
@pytest.mark.usefixtures("qapp")
class TestLongEditing(LongEditing.TestCase):  # type: ignore[name-defined, misc]
    """The same for minutes."""
