"""Random stories for the engine: a journey, a few contacts, what happens to them, and when the engine is run.

A story is plain data, so that a failing one can be read and typed in again. Moments are seconds after `START` and lie
on a coarse grid with a second more or less, so that events, due times and midnights often meet.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from journeys.base.time import DAY, HOUR, Instant
from journeys.channels.channel import Accepted, Deferred, Handed, Mail, Refused, Uncertain
from journeys.engine import counters, lifecycle, scratch
from journeys.engine.choices import Choices
from journeys.engine.deliver import Delivery
from journeys.engine.enroll import Admitted, NoSuchTrigger, enroll_contacts
from journeys.engine.migrate import migrate
from journeys.engine.missed import let_in
from journeys.engine.publish import NothingChanged
from journeys.engine.stopping import stop
from journeys.engine.tick import Ticked
from journeys.graph.journey import Journey
from journeys.nodes.node import Node
from journeys.nodes.registry import kinds
from journeys.runtime.beat import Beat, Runner
from journeys.store import contacts, definitions, erasing, events
from journeys.store import settings as workspace_settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.conftest import empty
from tests.engine import families
from tests.engine.conftest import World, at, build, node_id
from tests.engine.mails import Recorder

T = TypeVar("T")

#: a Friday; the clocks of Europe go forward two nights later
START = at("2026-03-27 08:00")
SPAN = 5 * DAY
#: transactions of one beat; more is a beat that never ends
MOST_STEPS = 400

# --- what journeys ask -----------------------------------------------------------------------------------------------

RED = {"leaf": "attribute", "attribute": "colour", "op": "=", "value": "red"}
BLUE = {"leaf": "attribute", "attribute": "colour", "op": "=", "value": "blue"}
RICH = {"leaf": "attribute", "attribute": "points", "op": ">=", "value": 2}
VIP = {"leaf": "tag", "tag": "vip"}
BUYS = {"leaf": "event", "event": "purchase.made"}
OFTEN = {"leaf": "event", "event": "page.visited", "count": {"op": ">=", "value": 2}}
LATELY = {"leaf": "event", "event": "page.visited", "scope": {"type": "last", "amount": 1, "unit": "days"}}
AGREED = {"leaf": "consent", "channel": "email", "purpose": "newsletter"}
IN_REDS = {"leaf": "segment", "segment": "reds"}

CRITERIA = (RED, BUYS, OFTEN, RICH, VIP, AGREED, LATELY, IN_REDS, {"none": [RED]}, {"any": [BLUE, BUYS]})
#: key → criterion
SEGMENTS: Mapping[str, Any] = {
    "reds": RED,
    "recent": LATELY,
    "tagged-reds": {"all": [IN_REDS, {"any": [VIP, OFTEN]}]},
}
EVENTS = ("page.visited", "purchase.made", "cart.abandoned")

_HOURS = st.sampled_from([6, 12, 24, 36])


def _duration(hours: int) -> dict[str, Any]:
    return {"amount": hours, "unit": "hours"}


def _triggers() -> st.SearchStrategy[dict[str, Any]]:
    by_event = st.sampled_from(EVENTS).map(lambda kind: {"type": "event", "event": kind})
    on = st.one_of(
        by_event,
        by_event,
        st.just({"type": "list"}),
        st.tuples(st.sampled_from(sorted(SEGMENTS)), st.sampled_from(["entered", "left"])).map(
            lambda pair: {"type": "segment", "segment": pair[0], "movement": pair[1]}
        ),
        st.integers(1, 2).map(lambda n: {"type": "event", "event": "page.visited", "nth": n, "within_days": 2}),
        st.just({"type": "date", "date": {"type": "attribute", "attribute": "day"}, "at": "06:00"}),
        *families.ON,
    )
    more = st.fixed_dictionaries(
        {},
        optional={
            "only": st.sampled_from([RED, {"none": [RED]}, OFTEN]),
            "existing": st.just(True),
            "subject": st.sampled_from(["event", "product", "feed"]),
            "at_most_late_days": st.integers(0, 1),
        },
    )
    return st.builds(lambda on, more: {"on": on} | more, on, more)


TRIGGERS = _triggers()


def _listen() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2, unique=True).map(
        lambda found: [{"outlet": kind.partition(".")[0], "label": kind, "event": kind} for kind in found]
    )


def _rules() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _HOURS.map(lambda hours: {"type": "duration"} | _duration(hours)),
        st.integers(1, 2).map(lambda days: {"type": "calendar days", "days": days}),
        st.builds(
            lambda listen, hours, since: {
                "type": "events", "listen": listen, "timeout": _duration(hours), "since": since,
            },
            _listen(),
            _HOURS,
            st.sampled_from(["send", "arrival", "entry"]),
        ),
        st.builds(
            lambda criterion, hours: {"type": "criterion", "criterion": criterion, "timeout": _duration(hours)},
            st.sampled_from(CRITERIA),
            _HOURS,
        ),
    )  # fmt: skip


_WINDOWS = st.sampled_from([{"from": "09:00", "to": None}, {"from": "22:00", "to": "02:30"}])


def _waits() -> st.SearchStrategy[dict[str, Any]]:
    timed = st.one_of(st.just({"type": "at once"}), _HOURS.map(lambda hours: {"type": "duration"} | _duration(hours)))
    return st.one_of(
        _rules().map(lambda rule: {"rule": rule}),
        st.builds(lambda rule, then: {"rule": rule, "then": then}, timed, _WINDOWS),
    )


_SPLITS = st.one_of(
    st.integers(1, 99).map(
        lambda share: {
            "type": "random",
            "arms": [
                {"id": "a", "label": "A", "share": share},
                {"id": "b", "label": "B", "share": 100 - share},
            ],
        }
    ),
    st.just({"type": "segments", "segments": ["tagged-reds", "recent"]}),
    st.just({"type": "loyalty", "programme": "club"}),
    st.just({"type": "nps", "ever": True}),
)
_CHANGES = st.sampled_from(
    [
        {"do": "set attribute", "attribute": "colour", "value": "red"},
        {"do": "set attribute", "attribute": "colour", "value": "blue"},
        {"do": "clear attribute", "attribute": "colour"},
        {"do": "add to attribute", "attribute": "points", "amount": 1},
        {"do": "add tag", "tag": "vip", "expires_after": {"amount": 6, "unit": "hours"}},
        {"do": "add tag", "tag": "vip"},
        {"do": "remove tag", "tag": "vip"},
        {"do": "give consent", "channel": "email", "purpose": "newsletter"},
        {"do": "withdraw consent", "channel": "email", "purpose": "newsletter"},
    ]
)


def _sends() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"template": st.just("hello"), "purpose": st.just("newsletter")},
        optional={
            "unreachable_goes_another_way": st.just(True),
            "wait_for_hand_over": st.just(False),
            "on_block": st.just("skip"),
            "message_class": st.just("service"),
            "expires_after": st.just(_duration(12)),
        },
    )


STEPS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "wait": _waits(),
    "condition": st.sampled_from(CRITERIA).map(lambda criterion: {"criterion": criterion}),
    "send": _sends(),
    "update": st.lists(_CHANGES, min_size=1, max_size=2).map(lambda changes: {"changes": changes}),
    "split": _SPLITS.map(lambda by: {"by": by}),
    "repeat": st.builds(lambda most, days: {"at_most": most, "at_least_days": days}, st.integers(1, 2), st.integers(0, 1)),
    "goal": st.just({"name": "there"}),
    "exit": st.just({"reason": "finished"}),
    **families.KINDS,
}  # fmt: skip


#: how often a kind is taken; an end early in a journey makes a dull story
WEIGHTS = {"wait": 5, "send": 4, "condition": 2, "split": 2, "update": 3, "repeat": 1, "goal": 1, "exit": 1,
           "code": 1, "webhook": 1, "jump": 1}  # fmt: skip

# --- journeys --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """A journey as `build` takes it."""

    nodes: Mapping[str, tuple[str, Mapping[str, Any]]]
    edges: Sequence[tuple[str, str, str]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    off: Sequence[str] = ()

    def journey(self) -> Journey:
        made = build(self.nodes, self.edges, **self.attributes)
        for name in self.off:
            made.set_off(node_id(name), True)
        return made


def _may_go_back(node: Node, outlet: str) -> bool:
    """Whether a circle over this outlet rests a day or is counted, so that it comes to an end within the story."""
    return (node.kind == "repeat" and outlet == "again") or node.rests(outlet) >= DAY


def _attributes() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "re_entry": st.fixed_dictionaries(
                {
                    "rule": st.sampled_from(["never", "after leaving", "after days", "always"]),
                    "days": st.integers(1, 2),
                    "per": st.sampled_from(["contact", "subject"]),
                }
            )
        },
        optional={
            "exit_when": st.sampled_from(CRITERIA),
            "goal": st.sampled_from(CRITERIA),
            "policies": st.fixed_dictionaries(
                {},
                optional={
                    "quiet_hours": st.just({"from": "20:00", "to": "10:00"}),
                    "cap": st.just({"at_most": 1, "within_days": 1}),
                },
            ),
        },
    )


ABOUT = _attributes()


@st.composite
def drafts(
    draw: st.DrawFn,
    *,
    triggers: st.SearchStrategy[dict[str, Any]] = TRIGGERS,
    steps: Mapping[str, st.SearchStrategy[dict[str, Any]]] = STEPS,
    about: st.SearchStrategy[dict[str, Any]] = ABOUT,
    off: bool = True,
    most: int = 6,
) -> Draft:
    """A journey whose circles all rest or are counted; outlets may be open."""
    nodes: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for n, trigger in enumerate(draw(st.lists(triggers, min_size=1, max_size=2))):
        nodes[f"in{n + 2}"] = ("trigger", trigger)
    first = len(nodes)
    chosen = draw(
        st.lists(st.sampled_from([kind for kind in steps for _ in range(WEIGHTS[kind])]), min_size=2, max_size=most)
    )
    for n, kind in enumerate(chosen):
        nodes["bcdefghij"[n]] = (kind, draw(steps[kind]))
    names = list(nodes)
    edges = []
    for n, (name, (kind, made)) in enumerate(nodes.items()):
        node = kinds()[kind].model_validate(made)
        for outlet in node.outlets():
            ahead = names[max(n + 1, first) :]
            back = names[first : n + 1] if _may_go_back(node, outlet.id) else []
            # mostly straight on, so that members come far
            onward = st.sampled_from([*ahead, None, *back])
            target = draw(st.one_of(st.just(ahead[0]), onward) if ahead else onward)
            if target is not None:
                edges.append((name, outlet.id, target))
    # a circle must not be short-cut by switching off what makes it rest
    going_back = {source for source, _, target in edges if names.index(target) <= names.index(source)}
    can_be_off = [name for name, (kind, _) in nodes.items() if kinds()[kind].can_be_off and name not in going_back]
    switched_off = draw(st.lists(st.sampled_from(can_be_off), max_size=1)) if off and can_be_off else []
    return Draft(nodes, edges, draw(about), switched_off)


# --- what happens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    zone: str | None = None
    colour: str | None = None
    day: str | None = None
    draw: int = 0
    agreed: bool = True


@dataclass(frozen=True)
class Deed:
    """Something that happens from outside: `what` names how `Stage.do` does it."""

    at: int
    what: str
    who: int = 0
    data: Any = None


@dataclass(frozen=True)
class Story:
    draft: Draft
    people: Sequence[Person]
    deeds: Sequence[Deed]
    #: seconds after START at which the engine is run, besides START itself
    ticks: Sequence[int] = ()
    #: how many the pool has
    codes: int = 2


PEOPLE = st.lists(
    st.builds(
        Person,
        zone=st.sampled_from([None, "Europe/Warsaw", "America/New_York", "Asia/Kolkata"]),
        colour=st.sampled_from([None, "red", "blue"]),
        day=st.sampled_from([None, "2026-03-27", "2026-03-29", "2025-03-30"]),
        draw=st.integers(0, 2**31 - 1),
        agreed=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
#: six hours apart, and a second before or after
MOMENTS = st.builds(
    lambda n, more: max(1, n * 6 * HOUR + more),
    st.integers(0, SPAN // (6 * HOUR)),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
)

#: what → strategy of its data
DEEDS: Mapping[str, st.SearchStrategy[Any]] = {
    "event": st.sampled_from(EVENTS).map(lambda kind: {"kind": kind}),
    "quiet event": st.sampled_from(EVENTS).map(lambda kind: {"kind": kind}),
    "late event": st.builds(lambda kind, late: {"kind": kind, "late": late}, st.sampled_from(EVENTS), st.sampled_from([1, 6 * HOUR, 2 * DAY])),
    "loyalty": st.sampled_from(["loyalty.joined", "loyalty.declined"]),
    "nps": st.integers(0, 10),
    "colour": st.sampled_from(["red", "blue", None]),
    "tag": st.sampled_from([None, 6 * HOUR, 24 * HOUR]),
    "untag": st.none(),
    "consent": st.booleans(),
    "put in": st.none(),
    **families.HAPPENING,
}  # fmt: skip
#: what only some properties can bear
RARE: Mapping[str, st.SearchStrategy[Any]] = {
    "pause": st.none(),
    "resume": st.none(),
    "erase": st.none(),
    "fold": st.none(),
    "edit segment": st.sampled_from([RED, BLUE, {"any": [RED, OFTEN]}]),
}
#: what is done with a journey that runs
EDITS: Mapping[str, st.SearchStrategy[Any]] = {
    # what is chosen for nodes by turns, and for all others; to which version, counted from the newest
    "migrate": st.tuples(
        st.lists(st.sampled_from(["finish", "exit", "move", "move", None]), min_size=1, max_size=4),
        st.sampled_from(["finish", "exit"]),
        st.sampled_from([0, 0, 0, 1]),
    ),
    "stop": st.sampled_from(["finish", "leave"]),
    "let in": st.none(),
}


def deeds(of: Mapping[str, st.SearchStrategy[Any]], again: Sequence[str]) -> st.SearchStrategy[list[Deed]]:
    def deed(what: str) -> st.SearchStrategy[Deed]:
        return st.builds(Deed, at=MOMENTS, what=st.just(what), who=st.integers(0, 3), data=of[what])

    return st.lists(st.one_of(*map(deed, again), st.sampled_from(list(of)).flatmap(deed)), min_size=4, max_size=16)


#: some, every few hours, or at the same hours each day
TICKS = st.one_of(
    st.lists(MOMENTS, min_size=3, max_size=10),
    st.sampled_from([6, 12, 24]).map(lambda hours: list(range(hours * HOUR, SPAN, hours * HOUR))),
)


def _brings_in(draft: Draft, who: int) -> tuple[str, int, Any]:
    """What makes a contact match the first trigger, as far as it can be done from outside."""
    on = next(iter(draft.nodes.values()))[1]["on"]
    match on["type"]:
        case "event":
            return "event", who, {"kind": on["event"]}
        case "segment" if on["segment"] == "recent":
            return "event", who, {"kind": "page.visited"}
        case "segment":
            return "colour", who, "blue" if on.get("movement") == "left" else "red"
        case "stage":
            return "stage", who, on["stage"]
        case "change":
            return "points", who, 2
        case "product":
            return "price", who, 1
        case "feed":
            return "weather", who, (-1, -1)
        case _:
            return "put in", who, None


@st.composite
def stories(
    draw: st.DrawFn,
    *,
    draft: st.SearchStrategy[Draft] | None = None,
    happening: Mapping[str, st.SearchStrategy[Any]] = DEEDS,
    again: Sequence[str] = ("event", "put in"),
    most_editions: int = 0,
) -> Story:
    """A story of such happenings, those of `again` more often; perhaps with more editions of the journey."""
    draft = draft if draft is not None else drafts()
    first, people = draw(draft), draw(PEOPLE)
    happened = draw(deeds(happening, again))
    # whoever nothing brings in makes a dull story
    happened += [Deed(draw(MOMENTS), *_brings_in(first, who)) for who in range(len(people))]
    for _n in range(draw(st.integers(0, most_editions))):
        happened.append(Deed(draw(MOMENTS), "publish", data=draw(draft)))
    return Story(first, people, sorted(happened, key=lambda deed: deed.at), sorted(draw(TICKS)))


# --- playing a story -------------------------------------------------------------------------------------------------


def answer(mail: Mail) -> Handed:
    """What the mail server says, by the recipient's number alone, so that every run hears the same."""
    match int(mail.to.partition("@")[0].lstrip("c")) % 4:
        case 1:
            return Refused(550, "no such mailbox")
        case 2:
            return Uncertain("the line broke")
        case 3:
            return Deferred(450, "come back later", 600)
        case _:
            return Accepted("250 ok")


