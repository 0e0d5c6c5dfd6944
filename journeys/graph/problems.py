"""What may be wrong with a journey file: the error that carries all of it at once."""

from __future__ import annotations

from dataclasses import dataclass

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _, ngettext

#: problems told in the error's text; a file that was not written for us at all may have thousands
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that keeps a file from being read."""

    #: whole sentence, names included
    sentence: str
    #: id of the node it is about, or nothing
    node: str = ""
    #: dotted path within the node, or within the file where there is no node
    field: str = ""


class UnreadableJourney(KanwaError):
    """A text or file is no journey this version can read. `problems` holds every one that was found."""

    text = N_("{name} cannot be read. {sentences}")

    @property
    def problems(self) -> tuple[FileProblem, ...]:
        found: tuple[FileProblem, ...] = self.values["problems"]
        return found

    def __str__(self) -> str:
        told = [problem.sentence for problem in self.problems[:_MOST_TOLD]]
        more = len(self.problems) - len(told)
        if more:
            told.append(ngettext("And {n} more.", "And {n} more.", more).format(n=more))
        return _(self.text).format(name=self.values["name"], sentences="\n".join(told))


class UnwritableJourney(KanwaError):
    """The file could not be written; what was there before is still there."""

    text = N_("The journey could not be saved as {path}: {reason}. The file there is as it was.")
