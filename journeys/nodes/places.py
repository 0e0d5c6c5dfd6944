"""Where in settings a key stands, and the same settings with something else there: what a fix of one node is made of.

A place is a dotted path through the settings as the file holds them, such as "criterion.any[1].tag".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: fields in which a key of a kind stands; the first is the kind's own name
_FIELDS = {
    "product": ("product", "products"),
    "segment": ("segment", "segments", "moved_from"),
    "survey": ("survey_key", "survey"),
}
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def places(data: Any, kind: str, key: str) -> Iterator[str]:
    """Where the key of a thing of that kind stands in settings, in the order of the fields.

    A stage ("FUNNEL/STAGE") stands where its funnel stands beside it.
    """
    for path, name, value, beside in _fields(data):
        if kind == "stage":
            if name == "stage" and isinstance(value, str) and f"{beside.get('funnel')}/{value}" == key:
                yield path
        elif value == key and isinstance(value, str) and name in _FIELDS.get(kind, (kind,)):
            yield path


def _fields(data: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, Any, Mapping[str, Any]]]:
    """(path, name, value, the fields beside it) of every value; those of a list have the name of the list."""
    match data:
        case Mapping():
            for inner, value in data.items():
                there = f"{path}.{inner}" if path else inner
                yield there, inner, value, data
                yield from _fields(value, there, inner)
        case list() | tuple():
            for n, value in enumerate(data):
                yield f"{path}[{n}]", name, value, {}
                yield from _fields(value, f"{path}[{n}]", name)


def with_value(data: Any, place: str, value: Any) -> Any:
    """The settings with another value at a place; what is not on the way to it is shared. Raises KeyError, IndexError."""
    steps = [name or int(n) for name, n in _STEP.findall(place)]
    return _with(data, steps, value)


def _with(data: Any, steps: list[str | int], value: Any) -> Any:
    if not steps:
        return value
    step, *further = steps
    changed = data.copy()
    # a field that has its default may be missing in a file
    inner = data.get(step) if isinstance(step, str) and not further else data[step]
    changed[step] = _with(inner, further, value)
    return changed
