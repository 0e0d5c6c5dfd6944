"""The scene agrees with the document whatever is done, undone and done again."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from journeys.graph.file import read_journey, write_journey
from tests.widgets.canvas.conftest import journey_of, settings_of
from widgets.canvas.scene import CanvasScene
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.refused import Refused
from widgets.document.selection import Selection

NODES = {
    "TRIGGERA": ("trigger", 0, 0),
    "CONDITIO": ("condition", 0, 120),
    "WAITAAAA": ("wait", -140, 280),
    "WAITBBBB": ("wait", 140, 280),
    "EXITAAAA": ("exit", -92, 400),
    "FRAMEAAA": ("frame", -200, 240),
}
EDGES = [
    ("TRIGGERA", "in", "CONDITIO"),
    ("CONDITIO", "yes", "WAITAAAA"),
    ("CONDITIO", "no", "WAITBBBB"),
    ("WAITAAAA", "done", "EXITAAAA"),
    ("WAITBBBB", "done", "CONDITIO"),
]

_number = st.integers(0, 40)
_act = st.one_of(
    st.tuples(st.just("move"), _number, st.integers(-8, 8), st.integers(-8, 8)),
    st.tuples(st.just("connect"), _number, _number, st.integers(0, 2)),
    st.tuples(st.just("disconnect"), _number),
    st.tuples(st.just("add"), st.sampled_from(["wait", "condition", "exit", "note"]), st.integers(-4, 4), _number),
    st.tuples(st.just("insert"), st.sampled_from(["wait", "condition"]), _number),
    st.tuples(st.just("remove"), _number, st.booleans()),
    st.tuples(st.just("title"), _number, st.text("abc ", min_size=1, max_size=30)),
    st.tuples(st.just("off"), _number, st.booleans()),
    st.tuples(st.just("duplicate"), _number),
    st.tuples(st.just("lay out")),
    st.tuples(st.just("turn")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


def shown_of(scene: CanvasScene):
    """All that a scene shows, as values."""
    return (
        {node: (scene.box_of(node), card.whole, card.outlets, card.off) for node, card in scene.cards.items()},
        {node: item.pos() for node, item in scene.card_items.items()},
        {key: line.points for key, line in scene.lines.items()},
        scene.stubs,
        scene.orphans,
        len(scene.items()),
    )


def do(document: Document, act, sizes) -> None:
    journey = document.journey
    nodes = sorted(journey.node_ids())
    edges = sorted((edge.source, edge.outlet) for edge in journey.edges())

    def node(n: int) -> str:
        return nodes[n % len(nodes)]

    match act:
        case ("undo",):
            document.history.undo()
        case ("redo",):
            document.history.redo()
        case ("lay out",):
            acts.lay_out(document, sizes=sizes)
        case ("turn",):
            turned = "down" if journey.settings.direction == "right" else "right"
            acts.set_journey(document, journey.settings.model_copy(update={"direction": turned}))
        case ("add", kind, x, n):
            acts.add(document, settings_of(kind), (x * 104.0, n * 24.0))
        case _ if not nodes:
            return
        case ("move", n, x, y):
            at_x, at_y = journey.place(node(n))
            acts.move(document, {node(n): (at_x + x * 40, at_y + y * 24)}, sizes=sizes)
        case ("connect", n, m, which):
            settings = journey.node(node(n))
            outlets = settings.outlets() if settings is not None else ()
            if outlets:
                acts.connect(document, node(n), outlets[which % len(outlets)].id, node(m))
        case ("disconnect", n) if edges:
            acts.disconnect(document, [edges[n % len(edges)]])
        case ("insert", kind, n) if edges:
            acts.insert_on_edge(document, edges[n % len(edges)], settings_of(kind), sizes=sizes)
        case ("remove", n, heal):
            acts.remove(document, [node(n)], heal=heal)
        case ("title", n, title):
            acts.set_title(document, node(n), title)
        case ("off", n, off):
            acts.set_off(document, [node(n)], off)
        case ("duplicate", n):
            acts.duplicate(document, [node(n)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_act, max_size=14))
def test_the_scene_shows_what_the_document_holds_at_every_point(theme, sequence):
    journey = journey_of(NODES, EDGES)
    first = write_journey(journey)
    document = Document(journey)
    scene = CanvasScene(document, Selection(document), theme)

    def sizes(node: str) -> tuple[float, float]:
        shape = scene.cards[node].shape
        return shape.width, shape.height

    def agrees() -> None:
        copy = Document(read_journey(write_journey(document.journey)))
        fresh = CanvasScene(copy, Selection(copy), theme)
        assert shown_of(scene) == shown_of(fresh)

    for act in sequence:
        try:
            do(document, act, sizes)
        except Refused:
            continue
        agrees()
    while document.history.canUndo():
        document.history.undo()
    agrees()
    assert write_journey(document.journey) == first


def test_what_is_previewed_goes_back_where_the_document_has_it(qapp, theme):
    document = Document(journey_of(NODES, EDGES))
    scene = CanvasScene(document, Selection(document), theme)
    before = shown_of(scene)
    scene.preview({"CONDITIO": (500, 40), "WAITAAAA": (-600, 40)})
    assert scene.card_items["CONDITIO"].pos() == QPointF(500, 40)
    scene.preview({"WAITAAAA": (-600, 80)})
    assert scene.card_items["CONDITIO"].pos() == QPointF(0, 120)
    scene.preview({})
    assert shown_of(scene) == before


def test_an_undo_brings_back_the_very_items_and_lines_that_went(opened):
    canvas = opened(journey_of(NODES, EDGES))
    scene = canvas.canvas_scene
    item, line, card = scene.card_items["WAITAAAA"], scene.lines["CONDITIO", "yes"], scene.cards["WAITAAAA"]
    acts.remove(canvas.document, ["WAITAAAA"], heal=False)
    assert item not in scene.items()
    canvas.document.history.undo()
    assert scene.card_items["WAITAAAA"] is item
    assert scene.cards["WAITAAAA"] is card
    assert scene.lines["CONDITIO", "yes"] is line


def test_an_item_that_went_is_made_anew_when_its_node_comes_back_otherwise(opened):
    canvas = opened(journey_of(NODES, EDGES))
    scene = canvas.canvas_scene
    acts.set_title(canvas.document, "WAITAAAA", "Let it rest")
    acts.remove(canvas.document, ["WAITAAAA"], heal=False)
    canvas.document.history.setIndex(0)
    assert scene.cards["WAITAAAA"].title != "Let it rest"
