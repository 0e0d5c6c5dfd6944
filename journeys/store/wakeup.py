"""Hearing that somebody else has written: a runtime then looks at once at what there is to do."""

from __future__ import annotations

import time
from typing import Any, Protocol

from sqlalchemy import Connection, text

from journeys.store.store import Store

CHANNEL = "kanwa"

_NOTIFY = text(f"NOTIFY {CHANNEL}")


def wake(conn: Connection) -> None:
    """Tell runtimes, with the commit, that there may be something to do. SQLite tells them of every commit by itself."""
    if conn.dialect.name == "postgresql":
        conn.execute(_NOTIFY)


class Ear(Protocol):
    """Listens on a connection of its own."""

    def wait(self, seconds: float) -> bool:
        """Wait, so many seconds at the most; whether somebody has written since the last time."""
        ...

    def close(self) -> None: ...


def ear(store: Store) -> Ear:
    """An ear for this store. Raises what connecting raises."""
    return _SqliteEar(store) if store.is_sqlite else _PostgresEar(store)


class _SqliteEar:
    def __init__(self, store: Store) -> None:
        self._connection = store.engine.raw_connection()
        self._version = self._ask()

    def _ask(self) -> int:
        cursor = self._connection.cursor()
        cursor.execute("PRAGMA data_version")
        row: Any = cursor.fetchone()
        cursor.close()
        return int(row[0])

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        before, self._version = self._version, self._ask()
        return self._version != before

    def close(self) -> None:
        self._connection.close()


class _PostgresEar:
    def __init__(self, store: Store) -> None:
        self._connection = store.engine.raw_connection()
        driver: Any = self._connection.driver_connection
        driver.rollback()
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")
        self._driver = driver

    def wait(self, seconds: float) -> bool:
        return len(list(self._driver.notifies(timeout=seconds, stop_after=1))) > 0

    def close(self) -> None:
        # never back into the pool: it would go on listening there
        self._connection.invalidate()
