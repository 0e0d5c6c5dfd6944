"""Edits of a criterion as plain data. No Qt.

A place is the numbers of the parts on the way down, () for the whole. Data may be unfinished: what is no criterion yet
is edited like any other. All functions leave what they are given as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Data = dict[str, Any]
Place = tuple[int, ...]

WORDS = ("all", "any", "none")

_STEP = re.compile(r"\.?(?:all|any|none)\[(\d+)\]")


def word_of(data: Data) -> str | None:
    """all, any or none of a group; None for a leaf."""
    return next((word for word in WORDS if word in data), None)


def parts_of(data: Data) -> list[Data]:
    word = word_of(data)
    return list(data[word]) if word is not None else []


def group(word: str, parts: list[Data]) -> Data:
    return {word: parts}


def at(data: Data, place: Place) -> Data:
    """What stands at a place."""
    for n in place:
        data = parts_of(data)[n]
    return data


def places(data: Data, place: Place = ()) -> Iterator[tuple[Place, Data]]:
    """Every group and leaf, each before its parts."""
    yield place, data
    for n, part in enumerate(parts_of(data)):
        yield from places(part, (*place, n))


def put(data: Data, place: Place, new: Data) -> Data:
    """The same with something else at a place."""
    if not place:
        return new
    parts = parts_of(data)
    parts[place[0]] = put(parts[place[0]], place[1:], new)
    return group(word_of(data) or "all", parts)


def insert(data: Data, place: Place, new: Data) -> Data:
    """The same with a new part, which stands at the place afterwards. A leaf that is the whole becomes a group."""
    if word_of(data) is None and len(place) == 1:
        data = group("all", [data])
    *way, n = place
    parts = parts_of(at(data, tuple(way)))
    parts.insert(n, new)
    return put(data, tuple(way), group(word_of(at(data, tuple(way))) or "all", parts))


def remove(data: Data, place: Place) -> Data | None:
    """The same without a part; None where that was the whole. Groups that have become empty go too."""
    if not place:
        return None
    *way, n = place
    above = at(data, tuple(way))
    parts = parts_of(above)
    del parts[n]
    if not parts and way:
        return remove(data, tuple(way))
    return put(data, tuple(way), group(word_of(above) or "all", parts))


def reword(data: Data, place: Place, word: str) -> Data:
    """The same with another word for a group."""
    return put(data, place, group(word, parts_of(at(data, place))))


def wrap(data: Data, place: Place) -> Data:
    """The same with a part put into a group of its own."""
    above = at(data, place[:-1]) if place else {}
    return put(data, place, group("all" if word_of(above) == "any" else "any", [at(data, place)]))


def move(data: Data, source: Place, target: Place) -> Data:
    """The same with a part taken from one place and put where `target` is before it is taken.

    Into itself it cannot be put: nothing changes then.
    """
    if not source or target[: len(source)] == source or target == (*source[:-1], source[-1] + 1):
        return data
    moved = at(data, source)
    # mark the old place, so that the new one keeps its meaning while both are there
    marked: Data = {"moved": True}
    placed = insert(put(data, source, marked), target, moved)
    (old,) = [place for place, part in places(placed) if part is marked or part == marked]
    return remove(placed, old) or placed


def step_in(data: Data, place: Place, by: int) -> Place | None:
    """Where a part goes by one step up (-1) or down (1): past a neighbour, into or out of a group; None at the end."""
    if not place:
        return None
    *way, n = place
    parts = parts_of(at(data, tuple(way)))
    to = n + by
    if 0 <= to < len(parts):
        neighbour = parts[to]
        if word_of(neighbour) is not None:
            return (*way, to, len(parts_of(neighbour)) if by < 0 else 0)
        return (*way, to if by < 0 else to + 1)
    if not way:
        return None
    *above, m = way
    return (*above, m if by < 0 else m + 1)


def place_of(path: str) -> tuple[Place, str]:
    """The place that the path of a problem names, and the rest of it: “all[0].any[1].value” is (0, 1), “value”."""
    place: list[int] = []
    while (found := _STEP.match(path)) is not None:
        place.append(int(found[1]))
        path = path[found.end() :]
    return tuple(place), path.lstrip(".")
