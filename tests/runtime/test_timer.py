from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text, update

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, AccountTrouble, Handed, Mail
from journeys.runtime.lease import NAME, SECONDS, Lease, RunsElsewhere
from journeys.runtime.timer import BACK_OFF, LONGEST, Timer
from journeys.store import tables as t
from journeys.store.store import Store, engine_for
from tests.engine.conftest import World
from tests.engine.mails import Recorder
from tests.runtime.conftest import Run, sending, waiting


def fill(world: World, n: int) -> None:
    """n contacts in a journey that sends at once."""
    people = world.people(n)
    world.publish(sending())
    world.enroll(people)


def lease_until(world: World) -> int:
    with world.store.read() as conn:
        return int(conn.execute(select(t.lease.c.until_at).where(t.lease.c.name == NAME)).scalar_one())


def test_a_beat_does_what_is_due_and_tells(running: Run) -> None:
    fill(running.world, 3)
    assert running.fire() == LONGEST
    (beat,) = running.beats
    assert (beat.hops, beat.messages["sent"], running.troubles) == (9, 3, [])


def test_the_next_pause_is_at_most_thirty_seconds(running: Run) -> None:
    people = running.world.people(1)
    running.world.publish(waiting(5, "days"))
    running.world.enroll(people)
    assert running.fire() == LONGEST


def test_the_next_beat_is_when_something_is_due(running: Run) -> None:
    people = running.world.people(1)
    running.world.publish(waiting(1, "minutes"))
    running.world.enroll(people)
    assert running.fire() == 30
    assert running.fire(30) == 30
    assert running.fire(23) == 7
    running.fire(7)
    assert running.channel.mails


def test_an_empty_store_is_looked_at_all_the_same(running: Run) -> None:
    assert running.fire() == LONGEST


@given(following=st.none() | st.integers(-10 * DAY, 10 * DAY))
def test_a_pause_is_between_one_second_and_thirty(following: int | None) -> None:
    timer = Timer.__new__(Timer)
    now = Instant(1_800_000_000)
    at = None if following is None else Instant(now + following)
    pause = timer.pause_until(at, now)
    assert 1 <= pause <= LONGEST
    if following is not None and 1 <= following <= LONGEST:
        assert pause == following


def test_a_clock_behind_is_told_and_not_raised(running: Run) -> None:
    running.fire()
    assert running.fire(-HOUR) == 1
    assert running.troubles == [
        "The clock says 2026-03-02T11:00:00+01:00, but the store has already been run up to 2026-03-02T12:00:00+01:00. "
        "Nothing was done. Set the clock of this computer, wait until it has caught up, or go back to a backup "
        "from before with kanwa store restore."
    ]
    assert running.fire(HOUR) == LONGEST


def test_it_backs_off_longer_after_each_failure_and_begins_anew_after_a_success(running: Run) -> None:
    running.fire()
    running.clock.set(Instant(running.clock.now() - HOUR))
    assert [running.timer.fire() for _ in range(6)] == [*BACK_OFF, 30] == [1, 2, 5, 10, 30, 30]
    running.fire(HOUR)
    running.clock.set(Instant(running.clock.now() - HOUR))
    assert running.timer.fire() == 1


def test_trouble_with_the_account_is_told(world: World) -> None:
    run = Run(world, Recorder(lambda _mail: AccountTrouble("The server refused the password.")))
    fill(world, 3)
    assert run.fire() == LONGEST
    assert run.troubles == ["The server refused the password."]
    # nothing is tried until the rest is over, and nothing is told again
    run.fire(MINUTE)
    assert (len(run.channel.mails), len(run.troubles)) == (1, 1)
    run.channel.answer = lambda _mail: Accepted("250 ok")
    run.fire(4 * MINUTE)
    assert len(run.channel.mails) == 4


