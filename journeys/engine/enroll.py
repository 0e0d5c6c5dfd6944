"""Enrolling: from contacts who match a trigger to passages, under the trigger's audience and the journey's re-entry rule.

One statement admits a whole set. The journey's row is locked first, so that two workers never let one contact in
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of, day_start
from journeys.criteria import Frame, Passage, compile_criterion, evidence
from journeys.engine import scratch
from journeys.engine.plan import Plan, Plans
from journeys.engine.scratch import candidate
from journeys.engine.states import state_words
from journeys.nodes.triggers.on import Matching
from journeys.store import tables as t
from journeys.store.dialect import ids_given
from journeys.store.kept import Kept
from journeys.store.moments import Moments
from journeys.store.wakeup import wake

_c = candidate.c
_now = bindparam("now", type_=BigInteger())


class NoSuchTrigger(KanwaError):
    """Somebody enrolls into a journey that nobody can be put into by hand."""

    text = N_("Nobody can be put into “{journey}” by hand: it has no trigger that takes a list. Add one and publish.")


class NotOpen(KanwaError):
    """Somebody enrolls into a journey that lets nobody in any more."""

    text = N_(
        "Nobody can be put into “{journey}”: it is {state}. Publish it again to let it live, then put the contacts in."
    )


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many came in, and how many did not by reason."""

    entered: int
    missed: dict[str, int]

    def __add__(self, other: Admitted) -> Admitted:
        reasons = {reason: self.missed.get(reason, 0) + n for reason, n in other.missed.items()}
        return Admitted(self.entered + other.entered, self.missed | reasons)


