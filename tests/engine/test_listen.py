from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from journeys.base.time import DAY, HOUR, MINUTE
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.erasing import erase
from journeys.store.errors import StoreLocked
from journeys.store.store import Store
from tests.engine.conftest import World, build

EXIT = ("exit", {"reason": "finished"})
BOUGHT = {"leaf": "event", "event": "purchase.made"}


def on(event: str, **more: Any) -> tuple[str, dict[str, Any]]:
    trigger = {key: more.pop(key) for key in ("only", "subject", "existing", "at_most_late_days") if key in more}
    return ("trigger", {"on": {"type": "event", "event": event} | more} | trigger)


def wait(amount: int, unit: str = "days") -> tuple[str, dict[str, Any]]:
    return ("wait", {"rule": {"type": "duration", "amount": amount, "unit": unit}})


def simple(trigger: tuple[str, dict[str, Any]], **attributes: Any) -> Any:
    return build(
        {"in": trigger, "wait": wait(7), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")], **attributes
    )


def entered(world: World) -> list[tuple[int, str]]:
    return [(passage["contact"], passage["state"]) for passage in world.passages()]


def test_an_event_brings_its_contact_in(world: World) -> None:
    anna, _ = world.people(2)
    world.publish(simple(on("page.visited")))
    world.happened(anna, "page.visited", url="/a")
    world.tick()
    assert entered(world) == [(anna, "active")]


def test_a_quiet_event_brings_nobody_in(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited")))
    world.happened(anna, "page.visited", quiet=True)
    world.tick()
    assert entered(world) == []


def test_an_event_from_before_publishing_brings_nobody_in(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "page.visited", when=world.now - HOUR)
    world.publish(simple(on("page.visited")))
    world.tick()
    assert entered(world) == []


def test_an_event_in_the_future_waits_for_its_time(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited")))
    world.happened(anna, "page.visited", when=world.now + HOUR)
    world.tick()
    assert entered(world) == []
    world.tick(world.now + HOUR)
    assert entered(world) == [(anna, "active")]


def test_only_lets_in_whom_it_means_and_keeps_the_others_with_the_reason(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    (bob,) = world.people(1, language="en")
    only = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
    world.publish(simple(on("page.visited", only=only)))
    world.happened(anna, "page.visited")
    world.happened(bob, "page.visited")
    world.tick()
    assert entered(world) == [(anna, "active")]
    with world.store.read() as conn:
        (missed,) = conn.execute(select(t.not_entered)).mappings()
    assert (missed["contact"], missed["reason"]) == (bob, "audience")
    assert '"en"' in missed["values"]


def test_re_entry_never_lets_nobody_in_twice(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), re_entry={"rule": "never"}))
    for _ in range(3):
        world.happened(anna, "page.visited")
    world.tick()
    world.tick(world.now + 8 * DAY)
    world.happened(anna, "page.visited")
    world.tick()
    assert entered(world) == [(anna, "finished")]


def test_re_entry_after_days_counts_from_the_last_entry(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), re_entry={"rule": "after days", "days": 30}))
    for days in (0, 29, 30):
        world.happened(anna, "page.visited", when=world.now + days * DAY)
    for days in (0, 8, 21, 1, 10):
        world.tick(world.now + days * DAY)
    first, second = world.passages()
    assert second["since_at"] - first["since_at"] == 30 * DAY
    assert (first["entry"], second["entry"]) == (1, 2)


def test_re_entry_always_lets_a_contact_in_beside_itself(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), re_entry={"rule": "always"}))
    for _ in range(3):
        world.happened(anna, "page.visited")
    world.tick()
    assert entered(world) == [(anna, "active")] * 3
    assert [passage["entry"] for passage in world.passages()] == [1, 2, 3]


def test_E1_trap_3_an_exit_event_ends_a_passage_inside_a_wait_at_once(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), exit_when=BOUGHT))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "purchase.made", when=world.now + HOUR)
    world.tick(world.now + HOUR + MINUTE)
    (passage,) = world.passages()
    assert (passage["state"], passage["reason"], passage["ended_at"]) == ("exited", "exit_when", world.now)
    assert world.path(anna) == ["in:in", "wait:"]


def test_exit_on_purchase_does_not_expel_an_old_customer(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "purchase.made", when=world.now - DAY)
    world.publish(simple(on("page.visited"), exit_when=BOUGHT))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "page.visited")
    world.tick(world.now + DAY)
    assert entered(world) == [(anna, "active")]


def test_the_event_that_let_a_contact_in_is_not_since_entry(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("purchase.made"), goal=BOUGHT, re_entry={"rule": "after leaving"}))
    world.happened(anna, "purchase.made")
    world.tick()
    assert entered(world) == [(anna, "active")]
    world.happened(anna, "purchase.made")
    world.tick()
    assert entered(world) == [(anna, "goal"), (anna, "active")]


def test_a_quiet_event_ends_a_passage(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), exit_when=BOUGHT))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "purchase.made", quiet=True)
    world.tick()
    assert entered(world) == [(anna, "exited")]


def test_entry_and_exit_in_one_lot_follow_their_order(world: World) -> None:
    anna, bob = world.people(2)
    world.publish(simple(on("page.visited"), exit_when=BOUGHT))
    world.happened(anna, "page.visited")
    world.happened(anna, "purchase.made")
    world.happened(bob, "purchase.made")
    world.happened(bob, "page.visited")
    world.tick()
    assert sorted(entered(world)) == [(anna, "exited"), (bob, "active")]


