"""Painting of one card, its upper left corner at 0, 0 (LOOK 3). One fill and one outline; no effects, no caches."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from journeys.graph.diff import Difference
from journeys.nodes.node import Family
from journeys.nodes.problem import Severity
from widgets.canvas.batch import Batch
from widgets.canvas.card import Card
from widgets.canvas.detail import Detail
from widgets.canvas.inks import NO_BRUSH, NO_PEN, Inks, pen
from widgets.canvas.look import Look, Pill
from widgets.canvas.plan import EdgeKey
from widgets.canvas.shapes import Silhouette
from widgets.canvas.silhouettes import (
    fold,
    octagon,
    outline,
    outline_with_ports,
    ports,
    ring,
    strip_lines,
    tile,
    tile_box,
    triangle,
)
from widgets.canvas.texts import centred, font, glyph, metrics
from widgets.theme.fonts import BOLD, SEMIBOLD, SMALL

_ICON, _ICON_NARROW, _ICON_SMALL = 19, 17, 14
_BADGE, _BREAKPOINT = 22, 14
_PILL = 19
#: on the screen, how far pills of a card lie above it at 45–75 %
_PILL_ABOVE = 15
_PILL_RIGHT = 3
_PILL_BESIDE = 6
#: below this only the number is in a pill
_SHORT_PILL = 0.8

_MARKS = {
    Difference.ADDED: ("plus", "ok", "ok_tint"),
    Difference.REMOVED: ("minus", "err", "err_tint"),
    Difference.CHANGED: ("pencil-simple", "warn", "warn_tint"),
    Difference.MOVED: ("arrows-out-cardinal", "accent_text", "accent_tint"),
}


def paint_card(painter: QPainter, card: Card, look: Look, inks: Inks, detail: Detail, zoom: float) -> None:
    """Paint a card that is not in a batch, with its states; badges and pills keep their size below 100 %."""
    shape = card.shape
    match shape.silhouette:
        case Silhouette.NOTE:
            _paint_note(painter, card, look, inks, detail)
        case Silhouette.FRAME:
            _paint_frame(painter, card, look, inks, detail)
        case _:
            _paint_step(painter, card, look, inks, detail)
    if look.breakpoint:
        painter.setPen(NO_PEN)
        painter.setBrush(inks.tokens.err)
        painter.drawEllipse(QPointF(0, shape.height / 2), _BREAKPOINT / 2, _BREAKPOINT / 2)
    if look.mark is not None:
        _paint_mark(painter, look.mark, inks, zoom)
    elif look.problem is not None:
        paint_badge(painter, look.problem, inks, scale=1 / min(zoom, 1))
    if look.pill is not None:
        _paint_pill(painter, card, look.pill, inks, detail, zoom)


def _paint_step(painter: QPainter, card: Card, look: Look, inks: Inks, detail: Detail) -> None:
    shape = card.shape
    off = card.off or look.mark is Difference.REMOVED
    paint_ring(painter, card, look, inks)
    painter.setBrush(inks.sunken if off else inks.surface)
    painter.setPen(_outline_pen(look, off, inks))
    # below 75 % ports are a part of the outline, but where something is to be done: at 60 % a frame took 2 ms more
    apart = detail is Detail.FULL or look.hovered or look.selected
    painter.drawPath(outline(shape) if apart else outline_with_ports(shape))
    if shape.outlets > 1:
        painter.setPen(inks.divider)
        painter.drawPath(strip_lines(shape))
    _paint_tile(painter, card, inks, off=off)
    paint_texts(painter, card, inks, detail, quiet=off)
    if card.outlets and apart:
        painter.setBrush(inks.surface)
        painter.setPen(inks.port_selected if look.selected else inks.port)
        painter.drawPath(ports(shape))


def _outline_pen(look: Look, off: bool, inks: Inks) -> QPen:
    if look.selected:
        return inks.card_selected
    if look.here:
        return inks.card_here
    if look.problem is Severity.BLOCKS:
        return inks.card_blocks
    if look.problem is Severity.WARNS:
        return inks.card_warns
    if look.hovered:
        return inks.card_hover
    return inks.card_off if off else inks.card


def paint_ring(painter: QPainter, card: Card, look: Look, inks: Inks) -> None:
    """What stands around a card that is selected, or on which the keyboard stands."""
    if look.selected:
        painter.setPen(inks.selection)
        painter.setBrush(NO_BRUSH)
        painter.drawPath(ring(card.shape, 4))
    elif look.focused:
        painter.setPen(inks.focus)
        painter.setBrush(NO_BRUSH)
        painter.drawPath(ring(card.shape, 4))


def _paint_tile(painter: QPainter, card: Card, inks: Inks, *, off: bool) -> None:
    family = card.family or Family.CANVAS
    grey = off or card.family is None
    hollow = family is Family.WAITS
    if hollow:
        painter.setPen(inks.ring_off if grey else inks.rings[family])
        painter.setBrush(NO_BRUSH)
    else:
        painter.setPen(NO_PEN)
        painter.setBrush(inks.tile_off if grey else inks.hues[family])
    painter.drawPath(tile(family, card.shape.small))
    px = _ICON_SMALL if card.shape.small else _ICON_NARROW if hollow or family is Family.DECIDES else _ICON
    colour = inks.on_family
    if hollow:
        colour = inks.ring_off if grey else inks.rings[family]
    paint_glyph(painter, card.icon, px, colour, tile_box(card.shape).center())


def paint_glyph(
    painter: QPainter, icon: str, px: int, colour: QColor | QPen, middle: QPointF, *, bold: bool = True
) -> None:
    """An icon around a point."""
    found = glyph(icon, px, bold=bold)
    painter.setFont(found.font)
    painter.setPen(colour)
    painter.drawStaticText(middle + found.at, found.text)


def paint_texts(painter: QPainter, card: Card, inks: Inks, detail: Detail, *, quiet: bool = False) -> None:
    """The lines of a card; all of them quiet where it is off."""
    # a font or pen that is set costs as much as the text
    last_face = last_colour = None
    for at, text, face, colour in card.texts(detail):
        if face is not last_face:
            painter.setFont(face)
            last_face = face
        if colour is not last_colour:
            painter.setPen(inks.writing["text3" if quiet else colour])
            last_colour = colour
        painter.drawStaticText(at, text)


def _paint_note(painter: QPainter, card: Card, look: Look, inks: Inks, detail: Detail) -> None:
    paint_ring(painter, card, look, inks)
    painter.setBrush(inks.note)
    painter.setPen(inks.card_selected if look.selected else inks.card_hover if look.hovered else inks.note_line)
    painter.drawPath(outline(card.shape))
    painter.drawPath(fold(card.shape.width, card.shape.height))
    paint_texts(painter, card, inks, detail)


def _paint_frame(painter: QPainter, card: Card, look: Look, inks: Inks, detail: Detail) -> None:
    paint_ring(painter, card, look, inks)
    painter.setBrush(inks.frame)
    painter.setPen(inks.card_selected if look.selected else inks.card_hover if look.hovered else inks.divider)
    painter.drawPath(outline(card.shape))
    paint_texts(painter, card, inks, detail)


def paint_badge(painter: QPainter, problem: Severity, inks: Inks, *, scale: float = 1) -> None:
    """The sign of a problem around 0, 0: octagon, triangle, or a dot for a hint."""
    tokens = inks.tokens
    painter.save()
    painter.scale(scale, scale)
    painter.setPen(pen(tokens.canvas, 1.5, cosmetic=False))
    match problem:
        case Severity.BLOCKS:
            painter.setBrush(tokens.err)
            painter.drawPath(octagon(_BADGE - 2))
            sign, colour, y = "!", tokens.surface, 0.0
        case Severity.WARNS:
            painter.setBrush(tokens.warn_fill)
            painter.drawPath(triangle(_BADGE))
            sign, colour, y = "!", tokens.warn_sign, 2.5
        case Severity.HINTS:
            painter.setBrush(tokens.accent)
            painter.drawEllipse(QPointF(0, 0), 7, 7)
            sign, colour, y = "i", tokens.on_accent, 0.0
    painter.setPen(colour)
    painter.setFont(font(13, BOLD))
    painter.drawText(QRectF(-11, y - 11, 22, 22), Qt.AlignmentFlag.AlignCenter, sign)
    painter.restore()


def _paint_mark(painter: QPainter, mark: Difference, inks: Inks, zoom: float) -> None:
    """The chip of a comparison, at the badge's place."""
    icon, ink, ground = _MARKS[mark]
    tokens = inks.tokens
    painter.save()
    painter.scale(1 / min(zoom, 1), 1 / min(zoom, 1))
    painter.setPen(pen(getattr(tokens, ink), 1.2, cosmetic=False))
    painter.setBrush(getattr(tokens, ground))
    painter.drawEllipse(QPointF(0, 0), 10.5, 10.5)
    paint_glyph(painter, icon, 14, getattr(tokens, ink), QPointF(0, 0))
    painter.restore()


