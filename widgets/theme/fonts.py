"""Fonts: Inter where it is installed, else the system's own; sizes in pixels, figures of one width."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QFont, QFontDatabase, QFontInfo

#: sizes in px at 100 %, of LOOK 2; nothing smaller than `SMALL` in panels
SMALL, SECOND, BODY, CARD, SECTION, PAGE = 11, 12, 13, 14, 16, 20

REGULAR, MEDIUM, SEMIBOLD, BOLD = 400, 500, 600, 700


@cache
def family() -> str:
    """The family of the interface: Inter, else the system's. To be asked once an application exists."""
    return "Inter" if "Inter" in QFontDatabase.families() else _system(QFontDatabase.SystemFont.GeneralFont)


@cache
def fixed_family() -> str:
    """The family of source and code: JetBrains Mono, else the system's fixed font."""
    known = QFontDatabase.families()
    return "JetBrains Mono" if "JetBrains Mono" in known else _system(QFontDatabase.SystemFont.FixedFont)


def font(px: int = BODY, weight: int = REGULAR) -> QFont:
    """A font of the interface in that height and weight, with tabular figures."""
    return _made(family(), px, weight)


def fixed(px: int = BODY) -> QFont:
    return _made(fixed_family(), px, REGULAR)


def _made(name: str, px: int, weight: int) -> QFont:
    made = QFont(name)
    made.setPixelSize(px)
    made.setWeight(QFont.Weight(weight))
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def _system(kind: QFontDatabase.SystemFont) -> str:
    return QFontInfo(QFontDatabase.systemFont(kind)).family()