class Endless(AssertionError):
    """A beat that does not come to an end."""


class Stage(World):
    """A world that plays a story on an empty store."""

    def __init__(self, store: Store, story: Story) -> None:
        super().__init__(store, START)
        self.story = story
        empty(store)
        # temporary tables of the last story speak of its versions
        store.engine.dispose()
        self.renew()
        with store.write() as conn:
            define_attribute(conn, "colour", "choice", choices=("red", "blue"))
            define_attribute(conn, "points", "number")
            define_attribute(conn, "day", "date")
            definitions.define_tag(conn, "vip")
            definitions.define_purpose(conn, "newsletter")
            definitions.define_programme(conn, "club")
            for key, criterion in SEGMENTS.items():
                definitions.define_segment(conn, key, criterion)
            self.who = contacts.add(
                conn,
                [
                    {"email": f"c{n}@example.com", "time_zone": one.zone, "colour": one.colour, "day": one.day}
                    for n, one in enumerate(story.people)
                ],
                now=START,
                source="test",
                draws=[one.draw for one in story.people],
                quiet=True,
            )
        self.consent([self.who[n] for n, one in enumerate(story.people) if one.agreed])
        families.furnish(store, codes=story.codes, now=START)
        editions = [story.draft, *(deed.data for deed in story.deeds if deed.what == "publish")]
        self.jumps = any(made.get("journey") for draft in editions for _kind, made in draft.nodes.values())
        if self.jumps:
            self.publish(families.other())
        self.publish(story.draft.journey())

    def renew(self) -> None:
        """A new process: nothing is known but what is in the store."""
        super().__post_init__()
        delivery = Delivery(
            store=self.store,
            plans=self.engine.plans,
            channel=Recorder(answer),
            writer=families.StoryWriter(),
            worker="test",
            clock=lambda: self.now,
            caller=families.Caller(),
        )
        self.runner = Runner(self.engine, delivery)

    def tick(self, when: Instant | str | None = None) -> Ticked:
        """Tick only: nothing is handed over."""
        assert when is None
        return self.engine.tick(self.now, keep_going=self.patience())

    def beat(self) -> Beat:
        return self.runner.beat(self.now, keep_going=self.patience())

    def patience(self) -> Callable[[], bool]:
        steps = itertools.count()

        def keep_going() -> bool:
            if next(steps) == MOST_STEPS:
                raise Endless(f"{MOST_STEPS} transactions at {self.now}")
            return True

        return keep_going

    def do(self, deed: Deed) -> None:
        """Let it happen now. What makes no sense any more (an erased person, a paused pause) does not."""
        contact = self.who[deed.who % len(self.who)]
        with self.store.read() as conn:
            gone = conn.execute(select(t.contact.c.erased_at).where(t.contact.c.id == contact)).scalar_one() is not None
            state = conn.execute(select(t.journey.c.state).where(t.journey.c.key == "test")).scalar_one()
        match deed.what:
            case "pause" if state == "live":
                with self.store.write() as conn:
                    lifecycle.pause(conn, "test", now=self.now)
            case "resume" if state == "paused":
                with self.store.write() as conn:
                    lifecycle.resume(conn, "test", now=self.now)
            case "fold":
                with self.store.write() as conn:
                    counters.fold(conn)
            case "edit segment":
                with self.store.write() as conn:
                    definitions.define_segment(conn, "reds", deed.data)
            case "publish":
                with suppress(NothingChanged):
                    self.publish(deed.data.journey(), again=True)
            case "migrate":
                self._migrate(*deed.data)
            case "stop" if state in ("live", "paused"):
                stop(self.store, "test", inside=deed.data, now=self.now)
            case "let in" if state == "paused":
                let_in(self.store, self.engine.plans, "test", now=self.now)
                with self.store.write() as conn:
                    lifecycle.resume(conn, "test", now=self.now)
            case "put in":
                with suppress(NoSuchTrigger):
                    self.enroll([contact])
            case "pause" | "resume" | "stop" | "let in":
                pass
            case "price":
                with self.store.write() as conn:
                    families.sell_for(conn, deed.data, now=self.now)
            case "weather":
                with self.store.write() as conn:
                    families.report(conn, deed.data, now=self.now)
            case _ if not gone:
                self._to(contact, deed.what, deed.data)

    def _migrate(self, turns: Sequence[str | None], others: str, back: int) -> None:
        """Choose for the nodes of all versions by turns, and migrate to the newest version but so many."""
        with self.store.read() as conn:
            mine = select(t.version.c.id).join(t.journey, t.journey.c.id == t.version.c.journey)
            mine = mine.where(t.journey.c.key == "test").order_by(t.version.c.number)
            versions = list(conn.execute(mine).scalars())
            plans = [self.engine.plans.get(conn, version) for version in versions]
        new = plans[max(0, len(plans) - 1 - back)]
        steps = [id_ for id_, step in new.steps.items() if id_ not in new.triggers]
        nodes: dict[str, Any] = {}
        for n, node in enumerate(sorted({id_ for plan in plans if plan is not new for id_ in plan.steps})):
            choice = turns[n % len(turns)]
            if choice is not None:
                nodes[node] = {"move": steps[n % len(steps)]} if choice == "move" else choice
        choices = Choices.model_validate({"nodes": nodes, "others": others})
        migrate(self.store, self.engine.plans, "test", choices, now=self.now, to=new.number)

    def _to(self, contact: int, what: str, data: Any) -> None:
        match what:
            case "event":
                self.happened(contact, data["kind"])
            case "quiet event":
                self.happened(contact, data["kind"], quiet=True)
            case "late event":
                self.happened(contact, data["kind"], when=Instant(self.now - data["late"]))
            case "loyalty":
                self.happened(contact, data, programme="club")
            case "nps":
                self.happened(contact, "nps.answered", score=data)
            case "consent":
                self.consent([contact], given=data)
            case "colour":
                with self.store.write() as conn:
                    contacts.change(conn, [(contact, {"colour": data})], now=self.now, source="test")
            case "tag":
                until = Instant(self.now + data) if data else None
                with self.store.write() as conn:
                    contacts.set_tags(conn, add=[(contact, "vip")], now=self.now, source="test", expires_at=until)
            case "points":
                with self.store.write() as conn:
                    contacts.change(conn, [(contact, {"points": data})], now=self.now, source="test")
            case "stage":
                with self.store.write() as conn:
                    families.put_on_stage(conn, contact, data, now=self.now)
            case "click":
                self._click(contact)
            case "untag":
                with self.store.write() as conn:
                    contacts.set_tags(conn, remove=[(contact, "vip")], now=self.now, source="test")
            case "erase":
                with self.store.write() as conn:
                    erasing.erase(conn, [contact], now=self.now)
            case _:
                raise ValueError(what)

    def _click(self, contact: int) -> None:
        """An answer to the newest message that was handed over."""
        m = t.message.c
        sent = select(m.id).where(m.contact == contact, m.channel == "email", m.state == "sent").order_by(m.id.desc())
        with self.store.write() as conn:
            message = conn.execute(sent.limit(1)).scalar()
            if message is not None:
                clicked = events.NewEvent(contact, "email.clicked", self.now, {}, "test", message=message)
                events.record(conn, [clicked], now=self.now)

    def enroll(self, who: Sequence[int]) -> Admitted:
        with scratch.work(self.store) as conn:
            journey = conn.execute(select(t.journey.c.id).where(t.journey.c.key == "test")).scalar_one()
            zone = workspace_settings.workspace_zone(conn)
            return enroll_contacts(conn, self.engine.plans, journey, who, now=self.now, zone=zone)

    def play(self, *, beat: Callable[[], object] | None = None) -> None:
        """Run at START and at the story's ticks; what happens lies before the tick of its second."""
        beat = beat or self.beat
        beat()
        ticks = {START + offset for offset in self.story.ticks}
        for moment in sorted(ticks | {START + deed.at for deed in self.story.deeds}):
            self.now = Instant(moment)
            self._happen()
            if moment in ticks:
                beat()

    def play_to_the_second(self, *, more: Iterable[int] = (), beat: Callable[[], object] | None = None) -> None:
        """Run at every moment at which something happens or falls due, and at `more` besides, until the span is over."""
        beat = beat or self.beat
        known = {START + offset for offset in more} | {START + deed.at for deed in self.story.deeds}
        end = START + SPAN + DAY
        while True:
            self._happen()
            beat()
            coming = [moment for moment in known if moment > self.now]
            due = self.runner.next_at(self.now)
            if due is not None:
                coming.append(max(due, self.now + 1))
            if not coming or min(coming) > end:
                break
            self.now = Instant(min(coming))

    def _happen(self) -> None:
        for deed in self.story.deeds:
            if START + deed.at == self.now:
                self.do(deed)


