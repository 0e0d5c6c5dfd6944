"""The acts of editing: each makes and does the command of one gesture, one named step of the history."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any

from journeys.base.i18n import _, ngettext
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from widgets.document.command import Command
from widgets.document.document import Document
from widgets.document.draft import Draft
from widgets.document.patch import EdgeKey, NodeState


def do(document: Document, draft: Draft, act: str, *, same: Hashable | None = None) -> None:
    """Do what a draft holds as one step; `act` is what follows the word “Undo”."""
    document.do(Command(draft.patch(), act, same=same))


def move(document: Document, places: Mapping[str, tuple[float, float]], *, nudge: bool = False) -> None:
    """Put cards at these places (their upper left corners). Nudges of the same cards that follow each other are one step.

    Raises NoSuchNode.
    """
    draft = document.draft()
    for node, (x, y) in places.items():
        draft.move(node, x, y)
    act = ngettext("move of {n} node", "move of {n} nodes", len(places)).format(n=len(places))
    do(document, draft, act, same=("nudge", frozenset(places)) if nudge else None)


def connect(document: Document, node: str, outlet: str, target: str) -> None:
    """Lead an outlet to a node, in place of where it led before. Raises NoSuchNode."""
    draft = document.draft()
    was = draft.target(node, outlet)
    draft.connect(node, outlet, target)
    do(document, draft, _("connecting of two nodes") if was is None else _("leading of an edge elsewhere"))


def disconnect(document: Document, edges: Iterable[EdgeKey]) -> None:
    """Cut edges, each given as (node, outlet)."""
    draft = document.draft()
    chosen = list(edges)
    for node, outlet in chosen:
        draft.disconnect(node, outlet)
    do(document, draft, ngettext("cut of {n} edge", "cut of {n} edges", len(chosen)).format(n=len(chosen)))


def add(
    document: Document,
    settings: Node | Mapping[str, Any],
    at: tuple[float, float],
    *,
    after: EdgeKey | None = None,
    title: str = "",
) -> str:
    """Put a new node at a place and, with `after`, lead that outlet to it. Returns the new id. Raises NoSuchNode."""
    assert isinstance(settings, Node)
    draft = document.draft()
    made = draft.new_id()
    draft.add(made, NodeState(settings.kind, settings, title=title, x=at[0], y=at[1]))
    if after is not None:
        draft.connect(after[0], after[1], made)
    do(document, draft, _("adding of “{kind}”").format(kind=settings.label))
    return made


def remove(document: Document, nodes: Collection[str], *, heal: bool = False) -> None:
    """Delete nodes with their edges. Raises NoSuchNode.

    With `heal`, what led to a node leads on to what followed it, where there was one way in and one way out.
    """
    draft = document.draft()
    for node in nodes:
        ways_in, ways_out = draft.edges_into(node), draft.edges_from(node)
        draft.remove(node)
        if heal and len(ways_in) == len(ways_out) == 1 and node not in (ways_in[0].source, ways_out[0].target):
            draft.connect(ways_in[0].source, ways_in[0].outlet, ways_out[0].target)
    do(document, draft, ngettext("delete of {n} node", "delete of {n} nodes", len(nodes)).format(n=len(nodes)))


def set_settings(document: Document, node: str, settings: Node, *, field: str = "") -> None:
    """Give a node other settings of its kind. Changes of one `field` that follow each other are one step."""
    draft = document.draft()
    draft.set_settings(node, settings)
    do(document, draft, _("change of settings"), same=("settings", node, field) if field else None)


def set_title(document: Document, node: str, title: str) -> None:
    draft = document.draft()
    draft.set_title(node, title)
    do(document, draft, _("change of a title"), same=("title", node))


def set_comment(document: Document, node: str, comment: str) -> None:
    draft = document.draft()
    draft.set_comment(node, comment)
    do(document, draft, _("change of a comment"), same=("comment", node))


def set_off(document: Document, nodes: Collection[str], off: bool) -> None:
    """Switch nodes off or on."""
    draft = document.draft()
    for node in nodes:
        draft.set_off(node, off)
    n = len(nodes)
    act = (
        ngettext("switching off of {n} node", "switching off of {n} nodes", n)
        if off
        else ngettext("switching on of {n} node", "switching on of {n} nodes", n)
    )
    do(document, draft, act.format(n=n))


def set_journey(document: Document, settings: JourneySettings, *, field: str = "") -> None:
    """Give the journey other settings of its own. Changes of one `field` that follow each other are one step."""
    draft = document.draft()
    draft.set_journey(settings)
    do(document, draft, _("change of the journey's settings"), same=("journey", field) if field else None)
