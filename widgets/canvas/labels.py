"""Where the names of long edges stand at rest: at their far end, and never over a card (LOOK 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise

from widgets.canvas.edge_painting import label_size
from widgets.canvas.grid import Box
from widgets.canvas.lines import FROM_CORNER, Line
from widgets.canvas.routing import Point

#: between places that are tried
_STEP = 24
#: what a name keeps from cards
_CLEAR = 3
#: pieces shorter than this have no room for a name
_LEAST = 64
_MOST_TRIED = 24

#: whether something lies within a box
Taken = Callable[[Box], bool]
Counted = Callable[[Box], int]


def rest_place(line: Line, text: str, *, has_card: Taken, has_edge: Taken, names_before: Counted) -> Point | None:
    """The middle of a name: on its edge, over no card, and near no other edge where there is such a place.

    `has_edge` asks for other edges; `names_before` counts those of them whose names take their place first. None: every
    place that was tried is over a card.
    """
    width, height = label_size(text)
    others: list[Point] = []
    for x, y in islice(_places(line), _MOST_TRIED):
        box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if has_card(box.grown(_CLEAR)):
            continue
        if not has_edge(box.grown(height / 2 + 1)):
            return x, y
        others.append((x, y))
    if not others:
        return None
    # edges that lie side by side have their names one below the other
    x, y = others[0]
    ahead = names_before(Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return others[min(ahead, len(others) - 1)]


def _places(line: Line) -> Iterator[Point]:
    """Towards the end of the longest piece first, then back along it, then the same on the other long ones.

    Not on the last piece before others: edges into one card come in too near to each other for names beside them.
    """
    pieces = list(pairwise(line.points))
    pieces.sort(key=lambda piece: (piece != line.longest(), piece == line.last_piece()))
    for (x0, y0), (x1, y1) in pieces:
        length = abs(x1 - x0) + abs(y1 - y0)
        if length < _LEAST:
            continue
        at = max(length - FROM_CORNER, length / 2)
        while at >= min(FROM_CORNER, length / 2):
            yield x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length
            at -= _STEP
