"""What is seen: states, steps of detail, themes. Looked at by single pixels, where a colour decides."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from journeys.graph.diff import Difference, differences
from journeys.graph.file import load, read_journey, write_journey
from journeys.nodes.problem import Fix, Problem, Severity
from tests.widgets.canvas.conftest import Hand, journey_of
from widgets.canvas.card import card_of
from widgets.canvas.detail import Detail, detail_of
from widgets.canvas.edge_painting import EdgeState, flow_width
from widgets.canvas.lines import RADIUS, Line
from widgets.canvas.look import Numbers, marks_of
from widgets.theme.theme import Choice

REFERENCE = "resources/journeys/nps-after-purchase.journey"
TWO = {"TRIGGERA": ("trigger", 0, 0), "WAITAAAA": ("wait", 0, 160)}


def pixel(canvas, x, y) -> QColor:
    """The colour at a point of the scene."""
    at = canvas.viewportTransform().map(QPointF(x, y)).toPoint()
    image = canvas.viewport().grab().toImage()
    return image.pixelColor(at)


def has(canvas, area, colour: QColor) -> bool:
    """Whether a colour is somewhere in (left, top, right, bottom) of the scene."""
    left, top = canvas.viewportTransform().map(QPointF(area[0], area[1])).toTuple()
    right, bottom = canvas.viewportTransform().map(QPointF(area[2], area[3])).toTuple()
    image = canvas.viewport().grab().toImage()
    return any(
        image.pixelColor(x, y).rgb() == colour.rgb()
        for x in range(max(int(left), 0), min(int(right) + 1, image.width()))
        for y in range(max(int(top), 0), min(int(bottom) + 1, image.height()))
    )


@pytest.fixture
def two(opened):
    return opened(journey_of(TWO, [("TRIGGERA", "in", "WAITAAAA")]))


@pytest.mark.parametrize(
    ("zoom", "detail"),
    [
        (4.0, Detail.FULL),
        (0.75, Detail.FULL),
        (0.74, Detail.TITLE),
        (0.45, Detail.TITLE),
        (0.44, Detail.SHAPE),
        (0.2, Detail.SHAPE),
        (0.19, Detail.FAR),
        (0.05, Detail.FAR),
    ],
)
def test_detail_goes_with_the_zoom(zoom, detail):
    assert detail_of(zoom) is detail


def test_a_card_is_paper_on_the_canvas_with_its_familys_tile(two, theme):
    assert pixel(two, 150, 6) == theme.tokens.surface
    assert pixel(two, 400, 300).lightness() == pytest.approx(theme.tokens.canvas.lightness(), abs=12)
    assert has(two, (10, 12, 42, 44), theme.tokens.f_in)


@pytest.mark.parametrize("zoom", [0.3, 0.1])
def test_far_away_a_card_is_its_silhouette_in_its_familys_colour(two, theme, zoom):
    two.zoom_to(zoom)
    two.centre_on("WAITAAAA")
    assert pixel(two, 30, 170) == theme.tokens.f_wait


def test_a_card_painted_in_the_batch_moves_with_its_preview(two, theme):
    two.zoom_to(0.1)
    two.centre_on("WAITAAAA")
    two.canvas_scene.preview({"WAITAAAA": (600, 160)})
    assert pixel(two, 630, 180) == theme.tokens.f_wait
    assert pixel(two, 30, 180) != theme.tokens.f_wait


def test_the_theme_changes_what_is_painted_at_once(two, theme):
    light = theme.tokens
    theme.choose(Choice.DARK)
    assert pixel(two, 150, 6) == theme.tokens.surface != light.surface


def test_a_selected_card_has_the_accent_around_it(two, theme):
    assert not has(two, (-4, 156, 4, 200), theme.tokens.accent)
    two.selection.set(["WAITAAAA"])
    assert has(two, (-4, 156, 4, 200), theme.tokens.accent)


def test_a_state_never_moves_a_card_or_changes_its_size(two):
    scene = two.canvas_scene
    before = (scene.box_of("WAITAAAA"), scene.card_items["WAITAAAA"].pos())
    scene.set_problems([Problem("x", Severity.BLOCKS, ("WAITAAAA",), "Wrong.")])
    scene.set_numbers(Numbers(here={"WAITAAAA": 212}))
    scene.set_marks({"WAITAAAA": Difference.CHANGED})
    scene.set_steps(["WAITAAAA"], breakpoints=["WAITAAAA"])
    two.selection.set(["WAITAAAA"])
    assert (scene.box_of("WAITAAAA"), scene.card_items["WAITAAAA"].pos()) == before


@pytest.mark.parametrize(("severity", "token"), [(Severity.BLOCKS, "err"), (Severity.WARNS, "warn_fill")])
def test_a_problem_is_a_badge_on_the_upper_left_corner(two, theme, severity, token):
    two.canvas_scene.set_problems([Problem("x", severity, ("WAITAAAA",), "Wrong.")])
    assert has(two, (-8, 152, 8, 168), getattr(theme.tokens, token))
    two.canvas_scene.set_problems([])
    assert not has(two, (-8, 152, 8, 168), getattr(theme.tokens, token))


def test_the_worst_problem_is_shown_and_all_are_told_with_their_fix(two):
    two.canvas_scene.set_problems(
        [
            Problem("a", Severity.HINTS, ("WAITAAAA",), "A hint."),
            Problem("b", Severity.BLOCKS, ("WAITAAAA",), "It blocks.", fix=Fix("Mend it", "set")),
        ]
    )
    assert two.canvas_scene.look_of("WAITAAAA").problem is Severity.BLOCKS
    assert two.tip_of("WAITAAAA").split("\n\n")[1:] == ["It blocks.\n→ Mend it", "A hint."]


def test_contacts_that_rest_are_told_in_a_pill_and_those_who_walked_beside_the_edge(two, theme):
    numbers = Numbers(here={"WAITAAAA": 212}, walked={("TRIGGERA", "in"): 1284})
    assert numbers.pill("WAITAAAA").text == "212 here"
    two.canvas_scene.set_numbers(numbers)
    assert has(two, (150, 152, 204, 158), theme.tokens.accent)


def test_a_goal_tells_how_many_reached_it_and_their_share():
    assert Numbers(reached={"GOALAAAA": (64, 0.36)}).pill("GOALAAAA").text == "64 · 36\u202f%"


def test_large_numbers_are_in_thousands():
    assert Numbers(here={"A": 48_200}).pill("A").short == "48.2\u202fk"


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        (Difference.ADDED, "ok_tint"),
        (Difference.REMOVED, "err_tint"),
        (Difference.CHANGED, "warn_tint"),
        (Difference.MOVED, "accent_tint"),
    ],
)
def test_differences_of_a_comparison_are_chips_at_the_badges_place(two, theme, kind, token):
    two.canvas_scene.set_marks({"WAITAAAA": kind})
    assert has(two, (-8, 152, 8, 168), getattr(theme.tokens, token))


def test_a_node_that_was_changed_and_moved_is_marked_as_changed():
    before = journey_of(TWO)
    after = journey_of({**TWO, "EXITAAAA": ("exit", 0, 320)})
    after.move("WAITAAAA", 80, 160)
    after.set_title("WAITAAAA", "Rest")
    after.move("TRIGGERA", 0, -80)
    marks = marks_of(differences(before, after, places=True))
    assert marks == {"WAITAAAA": Difference.CHANGED, "TRIGGERA": Difference.MOVED, "EXITAAAA": Difference.ADDED}


def test_a_node_that_is_off_is_sunken(two, theme):
    from widgets.document import acts

    acts.set_off(two.document, ["WAITAAAA"], True)
    assert pixel(two, 150, 166) == theme.tokens.sunken


def test_a_kind_that_is_not_installed_is_a_grey_card_with_the_outlets_of_its_edges(opened):
    journey = journey_of(TWO)
    journey.add_node("PLUGINAA", {"anything": 1}, kind="plugin", title="Strange", x=0, y=320)
    journey.connect("PLUGINAA", "there", "WAITAAAA")
    canvas = opened(journey)
    card = canvas.canvas_scene.cards["PLUGINAA"]
    assert card.family is None
    assert [outlet.id for outlet in card.outlets] == ["there"]
    assert "plugin" in card.sentence


def test_an_edge_whose_outlet_is_gone_stays_and_is_marked(opened):
    canvas = opened(journey_of(TWO, [("TRIGGERA", "gone", "WAITAAAA")]))
    assert canvas.canvas_scene.edge_state(("TRIGGERA", "gone")) is EdgeState.GONE
    assert ("TRIGGERA", "in") in canvas.canvas_scene.stubs


def test_open_outlets_have_a_short_line_and_connected_ones_none(two):
    assert set(two.canvas_scene.stubs) == {("WAITAAAA", "done")}


def test_a_renamed_node_is_renamed_in_the_sentences_that_name_it(opened):
    from widgets.document import acts

    canvas = opened(load(REFERENCE))
    acts.set_title(canvas.document, "2YLGHVC4", "Survey")
    assert "“Survey”" in canvas.canvas_scene.cards["LO6ES3XB"].sentence
    assert "“Survey”" in canvas.canvas_scene.cards["MGDEX6Z2"].sentence


def test_a_journey_that_is_turned_is_read_anew(opened):
    from tests.widgets.canvas.conftest import follows
    from widgets.document import acts

    canvas = opened(load(REFERENCE))
    settings = canvas.document.journey.settings
    acts.set_journey(canvas.document, settings.model_copy(update={"direction": "right"}))
    assert canvas.canvas_scene.plan.right
    follows(canvas)
    canvas.document.history.undo()
    follows(canvas)


def test_a_long_sentence_is_elided_on_the_card_and_whole_in_the_tooltip(opened):
    journey = load(REFERENCE)
    canvas = opened(journey)
    names = canvas.canvas_scene.cards["XGJOCK7Z"]
    lines = [placed.text.text() for placed in names.texts(Detail.FULL)]
    assert len(lines) == 3
    assert lines[2].endswith("…")
    assert names.sentence in canvas.tip_of("XGJOCK7Z")


def test_texts_are_laid_out_once(opened):
    card = opened(journey_of(TWO)).canvas_scene.cards["WAITAAAA"]
    assert card.texts(Detail.FULL) is card.texts(Detail.FULL)


def test_corners_of_edges_are_quarter_circles_of_twelve(two):
    line = Line(((0, 0), (0, 40), (100, 40), (100, 100)))
    assert line.path.contains(QPointF(0, 39)) is False
    elements = [line.path.elementAt(n) for n in range(line.path.elementCount())]
    assert (elements[1].x, elements[1].y) == (0, 40 - RADIUS)


def test_the_width_of_a_flow_is_the_root_of_its_share():
    assert [flow_width(share) for share in (0, 0.25, 1)] == [2, 8, 14]


def test_every_node_of_the_reference_journey_has_a_card_in_both_directions():
    journey = load(REFERENCE)
    from journeys.graph.names import JourneyNames

    for right in (False, True):
        for node in journey.node_ids():
            card = card_of(journey, node, JourneyNames(journey), right=right)
            assert card.title
            assert card.shape.outlets == len(card.outlets)


def test_hover_tells_the_edges_that_leave_the_card(two):
    Hand(two).move(150, 20)
    assert two.canvas_scene.plus_edges() == {("TRIGGERA", "in")}
    Hand(two).move(600, 400)
    assert two.canvas_scene.plus_edges() == set()


def test_painting_leaves_the_journey_alone(opened):
    journey = load(REFERENCE)
    before = write_journey(journey)
    canvas = opened(journey)
    for zoom in (0.1, 0.3, 0.6, 1, 3):
        canvas.zoom_to(zoom)
        canvas.viewport().grab()
    assert write_journey(read_journey(write_journey(journey))) == before


def test_nothing_of_a_hover_is_left_once_the_mouse_is_elsewhere(opened):
    # straight down, so that the name stands out beside the line
    nodes = {"CONDITIO": ("condition", 0, 0), "EXITAAAA": ("exit", -4, 240)}
    canvas = opened(journey_of(nodes, [("CONDITIO", "yes", "EXITAAAA")]))
    canvas.viewport().grab()
    clean = QImage(canvas.viewport().size(), QImage.Format.Format_RGB32)
    canvas.viewport().render(clean)
    hand = Hand(canvas)
    x, y = canvas.canvas_scene.lines["CONDITIO", "yes"].far_label_at()
    hand.move(x, y)
    assert canvas.canvas_scene.plus_edges()
    QApplication.processEvents()
    hand.move(700, 500)
    QApplication.processEvents()
    # what is on the screen, not what would be painted anew
    shown = canvas.screen().grabWindow(canvas.winId()).toImage()
    assert shown.convertToFormat(clean.format()).copy(canvas.viewport().rect()) == clean
