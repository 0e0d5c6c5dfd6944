"""Opening a store: each thing that can be in the way has its sentence and changes nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.engine import make_url

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.store import opening
from journeys.store.address import label
from journeys.store.errors import (
    BackupsInTheWay,
    ConnectionLost,
    DatabaseMissing,
    DiskFull,
    FolderMissing,
    LoginRefused,
    NewerStore,
    NotAStore,
    OldDatabase,
    OlderStore,
    ServerUnreachable,
    StoreDamaged,
    StoreError,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    WrongAddress,
)
from journeys.store.migrations import REVISION_TABLE, newest
from journeys.store.opening import check_version, is_locked, open_store, upgrade_store
from journeys.store.runs import RUNS
from journeys.store.store import Store
from journeys.store.tables import setting

CLOCK = SetClock(Instant(1_767_225_600))  # 2026-01-01 0:00 UTC


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    """An SQLite store with one row in it, closed."""
    target = tmp_path / "shop.sqlite"
    target.write_bytes(sqlite_template.read_bytes())
    store = open_store(str(target))
    with store.write() as conn:
        conn.execute(insert(setting).values(key="name", value="Shop"))
    store.close()
    return target


def set_revision(path: Path, revision: str) -> None:
    conn = sqlite3.connect(path)
    conn.execute(f"UPDATE {REVISION_TABLE} SET version_num = ?", (revision,))
    conn.commit()
    conn.close()


def name_in(store: Store) -> Any:
    with store.read() as conn:
        return conn.execute(select(setting.c.value).where(setting.c.key == "name")).scalar_one()


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_new_store_is_made_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    store = open_store(f"sqlite:///{path}", create=True)
    assert store.label == str(path)
    store.close()
    open_store(str(path)).close()


def test_asking_to_make_one_that_is_there_opens_it(path: Path) -> None:
    store = open_store(str(path), create=True)
    assert name_in(store) == "Shop"
    store.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    store = open_store(str(path), create=True)
    with store.write() as conn:
        conn.execute(insert(setting).values(key="name", value="x"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    store.close()
    assert modes == {f"new.sqlite{ending}": 0o600 for ending in ("", "-wal", "-shm", "-want")}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.chmod(0o644)
    open_store(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(StoreMissing) as refused:
        open_store(str(path))
    assert str(refused.value) == f"There is no store at {path}. Make one with kanwa init, or look at the address."
    assert not path.exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "no" / "shop.sqlite"
    with pytest.raises(FolderMissing) as refused:
        open_store(str(path), create=True)
    assert str(refused.value) == (
        f"There is no folder {path.parent} for the store {path}. Make the folder first, or look at the address."
    )


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(WrongAddress):
        open_store(str(tmp_path), create=True)


@pytest.mark.parametrize("content", [b"name;email\nAnna;a@b.pl\n", b"SQLite format 2\x00", b"\x00" * 4096])
def test_another_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(NotAStore) as refused:
        open_store(str(path), create=True)
    assert str(refused.value) == f"{path} is not a store of Kanwa. It was left as it is; look at the address."
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["contacts.csv"]


@pytest.mark.parametrize("create", [True, False])
def test_another_programs_database_is_no_store(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "photos.sqlite"
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE photo (id INTEGER)")
    conn.commit()
    conn.close()
    with pytest.raises(NotAStore):
        open_store(str(path), create=create)
    conn = sqlite3.connect(path)
    assert conn.execute("SELECT name FROM sqlite_master").fetchall() == [("photo",)]
    conn.close()


def test_an_empty_file_is_no_store_until_one_is_made_in_it(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    with pytest.raises(StoreMissing):
        open_store(str(path))
    open_store(str(path), create=True).close()


def test_a_damaged_file_is_said(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(bytes(raw))
    with pytest.raises(StoreDamaged) as refused:
        name_in(open_store(str(path)))
    assert str(refused.value) == (
        f"The store {path} is damaged. Stop writing to it and restore the newest backup with kanwa store restore."
    )


def test_a_newer_structure_is_refused(path: Path) -> None:
    set_revision(path, "9999")
    before = path.read_bytes()
    with pytest.raises(NewerStore) as refused:
        open_store(str(path))
    assert str(refused.value) == (
        f"The store {path} was written by a newer Kanwa (structure 9999). Update Kanwa to open it."
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("product", "version", "sentence"),
    [
        ("SQLite", (3, 39, 4), "The store x runs on SQLite 3.39.4. Kanwa needs 3.40 or newer."),
        ("PostgreSQL", (13, 9), "The store x runs on PostgreSQL 13.9. Kanwa needs 14 or newer."),
    ],
)
def test_a_database_too_old_is_said(product: str, version: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(OldDatabase) as refused:
        check_version("x", product, version)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("product", "version"), [("SQLite", (3, 40)), ("SQLite", (3, 50, 1)), ("PostgreSQL", (14, 0))])
def test_a_database_young_enough_is_taken(product: str, version: tuple[int, ...]) -> None:
    check_version("x", product, version)


# --- in the way while writing ----------------------------------------------------------------------------------------


def test_a_store_that_another_writes_to_is_said_to_be_held(path: Path) -> None:
    store = open_store(str(path), busy_seconds=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert is_locked(str(path))
    with pytest.raises(StoreLocked) as refused, store.write():
        pass
    other.execute("ROLLBACK")
    other.close()
    assert str(refused.value) == (
        f"The store {path} is held by another program and did not come free. Wait until that is done; try again."
    )
    assert not is_locked(str(path))
    with store.write() as conn:
        conn.execute(insert(setting).values(key="a", value=1))
    store.close()


def test_a_full_disk_is_said_and_nothing_is_half_written(path: Path) -> None:
    store = open_store(str(path))

    def fill() -> None:
        with store.write() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            conn.execute(insert(setting), [{"key": f"k{n}", "value": "x" * 1000} for n in range(500)])

    with pytest.raises(DiskFull) as refused:
        fill()
    assert str(refused.value) == (
        f"The disk of the store {path} is full. Nothing was half written; make room and try again."
    )
    assert name_in(store) == "Shop"
    with store.read() as conn:
        assert conn.execute(select(setting.c.key)).scalars().all() == ["name", RUNS]
    store.close()


def test_a_store_that_may_not_be_written_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # rights do not bind the superuser that tests may run as, so the question to the system is answered here
    monkeypatch.setattr(opening.os, "access", lambda target, mode: Path(target) != path)
    with pytest.raises(StoreReadOnly) as refused:
        open_store(str(path))
    assert str(refused.value) == (
        f"The store {path} cannot be written. Give your user the right to write the file and its folder."
    )


def test_a_folder_that_may_not_be_written_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.os, "access", lambda target, mode: Path(target) != path.parent)
    with pytest.raises(StoreReadOnly):
        open_store(str(path))
    with pytest.raises(StoreReadOnly):
        open_store(str(path.with_name("new.sqlite")), create=True)


def test_a_store_that_turns_read_only_is_said(path: Path) -> None:
    store = open_store(str(path))

    def write() -> None:
        with store.write() as conn:
            conn.exec_driver_sql("PRAGMA query_only=ON")
            conn.execute(insert(setting).values(key="a", value=1))

    with pytest.raises(StoreReadOnly):
        write()
    store.close()


def test_a_defect_of_ours_stays_an_error_of_the_database(path: Path) -> None:
    store = open_store(str(path))

    def write() -> None:
        with store.write() as conn:
            conn.execute(text("SELECT nonsense"))

    with pytest.raises(Exception, match="nonsense") as raised:
        write()
    assert not isinstance(raised.value, StoreError)
    store.close()


# --- upgrades --------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_step_behind(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The program knows one revision more than any store has; migrating writes its name down."""
    done: list[str] = []

    def migrate_structure(conn: Any) -> None:
        conn.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = 'next'"))
        done.append("next")

    known = (*opening.revisions(), "next")
    monkeypatch.setattr(opening, "revisions", lambda: known)
    monkeypatch.setattr(opening, "newest", lambda: "next")
    monkeypatch.setattr(opening, "migrate_structure", migrate_structure)
    return done


