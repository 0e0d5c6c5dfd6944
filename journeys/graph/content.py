"""A journey as plain JSON values in one fixed form: what the file holds, and what the hash is made over."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from journeys.graph.journey import Journey

#: digits kept of a place in px, and of other fractions: enough for shares and amounts, too few for 0.1 + 0.2
_PLACE_DIGITS = 1
_DIGITS = 9


def content(journey: Journey) -> dict[str, Any]:
    """The journey in NetworkX's node-link form (`edges="edges"`), keys in the order of the file.

    Nodes stand in the order of their ids and edges in that of (source, outlet), so that equal journeys give equal
    files whatever was done to them in between, and two people who each add a node rarely meet at the same line.
    """
    return {
        "directed": True,
        "multigraph": True,
        "graph": settings_content(journey),
        "nodes": [node_content(journey, node) for node in sorted(journey.node_ids())],
        "edges": [
            {"source": edge.source, "target": edge.target, "key": edge.outlet}
            for edge in sorted(journey.edges(), key=lambda edge: (edge.source, edge.outlet))
        ],
    }


def hash_of(journey: Journey) -> str:
    """SHA-256 (hex) of what a version would do.

    Left out: `based_on`, places, comments, notes and frames, so that tidying the drawing is no change.
    """
    made = content(journey)
    del made["graph"]["based_on"]
    hidden = {node for node in journey.node_ids() if journey.is_on_canvas_only(node)}
    made["nodes"] = [
        {key: value for key, value in node.items() if key not in ("x", "y", "comment")}
        for node in made["nodes"]
        if node["id"] not in hidden
    ]
    made["edges"] = [edge for edge in made["edges"] if not {edge["source"], edge["target"]} & hidden]
    text = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def settings_content(journey: Journey) -> dict[str, Any]:
    """The journey's own settings, as in the file."""
    settings: dict[str, Any] = _rounded(journey.settings.model_dump(mode="json", by_alias=True))
    return settings


def node_content(journey: Journey, node: str) -> dict[str, Any]:
    """One node as in the file. Raises NoSuchNode."""
    x, y = journey.place(node)
    settings = journey.raw_settings(node)
    return {
        "id": node,
        "kind": journey.kind(node),
        "title": journey.title(node),
        # settings of an unknown kind are not ours to round
        "settings": _rounded(settings) if journey.node(node) is not None else settings,
        "x": place_content(x),
        "y": place_content(y),
        "off": journey.is_off(node),
        "comment": journey.comment(node),
    }


def place_content(value: float) -> float:
    """One coordinate as in the file."""
    rounded = round(float(value), _PLACE_DIGITS)
    return int(rounded) if rounded.is_integer() else rounded


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, _DIGITS)
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list():
            return [_rounded(item) for item in value]
        case _:
            return value
