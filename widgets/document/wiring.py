"""Acts on nodes and their connections: add, insert, connect, cut, delete and heal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from journeys.base.i18n import _, ngettext
from journeys.graph.fits import Spot, why_not, why_not_here
from journeys.graph.layout import ROW_GAP
from journeys.nodes.node import Node
from widgets.document.document import Document
from widgets.document.draft import Draft
from widgets.document.extent import Sizes, usual_size
from widgets.document.keepable import placed, plain_title, refuse_unkeepable
from widgets.document.patch import EdgeKey, NodeState
from widgets.document.refused import Refused
from widgets.document.room import Room


def connect(document: Document, node: str, outlet: str, target: str) -> None:
    """Lead an outlet to a node, in place of where it led before. Raises NoSuchNode, and Refused with the reason."""
    _allowed(why_not(document.journey, node, outlet, target))
    draft = document.draft()
    was = draft.target(node, outlet)
    draft.connect(node, outlet, target)
    document.do_draft(draft, _("connecting of two nodes") if was is None else _("leading of an edge elsewhere"))


def lead_from(document: Document, edge: EdgeKey, outlet: EdgeKey) -> None:
    """Let an edge leave from another outlet, of the same node or another; what left from there before is cut.

    Raises NoSuchNode, and Refused where the edge is gone or may not leave from there.
    """
    target = document.journey.target(*edge)
    if target is None:
        raise Refused(sentence=_("There is no such edge any more."))
    if edge == outlet:
        return
    _allowed(why_not(document.journey, *outlet, target))
    draft = document.draft()
    draft.disconnect(*edge)
    draft.connect(*outlet, target)
    document.do_draft(draft, _("leading of an edge from elsewhere"))


def disconnect(document: Document, edges: Iterable[EdgeKey]) -> None:
    """Cut edges, each given as (node, outlet); one that is open already is left so. Raises NoSuchNode."""
    draft = document.draft()
    cut = 0
    for node, outlet in dict.fromkeys(edges):
        if draft.target(node, outlet) is not None:
            draft.disconnect(node, outlet)
            cut += 1
    document.do_draft(draft, ngettext("cut of {n} edge", "cut of {n} edges", cut).format(n=cut))


def add(
    document: Document,
    settings: Node,
    at: tuple[float, float] | None,
    *,
    after: EdgeKey | None = None,
    before: str | None = None,
    title: str = "",
    sizes: Sizes | None = None,
) -> str:
    """Add a node, and return its id.

    With `after`, that outlet leads to it; where the outlet was in use, the new node is put between. With `before`, its
    first free outlet leads there. Without a place it goes where there is room: below `after`, else at (0, 0). Raises
    NoSuchNode, and Refused with the reason where it does not fit.
    """
    if after is not None and before is None:
        old = document.journey.target(*after)
        if old is not None and settings.outlets():
            return insert_on_edge(document, after, settings, at, title=title, sizes=sizes)
    _fits(document, settings, after, before)
    draft = document.draft()
    if at is None:
        at = Room(draft, sizes).below(after, settings) if after is not None else (0.0, 0.0)
    made = _added(draft, settings, at, title)
    if after is not None:
        draft.connect(*after, made)
    if before is not None:
        draft.connect(made, settings.outlets()[0].id, before)
    document.do_draft(draft, _("adding of “{title}”").format(title=title or settings.label))
    return made


def insert_on_edge(
    document: Document,
    edge: EdgeKey,
    settings: Node,
    at: tuple[float, float] | None = None,
    *,
    title: str = "",
    sizes: Sizes | None = None,
) -> str:
    """Put a new node into an edge, return its id, and push what follows along the flow where it needs the room.

    Its first outlet leads on to where the edge led. Raises NoSuchNode, and Refused with the reason.
    """
    target = _target_of(document, edge)
    _fits(document, settings, edge, target)
    draft = document.draft()
    place = at if at is not None else _between(Room(draft, sizes), edge, target, settings)
    made = _added(draft, settings, place, title)
    _put_between(draft, edge, made, target, sizes)
    document.do_draft(draft, _("insertion of “{title}”").format(title=title or settings.label))
    return made


def insert_node(
    document: Document,
    edge: EdgeKey,
    node: str,
    at: tuple[float, float] | None = None,
    *,
    sizes: Sizes | None = None,
) -> None:
    """Put a node that is there already, and that nothing connects yet, into an edge. Otherwise as `insert_on_edge`."""
    target = _target_of(document, edge)
    journey = document.journey
    settings = journey.node(node)
    if settings is None or node in (edge[0], target) or any(journey.edges_into(node)) or any(journey.edges_from(node)):
        raise Refused(sentence=_("Only a step that nothing leads to and that leads nowhere goes into an edge."))
    _fits(document, settings, edge, target)
    draft = document.draft()
    if at is not None:
        draft.move(node, *placed(*at))
    _put_between(draft, edge, node, target, sizes)
    title = journey.title(node) or settings.label
    document.do_draft(draft, _("insertion of “{title}”").format(title=title))


def remove(document: Document, nodes: Collection[str], *, heal: bool = False) -> None:
    """Delete nodes with their edges. Raises NoSuchNode.

    With `heal`, what led to a node leads on to what followed it, where one way in and one way out make it unambiguous
    and the connection is allowed; of a chain that goes as a whole, the ends meet.
    """
    draft = document.draft()
    chosen = sorted(set(nodes))
    for node in chosen:
        healed = _healed(document, draft, node)
        draft.remove(node)
        if heal and healed is not None:
            draft.connect(*healed)
    n = len(chosen)
    document.do_draft(draft, ngettext("delete of {n} node", "delete of {n} nodes", n).format(n=n))


def can_heal(document: Document, node: str) -> bool:
    """Whether deleting the node with `heal` connects its neighbours. Raises NoSuchNode."""
    return _healed(document, document.draft(), node) is not None


def _healed(document: Document, draft: Draft, node: str) -> tuple[str, str, str] | None:
    """(node, outlet, target) of the edge that takes a node's place."""
    ways_in, ways_out = draft.edges_into(node), draft.edges_from(node)
    if len(ways_in) != 1 or len(ways_out) != 1 or ways_in[0].source == node:
        return None
    source, outlet, target = ways_in[0].source, ways_in[0].outlet, ways_out[0].target
    return (source, outlet, target) if why_not(document.journey, source, outlet, target) is None else None


