"""One step of the history."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtGui import QUndoCommand

from journeys.graph.journey import Journey
from widgets.document.patch import Patch

#: Qt asks two commands to merge when their numbers are the same and not -1; what really decides is `same`
_MAY_MERGE = 1
_ALONE = -1
#: seconds after which typing or nudging begins a new step
_PAUSE = 2.0


class Model:
    """The journey, and what was done to it since somebody last asked. All that a command touches."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self._done: list[Patch] = []

    def apply(self, patch: Patch) -> None:
        patch.apply(self.journey)
        self._done.append(patch)

    def take_done(self) -> list[Patch]:
        """The patches applied since this was last asked, in their order."""
        done, self._done = self._done, []
        return done


class Command(QUndoCommand):
    """A patch with the name of its act.

    `act` is what the act is called after the word “Undo”: “move of 3 nodes”. Commands of equal `same` that follow each
    other within two seconds are one step, such as letters typed into one field; None never merges.
    """

    def __init__(self, patch: Patch, act: str, *, same: Hashable | None = None) -> None:
        # what stands in a list of acts, and what follows the word “Undo”
        super().__init__(f"{act[:1].upper()}{act[1:]}\n{act}")
        self.patch = patch
        self.same = same
        self._model: Model | None = None
        self._at = 0.0

    def bind(self, model: Model, *, at: float) -> None:
        """Say what it is to be done to, and when (seconds of a steady clock); by the document, before it is pushed."""
        self._model = model
        self._at = at

    def redo(self) -> None:
        assert self._model is not None
        self._model.apply(self.patch)

    def undo(self) -> None:
        assert self._model is not None
        self._model.apply(self.patch.reversed())

    def id(self) -> int:
        return _ALONE if self.same is None else _MAY_MERGE

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802 - Qt's name
        """Take a later command in. Typing that comes back to where it began leaves no step at all."""
        if not isinstance(other, Command) or other.same != self.same or other._at - self._at > _PAUSE:
            return False
        self.patch = self.patch.then(other.patch)
        self._at = other._at
        self.setText(f"{other.text()}\n{other.actionText()}")
        self.setObsolete(not self.patch)
        return True
