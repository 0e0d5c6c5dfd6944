"""The cohort: due members of one journey, walked together through instantaneous nodes until every one rests.

It is a temporary table. A node's step is SQL over its rows; nothing walks contacts one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import BigInteger, Column, ColumnElement, Executable, Integer, MetaData, Table, Text

from journeys.base.catalogue import TRANSPORTS
from journeys.base.time import Instant
from journeys.store.moments import Moments
from journeys.store.tables import Id, Str

_temporary = MetaData()


class Phase(IntEnum):
    """Where a member is within the present tick."""

    #: has just come to its node
    ARRIVED = 0
    #: its time at the node is over: it takes an outlet, or is told to rest on
    DUE = 1
    #: rests until its due_at, or until something wakes it
    RESTS = 2
    #: has ended the journey
    ENDED = 3


#: one row a member; the columns up to `zone` are read from enrollment and contact, the others are the walk's
members = Table(
    "cohort",
    _temporary,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("contact", Id, nullable=False),
    Column("version", Id, nullable=False),
    Column("subject_kind", Str),
    Column("subject_id", Id),
    Column("since_at", BigInteger, nullable=False),
    Column("since_event", Id),
    Column("draw", Integer, nullable=False),
    #: the contact's time zone as stored, "" without one
    Column("zone", Str, nullable=False),
    Column("node", Str, nullable=False),
    Column("n", Integer, nullable=False),
    Column("arrived_at", BigInteger, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("due_at", BigInteger),
    #: when the member was due in this tick; steps that act at once are as late as it was taken up
    Column("was_due_at", BigInteger, nullable=False),
    Column("outlet", Str),
    Column("reason", Str, nullable=False),
    #: JSON text for the trace; what a node kept of an earlier look (`Outcome.keeps_values`) is there at the next
    Column("values", Text),
    #: event a listening wait found
    Column("found", Id),
    #: what its moment is worked out from, as text, and what came of it (see `Named`)
    Column("base", Str),
    Column("named_at", BigInteger),
    Column("until", BigInteger),
    Column("again_at", BigInteger),
    #: hops made in this tick
    Column("hops", Integer, nullable=False),
    Column("state", Str, nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a date, or another base, means by the clock of one zone."""

    #: the moment itself
    named_at: Instant
    #: the same, or the first moment of the window behind it
    until: Instant
    #: when a member that is late goes on
    again_at: Instant | None = None


#: what the bases of one node's members mean in each zone
dated = Table(
    "dated",
    _temporary,
    Column("zone", Str, primary_key=True),
    Column("base", Str, primary_key=True),
    Column("named_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("again_at", BigInteger),
    prefixes=["TEMPORARY"],
)

#: contacts of one node's members whose address is on the suppression list
barred = Table(
    "barred",
    _temporary,
    Column("contact", Id, primary_key=True, autoincrement=False),
    Column("channel", Str, primary_key=True),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The message that each member makes who comes to a node that hands over."""

    #: "email", "webhook" …
    channel: str
    message_class: str
    template: str = ""
    purpose: str = ""
    sender: str = ""
    #: seconds after which it is given up
    lasts: int
    #: whether the member rests until the outcome is known
    waits: bool
    #: whether it may be handed over again when nobody knows what became of it
    repeatable: bool = False


#: when the members of each time zone are due: {zone as in `members.zone`: instant}
DueTable = dict[str, Instant]


@dataclass(frozen=True, slots=True)
class Cohort:
    """What a step may speak of: the members' table, the moments of its statement, and whose journey it is.

    An expression a step returns is evaluated for the rows of `members` that are at the node and due.
    """

    #: the id in the journey file
    journey: str
    #: row id of the version
    version: int
    #: id of the node
    node: str
    moments: Moments
    #: "sqlite" or "postgresql"
    dialect: str
    #: channels by which a message of the node can go: the installation hands them over, and the template has a body
    channels: frozenset[str] = TRANSPORTS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What due members do at a node, as expressions over `members`."""

    #: outlet taken; NULL: rests on until `due_at`
    outlet: ColumnElement[str | None]
    #: a short stable reason code for trace and counters; "" where the outlet says it all
    reason: ColumnElement[str] | None = None
    #: JSON text of the values compared; NULL where nothing was
    values: ColumnElement[str | None] | ColumnElement[str] | None = None
    #: for those that rest on: when to look again; NULL: something wakes them
    due_at: ColumnElement[int | None] | None = None
    #: worked out first and kept in `members.found`, so that `outlet` may use it
    found: ColumnElement[int | None] | None = None
    #: whether the values of who rests on are kept with the passage: worked out once, they are to be found again
    keeps_values: bool = False
    #: run before anything is asked, with the moments of the cohort: takes what there is too little of for everybody
    first: Executable | None = None
