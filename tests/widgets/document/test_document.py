"""The document: commands change the model, the history takes it back, and who follows is told once."""

from __future__ import annotations

import pytest

from journeys.graph.file import write_journey
from journeys.graph.journey import Journey, NoSuchNode
from journeys.graph.settings import JourneySettings
from journeys.nodes.exit import Exit
from journeys.nodes.registry import kind_of
from tests.widgets.document.drawing import HandClock
from widgets.document import acts
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.selection import Selection

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def document(clock: HandClock) -> Document:
    journey = Journey(JourneySettings(id="welcome", name="Welcome"))
    journey.add_node("AAAAAAAA", kind_of("wait").model_validate({"rule": {"type": "duration", "amount": 3}}), x=0, y=0)
    journey.add_node("BBBBBBBB", Exit(reason="done"), x=10.5, y=20)
    journey.add_node("CCCCCCCC", Exit(reason="done"), x=300, y=20)
    return Document(journey, clock=clock)


@pytest.fixture
def told(document: Document) -> list[Change]:
    """Every change that the document told of."""
    changes: list[Change] = []
    document.changed.connect(changes.append)
    return changes


def test_an_act_tells_of_what_it_changed_once(document: Document, told: list[Change]) -> None:
    acts.move(document, {"AAAAAAAA": (1, 2), "BBBBBBBB": (3, 4)})
    assert told == [Change(moved=("AAAAAAAA", "BBBBBBBB"))]
    assert document.journey.place("BBBBBBBB") == (3, 4)


def test_undo_and_redo_tell_as_doing_does(document: Document, told: list[Change]) -> None:
    made = acts.add(document, Exit(reason="done"), (5, 5))
    document.history.undo()
    document.history.redo()
    assert told == [Change(added=(made,)), Change(removed=(made,)), Change(added=(made,))]


def test_whoever_is_told_finds_the_history_up_to_date(document: Document) -> None:
    seen: list[tuple[str, bool]] = []
    document.changed.connect(lambda _change: seen.append((document.undo_text(), document.is_clean)))
    acts.move(document, {"AAAAAAAA": (1, 2)})
    document.history.undo()
    assert seen == [("Undo move of 1 node", False), ("Undo", True)]


def test_an_act_that_changes_nothing_leaves_no_step(document: Document, told: list[Change]) -> None:
    acts.move(document, {"AAAAAAAA": (0, 0)})
    assert (document.history.count(), told) == (0, [])


def test_the_name_of_a_step_counts_its_nodes(document: Document) -> None:
    acts.remove(document, ["AAAAAAAA", "BBBBBBBB"])
    assert document.undo_text() == "Undo delete of 2 nodes"
    document.history.undo()
    assert document.redo_text() == "Redo delete of 2 nodes"


def test_removing_a_node_takes_its_edges_along_and_undo_brings_them_back(
    document: Document, told: list[Change]
) -> None:
    acts.connect(document, "AAAAAAAA", "done", "BBBBBBBB")
    before = write_journey(document.journey)
    acts.remove(document, ["BBBBBBBB"])
    assert told[-1] == Change(removed=("BBBBBBBB",), edges_removed=(("AAAAAAAA", "done"),))
    document.history.undo()
    assert write_journey(document.journey) == before


def test_an_edge_led_elsewhere_is_among_those_added_and_removed(document: Document, told: list[Change]) -> None:
    acts.connect(document, "AAAAAAAA", "done", "BBBBBBBB")
    acts.connect(document, "AAAAAAAA", "done", "CCCCCCCC")
    edge = (("AAAAAAAA", "done"),)
    assert told[-1] == Change(edges_added=edge, edges_removed=edge)


def test_letters_typed_one_after_the_other_are_one_step(document: Document) -> None:
    for title in ("H", "He", "Hey"):
        acts.set_title(document, "AAAAAAAA", title)
    assert document.history.count() == 1
    document.history.undo()
    assert document.journey.title("AAAAAAAA") == ""


def test_typing_after_a_pause_is_a_new_step(document: Document, clock: HandClock) -> None:
    acts.set_title(document, "AAAAAAAA", "H")
    clock.now = 2.5
    acts.set_title(document, "AAAAAAAA", "He")
    assert document.history.count() == 2


def test_typing_that_comes_back_to_where_it_began_leaves_no_step(document: Document) -> None:
    acts.set_title(document, "AAAAAAAA", "H")
    acts.set_title(document, "AAAAAAAA", "")
    assert (document.history.count(), document.is_clean, document.undo_text()) == (0, True, "Undo")


def test_typing_does_not_reach_back_over_a_save(document: Document) -> None:
    acts.set_title(document, "AAAAAAAA", "H")
    document.history.setClean()
    acts.set_title(document, "AAAAAAAA", "He")
    document.history.undo()
    assert (document.journey.title("AAAAAAAA"), document.is_clean) == ("H", True)


def test_nudges_of_the_same_nodes_are_one_step_and_of_others_another(document: Document) -> None:
    acts.move(document, {"AAAAAAAA": (8, 0)}, nudge=True)
    acts.move(document, {"AAAAAAAA": (16, 0)}, nudge=True)
    acts.move(document, {"BBBBBBBB": (16, 0)}, nudge=True)
    assert document.history.count() == 2


def test_a_jump_in_the_history_is_told_as_one_change(document: Document, told: list[Change]) -> None:
    acts.move(document, {"AAAAAAAA": (1, 1)})
    acts.set_comment(document, "BBBBBBBB", "why")
    told.clear()
    document.history.setIndex(0)
    assert told == [Change(moved=("AAAAAAAA",), altered=("BBBBBBBB",))]


def test_an_act_on_a_node_that_is_gone_changes_nothing(document: Document, told: list[Change]) -> None:
    with pytest.raises(NoSuchNode):
        acts.move(document, {"AAAAAAAA": (1, 1), "ZZZZZZZZ": (1, 1)})
    assert (told, document.history.count()) == ([], 0)


def test_what_is_removed_leaves_the_selection(document: Document) -> None:
    selection = Selection(document)
    selection.set(["AAAAAAAA", "BBBBBBBB"], current="BBBBBBBB")
    heard: list[bool] = []
    selection.changed.connect(lambda: heard.append(True))
    acts.remove(document, ["BBBBBBBB"])
    assert (selection.nodes, selection.current, len(heard)) == (frozenset({"AAAAAAAA"}), None, 1)


def test_a_single_selected_node_has_the_keyboard(document: Document) -> None:
    selection = Selection(document)
    selection.set(["AAAAAAAA"])
    assert selection.current == "AAAAAAAA"
