"""Moving, aligning, distributing, laying out."""

from __future__ import annotations

import pytest

from tests.widgets.document.drawing import ASK, BUY, END, FRAME, NOTE, NPS, WAIT, done, small
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.extent import standing_in, usual_sizes
from widgets.document.refused import Refused


def test_what_stands_in_a_frame_goes_along_with_it(editing: Document) -> None:
    assert standing_in(editing.journey, FRAME) == {ASK, WAIT}
    done(editing, lambda: acts.move(editing, {FRAME: (74, 180)}), undo_text="Undo move of 3 nodes")
    assert [editing.journey.place(node) for node in (FRAME, ASK, WAIT, BUY)] == [
        (74, 180),
        (100, 204),
        (100, 308),
        (0, 0),
    ]


def test_what_is_moved_by_itself_is_not_moved_twice(editing: Document) -> None:
    acts.move(editing, {FRAME: (74, 80), ASK: (1, 2)})
    assert [editing.journey.place(node) for node in (ASK, WAIT)] == [(1, 2), (100, 208)]


def test_nudges_of_a_frame_are_one_step(editing: Document) -> None:
    for _n in range(3):
        acts.nudge(editing, [FRAME], 8, 0)
    assert (editing.history.count(), editing.journey.place(ASK)) == (1, (24, 104))


def test_a_place_that_is_no_number_is_refused(editing: Document) -> None:
    with pytest.raises(ValueError, match="is no place"):
        acts.move(editing, {ASK: (float("nan"), 0)})


def test_a_place_off_every_canvas_is_brought_to_its_border(editing: Document) -> None:
    acts.move(editing, {ASK: (1e12, 0)})
    assert editing.journey.place(ASK) == (10_000_000, 0)


@pytest.mark.parametrize(
    ("side", "places"),
    [
        ("left", [(0, 0), (0, 208), (0, 456)]),
        ("right", [(52, 0), (52, 208), (124, 456)]),
        ("centre", [(26, 0), (26, 208), (62, 456)]),
        ("top", [(0, 0), (52, 0), (36, 0)]),
        ("bottom", [(0, 424), (52, 424), (36, 456)]),
        ("middle", [(0, 212), (52, 212), (36, 228)]),
    ],
)
def test_cards_are_aligned(editing: Document, side: acts.Side, places: list[tuple[float, float]]) -> None:
    acts.move(editing, {WAIT: (52, 208)})
    done(editing, lambda: acts.align(editing, [BUY, WAIT, END], side), undo_text="Undo alignment of 3 nodes")
    assert [editing.journey.place(node) for node in (BUY, WAIT, END)] == places


def test_cards_are_distributed_with_equal_gaps(editing: Document) -> None:
    acts.move(editing, {BUY: (0, 0), ASK: (0, 80), END: (0, 400)})
    done(editing, lambda: acts.distribute(editing, [BUY, ASK, END], "down"), undo_text="Undo distribution of 3 nodes")
    assert [editing.journey.place(node)[1] for node in (BUY, ASK, END)] == [0, 200, 400]


def test_two_cards_are_distributed_as_they_are(editing: Document) -> None:
    acts.distribute(editing, [BUY, ASK], "down")
    assert editing.history.count() == 0


def test_a_note_is_resized_and_a_card_is_not(editing: Document) -> None:
    done(editing, lambda: acts.resize(editing, NOTE, (290, -10), 210.4, 5))
    note = editing.journey.node(NOTE)
    assert note is not None
    assert (note.model_dump()["width"], note.model_dump()["height"]) == (210, 24)
    assert editing.journey.place(NOTE) == (290, -10)
    with pytest.raises(Refused, match="a size of their own"):
        acts.resize(editing, ASK, (0, 0), 100, 100)


def test_layout_is_one_step_and_keeps_the_anchor(editing: Document) -> None:
    acts.move(editing, {WAIT: (900, 20), NPS: (-700, 90)})
    done(editing, lambda: acts.lay_out(editing, anchor=END), undo_text="Undo layout")
    assert editing.journey.place(END) == small().place(END)


def test_layout_puts_frames_around_what_stood_in_them(editing: Document) -> None:
    acts.move(editing, {NPS: (-700, 90), END: (800, 456)})
    acts.lay_out(editing)
    assert standing_in(editing.journey, FRAME) == {ASK, WAIT}


def test_layout_covers_no_note(editing: Document) -> None:
    acts.move(editing, {NOTE: (0, 600), END: (0, 900)})
    acts.lay_out(editing)
    sizes = usual_sizes(editing.journey)
    x, y = editing.journey.place(NOTE)
    width, height = sizes(NOTE)
    for node in (BUY, ASK, WAIT, NPS, END):
        at_x, at_y = editing.journey.place(node)
        w, h = sizes(node)
        assert x >= at_x + w or at_x >= x + width or y >= at_y + h or at_y >= y + height


def test_layout_of_a_selection_leaves_the_rest(editing: Document) -> None:
    acts.move(editing, {WAIT: (900, 20), BUY: (-500, 0)})
    acts.lay_out(editing, nodes=[ASK, WAIT])
    assert [editing.journey.place(node) for node in (BUY, ASK, WAIT)] == [(-500, 0), (0, 104), (0, 208)]


def test_a_frame_is_put_around_what_is_selected(editing: Document) -> None:
    made = done(editing, lambda: acts.frame(editing, [NPS, END], "Answers"), undo_text="Undo frame around 2 nodes")
    assert standing_in(editing.journey, made) == {NPS, END}
    assert editing.journey.place(made) == (-80, 272)


def test_nothing_is_not_framed(editing: Document) -> None:
    with pytest.raises(Refused, match="Select what"):
        acts.frame(editing, [])
