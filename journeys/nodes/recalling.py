"""What the settings of a node look at in the past, found without asking each kind: tidying must leave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from journeys.criteria.leaf import Recall

#: settings that name kinds of events; a kind of node that names them otherwise says so itself
_NAMES = ("event", "events")


@runtime_checkable
class Recalling(Protocol):
    """Settings that say themselves what they recall: leaves do, and parts of a node that know better than the search."""

    def recalls(self) -> Iterator[Recall]: ...


def recalls_of(settings: BaseModel) -> Iterator[Recall]:
    """Everything that the parts of the settings recall.

    Whoever names a kind of event and does not say how far back it looks is taken to look at all there are: rather too
    much is kept than an answer changed.
    """
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in _NAMES:
            yield from (Recall("event", kind) for kind in _texts(value))
        yield from _within(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, Mapping):
        yield from (one for one in value if isinstance(one, str))


def _within(value: object) -> Iterator[Recall]:
    if isinstance(value, Recalling):
        yield from value.recalls()
    elif isinstance(value, BaseModel):
        yield from recalls_of(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _within(one)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for one in value:
            yield from _within(one)
