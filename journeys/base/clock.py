"""The clock: the one place that asks the system for the time."""

from __future__ import annotations

import time
from typing import Protocol

from journeys.base.time import Instant


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> Instant: ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> Instant:
        return Instant(int(time.time()))


class SetClock:
    """A clock that stands where it was set: for tests, the demo and simulated runs."""

    def __init__(self, at: Instant) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    def set(self, at: Instant) -> None:
        self.at = at
