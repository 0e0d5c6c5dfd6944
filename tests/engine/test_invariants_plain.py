"""The engine does what a plain walk over one contact after the other does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select

from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import node_id
from tests.engine.drafts import BUYS, EASY, EVENTS, OFTEN, RE_ENTRY, STEPS, TRIGGERS, drafts
from tests.engine.plain_engine import OTHER, PlainEngine
from tests.engine.stage import Stage
from tests.engine.stories import DEEDS, EDITS, RARE, SPAN, START, Deed, Story, for_all, stories, with_ticks
from tests.engine.test_invariants_crash import Crash, crashing

_NOW_AND_THEN = {what: RARE[what] for what in ("pause", "resume", "erase", "edit segment")}
STORIES = stories(happening=DEEDS | _NOW_AND_THEN | {"let in": EDITS["let in"]}, again=("event",), most_editions=1)
EDITED = stories(
    draft=drafts(triggers=st.one_of(EASY, EASY, TRIGGERS)),
    happening=DEEDS | _NOW_AND_THEN | EDITS,
    again=("event",),
    edits=True,
)

_FIRST = {"leaf": "event", "event": "page.visited", "count": {"op": "<=", "value": 1}}
_BY_EVENT = st.builds(
    lambda kind, more: {"on": {"type": "event", "event": kind}} | more,
    st.sampled_from(EVENTS),
    st.fixed_dictionaries({}, optional={"only": st.sampled_from([OFTEN, _FIRST, {"none": [BUYS]}])}),
)
_ENDINGS = st.sampled_from([OFTEN, OFTEN, BUYS])
#: many events are heard at once
CROWDED = stories(
    draft=drafts(
        triggers=_BY_EVENT,
        steps={"wait": STEPS["wait"], "exit": STEPS["exit"]},
        about=st.fixed_dictionaries({"re_entry": RE_ENTRY, "goal": _ENDINGS}, optional={"exit_when": _ENDINGS}),
        off=False,
        most=2,
    ),
    happening={what: DEEDS[what] for what in ("event", "quiet event", "late event")},
    again=("event", "event", "event"),
).map(lambda story: with_ticks(story, [*story.ticks[::3], SPAN]))


class Both(Stage):
    """A stage on which the plain engine plays the same story."""

    def __init__(self, store: Store, story: Story) -> None:
        super().__init__(store, story)
        self.plain = PlainEngine(story, has_code=self._has_code)
        if self.jumps:
            self.plain.publish(OTHER, START, "other")
        self.plain.publish(story.draft, START)

    def do(self, deed: Deed) -> None:
        match deed.what:
            case "publish":
                before = self._editions()
                super().do(deed)
                # one that changes nothing is refused
                if self._editions() > before:
                    self.plain.publish(deed.data, self.now)
            case "migrate":
                choices, number = self.choices(*deed.data)
                super().do(deed)
                self.plain.migrate(choices.model_dump()["nodes"], choices.others, number, self.now)
            case _:
                super().do(deed)
                self.plain.hear(deed)

    def _editions(self) -> int:
        with self.store.read() as conn:
            return conn.execute(select(func.count()).select_from(t.version)).scalar_one()

    def both(self) -> None:
        self.beat()
        self.plain.beat(self.now)

    def _has_code(self, contact: int, journey: str, entry: int, visit: int) -> bool:
        """Which of several stays takes the last code is not laid down; that none is refused while there are some is."""
        e, c = t.enrollment.c, t.code.c
        stay = select(func.count()).where(
            c.enrollment == e.id, c.visit == visit, e.contact == self.who[contact], e.entry == entry,
            e.journey == t.journey.c.id, t.journey.c.key == journey,
        )  # fmt: skip
        with self.store.read() as conn:
            got = bool(conn.execute(stay).scalar())
            free = conn.execute(select(func.count()).where(c.taken_at.is_(None))).scalar_one()
        assert got or not free
        return got

    def walked(self) -> tuple[list[Any], list[Any]]:
        """Passages and misses as the plain engine tells them."""
        number = {contact: n for n, contact in enumerate(self.who)}
        with self.store.read() as conn:
            hops = conn.execute(select(t.hop).order_by(t.hop.c.enrollment, t.hop.c.n)).all()
            missed = conn.execute(select(t.not_entered)).all()
            journeys = {row.id: row.key for row in conn.execute(select(t.journey))}
            versions = {row.id: row.number for row in conn.execute(select(t.version))}
        messages = self.messages()
        passages = [
            (
                number[e["contact"]], journeys[e["journey"]],
                (
                    versions[e["version"]], e["trigger"], e["entry"], e["subject_kind"], e["since_at"], e["entered_at"],
                    e["node"], e["n"], e["arrived_at"], e["state"], None if self.plain.paused else e["due_at"],
                    e["ended_at"], e["goal_at"],
                    tuple(
                        (h.kind, h.node, h.outlet, h.entered_at, h.left_at, h.reason)
                        for h in hops
                        if h.enrollment == e["id"]
                    ),
                    tuple(
                        sorted(
                            (m["node"], m["visit"], m["state"], m["reason"], m["made_at"])
                            for m in messages
                            if m["enrollment"] == e["id"]
                        )
                    ),
                ),
            )
            for e in self.passages()
        ]  # fmt: skip
        misses = [(number[row.contact], journeys[row.journey], row.trigger, row.at, row.reason) for row in missed]
        return sorted(passages, key=repr), sorted(misses)

    def said_plainly(self) -> tuple[list[Any], list[Any]]:
        due = not self.plain.paused
        passages = [
            (c.number, journey, one.told(due=due))
            for c in self.plain.contacts
            for journey, theirs in c.passages.items()
            for one in theirs
        ]
        return sorted(passages, key=repr), sorted(
            (c.number, miss.match.journey, node_id(miss.match.trigger), miss.at, miss.reason)
            for c in self.plain.contacts
            for miss in c.missed
        )

    def agree(self) -> None:
        passages, missed = self.walked()
        plainly, missed_plainly = self.said_plainly()
        assert passages == plainly
        assert missed == missed_plainly
        assert self.people_now() == self.people_plainly()

    def people_now(self) -> list[Any]:
        """Attributes, tags and stays in segments."""
        number = {contact: n for n, contact in enumerate(self.who)}
        with self.store.read() as conn:
            values = conn.execute(select(t.contact.c.id, t.contact.c.attributes).order_by(t.contact.c.id)).all()
            tags = conn.execute(select(t.contact_tag.c.contact, t.contact_tag.c.expires_at)).all()
            stays = conn.execute(select(t.membership)).all()
        return [
            [
                (number[row.id], {key: value for key, value in row.attributes.items() if value is not None})
                for row in values
            ],
            sorted(((number[row.contact], row.expires_at) for row in tags), key=repr),
            sorted(((number[row.contact], row.segment, row.from_at, row.to_at) for row in stays), key=repr),
        ]

    def people_plainly(self) -> list[Any]:
        people = self.plain.contacts
        return [
            [(c.number, {key: value for key, value in c.values.items() if value is not None}) for c in people],
            sorted(((c.number, until) for c in people for until in c.tags.values()), key=repr),
            sorted(
                (
                    (c.number, key, one.from_at, one.to_at)
                    for c in people
                    for key, stays in c.stays.items()
                    for one in stays
                ),
                key=repr,
            ),
        ]


def agree(store: Store, story: Story) -> None:
    stage = Both(store, story)
    stage.play_to_the_second(beat=stage.both)
    stage.agree()


def agree_in_spite_of_crashes(store: Store, story: Story, crashes: Sequence[int]) -> None:
    """At the story's own ticks, each of which may die after so many statements, and is then done again."""
    stage = Both(store, story)
    dies_after = iter(crashes)

    def beat() -> None:
        after = next(dies_after, None)
        if after is not None:
            try:
                with crashing(store, after):
                    stage.tick()
            except Crash:
                stage.renew()
        stage.both()

    stage.play(beat=beat)
    stage.agree()


