"""What stands in the scene: one item a card, one for all edges, one for all cards when they are painted as a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from journeys.nodes.problem import Severity
from widgets.canvas.card import Card
from widgets.canvas.detail import Detail
from widgets.canvas.edge_painting import (
    EdgeState,
    edge_pen,
    number_box,
    paint_edge,
    paint_flow,
    paint_label,
    paint_number,
    paint_plus,
    paint_stub,
)
from widgets.canvas.inks import NO_BRUSH, NO_PEN, pen
from widgets.canvas.lines import LONG, box
from widgets.canvas.look import PLAIN, Look
from widgets.canvas.painting import paint_card, paint_glyph
from widgets.canvas.plan import EdgeKey
from widgets.canvas.shapes import Silhouette
from widgets.canvas.silhouettes import far_outline

if TYPE_CHECKING:
    from widgets.canvas.following import FollowingScene
    from widgets.canvas.scene import CanvasScene

#: steps stay at 0
Z_FRAME, Z_NOTE, Z_EDGES, Z_BATCH = -30, -20, -10, -5

#: room around a card for its ring, badge and ports; above and beside it for a pill at the smallest zoom with pills
_MARGIN = 16
_PILL_ABOVE, _PILL_BESIDE = 48, 240
#: nothing on a canvas is further away; an item that never changes its bounds is never indexed again
_EVERYWHERE = QRectF(-2e7, -2e7, 4e7, 4e7)
_FAR_ICON = 30
_DOT = 6


class CardItem(QGraphicsItem):
    """One card, a top-level item: children escape the BSP index (a drag at 5,000 nodes took 9.0 ms, and takes 0.85)."""

    def __init__(self, scene: FollowingScene, card: Card) -> None:
        super().__init__()
        self._scene = scene
        self.card = card
        self.look = PLAIN
        self._bounds = QRectF()
        self._take(card)

    def show_card(self, card: Card) -> None:
        """Show another card in its place, such as the same node after an edit."""
        self._take(card)
        self.update()

    def _take(self, card: Card) -> None:
        self.card = card
        if not card.is_step:
            self.setZValue(Z_FRAME if card.shape.silhouette is Silhouette.FRAME else Z_NOTE)
        self._set_bounds()

    def set_look(self, look: Look) -> None:
        if look == self.look:
            return
        pill = (look.pill is None) != (self.look.pill is None)
        self.look = look
        if pill:
            self._set_bounds()
        self.update()

    def _set_bounds(self) -> None:
        shape = self.card.shape
        above = _PILL_ABOVE if self.look.pill is not None else _MARGIN
        beside = _PILL_BESIDE if self.look.pill is not None and shape.small else _MARGIN
        bounds = QRectF(-_MARGIN, -above, shape.width + _MARGIN + beside, shape.height + above + _MARGIN)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scene = self._scene
        paint_card(painter, self.card, self.look, scene.inks, scene.detail, scene.zoom)


class _Layer(QGraphicsItem):
    """An item that paints what is exposed of very many things."""

    def __init__(self, scene: CanvasScene, z: float) -> None:
        super().__init__()
        self._scene = scene
        self.setZValue(z)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return _EVERYWHERE


class EdgeLayer(_Layer):
    """All edges in one item, culled by the exposed rectangle; one pixel wide at rest (11.5 → 4.6 ms a frame)."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene, Z_EDGES)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        exposed: QRectF = option.exposedRect
        scene = self._scene
        if scene.detail.is_batch:
            self._paint_batch(painter, exposed)
        else:
            self._paint_each(painter, exposed)
        for key in scene.marked_edges():
            line = scene.lines.get(key)
            if line is not None:
                paint_edge(painter, line, scene.edge_state(key), scene.inks, arrow=scene.detail > Detail.FAR)
        if not scene.detail.is_batch:
            self._paint_beside(painter, exposed)

    def _paint_batch(self, painter: QPainter, exposed: QRectF) -> None:
        scene = self._scene
        far = scene.detail is Detail.FAR
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not far)
        for group, path in scene.edge_batch.paths(exposed):
            if group == "arrow":
                if not far:
                    painter.setPen(NO_PEN)
                    painter.setBrush(scene.inks.edge.color())
                    painter.drawPath(path)
                continue
            painter.setBrush(NO_BRUSH)
            painter.setPen(edge_pen(EdgeState.GONE if group == "gone" else EdgeState.REST, scene.inks))
            painter.drawPath(path)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_each(self, painter: QPainter, exposed: QRectF) -> None:
        scene = self._scene
        marked = scene.marked_edges()
        shares = scene.numbers.shares
        found = [key for key, _ in scene.edge_grid.near(box(exposed)) if key not in marked]
        if shares:
            for key in found:
                if key in shares:
                    paint_flow(painter, scene.lines[key], shares[key], scene.inks)
            found = [key for key in found if key not in shares]
        # those at rest are one line and one shape: setting the rasteriser up costs more than a short line
        lines, arrows = QPainterPath(), QPainterPath()
        for key in found:
            if key not in scene.orphans:
                line = scene.lines[key]
                lines.addPath(line.path)
                arrows.addPath(line.arrow)
        painter.setPen(scene.inks.edge)
        painter.setBrush(NO_BRUSH)
        painter.drawPath(lines)
        painter.setPen(NO_PEN)
        painter.setBrush(scene.inks.edge.color())
        painter.drawPath(arrows)
        for key in found:
            if key in scene.orphans:
                paint_edge(painter, scene.lines[key], EdgeState.GONE, scene.inks)

    def _paint_beside(self, painter: QPainter, exposed: QRectF) -> None:
        scene = self._scene
        area = box(exposed.adjusted(*scene.around()))
        for key, _ in scene.stub_grid.near(area):
            paint_stub(painter, *scene.stubs[key], scene.inks)
        walked = scene.numbers.walked
        marked = scene.marked_edges()
        # below 75 % only edges that are marked, or have numbers, have anything beside them
        is_full = scene.detail is Detail.FULL
        near = [key for key, _ in scene.edge_grid.near(area)] if is_full or walked else marked & scene.lines.keys()
        for key in near:
            line = scene.lines[key]
            if key in walked:
                self._paint_number(painter, key)
            if key in marked or (is_full and line.length > LONG):
                label = scene.label_of(key)
                if label:
                    at = scene.label_at(key, label)
                    if at is not None:
                        paint_label(painter, label, at, scene.edge_state(key), scene.inks, zoom=scene.zoom)
        for key in scene.plus_edges():
            if key in scene.lines:
                paint_plus(painter, scene.plus_at(key), scene.inks)

    def _paint_number(self, painter: QPainter, key: EdgeKey) -> None:
        scene = self._scene
        text = scene.number_text(key)
        line = scene.lines[key]
        left = not scene.comes_in_last(key)
        area = number_box(line, text, scene.zoom, left=left)
        if scene.is_taken(area, key):
            beside = number_box(line, text, scene.zoom, left=not left)
            area = area if scene.is_taken(beside, key) else beside
        paint_number(painter, text, area, scene.inks, zoom=scene.zoom)


