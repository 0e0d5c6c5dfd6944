"""What lies where: boxes in square cells, to find those near a place without asking all."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
_NOTHING: dict[Any, Box] = {}

#: side of a cell; a viewport at 100 % asks for about ten
CELL = 512
#: what covers more cells than this is kept apart and looked at every time: frames, edges across the whole journey
MOST_CELLS = 64


class Box(NamedTuple):
    """A rectangle with its sides along the axes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def turned(self) -> Box:
        """The same with x and y in each other's place."""
        return Box(self.top, self.left, self.bottom, self.right)

    def united(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Grid(Generic[K]):
    """Boxes by key. Answers in the order in which they were put in last within a cell, each once."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], dict[K, Box]] = {}
        self._large: dict[K, Box] = {}
        self._boxes: dict[K, Box] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._boxes

    def __len__(self) -> int:
        return len(self._boxes)

    def box(self, key: K) -> Box:
        return self._boxes[key]

    def whole(self) -> Box | None:
        """A box around all cells that hold something, in whole cells; None where nothing does.

        To be asked after every step of a drag: it looks at cells, not at boxes.
        """
        found: Box | None = None
        for column, row in self._cells:
            if found is None:
                found = Box(column, row, column, row)
            elif not found.holds(column, row):
                found = found.united(Box(column, row, column, row))
        if found is not None:
            found = Box(found.left * CELL, found.top * CELL, (found.right + 1) * CELL, (found.bottom + 1) * CELL)
        for box in self._large.values():
            found = box if found is None else found.united(box)
        return found

    def put(self, key: K, box: Box) -> None:
        """Put a box in, in place of the one it had before."""
        if (before := self._boxes.get(key)) is not None:
            if before == box:
                return
            self.take(key)
        self._boxes[key] = box
        cells = _cells(box)
        if cells is None:
            self._large[key] = box
            return
        for cell in cells:
            self._cells.setdefault(cell, {})[key] = box

    def take(self, key: K) -> None:
        """Take a box out; nothing happens where there is none."""
        box = self._boxes.pop(key, None)
        if box is None:
            return
        if self._large.pop(key, None) is not None:
            return
        for cell in _cells(box) or ():
            kept = self._cells[cell]
            del kept[key]
            if not kept:
                del self._cells[cell]

    def near(self, box: Box) -> list[tuple[K, Box]]:
        """All boxes that meet the one given."""
        left, top, right, bottom = box
        cells = _cells(box)
        if cells is None:
            looked: list[dict[K, Box]] = [self._boxes]
        else:
            looked = [held for cell in cells if (held := self._cells.get(cell)) is not None]
            if self._large:
                looked.insert(0, self._large)
        # written out: asked for every edge that is led, this is a fifth of opening a journey
        found = [
            (key, held)
            for kept in looked
            for key, held in kept.items()
            if held[0] < right and left < held[2] and held[1] < bottom and top < held[3]
        ]
        return found if len(looked) < 2 else list(dict(found).items())

    def boxes_near(self, box: Box) -> list[Box]:
        """The same without their keys; some may be there twice."""
        left, top, right, bottom = box
        cells = _cells(box)
        if cells is None:
            return [held for _, held in self.near(box)]
        found = [
            held
            for cell in cells
            for held in self._cells.get(cell, _NOTHING).values()
            if held[0] < right and left < held[2] and held[1] < bottom and top < held[3]
        ]
        if self._large:
            found.extend(held for held in self._large.values() if held.meets(box))
        return found


def _cells(box: Box) -> list[tuple[int, int]] | None:
    """The cells it lies in; None where there are too many."""
    left, top, right, bottom = box
    first, last = int(left // CELL), int(right // CELL)
    high, low = int(top // CELL), int(bottom // CELL)
    if first == last and high == low:
        return [(first, high)]
    if (last - first + 1) * (low - high + 1) > MOST_CELLS:
        return None
    return [(column, row) for column in range(first, last + 1) for row in range(high, low + 1)]
