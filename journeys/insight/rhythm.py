"""Rhythm: how long contacts take from one purchase to the next.

Counted are distinct days of purchase by the workspace's clock; a gap is the time from one such day to the next, and who
bought on one day only has none. Of a contact, of a segment and of all there is a mean and a median: gaps are skewed, and
a few long ones make the mean twice the median (CDNOW: 72 days against 34).

Contacts are brought up to date as purchases come in, groups once a workspace day. Everything is whole numbers in set
statements, so that both databases agree to the second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
    update,
)

from journeys.base.time import DAY, Instant, day_of, jumps, moment
from journeys.engine.live import Roll
from journeys.nodes.wait import PurchaseRhythm, Wait
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.dialect import in_ids
from journeys.store.store import Store

#: contacts brought up to date in one transaction
LOT = 1_000
#: the segment that stands for all contacts
ALL = ""
#: settings: the workspace day for which the groups were worked out, and the zone whose days are counted
RHYTHM_ON = "rhythm_on"
RHYTHM_ZONE = "rhythm_zone"

#: added before days are counted, so that purchases before 1970 are rounded down and not towards it
_EPOCH = 1_000_000 * DAY

_p, _r = t.purchase.c, t.rhythm.c
_now = bindparam("now", type_=BigInteger())
# as the partial index says it; a bound parameter would hide it from both planners
_not_counted: ColumnElement[bool] = literal_column("NOT purchase.counted")

_SOME = select(1).where(_not_counted, _p.at <= _now).limit(1)
_KNOWN = select(_r.segment).where(_r.segment.is_not(None))
_SPAN = select(func.min(_p.at), func.max(_p.at)).where(_p.at <= _now)
_TAKE = select(_p.contact).where(_not_counted, _p.at <= _now).distinct().order_by(_p.contact).limit(LOT)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was brought up to date."""

    contacts: int = 0
    #: segments, and all contacts as one
    groups: int = 0


def groups_asked(store: Store, roll: Roll) -> frozenset[str]:
    """The segments (`ALL`: all contacts) whose rhythm waits of journeys that run fall back to; none: nobody asks.

    Where nobody asks, purchases wait to be counted until the first one is published: working out the rhythm of whoever
    bought took a third of a shop's month (15 ms a beat with purchases).
    """
    with store.read() as conn:
        return frozenset(
            step.node.rule.segment or ALL
            for live in roll.call(conn)
            for plan in live.plans.values()
            for step in plan.steps.values()
            if isinstance(step.node, Wait) and isinstance(step.node.rule, PurchaseRhythm)
        )


def refresh(
    store: Store, asked: Collection[str], *, now: Instant, keep_going: Callable[[], bool] = lambda: True
) -> Refreshed:
    """Bring rhythms up to date with the purchases up to `now`: of contacts, of all, and of the segments `asked` for.
    Nothing is written where nothing is new.

    Contacts lot by lot, each in a transaction of its own; then, on a new workspace day or for a segment that a journey
    has begun to ask for, the groups. `keep_going` is asked between transactions.
    """
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        counted_in = settings.get(conn, RHYTHM_ZONE)
        some = conn.execute(_SOME, {"now": now}).first() is not None
        # before anybody has bought there is nothing to work out
        groups = _groups_wanted(conn, asked, day_of(now, zone).isoformat()) if some or counted_in else []
    if counted_in != zone.key and (some or counted_in is not None):
        with store.write() as conn:
            if counted_in is not None:
                # the days are others now: everything is counted anew
                conn.execute(delete(t.rhythm))
                conn.execute(update(t.purchase).values(counted=False))
                groups = _groups_wanted(conn, asked, "")
            settings.put(conn, RHYTHM_ZONE, zone.key)
        some = True
    contacts = 0
    while some and keep_going():
        with store.write() as conn:
            done = _refresh_lot(conn, now=now, zone=zone)
        contacts += done
        some = done == LOT
    if groups and keep_going():
        _refresh_groups(store, groups, now=now, zone=zone)
        return Refreshed(contacts, len(groups))
    return Refreshed(contacts)


def _refresh_lot(conn: Connection, *, now: Instant, zone: ZoneInfo) -> int:
    """Work out the rhythm of some contacts with new purchases; returns how many they are."""
    at = {"now": now}
    lot = list(conn.execute(_TAKE, at).scalars())
    if lot:
        # two runtimes take the same contacts one after the other
        person = t.contact.c.id
        conn.execute(select(person).where(in_ids(person, lot)).order_by(person).with_for_update(key_share=True))
        theirs = in_ids(_p.contact, lot)
        # first: a purchase that is committed meanwhile is not marked and comes next time
        conn.execute(update(t.purchase).where(_not_counted, _p.at <= _now, theirs).values(counted=True), at)
        span = conn.execute(_SPAN.where(theirs), at).one()
        conn.execute(delete(t.rhythm).where(in_ids(_r.contact, lot)))
        conn.execute(_work_out(theirs, _years(span), zone), at)
    return len(lot)


def _groups_wanted(conn: Connection, asked: Collection[str], today: str) -> list[str]:
    """Segments, and all contacts, whose rhythm is to be worked out."""
    wanted = {ALL, *asked}
    if settings.get(conn, RHYTHM_ON) == today:
        wanted -= set(conn.execute(_KNOWN).scalars())
    return sorted(wanted)


