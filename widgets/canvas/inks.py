"""Pens and brushes of one theme, made once: making one for every card and frame costs more than painting with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen

from journeys.nodes.node import Family
from widgets.theme.tokens import Tokens

NO_PEN = QPen(Qt.PenStyle.NoPen)
NO_BRUSH = QBrush(Qt.BrushStyle.NoBrush)


def pen(colour: QColor, width: float = 1, *, dashes: Sequence[float] = (), cosmetic: bool = True) -> QPen:
    """A pen; cosmetic ones keep their width at every zoom. Dashes are in px at that width."""
    made = QPen(colour, width)
    made.setCosmetic(cosmetic)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashes:
        made.setDashPattern([dash / width for dash in dashes])
    return made


def faded(colour: QColor, share: float) -> QColor:
    """The colour let through at that share."""
    made = QColor(colour)
    made.setAlphaF(share)
    return made


class Inks:
    """What the canvas paints with in one theme."""

    def __init__(self, tokens: Tokens, *, cosmetic: bool = True) -> None:
        """`cosmetic` lines keep their width at every zoom, as on the screen; on paper they grow with the picture."""
        line = partial(pen, cosmetic=cosmetic)
        self.tokens = tokens
        self.surface = QBrush(tokens.surface)
        self.sunken = QBrush(tokens.sunken)
        self.accent = QBrush(tokens.accent)
        self.note = QBrush(tokens.note)
        self.frame = QBrush(faded(tokens.hover, 0.55))
        self.hues = {family: QBrush(tokens.family(family)) for family in Family}
        self.rings = {family: pen(tokens.family(family), 2, cosmetic=False) for family in Family}
        self.ring_off = pen(tokens.text3, 2, cosmetic=False)
        self.on_family = QPen(tokens.on_family)
        #: what texts on cards are written with, by token
        self.writing = {name: QPen(getattr(tokens, name)) for name in ("text", "text2", "text3", "note_text")}
        self.tile_off = QBrush(tokens.text3)
        self.card = line(tokens.edge_card)
        self.card_hover = line(tokens.text2, 1.5)
        self.card_selected = line(tokens.accent, 2)
        self.card_warns = line(tokens.warn_line, 1.5)
        self.card_blocks = line(tokens.err, 1.5)
        self.card_off = line(tokens.edge_dim, 1, dashes=(4, 3))
        self.card_here = line(tokens.ok, 2)
        self.selection = pen(faded(tokens.accent, 0.28), 4, cosmetic=False)
        self.focus = pen(tokens.accent, 2, cosmetic=False)
        self.divider = line(tokens.border)
        self.port = line(tokens.edge)
        self.port_selected = line(tokens.accent, 1.5)
        self.note_line = line(tokens.warn_line if tokens.dark else tokens.warn_fill)
        self.note_line.setColor(faded(self.note_line.color(), 0.55))
        self.edge = line(tokens.edge)
        self.edge_hover = line(tokens.text, 2)
        self.edge_selected = line(tokens.accent, 2)
        self.edge_walked = line(tokens.ok, 3)
        self.edge_gone = line(tokens.err, 1.5, dashes=(5, 3))
        self.refused = line(tokens.err, 1.5, dashes=(4, 3))
        self.stub = line(tokens.warn_line, 1.5, dashes=(4, 3))
        self.plus = pen(tokens.accent, 1.2, cosmetic=False)
        self.guide = line(tokens.accent, 1)
        self.rubber = line(tokens.accent, 1)
        self.rubber_fill = QBrush(faded(tokens.accent, 0.10))
        self.knife = line(tokens.err, 1.5, dashes=(6, 4))
