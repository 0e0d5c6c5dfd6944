"""A document and its file: open, save, see what others did to the file, and take that over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.graph.file import bytes_of, read_bytes, save_text, write_journey
from journeys.graph.journey import Journey
from widgets.document.command import Command
from widgets.document.document import Document
from widgets.document.patch import patch_between
from widgets.document.stamp import OnDisk, Stamp


class ChangedOnDisk(KanwaError):
    """Saving would write over what somebody else has saved since the file was read."""

    text = N_(
        "{name} was changed by somebody else since it was opened. Save it under another name, load what is there now, or save over it."
    )


class NoFile(KanwaError):
    """A document that was never saved is asked for its file."""

    text = N_("“{name}” has no file yet. Say where to save it.")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A journey as it was read from a file."""

    journey: Journey
    path: Path
    stamp: Stamp

    def document(self) -> Document:
        """To be made in the thread of the window."""
        return Document(self.journey, path=self.path, stamp=self.stamp)


def load(path: Path) -> Loaded:
    """Read a file; in any thread, since a large one takes seconds. Raises UnreadableJourney with all that is wrong."""
    data = bytes_of(path)
    journey = read_bytes(data, name=path.name)
    try:
        stamp = Stamp.of(data, path)
    except OSError:
        # taken away while it was read: the document is whole, and its file gone
        stamp = Stamp(len(data), 0, "")
    return Loaded(journey, path, stamp)


def on_disk(document: Document) -> OnDisk:
    """What has become of the file since it was read or written; a document without one has the same none."""
    if document.path is None or document.stamp is None:
        return OnDisk.SAME
    return document.stamp.compared(document.path)


def save(document: Document, path: Path | None = None, *, over_changes: bool = False) -> None:
    """Write the file in one move, under its own name or another that becomes its own; the document is then clean.

    A file that is gone is written anew. Raises NoFile, UnwritableJourney, and ChangedOnDisk where somebody else has
    changed the document's own file, unless `over_changes`; then nothing was written, and the document is as it was.
    """
    target = path or document.path
    if target is None:
        raise NoFile(name=document.journey.settings.name)
    if target == document.path and not over_changes and on_disk(document) is OnDisk.CHANGED:
        raise ChangedOnDisk(name=target.name)
    text = write_journey(document.journey)
    save_text(text, target)
    document.path = target
    document.stamp = Stamp.of(text.encode(), target)
    document.history.setClean()
    document.saved.emit(text)


def reload(document: Document) -> None:
    """Take over what stands in the file now, as a step that can be undone; the document is then clean.

    Raises NoFile, and UnreadableJourney; then the document is as it was.
    """
    if document.path is None:
        raise NoFile(name=document.journey.settings.name)
    loaded = load(document.path)
    patch = patch_between(document.journey, loaded.journey)
    document.do(Command(patch, _("loading of what is in the file")))
    document.set_based_on(loaded.journey.settings.based_on)
    document.stamp = loaded.stamp
    document.history.setClean()
    document.saved.emit(write_journey(document.journey))
