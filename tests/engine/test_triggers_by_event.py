"""Triggers that one event of one contact sets off: changes, stages, movements; and several triggers in one journey."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.definitions import define_funnel, define_tag
from tests.engine.conftest import World, at, build

EXIT = ("exit", {"reason": "finished"})


def straight(*triggers: dict[str, Any], **attributes: Any) -> Any:
    """A journey of triggers that all lead to the exit."""
    names = [f"in{n}" for n in range(2, 2 + len(triggers))]
    nodes = {name: ("trigger", trigger) for name, trigger in zip(names, triggers, strict=True)}
    return build(nodes | {"exit": EXIT}, [(name, "in", "exit") for name in names], **attributes)


def points(world: World, who: int, value: float | None) -> None:
    with world.store.write() as conn:
        define_attribute(conn, "points", "number")
        contacts.change(conn, [(who, {"points": value})], now=world.now, source="test")
    world.tick()


REACHED = {"on": {"type": "change", "attribute": "points", "becomes": {"op": ">=", "value": 200}}}


def test_trap_4_reaching_200_points_is_crossing_them_by_whatever_step(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(straight(REACHED, re_entry={"rule": "always"}))
    entered = []
    for value in (150, 199, 201, 210, 190, 200, 200):
        points(world, anna, value)
        entered.append(len(world.passages()))
    assert entered == [0, 0, 1, 1, 1, 2, 2]


def test_trap_4_who_had_no_points_at_all_crosses_too(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(straight(REACHED))
    points(world, anna, 250)
    assert len(world.passages()) == 1


def test_trap_5_a_profile_update_fires_on_change_and_not_on_any_write(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    world.publish(straight({"on": {"type": "change", "attribute": "language"}}, re_entry={"rule": "always"}))
    for language in ("pl", "en", "en"):
        with world.store.write() as conn:
            contacts.change(conn, [(anna, {"language": language})], now=world.now, source="test")
        world.tick()
    assert len(world.passages()) == 1


def stage(world: World, who: int, key: str) -> None:
    with world.store.write() as conn:
        contacts.set_stage(conn, [(who, "club", key)], now=world.now, source="test")


STAGE = {"type": "stage", "funnel": "club", "stage": "asked"}


def test_D19_who_comes_to_a_stage_comes_in_and_who_stays_on_it_does_not_again(world: World) -> None:
    anna, jan = world.people(2)
    with world.store.write() as conn:
        define_funnel(conn, "club", [("new", ""), ("asked", "")])
    world.publish(straight({"on": STAGE}, re_entry={"rule": "always"}))
    for who, key in ((anna, "new"), (anna, "asked"), (anna, "asked"), (jan, "new")):
        stage(world, who, key)
        world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]


@pytest.mark.parametrize(("existing", "entered"), [(False, 0), (True, 1)])
def test_who_stands_on_the_stage_already_comes_in_only_where_that_is_said(
    world: World, existing: bool, entered: int
) -> None:
    anna, _jan = world.people(2)
    with world.store.write() as conn:
        define_funnel(conn, "club", [("new", ""), ("asked", "")])
    stage(world, anna, "asked")
    world.tick()
    world.now = at("2026-03-03 12:00")
    world.publish(straight({"on": STAGE, "existing": existing}))
    world.tick()
    assert (world.came_at_once, len(world.passages())) == (entered, entered)


LOYAL = {"leaf": "tag", "tag": "loyal"}
AT_RISK = {"none": [LOYAL]}


def moving(world: World, **on: Any) -> list[int]:
    """Anna loyal, Jan not; a journey of those who move from loyal to at risk."""
    anna, jan = world.people(2)
    with world.store.write() as conn:
        define_tag(conn, "loyal")
        contacts.set_tags(conn, add=[(anna, "loyal")], now=world.now, source="test")
    world.segment("loyal", LOYAL)
    world.segment("at-risk", AT_RISK)
    trigger = {"on": {"type": "segment", "segment": "at-risk", "moved_from": "loyal"} | on}
    world.publish(straight(trigger, re_entry={"rule": "always"}))
    world.tick()
    return [anna, jan]


def test_B2_who_moves_from_loyal_to_at_risk_comes_in(world: World) -> None:
    anna, _jan = moving(world)
    world.now = at("2026-03-03 12:00")
    with world.store.write() as conn:
        contacts.set_tags(conn, remove=[(anna, "loyal")], now=world.now, source="test")
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]


def test_B2_who_enters_at_risk_from_nowhere_does_not(world: World) -> None:
    moving(world)
    (eva,) = world.people(1)
    with world.store.write() as conn:
        contacts.change(conn, [(eva, {"language": "pl"})], now=world.now, source="test")
    world.happened(eva, "contact.created")
    world.tick()
    with world.store.read() as conn:
        inside = conn.execute(select(t.membership.c.contact).where(t.membership.c.segment == "at-risk")).scalars()
        assert eva in list(inside)
    assert world.passages() == []


def test_several_triggers_of_one_journey_each_ask_their_own_audience_and_count_re_entry_together(world: World) -> None:
    anna, jan = world.people(2, language="pl")
    with world.store.write() as conn:
        contacts.change(conn, [(jan, {"language": "en"})], now=world.now, source="test", quiet=True)
    polish = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
    visits = {"on": {"type": "event", "event": "page.visited"}, "only": polish}
    orders = {"on": {"type": "event", "event": "cart.filled"}}
    world.publish(straight(visits, orders, re_entry={"rule": "never"}))
    for who in (anna, jan):
        for kind in ("page.visited", "cart.filled"):
            world.happened(who, kind)
    world.tick()
    assert [(passage["contact"], passage["trigger"]) for passage in world.passages()] == [
        (anna, "IN2AAAAA"),
        (jan, "IN3AAAAA"),
    ]


def test_each_trigger_of_a_journey_says_for_itself_whether_who_matches_already_comes_in(world: World) -> None:
    anna, jan = world.people(2)
    with world.store.write() as conn:
        define_funnel(conn, "club", [("new", ""), ("asked", "")])
        contacts.set_stage(conn, [(anna, "club", "new"), (jan, "club", "asked")], now=world.now, source="test")
    world.publish(straight({"on": STAGE | {"stage": "new"}, "existing": True}, {"on": STAGE, "existing": False}))
    assert [passage["contact"] for passage in world.passages()] == [anna]
