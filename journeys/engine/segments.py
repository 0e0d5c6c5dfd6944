"""Segments in use: who is in them, kept up to date by events and by time, with history.

A segment is worked out as a whole when a journey that uses it is published; from then on only differences are
written. Each real movement leaves an event (`segment.entered`, `segment.left`), which is what triggers listen to; one
caused by quiet events leaves a quiet one, which triggers nothing. A segment that was edited re-bases without events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.criteria import Criterion, drifts, parse_criterion, references, select_members, stirs
from journeys.engine import scratch
from journeys.engine.scratch import lot, movement
from journeys.store import tables as t
from journeys.store.dialect import ids_given, in_given, json_object_text, json_parsed
from journeys.store.kept import Kept
from journeys.store.moments import Moments

_open = t.membership.c.to_at.is_(None)
_now = bindparam("now", type_=BigInteger())


# as text: parsed only where it is another one than the last time
_criterion = cast(t.segment.c.criterion, Text()).label("criterion")
_IN_USE = Kept(
    select(t.segment.c.key, _criterion).where(t.segment.c.computed_at.is_not(None)).order_by(t.segment.c.key)
)
_NOT_WORKED_OUT = Kept(select(t.segment.c.key).where(t.segment.c.computed_at.is_(None)))


class SegmentsInACircle(KanwaError):
    """Segments that are made of each other."""

    text = N_(
        "The segments {segments} are made of each other, so that nobody can say who is in them. Change one of them."
    )


class UnknownSegment(KanwaError):
    """A segment that the store does not have."""

    text = N_("There is no segment “{key}” in the store. Add it, or choose another one.")


@dataclass(frozen=True, slots=True)
class InUse:
    """One segment that some journey has used."""

    key: str
    stirred_by: frozenset[str]
    drifts: bool
    #: INSERT into `movement` of the differences: among all contacts, those of the lot, those given as `contacts`
    all: tuple[Kept, ...]
    touched: tuple[Kept, ...]
    given: tuple[Kept, ...]
    #: SELECT of the contacts who differ
    differing: tuple[Kept, ...]
    moments: Moments


class Segments:
    """The segments in use of one store, their statements made once per definition."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, InUse]] = {}
        self._now: list[InUse] = []

    def load(self, conn: Connection) -> None:
        """Read which segments are in use; called at the start of each transaction that may move them."""
        rows = conn.execute(_IN_USE).all()
        self._now = [self._in_use(conn, row.key, row.criterion) for row in rows]

    def not_worked_out(self, conn: Connection) -> frozenset[str]:
        """Segments that nobody has used yet, or that were edited since."""
        return frozenset(conn.execute(_NOT_WORKED_OUT).scalars())

    def stirred_by(self) -> frozenset[str]:
        """Kinds of events that may move somebody."""
        return frozenset().union(*(one.stirred_by for one in self._now))

    def follow(self, conn: Connection, kinds: Set[str], *, now: Instant, zone: ZoneInfo) -> int:
        """Move the contacts of the lot, whose events are of these kinds, where they move them; returns the movements."""
        moved = 0
        for one in self._now:
            stirring = one.stirred_by & kinds
            if stirring:
                parameters = one.moments.values(now, zone) | {"kinds": sorted(stirring)}
                moved += _move(conn, one, one.touched, parameters, reason="changed", now=now)
        return moved

    def drifted(self, conn: Connection, *, now: Instant, zone: ZoneInfo) -> Iterator[int]:
        """The contacts whom time alone has moved; one may come several times."""
        for one in self._now:
            if one.drifts:
                for statement in one.differing:
                    yield from conn.execute(statement, one.moments.values(now, zone)).scalars()

    def sweep(self, conn: Connection, contacts: Sequence[int], *, now: Instant, zone: ZoneInfo) -> int:
        """Move those of the contacts whom time alone has moved; returns the movements."""
        return sum(
            _move(conn, one, one.given, one.moments.values(now, zone) | {"contacts": contacts}, reason="time", now=now)
            for one in self._now
            if one.drifts
        )

    def not_worked_out_of(self, conn: Connection, used: Iterable[str]) -> frozenset[str]:
        """Those among the segments that are used, and among those that these are made of.

        Raises UnknownSegment, SegmentsInACircle.
        """
        stale = self.not_worked_out(conn)
        return stale & {key for key, _criterion in _in_order(conn, sorted(used))} if stale else stale

    def rebase(self, conn: Connection, keys: Iterable[str], *, now: Instant, zone: ZoneInfo) -> None:
        """Work out segments as a whole as of `now`, without events: before a journey first uses them, after an edit.

        Those in use that are made of one of them follow it as silently, after it. One that only stands on the way keeps
        its members: a movement that is yet to be heard is a real one. Raises UnknownSegment, SegmentsInACircle.
        """
        self.load(conn)
        again = set(keys)
        for key, criterion in _in_order(conn, sorted({*again, *(one.key for one in self._now)})):
            if key not in again and again.isdisjoint(_parts(criterion)):
                continue
            again.add(key)
            one = self._in_use(conn, key, criterion)
            _move(conn, one, one.all, one.moments.values(now, zone), reason="rebased", now=now)
            conn.execute(update(t.segment).where(t.segment.c.key == key).values(computed_at=now))
        self.load(conn)

    def _in_use(self, conn: Connection, key: str, criterion: str) -> InUse:
        known = self._made.get(key)
        if known is None or known[0] != criterion:
            self._made[key] = (criterion, _in_use(key, parse_criterion(json.loads(criterion)), conn.dialect.name))
        return self._made[key][1]


