"""The canvas of the editor page: the view, the little map, and the words of an empty canvas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.desktop.desktop import Desktop
from app.desktop.open_journey import OpenJourney
from app.desktop.pieces import label, push
from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.graph.fits import Spot
from journeys.nodes.presets import presets
from journeys.nodes.problem import Problem
from widgets.canvas.scene import CanvasScene
from widgets.canvas.view import CanvasView


class Canvas(QWidget):
    """Lays the parts over each other."""

    #: a sentence for the page
    told = Signal(str)
    #: the button of the empty canvas
    beginning = Signal()

    def __init__(self, opened: OpenJourney, desktop: Desktop) -> None:
        super().__init__()
        self._opened = opened
        self._catalogue: Catalogue | None = None
        self.scene = CanvasScene(opened.document, opened.selection, desktop.theme)
        self.view = CanvasView(self.scene)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self._empty = self._made_empty()
        opened.document.changed.connect(self._show_empty)
        self._show_empty()

    def spot(self) -> Spot:
        """Where the palette adds: into the empty canvas."""
        return Spot(self._opened.journey, dt.datetime.now(dt.UTC).date(), self._catalogue or Catalogue())

    def add_preset(self, id_: str) -> None:
        """Put an entry of the palette into the middle of what is seen."""
        from widgets.document import acts

        preset = next(one for one in presets() if one.id == id_)
        at = self.view.centre()
        node = acts.add(
            self._opened.document, preset.make(self.spot().beginning()), (at.x() - 104, at.y() - 36), title=preset.name
        )
        self._opened.selection.set([node])
        self.take_focus()

    def show_node(self, node: str) -> None:
        self.view.centre_on(node)

    def take_focus(self) -> None:
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_target(self) -> QWidget:
        return self.view

    def know(self, catalogue: Catalogue | None) -> None:
        """Labels of keys, and what new nodes may name."""
        self._catalogue = catalogue
        self.scene.set_catalogue(catalogue)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        self.scene.set_problems(problems)

    def _made_empty(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setSpacing(12)
        said: QLabel = label(
            _("Start with what brings contacts in. Drag it here, or press Tab and type."), "sentence", wrap=True
        )
        said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        said.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.start_button = push(_("Start from a template"))
        self.start_button.clicked.connect(self.beginning)
        column.addWidget(said)
        column.addWidget(self.start_button, 0, Qt.AlignmentFlag.AlignHCenter)
        page.resize(360, 96)
        return page

    def _show_empty(self) -> None:
        self._empty.setVisible(len(self._opened.journey) == 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._empty.move((self.width() - self._empty.width()) // 2, (self.height() - self._empty.height()) // 2)
