"""The journey document: a graph of nodes, one edge an outlet, and the journey's own settings."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import networkx as nx

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Family, Node

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ID_LENGTH = 8

#: where node ids come from; the system's own source, so that two copies of one draft never give the same id
_ids = random.SystemRandom()


class NoSuchNode(KanwaError):
    """An act names a node that is not in the journey."""

    text = N_("There is no node {node} in this journey.")


class NodeExists(KanwaError):
    """A node is added under an id that is taken."""

    text = N_("There is a node {node} in this journey already; ids are never used twice.")


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection from one outlet of a node to another node."""

    source: str
    outlet: str
    target: str


def is_node_id(text: object) -> TypeGuard[str]:
    """Whether it has the form of a node id: 8 characters of A–Z and 2–7."""
    return isinstance(text, str) and len(text) == ID_LENGTH and all(letter in _ID_LETTERS for letter in text)


class Journey:
    """A journey as it is drawn.

    `graph` is an `nx.MultiDiGraph`: node attributes `kind`, `title`, `settings` (a `Node`, or the plain JSON object
    where the kind is unknown here), `x`, `y`, `off`, `comment`; an edge's key is the outlet it leaves from. Change it
    through the methods below, which keep one edge an outlet; read it as you like.
    """

    def __init__(self, settings: JourneySettings) -> None:
        self.settings = settings
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()

    def __contains__(self, node: object) -> bool:
        return node in self.graph

    def __len__(self) -> int:
        return len(self.graph)

    # what stands where

    def node_ids(self) -> tuple[str, ...]:
        """Ids of all nodes, in the order in which they were added or read."""
        return tuple(self.graph)

    def node(self, node: str) -> Node | None:
        """The settings of a node; None where its kind is unknown here. Raises NoSuchNode."""
        settings = self._attributes(node)["settings"]
        return settings if isinstance(settings, Node) else None

    def raw_settings(self, node: str) -> dict[str, Any]:
        """The settings as the file holds them. Raises NoSuchNode."""
        settings = self._attributes(node)["settings"]
        dumped: dict[str, Any] = (
            settings.model_dump(mode="json", by_alias=True) if isinstance(settings, Node) else settings
        )
        return dumped

    def kind(self, node: str) -> str:
        return str(self._attributes(node)["kind"])

    def title(self, node: str) -> str:
        return str(self._attributes(node)["title"])

    def comment(self, node: str) -> str:
        return str(self._attributes(node)["comment"])

    def is_off(self, node: str) -> bool:
        """Whether members pass the node by its first outlet."""
        return bool(self._attributes(node)["off"])

    def place(self, node: str) -> tuple[float, float]:
        """The upper left corner of the card, in px at 100 %."""
        attributes = self._attributes(node)
        return attributes["x"], attributes["y"]

    def is_on_canvas_only(self, node: str) -> bool:
        """Notes and frames: invisible to engine, hash and path checks."""
        settings = self.node(node)
        return settings is not None and settings.family is Family.CANVAS

    # where outlets lead

    def edges(self) -> Iterator[Edge]:
        """All edges, orphaned ones included."""
        for source, target, outlet in self.graph.edges(keys=True):
            yield Edge(source, outlet, target)

    def edges_from(self, node: str) -> Iterator[Edge]:
        self._attributes(node)
        for source, target, outlet in self.graph.out_edges(node, keys=True):
            yield Edge(source, outlet, target)

    def edges_into(self, node: str) -> Iterator[Edge]:
        self._attributes(node)
        for source, target, outlet in self.graph.in_edges(node, keys=True):
            yield Edge(source, outlet, target)

    def edge_from(self, node: str, outlet: str) -> Edge | None:
        """The edge that leaves from an outlet. Raises NoSuchNode."""
        target = self.target(node, outlet)
        return None if target is None else Edge(node, outlet, target)

    def target(self, node: str, outlet: str) -> str | None:
        """The node an outlet leads to; None for an open one. Raises NoSuchNode."""
        self._attributes(node)
        # a view of edges costs five times as much (connecting 200 edges: 6 → 2 ms)
        return next((target for target, outlets in self.graph.succ[node].items() if outlet in outlets), None)

    # changes

    def new_id(self) -> str:
        """A node id that this journey does not have: random, because ids are never used again."""
        while True:
            made = "".join(_ids.choices(_ID_LETTERS, k=ID_LENGTH))
            if made not in self.graph:
                return made

    def add_node(
        self,
        node: str,
        settings: Node | Mapping[str, Any],
        *,
        kind: str = "",
        title: str = "",
        x: float = 0,
        y: float = 0,
        off: bool = False,
        comment: str = "",
    ) -> None:
        """Add a node. `kind` is needed only with plain settings, that is for a kind unknown here. Raises NodeExists."""
        if node in self.graph:
            raise NodeExists(node=node)
        if isinstance(settings, Node):
            kind = settings.kind
        else:
            settings = dict(settings)
        self.graph.add_node(node, kind=kind, title=title, settings=settings, x=x, y=y, off=off, comment=comment)

    def remove_node(self, node: str) -> None:
        """Take a node away, and its edges with it. Raises NoSuchNode."""
        self._attributes(node)
        self.graph.remove_node(node)

    def set_settings(self, node: str, settings: Node) -> None:
        """Give a node other settings of its kind. Edges stay, also those whose outlet is gone. Raises NoSuchNode."""
        attributes = self._attributes(node)
        attributes["settings"] = settings
        attributes["kind"] = settings.kind

    def set_unknown(self, node: str, kind: str, settings: Mapping[str, Any]) -> None:
        """Make it a node of a kind that is unknown here, with the settings as a file holds them. Raises NoSuchNode."""
        attributes = self._attributes(node)
        attributes["settings"] = dict(settings)
        attributes["kind"] = kind

    def set_title(self, node: str, title: str) -> None:
        self._attributes(node)["title"] = title

    def set_comment(self, node: str, comment: str) -> None:
        self._attributes(node)["comment"] = comment

    def set_off(self, node: str, off: bool) -> None:
        self._attributes(node)["off"] = off

    def move(self, node: str, x: float, y: float) -> None:
        attributes = self._attributes(node)
        attributes["x"], attributes["y"] = x, y

    def connect(self, node: str, outlet: str, target: str) -> None:
        """Lead an outlet to a node, in place of where it led before. Raises NoSuchNode."""
        self._attributes(target)
        self.disconnect(node, outlet)
        self.graph.add_edge(node, target, key=outlet)

    def disconnect(self, node: str, outlet: str) -> None:
        """Open an outlet; nothing happens where it is open. Raises NoSuchNode."""
        target = self.target(node, outlet)
        if target is not None:
            self.graph.remove_edge(node, target, key=outlet)

    def copy(self) -> Journey:
        """A second document that changes on its own; settings are values and shared."""
        made = Journey(self.settings)
        made.graph = self.graph.copy()
        return made

    def _attributes(self, node: str) -> dict[str, Any]:
        try:
            attributes: dict[str, Any] = self.graph.nodes[node]
        except KeyError:
            raise NoSuchNode(node=node) from None
        return attributes


def references_of(journey: Journey) -> Iterator[tuple[str, str]]:
    """(kind of thing, key) of everything outside that the nodes of a journey name, in no order and not each once."""
    for id_ in journey.node_ids():
        if (settings := journey.node(id_)) is not None:
            yield from settings.references()
