"""What is wrong with data that should become a model: one sentence a problem, with the place, in our own words.

The models of all rooms are checked by pydantic; people read the sentences of this table, never pydantic's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_, _, ngettext

Model = TypeVar("Model", bound=BaseModel)

#: fields by which a union tells its members apart
_TELLING = ("leaf", "type", "by", "do", "kind", "on", "op", "rule")
#: kinds of errors that concern a whole model, not one of its fields
_WHOLE = ("value_error", "assertion_error", "model_type", "model_attributes_type", "dict_type")
#: longest piece of somebody's data shown in a sentence
_SHOWN = 60


class SettingsError(ValueError):
    """Raised inside a model's validator; its sentence is shown as it stands.

    `path` names the field where a validator of the whole model knows which one it is.
    """

    def __init__(self, sentence: str, path: str = "") -> None:
        super().__init__(sentence)
        self.path = path


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with data."""

    #: such as "criterion.all[1].value"; empty for the data as a whole
    path: str
    sentence: str

    def __str__(self) -> str:
        return _("{path}: {sentence}").format(path=self.path, sentence=self.sentence) if self.path else self.sentence


class InvalidData(KanwaError):
    """Data does not fit its model; `problems` says all that is wrong."""

    text = N_("{where} does not fit. {problems}")

    def __init__(self, *, where: str, problems: Sequence[FieldProblem]) -> None:
        super().__init__(where=where, problems="\n".join(map(str, problems)))
        self.where = where
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.where, self.problems))


def _rebuild(where: str, problems: Sequence[FieldProblem]) -> InvalidData:
    return InvalidData(where=where, problems=problems)


def parse_model(model: type[Model], data: Any, *, where: str) -> Model:
    """The data as a model. `where` begins the message, such as “Step “Welcome””. Raises InvalidData with every problem."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidData(where=where, problems=problems_of(error, data)) from None


def coerced(model: BaseModel, data: Any) -> list[FieldProblem]:
    """Where a model took a value of another type than JSON gave it: “"3"” for 3, 1 for true.

    A file says what it means: what is read otherwise would be saved otherwise. Values that a model writes in a form of
    its own, such as a list for a word, are left to it.
    """
    return [FieldProblem(path, sentence) for path, sentence in _coerced(model.model_dump(by_alias=True), data)]


def _coerced(taken: Any, given: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match given, taken:
        case Mapping(), Mapping():
            for name, value in given.items():
                if name in taken:
                    yield from _coerced(taken[name], value, f"{path}.{name}" if path else str(name))
        case list(), list() | tuple() if len(given) == len(taken):
            for n, (value, other) in enumerate(zip(given, taken, strict=True)):
                yield from _coerced(other, value, f"{path}[{n}]")
        case ((bool() | int() | float() | str()), _) if (wanted := _other_type(given, taken)) is not None:
            detail = ErrorDetails(type=wanted, loc=(), msg="", input=given)
            yield path, _sentence(detail)
        case _:
            pass


def _other_type(given: object, taken: object) -> str | None:
    """The name of pydantic's error for a value that is not what it was taken for; None where it is."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    match taken:
        case bool():
            return None if isinstance(given, bool) else "bool_type"
        case int():
            return None if number else "int_type"
        case float() | Decimal():
            return None if number else "float_type"
        case str() | Enum():
            return None if isinstance(given, str) else "string_type"
        case datetime():
            return None if isinstance(given, str) else "datetime_type"
        case date():
            return None if isinstance(given, str) else "date_type"
        case time():
            return None if isinstance(given, str) else "time_type"
        case _:
            return None


def problems_of(error: ValidationError, data: Any = None) -> list[FieldProblem]:
    """Every problem once, in the order of the data. With the data that was refused, paths leave out what is not in it."""
    problems: dict[FieldProblem, None] = {}
    places: set[str] = set()
    details = [(detail, _path(detail, data)) for detail in error.errors(include_url=False)]
    for detail, path in details:
        own = detail.get("ctx", {}).get("error")
        if isinstance(own, SettingsError) and own.path:
            path = f"{path}.{own.path}" if path else own.path
        if path in places and detail["type"] not in ("value_error", "extra_forbidden", "missing"):
            # each member of a union says why it is not the one
            continue
        if detail["type"] == "too_short" and any(other.startswith(f"{path}[") for _detail, other in details):
            # what was refused is not counted; there are entries
            continue
        places.add(path)
        problems[FieldProblem(path, _sentence(detail))] = None
    return list(problems)


def _path(detail: ErrorDetails, data: Any) -> str:
    """The place as the data names it; pydantic also names members of unions and wrappers on the way."""
    said = ""
    here = data
    loc = detail["loc"]
    told = False
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if isinstance(part, int):
            said += f"[{part}]"
            here = here[part] if isinstance(here, Sequence) and not isinstance(here, str) and part < len(here) else None
            told = False
            continue
        if data is not None:
            if not isinstance(here, Mapping):
                continue
            is_tag = not told and part in [here.get(field) for field in _TELLING]
            if is_tag and (not last or detail["type"] in _WHOLE):
                told = True
                continue
            if part not in here and not (last and detail["type"] == "missing"):
                continue
            here = here.get(part)
            told = False
        said += f".{part}" if said else part
    return said


