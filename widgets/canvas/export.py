"""A journey as a picture: PNG at twice the size, SVG, PDF on one page or tiled; always in the light theme.

Text stays text in SVG and PDF: it is painted as text, never as outlines or pixels.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QImageWriter, QPageLayout, QPageSize, QPainter, QPdfWriter

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from journeys.nodes.node import Family
from widgets.canvas.card import Card, card_of
from widgets.canvas.detail import Detail
from widgets.canvas.edge_painting import EdgeState, number_box, paint_edge, paint_label, paint_number
from widgets.canvas.grid import Box, Grid
from widgets.canvas.inks import Inks
from widgets.canvas.labels import rest_place
from widgets.canvas.lines import LONG, Line, rect
from widgets.canvas.look import NO_NUMBERS, Look, Numbers, said
from widgets.canvas.painting import paint_card
from widgets.canvas.plan import EdgeKey, Plan, Spot, box_of
from widgets.canvas.shapes import Silhouette
from widgets.theme.tokens import light

#: px around what is drawn
MARGIN = 24
PNG_SCALE = 2
#: no side of a PNG is longer; a picture of 20,000 px a side is 1.6 GB in memory
_MOST_PX = 20_000
#: px at 100 % an inch on paper: a card is 43 mm wide
_PX_AN_INCH = 122
_PAPER_MARGIN_MM = 10
#: what neighbouring pages of a tiled print have in common
_OVERLAP_MM = 10
_MM_AN_INCH = 25.4


class NothingToDraw(KanwaError):
    """There is nothing in what was asked for."""

    text = N_("There is nothing to draw: the journey, or what is selected of it, is empty.")


class PictureTooLarge(KanwaError):
    """A PNG would not fit into memory."""

    text = N_("The picture would be {width} × {height} pixels. Draw it as SVG or PDF, or draw a part of it.")


class PictureNotWritten(KanwaError):
    """The file could not be written."""

    text = N_("The picture could not be written to {path}: {reason}. Choose a folder that you may write to.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What is drawn."""

    #: only these nodes and the edges among them; None: all
    nodes: Collection[str] | None = None
    notes: bool = True
    #: contacts at nodes and on edges; nothing by default
    numbers: Numbers = NO_NUMBERS
    catalogue: Catalogue | None = None


