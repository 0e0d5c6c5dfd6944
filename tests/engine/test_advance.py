from __future__ import annotations

from typing import Any

import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from journeys.base.time import DAY, HOUR, Instant
from journeys.engine import counters
from journeys.engine.advance import Advanced, Walk
from journeys.engine.tick import ClockBehind, Engine, Work
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import TRIES
from tests.engine.conftest import World, at, build

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})


def wait(amount: int, unit: str = "days", **more: Any) -> tuple[str, dict[str, Any]]:
    return ("wait", {"rule": {"type": "duration", "amount": amount, "unit": unit}} | more)


def test_members_walk_to_the_end_and_leave_a_hop_for_every_move(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(build({"in": LIST, "wait": wait(1), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))
    world.enroll([anna])
    world.tick()
    (passage,) = world.passages()
    assert (passage["node"], passage["due_at"]) == ("WAITAAAA", world.now + DAY)
    world.tick(world.now + DAY)
    (passage,) = world.passages()
    assert (passage["state"], passage["ended_at"], passage["due_at"]) == ("finished", world.now, None)
    assert world.path(anna) == ["in:in", "wait:done", "exit:"]


def test_a_member_rests_in_the_window_of_its_own_time_zone(world: World) -> None:
    (here,) = world.people(1)
    (there,) = world.people(1, time_zone="America/New_York")
    window = wait(1, "hours", then={"from": "09:00", "to": None})
    world.publish(build({"in": LIST, "wait": window, "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))
    world.enroll([here, there])
    world.tick("2026-03-02 12:00")
    due = {passage["contact"]: passage["due_at"] for passage in world.passages()}
    assert due == {here: at("2026-03-03 09:00"), there: at("2026-03-02 15:00")}


def test_trap_9_a_random_split_is_sticky_and_about_even(world: World) -> None:
    people = world.people(400)
    arms = [{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}]
    nodes = {
        "in": LIST,
        "split": ("split", {"by": {"type": "random", "arms": arms}}),
        "left": EXIT,
        "right": EXIT,
    }
    edges = [("in", "in", "split"), ("split", "a", "left"), ("split", "b", "right")]
    world.publish(build(nodes, edges, re_entry={"rule": "after leaving"}))
    world.enroll(people)
    world.tick()
    first = {one: world.path(one) for one in people}
    world.enroll(people)
    world.tick(world.now + HOUR)
    assert all(world.path(one) == first[one] * 2 for one in people)
    assert 150 < sum("split:a" in path for path in first.values()) < 250


def test_counters_equal_hops(world: World) -> None:
    people = world.people(30)
    nodes = {
        "in": LIST,
        "polish": (
            "condition",
            {"criterion": {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}},
        ),
        "wait": wait(2, "hours"),
        "yes": ("goal", {"name": "Polish"}),
        "no": EXIT,
    }
    edges = [("in", "in", "polish"), ("polish", "yes", "wait"), ("polish", "no", "no"), ("wait", "done", "yes")]
    published = world.publish(build(nodes, edges))
    world.enroll(people + world.people(10, language="pl"))
    world.tick()
    world.tick(world.now + DAY)
    with world.store.write() as conn:
        counters.fold(conn)
        counted = {(node, outlet): n for node, outlet, _, n in counters.totals(conn, published.version)}
        hops = {
            (row.node, row.outlet): row.n
            for row in conn.execute(
                select(t.hop.c.node, t.hop.c.outlet, func.count().label("n")).group_by(t.hop.c.node, t.hop.c.outlet)
            )
        }
    assert counted == hops
    assert counted["POLISHAA", "yes"] == 10
    assert counted["POLISHAA", "no"] == 30


def test_an_outlet_without_an_edge_ends_the_passage(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(build({"in": LIST, "wait": wait(1)}, [("in", "in", "wait")]))
    world.enroll([anna])
    world.tick()
    world.tick(world.now + DAY)
    (passage,) = world.passages()
    assert (passage["state"], world.path(anna)) == ("finished", ["in:in", "wait:done"])


def test_a_node_that_is_off_is_passed_by_its_first_outlet_and_traced_so(world: World) -> None:
    (anna,) = world.people(1)
    journey = build({"in": LIST, "wait": wait(1), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")])
    journey.set_off("WAITAAAA", True)
    world.publish(journey)
    world.enroll([anna])
    world.tick()
    with world.store.read() as conn:
        reasons = dict(conn.execute(select(t.hop.c.node, t.hop.c.reason)).all())  # type: ignore[arg-type]
    assert world.path(anna) == ["in:in", "wait:done", "exit:"]
    assert reasons["WAITAAAA"] == "off"


def test_a_circle_without_a_rest_fails_with_its_path(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "seen", "number")
    tag = ("update", {"changes": [{"do": "clear attribute", "attribute": "seen"}]})
    world.publish(
        build(
            {"in": LIST, "one": tag, "two": tag}, [("in", "in", "one"), ("one", "done", "two"), ("two", "done", "one")]
        )
    )
    world.enroll([anna])
    world.tick()
    (passage,) = world.passages()
    assert (passage["state"], passage["reason"]) == ("failed", "too many hops")
    assert len(world.path(anna)) == 200


def test_a_circle_through_a_wait_that_is_over_at_once_fails_too(world: World) -> None:
    """A listening wait ends the cohort: the hops of a tick are counted over its cohorts."""
    (anna,) = world.people(1)
    world.happened(anna, "page.visited", when=Instant(world.now + 1))
    rule = {
        "type": "events",
        "listen": [{"outlet": "came", "label": "came", "event": "page.visited"}],
        "timeout": {"amount": 3, "unit": "days"},
        "since": "entry",
    }
    nodes = {"in": LIST, "wait": ("wait", {"rule": rule}), "again": ("wait", {"rule": rule})}
    edges = [("in", "in", "wait"), ("wait", "came", "again"), ("again", "came", "wait")]
    world.publish(build(nodes, edges))
    world.enroll([anna])
    world.tick()
    world.now = Instant(world.now + 1)
    asked = iter(range(1000))
    world.engine.tick(world.now, keep_going=lambda: next(asked) < 999)
    (passage,) = world.passages()
    assert (passage["state"], passage["reason"]) == ("failed", "too many hops")
    assert len(world.path(anna)) == 1 + 200


def test_an_end_by_a_change_of_its_own_cancels_the_message_on_its_way(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "seen", "number")
    send = ("send", {"template": "hello", "message_class": "service", "wait_for_hand_over": False})
    nodes = {
        "in": LIST,
        "send": send,
        "mark": ("update", {"changes": [{"do": "set attribute", "attribute": "seen", "value": 1}]}),
        "wait": wait(1),
    }
    edges = [("in", "in", "send"), ("send", "sent", "mark"), ("mark", "done", "wait")]
    seen = {"leaf": "attribute", "attribute": "seen", "op": "=", "value": 1}
    world.publish(build(nodes, edges, exit_when=seen))
    world.enroll([anna])
    world.tick()
    (message,) = world.messages()
    assert [passage["state"] for passage in world.passages()] == ["exited"]
    assert (message["state"], message["reason"]) == ("cancelled", "passage ended")


def test_a_second_tick_at_the_same_moment_changes_nothing(world: World) -> None:
    people = world.people(5)
    world.publish(build({"in": LIST, "wait": wait(1), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))
    world.enroll(people)
    world.tick()
    before = world.passages()
    assert world.tick().idle
    assert world.passages() == before


def test_two_workers_whose_clocks_differ_never_set_the_clock_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one ticks, later by its clock, between this one's look and its note."""
    other = Engine(world.store)
    look = world.engine._look

    def overtaken(now: Instant) -> Work:
        seen = look(now)
        other.tick(Instant(world.now + 10))
        return seen

    monkeypatch.setattr(world.engine, "_look", overtaken)
    with pytest.raises(ClockBehind):
        world.tick()
    with world.store.read() as conn:
        assert settings.get(conn, settings.LAST_TICK_AT) == world.now + 10


def test_a_cohort_that_was_in_the_way_of_another_writer_is_walked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgreSQL does it to one of two that wait for each other."""
    people = world.people(3)
    world.publish(build({"in": LIST, "wait": wait(1), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))
    world.enroll(people)
    advance, tries = Walk.advance, iter(range(1, 10))

    def chosen_to_end(walk: Walk, *arguments: Any, **more: Any) -> Advanced:
        done = advance(walk, *arguments, **more)
        if next(tries) < TRIES:
            raise OperationalError("", {}, DeadlockDetected())
        return done

    monkeypatch.setattr(Walk, "advance", chosen_to_end)
    world.tick()
    assert [world.path(one) for one in people] == [["in:in"]] * 3


def test_trap_11_a_tick_behind_the_last_one_does_nothing_and_says_so(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(build({"in": LIST, "wait": wait(1), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))
    world.enroll([anna])
    world.tick()
    before = world.passages()
    with pytest.raises(Exception, match=r"The clock says 2026-03-02T11:00:00\+01:00, but the store has already"):
        world.tick(world.now - HOUR)
    assert world.passages() == before
