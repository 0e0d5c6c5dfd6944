"""Rows and traps of the requirements that only a journey which runs can show."""

from __future__ import annotations

from typing import Any

from journeys.base.time import DAY, HOUR
from journeys.store import events
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.definitions import define_product
from tests.engine.conftest import World, at, build, node_id

LIST = ("trigger", {"on": {"type": "list"}})


def ends(*names: str) -> dict[str, tuple[str, dict[str, Any]]]:
    return {name: ("exit", {"reason": name}) for name in names}


def wait(**rule: Any) -> tuple[str, dict[str, Any]]:
    return ("wait", {"rule": rule})


def end_of(world: World, contact: int) -> str:
    """The node at which a contact's only passage ended; empty while it goes on."""
    (passage,) = [one for one in world.passages() if one["contact"] == contact]
    return str(passage["node"]) if passage["ended_at"] is not None else ""


# --- contracts -------------------------------------------------------------------------------------------------------


def test_A2_A4_A7_trap_1_of_all_contracts_one_lets_its_contact_in_on_its_one_day(world: World) -> None:
    world.now = at("2026-11-20 12:00")
    anna, bob, cleo, dora = world.people(4)
    rows = [
        # Anna's two contracts fit together and neither alone
        (anna, "stream-x", "2027-06-09", 30),
        (anna, "sport-y", "2026-11-29", 365),
        (bob, "stream-x", "2026-11-29", 30),
        (cleo, "stream-x", "2026-11-28", 30),
        (dora, "stream-x", "2026-11-29", 31),
    ]
    with world.store.write() as conn:
        for key in ("stream-x", "sport-y"):
            define_product(conn, key, name=key)
        made = [
            NewContract(contact=who, product=product, start_on="2026-01-01", end_on=end, duration_days=length)
            for who, product, end, length in rows
        ]
        add_contracts(conn, made, now=world.now, source="test", quiet=True)
    ending = {"leaf": "contract", "product": "stream-x"}
    ending |= {"end": {"op": "=", "value": 8}, "duration_days": {"op": "=", "value": 30}}
    world.segment("ending", ending)
    trigger = ("trigger", {"on": {"type": "segment", "segment": "ending", "movement": "entered"}})
    world.publish(build({"in": trigger, **ends("end")}, [("in", "in", "end")], re_entry={"rule": "always"}))
    came: dict[str, list[int]] = {}
    for day in range(20, 27):
        before = len(world.passages())
        world.tick(f"2026-11-{day} 13:00")
        came[f"{day}"] = [passage["contact"] for passage in world.passages()[before:]]
    assert {day: who for day, who in came.items() if who} == {"21": [cleo], "22": [bob]}


# --- surveys and loyalty ---------------------------------------------------------------------------------------------


def test_D11_trap_10_after_the_survey_everybody_has_a_way_also_who_did_not_answer(world: World) -> None:
    scores = [10, 9, 8, 7, 6, 0, None]
    people = world.people(len(scores))
    ask = node_id("ask")
    answer = {"outlet": "answered", "label": "answers", "event": "nps.answered", "about": ask}
    nodes = {
        "in": ("trigger", {"on": {"type": "event", "event": "purchase.made"}}),
        "days": wait(type="duration", amount=3, unit="days"),
        "ask": ("send", {"template": "nps", "message_class": "service"}),
        "listen": wait(type="events", listen=[answer], timeout={"amount": 7, "unit": "days"}),
        "split": ("split", {"by": {"type": "nps", "survey": ask}}),
        **ends("promoter", "passive", "detract", "silent"),
    }
    edges = [
        ("in", "in", "days"),
        ("days", "done", "ask"),
        ("ask", "sent", "listen"),
        ("listen", "answered", "split"),
        ("listen", "timeout", "split"),
        ("split", "promoter", "promoter"),
        ("split", "passive", "passive"),
        ("split", "detractor", "detract"),
        ("split", "no_answer", "silent"),
    ]
    world.publish(build(nodes, edges))
    for who in people:
        world.happened(who, "purchase.made")
    world.tick()
    world.tick(world.now + 3 * DAY)
    world.settle()
    world.tick(world.now + HOUR)
    asked = {message["contact"]: message["id"] for message in world.messages()}
    assert sorted(asked) == sorted(people)
    with world.store.write() as conn:
        given = [
            events.NewEvent(who, "nps.answered", world.now, {"score": score}, "test", message=asked[who])
            for who, score in zip(people, scores, strict=True)
            if score is not None
        ]
        events.record(conn, given, now=world.now)
    world.tick(world.now + HOUR)
    # who has not answered is waited for until the seven days are over
    assert [end_of(world, who) != "" for who in people] == [score is not None for score in scores]
    world.tick(world.now + 7 * DAY)
    expected = ["promoter"] * 2 + ["passive"] * 2 + ["detract"] * 2 + ["silent"]
    assert [end_of(world, who) for who in people] == [node_id(name) for name in expected]


