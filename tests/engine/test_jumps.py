"""Jumps from one journey to another: who ends here comes in there, once, whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.base.time import DAY, Instant
from journeys.criteria import Keys
from journeys.engine import scratch
from journeys.engine.advance import Walk
from journeys.engine.checking import checked
from journeys.engine.enroll import enroll_contacts
from journeys.engine.stopping import archive, stop
from journeys.engine.tick import Engine
from journeys.engine.trace import trace
from journeys.graph.journey import Journey
from journeys.store import tables as t
from journeys.store.erasing import erase
from journeys.store.purchases import NewPurchase, add_purchases
from journeys.store.store import Store
from tests.engine.conftest import WARSAW, World, build
from tests.engine.test_invariants_crash import Crash, crashing

LIST = ("trigger", {"on": {"type": "list"}})
BUYS = ("trigger", {"on": {"type": "event", "event": "purchase.made"}, "subject": "purchase"})
REST = ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "days"}})
EXIT = ("exit", {"reason": "finished"})


def first(trigger: tuple[str, dict[str, Any]] = LIST, **settings: Any) -> Journey:
    nodes = {"in": trigger, "jump": ("jump", {"journey": "second"})}
    return build(
        nodes, [("in", "in", "jump")], **{"id": "first", "name": "First", "re_entry": {"rule": "always"}} | settings
    )


def second(trigger: dict[str, Any] | None = None, **settings: Any) -> Journey:
    nodes = {"door": ("trigger", trigger or {"on": {"type": "list"}}), "rest": REST, "exit": EXIT}
    edges = [("door", "in", "rest"), ("rest", "done", "exit")]
    return build(nodes, edges, **{"id": "second", "name": "Second", "re_entry": {"rule": "always"}} | settings)


def enroll(world: World, who: list[int]) -> None:
    with scratch.work(world.store) as conn:
        journey = conn.execute(select(t.journey.c.id).where(t.journey.c.key == "first")).scalar_one()
        enroll_contacts(conn, world.engine.plans, journey, who, now=world.now, zone=WARSAW)


def by_journey(world: World) -> dict[str, list[Any]]:
    with world.store.read() as conn:
        keys = {row.id: row.key for row in conn.execute(select(t.journey))}
    found: dict[str, list[Any]] = {}
    for row in world.passages():
        found.setdefault(keys[row["journey"]], []).append(row)
    return found


def misses(world: World) -> list[tuple[int, str]]:
    with world.store.read() as conn:
        rows = conn.execute(select(t.not_entered.c.contact, t.not_entered.c.reason).order_by(t.not_entered.c.id))
        return [(row.contact, row.reason) for row in rows]


def told(world: World, contact: int) -> str:
    """The last thing that the trace says of the first passage's jump."""
    with world.store.read() as conn:
        found = trace(conn, world.engine.plans, contact, Keys(), now=world.now, zone=WARSAW)
    return found.passages[0].stays[-1].because[-1].sentence


def test_a_jump_ends_here_and_comes_in_there_in_the_same_tick(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(second())
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    found = by_journey(world)
    (ended,), (inside,) = found["first"], found["second"]
    assert (ended["state"], ended["node"].rstrip("A").lower()) == ("finished", "jump")
    assert (inside["contact"], inside["state"], inside["entered_at"]) == (anna, "active", world.now)
    with world.store.read() as conn:
        hops = conn.execute(select(t.hop.c.kind).where(t.hop.c.enrollment == ended["id"]).order_by(t.hop.c.n))
        assert hops.scalars().all() == ["edge", "jump"]
    assert told(world, anna) == "The contact came in there."


def test_the_subject_comes_along_and_re_entry_is_counted_by_it(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(second(re_entry={"rule": "never", "per": "subject"}))
    world.publish(first(BUYS))
    with world.store.write() as conn:
        for n in range(2):
            bought = NewPurchase(contact=anna, at=world.now, total=100, currency="PLN", order_id=str(n))
            add_purchases(conn, [bought], now=world.now, source="test")
    world.tick()
    inside = by_journey(world)["second"]
    assert [(one["subject_kind"], one["subject_id"], one["key"]) for one in inside] == [
        ("purchase", 1, "purchase:1"),
        ("purchase", 2, "purchase:2"),
    ]


def test_since_entry_means_since_the_jump(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "purchase.made")
    world.publish(second(goal={"leaf": "event", "event": "purchase.made"}))
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    assert by_journey(world)["second"][0]["state"] == "active"
    world.happened(anna, "purchase.made")
    world.tick()
    assert by_journey(world)["second"][0]["state"] == "goal"


@pytest.mark.parametrize(
    ("settings", "trigger", "reason", "sentence"),
    [
        ({"re_entry": {"rule": "after leaving"}}, None, "inside", "The contact was in the journey already."),
        (
            {"re_entry": {"rule": "never"}},
            None,
            "re_entry",
            "The contact had been in the journey before and may not come back yet.",
        ),
        (
            {},
            {"on": {"type": "list"}, "only": {"leaf": "tag", "tag": "vip"}},
            "audience",
            "The contact did not fulfil what the trigger asks for.",
        ),
    ],
)
def test_a_refused_entry_is_kept_with_its_reason_and_explained(
    world: World, settings: dict[str, Any], trigger: dict[str, Any] | None, reason: str, sentence: str
) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        conn.execute(t.tag.insert().values(key="vip", label="VIP"))
    world.publish(second(trigger, **settings))
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    if reason == "re_entry":
        world.tick(Instant(world.now + 2 * DAY))
    if reason != "audience":
        enroll(world, [anna])
        world.tick()
    assert misses(world) == [(anna, reason)]
    assert len(by_journey(world)["first"]) == (1 if reason == "audience" else 2)
    with world.store.read() as conn:
        found = trace(conn, world.engine.plans, anna, Keys(), now=world.now, zone=WARSAW)
    last = [one for one in found.passages if one.journey == "First"][-1]
    assert last.stays[-1].because[-1].sentence == f"The contact did not come in there. {sentence}"
    assert found.misses[0].because[0].sentence == sentence


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("paused", "The journey was paused."),
        ("stopped", "The journey was stopped and lets nobody in."),
        ("archived", "The journey was archived and lets nobody in."),
    ],
)
def test_a_journey_that_lets_nobody_in_is_the_reason(world: World, state: str, sentence: str) -> None:
    (anna,) = world.people(1)
    world.publish(second())
    world.publish(first())
    with world.store.write() as conn:
        conn.execute(t.journey.update().where(t.journey.c.key == "second").values(state=state))
    enroll(world, [anna])
    world.tick()
    assert misses(world) == [(anna, state)]
    assert "second" not in by_journey(world)
    assert told(world, anna) == f"The contact did not come in there. {sentence}"


