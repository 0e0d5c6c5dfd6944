"""Movements between segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, Connection, FromClause, and_, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant
from journeys.base.validation import SettingsError
from journeys.criteria.frame import any_row, one
from journeys.nodes.keys import Key
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import ByEvent, Matching, about, say_at
from journeys.store import tables as t
from journeys.store.dialect import json_text


class SegmentTrigger(ByEvent):
    """A contact enters or leaves a segment, perhaps coming from another one.

    Movements are events; those that an import caused are quiet. Who has come from another segment left it in the same
    breath, or at most so many days before (of 24 hours); that segment being edited is no leaving.
    """

    has_existing: ClassVar[bool] = True

    type: Literal["segment"] = "segment"
    segment: Key = Field(title=_("Segment"))
    movement: Literal["entered", "left"] = Field("entered", title=_("Movement"))
    moved_from: Key | None = Field(None, title=_("Coming from"), description=_("Empty: from anywhere."))
    left_within_days: int = Field(
        0, title=_("Left it at most days before"), description=_("0: at the same moment."), ge=0, le=366
    )

    @model_validator(mode="after")
    def _comes_from_another(self) -> SegmentTrigger:
        if self.moved_from is not None:
            if self.movement == "left":
                raise SettingsError(_("Only who enters a segment comes from another one."), "moved_from")
            if self.moved_from == self.segment:
                raise SettingsError(_("Nobody enters a segment coming from itself; choose another one."), "moved_from")
        elif self.left_within_days:
            raise SettingsError(_("Days say how long ago the other segment was left; name it."), "left_within_days")
        return self

    def kinds(self) -> frozenset[str]:
        return frozenset({f"segment.{self.movement}"})

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` brings its contact in."""
        moved = and_(event.c.kind == f"segment.{self.movement}", json_text(event.c.data, "segment") == self.segment)
        return and_(moved, self._came(event.c.contact, event.c.at)) if self.moved_from is not None else moved

    def _came(self, contact: ColumnElement[int], at: ColumnElement[int]) -> ColumnElement[bool]:
        before = t.membership.alias()
        left = select(one).where(
            before.c.contact == contact,
            before.c.segment == self.moved_from,
            before.c.to_at <= at,
            before.c.to_at >= at - self.left_within_days * DAY,
            before.c.left_reason != "rebased",
        )
        return any_row(left, before)

    def words(self, names: Names) -> str:
        segment = names.label("segment", self.segment)
        if self.movement == "left":
            return _("leaves the segment “{segment}”").format(segment=segment)
        if self.moved_from is None:
            return _("enters the segment “{segment}”").format(segment=segment)
        other = names.label("segment", self.moved_from)
        if not self.left_within_days:
            return _("moves from the segment “{other}” to “{segment}”").format(segment=segment, other=other)
        return ngettext(
            "enters the segment “{segment}” within {n} day of leaving “{other}”",
            "enters the segment “{segment}” within {n} days of leaving “{other}”",
            self.left_within_days,
        ).format(segment=segment, other=other, n=self.left_within_days)

    def references(self) -> Iterator[tuple[str, str]]:
        yield "segment", self.segment
        if self.moved_from is not None:
            yield "segment", self.moved_from

    def existing(self, *, now: Instant, zone: ZoneInfo) -> Matching | None:
        if self.movement == "left":
            return None
        inside = t.membership
        asked = [inside.c.segment == self.segment, inside.c.to_at.is_(None)]
        if self.moved_from is not None:
            asked.append(self._came(inside.c.contact, inside.c.from_at))
        return select(inside.c.contact, *about(None)).where(*asked)

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        for key in (self.segment, *((self.moved_from,) if self.moved_from else ())):
            segment = names.label("segment", key)
            row = conn.execute(
                select(t.membership.c.from_at, t.membership.c.to_at, t.membership.c.reason)
                .where(t.membership.c.contact == contact, t.membership.c.segment == key)
                .order_by(t.membership.c.id.desc())
                .limit(1)
            ).first()
            if row is None:
                yield _("The contact was never in the segment “{segment}”.").format(segment=segment)
            elif row.to_at is not None:
                yield _("The contact left the segment “{segment}” on {at}.").format(
                    segment=segment, at=say_at(row.to_at, zone)
                )
            else:
                yield _inside(row.reason).format(segment=segment, at=say_at(row.from_at, zone))


def _inside(reason: str) -> str:
    match reason:
        case "rebased":
            return _("The contact was in the segment “{segment}” when it was worked out, on {at}, without a movement.")
        case "import":
            return _("An import put the contact into the segment “{segment}” on {at}; history starts no journeys.")
        case _:
            return _("The contact has been in the segment “{segment}” since {at}.")
