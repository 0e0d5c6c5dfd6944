"""Snapping while cards are moved: to the grid, and to the middles and sides of cards nearby."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from widgets.canvas.grid import Box
from widgets.canvas.routing import Point
from widgets.canvas.shapes import GRID

#: a line that shows what two cards share: its ends
Guide = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Snap:
    """By how much to move in all, and the lines that say what it was moved to."""

    dx: float
    dy: float
    guides: tuple[Guide, ...] = ()


def snap(box: Box, dx: float, dy: float, others: Iterable[Box], *, reach: float) -> Snap:
    """Where a card that is dragged by (dx, dy) comes to rest.

    A side or the middle of a card nearby draws it, within `reach`; else the grid does.
    """
    moved = Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)
    near = list(others)
    by_x = _nearest([_marks(moved.left, moved.right)], [_marks(one.left, one.right) for one in near], reach)
    by_y = _nearest([_marks(moved.top, moved.bottom)], [_marks(one.top, one.bottom) for one in near], reach)
    x = by_x if by_x is not None else _to_grid(moved.left)
    y = by_y if by_y is not None else _to_grid(moved.top)
    final = Box(moved.left + x, moved.top + y, moved.right + x, moved.bottom + y)
    guides: list[Guide] = []
    if by_x is not None:
        guides.extend(_upright(final, near))
    if by_y is not None:
        guides.extend(_level(final, near))
    return Snap(dx + x, dy + y, tuple(guides))


def _marks(low: float, high: float) -> tuple[float, float, float]:
    return low, (low + high) / 2, high


def _nearest(
    own: list[tuple[float, float, float]], others: list[tuple[float, float, float]], reach: float
) -> float | None:
    """The smallest shift that brings a mark onto the same mark of another card; middles first."""
    best: tuple[float, int, float] | None = None
    for marks in own:
        for other in others:
            for n, rank in ((1, 0), (0, 1), (2, 1)):
                shift = other[n] - marks[n]
                if abs(shift) <= reach and (best is None or (abs(shift), rank) < best[:2]):
                    best = (abs(shift), rank, shift)
    return None if best is None else best[2]


def _to_grid(value: float) -> float:
    return round(value / GRID) * GRID - value


def _upright(box: Box, others: list[Box]) -> Iterable[Guide]:
    for n, x in enumerate(_marks(box.left, box.right)):
        shared = [one for one in others if abs(_marks(one.left, one.right)[n] - x) < 0.5]
        if shared:
            top, bottom = min(one.top for one in shared), max(one.bottom for one in shared)
            yield (x, min(top, box.top)), (x, max(bottom, box.bottom))


def _level(box: Box, others: list[Box]) -> Iterable[Guide]:
    for n, y in enumerate(_marks(box.top, box.bottom)):
        shared = [one for one in others if abs(_marks(one.top, one.bottom)[n] - y) < 0.5]
        if shared:
            left, right = min(one.left for one in shared), max(one.right for one in shared)
            yield (min(left, box.left), y), (max(right, box.right), y)
