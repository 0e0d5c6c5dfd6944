"""Random stories for the engine: a journey, a few contacts, what happens to them, and when the engine is run.

A story is plain data, so that a failing one can be read and typed in again. Moments are seconds after `START` and lie
on a coarse grid with a second more or less, so that events, due times and midnights often meet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from journeys.base.time import DAY, HOUR
from journeys.store.store import Store
from tests.engine import families
from tests.engine.conftest import at
from tests.engine.drafts import BLUE, EVENTS, OFTEN, RED, Draft, drafts, edited

T = TypeVar("T")

#: a Friday; the clocks of Europe go forward two nights later
START = at("2026-03-27 08:00")
SPAN = 5 * DAY


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
    min_size=2,
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
    "day": st.sampled_from([None, "2026-03-29", "2026-03-30"]),
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
        st.lists(st.sampled_from(["finish", "exit", "move", None, None, None]), min_size=1, max_size=4),
        st.sampled_from(["finish", "exit"]),
        st.sampled_from([0, 0, 0, 1]),
    ),
    "stop": st.sampled_from(["finish", "leave"]),
    "let in": st.none(),
    "archive": st.none(),
}


def deeds(of: Mapping[str, st.SearchStrategy[Any]], again: Sequence[str]) -> st.SearchStrategy[list[Deed]]:
    def deed(what: str) -> st.SearchStrategy[Deed]:
        return st.builds(Deed, at=MOMENTS, what=st.just(what), who=st.integers(0, 3), data=of[what])

    return st.lists(st.one_of(*map(deed, again), st.sampled_from(list(of)).flatmap(deed)), min_size=6, max_size=16)


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


#: so that somebody is inside when the journey is edited
EARLY = st.sampled_from([1, HOUR, 2 * HOUR, 6 * HOUR])
#: how long after one edit the next thing is done with the journey
GAPS = st.sampled_from([0, 0, 1, 6 * HOUR, 12 * HOUR, DAY])


@st.composite
def editing(draw: st.DrawFn, first: Draft) -> list[Deed]:
    """What people do with a journey that runs: new editions, and mostly those inside are taken along; pauses and stops,
    mostly over after a while."""
    done, newest, at = [], first, draw(st.sampled_from([1, 1, 3, 6, 9, 12])) * HOUR
    for what in draw(
        st.lists(st.sampled_from(["publish", "publish", "publish", "pause", "stop"]), min_size=1, max_size=3)
    ):
        at += draw(GAPS)
        if what == "publish":
            newest = draw(edited(newest))
            done.append(Deed(at + 1, what, data=newest))
            follows = ["migrate", "migrate", "migrate", ""]
        else:
            done.append(Deed(at + 1, what, data=draw(EDITS[what] if what in EDITS else RARE[what])))
            follows = (
                ["resume", "let in", "let in", "migrate"] if what == "pause" else ["archive", "publish", "migrate"]
            )
        at += draw(GAPS)
        match draw(st.sampled_from(follows)):
            case "publish":
                newest = draw(st.one_of(st.just(newest), edited(newest)))
                done.append(Deed(at + 1, "publish", data=newest))
            case "":
                pass
            case following:
                done.append(Deed(at + 1, following, data=draw((EDITS | RARE)[following])))
    return done


@st.composite
def stories(
    draw: st.DrawFn,
    *,
    draft: st.SearchStrategy[Draft] | None = None,
    happening: Mapping[str, st.SearchStrategy[Any]] = DEEDS,
    again: Sequence[str] = ("event", "put in"),
    most_editions: int = 0,
    edits: bool = False,
) -> Story:
    """A story of such happenings, those of `again` more often; perhaps with more editions of the journey, or with what
    people do with one that runs."""
    draft = draft if draft is not None else drafts()
    first, people = draw(draft), draw(PEOPLE)
    happened = draw(deeds(happening, again))
    # whoever nothing brings in makes a dull story
    happened += [Deed(draw(EARLY if edits else MOMENTS), *_brings_in(first, who)) for who in range(len(people))]
    for _n in range(draw(st.integers(0, most_editions))):
        happened.append(Deed(draw(MOMENTS), "publish", data=draw(draft)))
    if edits:
        happened += draw(editing(first))
    return Story(first, people, sorted(happened, key=lambda deed: deed.at), sorted(draw(TICKS)))


def with_ticks(story: Story, ticks: Sequence[int]) -> Story:
    return replace(story, ticks=ticks)


# --- trying many -----------------------------------------------------------------------------------------------------

#: by hand: so many times as many stories, and the first that fails as it is, since making it smaller takes minutes
TIMES = float(os.environ.get("KANWA_EXAMPLES", "1"))


def for_all(
    strategy: st.SearchStrategy[T], holds: Callable[[T], None], *, sqlite: int, postgresql: int, store: Store
) -> None:
    """Try so many examples on a store of either kind; a story costs four times as much on a server."""

    @settings(
        max_examples=round((sqlite if store.is_sqlite else postgresql) * TIMES),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if TIMES == 1 else [])],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(example=strategy)
    def each(example: T) -> None:
        holds(example)

    each()
