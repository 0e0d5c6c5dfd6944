"""How much long work may do in one transaction on SQLite, where one writer keeps all others waiting."""

from __future__ import annotations

#: seconds for which one transaction may hold the write lock
LOCK_SECONDS = 0.05


def fitted(size: int, done: int, took: float, *, least: int, most: int) -> int:
    """The next size of a lot, so that it takes about LOCK_SECONDS: after `done` of `size` things `took` seconds.

    It at most doubles; a lot that was not full tells nothing unless it took too long.
    """
    if done < size and took < LOCK_SECONDS:
        return size
    wanted = int(done * LOCK_SECONDS / max(took, 1e-4))
    return max(least, min(most, wanted, size * 2))
