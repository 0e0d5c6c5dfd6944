"""What a node is told of its surroundings when it is asked for problems."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.base.catalogue import Catalogue
from journeys.graph.checks.arrivals import JumpsInto
from journeys.graph.ways import Ways
from journeys.nodes.node import Node


class Surroundings:
    """One node's view of its journey; fulfils `Around`."""

    def __init__(self, ways: Ways, node: str, catalogue: Catalogue | None, jumps: JumpsInto | None = None) -> None:
        self._ways = ways
        self._jumps = jumps
        self._node = node
        self._catalogue = catalogue

    @property
    def node(self) -> str:
        return self._node

    @property
    def title(self) -> str:
        return self._ways.journey.title(self._node)

    @property
    def catalogue(self) -> Catalogue | None:
        return self._catalogue

    def upstream(self) -> Iterator[tuple[str, Node]]:
        """Nodes members may have passed before; those that are off or of unknown kind did nothing there."""
        for node in self._ways.upstream(self._node):
            settings = self._ways.settings(node)
            if settings is not None and self._ways.is_on(node):
                yield node, settings

    def at(self, node: str) -> Node | None:
        return self._ways.settings(node)

    def title_of(self, node: str) -> str:
        return self._ways.journey.title(node) if node in self._ways.journey else node

    def connected(self) -> frozenset[str]:
        return frozenset(self._ways.led[self._node])

    def jumps_into(self, trigger: str) -> tuple[tuple[str, frozenset[str]], ...]:
        return self._jumps.by(trigger) if self._jumps is not None else ()
