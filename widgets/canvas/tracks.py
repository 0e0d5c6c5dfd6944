"""Edges that lead back, side by side outside of the cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from widgets.canvas.routing import BACK_APART, Way

K = TypeVar("K", bound=tuple[Any, ...])


def tracks(ways: Mapping[K, Way]) -> dict[K, float]:
    """By how much the long piece of each edge that leads back goes further outside than where it would be alone.

    The shortest is laid first and stays innermost; each further one goes outside those it runs beside. Edges that lead
    forward, and those that stay, are left out.
    """
    backs = [(way.side, abs(way.points[2][1] - way.points[3][1]), key) for key, way in ways.items() if way.side]
    taken: dict[int, list[tuple[float, float, float]]] = {-1: [], 1: []}
    found: dict[K, float] = {}
    for side, _, key in sorted(backs):
        (x, one), (_, other) = ways[key].points[2:4]
        top, foot = min(one, other), max(one, other)
        out = 0.0
        while any(
            abs(x + side * out - its) < BACK_APART and top < below and above < foot for its, above, below in taken[side]
        ):
            out += BACK_APART
        taken[side].append((x + side * out, top, foot))
        if out:
            found[key] = out
    return found
