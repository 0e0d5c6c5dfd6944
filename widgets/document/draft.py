"""A journey as it will be once an act is done: read and changed while the act is put together, then made a patch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from journeys.graph.journey import Edge, Journey, NodeExists, NoSuchNode
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from widgets.document.patch import EdgeKey, NodeState, Patch, state_of


class Draft:
    """Changes over a journey that is not touched itself. What is read includes the changes made so far."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._nodes: dict[str, NodeState | None] = {}
        self._edges: dict[EdgeKey, str | None] = {}
        #: changed edges that lead to a node now; walking all of them for each node removed would be quadratic
        self._into: defaultdict[str, set[EdgeKey]] = defaultdict(set)
        self._from: defaultdict[str, set[EdgeKey]] = defaultdict(set)
        self._settings: JourneySettings | None = None

    # reading

    def __contains__(self, node: object) -> bool:
        if node in self._nodes:
            return self._nodes[node] is not None
        return node in self._journey

    def was_there(self, node: str) -> bool:
        """Whether the journey has the node already, and not only the draft."""
        return node in self._journey

    def node_ids(self) -> Iterator[str]:
        for node in self._journey.node_ids():
            if node in self:
                yield node
        for node, state in self._nodes.items():
            if state is not None and node not in self._journey:
                yield node

    def state(self, node: str) -> NodeState:
        """Raises NoSuchNode."""
        if node in self._nodes:
            state = self._nodes[node]
            if state is None:
                raise NoSuchNode(node=node)
            return state
        return state_of(self._journey, node)

    def target(self, node: str, outlet: str) -> str | None:
        """Where an outlet leads to; None for an open one. Raises NoSuchNode."""
        key = (node, outlet)
        if key in self._edges:
            return self._edges[key]
        return self._journey.target(node, outlet) if node in self._journey else None

    def edges_from(self, node: str) -> list[Edge]:
        found = list(self._journey.edges_from(node)) if node in self._journey else []
        return self._with_changes(found, self._from[node])

    def edges_into(self, node: str) -> list[Edge]:
        found = list(self._journey.edges_into(node)) if node in self._journey else []
        return self._with_changes(found, self._into[node])

    def _with_changes(self, found: list[Edge], changed: set[EdgeKey]) -> list[Edge]:
        edges = [edge for edge in found if (edge.source, edge.outlet) not in self._edges]
        for source, outlet in sorted(changed):
            target = self._edges[source, outlet]
            if target is not None:
                edges.append(Edge(source, outlet, target))
        return edges

    @property
    def settings(self) -> JourneySettings:
        return self._settings or self._journey.settings

    # changing

    def new_id(self) -> str:
        """An id that neither the journey nor this draft has."""
        while (made := self._journey.new_id()) in self._nodes:
            pass
        return made

    def add(self, node: str, state: NodeState) -> None:
        """Raises NodeExists."""
        if node in self:
            raise NodeExists(node=node)
        self._nodes[node] = state

    def remove(self, node: str) -> None:
        """Take a node away, and its edges with it. Raises NoSuchNode."""
        self.state(node)
        for edge in (*self.edges_from(node), *self.edges_into(node)):
            self._lead(edge.source, edge.outlet, None)
        self._nodes[node] = None

    def move(self, node: str, x: float, y: float) -> None:
        self._nodes[node] = replace(self.state(node), x=x, y=y)

    def set_settings(self, node: str, settings: Node) -> None:
        """Other settings of its kind; edges stay. Raises NoSuchNode."""
        self._nodes[node] = replace(self.state(node), kind=settings.kind, settings=settings)

    def set_title(self, node: str, title: str) -> None:
        self._nodes[node] = replace(self.state(node), title=title)

    def set_comment(self, node: str, comment: str) -> None:
        self._nodes[node] = replace(self.state(node), comment=comment)

    def set_off(self, node: str, off: bool) -> None:
        self._nodes[node] = replace(self.state(node), off=off)

    def connect(self, node: str, outlet: str, target: str) -> None:
        """Lead an outlet to a node, in place of where it led before. Raises NoSuchNode."""
        self.state(node)
        self.state(target)
        self._lead(node, outlet, target)

    def disconnect(self, node: str, outlet: str) -> None:
        """Open an outlet; nothing happens where it is open."""
        if self.target(node, outlet) is not None:
            self._lead(node, outlet, None)

    def set_journey(self, settings: JourneySettings) -> None:
        self._settings = settings

    def _lead(self, node: str, outlet: str, target: str | None) -> None:
        key = (node, outlet)
        led = self._edges.get(key)
        if led is not None:
            self._into[led].discard(key)
        self._edges[key] = target
        self._from[node].add(key)
        if target is not None:
            self._into[target].add(key)

    def patch(self) -> Patch:
        """What differs from the journey by now."""
        nodes = {}
        for node, becomes in self._nodes.items():
            was = state_of(self._journey, node) if node in self._journey else None
            if was != becomes:
                nodes[node] = (was, becomes)
        edges = {}
        for (node, outlet), after in self._edges.items():
            before = self._journey.target(node, outlet) if node in self._journey else None
            if before != after:
                edges[node, outlet] = (before, after)
        settings = None
        if self._settings is not None and self._settings != self._journey.settings:
            settings = (self._journey.settings, self._settings)
        return Patch(nodes, edges, settings)
