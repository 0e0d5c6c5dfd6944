"""One open journey: its document, its file, its checks, what is kept for a crash. What stands in a tab, without the tab."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.desktop import files
from app.desktop.outside import Outside
from journeys.graph.checks import Report
from journeys.graph.journey import Journey
from widgets.document import storing
from widgets.document.change import Change
from widgets.document.checking import Checking
from widgets.document.document import Document
from widgets.document.recovery import Recovery
from widgets.document.selection import Selection
from widgets.document.stamp import OnDisk, Stamp
from widgets.document.watching import Watching

_NOTHING_FOUND = Report(())


class OpenJourney(QObject):
    """A journey that is being worked on."""

    #: name, whether it is saved, or the file it belongs to
    title_changed = Signal()
    #: OnDisk: what others did to the file
    on_disk_changed = Signal(object)
    #: a sentence: what is done is not kept for a crash
    not_kept = Signal(str)

    def __init__(
        self,
        document: Document,
        *,
        outside: Outside | None = None,
        recovery_folder: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Without `recovery_folder` nothing is kept for a crash."""
        super().__init__(parent)
        self.document = document
        document.setParent(self)
        self.selection = Selection(document, parent=self)
        self.on_disk = OnDisk.SAME
        key = document.journey.settings.id
        self.checking = Checking(document, outside.for_checks(key) if outside is not None else None, parent=self)
        self.recovery = Recovery(document, recovery_folder, parent=self) if recovery_folder is not None else None
        if self.recovery is not None:
            self.recovery.failed.connect(self.not_kept)
        self._watching = Watching(document, parent=self)
        self._watching.changed.connect(self._found_on_disk)
        document.changed.connect(self._changed)
        document.clean_changed.connect(self.title_changed)
        document.saved.connect(self._saved)

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
    def report(self) -> Report:
        """What the checks found last."""
        return self.checking.report or _NOTHING_FOUND

    @property
    def is_read_only(self) -> bool:
        return self.file is not None and files.is_read_only(self.file)

    @property
    def is_saved(self) -> bool:
        """Whether closing would lose nothing."""
        return self.document.is_clean and self.on_disk is not OnDisk.GONE

    @property
    def is_untouched(self) -> bool:
        """A new journey in which nothing was done: it may give its place to one that is opened."""
        return self.file is None and self.document.is_clean and self.document.history.count() == 0

    def know(self, outside: Outside | None) -> None:
        """Check against what is known of the store by now."""
        if outside is not None:
            self.checking.set_outside(outside.for_checks(self.journey.settings.id))

    def look_at_disk(self) -> OnDisk:
        """Look whether others changed the file or took it away; the signal tells when that is new."""
        self._found_on_disk(storing.on_disk(self.document))
        return self.on_disk

    def save(self, file: Path | None = None, *, over: bool = False) -> None:
        """Save into its file, or into another one from now on.

        Raises ChangedOnDisk, unless `over`; ReadOnly, UnwritableJourney. Nothing is written then.
        """
        target = file or self.file
        if target is not None and files.is_read_only(target):
            raise files.ReadOnly(file=target)
        storing.save(self.document, file, over_changes=over)

    def keep_mine(self) -> None:
        """What stands on the disk now is known, and the next save writes over it."""
        assert self.file is not None
        try:
            self.document.stamp = Stamp.of(self.file.read_bytes(), self.file)
        except OSError:
            self.document.stamp = None
        # what is on the disk is another journey than the one shown
        self.document.history.resetClean()
        self._found_on_disk(OnDisk.SAME)

    def take_theirs(self) -> None:
        """Take what stands in the file now, as one step that can be undone. Raises UnreadableJourney."""
        storing.reload(self.document)

    def published(self, hash_: str) -> None:
        """Remember the version it is now based on, in the file too where nothing else waits to be saved there.

        Raises what `save` raises; the journey is published all the same.
        """
        was_clean = self.document.is_clean and self.file is not None
        self.document.set_based_on(hash_)
        if was_clean:
            self.save()

    def close(self) -> None:
        """It is closed on purpose: nothing has to be restored, and nobody waits for its checks."""
        self.checking.close()
        if self.recovery is not None:
            self.recovery.close()

    def _found_on_disk(self, now: OnDisk) -> None:
        if now is not self.on_disk:
            self.on_disk = now
            self.on_disk_changed.emit(now)
            self.title_changed.emit()

    def _saved(self) -> None:
        self._found_on_disk(OnDisk.SAME)
        self.title_changed.emit()

    def _changed(self, change: Change) -> None:
        if change.journey:
            self.title_changed.emit()
