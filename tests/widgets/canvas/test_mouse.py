"""Every gesture of the mouse on a real view."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from journeys.nodes.presets import presets
from tests.widgets.canvas.conftest import ALT, CONTROL, MIDDLE, NONE, SHIFT, Hand, Triple, journey_of
from widgets.canvas.preset_mime import mime_of

CHAIN = {
    "TRIGGERA": ("trigger", 0, 0),
    "WAITAAAA": ("wait", 0, 120),
    "EXITAAAA": ("exit", 48, 240),
}
CHAIN_EDGES = [("TRIGGERA", "in", "WAITAAAA"), ("WAITAAAA", "done", "EXITAAAA")]


@pytest.fixture
def chain(opened):
    return opened(journey_of(CHAIN, CHAIN_EDGES))


# selecting


def test_a_click_selects_one_card(chain):
    Hand(chain).click(100, 150)
    assert chain.selection.nodes == {"WAITAAAA"}
    assert chain.selection.current == "WAITAAAA"


def test_shift_adds_to_the_selection_and_takes_away(chain):
    hand = Hand(chain)
    hand.click(100, 150)
    hand.click(100, 20, keys=SHIFT)
    assert chain.selection.nodes == {"WAITAAAA", "TRIGGERA"}
    hand.click(100, 20, keys=SHIFT)
    assert chain.selection.nodes == {"WAITAAAA"}


def test_a_click_on_the_empty_canvas_selects_nothing(chain):
    hand = Hand(chain)
    hand.click(100, 150)
    hand.click(500, 400)
    assert not chain.selection.nodes


def test_a_rubber_band_selects_what_it_touches(chain):
    Hand(chain).drag((-40, -20), (60, 160))
    assert chain.selection.nodes == {"TRIGGERA", "WAITAAAA"}
    assert chain.selection.edges == set()


def test_shift_and_a_rubber_band_add(chain):
    hand = Hand(chain)
    hand.click(100, 20)
    hand.drag((-40, 110), (60, 160), keys=SHIFT)
    assert chain.selection.nodes == {"TRIGGERA", "WAITAAAA"}


def test_a_click_selects_an_edge(chain):
    Hand(chain).click(104, 114)
    assert chain.selection.edges == {("TRIGGERA", "in")}


# moving


def test_a_card_is_moved_in_one_step_on_the_grid(chain):
    triple = Triple(chain)
    Hand(chain).drag((20, 150), (20 + 301, 150 + 203))
    assert chain.document.journey.place("WAITAAAA") == (304, 320)
    assert chain.document.undo_text() == "Undo move of 1 node"
    triple.check()


def test_all_that_is_selected_moves_along(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.drag((-40, -20), (60, 160))
    hand.drag((20, 150), (20 + 400, 150))
    places = [chain.document.journey.place(node)[0] for node in ("TRIGGERA", "WAITAAAA", "EXITAAAA")]
    assert places == [400, 400, 48]
    assert chain.document.undo_text() == "Undo move of 2 nodes"
    triple.check()


def test_a_card_snaps_to_the_middle_of_another_and_a_line_shows_it(opened):
    canvas = opened(journey_of({"WAITAAAA": ("wait", 3, 0), "WAITBBBB": ("wait", 300, 200)}))
    hand = Hand(canvas)
    hand.press(320, 220)
    hand.drag_to(320 - 293, 220, start=(320, 220))
    assert canvas.interaction._guides
    hand.release(320 - 293, 220)
    assert canvas.document.journey.place("WAITBBBB")[0] == 3


def test_alt_leaves_snapping_out(chain):
    Hand(chain).drag((20, 150), (20 + 301, 150 + 203), keys=ALT)
    assert chain.document.journey.place("WAITAAAA") == (301, 323)


def test_escape_leaves_a_move_as_if_it_had_not_begun(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.press(20, 150)
    hand.drag_to(300, 300, start=(20, 150))
    hand.key(Qt.Key.Key_Escape)
    assert chain.interaction is None
    hand.release(300, 300)
    triple.unchanged()


def test_a_frame_takes_along_what_stands_in_it(opened):
    nodes = {"FRAMEAAA": ("frame", 0, 0), "WAITAAAA": ("wait", 40, 60), "WAITBBBB": ("wait", 600, 60)}
    canvas = opened(journey_of(nodes))
    triple = Triple(canvas)
    Hand(canvas).drag((200, 12), (200, 12 + 160), keys=ALT)
    journey = canvas.document.journey
    assert (journey.place("FRAMEAAA"), journey.place("WAITAAAA")) == ((0, 160), (40, 220))
    assert journey.place("WAITBBBB") == (600, 60)
    triple.check()


def test_a_loose_card_dropped_on_an_edge_goes_into_it(opened):
    canvas = opened(journey_of({**CHAIN, "WAITBBBB": ("wait", 400, 60)}, CHAIN_EDGES))
    triple = Triple(canvas)
    Hand(canvas).drag((420, 80), (104, 80), keys=ALT)
    journey = canvas.document.journey
    assert journey.target("TRIGGERA", "in") == "WAITBBBB"
    assert journey.target("WAITBBBB", "done") == "WAITAAAA"
    triple.check()


# connecting


def test_an_edge_is_drawn_from_an_outlet_to_a_card(opened):
    canvas = opened(journey_of({"TRIGGERA": ("trigger", 0, 0), "WAITAAAA": ("wait", 300, 200)}))
    triple = Triple(canvas)
    Hand(canvas).drag((104, 60), (400, 230))
    assert canvas.document.journey.target("TRIGGERA", "in") == "WAITAAAA"
    triple.check()


def test_a_connection_that_is_not_allowed_is_refused_with_the_reason(opened):
    canvas = opened(journey_of({"TRIGGERA": ("trigger", 300, 0), "WAITAAAA": ("wait", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    port = canvas.canvas_scene.plan.spots["WAITAAAA"].port("done")
    hand.press(*port)
    hand.drag_to(400, 30, start=port)
    assert canvas.interaction.reason == "Contacts come in at the trigger “Triggera”; nobody is led there."
    hand.release(400, 30)
    triple.unchanged()


def test_an_edge_drawn_into_the_empty_canvas_searches_and_connects_what_is_chosen(opened):
    canvas = opened(journey_of({"TRIGGERA": ("trigger", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    hand.drag((104, 60), (300, 300))
    assert canvas.popup.isVisible()
    hand.type("wait a")
    hand.key(Qt.Key.Key_Return)
    journey = canvas.document.journey
    made = journey.target("TRIGGERA", "in")
    assert journey.kind(made) == "wait"
    assert journey.place(made) == (196 - 196 % 8, 304)
    assert canvas.selection.nodes == {made}
    triple.check()


def test_escape_closes_the_search_and_nothing_is_done(opened):
    canvas = opened(journey_of({"TRIGGERA": ("trigger", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    hand.drag((104, 60), (300, 300))
    hand.key(Qt.Key.Key_Escape)
    assert not canvas.popup.isVisible()
    assert canvas.hasFocus()
    triple.unchanged()


def test_the_plus_of_an_open_outlet_searches_for_what_follows(opened):
    canvas = opened(journey_of({"TRIGGERA": ("trigger", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    _, end = canvas.canvas_scene.stubs["TRIGGERA", "in"]
    hand.click(*end)
    hand.type("exit")
    hand.key(Qt.Key.Key_Return)
    made = canvas.document.journey.target("TRIGGERA", "in")
    assert canvas.document.journey.kind(made) == "exit"
    triple.check()


def test_the_plus_of_an_edge_inserts_and_pushes_aside(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.move(104, 80)
    hand.click(*chain.canvas_scene.plus_at(("TRIGGERA", "in")))
    assert chain.popup.isVisible()
    hand.type("e-mail")
    hand.key(Qt.Key.Key_Return)
    journey = chain.document.journey
    made = journey.target("TRIGGERA", "in")
    assert journey.kind(made) == "send"
    assert journey.target(made, "sent") == "WAITAAAA"
    assert journey.place("WAITAAAA")[1] > 120
    triple.check()


def test_the_end_of_an_edge_is_led_to_another_card(opened):
    canvas = opened(journey_of({**CHAIN, "WAITBBBB": ("wait", 400, 60)}, CHAIN_EDGES))
    triple = Triple(canvas)
    hand = Hand(canvas)
    hand.click(104, 85)
    hand.drag((104, 119), (500, 90))
    assert canvas.document.journey.target("TRIGGERA", "in") == "WAITBBBB"
    triple.check()


def test_the_beginning_of_an_edge_is_led_to_another_outlet(opened):
    nodes = {"CONDITIO": ("condition", 0, 0), "EXITAAAA": ("exit", 0, 200)}
    canvas = opened(journey_of(nodes, [("CONDITIO", "yes", "EXITAAAA")]))
    triple = Triple(canvas)
    hand = Hand(canvas)
    spot = canvas.canvas_scene.plan.spots["CONDITIO"]
    x, y = canvas.canvas_scene.lines["CONDITIO", "yes"].points[-1]
    hand.click(x, y - 20)
    hand.drag(spot.port("yes"), spot.port("no"))
    journey = canvas.document.journey
    assert (journey.target("CONDITIO", "yes"), journey.target("CONDITIO", "no")) == (None, "EXITAAAA")
    triple.check()


def test_the_knife_cuts_all_edges_it_crosses_in_one_step(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.press(-60, 80, keys=CONTROL)
    hand.drag_to(150, 80, start=(-60, 80), keys=CONTROL)
    hand.drag_to(260, 120, keys=CONTROL)
    hand.drag_to(260, 215, keys=CONTROL)
    hand.drag_to(-60, 215, keys=CONTROL)
    hand.release(-60, 215, keys=CONTROL)
    assert not list(chain.document.journey.edges())
    assert chain.document.undo_text() == "Undo cut of 2 edges"
    triple.check()


def test_a_double_click_on_the_empty_canvas_searches_there(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.double(500, 400)
    hand.type("note")
    hand.key(Qt.Key.Key_Return)
    (made,) = set(chain.document.journey.node_ids()) - set(CHAIN)
    assert chain.document.journey.kind(made) == "note"
    triple.check()


# text in place


def test_a_double_click_renames_a_card(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.double(100, 150)
    hand.type("Let it rest")
    hand.key(Qt.Key.Key_Return)
    assert chain.document.journey.title("WAITAAAA") == "Let it rest"
    assert chain.hasFocus()
    triple.check()


def test_escape_leaves_a_title_as_it_was(chain):
    triple = Triple(chain)
    hand = Hand(chain)
    hand.double(100, 150)
    hand.type("Let it rest")
    hand.key(Qt.Key.Key_Escape)
    triple.unchanged()


def test_the_text_of_a_note_is_written_where_it_stands(opened):
    canvas = opened(journey_of({"NOTEAAAA": ("note", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    hand.double(50, 40)
    hand.type(" Twice.")
    hand.key(Qt.Key.Key_Return, CONTROL)
    assert canvas.document.journey.node("NOTEAAAA").text == "Ask in the morning. Twice."
    triple.check()


def test_the_title_of_a_frame_is_written_where_it_stands(opened):
    canvas = opened(journey_of({"FRAMEAAA": ("frame", 0, 0)}))
    triple = Triple(canvas)
    hand = Hand(canvas)
    hand.double(100, 12)
    hand.type("Asking")
    hand.key(Qt.Key.Key_Return)
    assert canvas.document.journey.node("FRAMEAAA").title == "Asking"
    triple.check()


def test_a_note_is_made_larger_by_its_corner(opened):
    canvas = opened(journey_of({"NOTEAAAA": ("note", 0, 0)}))
    triple = Triple(canvas)
    Hand(canvas).drag((190, 94), (190 + 61, 94 + 42))
    settings = canvas.document.journey.node("NOTEAAAA")
    assert (settings.width, settings.height) == (256, 136)
    triple.check()


# dragged in


def _drag_in(canvas, preset, x, y):
    hand = Hand(canvas)
    mime = mime_of(preset)
    at = QPointF(hand.to(x, y))
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE)
    over = QDragMoveEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE)
    drop = QDropEvent(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE, QEvent.Type.Drop)
    for event in (enter, over, drop):
        QApplication.sendEvent(canvas.viewport(), event)


def test_a_step_dragged_from_the_palette_is_added_where_it_is_dropped(chain):
    triple = Triple(chain)
    _drag_in(chain, next(one for one in presets() if one.id == "wait"), 500, 300)
    (made,) = set(chain.document.journey.node_ids()) - set(CHAIN)
    assert chain.document.journey.place(made) == (400, 264)
    triple.check()


def test_a_step_dragged_from_the_palette_onto_an_edge_is_inserted(chain):
    triple = Triple(chain)
    _drag_in(chain, next(one for one in presets() if one.id == "wait"), 104, 85)
    made = chain.document.journey.target("TRIGGERA", "in")
    assert chain.document.journey.target(made, "done") == "WAITAAAA"
    triple.check()


# zoom and panning


def _wheel(canvas, x, y, notches, keys=NONE):
    at = QPointF(x, y)
    event = QWheelEvent(
        at,
        QPointF(canvas.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


@pytest.mark.parametrize("notches", [3, -3])
def test_the_wheel_zooms_at_the_cursor(chain, notches):
    held = chain.at(QPointF(300, 200))
    _wheel(chain, 300, 200, notches)
    assert chain.zoom == pytest.approx(1.2**notches)
    now = chain.at(QPointF(300, 200))
    assert abs(now.x() - held.x()) <= 1 / chain.zoom
    assert abs(now.y() - held.y()) <= 1 / chain.zoom


def test_zoom_stays_between_5_and_400_per_cent(chain):
    _wheel(chain, 300, 200, 60)
    assert chain.zoom == 4
    _wheel(chain, 300, 200, -100)
    assert chain.zoom == pytest.approx(0.05)


def test_shift_and_the_wheel_scroll(chain):
    before = chain.at(QPointF(0, 0))
    _wheel(chain, 300, 200, -1, SHIFT)
    assert chain.zoom == 1
    assert chain.at(QPointF(0, 0)).x() == before.x() + 60


def test_the_middle_button_pans(chain):
    before = chain.at(QPointF(0, 0))
    QTest.mousePress(chain.viewport(), MIDDLE, NONE, QPoint(400, 300))
    for n in range(1, 5):
        QTest.mouseMove(chain.viewport(), QPoint(400 + 20 * n, 300 + 15 * n))
    QTest.mouseRelease(chain.viewport(), MIDDLE, NONE, QPoint(480, 360))
    assert chain.at(QPointF(0, 0)) == QPointF(before.x() - 80, before.y() - 60)


def test_space_and_a_drag_pan_and_do_not_search(chain):
    hand = Hand(chain)
    before = chain.at(QPointF(0, 0))
    QTest.keyPress(chain, Qt.Key.Key_Space)
    start = hand.to(100, 150)
    QTest.mousePress(chain.viewport(), Qt.MouseButton.LeftButton, NONE, start)
    for n in range(1, 5):
        QTest.mouseMove(chain.viewport(), start + QPoint(20 * n, 0))
    QTest.mouseRelease(chain.viewport(), Qt.MouseButton.LeftButton, NONE, start + QPoint(80, 0))
    QTest.keyRelease(chain, Qt.Key.Key_Space)
    assert chain.at(QPointF(0, 0)) == QPointF(before.x() - 80, before.y())
    assert not chain.popup.isVisible()
    assert not chain.selection.nodes


def test_two_fingers_that_spread_zoom_where_they_are(chain):
    held = chain.at(QPointF(300, 200))
    device = QPointingDevice.primaryPointingDevice()
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        device,
        2,
        QPointF(300, 200),
        QPointF(300, 200),
        QPointF(chain.viewport().mapToGlobal(QPoint(300, 200))),
        0.5,
        QPointF(),
    )
    QApplication.sendEvent(chain.viewport(), event)
    assert chain.zoom == pytest.approx(1.5)
    now = chain.at(QPointF(300, 200))
    assert abs(now.x() - held.x()) <= 1


def test_zoom_to_fit_is_a_flight_of_220_ms_and_without_motion_at_once(chain):
    chain.zoom_to(3)
    chain.reduced_motion = False
    chain.fit()
    assert chain.zoom == pytest.approx(3)
    assert chain._flight.duration() == 220
    chain._flight.setCurrentTime(110)
    assert 1 < chain.zoom < 3
    chain._flight.setCurrentTime(220)
    assert chain.zoom == 1
    chain.zoom_to(3)
    chain.reduced_motion = True
    chain.fit()
    assert chain.zoom == 1


def test_held_at_the_border_the_view_moves_along_with_what_is_dragged(chain, qtbot):
    hand = Hand(chain)
    hand.press(20, 150)
    hand.drag_to(895, 150, start=(20, 150))
    assert chain.interaction._timer.isActive()
    before = chain.at(QPointF(0, 0)).x()
    chain.interaction._drift()
    assert chain.at(QPointF(0, 0)).x() > before
    hand.key(Qt.Key.Key_Escape)


def test_below_75_per_cent_a_card_is_told_beside_the_mouse(chain):
    chain.zoom_to(0.5)
    hand = Hand(chain)
    hand.move(100, 150)
    assert chain._hover_card.isActive()
    assert chain._hover_card.interval() == 300
    assert chain.canvas_scene.hovered_node == "WAITAAAA"


def test_an_undo_during_a_gesture_ends_it(chain):
    hand = Hand(chain)
    hand.drag((20, 150), (20, 250))
    hand.press(20, 250)
    hand.drag_to(200, 300, start=(20, 250))
    chain.document.history.undo()
    assert chain.interaction is None
    assert chain.canvas_scene.card_items["WAITAAAA"].pos() == QPointF(0, 120)
    hand.release(200, 300)


def test_the_right_button_selects_what_a_menu_is_about(chain):
    hand = Hand(chain)
    hand.drag((-40, -20), (60, 160))
    hand.click(100, 150, button=Qt.MouseButton.RightButton)
    assert chain.selection.nodes == {"TRIGGERA", "WAITAAAA"}
    hand.click(100, 260, button=Qt.MouseButton.RightButton)
    assert chain.selection.nodes == {"EXITAAAA"}
