"""Two versions of a journey compared, for the canvas: what is marked how, and what is said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from journeys.base.catalogue import Catalogue
from journeys.graph.diff import Difference, differences
from journeys.graph.journey import Journey
from widgets.document.patch import EdgeKey, NodeState, state_of

#: the one that a card is marked by, where several hold
_WEIGHT = (Difference.ADDED, Difference.REMOVED, Difference.CHANGED, Difference.MOVED)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of an earlier version in a later one, which is the one that is shown."""

    #: node → its mark; a node that was moved and changed is marked as changed
    marks: Mapping[str, Difference]
    #: nodes of the earlier version only, to be shown where they stood
    removed: Mapping[str, NodeState]
    #: edges of the later version that the earlier one has not, or leads elsewhere
    edges_added: frozenset[EdgeKey]
    #: edges of the earlier version that the later one has not, or leads elsewhere, with where they led
    edges_removed: Mapping[EdgeKey, str]
    #: node → what differs, in sentences; under "" what differs of the journey itself
    sentences: Mapping[str, tuple[str, ...]]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.sentences or self.edges_added or self.edges_removed)


def compare(before: Journey, after: Journey, catalogue: Catalogue | None = None) -> Comparison:
    """Nodes are the same when their ids are."""
    marks: dict[str, Difference] = {}
    sentences: defaultdict[str, list[str]] = defaultdict(list)
    for change in differences(before, after, places=True, catalogue=catalogue):
        sentences[change.node].append(change.sentence)
        if change.node:
            marks[change.node] = min(marks.get(change.node, change.kind), change.kind, key=_WEIGHT.index)
    led = {(edge.source, edge.outlet): edge.target for edge in before.edges()}
    leads = {(edge.source, edge.outlet): edge.target for edge in after.edges()}
    return Comparison(
        marks=marks,
        removed={node: state_of(before, node) for node in before.node_ids() if node not in after},
        edges_added=frozenset(edge for edge, target in leads.items() if led.get(edge) != target),
        edges_removed={edge: target for edge, target in led.items() if leads.get(edge) != target},
        sentences={node: tuple(said) for node, said in sentences.items()},
    )
