"""The journey under work: a model with signals, changed by commands alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import reduce
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from journeys.base.i18n import _
from journeys.graph.journey import Journey
from widgets.document.change import Change
from widgets.document.command import Command, Model
from widgets.document.draft import Draft
from widgets.document.patch import Patch
from widgets.document.stamp import Stamp


class Document(QObject):
    """A journey with its history.

    Read `journey` as you like; change it by the functions of `acts`, or by a command of your own. The stack's clean
    state is the only flag that says whether something is unsaved. Signals come after the model has changed.
    """

    #: Change, once per do, undo, redo and jump in the history
    changed = Signal(object)
    clean_changed = Signal(bool)
    #: the text of the file, once it has been written
    saved = Signal(str)

    def __init__(
        self,
        journey: Journey,
        *,
        path: Path | None = None,
        stamp: Stamp | None = None,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stamp` is how the file looked when the journey was read from it. `clock` gives seconds, and only serves to tell
        one run of typing from the next."""
        super().__init__(parent)
        self._model = Model(journey)
        self._clock = clock
        self.path = path
        self.stamp = stamp
        self.history = QUndoStack(self)
        # not told from the commands: while Qt runs them the stack does not know yet whether it is clean
        self.history.indexChanged.connect(self._tell)
        self.history.cleanChanged.connect(self.clean_changed)

    @property
    def journey(self) -> Journey:
        """READ ONLY: change it by commands."""
        return self._model.journey

    @property
    def is_clean(self) -> bool:
        """Whether the journey is as it was last saved."""
        return self.history.isClean()

    def set_based_on(self, version: str | None) -> None:
        """Name the published version that the draft started from, by its hash; outside the history and its clean state.

        Whoever has published a clean document saves it then, so that the file says so too.
        """
        settings = self._model.journey.settings
        if settings.based_on != version:
            self._model.journey.settings = settings.model_copy(update={"based_on": version})
            self.changed.emit(Change(journey=True))

    def draft(self) -> Draft:
        """To put an act together in: what is changed there is done by `do_draft`."""
        return Draft(self._model.journey)

    def do(self, command: Command) -> None:
        """Do it, as the newest step of the history. A command without any difference is not done."""
        if not command.patch:
            return
        command.bind(self._model, at=self._clock())
        self.history.push(command)

    def do_draft(self, draft: Draft, act: str, *, same: Hashable | None = None) -> None:
        """Do what a draft holds as one step. `act` and `same` are as for `Command`."""
        self.do(Command(draft.patch(), act, same=same))

    def undo_text(self) -> str:
        """“Undo move of 3 nodes”; without a step to undo, “Undo”."""
        if not self.history.canUndo():
            return _("Undo")
        return _("Undo {act}").format(act=self.history.undoText())

    def redo_text(self) -> str:
        if not self.history.canRedo():
            return _("Redo")
        return _("Redo {act}").format(act=self.history.redoText())

    def _tell(self) -> None:
        done = self._model.take_done()
        patch = reduce(Patch.then, done, Patch())
        if patch:
            self.changed.emit(patch.change())
