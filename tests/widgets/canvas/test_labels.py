"""Names of long edges at rest: at the far end, over no card, and no larger than what they stand between."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from tests.widgets.canvas.conftest import journey_of
from widgets.canvas.edge_painting import label_size, rest_scale
from widgets.canvas.grid import Box
from widgets.canvas.labels import rest_place
from widgets.canvas.lines import Line
from widgets.document import acts

#: 104 to the right, and then 600 down
LINE = Line(((0, 0), (0, 20), (104, 20), (104, 620)))


def place(*, cards=(), edges=(), before=0):
    return rest_place(
        LINE,
        "promoter",
        has_card=lambda box: any(box.meets(card) for card in cards),
        has_edge=lambda box: any(box.meets(edge) for edge in edges),
        names_before=lambda _box: before,
    )


def test_a_name_stands_at_the_far_end():
    assert place() == (104, 572)


def test_a_name_steps_back_from_a_card():
    x, y = place(cards=[Box(110, 500, 320, 620)])
    _width, height = label_size("promoter")
    assert x == 104
    assert y + height / 2 <= 500 - 3


def test_a_name_steps_back_from_another_edge():
    _x, y = place(edges=[Box(90, 560, 91, 620)])
    assert y < 560


def test_where_edges_lie_side_by_side_their_names_stand_one_below_the_other():
    beside = [Box(90, -1000, 91, 2000)]
    (_, first), (_, second) = place(edges=beside), place(edges=beside, before=1)
    assert abs(first - second) >= label_size("promoter")[1]


def test_where_cards_cover_all_of_it_an_edge_has_no_name():
    assert place(cards=[Box(-500, -500, 700, 700)]) is None


@pytest.mark.parametrize(("zoom", "px"), [(0.75, 9), (1, 11), (2, 22)])
def test_names_at_rest_shrink_with_the_cards_to_nine_px(zoom, px):
    assert 11 * zoom * rest_scale(zoom) == pytest.approx(px)


def test_a_name_moves_when_a_card_comes_where_it_stands(opened):
    nodes = {"CONDITIO": ("condition", 0, 0), "EXITAAAA": ("exit", 400, 700), "WAITAAAA": ("wait", 900, 0)}
    canvas = opened(journey_of(nodes, [("CONDITIO", "no", "EXITAAAA")]), zoom=0.8)
    canvas.viewport().grab()
    scene = canvas.canvas_scene
    key = ("CONDITIO", "no")
    x, y = scene.label_at(key, "no")
    acts.move(canvas.document, {"WAITAAAA": (x + 10, y - 40)})
    moved = scene.label_at(key, "no")
    assert moved != (x, y)
    assert not scene.box_of("WAITAAAA").holds(*moved)


def test_on_a_screen_of_two_device_pixels_a_px_cards_are_painted_finer_and_not_larger(opened):
    canvas = opened(journey_of({"CONDITIO": ("condition", 0, 0)}, []))
    images = []
    for ratio in (1, 2):
        made = QImage(400 * ratio, 200 * ratio, QImage.Format.Format_RGB32)
        made.setDevicePixelRatio(ratio)
        painter = QPainter(made)
        canvas.render(painter, QRectF(0, 0, 400, 200), QRectF(50, 20, 400, 200).toRect())
        painter.end()
        images.append(made)
    one, two = images
    enlarged = one.scaled(two.size())
    enlarged.setDevicePixelRatio(2)
    assert enlarged != two
    # the outline of the card is one px of the screen wide on both, at the same place
    surface = canvas.canvas_scene.inks.tokens.surface
    assert one.pixelColor(60, 70) == two.pixelColor(120, 140) == surface