def _in_order(conn: Connection, keys: Iterable[str]) -> list[tuple[str, str]]:
    """The segments and those they are made of, those first."""
    ordered: dict[str, str] = {}
    path: list[str] = []

    def visit(key: str) -> None:
        if key in ordered:
            return
        if key in path:
            raise SegmentsInACircle(segments=", ".join(f"“{one}”" for one in path[path.index(key) :]))
        row = conn.execute(select(_criterion).where(t.segment.c.key == key)).one_or_none()
        if row is None:
            raise UnknownSegment(key=key)
        path.append(key)
        for other in _parts(row.criterion):
            visit(other)
        path.pop()
        ordered[key] = row.criterion

    for key in keys:
        visit(key)
    return list(ordered.items())


def _parts(criterion: str) -> list[str]:
    """The segments that one is made of."""
    return [key for kind, key in references(parse_criterion(json.loads(criterion))) if kind == "segment"]


def _in_use(key: str, criterion: Criterion, dialect: str) -> InUse:
    members, moments = select_members(criterion, dialect)
    matching = members.subquery("matching")
    (matching_id,) = matching.c
    (member_id,) = members.selected_columns
    inside = exists(select(1).where(t.membership.c.segment == key, t.membership.c.contact == matching_id, _open))
    touching = select(lot.c.contact).where(in_given(lot.c.kind, "kinds"))
    # a movement is quiet where every event that may have caused it was
    loud = exists(
        select(1).where(
            lot.c.contact == literal_column("moving.contact"),
            in_given(lot.c.kind, "kinds"),
            ~lot.c.quiet,
        )
    )

    def differences(*, touched: bool = False, given: bool = False) -> tuple[Subquery, Subquery]:
        joining = select(matching_id.label("contact"), literal(True).label("enters")).where(~inside)
        leaving = select(t.membership.c.contact, literal(False).label("enters")).where(
            t.membership.c.segment == key,
            _open,
            ~exists(members.where(member_id == t.membership.c.contact).correlate(t.membership)),
        )
        if touched:
            joining = joining.where(matching_id.in_(touching))
            leaving = leaving.where(t.membership.c.contact.in_(touching))
        if given:
            joining = joining.where(ids_given(matching_id, "contacts"))
            leaving = leaving.where(ids_given(t.membership.c.contact, "contacts"))
        return joining.subquery("moving"), leaving.subquery("moving")

    def moving(*, touched: bool = False, given: bool = False) -> tuple[Kept, ...]:
        return tuple(
            Kept(
                insert(movement).from_select(
                    ["contact", "enters", "quiet"],
                    select(found.c.contact, found.c.enters, ~loud if touched else literal(False)),
                )
            )
            for found in differences(touched=touched, given=given)
        )

    return InUse(
        key=key,
        stirred_by=stirs(criterion),
        drifts=drifts(criterion),
        all=moving(),
        touched=moving(touched=True),
        given=moving(given=True),
        differing=tuple(Kept(select(found.c.contact)) for found in differences()),
        moments=moments,
    )


def _move(
    conn: Connection,
    one: InUse,
    differences: tuple[Kept, ...],
    parameters: dict[str, object],
    *,
    reason: str,
    now: Instant,
) -> int:
    if not sum(conn.execute(statement, parameters).rowcount for statement in differences):
        return 0
    moment = {"the_segment": one.key, "the_reason": reason, "now": now}
    entered = conn.execute(_ENTER, moment).rowcount
    left = conn.execute(_LEAVE, moment).rowcount
    if reason != "rebased":
        mark = conn.execute(_MARK).scalar_one()
        conn.execute(_TELL, moment)
        conn.execute(_FRESH, moment | {"mark": mark})
    scratch.clear(conn, movement)
    return entered + left


_m = movement.c
_MARK = Kept(select(func.coalesce(func.max(t.event.c.id), 0)))
_why = case((_m.quiet, "import"), else_=bindparam("the_reason", type_=Text()))
_ENTER = Kept(
    insert(t.membership).from_select(
        ["segment", "contact", "from_at", "reason"],
        select(bindparam("the_segment", type_=Text()), _m.contact, _now, _why).where(_m.enters).order_by(_m.contact),
    )
)
_LEAVE = Kept(
    update(t.membership)
    .where(
        t.membership.c.segment == bindparam("the_segment", type_=Text()),
        t.membership.c.contact == _m.contact + 0,
        ~_m.enters,
        _open,
    )
    .values(to_at=_now, left_reason=_why)
)
_kind = case((_m.enters, "segment.entered"), else_="segment.left")
_TELL = Kept(insert(t.event).from_select(
    ["contact", "kind", "at", "recorded_at", "source", "quiet", "data"],
    select(
        _m.contact, _kind, _now, _now, literal("segment"), _m.quiet,
        json_parsed(json_object_text({"segment": bindparam("the_segment", type_=Text())})),
    ).order_by(_m.contact),
))  # fmt: skip
# only rows later than the mark, of these contacts: events of other workers may lie between
_FRESH = Kept(
    insert(t.fresh).from_select(
        ["event", "at"],
        select(t.event.c.id, t.event.c.at).join(
            movement,
            and_(
                t.event.c.contact == _m.contact,
                t.event.c.kind == _kind,
                t.event.c.at == _now,
                t.event.c.id > bindparam("mark", type_=BigInteger()),
                t.event.c.source == "segment",
            ),
        ),
    )
)
