"""The engine does what a plain walk over one contact after the other does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select

from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine import families
from tests.engine.drafts import BLUE, BUYS, EVENTS, IN_REDS, LATELY, OFTEN, RED, RICH, STEPS, drafts
from tests.engine.plain_engine import OTHER, PlainEngine
from tests.engine.stage import Stage
from tests.engine.stories import DEEDS, RARE, SPAN, START, Deed, Story, for_all, stories, with_ticks
from tests.engine.test_invariants_crash import Crash, crashing

_HOURS = st.sampled_from([6, 12, 24, 36]).map(lambda hours: {"amount": hours, "unit": "hours"})
_CRITERIA = st.sampled_from([RED, BUYS, OFTEN, RICH, LATELY, IN_REDS, {"none": [RED]}, {"any": [BLUE, BUYS]}])
_LISTEN = st.lists(st.sampled_from([*EVENTS, "email.clicked"]), min_size=1, max_size=2, unique=True).map(
    lambda found: [{"outlet": kind.partition(".")[0], "label": kind, "event": kind} for kind in found]
)
_ON = st.one_of(
    st.sampled_from(EVENTS).map(lambda kind: {"type": "event", "event": kind}),
    st.sampled_from(EVENTS).map(lambda kind: {"type": "event", "event": kind}),
    st.integers(1, 2).map(lambda n: {"type": "event", "event": "page.visited", "nth": n, "within_days": 2}),
    st.tuples(st.sampled_from(["reds", "recent"]), st.sampled_from(["entered", "left"])).map(
        lambda pair: {"type": "segment", "segment": pair[0], "movement": pair[1]}
    ),
    st.just({"type": "date", "date": {"type": "attribute", "attribute": "day"}, "at": "06:00"}),
    st.just({"type": "list"}),
    *families.ON,
)
TRIGGERS = st.builds(
    lambda on, more: {"on": on} | more,
    _ON,
    st.fixed_dictionaries(
        {},
        optional={
            "only": st.sampled_from([RED, {"none": [RED]}, OFTEN]),
            "existing": st.just(True),
            "at_most_late_days": st.integers(0, 1),
        },
    ),
)
_CHANGES = st.sampled_from(
    [
        {"do": "set attribute", "attribute": "colour", "value": "red"},
        {"do": "set attribute", "attribute": "colour", "value": "blue"},
        {"do": "clear attribute", "attribute": "colour"},
        {"do": "add to attribute", "attribute": "points", "amount": 1},
    ]
)
PLAIN: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "wait": st.one_of(
        _HOURS.map(lambda length: {"rule": {"type": "duration"} | length}),
        st.integers(1, 2).map(lambda days: {"rule": {"type": "calendar days", "days": days}}),
        st.builds(
            lambda listen, timeout, since: {
                "rule": {"type": "events", "listen": listen, "timeout": timeout, "since": since}
            },
            _LISTEN,
            _HOURS,
            st.sampled_from(["send", "arrival", "entry"]),
        ),
        st.builds(
            lambda criterion, timeout: {"rule": {"type": "criterion", "criterion": criterion, "timeout": timeout}},
            _CRITERIA,
            _HOURS,
        ),
    ),
    "condition": _CRITERIA.map(lambda criterion: {"criterion": criterion}),
    "split": st.integers(1, 99).map(
        lambda share: {
            "by": {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": share}, {"id": "b", "label": "B", "share": 100 - share}],
            }
        }
    ),
    "update": st.lists(_CHANGES, min_size=1, max_size=2).map(lambda changes: {"changes": changes}),
    **{kind: STEPS[kind] for kind in ("send", "code", "webhook", "jump", "repeat", "goal", "exit")},
}
_RE_ENTRY = st.fixed_dictionaries(
    {"rule": st.sampled_from(["never", "after leaving", "after days", "always"]), "days": st.integers(1, 2)}
)
ABOUT = st.fixed_dictionaries(
    {"re_entry": _RE_ENTRY},
    optional={
        "exit_when": _CRITERIA,
        "goal": _CRITERIA,
        "policies": st.fixed_dictionaries(
            {},
            optional={
                "quiet_hours": st.just({"from": "20:00", "to": "10:00"}),
                "cap": st.just({"at_most": 1, "within_days": 1}),
            },
        ),
    },
)
_HAPPENS = ("event", "quiet event", "late event", "colour", "put in", *families.HAPPENING)
STORIES = stories(
    draft=drafts(triggers=TRIGGERS, steps=PLAIN, about=ABOUT, off=False),
    happening={what: DEEDS[what] for what in _HAPPENS} | {what: RARE[what] for what in ("pause", "resume", "erase")},
    again=("event",),
    most_editions=1,
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
        steps={"wait": PLAIN["wait"], "exit": PLAIN["exit"]},
        about=st.fixed_dictionaries({"re_entry": _RE_ENTRY, "goal": _ENDINGS}, optional={"exit_when": _ENDINGS}),
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
        self._newest = story.draft

    def do(self, deed: Deed) -> None:
        super().do(deed)
        if deed.what == "publish":
            if deed.data == self._newest:
                return
            self._newest = deed.data
        self.plain.hear(deed)

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
                    versions[e["version"]], e["trigger"], e["entry"], e["since_at"], e["entered_at"], e["node"], e["n"],
                    e["state"], None if self.plain.paused else e["due_at"], e["ended_at"], e["goal_at"],
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
        return sorted(passages, key=repr), sorted((c.number, *miss) for c in self.plain.contacts for miss in c.missed)

    def agree(self) -> None:
        passages, missed = self.walked()
        plainly, missed_plainly = self.said_plainly()
        assert passages == plainly
        assert missed == missed_plainly


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


CRASHING = st.tuples(STORIES, st.lists(st.integers(0, 80), max_size=12))


def _each(store: Store) -> Callable[[tuple[Story, list[int]]], None]:
    return lambda case: agree_in_spite_of_crashes(store, *case)


def test_the_engine_does_what_a_plain_walk_does(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=15, postgresql=4, store=store)


def test_it_does_so_at_whatever_times_it_is_run_and_dies(store: Store) -> None:
    for_all(CRASHING, _each(store), sqlite=15, postgresql=4, store=store)


def test_it_hears_one_event_after_the_other_however_many_there_are(store: Store) -> None:
    for_all(CROWDED, lambda story: agree_in_spite_of_crashes(store, story, ()), sqlite=15, postgresql=4, store=store)


@pytest.mark.long
def test_the_engine_does_what_a_plain_walk_does_in_many_stories(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=120, postgresql=25, store=store)


@pytest.mark.long
def test_it_does_so_in_many_stories_at_whatever_times_it_is_run_and_dies(store: Store) -> None:
    for_all(CRASHING, _each(store), sqlite=120, postgresql=25, store=store)
    for_all(CROWDED, lambda story: agree_in_spite_of_crashes(store, story, ()), sqlite=120, postgresql=25, store=store)


@pytest.mark.proof
def test_it_does_so_in_thousands_of_stories(store: Store) -> None:
    for_all(STORIES, lambda story: agree(store, story), sqlite=2000, postgresql=500, store=store)
    for_all(CRASHING, _each(store), sqlite=2000, postgresql=500, store=store)
    for_all(
        CROWDED, lambda story: agree_in_spite_of_crashes(store, story, ()), sqlite=2000, postgresql=500, store=store
    )
