"""How many members one transaction takes: as many as keep the write lock short."""

from __future__ import annotations

from journeys.store.store import Store

#: members of one cohort on SQLite to begin with; then as many as keep the write lock short
COHORT = 2_000
#: members of one cohort on PostgreSQL, which locks rows and not the store: more spread the cost of the statements
POSTGRESQL_COHORT = 10_000
SMALLEST_COHORT = 200
LARGEST_COHORT = 50_000
#: seconds for which a cohort may hold the write lock on SQLite, where one writer keeps all others waiting
LOCK_SECONDS = 0.05


class Pace:
    """The size of the next cohort, fitted to how long the last ones took. One per thread."""

    def __init__(self, store: Store) -> None:
        self._fits = store.is_sqlite
        self.size = COHORT if store.is_sqlite else POSTGRESQL_COHORT

    def took(self, members: int, seconds: float) -> None:
        """Choose the next size after a cohort of so many members."""
        if not self._fits or not members or (members < self.size and seconds < LOCK_SECONDS):
            return
        wanted = int(members * LOCK_SECONDS / max(seconds, 1e-4))
        self.size = max(SMALLEST_COHORT, min(LARGEST_COHORT, wanted, self.size * 2))
