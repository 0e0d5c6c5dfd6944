"""Two versions compared, as the canvas marks them."""

from __future__ import annotations

from journeys.graph.diff import Difference
from tests.widgets.document.drawing import ASK, BUY, END, NPS, WAIT, pause, small
from widgets.document import acts
from widgets.document.comparing import compare
from widgets.document.document import Document


def test_equal_journeys_have_nothing_to_mark() -> None:
    assert not compare(small(), small())


def test_each_node_is_marked_by_what_became_of_it(editing: Document) -> None:
    new = acts.add(editing, pause(), (0, 900))
    acts.move(editing, {BUY: (5, 5), WAIT: (9, 9)})
    acts.set_settings(editing, WAIT, pause(5))
    acts.remove(editing, [END])
    found = compare(small(), editing.journey)
    assert found.marks == {
        new: Difference.ADDED,
        BUY: Difference.MOVED,
        WAIT: Difference.CHANGED,
        END: Difference.REMOVED,
        NPS: Difference.CHANGED,
    }
    assert found.removed[END].place == (36, 456)
    assert found.sentences[BUY] == ("“Buy” was moved.",)
    assert len(found.sentences[WAIT]) == 2


def test_an_edge_led_elsewhere_is_marked_at_both_ends(editing: Document) -> None:
    acts.connect(editing, ASK, "sent", NPS)
    found = compare(small(), editing.journey)
    assert found.edges_added == {(ASK, "sent")}
    assert found.edges_removed == {(ASK, "sent"): WAIT}


def test_the_journeys_own_settings_are_said_under_no_node(editing: Document) -> None:
    acts.set_journey(editing, editing.journey.settings.model_copy(update={"name": "Big"}))
    assert compare(small(), editing.journey).sentences[""] == ("The journey's “Name” was “Small”, now “Big”.",)
