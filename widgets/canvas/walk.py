"""Where the arrow keys lead: along edges, else to the nearest card that way."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from widgets.canvas.plan import Plan
from widgets.canvas.routing import Point


class Way(Enum):
    """A direction on the screen, as (x, y)."""

    LEFT = (-1, 0)
    RIGHT = (1, 0)
    UP = (0, -1)
    DOWN = (0, 1)


def step(plan: Plan, node: str, way: Way) -> str | None:
    """The card that an arrow key leads to from a card; None where there is none that way.

    With the flow: where the first outlet leads that goes that way. Against it: where the nearest edge comes from. Across:
    to the nearest of what the same cards lead to. Where edges lead nowhere, to the nearest card that way.
    """
    onward, back = (Way.RIGHT, Way.LEFT) if plan.right else (Way.DOWN, Way.UP)
    here = middle(plan, node)
    candidates: list[str]
    if way is onward:
        keys = plan.edges_from(node)
        order = {outlet: n for n, outlet in enumerate(plan.spots[node].outlets)}
        candidates = [plan.targets[key] for key in sorted(keys, key=lambda key: order.get(key[1], len(order)))]
        if candidates:
            # the edge that goes on straightest; of as straight ones the first outlet
            axis = 1 if plan.right else 0
            return min(candidates, key=lambda one: abs(middle(plan, one)[axis] - here[axis]))
    elif way is back:
        candidates = [key[0] for key in plan.edges_into(node)]
        if candidates:
            return min(candidates, key=lambda one: (_distance(middle(plan, one), here), one))
    else:
        siblings = {plan.targets[key] for into in plan.edges_into(node) for key in plan.edges_from(into[0])} - {node}
        found = nearest(plan, siblings, here, way)
        if found is not None:
            return found
    return nearest(plan, plan.spots.keys() - {node}, here, way)


def nearest(plan: Plan, nodes: Iterable[str], here: Point, way: Way) -> str | None:
    """The nearest card in a direction; what lies far aside counts as further."""
    x, y = way.value
    best: tuple[float, str] | None = None
    for node in nodes:
        there = middle(plan, node)
        ahead = (there[0] - here[0]) * x + (there[1] - here[1]) * y
        aside = abs((there[0] - here[0]) * y) + abs((there[1] - here[1]) * x)
        if ahead > 1 and ahead >= aside / 4:
            cost = (ahead + 2 * aside, node)
            best = cost if best is None else min(best, cost)
    return None if best is None else best[1]


def middle(plan: Plan, node: str) -> Point:
    box = plan.spots[node].box
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _distance(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])
