from __future__ import annotations

from collections.abc import Iterator

import pytest

from journeys.engine import lifecycle
from journeys.store.store import Store
from journeys.store.wakeup import Ear, ear
from tests.engine.conftest import World, build

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def listening(store: Store) -> Iterator[Ear]:
    made = ear(store)
    yield made
    made.close()


def heard(world: World, listening: Ear) -> bool:
    """A server needs a moment to tell; SQLite is asked."""
    return listening.wait(0 if world.store.is_sqlite else 20)


def test_what_may_give_a_runtime_work_is_heard(world: World, listening: Ear) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "page.visited")
    assert heard(world, listening)
    world.publish(build({"in": LIST, "exit": EXIT}, [("in", "in", "exit")]))
    assert heard(world, listening)
    world.enroll([anna])
    assert heard(world, listening)
    with world.store.write() as conn:
        lifecycle.pause(conn, "test", now=world.now)
    heard(world, listening) if world.store.is_sqlite else None
    with world.store.write() as conn:
        lifecycle.resume(conn, "test", now=world.now)
    assert heard(world, listening)


def test_silence_is_silence(listening: Ear) -> None:
    assert not listening.wait(0)
