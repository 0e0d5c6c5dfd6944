"""Live checks: all checks of a journey after each edit, in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

from journeys.base.catalogue import Catalogue
from journeys.graph.checks import Report, check
from journeys.graph.journey import Journey
from journeys.graph.settings import Cap, JourneySettings
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.patch import EdgeKey, NodeState, Patch, state_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a journey is checked against."""

    #: None: what needs it is not checked, and the report says so
    catalogue: Catalogue | None = None
    #: the workspace's frequency cap
    cap: Cap | None = None
    #: journeys that jumps may lead to, by id; never changed once they are given
    others: Mapping[str, Journey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Update:
    """What differs since the last update, as values of the moment: the journey goes on changing meanwhile."""

    nodes: Mapping[str, NodeState | None]
    edges: Mapping[EdgeKey, str | None]
    settings: JourneySettings


class Checking(QObject):
    """Checks a document again whenever it or the outside changes, and tells what is found, in the document's thread.

    A run that is outdated when it ends is not told, and of edits that come while one is under way only the last is
    checked. The copy that is checked follows by what changes, so that no edit costs a copy of the journey.
    """

    #: Report
    checked = Signal(object)
    _ended = Signal(int, object)

    def __init__(self, document: Document, outside: Outside | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._outside = outside or Outside()
        self._report: Report | None = None
        self._mirror = _Mirror(document.journey.copy())
        self._asked = 0
        self._is_running = False
        self._pool = QThreadPool(self)
        # one at a time: the copy belongs to whoever runs
        self._pool.setMaxThreadCount(1)
        self._ended.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        document.changed.connect(self._follow)
        self._ask()

    @property
    def report(self) -> Report | None:
        """What was told last; None before the first run has ended."""
        return self._report

    @property
    def is_outdated(self) -> bool:
        """Whether a run is under way whose end changes what was told."""
        return self._is_running

    def set_outside(self, outside: Outside) -> None:
        """Check against something else from now on."""
        self._outside = outside
        self._ask()

    def close(self) -> None:
        """Tell nothing any more, and wait until no run is under way."""
        self._document.changed.disconnect(self._follow)
        self._ended.disconnect(self._tell)
        self._pool.waitForDone()

    def _follow(self, change: Change) -> None:
        journey = self._document.journey
        nodes: dict[str, NodeState | None] = dict.fromkeys(change.removed)
        nodes.update((node, state_of(journey, node)) for node in (*change.added, *change.moved, *change.altered))
        gone = set(change.removed)
        edges = {
            (node, outlet): None if node in gone else journey.target(node, outlet)
            for node, outlet in (*change.edges_removed, *change.edges_added)
        }
        self._mirror.take(_Update(nodes, edges, journey.settings))
        self._ask()

    def _ask(self) -> None:
        self._asked += 1
        if not self._is_running:
            self._run()

    def _run(self) -> None:
        self._is_running = True
        number, outside = self._asked, self._outside

        def run() -> None:
            try:
                report = self._mirror.checked(outside)
            except Exception:
                # a plug-in's check that fails must not end all checking; the next edit tries again
                _log.exception("A journey could not be checked.")
                report = None
            self._ended.emit(number, report)

        # the call itself: a QRunnable that the pool deletes leaves a wrapper behind, which Python takes for whatever Qt puts
        # at its address next (seen as an AttributeError of a QAction)
        self._pool.start(run)

    def _tell(self, number: int, report: Report | None) -> None:
        self._is_running = False
        if number != self._asked:
            self._run()
        elif report is not None:
            self._report = report
            self.checked.emit(report)


class _Mirror:
    """A copy of the journey for one thread at a time, and the updates it has not seen yet."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._lock = threading.Lock()
        self._waiting: list[_Update] = []

    def take(self, update: _Update) -> None:
        with self._lock:
            self._waiting.append(update)

    def checked(self, outside: Outside) -> Report:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for update in waiting:
            self._patch(update).apply(self._journey)
            # a patch leaves out what publishing writes
            self._journey.settings = update.settings
        return check(self._journey, outside.catalogue, cap=outside.cap, others=outside.others)

    def _patch(self, update: _Update) -> Patch:
        journey = self._journey
        return Patch(
            {
                node: (state_of(journey, node) if node in journey else None, after)
                for node, after in update.nodes.items()
            },
            {
                edge: (journey.target(*edge) if edge[0] in journey else None, after)
                for edge, after in update.edges.items()
            },
        )
