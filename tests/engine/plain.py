"""The engine said plainly: one contact after the other, in Python, over lists.

What it says is what the real one has to do. It knows every family of trigger, the nodes of `tests.engine.drafts`, what
ends a passage from outside, the rules of re-entry, messages with their policies and outcomes, and what people do with a
journey that runs. `plain` holds what there is, `plain_criteria` whom a criterion means, `plain_triggers` whom an event
or a day concerns, `plain_doors` who is let in, `plain_steps` which way a passage takes, `plain_walk` how far it comes at
one moment, `plain_outbox` what becomes of messages, `plain_edits` of those inside when a journey is edited, and
`plain_engine` the order of it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import Instant, day_of, day_start
from tests.engine.conftest import WARSAW, node_id

SECONDS = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}


def seconds(length: Mapping[str, Any]) -> int:
    return int(length["amount"]) * SECONDS[length["unit"]]


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


@dataclass(eq=False)
class Version:
    """A journey as it was published."""

    nodes: Mapping[str, tuple[str, Mapping[str, Any]]]
    targets: Mapping[tuple[str, str], str]
    rules: Mapping[str, Any]
    off: frozenset[str]
    number: int
    published_at: int

    def triggers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((name, made) for name, (kind, made) in self.nodes.items() if kind == "trigger")

    def step(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """Kind and settings of a node; one that is switched off is of no kind at all."""
        kind, made = self.nodes[name]
        return ("off", {}) if name in self.off else (kind, made)

    def listens(self, name: str) -> bool:
        """Whether members rest there until something happens."""
        kind, made = self.step(name)
        rule = made["rule"] if kind == "wait" else {"type": ""}
        return rule["type"] in ("events", "criterion") or (
            rule["type"] == "date" and rule["date"]["type"] == "attribute"
        )


@dataclass
class Message:
    id: int
    node: str
    visit: int
    kind: str
    settings: Mapping[str, Any]
    #: whose policies hold for it
    version: Version
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

    def call_back(self, reason: str = "passage ended") -> None:
        if self.waiting:
            self.state, self.reason = "cancelled", reason

    def told(self) -> tuple[Any, ...]:
        return node_id(self.node), self.visit, self.state, self.reason, self.made_at


#: what a passage is about: (kind, what re-entry counts by)
Subject = tuple[str, str]


@dataclass(frozen=True)
class Match:
    """A contact matches a trigger."""

    journey: str
    trigger: str
    #: the moment it was matched for, and the event that did it
    since: tuple[int, int | None]
    due: int
    subject: Subject | None = None


@dataclass(frozen=True)
class Missed:
    """A match that let nobody in."""

    match: Match
    at: int
    reason: str


@dataclass(eq=False)
class Passage:
    version: Version
    trigger: str
    entry: int
    key: str
    subject: str | None
    since: tuple[int, int | None]
    entered_at: int
    due_at: int | None
    node: str
    arrived_at: int
    #: whether an edit has put it here, and what happens on arrival is yet to be done
    arriving: bool = False
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

    @property
    def message(self) -> Message | None:
        """That of the present stay."""
        return next((one for one in self.messages if (one.node, one.visit) == (self.node, self.n)), None)

    def since_entry(self, event: Event) -> bool:
        at, id_ = self.since
        return event.at > at or (event.at == at and id_ is not None and event.id > id_)

    def look_at(self, now: int) -> None:
        """Something woke it; who was due before stays due since then."""
        if self.due_at is None or self.due_at > now:
            self.due_at = now

    def leave(self, now: int, kind: str, outlet: str, reason: str) -> None:
        self.hops.append((kind, node_id(self.node), outlet, self.arrived_at, now, reason))

    def move(self, now: int, outlet: str, reason: str) -> None:
        self.leave(now, "edge", outlet, reason)
        target = self.version.targets.get((self.node, outlet))
        self.arrived_at, self.n = now, self.n + 1
        if target is None:
            self.state, self.ended_at = "finished", now
        else:
            self.node = target

    def end(self, now: int, state: str, *, kind: str, reason: str = "", at: int | None = None) -> None:
        self.leave(now, kind, "", reason)
        self.state, self.ended_at, self.due_at = state, now, None
        self.goal_at = at

    def end_from_outside(self, now: int, state: str, reason: str, *, at: int | None = None) -> None:
        """By its goal or exit, a stop, an edit: what waits to go out is called back."""
        self.end(now, state, kind="goal" if state == "goal" else "exit", reason=reason, at=at)
        self.call_back()

    def call_back(self) -> None:
        for message in self.messages:
            message.call_back()

    def told(self, *, due: bool) -> tuple[Any, ...]:
        """All that became of it; when it is due only where that is asked for."""
        return (
            self.version.number, node_id(self.trigger), self.entry, self.subject, self.since[0], self.entered_at,
            node_id(self.node), self.n, self.arrived_at, self.state, self.due_at if due else None, self.ended_at,
            self.goal_at, tuple(self.hops), tuple(sorted(message.told() for message in self.messages)),
        )  # fmt: skip


@dataclass
class Stay:
    """In a segment."""

    from_at: int
    to_at: int | None = None
    #: it ended since the segment came to mean others
    edited_away: bool = False


@dataclass(eq=False)
class Contact:
    number: int
    zone: ZoneInfo
    draw: int
    values: dict[str, Any]
    #: to the newsletter; None: was never asked
    agreed: bool | None = None
    #: tag → when it runs out
    tags: dict[str, int | None] = field(default_factory=dict)
    stage: str | None = None
    erased: bool = False
    events: list[Event] = field(default_factory=list)
    fresh: list[Event] = field(default_factory=list)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    #: journey → passages
    passages: dict[str, list[Passage]] = field(default_factory=dict)
    missed: list[Missed] = field(default_factory=list)
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

    def agree(self, given: bool, now: int) -> None:
        if self.agreed is not given:
            self.agreed = given
            self.record(now, "consent.given" if given else "consent.withdrawn")

    def carries(self, tag: str, now: int) -> bool:
        return tag in self.tags and (self.tags[tag] is None or self.tags[tag] > now)  # type: ignore[operator]

    def tag(self, tag: str, until: int | None, now: int) -> None:
        had = self.carries(tag, now)
        self.tags[tag] = until
        if not had:
            self.record(now, "tag.added", tag=tag)

    def untag(self, tag: str, now: int) -> None:
        if self.carries(tag, now):
            self.record(now, "tag.removed", tag=tag)
        self.tags.pop(tag, None)

    def drop_tags(self, now: int) -> bool:
        """Take away what has run out; says whether anything has."""
        over = [tag for tag in self.tags if not self.carries(tag, now)]
        for tag in over:
            del self.tags[tag]
            self.record(now, "tag.removed", tag=tag)
        return bool(over)

    def inside(self, segment: str, now: int) -> bool:
        return any(stay.to_at is None and stay.from_at <= now for stay in self.stays.get(segment, ()))

    def newest(self, now: int, *kinds: str) -> Event | None:
        return max((one for one in self.events if one.kind in kinds and one.at <= now), default=None)

    def all_passages(self) -> list[Passage]:
        return [passage for passages in self.passages.values() for passage in passages]