def test_a_stop_is_heard_between_two_transactions(world: World) -> None:
    run = Run(world)
    run.channel.answer = lambda _mail: _after(run.timer.stop)
    fill(world, 5)
    run.fire()
    assert len(run.channel.mails) == 1
    # once stopped, a beat does nothing at all
    world.happened(1, "page.visited")
    run.fire()
    with world.store.read() as conn:
        assert conn.execute(select(t.fresh.c.event)).scalars().all()


def _after(act: object) -> Handed:
    assert callable(act)
    act()
    return Accepted("250 ok")


def test_the_lease_is_kept_through_a_beat_that_takes_longer_than_it(world: World) -> None:
    run = Run(world)
    left: list[int] = []

    def slow(_mail: Mail) -> Handed:
        left.append(lease_until(world) - run.clock.now())
        run.clock.set(Instant(run.clock.now() + SECONDS - 10))
        return Accepted("250 ok")

    run.channel.answer = slow
    fill(world, 5)
    run.fire()
    assert left == [SECONDS] * 5


def test_a_runtime_that_has_lost_its_lease_says_so_and_ends(world: World) -> None:
    run = Run(world)
    run.fire()
    run.clock.set(Instant(run.clock.now() + SECONDS))
    Lease(world.store, "server:1").take(run.clock.now())
    run.fire()
    assert run.troubles[0].startswith("This store is already being run by server:1.")
    fill(world, 1)
    run.clock.set(Instant(run.clock.now() + SECONDS))
    run.fire()
    assert run.channel.mails == []


def test_a_runtime_that_loses_its_lease_within_a_beat_hands_nothing_more_over(world: World) -> None:
    run = Run(world)

    def slow(_mail: Mail) -> Handed:
        run.clock.set(Instant(run.clock.now() + SECONDS + 1))
        with world.store.write() as conn:
            conn.execute(
                update(t.lease)
                .where(t.lease.c.name == NAME)
                .values(holder="server:1", until_at=run.clock.now() + SECONDS)
            )
        return Accepted("250 ok")

    run.channel.answer = slow
    fill(world, 5)
    run.fire()
    assert len(run.channel.mails) == 1
    assert run.troubles[0].startswith("This store is already being run by server:1.")
    # what was claimed and not begun is free for the other one at once
    assert sorted(message["state"] for message in world.messages()) == ["pending"] * 4 + ["sent"]


# --- a server that goes away ----------------------------------------------------------------------------------------


@pytest.fixture
def kill(postgres_server: str, postgres_store: Store) -> Iterator[object]:
    """Ends every connection to the store's database, and lets nobody in until told otherwise."""
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    name = postgres_store.engine.url.database

    def allow(yes: bool) -> None:
        with admin.connect() as conn:
            conn.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(yes).lower()}'))
            if not yes:
                conn.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"), {"n": name}
                )

    yield allow
    allow(True)
    admin.dispose()


@pytest.mark.postgres
def test_connections_that_the_server_killed_between_two_beats_cost_nothing(kill: object, postgres_store: Store) -> None:
    assert callable(kill)
    world = World(postgres_store)
    run = Run(world)
    fill(world, 3)
    run.fire()
    kill(False)
    kill(True)
    world.enroll(world.people(2))
    assert (run.fire(1), run.troubles, len(run.channel.mails)) == (LONGEST, [], 5)


@pytest.mark.postgres
def test_a_database_that_lets_nobody_in_is_waited_for(kill: object, postgres_store: Store) -> None:
    assert callable(kill)
    world = World(postgres_store)
    run = Run(world)
    fill(world, 3)
    kill(False)
    assert [run.fire(1), run.fire(1), run.fire(2)] == [1, 2, 5]
    assert run.troubles[0].startswith("The server of the store postgresql")
    kill(True)
    assert run.fire(5) == LONGEST
    assert len(run.channel.mails) == 3


