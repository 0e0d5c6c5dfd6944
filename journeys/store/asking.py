"""Asking for the one write lock of SQLite, so that long work gives way between its transactions.

SQLite has a writer poll for the lock with growing pauses. Work that writes one transaction after the other leaves gaps
that nobody who polls ever hits: 12 of 12 writes of a window failed beside a tick. Whoever waits therefore holds a shared
lock on a file beside the store, and long work looks at it between two transactions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker

#: the longest that work gives way at a time: SQLite polls at most 0.1 seconds apart, and several may ask in turn
LONGEST = 0.25
_LOOK_AGAIN = 0.002


class Asking:
    """Who waits to write to one SQLite store; safe to share between threads."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + "-want")

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Be seen as one who waits, for the length of the block."""
        descriptor = self._open()
        if descriptor is None:
            yield
            return
        try:
            # never held exclusively for longer than a look, so that waiting for it is short
            portalocker.lock(descriptor, portalocker.LockFlags.SHARED)
            yield
        finally:
            os.close(descriptor)

    def give_way(self) -> None:
        """Wait until nobody asks any more, LONGEST at most. To be called outside any transaction."""
        descriptor = self._open()
        if descriptor is None:
            return
        try:
            until = time.monotonic() + LONGEST
            while not _is_free(descriptor) and time.monotonic() < until:
                time.sleep(_LOOK_AGAIN)
        finally:
            os.close(descriptor)

    def _open(self) -> int | None:
        try:
            return os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            # fairness is a courtesy: where it cannot be, the write itself says what is wrong with the folder
            return None


def _is_free(descriptor: int) -> bool:
    try:
        portalocker.lock(descriptor, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.LockException:
        return False
    portalocker.unlock(descriptor)
    return True
