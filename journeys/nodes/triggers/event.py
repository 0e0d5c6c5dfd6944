"""Events and changes of a contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, Connection, FromClause, and_, false, func, not_, or_, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant
from journeys.base.validation import SettingsError
from journeys.criteria import Filter, Recall, Where
from journeys.criteria.filters import FilterOp, Scalar
from journeys.criteria.frame import at_least, one
from journeys.criteria.saying import qualified
from journeys.nodes.keys import EventKind, Key
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import MOST_DAYS, ByEvent, SubjectKind, say_at
from journeys.store import tables as t
from journeys.store.dialect import json_text


class EventTrigger(ByEvent):
    """An event comes in; perhaps only the n-th one that fits, counted over all time or within some days."""

    type: Literal["event"] = "event"
    event: EventKind = Field(title=_("Event"))
    where: Where = Field((), title=_("Where"))
    nth: int | None = Field(None, title=_("Which time"), description=_("Empty: every time."), ge=1, le=1000)
    within_days: int | None = Field(
        None, title=_("Within days"), description=_("Empty: counted over all time."), ge=1, le=MOST_DAYS
    )

    @model_validator(mode="after")
    def _days_count_something(self) -> EventTrigger:
        if self.within_days is not None and self.nth is None:
            raise SettingsError(
                _("Days limit a count; say which time is meant, or leave the days empty."), "within_days"
            )
        return self

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        return frozenset({"event", "purchase", "contract"})

    def kinds(self) -> frozenset[str]:
        return frozenset({self.event})

    def recalls(self) -> Iterator[Recall]:
        if self.nth is not None:
            yield Recall("event", self.event, None if self.within_days is None else self.within_days * DAY)

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` (the table or an alias) brings its contact in.

        The n-th time is the event at which the count, over events up to this one by (at, id), is exactly n.
        """
        fits = self._fits(event)
        if self.nth is None:
            return fits
        earlier = t.event.alias()
        counted = [
            earlier.c.contact == event.c.contact,
            earlier.c.at <= event.c.at,
            or_(earlier.c.at < event.c.at, earlier.c.id < event.c.id),
            self._fits(earlier),
        ]
        if self.within_days is not None:
            counted.append(earlier.c.at > event.c.at - self.within_days * DAY)
        rows = select(one).where(*counted)
        enough = [at_least(rows, self.nth - 1, earlier)] if self.nth > 1 else []
        return and_(fits, *enough, not_(at_least(rows, self.nth, earlier)))

    def _fits(self, event: FromClause) -> ColumnElement[bool]:
        return and_(event.c.kind == self.event, *(condition.sql(event.c.data) for condition in self.where))

    def words(self, names: Names) -> str:
        return qualified(
            self._sentence(names.label("event", self.event)), [condition.words() for condition in self.where]
        )

    def _sentence(self, event: str) -> str:
        if self.nth is None:
            return _("“{event}” happens").format(event=event)
        times = ngettext("{n} time", "{n} times", self.nth).format(n=self.nth)
        if self.within_days is None:
            return _("“{event}” happens, {times}").format(event=event, times=times)
        days = ngettext("{n} day", "{n} days", self.within_days).format(n=self.within_days)
        return _("“{event}” happens, {times} within {days}").format(event=event, times=times, days=days)

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        fitting = select(func.count(), func.max(t.event.c.at)).where(
            t.event.c.contact == contact, t.event.c.at <= now, self._fits(t.event)
        )
        count, last = conn.execute(fitting).one()
        event = names.label("event", self.event)
        if not count:
            yield _("No fitting “{event}” has happened so far.").format(event=event)
        else:
            yield ngettext(
                "A fitting “{event}” has happened {n} time, last on {at}.",
                "A fitting “{event}” has happened {n} times, last on {at}.",
                count,
            ).format(event=event, n=count, at=say_at(last, zone))


class Becomes(BaseModel):
    """What a value has to come to. Asked of the new value and of the old one: only crossing counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: FilterOp = Field(title=_("Comparison"))
    value: Scalar | tuple[Scalar, ...] | None = Field(None, title=_("Value"))

    def of(self, side: Literal["old", "new"]) -> Filter:
        """The comparison with one side of a change."""
        return Filter(field=side, op=self.op, value=self.value)

    @model_validator(mode="after")
    def _is_a_comparison(self) -> Becomes:
        self.of("new")
        return self


class ChangeTrigger(ByEvent):
    """A field of the contact changes; perhaps only when its value comes to fulfil something that it did not before.

    “Reached 200 points” is the value crossing 200, by whatever step: from 199 to 201, and from no value at all. Writing
    the value that is there already is no change.
    """

    type: Literal["change"] = "change"
    attribute: Key = Field(title=_("Attribute"))
    becomes: Becomes | None = Field(None, title=_("Becomes"), description=_("Empty: any change."))

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        return frozenset({"event"})

    def kinds(self) -> frozenset[str]:
        return frozenset({"contact.changed"})

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        data = event.c.data
        mine = and_(event.c.kind == "contact.changed", json_text(data, "field") == self.attribute)
        if self.becomes is None:
            return mine
        return and_(
            mine,
            self.becomes.of("new").sql(data),
            # a value that was missing fulfilled nothing
            not_(func.coalesce(self.becomes.of("old").sql(data), false())),
        )

    def words(self, names: Names) -> str:
        attribute = names.label("attribute", self.attribute)
        if self.becomes is None:
            return _("“{attribute}” changes").format(attribute=attribute)
        # the sentence of the comparison speaks of the attribute under its own name
        said = self.becomes.of("new").model_copy(update={"field": _("“{field}”").format(field=attribute)}).words()
        return _("it comes to be that {comparison}").format(comparison=said)

    def references(self) -> Iterator[tuple[str, str]]:
        yield "attribute", self.attribute

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        changed = select(func.max(t.event.c.at)).where(
            t.event.c.contact == contact,
            t.event.c.kind == "contact.changed",
            t.event.c.at <= now,
            json_text(t.event.c.data, "field") == self.attribute,
        )
        at = conn.execute(changed).scalar()
        attribute = names.label("attribute", self.attribute)
        if at is None:
            yield _("“{attribute}” has not changed so far.").format(attribute=attribute)
        else:
            yield _("“{attribute}” changed last on {at}.").format(attribute=attribute, at=say_at(at, zone))
