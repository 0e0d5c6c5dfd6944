"""What lies under a point of the canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from widgets.canvas.detail import Detail
from widgets.canvas.grid import Box
from widgets.canvas.lines import PLUS
from widgets.canvas.plan import EdgeKey
from widgets.canvas.routing import Point
from widgets.canvas.scene import CanvasScene
from widgets.canvas.shapes import PORT_REACH

#: on the screen: how near to an edge, its ends, and the corner of a note
_EDGE_REACH, _END_REACH, _CORNER_REACH = 6, 9, 12
#: what of a frame takes the mouse: its title, and a strip along its border
_FRAME_TITLE, _FRAME_BORDER = 28, 6


@dataclass(frozen=True, slots=True)
class OnNode:
    """A card, a note, or the title or border of a frame."""

    node: str


@dataclass(frozen=True, slots=True)
class OnPort:
    """The port of an outlet."""

    key: EdgeKey


@dataclass(frozen=True, slots=True)
class OnPlus:
    """The “+” of an edge, or of an open outlet."""

    key: EdgeKey


@dataclass(frozen=True, slots=True)
class OnEnd:
    """An end of an edge that can be taken hold of."""

    key: EdgeKey
    end: Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class OnEdge:
    key: EdgeKey


@dataclass(frozen=True, slots=True)
class OnCorner:
    """The lower right corner of a note or frame."""

    node: str


Hit = OnNode | OnPort | OnPlus | OnEnd | OnEdge | OnCorner | None


def hit(scene: CanvasScene, x: float, y: float) -> Hit:
    """What takes the mouse there; small things before large ones."""
    small = None if scene.detail.is_batch else _small(scene, x, y)
    if small is not None:
        return small
    node = step_at(scene, x, y)
    if node is not None:
        return OnNode(node)
    edge = edge_at(scene, x, y)
    if edge is not None:
        return OnEdge(edge)
    paper = _paper(scene, x, y)
    return OnNode(paper) if paper is not None else None


def step_at(scene: CanvasScene, x: float, y: float, *, around: float = 0) -> str | None:
    """The card there; of several the one put there last."""
    found = [
        node
        for node, box in scene.areas.near(Box(x, y, x, y).grown(max(around, 0.01)))
        if box.grown(around).holds(x, y)
    ]
    return found[-1] if found else None


def edge_at(scene: CanvasScene, x: float, y: float) -> EdgeKey | None:
    """The nearest edge within reach."""
    reach = _EDGE_REACH / scene.zoom
    near = [(scene.lines[key].distance(x, y), key) for key, _ in scene.edge_grid.near(Box(x, y, x, y).grown(reach))]
    near = [one for one in near if one[0] <= reach]
    return min(near)[1] if near else None


def _small(scene: CanvasScene, x: float, y: float) -> Hit:
    for key in scene.selection.edges:
        line = scene.lines.get(key)
        if line is not None and _near(line.points[0], x, y, _END_REACH / scene.zoom):
            return OnEnd(key, "source")
    for key in scene.handled_edges():
        line = scene.lines.get(key)
        if line is not None and _near(line.points[-1], x, y, _END_REACH / scene.zoom):
            return OnEnd(key, "target")
    for key in scene.plus_edges():
        if key in scene.lines and _near(scene.plus_at(key), x, y, PLUS + 1):
            return OnPlus(key)
    area = Box(x, y, x, y).grown(PLUS + 1)
    for key, _ in scene.stub_grid.near(area):
        if _near(scene.stubs[key][1], x, y, PLUS + 1):
            return OnPlus(key)
    if scene.detail is Detail.FULL or scene.detail is Detail.TITLE:
        port = _port(scene, x, y)
        if port is not None:
            return OnPort(port)
    for node, box in scene.papers.near(Box(x, y, x, y).grown(_CORNER_REACH)):
        if _near((box.right, box.bottom), x, y, _CORNER_REACH / scene.zoom):
            return OnCorner(node)
    return None


def _port(scene: CanvasScene, x: float, y: float) -> EdgeKey | None:
    for node, _ in scene.areas.near(Box(x, y, x, y).grown(PORT_REACH)):
        spot = scene.plan.spots[node]
        for outlet in spot.outlets:
            px, py = spot.port(outlet)
            if abs(px - x) <= PORT_REACH and abs(py - y) <= PORT_REACH:
                return node, outlet
    return None


def _paper(scene: CanvasScene, x: float, y: float) -> str | None:
    """A note anywhere, a frame by its title or border; the smallest, since frames lie within frames."""
    found = []
    for node, box in scene.papers.near(Box(x, y, x, y).grown(0.01)):
        if scene.cards[node].kind == "frame":
            inner = Box(
                box.left + _FRAME_BORDER, box.top + _FRAME_TITLE, box.right - _FRAME_BORDER, box.bottom - _FRAME_BORDER
            )
            if inner.holds(x, y):
                continue
        found.append(((box.right - box.left) * (box.bottom - box.top), node))
    return min(found)[1] if found else None


def _near(point: Point, x: float, y: float, reach: float) -> bool:
    return abs(point[0] - x) <= reach and abs(point[1] - y) <= reach