def with_ticks(story: Story, ticks: Sequence[int]) -> Story:
    return replace(story, ticks=ticks)


# --- what became of it -----------------------------------------------------------------------------------------------

_PASSAGES = """
SELECT e.id, e.contact, e.trigger, e.since_at, e.entry, e.single, v.number AS version, e.node, e.n, e.arrived_at, e.state,
       e.reason, e.entered_at, e.due_at, e.ended_at, e.goal_at, w.kind AS by_kind, w.at AS by_at
FROM enrollment e JOIN version v ON v.id = e.version LEFT JOIN event w ON w.id = e.since_event
"""


def told(world: World) -> dict[str, list[Any]]:
    """All that became of the contacts, without ids that depend on who came first."""
    with world.store.read() as conn:

        def rows(statement: str) -> list[dict[str, Any]]:
            return [dict(row) for row in conn.execute(text(statement)).mappings()]

        hops, messages = rows("SELECT * FROM hop ORDER BY enrollment, n"), rows("SELECT * FROM message")
        passages = []
        for passage in rows(_PASSAGES):
            id_ = passage.pop("id")
            passage["hops"] = [
                tuple(hop[name] for name in ("kind", "node", "outlet", "entered_at", "left_at", "reason"))
                for hop in hops
                if hop["enrollment"] == id_
            ]
            passage["messages"] = sorted(
                tuple(one[name] for name in ("node", "visit", "state", "reason", "made_at", "ended_at"))
                for one in messages
                if one["enrollment"] == id_
            )
            passages.append(passage)
        return {
            "passages": sorted(passages, key=repr),
            "missed": sorted(
                map(repr, rows("SELECT contact, trigger, at, reason FROM not_entered")),
            ),
            "memberships": sorted(
                map(repr, rows("SELECT segment, contact, from_at, to_at, reason, left_reason FROM membership"))
            ),
            "contacts": sorted(map(repr, rows("SELECT id, attributes, erased_at FROM contact"))),
            "tags": sorted(map(repr, rows("SELECT contact, tag, added_at, expires_at FROM contact_tag"))),
            "codes": sorted(
                map(
                    repr,
                    rows("SELECT c.contact, e.entry, c.visit FROM code c JOIN enrollment e ON e.id = c.enrollment"),
                )
            ),
            "events": sorted(map(repr, rows("SELECT contact, kind, at, quiet, source FROM event"))),
            "counters": sorted(
                map(
                    repr,
                    rows(
                        "SELECT version, node, outlet, reason, day, SUM(delta) AS n FROM counter "
                        "GROUP BY version, node, outlet, reason, day"
                    ),
                )
            ),
        }


# --- trying many -----------------------------------------------------------------------------------------------------

#: by hand: so many times as many stories, and the first that fails as it is, since making it smaller takes minutes
TIMES = int(os.environ.get("KANWA_EXAMPLES", "1"))


def for_all(
    strategy: st.SearchStrategy[T], holds: Callable[[T], None], *, sqlite: int, postgresql: int, store: Store
) -> None:
    """Try so many examples on a store of either kind; a story costs four times as much on a server."""

    @settings(
        max_examples=(sqlite if store.is_sqlite else postgresql) * TIMES,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if TIMES == 1 else [])],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(example=strategy)
    def each(example: T) -> None:
        holds(example)

    each()
