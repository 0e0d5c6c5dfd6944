"""Migrate: take those inside along to another version of their journey, on purpose.

In cohorts, each a transaction: a crash between two leaves some on the one version and some on the other, and doing it
again takes the rest along. A stay ends with a hop of kind `migrate` and goes on under the next number; whoever goes on
at the same node keeps the moment of arrival, so that what was waited so far counts and a new length holds from there.
Nothing is walked here: what happens on arrival is done by the next tick, so that a paused journey can be edited too.

Lock order: the journey, enrollments by id, messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of
from journeys.engine import scratch
from journeys.engine.choices import Choices
from journeys.engine.courses import Course, Fate, Standing, courses, other_versions, standing
from journeys.engine.drafts import no_such_version
from journeys.engine.ending import end_listed, ends_of
from journeys.engine.lifecycle import find
from journeys.engine.pace import Pace
from journeys.engine.plan import Plan, Plans, plan_of
from journeys.engine.scratch import course, ending, moving
from journeys.graph.journey import Journey
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.arrows import in_states, move
from journeys.store.catalogue import catalogue
from journeys.store.store import Store, repeated
from journeys.store.wakeup import wake


class Archived(KanwaError):
    """Somebody edits what lies in the archive."""

    text = N_("“{journey}” is archived, and nobody is inside.")


@dataclass(slots=True)
class Migrated:
    """What a migration did."""

    #: number of the version they came to
    number: int
    #: who go on at the same node; who were moved to another; who left
    along: int = 0
    moved: int = 0
    left: int = 0
    #: who are on another version still, to finish there
    finishing: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a migration would do."""

    number: int
    standing: tuple[Standing, ...]


def preview(store: Store, plans: Plans, name: str, choices: Choices, *, to: int | None = None) -> Preview:
    """Who stands where and what would become of them; what `migrate` raises."""
    with store.read() as conn:
        journey, new = _target(conn, plans, name, to)
        found = _courses(conn, plans, journey, new, choices)
        return Preview(new.number, tuple(standing(conn, journey, new.version, found)))


def preview_edit(store: Store, plans: Plans, edited: Journey, choices: Choices) -> Preview:
    """The same for a draft that is yet to be published; of a journey that never was, nobody stands anywhere."""
    with store.read() as conn:
        row = conn.execute(select(t.journey).where(t.journey.c.key == edited.settings.id)).mappings().one_or_none()
        newest = conn.execute(_NEWEST, {"journey": row["id"]}).scalar_one() if row else 0
        id_ = row["id"] if row else 0
        draft = {"journey": id_, "key": edited.settings.id, "name": edited.settings.name, "id": 0}
        new = plan_of(draft | {"number": newest + 1, "published_at": 0}, edited, catalogue(conn))
        return Preview(new.number, tuple(standing(conn, id_, 0, _courses(conn, plans, id_, new, choices))))


