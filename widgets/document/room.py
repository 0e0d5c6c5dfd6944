"""Room on the canvas: where a new card goes, and who is pushed along for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from journeys.graph.layout import COLUMN_GAP, GRID, ROW_GAP, SPLIT_GAP
from journeys.nodes.frame import Frame
from journeys.nodes.node import Node
from widgets.document.draft import Draft
from widgets.document.extent import Sizes, usual_size
from widgets.document.patch import EdgeKey

#: (x, y, width, height)
Box = tuple[float, float, float, float]

#: side of the squares by which overlaps are looked for; about two cards
_SQUARE = 512
#: columns to either side in which a free place is looked for
_MOST_COLUMNS = 40


class Room:
    """The cards of a draft as boxes. `sizes` are those painted; a node that is new in the draft has its usual size."""

    def __init__(self, draft: Draft, sizes: Sizes | None) -> None:
        self._draft = draft
        self._sizes = sizes
        self.is_down = draft.settings.direction == "down"

    def size(self, node: str) -> tuple[float, float]:
        if self._sizes is not None and self._draft.was_there(node):
            return self._sizes(node)
        return usual_size(self._draft.state(node).node, is_down=self.is_down)

    def box(self, node: str) -> Box:
        return (*self._draft.state(node).place, *self.size(node))

    def below(self, source: EdgeKey, settings: Node) -> tuple[float, float]:
        """A free place for a new card after an outlet: straight on, else the nearest column beside it."""
        node, outlet = source
        x, y, width, height = self.box(node)
        new = usual_size(settings, is_down=self.is_down)
        outlets = self._outlets(node)
        number = outlets.index(outlet) if outlet in outlets else 0
        gap = SPLIT_GAP if len(outlets) > 1 else ROW_GAP
        if self.is_down:
            start = (x + width * (number + 0.5) / max(1, len(outlets)) - new[0] / 2, y + height + gap)
            step = new[0] + COLUMN_GAP
        else:
            start = (x + width + gap, y + number * (new[1] + COLUMN_GAP))
            step = new[1] + COLUMN_GAP
        taken = _Squares(self.box(other) for other in self._draft.node_ids() if not self._is_frame(other))
        for n in range(2 * _MOST_COLUMNS):
            # straight on, then right, left, further right …
            aside = (n + 1) // 2 * step * (1 if n % 2 else -1)
            place = (start[0] + aside, start[1]) if self.is_down else (start[0], start[1] + aside)
            if not taken.meets((*place, *new)):
                return place
        return start

    def push(self, new: str, target: str) -> None:
        """Push what follows along the flow, as far as the new card before it needs; and whoever is then in the way.

        A frame goes along when all in it does, and grows when only some of it does.
        """
        along = 1 if self.is_down else 0
        new_box, target_box = self.box(new), self.box(target)
        shift = new_box[along] + new_box[along + 2] + ROW_GAP - target_box[along]
        if shift <= 0:
            return
        shift = -(-shift // GRID) * GRID
        line = target_box[along]
        moving = {node for node in self._after(target) if self.box(node)[along] >= line} - {new}
        frames = [node for node in self._draft.node_ids() if self._is_frame(node)]
        resting = {node: self.box(node) for node in self._draft.node_ids() if node not in (new, *frames)}
        squares = _Squares(resting.values(), resting)
        waiting = sorted(moving)
        while waiting:
            node = waiting.pop()
            for met in squares.meeting(_moved(resting[node], along, shift)):
                if met not in moving and resting[met][along] + resting[met][along + 2] > line:
                    moving.add(met)
                    waiting.append(met)
        for frame in frames:
            self._take_along(frame, moving, resting, along, shift)
        for node in sorted(moving):
            x, y = self._draft.state(node).place
            self._draft.move(node, x + shift * (1 - along), y + shift * along)

    def _take_along(self, frame: str, moving: set[str], cards: dict[str, Box], along: int, shift: float) -> None:
        box = self.box(frame)
        inside = {node for node, card in cards.items() if _holds(box, card)}
        x, y = self._draft.state(frame).place
        settings = self._draft.state(frame).node
        if inside and inside <= moving:
            self._draft.move(frame, x + shift * (1 - along), y + shift * along)
        elif inside & moving and isinstance(settings, Frame):
            side = "height" if along else "width"
            grown = {**settings.model_dump(), side: min(20_000, round(getattr(settings, side) + shift))}
            self._draft.set_settings(frame, Frame.model_validate(grown))

    def _after(self, target: str) -> set[str]:
        """The node and all that can be reached from it."""
        found = {target}
        waiting = [target]
        while waiting:
            for edge in self._draft.edges_from(waiting.pop()):
                if edge.target not in found:
                    found.add(edge.target)
                    waiting.append(edge.target)
        return found

    def _outlets(self, node: str) -> list[str]:
        settings = self._draft.state(node).node
        return [outlet.id for outlet in settings.outlets()] if settings is not None else []

    def _is_frame(self, node: str) -> bool:
        return isinstance(self._draft.state(node).node, Frame)


class _Squares:
    """Boxes by the squares they touch, so that overlaps are not looked for among all."""

    def __init__(self, boxes: Iterable[Box], names: Iterable[str] | None = None) -> None:
        self._boxes: list[tuple[Box, str]] = list(
            zip(boxes, names, strict=True) if names is not None else ((box, "") for box in boxes)
        )
        self._by_square: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for n, (box, _name) in enumerate(self._boxes):
            for square in _squares(box):
                self._by_square[square].append(n)

    def meeting(self, box: Box) -> list[str]:
        """Names of the boxes that overlap one."""
        near = {n for square in _squares(box) for n in self._by_square.get(square, ())}
        return [self._boxes[n][1] for n in sorted(near) if _overlap(box, self._boxes[n][0])]

    def meets(self, box: Box) -> bool:
        return bool(self.meeting(box))


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    x, y, width, height = box
    for column in range(int(x // _SQUARE), int((x + width) // _SQUARE) + 1):
        for row in range(int(y // _SQUARE), int((y + height) // _SQUARE) + 1):
            yield column, row


def _overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _holds(frame: Box, card: Box) -> bool:
    x, y = card[0] + card[2] / 2, card[1] + card[3] / 2
    return frame[0] <= x <= frame[0] + frame[2] and frame[1] <= y <= frame[1] + frame[3]


def _moved(box: Box, along: int, shift: float) -> Box:
    return (box[0] + shift * (1 - along), box[1] + shift * along, box[2], box[3])
