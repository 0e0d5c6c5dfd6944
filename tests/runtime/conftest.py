"""A store that is run: a runner on a clock that is set by hand, and a journey that sends after a wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from journeys.base.clock import SetClock
from journeys.engine.deliver import Delivery, Writer
from journeys.graph.journey import Journey
from journeys.runtime.beat import Beat, Runner
from journeys.runtime.lease import Lease
from journeys.runtime.timer import Timer
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import PlainWriter, Recorder

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})
SEND = ("send", {"template": "hello", "message_class": "service"})


def sending(*, attributes: Mapping[str, Any] | None = None, **send: Any) -> Journey:
    """A journey that sends at once."""
    return build(
        {"in": LIST, "ask": ("send", SEND[1] | send), "exit": EXIT},
        [("in", "in", "ask"), ("ask", "sent", "exit")],
        **attributes or {},
    )


def waiting(amount: int, unit: str, **attributes: Any) -> Journey:
    """A journey that waits, then sends."""
    wait = ("wait", {"rule": {"type": "duration", "amount": amount, "unit": unit}})
    return build(
        {"in": LIST, "rest": wait, "ask": SEND, "exit": EXIT},
        [("in", "in", "rest"), ("rest", "done", "ask"), ("ask", "sent", "exit")],
        **attributes,
    )


def runner_of(
    world: World,
    channel: Recorder,
    *,
    clock: Callable[[], Any] | None = None,
    worker: str = "test",
    writer: Writer | None = None,
    threads: int = 1,
) -> Runner:
    delivery = Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=channel,
        writer=writer or PlainWriter(),
        worker=worker,
        clock=clock or (lambda: world.now),
    )
    return Runner(world.engine, delivery, threads=threads)


class Run:
    """A timer on a clock set by hand, and what it said."""

    def __init__(self, world: World, channel: Recorder | None = None) -> None:
        self.world = world
        self.clock = SetClock(world.now)
        self.channel = channel or Recorder()
        self.beats: list[Beat] = []
        self.troubles: list[str] = []
        self.runner = runner_of(world, self.channel, clock=self.clock.now)
        self.timer = Timer(
            self.runner,
            Lease(world.store, "me"),
            self.clock,
            on_beat=lambda _now, beat: self.beats.append(beat),
            on_trouble=self.troubles.append,
        )

    def fire(self, after: int = 0) -> int:
        """Let the clock go on and fire."""
        self.clock.set(self.clock.now() + after)  # type: ignore[arg-type]
        return self.timer.fire()


@pytest.fixture
def world(store: Store) -> World:
    """The world on each database."""
    return World(store)


@pytest.fixture
def running(world: World) -> Run:
    return Run(world)
