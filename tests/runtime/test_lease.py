from __future__ import annotations

import platform
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.runtime.lease import NAME, SECONDS, Lease, RunsElsewhere, held, holder_name, is_dead
from journeys.store.store import Store
from journeys.store.tables import lease
from tests.engine.conftest import at

NOW = at("2026-03-02 12:00")


def holder(store: Store) -> str | None:
    with store.read() as conn:
        return conn.execute(select(lease.c.holder).where(lease.c.name == NAME)).scalar()


@pytest.fixture(scope="session")
def dead() -> str:
    """The name of a process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{platform.node()}:{process.pid}"


def test_a_second_runtime_is_refused_and_told_who_has_the_store_until_when(store: Store) -> None:
    Lease(store, "server:1").take(NOW)
    with pytest.raises(RunsElsewhere) as refused:
        Lease(store, "laptop:2").take(Instant(NOW + 60))
    assert str(refused.value) == (
        "This store is already being run by server:1. Stop it there, or wait until 2026-03-02 12:02:00: a runtime that "
        "has died loses its place then."
    )
    assert holder(store) == "server:1"


def test_a_lease_that_is_renewed_stays(store: Store) -> None:
    mine = Lease(store, "server:1")
    for later in range(0, 10 * SECONDS, SECONDS - 1):
        mine.take(Instant(NOW + later))
        with pytest.raises(RunsElsewhere):
            Lease(store, "laptop:2").take(Instant(NOW + later + 1))


def test_of_two_that_begin_at_once_one_gets_the_store_and_the_other_is_refused(store: Store) -> None:
    begin = threading.Barrier(2)

    def take(name: str) -> bool:
        begin.wait(60)
        try:
            Lease(store, name).take(NOW)
        except RunsElsewhere:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, ("server:1", "laptop:2"))) == [False, True]


def test_a_lease_that_is_not_renewed_is_lost(store: Store) -> None:
    Lease(store, "server:1").take(NOW)
    Lease(store, "laptop:2").take(Instant(NOW + SECONDS))
    assert holder(store) == "laptop:2"


def test_the_lease_of_a_process_of_this_machine_that_has_died_is_taken_over_at_once(store: Store, dead: str) -> None:
    Lease(store, dead).take(NOW)
    Lease(store, "laptop:2").take(NOW)
    assert holder(store) == "laptop:2"


def test_a_lease_that_is_given_back_is_free_at_once(store: Store) -> None:
    Lease(store, "server:1").take(NOW)
    Lease(store, "server:1").give_back()
    Lease(store, "laptop:2").take(NOW)


def test_nobody_gives_back_what_another_holds(store: Store) -> None:
    Lease(store, "server:1").take(NOW)
    Lease(store, "laptop:2").give_back()
    assert holder(store) == "server:1"


def test_a_long_run_keeps_its_lease_and_gives_it_back(store: Store) -> None:
    clock = SetClock(NOW)
    with held(Lease(store, "server:1"), clock) as keep:
        for _minute in range(5):
            clock.set(Instant(clock.now() + SECONDS // 2))
            assert keep()
            with pytest.raises(RunsElsewhere):
                Lease(store, "laptop:2").take(clock.now())
    Lease(store, "laptop:2").take(clock.now())


def test_a_long_run_that_has_lost_its_lease_is_told_and_leaves_it_to_the_other(store: Store) -> None:
    clock = SetClock(NOW)
    with held(Lease(store, "server:1"), clock) as keep:
        clock.set(Instant(NOW + 2 * SECONDS))
        Lease(store, "laptop:2").take(clock.now())
        with pytest.raises(RunsElsewhere):
            keep()
    assert holder(store) == "laptop:2"


# ids by number: the name of this process differs from one test worker to the next
@pytest.mark.parametrize(
    "name", ["", "me", "elsewhere:1", f"{platform.node()}:x", f"{platform.node()}:1", holder_name()], ids=range(6)
)
def test_who_may_be_alive_is_not_taken_for_dead(name: str) -> None:
    assert not is_dead(name)


@pytest.mark.parametrize("thread", ["", "/1", "/12"])
def test_a_thread_is_as_dead_as_its_process(dead: str, thread: str) -> None:
    assert is_dead(dead + thread)
