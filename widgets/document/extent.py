"""How large cards are and what stands in a frame, for acts that place things."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from journeys.graph.journey import Journey
from journeys.nodes.exit import Exit
from journeys.nodes.frame import Frame
from journeys.nodes.goal import Goal
from journeys.nodes.node import Node
from journeys.nodes.note import Note

#: (width, height) of a node in px at 100 %; the canvas gives what it paints
Sizes = Callable[[str], tuple[float, float]]

#: a card by its outlets, as the look gives it; a sentence of two lines
_WIDTH, _HEIGHT = 208.0, 72.0
_WIDTHS = {3: 276.0, 4: 320.0}
_COLUMN, _MOST_COLUMNS = 80.0, 8
_STRIP = 24.0
_END = (136.0, 40.0)


def usual_size(settings: Node | None, *, is_down: bool) -> tuple[float, float]:
    """The size of a card as long as nobody has painted it; notes and frames have theirs in their settings."""
    if isinstance(settings, Note | Frame):
        return float(settings.width), float(settings.height)
    if isinstance(settings, Goal | Exit):
        return _END
    outlets = len(settings.outlets()) if settings is not None else 1
    if outlets < 2:
        return _WIDTH, _HEIGHT
    if not is_down or outlets > _MOST_COLUMNS:
        return _WIDTH, _HEIGHT + _STRIP * outlets
    return max(_WIDTH, _WIDTHS.get(outlets, _COLUMN * outlets if outlets > max(_WIDTHS) else 0)), _HEIGHT + _STRIP


def usual_sizes(journey: Journey) -> Sizes:
    """The usual size of each node of a journey, as the journey is now."""
    is_down = journey.settings.direction == "down"
    return lambda node: usual_size(journey.node(node), is_down=is_down)


def standing_in(journey: Journey, frame: str, sizes: Sizes | None = None) -> frozenset[str]:
    """Nodes whose middle lies in a frame, smaller frames included."""
    size_of = sizes or usual_sizes(journey)
    left, top = journey.place(frame)
    width, height = size_of(frame)
    found = set()
    for node in journey.node_ids():
        x, y = journey.place(node)
        w, h = size_of(node)
        is_smaller = not isinstance(journey.node(node), Frame) or w * h < width * height
        if is_smaller and left <= x + w / 2 <= left + width and top <= y + h / 2 <= top + height:
            found.add(node)
    return frozenset(found - {frame})


def with_contents(journey: Journey, nodes: Iterable[str], sizes: Sizes | None = None) -> frozenset[str]:
    """The nodes, and with a frame all that stands in it."""
    found = set(nodes)
    for node in tuple(found):
        if isinstance(journey.node(node), Frame):
            found |= standing_in(journey, node, sizes)
    return frozenset(found)
