"""Where a criterion is asked: of which contact, at which moment, within which passage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnCollection,
    ColumnElement,
    Exists,
    FromClause,
    Select,
    Text,
    exists,
    literal_column,
    select,
)

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of, day_start
from journeys.store import tables as t
from journeys.store.moments import Moments

Columns = ColumnCollection[str, ColumnElement[Any]]


class NeedsPassage(KanwaError):
    """A criterion that speaks of a passage through a journey, asked outside one."""

    text = N_(
        "“{words}” speaks of a passage through a journey, and there is none here. "
        "Use it inside a journey, or choose another time, such as ever."
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """The enrollment that scoped leaves speak of, as columns of the statement around."""

    #: id of the enrollment
    id: ColumnElement[int]
    since_at: ColumnElement[int]
    since_event: ColumnElement[int | None]
    subject_kind: ColumnElement[str | None]
    subject_id: ColumnElement[int | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a criterion is compiled against."""

    #: id of the contact, a column of the statement around; where it is `contact.id` its row is read directly
    contact: ColumnElement[int]
    moments: Moments
    #: "sqlite" or "postgresql"
    dialect: str
    #: None: scopes that speak of a passage are refused
    passage: Passage | None = None
    #: moment before which events and purchases count, where a step is asked as of an earlier moment than now
    before: ColumnElement[int] | None = None
    #: whether an event, by its id, counts already; None: all up to now do
    heard: Callable[[ColumnElement[int]], ColumnElement[bool]] | None = None

    def person(self) -> FromClause | None:
        """The contact table of the statement around, or None where only the id is at hand."""
        table = getattr(self.contact, "table", None)
        if getattr(self.contact, "name", "") == "id" and getattr(table, "element", table) is t.contact:
            assert table is not None
            return table  # type: ignore[no-any-return]
        return None

    def of_person(self, condition: Callable[[Columns], ColumnElement[bool]]) -> ColumnElement[bool]:
        """A condition on the contact's row."""
        table = self.person()
        if table is not None:
            return condition(table.c)
        other = t.contact.alias()
        return any_row(select(one).where(other.c.id == self.contact, condition(other.c)), other)

    def from_person(self, value: Callable[[Columns], ColumnElement[Any]]) -> ColumnElement[Any]:
        """A value of the contact's row."""
        table = self.person()
        if table is not None:
            return value(table.c)
        other = t.contact.alias()
        return scalar(select(value(other.c)).where(other.c.id == self.contact), other)

    def start_of_day(self, days: int) -> BindParameter[Any]:
        """The first instant of the workspace's day that lies `days` after today."""
        return self.moments.bind(partial(_start_of_day, days=days), BigInteger())

    def day(self, days: int) -> BindParameter[Any]:
        """The workspace's day `days` after today, as ISO text."""
        return self.moments.bind(partial(_day, days=days), Text())


#: the 1 of SELECT 1
one: ColumnElement[int] = literal_column("1")


def any_row(rows: Select[Any], *own: FromClause) -> Exists:
    """Whether there is a row; all tables but the query's own ones belong to the statement around."""
    return exists(rows.correlate_except(*own))


def at_least(rows: Select[Any], k: int, *own: FromClause) -> ColumnElement[bool]:
    """Whether there are k rows. Stops at the k-th, where counting would read them all."""
    if k > 1:
        rows = rows.limit(one).offset(literal_column(str(k - 1)))
    return any_row(rows, *own)


def scalar(value: Select[Any], *own: FromClause) -> ColumnElement[Any]:
    """The one value of a query; NULL where it has no row."""
    return value.correlate_except(*own).scalar_subquery()


def _start_of_day(now: Instant, zone: ZoneInfo, *, days: int) -> int:
    return day_start(day_of(now, zone) + timedelta(days=days), zone)


def _day(now: Instant, zone: ZoneInfo, *, days: int) -> str:
    return (day_of(now, zone) + timedelta(days=days)).isoformat()
