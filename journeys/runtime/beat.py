"""A beat: everything there is to do at one moment. Ticks and deliveries follow each other until neither has work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from journeys.base.time import HOUR, Instant
from journeys.engine import counters, outbox, recovery, volume
from journeys.engine.deliver import Delivery
from journeys.engine.tick import Engine
from journeys.insight.rhythm import groups_asked, refresh
from journeys.runtime.feeds import Feeds
from journeys.runtime.lease import is_dead
from journeys.store import owner, settings
from journeys.store.store import repeated

#: an unfolded row of counters a move: folded when so many beats have left some
FOLD_EVERY = 200


@dataclass(slots=True)
class Beat:
    """What happened at one moment."""

    events: int = 0
    entered: int = 0
    ended: int = 0
    hops: int = 0
    #: messages by the state they came to
    messages: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def idle(self) -> bool:
        return not (self.events or self.entered or self.ended or self.hops or self.messages)

    def add(self, other: Beat) -> None:
        """Count another beat in."""
        self.events += other.events
        self.entered += other.entered
        self.ended += other.ended
        self.hops += other.hops
        self.messages += other.messages
        self.missed += other.missed
        self.troubles += [one for one in other.troubles if one not in self.troubles]


class Runner:
    """Runs a store: the engine and the hand-over, one after the other, at the moments it is told."""

    def __init__(self, engine: Engine, delivery: Delivery, *, threads: int = 1, feeds: Feeds | None = None) -> None:
        """Without `feeds` none are fetched: a run on a clock of its own touches no network."""
        self.engine = engine
        self._feeds = feeds
        self.delivery = delivery
        self._threads = threads
        self._beats = 0
        #: whether what happened before a claim has been done, as of that
        self._caught_up = False
        #: when it was last looked at how much mail goes to Gmail
        self._counted_at = Instant(0)

    def recover(self, now: Instant) -> tuple[int, int]:
        """Take up messages that nobody is working on any more: (back to pending, unknown).

        Those of dead processes of this machine, those whose lease is over, and, since it is called between beats, all
        that this worker holds itself: an earlier life of its name left them, or a beat that failed.
        """
        worker = self.delivery.worker
        with self.engine.store.read() as conn:
            if not recovery.left_behind(conn, now=now, worker=worker, dead=is_dead):
                return 0, 0

        def take_up() -> tuple[int, int]:
            with self.engine.store.write(durable=True) as conn:
                return recovery.recover(conn, now=now, worker=worker, dead=is_dead)

        return repeated(take_up)

    def beat(self, now: Instant, *, keep_going: Callable[[], bool] = lambda: True) -> Beat:
        """Do all there is to do at `now`. Raises ClockBehind where `now` is earlier than the last tick."""
        if self._caught_up:
            return self._beat(now, keep_going)
        done = Beat()
        claimed_at = self._claimed_at()
        if claimed_at is not None and claimed_at < now:
            done.add(self._beat(claimed_at, keep_going))
        done.add(self._beat(now, keep_going))
        self._caught_up = True
        return done

    def _claimed_at(self) -> Instant | None:
        """When this store was claimed after a restore; None where it has been run since, or there was no such claim.

        What was heard in the time that was lost is heard again after it. As of the claim, what comes of it is due no
        later than the claim, and so left out; as of a later moment all of that would go out a second time.
        """
        with self.engine.store.read() as conn:
            until = settings.get(conn, owner.LEFT_OUT_UNTIL)
            last = settings.get(conn, settings.LAST_TICK_AT, 0)
        return Instant(until) if until is not None and until >= last else None

    def _beat(self, now: Instant, keep_going: Callable[[], bool]) -> Beat:
        done = Beat()
        if self._feeds is not None:
            done.troubles += self._feeds.fetch_due(now, keep_going=keep_going)
        # before the tick, so that who waits for their rhythm waits by all purchases there are
        if asked := groups_asked(self.engine.store, self.engine.roll):
            refresh(self.engine.store, asked, now=now, keep_going=keep_going)
        while keep_going():
            ticked = self.engine.tick(now, keep_going=keep_going)
            done.events += ticked.events
            done.entered += ticked.entered
            done.ended += ticked.ended
            done.hops += ticked.hops
            done.missed.update(ticked.missed)
            delivered = self.delivery.deliver(threads=self._threads, keep_going=keep_going)
            done.messages += delivered.states
            done.troubles += [one for one in delivered.troubles if one not in done.troubles]
            if delivered.idle or delivered.troubles:
                break
        self._beats += 1
        if done.messages["sent"] and now >= self._counted_at + HOUR:
            self._counted_at = now
            with self.engine.store.write() as conn:
                volume.note_bulk_senders(conn, now=now)
        if not done.idle and self._beats % FOLD_EVERY == 0:
            with self.engine.store.write() as conn:
                counters.fold(conn)
        return done

    def next_at(self, now: Instant) -> Instant | None:
        """When there is something to do next, as far as the store knows."""
        due = self.engine.next_due(now)
        with self.engine.store.read() as conn:
            message = outbox.next_at(conn)
        feed = self._feeds.next_at() if self._feeds is not None else None
        known = [at for at in (due, message, feed) if at is not None]
        return min(known) if known else None
