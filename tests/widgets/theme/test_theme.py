"""The theme follows the system or a choice, without a restart."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from journeys.nodes.node import Family, Node
from journeys.nodes.registry import kinds
from tests.nodes.examples import NODES
from widgets.theme import fonts, icons
from widgets.theme.kinds import icon_of, tile_path
from widgets.theme.theme import Choice, Theme
from widgets.theme.tokens import dark, light


def test_a_choice_is_taken_at_once_and_told(theme: Theme, qapp, qtbot):
    with qtbot.waitSignal(theme.changed):
        theme.choose(Choice.DARK)
    assert theme.tokens is dark()
    assert qapp.palette().color(QPalette.ColorRole.Base) == dark().surface
    assert dark().accent.name() in qapp.styleSheet()


def test_the_same_choice_again_tells_nothing(theme: Theme, qtbot):
    with qtbot.assertNotEmitted(theme.changed):
        theme.choose(Choice.LIGHT)


def test_without_a_choice_the_system_is_followed(theme: Theme):
    system = QGuiApplication.styleHints().colorScheme()
    theme.choose(Choice.SYSTEM)
    assert theme.tokens is (dark() if system is Qt.ColorScheme.Dark else light())


def test_a_system_that_turns_dark_is_followed_while_running(theme: Theme, qtbot):
    theme.choose(Choice.SYSTEM)
    hints = QGuiApplication.styleHints()
    with qtbot.waitSignal(theme.changed):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens is dark()
    with qtbot.waitSignal(theme.changed):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert theme.tokens is light()


def test_figures_are_of_one_width_and_sizes_in_pixels(theme: Theme):
    font = fonts.font(fonts.CARD, fonts.SEMIBOLD)
    assert font.pixelSize() == 14
    assert font.featureValue(font.Tag("tnum")) == 1


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_there_is_an_icon_for_every_kind(theme: Theme, kind):
    assert kinds()[kind].icon in icons.known()


@pytest.mark.parametrize("node", NODES)
def test_the_icon_tells_the_settings(theme: Theme, node: Node):
    assert icon_of(node) in icons.known()


@pytest.mark.parametrize("channel", ["email", "sms", "push", "phone", "post"])
def test_every_channel_has_an_icon_of_its_own(theme: Theme, channel):
    send = kinds()["send"].model_validate({"template": "hello", "channel": channel})
    assert icon_of(send) in icons.known()
    assert (icon_of(send) == "envelope-simple") == (channel == "email")


@pytest.mark.parametrize("family", list(Family))
def test_every_family_has_a_tile_within_its_square(theme: Theme, family):

    square = QRectF(10, 12, 32, 32)
    path = tile_path(family, square)
    assert square.adjusted(-0.01, -0.01, 0.01, 0.01).contains(path.boundingRect())
    assert path.contains(square.center())


def test_an_icon_takes_its_colour(theme: Theme):
    image = icons.pixmap("plus-bold", QColor(200, 10, 20), 64).toImage()
    seen = {
        image.pixelColor(x, y).getRgb()[:3]
        for x in range(64)
        for y in range(64)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert seen == {(200, 10, 20)}


def test_a_button_with_the_focus_has_a_ring_around_it_and_a_field_has_not(theme: Theme, qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    button, field = QPushButton("Send"), QLineEdit()
    row.addWidget(button)
    row.addWidget(field)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    rings = [child for child in window.children() if type(child).__name__ == "_Ring"]
    assert [ring.geometry() for ring in rings] == [button.geometry().adjusted(-4, -4, 4, 4)]
    field.setFocus()
    assert not any(child.isVisible() for child in window.children() if type(child).__name__ == "_Ring")
