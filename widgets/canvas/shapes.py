"""Sizes of cards and the places of their ports, in px at 100 %; measures of LOOK 3."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from journeys.nodes.node import Family

WIDTH = 208
#: with three and four outlets; more take a column of `COLUMN` each, beyond `MOST_COLUMNS` rows
WIDTH_OF_THREE, WIDTH_OF_FOUR, COLUMN, MOST_COLUMNS = 276, 320, 80, 8
ONE_LINE, TWO_LINES, STRIP = 56, 72, 24
#: goal and exit
SMALL_HEIGHT, SMALL_LEAST, SMALL_MOST = 40, 112, 160
TILE, TILE_X, TILE_Y = 32, 10, 12
SMALL_TILE, SMALL_TILE_X = 24, 8
TEXT_X, TEXT_RIGHT = 52, 8
SMALL_TEXT_X = 40
PORT_RADIUS, PORT_REACH = 4, 12
#: where edges come in, in journeys from left to right
INPUT_DOWN = 28
#: between edges that come in at one side
PARALLEL = 20
GRID = 8

CORNER, CUT, ARCH, FOLD = 8, 10, 20, 14


class Silhouette(StrEnum):
    """The outline of a card, one a family but for the three plain ones."""

    ARCHED = "arched"
    CUT = "cut"
    PLAIN = "plain"
    FOOT = "foot"
    NOTE = "note"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a card, and what decides where its ports are. A value: cards of one shape share their paths."""

    silhouette: Silhouette
    width: float
    height: float
    #: number of outlets
    outlets: int
    #: the journey flows from left to right
    right: bool = False
    #: outlets are rows under the sentence, their ports on the right border
    rows: bool = False
    small: bool = False

    @property
    def body(self) -> float:
        """Height of the part above the outlets."""
        return self.height - self.strip

    @property
    def strip(self) -> float:
        """Height of the part with the outlets' names; nothing with fewer than two."""
        if self.outlets < 2:
            return 0
        return STRIP * self.outlets if self.rows else STRIP

    def port(self, n: int) -> tuple[float, float]:
        """Where the n-th outlet leaves, from the upper left corner of the card."""
        if self.outlets < 2:
            return (self.width, self._input_down()) if self.right else (self.width / 2, self.height)
        if self.rows:
            return self.width, self.body + STRIP * (n + 0.5)
        return self.width * (n + 0.5) / self.outlets, self.height

    def orphan_port(self) -> tuple[float, float]:
        """Where an edge leaves whose outlet is gone: beside the others, near the corner."""
        return (self.width, self.height - 8) if self.right else (self.width - 16, self.height)

    def input(self) -> tuple[float, float]:
        """The middle of where edges come in."""
        return (0, self._input_down()) if self.right else (self.width / 2, 0)

    def outlet_area(self, n: int) -> tuple[float, float, float, float]:
        """Left, top, width, height of the n-th outlet's name; only with two outlets or more."""
        if self.rows:
            return 0, self.body + STRIP * n, self.width, STRIP
        return self.width * n / self.outlets, self.body, self.width / self.outlets, STRIP

    def _input_down(self) -> float:
        return self.height / 2 if self.small else INPUT_DOWN


def silhouette_of(family: Family | None) -> Silhouette:
    """None: a kind that is unknown here."""
    match family:
        case Family.COMES_IN:
            return Silhouette.ARCHED
        case Family.DECIDES:
            return Silhouette.CUT
        case Family.ENDS:
            return Silhouette.FOOT
        case _:
            return Silhouette.PLAIN


def width_of(outlets: int, *, right: bool) -> int:
    """Width of a card with so many outlets."""
    if right or outlets > MOST_COLUMNS or outlets < 3:
        return WIDTH
    return {3: WIDTH_OF_THREE, 4: WIDTH_OF_FOUR}.get(outlets, COLUMN * outlets)


def card_shape(family: Family | None, *, outlets: int, lines: int, right: bool) -> Shape:
    """The shape of a step with a sentence of so many lines (two at most are shown)."""
    rows = outlets > 1 and (right or outlets > MOST_COLUMNS)
    strip = 0 if outlets < 2 else STRIP * outlets if rows else STRIP
    height = (ONE_LINE if lines < 2 else TWO_LINES) + strip
    return Shape(silhouette_of(family), width_of(outlets, right=right), height, outlets, right=right, rows=rows)


def small_shape(title_width: float, *, right: bool) -> Shape:
    """The shape of a goal or an exit, whose title is so wide; a multiple of the grid, so that its middle is on it."""
    width = -(-(SMALL_TEXT_X + title_width + 16) // (2 * GRID)) * 2 * GRID
    return Shape(
        Silhouette.FOOT, min(max(width, SMALL_LEAST), SMALL_MOST), SMALL_HEIGHT, outlets=0, right=right, small=True
    )
