"""Running on a clock of one's own: from a moment to another, jumping to the next moment at which something is due."""

from __future__ import annotations

from collections.abc import Callable

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.runtime.beat import Beat, Runner


def run_until(
    runner: Runner,
    clock: SetClock,
    until: Instant,
    *,
    step: int | None = None,
    on_beat: Callable[[Instant, Beat], None] | None = None,
    keep_going: Callable[[], bool] = lambda: True,
) -> Beat:
    """Run from where `clock` stands to `until` (included); returns the sum.

    Without `step` the clock jumps to the next moment at which anything is due, so that an empty month costs nothing;
    with it, it goes on by so many seconds. `on_beat` hears of every beat after it.
    """
    total = Beat()
    runner.recover(clock.now())
    while keep_going():
        now = clock.now()
        beat = runner.beat(now, keep_going=keep_going)
        total.add(beat)
        if on_beat is not None:
            on_beat(now, beat)
        if step is not None:
            following: Instant | None = Instant(now + step)
        else:
            following = runner.next_at(now)
            if following is not None and following <= now:
                # what is due now and was not done waits for somebody (a paused account): do not turn in place
                following = Instant(now + 1)
        if following is None or following > until:
            break
        clock.set(following)
    clock.set(max(clock.now(), until))
    return total