def _added(draft: Draft, settings: Node, at: tuple[float, float], title: str) -> str:
    made = draft.new_id()
    x, y = placed(*at)
    draft.add(made, NodeState(settings.kind, settings, title=plain_title(title), x=x, y=y))
    return made


def _fits(document: Document, settings: Node, after: EdgeKey | None, before: str | None) -> None:
    refuse_unkeepable(settings)
    # neither day nor catalogue matter for what may be connected
    _allowed(why_not_here(Spot(document.journey, date.min, after=after, before=before), settings))


def _target_of(document: Document, edge: EdgeKey) -> str:
    target = document.journey.target(*edge)
    if target is None:
        raise Refused(sentence=_("There is no such edge any more."))
    return target


def _between(room: Room, edge: EdgeKey, target: str, settings: Node) -> tuple[float, float]:
    """Right behind the source, straight before the target."""
    source, end = room.box(edge[0]), room.box(target)
    width, _height = usual_size(settings, is_down=room.is_down)
    if room.is_down:
        return end[0] + (end[2] - width) / 2, source[1] + source[3] + ROW_GAP
    return source[0] + source[2] + ROW_GAP, end[1]


def _put_between(draft: Draft, edge: EdgeKey, node: str, target: str, sizes: Sizes | None) -> None:
    settings = draft.state(node).node
    assert settings is not None
    draft.connect(*edge, node)
    draft.connect(node, settings.outlets()[0].id, target)
    room = Room(draft, sizes)
    along = 1 if room.is_down else 0
    source = room.box(edge[0])
    if source[along] >= room.box(target)[along]:
        # a way back: there is room on neither side, and nothing follows along the flow
        return
    x, y = draft.state(node).place
    first = source[along] + source[along + 2] + ROW_GAP
    draft.move(node, x if along else max(x, first), max(y, first) if along else y)
    room.push(node, target)


def _allowed(reason: str | None) -> None:
    if reason is not None:
        raise Refused(sentence=reason)