def test_D4_trap_10_joined_declined_and_not_asked_are_three_ways(world: World) -> None:
    joined, declined, elsewhere, silent, back = world.people(5)
    split = ("split", {"by": {"type": "loyalty", "programme": "club"}})
    edges = [("in", "in", "split"), ("split", "joined", "joined"), ("split", "declined", "declined")]
    edges.append(("split", "not_asked", "unasked"))
    world.publish(build({"in": LIST, "split": split, **ends("joined", "declined", "unasked")}, edges))
    world.happened(joined, "loyalty.joined", programme="club")
    world.happened(declined, "loyalty.declined", programme="club")
    world.happened(elsewhere, "loyalty.joined", programme="other")
    world.happened(silent, "loyalty.asked", programme="club")
    world.happened(back, "loyalty.declined", when=world.now - DAY, programme="club")
    world.happened(back, "loyalty.joined", programme="club")
    people = [joined, declined, elsewhere, silent, back]
    world.enroll(people)
    world.tick()
    ways = ["joined", "declined", "unasked", "declined", "joined"]
    assert [end_of(world, who) for who in people] == [node_id(name) for name in ways]


# --- time ------------------------------------------------------------------------------------------------------------


def test_trap_1_a_day_of_the_clock_and_the_next_calendar_day_where_the_clocks_change(world: World) -> None:
    polish = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
    nodes = {
        "in": LIST,
        "which": ("condition", {"criterion": polish}),
        "hours": wait(type="duration", amount=1, unit="days"),
        "days": wait(type="calendar days", days=1),
        **ends("end"),
    }
    edges = [("in", "in", "which"), ("which", "yes", "hours"), ("which", "no", "days")]
    edges += [("hours", "done", "end"), ("days", "done", "end")]
    world.publish(build(nodes, edges, re_entry={"rule": "after leaving"}))
    people = world.people(1, language="pl") + world.people(1)
    due = []
    # the 29th of March has 23 hours in Warsaw, the 25th of October 25
    for came in ("2026-03-29 00:30", "2026-10-25 00:30"):
        world.now = at(came)
        world.enroll(people)
        world.tick()
        due += [passage["due_at"] for passage in world.passages() if passage["state"] == "active"]
        world.tick(world.now + 2 * DAY)
    assert due == [at("2026-03-30 01:30"), at("2026-03-30 00:00"), at("2026-10-25 23:30"), at("2026-10-26 00:00")]


def test_trap_11_after_a_long_sleep_a_series_goes_on_one_step_at_a_time(world: World) -> None:
    (anna,) = world.people(1)
    day = wait(type="duration", amount=1, unit="days")
    world.publish(
        build(
            {"in": LIST, "one": day, "two": day, **ends("end")},
            [("in", "in", "one"), ("one", "done", "two"), ("two", "done", "end")],
        )
    )
    world.enroll([anna])
    world.tick()
    world.tick(world.now + 30 * DAY)
    (passage,) = world.passages()
    assert (passage["node"], passage["due_at"]) == (node_id("two"), world.now + DAY)


def test_trap_11_a_contact_without_a_time_zone_has_the_workspaces(world: World) -> None:
    (nowhere,) = world.people(1)
    (there,) = world.people(1, time_zone="America/New_York")
    then = {"then": {"from": "09:00", "to": None}}
    nodes = {"in": LIST, "wait": ("wait", {"rule": {"type": "at once"}} | then), **ends("end")}
    world.publish(build(nodes, [("in", "in", "wait"), ("wait", "done", "end")]))
    world.enroll([nowhere, there])
    world.tick("2026-03-02 12:00")
    due = {passage["contact"]: passage["due_at"] for passage in world.passages()}
    assert due == {nowhere: at("2026-03-03 09:00"), there: at("2026-03-02 15:00")}
