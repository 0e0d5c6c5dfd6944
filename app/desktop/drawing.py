"""Journeys as pictures: for `kanwa draw`, which has no window, and for the window's own menu."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from journeys.base.catalogue import Catalogue
from journeys.graph.journey import Journey
from widgets.canvas import export
from widgets.canvas.export import Choices, Picture


def draw(
    journey: Journey,
    to: Path,
    *,
    notes: bool = True,
    tiled: bool = False,
    nodes: Collection[str] | None = None,
    catalogue: Catalogue | None = None,
) -> None:
    """Write a picture in the format that the file's name ends in; always in the light theme.

    Raises NothingToDraw, PictureTooLarge, PictureNotWritten.
    """
    # fonts need one; whoever draws without a window has none yet
    app = QGuiApplication.instance() or QApplication(["kanwa"])
    picture = Picture(journey, Choices(nodes=nodes, notes=notes, catalogue=catalogue))
    export.draw(picture, to, title=journey.settings.name, tiled=tiled)
    del app


def print_on(printer: QPrinter, journey: Journey, *, catalogue: Catalogue | None = None) -> None:
    """Print a journey on one page. Raises NothingToDraw."""
    picture = Picture(journey, Choices(catalogue=catalogue))
    page = QRectF(printer.pageLayout().paintRectPixels(printer.resolution()))
    area = picture.area
    scale = min(page.width() / area.width(), page.height() / area.height())
    painter = QPainter(printer)
    painter.translate((page.width() - area.width() * scale) / 2, (page.height() - area.height() * scale) / 2)
    painter.scale(scale, scale)
    painter.translate(-area.topLeft())
    picture.paint(painter)
    painter.end()