def pill_width(pill: Pill, zoom: float) -> float:
    """Width on the screen."""
    text = pill.short if zoom < _SHORT_PILL else pill.text
    icon = 0 if zoom < _SHORT_PILL else 15
    return metrics(SMALL, SEMIBOLD).horizontalAdvance(text) + icon + 14


def _paint_pill(painter: QPainter, card: Card, pill: Pill, inks: Inks, detail: Detail, zoom: float) -> None:
    scale = 1 / min(zoom, 1)
    shape = card.shape
    width = pill_width(pill, zoom)
    painter.save()
    if shape.small:
        painter.translate(shape.width + _PILL_BESIDE, shape.height / 2)
        painter.scale(scale, scale)
        box = QRectF(0, -_PILL / 2, width, _PILL)
    else:
        painter.translate(shape.width - _PILL_RIGHT, 0)
        painter.scale(scale, scale)
        above = _PILL / 2 if detail is Detail.FULL else _PILL_ABOVE
        box = QRectF(-width, -above, width, _PILL)
    paint_pill(painter, pill, inks, box, short=zoom < _SHORT_PILL)
    painter.restore()


def paint_pill(painter: QPainter, pill: Pill, inks: Inks, box: QRectF, *, short: bool) -> None:
    """A pill within a box 19 high."""
    ink = getattr(inks.tokens, pill.ink)
    painter.setPen(NO_PEN)
    painter.setBrush(getattr(inks.tokens, pill.ground))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    left = box.left() + 7
    if not short:
        paint_glyph(painter, pill.icon, 12, ink, QPointF(left + 5.5, box.center().y()))
        left += 15
    painter.setPen(ink)
    painter.setFont(font(SMALL, SEMIBOLD))
    area = QRectF(left, box.top(), box.right() - left, box.height())
    painter.drawText(
        area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, pill.short if short else pill.text
    )


