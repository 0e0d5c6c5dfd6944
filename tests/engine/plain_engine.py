"""The plain engine's clockwork: hearing, days, walking and handing over, one contact after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import DAY, HOUR, MINUTE, Instant, day_of, day_start
from journeys.graph.settings import Cap
from journeys.nodes.windows import Window, clock_first_shows
from tests.engine.conftest import WARSAW, node_id
from tests.engine.plain import (
    Contact,
    Criterion,
    Event,
    Message,
    Passage,
    Stay,
    Version,
    drifts,
    holds,
    leaves,
    midnight,
    outlet_of,
    seconds,
    stirs,
    waits_for_outcome,
)
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
_RETRIES = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR)

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
        for key in sorted(_segments(draft.nodes, draft.attributes) - self.used):
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
                matches = stay is not None and _came(c, on, stay.from_at)
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
        if on["type"] in _DAILY and _falls_on(c, on, today):
            due = _due(c, on, today)
            if due < now:
                as_of = day_start(today, WARSAW)
                self._admit(c, journey, version, name, trigger, (as_of, None), due, now=now, as_of=as_of, record=False)

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
            if not any([self._deliver(c, now) for c in self.contacts]):
                break

    def _tick(self, now: int) -> None:
        while True:
            did = any([self._listen(c, now) for c in self.contacts])
            did |= self._take_things(now)
            did |= self._sweep(now)
            did |= any([self._advance(c, now) for c in self.contacts])
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
                if _matches(c, trigger["on"], event):
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
        changed = {colour: at for colour, at in self.reported_at.items()}
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
                            c, journey, version, name, _asked(trigger), (at, None), at, now=now, as_of=now, record=False
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
            if on["type"] not in _DAILY:
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
                    if passage.active and criterion is not None and drifts(criterion):
                        if holds(c, criterion, now, passage=passage):
                            _ended_from_outside(passage, now, state, now)
            for passage in c.all_passages():
                kind, made = passage.version.nodes[passage.node]
                if passage.active and kind == "wait" and "criterion" in made["rule"] and drifts(made["rule"]["criterion"]):
                    passage.due_at = now

    def _by_day(
        self, c: Contact, journey: str, name: str, trigger: Mapping[str, Any], version: Version, day: date, now: int
    ) -> bool:
        on, as_of = trigger["on"], day_start(day, WARSAW)
        if c.erased or not _falls_on(c, on, day):
            return False
        if on["type"] == "schedule" and "only" in trigger and not holds(c, trigger["only"], as_of):
            return False
        due = _due(c, on, day)
        if due >= version.published_at:
            self._admit(c, journey, version, name, trigger, (as_of, None), due, now=now, as_of=as_of, record=False)
        return True

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
        lasts = made.get("expires_after", {"amount": 1 if kind == "webhook" else 3, "unit": "days"})
        self._messages += 1
        passage.messages.append(
            Message(self._messages, passage.node, passage.n, kind, made, now, now + seconds(lasts), now)
        )
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

    # --- handing over ------------------------------------------------------------------------------------------------

    def _deliver(self, c: Contact, now: int) -> bool:
        """A lot is judged as a whole before any of it is handed over. The other journey sends nothing."""
        did = False
        while not self.paused:
            ready = [
                (passage, message)
                for passage in c.all_passages()
                for message in passage.messages
                if message.waiting and message.not_before_at <= now
            ]
            if not ready:
                return did
            did = True
            judged = []
            for passage, message in sorted(ready, key=lambda pair: pair[1].id):
                judged.append((passage, message, *self._judge(c, passage, message, now)))
                message.counted_at = None if judged[-1][2] else now
            for passage, message, state, reason in judged:
                self._hand_over(c, passage, message, state, reason, now)
        return did

    def _hand_over(self, c: Contact, passage: Passage, message: Message, state: str, reason: str, now: int) -> None:
        if not state:
            message.attempts += 1
            message.started_at = now
            if message.kind == "webhook":
                state, reason = (("sent", ""), ("failed", "refused"), ("unknown", "no answer"))[c.number % 3]
            else:
                state, reason = (
                    ("sent", ""), ("failed", "refused"), ("unknown", "no answer"), ("pending", "deferred"),
                )[c.number % 4]  # fmt: skip
            wait = _RETRIES[min(message.attempts, 5) - 1]
            if state == "pending":
                message.not_before_at, message.counted_at = now + max(600, wait), None
            if state == "unknown" and message.settings.get("again_when_unknown"):
                state, message.not_before_at, message.counted_at = "pending", now + wait, None
        message.state, message.reason = state, reason
        if not message.waiting:
            if state not in ("sent", "unknown"):
                message.counted_at = None
            if passage.active and (passage.n, passage.node) == (message.visit, message.node):
                if waits_for_outcome(message.kind, message.settings):
                    passage.due_at = now + DAY if state == "unknown" else now

    def _judge(self, c: Contact, passage: Passage, message: Message, now: int) -> tuple[str, str]:
        if message.expires_at <= now:
            return "expired", "too late"
        if message.marketing and not c.agreed:
            return "skipped", "no consent"
        policies = passage.version.rules.get("policies", {})
        held = self._held(c, policies, message, now)
        if held is None:
            return "", ""
        until, reason = held
        if message.settings.get("on_block") == "skip":
            return "skipped", reason
        message.not_before_at = min(until, message.expires_at)
        return "held", reason

    def _held(self, c: Contact, policies: Mapping[str, Any], message: Message, now: int) -> tuple[int, str] | None:
        if not message.marketing:
            return None
        if "cap" in policies:
            cap = Cap.model_validate(policies["cap"])
            counted = sorted(
                one.counted_at
                for passage in c.all_passages()
                for one in passage.messages
                if one.marketing and one.counted_at is not None and one.counted_at > now - cap.within_days * DAY
            )
            if len(counted) >= cap.at_most:
                return counted[-cap.at_most] + cap.within_days * DAY, "cap"
        if "quiet_hours" in policies:
            # from 20:00 to 10:00
            loud = Window(opens=time(10), closes=time(20)).next(Instant(now), c.zone)
            if loud > now:
                return loud, "quiet hours"
        return None


# --- triggers --------------------------------------------------------------------------------------------------------

_DAILY = ("inactivity", "schedule", "date")


def _asked(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """The trigger of someone who is known to be in its audience."""
    return {key: value for key, value in trigger.items() if key != "only"}


def _matches(c: Contact, on: Mapping[str, Any], event: Event) -> bool:
    match on["type"]:
        case "event" if event.kind == on["event"]:
            if on.get("nth") is None:
                return True
            since = event.at - on["within_days"] * DAY
            return len([one for one in c.events if one.kind == event.kind and since < one.at and one <= event]) == on["nth"]
        case "segment" if event.kind == f"segment.{on.get('movement', 'entered')}":
            return event.data["segment"] == on["segment"] and _came(c, on, event.at)
        case "stage" if event.kind == "stage.entered":
            return bool(event.data["stage"] == on["stage"])
        case "change" if event.kind == "contact.changed" and event.data["field"] == on["attribute"]:
            old, new = event.data["old"], event.data["new"]
            return on["becomes"] is None or ((new or 0) >= 2 > (old or 0))
    return False


def _came(c: Contact, on: Mapping[str, Any], at: int) -> bool:
    """Whether the contact left the other segment by then, and not too long before."""
    if "moved_from" not in on:
        return True
    days = on.get("left_within_days", 0)
    left = [stay.to_at for stay in c.stays.get(on["moved_from"], ()) if stay.to_at is not None]
    return any(at - days * DAY <= one <= at for one in left)


def _falls_on(c: Contact, on: Mapping[str, Any], day: date) -> bool:
    as_of = day_start(day, WARSAW)
    match on["type"]:
        case "schedule":
            interval = int(on["rule"].rpartition("=")[2])
            return (day - date.fromisoformat(on["starts_on"])).days % interval == 0
        case "inactivity":
            last = max((one for one in c.events if one.kind in on["events"] and one.at < as_of), default=None)
            return last is not None and _day(last.at) == day - timedelta(days=on["days"])
    wanted = day - timedelta(days=on.get("offset_days", 0))
    source = on["date"]
    if source["type"] == "attribute":
        if c.day is None:
            return False
        held = date.fromisoformat(c.day)
        return held < wanted and held.replace(year=wanted.year) == wanted if on.get("yearly") else held == wanted
    mine = sorted(one for one in c.events if one.kind == source["event"])
    if source["type"] == "last event":
        mine = [one for one in mine if one.at < as_of][::-1]
    return bool(mine) and mine[0].at < as_of and _day(mine[0].at) == wanted


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


def _day(at: int) -> date:
    return day_of(Instant(at), WARSAW)


def _due(c: Contact, on: Mapping[str, Any], day: date) -> int:
    return clock_first_shows(day, time.fromisoformat(on["at"]), WARSAW if on["type"] == "schedule" else c.zone)


def _ended_from_outside(passage: Passage, now: int, state: str, at: int) -> None:
    rule = "goal" if state == "goal" else "exit_when"
    passage.end(now, state, kind="goal" if state == "goal" else "exit", reason=rule, at=at if state == "goal" else None)
    passage.call_back()


def _segments(nodes: Mapping[str, tuple[str, Mapping[str, Any]]], rules: Mapping[str, Any]) -> set[str]:
    """Keys of the segments that a journey asks about."""
    criteria: list[Criterion] = [rules[rule] for rule in ("goal", "exit_when") if rule in rules]
    found: set[str] = set()
    for _kind, made in nodes.values():
        on = made.get("on", {})
        found |= {on[key] for key in ("segment", "moved_from") if key in on}
        criteria += [made[key] for key in ("only", "criterion") if key in made]
        if "criterion" in made.get("rule", {}):
            criteria.append(made["rule"]["criterion"])
    return found | {leaf["segment"] for one in criteria for leaf in leaves(one) if leaf["leaf"] == "segment"}


