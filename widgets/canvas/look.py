"""What is painted over a card: how it stands in the editor, and what is known of it elsewhere. All of it are values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from PySide6.QtCore import QLocale

from journeys.base.i18n import _, ngettext
from journeys.graph.diff import Change, Difference
from journeys.nodes.problem import Problem, Severity
from widgets.canvas.plan import EdgeKey

_NARROW_SPACE = "\u202f"
#: beyond it numbers on the canvas are in thousands
_MOST_WRITTEN_OUT = 10_000


@dataclass(frozen=True, slots=True)
class Pill:
    """A number over the upper border of a card."""

    #: “212 here”, and “212” where there is less room
    text: str
    short: str
    icon: str
    #: tokens of the ground and of what is written on it
    ground: str
    ink: str


@dataclass(frozen=True, slots=True)
class Look:
    """The states of one card; nothing of it changes its size or place."""

    hovered: bool = False
    selected: bool = False
    #: the keyboard stands on it
    focused: bool = False
    #: the worst problem
    problem: Severity | None = None
    #: in step mode, the contact is here
    here: bool = False
    breakpoint: bool = False
    mark: Difference | None = None
    pill: Pill | None = None


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is known of contacts in a journey, by node and by edge. Missing ones are not shown."""

    #: contacts that rest at a node, and those of them that are held back
    here: Mapping[str, int] = field(default_factory=dict)
    blocked: Mapping[str, int] = field(default_factory=dict)
    #: contacts that reached a goal, and their share of those who came in, from 0 to 1
    reached: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    #: contacts that walked an edge
    walked: Mapping[EdgeKey, int] = field(default_factory=dict)
    #: in a simulation, the share of all contacts that walked an edge: painted as its width
    shares: Mapping[EdgeKey, float] = field(default_factory=dict)

    def pill(self, node: str) -> Pill | None:
        """What stands over a card."""
        if node in self.reached:
            count, share = self.reached[node]
            percent = _("{n} %").format(n=round(share * 100)).replace(" ", _NARROW_SPACE)
            text = _("{count} · {percent}").format(count=said(count), percent=percent)
            return Pill(text, said(count), "flag", "ok", "on_family")
        if self.blocked.get(node):
            count = self.blocked[node]
            text = ngettext("{count} held back", "{count} held back", count).format(count=said(count))
            return Pill(text, said(count), "warning", "warn_tint", "warn")
        if self.here.get(node):
            count = self.here[node]
            text = ngettext("{count} here", "{count} here", count).format(count=said(count))
            return Pill(text, said(count), "user", "accent", "on_accent")
        return None


NO_NUMBERS = Numbers()


def said(count: int) -> str:
    """“1,284”, “48.2 k”: a number as the canvas writes it."""
    if count < _MOST_WRITTEN_OUT:
        return QLocale().toString(count)
    return _("{thousands} k").format(thousands=QLocale().toString(count / 1000, "f", 1)).replace(" ", _NARROW_SPACE)


def marks_of(changes: Iterable[Change]) -> Mapping[str, Difference]:
    """One mark a node for a comparison: a node that was changed and moved is changed. The journey itself has none."""
    order = (Difference.MOVED, Difference.CHANGED, Difference.ADDED, Difference.REMOVED)
    found: dict[str, Difference] = {}
    for change in changes:
        before = found.get(change.node)
        if change.node and (before is None or order.index(change.kind) > order.index(before)):
            found[change.node] = change.kind
    return MappingProxyType(found)


def worst(problems: Iterable[Problem]) -> Mapping[str, tuple[Problem, ...]]:
    """The problems of each node, the worst first; those of the journey as a whole have no card."""
    order = {Severity.BLOCKS: 0, Severity.WARNS: 1, Severity.HINTS: 2}
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        for node in problem.nodes[:1]:
            found.setdefault(node, []).append(problem)
    return MappingProxyType(
        {node: tuple(sorted(those, key=lambda one: order[one.severity])) for node, those in found.items()}
    )
