"""The plain engine's clockwork: hearing, days, walking and handing over, one contact after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import DAY, Instant, day_of, day_start, moment
from journeys.nodes.windows import Window
from tests.engine.conftest import WARSAW, node_id
from tests.engine.plain import (
    Contact,
    Event,
    Message,
    Passage,
    Stay,
    Version,
    drifts,
    holds,
    midnight,
    outlet_of,
    seconds,
    stirs,
    waits_for_outcome,
)
from tests.engine.plain_outbox import deliver
from tests.engine.plain_triggers import DAILY, asked, brings_in, came_from, due_at, falls_on, segments_of
from tests.engine.stories import SEGMENTS, START, Deed, Draft, Story

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

#: (contact, passage's journey, entry, visit) → whether that stay got a code: who of several gets the last is not laid down
HasCode = Callable[[int, str, int, int], bool]


class PlainEngine:
    """Runs the journey of a story; contacts are numbered from 0."""

    def __init__(self, story: Story, *, has_code: HasCode) -> None:
        self.story, self._has_code = story, has_code
        self.contacts = [
            Contact(
                number=n,
                zone=ZoneInfo(one.zone) if one.zone else WARSAW,
                draw=one.draw,
                agreed=one.agreed,
                day=one.day,
                values={} if one.colour is None else {"colour": one.colour},
            )
            for n, one in enumerate(story.people)
        ]
        for contact in self.contacts:
            contact.record(START, "contact.created", quiet=True)
        self.versions: dict[str, list[Version]] = {}
        self.swept_on: dict[str, date] = {}
        self.day: date | None = None
        self.paused = False
        self.price = 2
        self.prices: list[tuple[int, int, int]] = []
        self.degrees = {"red": 0, "blue": 0}
        #: as the engine last saw them
        self.seen = dict(self.degrees)
        self.reported_at: dict[str, int] = {}
        self._messages = 0
        #: segments in use
        self.used: set[str] = set()

    # --- publishing --------------------------------------------------------------------------------------------------

    def publish(self, draft: Draft, now: int, journey: str = "test") -> None:
        editions = self.versions.setdefault(journey, [])
        targets = {(source, outlet): target for source, outlet, target in draft.edges}
        version = Version(draft.nodes, targets, draft.attributes, len(editions) + 1, now)
        editions.append(version)
        # its own day is asked once more
        self.swept_on.pop(journey, None)
        for key in sorted(segments_of(draft.nodes, draft.attributes) - self.used):
            self.used.add(key)
            for contact in self.contacts:
                if not contact.erased and holds(contact, SEGMENTS[key], now):
                    contact.stays.setdefault(key, []).append(Stay(now))
        for name, trigger in version.triggers():
            if trigger.get("existing"):
                for contact in self.contacts:
                    if not contact.erased:
                        self._existing(contact, journey, version, name, trigger, now)

    def _existing(
        self, c: Contact, journey: str, version: Version, name: str, trigger: Mapping[str, Any], now: int
    ) -> None:
        on, today = trigger["on"], day_of(Instant(now), WARSAW)
        match on["type"]:
            case "segment" if on.get("movement", "entered") == "entered":
                stay = next((one for one in c.stays.get(on["segment"], ()) if one.to_at is None), None)
                matches = stay is not None and came_from(c, on, stay.from_at)
            case "stage":
                matches = c.stage == on["stage"]
            case "feed":
                matches = self.degrees.get(c.values.get("colour", ""), 0) < 0
            case "inactivity":
                last = max((one for one in c.events if one.kind in on["events"] and one.at <= now), default=None)
                matches = last is not None and last.at < midnight(now, -on["days"])
            case _:
                matches = False
        if matches:
            self._admit(c, journey, version, name, trigger, (now, None), now, now=now, as_of=now, record=False)
        if on["type"] in DAILY and falls_on(c, on, today):
            due = due_at(c, on, today)
            if due < now:
                as_of = day_start(today, WARSAW)
                self._admit_of_day(c, journey, version, name, trigger, due, now=now, as_of=as_of)

    # --- what happens ------------------------------------------------------------------------------------------------

    def hear(self, deed: Deed) -> None:
        """Something happens now."""
        c, now = self.contacts[deed.who % len(self.contacts)], START + deed.at
        match deed.what:
            case "pause":
                self.paused = True
            case "resume":
                self.paused = False
            case "publish":
                self.publish(deed.data, now)
            case "price":
                if deed.data != self.price:
                    self.prices.append((now, self.price, deed.data))
                self.price = deed.data
            case "weather":
                for colour, degrees in zip(("red", "blue"), deed.data, strict=True):
                    if degrees != self.degrees[colour]:
                        self.degrees[colour], self.reported_at[colour] = degrees, now
            case _ if c.erased:
                pass
            case "event" | "quiet event":
                c.record(now, deed.data["kind"], quiet=deed.what == "quiet event")
            case "late event":
                c.record(now - deed.data["late"], deed.data["kind"])
            case "colour" | "points":
                c.change(deed.what, deed.data, now)
            case "stage":
                if c.stage != deed.data:
                    c.stage = deed.data
                    c.record(now, "stage.entered", stage=deed.data)
            case "click":
                if any(one.kind == "send" and one.state == "sent" for p in c.all_passages() for one in p.messages):
                    c.record(now, "email.clicked")
            case "put in":
                self._put_in(c, now)
            case "erase":
                self._erase(c, now)

    def _put_in(self, c: Contact, now: int) -> None:
        version = self.versions["test"][-1]
        for name, trigger in version.triggers():
            if trigger["on"]["type"] == "list":
                self._admit(c, "test", version, name, trigger, (now, None), now, now=now, as_of=now)
                return

    def _erase(self, c: Contact, now: int) -> None:
        for passage in c.all_passages():
            if passage.active:
                passage.end(now, "exited", kind="exit", reason="erased")
            passage.call_back()
        c.erased, c.values = True, {}
        c.events.clear()
        c.fresh.clear()
        c.stays.clear()
        c.missed.clear()

    # --- a beat ------------------------------------------------------------------------------------------------------

    def beat(self, now: int) -> None:
        """All there is to do at one moment."""
        while True:
            self._tick(now)
            # the other journey sends nothing
            if self.paused or not sum(deliver(c, now) for c in self.contacts):
                break

    def _tick(self, now: int) -> None:
        while True:
            did = sum(self._listen(c, now) for c in self.contacts)
            did += self._take_things(now) + self._sweep(now)
            did += sum(self._advance(c, now) for c in self.contacts)
            if not did:
                break

    def _listen(self, c: Contact, now: int) -> bool:
        did = False
        while lot := sorted(one for one in c.fresh if one.at <= now):
            did = True
            c.fresh = [one for one in c.fresh if one.at > now]
            for n, event in enumerate(lot):
                unheard = lot[n + 1 :]
                for journey in self.versions:
                    self._end(c, journey, event, now, unheard)
                for journey, editions in self.versions.items():
                    self._enroll(c, journey, editions[-1], event, now, unheard)
            _wake(c, {event.kind for event in lot}, now)
            self._follow(c, lot, now)
        return did

    def _end(self, c: Contact, journey: str, event: Event, now: int, unheard: Sequence[Event]) -> None:
        """Goal before exit."""
        for state, rule in (("goal", "goal"), ("exited", "exit_when")):
            for passage in c.passages.get(journey, ()):
                criterion = passage.version.rules.get(rule)
                if not passage.active or criterion is None or event.kind not in stirs(criterion):
                    continue
                if holds(c, criterion, now, passage=passage, unheard=unheard):
                    _ended_from_outside(passage, now, state, event.at)

    def _enroll(
        self, c: Contact, journey: str, version: Version, event: Event, now: int, unheard: Sequence[Event]
    ) -> None:
        since = (event.at, event.id)
        if not event.quiet and event.at >= version.published_at:
            for name, trigger in version.triggers():
                if brings_in(c, trigger["on"], event):
                    self._admit(
                        c, journey, version, name, trigger, since, event.at, now=now, as_of=now, unheard=unheard
                    )
        if event.kind == "journey.jumped" and journey == event.data["journey"]:
            self._admit(c, journey, version, "door", OTHER.nodes["door"][1], since, event.at, now=now, as_of=now)

    def _admit(
        self,
        c: Contact,
        journey: str,
        version: Version,
        name: str,
        trigger: Mapping[str, Any],
        since: tuple[int, int | None],
        due: int,
        *,
        now: int,
        as_of: int,
        record: bool = True,
        unheard: Sequence[Event] = (),
    ) -> None:
        reason = self._refuses(c, journey, version, trigger, since[0], as_of, unheard)
        if not reason and self.paused and journey == "test":
            reason = "paused"
        before = c.passages.setdefault(journey, [])
        if not reason:
            before.append(Passage(version, name, len(before) + 1, since, now, max(due, now), name, now))
        elif record or reason == "paused":
            c.missed.append((journey, node_id(name), now if reason == "paused" else since[0], reason))

    def _refuses(
        self,
        c: Contact,
        journey: str,
        version: Version,
        trigger: Mapping[str, Any],
        at: int,
        as_of: int,
        unheard: Sequence[Event],
    ) -> str:
        rule, before = version.rules["re_entry"], c.passages.get(journey, [])
        if at < midnight(as_of, -trigger.get("at_most_late_days", 7)):
            return "late"
        if "only" in trigger and not holds(c, trigger["only"], as_of, unheard=unheard):
            return "audience"
        if rule["rule"] == "always":
            return ""
        if any(passage.active for passage in before):
            return "inside"
        if rule["rule"] == "never" and before:
            return "re_entry"
        if rule["rule"] == "after days" and any(at - one.since[0] < rule["days"] * DAY for one in before):
            return "re_entry"
        return ""

    # --- segments, things, days --------------------------------------------------------------------------------------

    def _follow(self, c: Contact, lot: Sequence[Event], now: int) -> None:
        for key in sorted(self.used):
            stirring = [event for event in lot if event.kind in stirs(SEGMENTS[key])]
            if stirring:
                self._move(c, key, now, quiet=all(event.quiet for event in stirring))

    def _move(self, c: Contact, key: str, now: int, *, quiet: bool) -> bool:
        stays = c.stays.setdefault(key, [])
        inside = any(stay.to_at is None for stay in stays)
        if c.erased or holds(c, SEGMENTS[key], now) == inside:
            return False
        if inside:
            stays[-1].to_at = now
        else:
            stays.append(Stay(now))
        c.record(now, "segment.left" if inside else "segment.entered", quiet=quiet, segment=key)
        return True

    def _take_things(self, now: int) -> bool:
        prices, self.prices = self.prices, []
        changed = dict(self.reported_at)
        for journey, name, trigger, version in self._entries():
            on = trigger["on"]
            for c in self.contacts:
                if c.erased or ("only" in trigger and not holds(c, trigger["only"], now)):
                    continue
                if on["type"] == "product":
                    least = on["at_least_percent"] or 0
                    matched = [at for at, old, new in prices if new < old and new * 100 <= old * (100 - least)]
                elif on["type"] == "feed":
                    colour = c.values.get("colour")
                    crossed = colour in changed and self.degrees[colour] < 0 and not self.seen[colour] < 0
                    matched = [changed[colour]] if crossed and colour is not None else []
                else:
                    matched = []
                for at in matched:
                    if at >= version.published_at:
                        self._admit(
                            c, journey, version, name, asked(trigger), (at, None), at, now=now, as_of=now, record=False
                        )
        for colour in changed:
            self.seen[colour] = self.degrees[colour]
        self.reported_at.clear()
        return bool(prices or changed)

    def _entries(self) -> Iterator[tuple[str, str, Mapping[str, Any], Version]]:
        for journey, editions in self.versions.items():
            for name, trigger in editions[-1].triggers():
                yield journey, name, trigger, editions[-1]

    def _sweep(self, now: int) -> bool:
        today = day_of(Instant(now), WARSAW)
        did = False
        if self.day is None or self.day < today:
            self.day, did = today, True
            for key in sorted(self.used):
                if drifts(SEGMENTS[key]):
                    for c in self.contacts:
                        self._move(c, key, now, quiet=False)
            self._end_by_time(now)
        for journey, name, trigger, version in self._entries():
            on = trigger["on"]
            if on["type"] not in DAILY:
                continue
            published = day_of(Instant(version.published_at), WARSAW)
            first = self.swept_on[journey] + timedelta(days=1) if journey in self.swept_on else published
            first = max(first, published, today - timedelta(days=trigger.get("at_most_late_days", 7)))
            for day in (first + timedelta(days=n) for n in range((today - first).days + 1)):
                for c in self.contacts:
                    did |= self._by_day(c, journey, name, trigger, version, day, now)
        for journey in self.versions:
            did |= self.swept_on.get(journey) != today
            self.swept_on[journey] = today
        for c in self.contacts:
            self._listen(c, now)
        return did

    def _end_by_time(self, now: int) -> None:
        for c in self.contacts:
            for state, rule in (("goal", "goal"), ("exited", "exit_when")):
                for passage in c.all_passages():
                    criterion = passage.version.rules.get(rule)
                    if not passage.active or criterion is None or not drifts(criterion):
                        continue
                    if holds(c, criterion, now, passage=passage):
                        _ended_from_outside(passage, now, state, now)
            for passage in c.all_passages():
                kind, made = passage.version.nodes[passage.node]
                if (
                    passage.active
                    and kind == "wait"
                    and "criterion" in made["rule"]
                    and drifts(made["rule"]["criterion"])
                ):
                    passage.due_at = now

    def _by_day(
        self, c: Contact, journey: str, name: str, trigger: Mapping[str, Any], version: Version, day: date, now: int
    ) -> bool:
        on, as_of = trigger["on"], day_start(day, WARSAW)
        if c.erased or not falls_on(c, on, day):
            return False
        if on["type"] == "schedule" and "only" in trigger and not holds(c, trigger["only"], as_of):
            return False
        due = due_at(c, on, day)
        if due >= version.published_at:
            self._admit_of_day(c, journey, version, name, trigger, due, now=now, as_of=as_of)
        return True

    def _admit_of_day(
        self,
        c: Contact,
        journey: str,
        version: Version,
        name: str,
        trigger: Mapping[str, Any],
        due: int,
        *,
        now: int,
        as_of: int,
    ) -> None:
        """Once a day and trigger, also where a version is published on a day that was asked before."""
        came = any((one.trigger, one.since) == (name, (as_of, None)) for one in c.passages.get(journey, ()))
        if not came and (journey, name, as_of) not in c.kept_out:
            if self.paused and journey == "test":
                c.kept_out.add((journey, name, as_of))
            self._admit(c, journey, version, name, trigger, (as_of, None), due, now=now, as_of=as_of, record=False)

    # --- walking -----------------------------------------------------------------------------------------------------

    def _advance(self, c: Contact, now: int) -> bool:
        did = False
        while True:
            due = [
                passage
                for journey, passages in c.passages.items()
                if not (self.paused and journey == "test")
                for passage in passages
                if passage.active and passage.due_at is not None and passage.due_at <= now
            ]
            if not due:
                return did
            did = True
            journey_of = {id(p): journey for journey, passages in c.passages.items() for p in passages}
            for journey in self.versions:
                cohort = [one for one in due if journey_of[id(one)] == journey]
                self._walk(c, journey, cohort, now)

    def _walk(self, c: Contact, journey: str, cohort: Sequence[Passage], now: int) -> None:
        """Round by round, since a change that one passage makes is seen by the next round of the others."""
        walking = {id(passage): passage for passage in cohort}
        for passage in cohort:
            passage.was_due_at = passage.due_at or now
        arrived: set[int] = set()
        while walking:
            moves: list[tuple[Passage, str, str]] = []
            for key, passage in sorted(walking.items(), key=lambda pair: _place(pair[1])):
                kind, made = passage.version.nodes[passage.node]
                if key in arrived:
                    arrived.discard(key)
                    if self._arrive(c, passage, kind, made, now):
                        del walking[key]
                    continue
                if kind in ("goal", "exit") or (kind == "jump" and "journey" in made):
                    self._end_here(c, passage, kind, made, now)
                    del walking[key]
                    continue
                got = kind == "code" and self._has_code(c.number, journey, passage.entry, passage.n)
                outlet, reason, due = outlet_of(c, passage, now, has_code=got)
                if outlet is None:
                    passage.due_at = due
                    del walking[key]
                else:
                    moves.append((passage, outlet, reason))
            self._change(c, [passage for passage, _, _ in moves], now)
            for passage, outlet, reason in moves:
                changed = passage.version.nodes[passage.node][0] == "update"
                passage.move(now, outlet, reason)
                passage.due_at = None
                if passage.active and changed:
                    self._end_after_change(c, passage, now)
                if not passage.active:
                    walking.pop(id(passage))
                    continue
                kind, made = passage.version.nodes[passage.node]
                if kind == "wait" and made["rule"]["type"] in ("events", "criterion"):
                    passage.due_at = now
                    walking.pop(id(passage))
                elif kind in ("wait", "send", "webhook"):
                    arrived.add(id(passage))

    def _arrive(self, c: Contact, passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> bool:
        """Whether it rests there."""
        if kind == "wait":
            rule = made["rule"]
            if rule["type"] == "duration":
                passage.due_at = now + seconds(rule)
            else:
                passage.due_at = midnight(now, rule["days"], c.zone)
            return True
        marketing = kind == "send" and made.get("message_class") != "service"
        late = now - passage.was_due_at
        if kind == "send" and not marketing and late > 3 * DAY:
            return False
        begins = now
        if marketing and late > DAY:
            # at the hour at which it was due
            hour = moment(Instant(passage.was_due_at), c.zone).time().replace(second=0)
            begins = Window(opens=hour).next(Instant(now), c.zone)
        lasts = made.get("expires_after", {"amount": 1 if kind == "webhook" else 3, "unit": "days"})
        self._messages += 1
        made_now = Message(self._messages, passage.node, passage.n, kind, made, now, begins + seconds(lasts), begins)
        if begins > now:
            made_now.state, made_now.reason = "held", "late"
        passage.messages.append(made_now)
        return waits_for_outcome(kind, made)

    def _end_here(self, c: Contact, passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> None:
        match kind:
            case "goal":
                passage.end(now, "goal", kind="goal", at=now)
            case "exit":
                passage.end(now, "finished", kind="exit")
            case _:
                passage.end(now, "finished", kind="jump")
                c.record(now, "journey.jumped", journey=made["journey"])

    def _change(self, c: Contact, leaving: Sequence[Passage], now: int) -> None:
        """What the nodes write that passages leave; several passages at one node add together."""
        places = {_place(p): p for p in leaving}
        for place in sorted(places):
            version, name = places[place].version, places[place].node
            times = sum((p.version, p.node) == (version, name) for p in leaving)
            kind, made = version.nodes[name]
            for act in made["changes"] if kind == "update" else ():
                match act["do"]:
                    case "set attribute":
                        c.change(act["attribute"], act["value"], now)
                    case "clear attribute":
                        c.change(act["attribute"], None, now)
                    case "add to attribute":
                        held = c.values.get(act["attribute"]) or 0
                        c.change(act["attribute"], held + act["amount"] * times, now)

    def _end_after_change(self, c: Contact, passage: Passage, now: int) -> None:
        for state, rule in (("goal", "goal"), ("exited", "exit_when")):
            criterion = passage.version.rules.get(rule)
            if passage.active and criterion is not None and holds(c, criterion, now, passage=passage):
                _ended_from_outside(passage, now, state, now)


def _wake(c: Contact, kinds: set[str], now: int) -> None:
    """Let listening waits look again."""
    for passage in c.all_passages():
        kind, made = passage.version.nodes[passage.node]
        rule = made["rule"] if kind == "wait" else {}
        listens = {one["event"] for one in rule.get("listen", ())} | stirs(rule.get("criterion", {}))
        if passage.active and listens & kinds:
            passage.due_at = now


def _place(passage: Passage) -> tuple[int, str]:
    return passage.version.number, node_id(passage.node)


def _ended_from_outside(passage: Passage, now: int, state: str, at: int) -> None:
    rule = "goal" if state == "goal" else "exit_when"
    passage.end(now, state, kind="goal" if state == "goal" else "exit", reason=rule, at=at if state == "goal" else None)
    passage.call_back()
