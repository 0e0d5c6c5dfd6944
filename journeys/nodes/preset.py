"""A kind of node with settings to begin with, as palette and search offer it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date

from journeys.base.catalogue import Catalogue
from journeys.nodes.node import Family, Node

#: stands for a key that nobody has chosen yet: no check lets it pass, so that no first guess is ever sent
NOT_CHOSEN = "not-chosen"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new node may take its first settings from."""

    #: the workspace's day
    today: date
    catalogue: Catalogue = field(default_factory=Catalogue)
    #: (id, settings) of nodes from which the new one can be reached, the nearest first
    before: tuple[tuple[str, Node], ...] = ()
    #: settings of all nodes of the journey
    others: tuple[Node, ...] = ()

    def only(self, keys: Collection[str]) -> str:
        """The only one of the keys, where there is no choice; else none is chosen."""
        return next(iter(keys)) if len(keys) == 1 else NOT_CHOSEN


@dataclass(frozen=True, slots=True)
class Preset:
    """One entry of the palette."""

    #: stable: “wait-for-an-answer”
    id: str
    #: what the entry is called, and what the new node is called first
    name: str
    icon: str
    family: Family
    make: Callable[[Beginning], Node]
    #: further words by which people look for it, parted by spaces
    synonyms: str = ""
    #: whether it stands in the palette as well; else only the search finds it
    is_common: bool = False
