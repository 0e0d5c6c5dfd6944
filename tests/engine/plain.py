"""The engine said plainly: one contact after the other, in Python, over lists.

It knows event triggers, conditions on the colour, waits of a length, waits for events, random splits, goals, exits,
what ends a passage from outside, and the rules of re-entry. What it says is what the real one has to do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

from journeys.base.time import DAY
from tests.engine.conftest import node_id
from tests.engine.stories import START, Deed, Story

SECONDS = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}
PRIME = 2**31 - 1


def seconds(length: dict[str, Any]) -> int:
    return int(length["amount"]) * SECONDS[length["unit"]]


def drawn(draw: int, journey: str, node: str) -> int:
    """The contact's number at a split, below `PRIME`."""
    digest = hashlib.sha256(f"{len(journey)}:{journey}{node}".encode()).digest()
    a, b = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    return (draw * (a % (PRIME - 1) + 1) + b % PRIME) % PRIME


@dataclass(frozen=True, order=True)
class Event:
    at: int
    id: int
    who: int
    kind: str
    quiet: bool = False


@dataclass
class Passage:
    who: int
    trigger: str
    entry: int
    since: tuple[int, int]
    entered_at: int
    node: str
    arrived_at: int
    state: str = "active"
    ended_at: int | None = None
    goal_at: int | None = None
    #: (kind, node, outlet, entered_at, left_at)
    hops: list[tuple[str, str, str, int, int]] = field(default_factory=list)

    def leave(self, now: int, outlet: str, target: str | None) -> None:
        self.hops.append(("edge", node_id(self.node), outlet, self.arrived_at, now))
        self.arrived_at = now
        if target is None:
            self.state, self.ended_at = "finished", now
        else:
            self.node = target

    def end(self, now: int, state: str, at: int) -> None:
        kind = "goal" if state == "goal" else "exit"
        self.hops.append((kind, node_id(self.node), "", self.arrived_at, now))
        self.state, self.ended_at = state, now
        self.goal_at = at if state == "goal" else None

    def told(self) -> tuple[Any, ...]:
        return (
            self.who, node_id(self.trigger), self.entry, self.since[0], self.entered_at, node_id(self.node),
            self.state, self.ended_at, self.goal_at, tuple(self.hops),
        )  # fmt: skip


class PlainEngine:
    """Runs the journey of a story; contacts are numbered from 0."""

    def __init__(self, story: Story) -> None:
        self.nodes, self.people = story.draft.nodes, story.people
        self.targets = {(source, outlet): target for source, outlet, target in story.draft.edges}
        self.rules = story.draft.attributes
        self.colours = {who: person.colour for who, person in enumerate(self.people)}
        self.events: list[Event] = []
        self.fresh: list[Event] = []
        self.passages: list[Passage] = []
        #: (who, trigger, at, reason)
        self.missed: list[tuple[int, str, int, str]] = []

    def hear(self, deed: Deed) -> None:
        """Something happens now."""
        who, now = deed.who % len(self.people), START + deed.at
        match deed.what:
            case "event" | "quiet event":
                self._record(now, who, deed.data["kind"], quiet=deed.what == "quiet event")
            case "late event":
                self._record(now - deed.data["late"], who, deed.data["kind"])
            case "colour":
                self.colours[who] = deed.data

    def _record(self, at: int, who: int, kind: str, *, quiet: bool = False) -> None:
        self.events.append(Event(at, len(self.events), who, kind, quiet))
        self.fresh.append(self.events[-1])

    def tick(self, now: int) -> None:
        for event in sorted(self.fresh):
            self._end(event, now)
            self._enroll(event, now)
        self.fresh.clear()
        for passage in self.passages:
            while passage.state == "active" and self._step(passage, now):
                pass

    def _end(self, event: Event, now: int) -> None:
        """Goal before exit, by what came since entry."""
        for passage in self.passages:
            if passage.who != event.who or passage.state != "active" or (event.at, event.id) <= passage.since:
                continue
            for rule, state in (("goal", "goal"), ("exit_when", "exited")):
                if passage.state == "active" and rule in self.rules and self.rules[rule]["event"] == event.kind:
                    passage.end(now, state, event.at)

    def _enroll(self, event: Event, now: int) -> None:
        for name, (kind, settings) in self.nodes.items():
            if kind != "trigger" or settings["on"]["event"] != event.kind or event.quiet or event.at < START:
                continue
            before = [passage for passage in self.passages if passage.who == event.who]
            reason = self._refuses(event, settings, before)
            if reason:
                self.missed.append((event.who, node_id(name), event.at, reason))
            else:
                since = (event.at, event.id)
                self.passages.append(Passage(event.who, name, len(before) + 1, since, now, name, now))

    def _refuses(self, event: Event, settings: Any, before: list[Passage]) -> str:
        rule = self.rules["re_entry"]
        if "only" in settings and not self._fits(event.who, settings["only"]):
            return "audience"
        if rule["rule"] == "always":
            return ""
        if any(passage.state == "active" for passage in before):
            return "inside"
        if rule["rule"] == "never" and before:
            return "re_entry"
        if rule["rule"] == "after days" and any(event.at - one.since[0] < rule["days"] * DAY for one in before):
            return "re_entry"
        return ""

    def _fits(self, who: int, criterion: Any) -> bool:
        if "none" in criterion:
            return not any(self._fits(who, part) for part in criterion["none"])
        return bool(self.colours[who] == criterion["value"])

    def _step(self, passage: Passage, now: int) -> bool:
        """One node; false: rests there."""
        kind, settings = self.nodes[passage.node]
        if kind in ("goal", "exit"):
            passage.end(now, "goal" if kind == "goal" else "finished", now)
            return False
        outlet = self._outlet(passage, kind, settings, now)
        if outlet is None:
            return False
        passage.leave(now, outlet, self.targets.get((passage.node, outlet)))
        return True

    def _outlet(self, passage: Passage, kind: str, settings: Any, now: int) -> str | None:
        match kind:
            case "trigger":
                return "in"
            case "condition":
                return "yes" if self._fits(passage.who, settings["criterion"]) else "no"
            case "split":
                number = drawn(self.people[passage.who].draw, "test", node_id(passage.node))
                first, second = settings["by"]["arms"]
                return first["id"] if number < ceil(Fraction(first["share"]) * PRIME / 100) else second["id"]
            case "wait" if settings["rule"]["type"] == "duration":
                return "done" if passage.arrived_at + seconds(settings["rule"]) <= now else None
            case "wait":
                return self._heard(passage, settings["rule"], now)
        raise ValueError(kind)

    def _heard(self, passage: Passage, rule: Any, now: int) -> str | None:
        """The earliest event since the listening moment and before the time-out; else the time-out."""
        until = passage.arrived_at + seconds(rule["timeout"])
        outlets = {one["event"]: one["outlet"] for one in rule["listen"]}
        for event in sorted(self.events):
            if event.who != passage.who or event.kind not in outlets or event.at > now or event.at >= until:
                continue
            since_arrival = rule["since"] == "arrival"
            if event.at > passage.arrived_at if since_arrival else (event.at, event.id) > passage.since:
                return str(outlets[event.kind])
        return "timeout" if until <= now else None
