"""What every rule of a wait gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.nodes.cohort import Cohort, Named, Outcome
from journeys.nodes.node import Around, Arrival, Names, Outlet
from journeys.nodes.problem import Problem
from journeys.nodes.windows import Window, say_window

DONE = "done"
PAST = "already_past"
TIMEOUT = "timeout"
MET = "met"


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a rule says: without a window behind it, and with one as `{window}`."""

    without: str
    within: str

    def say(self, then: Window | None, **values: Any) -> str:
        if then is None:
            return self.without.format(**values)
        return self.within.format(window=say_window(then), **values)


class WaitRule(BaseModel):
    """How long a wait lasts. One subclass a rule, told apart by `type`; a file a family of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arrival: ClassVar[Arrival] = Arrival.TIMED
    #: whether a window, and a word on being late, may follow: there is one moment at which it ends
    ends_at_a_moment: ClassVar[bool] = True

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(DONE, _("done"), must_be_connected=False),)

    def words(self, names: Names, then: Window | None) -> str:
        raise NotImplementedError

    def references(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def typed(self, catalogue: Catalogue) -> Self:
        return self

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from ()

    def rests(self, outlet: str) -> int:
        return 0

    def stirred_by(self) -> frozenset[str]:
        return frozenset()

    def drifts(self) -> bool:
        return False

    def next_moment(self, base: Instant, zone: ZoneInfo) -> Instant:
        """When a wait that begins at `base` ends by the clock of `zone`; only for arrival TIMED."""
        raise NotImplementedError

    def base(self, cohort: Cohort) -> ColumnElement[str | None] | None:
        """As `Node.base`: what is read of each member to work its moment out; None: nothing is."""
        return None

    def named(
        self, bases: Iterable[tuple[str, str]], then: Window | None, *, zone: ZoneInfo
    ) -> dict[tuple[str, str], Named]:
        """The moment that each (zone, base) names; only where there is a base."""
        raise NotImplementedError

    def outcome(self, cohort: Cohort) -> Outcome:
        """What due members do; asked of rules that look at more than the clock."""
        raise NotImplementedError

    def told(self, values: Mapping[str, Any], names: Names, zone: ZoneInfo, *, rests: bool) -> Iterator[str] | None:
        """As `Node.told`."""
        return None
