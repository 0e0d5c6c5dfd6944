"""A journey in words: its settings, then an outline of its nodes from the triggers on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.criteria import AnyCriterion, with_default_scope
from journeys.criteria import words as say_criterion
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from journeys.graph.outline import starts
from journeys.graph.words import say_cap, say_quiet_hours, say_re_entry
from journeys.nodes.node import Names

_STEP = "  "


def show(journey: Journey, catalogue: Catalogue | None = None) -> str:
    """The whole journey as plain text, one node a line, ending in a line end.

    A node is described once, where it is first come to; after that an arrow names it: “back to” where that closes a
    cycle, else “on to”.
    """
    names = JourneyNames(journey, catalogue)
    lines = [journey.settings.name, *(_STEP + line for line in say_settings(journey, names)), ""]
    lines.extend(_Outline(journey, names).lines())
    return "\n".join(lines).rstrip("\n") + "\n"


def say_settings(journey: Journey, names: Names) -> Iterator[str]:
    """A sentence for each thing the journey says of itself."""
    settings = journey.settings
    yield _("May come back: {rule}.").format(rule=say_re_entry(settings.re_entry))
    if settings.exit_when is not None:
        yield _("Leaves when: {criterion}.").format(criterion=_since_entry(settings.exit_when, names))
    if settings.goal is not None:
        yield _("Goal: {criterion}.").format(criterion=_since_entry(settings.goal, names))
    if settings.policies.quiet_hours is not None:
        yield _("Quiet hours: {hours}.").format(hours=say_quiet_hours(settings.policies.quiet_hours))
    if settings.policies.cap is not None:
        yield _("Frequency cap: {cap}.").format(cap=say_cap(settings.policies.cap))


def _since_entry(criterion: AnyCriterion, names: Names) -> str:
    """In the scope that the engine gives it, which the file leaves out."""
    return say_criterion(with_default_scope(criterion, "since entry"), names)


def say_node(journey: Journey, node: str, names: Names) -> str:
    """“Let it arrive (Wait): 3 days, then until 9:00”."""
    settings = journey.node(node)
    if settings is None:
        return _("{title} (unknown kind “{kind}”)").format(title=journey.title(node) or node, kind=journey.kind(node))
    values = {
        "title": journey.title(node) or node,
        "kind": settings.label,
        "words": " ".join(settings.words(names).split()),
    }
    if journey.is_off(node):
        return _("{title} ({kind}, switched off): {words}").format(**values)
    return _("{title} ({kind}): {words}").format(**values)


@dataclass(frozen=True, slots=True)
class _Exit:
    """An outlet as the outline shows it."""

    label: str
    target: str | None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    """Something still to be written."""

    depth: int
    #: node that leads here; nothing for a start
    before: str | None
    target: str | None
    #: label of the outlet, where the node before has more than one
    outlet: str = ""


class _Outline:
    def __init__(self, journey: Journey, names: Names) -> None:
        self._journey = journey
        self._names = names
        #: node → the node under which it was described
        self._above: dict[str, str | None] = {}

    def lines(self) -> Iterator[str]:
        for start in starts(self._journey):
            if start not in self._above:
                if self._above:
                    yield ""
                yield from self._from(start)

    def _from(self, start: str) -> Iterator[str]:
        # a stack of our own: a long row of conditions is deeper than Python's
        waiting = [_Task(0, None, start)]
        while waiting:
            task = waiting.pop()
            depth = task.depth
            if task.target is None or task.target in self._above:
                yield _STEP * depth + self._arrow(task)
                continue
            if task.outlet:
                yield _STEP * depth + _("{outlet} →").format(outlet=task.outlet)
                depth += 1
            self._above[task.target] = task.before
            yield _STEP * depth + say_node(self._journey, task.target, self._names)
            exits = self._exits(task.target)
            if len(exits) == 1 and not exits[0].is_gone:
                waiting.append(_Task(depth, task.target, exits[0].target))
            else:
                waiting.extend(_Task(depth + 1, task.target, exit.target, exit.label) for exit in reversed(exits))

    def _arrow(self, task: _Task) -> str:
        if task.target is None:
            return _("{outlet} → nowhere").format(outlet=task.outlet) if task.outlet else _("→ nowhere")
        title = self._journey.title(task.target) or task.target
        if self._is_above(task.target, task.before):
            template = _("{outlet} → back to “{title}”") if task.outlet else _("→ back to “{title}”")
        else:
            template = _("{outlet} → on to “{title}”") if task.outlet else _("→ on to “{title}”")
        return template.format(outlet=task.outlet, title=title)

    def _is_above(self, node: str, below: str | None) -> bool:
        while below is not None and below != node:
            below = self._above[below]
        return below == node

    def _exits(self, node: str) -> list[_Exit]:
        """Outlets in their order, then edges whose outlet is gone."""
        settings = self._journey.node(node)
        led = {edge.outlet: edge.target for edge in self._journey.edges_from(node)}
        exits = [_Exit(outlet.label, led.pop(outlet.id, None)) for outlet in (settings.outlets() if settings else ())]
        for outlet, target in sorted(led.items()):
            if settings is None:
                exits.append(_Exit(outlet, target))
            else:
                exits.append(_Exit(_("{outlet} (this outlet is gone)").format(outlet=outlet), target, is_gone=True))
        return exits
