"""The canvas of the editor page with what lies over it: the little map, and the words of an empty canvas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.desktop import Desktop
from app.desktop.open_journey import OpenJourney
from app.desktop.pieces import label, push
from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.graph.fits import Spot
from journeys.nodes.presets import presets
from journeys.nodes.problem import Problem
from widgets.canvas.canvas import Canvas
from widgets.canvas.minimap import MiniMap
from widgets.document import acts

_EMPTY_WIDTH = 320


class CanvasPane(QWidget):
    """Lays the parts over each other, and does what keys and menus ask of the canvas."""

    #: a sentence for the page
    told = Signal(str)
    #: the button of the empty canvas
    beginning = Signal()

    def __init__(self, opened: OpenJourney, desktop: Desktop) -> None:
        super().__init__()
        self._opened, self._desktop = opened, desktop
        self._catalogue: Catalogue | None = None
        self._placed = False
        # once the layout has given the canvas its size
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._place)
        self.view = Canvas(opened.document, opened.selection, desktop.theme, today=self._today)
        self.view.said.connect(self.told)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.mini_map = MiniMap(self.view, self.view.canvas_scene)
        self._empty = self._made_empty()
        opened.document.changed.connect(self._show_empty)
        self._show_empty()

    def _today(self) -> dt.date:
        outside = self._desktop.outside
        return dt.datetime.now(ZoneInfo(outside.time_zone) if outside is not None else dt.UTC).date()

    @property
    def is_placed(self) -> bool:
        """Whether the canvas has come to the place that is looked at first."""
        return self._placed

    # what the page asks

    def spot(self) -> Spot:
        """Where the palette adds: into the empty canvas."""
        return Spot(self._opened.journey, self._today(), self._catalogue or Catalogue())

    def add_preset(self, id_: str) -> None:
        """Add an entry of the palette: after the selected step where that has an outlet free, else where one looks."""
        preset = next(one for one in presets() if one.id == id_)
        after = self._free_outlet()
        if after is not None and self.view.why_not_drop(preset, after) is not None:
            after = None
        self.view.add(preset, None if after is not None else self.view.cursor_place(), after=after)
        self.take_focus()

    def _free_outlet(self) -> tuple[str, str] | None:
        journey, current = self._opened.journey, self._opened.selection.current
        settings = journey.node(current) if current is not None and self._opened.selection.nodes else None
        if current is None or settings is None:
            return None
        for outlet in settings.outlets():
            if journey.target(current, outlet.id) is None:
                return current, outlet.id
        return None

    def show_node(self, node: str) -> None:
        self.view.centre_on(node)

    def take_focus(self) -> None:
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def know(self, catalogue: Catalogue | None) -> None:
        """Labels of keys, and what new nodes may name."""
        self._catalogue = catalogue
        self.view.canvas_scene.set_catalogue(catalogue)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        self.view.canvas_scene.set_problems(problems)

    # acts of menus and keys

    def lead(self, outlet: str, target: str) -> None:
        """Lead an outlet of the step with the keyboard to another step."""
        current = self._opened.selection.current
        if current is None:
            return
        try:
            acts.connect(self._opened.document, current, outlet, target)
        except KanwaError as error:
            self.told.emit(str(error))
        self.take_focus()

    def lay_out(self) -> None:
        acts.lay_out(self._opened.document, anchor=self._opened.selection.current, sizes=self.view.size_of)
        self.view.fit()

    def copy(self) -> None:
        if self._opened.selection.nodes:
            text = acts.copy(self._opened.document, self._opened.selection.nodes, sizes=self.view.size_of)
            QGuiApplication.clipboard().setText(text)

    def cut(self) -> None:
        if self._opened.selection.nodes:
            text = acts.cut(self._opened.document, self._opened.selection.nodes, sizes=self.view.size_of)
            QGuiApplication.clipboard().setText(text)

    def paste(self) -> None:
        at = self.view.cursor_place()
        try:
            made = acts.paste(self._opened.document, QGuiApplication.clipboard().text(), (at.x(), at.y()))
        except KanwaError as error:
            self.told.emit(str(error))
            return
        self._opened.selection.set(made)

    def duplicate(self) -> None:
        if self._opened.selection.nodes:
            made = acts.duplicate(self._opened.document, self._opened.selection.nodes, sizes=self.view.size_of)
            self._opened.selection.set(made)

    def switch(self) -> None:
        """Switch the selected steps off; on where all of them are off."""
        nodes = self._opened.selection.nodes
        if nodes:
            acts.set_off(self._opened.document, nodes, not all(map(self._opened.journey.is_off, nodes)))

    def align(self, side: acts.Side) -> None:
        acts.align(self._opened.document, self._opened.selection.nodes, side, sizes=self.view.size_of)

    def distribute(self, direction: Literal["across", "down"]) -> None:
        acts.distribute(self._opened.document, self._opened.selection.nodes, direction, sizes=self.view.size_of)

    # the place one looks at

    def remember(self) -> None:
        """Keep where the journey is looked at."""
        if self._opened.file is not None and self._placed:
            at = self.view.centre()
            self._desktop.memory.viewed(self._opened.file, at.x(), at.y(), self.view.zoom)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._placed:
            self._soon.start()

    def _place(self) -> None:
        if self._placed:
            return
        self._placed = True
        file = self._opened.file
        seen = self._desktop.memory.view(file) if file is not None else None
        moves, self.view.reduced_motion = self.view.reduced_motion, True
        if seen is not None:
            x, y, zoom = seen
            self.view.zoom_to(zoom)
            self.view.centerOn(x, y)
        else:
            self.view.fit()
        self.view.reduced_motion = moves

    # parts

    def _made_empty(self) -> list[QWidget]:
        """The words, which let the mouse through, and the button: not one widget, which would keep drops away."""
        said = label(
            _("Start with what brings contacts in. Drag it here, or press Tab and type."), "sentence", wrap=True
        )
        said.setParent(self)
        said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        said.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        said.resize(_EMPTY_WIDTH, said.heightForWidth(_EMPTY_WIDTH))
        self.start_button = push(_("Start from a template"))
        self.start_button.setParent(self)
        self.start_button.clicked.connect(self.beginning)
        self.start_button.adjustSize()
        return [said, self.start_button]

    def _show_empty(self) -> None:
        for part in self._empty:
            part.setVisible(len(self._opened.journey) == 0)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        # over the button of the empty canvas
        self.view.wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        top = self.height() // 2 - 50
        for part in self._empty:
            part.move((self.width() - part.width()) // 2, top)
            top += part.height() + 12
