"""The areas of a window, and which comes next: F6 goes on, Shift+F6 back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the page."""

    name: str
    #: everything in it
    whole: QWidget
    #: where the keyboard comes to
    target: QWidget


def following(count: int, at: int | None, by: int) -> int:
    """The area after, or before, the one with the keyboard; with none, the first or the last."""
    if at is None:
        return 0 if by > 0 else count - 1
    return (at + by) % count


def area_of(areas: Sequence[Area], widget: QWidget | None) -> int | None:
    """Which area holds a widget."""
    for n, area in enumerate(areas):
        if widget is not None and (area.whole is widget or area.whole.isAncestorOf(widget)):
            return n
    return None


def go(areas: Sequence[Area], by: int) -> None:
    """Move the keyboard on."""
    at = area_of(areas, QApplication.focusWidget())
    areas[following(len(areas), at, by)].target.setFocus(Qt.FocusReason.TabFocusReason)
