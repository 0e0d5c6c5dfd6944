"""Happenings: what changed about products and rows of feeds since the last tick lets in whom it concerns.

Fresh rows are few and contacts many: a statement starts from the rows, finds the contacts by what the audience demands
of them (who viewed the product, who is in a segment) or by the attribute the row is about, and only then asks the whole
audience.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    FromClause,
    Insert,
    Integer,
    Table,
    and_,
    bindparam,
    insert,
    literal,
    null,
    select,
    true,
    update,
)

from journeys.base.time import Instant
from journeys.criteria import Frame, Passage, compile_criterion, holders
from journeys.engine import scratch
from journeys.engine.enroll import admit, into_candidates, subject_key
from journeys.engine.live import Live
from journeys.engine.plan import Plan
from journeys.engine.scratch import thing
from journeys.nodes.triggers import ByThing
from journeys.nodes.triggers.on import about
from journeys.store import tables as t
from journeys.store.moments import Moments

#: fresh rows of one transaction: each may bring in as many contacts as the audience has
LOT = 100

_now = bindparam("now", type_=BigInteger())


def _take(table: Table) -> Insert:
    return insert(thing).from_select(
        ["id"],
        select(table.c.id)
        .where(table.c.fresh_at <= _now)
        .order_by(table.c.fresh_at, table.c.id)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(skip_locked=True),
    )


_TAKE_PRODUCTS, _TAKE_ROWS = _take(t.product_event), _take(t.feed_row)
_mine = select(thing.c.id)
_PRODUCTS_SEEN = update(t.product_event).where(t.product_event.c.id.in_(_mine)).values(fresh_at=null())
# what the engine has seen is what the next change is compared with
_ROWS_SEEN = update(t.feed_row).where(t.feed_row.c.id.in_(_mine)).values(fresh_at=null(), before=t.feed_row.c.data)


@dataclass(slots=True)
class Happened:
    """What the fresh rows of one transaction did."""

    things: int = 0
    entered: int = 0
    missed: Counter[str] = field(default_factory=Counter)


def happen(conn: Connection, journeys: list[Live], *, now: Instant, zone: ZoneInfo, limit: int = LOT) -> Happened:
    """Take at most `limit` fresh changes of products and of feeds each, in the open transaction that has locked the
    journeys. Fewer `things` than `limit` means that there are no more."""
    done = Happened()
    for take, seen, table in (
        (_TAKE_PRODUCTS, _PRODUCTS_SEEN, t.product_event),
        (_TAKE_ROWS, _ROWS_SEEN, t.feed_row),
    ):
        taken = conn.execute(take, {"now": now, "limit": limit}).rowcount
        if not taken:
            continue
        done.things = max(done.things, taken)
        for live in journeys:
            if live.entry is not None:
                _let_in(conn, live, live.entry, table, done, now=now, zone=zone)
        conn.execute(seen)
        scratch.clear(conn, thing)
    return done


def _let_in(
    conn: Connection, live: Live, plan: Plan, table: Table, done: Happened, *, now: Instant, zone: ZoneInfo
) -> None:
    for id_, trigger in plan.triggers.items():
        on = trigger.on
        if plan.steps[id_].off or not isinstance(on, ByThing) or on.things(t.contact).rows is not table:
            continue
        statement, moments = _concerned(plan, id_, conn.dialect.name)
        matching = conn.execute(statement, moments.values(now, zone)).rowcount
        if not matching:
            continue
        admitted = admit(
            conn, plan, id_, matching, as_of=now, now=now, zone=zone, record_misses=False, asked=True,
            paused=live.paused,
        )  # fmt: skip
        done.entered += admitted.entered
        done.missed.update(admitted.missed)


@lru_cache(maxsize=1000)
def _concerned(plan: Plan, trigger: str, dialect: str) -> tuple[Insert, Moments]:
    """Puts the contacts whom the things taken concern, and who are in the audience, into `candidate`."""
    node = plan.triggers[trigger]
    on = node.on
    assert isinstance(on, ByThing)
    things = on.things(t.contact)
    rows, row = things.rows, things.rows.c
    subject_kind, subject_id = about(on.thing, row.id) if node.subject == on.thing else about(None)
    moments = Moments()
    frame = Frame(
        contact=t.contact.c.id,
        moments=moments,
        dialect=dialect,
        passage=Passage(
            id=null().cast(BigInteger),
            since_at=things.at,
            since_event=literal(None, BigInteger()),
            subject_kind=subject_kind,
            subject_id=subject_id,
        ),
    )
    # `+ 0` keeps the few things taken the outer loop
    taken: FromClause = thing.join(rows, row.id == thing.c.id + 0)
    found = None
    if things.concerns is None and node.only is not None:
        found = holders(node.only, frame, things.product if node.subject == on.thing else None)
    if found is not None:
        # DISTINCT in a table of its own: who viewed the product ten times is asked once
        pairs = (
            select(row.id.label("thing"), found.contact.label("contact"))
            .select_from(taken.join(found.rows, and_(*found.where)))
            .where(things.matches)
            .distinct()
            .subquery("pairs")
        )
        source: FromClause = pairs.join(rows, row.id == pairs.c.thing).join(
            t.contact, t.contact.c.id == pairs.c.contact
        )
    else:
        source = taken.join(t.contact, true() if things.concerns is None else things.concerns)
    asked = [things.matches, things.at >= plan.published_at, t.contact.c.erased_at.is_(None)]
    if node.only is not None:
        asked.append(compile_criterion(node.only, frame))
    return into_candidates(
        select(
            t.contact.c.id.label("contact"),
            null().cast(BigInteger).label("event"),
            things.at.label("at"),
            subject_kind,
            subject_id,
            subject_key(plan, subject_kind, subject_id).label("key"),
            things.at.label("due_at"),
        )
        .select_from(source)
        .where(*asked)
    ), moments
