"""The reference journey is drawn from an empty canvas in a real window: by mouse, and by keyboard alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import resources
from journeys.graph.file import load
from journeys.graph.journey import Journey
from tests.conftest import missing
from tests.e2e import xvfb

pytestmark = [pytest.mark.display, pytest.mark.long]

REFERENCE = Path(resources.__file__).parent / "journeys" / "nps-after-purchase.journey"


def comparable(journey: Journey) -> dict[str, Any]:
    """Nodes by title with their settings and where their outlets lead; ids and places left out.

    A group of one rule is the rule. Outlets that events name are known by what they are called.
    """
    titles = {node: journey.title(node) for node in journey.node_ids()}
    assert len(set(titles.values())) == len(titles)
    nodes = {}
    for node, title in titles.items():
        settings = journey.node(node)
        assert settings is not None
        called = {outlet.id: outlet.label for outlet in settings.outlets()}
        nodes[title] = {
            "kind": journey.kind(node),
            "settings": _plain(journey.raw_settings(node), titles),
            "off": journey.is_off(node),
            "leads": {called[edge.outlet]: titles[edge.target] for edge in journey.edges_from(node)},
        }
    own = journey.settings.model_dump(mode="json", by_alias=True, exclude={"id", "based_on"})
    return {"nodes": nodes, "journey": _plain(own, titles)}


def _plain(data: Any, titles: dict[str, str]) -> Any:
    if isinstance(data, list):
        return [_plain(one, titles) for one in data]
    if isinstance(data, str):
        return titles.get(data, data)
    if not isinstance(data, dict):
        return data
    for word in ("all", "any"):
        if list(data) == [word] and len(data[word]) == 1:
            return _plain(data[word][0], titles)
    made = {name: _plain(value, titles) for name, value in data.items()}
    if {"outlet", "label", "event"} <= set(made):
        made["outlet"] = made["label"]
    return made


@pytest.mark.parametrize("how", ["mouse", "keys"])
def test_the_reference_journey_can_be_drawn_from_an_empty_canvas(how: str, tmp_path: Path):
    if not xvfb.there_is():
        missing(xvfb.WHAT_IS_MISSING)
    drawn = tmp_path / "drawn.journey"
    with xvfb.display() as display:
        environ = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "XDG_STATE_HOME": str(tmp_path)}
        environ.pop("WAYLAND_DISPLAY", None)
        ran = subprocess.run(
            [sys.executable, "-m", "tests.e2e.drawing", how, str(drawn)],
            env=environ,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert comparable(load(drawn)) == comparable(load(REFERENCE))
