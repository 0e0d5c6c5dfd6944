"""Two settings compared field by field, each value in words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from pydantic import BaseModel

from journeys.base.i18n import _
from journeys.criteria import Filter, Group, Leaf
from journeys.criteria import words as say_criterion
from journeys.graph.settings import Cap, QuietHours, ReEntry
from journeys.graph.words import say_cap, say_quiet_hours, say_re_entry
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.node import Names
from journeys.nodes.windows import Window, say_clock, say_window


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field with its label and both values, as they stand in a sentence."""

    field: str
    old: str
    new: str


def changes_of(
    old: BaseModel, new: BaseModel, old_names: Names, new_names: Names, *, leave_out: Collection[str] = ()
) -> Iterator[FieldChange]:
    """What differs between two settings of one model, down to the smallest part that has words of its own."""
    for name, info in type(new).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after or name in leave_out:
            continue
        label = info.title or name
        if _goes_deeper(before, after):
            for change in changes_of(before, after, old_names, new_names):
                field = _("{whole}, {part}").format(whole=label, part=change.field)
                yield FieldChange(field, change.old, change.new)
        else:
            yield FieldChange(label, _said(before, old_names), _said(after, new_names))


def raw_changes_of(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldChange]:
    """What differs between two settings of a kind that is unknown here."""
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield FieldChange(name, _written(old.get(name)), _written(new.get(name)))


def _goes_deeper(before: object, after: object) -> bool:
    return (
        isinstance(before, BaseModel)
        and type(before) is type(after)
        and not isinstance(before, Group | Leaf | Filter | Duration | Window | ReEntry | QuietHours | Cap)
    )


def _said(value: object, names: Names) -> str:
    match value:
        case None:
            return _("nothing")
        case bool():
            return _("yes") if value else _("no")
        case Duration():
            return say_duration(value)
        case Window():
            return say_window(value)
        case ReEntry():
            return say_re_entry(value)
        case QuietHours():
            return say_quiet_hours(value)
        case Cap():
            return say_cap(value)
        case time():
            return say_clock(value)
        case str():
            return _("“{text}”").format(text=value)
        case Group() | Leaf():
            return _("“{text}”").format(text=say_criterion(value, names))
        case Filter():
            return value.words()
        case BaseModel():
            parts = (
                _("{field}: {value}").format(field=info.title or name, value=_said(getattr(value, name), names))
                for name, info in type(value).model_fields.items()
            )
            return _("({parts})").format(parts=_(", ").join(parts))
        case tuple() | list():
            return _(", ").join(_said(item, names) for item in value) or _("nothing")
        case _:
            return _written(value)


def _written(value: object) -> str:
    return _("nothing") if value is None else json.dumps(value, ensure_ascii=False, default=str)
