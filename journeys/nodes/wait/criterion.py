"""Waiting until a criterion holds, with a time-out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import Field
from sqlalchemy import case

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import DAY
from journeys.criteria import (
    Criterion,
    Recall,
    compile_criterion,
    drifts,
    evidence,
    recalls,
    references,
    shortest_window,
    stirs,
    typed,
    with_default_scope,
    words,
)
from journeys.nodes.checks import impossible_criterion, nodes_of_criterion
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.member import frame_of
from journeys.nodes.node import Around, Arrival, Names, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.wait.rule import MET, TIMEOUT, WaitRule
from journeys.nodes.windows import Window


class ForCriterion(WaitRule):
    """Until a criterion holds, or the time is up.

    It is asked as of each moment the member is looked at; leaves with a time look at what came since entry, and before
    the time is up: a member that is looked at late goes the way it would have gone in time. What the store keeps only
    as it is now (attributes, tags, segments, contracts, consents) is taken as it is at the look.
    """

    arrival: ClassVar[Arrival] = Arrival.LISTENS
    ends_at_a_moment: ClassVar[bool] = False

    type: Literal["criterion"] = "criterion"
    criterion: Criterion = Field(title=_("Until the contact matches"))
    timeout: Duration = Field(title=_("At most"))

    @property
    def scoped(self) -> Criterion:
        return with_default_scope(self.criterion, "since entry")

    def recalls(self) -> Iterator[Recall]:
        yield from recalls(self.scoped)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(MET, _("met")), Outlet(TIMEOUT, _("timeout")))

    def words(self, names: Names, then: Window | None) -> str:
        return _("wait until this is so, for {duration} at most: {criterion}").format(
            criterion=words(self.criterion, names), duration=say_duration(self.timeout)
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield from references(self.criterion)

    def typed(self, catalogue: Catalogue) -> Self:
        return self.model_copy(update={"criterion": typed(self.criterion, catalogue)})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from nodes_of_criterion(self.criterion, "rule.criterion")

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from impossible_criterion(self.scoped, "rule.criterion", around)
        window = shortest_window(self.scoped)
        if window is not None and window < DAY:
            yield Problem(
                "short-window",
                Severity.WARNS,
                (around.node,),
                _(
                    "Who comes to match by time alone is found once a day, "
                    "later than a window shorter than a day suggests."
                ),
                field="rule.criterion",
            )

    def rests(self, outlet: str) -> int:
        return self.timeout.seconds if outlet == TIMEOUT else 0

    def stirred_by(self) -> frozenset[str]:
        return stirs(self.scoped)

    def drifts(self) -> bool:
        return drifts(self.scoped)

    def outcome(self, cohort: Cohort) -> Outcome:
        until = members.c.arrived_at + self.timeout.seconds
        # an event beats the time-out only if it is earlier
        frame = replace(frame_of(cohort), before=until)
        met = compile_criterion(self.scoped, frame)
        return Outcome(
            outlet=case((met, MET), (until <= cohort.moments.now, TIMEOUT)),
            values=evidence(self.scoped, frame),
            due_at=until,
        )
