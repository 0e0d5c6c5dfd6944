"""Copy, cut and paste as text: what is copied is a journey file of its own, with these nodes and the edges among them.

So it goes between journeys, windows and editors of text, and what comes back is read with the file's own care.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from journeys.base.i18n import _, ngettext
from journeys.graph.file import read_journey, write_journey
from journeys.graph.journey import Journey
from journeys.nodes.node import Node
from widgets.document.document import Document
from widgets.document.draft import Draft
from widgets.document.extent import Sizes, with_contents
from widgets.document.keepable import placed
from widgets.document.patch import NodeState, state_of

#: px by which a copy stands aside of what it is a copy of
_ASIDE = 32


def copy(document: Document, nodes: Collection[str], *, sizes: Sizes | None = None) -> str:
    """Nodes as text, with the edges among them; with a frame goes what stands in it. Raises NoSuchNode."""
    journey = document.journey
    chosen = with_contents(journey, nodes, sizes)
    part = Journey(journey.settings.model_copy(update={"based_on": None}))
    for node in sorted(chosen):
        state = state_of(journey, node)
        x, y = state.place
        part.add_node(
            node,
            state.settings,
            kind=state.kind,
            title=state.title,
            x=x,
            y=y,
            off=state.off,
            comment=state.comment,
        )
    for edge in journey.edges():
        if edge.source in chosen and edge.target in chosen:
            part.connect(edge.source, edge.outlet, edge.target)
    return write_journey(part)


def cut(document: Document, nodes: Collection[str], *, sizes: Sizes | None = None) -> str:
    """Copy and delete, without healing. Raises NoSuchNode."""
    chosen = with_contents(document.journey, nodes, sizes)
    text = copy(document, chosen)
    draft = document.draft()
    for node in sorted(chosen):
        draft.remove(node)
    n = len(chosen)
    document.do_draft(draft, ngettext("cut of {n} node", "cut of {n} nodes", n).format(n=n))
    return text


def paste(document: Document, text: str, at: tuple[float, float] | None = None) -> tuple[str, ...]:
    """Add what was copied, and return the new ids in the order of the old ones.

    `at` is where the upper left corner of the whole goes; without it, where it came from, or aside where that is taken.
    What the settings say of nodes in the same copy speaks of the new ones; what they say of other nodes stays, and the
    checks tell where this journey has none such. Raises UnreadableJourney where the text is no journey.
    """
    part = read_journey(text, name=_("The clipboard"))
    draft = document.draft()
    made = _pasted(draft, part, at)
    n = len(made)
    document.do_draft(draft, ngettext("paste of {n} node", "paste of {n} nodes", n).format(n=n))
    return made


def duplicate(document: Document, nodes: Collection[str], *, sizes: Sizes | None = None) -> tuple[str, ...]:
    """Add copies beside the originals, without the clipboard; returns their ids. Raises NoSuchNode."""
    part = read_journey(copy(document, nodes, sizes=sizes))
    draft = document.draft()
    made = _pasted(draft, part, None)
    n = len(made)
    document.do_draft(draft, ngettext("duplication of {n} node", "duplication of {n} nodes", n).format(n=n))
    return made


def _pasted(draft: Draft, part: Journey, at: tuple[float, float] | None) -> tuple[str, ...]:
    old = sorted(part.node_ids())
    if not old:
        return ()
    new: dict[str, str] = {}
    dx, dy = _offset(draft, part, at)
    for node in old:
        new[node] = draft.new_id()
        # its place is kept at once, so that the next id is another one
        state = state_of(part, node)
        x, y = placed(state.x + dx, state.y + dy)
        draft.add(new[node], NodeState(state.kind, state.settings, state.title, x, y, state.off, state.comment))
    for node in old:
        settings = part.node(node)
        if settings is not None and (pointed := _pointed(settings, new)) is not settings:
            draft.set_settings(new[node], pointed)
    for edge in part.edges():
        draft.connect(new[edge.source], edge.outlet, new[edge.target])
    return tuple(new[node] for node in old)


def _offset(draft: Draft, part: Journey, at: tuple[float, float] | None) -> tuple[float, float]:
    places = [part.place(node) for node in part.node_ids()]
    if at is not None:
        return at[0] - min(x for x, _y in places), at[1] - min(y for _x, y in places)
    taken = {draft.state(node).place for node in draft.node_ids()}
    aside = 0
    while any((x + aside, y + aside) in taken for x, y in places):
        aside += _ASIDE
    return aside, aside


def _pointed(settings: Node, new: Mapping[str, str]) -> Node:
    """The settings, with the new ids of the nodes that they mention; the very same where they mention none."""
    mentioned = {node: new[node] for _field, node in settings.nodes_mentioned() if node in new}
    if not mentioned:
        return settings
    return type(settings).model_validate(_replaced(settings.model_dump(mode="json", by_alias=True), mentioned))


def _replaced(value: Any, ids: Mapping[str, str]) -> Any:
    match value:
        case str():
            return ids.get(value, value)
        case dict():
            return {key: _replaced(item, ids) for key, item in value.items()}
        case list():
            return [_replaced(item, ids) for item in value]
        case _:
            return value
