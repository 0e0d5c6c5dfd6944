"""What a crash leaves in hand."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import update

from journeys.base.time import DAY
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.runtime.lease import holder_name
from journeys.store import tables as t
from tests.engine.conftest import World
from tests.engine.mails import Recorder
from tests.runtime.conftest import Run, runner_of, sending


class Boom(Exception):
    """A defect of a channel."""


def arrange(world: World, n: int) -> list[int]:
    people = world.people(n)
    world.publish(sending())
    world.enroll(people)
    world.tick()
    return people


def boom_at(message: int) -> Recorder:
    """A channel that breaks down over one message, after it may have gone."""

    def answer(mail: Mail) -> Handed:
        if mail.message_id == message:
            raise Boom
        return Accepted("250 ok")

    return Recorder(answer)


def states(world: World) -> Counter[str]:
    return Counter(message["state"] for message in world.messages())


@pytest.mark.parametrize("threads", [1, 3])
def test_after_a_crash_what_was_started_is_unknown_and_the_rest_goes_out_once(world: World, threads: int) -> None:
    arrange(world, 10)
    channel = boom_at(world.messages()[3]["id"])
    with pytest.raises(Boom):
        runner_of(world, channel, threads=threads).beat(world.now)
    assert states(world)["started"] == 1
    # the same worker name in a new process, in a container for instance
    again = runner_of(world, channel, threads=threads)
    assert again.recover(world.now)[1] == 1
    again.beat(world.now)
    assert states(world) == Counter(sent=9, unknown=1)
    assert set(Counter(mail.message_id for mail in channel.mails).values()) == {1}


def test_a_passage_whose_message_is_unknown_goes_on_after_a_day(world: World) -> None:
    (anna,) = arrange(world, 1)
    channel = boom_at(world.messages()[0]["id"])
    runner = runner_of(world, channel)
    with pytest.raises(Boom):
        runner.beat(world.now)
    runner.recover(world.now)
    assert runner.next_at(world.now) is not None
    world.now += DAY - 1  # type: ignore[assignment]
    runner.beat(world.now)
    assert world.passages()[0]["state"] == "active"
    world.now += 1  # type: ignore[assignment]
    runner.beat(world.now)
    assert world.path(anna)[-2:] == ["ask:sent", "exit:"]
    assert len(channel.mails) == 1


def test_what_a_dead_process_of_this_machine_held_is_taken_up_at_once(world: World) -> None:
    arrange(world, 3)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    workers = [f"{platform.node()}:{process.pid}/1", f"{platform.node()}:{os.getpid()}/1", "elsewhere:7/1"]
    with world.store.write() as conn:
        for message, worker in zip(world.messages(), workers, strict=True):
            conn.execute(
                update(t.message)
                .where(t.message.c.id == message["id"])
                .values(state="claimed", worker=worker, lease_until=world.now + 300)
            )
    assert runner_of(world, Recorder(), worker="test").recover(world.now) == (1, 0)
    assert states(world) == Counter(pending=1, claimed=2)


def test_nothing_left_behind_writes_nothing(world: World) -> None:
    arrange(world, 1)
    assert runner_of(world, Recorder()).recover(world.now) == (0, 0)
    assert states(world) == Counter(pending=1)


def test_what_a_beat_that_failed_left_in_hand_is_taken_up_by_the_next(world: World) -> None:
    arrange(world, 5)
    run = Run(world, boom_at(world.messages()[1]["id"]))
    assert run.fire() == 1
    assert run.troubles == ["Boom"]
    run.fire(1)
    assert states(world) == Counter(sent=4, unknown=1)


def test_the_name_of_a_worker_is_that_of_its_process() -> None:
    """A new process has a new name: what an earlier one left is found by its being dead, or by its lease."""
    assert holder_name() == f"{platform.node()}:{os.getpid()}"
