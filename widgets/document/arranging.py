"""Acts on places: move, align, distribute, lay out, resize."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, assert_never

from journeys.base.i18n import _, ngettext
from journeys.graph.journey import Journey
from journeys.graph.layout import COLUMN_GAP, Place
from journeys.graph.layout import lay_out as places_of
from journeys.nodes.frame import Frame
from journeys.nodes.note import Note
from widgets.document.document import Document
from widgets.document.draft import Draft
from widgets.document.extent import Sizes, standing_in, usual_sizes, with_contents
from widgets.document.keepable import placed, refuse_unkeepable
from widgets.document.patch import NodeState
from widgets.document.refused import Refused

Side = Literal["left", "centre", "right", "top", "middle", "bottom"]
#: inside a frame around what stands in it; above, under its title
_FRAME_MARGIN, _FRAME_HEAD = 24.0, 40.0
#: sides that notes and frames may have
_SHORTEST_SIDE, _LONGEST_SIDE = 24, 20_000


def move(document: Document, places: Mapping[str, Place], *, nudge: bool = False, sizes: Sizes | None = None) -> None:
    """Put cards at these places (their upper left corners); what stands in a frame goes along with it.

    Nudges of the same cards that follow each other are one step. Raises NoSuchNode, and ValueError for no number.
    """
    draft = document.draft()
    moved = _with_contents_moved(document.journey, places, sizes)
    for node, (x, y) in moved.items():
        draft.move(node, *placed(x, y))
    act = ngettext("move of {n} node", "move of {n} nodes", len(moved)).format(n=len(moved))
    document.do_draft(draft, act, same=("nudge", frozenset(places)) if nudge else None)


def nudge(document: Document, nodes: Collection[str], dx: float, dy: float, *, sizes: Sizes | None = None) -> None:
    """Move cards by so many px, as a step that goes on as long as nothing else is done."""
    journey = document.journey
    chosen = with_contents(journey, nodes, sizes)
    places = {node: (journey.place(node)[0] + dx, journey.place(node)[1] + dy) for node in chosen}
    move(document, places, nudge=True, sizes=sizes)


def resize(document: Document, node: str, place: Place, width: float, height: float) -> None:
    """Give a note or a frame another size, and the place where its upper left corner is then.

    Raises NoSuchNode, and Refused for a card, whose size follows from what it says.
    """
    settings = document.journey.node(node)
    if not isinstance(settings, Note | Frame):
        raise Refused(sentence=_("Only notes and frames have a size of their own."))
    sides = {
        name: max(_SHORTEST_SIDE, min(_LONGEST_SIDE, round(side)))
        for name, side in (("width", width), ("height", height))
    }
    draft = document.draft()
    draft.set_settings(node, type(settings).model_validate({**settings.model_dump(), **sides}))
    draft.move(node, *placed(*place))
    document.do_draft(draft, _("change of a size"))


def frame(document: Document, nodes: Collection[str], title: str = "", *, sizes: Sizes | None = None) -> str:
    """Put a new frame around nodes, and return its id. Raises NoSuchNode, and Refused where there is nothing to frame."""
    if not nodes:
        raise Refused(sentence=_("Select what the frame is to stand around."))
    size_of = sizes or usual_sizes(document.journey)
    x, y, width, height = _around([(*document.journey.place(node), *size_of(node)) for node in nodes])
    settings = Frame(title=title, width=width, height=height)
    refuse_unkeepable(settings)
    draft = document.draft()
    made = draft.new_id()
    x, y = placed(x, y)
    draft.add(made, NodeState(settings.kind, settings, x=x, y=y))
    n = len(nodes)
    document.do_draft(draft, ngettext("frame around {n} node", "frame around {n} nodes", n).format(n=n))
    return made


def align(document: Document, nodes: Collection[str], side: Side, *, sizes: Sizes | None = None) -> None:
    """Bring cards to one line: their sides to the outermost one, their middles to that of all. Raises NoSuchNode."""
    journey = document.journey
    size_of = sizes or usual_sizes(journey)
    axis = 0 if side in ("left", "centre", "right") else 1
    start = {node: journey.place(node)[axis] for node in sorted(set(nodes))}
    if len(start) < 2:
        return
    length = {node: size_of(node)[axis] for node in start}
    least, most = min(start.values()), max(start[node] + length[node] for node in start)
    match side:
        case "left" | "top":
            aligned = dict.fromkeys(start, least)
        case "right" | "bottom":
            aligned = {node: most - length[node] for node in start}
        case "centre" | "middle":
            aligned = {node: (least + most - length[node]) / 2 for node in start}
        case never:
            assert_never(never)
    n = len(start)
    act = ngettext("alignment of {n} node", "alignment of {n} nodes", n).format(n=n)
    _put(document, _along(journey, aligned, axis), act, sizes)


def distribute(
    document: Document, nodes: Collection[str], direction: Literal["across", "down"], *, sizes: Sizes | None = None
) -> None:
    """Make the gaps between cards equal; the outermost two stay. Raises NoSuchNode."""
    journey = document.journey
    size_of = sizes or usual_sizes(journey)
    axis = 0 if direction == "across" else 1
    order = sorted(set(nodes), key=lambda node: (journey.place(node)[axis], node))
    if len(order) < 3:
        return
    first, last = order[0], order[-1]
    between = journey.place(last)[axis] - journey.place(first)[axis]
    gap = (between - sum(size_of(node)[axis] for node in order[:-1])) / (len(order) - 1)
    spread: dict[str, float] = {}
    at = journey.place(first)[axis]
    for node in order[:-1]:
        spread[node] = at
        at += size_of(node)[axis] + gap
    n = len(order)
    act = ngettext("distribution of {n} node", "distribution of {n} nodes", n).format(n=n)
    _put(document, _along(journey, spread, axis), act, sizes)


def lay_out(
    document: Document,
    *,
    nodes: Collection[str] | None = None,
    anchor: str | None = None,
    sizes: Sizes | None = None,
) -> None:
    """Lay out all cards, or these alone, by `journeys.graph.layout`; the anchor stays where it is.

    Frames are put around what stood in them. A note stays beside the card that it was nearest to, or goes to the side of
    all where there is no room.
    """
    journey = document.journey
    size_of = sizes or usual_sizes(journey)
    places = places_of(journey, size_of, nodes=nodes, anchor=anchor)
    draft = document.draft()
    for node, place in places.items():
        draft.move(node, *placed(*place))
    if nodes is None:
        _take_notes_along(draft, journey, places, size_of)
        for frame in _ids_of(journey, Frame):
            _frame(draft, journey, frame, size_of)
    document.do_draft(draft, _("layout"))


def _put(document: Document, places: Mapping[str, Place], act: str, sizes: Sizes | None) -> None:
    draft = document.draft()
    for node, place in _with_contents_moved(document.journey, places, sizes).items():
        draft.move(node, *placed(*place))
    document.do_draft(draft, act)


def _along(journey: Journey, at: Mapping[str, float], axis: int) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for node, value in at.items():
        x, y = journey.place(node)
        found[node] = (round(value), y) if axis == 0 else (x, round(value))
    return found


def _with_contents_moved(journey: Journey, places: Mapping[str, Place], sizes: Sizes | None) -> dict[str, Place]:
    """The places, and those of what stands in the frames among them and has none of its own."""
    found = dict(places)
    for frame, (to_x, to_y) in places.items():
        if not isinstance(journey.node(frame), Frame):
            continue
        x, y = journey.place(frame)
        for node in standing_in(journey, frame, sizes) - places.keys():
            at_x, at_y = journey.place(node)
            found[node] = (at_x + to_x - x, at_y + to_y - y)
    return found


def _ids_of(journey: Journey, kind: type[Note | Frame]) -> list[str]:
    return sorted(node for node in journey.node_ids() if isinstance(journey.node(node), kind))


def _take_notes_along(draft: Draft, journey: Journey, places: Mapping[str, Place], size_of: Sizes) -> None:
    if not places:
        return
    taken = [(*place, *size_of(node)) for node, place in places.items()]
    side = max(x + width for x, _y, width, _height in taken) + 2 * COLUMN_GAP
    beside = min(y for _x, y, _width, _height in taken)
    for note in _ids_of(journey, Note):
        x, y = journey.place(note)
        width, height = size_of(note)
        near = min(places, key=lambda node: (_distance(journey.place(node), (x, y)), node))
        was, now = journey.place(near), places[near]
        at = (x + now[0] - was[0], y + now[1] - was[1])
        if any(
            at[0] < cx + cw and cx < at[0] + width and at[1] < cy + ch and cy < at[1] + height
            for cx, cy, cw, ch in taken
        ):
            at = (side, beside)
            beside += height + COLUMN_GAP
        draft.move(note, *placed(*at))
        taken.append((*at, width, height))


def _distance(one: Place, other: Place) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def _frame(draft: Draft, journey: Journey, frame: str, size_of: Sizes) -> None:
    """Put a frame around what stood in it."""
    inside = [(*draft.state(node).place, *size_of(node)) for node in standing_in(journey, frame, size_of)]
    settings = draft.state(frame).node
    if not inside or not isinstance(settings, Frame):
        return
    x, y, width, height = _around(inside)
    draft.set_settings(frame, Frame.model_validate({**settings.model_dump(), "width": width, "height": height}))
    draft.move(frame, *placed(x, y))


def _around(boxes: Collection[tuple[float, float, float, float]]) -> tuple[float, float, int, int]:
    """(x, y, width, height) of a frame around boxes."""
    left = min(x for x, _y, _width, _height in boxes) - _FRAME_MARGIN
    top = min(y for _x, y, _width, _height in boxes) - _FRAME_HEAD
    right = max(x + width for x, _y, width, _height in boxes) + _FRAME_MARGIN
    bottom = max(y + height for _x, y, _width, height in boxes) + _FRAME_MARGIN
    return left, top, min(_LONGEST_SIDE, round(right - left)), min(_LONGEST_SIDE, round(bottom - top))
