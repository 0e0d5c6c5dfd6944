"""Temporary tables of a tick: one set per connection.

Whoever fills one empties it again in the same transaction, so that all but `way` are empty when the next one begins; a
roll-back takes back both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    select,
    text,
)

from journeys.nodes.cohort import barred, dated, members
from journeys.store.kept import Kept
from journeys.store.store import Store
from journeys.store.tables import Id, Str, fresh

_temporary = MetaData()
_prefixes = ["TEMPORARY"]

cohort = members

#: where each outlet leads, for every plan in use: the move is then one statement for the whole cohort.
#: outlet "" stands for “is at this node”: it gives a picked-up member its outlet where that needs no question
way = Table(
    "way",
    _temporary,
    Column("version", Id),
    Column("node", Str),
    Column("outlet", Str),
    #: "" where the outlet leads nowhere: the passage is over
    Column("target", Str, nullable=False),
    Column("phase", Integer, nullable=False),
    #: the outlet taken at the target without a question
    Column("next_outlet", Str),
    Column("next_reason", Str, nullable=False),
    Column("state", Str, nullable=False),
    PrimaryKeyConstraint("version", "node", "outlet"),
    prefixes=_prefixes,
)

#: due times by time zone, filled for one node at a time
due = Table(
    "due_in_zone",
    _temporary,
    Column("zone", Str, primary_key=True),
    #: since when members rest; whoever was put to a node by an edit may have come there earlier than now
    Column("since_at", BigInteger, primary_key=True, server_default="0"),
    Column("due_at", BigInteger, nullable=False),
    prefixes=_prefixes,
)

#: a lot of fresh events
lot = Table(
    "lot",
    _temporary,
    Column("event", Id, primary_key=True, autoincrement=False),
    Column("contact", Id, nullable=False),
    Column("kind", Str, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("quiet", Boolean, nullable=False),
    #: the how-manieth event of its contact in the lot, from 1, by (at, event): each round has one event a contact.
    #: 0: touches nobody's passage, counts for segments only
    Column("rank", Integer, nullable=False),
    Index("ix_lot_contact", "contact"),
    prefixes=_prefixes,
)

#: fresh changes of products, or of rows of feeds
thing = Table("thing", _temporary, Column("id", Id, primary_key=True, autoincrement=False), prefixes=_prefixes)

#: contacts who match a trigger and may come in
candidate = Table(
    "candidate",
    _temporary,
    Column("id", Integer, primary_key=True),
    Column("contact", Id, nullable=False),
    Column("event", Id),
    #: the moment of the match
    Column("at", BigInteger, nullable=False),
    Column("subject_kind", Str),
    Column("subject_id", Id),
    Column("key", Str, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    #: "" may come in; else why not
    Column("miss", Str, nullable=False),
    #: the values of the audience's criterion, where it was a miss
    Column("values", Str),
    Index("ix_candidate_contact", "contact"),
    prefixes=_prefixes,
)

#: passages that end by an exit criterion or a goal
ending = Table(
    "ending",
    _temporary,
    Column("enrollment", Id, primary_key=True, autoincrement=False),
    Column("state", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("at", BigInteger, nullable=False),
    prefixes=_prefixes,
)

#: contacts entering or leaving one segment
movement = Table(
    "movement",
    _temporary,
    Column("contact", Id, primary_key=True, autoincrement=False),
    Column("enters", Boolean, nullable=False),
    Column("quiet", Boolean, nullable=False),
    prefixes=_prefixes,
)

#: what happens with whoever stands on a node of another version while members move to one version
course = Table(
    "course",
    _temporary,
    Column("version", Id),
    Column("node", Str),
    Column("target", Str, nullable=False),
    #: leaves the journey instead
    Column("exits", Boolean, nullable=False),
    #: goes on with its stay: what it has waited so far counts
    Column("stays", Boolean, nullable=False),
    #: what happens on arrival has to be done (again)
    Column("arrives", Boolean, nullable=False),
    #: is looked at now
    Column("looks", Boolean, nullable=False),
    #: "keep", "remake" (one not on its way yet is replaced) or "cancel": the messages of the stay
    Column("messages", Str, nullable=False),
    Column("reason", Str, nullable=False),
    PrimaryKeyConstraint("version", "node"),
    prefixes=_prefixes,
)

#: members about to move to another version
moving = Table(
    "moving",
    _temporary,
    Column("enrollment", Id, primary_key=True, autoincrement=False),
    prefixes=_prefixes,
)

_unheard, _fresh = lot.alias("unheard"), fresh.alias("still_fresh")


def heard(event: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an event, by its id, has been heard in the round of the lot that is going on, or before."""
    later = select(1).where(_unheard.c.event == event, _unheard.c.rank > bindparam("rank", type_=Integer()))
    waiting = select(1).where(_fresh.c.event == event)
    return and_(~exists(later.correlate_except(_unheard)), ~exists(waiting.correlate_except(_fresh)))


TABLES = (cohort, dated, barred, way, due, lot, thing, candidate, ending, movement, course, moving)

_WAYS = "kanwa_ways"

_LED = select(way.c.version).distinct()
_CLEAR = {table: Kept(delete(table)) for table in TABLES}
# nothing vacuums a temporary table: after DELETE every later scan of the cohort walks over all the dead rows of earlier
# ones
_TRUNCATE = {table: Kept(text(f"TRUNCATE {table.name}")) for table in TABLES}


@contextmanager
def work(store: Store, *, durable: bool = False) -> Iterator[Connection]:
    """One write transaction on a connection that has the temporary tables, all of them empty but `way`.

    A tick is many of them, one after the other: whoever else waits to write comes in between.
    """
    store.give_way()
    info: dict[Any, Any] = {}
    try:
        with store.write(durable=durable, temporary=TABLES) as conn:
            info = conn.info
            yield conn
    except BaseException:
        # rolled back, and with it what it put into `way`
        info.pop(_WAYS, None)
        raise


def known_ways(conn: Connection) -> set[int]:
    """The versions whose ways are in `way`; whoever puts in others says so here."""
    known: set[int] | None = conn.info.get(_WAYS)
    if known is None:
        # after a roll-back too: what earlier transactions put in is there still
        known = conn.info[_WAYS] = set(conn.execute(_LED).scalars())
    return known


def clear(conn: Connection, *tables: Table) -> None:
    """Empty temporary tables after use."""
    clearing = _CLEAR if conn.dialect.name == "sqlite" else _TRUNCATE
    for table in tables:
        conn.execute(clearing[table])
