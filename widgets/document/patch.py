"""The difference that one act makes to a journey, which can be made, taken back, and put together with the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from widgets.document.change import Change

#: (node, outlet)
EdgeKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NodeState:
    """Everything that a journey knows of one node, its edges left out."""

    kind: str
    #: the plain JSON object where the kind is unknown here; never changed in place
    settings: Node | Mapping[str, Any]
    title: str = ""
    x: float = 0
    y: float = 0
    off: bool = False
    comment: str = ""

    @property
    def node(self) -> Node | None:
        """The settings; None where the kind is unknown here."""
        return self.settings if isinstance(self.settings, Node) else None

    @property
    def place(self) -> tuple[float, float]:
        return self.x, self.y


def state_of(journey: Journey, node: str) -> NodeState:
    """Raises NoSuchNode."""
    x, y = journey.place(node)
    return NodeState(
        kind=journey.kind(node),
        settings=journey.node(node) or journey.raw_settings(node),
        title=journey.title(node),
        x=x,
        y=y,
        off=journey.is_off(node),
        comment=journey.comment(node),
    )


@dataclass(frozen=True, slots=True)
class Patch:
    """What stood there before and what stands there after, of everything that differs; None: it is not there.

    Commands keep these values and never objects of the scene, so that undo works whatever became of the scene. The
    edges of a node that comes or goes are named too.
    """

    nodes: Mapping[str, tuple[NodeState | None, NodeState | None]] = field(default_factory=dict)
    #: where each outlet led before and leads after
    edges: Mapping[EdgeKey, tuple[str | None, str | None]] = field(default_factory=dict)
    settings: tuple[JourneySettings, JourneySettings] | None = None

    def __bool__(self) -> bool:
        return bool(self.nodes or self.edges or self.settings)

    def apply(self, journey: Journey) -> None:
        """Make the difference. `based_on` stays what it is: publishing writes it, and undo must not take that back."""
        for (node, outlet), (before, _after) in self.edges.items():
            if before is not None:
                journey.disconnect(node, outlet)
        for node, (was, becomes) in self.nodes.items():
            if was is None and becomes is not None:
                journey.add_node(
                    node,
                    becomes.settings,
                    kind=becomes.kind,
                    title=becomes.title,
                    x=becomes.x,
                    y=becomes.y,
                    off=becomes.off,
                    comment=becomes.comment,
                )
            elif becomes is None:
                journey.remove_node(node)
            elif was is not None:
                _alter(journey, node, was, becomes)
        for (node, outlet), (_before, after) in self.edges.items():
            if after is not None:
                journey.connect(node, outlet, after)
        if self.settings is not None:
            kept = journey.settings.based_on
            journey.settings = self.settings[1].model_copy(update={"based_on": kept})

    def reversed(self) -> Patch:
        """What takes this one back."""
        return Patch(
            {node: (after, before) for node, (before, after) in self.nodes.items()},
            {edge: (after, before) for edge, (before, after) in self.edges.items()},
            None if self.settings is None else (self.settings[1], self.settings[0]),
        )

    def then(self, later: Patch) -> Patch:
        """This one and a later one as one; what comes back to where it was falls out."""
        nodes = dict(self.nodes)
        for node, (was, becomes) in later.nodes.items():
            nodes[node] = (nodes[node][0] if node in nodes else was, becomes)
        edges = dict(self.edges)
        for edge, (before, after) in later.edges.items():
            edges[edge] = (edges[edge][0] if edge in edges else before, after)
        settings = later.settings
        if settings is not None and self.settings is not None:
            settings = (self.settings[0], settings[1])
        settings = settings or self.settings
        return Patch(
            {node: pair for node, pair in nodes.items() if pair[0] != pair[1]},
            {edge: ends for edge, ends in edges.items() if ends[0] != ends[1]},
            None if settings is not None and settings[0] == settings[1] else settings,
        )

    def change(self) -> Change:
        """The ids of what differs."""
        added, removed, moved, altered = [], [], [], []
        for node, (was, becomes) in self.nodes.items():
            if was is None:
                added.append(node)
            elif becomes is None:
                removed.append(node)
            else:
                if was.place != becomes.place:
                    moved.append(node)
                if replace(was, x=becomes.x, y=becomes.y) != becomes:
                    altered.append(node)
        return Change(
            added=tuple(sorted(added)),
            removed=tuple(sorted(removed)),
            moved=tuple(sorted(moved)),
            altered=tuple(sorted(altered)),
            edges_added=tuple(sorted(edge for edge, (_before, after) in self.edges.items() if after is not None)),
            edges_removed=tuple(sorted(edge for edge, (before, _after) in self.edges.items() if before is not None)),
            journey=self.settings is not None,
        )


def patch_between(before: Journey, after: Journey) -> Patch:
    """What makes the one journey of the other."""
    nodes: dict[str, tuple[NodeState | None, NodeState | None]] = {}
    for node in {*before.node_ids(), *after.node_ids()}:
        was = state_of(before, node) if node in before else None
        becomes = state_of(after, node) if node in after else None
        if was != becomes:
            nodes[node] = (was, becomes)
    led = {(edge.source, edge.outlet): edge.target for edge in before.edges()}
    leads = {(edge.source, edge.outlet): edge.target for edge in after.edges()}
    edges = {edge: (led.get(edge), leads.get(edge)) for edge in {*led, *leads} if led.get(edge) != leads.get(edge)}
    settings = None if before.settings == after.settings else (before.settings, after.settings)
    return Patch(nodes, edges, settings)


def _alter(journey: Journey, node: str, was: NodeState, becomes: NodeState) -> None:
    if was.place != becomes.place:
        journey.move(node, becomes.x, becomes.y)
    if was.title != becomes.title:
        journey.set_title(node, becomes.title)
    if was.off != becomes.off:
        journey.set_off(node, becomes.off)
    if was.comment != becomes.comment:
        journey.set_comment(node, becomes.comment)
    if isinstance(becomes.settings, Node) and was.settings is not becomes.settings:
        journey.set_settings(node, becomes.settings)
    elif not isinstance(becomes.settings, Node) and was.settings != becomes.settings:
        journey.set_unknown(node, becomes.kind, becomes.settings)
