"""What holds after any story, holds through edits of a journey that runs."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import note
from sqlalchemy import select

from journeys.base.time import HOUR, Instant
from journeys.engine.choices import Choices
from journeys.engine.deliver import Delivery
from journeys.engine.migrate import migrate
from journeys.engine.plan import Plans
from journeys.engine.tick import Engine
from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import World
from tests.engine.invariants import broken, broken_when_run
from tests.engine.mails import PlainWriter, Recorder
from tests.engine.stage import Stage
from tests.engine.stories import DEEDS, EDITS, RARE, Story, for_all, stories
from tests.engine.test_invariants_crash import Crash, crashing
from tests.engine.test_migrate import asking

EDITED = stories(happening={**DEEDS, **RARE, **EDITS}, again=("event", "put in", "migrate"), most_editions=3)


def stands(store: Store, story: Story) -> None:
    stage = Stage(store, story)

    def beat() -> None:
        assert broken(stage) == []
        note(f"{stage.now}: {stage.tick()}")
        assert broken(stage) == []
        note(f"{stage.now}: {stage.beat()}")
        assert broken_when_run(stage) == []
        assert twice(stage) == []

    stage.play(beat=beat)


def twice(world: World) -> list[tuple[int, str, int]]:
    """Stays that had more than one message which reached somebody, by (passage, node, stay)."""
    with world.store.read() as conn:
        hops = conn.execute(select(t.hop).where(t.hop.c.kind == "migrate", t.hop.c.reason == "edited")).all()
        rows = conn.execute(select(t.message).where(t.message.c.state.in_(["sent", "unknown", "started"]))).all()
    goes_on = {(hop.enrollment, hop.n) for hop in hops}

    def stay(passage: int, n: int) -> int:
        while (passage, n) in goes_on:
            n += 1
        return n

    counted = Counter((row.enrollment, row.node, stay(row.enrollment, row.visit)) for row in rows)
    return [place for place, n in counted.items() if n > 1]


def test_after_any_edits_every_passage_stands_where_its_hops_lead(store: Store) -> None:
    for_all(EDITED, lambda story: stands(store, story), sqlite=20, postgresql=5, store=store)


@pytest.mark.long
def test_after_very_many_edits_every_passage_stands_where_its_hops_lead(store: Store) -> None:
    for_all(EDITED, lambda story: stands(store, story), sqlite=150, postgresql=30, store=store)


# --- crashes and many at once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dies_after", [0, 5, 12, 18, 25, 33, 40])
def test_a_crash_anywhere_in_a_migration_leaves_the_rest_for_the_next_time(
    world: World, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COHORT", "POSTGRESQL_COHORT", "SMALLEST_COHORT", "LARGEST_COHORT"):
        monkeypatch.setattr(f"journeys.engine.pace.{name}", 2)
    world.publish(asking())
    world.enroll(world.people(5))
    world.tick()
    world.publish(asking(exit_when={"leaf": "tag", "tag": "vip"}))

    def taken_along() -> None:
        migrate(world.store, Plans(), "test", Choices(), now=world.now)

    with crashing(world.store, dies_after), pytest.raises(Crash):
        taken_along()
    assert broken(world) == []
    taken_along()
    assert len({one["version"] for one in world.passages()}) == 1
    deliver(world)
    world.tick()
    assert (broken(world), twice(world), len(world.messages())) == ([], [], 5)


def deliver(world: World) -> None:
    Delivery(
        store=world.store,
        plans=Plans(),
        channel=Recorder(),
        writer=PlainWriter(),
        worker=f"test {threading.get_ident()}",
        clock=lambda: world.now,
    ).deliver()


@pytest.mark.postgres
def test_migrations_ticks_and_hand_over_at_once_do_what_they_do_in_turn(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.engine.pace.POSTGRESQL_COHORT", 20)
    world = World(postgres_store)
    world.publish(asking())
    world.enroll(world.people(200))
    world.tick()
    world.publish(asking(exit_when={"leaf": "tag", "tag": "vip"}))
    later = world.now = Instant(world.now + HOUR)

    def taken_along() -> None:
        migrate(postgres_store, Plans(), "test", Choices(), now=later)

    with ThreadPoolExecutor(5) as pool:
        for done in [
            pool.submit(taken_along),
            pool.submit(taken_along),
            pool.submit(deliver, world),
            pool.submit(deliver, world),
            pool.submit(Engine(postgres_store).tick, later),
        ]:
            done.result()
    deliver(world)
    Engine(postgres_store).tick(later)
    assert (broken(world), twice(world)) == ([], [])
    assert len({one["version"] for one in world.passages()}) == 1
    assert [one["state"] for one in world.messages()] == ["sent"] * 200
    assert {one["node"] for one in world.passages()} == {"WAITAAAA"}
