"""The lease of a store: one runtime at a time, known by name, taken over when it is dead."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from sqlalchemy import delete, select, update

from journeys.base.clock import Clock
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, moment
from journeys.store import runs, settings
from journeys.store.dialect import upsert
from journeys.store.store import Store
from journeys.store.tables import lease

NAME = "runtime"
#: seconds a lease holds without being renewed
SECONDS = 120


class RunsElsewhere(KanwaError):
    """Another runtime has the lease."""

    text = N_(
        "This store is already being run by {holder}. Stop it there, or wait until {until}: a runtime that has died "
        "loses its place then."
    )


_LOCKED = select(lease).where(lease.c.name == NAME).with_for_update()


def holder_name() -> str:
    """This process, as it signs a lease."""
    return f"{platform.node()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one store, held by one process."""

    store: Store
    holder: str

    def take(self, now: Instant) -> None:
        """Take the lease, or keep it. Raises RunsElsewhere while another holds it.

        Each time the store is counted as run, so that a copy made before is known for an older one.
        """
        with self.store.write(durable=True) as conn:
            row = conn.execute(_LOCKED).one_or_none()
            if row is None:
                # of two that make it at once, one waits here, and finds the other's
                free = upsert(conn, lease).values(name=NAME, holder=self.holder, until_at=0, data={})
                conn.execute(free.on_conflict_do_nothing(index_elements=["name"]))
                row = conn.execute(_LOCKED).one()
            if row.holder != self.holder and row.until_at > now and not is_dead(row.holder):
                zone = settings.workspace_zone(conn)
                raise RunsElsewhere(holder=row.holder, until=f"{moment(Instant(row.until_at), zone):%Y-%m-%d %H:%M:%S}")
            conn.execute(update(lease).where(lease.c.name == NAME).values(holder=self.holder, until_at=now + SECONDS))
            counted = runs.count_up(conn)
        runs.note(self.store, counted)

    def give_back(self) -> None:
        """Let the next one run at once."""
        with self.store.write(durable=True) as conn:
            mine = delete(lease).where(lease.c.name == NAME, lease.c.holder == self.holder)
            if not conn.execute(mine).rowcount:
                return
            counted = runs.count_up(conn)
        runs.note(self.store, counted)


@contextmanager
def held(lease: Lease, clock: Clock) -> Iterator[Callable[[], bool]]:
    """Hold the lease within the block. Yields what keeps it: to be asked between transactions, by any thread; True.

    `clock` is that of this computer, also where the store is run on another one: it says to others how long the lease
    holds. Raises RunsElsewhere, also in the middle where it was lost.
    """
    renewing = threading.Lock()
    renew_at = Instant(0)

    def keep() -> bool:
        nonlocal renew_at
        now = clock.now()
        with renewing:
            if now >= renew_at:
                lease.take(now)
                renew_at = Instant(now + SECONDS // 4)
        return True

    keep()
    try:
        yield keep
    finally:
        lease.give_back()


def is_dead(holder: str) -> bool:
    """Whether a name is that of a process of this machine that no longer runs. A worker's “/” and number do no harm."""
    host, _, pid = holder.partition("/")[0].rpartition(":")
    return host == platform.node() and pid.isdigit() and not psutil.pid_exists(int(pid))
