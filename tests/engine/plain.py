"""The engine said plainly: one contact after the other, in Python, over lists.

It knows every family of trigger, the nodes of `tests.engine.stories` but for tags, consent and splits by segment, loyalty
or NPS, what ends a passage from outside, the rules of re-entry, messages with their policies and outcomes, pauses, new
versions, jumps and erased contacts. What it says is what the real one has to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import DAY, Instant, day_of, day_start
from tests.engine.conftest import WARSAW, node_id

SECONDS = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}
PRIME = 2**31 - 1


def seconds(length: Mapping[str, Any]) -> int:
    return int(length["amount"]) * SECONDS[length["unit"]]


def drawn(draw: int, journey: str, node: str) -> int:
    """The contact's number at a split, below `PRIME`."""
    digest = hashlib.sha256(f"{len(journey)}:{journey}{node}".encode()).digest()
    a, b = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    return (draw * (a % (PRIME - 1) + 1) + b % PRIME) % PRIME


def midnight(now: int, days: int, zone: ZoneInfo = WARSAW) -> int:
    """The start of the day that lies so many days after that of `now`."""
    day = day_of(Instant(now), zone)
    return day_start(day.fromordinal(day.toordinal() + days), zone)


@dataclass(frozen=True, order=True)
class Event:
    at: int
    id: int
    kind: str = field(compare=False)
    data: Mapping[str, Any] = field(compare=False, default_factory=dict)
    quiet: bool = field(compare=False, default=False)


@dataclass
class Message:
    id: int
    node: str
    visit: int
    kind: str
    settings: Mapping[str, Any]
    made_at: int
    expires_at: int
    not_before_at: int
    state: str = "pending"
    reason: str = ""
    started_at: int | None = None
    counted_at: int | None = None
    attempts: int = 0

    @property
    def marketing(self) -> bool:
        return self.kind == "send" and self.settings.get("message_class") != "service"

    @property
    def waiting(self) -> bool:
        return self.state in ("pending", "held")

    def told(self) -> tuple[Any, ...]:
        return node_id(self.node), self.visit, self.state, self.reason, self.made_at


@dataclass(eq=False)
class Version:
    """A journey as it was published."""

    nodes: Mapping[str, tuple[str, Mapping[str, Any]]]
    targets: Mapping[tuple[str, str], str]
    rules: Mapping[str, Any]
    number: int
    published_at: int

    def triggers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((name, made) for name, (kind, made) in self.nodes.items() if kind == "trigger")