def test_the_goal_counts_before_the_exit(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited"), exit_when=BOUGHT, goal=BOUGHT))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "purchase.made")
    world.tick()
    (passage,) = world.passages()
    assert (passage["state"], passage["goal_at"], passage["goal_message"]) == ("goal", world.now, None)


def test_trap_4_crossing_a_value_lets_in_and_trap_5_an_unchanged_write_does_not(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "points", "number")
    where = [{"field": "old", "op": "<", "value": 200}, {"field": "new", "op": ">=", "value": 200}]
    where.append({"field": "field", "op": "=", "value": "points"})
    world.publish(simple(on("contact.changed", where=where), re_entry={"rule": "always"}))

    def points(value: int) -> int:
        with world.store.write() as conn:
            contacts.change(conn, [(anna, {"points": value})], now=world.now, source="test")
        world.tick(world.now + MINUTE)
        return len(world.passages())

    assert [points(199), points(201), points(201), points(150), points(200)] == [0, 1, 1, 1, 2]


def test_a_wait_for_an_event_goes_on_when_it_comes(world: World) -> None:
    (anna,) = world.people(1)
    listen = {
        "rule": {
            "type": "events",
            "listen": [{"outlet": "came", "label": "came", "event": "page.visited"}],
            "timeout": {"amount": 3, "unit": "days"},
            "since": "arrival",
        }
    }
    nodes = {"in": on("email.opened"), "listen": ("wait", listen), "goal": ("goal", {"name": "came"}), "exit": EXIT}
    edges = [("in", "in", "listen"), ("listen", "came", "goal"), ("listen", "timeout", "exit")]
    world.publish(build(nodes, edges))
    bob = world.people(1)[0]
    world.happened(anna, "email.opened")
    world.happened(bob, "email.opened")
    world.tick()
    assert {passage["due_at"] for passage in world.passages()} == {world.now + 3 * DAY}
    world.happened(anna, "page.visited", when=world.now + DAY)
    world.tick(world.now + DAY)
    world.tick(world.now + 2 * DAY)
    assert [passage["state"] for passage in world.passages()] == ["goal", "finished"]
    assert world.path(anna)[1] == "listen:came"
    assert world.path(bob)[1] == "listen:timeout"


def test_an_event_beats_a_timeout_only_if_it_is_earlier(world: World) -> None:
    anna, bob = world.people(2)
    listen = {
        "rule": {
            "type": "events",
            "listen": [{"outlet": "came", "label": "came", "event": "page.visited"}],
            "timeout": {"amount": 1, "unit": "days"},
            "since": "arrival",
        }
    }
    nodes = {"in": on("email.opened"), "listen": ("wait", listen), "goal": ("goal", {"name": "came"}), "exit": EXIT}
    edges = [("in", "in", "listen"), ("listen", "came", "goal"), ("listen", "timeout", "exit")]
    world.publish(build(nodes, edges))
    for who in (anna, bob):
        world.happened(who, "email.opened")
    world.tick()
    world.happened(anna, "page.visited", when=world.now + DAY - 1)
    world.happened(bob, "page.visited", when=world.now + DAY)
    # both are only looked at long after
    world.tick(world.now + 5 * DAY)
    assert (world.path(anna)[1], world.path(bob)[1]) == ("listen:came", "listen:timeout")


def test_E17_a_journey_without_a_send_is_valid_and_marks_the_contact(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        define_attribute(conn, "seen", "number")
    count = ("update", {"changes": [{"do": "add to attribute", "attribute": "seen", "amount": 1}]})
    world.publish(
        build(
            {"in": on("page.visited"), "count": count, "exit": EXIT},
            [("in", "in", "count"), ("count", "done", "exit")],
            re_entry={"rule": "always"},
        )
    )
    for _ in range(3):
        world.happened(anna, "page.visited")
    world.tick()
    with world.store.read() as conn:
        assert conn.execute(select(t.contact.c.attributes)).scalar_one()["seen"] == 3


def test_E7_the_fifth_visit_without_a_download(world: World) -> None:
    anna, bob = world.people(2)
    only = {"none": [{"leaf": "event", "event": "ebook.downloaded"}]}
    world.publish(simple(on("page.visited", nth=5, only=only)))
    world.happened(bob, "ebook.downloaded")
    for visit in range(1, 7):
        for who in (anna, bob):
            world.happened(who, "page.visited")
        world.tick(world.now + HOUR)
        assert entered(world) == ([(anna, "active")] if visit >= 5 else [])


def test_an_end_by_an_event_cancels_the_message_on_its_way(world: World) -> None:
    (anna,) = world.people(1)
    send = ("send", {"template": "hello", "message_class": "service"})
    nodes = {"in": on("page.visited"), "send": send, "exit": EXIT}
    world.publish(build(nodes, [("in", "in", "send"), ("send", "sent", "exit")], exit_when=BOUGHT))
    world.happened(anna, "page.visited")
    world.tick()
    world.happened(anna, "purchase.made")
    world.tick()
    (message,) = world.messages()
    assert (message["state"], message["reason"]) == ("cancelled", "passage ended")


@pytest.mark.postgres
def test_nobody_is_erased_while_contacts_are_let_in(postgres_store: Store) -> None:
    """Who let them in would not see it, and the tombstone would walk on."""
    world = World(postgres_store)
    (anna,) = world.people(1)
    world.publish(simple(on("page.visited")))

    def erase_anna() -> None:
        with postgres_store.write() as conn:
            conn.execute(text("SET LOCAL lock_timeout = 1"))
            erase(conn, [anna], now=world.now)

    with postgres_store.write() as letting_in:
        world.engine.roll.call(letting_in, lock=True)
        with pytest.raises(StoreLocked):
            erase_anna()
    erase_anna()
    assert world.tick().entered == 0


def test_what_nobody_is_interested_in_leaves_the_inbox(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "page.visited")
    world.tick()
    with world.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.fresh)).scalar_one() == 0