class BatchLayer(_Layer):
    """All cards at once, for the two lowest steps of detail (346 → 10 ms a frame at 2,000 nodes)."""

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene, Z_BATCH)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scene = self._scene
        if not scene.detail.is_batch:
            return
        exposed: QRectF = option.exposedRect
        painter.setPen(NO_PEN)
        inks = scene.inks
        for group, path in scene.card_batch.paths(exposed):
            painter.setBrush(inks.tile_off if group is None else inks.hues[group])
            painter.drawPath(path)
        if scene.detail is Detail.SHAPE:
            self._paint_icons(painter, exposed)
        self._paint_marked(painter)

    def _paint_icons(self, painter: QPainter, exposed: QRectF) -> None:
        scene = self._scene
        for node, held in scene.areas.near(box(exposed)):
            card = scene.cards[node]
            middle = QPointF((held.left + held.right) / 2, (held.top + held.bottom) / 2)
            px = _FAR_ICON if not card.shape.small else _FAR_ICON - 6
            paint_glyph(painter, card.icon, px, scene.inks.on_family, middle)

    def _paint_marked(self, painter: QPainter) -> None:
        """Selection and problems: outlines, and dots of one size at the lowest step."""
        scene = self._scene
        far = scene.detail is Detail.FAR
        size = _DOT / scene.zoom
        for node, look in scene.striking():
            spot = scene.areas.box(node) if node in scene.areas else None
            if spot is None:
                continue
            ink = self._ink(look)
            if ink is None:
                continue
            if far:
                painter.setPen(NO_PEN)
                painter.setBrush(ink.color())
                middle = QPointF((spot.left + spot.right) / 2, (spot.top + spot.bottom) / 2)
                painter.drawEllipse(middle, size / 2 + 1 / scene.zoom, size / 2 + 1 / scene.zoom)
            else:
                painter.setBrush(NO_BRUSH)
                painter.setPen(ink)
                painter.drawPath(far_outline(scene.cards[node].shape).translated(spot.left, spot.top))

    def _ink(self, look: Look) -> QPen | None:
        tokens = self._scene.inks.tokens
        if look.selected or look.focused:
            return pen(tokens.accent, 3)
        if look.here:
            return pen(tokens.ok, 3)
        match look.problem:
            case Severity.BLOCKS:
                return pen(tokens.err, 2.5)
            case Severity.WARNS:
                return pen(tokens.warn_fill, 2.5)
            case _:
                return None
