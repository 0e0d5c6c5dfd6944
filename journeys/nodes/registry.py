"""The kinds of nodes there are, built in or from plug-ins; found by entry point, checked once when they are loaded."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_, _
from journeys.nodes.node import Kinds, Node

GROUP = "kanwa.nodes"


class BrokenPlugIn(KanwaError):
    """An entry point that cannot be loaded."""

    text = N_("The kind of node “{name}” from {package} cannot be loaded: {why}. Update or remove {package}.")


class NotANode(KanwaError):
    """An entry point that is no kind of node, or not a whole one."""

    text = N_("“{name}” from {package} is not a kind of node: {why}. Update or remove {package}.")


class KindTwice(KanwaError):
    """Two packages bring the same kind."""

    text = N_("The kind of node “{name}” comes from {first} and from {second}. Remove one of them.")


class UnknownKind(KanwaError):
    """A kind that no installed package brings."""

    text = N_("There is no kind of node “{kind}”.{suggestion}")


@cache
def kinds() -> Kinds:
    """Every kind by its name. Raises BrokenPlugIn, NotANode, KindTwice."""
    return load(entry_points(group=GROUP))


def kind_of(name: str) -> type[Node]:
    """The class of that kind. Raises UnknownKind."""
    found = kinds().get(name)
    if found is None:
        raise UnknownKind(kind=name, suggestion=suggestion(name, kinds()))
    return found


def load(found: Any) -> Kinds:
    """Load entry points in the order of their names, so that the same error comes first everywhere."""
    loaded: dict[str, type[Node]] = {}
    packages: dict[str, str] = {}
    for entry in sorted(found, key=lambda entry: (entry.name, _package(entry))):
        if entry.name in loaded:
            raise KindTwice(name=entry.name, first=packages[entry.name], second=_package(entry))
        loaded[entry.name] = _loaded(entry)
        packages[entry.name] = _package(entry)
    return MappingProxyType(loaded)


def _loaded(entry: EntryPoint) -> type[Node]:
    try:
        kind = entry.load()
    except Exception as error:
        # whatever a plug-in raises while it is imported, the reader must learn which one it was
        raise BrokenPlugIn(name=entry.name, package=_package(entry), why=f"{type(error).__name__}: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Node)):
        raise NotANode(name=entry.name, package=_package(entry), why=_("it is no subclass of Node"))
    missing = [name for name in ("kind", "family", "label", "icon") if not hasattr(kind, name)]
    if missing:
        raise NotANode(
            name=entry.name,
            package=_package(entry),
            why=_("it says nothing of {fields}").format(fields=", ".join(missing)),
        )
    if kind.kind != entry.name:
        raise NotANode(
            name=entry.name, package=_package(entry), why=_("it calls itself “{kind}”").format(kind=kind.kind)
        )
    return kind


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
