"""The plain engine's doors: who is let into a journey, by what, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import DAY, Instant, day_of, day_start
from tests.engine.conftest import WARSAW
from tests.engine.plain import Contact, Event, Match, Missed, Passage, Version, midnight
from tests.engine.plain_criteria import holds
from tests.engine.plain_triggers import DAILY, about, brings_in, came_from, due_at, falls_on
from tests.engine.stories import START, Story


class Doors:
    """The journeys, and whom they let in; contacts are numbered from 0."""

    def __init__(self, story: Story) -> None:
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
        self.price = 2
        self.prices: list[tuple[int, int, int]] = []
        self.degrees = {"red": 0, "blue": 0}
        #: as the engine last saw them
        self.seen = dict(self.degrees)
        self.reported_at: dict[str, int] = {}

    @property
    def paused(self) -> bool:
        return self.state == "paused"

    def _becomes(self, state: str, now: int) -> None:
        self.state, self.state_at = state, now

    def _passages(self, journey: str) -> Iterator[Passage]:
        return (passage for c in self.contacts for passage in c.passages.get(journey, ()))

    def _entries(self, journey: str) -> list[tuple[str, Mapping[str, Any], Version]]:
        """What lets contacts in at present."""
        if journey == "test" and self.state in ("stopped", "archived"):
            return []
        version = self.versions[journey][-1]
        return [(name, trigger, version) for name, trigger in version.triggers()]

    def _put_in(self, c: Contact, now: int) -> None:
        if self.state in ("live", "paused"):
            for name, trigger in self.versions["test"][-1].triggers():
                if trigger["on"]["type"] == "list":
                    self._admit(c, Match("test", name, (now, None), now), now=now, as_of=now)
                    return

    def let_in(self, now: int) -> None:
        """Let in whom the present pause kept out, then resume."""
        since, self.state = self.state_at, "live"
        for name, _trigger in self.versions["test"][-1].triggers():
            for c in self.contacts:
                kept_out = [
                    one for one in c.missed if one.reason == "paused" and one.at >= since and one.match.trigger == name
                ]
                c.missed = [replace(one, reason="resumed") if one in kept_out else one for one in c.missed]
                matches = [one.match for one in kept_out]
                for match in sorted(matches, key=lambda one: (one.since[0], one.since[1] or -1)):
                    self._admit(c, match, now=now, as_of=now, record=False)
        self._becomes("live", now)

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
            self._admit_of_day(c, match_, now=now, as_of=as_of)

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
                    self._admit_of_day(c, match, now=now, as_of=as_of, asked=everybody)
        return did

    def _admit_of_day(self, c: Contact, match: Match, *, now: int, as_of: int, asked: bool = False) -> None:
        """Once a day and trigger, also where a version is published on a day that was asked before."""
        came = any(
            (one.trigger, one.since) == (match.trigger, match.since) for one in c.passages.get(match.journey, ())
        )
        if not came and (match.journey, match.trigger, as_of) not in c.kept_out:
            if self.paused and match.journey == "test":
                c.kept_out.add((match.journey, match.trigger, as_of))
            self._admit(c, match, now=now, as_of=as_of, asked=asked, record=False)

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
