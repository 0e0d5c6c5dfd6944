"""Adding, inserting, connecting, cutting, deleting and healing."""

from __future__ import annotations

import pytest

from tests.widgets.document.drawing import ASK, BUY, END, FRAME, NOTE, NPS, WAIT, done, leave, made, pause, send
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.refused import Refused


def leads(document: Document) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.outlet, edge.target) for edge in document.journey.edges()}


def test_a_node_is_added_after_an_outlet_and_linked(editing: Document) -> None:
    new = done(
        editing,
        lambda: acts.add(editing, send("thanks"), None, after=(NPS, "passive"), title="Thanks"),
        undo_text="Undo adding of “Thanks”",
    )
    assert editing.journey.target(NPS, "passive") == new
    assert editing.journey.title(new) == "Thanks"


def test_a_node_without_a_place_goes_where_nothing_stands(editing: Document) -> None:
    first = acts.add(editing, leave(), None, after=(NPS, "passive"))
    second = acts.add(editing, leave(), None, after=(NPS, "detractor"))
    boxes = [editing.journey.place(node) for node in (END, first, second)]
    assert all(abs(one[0] - other[0]) >= 136 for n, one in enumerate(boxes) for other in boxes[:n])


def test_adding_after_an_outlet_in_use_puts_the_node_between(editing: Document) -> None:
    new = done(editing, lambda: acts.add(editing, pause(), None, after=(ASK, "sent")))
    assert {(ASK, "sent", new), (new, "done", WAIT)} <= leads(editing)


def test_an_end_after_an_outlet_in_use_takes_its_place(editing: Document) -> None:
    new = done(editing, lambda: acts.add(editing, leave(), (0, 0), after=(NPS, "promoter")))
    assert editing.journey.target(NPS, "promoter") == new


def test_a_node_can_be_added_before_an_input(editing: Document) -> None:
    new = done(editing, lambda: acts.add(editing, made("trigger", on={"type": "list"}), (0, -100), before=ASK))
    assert editing.journey.target(new, "in") == ASK


def test_insertion_pushes_what_follows_along_and_leaves_what_came_before(editing: Document) -> None:
    before = {node: editing.journey.place(node) for node in editing.journey.node_ids()}
    new = done(
        editing, lambda: acts.insert_on_edge(editing, (ASK, "sent"), pause()), undo_text="Undo insertion of “Wait”"
    )
    after = {node: editing.journey.place(node) for node in before}
    assert editing.journey.place(new) == (0, 208)
    assert [after[node][1] - before[node][1] for node in (BUY, ASK, WAIT, NPS, END, NOTE)] == [0, 0, 104, 104, 104, 0]


def test_a_frame_grows_with_what_is_pushed_within_it(editing: Document) -> None:
    acts.insert_on_edge(editing, (ASK, "sent"), pause())
    frame = editing.journey.node(FRAME)
    assert frame is not None
    assert frame.model_dump()["height"] == 220 + 104


def test_where_there_is_room_nobody_is_pushed(editing: Document) -> None:
    acts.move(editing, {WAIT: (0, 800)})
    acts.insert_on_edge(editing, (ASK, "sent"), pause(), (0, 400))
    assert editing.journey.place(WAIT) == (0, 800)


def test_a_bystander_in_the_way_is_pushed_too(editing: Document) -> None:
    acts.move(editing, {NOTE: (-40, 510)})
    acts.insert_on_edge(editing, (ASK, "sent"), pause())
    assert editing.journey.place(NOTE) == (-40, 614)


def test_in_a_left_right_journey_the_rest_is_pushed_to_the_right(editing: Document) -> None:
    settings = editing.journey.settings.model_copy(update={"direction": "right"})
    acts.set_journey(editing, settings)
    acts.move(editing, {BUY: (0, 0), ASK: (240, 0), WAIT: (480, 0), NPS: (720, 0), END: (960, 0)})
    new = done(editing, lambda: acts.insert_on_edge(editing, (ASK, "sent"), pause()))
    assert [editing.journey.place(node)[0] for node in (ASK, new, WAIT, NPS)] == [240, 480, 720, 960]


def test_insertion_into_a_way_back_pushes_nobody(editing: Document) -> None:
    acts.connect(editing, NPS, "no_answer", ASK)
    before = {node: editing.journey.place(node) for node in editing.journey.node_ids()}
    acts.insert_on_edge(editing, (NPS, "no_answer"), pause(), (300, 200))
    assert {node: editing.journey.place(node) for node in before} == before


def test_a_node_that_is_there_can_be_dropped_on_an_edge(editing: Document) -> None:
    loose = acts.add(editing, pause(), (400, 400))
    done(editing, lambda: acts.insert_node(editing, (NPS, "promoter"), loose, (0, 500)))
    assert {(NPS, "promoter", loose), (loose, "done", END)} <= leads(editing)


def test_a_connected_node_is_not_dropped_on_an_edge(editing: Document) -> None:
    with pytest.raises(Refused, match="Only a step that nothing leads to"):
        acts.insert_node(editing, (NPS, "promoter"), ASK)


