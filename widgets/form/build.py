"""From the shape of a field to the editor that fits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from pydantic import BaseModel
from PySide6.QtWidgets import QWidget

from journeys.base.i18n import _
from journeys.criteria import Filter
from journeys.nodes.durations import Duration
from journeys.nodes.wait import ForDuration
from widgets.form import labels, shapes
from widgets.form.compound import RecordField, VariantField
from widgets.form.editor import Context, Editor
from widgets.form.fields import (
    ChoiceField,
    ClockField,
    DayField,
    LongTextField,
    NamedField,
    NumberField,
    TextField,
    ToggleField,
    WeekdaysField,
)
from widgets.form.scalar import AnyValueField, ScalarField, compared
from widgets.form.several import ListField, MaybeField
from widgets.form.shapes import FieldOf, Shape

#: what a model begins with when a person adds it, where its defaults do not make one
_FRESH: dict[str, Any] = {
    "Duration": {"amount": 1, "unit": "days"},
    "Window": {"from": "09:00"},
    "QuietHours": {"from": "21:00", "to": "08:00"},
    "Cap": {"at_most": 2, "within_days": 7},
    "Ladder": {"channels": ["email"]},
}

_Part = Callable[[str], Any]


def _ends_at_a_moment(part: _Part) -> bool:
    rule = part("rule")
    return not isinstance(rule, dict) or rule.get("type") not in ("events", "criterion")


#: fields that mean something only while others say so
_ONLY_WHEN: dict[str, dict[str, Callable[[_Part], bool]]] = {
    "DateTrigger": {"leap_day": lambda part: part("yearly") is True},
    "EventTrigger": {"within_days": lambda part: part("nth") is not None},
    "Late": {"window": lambda part: part("then") == "next window"},
    "ProductTrigger": {"at_least_percent": lambda part: part("what") == "price drop"},
    "ReEntry": {"days": lambda part: part("rule") == "after days"},
    "SegmentTrigger": {
        "moved_from": lambda part: part("movement") == "entered",
        "left_within_days": lambda part: part("moved_from") is not None,
    },
    "Send": {
        "channel": lambda part: part("ladder") is None,
        "service_keeps_quiet_hours": lambda part: part("message_class") == "service",
    },
    "Wait": {"then": _ends_at_a_moment, "late": _ends_at_a_moment},
}

#: what it means that a criterion is left out, where it does not mean everybody
_NOBODY: dict[str, str] = {"exit_when": _("Nobody leaves before the end."), "goal": _("There is no goal.")}

#: names of outlets, which are given once and never change: people read the label
_QUIET: dict[str, tuple[str, ...]] = {"Arm": ("id",), "Listen": ("outlet",)}

#: words of the buttons that add to a list
_MORE: dict[str, str] = {
    "arms": _("Arm"),
    "changes": _("Change"),
    "channels": _("Channel"),
    "events": _("Event"),
    "listen": _("Event"),
    "segments": _("Segment"),
    "where": _("Condition"),
}


def record(
    context: Context,
    model: type[BaseModel],
    *,
    leave_out: Sequence[str] = (),
    one_of: Sequence[str] = (),
    parent: QWidget | None = None,
) -> RecordField:
    """The form of a model. Raises NoShape where a field is of a kind that no form knows."""
    return RecordField(
        context,
        model,
        make,
        leave_out=leave_out,
        one_of=one_of,
        quiet=_QUIET.get(model.__name__, ()),
        only_when=_ONLY_WHEN.get(model.__name__, {}),
        inline=issubclass(model, Duration) and model is not ForDuration,
        parent=parent,
    )


def make(context: Context, field: FieldOf, sibling: Callable[[str], Any]) -> Editor:
    """The editor of a field."""
    return _editor(context, field, field.shape, sibling, optional=False)


def _editor(context: Context, field: FieldOf, shape: Shape, sibling: Callable[[str], Any], *, optional: bool) -> Editor:
    match shape:
        case shapes.Maybe(inner=inner):
            return _maybe(context, field, inner, sibling)
        case shapes.Text(long=True):
            return LongTextField(context, optional=optional)
        case shapes.Text():
            return TextField(context, optional=optional)
        case shapes.Named(kind="channel"):
            words = [(one.key, one.shown) for one in context.source.suggestions("channel")]
            return ChoiceField(context, words, optional=optional)
        case shapes.Named(kind=kind):
            within = (lambda: sibling("funnel")) if kind == "stage" else None
            return NamedField(context, kind, optional=optional, within=within)
        case shapes.Number():
            return NumberField(context, whole=shape.whole, low=shape.low, high=shape.high, optional=optional)
        case shapes.Toggle():
            if optional:
                return ChoiceField(context, [(True, _("yes")), (False, _("no"))], optional=True)
            return ToggleField(context, labels.title(field.name, field.title))
        case shapes.Choice(values=values):
            words = [(value, labels.word(value, field.name)) for value in values]
            return ChoiceField(context, words, optional=optional)
        case shapes.Clock():
            return ClockField(context, optional=optional)
        case shapes.Day():
            return DayField(context, optional=optional)
        case shapes.Weekdays():
            return WeekdaysField(context)
        case shapes.Scalar(lists=True):
            return AnyValueField(context)
        case shapes.Scalar():
            return ScalarField(context)
        case shapes.Compared(model=model):
            return compared(context, model, optional=optional)
        case shapes.Record(model=model):
            return record(context, model)
        case shapes.Variant():
            return VariantField(
                context,
                field,
                shape,
                lambda model, tag: record(context, model, leave_out=[tag]),
                optional=optional,
            )
        case shapes.Listed(item=item):
            return _list(context, field, item, sibling)
        case shapes.Who():
            # a criterion is edited by a room of its own, which is built on this one
            from widgets.criterion.editor import CriterionField

            return CriterionField(context, optional=optional, nobody=_NOBODY.get(field.name, ""))


def _maybe(context: Context, field: FieldOf, inner: Shape, sibling: Callable[[str], Any]) -> Editor:
    if not isinstance(inner, shapes.Record):
        return _editor(context, field, inner, sibling, optional=True)
    return MaybeField(
        context,
        labels.title(field.name, field.title),
        lambda: _editor(context, field, inner, sibling, optional=False),
        _FRESH.get(inner.model.__name__, {}),
    )


def _list(context: Context, field: FieldOf, item: Shape, sibling: Callable[[str], Any]) -> Editor:
    framed = isinstance(item, shapes.Record | shapes.Variant | shapes.Compared)
    inner = FieldOf(field.name, item, "", required=True)
    return ListField(
        context,
        lambda: _editor(context, inner, item, sibling, optional=False),
        what=_MORE.get(field.name) or _("Entry"),
        framed=framed,
        fresh=lambda there: _fresh(item, there),
    )


def _fresh(item: Shape, there: list[Any]) -> Any:
    match item:
        case shapes.Variant(tag=tag, members=members):
            return {tag: members[0][0]}
        case shapes.Compared(model=model) if issubclass(model, Filter):
            return {"field": "", "op": "=", "value": ""}
        case shapes.Record(model=model):
            names = {one.name for one in shapes.fields_of(model)}
            # names of outlets: a person sees the label, and the id never changes
            return {
                name: next(key for n in count(1) if (key := f"{word}-{n}") not in [one.get(name) for one in there])
                for name, word in (("id", "way"), ("outlet", "event"))
                if name in names
            }
        case _:
            return None
