"""Stages of a funnel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, FromClause, and_, select

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.nodes.keys import Key
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import ByEvent, Matching, about, say_at
from journeys.store import tables as t
from journeys.store.dialect import json_text


class StageTrigger(ByEvent):
    """A contact comes to a stage of a funnel, from another one or from none."""

    has_existing: ClassVar[bool] = True

    type: Literal["stage"] = "stage"
    funnel: Key = Field(title=_("Funnel"))
    stage: Key = Field(title=_("Stage"))

    def kinds(self) -> frozenset[str]:
        return frozenset({"stage.entered"})

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        data = event.c.data
        return and_(
            event.c.kind == "stage.entered",
            json_text(data, "funnel") == self.funnel,
            json_text(data, "stage") == self.stage,
        )

    def words(self, names: Names) -> str:
        return _("comes to the stage “{stage}” of “{funnel}”").format(
            stage=names.label("stage", f"{self.funnel}/{self.stage}"), funnel=names.label("funnel", self.funnel)
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield "stage", f"{self.funnel}/{self.stage}"

    def existing(self, *, now: Instant, zone: ZoneInfo) -> Matching | None:
        standing = t.contact_stage
        return select(standing.c.contact, *about(None)).where(
            standing.c.funnel == self.funnel, standing.c.stage == self.stage
        )

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        row = conn.execute(
            select(t.contact_stage).where(t.contact_stage.c.contact == contact, t.contact_stage.c.funnel == self.funnel)
        ).first()
        funnel = names.label("funnel", self.funnel)
        if row is None:
            yield _("The contact stands on no stage of “{funnel}”.").format(funnel=funnel)
        else:
            yield _("The contact has stood on the stage “{stage}” of “{funnel}” since {at}.").format(
                stage=names.label("stage", f"{self.funnel}/{row.stage}"),
                funnel=funnel,
                at=say_at(row.entered_at, zone),
            )
