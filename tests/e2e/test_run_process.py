"""`kanwa run` as a process of its own, as a service manager starts and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cli import main
from journeys.base.clock import SystemClock
from journeys.runtime.lease import NAME
from journeys.store import tables as t
from journeys.store.opening import open_store
from tests.engine.conftest import World, build
from tests.engine.mails import add_sender, written

pytestmark = pytest.mark.long

LIST = ("trigger", {"on": {"type": "list"}})
#: members go on in the tick that makes their message: when hand-over ends is for the machine's clock to say
SEND = ("send", {"template": "hello", "message_class": "service", "wait_for_hand_over": False})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main.run(["init", str(tmp_path / "shop"), "--name", "Shop"]) == 0
    return tmp_path / "shop"


@pytest.fixture
def world(workspace: Path) -> Iterator[World]:
    """Three contacts in a journey that sends, in the store of the workspace."""
    store = open_store(str(next(workspace.glob("*.sqlite"))))
    world = World(store, SystemClock().now())
    add_sender(store)
    journey = build({"in": LIST, "ask": SEND}, [("in", "in", "ask")])
    world.publish(journey, {"hello": written("hello", message_class="service")})
    world.enroll(world.people(3))
    yield world
    store.close()


@contextmanager
def kanwa(workspace: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    line = [sys.executable, "-c", "import sys; from app.cli.main import run; sys.exit(run())", *words]
    with subprocess.Popen(
        line, cwd=workspace, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_beats_and_ends_cleanly_when_the_system_asks_it_to(workspace: Path, world: World) -> None:
    with kanwa(workspace, "run", "--sink", "mail") as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "Running. Stop it with Ctrl-C.\n"
    assert said.endswith("Came in: 0, left: 3, steps: 6, messages sent: 3, held: 0.\n")
    assert len(list((workspace / "mail").glob("**/*.eml"))) == 3
    with world.store.read() as conn:
        assert conn.execute(select(t.lease.c.holder).where(t.lease.c.name == NAME)).all() == []


def test_one_that_was_killed_does_not_keep_the_next_from_beginning(workspace: Path, world: World) -> None:
    with kanwa(workspace, "run", "--sink", "mail") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait(90)
    with world.store.read() as conn:
        assert (
            conn.execute(select(t.lease.c.holder).where(t.lease.c.name == NAME))
            .scalar_one()
            .endswith(f":{process.pid}")
        )
    world.enroll(world.people(1))
    with kanwa(workspace, "run", "--sink", "mail") as process:
        assert process.stdout is not None
        assert "messages sent: 1" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
