"""The map of the journey and the zoom under it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from journeys.graph.file import load
from widgets.canvas.minimap import MiniMap

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def canvas(opened):
    return opened(load("resources/journeys/nps-after-purchase.journey"))


@pytest.fixture
def minimap(canvas):
    made = MiniMap(canvas, canvas.canvas_scene)
    made.show()
    made.map.grab()
    return made


def test_it_stands_twelve_from_the_lower_right_corner(canvas, minimap):
    assert (minimap.width(), minimap.height()) == (178, 142)
    assert canvas.rect().right() - minimap.geometry().right() == 12
    canvas.resize(900, 600)
    assert canvas.rect().bottom() - minimap.geometry().bottom() == 12


def test_a_click_shows_that_part(canvas, minimap):
    canvas.fit()
    canvas.zoom_to(1)
    QTest.mouseClick(minimap.map, LEFT, NONE, QPoint(60, 80))
    first = canvas.centre()
    QTest.mouseClick(minimap.map, LEFT, NONE, QPoint(100, 20))
    assert canvas.centre().x() > first.x()
    assert canvas.centre().y() < first.y()


def test_its_buttons_zoom_and_tell_the_zoom(canvas, minimap):
    canvas.zoom_to(1)
    QTest.mouseClick(minimap.more, LEFT)
    assert canvas.zoom == 1.25
    assert minimap.label.text() == "125\u202f%"
    QTest.mouseClick(minimap.less, LEFT)
    assert canvas.zoom == 1


def test_its_button_shows_the_whole_journey(canvas, minimap):
    canvas.zoom_to(3)
    QTest.mouseClick(minimap.whole, LEFT)
    assert canvas.visible().contains(canvas.canvas_scene.bounds())


def test_it_folds_to_its_zoom_control(minimap):
    QTest.mouseClick(minimap.fold, LEFT)
    assert minimap.map.isHidden()
    assert minimap.height() == 36
    QTest.mouseClick(minimap.fold, LEFT)
    assert minimap.height() == 142


def test_its_buttons_have_names_and_tell_their_keys(minimap):
    assert minimap.whole.accessibleName() == "Show the whole journey"
    assert minimap.whole.toolTip() == "Show the whole journey (Ctrl+1)"