def test_an_end_does_not_go_into_an_edge(editing: Document) -> None:
    with pytest.raises(Refused, match="The way ends there; nothing leads on"):
        acts.insert_on_edge(editing, (ASK, "sent"), leave())


def test_a_refused_connection_says_why_and_changes_nothing(editing: Document) -> None:
    with pytest.raises(Refused, match="nobody is led there"):
        acts.connect(editing, NPS, "passive", BUY)
    assert editing.history.count() == 0


def test_an_edge_is_led_to_another_node(editing: Document) -> None:
    done(editing, lambda: acts.connect(editing, ASK, "sent", NPS), undo_text="Undo leading of an edge elsewhere")
    assert editing.journey.target(ASK, "sent") == NPS


def test_an_edge_is_led_from_another_outlet_and_replaces_what_left_there(editing: Document) -> None:
    acts.connect(editing, NPS, "passive", ASK)
    done(editing, lambda: acts.lead_from(editing, (NPS, "promoter"), (NPS, "passive")))
    assert editing.journey.target(NPS, "promoter") is None
    assert editing.journey.target(NPS, "passive") == END


def test_the_knife_cuts_several_edges_at_once(editing: Document) -> None:
    done(
        editing,
        lambda: acts.disconnect(editing, [(BUY, "in"), (ASK, "sent"), (NPS, "passive")]),
        undo_text="Undo cut of 2 edges",
    )
    assert leads(editing) == {(WAIT, "done", NPS), (NPS, "promoter", END)}


def test_deleting_heals_where_one_way_leads_in_and_one_out(editing: Document) -> None:
    assert acts.can_heal(editing, ASK)
    done(editing, lambda: acts.remove(editing, [ASK], heal=True), undo_text="Undo delete of 1 node")
    assert (BUY, "in", WAIT) in leads(editing)


def test_deleting_a_chain_heals_over_the_whole_of_it(editing: Document) -> None:
    done(editing, lambda: acts.remove(editing, [WAIT, ASK], heal=True), undo_text="Undo delete of 2 nodes")
    assert (BUY, "in", NPS) in leads(editing)


def test_deleting_without_healing_leaves_the_neighbours_apart(editing: Document) -> None:
    done(editing, lambda: acts.remove(editing, [ASK]))
    assert editing.journey.target(BUY, "in") is None


@pytest.mark.parametrize("others", [[(NPS, "passive", WAIT)], [(NPS, "passive", END)]], ids=["two in", "two out"])
def test_deleting_does_not_heal_where_there_are_two_ways(editing: Document, others: list[tuple[str, str, str]]) -> None:
    for edge in others:
        acts.connect(editing, *edge)
    node = WAIT if others[0][2] == WAIT else NPS
    assert not acts.can_heal(editing, node)
    acts.remove(editing, [node], heal=True)
    assert not [edge for edge in editing.journey.edges() if edge.outlet == "done"]


def test_healing_never_leads_a_node_to_itself(editing: Document) -> None:
    acts.connect(editing, NPS, "promoter", WAIT)
    acts.disconnect(editing, [(ASK, "sent")])
    assert not acts.can_heal(editing, NPS)


def test_edges_of_an_outlet_that_is_gone_stay_and_come_back_with_undo(editing: Document) -> None:
    done(editing, lambda: acts.set_settings(editing, NPS, made("split", by={"type": "loyalty", "programme": "club"})))
    assert (NPS, "promoter", END) in leads(editing)
    done(editing, lambda: acts.lead_from(editing, (NPS, "promoter"), (NPS, "joined")))
    assert editing.journey.target(NPS, "joined") == END


def test_of_several_nodes_only_those_that_may_are_switched_off(editing: Document) -> None:
    done(
        editing,
        lambda: acts.set_off(editing, [BUY, ASK, WAIT, END], True),
        undo_text="Undo switching off of 2 nodes",
    )
    assert [node for node in editing.journey.node_ids() if editing.journey.is_off(node)] == [ASK, WAIT]


def test_an_end_alone_is_not_switched_off(editing: Document) -> None:
    with pytest.raises(Refused, match="cannot be switched off"):
        acts.set_off(editing, [END], True)


def test_a_title_is_one_line_that_a_file_can_keep(editing: Document) -> None:
    acts.set_title(editing, ASK, "two\nlines\x00\ud800" + 300 * "x")
    title = editing.journey.title(ASK)
    assert title.startswith("two lines x")
    assert len(title) == 200


def test_a_text_that_no_file_can_keep_is_refused(editing: Document) -> None:
    with pytest.raises(Refused, match="NUL character"):
        acts.set_settings(editing, NOTE, made("note", text="a\x00b"))


def test_a_step_keeps_its_kind(editing: Document) -> None:
    with pytest.raises(Refused, match="keeps its kind"):
        acts.set_settings(editing, ASK, pause())


def test_typing_in_one_field_is_one_step_and_in_the_next_another(editing: Document) -> None:
    for days in (3, 33):
        acts.set_settings(editing, WAIT, pause(days), field="rule.amount")
    acts.set_settings(editing, WAIT, made("wait", rule={"type": "calendar days"}), field="rule")
    assert editing.history.count() == 2
    editing.history.undo()
    assert editing.journey.node(WAIT) == pause(33)
