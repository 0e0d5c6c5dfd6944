"""Lines of text as they stand on cards: broken and elided once, when a card is made or first shown at a step of detail.

`QStaticText` keeps its glyphs between paints; making one costs about ten times as much as painting it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QStaticText, QTextLayout, QTextOption

from widgets.theme import fonts, icons

#: tiny differences between the width of a line alone and within a text must not break it
_SLACK = 0.5


class Placed(NamedTuple):
    """One line at its place within a card, and the token of its colour."""

    at: QPointF
    text: QStaticText
    font: QFont
    colour: str


@cache
def font(px: float, weight: int) -> QFont:
    """A font of the interface; shared, not to be changed. On the canvas sizes may have half pixels."""
    made = fonts.font(round(px), weight)
    # the canvas is zoomed: hinting to whole pixels would make letters dance
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


@cache
def metrics(px: float, weight: int) -> QFontMetricsF:
    return QFontMetricsF(font(px, weight))


@lru_cache(maxsize=4096)
def width_of(text: str, px: float, weight: int) -> float:
    return metrics(px, weight).horizontalAdvance(text)


def static(text: str, face: QFont) -> QStaticText:
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    made.prepare(font=face)
    return made


def lines_of(text: str, px: float, weight: int, width: float, most: int) -> list[str]:
    """The text in so many lines at most, broken between words; the last one elided at its end."""
    measured = metrics(px, weight)
    if most == 1 or measured.horizontalAdvance(text) <= width + _SLACK:
        return [measured.elidedText(text, Qt.TextElideMode.ElideRight, width + _SLACK)]
    layout = QTextLayout(text, font(px, weight))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    found: list[str] = []
    layout.beginLayout()
    while len(found) < most:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        start = line.textStart()
        if len(found) == most - 1:
            rest = text[start:].strip()
            found.append(measured.elidedText(rest, Qt.TextElideMode.ElideRight, width + _SLACK))
            break
        found.append(text[start : start + line.textLength()].strip())
    layout.endLayout()
    return found


def placed(text: str, px: float, weight: int, colour: str, *, x: float, y: float, line: float) -> Placed:
    """A line whose row of height `line` begins at y."""
    made = static(text, font(px, weight))
    return Placed(QPointF(x, y + (line - made.size().height()) / 2), made, font(px, weight), colour)


def centred(text: str, px: float, weight: int, colour: str, *, x: float, y: float, line: float) -> Placed:
    """A line whose middle is at x."""
    made = static(text, font(px, weight))
    size = made.size()
    return Placed(QPointF(x - size.width() / 2, y + (line - size.height()) / 2), made, font(px, weight), colour)


class Glyph(NamedTuple):
    """An icon, to be painted with its middle at 0, 0."""

    at: QPointF
    text: QStaticText
    font: QFont


@cache
def glyph(name: str, px: int, *, bold: bool = True) -> Glyph:
    """The icon of that name so high; shared."""
    found = f"{name}-bold" if bold and f"{name}-bold" in icons.known() else name
    face = icons.font(px)
    made = static(icons.glyph(found), face)
    size = made.size()
    return Glyph(QPointF(-size.width() / 2, -size.height() / 2), made, face)
