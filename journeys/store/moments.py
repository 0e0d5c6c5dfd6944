"""Values a statement takes from the present moment, so that it is built once and run at any tick.

No database is asked for the time or for a difference of days: each constant is worked out in Python from `now` and the
workspace's zone when the statement runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, BindParameter, bindparam
from sqlalchemy.types import TypeEngine

from journeys.base.time import Instant

WorkOut = Callable[[Instant, ZoneInfo], Any]


class Moments:
    """The parameters of one statement that are worked out from `now`.

    Every part of a statement shares one `Moments`; `values` then gives all the parameters to run it with.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._work: dict[str, WorkOut] = {}

    def bind(self, work_out: WorkOut, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A parameter whose value is `work_out(now, zone)` at every execution."""
        name = f"moment_{next(self._numbers)}"
        self._work[name] = work_out
        return bindparam(name, type_=type_)

    @property
    def now(self) -> BindParameter[int]:
        """The tick's moment."""
        return bindparam("now", type_=BigInteger())

    def values(self, now: Instant, zone: ZoneInfo) -> dict[str, Any]:
        """The parameters for one execution."""
        return {"now": now} | {name: work_out(now, zone) for name, work_out in self._work.items()}
