"""Wait: rest for a length of time, until a moment of the clock, or for something to happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self, assert_never
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, and_, case, literal, null

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import Instant, zone_of
from journeys.base.validation import SettingsError
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, DueTable, Named, Outcome, members
from journeys.nodes.late import TOO_LATE, Late, due_text
from journeys.nodes.node import Around, Arrival, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem
from journeys.nodes.wait.clock import AtOnce, CalendarDays, ForDuration
from journeys.nodes.wait.criterion import ForCriterion
from journeys.nodes.wait.dates import UntilDate, read_base
from journeys.nodes.wait.events import ForEvents
from journeys.nodes.wait.rhythm import PurchaseRhythm
from journeys.nodes.wait.rule import DONE
from journeys.nodes.windows import Window

Timed = AtOnce | ForDuration | CalendarDays
AnyRule = Timed | UntilDate | PurchaseRhythm | ForEvents | ForCriterion
Rule = Annotated[AnyRule, Field(discriminator="type")]


def next_moment(base: Instant, rule: Timed, then: Window | None, zone: ZoneInfo) -> Instant:
    """When a wait that begins at `base` ends by the clock of `zone`: after the rule, the first moment in the window."""
    over = rule.next_moment(base, zone)
    return over if then is None else then.next(over, zone)


class Wait(Node):
    """Rest for a while.

    Due times are worked out in Python for the distinct zones of the cohort only, since no two databases agree on
    IANA zones.
    """

    kind: ClassVar[str] = "wait"
    family: ClassVar[Family] = Family.WAITS
    label: ClassVar[str] = _("Wait")
    icon: ClassVar[str] = "hourglass-medium"

    rule: Rule = Field(title=_("Wait for"))
    then: Window | None = Field(None, title=_("Then until"), description=_("By the contact's clock."))
    late: Late | None = Field(None, title=_("If late"), description=_("Empty: members go on, however late they are."))

    @model_validator(mode="after")
    def _window_follows_a_time(self) -> Wait:
        if self.rule.ends_at_a_moment:
            return self
        if self.then is not None:
            raise SettingsError(
                _("A window follows a length of time. Put a second wait with the window behind this one."), "then"
            )
        if self.late is not None:
            raise SettingsError(
                _(
                    "What is waited for may come at any time. Say at the send behind this one what happens when it is late."
                ),
                "late",
            )
        return self

    @property
    def arrival(self) -> Arrival:  # type: ignore[override]  # here it depends on the rule
        """How members come in: timed by a clock, listening, or at once to look at data."""
        return self.rule.arrival

    @property
    def may_rest(self) -> bool:  # type: ignore[override]  # here it depends on the rule
        return self.arrival is not Arrival.TIMED or (self.late is not None and self.late.then != "run")

    def outlets(self) -> tuple[Outlet, ...]:
        mine = self.rule.outlets()
        return (*mine, Outlet(TOO_LATE, _("too late"))) if self.late is not None and self.late.then == "skip" else mine

    def words(self, names: Names) -> str:
        said = self.rule.words(names, self.then)
        return said if self.late is None else _("{wait}; {late}").format(wait=said, late=self.late.words())

    def references(self) -> Iterator[tuple[str, str]]:
        yield from self.rule.references()

    def typed(self, catalogue: Catalogue) -> Self:
        return self.model_copy(update={"rule": self.rule.typed(catalogue)})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from self.rule.nodes_mentioned()

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from self.rule.problems(around)

    def rests(self, outlet: str) -> int:
        return self.rule.rests(outlet)

    def stirred_by(self) -> frozenset[str]:
        return self.rule.stirred_by()

    def drifts(self) -> bool:
        return self.rule.drifts()

    def due(self, zones: Iterable[str], *, now: Instant, zone: ZoneInfo) -> DueTable:
        match self.rule:
            case AtOnce() | ForDuration() | CalendarDays():
                return {name: next_moment(now, self.rule, self.then, zone_of(name, zone)) for name in zones}
            case UntilDate() | PurchaseRhythm() | ForEvents() | ForCriterion():
                raise AssertionError("the due times of this wait are read from data")
            case never:
                assert_never(never)

    def base(self, cohort: Cohort) -> ColumnElement[str | None] | None:
        mine = self.rule.base(cohort)
        if mine is None and self._goes_on_later:
            return case((self._is_late(cohort), due_text()), else_=null())
        return mine

    def named(self, bases: Iterable[tuple[str, str]], *, now: Instant, zone: ZoneInfo) -> dict[tuple[str, str], Named]:
        if isinstance(self.rule, UntilDate | PurchaseRhythm):
            found = self.rule.named(bases, self.then, zone=zone)
        else:
            moments = {(name, base): read_base(base, zone) for name, base in bases}
            found = {pair: Named(Instant(at), Instant(at)) for pair, at in moments.items() if isinstance(at, int)}
        if self.late is None or not self._goes_on_later:
            return found
        return {
            (name, base): replace(
                one, again_at=self.late.again_at(one.until, now=now, zone=zone_of(name, zone), window=self.then)
            )
            for (name, base), one in found.items()
        }

    def outcome(self, cohort: Cohort) -> Outcome:
        timed = isinstance(self.rule, AtOnce | ForDuration | CalendarDays)
        outcome = Outcome(outlet=literal(DONE)) if timed else self.rule.outcome(cohort)
        if self.late is None or self.late.then == "run":
            return outcome
        late = and_(self._is_late(cohort), outcome.outlet == DONE)
        reason = outcome.reason if outcome.reason is not None else literal("")
        if self.late.then == "skip":
            return replace(
                outcome,
                outlet=case((late, TOO_LATE), else_=outcome.outlet),
                reason=case((late, "late"), else_=reason),
            )
        due_at = outcome.due_at if outcome.due_at is not None else null()
        return replace(
            outcome,
            outlet=case((late, null()), else_=outcome.outlet),
            due_at=case((late, members.c.again_at), else_=due_at),
        )

    def told(self, values: Mapping[str, Any], names: Names, zone: ZoneInfo, *, rests: bool) -> Iterator[str] | None:
        return self.rule.told(values, names, zone, rests=rests)

    @property
    def _goes_on_later(self) -> bool:
        return self.late is not None and self.late.then == "next window"

    def _is_late(self, cohort: Cohort) -> ColumnElement[bool]:
        """Only who has rested here can be late: a member that has just come is not."""
        assert self.late is not None
        return and_(self.late.is_late(cohort), members.c.arrived_at < cohort.moments.now)
