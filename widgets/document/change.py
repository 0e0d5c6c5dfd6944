"""What one act changed, for whoever shows the document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """What one act changed: ids only; whoever follows reads the rest from the document.

    Ids are sorted. Edges are (node, outlet); a re-led edge is in both `edges_added` and `edges_removed`, and the edges
    of a node that was removed are among those removed.
    """

    #: nodes
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: places
    moved: tuple[str, ...] = ()
    #: settings, title, off, comment
    altered: tuple[str, ...] = ()
    edges_added: tuple[tuple[str, str], ...] = ()
    edges_removed: tuple[tuple[str, str], ...] = ()
    #: the journey's own settings: name, direction, goal …
    journey: bool = False
