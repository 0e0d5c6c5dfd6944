"""Being told when a document's file changes under it."""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from widgets.document.document import Document
from widgets.document.stamp import OnDisk
from widgets.document.storing import on_disk


class Watching(QObject):
    """Tells what becomes of a document's file, once for each time it becomes something else.

    The folder is watched too: whoever saves in one move, as we do, puts another file in place of the one watched.
    """

    #: OnDisk
    changed = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._told = OnDisk.SAME
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._look)
        self._watcher.directoryChanged.connect(self._look)
        document.saved.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        """Watch the file that is the document's own by now."""
        self._told = OnDisk.SAME
        watched = [*self._watcher.files(), *self._watcher.directories()]
        if watched:
            self._watcher.removePaths(watched)
        path = self._document.path
        if path is not None:
            self._watcher.addPaths([str(one) for one in (path, path.parent) if one.exists()])

    def _look(self) -> None:
        path = self._document.path
        if path is not None and path.exists() and str(path) not in self._watcher.files():
            self._watcher.addPath(str(path))
        now = on_disk(self._document)
        if now is not self._told:
            self._told = now
            self.changed.emit(now)
