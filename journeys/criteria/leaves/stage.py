"""The stage of a funnel that the contact stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Select, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.comparison import Days, days_ago_holds
from journeys.criteria.frame import Frame, any_row, one, scalar
from journeys.criteria.leaf import Leaf, Verdict, impossible_number
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import say_moment
from journeys.store import tables as t
from journeys.store.dialect import json_object_text, json_parsed


class StageLeaf(Leaf):
    """Stands in a stage of a funnel (in any, where none is named), perhaps entered so many days ago."""

    leaf: Literal["stage"] = "stage"
    funnel: Key
    stage: Key | None = None
    entered_days_ago: Days | None = None

    def _rows(self, column: ColumnElement[Any], frame: Frame) -> tuple[Select[Any], FromClause]:
        stages = t.contact_stage.alias()
        c = stages.c
        return (
            select(column)
            .select_from(stages)
            .where(c.contact == frame.contact, c.funnel == self.funnel, c.entered_at <= frame.moments.now),
            stages,
        )

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        rows, stages = self._rows(one, frame)
        if self.stage is not None:
            rows = rows.where(stages.c.stage == self.stage)
        if self.entered_days_ago is not None:
            rows = rows.where(days_ago_holds(stages.c.entered_at, self.entered_days_ago, frame))
        return any_row(rows, stages)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        stages = t.contact_stage.alias()
        c = stages.c
        row = json_object_text({"stage": c.stage, "at": c.entered_at})
        return json_parsed(
            scalar(
                select(row).where(
                    c.contact == frame.contact, c.funnel == self.funnel, c.entered_at <= frame.moments.now
                ),
                stages,
            )
        )

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        seen, holds = _("none"), False
        if observed is not None:
            seen = _("“{stage}” since {at}").format(
                stage=self._stage_label(observed["stage"], names), at=say_moment(observed["at"], zone)
            )
            ago = (day_of(at, zone) - day_of(observed["at"], zone)).days
            holds = (self.stage is None or observed["stage"] == self.stage) and (
                self.entered_days_ago is None or self.entered_days_ago.takes(ago)
            )
        return Verdict(
            what=_("stage of “{funnel}”").format(funnel=names.label("funnel", self.funnel)),
            observed=seen,
            wanted=self.words(names),
            holds=holds,
            state=True,
        )

    def _stage_label(self, stage: str, names: Names) -> str:
        return names.label("stage", f"{self.funnel}/{stage}")

    def words(self, names: Names) -> str:
        funnel = names.label("funnel", self.funnel)
        if self.stage is None:
            place = _("stands in a stage of “{funnel}”").format(funnel=funnel)
        else:
            place = _("stands in the stage “{stage}” of “{funnel}”").format(
                stage=self._stage_label(self.stage, names), funnel=funnel
            )
        if self.entered_days_ago is None:
            return place
        return self.entered_days_ago.say(
            place=place,
            exactly=lambda n: ngettext("{place}, entered {n} day ago", "{place}, entered {n} days ago", n),
            other=lambda n: ngettext(
                "{place}, entered on another day than {n} day ago",
                "{place}, entered on another day than {n} days ago",
                n,
            ),
            at_least=lambda n: ngettext(
                "{place}, entered at least {n} day ago", "{place}, entered at least {n} days ago", n
            ),
            at_most=lambda n: ngettext(
                "{place}, entered at most {n} day ago", "{place}, entered at most {n} days ago", n
            ),
            between=lambda n: ngettext(
                "{place}, entered between {low} and {n} day ago", "{place}, entered between {low} and {n} days ago", n
            ),
        )

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "stage.entered"})

    def drifts(self) -> bool:
        return self.entered_days_ago is not None

    def references(self) -> Iterator[tuple[str, str]]:
        yield "funnel", self.funnel
        if self.stage is not None:
            yield "stage", f"{self.funnel}/{self.stage}"

    def demands(self) -> Iterator[Demand]:
        if self.stage is not None:
            yield Demand(
                ("stage", self.funnel),
                Allowed(only=frozenset({self.stage})),
                can_miss=True,
                reversible=self.entered_days_ago is None,
            )

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if self.entered_days_ago is not None and impossible_number(self.entered_days_ago):
            return _("Nothing was ever {wanted} days ago.").format(wanted=self.entered_days_ago.sign())
        stages = catalogue.funnels.get(self.funnel) if catalogue is not None else None
        if stages is None or self.stage is None or self.stage in stages:
            return None
        return _("The funnel “{funnel}” has no stage “{stage}”.").format(funnel=self.funnel, stage=self.stage)
