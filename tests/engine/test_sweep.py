from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.definitions import define_product
from tests.engine.conftest import World, at, build

EXIT = ("exit", {"reason": "finished"})


def on_date(date: dict[str, Any], *, only: Any = None, subject: str | None = None, late: int = 7, **on: Any) -> Any:
    trigger = {"on": {"type": "date", "date": date, "at": "09:00"} | on, "only": only, "at_most_late_days": late}
    if subject:
        trigger["subject"] = subject
    return build(
        {"in": ("trigger", trigger), "exit": EXIT},
        [("in", "in", "exit")],
        re_entry={"rule": "after leaving", "per": "subject" if subject else "contact"},
    )


def attribute(world: World, key: str, type_: str, who: int, value: Any) -> None:
    with world.store.write() as conn:
        define_attribute(conn, key, type_)  # type: ignore[arg-type]
        contacts.change(conn, [(who, {key: value})], now=world.now, source="test", quiet=True)


def contract(world: World, who: int, end_on: str, **more: Any) -> int:
    with world.store.write() as conn:
        define_product(conn, "stream-x", name="Stream X")
        new = NewContract(contact=who, product="stream-x", start_on="2026-01-01", end_on=end_on, **more)
        return add_contracts(conn, [new], now=world.now, source="test", quiet=True)[0]


@pytest.mark.parametrize(("rule", "day"), [("28 Feb", "2026-02-28"), ("1 Mar", "2026-03-01")])
def test_C10_trap_11_a_birthday_on_29_february_is_kept_by_the_rule(world: World, rule: str, day: str) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-02-20 12:00")
    attribute(world, "birthday", "date", anna, "2000-02-29")
    world.publish(on_date({"type": "attribute", "attribute": "birthday"}, yearly=True, leap_day=rule))
    for date in ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"):
        world.tick(at(f"{date} 09:00"))
    (passage,) = world.passages()
    assert passage["ended_at"] == at(f"{day} 09:00")


@pytest.mark.parametrize(("offset", "day"), [(-1, "2026-12-09"), (1, "2026-12-11")])
def test_E13_the_day_before_and_the_day_after_an_event(world: World, offset: int, day: str) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-12-01 12:00")
    attribute(world, "conference", "datetime", anna, "2026-12-10T10:00:00+01:00")
    world.publish(on_date({"type": "attribute", "attribute": "conference"}, offset_days=offset))
    for date in range(2, 15):
        world.tick(at(f"2026-12-{date:02} 00:00"))
        world.tick(at(f"2026-12-{date:02} 09:00"))
    (passage,) = world.passages()
    assert passage["ended_at"] == at(f"{day} 09:00")


def test_A15_trap_11_a_missed_day_is_made_up_for_once_per_contract(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    mine = contract(world, anna, "2026-11-29")
    world.publish(on_date({"type": "contract end", "product": "stream-x"}, offset_days=-7, subject="contract"))
    world.tick("2026-11-21 09:00")
    # the computer is off on 22 November, the day it is about
    world.tick("2026-11-24 10:00")
    world.tick("2026-11-25 10:00")
    (passage,) = world.passages()
    assert (passage["subject_kind"], passage["subject_id"]) == ("contract", mine)
    assert (passage["since_at"], passage["state"]) == (at("2026-11-22 00:00"), "finished")


def test_A15_a_day_missed_for_longer_than_the_trigger_allows_is_over(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    contract(world, anna, "2026-11-29")
    world.publish(on_date({"type": "contract end", "product": "stream-x"}, offset_days=-7, subject="contract", late=1))
    world.tick("2026-11-21 09:00")
    world.tick("2026-11-24 10:00")
    assert world.passages() == []


def test_a_date_trigger_waits_for_its_hour_in_the_contacts_zone(world: World) -> None:
    (anna,) = world.people(1, time_zone="America/New_York")
    world.now = at("2026-11-20 12:00")
    contract(world, anna, "2026-11-29")
    world.publish(on_date({"type": "contract end", "product": None}, offset_days=-7))
    world.tick("2026-11-22 00:00")
    (passage,) = world.passages()
    assert passage["due_at"] == at("2026-11-22 15:00")


def test_two_contracts_of_one_contact_are_two_passages_when_counted_per_subject(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    both = [contract(world, anna, "2026-11-29"), contract(world, anna, "2026-11-29")]
    world.publish(on_date({"type": "contract end", "product": "stream-x"}, offset_days=-7, subject="contract"))
    world.tick("2026-11-22 09:00")
    assert [passage["subject_id"] for passage in world.passages()] == both


def test_the_day_of_publishing_counts_only_what_is_still_to_come(world: World) -> None:
    early, late = world.people(2)
    world.now = at("2026-11-22 10:00")
    with world.store.write() as conn:
        conn.execute(update(t.contact).where(t.contact.c.id == late).values(time_zone="America/New_York"))
    for who in (early, late):
        contract(world, who, "2026-11-29")
    world.publish(on_date({"type": "contract end", "product": "stream-x"}, offset_days=-7))
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [late]


def test_an_exit_that_time_alone_brings_acts_on_its_day(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    contract(world, anna, "2026-11-29")
    over = {"none": [{"leaf": "contract", "end": {"op": ">=", "value": 1}}]}
    world.publish(
        build(
            {
                "in": ("trigger", {"on": {"type": "list"}}),
                "wait": ("wait", {"rule": {"type": "duration", "amount": 60, "unit": "days"}}),
                "exit": EXIT,
            },
            [("in", "in", "wait"), ("wait", "done", "exit")],
            exit_when=over,
        )
    )
    world.enroll([anna])
    world.tick("2026-11-29 09:00")
    assert world.passages()[0]["state"] == "active"
    world.tick("2026-11-30 00:00")
    (passage,) = world.passages()
    assert (passage["state"], passage["ended_at"]) == ("exited", world.now)
    with world.store.read() as conn:
        assert conn.execute(select(t.hop.c.kind).order_by(t.hop.c.n.desc()).limit(1)).scalar() == "exit"


def test_A8_a_trigger_asks_about_the_very_contract_that_matched(world: World) -> None:
    (anna,) = world.people(1)
    world.now = at("2026-11-20 12:00")
    cancelled = contract(world, anna, "2026-11-29", recurring_now=False, recurring_initially=True)
    contract(world, anna, "2026-11-29", recurring_now=True, recurring_initially=True)
    only = {
        "leaf": "contract",
        "recurring_now": False,
        "recurring_initially": True,
        "scope": {"type": "subject"},
    }
    published = world.publish(
        on_date({"type": "contract end", "product": "stream-x"}, offset_days=-7, subject="contract", only=only)
    )
    assert "passage-in-trigger" not in {problem.check for problem in published.problems}
    world.tick("2026-11-22 09:00")
    assert [passage["subject_id"] for passage in world.passages()] == [cancelled]
