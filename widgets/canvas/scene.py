"""The scene of one journey: how its cards and edges look now, and what of them answers the mouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsItem

from journeys.base.catalogue import Catalogue
from journeys.graph.diff import Difference
from journeys.nodes.problem import Problem
from widgets.canvas.detail import detail_of
from widgets.canvas.edge_painting import EdgeState, label_width
from widgets.canvas.following import BESIDE, FollowingScene
from widgets.canvas.grid import Box
from widgets.canvas.inks import Inks
from widgets.canvas.items import BatchLayer, EdgeLayer
from widgets.canvas.labels import rest_place
from widgets.canvas.lines import LONG, rect
from widgets.canvas.look import NO_NUMBERS, Look, Numbers, said, worst
from widgets.canvas.plan import EdgeKey
from widgets.canvas.routing import BACK_OUT, Point
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.theme import Theme


class CanvasScene(FollowingScene):
    """Cards and edges with their states: selection, hover, problems, numbers, marks."""

    def __init__(
        self, document: Document, selection: Selection, theme: Theme, *, catalogue: Catalogue | None = None
    ) -> None:
        super().__init__(document, Inks(theme.tokens), catalogue)
        self.selection = selection
        self.theme = theme
        self.numbers: Numbers = NO_NUMBERS
        self._problems: Mapping[str, tuple[Problem, ...]] = {}
        self._marks: Mapping[str, Difference] = {}
        self._here: frozenset[str] = frozenset()
        self._breakpoints: frozenset[str] = frozenset()
        self._walked: frozenset[EdgeKey] = frozenset()
        self._hovered_node: str | None = None
        self._hovered_edge: EdgeKey | None = None
        self._keyboard = False
        self._selected_nodes: frozenset[str] = frozenset()
        self._selected_edges: frozenset[EdgeKey] = frozenset()
        self._current: str | None = None
        #: where the names of long edges stand that have been painted
        self._rest_labels: dict[EdgeKey, Point | None] = {}
        self.edge_layer = EdgeLayer(self)
        self.batch_layer = BatchLayer(self)
        self.addItem(self.edge_layer)
        self.addItem(self.batch_layer)
        self.read_all()
        document.changed.connect(self._follow)
        selection.changed.connect(self._follow_selection)
        theme.changed.connect(self._follow_theme)

    # what is known

    def set_numbers(self, numbers: Numbers) -> None:
        """What is known of contacts from now on."""
        before = self.numbers
        self.numbers = numbers
        self._look_at(
            {*before.here, *before.reached, *before.blocked, *numbers.here, *numbers.reached, *numbers.blocked}
        )
        self.edge_layer.update()

    def set_problems(self, problems: Iterable[Problem]) -> None:
        """What the checks find, as badges and outlines."""
        before = self._problems
        self._problems = worst(problems)
        self._look_at({*before, *self._problems})
        self.redrawn.emit()

    def set_marks(self, marks: Mapping[str, Difference]) -> None:
        """How nodes differ from another version; empty: no comparison."""
        before, self._marks = self._marks, marks
        self._look_at({*before, *marks})

    def set_steps(
        self,
        here: Iterable[str] = (),
        walked: Iterable[EdgeKey] = (),
        *,
        breakpoints: Iterable[str] = (),
    ) -> None:
        """In step mode: where the contact is, which edges it walked, where the run stops."""
        before = {*self._here, *self._breakpoints}
        self._here, self._walked, self._breakpoints = frozenset(here), frozenset(walked), frozenset(breakpoints)
        self._look_at({*before, *self._here, *self._breakpoints})
        self.edge_layer.update()

    def set_zoom(self, zoom: float) -> None:
        """The view shows the scene at another zoom."""
        detail = detail_of(zoom)
        self.zoom = zoom
        if detail is self.detail:
            return
        self._rest_labels = {}
        was_batch = self.detail.is_batch
        self.detail = detail
        if detail.is_batch != was_batch:
            # hidden ones would leave the index; ones without contents are passed over by the painting alone
            for node, item in self.card_items.items():
                if self.cards[node].is_step:
                    item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, detail.is_batch)

    def set_hover(self, node: str | None = None, edge: EdgeKey | None = None) -> None:
        """What the mouse is over."""
        if (node, edge) == (self._hovered_node, self._hovered_edge):
            return
        changed = {one for one in (self._hovered_node, node) if one is not None}
        old = self.plus_edges()
        self._hovered_node, self._hovered_edge = node, edge
        self._look_at(changed)
        for key in old ^ self.plus_edges():
            self._update_edge(key, wide=True)

    @property
    def hovered_node(self) -> str | None:
        return self._hovered_node

    def set_keyboard(self, on: bool) -> None:
        """Whether the canvas has the focus by keyboard, so that it shows where it stands."""
        if on != self._keyboard:
            self._keyboard = on
            self._look_at(() if self._current is None else (self._current,))

    def problems_of(self, node: str) -> tuple[Problem, ...]:
        """What the checks found there, the worst first."""
        return self._problems.get(node, ())

    def look_of(self, node: str) -> Look:
        problems = self._problems.get(node)
        return Look(
            hovered=node == self._hovered_node,
            selected=node in self._selected_nodes,
            focused=self._keyboard and node == self._current,
            problem=problems[0].severity if problems else None,
            here=node in self._here,
            breakpoint=node in self._breakpoints,
            mark=self._marks.get(node),
            pill=self.numbers.pill(node),
        )

    def edge_state(self, key: EdgeKey) -> EdgeState:
        if key in self._selected_edges:
            return EdgeState.SELECTED
        if key == self._hovered_edge:
            return EdgeState.HOVERED
        if key in self._walked:
            return EdgeState.WALKED
        return EdgeState.GONE if key in self.orphans else EdgeState.REST

    def marked_edges(self) -> frozenset[EdgeKey]:
        """Edges that are not at rest, painted over the others."""
        marked = self._selected_edges | self._walked
        return marked if self._hovered_edge is None else marked | {self._hovered_edge}

    def plus_edges(self) -> frozenset[EdgeKey]:
        """Edges that show a “+”: the one under the mouse, and those that leave the node under it."""
        leaving = self.plan.edges_from(self._hovered_node) if self._hovered_node is not None else ()
        return frozenset(leaving) if self._hovered_edge is None else frozenset((*leaving, self._hovered_edge))

    def plus_at(self, key: EdgeKey) -> Point:
        """Where the “+” of an edge is; beside the label of one that leads back."""
        line = self.lines[key]
        x, y = line.middle()
        if line.is_back and self.label_of(key):
            return (x + 28 / min(self.zoom, 1), y) if self.plan.right else (x, y + 28 / min(self.zoom, 1))
        return x, y

    def handled_edges(self) -> frozenset[EdgeKey]:
        """Edges whose ends can be taken hold of."""
        if self._hovered_edge is None:
            return self._selected_edges
        return self._selected_edges | {self._hovered_edge}

    def striking(self) -> Iterator[tuple[str, Look]]:
        """Nodes with a state that is told at every zoom."""
        nodes = {*self._problems, *self._selected_nodes, *self._here}
        if self._keyboard and self._current is not None:
            nodes.add(self._current)
        for node in nodes:
            if node in self.cards:
                yield node, self.look_of(node)

    def label_of(self, key: EdgeKey) -> str:
        """The outlet's name, where the node has more than one; the id of one that is gone."""
        card = self.cards[key[0]]
        if len(card.outlets) < 2 and key not in self.orphans:
            return ""
        return next((outlet.label for outlet in card.outlets if outlet.id == key[1]), key[1])

    def label_at(self, key: EdgeKey, label: str) -> Point | None:
        """Where the name of an edge stands: half-way when it is marked, else, and beside its “+”, near its end.

        Of one that leads back it stands outside, so that no card lies over it. None: at rest there is no room for it.
        """
        line = self.lines[key]
        if key not in self.marked_edges():
            return self._rest_label(key, label)
        if key in self.plus_edges() and not line.is_back:
            at_rest = self._rest_label(key, label) if line.length > LONG else None
            return at_rest or line.far_label_at()
        x, y = line.middle()
        if line.is_back:
            (ax, _), (bx, _) = line.longest()
            out = max(label_width(label) / 2 - BACK_OUT + 4, 0) / min(self.zoom, 1)
            if ax == bx and not self.plan.right:
                x += out if x > line.points[-1][0] else -out
        return x, y

    def _rest_label(self, key: EdgeKey, label: str) -> Point | None:
        """Worked out when it is first painted, and again when cards or lines have changed."""
        if key not in self._rest_labels:
            self._rest_labels[key] = rest_place(
                self.lines[key],
                label,
                has_card=lambda box: any(True for _ in self.areas.near(box)),
                has_edge=lambda box: self._has_edge(box, but=key),
                names_before=lambda box: sum(
                    1 for other, _ in self.edge_grid.near(box) if other < key and self.lines[other].length > LONG
                ),
            )
        return self._rest_labels[key]

    def _lines_settled(self) -> None:
        before, self._rest_labels = self._rest_labels, {}
        for key, at in before.items():
            if key in self.lines and self._rest_label(key, self.label_of(key)) != at:
                self._update_edge(key, wide=True)

    def number_text(self, key: EdgeKey) -> str:
        return said(self.numbers.walked[key])

    def comes_in_last(self, key: EdgeKey) -> bool:
        """Whether it is the outermost on the right, or the lowest, of several edges into one card."""
        into = self.plan.edges_into(self.plan.targets[key])
        return len(into) > 1 and max(into, key=lambda one: self.lines[one].points[-1]) == key

    def is_taken(self, area: QRectF, but: EdgeKey) -> bool:
        """Whether a card or another edge lies where a number would stand."""
        asked = Box(area.left(), area.top(), area.right(), area.bottom())
        return any(True for _ in self.areas.near(asked)) or self._has_edge(asked, but=but)

    def _has_edge(self, asked: Box, *, but: EdgeKey) -> bool:
        return any(
            Box(min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1).meets(asked)
            for key, _ in self.edge_grid.near(asked)
            if key != but
            for (x0, y0), (x1, y1) in pairwise(self.lines[key].points)
        )

    def around(self) -> tuple[float, float, float, float]:
        """By how much what is exposed grows to find labels and numbers that reach into it."""
        by = BESIDE / min(self.zoom, 1)
        return -by, -by, by, by

    def _follow_selection(self) -> None:
        before_nodes, before_edges, before = self._selected_nodes, self._selected_edges, self._current
        selection = self.selection
        self._selected_nodes, self._selected_edges = selection.nodes, selection.edges
        self._current = selection.current
        changed = set(before_nodes ^ self._selected_nodes)
        if before != self._current:
            changed |= {node for node in (before, self._current) if node is not None}
        self._look_at(changed)
        for key in before_edges ^ self._selected_edges:
            self._update_edge(key, wide=True)
        self.redrawn.emit()

    def _follow_theme(self) -> None:
        self.inks = Inks(self.theme.tokens)
        self.update()
        self.redrawn.emit()

    def _node_gone(self, node: str) -> None:
        if self._hovered_node == node:
            self._hovered_node = None

    def _edge_gone(self, key: EdgeKey) -> None:
        if self._hovered_edge == key:
            self._hovered_edge = None

    def _all_gone(self) -> None:
        self._rest_labels = {}
        self._hovered_node = self._hovered_edge = None

    def _tells_anything(self) -> bool:
        known = (self._problems, self._marks, self._here, self._breakpoints, self._selected_nodes)
        return any(known) or self.numbers is not NO_NUMBERS or self._keyboard

    def _reaches_out(self, key: EdgeKey) -> bool:
        return (
            key in self.numbers.walked
            or key == self._hovered_edge
            or key[0] == self._hovered_node
            or key in self._selected_edges
            or key in self._walked
        )

    def _look_at(self, nodes: Iterable[str]) -> None:
        """Give cards the look they have now."""
        for node in nodes:
            item = self.card_items.get(node)
            if item is not None:
                look = self.look_of(node)
                if look != item.look:
                    item.set_look(look)
                    if self.detail.is_batch and node in self.areas:
                        self.batch_layer.update(rect(self.areas.box(node).grown(12 / self.zoom)))
