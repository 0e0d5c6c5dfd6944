"""What differs between two copies of a journey, in whole sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.graph.fields import changes_of, raw_changes_of
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from journeys.graph.outline import reading_order
from journeys.graph.show import say_node


class Difference(StrEnum):
    """The kinds of differences, as the canvas marks them."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Difference
    #: id of the node; nothing for the journey as a whole
    node: str
    sentence: str


def differences(
    before: Journey, after: Journey, *, places: bool = False, catalogue: Catalogue | None = None
) -> tuple[Change, ...]:
    """What was done to make `after` of `before`: the journey's settings first, then nodes as people read them.

    Nodes are the same when their ids are. Moved cards count only with `places`.
    """
    return tuple(_Comparison(before, after, catalogue).changes(places=places))


class _Comparison:
    def __init__(self, before: Journey, after: Journey, catalogue: Catalogue | None) -> None:
        self._before = before
        self._after = after
        self._old_names = JourneyNames(before, catalogue)
        self._new_names = JourneyNames(after, catalogue)

    def changes(self, *, places: bool) -> Iterator[Change]:
        yield from self._settings()
        for node in reading_order(self._before):
            if node not in self._after:
                sentence = _("Removed: {node}.").format(node=say_node(self._before, node, self._old_names))
                yield Change(Difference.REMOVED, node, sentence)
        for node in reading_order(self._after):
            if node in self._before:
                yield from self._node(node)
                if places and self._before.place(node) != self._after.place(node):
                    yield Change(Difference.MOVED, node, _("“{title}” was moved.").format(title=self._title(node)))
            else:
                sentence = _("Added: {node}.").format(node=say_node(self._after, node, self._new_names))
                yield Change(Difference.ADDED, node, sentence)
            yield from self._edges(node)

    def _settings(self) -> Iterator[Change]:
        for change in changes_of(
            self._before.settings, self._after.settings, self._old_names, self._new_names, leave_out={"based_on"}
        ):
            sentence = _("The journey's “{field}” was {old}, now {new}.").format(
                field=change.field, old=change.old, new=change.new
            )
            yield Change(Difference.CHANGED, "", sentence)

    def _node(self, node: str) -> Iterator[Change]:
        title = self._title(node)
        for sentence in (
            *self._title_and_comment(node),
            *self._state(node),
        ):
            yield Change(Difference.CHANGED, node, sentence)
        old, new = self._before.node(node), self._after.node(node)
        if self._before.kind(node) != self._after.kind(node):
            sentence = _("“{title}” was another kind of node: {old}.").format(
                title=title, old=say_node(self._before, node, self._old_names)
            )
            yield Change(Difference.CHANGED, node, sentence)
            return
        if old is not None and new is not None:
            changes = changes_of(old, new, self._old_names, self._new_names)
        else:
            changes = raw_changes_of(self._before.raw_settings(node), self._after.raw_settings(node))
        for change in changes:
            sentence = _("“{title}”: {field} was {old}, now {new}.").format(
                title=title, field=change.field, old=change.old, new=change.new
            )
            yield Change(Difference.CHANGED, node, sentence)

    def _title_and_comment(self, node: str) -> Iterator[str]:
        old, new = self._before.title(node), self._after.title(node)
        if old != new:
            yield _("“{old}” is now called “{new}”.").format(old=old, new=new)
        if self._before.comment(node) != self._after.comment(node):
            yield _("The comment on “{title}” was changed.").format(title=self._title(node))

    def _state(self, node: str) -> Iterator[str]:
        match self._before.is_off(node), self._after.is_off(node):
            case False, True:
                yield _("“{title}” was switched off.").format(title=self._title(node))
            case True, False:
                yield _("“{title}” was switched on.").format(title=self._title(node))

    def _edges(self, node: str) -> Iterator[Change]:
        led = self._targets(self._before, node)
        leads = self._targets(self._after, node)
        for outlet in dict.fromkeys([*leads, *led]):
            old, new = led.get(outlet), leads.get(outlet)
            if old == new:
                continue
            values = {
                "title": self._title(node),
                "outlet": self._outlet(node, outlet),
                "old": self._old_names.label("node", old) if old else "",
                "new": self._new_names.label("node", new) if new else "",
            }
            if old is None:
                sentence = _("“{title}”: the outlet “{outlet}” now leads to “{new}”.")
            elif new is None:
                sentence = _("“{title}”: the outlet “{outlet}” led to “{old}” and is open now.")
            else:
                sentence = _("“{title}”: the outlet “{outlet}” led to “{old}” and now leads to “{new}”.")
            yield Change(Difference.CHANGED, node, sentence.format(**values))

    def _targets(self, journey: Journey, node: str) -> dict[str, str]:
        if node not in journey:
            return {}
        edges = {edge.outlet: edge.target for edge in journey.edges_from(node)}
        settings = journey.node(node)
        order = [outlet.id for outlet in settings.outlets()] if settings is not None else []
        return {outlet: edges[outlet] for outlet in dict.fromkeys([*order, *sorted(edges)]) if outlet in edges}

    def _outlet(self, node: str, outlet: str) -> str:
        for journey in (self._after, self._before):
            settings = journey.node(node) if node in journey else None
            for known in settings.outlets() if settings is not None else ():
                if known.id == outlet:
                    return known.label
        return outlet

    def _title(self, node: str) -> str:
        return self._new_names.label("node", node)
