"""The tick: one run of the engine at one moment of the clock. Listen, sweep, advance, until nothing is left to do now.

Every step is a transaction of its own; a crash between any two leaves a state from which the next tick goes on.
"""

from __future__ import annotations

import json
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, ScalarSelect, Text, bindparam, cast, exists, func, or_, select, update

from journeys.base.catalogue import TRANSPORTS
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of, day_start, moment
from journeys.engine import scratch, sweep
from journeys.engine.advance import Advanced, Walk
from journeys.engine.existing import take_cohort
from journeys.engine.happenings import LOT as THINGS
from journeys.engine.happenings import Happened, happen
from journeys.engine.listen import Heard, listen
from journeys.engine.live import Roll
from journeys.engine.pace import Pace
from journeys.engine.plan import Plan, Plans
from journeys.engine.segments import Segments
from journeys.store import contacts, settings
from journeys.store import tables as t
from journeys.store.dialect import in_given
from journeys.store.kept import Kept
from journeys.store.store import Store, repeated

#: events of one lot
LOT = 2_000
#: contacts swept in the first cohort on SQLite: several journeys may have something to do for each of them
SWEEP = 500

_now = bindparam("now", type_=BigInteger())
_active = t.enrollment.c.state == t.ACTIVE
_NEXT_FRESH = Kept(select(func.min(t.fresh.c.at)))
_NEXT_THINGS = [Kept(select(func.min(table.c.fresh_at))) for table in (t.product_event, t.feed_row)]
_NEXT_EXPIRY = Kept(select(func.min(t.contact_tag.c.expires_at)))
_NEXT_DUE = Kept(
    select(func.min(t.enrollment.c.due_at)).where(
        t.enrollment.c.journey == bindparam("journey", type_=BigInteger()), _active
    )
)
_LAST = Kept(select(t.setting.c.value).where(t.setting.c.key == settings.LAST_TICK_AT).with_for_update())
_MOVE_CLOCK = Kept(
    update(t.setting)
    .where(t.setting.c.key == settings.LAST_TICK_AT, cast(cast(t.setting.c.value, Text()), BigInteger()) <= _now)
    .values(value=bindparam("new", type_=t.setting.c.value.type))
)
_RUNNING = Kept(select(t.journey.c.id).where(t.journey.c.state.in_(t.RUNNING)).order_by(t.journey.c.id))


def _setting(key: str) -> ScalarSelect[Any]:
    # as text: read by the driver alone
    return select(cast(t.setting.c.value, Text())).where(t.setting.c.key == key).scalar_subquery()


# everything a tick may have to do, asked in one statement: most ticks find nothing
_LOOK = Kept(
    select(
        exists(select(1).where(t.fresh.c.at <= _now)).label("fresh"),
        or_(
            exists(select(1).where(t.product_event.c.fresh_at <= _now)),
            exists(select(1).where(t.feed_row.c.fresh_at <= _now)),
        ).label("things"),
        exists(select(1).where(t.contact_tag.c.expires_at <= _now)).label("expired"),
        # nobody uses some of those that were never worked out
        exists(select(1).where(t.segment.c.computed_at.is_(None), ~in_given(t.segment.c.key, "unused"))).label("stale"),
        select(func.max(t.version.c.id)).scalar_subquery().label("newest"),
        select(func.sum(t.journey.c.moves)).scalar_subquery().label("moves"),
        exists(
            select(1).where(
                t.journey.c.state.in_(t.words("live", "paused")),
                func.coalesce(t.journey.c.swept_on, "") < bindparam("today", type_=Text()),
            )
        ).label("behind"),
        exists(
            select(1).where(t.journey.c.state.in_(t.words("live", "paused")), t.journey.c.existing.is_not(None))
        ).label("existing"),
        exists(
            select(1).where(
                t.journey.c.state.in_(t.RUNNING),
                exists(
                    select(1).where(t.enrollment.c.journey == t.journey.c.id, _active, t.enrollment.c.due_at <= _now)
                ),
            )
        ).label("due"),
        _setting("time_zone").label("zone"),
        _setting(settings.LAST_TICK_AT).label("last"),
        _setting(sweep.SWEPT_ON).label("swept_on"),
    )
)
_EXISTING = Kept(
    select(t.journey.c.id)
    .where(t.journey.c.state.in_(t.words("live", "paused")), t.journey.c.existing.is_not(None))
    .order_by(t.journey.c.id)
)
_DUE = Kept(
    select(t.journey.c.id)
    .where(
        t.journey.c.state.in_(t.RUNNING),
        exists(select(1).where(t.enrollment.c.journey == t.journey.c.id, _active, t.enrollment.c.due_at <= _now)),
    )
    .order_by(t.journey.c.id)
)


