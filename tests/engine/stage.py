"""Playing a story on a store, and what became of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import select, text

from journeys.base.time import DAY, HOUR, Instant
from journeys.channels.channel import Accepted, Deferred, Handed, Mail, Refused, Uncertain
from journeys.engine import counters, lifecycle, scratch
from journeys.engine.choices import Choices
from journeys.engine.deliver import Delivery
from journeys.engine.enroll import Admitted, NoSuchTrigger, NotOpen, enroll_contacts
from journeys.engine.migrate import migrate
from journeys.engine.missed import let_in
from journeys.engine.publish import NothingChanged
from journeys.engine.stopping import StillInside, archive, stop
from journeys.engine.tick import Ticked
from journeys.runtime.beat import Beat, Runner
from journeys.store import contacts, definitions, erasing, events
from journeys.store import settings as workspace_settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.conftest import empty
from tests.engine import families
from tests.engine.conftest import World
from tests.engine.drafts import SEGMENTS
from tests.engine.mails import Recorder
from tests.engine.stories import SPAN, START, Deed, Story

#: the longest that a message is put off by itself, a quarter by its id included: so it is put off by just that
PUT_OFF = 5 * HOUR
#: transactions of one beat; more is a beat that never ends
MOST_STEPS = 400


def answer(mail: Mail) -> Handed:
    """What the mail server says, by the recipient's number alone, so that every run hears the same."""
    match int(mail.to.partition("@")[0].lstrip("c")) % 4:
        case 1:
            return Refused(550, "no such mailbox")
        case 2:
            return Uncertain("the line broke")
        case 3:
            return Deferred(450, "come back later", PUT_OFF)
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
            case "migrate" if state != "archived":
                choices, number = self.choices(*deed.data)
                migrate(self.store, self.engine.plans, "test", choices, now=self.now, to=number)
            case "stop" if state in ("live", "paused"):
                stop(self.store, "test", inside=deed.data, now=self.now)
            case "archive" if state == "stopped":
                with suppress(StillInside):
                    archive(self.store, "test", now=self.now)
            case "let in" if state == "paused":
                let_in(self.store, self.engine.plans, "test", now=self.now)
                with self.store.write() as conn:
                    lifecycle.resume(conn, "test", now=self.now)
            case "put in":
                with suppress(NoSuchTrigger, NotOpen):
                    self.enroll([contact])
            case "pause" | "resume" | "stop" | "let in" | "migrate" | "archive":
                pass
            case "price":
                with self.store.write() as conn:
                    families.sell_for(conn, deed.data, now=self.now)
            case "weather":
                with self.store.write() as conn:
                    families.report(conn, deed.data, now=self.now)
            case _ if not gone:
                self._to(contact, deed.what, deed.data)

    def choices(self, turns: Sequence[str | None], others: str, back: int) -> tuple[Choices, int]:
        """What is chosen by turns for the nodes of all other versions, and the version: the newest but so many."""
        with self.store.read() as conn:
            mine = select(t.version.c.id).join(t.journey, t.journey.c.id == t.version.c.journey)
            mine = mine.where(t.journey.c.key == "test").order_by(t.version.c.number)
            plans = [self.engine.plans.get(conn, version) for version in conn.execute(mine).scalars()]
        new = plans[max(0, len(plans) - 1 - back)]
        steps = [id_ for id_ in new.steps if id_ not in new.triggers]
        nodes: dict[str, Any] = {}
        for n, node in enumerate(sorted({id_ for plan in plans if plan is not new for id_ in plan.steps})):
            choice = turns[n % len(turns)]
            if choice is not None:
                nodes[node] = {"move": steps[n % len(steps)]} if choice == "move" else choice
        return Choices.model_validate({"nodes": nodes, "others": others}), new.number

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
            case "colour" | "points" | "day":
                with self.store.write() as conn:
                    contacts.change(conn, [(contact, {what: data})], now=self.now, source="test")
            case "tag":
                until = Instant(self.now + data) if data else None
                with self.store.write() as conn:
                    contacts.set_tags(conn, add=[(contact, "vip")], now=self.now, source="test", expires_at=until)
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
