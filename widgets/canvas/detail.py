"""How much of a card is painted at which zoom (LOOK 5)."""

from __future__ import annotations

from enum import IntEnum

LEAST_ZOOM, MOST_ZOOM = 0.05, 4.0
#: from here on everything is painted
LEAST_FULL = 0.75


class Detail(IntEnum):
    """More is painted the higher it is."""

    #: silhouette in the family's colour, edges without arrowheads
    FAR = 0
    #: silhouette with its icon; all nodes in one batch
    SHAPE = 1
    #: tile and title
    TITLE = 2
    #: everything
    FULL = 3

    @property
    def is_batch(self) -> bool:
        """Whether all cards are painted at once, and no card by itself."""
        return self <= Detail.SHAPE


def detail_of(zoom: float) -> Detail:
    """The step for a zoom, 1 being 100 %."""
    if zoom < 0.2:
        return Detail.FAR
    if zoom < 0.45:
        return Detail.SHAPE
    return Detail.TITLE if zoom < LEAST_FULL else Detail.FULL
