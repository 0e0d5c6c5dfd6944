"""Wake-ups: whether somebody else has committed something since the last look, so that a beat need not wait.

SQLite says so itself, by a number that changes with every commit of another connection; on PostgreSQL whoever writes
notifies. Both are polled: a look costs microseconds and touches neither disk nor network.
"""

from __future__ import annotations

import logging
import time
from typing import Protocol

import psycopg
from sqlalchemy.exc import DBAPIError

from journeys.base.errors import KanwaError
from journeys.store.errors import in_sentences
from journeys.store.store import CHANNEL, Store

log = logging.getLogger(__name__)

#: seconds before a lost connection is made again
_RECONNECT = 10.0


class Wakes(Protocol):
    """Watches one store. Not shared between threads without a lock."""

    def mark(self) -> None:
        """What is committed so far is known. To be called before the look for what is due next, never after."""
        ...

    def stirred(self) -> bool:
        """Whether somebody has committed since the mark."""
        ...

    def close(self) -> None: ...


def watch(store: Store) -> Wakes:
    """What watches this store. Raises StoreError where it cannot be reached."""
    return DataVersion(store) if store.is_sqlite else Notifications(store)


class DataVersion:
    """By `PRAGMA data_version` on a connection of its own; it changes with commits of this process's others as well."""

    def __init__(self, store: Store) -> None:
        with in_sentences(store.label):
            self._connection = store.engine.raw_connection()
        self._connection.detach()
        self._known = self._version()

    def mark(self) -> None:
        self._known = self._version()

    def stirred(self) -> bool:
        return self._version() != self._known

    def _version(self) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])
        finally:
            cursor.close()

    def close(self) -> None:
        self._connection.close()


class Notifications:
    """By LISTEN. A connection that is lost is made again, and counts as a stir: something may have been missed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: psycopg.Connection | None = self._listening()
        #: of the monotonic clock
        self.try_again_at = 0.0

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def mark(self) -> None:
        self._heard()

    def stirred(self) -> bool:
        return self._heard()

    def _heard(self) -> bool:
        try:
            if self._connection is None:
                return self._reconnected()
            # all of them: one that is left would wake once more
            return bool(list(self._connection.notifies(timeout=0)))
        except (psycopg.Error, DBAPIError, KanwaError) as problem:
            log.warning("no wake-ups for a while: %s", type(problem).__name__)
            self.close()
            self.try_again_at = time.monotonic() + _RECONNECT
            return False

    def _reconnected(self) -> bool:
        if time.monotonic() < self.try_again_at:
            return False
        self._connection = self._listening()
        return True

    def _listening(self) -> psycopg.Connection:
        with in_sentences(self._store.label):
            pooled = self._store.engine.raw_connection()
            connection = pooled.driver_connection
            # for as long as the runtime lives: the pool has no place for it
            pooled.detach()
            assert isinstance(connection, psycopg.Connection)
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
