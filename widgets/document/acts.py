"""The acts of editing: each makes and does the command of one gesture, one named step of the history.

Acts on connections, places and the clipboard stand in `wiring`, `arranging` and `clipboard`, and are named here too.
"""

from __future__ import annotations

from collections.abc import Collection

from journeys.base.i18n import _, ngettext
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from widgets.document.arranging import Side, align, distribute, frame, lay_out, move, nudge, resize
from widgets.document.clipboard import copy, cut, duplicate, paste
from widgets.document.document import Document
from widgets.document.keepable import plain_comment, plain_title, refuse_unkeepable
from widgets.document.refused import Refused
from widgets.document.wiring import add, can_heal, connect, disconnect, insert_node, insert_on_edge, lead_from, remove

__all__ = [
    "Side",
    "add",
    "align",
    "can_heal",
    "connect",
    "copy",
    "cut",
    "disconnect",
    "distribute",
    "duplicate",
    "frame",
    "insert_node",
    "insert_on_edge",
    "lay_out",
    "lead_from",
    "move",
    "nudge",
    "paste",
    "remove",
    "resize",
    "set_comment",
    "set_journey",
    "set_off",
    "set_settings",
    "set_title",
]


def set_settings(document: Document, node: str, settings: Node, *, field: str = "") -> None:
    """Give a node other settings of its kind. Changes of one `field` that follow each other are one step.

    Edges stay, also those whose outlet is gone. Raises NoSuchNode, and Refused for another kind or a text that no file
    can keep.
    """
    if document.journey.kind(node) != settings.kind:
        raise Refused(sentence=_("A step keeps its kind. Add another one instead."))
    refuse_unkeepable(settings)
    draft = document.draft()
    draft.set_settings(node, settings)
    act = _("change of “{title}”").format(title=document.journey.title(node) or settings.label)
    document.do_draft(draft, act, same=("settings", node, field) if field else None)


def set_title(document: Document, node: str, title: str) -> None:
    """Rename a node; line breaks become spaces, and more than 200 characters are cut. Raises NoSuchNode."""
    draft = document.draft()
    draft.set_title(node, plain_title(title))
    document.do_draft(draft, _("change of a title"), same=("title", node))


def set_comment(document: Document, node: str, comment: str) -> None:
    """Raises NoSuchNode."""
    draft = document.draft()
    draft.set_comment(node, plain_comment(comment))
    document.do_draft(draft, _("change of a comment"), same=("comment", node))


def set_off(document: Document, nodes: Collection[str], off: bool) -> None:
    """Switch nodes off or on; of several, those whose kind cannot be off are left on.

    Raises NoSuchNode, and Refused where none can be switched off.
    """
    journey = document.journey
    chosen = [node for node in sorted(set(nodes)) if not off or _can_be_off(journey.node(node))]
    if not chosen:
        raise Refused(sentence=_("Triggers, splits and ends cannot be switched off: there is no way past them."))
    draft = document.draft()
    for node in chosen:
        draft.set_off(node, off)
    n = len(chosen)
    act = (
        ngettext("switching off of {n} node", "switching off of {n} nodes", n)
        if off
        else ngettext("switching on of {n} node", "switching on of {n} nodes", n)
    )
    document.do_draft(draft, act.format(n=n))


def set_journey(document: Document, settings: JourneySettings, *, field: str = "") -> None:
    """Give the journey other settings of its own. Changes of one `field` that follow each other are one step.

    `id` and `based_on` stay what they are: neither is for people to change.
    """
    mine = document.journey.settings
    draft = document.draft()
    draft.set_journey(settings.model_copy(update={"id": mine.id, "based_on": mine.based_on}))
    document.do_draft(draft, _("change of the journey's settings"), same=("journey", field) if field else None)


def _can_be_off(settings: Node | None) -> bool:
    return settings is not None and settings.can_be_off