CRASHING = st.tuples(EDITED, st.lists(st.integers(0, 80), max_size=12))


def _each(store: Store) -> Callable[[tuple[Story, list[int]]], None]:
    return lambda case: agree_in_spite_of_crashes(store, *case)


def _in_order(store: Store) -> Callable[[Story], None]:
    return lambda story: agree_in_spite_of_crashes(store, story, ())


def test_the_engine_does_what_a_plain_walk_does(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=10, postgresql=3, store=store)


def test_it_does_so_through_edits_at_whatever_times_it_is_run_and_dies(store: Store) -> None:
    for_all(CRASHING, _each(store), sqlite=15, postgresql=4, store=store)


def test_it_hears_one_event_after_the_other_however_many_there_are(store: Store) -> None:
    for_all(CROWDED, _in_order(store), sqlite=10, postgresql=3, store=store)


@pytest.mark.long
def test_the_engine_does_what_a_plain_walk_does_in_many_stories(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=50, postgresql=15, store=store)


@pytest.mark.long
def test_it_does_so_through_many_edits_at_whatever_times_it_is_run_and_dies(store: Store) -> None:
    for_all(CRASHING, _each(store), sqlite=50, postgresql=15, store=store)


@pytest.mark.long
def test_it_hears_one_event_after_the_other_in_many_stories(store: Store) -> None:
    for_all(CROWDED, _in_order(store), sqlite=60, postgresql=20, store=store)


@pytest.mark.proof
def test_it_does_so_in_thousands_of_stories(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=2000, postgresql=500, store=store)


@pytest.mark.proof
def test_it_does_so_through_thousands_of_edits_at_whatever_times_it_is_run_and_dies(store: Store) -> None:
    for_all(CRASHING, _each(store), sqlite=2000, postgresql=500, store=store)


@pytest.mark.proof
def test_it_hears_one_event_after_the_other_in_thousands_of_stories(store: Store) -> None:
    for_all(CROWDED, _in_order(store), sqlite=2000, postgresql=500, store=store)
