"""Menus: what they are about is selected, and told with its place; actions come from whoever holds the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QApplication

from tests.widgets.canvas.conftest import Hand, journey_of

NODES = {"TRIGGERA": ("trigger", 0, 0), "WAITAAAA": ("wait", 0, 120), "CONDITIO": ("condition", 0, 240)}
EDGES = [("TRIGGERA", "in", "WAITAAAA"), ("WAITAAAA", "done", "CONDITIO")]


@pytest.fixture
def canvas(opened):
    return opened(journey_of(NODES, EDGES))


def right_click(canvas, x, y):
    """As the platform sends it: the button, and then the wish for a menu. Returns what was asked for."""
    asked = []
    canvas.menu_wanted.connect(lambda *wish: asked.append(wish))
    hand = Hand(canvas)
    hand.click(x, y, button=Qt.MouseButton.RightButton)
    at = hand.to(x, y)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.viewport().mapToGlobal(at))
    QApplication.sendEvent(canvas.viewport(), event)
    return asked


def by_key(canvas):
    asked = []
    canvas.menu_wanted.connect(lambda *wish: asked.append(wish))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), canvas.mapToGlobal(QPoint(1, 1)))
    QApplication.sendEvent(canvas, event)
    return asked


def on_screen(canvas, x, y):
    return canvas.viewport().mapToGlobal(canvas.mapFromScene(QPointF(x, y)))


def test_a_menu_on_a_card_is_about_it(canvas):
    assert right_click(canvas, 100, 150) == [("node", "WAITAAAA", on_screen(canvas, 100, 150))]
    assert canvas.selection.nodes == {"WAITAAAA"}


def test_a_menu_on_one_of_several_leaves_them_selected(canvas):
    canvas.selection.set(["TRIGGERA", "WAITAAAA"])
    assert right_click(canvas, 100, 150)[0][:2] == ("node", "WAITAAAA")
    assert canvas.selection.nodes == {"TRIGGERA", "WAITAAAA"}


def test_a_menu_on_an_edge_is_about_it(canvas):
    (wish,) = right_click(canvas, 104, 84)
    assert wish[:2] == ("edge", ("TRIGGERA", "in"))
    assert canvas.selection.edges == {("TRIGGERA", "in")}


def test_a_menu_on_the_empty_canvas_is_about_that_place(canvas):
    canvas.selection.set(["WAITAAAA"])
    assert right_click(canvas, 600, 300)[0][:2] == ("canvas", None)
    assert not canvas.selection.nodes
    assert canvas.cursor_place() == QPointF(600, 300)


def test_a_menu_on_an_open_outlet_is_about_its_card(canvas):
    # the “+” of “yes”
    (port, end) = canvas.canvas_scene.stubs["CONDITIO", "yes"]
    assert port != end
    assert right_click(canvas, *end)[0][:2] == ("node", "CONDITIO")
    assert canvas.selection.nodes == {"CONDITIO"}


def test_by_key_a_menu_is_about_what_is_selected_and_opens_there(canvas):
    canvas.selection.set(["WAITAAAA"])
    card = canvas.canvas_scene.box_of("WAITAAAA")
    assert by_key(canvas) == [("node", "WAITAAAA", on_screen(canvas, card.left, card.bottom))]
    canvas.selection.set(edges=[("TRIGGERA", "in")])
    assert by_key(canvas)[0][:2] == ("edge", ("TRIGGERA", "in"))
    canvas.selection.clear()
    assert by_key(canvas)[0][:2] == ("canvas", None)


def test_no_menu_opens_in_the_middle_of_a_gesture(canvas):
    hand = Hand(canvas)
    hand.press(100, 150)
    hand.drag_to(140, 190, start=(100, 150))
    assert by_key(canvas) == []
    hand.release(140, 190)


def test_the_actions_given_are_shown_and_done(canvas, qtbot):
    done = []
    rename, remove = QAction("Rename", canvas), QAction("Remove", canvas)
    remove.triggered.connect(lambda: done.append("removed"))
    menu = canvas.show_menu([rename, None, remove], on_screen(canvas, 100, 150))
    assert [action.text() or "—" for action in menu.actions()] == ["Rename", "—", "Remove"]
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert done == ["removed"]
