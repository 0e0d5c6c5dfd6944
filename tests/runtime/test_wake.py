"""What others write wakes a runtime; what it writes itself does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import create_engine, text

from journeys.runtime.wake import Notifications, Wakes, watch
from journeys.store import settings
from journeys.store.store import Store, engine_for
from tests.engine.conftest import World
from tests.runtime.conftest import Run, sending


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """The same store, as another process has it open."""
    made = Store(engine_for(store.engine.url))
    yield made
    made.close()


@pytest.fixture
def wakes(store: Store) -> Iterator[Wakes]:
    store.rouses = False
    made = watch(store)
    yield made
    made.close()


def write(store: Store, value: str) -> None:
    with store.write() as conn:
        settings.put(conn, "name", value)


def is_stirred(wakes: Wakes) -> bool:
    """Whether it stirs before long: a server tells of a commit a moment later."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if wakes.stirred():
            return True
    return False


def test_a_commit_of_another_process_stirs(wakes: Wakes, other: Store) -> None:
    assert not wakes.stirred()
    write(other, "a")
    assert is_stirred(wakes)


def test_what_is_marked_stirs_no_more(wakes: Wakes, other: Store) -> None:
    write(other, "a")
    assert is_stirred(wakes)
    wakes.mark()
    assert not wakes.stirred()
    write(other, "b")
    assert is_stirred(wakes)


def test_what_was_rolled_back_stirs_nobody(wakes: Wakes, other: Store) -> None:
    with suppress(ZeroDivisionError), other.write() as conn:
        settings.put(conn, "name", "a")
        raise ZeroDivisionError
    assert not wakes.stirred()


def test_its_own_commits_before_the_mark_stir_nobody(wakes: Wakes, store: Store) -> None:
    write(store, "a")
    wakes.mark()
    assert not wakes.stirred()


@pytest.mark.postgres
def test_a_lost_connection_is_made_again_and_counts_as_a_stir(postgres_store: Store, postgres_server: str) -> None:
    postgres_store.rouses = False
    wakes = watch(postgres_store)
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"),
            {"n": postgres_store.engine.url.database},
        )
    admin.dispose()
    assert isinstance(wakes, Notifications)
    while wakes.is_connected:
        assert not wakes.stirred()
    assert not wakes.stirred()
    wakes.try_again_at = 0.0
    assert wakes.stirred()
    assert not wakes.stirred()
    wakes.close()


def test_a_running_runtime_beats_when_somebody_is_enrolled(store: Store, other: Store) -> None:
    run = Run(World(store))
    run.world.publish(sending())
    beaten, sent = threading.Event(), threading.Event()
    run.timer._on_beat = lambda _now, beat: (sent if beat.messages["sent"] else beaten).set()
    # by itself it would look again only after an hour
    run.timer.pause_until = lambda _following, _now: 3600  # type: ignore[method-assign]
    thread = threading.Thread(target=run.timer.run)
    thread.start()
    try:
        assert beaten.wait(120)
        outside = World(other)
        outside.enroll(outside.people(1))
        assert sent.wait(120)
    finally:
        run.timer.stop()
        thread.join(120)
    assert not thread.is_alive()
