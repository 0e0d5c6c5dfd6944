"""The checks of an open journey, made again after every edit.

A small journey is checked in this thread as soon as the edit is painted: 200 nodes take about 30 ms. A larger one is
copied and checked beside the window, and what an edit overtakes is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.desktop.outside import Outside
from app.desktop.work import Progress, Work, Workers
from journeys.graph.checks import Report, check
from journeys.graph.journey import Journey
from widgets.document.document import Document

#: nodes up to which checking stays below a few frames
SMALL = 250
#: ms without an edit before a large journey is copied and checked: copying takes time of this thread
_PAUSE_SMALL, _PAUSE_LARGE = 0, 400


def checked(journey: Journey, outside: Outside | None) -> Report:
    """What is wrong with a journey, seen against what is known of the outside."""
    if outside is None:
        return check(journey)
    others = {key: other for key, other in outside.published.items() if key != journey.settings.id}
    return check(journey, outside.catalogue, cap=outside.cap, others=others)


class Checking(QObject):
    """Keeps the report of one document true."""

    #: the Report, whenever there is a newer one
    checked = Signal(object)
    #: whether the last report is older than the journey
    waiting_changed = Signal(bool)

    def __init__(self, document: Document, workers: Workers, outside: Callable[[], Outside | None]) -> None:
        super().__init__(document)
        self._document = document
        self._workers = workers
        self._outside = outside
        self._work: Work | None = None
        self._report = Report(())
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._check)
        document.changed.connect(self.again)

    @property
    def report(self) -> Report:
        return self._report

    @property
    def is_waiting(self) -> bool:
        return self._waiting

    def again(self) -> None:
        """The journey or the outside has changed."""
        if self._work is not None:
            self._work.drop()
            self._work = None
        self._wait(True)
        self._timer.start(_PAUSE_SMALL if len(self._document.journey) <= SMALL else _PAUSE_LARGE)

    def now(self) -> Report:
        """Check at once, whatever it takes, and return the report."""
        self._timer.stop()
        self._found(checked(self._document.journey, self._outside()))
        return self._report

    def _check(self) -> None:
        if len(self._document.journey) <= SMALL:
            self.now()
            return
        journey, outside = self._document.journey.copy(), self._outside()

        def call(_progress: Progress) -> Report:
            return checked(journey, outside)

        self._work = self._workers.start(call, self._found)

    def _found(self, report: Report) -> None:
        self._work = None
        self._report = report
        self._wait(False)
        self.checked.emit(report)

    def _wait(self, waiting: bool) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            self.waiting_changed.emit(waiting)
