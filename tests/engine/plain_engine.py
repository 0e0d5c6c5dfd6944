"""The plain engine's clockwork: hearing, days, walking and handing over, one contact after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import DAY, Instant, day_of, day_start
from tests.engine.conftest import WARSAW
from tests.engine.drafts import SEGMENTS, Draft
from tests.engine.plain import Contact, Event, Match, Missed, Passage, Stay, Version, midnight
from tests.engine.plain_criteria import drifts, holds, stirs
from tests.engine.plain_edits import Edit, migrate
from tests.engine.plain_outbox import deliver
from tests.engine.plain_triggers import DAILY, about, brings_in, came_from, due_at, falls_on, segments_of
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


class PlainEngine:
    """Runs the journey of a story; contacts are numbered from 0."""

    def __init__(self, story: Story, *, has_code: HasCode) -> None:
        self.contacts = [
            Contact(
                number=n,
                zone=ZoneInfo(one.zone) if one.zone else WARSAW,
                draw=one.draw,
                values={name: value for name, value in (("colour", one.colour), ("day", one.day)) if value is not None},
            )
            for n, one in enumerate(story.people)
        ]
        for contact, person in zip(self.contacts, story.people, strict=True):
            contact.record(START, "contact.created", quiet=True)
            if person.agreed:
                contact.agree(True, START)
        self.versions: dict[str, list[Version]] = {}
        #: of the story's journey: live, paused, stopped or archived, and since when
        self.state, self.state_at = "live", 0
        self.swept_on: dict[str, date] = {}
        self.day: date | None = None
        self.price = 2
        self.prices: list[tuple[int, int, int]] = []
        self.degrees = {"red": 0, "blue": 0}
        #: as the engine last saw them
        self.seen = dict(self.degrees)
        self.reported_at: dict[str, int] = {}
        self._walk = PlainWalk(has_code)
        #: segments in use
        self.used: set[str] = set()

    @property
    def paused(self) -> bool:
        return self.state == "paused"

    # --- what people do with the journey -----------------------------------------------------------------------------

    def publish(self, draft: Draft, now: int, journey: str = "test") -> None:
        editions = self.versions.setdefault(journey, [])
        targets = {(source, outlet): target for source, outlet, target in draft.edges}
        version = Version(draft.nodes, targets, draft.attributes, frozenset(draft.off), len(editions) + 1, now)
        editions.append(version)
        if journey == "test" and self.state in ("stopped", "archived"):
            self._becomes("live", now)
        for key in sorted(segments_of(draft.nodes, draft.attributes) - self.used):
            self.used.add(key)
            for contact in self.contacts:
                if not contact.erased and holds(contact, SEGMENTS[key], now):
                    contact.stays.setdefault(key, []).append(Stay(now))
        for name, trigger in version.triggers():
            if trigger.get("existing"):
                for contact in self.contacts:
                    if not contact.erased:
                        self._existing(contact, journey, name, trigger, now)

    def _existing(self, c: Contact, journey: str, name: str, trigger: Mapping[str, Any], now: int) -> None:
        on, today = trigger["on"], day_of(Instant(now), WARSAW)
        found: Event | bool | str | None = None
        match on["type"]:
            case "segment" if on.get("movement", "entered") == "entered":
                stay = next((one for one in c.stays.get(on["segment"], ()) if one.to_at is None), None)
                found = stay is not None and came_from(c, on, stay.from_at)
            case "stage":
                found = c.stage == on["stage"]
            case "feed" if self.degrees.get(c.values.get("colour", ""), 0) < 0:
                found = f"feed:weather:{c.values['colour']}"
            case "inactivity":
                last = c.newest(now, *on["events"])
                found = last if last is not None and last.at < midnight(now, -on["days"]) else None
        if found:
            match_ = Match(journey, name, (now, None), now, about(trigger, found))
            self._admit(c, match_, now=now, as_of=now, record=False)
        found = on["type"] in DAILY and falls_on(c, on, today)
        if found and (due := due_at(c, on, today)) < now:
            as_of = day_start(today, WARSAW)
            match_ = Match(journey, name, (as_of, None), due, about(trigger, found))
            self._admit(c, match_, now=now, as_of=as_of, record=False)

    def _becomes(self, state: str, now: int) -> None:
        self.state, self.state_at = state, now

    def migrate(self, chosen: Mapping[str, Any], others: str, number: int, now: int) -> None:
        editions = self.versions["test"]
        migrate(self.contacts, "test", editions, Edit(editions[number - 1], chosen, others), now)

    def stop(self, inside: str, now: int) -> None:
        self._becomes("stopped", now)
        for passage in (one for c in self.contacts for one in c.passages.get("test", ())):
            if passage.active and inside == "leave":
                passage.end_from_outside(now, "exited", "let go")

    def archive(self, now: int) -> None:
        """Put it away, if nobody is inside any more and nothing is on its way."""
        passages = [one for c in self.contacts for one in c.passages.get("test", ())]
        if self.state == "stopped" and not any(p.active or any(m.waiting for m in p.messages) for p in passages):
            self._becomes("archived", now)

    def let_in(self, now: int) -> None:
        """Let in whom the present pause kept out, then resume."""
        since, self.state = self.state_at, "live"
        for name, _trigger in self.versions["test"][-1].triggers():
            for c in self.contacts:
                kept_out = [
                    one.match
                    for one in c.missed
                    if one.reason == "paused" and one.at >= since and one.match.trigger == name
                ]
                for match in sorted(kept_out, key=lambda one: (one.since[0], one.since[1] or -1)):
                    self._admit(c, match, now=now, as_of=now, record=False)
        self._becomes("live", now)

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

    def _put_in(self, c: Contact, now: int) -> None:
        if self.state in ("live", "paused"):
            for name, trigger in self.versions["test"][-1].triggers():
                if trigger["on"]["type"] == "list":
                    self._admit(c, Match("test", name, (now, None), now), now=now, as_of=now)
                    return

    # --- a beat ------------------------------------------------------------------------------------------------------

    def beat(self, now: int) -> None:
        """All there is to do at one moment."""
        while True:
            self._tick(now)
            # the other journey sends nothing
            if self.paused or not sum(deliver(c, now) for c in self.contacts):
                break

    def _tick(self, now: int) -> None:
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

    def _enroll(self, c: Contact, journey: str, event: Event, now: int, unheard: Sequence[Event]) -> None:
        since = (event.at, event.id)
        for name, trigger, version in self._entries(journey):
            if not event.quiet and event.at >= version.published_at and brings_in(c, trigger["on"], event):
                match = Match(journey, name, since, event.at, about(trigger, event))
                self._admit(c, match, now=now, as_of=now, unheard=unheard)
        if event.kind == "journey.jumped" and journey == event.data["journey"]:
            kind = event.data["subject"]
            match = Match(journey, "door", since, event.at, (kind, "") if kind else None)
            self._admit(c, match, now=now, as_of=now)

    def _entries(self, journey: str) -> list[tuple[str, Mapping[str, Any], Version]]:
        """What lets contacts in at present."""
        if journey == "test" and self.state in ("stopped", "archived"):
            return []
        version = self.versions[journey][-1]
        return [(name, trigger, version) for name, trigger in version.triggers()]

    def _admit(
        self,
        c: Contact,
        match: Match,
        *,
        now: int,
        as_of: int,
        asked: bool = False,
        record: bool = True,
        unheard: Sequence[Event] = (),
    ) -> None:
        """Let a contact in who may come in; `asked`: they are known to be in the audience."""
        version = self.versions[match.journey][-1]
        trigger, rule = version.nodes[match.trigger][1], version.rules["re_entry"]
        key = match.subject[1] if match.subject is not None and rule.get("per") == "subject" else ""
        passages = c.passages.setdefault(match.journey, [])
        before = [one for one in passages if one.key == key]
        if match.since[0] < midnight(as_of, -trigger.get("at_most_late_days", 7)):
            reason = "late"
        elif not asked and "only" in trigger and not holds(c, trigger["only"], as_of, unheard=unheard):
            reason = "audience"
        else:
            reason = _may_not_come_back(rule, before, match.since[0])
        if not reason and self.paused and match.journey == "test":
            reason = "paused"
        if not reason:
            subject = match.subject[0] if match.subject is not None else None
            entry, due = len(before) + 1, max(match.due, now)
            passages.append(
                Passage(version, match.trigger, entry, key, subject, match.since, now, due, match.trigger, now)
            )
        elif record or reason == "paused":
            c.missed.append(Missed(match, now if reason == "paused" else match.since[0], reason))

    # --- segments, things, days --------------------------------------------------------------------------------------

    def _follow(self, c: Contact, lot: Sequence[Event], now: int) -> None:
        for key in sorted(self.used):
            stirring = [event for event in lot if event.kind in stirs(SEGMENTS[key])]
            if stirring:
                _move(c, key, now, quiet=all(event.quiet for event in stirring))

    def _take_things(self, now: int) -> bool:
        prices, self.prices = self.prices, []
        changed = dict(self.reported_at)
        for journey in self.versions:
            for name, trigger, version in self._entries(journey):
                for c in self.contacts:
                    if c.erased or ("only" in trigger and not holds(c, trigger["only"], now)):
                        continue
                    for at, thing in self._things_that_bring_in(c, trigger["on"], prices, changed):
                        if at >= version.published_at:
                            match = Match(journey, name, (at, None), at, about(trigger, thing))
                            self._admit(c, match, now=now, as_of=now, asked=True, record=False)
        for colour in changed:
            self.seen[colour] = self.degrees[colour]
        self.reported_at.clear()
        return bool(prices or changed)

    def _things_that_bring_in(
        self,
        c: Contact,
        on: Mapping[str, Any],
        prices: Sequence[tuple[int, int, int]],
        changed: Mapping[str, int],
    ) -> Iterator[tuple[int, str]]:
        """(when, what)."""
        if on["type"] == "product":
            least = on["at_least_percent"] or 0
            for at, old, new in prices:
                if new < old and new * 100 <= old * (100 - least):
                    yield at, "product:tea"
        if on["type"] == "feed":
            colour = c.values.get("colour")
            if colour in changed and self.degrees[colour] < 0 and not self.seen[colour] < 0:
                yield changed[colour], f"feed:weather:{colour}"

    def _sweep(self, now: int) -> bool:
        today = day_of(Instant(now), WARSAW)
        did = False
        if self.day is None or self.day < today:
            self.day, did = today, True
            for key in sorted(self.used):
                if drifts(SEGMENTS[key]):
                    for c in self.contacts:
                        _move(c, key, now, quiet=False)
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

    def _days(
        self, journey: str, name: str, trigger: Mapping[str, Any], version: Version, today: date, now: int
    ) -> bool:
        """Let in whom the days up to today bring; says whether there were any."""
        on, did = trigger["on"], False
        published = day_of(Instant(version.published_at), WARSAW)
        first = self.swept_on[journey] + timedelta(days=1) if journey in self.swept_on else published
        first = max(first, published, today - timedelta(days=trigger.get("at_most_late_days", 7)))
        for day in (first + timedelta(days=n) for n in range((today - first).days + 1)):
            as_of = day_start(day, WARSAW)
            for c in self.contacts:
                found = not c.erased and falls_on(c, on, day)
                everybody = on["type"] == "schedule"
                if not found or (everybody and "only" in trigger and not holds(c, trigger["only"], as_of)):
                    continue
                did, due = True, due_at(c, on, day)
                if due >= version.published_at:
                    match = Match(journey, name, (as_of, None), due, about(trigger, found))
                    self._admit(c, match, now=now, as_of=as_of, asked=everybody, record=False)
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


def _may_not_come_back(rule: Mapping[str, Any], before: Sequence[Passage], at: int) -> str:
    """Why who has been in before may not come in again; empty: they may."""
    if rule["rule"] == "always":
        return ""
    if any(passage.active for passage in before):
        return "inside"
    if rule["rule"] == "never" and before:
        return "re_entry"
    if rule["rule"] == "after days" and any(at - one.since[0] < rule["days"] * DAY for one in before):
        return "re_entry"
    return ""


def _erase(c: Contact, now: int) -> None:
    for passage in c.all_passages():
        if passage.active:
            passage.end(now, "exited", kind="exit", reason="erased")
        passage.call_back()
    c.erased, c.values, c.agreed = True, {}, None
    for kept in (c.events, c.fresh, c.stays, c.missed, c.tags):
        kept.clear()  # type: ignore[attr-defined]


def _move(c: Contact, key: str, now: int, *, quiet: bool) -> None:
    """Into a segment or out of it, where the contact belongs elsewhere."""
    stays = c.stays.setdefault(key, [])
    inside = any(stay.to_at is None for stay in stays)
    if c.erased or holds(c, SEGMENTS[key], now) == inside:
        return
    if inside:
        stays[-1].to_at = now
    else:
        stays.append(Stay(now))
    c.record(now, "segment.left" if inside else "segment.entered", quiet=quiet, segment=key)


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
