"""What a field of a model is made of, read from its annotation. No Qt: a form is built from these."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.types import StringConstraints

from journeys.criteria import Filter, Group, Leaf
from journeys.criteria import scope as scopes
from journeys.criteria.comparison import Comparison
from journeys.nodes import keys, reach
from journeys.nodes.triggers.event import Becomes
from journeys.nodes.windows import WEEKDAYS

#: longest text that is written on one line
_ONE_LINE = 500
_ALWAYS_ONE_LINE = ("url",)


@dataclass(frozen=True, slots=True)
class Text:
    """Free text; `long` takes several lines."""

    long: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """The key of something: `kind` is a word of the glossary, by which suggestions are found."""

    kind: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number; the bounds only serve the arrow keys, the model refuses what lies beyond."""

    whole: bool = True
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Toggle:
    """Yes or no."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar."""


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Some days of the week."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, yes or no; perhaps a list of texts. What it is, is part of what is typed."""

    lists: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """An operator and what is compared with: `model` is Filter, Becomes or a Comparison."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a model."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several models, told apart by the word in `tag`."""

    tag: str
    members: tuple[tuple[str, type[BaseModel]], ...]

    def model(self, word: str) -> type[BaseModel] | None:
        return dict(self.members).get(word)


@dataclass(frozen=True, slots=True)
class Listed:
    """Any number of the same."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Who:
    """A criterion."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """What may be left empty."""

    inner: Shape


Shape = (
    Text | Named | Number | Toggle | Choice | Clock | Day | Weekdays | Scalar | Compared | Record | Variant | Listed
    | Who | Maybe
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field of a model: its name in data, what it is, and what the model says of it."""

    #: in the data
    name: str
    shape: Shape
    title: str
    help: str = ""
    required: bool = False
    #: as data; meaningless where the field is required
    default: Any = field(default=None, compare=False)


class NoShape(TypeError):
    """A field whose annotation no form knows; a plug-in's kind may have one."""


@cache
def fields_of(model: type[BaseModel]) -> tuple[FieldOf, ...]:
    """The fields a person fills, in order; words that only tell the kind of model are left out.

    Raises NoShape.
    """
    return tuple(_fields(model))


def _fields(model: type[BaseModel]) -> Iterator[FieldOf]:
    for name, info in model.model_fields.items():
        shape = shape_of(name, info)
        if shape is None:
            continue
        yield FieldOf(
            name=info.alias or name,
            shape=shape,
            title=info.title or "",
            help=info.description or "",
            required=info.is_required(),
            default=None if info.is_required() else as_data(info.get_default(call_default_factory=True)),
        )


