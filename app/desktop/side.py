"""The column of the inspector."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.desktop.desktop import Desktop
from app.desktop.open_journey import OpenJourney
from app.desktop.outside import Outside


class Side(QFrame):
    """Holds the inspector of one journey and feeds it what is known of the outside."""

    told = Signal(str)

    def __init__(self, opened: OpenJourney, desktop: Desktop) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self._opened, self._desktop = opened, desktop
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    def know(self, outside: Outside | None) -> None:
        pass

    def focus_target(self) -> QWidget:
        return self
