"""The sample journeys as they open: laid out for the sizes that cards really have."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest

import resources
from journeys.graph.file import load
from widgets.canvas.lines import LONG

SAMPLES = sorted((Path(resources.__file__).parent / "journeys").glob("*.journey"))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.stem)
def scene(request, opened):
    return opened(load(request.param)).canvas_scene


def crossed(scene, key):
    """Cards that an edge passes under."""
    line = scene.lines[key].points
    found = set()
    for n, ((x0, y0), (x1, y1)) in enumerate(pairwise(line)):
        for node in scene.plan.spots:
            box = scene.box_of(node).grown(-1)
            beside = min(x0, x1) >= box.right or max(x0, x1) <= box.left or min(y0, y1) >= box.bottom
            is_end = (n == 0 and node == key[0]) or (n == len(line) - 2 and node == scene.plan.targets[key])
            if not beside and max(y0, y1) > box.top and not is_end:
                found.add(node)
    return found


def test_no_two_cards_of_a_sample_lie_on_each_other(scene):
    for one, other in combinations(scene.plan.spots, 2):
        assert not scene.box_of(one).meets(scene.box_of(other)), (one, other)


def test_no_edge_of_a_sample_passes_under_a_card(scene):
    assert {key: crossed(scene, key) for key in scene.lines if crossed(scene, key)} == {}


def test_no_two_edges_of_a_sample_lie_on_each_other(scene):
    pieces = [
        (key, (x0, y0, x1, y1)) for key, line in scene.lines.items() for (x0, y0), (x1, y1) in pairwise(line.points)
    ]
    for (one, (ax, ay, bx, by)), (other, (cx, cy, dx, dy)) in combinations(pieces, 2):
        if one == other:
            continue
        level = ay == by == cy == dy and min(ax, bx) < max(cx, dx) and min(cx, dx) < max(ax, bx)
        upright = ax == bx == cx == dx and min(ay, by) < max(cy, dy) and min(cy, dy) < max(ay, by)
        lies_on = level or upright
        assert not lies_on, (one, other)


def test_no_name_of_a_long_edge_of_a_sample_covers_a_card(scene):
    for key, line in scene.lines.items():
        label = scene.label_of(key)
        at = scene.label_at(key, label) if label and line.length > LONG else None
        if at is not None:
            assert not any(scene.box_of(node).holds(*at) for node in scene.plan.spots)