def subject_key(plan: Plan, kind: ColumnElement[Any], id_: ColumnElement[Any]) -> ColumnElement[str]:
    """What re-entry is counted by beside the contact: the subject where the journey says so, else nothing.

    The subject of a passage about a product is what happened to it, and about a row of a feed its present row: it is the
    product, and the key of the row, that may not come in twice.
    """
    if plan.settings.re_entry.per != "subject":
        return literal("")
    happened, rows = t.product_event.alias(), t.feed_row.alias()
    product = select(literal("product:", Text()) + happened.c.product).where(happened.c.id == id_)
    row = select(literal("feed:", Text()) + rows.c.feed + literal(":", Text()) + rows.c.key).where(rows.c.id == id_)
    itself = kind + literal(":") + id_.cast(Text)
    named = case(
        (kind == "product", product.correlate_except(happened).scalar_subquery()),
        (kind == "feed", row.correlate_except(rows).scalar_subquery()),
    )
    return func.coalesce(named, itself, "")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Contacts by id: after the one, up to the other."""

    after: int
    upto: int
    #: only these among them, in order; None: all
    only: Sequence[int] | None = None

    @property
    def values(self) -> dict[str, object]:
        """The parameters of a statement that looks within it."""
        return {"after": self.after, "upto": self.upto} | ({} if self.only is None else {"contacts": self.only})


def matched(
    plan: Plan, trigger: str, matching: Matching, at: Instant, *, within: bool = False, listed: bool = False
) -> Select[Any]:
    """Living contacts whom a trigger matches at a moment, as `fill_candidates` wants them; due at that moment.

    `within` a stretch, `listed` those given for it: its `values` are parameters of the statement.
    """
    found = matching.subquery("matching")
    subject_kind, subject_id = plan.triggers[trigger].about_match(found)
    rows = (
        select(
            found.c.contact,
            null().cast(BigInteger).label("event"),
            literal(at, BigInteger()).label("at"),
            subject_kind,
            subject_id,
            subject_key(plan, subject_kind, subject_id).label("key"),
            literal(at, BigInteger()).label("due_at"),
        )
        .join(t.contact, t.contact.c.id == found.c.contact)
        .where(t.contact.c.erased_at.is_(None))
    )
    if within:
        # also where contacts are listed: it narrows what the trigger reads, wherever that stands in the statement
        after, upto = (bindparam(name, type_=BigInteger()) for name in ("after", "upto"))
        rows = rows.where(found.c.contact > after, found.c.contact <= upto)
    if listed:
        rows = rows.where(ids_given(t.contact.c.id, "contacts"))
    return rows


def into_candidates(matches: Select[Any]) -> Insert:
    """An INSERT of the rows of `matches` (contact, event, at, subject_kind, subject_id, key, due_at) into `candidate`.

    Their order by (at, event, contact) is the order in which they come in.
    """
    rows = matches.subquery("matched")
    return insert(candidate).from_select(
        ["id", "contact", "event", "at", "subject_kind", "subject_id", "key", "due_at", "miss"],
        select(
            func.row_number().over(order_by=(rows.c.at, func.coalesce(rows.c.event, 0), rows.c.contact, rows.c.key)),
            rows.c.contact, rows.c.event, rows.c.at, rows.c.subject_kind, rows.c.subject_id, rows.c.key,
            rows.c.due_at, literal(""),
        ),
    )  # fmt: skip


def fill_candidates(conn: Connection, matches: Select[Any], within: Stretch | None = None) -> int:
    """Put the rows of `matches`, which may look within a stretch, into `candidate`; returns how many there are."""
    return conn.execute(into_candidates(matches), {} if within is None else within.values).rowcount


def admit(
    conn: Connection,
    plan: Plan,
    trigger: str,
    candidates: int,
    *,
    as_of: Instant,
    now: Instant,
    zone: ZoneInfo,
    record_misses: bool,
    paused: bool,
    asked: bool = False,
    again: bool = False,
    rank: int | None = None,
) -> Admitted:
    """Let the candidates in who may come in, with the journey's row locked. Leaves the table `candidate` empty.

    `candidates` is their number. `as_of` is the moment for which the audience is asked (a missed day is asked as of
    that day), `now` the tick's; `asked` says that all candidates are known to be in it, `again` that some may have come in by the
    same match before: they do not once more. In a round of a lot, its `rank` keeps what is heard later out of the
    question. Misses are kept for event triggers only (`record_misses`); for set triggers the trace works them out on
    demand. Whom a pause kept out is kept for all: resuming shows them.
    """
    if not candidates:
        return Admitted(0, {})
    statement, moments = _judging(plan, trigger, paused, conn.dialect.name, asked, again, rank is not None)
    # counted in workspace days, so that an evening's tick and a morning's agree
    latest = day_start(day_of(as_of, zone) - timedelta(days=plan.triggers[trigger].at_most_late_days), zone)
    of_round = {} if rank is None else {"rank": rank}
    conn.execute(statement, moments.values(as_of, zone) | {"latest": latest} | of_round)
    if candidates > 1 and plan.settings.re_entry.rule != "always":
        conn.execute(_MARK_TWICE)
    here = {"journey": plan.journey, "version": plan.version, "trigger": trigger}
    entered = conn.execute(_ENTER, here | {"single": plan.settings.re_entry.rule != "always", "now": now}).rowcount
    missed: dict[str, int] = {}
    if entered < candidates:
        missed = {row.miss: row.n for row in conn.execute(_COUNT_MISSES)}
        if record_misses or paused:
            conn.execute(_KEEP_MISSES if record_misses else _KEEP_PAUSED, here | {"now": now})
    scratch.clear(conn, candidate)
    return Admitted(entered, missed)


@lru_cache(maxsize=1000)
def _judging(
    plan: Plan, trigger: str, paused: bool, dialect: str, asked: bool, again: bool, in_round: bool
) -> tuple[Kept, Moments]:
    """Marks the candidates who may not come in with the first reason that holds, and the values the audience saw."""
    moments = Moments()
    reasons: list[tuple[ColumnElement[bool], str]] = [
        (_c.at < bindparam("latest", type_=BigInteger()), "late"),
    ]
    if again:
        reasons.append((_came_before(plan, trigger), "asked"))
    values: dict[str, Any] = {}
    only = plan.triggers[trigger].only
    if only is not None and not asked:
        passage = Passage(
            id=null().cast(BigInteger),
            since_at=_c.at,
            since_event=_c.event,
            subject_kind=_c.subject_kind,
            subject_id=_c.subject_id,
        )
        frame = Frame(
            contact=_c.contact,
            moments=moments,
            dialect=dialect,
            passage=passage,
            heard=scratch.heard if in_round else None,
        )
        reasons.append((~func.coalesce(compile_criterion(only, frame), literal(False)), "audience"))
        values["values"] = evidence(only, frame)
    here = and_(
        t.enrollment.c.journey == plan.journey, t.enrollment.c.contact == _c.contact, t.enrollment.c.key == _c.key
    )
    rule = plan.settings.re_entry.rule
    if rule != "always":
        reasons.append((exists(select(1).where(here, t.enrollment.c.state == t.ACTIVE)), "inside"))
    if rule == "never":
        reasons.append((exists(select(1).where(here)), "re_entry"))
    if rule == "after days":
        reasons.append((exists(select(1).where(here, t.enrollment.c.since_at > _c.at - plan.entry_gap)), "re_entry"))
    if paused:
        reasons.append((literal(True), "paused"))
    judging = update(candidate).where(_c.miss == "").values(miss=case(*reasons, else_=""), **values)
    return Kept(judging), moments


def _came_before(plan: Plan, trigger: str) -> ColumnElement[bool]:
    """Whether a candidate came in, or was kept out by a pause, by the same match of the same trigger."""
    e, n = t.enrollment.c, t.not_entered.c
    came, kept_out = (
        exists(
            select(1).where(
                c.journey == plan.journey,
                c.contact == _c.contact,
                c.trigger == trigger,
                since >= _c.at,
                c.subject_kind.is_not_distinct_from(_c.subject_kind),
                c.subject_id.is_not_distinct_from(_c.subject_id),
                *more,
            )
        )
        for c, since, more in ((e, e.since_at, ()), (n, n.matched_at, (n.reason == "paused",)))
    )
    return came | kept_out


_earlier = candidate.alias("earlier")
_MARK_TWICE = Kept(
    update(candidate)
    .where(
        _c.miss == "",
        exists(
            select(1).where(
                _earlier.c.contact == _c.contact,
                _earlier.c.key == _c.key,
                _earlier.c.miss == "",
                _earlier.c.id < _c.id,
            )
        ),
    )
    .values(miss="inside")
)
_COUNT_MISSES = Kept(select(_c.miss, func.count().label("n")).where(_c.miss != "").group_by(_c.miss))


def _keep(which: ColumnElement[bool]) -> Insert:
    return insert(t.not_entered).from_select(
        [
            "journey", "version", "trigger", "contact", "event", "at", "reason", "values", "matched_at",
            "subject_kind", "subject_id", "due_at",
        ],
        select(
            bindparam("journey", type_=BigInteger()), bindparam("version", type_=BigInteger()),
            bindparam("trigger", type_=Text()), _c.contact, _c.event,
            # it may have happened before the pause, and be heard in it
            case((_c.miss == "paused", _now), else_=_c.at), _c.miss, _c["values"],
            _c.at, _c.subject_kind, _c.subject_id, _c.due_at,
        ).where(which).order_by(_c.id),
    )  # fmt: skip


_KEEP_MISSES = Kept(_keep(_c.miss != ""))
_KEEP_PAUSED = Kept(_keep(_c.miss == "paused"))

_so_far = (
    select(func.coalesce(func.max(t.enrollment.c.entry), 0))
    .where(
        t.enrollment.c.journey == bindparam("journey", type_=BigInteger()),
        t.enrollment.c.contact == _c.contact,
        t.enrollment.c.key == _c.key,
    )
    .scalar_subquery()
)
_ENTER = Kept(insert(t.enrollment).from_select(
    [
        "journey", "version", "contact", "subject_kind", "subject_id", "key", "entry", "single", "trigger",
        "since_at", "since_event", "node", "arrived_at", "n", "state", "entered_at", "due_at",
    ],
    select(
        bindparam("journey", type_=BigInteger()), bindparam("version", type_=BigInteger()), _c.contact,
        _c.subject_kind, _c.subject_id, _c.key,
        _so_far + func.row_number().over(partition_by=(_c.contact, _c.key), order_by=_c.id),
        bindparam("single", type_=Boolean()), bindparam("trigger", type_=Text()), _c.at, _c.event,
        bindparam("trigger", type_=Text()), _now, literal(0, Integer()), literal("active"), _now,
        case((_c.due_at > _now, _c.due_at), else_=_now),
    ).where(_c.miss == "").order_by(_c.id),
))  # fmt: skip


def candidates_by_hand(contacts: Sequence[int], *, at: Instant) -> Select[tuple[object, ...]]:
    """Living contacts put in by hand, as `fill_candidates` wants them."""
    return select(
        t.contact.c.id.label("contact"),
        null().cast(BigInteger).label("event"),
        literal(at, BigInteger()).label("at"),
        null().cast(Text).label("subject_kind"),
        null().cast(BigInteger).label("subject_id"),
        literal("").label("key"),
        literal(at, BigInteger()).label("due_at"),
    ).where(t.contact.c.id.in_(contacts), t.contact.c.erased_at.is_(None))


def enroll_contacts(
    conn: Connection, plans: Plans, journey: int, contacts: Sequence[int], *, now: Instant, zone: ZoneInfo
) -> Admitted:
    """Put contacts into a journey by its list trigger, in the open transaction (temporary tables in place).

    Raises NotOpen for a journey that was stopped or archived, NoSuchTrigger for one without a list trigger.
    """
    # its version and state are read under the lock: somebody may publish or pause it meanwhile
    row = conn.execute(
        select(t.journey.c.version, t.journey.c.state).where(t.journey.c.id == journey).with_for_update()
    ).one()
    plan = plans.get(conn, row.version)
    if row.state in ("stopped", "archived"):
        raise NotOpen(journey=plan.name, state=state_words(row.state))
    trigger = next((id_ for id_, node in plan.triggers.items() if node.on.type == "list"), None)
    if trigger is None:
        raise NoSuchTrigger(journey=plan.name)
    candidates = fill_candidates(conn, candidates_by_hand(contacts, at=now))
    wake(conn)
    paused = row.state == "paused"
    return admit(conn, plan, trigger, candidates, as_of=now, now=now, zone=zone, record_misses=True, paused=paused)
