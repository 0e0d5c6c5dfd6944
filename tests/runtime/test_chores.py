"""Once a workspace day: a backup before the first work, tidying after it, and neither keeps journeys from running."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from journeys.base.clock import SetClock
from journeys.base.time import DAY, HOUR, Instant
from journeys.runtime.chores import Chores
from journeys.runtime.lease import Lease
from journeys.runtime.timer import Timer
from journeys.store import backup, retention, settings
from journeys.store import tables as t
from journeys.store.backup import DAILY_KEPT, back_up, prune_daily, restore
from journeys.store.errors import DiskFull
from journeys.store.retention import Span
from journeys.store.store import Store
from tests.engine.conftest import World, at
from tests.engine.mails import Recorder
from tests.runtime.conftest import runner_of

NOW = at("2026-11-24 09:00")


def daily(store: Store) -> list[str]:
    folder = Path(store.label).parent / "backups"
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def keep(store: Store, n: int) -> None:
    with store.write() as conn:
        settings.put(conn, DAILY_KEPT, n)


# --- backups ---------------------------------------------------------------------------------------------------------


def test_the_first_work_of_a_day_comes_after_a_backup(sqlite_store: Store) -> None:
    assert Chores(sqlite_store).before(NOW) == []
    assert daily(sqlite_store) == ["store-2026-11-24T080000Z-0001-daily.sqlite"]


def test_a_day_has_one_backup_whoever_runs(sqlite_store: Store) -> None:
    Chores(sqlite_store).before(NOW)
    Chores(sqlite_store).before(Instant(NOW + 14 * HOUR))
    assert len(daily(sqlite_store)) == 1
    # midnight in Warsaw, not in Greenwich
    Chores(sqlite_store).before(Instant(NOW + 15 * HOUR))
    assert len(daily(sqlite_store)) == 2


def test_the_newest_seven_stay(sqlite_store: Store) -> None:
    chores = Chores(sqlite_store)
    for day in range(9):
        chores.before(Instant(NOW + day * DAY))
    assert [name[6:16] for name in daily(sqlite_store)] == [f"2026-1{day}" for day in (
        "1-26", "1-27", "1-28", "1-29", "1-30", "2-01", "2-02")]  # fmt: skip


def test_backups_that_others_made_stay(sqlite_store: Store) -> None:
    path = Path(sqlite_store.label)
    kept = [
        back_up(path, now=Instant(NOW - DAY), revision="0001"),
        restore(path, back_up(path, now=Instant(NOW - DAY), revision="0001"), now=NOW, revision="0001").kept,
    ]
    (path.parent / "backups" / "store-of-mine-daily.sqlite").write_text("mine")
    keep(sqlite_store, 1)
    chores = Chores(sqlite_store)
    for day in range(3):
        chores.before(Instant(NOW + day * DAY))
    assert len(daily(sqlite_store)) == 5
    assert all(file.exists() for file in kept)
    assert prune_daily(path, keep=0)[0].name.startswith("store-2026-11-26")


def test_none_is_made_where_none_is_wanted(sqlite_store: Store) -> None:
    keep(sqlite_store, 0)
    assert Chores(sqlite_store).before(NOW) == []
    assert daily(sqlite_store) == []


def test_a_daily_backup_can_be_restored(sqlite_store: Store) -> None:
    Chores(sqlite_store).before(NOW)
    with sqlite_store.write() as conn:
        settings.put(conn, "name", "later")
    path = Path(sqlite_store.label)
    made = path.parent / "backups" / daily(sqlite_store)[0]
    assert restore(path, made, now=Instant(NOW + 60), revision="0001").at == NOW
    with sqlite_store.read() as conn:
        assert settings.get(conn, "name") == ""


def test_a_full_disk_is_said_and_tried_again_in_an_hour(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise DiskFull(store=sqlite_store.label, detail="")

    chores = Chores(sqlite_store)
    with monkeypatch.context() as patched:
        patched.setattr("journeys.runtime.chores.back_up", full)
        (sentence,) = chores.before(NOW)
        assert chores.before(Instant(NOW + HOUR - 1)) == []
    assert sentence == (
        "The daily backup was not made; the journeys run on. The disk of the store "
        f"{sqlite_store.label} is full. Nothing was half written; make room and try again."
    )
    assert daily(sqlite_store) == []
    chores.before(Instant(NOW + HOUR))
    assert len(daily(sqlite_store)) == 1


def test_half_a_backup_is_not_left(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_copy", broken)
    assert "is full" in Chores(sqlite_store).before(NOW)[0]
    assert daily(sqlite_store) == []


def test_a_beat_goes_on_where_the_backup_cannot_be_made(sqlite_store: Store) -> None:
    world = World(sqlite_store, NOW)
    (Path(sqlite_store.label).parent / "backups").write_text("in the way")
    told: list[str] = []
    beats: list[int] = []
    timer = Timer(
        runner_of(world, Recorder()),
        Lease(sqlite_store, "test"),
        SetClock(NOW),
        on_beat=lambda at, _beat: beats.append(at),
        on_trouble=told.append,
        chores=Chores(sqlite_store),
    )
    timer.fire()
    assert beats == [NOW]
    assert len(told) == 1
    assert "is no folder" in told[0]


@pytest.mark.postgres
def test_a_server_is_backed_up_by_its_keeper(postgres_store: Store) -> None:
    assert Chores(postgres_store).before(NOW) == []
    with postgres_store.read() as conn:
        assert settings.get(conn, "backed_up_on") is None


# --- tidying ---------------------------------------------------------------------------------------------------------


def misses(store: Store) -> int:
    with store.read() as conn:
        return len(conn.execute(select(t.not_entered.c.id)).all())


def miss(store: Store, when: int) -> None:
    with store.write() as conn:
        conn.execute(
            insert(t.not_entered).values(journey=1, version=1, trigger="x", contact=1, at=when, reason="audience")
        )


def test_who_did_not_come_in_is_tidied_without_being_asked(store: Store) -> None:
    miss(store, NOW - 91 * DAY)
    assert Chores(store).after(NOW) == []
    assert misses(store) == 0


def test_it_is_done_once_a_day(store: Store) -> None:
    chores = Chores(store)
    chores.after(NOW)
    miss(store, NOW - 91 * DAY)
    chores.after(Instant(NOW + HOUR))
    assert misses(store) == 1
    chores.after(Instant(NOW + DAY))
    assert misses(store) == 0


def test_a_standing_span_is_kept_to(store: Store) -> None:
    world = World(store, at("2024-01-01 10:00"))
    world.people(1)
    world.happened(1, "page.visited")
    world.tick()
    with store.write() as conn:
        retention.set_standing(conn, Span.parse("13mo"))
    Chores(store).after(NOW)
    with store.read() as conn:
        assert conn.execute(select(t.event_month.c.times)).scalars().all() == [1]


def test_tidying_that_takes_long_is_gone_on_with_later(store: Store) -> None:
    miss(store, NOW - 91 * DAY)
    clock = iter((0.0, 9.0))
    chores = Chores(store, steady=lambda: next(clock, 0.0))
    chores.after(NOW)
    assert misses(store) == 1
    chores.after(Instant(NOW + 30))
    assert misses(store) == 0