def paint_small(painter: QPainter, edges: Batch[EdgeKey, str], cards: Batch[str, Family | None], inks: Inks) -> None:
    """Everything at the lowest step of detail, for maps and thumbnails."""
    everywhere = QRectF(-1e8, -1e8, 2e8, 2e8)
    painter.setPen(pen(inks.tokens.edge_dim))
    painter.setBrush(NO_BRUSH)
    for group, path in edges.paths(everywhere):
        if group != "arrow":
            painter.drawPath(path)
    painter.setPen(NO_PEN)
    for family, path in cards.paths(everywhere):
        painter.setBrush(inks.tile_off if family is None else inks.hues[family])
        painter.drawPath(path)


def paint_chip(
    painter: QPainter,
    text: str,
    middle: QPointF,
    *,
    ground: QColor,
    ink: QColor,
    line: QColor | None = None,
    height: float = 20,
) -> QRectF:
    """A label of 11/500 around a point; returns its box."""
    made = centred(text, SMALL, 500, "", x=middle.x(), y=middle.y() - height / 2, line=height)
    width = made.text.size().width() + 16
    box = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
    painter.setPen(NO_PEN if line is None else pen(line, cosmetic=False))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(ink)
    painter.setFont(made.font)
    painter.drawStaticText(made.at, made.text)
    return box
