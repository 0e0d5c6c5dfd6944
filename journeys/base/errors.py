"""The family of errors a person may meet.

Each class carries its sentence as a template: what, where, and what to do. Whoever raises gives the values by name.
Anything that is not a `KanwaError` is a defect of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar

from journeys.base.i18n import N_, _, ngettext


class KanwaError(Exception):
    """A problem a person can understand and mend.

    `text` is a translatable template filled from the keyword values; `values` keeps them for machines.
    """

    text: ClassVar[str] = N_("Something is wrong.")
    #: in place of `text` where the sentence depends on the number among the values that `counted` names
    plural: ClassVar[tuple[str, str] | None] = None
    counted: ClassVar[str] = "n"

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self.values = values

    def __str__(self) -> str:
        text = _(self.text) if self.plural is None else ngettext(*self.plural, self.values[self.counted])
        return text.format(**self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.values))


def _rebuild(kind: type[KanwaError], values: dict[str, Any]) -> KanwaError:
    return kind(**values)


class UsageError(KanwaError):
    """The person asked for something that cannot be asked for. Commands leave with code 2."""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """“; the nearest is …” as a sentence of its own, or nothing when no known name comes near."""
    near = nearest(wrong, known)
    return " " + _("The nearest is “{name}”.").format(name=near) if near is not None else ""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that comes near a wrong one, if any does."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return near[0] if near else None
