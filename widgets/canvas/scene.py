"""The scene of one journey: follows its document, selection and theme, and answers what lies where."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

from journeys.base.catalogue import Catalogue
from journeys.graph.diff import Difference
from journeys.graph.names import JourneyNames
from journeys.nodes.node import Family
from journeys.nodes.problem import Problem
from widgets.canvas.batch import Batch
from widgets.canvas.card import Card, card_of
from widgets.canvas.detail import Detail, detail_of
from widgets.canvas.edge_painting import EdgeState, label_width
from widgets.canvas.grid import Box, Grid
from widgets.canvas.inks import Inks
from widgets.canvas.items import BatchLayer, CardItem, EdgeLayer
from widgets.canvas.lines import LONG, Line, rect, stub_end
from widgets.canvas.look import NO_NUMBERS, PLAIN, Look, Numbers, said, worst
from widgets.canvas.plan import EdgeKey, Plan, Spot
from widgets.canvas.routing import BACK_OUT, Point
from widgets.canvas.shapes import Silhouette
from widgets.canvas.silhouettes import far_outline
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.theme import Theme

#: the index covers the cards and this much around them, so that it is not made anew whenever one is moved out
_AROUND = 4096
#: on the screen, how far labels and numbers reach from their edge
_BESIDE = 90


class CanvasScene(QGraphicsScene):
    """Cards and edges of a document. Nothing here is the truth: all of it can be made again from the document."""

    #: after lines, cards or looks have changed, for what shows the whole in small
    redrawn = Signal()

    def __init__(
        self, document: Document, selection: Selection, theme: Theme, *, catalogue: Catalogue | None = None
    ) -> None:
        super().__init__()
        self.document = document
        self.selection = selection
        self.theme = theme
        self._catalogue = catalogue
        self.inks = Inks(theme.tokens)
        self.zoom = 1.0
        self.detail = Detail.FULL
        self.numbers: Numbers = NO_NUMBERS
        self.cards: dict[str, Card] = {}
        self.card_items: dict[str, CardItem] = {}
        self.lines: dict[EdgeKey, Line] = {}
        #: edges whose outlet is gone
        self.orphans: set[EdgeKey] = set()
        #: open outlets: port and end of their short line
        self.stubs: dict[EdgeKey, tuple[Point, Point]] = {}
        self.edge_grid: Grid[EdgeKey] = Grid()
        self.stub_grid: Grid[EdgeKey] = Grid()
        #: the open outlets of each node
        self._open: dict[str, frozenset[str]] = {}
        #: for each node those whose sentences name it
        self._mentioned_by: dict[str, set[str]] = {}
        #: where steps, notes and frames are
        self.areas: Grid[str] = Grid()
        self.papers: Grid[str] = Grid()
        self.edge_batch: Batch[EdgeKey, str] = Batch()
        self.card_batch: Batch[str, Family | None] = Batch()
        self.plan = Plan(right=document.journey.settings.direction == "right")
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
        self._previewed: dict[str, Point] = {}
        #: everything is being read anew and painted once, so that parts need not be
        self._is_reading = False
        self.edge_layer = EdgeLayer(self)
        self.batch_layer = BatchLayer(self)
        self.addItem(self.edge_layer)
        self.addItem(self.batch_layer)
        self._read_all()
        document.changed.connect(self._follow)
        selection.changed.connect(self._follow_selection)
        theme.changed.connect(self._follow_theme)

    # following

    def set_catalogue(self, catalogue: Catalogue | None) -> None:
        """What segments, attributes and the rest are called from now on."""
        self._catalogue = catalogue
        self._show(self.cards)
        self._settle()

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
        old = self.plus_edges() | {self._hovered_edge}
        self._hovered_node, self._hovered_edge = node, edge
        self._look_at(changed)
        for key in (old ^ (self.plus_edges() | {edge})) - {None}:
            if key is not None:
                self._update_edge(key)

    @property
    def hovered_node(self) -> str | None:
        return self._hovered_node

    def set_keyboard(self, on: bool) -> None:
        """Whether the canvas has the focus by keyboard, so that it shows where it stands."""
        if on != self._keyboard:
            self._keyboard = on
            self._look_at({self._current} - {None})  # type: ignore[arg-type]

    def preview(self, places: Mapping[str, Point]) -> None:
        """Show cards at these places, as long as a gesture lasts; those no longer named go back to their own."""
        journey = self.document.journey
        back = [node for node in self._previewed if node not in places and node in journey]
        for node in back:
            self._place(node, *journey.place(node))
        for node, (x, y) in places.items():
            if self._previewed.get(node) != (x, y):
                self._place(node, x, y)
        self._previewed = dict(places)
        self._settle()

    def preview_shape(self, node: str, width: float, height: float) -> None:
        """Show a note or frame in another size, as long as a gesture lasts."""
        item = self.card_items[node]
        card = self.cards[node]
        made = Card(
            node,
            kind=card.kind,
            family=card.family,
            icon=card.icon,
            title=card.title,
            sentence=card.sentence,
            outlets=(),
            off=card.off,
            shape=replace(card.shape, width=width, height=height),
        )
        self.cards[node] = made
        item.show_card(made)
        self._place(node, item.pos().x(), item.pos().y())

    def show_again(self, node: str) -> None:
        """Take a preview of a node back."""
        self._show([node])
        self._settle()

    # asking

    def bounds(self, nodes: Iterable[str] | None = None) -> QRectF:
        """What all cards and edges take up, or the nodes given; empty where there is nothing."""
        found: Box | None = None
        for node in self.cards if nodes is None else nodes:
            if node in self.cards:
                area = self.box_of(node)
                found = area if found is None else found.united(area)
        if nodes is None:
            for line in self.lines.values():
                found = line.box if found is None else found.united(line.box)
        return QRectF() if found is None else rect(found)

    def box_of(self, node: str) -> Box:
        """Where a card is shown."""
        return self.areas.box(node) if node in self.areas else self.papers.box(node)

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

    def plus_edges(self) -> set[EdgeKey]:
        """Edges that show a “+”: the one under the mouse, and those that leave the node under it."""
        found = {self._hovered_edge} - {None}
        if self._hovered_node is not None and self._hovered_node in self.cards:
            found |= set(self.plan.edges_from(self._hovered_node))
        return found  # type: ignore[return-value]

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

    def label_at(self, key: EdgeKey, label: str) -> Point:
        """Where the name of an edge stands: half-way when it is marked, else, and beside its “+”, near its end.

        Of one that leads back it stands outside, so that no card lies over it.
        """
        line = self.lines[key]
        halfway = key in self.marked_edges() and (line.is_back or key not in self.plus_edges())
        x, y = line.middle() if halfway else line.far_label_at()
        if line.is_back:
            (ax, _), (bx, _) = line.longest()
            out = max(label_width(label) / 2 - BACK_OUT + 4, 0) / min(self.zoom, 1)
            if ax == bx and not self.plan.right:
                x += out if x > line.points[-1][0] else -out
        return x, y

    def number_text(self, key: EdgeKey) -> str:
        return said(self.numbers.walked[key])

    def comes_in_last(self, key: EdgeKey) -> bool:
        """Whether it is the outermost on the right, or the lowest, of several edges into one card."""
        into = self.plan.edges_into(self.plan.targets[key])
        return len(into) > 1 and max(into, key=lambda one: self.lines[one].points[-1]) == key

    def is_taken(self, area: QRectF, but: EdgeKey) -> bool:
        """Whether a card or another edge lies where a number would stand."""
        asked = Box(area.left(), area.top(), area.right(), area.bottom())
        if any(True for _ in self.areas.near(asked)):
            return True
        for key, _ in self.edge_grid.near(asked):
            if key != but and any(
                Box(min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1).meets(asked)
                for (x0, y0), (x1, y1) in zip(self.lines[key].points, self.lines[key].points[1:], strict=False)
            ):
                return True
        return False

    def around(self) -> tuple[float, float, float, float]:
        """By how much what is exposed grows to find labels and numbers that reach into it."""
        by = _BESIDE / min(self.zoom, 1)
        return -by, -by, by, by

    # inside

    def _follow(self, change: Change) -> None:
        journey = self.document.journey
        if change.journey and (journey.settings.direction == "right") != self.plan.right:
            self._read_all()
            self.redrawn.emit()
            return
        for node in change.removed:
            self._forget(node)
        titles = {node: self.cards[node].title for node in change.altered if node in self.cards}
        self._show((*change.added, *change.altered))
        renamed = {node for node, title in titles.items() if self.cards[node].title != title}
        if renamed or change.removed or change.added:
            self._show(self._that_mention(renamed | set(change.removed) | set(change.added)))
        for node in change.moved:
            self._place(node, *journey.place(node))
        for key in change.edges_removed:
            self.plan.open(key)
        for node, outlet in change.edges_added:
            target = journey.target(node, outlet)
            if target is not None:
                self.plan.lead((node, outlet), target)
        # outlets of a kind that is unknown here are told by its edges
        self._show({node for node, _ in (*change.edges_added, *change.edges_removed) if self._is_unknown(node)})
        self._stub({node for node, _ in (*change.edges_added, *change.edges_removed)})
        self._previewed = {}
        self._settle()

    def _is_unknown(self, node: str) -> bool:
        return node in self.cards and self.cards[node].family is None

    def _that_mention(self, nodes: set[str]) -> list[str]:
        """Nodes whose sentences name one of these."""
        naming = {by for node in nodes for by in self._mentioned_by.get(node, ())}
        return sorted(by for by in naming if by in self.cards)

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
            self._update_edge(key)
        self.redrawn.emit()

    def _follow_theme(self) -> None:
        self.inks = Inks(self.theme.tokens)
        self.update()
        self.redrawn.emit()

    def _read_all(self) -> None:
        journey = self.document.journey
        for item in self.card_items.values():
            self.removeItem(item)
        self.card_items, self.cards, self.lines, self.stubs, self.orphans = {}, {}, {}, {}, set()
        self._open, self._mentioned_by = {}, {}
        self.edge_grid, self.stub_grid, self.areas, self.papers = Grid(), Grid(), Grid(), Grid()
        self.edge_batch.clear()
        self.card_batch.clear()
        self.plan = Plan(right=journey.settings.direction == "right")
        self._hovered_node = self._hovered_edge = None
        # tens of thousands of objects that all stay: the collector looked at them seven times (of 390 ms it took 140)
        collects = gc.isenabled()
        gc.disable()
        self._is_reading = True
        self._show(journey.node_ids(), fresh=True)
        for edge in journey.edges():
            self.plan.lead((edge.source, edge.outlet), edge.target)
        self._stub(journey.node_ids())
        self._settle()
        self._is_reading = False
        if collects:
            gc.enable()
        self.update()

    def _show(self, nodes: Iterable[str], *, fresh: bool = False) -> None:
        """Read the cards of nodes from the journey."""
        journey = self.document.journey
        names = JourneyNames(journey, self._catalogue)
        right = self.plan.right
        shown = list(nodes)
        for node in shown:
            card = card_of(journey, node, names, right=right)
            self.cards[node] = card
            settings = journey.node(node)
            for _field, other in settings.nodes_mentioned() if settings is not None else ():
                self._mentioned_by.setdefault(other, set()).add(node)
            item = self.card_items.get(node)
            if item is None:
                item = self.card_items[node] = CardItem(self, card)
                look = self.look_of(node)
                if look != PLAIN:
                    item.set_look(look)
                if self.detail.is_batch and card.is_step:
                    item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
                self._place(node, *journey.place(node))
                self.addItem(item)
            else:
                item.show_card(card)
                self._place(node, *journey.place(node))
        if not fresh:
            self._stub(shown)

    def _place(self, node: str, x: float, y: float) -> None:
        card = self.cards[node]
        self.card_items[node].setPos(x, y)
        shape = card.shape
        if not card.is_step:
            self.papers.put(node, Box(x, y, x + shape.width, y + shape.height))
            return
        spot = Spot(x, y, shape, tuple(outlet.id for outlet in card.outlets))
        self.plan.put(node, spot)
        if node in self.areas and self.detail.is_batch:
            self.batch_layer.update(rect(self.areas.box(node).grown(4)))
        self.areas.put(node, spot.box)
        group = None if card.off else card.family
        self.card_batch.put(node, (x, y), lambda: ((group, far_outline(shape), x, y),))
        if self.detail.is_batch:
            self.batch_layer.update(rect(spot.box.grown(4)))
        for outlet in card.outlets:
            if (node, outlet.id) in self.stubs:
                self._put_stub((node, outlet.id), spot)

    def _forget(self, node: str) -> None:
        card = self.cards.pop(node, None)
        if card is None:
            return
        if self.detail.is_batch and node in self.areas:
            self.batch_layer.update(rect(self.areas.box(node).grown(4)))
        self.removeItem(self.card_items.pop(node))
        self.plan.take(node)
        self.areas.take(node)
        self.papers.take(node)
        self.card_batch.take(node)
        for outlet in self._open.pop(node, ()):
            self._take_stub((node, outlet))
        if self._hovered_node == node:
            self._hovered_node = None

    def _stub(self, nodes: Iterable[str]) -> None:
        """Set which outlets of nodes are open, and which edges have none."""
        for node in nodes:
            card = self.cards.get(node)
            if card is None or not card.is_step:
                continue
            spot = self.plan.spots[node]
            led = {key[1] for key in self.plan.edges_from(node)}
            ids = {outlet.id for outlet in card.outlets}
            free = ids - led
            for outlet in self._open.get(node, frozenset()) - free:
                self._take_stub((node, outlet))
            self._open[node] = frozenset(free)
            for outlet in free:
                self._put_stub((node, outlet), spot)
            self.orphans -= {(node, outlet) for outlet in ids}
            self.orphans |= {(node, outlet) for outlet in led - ids}

    def _put_stub(self, key: EdgeKey, spot: Spot) -> None:
        self._update_stub(key)
        port = spot.port(key[1])
        end = stub_end(port, right=self.plan.right or (spot.shape.rows and len(spot.outlets) > 1))
        self.stubs[key] = (port, end)
        area = Box(min(port[0], end[0]), min(port[1], end[1]), max(port[0], end[0]), max(port[1], end[1]))
        self.stub_grid.put(key, area.grown(12))
        self._update_stub(key)

    def _take_stub(self, key: EdgeKey) -> None:
        if key in self.stubs:
            self._update_stub(key)
            del self.stubs[key]
            self.stub_grid.take(key)

    def _update_stub(self, key: EdgeKey) -> None:
        if key in self.stubs and not self._is_reading:
            self.edge_layer.update(rect(self.stub_grid.box(key)))

    def _settle(self) -> None:
        """Work out the lines that changed, and update what they covered and cover."""
        changed, gone = self.plan.settle()
        for key in gone:
            self._update_edge(key)
            self.lines.pop(key, None)
            self.edge_grid.take(key)
            self.edge_batch.take(key)
            self.orphans.discard(key)
            if self._hovered_edge == key:
                self._hovered_edge = None
        for key in changed:
            self._update_edge(key)
            line = Line(self.plan.line(key), is_back=self.plan.leads_back(key))
            self.lines[key] = line
            self.edge_grid.put(key, line.box)
            self.edge_batch.put(key, line.points[0], partial(line.parts, "gone" if key in self.orphans else "edge"))
            self._update_edge(key)
        self._grow()
        self.redrawn.emit()

    def _update_edge(self, key: EdgeKey) -> None:
        line = self.lines.get(key)
        if line is None or self._is_reading:
            return
        area = line.box
        # a name, a number or a “+” reaches out beside it
        if line.length > LONG or key in self.numbers.walked or self._is_struck(key):
            area = area.grown(_BESIDE / min(self.zoom, 1))
        self.edge_layer.update(area.left, area.top, area.right - area.left, area.bottom - area.top)

    def _is_struck(self, key: EdgeKey) -> bool:
        """Whether it is painted otherwise than at rest."""
        return (
            key == self._hovered_edge
            or key[0] == self._hovered_node
            or key in self._selected_edges
            or key in self._walked
        )

    def _grow(self) -> None:
        """Keep the area of the index around all cards; grown in large steps, since it is made anew each time."""
        have = self.sceneRect()
        need = QRectF()
        for grid in (self.areas, self.papers):
            found = grid.whole()
            if found is not None:
                need = need.united(rect(found))
        if need.isEmpty():
            need = QRectF(0, 0, 1, 1)
        if not have.contains(need) or (have.width() > 4 * (need.width() + 2 * _AROUND)):
            self.setSceneRect(need.adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND))

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


def is_paper(card: Card) -> bool:
    """A note or a frame: it has a size of its own."""
    return card.shape.silhouette in (Silhouette.NOTE, Silhouette.FRAME)


def corner_of(card_box: Box) -> QPointF:
    """The lower right corner, by which a note or frame is made larger."""
    return QPointF(card_box.right, card_box.bottom)