@pytest.mark.parametrize("archived", [False, True])
def test_nobody_jumps_into_a_journey_that_was_stopped_while_it_ran(world: World, archived: bool) -> None:
    before, jumping, after = world.people(3)
    world.publish(second())
    world.publish(first())
    enroll(world, [before])
    world.tick()
    enroll(world, [jumping])
    # cut off where the first passage has ended and nobody has heard of it
    going = iter([True, True])
    world.engine.tick(world.now, keep_going=lambda: next(going, False))
    with world.store.read() as conn:
        kinds = conn.execute(select(t.event.c.kind).join(t.fresh, t.fresh.c.event == t.event.c.id)).scalars().all()
    assert kinds == ["journey.jumped"]
    stop(world.store, "second", inside="leave", now=world.now)
    if archived:
        archive(world.store, "second", now=world.now)
    enroll(world, [after])
    world.tick()
    assert [one["contact"] for one in by_journey(world)["second"]] == [before]
    assert misses(world) == [(one, "archived" if archived else "stopped") for one in (jumping, after)]


def test_a_journey_that_is_not_there_is_said(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    assert told(world, anna) == "There was no journey “second” that would have let the contact in."


def test_who_jumps_comes_in_by_another_trigger_where_none_takes_lists(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(second({"on": {"type": "event", "event": "page.visited"}}))
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    assert [one["contact"] for one in by_journey(world)["second"]] == [anna]


def test_an_event_that_somebody_else_says_moves_nobody(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(second())
    world.happened(anna, "journey.jumped", journey="second")
    world.tick()
    assert world.passages() == []


@pytest.mark.parametrize("after", range(0, 66, 5))
def test_a_crash_on_the_way_loses_nobody_and_doubles_nobody(world: World, after: int) -> None:
    who = world.people(3)
    world.publish(second())
    world.publish(first())
    enroll(world, who)
    try:
        with crashing(world.store, after):
            world.tick()
    except Crash:
        Engine(world.store).tick(world.now)
    found = by_journey(world)
    assert [one["state"] for one in found["first"]] == ["finished"] * 3
    assert sorted(one["contact"] for one in found["second"]) == sorted(who)


def test_a_circle_over_journeys_that_never_rests_is_broken_and_said(world: World) -> None:
    (anna,) = world.people(1)
    there = build(
        {"door": LIST, "jump": ("jump", {"journey": "first"})},
        [("door", "in", "jump")],
        id="second", name="Second", re_entry={"rule": "always"},
    )  # fmt: skip
    world.publish(there)
    world.publish(first())
    enroll(world, [anna])
    world.tick()
    assert misses(world) == [(anna, "circle")]
    assert len(world.passages()) < 30


def test_an_erased_contact_jumps_nowhere(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(second())
    world.publish(first())
    enroll(world, [anna])
    with scratch.work(world.store) as conn:
        lives = {live.entry.key: live for live in world.engine.roll.call(conn) if live.entry is not None}
        one = lives["first"]
        Walk().advance(conn, one.plans, journey=one.journey, now=world.now, zone=WARSAW, limit=9)
    with world.store.write() as conn:
        erase(conn, [anna], now=world.now)
    world.tick()
    assert "second" not in by_journey(world)


def test_a_jump_to_a_node_is_an_edge(world: World) -> None:
    (anna,) = world.people(1)
    nodes = {"in": LIST, "jump": ("jump", {}), "exit": EXIT}
    world.publish(build(nodes, [("in", "in", "jump"), ("jump", "to", "exit")]))
    world.enroll([anna])
    world.tick()
    assert world.path(anna) == ["in:in", "jump:to", "exit:"]


def test_a_check_knows_what_published_journeys_send_along(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(first(BUYS))
    tell = ("send", {"template": "hello", "message_class": "service"})
    draft = build(
        {"in": LIST, "tell": tell, "exit": EXIT}, [("in", "in", "tell"), ("tell", "sent", "exit")], id="second"
    )
    about = Catalogue(templates={"hello": TemplateEntry(subjects=frozenset({"purchase"}))})
    with sqlite_store.read() as conn:
        report = checked(conn, draft, about, now=world.now)
    assert [one.sentence for one in report.problems if one.check == "subject-missing"] == []
