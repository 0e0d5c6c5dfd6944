"""Trigger: what lets contacts in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self, assert_never

from pydantic import Field
from sqlalchemy import ColumnCollection, ColumnElement, FromClause, Text, case, literal

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.criteria import Criterion, ensures_not_recurring, references, typed, words
from journeys.nodes.checks import impossible_criterion, nodes_of_criterion, unknown_references
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.renewal import with_not_renewing
from journeys.nodes.triggers import AnyOn, DateTrigger, ProductTrigger, ScheduleTrigger
from journeys.nodes.triggers.date import ContractEnd
from journeys.nodes.triggers.on import SubjectKind, about

IN = "in"


class Trigger(Node):
    """What lets contacts in, and whom: a match that `only` refuses is recorded and goes nowhere."""

    kind: ClassVar[str] = "trigger"
    family: ClassVar[Family] = Family.COMES_IN
    label: ClassVar[str] = _("Trigger")
    icon: ClassVar[str] = "lightning"
    can_be_off: ClassVar[bool] = False

    on: AnyOn = Field(title=_("Starts when"))
    subject: SubjectKind | None = Field(
        None, title=_("About"), description=_("What the passage is about: what the match found, or nothing.")
    )
    only: Criterion | None = Field(None, title=_("Only contacts who match"))
    existing: bool = Field(
        False, title=_("Who matches already comes in"), description=_("Asked once, when the journey is published.")
    )
    at_most_late_days: int = Field(
        7, title=_("At most late"), description=_("Days for which a missed match is made up for."), ge=0, le=366
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(IN, _("in"), must_be_connected=False),)

    def words(self, names: Names) -> str:
        on = self.on.words(names)
        if self.only is None:
            return on
        return _("{match}; only when {criterion}").format(match=on, criterion=words(self.only, names))

    def subject_of(
        self, event: ColumnCollection[str, ColumnElement[Any]]
    ) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """(kind, id) of what a passage is about, as columns over those of the event that matched."""
        match self.subject:
            case "event":
                return literal("event", Text()), event.id
            case "purchase" | "contract":
                mine = event.subject_kind == self.subject
                return case((mine, event.subject_kind)), case((mine, event.subject_id))
            case None | "product" | "feed":
                return about(None)
            case never:
                assert_never(never)

    def about_match(self, matching: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The same over rows that name a subject each (columns subject_kind, subject_id): nothing where it is not asked."""
        if self.subject is None or self.subject not in self.on.subjects:
            return about(None)
        return matching.c.subject_kind, matching.c.subject_id

    def references(self) -> Iterator[tuple[str, str]]:
        yield from self.on.references()
        if self.only is not None:
            yield from references(self.only)

    def typed(self, catalogue: Catalogue) -> Self:
        if self.only is None:
            return self
        return self.model_copy(update={"only": typed(self.only, catalogue)})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        if self.only is not None:
            yield from nodes_of_criterion(self.only, "only")

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from self.on.problems(around)
        yield from self._renewal_problems(around)
        yield from self._subject_problems(around)
        if self.existing and not self.on.has_existing:
            yield Problem(
                "no-existing",
                Severity.HINTS,
                (around.node,),
                _("Nobody matches this already when the journey is published; it has to happen."),
                field="existing",
                fix=Fix(_("Only who matches from now on"), "set", {"field": "existing", "value": False}),
            )
        if isinstance(self.on, ProductTrigger | ScheduleTrigger) and self.only is None:
            yield Problem(
                "everybody-comes-in",
                Severity.WARNS,
                (around.node,),
                _("Every contact comes in here; say who is meant."),
                field="only",
            )
        if self.only is not None:
            yield from impossible_criterion(self.only, "only", around)

    def _renewal_problems(self, around: Around) -> Iterator[Problem]:
        if not (isinstance(self.on, DateTrigger) and isinstance(self.on.date, ContractEnd) and self.on.offset_days < 0):
            return
        if self.only is not None and ensures_not_recurring(self.only):
            return
        yield Problem(
            "renewal-reminder",
            Severity.WARNS,
            (around.node,),
            _("Contracts that renew by themselves come in too, and need no reminder of their end."),
            field="only",
            fix=Fix(
                _("Only contracts that do not renew"),
                "set",
                {
                    "field": "only",
                    "value": with_not_renewing(self.only, days_left=-self.on.offset_days, product=self.on.date.product),
                },
            ),
        )

    def _subject_problems(self, around: Around) -> Iterator[Problem]:
        if self.subject is None or self.subject in self.on.subjects:
            return
        yield Problem(
            "no-subject",
            Severity.WARNS,
            (around.node,),
            _("What brings contacts in here names nothing that the passage could be about."),
            field="subject",
            fix=Fix(_("About nothing"), "set", {"field": "subject", "value": None}),
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        return Outcome(outlet=literal(IN))
