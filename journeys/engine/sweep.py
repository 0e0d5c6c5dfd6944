"""Sweep: once per workspace day, whatever changes with time alone.

Segments and ending criteria are asked as of now; triggers that a day sets off for each missed day as of that day, as far
back as their `at_most_late` allows.

Whom the day may do something to is asked without a lock. Then they are swept in cohorts by id, each a transaction that
does all of it for its contacts, and asks once more for them: nobody's movement can be heard before the rest of their
day is done. A cohort says how far it came, so that what was cut off goes on there, under whoever comes next.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from journeys.base.time import Instant, day_of, day_start, days_between
from journeys.criteria import Frame, Passage, compile_criterion, holders
from journeys.engine import scratch
from journeys.engine.ending import end_listed, ends_of
from journeys.engine.enroll import Admitted, Stretch, admit, into_candidates, matched
from journeys.engine.live import Live
from journeys.engine.plan import Plan
from journeys.engine.scratch import candidate, due
from journeys.engine.segments import Segments
from journeys.nodes.triggers import ByDay
from journeys.nodes.triggers.on import about
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.dialect import ids_given
from journeys.store.kept import Kept
from journeys.store.moments import Moments

SWEPT_ON = "swept_on"
#: what is being swept, while it is
SWEEPING = "sweeping"


@dataclass(frozen=True, slots=True)
class Round:
    """One going over everybody, for a day of the workspace."""

    #: ISO
    day: str
    #: whether segments, endings and waits are looked at too, and not the triggers alone
    whole: bool
    #: (journey, its version) whose triggers let in
    entries: tuple[tuple[int, int], ...]
    #: contacts up to this id are done
    after: int = 0

    @classmethod
    def read(cls, noted: dict[str, Any]) -> Round:
        """One that was noted as `asdict` gives it."""
        entries = tuple((journey, version) for journey, version in noted["entries"])
        return cls(noted["day"], noted["whole"], entries, noted["after"])


@dataclass(slots=True)
class Swept:
    """What a sweep of some contacts did."""

    moved: int = 0
    entered: int = 0
    ended: int = 0


def next_round(conn: Connection, journeys: list[Live], *, now: Instant, zone: ZoneInfo) -> Round | None:
    """What is to be swept: what was cut off, else what today brings; None: nothing."""
    noted = settings.get(conn, SWEEPING)
    if noted:
        return Round.read(noted)
    today = day_of(now, zone).isoformat()
    whole = (settings.get(conn, SWEPT_ON) or "") < today
    swept = _swept_on(conn)
    entries = tuple(
        (live.journey, live.entry.version)
        for live in journeys
        if live.entry is not None and (swept[live.journey] or "") < today
    )
    return Round(today, whole, entries) if whole or entries else None


def concerned(
    conn: Connection, journeys: list[Live], segments: Segments, round_: Round, *, now: Instant, zone: ZoneInfo
) -> array[int]:
    """Those left whom the round may do something to, in the order of ids. A look that needs no lock: whatever comes
    about meanwhile comes by an event."""
    found: set[int] = set()
    if round_.whole:
        found.update(segments.drifted(conn, now=now, zone=zone))
        for live in journeys:
            for plan in live.plans.values():
                for end in ends_of(plan, conn.dialect.name):
                    if end.drifts:
                        found.update(conn.execute(end.whose, end.moments.values(now, zone)).scalars())
                for place in _drifting_waits(plan):
                    found.update(conn.execute(_WAITING, place | {"now": now}).scalars())
    swept = _swept_on(conn)
    for live, plan in _entries(journeys, round_):
        for id_, day in _days(plan, round_, swept[live.journey], now=now, zone=zone):
            asking = _asking(conn.dialect.name, plan, id_, day, zone)
            found.update(conn.execute(asking.whom, asking.values(zone)).scalars())
    return array("q", sorted(contact for contact in found if contact > round_.after))


def sweep(
    conn: Connection,
    journeys: list[Live],
    segments: Segments,
    round_: Round,
    contacts: Sequence[int],
    *,
    last: bool,
    now: Instant,
    zone: ZoneInfo,
) -> Swept | None:
    """Do the round for these contacts, the next ones of those `concerned`, in the open transaction that has locked the
    journeys; `last`: they are the last of them. None, with nothing done, where it is another round's turn meanwhile."""
    current = next_round(conn, journeys, now=now, zone=zone)
    if current is None or replace(current, after=round_.after) != round_:
        return None
    done = Swept()
    # another worker may have come further
    left = [contact for contact in contacts if contact > current.after]
    if left:
        if round_.whole:
            done.moved = segments.sweep(conn, left, now=now, zone=zone)
            for live in journeys:
                for plan in live.plans.values():
                    done.ended += _end(conn, plan, left, now=now, zone=zone)
                    for place in _drifting_waits(plan):
                        conn.execute(_WAKE, place | {"now": now, "contacts": left})
        within = Stretch(current.after, left[-1], left)
        swept = _swept_on(conn)
        for live, plan in _entries(journeys, round_):
            for id_, day in _days(plan, round_, swept[live.journey], now=now, zone=zone):
                done.entered += _let_in(conn, live, plan, id_, day, within, now=now, zone=zone)
        current = replace(current, after=left[-1])
    if last:
        _finish(conn, round_)
    else:
        settings.put(conn, SWEEPING, asdict(current))
    return done


