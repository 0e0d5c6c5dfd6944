"""The page with no journey open: files opened lately, the workspace's drafts, journeys to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.desktop.pieces import label, push
from journeys.base.i18n import _, ngettext
from widgets.theme.theme import Theme

if TYPE_CHECKING:
    from app.desktop.files import Template

_COLUMN, _MOST = 1000, 12


@dataclass(frozen=True, slots=True)
class Listed:
    """A journey file as the page shows it."""

    file: Path
    #: whether it belongs to the workspace
    own: bool

    @property
    def name(self) -> str:
        return self.file.stem

    @property
    def place(self) -> str:
        return _("In this workspace") if self.own else str(self.file.parent)


def listed(recent: Iterable[Path], drafts: Iterable[Path]) -> list[Listed]:
    """Files to offer: those opened lately that are still there, then the other drafts of the workspace."""
    own = list(drafts)
    there = [file for file in recent if file.is_file()]
    return [Listed(file, file in own) for file in dict.fromkeys([*there, *own])]


class Card(QFrame):
    """Something to open, by click or Enter."""

    chosen = Signal()

    def __init__(self, name: str, detail: str, picture: QLabel | None = None) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(_("{name}, {detail}").format(name=name, detail=detail))
        self.setToolTip(detail)
        self.setFixedHeight(60)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        if picture is not None:
            row.addWidget(picture)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addStretch()
        for text, role in ((name, "name"), (detail, "help")):
            made = label(text, role)
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            texts.addWidget(made)
        texts.addStretch()
        row.addLayout(texts, 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
            return
        super().keyPressEvent(event)


class Home(QWidget):
    """Lays the page out; the window does what is chosen."""

    opening = Signal(object)
    beginning = Signal(object)
    new = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("home")
        self._theme = theme
        self._templates: list[Template] = []
        self._pictures: list[tuple[QLabel, Template]] = []
        self.new_button = push(_("New journey"), "primary", icon="plus", theme=theme)
        self.new_button.clicked.connect(self.new)
        head = QHBoxLayout()
        head.addWidget(label(_("Journeys"), "page"))
        head.addStretch()
        head.addWidget(self.new_button)
        self._empty = label(_("No journeys yet. Begin with one that works and change it."), "sentence", wrap=True)
        self._files = QGridLayout()
        self._files_title = label(_("Continue with"), "section")
        self._begin = QGridLayout()
        self._begin_title = label(_("Start from a template"), "section")
        for grid in (self._files, self._begin):
            grid.setSpacing(16)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(28, 24, 28, 28)
        column.setSpacing(16)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self._files_title)
        column.addLayout(self._files)
        column.addSpacing(8)
        column.addWidget(self._begin_title)
        column.addLayout(self._begin)
        column.addStretch()
        inside.setMaximumWidth(_COLUMN)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(scroll)
        theme.changed.connect(self._paint)

    def show_files(self, found: list[Listed]) -> None:
        _clear(self._files)
        for n, one in enumerate(found[:_MOST]):
            card = Card(one.name, one.place)
            card.chosen.connect(lambda file=one.file: self.opening.emit(file))
            self._files.addWidget(card, n // 3, n % 3)
        _even(self._files)
        self._files_title.setVisible(bool(found))
        self._empty.setVisible(not found)

    def show_templates(self, templates: list[Template]) -> None:
        """Read on purpose after the window shows: nodes and their settings take a while to load."""
        if self._templates:
            return
        self._templates = templates
        for n, template in enumerate(templates):
            picture = QLabel()
            picture.setFixedSize(32, 32)
            steps = ngettext("{n} step", "{n} steps", template.steps).format(n=template.steps)
            card = Card(template.name, steps, picture)
            card.chosen.connect(lambda template=template: self.beginning.emit(template))
            self._begin.addWidget(card, n // 3, n % 3)
            self._pictures.append((picture, template))
        _even(self._begin)
        self._paint()

    def _paint(self) -> None:
        from widgets.theme.kinds import paint_tile

        for picture, template in self._pictures:
            settings = template.journey.node(template.first)
            if settings is None:
                continue
            ratio = self.devicePixelRatioF()
            made = QPixmap(round(32 * ratio), round(32 * ratio))
            made.setDevicePixelRatio(ratio)
            made.fill(Qt.GlobalColor.transparent)
            painter = QPainter(made)
            paint_tile(painter, settings, QRectF(0, 0, 32, 32), self._theme.tokens)
            painter.end()
            picture.setPixmap(made)


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _even(grid: QGridLayout) -> None:
    for column in range(3):
        grid.setColumnStretch(column, 1)
