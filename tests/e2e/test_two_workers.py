"""Two processes with two threads each on one store hand over a thousand messages, each of them once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from journeys.channels.sink_server import Received, SinkServer
from journeys.store import contacts
from journeys.store.definitions import define_account
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import add_sender, written

pytestmark = pytest.mark.long

MESSAGES = 1_000
EXIT = ("exit", {"reason": "finished"})


def arrange(store: Store, *, messages: int = MESSAGES, per_day: int | None = None) -> World:
    world = World(store)
    with store.write() as conn:
        define_account(conn, "mail", channel="email", settings={"host": "127.0.0.1", "per_day": per_day})
        people = contacts.add(
            conn,
            [{"email": f"c{n}@example.com"} for n in range(messages)],
            now=world.now,
            source="test",
            quiet=True,
        )
    add_sender(store)
    send = ("send", {"template": "hello", "message_class": "service"})
    world.publish(
        build(
            {"in": ("trigger", {"on": {"type": "list"}}), "ask": send, "sent": EXIT},
            [("in", "in", "ask"), ("ask", "sent", "sent")],
        ),
        {"hello": written("hello", message_class="service")},
    )
    world.enroll(people)
    world.tick()
    return world


def work(world: World, inbox: list[Received]) -> list[int]:
    """Let both processes work; how many each of them handed over."""
    url = world.store.engine.url.render_as_string(hide_password=False)
    with SinkServer(inbox.append) as sink:
        line = [sys.executable, "-m", "tests.e2e.deliver_process", url, str(sink.port)]
        processes = [
            subprocess.Popen(
                [*line, name, str(world.now)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            for name in ("one", "two")
        ]
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            said = [process.communicate(timeout=300)[0] for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    return [int(one) for one in said]


def test_two_processes_hand_each_message_over_once(store: Store) -> None:
    world = arrange(store)
    inbox: list[Received] = []
    handed = work(world, inbox)
    ids = Counter(message_from_bytes(mail.content)["X-Kanwa-Id"] for mail in inbox)
    assert (len(ids), max(ids.values()), sum(handed)) == (MESSAGES, 1, MESSAGES)
    assert min(handed) > 0
    assert Counter(message["state"] for message in world.messages()) == Counter(sent=MESSAGES)


def test_two_processes_together_keep_the_limit_of_their_account(store: Store) -> None:
    world = arrange(store, messages=300, per_day=120)
    inbox: list[Received] = []
    assert sum(work(world, inbox)) == len(inbox) == 120
    assert Counter(message["state"] for message in world.messages()) == Counter(sent=120, held=180)
