"""What is selected in a document; shared by canvas, outline and inspector."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.patch import EdgeKey


class Selection(QObject):
    """Selected nodes and edges, and the node that the keyboard stands on.

    What is removed from the document leaves the selection by itself.
    """

    #: once per change, after it
    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._nodes: frozenset[str] = frozenset()
        self._edges: frozenset[EdgeKey] = frozenset()
        self._current: str | None = None
        document.changed.connect(self._follow)

    @property
    def nodes(self) -> frozenset[str]:
        return self._nodes

    @property
    def edges(self) -> frozenset[EdgeKey]:
        """Selected edges as (node, outlet)."""
        return self._edges

    @property
    def current(self) -> str | None:
        """The node with the keyboard's focus; it need not be selected."""
        return self._current

    def set(self, nodes: Iterable[str] = (), *, edges: Iterable[EdgeKey] = (), current: str | None = None) -> None:
        """Select exactly these. Without `current`, a single selected node becomes it, else it stays if selected."""
        chosen = frozenset(nodes)
        if current is None:
            current = next(iter(chosen)) if len(chosen) == 1 else self._current if self._current in chosen else None
        self._become(chosen, frozenset(edges), current)

    def add(self, nodes: Iterable[str] = (), *, edges: Iterable[EdgeKey] = ()) -> None:
        self._become(self._nodes | frozenset(nodes), self._edges | frozenset(edges), self._current)

    def toggle(self, nodes: Iterable[str] = (), *, edges: Iterable[EdgeKey] = ()) -> None:
        """Select what is not selected of these, and the other way round."""
        self._become(self._nodes ^ frozenset(nodes), self._edges ^ frozenset(edges), self._current)

    def all(self) -> None:
        """Select every node of the document."""
        self._become(frozenset(self._document.journey.node_ids()), frozenset(), self._current)

    def clear(self) -> None:
        self._become(frozenset(), frozenset(), None)

    def focus(self, node: str | None) -> None:
        """Put the keyboard's focus on a node and leave the selection as it is."""
        self._become(self._nodes, self._edges, node)

    def _follow(self, change: Change) -> None:
        gone = frozenset(change.removed)
        cut = frozenset(change.edges_removed) - frozenset(change.edges_added)
        current = None if self._current in gone else self._current
        self._become(self._nodes - gone, self._edges - cut, current)

    def _become(self, nodes: frozenset[str], edges: frozenset[EdgeKey], current: str | None) -> None:
        if (nodes, edges, current) == (self._nodes, self._edges, self._current):
            return
        self._nodes, self._edges, self._current = nodes, edges, current
        self.changed.emit()
