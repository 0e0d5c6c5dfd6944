"""Icons by name and colour: Phosphor, drawn from its font so that they are sharp at every size."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import qtawesome
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from qtawesome.iconic_font import IconicFont

#: sizes in px: in dense rows, buttons, tiles, navigation
DENSE, BUTTON, TILE, NAVIGATION = 14, 16, 19, 20

_FONTS = Path(qtawesome.__file__).parent / "fonts"


@cache
def _phosphor() -> IconicFont:
    # qtawesome's own instance loads and checks all of its twelve fonts (185 ms); one of them takes 14
    (letters,) = _FONTS.glob("phosphor-*.ttf")
    (names,) = _FONTS.glob("phosphor-charmap-*.json")
    return IconicFont(("ph", letters.name, names.name))


@cache
def known() -> frozenset[str]:
    """Names there are: “lightning”, “lightning-bold”, “lightning-fill” …"""
    return frozenset(_phosphor().charmap["ph"])


@cache
def _made(name: str, colour: int, disabled: int) -> QIcon:
    icon: QIcon = _phosphor().icon(
        f"ph.{name}", color=QColor.fromRgba(colour), color_disabled=QColor.fromRgba(disabled), scale_factor=1.0
    )
    return icon


def icon(name: str, colour: QColor, *, disabled: QColor | None = None) -> QIcon:
    """The icon of that name; `disabled` is its colour where it cannot be used, by default the same."""
    return _made(name, colour.rgba(), (disabled or colour).rgba())


def pixmap(name: str, colour: QColor, size: int, *, ratio: float = 1.0) -> QPixmap:
    """The icon `size` px high, for a screen of `ratio` device pixels a px."""
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    icon(name, colour).paint(painter, QRect(QPoint(0, 0), QSize(size, size)))
    painter.end()
    return made


def glyph(name: str) -> str:
    """The letter of `font` that shows the icon, for whoever paints icons as text."""
    letter: str = _phosphor().charmap["ph"][name]
    return letter


def font(px: int) -> QFont:
    """The font of the icons."""
    made: QFont = _phosphor().font("ph", px)
    made.setPixelSize(px)
    return made
