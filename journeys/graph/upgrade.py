"""Older formats of the file, brought to the present one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeys.base.i18n import _
from journeys.graph.decode import NotDecoded
from journeys.graph.problems import FileProblem

#: the format this version writes
FORMAT = 1

#: from a format to the next: takes the whole JSON object, gives the whole JSON object, must not ask the outside
Step = Callable[[dict[str, Any]], dict[str, Any]]

#: format → step to the next. Format 1 is the first, so nothing stands here yet
STEPS: Mapping[int, Step] = {}


def upgraded(data: dict[str, Any], *, to: int = FORMAT, steps: Mapping[int, Step] = STEPS) -> dict[str, Any]:
    """The file's object in format `to`. Raises NotDecoded for a newer format, an unknown one or none."""
    number = data.get("kanwa")
    if number is None:
        raise _refused(_("It is no journey: the format number “kanwa” is missing."))
    if type(number) is not int:
        raise _refused(_("The format number “kanwa” is not a whole number."))
    if number > to:
        raise _refused(
            _(
                "It was written by a newer Kanwa: its format is {number}, this version reads up to {to}. Update Kanwa to open it."
            ).format(number=number, to=to)
        )
    while number < to:
        if number not in steps:
            raise _refused(_("Its format is {number}, which no version of Kanwa wrote.").format(number=number))
        data = {**steps[number](data), "kanwa": number + 1}
        number += 1
    return data


def _refused(sentence: str) -> NotDecoded:
    return NotDecoded(FileProblem(sentence, field="kanwa"))
