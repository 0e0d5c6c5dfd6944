"""What a right click on the canvas of a window offers, and that it does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.desktop.editor import EditorPage
from app.desktop.window import Window
from widgets.canvas.hits import hit

Sample = Callable[[str], Path]


def opened(window: Window, sample: Sample) -> EditorPage:
    window.filing.open(sample("welcome"))
    assert window.page is not None
    return window.page


def right_click(page: EditorPage, at: QPoint) -> QMenu:
    """As the platform sends it: the button, and then the wish for a menu."""
    port = page.canvas.view.viewport()
    QTest.mouseClick(port, Qt.MouseButton.RightButton, pos=at)
    wish = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, port.mapToGlobal(at))
    QApplication.sendEvent(port, wish)
    return next(menu for menu in page.canvas.view.findChildren(QMenu) if menu.isVisible())


def on_card(page: EditorPage, node: str) -> QPoint:
    x, y = page.opened.journey.place(node)
    return page.canvas.view.mapFromScene(QPointF(x + 60, y + 16))


def on_nothing(page: EditorPage) -> QPoint:
    view = page.canvas.view
    for y in range(8, view.viewport().height(), 24):
        at = view.at(QPointF(8, y))
        if hit(view.canvas_scene, at.x(), at.y()) is None:
            return QPoint(8, y)
    raise AssertionError("the left border is covered")


def test_a_step_can_be_deleted_by_its_menu_and_comes_back_by_undo(window: Window, sample: Sample):
    page = opened(window, sample)
    journey = page.opened.journey
    node = next(id_ for id_ in journey.node_ids() if journey.kind(id_) == "send")
    page.show_node(node)
    page.canvas.view.fit()
    menu = right_click(page, on_card(page, node))
    assert [action.text().split("\t")[0] for action in menu.actions() if not action.isSeparator()] == [
        "Edit the settings",
        "Rename the step",
        "Add a step after this one",
        "Lead on to a step…",
        "Cut",
        "Copy",
        "Duplicate",
        "Switch off or on",
        "Delete and close the gap",
        "Delete and leave the gap",
    ]
    menu.setActiveAction(menu.actions()[-1])
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert node not in journey
    page.opened.document.history.undo()
    assert node in journey


def test_the_menu_of_the_empty_canvas_offers_what_goes_there(window: Window, sample: Sample):
    page = opened(window, sample)
    menu = right_click(page, on_nothing(page))
    assert [action.text().split("\t")[0] for action in menu.actions() if action.text()] == [
        "Search for a step at the cursor",
        "Paste",
        "Select everything",
        "Lay out",
        "Show the whole journey",
    ]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not page.opened.selection.nodes
