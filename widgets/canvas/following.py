"""A scene that follows its document: every card and edge there is, and where it lies."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

from journeys.base.catalogue import Catalogue
from journeys.graph.names import JourneyNames
from journeys.nodes.node import Family
from widgets.canvas.batch import Batch
from widgets.canvas.card import Card, card_of
from widgets.canvas.detail import Detail
from widgets.canvas.grid import Box, Grid
from widgets.canvas.inks import Inks
from widgets.canvas.items import CardItem
from widgets.canvas.lines import LONG, Line, line_of, rect, stub_end
from widgets.canvas.look import Look
from widgets.canvas.plan import EdgeKey, Plan, Spot
from widgets.canvas.routing import Point
from widgets.canvas.silhouettes import far_outline
from widgets.document.change import Change
from widgets.document.document import Document

#: the index covers the cards and this much around them, so that it is not made anew whenever one is moved out
_AROUND = 4096
#: changes of this many nodes and edges paint everything: 500 parts to paint took 3 ms to name
_MANY = 60
#: so many items of nodes taken away are kept
_KEPT_ASIDE = 500
#: on the screen, how far labels and numbers reach from their edge
BESIDE = 90


class FollowingScene(QGraphicsScene):
    """Cards and edges of a document. Nothing here is the truth: all of it can be made again from the document.

    Those below give the layers before they call `read_all`, and say how each card looks.
    """

    #: after lines, cards or looks have changed, for what shows the whole in small
    redrawn = Signal()

    edge_layer: QGraphicsItem
    batch_layer: QGraphicsItem

    def __init__(self, document: Document, inks: Inks, catalogue: Catalogue | None) -> None:
        super().__init__()
        self.document = document
        self.inks = inks
        self._catalogue = catalogue
        self.zoom = 1.0
        self.detail = Detail.FULL
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
        self._previewed: dict[str, Point] = {}
        #: items of nodes taken away last, with their texts laid out, for whoever undoes that
        self._put_aside: dict[str, CardItem] = {}
        #: everything is painted once afterwards, so that parts need not be
        self._paints_whole = False

    # said by those below

    def look_of(self, node: str) -> Look:
        """The states of a card."""
        raise NotImplementedError

    def _tells_anything(self) -> bool:
        """Whether any card may look otherwise than plain."""
        raise NotImplementedError

    def _reaches_out(self, key: EdgeKey) -> bool:
        """Whether something is painted beside an edge: a name, a number, a “+”."""
        raise NotImplementedError

    def _node_gone(self, node: str) -> None:
        """A card is taken away."""

    def _edge_gone(self, key: EdgeKey) -> None:
        """An edge is taken away."""

    def _all_gone(self) -> None:
        """Everything is read anew."""

    def _lines_settled(self) -> None:
        """Lines, or cards beside them, have changed."""

    # showing

    def set_catalogue(self, catalogue: Catalogue | None) -> None:
        """What segments, attributes and the rest are called from now on."""
        self._catalogue = catalogue
        self._put_aside.clear()
        self._show(self.cards)
        self._settle()

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

    # inside

    def _follow(self, change: Change) -> None:
        journey = self.document.journey
        if change.journey and (journey.settings.direction == "right") != self.plan.right:
            self.read_all()
            self.redrawn.emit()
            return
        if change.journey:
            # sentences may name what the journey settles
            self._put_aside.clear()
        edges = len(change.edges_added) + len(change.edges_removed)
        self._paints_whole = len(change.added) + len(change.removed) + len(change.moved) + edges > _MANY
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
        leaving = {node for node, _ in (*change.edges_added, *change.edges_removed)}
        # outlets of a kind that is unknown here are told by its edges
        self._show({node for node in leaving if self._is_unknown(node)})
        self._stub({*change.added, *change.altered, *leaving})
        self._previewed = {}
        self._settle()
        if self._paints_whole:
            self._paints_whole = False
            self.update()

    def _is_unknown(self, node: str) -> bool:
        return node in self.cards and self.cards[node].family is None

    def _that_mention(self, nodes: set[str]) -> list[str]:
        """Nodes whose sentences name one of these."""
        naming = {by for node in nodes for by in self._mentioned_by.get(node, ())}
        return sorted(by for by in naming if by in self.cards)

    def read_all(self) -> None:
        """Read the whole document, as at the beginning and when the journey turns."""
        journey = self.document.journey
        for item in self.card_items.values():
            self.removeItem(item)
        self.card_items, self.cards, self.lines, self.stubs, self.orphans = {}, {}, {}, {}, set()
        self._open, self._mentioned_by, self._put_aside = {}, {}, {}
        self.edge_grid, self.stub_grid, self.areas, self.papers = Grid(), Grid(), Grid(), Grid()
        self.edge_batch.clear()
        self.card_batch.clear()
        self.plan = Plan(right=journey.settings.direction == "right")
        self._all_gone()
        # tens of thousands of objects that all stay: the collector looked at them seven times (of 390 ms it took 140)
        collects = gc.isenabled()
        gc.disable()
        self._paints_whole = True
        self._show(journey.node_ids())
        for edge in journey.edges():
            self.plan.lead((edge.source, edge.outlet), edge.target)
        self._stub(journey.node_ids())
        self._settle()
        self._paints_whole = False
        if collects:
            gc.enable()
        self.update()

    def _show(self, nodes: Iterable[str]) -> None:
        """Read the cards of nodes from the journey."""
        journey = self.document.journey
        names = JourneyNames(journey, self._catalogue)
        right = self.plan.right
        shown = list(nodes)
        told = self._tells_anything()
        for node in shown:
            aside = self._put_aside.pop(node, None)
            if aside is not None and aside.card.is_still(journey, node):
                card = aside.card
            else:
                aside, card = None, card_of(journey, node, names, right=right)
            self.cards[node] = card
            for _field, other in card.settings.nodes_mentioned() if card.settings is not None else ():
                self._mentioned_by.setdefault(other, set()).add(node)
            item = self.card_items.get(node)
            if item is None:
                item = self.card_items[node] = aside or CardItem(self, card)
                if told or aside is not None:
                    item.set_look(self.look_of(node))
                if card.is_step and (self.detail.is_batch or aside is not None):
                    item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, self.detail.is_batch)
                self._place(node, *journey.place(node))
                self.addItem(item)
            else:
                item.show_card(card)
                self._place(node, *journey.place(node))

    def _place(self, node: str, x: float, y: float) -> None:
        card = self.cards[node]
        self.card_items[node].setPos(x, y)
        shape = card.shape
        if not card.is_step:
            self.papers.put(node, Box(x, y, x + shape.width, y + shape.height))
            return
        spot = Spot(x, y, shape, tuple(outlet.id for outlet in card.outlets))
        self.plan.put(node, spot)
        is_painted = self.detail.is_batch and not self._paints_whole
        if node in self.areas and is_painted:
            self.batch_layer.update(rect(self.areas.box(node).grown(4)))
        self.areas.put(node, spot.box)
        group = None if card.off else card.family
        self.card_batch.put(node, (x, y), lambda: ((group, far_outline(shape), x, y),))
        if is_painted:
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
        item = self.card_items.pop(node)
        self.removeItem(item)
        self._put_aside[node] = item
        if len(self._put_aside) > _KEPT_ASIDE:
            del self._put_aside[next(iter(self._put_aside))]
        self.plan.take(node)
        self.areas.take(node)
        self.papers.take(node)
        self.card_batch.take(node)
        for outlet in self._open.pop(node, ()):
            self._take_stub((node, outlet))
        self._node_gone(node)

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
        if key in self.stubs and not self._paints_whole:
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
            self._edge_gone(key)
        for key in changed:
            self._update_edge(key)
            line = line_of(self.plan.line(key), self.plan.leads_back(key))
            self.lines[key] = line
            self.edge_grid.put(key, line.box)
            self.edge_batch.put(key, line.points[0], partial(line.parts, "gone" if key in self.orphans else "edge"))
            self._update_edge(key)
        self._lines_settled()
        self._grow()
        self.redrawn.emit()

    def _update_edge(self, key: EdgeKey, *, wide: bool = False) -> None:
        """Paint again where an edge is; `wide` with what has been beside it."""
        line = self.lines.get(key)
        if line is None or self._paints_whole:
            return
        area = line.box
        # a name, a number or a “+” reaches out beside it
        if wide or line.length > LONG or self._reaches_out(key):
            area = area.grown(BESIDE / min(self.zoom, 1))
        self.edge_layer.update(area.left, area.top, area.right - area.left, area.bottom - area.top)

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
