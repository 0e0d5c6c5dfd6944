"""Layout, the order within rows: few crossings, and outlets from left to right."""

from __future__ import annotations

from collections.abc import Callable

from journeys.graph.layout_rows import Row, Rows

#: rounds up and down without fewer crossings, after which nothing better is looked for
_PATIENCE = 3
_MOST_ROUNDS = 12
#: items that all rounds together may move: 2,000 nodes get four rounds, which leaves 0.4 s of a second for the rest
_MOST_MOVES = 30_000


def ordered(rows: Rows) -> None:
    """Order the items of every row in place.

    What is led to from one node alone stands in the order of that node's outlets.
    """
    place = _first_places(rows)
    _down(rows, place)
    best, fewest, waited = [list(row) for row in rows.rows], crossings(rows), 0
    for _round in range(min(_MOST_ROUNDS, max(1, _MOST_MOVES // len(place)))):
        if not fewest or waited == _PATIENCE:
            break
        _up(rows, place)
        # every order that is kept comes from above: that is what keeps outlets from left to right
        _down(rows, place)
        now = crossings(rows)
        waited += 1
        if now < fewest:
            best, fewest, waited = [list(row) for row in rows.rows], now, 0
    rows.rows[:] = best


def crossings(rows: Rows) -> int:
    """How many pairs of edges cross between the rows, counted with the outlets they leave from."""
    total = 0
    for upper, lower in zip(rows.rows, rows.rows[1:], strict=False):
        position = {item: n for n, item in enumerate(lower)}
        ends: list[int] = []
        for item in upper:
            led = rows.below[item]
            if len(led) > 1:
                ends.extend(end for _outlet, end in sorted([(outlet, position[target]) for target, outlet in led]))
            elif led:
                ends.append(position[led[0][0]])
        total += _inversions(ends, len(lower))
    return total


def _inversions(ends: list[int], n: int) -> int:
    """Pairs that stand in the wrong order; by a binary indexed tree."""
    if ends == sorted(ends):
        return 0
    tree = [0] * (n + 1)
    total = 0
    for seen, end in enumerate(ends):
        at, not_after = end + 1, 0
        while at > 0:
            not_after += tree[at]
            at &= at - 1
        total += seen - not_after
        at = end + 1
        while at <= n:
            tree[at] += 1
            at += at & -at
    return total


def _first_places(rows: Rows) -> dict[str, float]:
    """Items as a walk along the outlets meets them, which alone keeps a tree free of crossings."""
    seen: dict[str, float] = {}
    for row in rows.rows:
        for start in row:
            waiting = [start]
            while waiting:
                item = waiting.pop()
                if item in seen:
                    continue
                seen[item] = len(seen)
                led = sorted(rows.below[item], key=lambda one: one[1], reverse=True)
                waiting.extend(target for target, _outlet in led)
    for row in rows.rows:
        row.sort(key=seen.__getitem__)
        _number(row, seen)
    return seen


def _down(rows: Rows, place: dict[str, float]) -> None:
    def middle(item: str) -> float:
        above = rows.above[item]
        if not above:
            return place[item]
        total = 0.0
        for source, n in above:
            # outlets divide the width of one place
            total += place[source] + (n + 0.5) / rows.outlets[source]
        return total / len(above) - 0.5

    for row in rows.rows[1:]:
        _sort(row, place, middle)


def _up(rows: Rows, place: dict[str, float]) -> None:
    def middle(item: str) -> float:
        below = rows.below[item]
        if not below:
            return place[item]
        total = 0.0
        for target, _n in below:
            total += place[target]
        return total / len(below)

    for row in reversed(rows.rows):
        _sort(row, place, middle)


def _sort(row: Row, place: dict[str, float], middle: Callable[[str], float]) -> None:
    row.sort(key=middle)
    _number(row, place)


def _number(row: Row, place: dict[str, float]) -> None:
    for n, item in enumerate(row):
        place[item] = float(n)
