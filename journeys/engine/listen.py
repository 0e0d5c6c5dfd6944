"""Listen: take a lot of fresh events and let them end passages, wake waits, move segments and bring contacts in.

Every event is taken from `fresh` in the transaction that acts on it. Within a lot a contact's events act one after the
other by (at, id): each round holds one event a contact, so that the whole set is one statement a journey.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from journeys.base.time import Instant
from journeys.criteria import stirs
from journeys.engine import jumps, scratch
from journeys.engine.ending import end_listed, ends_of
from journeys.engine.enroll import Admitted, admit, into_candidates, subject_key
from journeys.engine.live import Live
from journeys.engine.plan import Plan
from journeys.engine.scratch import lot
from journeys.engine.segments import Segments
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import ByEvent
from journeys.store import tables as t
from journeys.store.dialect import in_given
from journeys.store.kept import Kept

_l = lot.c
_now = bindparam("now", type_=BigInteger())

_TAKE = Kept(insert(lot).from_select(
    ["event", "contact", "kind", "at", "quiet", "rank"],
    select(
        t.fresh.c.event, t.event.c.contact, t.event.c.kind, t.event.c.at, t.event.c.quiet, literal(1, Integer())
    )
    .join(t.event, t.event.c.id == t.fresh.c.event + 0)
    .where(t.fresh.c.at <= _now)
    .order_by(t.fresh.c.at, t.fresh.c.event)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(of=t.fresh, skip_locked=True),
))  # fmt: skip
_TAKEN = Kept(delete(t.fresh).where(t.fresh.c.event.in_(select(_l.event))))
_DROP_OTHERS = Kept(delete(lot).where(~in_given(_l.kind, "kinds")))

_has_passage = exists(select(1).where(t.enrollment.c.contact == _l.contact, t.enrollment.c.state == t.ACTIVE))
# history that can neither let anybody in nor end anything: an import of years then needs no rounds
_other = lot.alias("other")
_loud_too = exists(select(1).where(_other.c.contact == _l.contact, ~_other.c.quiet))
_SET_ASIDE = Kept(update(lot).where(_l.quiet, ~_has_passage, ~_loud_too).values(rank=0))
_ranked = (
    select(
        _l.event,
        func.row_number().over(partition_by=_l.contact, order_by=(_l.at, _l.event)).label("rank"),
    )
    .where(_l.rank > 0)
    .subquery("ranked")
)
_RANK = Kept(update(lot).where(_l.event == _ranked.c.event).values(rank=_ranked.c.rank))
_each = lot.alias("each")
_WHAT = Kept(
    select(
        _l.kind,
        func.count().label("events"),
        func.max(case((_l.quiet, 1), else_=0)).label("quiet"),
        select(func.count(_each.c.contact.distinct())).scalar_subquery().label("contacts"),
    ).group_by(_l.kind)
)
_KINDS_BY_RANK = Kept(select(_l.rank, _l.kind).where(_l.rank > 0).distinct().order_by(_l.rank))


@dataclass(slots=True)
class Heard:
    """What a lot of events did."""

    events: int = 0
    entered: int = 0
    ended: int = 0
    woken: int = 0
    #: into and out of segments, each of which is an event to be heard
    moved: int = 0
    missed: dict[str, int] = field(default_factory=dict)

    def count(self, done: Admitted) -> None:
        """Count in who came in and who did not."""
        self.entered += done.entered
        for reason, n in done.missed.items():
            self.missed[reason] = self.missed.get(reason, 0) + n


def interest(journeys: Iterable[Live], segments: Segments) -> frozenset[str]:
    """Kinds of events that some journey or segment in use reacts to."""
    kinds: set[str] = {jumps.KIND, *segments.stirred_by()}
    for live in journeys:
        for plan in live.plans.values():
            kinds |= plan.ending_kinds
            for step in plan.listening():
                kinds |= step.node.stirred_by()
        if live.entry is not None:
            for trigger in live.entry.triggers.values():
                stirring = event_kinds(trigger)
                if stirring and trigger.only is not None:
                    # what the audience counts is heard too, in its order: a later one does not count yet
                    stirring |= stirs(trigger.only)
                kinds |= stirring
    return frozenset(kinds)


def event_kinds(trigger: Trigger) -> frozenset[str]:
    """The kinds of events that bring contacts in by this trigger; a movement between segments is an event too."""
    return trigger.on.kinds() if isinstance(trigger.on, ByEvent) else frozenset()


def listen(
    conn: Connection,
    journeys: list[Live],
    segments: Segments,
    *,
    now: Instant,
    zone: ZoneInfo,
    limit: int,
) -> Heard:
    """Take at most `limit` events with at ≤ now and act on them, in the open transaction that has locked the journeys.

    `events` in the answer is how many were taken: fewer than `limit` means that there are no more.
    """
    heard = Heard(events=conn.execute(_TAKE, {"now": now, "limit": limit}).rowcount)
    if not heard.events:
        return heard
    conn.execute(_TAKEN)
    conn.execute(_DROP_OTHERS, {"kinds": sorted(interest(journeys, segments))})
    found = conn.execute(_WHAT).all()
    if not found:
        return heard
    rounds = _rounds(conn, found)
    for rank, kinds in rounds.items():
        heard.ended += _end(conn, journeys, kinds, rank=rank, now=now, zone=zone)
        _enroll(conn, journeys, kinds, heard, rank=rank, now=now, zone=zone)
    heard.woken = _wake(conn, journeys, {kind for kinds in rounds.values() for kind in kinds}, now=now)
    heard.moved = segments.follow(conn, {row.kind for row in found}, now=now, zone=zone)
    scratch.clear(conn, lot)
    return heard


def _rounds(conn: Connection, found: Sequence[Row[Any]]) -> dict[int, set[str]]:
    """Rank the events; rank → the kinds of its events. Most lots need no ranking: one event a contact, all of now."""
    if any(row.quiet for row in found):
        conn.execute(_SET_ASIDE)
    elif sum(row.events for row in found) == found[0].contacts:
        return {1: {row.kind for row in found}}
    conn.execute(_RANK)
    rounds: dict[int, set[str]] = {}
    for row in conn.execute(_KINDS_BY_RANK):
        rounds.setdefault(row.rank, set()).add(row.kind)
    return rounds


def _end(conn: Connection, journeys: list[Live], kinds: set[str], *, rank: int, now: Instant, zone: ZoneInfo) -> int:
    ended = 0
    for live in journeys:
        for plan in live.plans.values():
            for end in ends_of(plan, conn.dialect.name):
                stirring = end.stirred_by & kinds
                if stirring:
                    parameters = end.moments.values(now, zone) | {"rank": rank, "kinds": sorted(stirring)}
                    if conn.execute(end.in_lot, parameters).rowcount:
                        ended += end_listed(conn, now=now, zone=zone)
    return ended


def _enroll(
    conn: Connection,
    journeys: list[Live],
    kinds: set[str],
    heard: Heard,
    *,
    rank: int,
    now: Instant,
    zone: ZoneInfo,
) -> None:
    for live in journeys:
        plan = live.entry
        if plan is None:
            continue
        for id_, trigger in plan.triggers.items():
            if plan.steps[id_].off or not event_kinds(trigger) & kinds:
                continue
            matching = conn.execute(_matches(plan, id_), {"rank": rank}).rowcount
            if not matching:
                continue
            done = admit(
                conn, plan, id_, matching, as_of=now, now=now, zone=zone, record_misses=True, paused=live.paused,
                rank=rank,
            )  # fmt: skip
            heard.count(done)
        if jumps.KIND in kinds:
            heard.count(jumps.arrive(conn, live, rank=rank, now=now, zone=zone))
    if jumps.KIND in kinds:
        jumps.refuse(conn, rank=rank)


@lru_cache(maxsize=1000)
def _matches(plan: Plan, trigger: str) -> Kept:
    """Puts the contacts whose event of a round matches a trigger into `candidate`."""
    node = plan.triggers[trigger]
    assert isinstance(node.on, ByEvent)
    subject_kind, subject_id = node.subject_of(t.event.c)
    return Kept(
        into_candidates(
            select(
                _l.contact,
                _l.event,
                _l.at,
                subject_kind.label("subject_kind"),
                subject_id.label("subject_id"),
                subject_key(plan, subject_kind, subject_id).label("key"),
                _l.at.label("due_at"),
            )
            # `+ 0` keeps the lot the outer loop; without it SQLite scans event (6.4 → 0.2 ms at 55,000 events)
            .join(t.event, t.event.c.id == _l.event + 0)
            .join(t.contact, t.contact.c.id == _l.contact + 0)
            .where(
                _l.rank == bindparam("rank"),
                ~_l.quiet,
                _l.at >= plan.published_at,
                t.contact.c.erased_at.is_(None),
                node.on.matches(t.event),
            )
        )
    )


def _wake(conn: Connection, journeys: list[Live], kinds: set[str], *, now: Instant) -> int:
    woken = 0
    for live in journeys:
        for plan in live.plans.values():
            for step in plan.listening():
                stirring = step.node.stirred_by() & kinds
                if stirring:
                    woken += conn.execute(
                        _WAKE,
                        {
                            "the_journey": plan.journey, "the_version": plan.version, "here": step.id, "now": now,
                            "kinds": sorted(stirring),
                        },
                    ).rowcount  # fmt: skip
    return woken


_by = (
    select(func.min(_l.event))
    .where(_l.contact == t.enrollment.c.contact, in_given(_l.kind, "kinds"), _l.rank > 0)
    .scalar_subquery()
)
#: woken coarsely, by kind; the wait itself looks back for what exactly it waits for
_WAKE = Kept(
    update(t.enrollment)
    .where(
        t.enrollment.c.contact.in_(select(_l.contact).where(_l.rank > 0, in_given(_l.kind, "kinds"))),
        t.enrollment.c.journey == bindparam("the_journey", type_=BigInteger()),
        t.enrollment.c.version == bindparam("the_version", type_=BigInteger()),
        t.enrollment.c.node == bindparam("here"),
        t.enrollment.c.state == t.ACTIVE,
    )
    # who was due before stays due since then: how late a step is, is counted from there
    .values(due_at=case((t.enrollment.c.due_at <= _now, t.enrollment.c.due_at), else_=_now), woken_by=_by)
)
