"""One open journey: its document, its file, its checks. What stands in a tab, without the tab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.desktop import files
from app.desktop.checking import Checking
from app.desktop.files import Mark, Situation
from app.desktop.outside import Outside
from app.desktop.work import Workers
from journeys.base.i18n import _
from journeys.graph.journey import Journey
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.patch import Patch
from widgets.document.selection import Selection


class OpenJourney(QObject):
    """A journey that is being worked on."""

    #: name, whether it is saved, or the file it belongs to
    title_changed = Signal()
    #: a Situation: how the file on the disk stands to what was read from it
    situation_changed = Signal(object)

    def __init__(
        self,
        journey: Journey,
        *,
        file: Path | None = None,
        mark: Mark | None = None,
        read_only: bool = False,
        workers: Workers,
        outside: Callable[[], Outside | None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = Document(journey, path=file, parent=self)
        self.selection = Selection(self.document, parent=self)
        self.read_only = read_only
        self._mark = mark
        self._situation = Situation.SAME
        self.checking = Checking(self.document, workers, outside)
        self.document.changed.connect(self._changed)
        self.document.clean_changed.connect(self.title_changed)

    @property
    def journey(self) -> Journey:
        return self.document.journey

    @property
    def file(self) -> Path | None:
        return self.document.path

    @property
    def name(self) -> str:
        return self.journey.settings.name

    @property
    def is_saved(self) -> bool:
        """Whether closing would lose nothing."""
        return self.document.is_clean and self._situation is not Situation.VANISHED

    @property
    def is_untouched(self) -> bool:
        """A new journey in which nothing was done: it may give its place to one that is opened."""
        return self.file is None and self.document.is_clean and self.document.history.count() == 0

    @property
    def situation(self) -> Situation:
        return self._situation

    def look_at_disk(self) -> Situation:
        """Look whether the file was changed or is gone; the signal tells when that is new."""
        now = Situation.SAME if self.file is None else files.situation(self.file, self._mark)
        if now is not self._situation:
            self._situation = now
            self.situation_changed.emit(now)
            self.title_changed.emit()
        return now

    def save(self, file: Path | None = None, *, over: bool = False) -> None:
        """Save into its file, or into another one from now on.

        Raises ChangedOnDisk, unless `over` or another file is given; ReadOnly, UnwritableJourney. Nothing is lost then.
        """
        target = file or self.file
        assert target is not None
        elsewhere = target != self.file
        known = None if elsewhere else self._mark
        self._mark = files.write(self.journey, target, known=known, over=over)
        self.document.path = target
        self.read_only = False
        self.document.history.setClean()
        self._stands(Situation.SAME)
        self.title_changed.emit()

    def keep_mine(self) -> None:
        """What stands on the disk now is known, and the next save writes over it."""
        assert self.file is not None
        self._mark = files.mark_of(self.file)
        # what is on the disk is another journey than the one shown
        self.document.history.resetClean()
        self._stands(Situation.SAME)

    def take(self, theirs: files.Read) -> None:
        """Take what stands in the file now, as one step that can be undone."""
        from widgets.document.command import Command

        self.document.do(Command(difference(self.journey, theirs.journey), _("taking over of the file")))
        self._mark = theirs.mark
        self.read_only = theirs.read_only
        self.document.history.setClean()
        self._stands(Situation.SAME)

    def published(self, hash_: str) -> None:
        """Remember the version it is now based on; this is no step of the history."""
        settings = self.journey.settings
        self.journey.settings = settings.model_copy(update={"based_on": hash_})
        if self.file is not None and self.document.is_clean:
            self.save(over=False)

    def _stands(self, situation: Situation) -> None:
        if situation is not self._situation:
            self._situation = situation
            self.situation_changed.emit(situation)

    def _changed(self, change: Change) -> None:
        if change.journey:
            self.title_changed.emit()


def difference(mine: Journey, theirs: Journey) -> Patch:
    """What makes another journey of this one."""
    from widgets.document.patch import state_of

    nodes = {}
    for node in dict.fromkeys([*mine.node_ids(), *theirs.node_ids()]):
        was = state_of(mine, node) if node in mine else None
        becomes = state_of(theirs, node) if node in theirs else None
        if was != becomes:
            nodes[node] = (was, becomes)
    led = {(edge.source, edge.outlet): edge.target for edge in mine.edges()}
    leads = {(edge.source, edge.outlet): edge.target for edge in theirs.edges()}
    edges = {
        key: (led.get(key), leads.get(key))
        for key in dict.fromkeys([*led, *leads])
        if led.get(key) != leads.get(key)
    }
    settings = None if mine.settings == theirs.settings else (mine.settings, theirs.settings)
    return Patch(nodes, edges, settings)
