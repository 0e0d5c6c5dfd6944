"""Every key of the canvas, the mouse never moved."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from journeys.nodes.problem import Problem, Severity
from tests.widgets.canvas.conftest import CONTROL, NONE, SHIFT, Hand, Triple, journey_of
from widgets.canvas.walk import Way, step

KEY = Qt.Key
TREE = {
    "TRIGGERA": ("trigger", 0, 0),
    "CONDITIO": ("condition", 0, 120),
    "WAITAAAA": ("wait", -140, 280),
    "WAITBBBB": ("wait", 140, 280),
    "EXITAAAA": ("exit", -92, 400),
}
TREE_EDGES = [
    ("TRIGGERA", "in", "CONDITIO"),
    ("CONDITIO", "yes", "WAITAAAA"),
    ("CONDITIO", "no", "WAITBBBB"),
    ("WAITAAAA", "done", "EXITAAAA"),
]


@pytest.fixture
def tree(opened):
    canvas = opened(journey_of(TREE, TREE_EDGES))
    canvas.pan(QPointF(200, 0))
    return canvas


def chosen(canvas, node):
    canvas.selection.set([node], current=node)
    return Hand(canvas)


def test_arrows_walk_the_graph_along_edges(tree):
    hand = chosen(tree, "TRIGGERA")
    walked = []
    for key in (KEY.Key_Down, KEY.Key_Down, KEY.Key_Right, KEY.Key_Left, KEY.Key_Down, KEY.Key_Up, KEY.Key_Up):
        hand.key(key)
        walked.append(tree.selection.current)
    assert walked == ["CONDITIO", "WAITAAAA", "WAITBBBB", "WAITAAAA", "EXITAAAA", "WAITAAAA", "CONDITIO"]
    assert tree.selection.nodes == {"CONDITIO"}


def test_shift_and_an_arrow_select_more(tree):
    hand = chosen(tree, "TRIGGERA")
    hand.key(KEY.Key_Down, SHIFT)
    assert tree.selection.nodes == {"TRIGGERA", "CONDITIO"}
    assert tree.selection.current == "CONDITIO"


def test_from_left_to_right_the_right_arrow_goes_on(opened):
    nodes = {"TRIGGERA": ("trigger", 0, 0), "WAITAAAA": ("wait", 300, 0)}
    canvas = opened(journey_of(nodes, [("TRIGGERA", "in", "WAITAAAA")], direction="right"))
    chosen(canvas, "TRIGGERA").key(KEY.Key_Right)
    assert canvas.selection.current == "WAITAAAA"


def test_where_edges_lead_nowhere_an_arrow_goes_to_the_nearest_card_that_way(opened):
    canvas = opened(journey_of({"WAITAAAA": ("wait", 0, 0), "WAITBBBB": ("wait", 10, 300)}))
    assert step(canvas.canvas_scene.plan, "WAITAAAA", Way.DOWN) == "WAITBBBB"
    assert step(canvas.canvas_scene.plan, "WAITAAAA", Way.UP) is None


def test_enter_asks_for_the_settings(tree, qtbot):
    hand = chosen(tree, "WAITAAAA")
    with qtbot.waitSignal(tree.edit_wanted) as asked:
        hand.key(KEY.Key_Return)
    assert asked.args == ["WAITAAAA"]


def test_tab_adds_after_the_selected_card_and_links_it(tree):
    triple = Triple(tree)
    hand = chosen(tree, "WAITBBBB")
    hand.key(KEY.Key_Tab)
    assert tree.popup.isVisible()
    hand.type("exit")
    hand.key(KEY.Key_Return)
    made = tree.document.journey.target("WAITBBBB", "done")
    assert tree.document.journey.kind(made) == "exit"
    assert tree.selection.current == made
    assert tree.hasFocus()
    triple.check()


def test_tab_after_a_card_whose_outlets_are_all_in_use_inserts_into_the_first_edge(tree):
    triple = Triple(tree)
    hand = chosen(tree, "WAITAAAA")
    hand.key(KEY.Key_Tab)
    hand.type("e-mail")
    hand.key(KEY.Key_Return)
    made = tree.document.journey.target("WAITAAAA", "done")
    assert tree.document.journey.target(made, "sent") == "EXITAAAA"
    triple.check()


def test_tab_after_an_end_says_that_nothing_leads_on(tree, qtbot):
    hand = chosen(tree, "EXITAAAA")
    with qtbot.waitSignal(tree.said) as said:
        hand.key(KEY.Key_Tab)
    assert said.args == ["The way ends at “Exitaaaa”; nothing leads on from there."]
    assert not tree.popup.isVisible()


def test_tab_on_the_empty_canvas_searches_for_what_brings_contacts_in(opened):
    canvas = opened(journey_of({}))
    hand = Hand(canvas)
    hand.key(KEY.Key_Tab)
    assert canvas.popup.isVisible()
    hand.key(KEY.Key_Return)
    (made,) = canvas.document.journey.node_ids()
    assert canvas.document.journey.kind(made) == "trigger"


def test_space_searches_as_it_is_let_go(tree):
    hand = Hand(tree)
    QTest.keyPress(tree, KEY.Key_Space)
    assert not tree.popup.isVisible()
    QTest.keyRelease(tree, KEY.Key_Space)
    assert tree.popup.isVisible()
    hand.key(KEY.Key_Escape)
    assert not tree.popup.isVisible()


def test_with_nothing_selected_arrows_move_the_place_where_a_step_is_added(opened):
    canvas = opened(journey_of({}))
    hand = Hand(canvas)
    start = canvas.cursor_place()
    for _ in range(5):
        hand.key(KEY.Key_Right)
    hand.key(KEY.Key_Down)
    assert canvas.cursor_place() == QPointF(start.x() + 120, start.y() + 24)
    QTest.keyClick(canvas, KEY.Key_Space)
    hand.type("note")
    hand.key(KEY.Key_Return)
    (made,) = canvas.document.journey.node_ids()
    x, y = canvas.document.journey.place(made)
    assert abs(x - start.x() - 120) <= 4
    assert abs(y - start.y() - 24) <= 4


def test_enter_with_nothing_selected_takes_the_card_nearest_to_the_place(tree):
    hand = Hand(tree)
    tree.set_cursor_place(QPointF(150, 330))
    hand.key(KEY.Key_Return)
    assert tree.selection.current == "WAITBBBB"


def test_ctrl_and_arrows_nudge_by_eight_in_one_step(tree):
    triple = Triple(tree)
    hand = chosen(tree, "WAITAAAA")
    hand.key(KEY.Key_Right, CONTROL)
    hand.key(KEY.Key_Right, CONTROL)
    hand.key(KEY.Key_Up, CONTROL)
    assert tree.document.journey.place("WAITAAAA") == (-124, 272)
    triple.check()


def test_delete_heals_where_one_way_in_and_one_way_out_make_it_unambiguous(tree):
    triple = Triple(tree)
    chosen(tree, "WAITAAAA").key(KEY.Key_Delete)
    assert tree.document.journey.target("CONDITIO", "yes") == "EXITAAAA"
    assert tree.document.undo_text() == "Undo delete of 1 node"
    triple.check()


def test_shift_and_delete_never_heal(tree):
    triple = Triple(tree)
    chosen(tree, "WAITAAAA").key(KEY.Key_Delete, SHIFT)
    assert tree.document.journey.target("CONDITIO", "yes") is None
    triple.check()


def test_delete_cuts_a_selected_edge(tree):
    triple = Triple(tree)
    tree.selection.set(edges=[("CONDITIO", "no")])
    Hand(tree).key(KEY.Key_Delete)
    assert tree.document.journey.target("CONDITIO", "no") is None
    triple.check()


def test_after_a_deletion_the_keyboard_stands_on_a_neighbour(tree):
    chosen(tree, "WAITAAAA").key(KEY.Key_Delete)
    assert tree.selection.current in {"CONDITIO", "EXITAAAA"}


def test_f2_renames(tree):
    triple = Triple(tree)
    hand = chosen(tree, "EXITAAAA")
    hand.key(KEY.Key_F2)
    hand.type("Done")
    hand.key(KEY.Key_Return)
    assert tree.document.journey.title("EXITAAAA") == "Done"
    triple.check()


def test_ctrl_1_shows_the_whole_journey(tree):
    tree.zoom_to(3)
    Hand(tree).key(KEY.Key_1, CONTROL)
    assert tree.visible().contains(tree.canvas_scene.bounds())


def test_ctrl_2_shows_the_selection(tree):
    tree.zoom_to(0.2)
    hand = chosen(tree, "WAITBBBB")
    hand.key(KEY.Key_2, CONTROL)
    assert tree.zoom == 1
    assert tree.visible().contains(tree.canvas_scene.bounds(["WAITBBBB"]))


def test_escape_leaves_the_selection(tree):
    hand = chosen(tree, "WAITBBBB")
    hand.key(KEY.Key_Escape)
    assert not tree.selection.nodes


def test_ctrl_a_selects_all(tree):
    Hand(tree).key(KEY.Key_A, CONTROL)
    assert tree.selection.nodes == set(TREE)


def test_f8_goes_to_the_next_problem(tree):
    tree.canvas_scene.set_problems(
        Problem("open-outlet", Severity.WARNS, (node,), "Nothing follows.") for node in ("WAITBBBB", "CONDITIO")
    )
    hand = Hand(tree)
    seen = []
    for _ in range(3):
        hand.key(KEY.Key_F8)
        seen.append(tree.selection.current)
    assert seen == ["CONDITIO", "WAITBBBB", "CONDITIO"]


def test_keys_that_mean_nothing_here_are_left_to_others(tree):
    event = QKeyEvent(QEvent.Type.KeyPress, KEY.Key_F5, NONE)
    QApplication.sendEvent(tree, event)
    assert not event.isAccepted()


@pytest.mark.parametrize(("notches", "zoom"), [(1, 1.25), (-1, 0.8)])
def test_ctrl_plus_and_minus_zoom(tree, notches, zoom):
    Hand(tree).key(KEY.Key_Plus if notches > 0 else KEY.Key_Minus, CONTROL)
    assert tree.zoom == pytest.approx(zoom)


def test_keys_that_come_during_a_gesture_wait(tree):
    triple = Triple(tree)
    hand = chosen(tree, "WAITBBBB")
    hand.press(200, 300)
    hand.drag_to(300, 400, start=(200, 300))
    hand.key(KEY.Key_Delete)
    hand.key(KEY.Key_Escape)
    hand.release(300, 400)
    triple.unchanged()
