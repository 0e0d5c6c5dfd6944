"""The plain engine's clockwork: hearing, days, walking and handing over, one contact after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from journeys.base.time import Instant, day_of
from tests.engine.conftest import WARSAW
from tests.engine.drafts import SEGMENTS, Draft
from tests.engine.plain import Contact, Event, Passage, Stay, Version
from tests.engine.plain_criteria import drifts, holds, leaves, stirs
from tests.engine.plain_doors import Doors
from tests.engine.plain_edits import Edit, migrate
from tests.engine.plain_outbox import deliver
from tests.engine.plain_triggers import DAILY, segments_of
from tests.engine.plain_walk import HasCode, PlainWalk
from tests.engine.stories import START, Deed, Story

#: what the second journey is, in words of a draft
OTHER = Draft(
    {
        "door": ("trigger", {"on": {"type": "list"}}),
        "rest": ("wait", {"rule": {"type": "duration", "amount": 6, "unit": "hours"}}),
        "over": ("exit", {"reason": "finished"}),
    },
    [("door", "in", "rest"), ("rest", "done", "over")],
    {"re_entry": {"rule": "after leaving"}},
)


class PlainEngine(Doors):
    """Runs the journey of a story."""

    def __init__(self, story: Story, *, has_code: HasCode) -> None:
        super().__init__(story)
        self.day: date | None = None
        self._walk = PlainWalk(has_code)
        #: what they mean, those in use, and of these those that were edited since they were worked out
        self.segments = dict(SEGMENTS)
        self.used: set[str] = set()
        self.stale: set[str] = set()

    # --- what people do with the journey -----------------------------------------------------------------------------

    def publish(self, draft: Draft, now: int, journey: str = "test") -> None:
        editions = self.versions.setdefault(journey, [])
        targets = {(source, outlet): target for source, outlet, target in draft.edges}
        version = Version(draft.nodes, targets, draft.attributes, frozenset(draft.off), len(editions) + 1, now)
        editions.append(version)
        if journey == "test" and self.state in ("stopped", "archived"):
            self._becomes("live", now)
        # its own day is asked once more
        self.swept_on.pop(journey, None)
        self._work_out(segments_of(version), now)
        for name, trigger in version.triggers():
            if trigger.get("existing"):
                for contact in self.contacts:
                    if not contact.erased:
                        self._existing(contact, journey, name, trigger, now)

    def _work_out(self, asked: set[str], now: int) -> None:
        """Find silently who is in segments that are new to the engine or were edited, and in those made of them."""
        again = {key for key in asked if key in self.stale or key not in self.used}
        self.used |= again
        self.stale -= again
        for key in sorted(self.used - self.stale):
            parts = {leaf["segment"] for leaf in leaves(self.segments[key]) if leaf["leaf"] == "segment"}
            if key in again or parts & again:
                again.add(key)
                for c in self.contacts:
                    self._move(c, key, now, silently=True)

    def migrate(self, chosen: Mapping[str, Any], others: str, number: int, now: int) -> None:
        editions = self.versions["test"]
        migrate(self.contacts, "test", editions, Edit(editions[number - 1], chosen, others), now)

    def stop(self, inside: str, now: int) -> None:
        self._becomes("stopped", now)
        for passage in self._passages("test"):
            if passage.active and inside == "leave":
                passage.end_from_outside(now, "exited", "let go")

    def archive(self, now: int) -> None:
        """Put it away, if nobody is inside any more and nothing is on its way."""
        passages = self._passages("test")
        if self.state == "stopped" and not any(p.active or any(m.waiting for m in p.messages) for p in passages):
            self._becomes("archived", now)

    # --- what happens ------------------------------------------------------------------------------------------------

    def hear(self, deed: Deed) -> None:
        """Something happens now."""
        c, now = self.contacts[deed.who % len(self.contacts)], START + deed.at
        match deed.what:
            case "pause" if self.state == "live":
                self._becomes("paused", now)
            case "resume" if self.paused:
                self._becomes("live", now)
            case "let in" if self.paused:
                self.let_in(now)
            case "stop" if self.state in ("live", "paused"):
                self.stop(deed.data, now)
            case "archive":
                self.archive(now)
            case "edit segment":
                if deed.data != self.segments["reds"]:
                    self.segments["reds"] = deed.data
                    self.stale |= {"reds"} & self.used
            case "pause" | "resume" | "let in" | "stop":
                pass
            case "price":
                if deed.data != self.price:
                    self.prices.append((now, self.price, deed.data))
                self.price = deed.data
            case "weather":
                for colour, degrees in zip(("red", "blue"), deed.data, strict=True):
                    if degrees != self.degrees[colour]:
                        self.degrees[colour], self.reported_at[colour] = degrees, now
            case _ if not c.erased:
                self._happens_to(c, deed.what, deed.data, now)

    def _happens_to(self, c: Contact, what: str, data: Any, now: int) -> None:
        match what:
            case "event" | "quiet event":
                c.record(now, data["kind"], quiet=what == "quiet event")
            case "late event":
                c.record(now - data["late"], data["kind"])
            case "loyalty":
                c.record(now, data)
            case "nps":
                c.record(now, "nps.answered", score=data)
            case "colour" | "points" | "day":
                c.change(what, data, now)
            case "tag":
                c.tag("vip", now + data if data else None, now)
            case "untag":
                c.untag("vip", now)
            case "consent":
                c.agree(data, now)
            case "stage":
                if c.stage != data:
                    c.stage = data
                    c.record(now, "stage.entered", stage=data)
            case "click":
                if any(one.kind == "send" and one.state == "sent" for p in c.all_passages() for one in p.messages):
                    c.record(now, "email.clicked")
            case "put in":
                self._put_in(c, now)
            case "erase":
                _erase(c, now)
            case _:
                raise ValueError(what)

    # --- a beat ------------------------------------------------------------------------------------------------------

    def beat(self, now: int) -> None:
        """All there is to do at one moment."""
        while True:
            self._tick(now)
            # the other journey sends nothing
            if self.paused or not sum(deliver(c, now) for c in self.contacts):
                break

    def _tick(self, now: int) -> None:
        asked = (
            segments_of(version)
            for journey, editions in self.versions.items()
            if not (journey == "test" and self.state == "archived")
            for version in editions
            if version is editions[-1] or any(p.version is version and p.active for p in self._passages(journey))
        )
        self._work_out(set().union(*asked) & self.stale, now)
        did: int = True
        while did:
            did = sum(c.drop_tags(now) for c in self.contacts)
            did += sum(self._listen(c, now) for c in self.contacts)
            did += self._take_things(now) + self._sweep(now)
            did += sum(self._advance(c, now) for c in self.contacts)

    def _listen(self, c: Contact, now: int) -> bool:
        did = False
        while lot := sorted(one for one in c.fresh if one.at <= now):
            did = True
            c.fresh = [one for one in c.fresh if one.at > now]
            for n, event in enumerate(lot):
                unheard = lot[n + 1 :]
                for journey in self.versions:
                    _end(c, journey, event, now, unheard)
                for journey in self.versions:
                    self._enroll(c, journey, event, now, unheard)
            _wake(c, {event.kind for event in lot}, now)
            self._follow(c, lot, now)
        return did

    # --- segments and days -------------------------------------------------------------------------------------------

    def _follow(self, c: Contact, lot: Sequence[Event], now: int) -> None:
        for key in sorted(self.used - self.stale):
            stirring = [event for event in lot if event.kind in stirs(self.segments[key])]
            if stirring:
                self._move(c, key, now, quiet=all(event.quiet for event in stirring))

    def _move(self, c: Contact, key: str, now: int, *, quiet: bool = False, silently: bool = False) -> None:
        """Into a segment or out of it, where the contact belongs elsewhere."""
        stays = c.stays.setdefault(key, [])
        inside = any(stay.to_at is None for stay in stays)
        if c.erased or holds(c, self.segments[key], now) == inside:
            return
        if inside:
            stays[-1].to_at, stays[-1].edited_away = now, silently
        else:
            stays.append(Stay(now))
        if not silently:
            c.record(now, "segment.left" if inside else "segment.entered", quiet=quiet, segment=key)

    def _sweep(self, now: int) -> bool:
        today = day_of(Instant(now), WARSAW)
        did = False
        if self.day is None or self.day < today:
            self.day, did = today, True
            for key in sorted(self.used - self.stale):
                if drifts(self.segments[key]):
                    for c in self.contacts:
                        self._move(c, key, now)
            for c in self.contacts:
                _end_by_time(c, now)
        for journey in self.versions:
            for name, trigger, version in self._entries(journey):
                did |= trigger["on"]["type"] in DAILY and self._days(journey, name, trigger, version, today, now)
            if not (journey == "test" and self.state == "archived"):
                did |= self.swept_on.get(journey) != today
                self.swept_on[journey] = today
        for c in self.contacts:
            self._listen(c, now)
        return did

    # --- walking -----------------------------------------------------------------------------------------------------

    def _advance(self, c: Contact, now: int) -> bool:
        did = False
        while True:
            due = {
                journey: [one for one in passages if one.active and one.due_at is not None and one.due_at <= now]
                for journey, passages in c.passages.items()
                if not (self.paused and journey == "test")
            }
            if not any(due.values()):
                return did
            did = True
            for journey in self.versions:
                self._walk.walk(c, journey, due.get(journey, ()), now)


def _erase(c: Contact, now: int) -> None:
    for passage in c.all_passages():
        if passage.active:
            passage.end(now, "exited", kind="exit", reason="erased")
        passage.call_back()
    c.erased, c.values, c.agreed = True, {}, None
    for kept in (c.events, c.fresh, c.stays, c.missed, c.tags):
        kept.clear()  # type: ignore[attr-defined]


def _end(c: Contact, journey: str, event: Event, now: int, unheard: Sequence[Event]) -> None:
    """Goal before exit."""
    for state, rule in (("goal", "goal"), ("exited", "exit_when")):
        for passage in c.passages.get(journey, ()):
            criterion = passage.version.rules.get(rule)
            if not passage.active or criterion is None or event.kind not in stirs(criterion):
                continue
            if holds(c, criterion, now, passage=passage, unheard=unheard):
                passage.end_from_outside(now, state, rule, at=event.at if state == "goal" else None)


def _end_by_time(c: Contact, now: int) -> None:
    """What time alone has brought about: goals, exits, and waits that are to look again."""
    for state, rule in (("goal", "goal"), ("exited", "exit_when")):
        for passage in c.all_passages():
            criterion = passage.version.rules.get(rule)
            if not passage.active or criterion is None or not drifts(criterion):
                continue
            if holds(c, criterion, now, passage=passage):
                passage.end_from_outside(now, state, rule, at=now if state == "goal" else None)
    for passage in c.all_passages():
        if passage.active and drifts(_awaited(passage).get("criterion", {"leaf": ""})):
            passage.look_at(now)


def _wake(c: Contact, kinds: set[str], now: int) -> None:
    """Let listening waits look again."""
    for passage in c.all_passages():
        rule = _awaited(passage)
        listens = {one["event"] for one in rule.get("listen", ())} | stirs(rule.get("criterion", {}))
        if rule.get("date", {}).get("type") == "attribute":
            listens.add("contact.changed")
        if passage.active and listens & kinds:
            passage.look_at(now)


def _awaited(passage: Passage) -> Mapping[str, Any]:
    """What a passage waits for."""
    kind, made = passage.version.step(passage.node)
    rule: Mapping[str, Any] = made["rule"] if kind == "wait" else {}
    return rule