def _finish(conn: Connection, round_: Round) -> None:
    if round_.whole:
        settings.put(conn, SWEPT_ON, round_.day)
    for journey, version in round_.entries:
        # one published meanwhile has its own days to be asked
        conn.execute(_SWEPT, {"the_journey": journey, "the_version": version, "day": round_.day})
    if settings.get(conn, SWEEPING):
        settings.put(conn, SWEEPING, {})


_SWEPT_ON = Kept(select(t.journey.c.id, t.journey.c.swept_on))
_SWEPT = Kept(
    update(t.journey)
    .where(
        t.journey.c.id == bindparam("the_journey", type_=BigInteger()),
        t.journey.c.version == bindparam("the_version", type_=BigInteger()),
    )
    .values(swept_on=bindparam("day", type_=Text()))
)


def _swept_on(conn: Connection) -> dict[int, str | None]:
    return {row.id: row.swept_on for row in conn.execute(_SWEPT_ON)}


def _end(conn: Connection, plan: Plan, contacts: Sequence[int], *, now: Instant, zone: ZoneInfo) -> int:
    ended = 0
    for end in ends_of(plan, conn.dialect.name):
        if end.drifts and conn.execute(end.in_given, end.moments.values(now, zone) | {"contacts": contacts}).rowcount:
            ended += end_listed(conn, now=now, zone=zone)
    return ended


_now = bindparam("now", type_=BigInteger())
_there = and_(
    t.enrollment.c.journey == bindparam("the_journey", type_=BigInteger()),
    t.enrollment.c.version == bindparam("the_version", type_=BigInteger()),
    t.enrollment.c.node == bindparam("here", type_=Text()),
    t.enrollment.c.state == t.ACTIVE,
    # who was due before stays due since then
    or_(t.enrollment.c.due_at.is_(None), t.enrollment.c.due_at > _now),
)
_WAITING = Kept(select(t.enrollment.c.contact).where(_there))
_WAKE = Kept(update(t.enrollment).where(_there, ids_given(t.enrollment.c.contact, "contacts")).values(due_at=_now))


def _drifting_waits(plan: Plan) -> Iterator[dict[str, object]]:
    """Where members of the version look again every day, as the statements above name the place."""
    for step in plan.listening():
        if step.node.drifts():
            yield {"the_journey": plan.journey, "the_version": plan.version, "here": step.id}


def _entries(journeys: list[Live], round_: Round) -> Iterator[tuple[Live, Plan]]:
    """The journeys that let in, but those published since the round began."""
    for live in journeys:
        if live.entry is not None and (live.journey, live.entry.version) in round_.entries:
            yield live, live.entry


def _days(
    plan: Plan, round_: Round, swept_on: str | None, *, now: Instant, zone: ZoneInfo
) -> Iterator[tuple[str, date]]:
    """Which trigger is asked for which day, in order; `swept_on`: the day up to which that is done."""
    published_on = day_of(plan.published_at, zone)
    for id_, trigger in plan.triggers.items():
        if not isinstance(trigger.on, ByDay) or plan.steps[id_].off:
            continue
        first = date.fromisoformat(swept_on) + timedelta(days=1) if swept_on else published_on
        # a version starts on its own day, which is asked once more where an earlier version was asked before
        first = max(first, published_on, day_of(now, zone) - timedelta(days=trigger.at_most_late_days))
        for day in days_between(first, date.fromisoformat(round_.day)):
            if trigger.on.falls_on(day):
                yield id_, day


def _let_in(
    conn: Connection, live: Live, plan: Plan, trigger: str, day: date, within: Stretch, *, now: Instant, zone: ZoneInfo
) -> int:
    count = list_of_day(conn, plan, trigger, day, zone=zone, within=within)
    if not count:
        return 0
    # what was over before the journey was published does not flood in
    conn.execute(_MISS_EARLIER, {"published_at": plan.published_at})
    again = day == day_of(plan.published_at, zone)
    return admit_of_day(conn, plan, trigger, count, day, now=now, zone=zone, paused=live.paused, again=again).entered


