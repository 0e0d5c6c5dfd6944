"""Recovery: what was done since the last save is kept in a file after each command, and offered after a crash.

The file is a journal: what the journey was, then one line a command with what differs, so that a command costs the same
in a large journey as in a small one. It is locked as long as its document is open; one that nobody locks was left behind.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import platformdirs
import portalocker
from PySide6.QtCore import QObject, QTimer, Signal

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.graph.content import node_content, place_content, settings_content
from journeys.graph.file import read_journey, write_journey
from widgets.document.change import Change
from widgets.document.document import Document
from widgets.document.stamp import Stamp

_SUFFIX = ".recovery"
_LOCK = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING


def recovery_folder() -> Path:
    """Where this user's recovery files lie."""
    return platformdirs.user_state_path("kanwa", appauthor=False) / "recovery"


class Recovery(QObject):
    """Keeps the recovery file of one document. Make one for each document that is opened; close it with the document."""

    #: a sentence: from now on nothing is kept, since the file could not be written
    failed = Signal(str)

    def __init__(self, document: Document, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._folder = folder
        self._path: Path | None = None
        self._file: IO[str] | None = None
        self._is_over = False
        document.changed.connect(self._keep)
        document.saved.connect(self._begin)
        # once the window has been painted: writing 2,000 nodes takes 65 ms
        QTimer.singleShot(0, self, self._begin_idly)

    def close(self) -> None:
        """The document is closed on purpose: nothing has to be recovered."""
        self._is_over = True
        self._forget()

    def _begin_idly(self) -> None:
        if self._file is None:
            self._begin(write_journey(self._document.journey))

    def _begin(self, text: str) -> None:
        """Start a new journal from the journey as it is now, and only then let the old one go."""
        if self._is_over:
            return
        document = self._document
        stamp = document.stamp
        head = {
            "path": str(document.path) if document.path is not None else None,
            "stamp": [stamp.size, stamp.mtime_ns, stamp.digest] if stamp is not None else None,
            "clean": document.is_clean,
            "text": text,
        }
        old, old_path = self._file, self._path
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / f"{secrets.token_hex(8)}{_SUFFIX}"
            # kept open: it is appended to after each command, and its lock says that it is in use
            file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w", encoding="utf-8")
            portalocker.lock(file, _LOCK)
            self._file, self._path = file, path
            self._write(head)
        except (OSError, portalocker.LockException) as error:
            self._give_up(error)
        if old is not None and old_path is not None and old is not self._file:
            old.close()
            old_path.unlink(missing_ok=True)

    def _keep(self, change: Change) -> None:
        if self._file is None:
            # what was done already is in the text
            self._begin_idly()
            return
        journey = self._document.journey
        nodes: dict[str, dict[str, Any] | None] = dict.fromkeys(change.removed)
        for node in change.moved:
            x, y = journey.place(node)
            nodes[node] = {"x": place_content(x), "y": place_content(y)}
        for node in (*change.added, *change.altered):
            nodes[node] = node_content(journey, node)
        gone = set(change.removed)
        edges = [
            [node, outlet, None if node in gone else journey.target(node, outlet)]
            for node, outlet in {*change.edges_removed, *change.edges_added}
        ]
        line: dict[str, Any] = {"clean": self._document.is_clean, "nodes": nodes, "edges": edges}
        if change.journey:
            line["graph"] = settings_content(journey)
        try:
            self._write(line)
        except OSError as error:
            self._give_up(error)

    def _write(self, line: dict[str, Any]) -> None:
        assert self._file is not None
        # the system keeps it when we crash; waiting for the disk after each command would be felt
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def _give_up(self, error: Exception) -> None:
        self._is_over = True
        self._forget()
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.failed.emit(_("What you do is not kept for recovery: {reason}. Save now and then.").format(reason=reason))

    def _forget(self) -> None:
        if self._file is not None and self._path is not None:
            # a full disk does not take what is left in the buffer
            with suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)
        self._file = self._path = None


@dataclass(frozen=True, slots=True)
class Recoverable:
    """A document that was not saved when the program ended."""

    #: the recovery file
    file: Path
    #: the document's own file, if it had one
    path: Path | None
    #: of the journey
    name: str
    #: of the last command that was kept
    changed_at: Instant


def recoverable(folder: Path) -> tuple[Recoverable, ...]:
    """What may be recovered, the newest first; files of documents that are open, and of nothing unsaved, are left out.

    The latter are removed, as are those that hold nothing that can be read.
    """
    found = []
    for file in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            with file.open(encoding="utf-8") as opened:
                portalocker.lock(opened, _LOCK)
                head, *lines = list(_lines(opened))
                changed_at = Instant(int(os.fstat(opened.fileno()).st_mtime))
        except (OSError, portalocker.LockException):
            continue
        except ValueError:
            # nothing was written whole, not even what the journey was
            file.unlink(missing_ok=True)
            continue
        if [head, *lines][-1]["clean"]:
            file.unlink(missing_ok=True)
            continue
        path = Path(head["path"]) if head["path"] is not None else None
        graphs = [line["graph"] for line in lines if "graph" in line]
        name = (graphs[-1] if graphs else json.loads(head["text"])["graph"])["name"]
        found.append(Recoverable(file, path, name, changed_at))
    return tuple(sorted(found, key=lambda one: one.changed_at, reverse=True))


def recover(one: Recoverable) -> Document:
    """The document as it was when the program ended, unsaved and without its history.

    Raises OSError where the file is gone, UnreadableJourney where a newer version wrote it. The recovery file stays: make
    the document's new `Recovery`, then `forget` the old file.
    """
    with one.file.open(encoding="utf-8") as opened:
        head, *lines = list(_lines(opened))
    data = json.loads(head["text"])
    nodes = {node["id"]: node for node in data["nodes"]}
    edges = {(edge["source"], edge["key"]): edge["target"] for edge in data["edges"]}
    for line in lines:
        for node, values in line["nodes"].items():
            if values is None:
                nodes.pop(node, None)
            else:
                nodes[node] = {**nodes.get(node, {}), **values}
        for node, outlet, target in line["edges"]:
            edges[node, outlet] = target
        data["graph"] = line.get("graph", data["graph"])
    data["nodes"] = list(nodes.values())
    data["edges"] = [
        {"source": node, "target": target, "key": outlet}
        for (node, outlet), target in edges.items()
        if target is not None
    ]
    journey = read_journey(json.dumps(data), name=one.name)
    document = Document(journey, path=one.path, stamp=Stamp(*head["stamp"]) if head["stamp"] is not None else None)
    document.history.resetClean()
    return document


def forget(one: Recoverable) -> None:
    """Remove a recovery file: the document was recovered, or nobody wants it."""
    one.file.unlink(missing_ok=True)


def _lines(opened: IO[str]) -> Iterator[dict[str, Any]]:
    """The lines that were written whole: a power cut may leave half of the last one. Raises ValueError without any."""
    count = 0
    for text in opened:
        try:
            line = json.loads(text)
        except ValueError:
            break
        count += 1
        yield line
    if not count:
        raise ValueError
