"""How many members one transaction takes: as many as keep the write lock short."""

from __future__ import annotations

from journeys.engine.fitting import fitted
from journeys.store.store import Store

#: members of one cohort on SQLite to begin with; then as many as keep the write lock short
COHORT = 2_000
#: members of one cohort on PostgreSQL, which locks rows and not the store: more spread the cost of the statements
POSTGRESQL_COHORT = 10_000
SMALLEST_COHORT = 200
LARGEST_COHORT = 50_000


class Pace:
    """The size of the next cohort, fitted to how long the last ones took. One per thread.

    `cohort` is the first one's size on SQLite.
    """

    def __init__(self, store: Store, *, cohort: int | None = None) -> None:
        self._fits = store.is_sqlite
        self.size = (cohort or COHORT) if store.is_sqlite else POSTGRESQL_COHORT

    def took(self, members: int, seconds: float) -> None:
        """Choose the next size after a cohort of so many members."""
        if self._fits and members:
            self.size = fitted(self.size, members, seconds, least=SMALLEST_COHORT, most=LARGEST_COHORT)
