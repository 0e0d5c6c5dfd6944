"""Icons by name and colour: Phosphor, drawn from its font so that they are sharp at every size."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

#: sizes in px: in dense rows, buttons, tiles, navigation
DENSE, BUTTON, TILE, NAVIGATION = 14, 16, 19, 20


@cache
def _fonts() -> Path:
    # the files of QtAwesome without its code, which brings in a second layer over Qt (220 ms at the first window)
    found = find_spec("qtawesome")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "fonts"


@cache
def _letters() -> dict[str, str]:
    """The letter of each icon."""
    (names,) = _fonts().glob("phosphor-charmap-*.json")
    return {name: chr(int(code, 16)) for name, code in json.loads(names.read_text(encoding="utf-8")).items()}


@cache
def _family() -> str:
    (letters,) = _fonts().glob("phosphor-*.ttf")
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(letters)))[0]


@cache
def known() -> frozenset[str]:
    """Names there are: “lightning”, “lightning-bold”, “lightning-fill” …"""
    return frozenset(_letters())


class _Engine(QIconEngine):
    """Draws an icon as its letter, whatever the size and the screen."""

    def __init__(self, name: str, colour: QColor, disabled: QColor) -> None:
        super().__init__()
        self._given = name, colour, disabled

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        name, colour, disabled = self._given
        painter.save()
        painter.setPen(disabled if mode is QIcon.Mode.Disabled else colour)
        painter.setFont(font(rect.height()))
        painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, glyph(name))
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        made = _Engine(*self._given)
        # Qt owns it from here on, and Python does not know
        _clones.append(made)
        return made


_clones: list[_Engine] = []


@cache
def _made(name: str, colour: int, disabled: int) -> QIcon:
    return QIcon(_Engine(name, QColor.fromRgba(colour), QColor.fromRgba(disabled)))


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
    return _letters()[name]


def font(px: int) -> QFont:
    """The font of the icons."""
    made = QFont(_family())
    made.setPixelSize(px)
    return made