class Picture:
    """A journey laid out for drawing, without a window. To be made once there is a QGuiApplication."""

    def __init__(self, journey: Journey, choices: Choices | None = None) -> None:
        """Raises NothingToDraw."""
        self._choices = choices or Choices()
        self._inks = Inks(light(), cosmetic=False)
        self._cards: dict[str, Card] = {}
        self._boxes: dict[str, Box] = {}
        self._right = journey.settings.direction == "right"
        self._read(journey)
        if not self._cards:
            raise NothingToDraw
        self._lines = self._routed(journey)
        #: what names of edges keep away from
        self._areas: Grid[str] = Grid()
        self._pieces: Grid[tuple[EdgeKey, int]] = Grid()
        for node, card in self._cards.items():
            if card.is_step:
                self._areas.put(node, self._boxes[node])
        for key, line in self._lines.items():
            for n, piece in enumerate(pairwise(line.points)):
                self._pieces.put((key, n), box_of(piece).grown(1))
        self.area = self._bounds().adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)

    def paint(self, painter: QPainter) -> None:
        """Paint it in px at 100 %, `area` being all of it."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        for silhouette in (Silhouette.FRAME, Silhouette.NOTE):
            self._paint_cards(
                painter, [node for node, card in self._cards.items() if card.shape.silhouette is silhouette]
            )
        for key, line in self._lines.items():
            gone = key[1] not in {outlet.id for outlet in self._cards[key[0]].outlets}
            paint_edge(painter, line, EdgeState.GONE if gone else EdgeState.REST, self._inks)
        self._paint_cards(painter, [node for node, card in self._cards.items() if card.is_step])
        for key, line in self._lines.items():
            self._paint_beside(painter, key, line)

    def _paint_cards(self, painter: QPainter, nodes: list[str]) -> None:
        for node in nodes:
            box = self._boxes[node]
            painter.save()
            painter.translate(box.left, box.top)
            look = Look(pill=self._choices.numbers.pill(node))
            paint_card(painter, self._cards[node], look, self._inks, Detail.FULL, 1)
            painter.restore()

    def _paint_beside(self, painter: QPainter, key: EdgeKey, line: Line) -> None:
        count = self._choices.numbers.walked.get(key)
        if count is not None:
            text = said(count)
            paint_number(painter, text, number_box(line, text, 1), self._inks, zoom=1)
        outlets = self._cards[key[0]].outlets
        if line.length > LONG and len(outlets) > 1:
            label = next((outlet.label for outlet in outlets if outlet.id == key[1]), key[1])
            at = rest_place(
                line,
                label,
                has_card=lambda box: any(True for _ in self._areas.near(box)),
                names_before=lambda box: len({other for (other, _n), _ in self._pieces.near(box) if other < key}),
                has_edge=lambda box: any(other != key for (other, _n), _ in self._pieces.near(box)),
            )
            if at is not None:
                paint_label(painter, label, at, EdgeState.REST, self._inks, zoom=1)

    def _read(self, journey: Journey) -> None:
        names = JourneyNames(journey, self._choices.catalogue)
        chosen = journey.node_ids() if self._choices.nodes is None else self._choices.nodes
        for node in chosen:
            settings = journey.node(node)
            if settings is not None and settings.family is Family.CANVAS and not self._choices.notes:
                continue
            card = card_of(journey, node, names, right=self._right)
            x, y = journey.place(node)
            self._cards[node] = card
            self._boxes[node] = Box(x, y, x + card.shape.width, y + card.shape.height)

    def _routed(self, journey: Journey) -> dict[EdgeKey, Line]:
        # edges run as they do on the canvas, also around cards that are left out
        plan = Plan(right=self._right)
        names = JourneyNames(journey, self._choices.catalogue)
        for node in journey.node_ids():
            card = self._cards.get(node) or card_of(journey, node, names, right=self._right)
            if card.is_step:
                outlets = tuple(outlet.id for outlet in card.outlets)
                plan.put(node, Spot(*journey.place(node), card.shape, outlets))
        for edge in journey.edges():
            if edge.source in plan.spots and edge.target in plan.spots:
                plan.lead((edge.source, edge.outlet), edge.target)
        plan.settle()
        return {
            key: Line(plan.line(key), is_back=plan.leads_back(key))
            for key, target in plan.targets.items()
            if key[0] in self._cards and target in self._cards
        }

    def _bounds(self) -> QRectF:
        found = QRectF()
        for box in self._boxes.values():
            found = found.united(rect(box))
        for line in self._lines.values():
            found = found.united(rect(line.box))
        return found


def to_png(picture: Picture, path: Path, *, scale: float = PNG_SCALE) -> None:
    """Write a PNG, twice as large as on the screen. Raises PictureTooLarge, PictureNotWritten."""
    area = picture.area
    size = QSize(math.ceil(area.width() * scale), math.ceil(area.height() * scale))
    if max(size.width(), size.height()) > _MOST_PX:
        raise PictureTooLarge(width=size.width(), height=size.height())
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(light().canvas)
    painter = QPainter(image)
    painter.scale(scale, scale)
    painter.translate(-area.topLeft())
    picture.paint(painter)
    painter.end()
    made = _memory()
    QImageWriter(made, b"png").write(image)
    _write(made, path)


def to_svg(picture: Picture, path: Path, *, title: str = "") -> None:
    """Write an SVG; its texts can be searched and edited. Raises PictureNotWritten."""
    from PySide6.QtSvg import QSvgGenerator

    area = picture.area
    made = _memory()
    generator = QSvgGenerator()
    generator.setOutputDevice(made)
    generator.setSize(QSize(math.ceil(area.width()), math.ceil(area.height())))
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, area.width(), area.height()), light().canvas)
    painter.translate(-area.topLeft())
    picture.paint(painter)
    painter.end()
    _write(made, path)


def to_pdf(picture: Picture, path: Path, *, tiled: bool = False, title: str = "") -> int:
    """Write a PDF on A4 and return its number of pages: fitted to one, or at full size over several that overlap.

    Pages stand or lie as suits the picture. Raises PictureNotWritten.
    """
    area = picture.area
    made = _memory()
    writer = QPdfWriter(made)
    writer.setTitle(title)
    writer.setCreator("Kanwa")
    writer.setResolution(_PX_AN_INCH)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    lies = area.width() > area.height()
    writer.setPageOrientation(QPageLayout.Orientation.Landscape if lies else QPageLayout.Orientation.Portrait)
    margin = _PAPER_MARGIN_MM
    writer.setPageMargins(QMarginsF(margin, margin, margin, margin), QPageLayout.Unit.Millimeter)
    page = QSizeF(writer.width(), writer.height())
    painter = QPainter(writer)
    pages = 0
    for part in _tiles(area, page) if tiled else iter([area]):
        if pages:
            writer.newPage()
        pages += 1
        scale = 1.0 if tiled else min(page.width() / area.width(), page.height() / area.height(), 1.0)
        painter.save()
        painter.setClipRect(QRectF(0, 0, page.width(), page.height()))
        painter.scale(scale, scale)
        painter.translate(-part.topLeft())
        picture.paint(painter)
        painter.restore()
    painter.end()
    _write(made, path)
    return pages


def _memory() -> QBuffer:
    """Drawn in memory first: a file that cannot be written is noticed before anything in its place is lost."""
    made = QBuffer()
    made.open(QIODevice.OpenModeFlag.WriteOnly)
    return made


def _write(made: QBuffer, path: Path) -> None:
    try:
        path.write_bytes(made.data().data())
    except OSError as error:
        raise PictureNotWritten(path=path, reason=error.strerror or str(error)) from error


def _tiles(area: QRectF, page: QSizeF) -> Iterator[QRectF]:
    """Parts of a picture as large as a page, row by row, each with a strip of its neighbours'."""
    overlap = _OVERLAP_MM / _MM_AN_INCH * _PX_AN_INCH
    columns = max(math.ceil((area.width() - overlap) / (page.width() - overlap)), 1)
    rows = max(math.ceil((area.height() - overlap) / (page.height() - overlap)), 1)
    for row in range(rows):
        for column in range(columns):
            left = area.left() + column * (page.width() - overlap)
            top = area.top() + row * (page.height() - overlap)
            yield QRectF(left, top, page.width(), page.height())


def draw(picture: Picture, path: Path, *, title: str = "", tiled: bool = False) -> None:
    """Write the picture in the format that the file's name ends in. Raises PictureNotWritten, PictureTooLarge."""
    match path.suffix.lower():
        case ".svg":
            to_svg(picture, path, title=title)
        case ".pdf":
            to_pdf(picture, path, title=title, tiled=tiled)
        case _:
            to_png(picture, path)
