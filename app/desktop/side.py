"""The column of the inspector."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.desktop.counting import StoreMatcher
from app.desktop.desktop import Desktop
from app.desktop.open_journey import OpenJourney
from app.desktop.outside import Outside
from journeys.base.catalogue import Catalogue
from journeys.base.clock import SystemClock
from widgets.inspector.inspector import Inspector
from widgets.inspector.supplies import Person, Supplies


class Side(QFrame):
    """Holds the inspector of one journey and feeds it what is known of the outside."""

    told = Signal(str)

    def __init__(self, opened: OpenJourney, desktop: Desktop) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self._opened, self._desktop = opened, desktop
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._zone = ""
        self._had_store = False
        self.inspector = self._made()
        self._box.addWidget(self.inspector)

    def know(self, outside: Outside | None) -> None:
        """The store knows other things than before."""
        if outside is not None and (outside.time_zone != self._zone or not self._had_store):
            self._had_store = True
            # zone and store are fixed for the life of an inspector
            old, self.inspector = self.inspector, self._made()
            self._box.replaceWidget(old, self.inspector)
            old.hide()
            old.deleteLater()
        else:
            self.inspector.renew()

    def focus_target(self) -> QWidget:
        inspector = self.inspector
        return inspector.head.title if inspector.head.isVisible() else inspector

    def _made(self) -> Inspector:
        outside, workspace = self._desktop.outside, self._desktop.workspace
        self._zone = outside.time_zone if outside is not None else workspace.time_zone if workspace else "UTC"
        supplies = Supplies(
            theme=self._desktop.theme,
            now=SystemClock().now,
            zone=ZoneInfo(self._zone),
            catalogue=self._catalogue,
            matcher=StoreMatcher(workspace) if outside is not None and workspace is not None else None,
            person=self._person,
        )
        return Inspector(self._opened.document, self._opened.selection, supplies)

    def _catalogue(self) -> Catalogue | None:
        outside = self._desktop.outside
        return outside.catalogue if outside is not None else None

    def _person(self) -> Person | None:
        outside = self._desktop.outside
        return outside.person if outside is not None else None