def test_an_older_file_is_backed_up_and_brought_up(path: Path, one_step_behind: list[str]) -> None:
    store = open_store(str(path), clock=CLOCK)
    assert one_step_behind == ["next"]
    store.close()
    (backup,) = (path.parent / "backups").iterdir()
    assert backup.name == f"shop-2026-01-01T000000Z-{newest()}.sqlite"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    conn = sqlite3.connect(backup)
    assert conn.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone() == (newest(),)
    assert dict(conn.execute("SELECT key, value FROM setting WHERE key <> ?", (RUNS,)).fetchall()) == {
        "name": '"Shop"',
        "backup": f'{{"at": {CLOCK.at}, "revision": "{newest()}"}}',
    }
    conn.close()


def test_nothing_is_backed_up_where_nothing_is_to_be_done(path: Path) -> None:
    open_store(str(path)).close()
    assert not (path.parent / "backups").exists()


def test_two_backups_of_one_second_both_stay(path: Path, one_step_behind: list[str]) -> None:
    open_store(str(path), clock=CLOCK).close()
    set_revision(path, newest())
    open_store(str(path), clock=CLOCK).close()
    assert len(list((path.parent / "backups").iterdir())) == 2


def test_an_upgrade_does_not_begin_without_its_backup(path: Path, one_step_behind: list[str]) -> None:
    (path.parent / "backups").write_text("a file where the folder is to be")
    with pytest.raises(BackupsInTheWay) as refused:
        open_store(str(path), clock=CLOCK)
    assert str(refused.value) == (
        f"{path.parent / 'backups'} is no folder, so that the store {path} cannot be backed up. Move it away and try "
        "again."
    )
    assert one_step_behind == []