def _sentence(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in ("value_error", "assertion_error"):
        own = detail.get("ctx", {}).get("error")
        return (
            str(own) if isinstance(own, SettingsError) else _("{value} does not fit here.").format(value=_shown(detail))
        )
    told = _TOLD.get(kind)
    if told is not None:
        return told(detail)
    return _(_SENTENCES.get(kind, _OTHER)).format(value=_shown(detail), **detail.get("ctx", {}))


_OTHER = N_("{value} does not fit here.")

#: kind of pydantic error → our sentence; `value` is what was given, the other names are pydantic's context
_SENTENCES: dict[str, str] = {
    "missing": N_("This is missing."),
    "extra_forbidden": N_("There is no such setting."),
    "none_required": N_("Only null fits here, not {value}."),
    "string_type": N_("{value} is not a text."),
    "string_pattern_mismatch": N_("{value} is not written in the form this needs."),
    "string_unicode": N_("This text has signs that are not Unicode."),
    "int_type": N_("{value} is not a whole number."),
    "int_parsing": N_("{value} is not a whole number."),
    "int_from_float": N_("{value} is not a whole number."),
    "int_parsing_size": N_("{value} is too large a number."),
    "float_type": N_("{value} is not a number."),
    "float_parsing": N_("{value} is not a number."),
    "finite_number": N_("{value} is not a number that can be counted with."),
    "decimal_type": N_("{value} is not a number."),
    "decimal_parsing": N_("{value} is not a number."),
    "bool_type": N_("{value} is neither true nor false."),
    "bool_parsing": N_("{value} is neither true nor false."),
    "list_type": N_("{value} is not a list."),
    "tuple_type": N_("{value} is not a list."),
    "set_type": N_("{value} is not a list."),
    "frozen_set_type": N_("{value} is not a list."),
    "dict_type": N_("{value} is not an object with named settings."),
    "model_type": N_("{value} is not an object with named settings."),
    "model_attributes_type": N_("{value} is not an object with named settings."),
    "mapping_type": N_("{value} is not an object with named settings."),
    "date_type": N_("{value} is not a day such as 2026-11-29."),
    "date_parsing": N_("{value} is not a day such as 2026-11-29."),
    "date_from_datetime_parsing": N_("{value} is not a day such as 2026-11-29."),
    "date_from_datetime_inexact": N_("{value} is not a day such as 2026-11-29."),
    "datetime_type": N_("{value} is not a moment such as 2026-11-29T09:00:00+01:00."),
    "datetime_parsing": N_("{value} is not a moment such as 2026-11-29T09:00:00+01:00."),
    "datetime_from_date_parsing": N_("{value} is not a moment such as 2026-11-29T09:00:00+01:00."),
    "timezone_aware": N_("{value} names no time zone."),
    "time_type": N_("{value} is not a time of day such as 09:00."),
    "time_parsing": N_("{value} is not a time of day such as 09:00."),
    "greater_than": N_("{value} is too small; it must be more than {gt}."),
    "greater_than_equal": N_("{value} is too small; it must be at least {ge}."),
    "less_than": N_("{value} is too large; it must be less than {lt}."),
    "less_than_equal": N_("{value} is too large; it must be at most {le}."),
    "multiple_of": N_("{value} is not a multiple of {multiple_of}."),
    "recursion_loop": N_("This is nested too deep."),
    "url_parsing": N_("{value} is not an address such as https://example.com/."),
    "url_type": N_("{value} is not an address such as https://example.com/."),
}


def _literal(detail: ErrorDetails) -> str:
    known = re.findall(r"'((?:[^'\\]|\\.)*)'", str(detail["ctx"]["expected"]))
    return _("{value} is not known here. It is one of: {known}.").format(
        value=_shown(detail), known=_choices(known)
    ) + suggestion(str(detail["input"]), known)


def _tag(detail: ErrorDetails) -> str:
    known = re.findall(r"'((?:[^'\\]|\\.)*)'", str(detail["ctx"]["expected_tags"]))
    tag = str(detail["ctx"]["tag"])
    return _("{value} is not known here. It is one of: {known}.").format(
        value=_quoted(tag), known=_choices(known)
    ) + suggestion(tag, known)


def _no_tag(detail: ErrorDetails) -> str:
    name = str(detail["ctx"]["discriminator"]).strip("'")
    return _("“{name}” is missing; it says which kind this is.").format(name=name)


def _short(detail: ErrorDetails) -> str:
    n = int(detail["ctx"]["min_length"])
    if detail["type"] == "string_too_short":
        if n == 1:
            return _("This is empty.")
        return ngettext("This needs at least {n} character.", "This needs at least {n} characters.", n).format(n=n)
    return ngettext("This needs at least {n} entry.", "This needs at least {n} entries.", n).format(n=n)


def _long(detail: ErrorDetails) -> str:
    n = int(detail["ctx"]["max_length"])
    if detail["type"] == "string_too_long":
        return ngettext("This takes at most {n} character.", "This takes at most {n} characters.", n).format(n=n)
    return ngettext("This takes at most {n} entry.", "This takes at most {n} entries.", n).format(n=n)


_TOLD: dict[str, Callable[[ErrorDetails], str]] = {
    "literal_error": _literal,
    "enum": _literal,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _no_tag,
    "string_too_short": _short,
    "too_short": _short,
    "string_too_long": _long,
    "too_long": _long,
}


def _choices(known: Sequence[str]) -> str:
    return _(", ").join(_quoted(name) for name in known)


def _quoted(text: str) -> str:
    return _("“{text}”").format(text=text)


def _shown(detail: ErrorDetails) -> str:
    """The value that was given, as short as a sentence can bear."""
    value = detail["input"]
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
        case int() | float():
            # thousands of digits: Python refuses to write them out
            return str(value) if not isinstance(value, int) or abs(value) < 10**_SHOWN else _("This number")
        case Mapping():
            return _("An object")
        case Sequence():
            return _("A list")
        case _:
            return _("This")
