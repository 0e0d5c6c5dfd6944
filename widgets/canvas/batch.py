"""Many paths painted as few: members of one square of the canvas and one colour are one path.

Painting 2,000 cards one by one took 346 ms a frame, in batches 10. A square is made anew only when something in it
changes, and not painted where it is not exposed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

K = TypeVar("K", bound=Hashable)
G = TypeVar("G", bound=Hashable)

#: side of a square
SQUARE = 2048


#: a part of a member: its group, its path, and by how much that is moved
Part = tuple[G, QPainterPath, float, float]


class _Square(Generic[K, G]):
    __slots__ = ("box", "members", "paths")

    def __init__(self) -> None:
        self.members: dict[K, Callable[[], Iterable[Part[G]]]] = {}
        self.paths: dict[G, QPainterPath] | None = None
        self.box = QRectF()

    def made(self) -> dict[G, QPainterPath]:
        if self.paths is None:
            self.paths = {}
            self.box = QRectF()
            for parts in self.members.values():
                for group, path, x, y in parts():
                    whole = self.paths.get(group)
                    if whole is None:
                        whole = self.paths[group] = QPainterPath()
                    whole.addPath(path.translated(x, y) if x or y else path)
            for whole in self.paths.values():
                self.box = self.box.united(whole.controlPointRect())
        return self.paths


class Batch(Generic[K, G]):
    """Paths by key, each of one or more groups; asked for by what is exposed."""

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], _Square[K, G]] = {}
        self._where: dict[K, tuple[int, int]] = {}

    def put(self, key: K, at: tuple[float, float], parts: Callable[[], Iterable[Part[G]]]) -> None:
        """Put a member in, in place of the one there was. `at` decides the square; `parts` is asked when it is painted."""
        where = (int(at[0] // SQUARE), int(at[1] // SQUARE))
        if self._where.get(key, where) != where:
            self.take(key)
        square = self._squares.get(where)
        if square is None:
            square = self._squares[where] = _Square()
        square.members[key] = parts
        square.paths = None
        self._where[key] = where

    def take(self, key: K) -> None:
        where = self._where.pop(key, None)
        if where is None:
            return
        square = self._squares[where]
        del square.members[key]
        square.paths = None
        if not square.members:
            del self._squares[where]

    def clear(self) -> None:
        self._squares.clear()
        self._where.clear()

    def paths(self, exposed: QRectF) -> Iterator[tuple[G, QPainterPath]]:
        """What is to be painted, group by group within each square."""
        for square in self._squares.values():
            paths = square.made()
            if square.box.isEmpty() or square.box.intersects(exposed):
                yield from paths.items()
