"""What every family of trigger gives, and the three ways in which the engine asks it.

By event: one event of one contact brings that contact in, as the event is heard. By day: asked once for each day of the
workspace, as of its start. By thing: something of the store that concerns many contacts changes, such as a product.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    literal,
    null,
    select,
    union_all,
)

from journeys.base.i18n import _
from journeys.base.time import Instant, day_start, moment, zone_of
from journeys.nodes.cohort import DueTable
from journeys.nodes.node import Around, Names
from journeys.nodes.problem import Problem
from journeys.nodes.windows import clock_first_shows
from journeys.store.attribute_indexes import IndexOn

SubjectKind = Literal["purchase", "contract", "event", "product", "feed"]

#: (contact, subject_kind, subject_id)
Matching = Select[tuple[int, str | None, int | None]]

#: longest stretch that an n-th time is counted in, and farthest offset from a day
MOST_DAYS = 3660


class On(BaseModel):
    """What brings contacts in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: tells the family in the file
    type: str
    #: whether “who matches already” means anybody
    has_existing: ClassVar[bool] = False

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        """Kinds of things that a match can name."""
        return frozenset()

    def words(self, names: Names) -> str:
        """What starts, as a sentence without its beginning and full stop: “enters the segment “vip””."""
        raise NotImplementedError

    def references(self) -> Iterator[tuple[str, str]]:
        """(kind of thing, key) for every key of the outside."""
        yield from ()

    def problems(self, around: Around) -> Iterator[Problem]:
        """What is wrong with these settings."""
        yield from ()

    def attributes(self) -> Iterator[tuple[str, IndexOn]]:
        """(attribute, how it is searched) for attributes that contacts are found by; each gets an index."""
        yield from ()

    def existing(self, *, now: Instant, zone: ZoneInfo) -> Matching | None:
        """Who matches already at `now`, for `has_existing`; None where nobody can."""
        return None

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        """How a contact that this has not brought in stands to it, in sentences."""
        yield from ()


class ByEvent(On):
    """An event of a contact brings that contact in."""

    def kinds(self) -> frozenset[str]:
        """Kinds of the events."""
        raise NotImplementedError

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` (the table or an alias) brings its contact in."""
        raise NotImplementedError


class ByDay(On):
    """A day comes that brings contacts in. Days are the workspace's.

    Asked as of the start of the day: what is recorded for a later moment does not count yet, so that a day missed and
    made up for gives what it would have given.
    """

    #: whether every living contact matches, so that only the audience narrows it
    brings_everybody: ClassVar[bool] = False

    def falls_on(self, day: dt.date) -> bool:
        """Whether anybody can come in on that day; False spares the question."""
        return True

    def matching(self, day: dt.date, zone: ZoneInfo) -> Matching:
        """(contact, subject_kind, subject_id) of all for whom it falls on a day of the workspace in `zone`."""
        raise NotImplementedError

    def due(self, zones: Iterable[str], day: dt.date, zone: ZoneInfo) -> DueTable:
        """When those who come in on that day move on, by the zone of each; `zone` is for contacts without one."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Things:
    """Fresh changes of things, as a statement asks for them."""

    #: rows of the things' table
    rows: FromClause
    #: which of them match
    matches: ColumnElement[bool]
    #: when each changed
    at: ColumnElement[int]
    #: the product each is about, where it is about one
    product: ColumnElement[Any] | None = None
    #: which contacts a row concerns, beside the audience; None: all
    concerns: ColumnElement[bool] | None = None


class ByThing(On):
    """Something of the store that concerns many contacts changes. Whom it brings in is for the audience to say."""

    #: what rows are, as subjects
    thing: ClassVar[SubjectKind]

    def things(self, contact: FromClause) -> Things:
        """The changes that bring in; `contact` is the table that `concerns` speaks of."""
        raise NotImplementedError


def due_at_clock(zones: Iterable[str], day: dt.date, clock: dt.time, zone: ZoneInfo) -> DueTable:
    """When the clock of each zone shows the time on that day; `zone` is for contacts without one."""
    return {name: clock_first_shows(day, clock, zone_of(name, zone)) for name in zones}


def within_day(column: ColumnElement[Any], day: dt.date, zone: ZoneInfo) -> ColumnElement[bool]:
    """Whether UTC seconds fall on a day of `zone`."""
    return and_(column >= day_start(day, zone), column < day_start(day + dt.timedelta(days=1), zone))


def about(
    kind: SubjectKind | None, id_: ColumnElement[Any] | None = None
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The columns subject_kind and subject_id; of nothing without a kind."""
    if kind is None or id_ is None:
        return null().cast(Text).label("subject_kind"), null().cast(BigInteger).label("subject_id")
    return literal(kind, Text()).label("subject_kind"), id_.label("subject_id")


def flat(*parts: Select[Any]) -> Matching:
    """Several matches as one."""
    rows = union_all(*parts).subquery("matches")
    return select(rows.c.contact, rows.c.subject_kind, rows.c.subject_id)


def say_at(at: int | None, zone: ZoneInfo) -> str:
    """A moment for the trace, in the workspace's zone; “never” for none."""
    return _("never") if at is None else f"{moment(Instant(at), zone):%Y-%m-%d %H:%M}"
