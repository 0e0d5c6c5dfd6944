"""Condition: yes or no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

from pydantic import Field
from sqlalchemy import case

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.criteria import Criterion, compile_criterion, evidence, references, typed, words
from journeys.nodes.checks import impossible_criterion, nodes_of_criterion, unknown_references
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.member import frame_of
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem

YES = "yes"
NO = "no"


class Condition(Node):
    """Ask a criterion of the contact: who fits goes by `yes`, everybody else by `no`."""

    kind: ClassVar[str] = "condition"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = _("Condition")
    icon: ClassVar[str] = "question"

    criterion: Criterion = Field(title=_("Contacts who match"))

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(YES, _("yes")), Outlet(NO, _("no")))

    def words(self, names: Names) -> str:
        return words(self.criterion, names)

    def references(self) -> Iterator[tuple[str, str]]:
        yield from references(self.criterion)

    def typed(self, catalogue: Catalogue) -> Self:
        return self.model_copy(update={"criterion": typed(self.criterion, catalogue)})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from nodes_of_criterion(self.criterion, "criterion")

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from impossible_criterion(self.criterion, "criterion", around)

    def outcome(self, cohort: Cohort) -> Outcome:
        frame = frame_of(cohort)
        return Outcome(
            outlet=case((compile_criterion(self.criterion, frame), YES), else_=NO),
            values=evidence(self.criterion, frame),
        )
