"""What those bring along who come by jumps from other journeys: the subject of the passage they jumped from."""

from __future__ import annotations

from collections.abc import Mapping

from journeys.graph.checks.jumps import jumps_of
from journeys.graph.doors import door_of
from journeys.graph.journey import Journey
from journeys.graph.ways import Ways
from journeys.nodes.about import brings
from journeys.nodes.trigger import Trigger


class JumpsInto:
    """Who jumps into one journey. `journeys` are all that are published, by id; the journey itself goes before its own."""

    def __init__(self, ways: Ways, journeys: Mapping[str, Journey]) -> None:
        self._own = ways.journey.settings.id
        self._journeys = {**journeys, self._own: ways.journey}
        self._ways = {self._own: ways}
        self._from = {
            key: [
                (other, node)
                for other, one in self._journeys.items()
                for node, to in jumps_of(one).items()
                if to == key
            ]
            for key in self._journeys
        }

    def by(self, trigger: str) -> tuple[tuple[str, frozenset[str]], ...]:
        """Journeys that members jump from and come in by this trigger: (its name, what all of them bring)."""
        if trigger != door_of(self._journeys[self._own]):
            return ()
        jumps = [place for place in self._from[self._own] if place[0] != self._own]
        return tuple(
            (self._journeys[key].settings.name, things)
            for key, node in jumps
            if (things := self._brought(key, node, frozenset())) is not None
        )

    def _brought(self, key: str, node: str, seen: frozenset[str]) -> frozenset[str] | None:
        """What everybody brings along who jumps from a node; None where nobody comes to it."""
        if key in seen:
            return None
        if key not in self._ways:
            self._ways[key] = Ways(self._journeys[key])
        ways, door = self._ways[key], door_of(self._journeys[key])
        found: list[frozenset[str]] = []
        for before in ways.upstream(node):
            trigger = ways.settings(before)
            if not isinstance(trigger, Trigger) or not ways.is_on(before):
                continue
            came = []
            if before == door:
                seen_now = seen | {key}
                came = [self._brought(other, at, seen_now) for other, at in self._from[key]]
            known = [things for things in came if things is not None]
            # a list that others jump to is there for them
            if not (known and trigger.on.type == "list"):
                known.append(frozenset(brings(trigger)))
            found += known
        # the jump itself is an event
        return frozenset.intersection(*found) | {"event"} if found else None
