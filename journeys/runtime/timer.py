"""The timer: APScheduler wakes the runner when something is due, and at the latest every 30 seconds.

Whoever else writes to the store is heard within a quarter of a second; the next beat then comes as early as that asks.

All state is in the store; the scheduler holds one job in memory. Its defaults would silently drop a job missed by a
second, hence `misfire_grace_time=None`. It goes by the wall clock, so that a clock set back would leave it waiting for
that long: a watch compares wall and monotonic clock and re-arms.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy.exc import DBAPIError

from journeys.base.clock import Clock
from journeys.base.errors import KanwaError
from journeys.base.time import Instant
from journeys.runtime.beat import Beat, Runner
from journeys.runtime.chores import Chores
from journeys.runtime.lease import SECONDS, Lease, RunsElsewhere
from journeys.store.wakeup import Ear, ear

log = logging.getLogger(__name__)

#: seconds between two beats at the most
LONGEST = 30
#: seconds to wait after so many failures in a row
BACK_OFF = (1, 2, 5, 10, 30)
#: seconds between two looks at the clocks and for what others wrote, and how far the clocks may drift apart in between
WATCH = 0.25
JUMP = 2.0

_JOB = "beat"


class Timer:
    """Keeps a runner beating until it is stopped."""

    def __init__(
        self,
        runner: Runner,
        lease: Lease,
        clock: Clock,
        *,
        on_beat: Callable[[Instant, Beat], None] | None = None,
        on_trouble: Callable[[str], None] | None = None,
        chores: Chores | None = None,
    ) -> None:
        self._runner = runner
        self._chores = chores
        self._lease = lease
        self._clock = clock
        self._on_beat = on_beat or (lambda _now, _beat: None)
        self._on_trouble = on_trouble or log.error
        self._failures = 0
        #: a plain flag: setting an Event in a signal handler deadlocks where the handler came amid a wait for it
        self._stopping = False
        self._ear: Ear | None = None
        self._beating = False
        #: when the next beat is to come
        self._armed_at = datetime.max.replace(tzinfo=UTC)
        #: when the lease is renewed within a long beat; asked by every thread that hands over
        self._renew_at = Instant(0)
        self._renewing = threading.Lock()
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def run(self) -> None:
        """Beat until `stop` is called. Raises RunsElsewhere at once where another runtime has the store."""
        self._lease.take(self._clock.now())
        try:
            self._scheduler.start()
            self._arm(0)
            self._watch()
        finally:
            self.stop()
            self._hear_no_more()
            if self._scheduler.running:
                # waits for the beat under way, which looks at the stop between its transactions
                self._scheduler.shutdown(wait=True)
            self._lease.give_back()

    def stop(self) -> None:
        """End `run` after the transaction under way; safe to call from a signal handler."""
        self._stopping = True

    def fire(self) -> int:
        """One beat; returns the seconds until the next one. Whatever goes wrong is told and tried again."""
        try:
            now = self._clock.now()
            self._take(now)
            self._runner.recover(now)
            troubles = self._chores.before(now) if self._chores else []
            beat = self._runner.beat(now, keep_going=self._keep_going)
            self._on_beat(now, beat)
            if self._chores:
                troubles += self._chores.after(now, self._keep_going)
            for trouble in troubles:
                self._on_trouble(trouble)
            for trouble in beat.troubles:
                self._on_trouble(trouble)
            following = self._runner.next_at(now)
        except RunsElsewhere as problem:
            self._on_trouble(str(problem))
            self.stop()
            return LONGEST
        except (KanwaError, DBAPIError) as problem:
            return self._failed(problem)
        except Exception as problem:
            log.exception("a beat failed")
            return self._failed(problem)
        self._failures = 0
        return self.pause_until(following, now)

    def pause_until(self, following: Instant | None, now: Instant) -> int:
        """Seconds to wait for the next thing that is due: at least one, at most LONGEST."""
        return LONGEST if following is None else max(1, min(LONGEST, following - now))

    def _keep_going(self) -> bool:
        """Asked between any two transactions: false once it is to stop. Keeps the lease through a long beat."""
        if self._stopping:
            return False
        now = self._clock.now()
        with self._renewing:
            if now >= self._renew_at:
                self._take(now)
        return True

    def _take(self, now: Instant) -> None:
        self._lease.take(now)
        self._renew_at = Instant(now + SECONDS // 4)

    def _failed(self, problem: Exception) -> int:
        wait = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        # connections that a server has dropped are not worth keeping
        self._runner.engine.store.engine.dispose()
        self._on_trouble(str(problem) if isinstance(problem, KanwaError) else type(problem).__name__)
        return wait

    def _arm(self, seconds: float, *, unless_earlier: bool = False) -> None:
        if self._stopping:
            return
        at = datetime.fromtimestamp(time.time() + seconds, tz=UTC)
        if unless_earlier and at >= self._armed_at:
            return
        self._armed_at = at
        self._scheduler.add_job(self._fire_and_arm, DateTrigger(at), id=_JOB, replace_existing=True)

    def _fire_and_arm(self) -> None:
        self._beating = True
        try:
            self._arm(self.fire())
        finally:
            self._beating = False

    def _watch(self) -> None:
        wall, steady = time.time(), time.monotonic()
        while not self._stopping:
            heard = self._listen()
            now_wall, now_steady = time.time(), time.monotonic()
            # monotonic time stands still in suspend, so that waking up is a jump too
            if abs((now_wall - wall) - (now_steady - steady)) > JUMP:
                log.warning("the clock of this computer has jumped by %.0f seconds", now_wall - wall)
                self._arm(0)
            elif heard:
                self.wake()
            wall, steady = now_wall, now_steady

    def _listen(self) -> bool:
        """Wait for WATCH seconds; true where somebody may have written to the store.

        Not while a beat is under way: what it writes itself is heard once afterwards. Where the store cannot be
        reached, beats find that out and say so.
        """
        if self._beating or self._failures:
            time.sleep(WATCH)
            return False
        try:
            if self._ear is None:
                self._ear = ear(self._runner.engine.store)
                # what was written while nobody listened
                return True
            return self._ear.wait(WATCH)
        except Exception as problem:
            log.info("cannot hear what others write: %s", type(problem).__name__)
            self._hear_no_more()
            time.sleep(WATCH)
            return False

    def _hear_no_more(self) -> None:
        if self._ear is not None:
            with suppress(Exception):
                self._ear.close()
            self._ear = None

    def wake(self) -> None:
        """Bring the next beat forward where the store has something to do before it."""
        now = self._clock.now()
        try:
            following = self._runner.next_at(now)
        except (KanwaError, DBAPIError):
            return
        if following is not None:
            self._arm(max(0, following - now), unless_earlier=True)
