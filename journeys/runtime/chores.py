"""What a runtime does once a workspace day beside the journeys: a backup before the day's first work, tidying after it.

Neither ever keeps journeys from running: what goes wrong is told in a sentence and tried again later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.time import HOUR, Instant, day_of
from journeys.engine.indexes import settle_indexes
from journeys.engine.tidy import tidy
from journeys.store import retention, settings
from journeys.store.backup import DAILY_KEPT, KEPT, back_up, prune_daily
from journeys.store.migrations import newest
from journeys.store.store import Store

log = logging.getLogger(__name__)

#: settings with the workspace day (ISO) of the last daily backup, and of the last time that all was tidied
BACKED_UP_ON = "backed_up_on"
TIDIED_ON = "tidied_on"
#: seconds after which a chore that failed is tried again: each beat would fill the log
AGAIN = HOUR
#: seconds that tidying may take from the journeys at a time; the next beat goes on
TIDY_SECONDS = 5.0


class Chores:
    """The daily work of one store."""

    def __init__(self, store: Store, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._steady = steady
        self._not_before: dict[str, Instant] = {}

    def before(self, now: Instant) -> list[str]:
        """A backup of an SQLite store, before anything of this workspace day is done. Returns what went wrong."""
        if not self._store.is_sqlite:
            return []
        return self._daily(BACKED_UP_ON, now, lambda: self._back_up(now))

    def after(self, now: Instant, keep_going: Callable[[], bool] = lambda: True) -> list[str]:
        """Tidy, as long as the workspace says and for a few seconds at the most. Returns what went wrong."""
        return self._daily(TIDIED_ON, now, lambda: self._tidy(now, keep_going))

    def _daily(self, name: str, now: Instant, work: Callable[[], bool]) -> list[str]:
        if now < self._not_before.get(name, now):
            return []
        try:
            with self._store.read() as conn:
                today = day_of(now, settings.workspace_zone(conn)).isoformat()
                if (settings.get(conn, name) or "") >= today:
                    return []
            if work():
                with self._store.write() as conn:
                    settings.put(conn, name, today)
        except KanwaError as problem:
            self._not_before[name] = Instant(now + AGAIN)
            return [_(_SAID[name]).format(why=problem)]
        except Exception:
            log.exception("a daily chore failed: %s", name)
            self._not_before[name] = Instant(now + AGAIN)
        return []

    def _back_up(self, now: Instant) -> bool:
        path = Path(self._store.label)
        with self._store.read() as conn:
            keep = int(settings.get(conn, DAILY_KEPT, KEPT))
        if keep:
            made = back_up(path, now=now, revision=newest(), daily=True)
            log.info("backed up to %s", made.name)
            prune_daily(path, keep=keep)
        return True

    def _tidy(self, now: Instant, keep_going: Callable[[], bool]) -> bool:
        until = self._steady() + TIDY_SECONDS
        with self._store.read() as conn:
            span = retention.standing(conn)
        done = tidy(self._store, span, now=now, keep_going=lambda: keep_going() and self._steady() < until)
        if done.rows:
            log.info("tidied %d rows", done.rows)
        # journeys that were archived or ran empty leave indexes that nobody searches by
        settle_indexes(self._store)
        return done.whole


_SAID = {
    BACKED_UP_ON: N_("The daily backup was not made; the journeys run on. {why}"),
    TIDIED_ON: N_("What is old was not tidied; the journeys run on. {why}"),
}