def as_data(value: Any) -> Any:
    """A value of a model as it stands in JSON."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True)
        case dt.time():
            return f"{value:%H:%M}"
        case dt.date():
            return value.isoformat()
        case tuple() | list():
            return [as_data(one) for one in value]
        case _:
            return value


def shape_of(name: str, info: FieldInfo) -> Shape | None:
    """What a field is; None for a word that only tells the kind of its model. Raises NoShape."""
    return _shape(name, info.annotation, list(info.metadata), info)


def _shape(name: str, annotation: Any, metadata: list[Any], info: FieldInfo | None = None) -> Shape | None:
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    metadata = list(_flat(metadata))
    if get_origin(annotation) in (Union, types.UnionType):
        members = [one for one in get_args(annotation) if one is not type(None)]
        if len(members) < len(get_args(annotation)):
            inner = _shape(name, Union[tuple(members)], metadata, info)  # noqa: UP007 - built at run time
            return None if inner is None else Maybe(inner)
        return _union(name, members, metadata, info)
    if get_origin(annotation) is Literal:
        values = tuple(str(one) for one in get_args(annotation))
        return None if len(values) == 1 else Choice(values)
    if get_origin(annotation) is tuple:
        (item, *rest) = get_args(annotation)
        if rest != [Ellipsis]:
            raise NoShape(f"{name}: {annotation}")
        return _list(name, item)
    return _plain(name, annotation, metadata)


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """What is annotated, with what `Field` gathers laid open."""
    for one in metadata:
        yield one
        if isinstance(one, FieldInfo):
            yield from one.metadata


def _union(name: str, members: list[Any], metadata: list[Any], info: FieldInfo | None) -> Shape:
    bare = [_bare(one) for one in members]
    if any(isinstance(one, type) and issubclass(one, Leaf | Group) for one in bare):
        return Who()
    if all(isinstance(one, type) and issubclass(one, BaseModel) for one in bare):
        tag = info.discriminator if info is not None and isinstance(info.discriminator, str) else None
        for one in metadata:
            if isinstance(one, FieldInfo) and isinstance(one.discriminator, str):
                tag = one.discriminator
        if tag is None:
            raise NoShape(f"{name}: a union that no word tells apart")
        words = [(word, model) for model in bare for word in get_args(model.model_fields[tag].annotation)]
        return Variant(tag, tuple(words))
    plain = {one for one in bare if isinstance(one, type)}
    if plain == {int, float}:
        inside = [more for one in members for more in _flat(getattr(one, "__metadata__", ()))]
        return Number(False, *_bounds([*metadata, *inside]))
    if str in plain and plain <= {str, int, float, bool}:
        return Scalar(lists=any(get_origin(one) is tuple for one in bare))
    raise NoShape(f"{name}: {members}")


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _list(name: str, item: Any) -> Shape:
    if get_args(_bare(item)) == WEEKDAYS:
        return Weekdays()
    shape = _shape(_singular(name), item, [])
    if shape is None:
        raise NoShape(f"{name}: {item}")
    return Listed(shape)


def _plain(name: str, annotation: Any, metadata: list[Any]) -> Shape:
    if not isinstance(annotation, type):
        raise NoShape(f"{name}: {annotation}")
    if issubclass(annotation, BaseModel):
        return Compared(annotation) if issubclass(annotation, Comparison | Filter | Becomes) else Record(annotation)
    if annotation is bool:
        return Toggle()
    if annotation is int:
        return Number(True, *_bounds(metadata))
    if annotation is float:
        return Number(False, *_bounds(metadata))
    if annotation is dt.time:
        return Clock()
    if annotation is dt.date:
        return Day()
    if annotation is str:
        return _text(name, metadata)
    raise NoShape(f"{name}: {annotation}")


def _bounds(metadata: list[Any]) -> tuple[float | None, float | None]:
    low = high = None
    for one in metadata:
        match one:
            case Ge(ge=bound) | Gt(gt=bound):
                low = float(bound)  # type: ignore[arg-type]
            case Le(le=bound) | Lt(lt=bound):
                high = float(bound)  # type: ignore[arg-type]
    return low, high


#: texts that are keys of something, told by their type
_TYPES: tuple[tuple[Any, str], ...] = (
    (keys.NodeId, "node"),
    (scopes.NodeId, "node"),
    (keys.About, "about"),
    (keys.EventKind, "event"),
    (reach.ChannelName, "channel"),
)

#: and those that are told by the name of their field, where the type says only that it is a key
_NAMES: dict[str, str] = {
    "attribute": "attribute",
    "category": "category",
    "channel": "channel",
    "currency": "currency",
    "event": "event",
    "feed": "feed",
    "funnel": "funnel",
    "journey": "journey",
    "moved_from": "segment",
    "node": "node",
    "offer": "offer",
    "pool": "pool",
    "product": "product",
    "programme": "programme",
    "purpose": "purpose",
    "secret": "secret",
    "segment": "segment",
    "sender": "sender",
    "stage": "stage",
    "survey": "survey",
    "survey_key": "survey",
    "tag": "tag",
    "template": "template",
}


def _text(name: str, metadata: list[Any]) -> Shape:
    for type_, kind in _TYPES:
        # what `Field` says of a type is laid open in the metadata, so that only the rest can be told again
        marks = [one for mark in type_.__metadata__ for one in _flat([mark]) if not isinstance(one, FieldInfo)]
        if all(mark in metadata for mark in marks):
            return Named(kind)
    if name in _NAMES:
        return Named(_NAMES[name])
    most = next((one.max_length for one in metadata if _limits(one)), None)
    return Text(long=most is not None and most > _ONE_LINE and name not in _ALWAYS_ONE_LINE)


def _limits(one: Any) -> bool:
    return isinstance(getattr(one, "max_length", None), int) or (
        isinstance(one, StringConstraints) and one.max_length is not None
    )


def _singular(name: str) -> str:
    """What one entry of a list is called: “segments” holds a segment."""
    return {"channels": "channel", "events": "event", "segments": "segment"}.get(name, name)


def named(model: type[BaseModel], data: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """(path, key) of every field of that data that holds the key of such a thing; criteria are left out."""
    for field_ in fields_of(model):
        yield from _named(field_.shape, data.get(field_.name), kind, field_.name)


def _named(shape: Shape, value: Any, kind: str, path: str) -> Iterator[tuple[str, str]]:
    match shape:
        case Maybe(inner=inner):
            yield from _named(inner, value, kind, path)
        case Named(kind=own) if own == kind and isinstance(value, str):
            yield path, value
        case Listed(item=item) if isinstance(value, list):
            for n, one in enumerate(value):
                yield from _named(item, one, kind, f"{path}[{n}]")
        case Record(model=model) if isinstance(value, Mapping):
            for inner_path, key in named(model, value, kind):
                yield f"{path}.{inner_path}", key
        case Variant(tag=tag) if isinstance(value, Mapping):
            model_ = shape.model(str(value.get(tag)))
            for inner_path, key in named(model_, value, kind) if model_ is not None else ():
                yield f"{path}.{inner_path}", key
