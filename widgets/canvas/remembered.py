"""What lines were when other cards stood there, so that an undo need not work them out again.

Undo of deleting 100 of 2,000 nodes laid 240 edges anew, which took half of its time; and so did its redo.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

from widgets.canvas.routing import Ends, Point, Way

K = TypeVar("K", bound=Hashable)

#: as many edges are remembered, of however many steps: about 5 MB
_MOST = 10_000


class Laid(NamedTuple):
    """All that was worked out for one edge."""

    in_at: float
    ends: Ends
    way: Way
    #: by how much its long piece is outside of where it would be alone
    out: float
    #: where its columns and lanes are, and not where they would be alone: by the corner each begins at
    aside: Mapping[int, float]
    moved: Mapping[int, float]
    line: tuple[Point, ...]


class Remembered(Generic[K]):
    """For steps from what stood there to what stands there, both as a number: what every edge that changed was then."""

    def __init__(self) -> None:
        self._steps: OrderedDict[tuple[int, int], Mapping[K, Laid | None]] = OrderedDict()
        self._edges = 0

    def get(self, was: int, now: int) -> Mapping[K, Laid | None] | None:
        """The edges that such a step changes; None: it was never made, or that is long ago."""
        found = self._steps.get((was, now))
        if found is not None:
            self._steps.move_to_end((was, now))
        return found

    def add(self, was: int, now: int, before: Mapping[K, Laid | None], after: Mapping[K, Laid | None]) -> None:
        """Remember a step, and the one back."""
        for step, edges in (((was, now), after), ((now, was), before)):
            self._edges += len(edges) - len(self._steps.pop(step, ()))
            self._steps[step] = edges
        while self._edges > _MOST and len(self._steps) > 2:
            _, edges = self._steps.popitem(last=False)
            self._edges -= len(edges)