def _read(value: str | None) -> Any:
    return None if value is None else json.loads(value)


class ClockBehind(KanwaError):
    """A tick earlier than the last one."""

    text = N_(
        "The clock says {now}, but the store has already been run up to {last}. Nothing was done. Set the clock of this "
        "computer, wait until it has caught up, or go back to a backup from before with kanwa store restore."
    )


def _not_behind(now: Instant, last: Instant, zone: ZoneInfo) -> None:
    if last > now:
        raise ClockBehind(now=moment(now, zone).isoformat(), last=moment(last, zone).isoformat())


@dataclass(slots=True)
class Ticked:
    """What a tick did."""

    events: int = 0
    entered: int = 0
    ended: int = 0
    woken: int = 0
    moved: int = 0
    members: int = 0
    hops: int = 0
    missed: Counter[str] = field(default_factory=Counter)

    #: tags whose time was over
    expired: int = 0
    #: changes of products and of rows of feeds
    things: int = 0

    @property
    def steps(self) -> int:
        """How much was done; nothing at all in an idle tick."""
        return self.events + self.entered + self.ended + self.moved + self.members + self.expired + self.things

    @property
    def idle(self) -> bool:
        return not self.steps


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do at a moment."""

    zone: ZoneInfo
    last: Instant
    fresh: bool
    #: whether something changed about a product or a row of a feed
    things: bool
    expired: bool
    #: segments in use that were edited
    stale: frozenset[str]
    sweep: bool
    #: whether who matched when a journey was published is yet to be let in
    existing: bool
    #: whether some journey has due members
    due: bool

    @property
    def nothing(self) -> bool:
        return not (self.fresh or self.things or self.expired or self.existing or self.sweep or self.due)


class Engine:
    """Runs journeys on one store. Everything it knows is in the store; this object only keeps what is costly to make.

    Use one per thread.
    """

    def __init__(self, store: Store, *, transports: frozenset[str] = TRANSPORTS) -> None:
        """`transports` are the channels by which this installation hands messages over."""
        self.store = store
        self.plans = Plans(transports)
        self.segments = Segments()
        self.roll = Roll(self.plans)
        self._walk = Walk()
        self._pace = Pace(store)
        self._sweep_pace = Pace(store, cohort=SWEEP)
        #: segments that no journey used while nothing was published and nobody moved to another version
        self._unused: frozenset[str] = frozenset()
        #: the newest version of all, and how often members moved
        self._newest = (0, 0)
        self._zone = ZoneInfo(settings.DEFAULTS["time_zone"])

    def tick(self, now: Instant, *, keep_going: Callable[[], bool] = lambda: True) -> Ticked:
        """Do all that is to be done at `now`. `keep_going` is asked between transactions.

        Raises ClockBehind, before anything is done, where `now` is earlier than the last tick.
        """
        done = Ticked()
        work = self._look(now)
        _not_behind(now, work.last, work.zone)
        if work.last < now:
            self._move_clock(now, work.zone)
        if work.stale:
            repeated(partial(self._rebase, work.stale, now, work.zone))
        before = -1
        # what another worker holds stays due: a round that did nothing is the last one
        while not work.nothing and done.steps > before and keep_going():
            before, came = done.steps, done.entered + done.woken
            if work.expired:
                with self.store.write() as conn:
                    done.expired += contacts.expire_tags(conn, now=now)
            if work.existing:
                self._let_in_existing(done, now, work.zone, keep_going)
            if work.fresh or work.expired:
                self._listen(done, now, work.zone, keep_going)
            if work.things:
                self._happen(done, now, work.zone, keep_going)
            if work.sweep and self._sweep(done, now, work.zone, keep_going):
                self._listen(done, now, work.zone, keep_going)
            if work.due or work.sweep or work.things or work.existing or done.entered + done.woken > came:
                self._advance(done, now, work.zone, keep_going)
            work = self._look(now)
        return done

    def _move_clock(self, now: Instant, zone: ZoneInfo) -> None:
        """Note the tick. Another worker, whose clock is ahead, may have noted a later one since the look."""
        with self.store.write() as conn:
            if conn.execute(_MOVE_CLOCK, {"now": now, "new": now}).rowcount:
                return
            _not_behind(now, Instant(conn.execute(_LAST).scalar() or 0), zone)
            settings.put(conn, settings.LAST_TICK_AT, now)

    def _rebase(self, stale: frozenset[str], now: Instant, zone: ZoneInfo) -> None:
        with scratch.work(self.store) as conn:
            # another worker may have worked them out while this one waited for the journeys
            self.roll.call(conn, lock=True)
            self.segments.rebase(conn, stale & self.segments.not_worked_out(conn), now=now, zone=zone)

    def _look(self, now: Instant) -> Work:
        with self.store.read() as conn:
            # the day needs the zone and the look needs the day: the zone is nearly always the one of the last look
            # and what no journey used is used by none as long as nothing is published and nobody moves back
            while True:
                today = day_of(now, self._zone).isoformat()
                row = conn.execute(_LOOK, {"now": now, "today": today, "unused": self._unused}).one()
                zone = settings.time_zone_named(_read(row.zone) or settings.DEFAULTS["time_zone"])
                newest = (row.newest or 0, row.moves or 0)
                if zone == self._zone and newest == self._newest:
                    break
                if newest != self._newest:
                    self._unused = frozenset()
                self._zone, self._newest = zone, newest
            return Work(
                zone=zone,
                last=Instant(_read(row.last) or 0),
                fresh=bool(row.fresh),
                things=bool(row.things),
                expired=bool(row.expired),
                stale=self._stale(conn) if row.stale else frozenset(),
                existing=bool(row.existing),
                sweep=bool(row.behind) or (_read(row.swept_on) or "") < today,
                due=bool(row.due),
            )

    def _stale(self, conn: Connection) -> frozenset[str]:
        """Segments in use that were edited since the last tick: worked out silently, before anything reads them."""
        used = {key for live in self.roll.call(conn) for plan in live.plans.values() for key in plan.segments}
        stale = self.segments.not_worked_out_of(conn, used)
        # a segment that nobody uses stays as it is until a journey is published that does, which works it out
        self._unused = self.segments.not_worked_out(conn) - stale
        return stale

    def next_due(self, now: Instant) -> Instant | None:
        """The next moment at which a tick has something to do, if nothing new happens: at the latest the next workspace day.

        None where no journey runs.
        """
        with self.store.read() as conn:
            zone = settings.workspace_zone(conn)
            running = list(conn.execute(_RUNNING).scalars())
            moments = [conn.execute(_NEXT_DUE, {"journey": journey}).scalar() for journey in running]
            moments += [conn.execute(_NEXT_FRESH).scalar(), conn.execute(_NEXT_EXPIRY).scalar()]
            moments += [conn.execute(following).scalar() for following in _NEXT_THINGS]
            moments += [now for _journey in conn.execute(_EXISTING)]
            if running:
                today = day_of(now, zone)
                moments.append(day_start(today.fromordinal(today.toordinal() + 1), zone))
        known = [Instant(at) for at in moments if at is not None]
        return min(known) if known else None

    def _let_in_existing(self, done: Ticked, now: Instant, zone: ZoneInfo, keep_going: Callable[[], bool]) -> None:
        """Whoever published does it; here is what was left when that was cut off."""
        with self.store.read() as conn:
            waiting = list(conn.execute(_EXISTING).scalars())
        for journey in waiting:
            more = True
            while more and keep_going():
                began = time.perf_counter()
                one = partial(take_cohort, self.store, self.plans, journey, now=now, zone=zone, size=self._pace.size)
                taken = repeated(one)
                self._pace.took(taken.looked, time.perf_counter() - began)
                done.entered += taken.entered
                more = taken.more

    def _listen(self, done: Ticked, now: Instant, zone: ZoneInfo, keep_going: Callable[[], bool]) -> None:
        # movements between segments are heard before anybody moves on, so that an ending they bring beats the step
        more = True
        while more and keep_going():
            heard = repeated(partial(self._hear, now, zone))
            more = heard.events == LOT or heard.moved > 0
            done.events += heard.events
            done.entered += heard.entered
            done.ended += heard.ended
            done.woken += heard.woken
            done.missed.update(heard.missed)

    def _happen(self, done: Ticked, now: Instant, zone: ZoneInfo, keep_going: Callable[[], bool]) -> None:
        more = True
        while more and keep_going():
            happened = repeated(partial(self._take_happenings, now, zone))
            more = happened.things == THINGS
            done.things += happened.things
            done.entered += happened.entered
            done.missed.update(happened.missed)

    def _take_happenings(self, now: Instant, zone: ZoneInfo) -> Happened:
        with scratch.work(self.store) as conn:
            return happen(conn, self.roll.call(conn, lock=True), now=now, zone=zone)

    def _hear(self, now: Instant, zone: ZoneInfo) -> Heard:
        with scratch.work(self.store) as conn:
            self.segments.load(conn)
            return listen(conn, self.roll.call(conn, lock=True), self.segments, now=now, zone=zone, limit=LOT)

    def _sweep(self, done: Ticked, now: Instant, zone: ZoneInfo, keep_going: Callable[[], bool]) -> bool:
        """Returns whether there are movements to be heard."""
        before = done.moved
        while keep_going() and (found := self._to_sweep(now, zone)) is not None:
            round_, contacts = found
            at, more = 0, True
            while more and keep_going():
                cohort = contacts[at : at + self._sweep_pace.size].tolist()
                at += len(cohort)
                began = time.perf_counter()
                last = at == len(contacts)
                swept = repeated(partial(self._sweep_cohort, round_, cohort, last, now, zone))
                self._sweep_pace.took(len(cohort), time.perf_counter() - began)
                if swept is None:
                    # another worker was faster: what is left is looked for again
                    break
                done.moved += swept.moved
                done.entered += swept.entered
                done.ended += swept.ended
                more = at < len(contacts)
        return done.moved > before

    def _to_sweep(self, now: Instant, zone: ZoneInfo) -> tuple[sweep.Round, array[int]] | None:
        with self.store.read() as conn:
            journeys = self.roll.call(conn)
            round_ = sweep.next_round(conn, journeys, now=now, zone=zone)
            if round_ is None:
                return None
            self.segments.load(conn)
            return round_, sweep.concerned(conn, journeys, self.segments, round_, now=now, zone=zone)

    def _sweep_cohort(
        self, round_: sweep.Round, contacts: list[int], last: bool, now: Instant, zone: ZoneInfo
    ) -> sweep.Swept | None:
        with scratch.work(self.store) as conn:
            self.segments.load(conn)
            journeys = self.roll.call(conn, lock=True)
            return sweep.sweep(conn, journeys, self.segments, round_, contacts, last=last, now=now, zone=zone)

    def _advance(self, done: Ticked, now: Instant, zone: ZoneInfo, keep_going: Callable[[], bool]) -> None:
        with self.store.read() as conn:
            waiting = list(conn.execute(_DUE, {"now": now}).scalars())
            plans = {live.journey: live.plans for live in self.roll.call(conn)} if waiting else {}
        # one cohort a journey in turn: a large one does not keep the others waiting
        while waiting and keep_going():
            for journey in list(waiting):
                began = time.perf_counter()
                advanced = repeated(partial(self._walk_cohort, journey, plans[journey], now, zone))
                took = time.perf_counter() - began
                done.members += advanced.members
                done.hops += advanced.hops
                done.ended += advanced.ended
                if advanced.members < self._pace.size:
                    waiting.remove(journey)
                self._pace.took(advanced.members, took)

    def _walk_cohort(self, journey: int, plans: dict[int, Plan], now: Instant, zone: ZoneInfo) -> Advanced:
        with scratch.work(self.store) as conn:
            return self._walk.advance(conn, plans, journey=journey, now=now, zone=zone, limit=self._pace.size)
