"""A store that finds itself elsewhere than where it was run sends nothing until somebody says that it is the one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from journeys.base.time import Instant
from journeys.store import owner
from journeys.store.backup import back_up
from journeys.store.opening import open_store
from journeys.store.owner import StoreHeld, require_ours, why_held
from journeys.store.store import Store

NOW = Instant(1_795_000_000)


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(owner.OWNER_VARIABLE, "laptop")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a new store, closed."""
    made = tmp_path / "shop" / "store.sqlite"
    made.parent.mkdir()
    open_store(str(made), create=True).close()
    return made


def held(path: Path) -> str | None:
    store = open_store(str(path))
    try:
        with store.read() as conn:
            found = why_held(conn, store)
            return found.why if found is not None else None
    finally:
        store.close()


def test_a_new_store_is_the_one_that_sends(path: Path) -> None:
    assert held(path) is None


def test_a_copy_beside_it_is_held(path: Path) -> None:
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    assert held(copy) == f"it is a copy of {path}."
    assert held(path) is None


def test_a_file_that_took_its_place_is_held(path: Path) -> None:
    shutil.copy(path, path.with_name("new.sqlite"))
    # the number of a file that is gone may be given to the next one at once: the first one stays
    path.rename(path.with_name("old.sqlite"))
    path.with_name("new.sqlite").rename(path)
    assert held(path) == "it is a copy."


def test_a_store_that_was_moved_is_still_the_one(path: Path) -> None:
    moved = path.parent.rename(path.parent.with_name("client")) / path.name
    assert held(moved) is None


def test_a_store_on_another_computer_is_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(owner.OWNER_VARIABLE, "server")
    assert held(path) == "it was run on another computer before."


def test_the_machine_has_an_id_of_its_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(owner.OWNER_VARIABLE)
    assert held(path) == "it was run on another computer before."
    store = open_store(str(path))
    with store.write() as conn:
        owner.own(conn, store)
        assert why_held(conn, store) is None
    store.close()


def test_a_backup_is_held_wherever_it_lies(path: Path) -> None:
    made = back_up(path, now=NOW, revision="0001")
    path.unlink()
    shutil.copy(made, path)
    assert held(path) == "it was restored from the backup of 2026-11-18 12:06."


def test_nothing_is_sent_from_a_copy_until_it_is_claimed(path: Path) -> None:
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    store = open_store(str(copy))
    with pytest.raises(StoreHeld) as raised:
        require_ours(store)
    assert str(raised.value) == (
        f"Nothing is sent from the store {copy}: it is a copy of {path}. See that no other copy of it runs, then say that "
        "this is the one with kanwa store claim."
    )
    with store.write() as conn:
        owner.claim(conn, store, now=NOW, leave_out=False)
    require_ours(store)
    store.close()


def test_a_claimed_backup_is_no_backup_any_more(path: Path) -> None:
    made = back_up(path, now=NOW, revision="0001")
    store = open_store(str(made))
    with store.write() as conn:
        owner.claim(conn, store, now=NOW, leave_out=True)
        assert owner.backup_mark(conn) is None
        assert why_held(conn, store) is None
    store.close()


@pytest.mark.postgres
def test_a_database_that_nobody_has_claimed_is_held(postgres_store: Store) -> None:
    with pytest.raises(StoreHeld, match="nobody has said yet"):
        require_ours(postgres_store)


@pytest.mark.postgres
def test_a_dump_restored_as_another_database_is_held(postgres_store: Store) -> None:
    with postgres_store.write() as conn:
        owner.own(conn, postgres_store)
    require_ours(postgres_store)
    with postgres_store.write() as conn:
        conn.exec_driver_sql("UPDATE lease SET data = jsonb_set(data, '{file}', '\"1\"') WHERE name = 'owner'")
    with pytest.raises(StoreHeld, match="it is a copy"):
        require_ours(postgres_store)
