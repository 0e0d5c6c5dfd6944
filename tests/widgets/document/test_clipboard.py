"""Copy, cut, paste, duplicate: as text, between journeys."""

from __future__ import annotations

import pytest

from journeys.graph.file import read_journey
from journeys.graph.journey import Journey
from journeys.graph.problems import UnreadableJourney
from journeys.graph.settings import JourneySettings
from tests.widgets.document.drawing import ASK, BUY, FRAME, NPS, WAIT, done
from widgets.document import acts
from widgets.document.document import Document


def survey_of(document: Document, split: str) -> object:
    settings = document.journey.node(split)
    assert settings is not None
    return settings.model_dump()["by"]["survey"]


def test_what_is_copied_is_a_journey_file_of_its_own(editing: Document) -> None:
    part = read_journey(acts.copy(editing, [ASK, WAIT]))
    assert set(part.node_ids()) == {ASK, WAIT}
    assert [(edge.source, edge.target) for edge in part.edges()] == [(ASK, WAIT)]
    assert editing.is_clean


def test_pasted_nodes_have_new_ids_their_titles_and_the_edges_among_them(editing: Document) -> None:
    text = acts.copy(editing, [ASK, WAIT])
    ask, wait = done(editing, lambda: acts.paste(editing, text), undo_text="Undo paste of 2 nodes")
    assert editing.journey.target(ask, "sent") == wait
    assert [editing.journey.title(node) for node in (ask, wait)] == ["Ask", "Wait"]
    assert editing.journey.target(wait, "done") is None


def test_a_paste_stands_aside_of_what_it_is_a_copy_of(editing: Document) -> None:
    text = acts.copy(editing, [ASK])
    places = [editing.journey.place(acts.paste(editing, text)[0]) for _n in range(2)]
    assert places == [(32, 136), (64, 168)]


def test_a_paste_goes_where_it_is_asked_to(editing: Document) -> None:
    ask, wait = acts.paste(editing, acts.copy(editing, [ASK, WAIT]), (1000, 1000))
    assert [editing.journey.place(node) for node in (ask, wait)] == [(1000, 1000), (1000, 1104)]


def test_settings_that_speak_of_a_node_of_the_same_copy_speak_of_the_new_one(editing: Document) -> None:
    ask, nps = acts.paste(editing, acts.copy(editing, [ASK, NPS]))
    assert survey_of(editing, nps) == ask
    assert survey_of(editing, NPS) == ASK


def test_settings_that_speak_of_another_node_stay(editing: Document) -> None:
    (nps,) = acts.paste(editing, acts.copy(editing, [NPS]))
    assert survey_of(editing, nps) == ASK


def test_copies_go_between_journeys(editing: Document) -> None:
    other = Document(Journey(JourneySettings(id="other", name="Other")))
    made = done(other, lambda: acts.paste(other, acts.copy(editing, editing.journey.node_ids())))
    assert len(made) == len(editing.journey)
    assert other.journey.settings.id == "other"


def test_a_node_of_an_unknown_kind_is_copied_untouched(editing: Document) -> None:
    editing.journey.add_node("ODDAAAAA", {"colour": "red", "numbers": [1, 2.5]}, kind="odd", title="Odd")
    (new,) = acts.paste(editing, acts.copy(editing, ["ODDAAAAA"]))
    assert editing.journey.kind(new) == "odd"
    assert editing.journey.raw_settings(new) == {"colour": "red", "numbers": [1, 2.5]}


def test_with_a_frame_goes_what_stands_in_it(editing: Document) -> None:
    assert set(read_journey(acts.copy(editing, [FRAME])).node_ids()) == {FRAME, ASK, WAIT}


def test_cutting_is_one_step_and_can_be_pasted(editing: Document) -> None:
    text = done(editing, lambda: acts.cut(editing, [ASK, WAIT]), undo_text="Undo cut of 2 nodes")
    assert ASK not in editing.journey
    assert editing.journey.target(BUY, "in") is None
    assert len(acts.paste(editing, text)) == 2


def test_duplicating_needs_no_clipboard(editing: Document) -> None:
    done(editing, lambda: acts.duplicate(editing, [ASK]), undo_text="Undo duplication of 1 node")
    assert len(editing.journey) == 8


@pytest.mark.parametrize("text", ["", "hello", "{}", '{"kanwa": 1}', "[1, 2]"])
def test_a_clipboard_without_a_journey_changes_nothing_and_says_so(editing: Document, text: str) -> None:
    with pytest.raises(UnreadableJourney, match="The clipboard cannot be read"):
        acts.paste(editing, text)
    assert editing.history.count() == 0
