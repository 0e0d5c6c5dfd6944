"""What a template may look at: facts by name and money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class Facts:
    """Named values, read as `facts.name`. Nothing else of it can be reached from a template.

    `open` facts come from outside (the data of an event): a name they lack has no value. In others it is a mistake of
    the template.
    """

    __slots__ = ("_open", "_values")

    def __init__(self, values: Mapping[str, Any], *, open: bool = False) -> None:
        self._values = {name: plain(value, open=open) for name, value in values.items()}
        self._open = open

    def __getitem__(self, name: object) -> Any:
        if self._open:
            return self._values.get(name)  # type: ignore[call-overload]
        return self._values[name]  # type: ignore[index]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Facts) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(self._values))


def plain(value: Any, *, open: bool) -> Any:
    """JSON values as templates see them: objects as facts, arrays as tuples."""
    if isinstance(value, Mapping):
        return Facts(value, open=open)
    if isinstance(value, list | tuple):
        return tuple(plain(item, open=open) for item in value)
    return value


def names_of(value: Any) -> Iterable[str]:
    """Names that `value.…` could have meant."""
    return [str(name) for name in value] if isinstance(value, Facts) else ()


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units of a currency."""

    minor: int
    currency: str