def migrate(
    store: Store,
    plans: Plans,
    name: str,
    choices: Choices,
    *,
    now: Instant,
    to: int | None = None,
    keep_going: Callable[[], bool] = lambda: True,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Migrated:
    """Take whoever is inside along to a version of the journey, by its number; the newest unless given.

    Done again, it takes along whoever is not there yet. `keep_going` is asked between two cohorts, `progress` told how
    many were looked at. Raises UnknownJourney, Archived, NoSuchVersion and ChoiceWithoutSense, before anything is done.
    """
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        journey, new = _target(conn, plans, name, to)
        found = _courses(conn, plans, journey, new, choices)
        waiting = list(conn.execute(_INSIDE, {"journey": journey, "target": new.version}).scalars())
        old = {one.version: plans.get(conn, one.version) for one in found}
    leading = [_row(one) for one in found if one.fate is not Fate.FINISH]
    # whoever already fulfils a goal or exit that the edit brought is not to be written to first
    asks = any((plan.goal, plan.exit_when) != (new.goal, new.exit_when) for plan in old.values())
    done = Migrated(new.number)
    pace = Pace(store)
    left, total, looked = iter(waiting), len(waiting), 0
    while leading and keep_going() and (ids := list(islice(left, pace.size))):
        began = time.perf_counter()
        along, moved, gone = repeated(
            partial(_cohort, store, journey, new, leading, ids, asks=asks, now=now, zone=zone)
        )
        pace.took(len(ids), time.perf_counter() - began)
        done.along += along
        done.moved += moved
        done.left += gone
        looked += len(ids)
        progress(looked, total)
    with store.read() as conn:
        done.finishing = conn.execute(_COUNT_INSIDE, {"journey": journey, "target": new.version}).scalar_one()
    return done


def _target(conn: Connection, plans: Plans, name: str, to: int | None) -> tuple[int, Plan]:
    row = find(conn, name)
    if row["state"] == "archived":
        raise Archived(journey=row["name"])
    if to is None:
        return row["id"], plans.get(conn, row["version"])
    numbers = dict(
        conn.execute(select(t.version.c.number, t.version.c.id).where(t.version.c.journey == row["id"])).tuples().all()
    )
    if to not in numbers:
        raise no_such_version(row, to, numbers)
    return row["id"], plans.get(conn, numbers[to])


def _courses(conn: Connection, plans: Plans, journey: int, new: Plan, choices: Choices) -> list[Course]:
    old = [plans.get(conn, version) for version in other_versions(conn, journey, new.version)]
    return courses(old, new, choices)


def _row(one: Course) -> dict[str, object]:
    return {
        "version": one.version,
        "node": one.node,
        "target": one.target,
        "exits": one.fate is Fate.EXIT,
        "stays": one.fate is Fate.ALONG,
        "arrives": one.arrives,
        "looks": one.looks,
        "messages": one.messages,
        "reason": one.reason,
    }


def _cohort(
    store: Store,
    journey: int,
    new: Plan,
    leading: Sequence[dict[str, object]],
    ids: Sequence[int],
    *,
    asks: bool,
    now: Instant,
    zone: ZoneInfo,
) -> tuple[int, int, int]:
    """One cohort in one transaction; how many moved along, were moved, left."""
    moment = {"now": now, "day": day_of(now, zone).isoformat(), "target": new.version, "journey": journey}
    with scratch.work(store) as conn:
        newest = conn.execute(_LOCK_JOURNEY, moment).scalar_one()
        conn.execute(insert(course), leading)
        conn.execute(insert(moving), [{"enrollment": id_} for id_ in ids])
        conn.execute(_LOCK)
        # they may have moved on since they were listed, or left
        conn.execute(_DROP_OTHERS, moment)
        conn.execute(_LEAVE, moment)
        gone = end_listed(conn, now=now, zone=zone)
        if gone:
            conn.execute(_DROP_ENDED)
        along, moved = conn.execute(_HOW_MANY).one()
        if along or moved:
            conn.execute(_HOPS, moment)
            conn.execute(_COUNT, moment)
            conn.execute(_CANCEL, moment)
            conn.execute(_TAKE_ALONG, moment)
            conn.execute(_MOVE, moment)
            for end in ends_of(new, conn.dialect.name) if asks else ():
                if conn.execute(end.in_moved, end.moments.values(now, zone)).rowcount:
                    end_listed(conn, now=now, zone=zone)
            if newest != new.version:
                conn.execute(_NOTICE, moment)
            wake(conn)
        scratch.clear(conn, moving, course)
    return along, moved, gone


_e, _m, _c = t.enrollment.c, t.message.c, course.c
_now = bindparam("now", type_=BigInteger())
_version = bindparam("target", type_=BigInteger())
_of_journey = and_(_e.journey == bindparam("journey", type_=BigInteger()), _e.state == t.ACTIVE, _e.version != _version)
_NEWEST = select(func.max(t.version.c.number)).where(t.version.c.journey == bindparam("journey", type_=BigInteger()))
_INSIDE = select(_e.id).where(_of_journey).order_by(_e.id)
_COUNT_INSIDE = select(func.count()).where(_of_journey)
_LOCK_JOURNEY = (
    select(t.journey.c.version).where(t.journey.c.id == bindparam("journey", type_=BigInteger())).with_for_update()
)
_NOTICE = (
    update(t.journey)
    .where(t.journey.c.id == bindparam("journey", type_=BigInteger()))
    .values(moves=t.journey.c.moves + 1)
)
# the others wait: everybody takes enrollments in the order of ids
_LOCK = (
    select(_e.id).where(_e.id.in_(select(moving.c.enrollment)), _e.state == t.ACTIVE).order_by(_e.id).with_for_update()
)
# `+ 0` keeps the few that move the outer loop; without it SQLite scans enrollment
_here = _e.id == moving.c.enrollment + 0
_led = and_(_c.version == _e.version, _c.node == _e.node)
_DROP_OTHERS = delete(moving).where(~exists(select(1).where(_e.id == moving.c.enrollment, _of_journey, _led)))
_DROP_ENDED = delete(moving).where(~exists(select(1).where(_e.id == moving.c.enrollment, _e.state == t.ACTIVE)))
_LEAVE = insert(ending).from_select(
    ["enrollment", "state", "reason", "at"],
    select(_e.id, literal("exited"), _c.reason, _now).join(moving, _here).join(course, _led).where(_c.exits),
)
_HOW_MANY = (
    select(
        func.coalesce(func.sum(case((_c.stays, 1), else_=0)), 0),
        func.coalesce(func.sum(case((_c.stays, 0), else_=1)), 0),
    )
    .select_from(t.enrollment)
    .join(moving, _here)
    .join(course, _led)
)
_HOPS = insert(t.hop).from_select(
    ["enrollment", "n", "version", "kind", "node", "outlet", "entered_at", "left_at", "reason"],
    select(_e.id, _e.n, _e.version, literal("migrate"), _e.node, literal(""), _e.arrived_at, _now, _c.reason)
    .join(moving, _here)
    .join(course, _led),
)
_COUNT = insert(t.counter).from_select(
    ["version", "node", "outlet", "reason", "day", "delta"],
    select(_e.version, _e.node, literal(""), _c.reason, bindparam("day", type_=Text()), func.count())
    .join(moving, _here)
    .join(course, _led)
    .group_by(_e.version, _e.node, _c.reason),
)
# the two `+ 0` and the missing `message.enrollment = enrollment.id` leave SQLite no order but moving, enrollment, course,
# message; by itself it walks over all messages for each node (190 → 12 ms a cohort)
_of_stay = and_(
    _here, _c.version == _e.version + 0, _c.node == _e.node,
    _m.enrollment == moving.c.enrollment + 0, _m.node == _e.node, _m.visit == _e.n,
)  # fmt: skip
# two statements after the enrollments are locked: hand-over takes the enrollment before the message. What a server may
# have in hand is not called back; whoever has it settles it
_CANCEL = (
    move("cancelled")
    .where(_of_stay, or_(_c.messages == "cancel", and_(_c.messages == "remake", in_states("pending", "held"))))
    .values(
        reason=case((_c.messages == "remake", "replaced"), else_="passage ended"),
        ended_at=_now,
        worker=null(),
        lease_until=null(),
        counted_at=null(),
    )
)
# the stay has the next number now; what waits still goes out as the new version has it
_TAKE_ALONG = (
    update(t.message)
    .where(_of_stay, _c.stays, _m.state != "cancelled")
    .values(visit=_m.visit + 1, version=case((_m.state.in_(["pending", "held"]), _version), else_=_m.version))
)
_has_message = exists(select(1).where(_m.enrollment == _e.id, _m.node == _e.node, _m.visit == _e.n + 1))
_remakes = and_(_c.messages == "remake", ~_has_message)
_MOVE = (
    update(t.enrollment)
    .where(_here, _led)
    .values(
        version=_version,
        node=_c.target,
        n=_e.n + 1,
        arrived_at=case((_c.stays, _e.arrived_at), else_=_now),
        arriving=or_(_c.arrives, _remakes, and_(_c.stays, _e.arriving)),
        due_at=case((or_(_c.looks, _remakes), _now), else_=_e.due_at),
        woken_by=case((_c.stays, _e.woken_by), else_=null()),
    )
)
