"""Opening a store by its address: everything that can be in the way is said in a sentence before anything is touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import URL

from journeys.base.clock import Clock, SystemClock
from journeys.store.address import label, parsed
from journeys.store.attribute_indexes import put_aside, remake
from journeys.store.backup import back_up
from journeys.store.dialect import database_version, lock_structure, mark_as_store
from journeys.store.errors import (
    FolderMissing,
    NetworkFolder,
    NewerStore,
    NotAStore,
    OldDatabase,
    OlderStore,
    StoreMissing,
    StoreReadOnly,
    WrongAddress,
    in_sentences,
)
from journeys.store.folders import network_kind
from journeys.store.migrations import migrate as migrate_structure
from journeys.store.migrations import newest, revision_of, revisions
from journeys.store.owner import own
from journeys.store.store import BUSY_SECONDS, Store, engine_for
from journeys.store.tables import metadata

#: the oldest databases that what we write runs on
LEAST = {"SQLite": (3, 40), "PostgreSQL": (14,)}

_SQLITE_HEAD = b"SQLite format 3\x00"


def open_store(
    address: str,
    *,
    create: bool = False,
    migrate: bool = True,
    clock: Clock | None = None,
    password: str | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> Store:
    """Open the store at an address: the path of a file, sqlite:///PATH or postgresql://USER@HOST/DATABASE.

    `create`: make one where there is none; a database on a server must be there. An older structure is brought up on
    SQLite, after a backup in `backups/` beside it, unless `migrate` is off; on PostgreSQL only by `upgrade_store`.
    `password` for PostgreSQL, where it was kept in the keyring. `clock` names the backup.
    Raises StoreError: its subclasses say what is in the way.
    """
    url = parsed(address)
    is_file = url.get_backend_name() == "sqlite"
    if is_file:
        _check_file(Path(url.database or ""), create=create)
    store = Store(engine_for(url, busy_seconds=busy_seconds, password=password))
    try:
        revision = _revision(store)
        if revision is None:
            if not create:
                raise StoreMissing(store=store.label)
            _make(store)
        elif revision != newest():
            if not (is_file and migrate):
                raise OlderStore(store=store.label, revision=revision, newest=newest())
            _upgrade(store, revision, clock or SystemClock())
    except BaseException:
        store.close()
        raise
    return store


def upgrade_store(
    address: str, *, clock: Clock | None = None, password: str | None = None, busy_seconds: float = BUSY_SECONDS
) -> tuple[str, str]:
    """Bring the structure of a store to the newest; returns the revisions before and after.

    An SQLite store is backed up first; of one on a server the backup is its keeper's. Raises StoreError.
    """
    url = parsed(address)
    if url.get_backend_name() == "sqlite":
        _check_file(Path(url.database or ""), create=False)
    store = Store(engine_for(url, busy_seconds=busy_seconds, password=password))
    try:
        revision = _revision(store)
        if revision is None:
            raise StoreMissing(store=store.label)
        if revision != newest():
            _upgrade(store, revision, clock or SystemClock())
        return revision, newest()
    finally:
        store.close()


def _check_file(path: Path, *, create: bool) -> None:
    """Whether a store can be at this path. Makes the file, readable by the user alone, where it is to be made."""
    name = str(path)
    if path.is_dir():
        raise WrongAddress(store=name)
    if not path.parent.is_dir():
        raise FolderMissing(store=name, folder=str(path.parent))
    if kind := network_kind(path):
        raise NetworkFolder(store=name, kind=kind)
    with in_sentences(name, files=True):
        there = path.exists()
        if not there and not create:
            raise StoreMissing(store=name)
        if not os.access(path.parent, os.W_OK) or (there and not os.access(path, os.W_OK)):
            raise StoreReadOnly(store=name)
        if not there:
            # SQLite gives its log the rights of the file; made first, none of them is ever open to others
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _begin_file(path)
            return
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_HEAD))
        if head not in (b"", _SQLITE_HEAD):
            raise NotAStore(store=name)
        if create and not head:
            _begin_file(path)
    with suppress(PermissionError):
        # somebody else's file that one may write all the same stays as its owner made it
        path.chmod(0o600)


def _begin_file(path: Path) -> None:
    """Make an empty file one that can give room back, before anything is in it: later only a VACUUM could.

    What tidying frees is then cut off in small steps (27 MB in 1.6 s, the longest 36 ms); inserting takes 3 % longer.
    """
    conn = sqlite3.connect(path)
    try:
        conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        conn.execute("VACUUM")
    finally:
        conn.close()


def _revision(store: Store) -> str | None:
    """The revision of the store, None where the database is empty. Raises NotAStore, NewerStore, OldDatabase."""
    with store.read() as conn:
        product, version = database_version(conn)
        check_version(store.label, product, version)
        revision = revision_of(conn)
        if revision is None:
            tables = set(inspect(conn).get_table_names())
            # a file is a store or it is not; a database on a server may hold tables of others beside ours
            foreign = tables if store.is_sqlite else tables & metadata.tables.keys()
            if foreign:
                raise NotAStore(store=store.label)
        elif revision not in revisions():
            raise NewerStore(store=store.label, revision=revision)
    return revision


def check_version(store: str, product: str, version: tuple[int, ...]) -> None:
    """Raises OldDatabase for a database older than `LEAST`."""
    least = LEAST[product]
    if version < least:
        raise OldDatabase(
            store=store, product=product, version=".".join(map(str, version)), least=".".join(map(str, least))
        )


def _make(store: Store) -> None:
    with store.write() as conn:
        lock_structure(conn)
        if revision_of(conn) is None:
            mark_as_store(conn)
            migrate_structure(conn)
            own(conn, store)


def _upgrade(store: Store, revision: str, clock: Clock) -> None:
    if store.is_sqlite:
        back_up(Path(store.label), now=clock.now(), revision=revision)
    with store.restructure() as conn:
        lock_structure(conn)
        # another program may have done it while this one waited
        if revision_of(conn) == revision:
            put_aside(conn)
            migrate_structure(conn)
            remake(conn)


def is_locked(address: str) -> bool:
    """Whether somebody writes to the SQLite store at this moment; False for a server, which shares."""
    url: URL = parsed(address)
    if url.get_backend_name() != "sqlite":
        return False
    path = label(url)
    with in_sentences(path):
        conn = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return True
            raise
        finally:
            conn.close()
    return False