def test_an_older_file_can_be_left_alone(path: Path, one_step_behind: list[str]) -> None:
    with pytest.raises(OlderStore) as refused:
        open_store(str(path), migrate=False)
    assert str(refused.value) == (
        f"The store {path} has the structure {newest()}, this Kanwa needs next. Make a backup, then run kanwa store "
        "upgrade."
    )
    assert one_step_behind == []


def test_upgrading_by_hand_says_from_where_to_where(path: Path, one_step_behind: list[str]) -> None:
    assert upgrade_store(str(path), clock=CLOCK) == (newest(), "next")
    assert upgrade_store(str(path), clock=CLOCK) == ("next", "next")
    assert one_step_behind == ["next"]


def test_what_is_not_there_cannot_be_upgraded(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        upgrade_store(str(tmp_path / "none.sqlite"))


# --- servers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(postgres_url: str) -> tuple[str, str | None]:
    """Address of the tests' database, and the password where it has one."""
    url = make_url(postgres_url)
    return label(url), url.password or None


@pytest.mark.postgres
def test_a_store_on_a_server_is_opened(server: tuple[str, str | None], postgres_store: Store) -> None:
    address, password = server
    with postgres_store.write() as conn:
        conn.execute(insert(setting).values(key="name", value="Shop"))
    store = open_store(address, password=password)
    assert name_in(store) == "Shop"
    store.close()
    assert not is_locked(address)


@pytest.mark.postgres
def test_an_older_store_on_a_server_waits_for_the_upgrade(
    server: tuple[str, str | None], postgres_store: Store, one_step_behind: list[str]
) -> None:
    address, password = server
    try:
        with pytest.raises(OlderStore, match="Make a backup, then run kanwa store upgrade"):
            open_store(address, password=password)
        assert one_step_behind == []
        assert upgrade_store(address, password=password) == (newest(), "next")
        open_store(address, password=password).close()
    finally:
        with postgres_store.write() as conn:
            conn.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = '{newest()}'"))


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_said(server: tuple[str, str | None]) -> None:
    address, password = server
    url = make_url(address).set(database="no_such_database")
    with pytest.raises(DatabaseMissing) as refused:
        open_store(url.render_as_string(), create=True, password=password)
    assert "has no database of that name. Have it made (createdb), then run kanwa init." in str(refused.value)


@pytest.mark.postgres
def test_an_empty_database_holds_no_store_until_one_is_made(
    server: tuple[str, str | None], postgres_store: Store
) -> None:
    address, password = server
    admin = postgres_store.engine.execution_options(isolation_level="AUTOCOMMIT")
    name = f"{make_url(address).database}_empty"
    with admin.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    empty = make_url(address).set(database=name).render_as_string()
    try:
        with pytest.raises(StoreMissing):
            open_store(empty, password=password)
        open_store(empty, create=True, password=password).close()
        open_store(empty, password=password).close()
    finally:
        with admin.connect() as conn:
            conn.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.mark.postgres
def test_a_user_who_is_not_let_in_is_said(server: tuple[str, str | None]) -> None:
    url = make_url(server[0]).set(username="nobody_of_that_name")
    with pytest.raises(LoginRefused) as refused:
        open_store(url.render_as_string(), password="hunter2")
    assert "refused the login" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(ServerUnreachable) as refused:
        open_store("postgresql://anna@127.0.0.1:1/kanwa")
    assert str(refused.value) == (
        "The server of the store postgresql://anna@127.0.0.1:1/kanwa does not answer. See whether it runs and whether "
        "its address is right."
    )


def test_a_service_nobody_defined_is_said() -> None:
    with pytest.raises(WrongAddress):
        open_store("postgresql:///?service=no_such_service")


@pytest.mark.postgres
def test_a_connection_that_is_cut_is_said_and_the_next_one_works(postgres_store: Store) -> None:
    def cut() -> None:
        with postgres_store.write() as conn, postgres_store.engine.connect() as other:
            pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
            conn.execute(insert(setting).values(key="a", value=1))
            other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
            conn.execute(select(setting))

    with pytest.raises(ConnectionLost) as refused:
        cut()
    assert str(refused.value).endswith("ended the connection. Nothing was half written; try again.")
    with postgres_store.read() as conn:
        assert conn.execute(select(setting)).all() == []