_zone = func.coalesce(t.contact.c.time_zone, "").label("zone")
_ZONES = Kept(select(_zone).join(candidate, candidate.c.contact == t.contact.c.id).distinct())
_PUT_DUE = Kept(insert(due).values(zone=bindparam("the_zone"), due_at=bindparam("at")))
_SET_DUE = Kept(
    update(candidate)
    .where(t.contact.c.id == candidate.c.contact + 0, due.c.zone == func.coalesce(t.contact.c.time_zone, ""))
    .values(due_at=due.c.due_at)
)
_MISS_EARLIER = Kept(
    update(candidate).where(candidate.c.due_at < bindparam("published_at", type_=BigInteger())).values(miss="existing")
)


def list_of_day(conn: Connection, plan: Plan, trigger: str, day: date, *, zone: ZoneInfo, within: Stretch) -> int:
    """Put whom the trigger means on one day into `candidate`, as of the start of that day; they are due at its time of
    day. Returns how many there are."""
    on = plan.triggers[trigger].on
    assert isinstance(on, ByDay)
    asking = _asking(conn.dialect.name, plan, trigger, day, zone)
    listing = asking.stretch if within.only is None else asking.listed
    count = conn.execute(listing, asking.values(zone) | within.values).rowcount
    if not count:
        return 0
    due_at = on.due([row.zone for row in conn.execute(_ZONES)], day, zone)
    conn.execute(_PUT_DUE, [{"the_zone": name, "at": at} for name, at in due_at.items()])
    conn.execute(_SET_DUE)
    scratch.clear(conn, due)
    return count


@dataclass(frozen=True, slots=True)
class _Asking:
    """Whom a trigger means on one day, as statements."""

    as_of: Instant
    moments: Moments
    #: SELECT of the contacts
    whom: Kept
    #: INSERT into `candidate` of those within a stretch; of those listed in it
    stretch: Kept
    listed: Kept

    def values(self, zone: ZoneInfo) -> dict[str, Any]:
        return self.moments.values(self.as_of, zone)


# made once for all cohorts of a day: a yearly date looks for each of the last 130 years, which takes longer to say than
# to ask of 1,000 contacts (30 ms)
@lru_cache(maxsize=200)
def _asking(dialect: str, plan: Plan, trigger: str, day: date, zone: ZoneInfo) -> _Asking:
    node = plan.triggers[trigger]
    on = node.on
    assert isinstance(on, ByDay)
    as_of, moments = day_start(day, zone), Moments()
    matching = on.matching(day, zone)
    asked: list[ColumnElement[bool]] = []
    if on.brings_everybody and node.only is not None:
        # asked here, so that only the audience is listed and not everybody
        frame = Frame(contact=t.contact.c.id, moments=moments, dialect=dialect, passage=_outside(as_of))
        found = holders(node.only, frame)
        if found is not None:
            asked.append(t.contact.c.id.in_(select(found.contact).where(*found.where)))
        asked.append(compile_criterion(node.only, frame))
    whom, stretch, listed = (
        matched(plan, trigger, matching, as_of, within=within, listed=listed).where(*asked)
        for within, listed in ((False, False), (True, False), (True, True))
    )
    return _Asking(
        as_of=as_of,
        moments=moments,
        whom=Kept(select(whom.subquery("matched").c.contact)),
        stretch=Kept(into_candidates(stretch)),
        listed=Kept(into_candidates(listed)),
    )


def admit_of_day(
    conn: Connection,
    plan: Plan,
    trigger: str,
    count: int,
    day: date,
    *,
    now: Instant,
    zone: ZoneInfo,
    paused: bool,
    again: bool = False,
) -> Admitted:
    """Let in whom `list_of_day` has listed; `again`: some may have come in by the same day before."""
    on = plan.triggers[trigger].on
    assert isinstance(on, ByDay)
    return admit(
        conn, plan, trigger, count, as_of=day_start(day, zone), now=now, zone=zone, record_misses=False, paused=paused,
        asked=on.brings_everybody, again=again,
    )  # fmt: skip


def _outside(as_of: Instant) -> Passage:
    """What scoped leaves speak of before there is a passage, and with nothing that it could be about."""
    subject_kind, subject_id = about(None)
    return Passage(
        id=null().cast(BigInteger),
        since_at=literal(as_of, BigInteger()),
        since_event=literal(None, BigInteger()),
        subject_kind=subject_kind,
        subject_id=subject_id,
    )
