from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from journeys.base.time import DAY
from journeys.engine.segments import SegmentsInACircle
from journeys.store import contacts
from journeys.store import tables as t
from tests.engine.conftest import World, at, build

EXIT = ("exit", {"reason": "finished"})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
LAPSED = {"leaf": "event", "event": "page.visited", "last_days_ago": {"op": ">=", "value": 5}}


def on_segment(key: str, movement: str = "entered", **more: Any) -> Any:
    return build(
        {
            "in": ("trigger", {"on": {"type": "segment", "segment": key, "movement": movement}} | more),
            "wait": ("wait", {"rule": {"type": "duration", "amount": 7, "unit": "days"}}),
            "exit": EXIT,
        },
        [("in", "in", "wait"), ("wait", "done", "exit")],
    )


def speak(world: World, contact: int, language: str, *, quiet: bool = False) -> None:
    with world.store.write() as conn:
        contacts.change(conn, [(contact, {"language": language})], now=world.now, source="test", quiet=quiet)


def memberships(world: World) -> list[tuple[int, bool, str]]:
    with world.store.read() as conn:
        rows = conn.execute(select(t.membership).order_by(t.membership.c.id))
        return [(row.contact, row.to_at is None, row.reason) for row in rows]


def test_who_matches_at_publishing_does_not_flood_in(world: World) -> None:
    world.people(3, language="pl")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish"))
    world.tick()
    assert world.passages() == []
    assert [reason for _, _, reason in memberships(world)] == ["rebased"] * 3


def test_existing_lets_in_who_matches_at_publishing(world: World) -> None:
    people = world.people(3, language="pl")
    world.people(2, language="en")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish", existing=True))
    assert world.came_at_once == 3
    assert [passage["contact"] for passage in world.passages()] == people


def test_a_real_movement_lets_in(world: World) -> None:
    (anna,) = world.people(1, language="en")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish"))
    speak(world, anna, "pl")
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]
    assert memberships(world) == [(anna, True, "changed")]


def test_a_movement_by_quiet_events_is_recorded_as_import_and_lets_nobody_in(world: World) -> None:
    (anna,) = world.people(1, language="en")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish"))
    speak(world, anna, "pl", quiet=True)
    world.tick()
    assert world.passages() == []
    assert memberships(world) == [(anna, True, "import")]


def test_leaving_a_segment_lets_in(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish", "left"))
    speak(world, anna, "en")
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]
    assert memberships(world) == [(anna, False, "rebased")]


def test_time_alone_moves_a_contact_once_a_workspace_day(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "page.visited", when=at("2026-03-02 09:00"))
    world.segment("lapsed", LAPSED)
    world.publish(on_segment("lapsed"))
    world.tick("2026-03-06 23:00")
    assert world.passages() == []
    world.tick("2026-03-07 00:00")
    (passage,) = world.passages()
    assert passage["since_at"] == at("2026-03-07 00:00")
    assert memberships(world) == [(anna, True, "time")]


def test_a_segment_made_of_another_follows_it(world: World) -> None:
    (anna,) = world.people(1, language="en")
    world.segment("polish", POLISH)
    world.segment("not-polish", {"none": [{"leaf": "segment", "segment": "polish"}]})
    world.publish(on_segment("not-polish", "left"))
    speak(world, anna, "pl")
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]


def test_segments_in_a_circle_are_refused_by_name(world: World) -> None:
    world.segment("one", {"leaf": "segment", "segment": "two"})
    world.segment("two", {"leaf": "segment", "segment": "one"})
    with pytest.raises(SegmentsInACircle, match="“one”, “two” are made of each other"):
        world.publish(on_segment("one"))
    with world.store.read() as conn:
        assert conn.execute(select(t.journey)).all() == []


def test_moving_in_and_out_at_once_is_told_once_each(world: World) -> None:
    (anna,) = world.people(1, language="en")
    world.segment("polish", POLISH)
    world.publish(on_segment("polish"))
    for language in ("pl", "en", "pl"):
        speak(world, anna, language)
        world.tick()
    with world.store.read() as conn:
        kinds = conn.execute(
            select(t.event.c.kind).where(t.event.c.source == "segment").order_by(t.event.c.id)
        ).scalars()
        assert list(kinds) == ["segment.entered", "segment.left", "segment.entered"]
    world.tick(world.now + DAY)
    assert len(world.passages()) == 1


def test_a_segment_in_use_loses_no_movement_when_one_made_of_it_is_worked_out(world: World) -> None:
    (anna,) = world.people(1, language="en")
    world.segment("polish", POLISH)
    world.segment("lapsed-poles", {"all": [{"leaf": "segment", "segment": "polish"}, LAPSED]})
    world.publish(on_segment("polish"))
    world.tick()
    speak(world, anna, "pl")
    trigger = ("trigger", {"on": {"type": "segment", "segment": "lapsed-poles"}})
    world.publish(build({"in": trigger, "exit": EXIT}, [("in", "in", "exit")], id="other"))
    world.tick()
    assert [passage["contact"] for passage in world.passages()] == [anna]


def test_a_segment_made_of_an_edited_one_follows_it_silently(world: World) -> None:
    (anna,), (jan,) = world.people(1, language="en"), world.people(1, language="pl")
    world.segment("ours", POLISH)
    world.segment("all-of-ours", {"all": [{"leaf": "segment", "segment": "ours"}]})
    world.publish(on_segment("all-of-ours"))
    world.tick()
    world.segment("ours", POLISH | {"value": "en"})
    world.tick(world.now + 60)
    assert world.passages() == []
    with world.store.read() as conn:
        inside = select(t.membership.c.contact).where(
            t.membership.c.segment == "all-of-ours", t.membership.c.to_at.is_(None)
        )
        assert list(conn.execute(inside).scalars()) == [anna]
    speak(world, jan, "en")
    world.tick(world.now + 60)
    assert [passage["contact"] for passage in world.passages()] == [jan]


def test_an_edited_segment_rebases_silently(world: World) -> None:
    world.people(2, language="pl")
    world.people(3, language="en")
    world.segment("chosen", POLISH)
    world.publish(on_segment("chosen"))
    world.tick()
    world.segment("chosen", POLISH | {"value": "en"})
    world.tick(world.now + 60)
    assert sum(open_ for _, open_, _ in memberships(world)) == 3
    assert {reason for _, _, reason in memberships(world)} == {"rebased"}
    assert world.passages() == []
