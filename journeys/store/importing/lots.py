"""Where an import writes: into the store lot by lot, or, for a trial, where nothing is kept."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from journeys.store.store import Store, engine_for


class Lots(Protocol):
    """Gives a transaction for each lot."""

    def lot(self) -> AbstractContextManager[Connection]: ...


class _Kept:
    def __init__(self, store: Store) -> None:
        self.lot = store.write


class _Tried:
    """Lots of one transaction that is given up at the end."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @contextmanager
    def lot(self) -> Iterator[Connection]:
        with self._conn.begin_nested():
            yield self._conn


@contextmanager
def lots_of(store: Store, *, dry_run: bool) -> Iterator[Lots]:
    """The lots of an import. A trial sees its own earlier lots, so that it counts what the import would.

    On SQLite it works on a copy of the file: one long transaction would keep every other writer out. On PostgreSQL it
    is one transaction, rolled back.
    """
    if not dry_run:
        yield _Kept(store)
    elif store.is_sqlite:
        with tempfile.TemporaryDirectory(prefix="kanwa-trial-") as folder:
            path = Path(folder) / "store.sqlite"
            with store.engine.connect() as conn:
                _copy(conn, path)
            copy = Store(engine_for(f"sqlite:///{path}"))
            try:
                yield _Kept(copy)
            finally:
                copy.close()
    else:
        with store.engine.connect() as conn, conn.begin() as transaction:
            yield _Tried(conn)
            transaction.rollback()


def _copy(conn: Connection, path: Path) -> None:
    target = sqlite3.connect(path)
    try:
        held: Any = conn.connection.driver_connection
        held.backup(target)
    finally:
        target.close()
