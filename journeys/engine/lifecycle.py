"""Pausing and resuming a journey."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, RowMapping, bindparam, func, select, update

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.engine.states import state_words
from journeys.store import tables as t
from journeys.store.wakeup import wake


class UnknownJourney(KanwaError):
    """A journey that was never published in this store."""

    text = N_("No journey “{name}” is published in this store.{suggestion}")


class AmbiguousJourney(KanwaError):
    """A name that more than one journey has."""

    text = N_("More than one journey is called “{name}”. Say which by its id: {ids}.")


class NotLive(KanwaError):
    """Somebody pauses a journey that does not run."""

    text = N_("“{journey}” is not live, it is {state}. Only a live journey can be paused.")


class NotPaused(KanwaError):
    """Somebody resumes a journey that is not paused."""

    text = N_("“{journey}” is not paused, it is {state}.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What resuming a paused journey brings at once."""

    #: passages whose time has come while it was paused
    due: int
    #: contacts who would have come in while it was paused; they are kept in `not_entered`, and stay out
    would_have_entered: int
    #: messages that would leave at once
    messages: int


def find(conn: Connection, name: str) -> RowMapping:
    """The row of the journey with that id, or with that name.

    Raises UnknownJourney, and AmbiguousJourney where several have the name.
    """
    rows = (
        conn.execute(select(t.journey).where((t.journey.c.key == name) | (t.journey.c.name == name))).mappings().all()
    )
    exact = [row for row in rows if row["key"] == name] or rows
    if len(exact) > 1:
        raise AmbiguousJourney(name=name, ids=", ".join(sorted(row["key"] for row in exact)))
    if not exact:
        known = [value for row in conn.execute(select(t.journey.c.key, t.journey.c.name)) for value in row]
        raise UnknownJourney(name=name, suggestion=suggestion(name, known))
    return exact[0]


def pause(conn: Connection, name: str, *, now: Instant) -> None:
    """Stop letting in, moving on and handing over; exits and goals go on. Raises NotLive."""
    row = locked(conn, name)
    if row["state"] != "live":
        raise NotLive(journey=row["name"], state=state_words(row["state"]))
    conn.execute(update(t.journey).where(t.journey.c.id == row["id"]).values(state="paused", state_at=now))


def resume(conn: Connection, name: str, *, now: Instant) -> Waiting:
    """Let a paused journey run on; says what that brings at once. Raises NotPaused.

    Who would have come in while it was paused stays out; `missed.let_in` lets them in before.
    """
    row = locked(conn, name)
    if row["state"] != "paused":
        raise NotPaused(journey=row["name"], state=state_words(row["state"]))
    brings = waiting(conn, row["id"], now=now)
    conn.execute(update(t.journey).where(t.journey.c.id == row["id"]).values(state="live", state_at=now))
    wake(conn)
    return brings


def waiting(conn: Connection, journey: int, *, now: Instant) -> Waiting:
    """What resuming would bring at once, asked before it is done."""
    here = {"journey": journey, "now": now}
    return Waiting(
        due=conn.execute(_DUE, here).scalar_one(),
        would_have_entered=conn.execute(_PAUSED, {"journey": journey}).scalar_one(),
        messages=conn.execute(_MESSAGES, here).scalar_one(),
    )


def locked(conn: Connection, name: str) -> RowMapping:
    """The row of that journey, held until the commit; what `find` raises."""
    row = find(conn, name)
    return conn.execute(select(t.journey).where(t.journey.c.id == row["id"]).with_for_update()).mappings().one()


_journey = bindparam("journey", type_=BigInteger())
_now = bindparam("now", type_=BigInteger())
_DUE = select(func.count()).where(
    t.enrollment.c.journey == _journey,
    t.enrollment.c.state == t.ACTIVE,
    t.enrollment.c.due_at <= _now,
)
_PAUSED = (
    select(func.count(t.not_entered.c.contact.distinct()))
    .join(t.journey, t.journey.c.id == t.not_entered.c.journey)
    .where(
        t.not_entered.c.journey == _journey,
        t.not_entered.c.reason == "paused",
        t.not_entered.c.at >= t.journey.c.state_at,
    )
)
_MESSAGES = select(func.count()).where(
    t.message.c.journey == _journey, t.message.c.state.in_(["pending", "held"]), t.message.c.not_before_at <= _now
)