@pytest.mark.postgres
def test_a_connection_killed_within_a_hand_over_leaves_that_message_unknown(
    kill: object, postgres_store: Store
) -> None:
    assert callable(kill)
    world = World(postgres_store)
    run = Run(world)
    killed: list[Mail] = []

    def answer(mail: Mail) -> Handed:
        if not killed:
            killed.append(mail)
            kill(False)
        return Accepted("250 ok")

    run.channel.answer = answer
    fill(world, 4)
    assert run.fire() == 1
    kill(True)
    run.fire(1)
    states = {message["id"]: message["state"] for message in world.messages()}
    assert states.pop(killed[0].message_id) == "unknown"
    assert set(states.values()) == {"sent"}
    assert len(run.channel.mails) == 4


# --- in threads -----------------------------------------------------------------------------------------------------


def test_it_beats_at_once_ends_when_told_and_gives_its_lease_back(world: World) -> None:
    beaten = threading.Event()
    run = Run(world)
    run.timer._on_beat = lambda _now, _beat: beaten.set()
    fill(world, 3)
    thread = threading.Thread(target=run.timer.run)
    thread.start()
    assert beaten.wait(20)
    run.timer.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert len(run.channel.mails) == 3
    Lease(world.store, "laptop:2").take(run.clock.now())


def test_what_somebody_else_writes_is_heard_long_before_the_next_beat_was_to_come(world: World) -> None:
    beaten = threading.Semaphore(0)
    run = Run(world)
    people = world.people(1)
    world.publish(sending())
    run.timer._on_beat = lambda _now, _beat: beaten.release()
    thread = threading.Thread(target=run.timer.run)
    thread.start()
    try:
        assert beaten.acquire(timeout=LONGEST - 5)
        # nothing is due, the next beat is LONGEST away
        other = World(Store(engine_for(world.store.engine.url)))
        other.enroll(people)
        other.store.close()
        assert beaten.acquire(timeout=LONGEST - 5)
    finally:
        run.timer.stop()
        thread.join(20)
    assert len(run.channel.mails) == 1


def test_a_wake_up_only_brings_the_next_beat_forward(world: World) -> None:
    run = Run(world)
    run.timer._arm(LONGEST)
    planned = run.timer._armed_at
    world.publish(waiting(5, "days"))
    run.timer.wake()
    assert run.timer._armed_at == planned
    world.enroll(world.people(1))
    run.timer.wake()
    assert run.timer._armed_at < planned


class Clocks:
    """The module `time` on clocks set by hand: at the third sleep the wall clock is set, and at the fourth all ends."""

    def __init__(self, timer: Timer, jump: float) -> None:
        self._timer, self._jump = timer, jump
        self.wall, self.steady, self.sleeps = 1_772_449_200.0, 100.0, 0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.steady += seconds
        self.wall += seconds + (self._jump if self.sleeps == 3 else 0)
        if self.sleeps == 4:
            self._timer.stop()


@pytest.mark.parametrize(
    ("jump", "at_once"), [(3 * DAY, True), (5, True), (0, False), (1, False), (-5, True), (-2 * HOUR, True)]
)
def test_a_wall_clock_that_jumps_while_it_rests_brings_a_beat_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, jump: int, at_once: bool
) -> None:
    """A computer that slept shows it so too. Set back, the clock would keep the next beat waiting for hours."""
    run = Run(world)
    clocks = Clocks(run.timer, jump)
    monkeypatch.setattr("journeys.runtime.timer.time", clocks)
    run.timer._arm(LONGEST)
    planned = run.timer._armed_at
    # deaf to what others write, it only looks at the clocks
    run.timer._failures = 1
    run.timer._watch()
    assert (run.timer._armed_at != planned) == at_once
    if at_once:
        assert abs(run.timer._armed_at.timestamp() - clocks.wall) < 1


def test_a_second_runtime_does_not_begin(world: World) -> None:
    Lease(world.store, "server:1").take(world.now)
    with pytest.raises(RunsElsewhere):
        Run(world).timer.run()
