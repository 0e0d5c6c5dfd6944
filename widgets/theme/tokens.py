"""The colours of Kanwa by what they are for, light and dark; read from `resources/styles/tokens.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from PySide6.QtGui import QColor

import resources
from journeys.nodes.family import Family

FILE = Path(resources.__file__).parent / "styles" / "tokens.toml"


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme. Whoever paints asks for a colour by its use, never for a value; colours are not to be changed."""

    dark: bool
    #: frame, navigation, foot of dialogs
    window: QColor
    #: the canvas, and its dots
    canvas: QColor
    dot: QColor
    #: panels, cards, fields
    surface: QColor
    #: tokens and quiet boxes; rows under the mouse
    sunken: QColor
    hover: QColor
    #: lines that only divide
    border: QColor
    #: outline of a node; of inputs and buttons
    edge_card: QColor
    field: QColor
    #: edges; what is not yet reached, thumbnails
    edge: QColor
    edge_dim: QColor
    #: titles and values; sentences and labels; hints, times, placeholders
    text: QColor
    text2: QColor
    text3: QColor
    #: width of the flow in a simulation
    flow: QColor
    #: a sticky note, and the text on it
    note: QColor
    note_text: QColor
    #: filled button, selection, focus
    accent: QColor
    accent_hover: QColor
    accent_press: QColor
    on_accent: QColor
    #: links and chosen items, on their tint
    accent_text: QColor
    accent_tint: QColor
    ok: QColor
    ok_tint: QColor
    #: text that wants a look; outline of a card, triangle, and the sign in it
    warn: QColor
    warn_tint: QColor
    warn_line: QColor
    warn_fill: QColor
    warn_sign: QColor
    err: QColor
    err_tint: QColor
    #: families of nodes, and the icon in their tile
    f_in: QColor
    f_dec: QColor
    f_wait: QColor
    f_send: QColor
    f_chg: QColor
    f_end: QColor
    on_family: QColor

    def family(self, family: Family) -> QColor:
        """The hue of a family; what is on the canvas only has none and takes the colour of edges."""
        match family:
            case Family.COMES_IN:
                return self.f_in
            case Family.DECIDES:
                return self.f_dec
            case Family.WAITS:
                return self.f_wait
            case Family.SENDS:
                return self.f_send
            case Family.CHANGES:
                return self.f_chg
            case Family.ENDS:
                return self.f_end
            case Family.CANVAS:
                return self.edge


#: names of the colours, in the order of the file
NAMES = tuple(field.name for field in fields(Tokens) if field.name != "dark")


@cache
def light() -> Tokens:
    """Paper by day; exports and prints are always in it."""
    return _read("light")


@cache
def dark() -> Tokens:
    return _read("dark")


def _read(theme: str) -> Tokens:
    given: dict[str, str] = tomllib.loads(FILE.read_text("utf-8"))[theme]
    return Tokens(dark=theme == "dark", **{name: QColor(value) for name, value in given.items()})