@dataclass(eq=False)
class Passage:
    version: Version
    trigger: str
    entry: int
    since: tuple[int, int | None]
    entered_at: int
    due_at: int | None
    node: str
    arrived_at: int
    #: when the step was due that its walk began with
    was_due_at: int = 0
    n: int = 0
    state: str = "active"
    ended_at: int | None = None
    goal_at: int | None = None
    #: (kind, node, outlet, entered_at, left_at, reason)
    hops: list[tuple[str, str, str, int, int, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return self.state == "active"

    def since_entry(self, event: Event) -> bool:
        at, id_ = self.since
        return event.at > at or (event.at == at and id_ is not None and event.id > id_)

    def move(self, now: int, outlet: str, reason: str) -> None:
        self.hops.append(("edge", node_id(self.node), outlet, self.arrived_at, now, reason))
        target = self.version.targets.get((self.node, outlet))
        self.arrived_at, self.n = now, self.n + 1
        if target is None:
            self.state, self.ended_at = "finished", now
        else:
            self.node = target

    def end(self, now: int, state: str, *, kind: str, reason: str = "", at: int | None = None) -> None:
        self.hops.append((kind, node_id(self.node), "", self.arrived_at, now, reason))
        self.state, self.ended_at, self.due_at = state, now, None
        self.goal_at = at

    def call_back(self) -> None:
        for message in self.messages:
            if message.waiting:
                message.state, message.reason = "cancelled", "passage ended"

    def told(self, *, due: bool) -> tuple[Any, ...]:
        """All that became of it; when it is due only where that is asked for."""
        return (
            self.version.number, node_id(self.trigger), self.entry, self.since[0], self.entered_at, node_id(self.node),
            self.n, self.state, self.due_at if due else None, self.ended_at, self.goal_at, tuple(self.hops),
            tuple(sorted(message.told() for message in self.messages)),
        )  # fmt: skip


@dataclass
class Stay:
    """In a segment."""

    from_at: int
    to_at: int | None = None
    left_reason: str = ""


@dataclass(eq=False)
class Contact:
    number: int
    zone: ZoneInfo
    draw: int
    agreed: bool
    day: str | None
    values: dict[str, Any]
    stage: str | None = None
    erased: bool = False
    events: list[Event] = field(default_factory=list)
    fresh: list[Event] = field(default_factory=list)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    #: journey → passages
    passages: dict[str, list[Passage]] = field(default_factory=dict)
    #: (journey, trigger, at, reason)
    missed: list[tuple[str, str, int, str]] = field(default_factory=list)
    #: (journey, trigger, day) by which a pause kept the contact out
    kept_out: set[tuple[str, str, int]] = field(default_factory=set)

    def record(self, at: int, kind: str, *, quiet: bool = False, **data: Any) -> None:
        event = Event(at, len(self.events), kind, data, quiet)
        self.events.append(event)
        self.fresh.append(event)

    def change(self, field_: str, new: Any, now: int) -> None:
        old = self.values.get(field_)
        if new != old:
            self.values[field_] = new
            self.record(now, "contact.changed", field=field_, old=old, new=new)

    def inside(self, segment: str, now: int) -> bool:
        return any(stay.to_at is None and stay.from_at <= now for stay in self.stays.get(segment, ()))

    def all_passages(self) -> list[Passage]:
        return [passage for passages in self.passages.values() for passage in passages]


# --- criteria --------------------------------------------------------------------------------------------------------

Criterion = Mapping[str, Any]


def holds(
    contact: Contact,
    criterion: Criterion,
    now: int,
    *,
    passage: Passage | None = None,
    unheard: Sequence[Event] = (),
    before: int | None = None,
) -> bool:
    """Whether a contact fits; events are those since the passage's entry, where there is a passage that counts so, and
    earlier than `before`."""
    for group in ("none", "any"):
        if group in criterion:
            parts = [
                holds(contact, part, now, passage=passage, unheard=unheard, before=before) for part in criterion[group]
            ]
            return any(parts) == (group == "any")
    match criterion["leaf"]:
        case "attribute":
            value = contact.values.get(criterion["attribute"])
            if value is None:
                return False
            return bool(value >= criterion["value"] if criterion["op"] == ">=" else value == criterion["value"])
        case "segment":
            return contact.inside(criterion["segment"], now)
        case "event":
            found = [one for one in contact.events if one.kind == criterion["event"] and one.at <= now]
            found = [one for one in found if one not in unheard and (before is None or one.at < before)]
            if "scope" in criterion:
                found = [one for one in found if one.at >= midnight(now, -criterion["scope"]["amount"])]
            elif passage is not None:
                found = [one for one in found if passage.since_entry(one)]
            asked = criterion.get("count", {"op": ">=", "value": 1})
            return len(found) <= asked["value"] if asked["op"] == "<=" else len(found) >= asked["value"]
    raise ValueError(criterion)


def leaves(criterion: Criterion) -> Iterator[Criterion]:
    if "leaf" in criterion:
        yield criterion
    for group in ("none", "any"):
        for part in criterion.get(group, ()):
            yield from leaves(part)


def stirs(criterion: Criterion) -> set[str]:
    """Kinds of events after which it is asked again."""
    if not criterion:
        return set()
    found = {"contact.created"}
    for leaf in leaves(criterion):
        match leaf["leaf"]:
            case "attribute":
                found.add("contact.changed")
            case "segment":
                found |= {"segment.entered", "segment.left"}
            case "event":
                found.add(leaf["event"])
    return found


def drifts(criterion: Criterion) -> bool:
    return any("scope" in leaf for leaf in leaves(criterion))


# --- steps -----------------------------------------------------------------------------------------------------------


def outlet_of(contact: Contact, passage: Passage, now: int, *, has_code: bool) -> tuple[str | None, str, int | None]:
    """(outlet, reason, due) at the node where a passage stands and is due; no outlet: rests until then."""
    kind, made = passage.version.nodes[passage.node]
    match kind:
        case "trigger":
            return "in", "", None
        case "condition":
            return ("yes" if holds(contact, made["criterion"], now) else "no"), "", None
        case "split":
            number = drawn(contact.draw, "test", node_id(passage.node))
            first, second = made["by"]["arms"]
            arm = first if number < ceil(Fraction(first["share"]) * PRIME / 100) else second
            return arm["id"], "", None
        case "code":
            return ("done" if has_code else "pool_empty"), "", None
        case "jump":
            return "to", "", None
        case "update":
            return "done", "", None
        case "repeat":
            return _repeat(passage, made, now)
        case "wait":
            match made["rule"]["type"]:
                case "events":
                    return _heard(contact, passage, made["rule"], now)
                case "criterion":
                    until = passage.arrived_at + seconds(made["rule"]["timeout"])
                    if holds(contact, made["rule"]["criterion"], now, passage=passage, before=until):
                        return "met", "", None
                    return ("timeout" if until <= now else None), "", until
            return "done", "", None
        case "send" | "webhook":
            return _handed_over(passage, kind, made, now)
    raise ValueError(kind)


def _repeat(passage: Passage, made: Mapping[str, Any], now: int) -> tuple[str | None, str, int | None]:
    again = [left for _, node, outlet, _, left, _ in passage.hops if (node, outlet) == (node_id(passage.node), "again")]
    if len(again) >= made["at_most"]:
        return "enough", "", None
    free_at = max(again, default=0) + made["at_least_days"] * DAY
    return ("again" if free_at <= now else None), "", free_at


def _heard(contact: Contact, passage: Passage, rule: Mapping[str, Any], now: int) -> tuple[str | None, str, int | None]:
    """The earliest event since the listening moment and before the time-out; else the time-out."""
    until = passage.arrived_at + seconds(rule["timeout"])
    outlets = {one["event"]: one["outlet"] for one in rule["listen"]}
    written = [message.made_at for message in passage.messages if message.kind == "send"]
    for event in sorted(contact.events):
        if event.kind not in outlets or event.at > now or event.at >= until:
            continue
        match rule["since"]:
            case "arrival":
                counts = event.at > passage.arrived_at
            case "send" if written:
                counts = event.at > max(written)
            case _:
                counts = passage.since_entry(event)
        if counts:
            return outlets[event.kind], "", None
    return ("timeout" if until <= now else None), "", until


def _handed_over(passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> tuple[str | None, str, int | None]:
    sent = "sent" if kind == "send" else "ok"
    lost = "failed" if kind == "webhook" else "not_sent" if "unreachable_goes_another_way" in made else "sent"
    message = next((one for one in passage.messages if one.visit == passage.n), None)
    if message is None:
        return lost, "late", None
    if not waits_for_outcome(kind, made):
        return sent, "", None
    match message.state:
        case "sent":
            return sent, "", None
        case "failed" | "skipped" | "expired" | "cancelled":
            return lost, message.reason or message.state, None
        case "unknown":
            assert message.started_at is not None
            over = message.started_at + DAY
            return (sent, "unknown", None) if over <= now else (None, "", over)
    return None, "", None


def waits_for_outcome(kind: str, made: Mapping[str, Any]) -> bool:
    return bool(made.get("wait_for_hand_over" if kind == "send" else "wait_for_answer", True))