def _refresh_groups(store: Store, groups: list[str], *, now: Instant, zone: ZoneInfo) -> None:
    """Work out the rhythm of groups."""
    with store.read() as conn:
        # read without the write lock: on SQLite others write meanwhile
        span = conn.execute(_SPAN, {"now": now}).one()
        measured = {}
        if span[0] is not None:
            measured = {
                segment: conn.execute(_measure(_years(span), zone, segment), {"now": now}).one() for segment in groups
            }
    with store.write() as conn:
        conn.execute(delete(t.rhythm).where(_r.segment.in_(groups)))
        rows = [
            {"segment": segment, "gaps": one.gaps, "mean_seconds": one.mean, "median_seconds": one.median}
            for segment, one in measured.items()
        ]
        if rows:
            conn.execute(insert(t.rhythm), rows)
        settings.put(conn, RHYTHM_ON, day_of(now, zone).isoformat())


# --- statements ------------------------------------------------------------------------------------------------------


def _years(span: Any) -> tuple[int, int]:
    """A span of moments widened to whole years of 365 days, so that few different statements are made."""
    first, last = span
    year = 365 * DAY
    return first // year * year, (last // year + 1) * year


def _work_out(theirs: ColumnElement[bool], years: tuple[int, int], zone: ZoneInfo) -> Insert:
    """Inserts the rhythm of each contact of a lot who has bought on two days."""
    ranked = _ranked(_gaps(theirs, years, zone), by_contact=True)
    return insert(t.rhythm).from_select(
        ["contact", "gaps", "mean_seconds", "median_seconds"],
        select(ranked.c.contact, *_measures(ranked)).group_by(ranked.c.contact).order_by(ranked.c.contact),
    )


def _measure(years: tuple[int, int], zone: ZoneInfo, segment: str) -> Select[Any]:
    """(gaps, mean, median) of the contacts in a segment, or of all."""
    who: ColumnElement[bool] = true()
    if segment != ALL:
        who = _p.contact.in_(
            select(t.membership.c.contact).where(t.membership.c.segment == segment, t.membership.c.to_at.is_(None))
        )
    ranked = _ranked(_gaps(who, years, zone), by_contact=False)
    return select(*_measures(ranked))


def _gaps(who: ColumnElement[bool], years: tuple[int, int], zone: ZoneInfo) -> Subquery:
    """(contact, gap in days), one for each two purchase days that follow each other."""
    # by constants: whole days since some day, by the clock that the zone has at that moment
    day = (_p.at + _ahead(years, zone) + literal(_EPOCH, BigInteger())) // literal(DAY, BigInteger())
    days = select(_p.contact, day.label("day")).where(who, _p.at <= _now).distinct().subquery("days")
    before = func.lag(days.c.day).over(partition_by=days.c.contact, order_by=days.c.day)
    gaps = select(days.c.contact, (days.c.day - before).label("gap")).subquery("every_day")
    return select(gaps.c.contact, gaps.c.gap).where(gaps.c.gap.is_not(None)).subquery("gaps")


def _ahead(years: tuple[int, int], zone: ZoneInfo) -> ColumnElement[int]:
    """How many seconds the clock of `zone` is ahead of UTC when a purchase is made."""
    first, last = Instant(years[0]), Instant(years[1])
    changes = _changes(first, last, zone)
    stretches = [
        (_p.at < change, _offset(before, zone)) for before, change in zip([first, *changes], changes, strict=False)
    ]
    end = literal(_offset(Instant(last), zone), BigInteger())
    return cast(case(*stretches, else_=end), BigInteger) if stretches else end


@lru_cache(maxsize=100)
def _changes(first: Instant, last: Instant, zone: ZoneInfo) -> list[Instant]:
    # some 3 ms a year
    return list(jumps(first, last, zone))


def _offset(at: Instant, zone: ZoneInfo) -> int:
    ahead = moment(at, zone).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())


def _ranked(gaps: Subquery, *, by_contact: bool) -> Subquery:
    """The gaps with their place in the order of length and their number, of each contact or of all together."""
    group = gaps.c.contact if by_contact else None
    return select(
        gaps.c.contact,
        gaps.c.gap,
        func.row_number().over(partition_by=group, order_by=gaps.c.gap).label("place"),
        func.count().over(partition_by=group).label("n"),
    ).subquery("ranked")


def _measures(ranked: Subquery) -> tuple[ColumnElement[Any], ...]:
    """gaps, mean and median in seconds; the median of an even number lies between the two in the middle."""
    n = func.max(ranked.c.n)
    total = cast(func.sum(ranked.c.gap), BigInteger)
    in_the_middle = and_(ranked.c.place * 2 >= ranked.c.n, ranked.c.place * 2 <= ranked.c.n + 2)
    middle = cast(func.sum(case((in_the_middle, ranked.c.gap), else_=0)), BigInteger)
    return (
        cast(func.coalesce(n, 0), Integer).label("gaps"),
        func.coalesce(total * DAY // cast(n, BigInteger), 0).label("mean"),
        func.coalesce(middle * case((cast(n, BigInteger) % 2 == 0, DAY // 2), else_=DAY), 0).label("median"),
    )
