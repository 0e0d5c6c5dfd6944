"""What happens to messages after hand-over: an unknown one is settled, a bounce comes, a failed one is tried again.

No message is made twice, and none is offered twice as long as the first offer may have been taken. `retry` keeps to
that: it moves a *failed* message back to pending, the same row with the same Message-ID, and only where it was certainly
not accepted: the server refused it, it was never written, or a person has said of an unknown one that it did not
arrive, and answers for that. What bounced had been accepted before; it is not tried again. A retried message is looked
at like a new one (consent, cap, quiet hours); its passage, which has gone on, stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from sqlalchemy import BigInteger, BindParameter, Connection, Integer, Row, Text, bindparam, case, null, select, update

from journeys.base.errors import UsageError
from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.engine.states import state_words
from journeys.store import tables as t
from journeys.store.arrows import in_states, move
from journeys.store.wakeup import wake

Outcome: TypeAlias = Literal["sent", "failed"]

#: reasons with which a message failed that certainly was not accepted
CERTAINLY_NOT_ACCEPTED = frozenset({"refused", "template", "resolved"})


class UnknownMessage(UsageError):
    text = N_("There is no message {id}. kanwa messages lists them.")


class NotUnknown(UsageError):
    text = N_("Message {id} is {state}, not unknown: there is nothing to resolve.")


class NotFailed(UsageError):
    text = N_("Message {id} is {state}. Only a failed message can be tried again.")


class StillUnknown(UsageError):
    text = N_(
        "Whether message {id} arrived is not known, so it is not tried again. Find out, and say so first: kanwa resolve {id} failed"
    )


class MayHaveBeenAccepted(UsageError):
    text = N_(
        "Message {id} had been accepted and came back later, so it is not tried again. Correct the address of the contact; the next message goes there."
    )


class Settlement(StrEnum):
    """What a word from outside about a message did."""

    #: the message has moved
    APPLIED = "applied"
    #: it stood so already, or the word is about a message that was never handed over
    NOTHING_NEW = "nothing new"
    #: it is being handed over at this moment: ask again later
    NOT_YET = "not yet"
    #: there is no such message
    NO_SUCH_MESSAGE = "no such message"


@dataclass(frozen=True, slots=True)
class Resolved:
    """An unknown message that was settled."""

    id: int
    state: Outcome


_m, _e = t.message.c, t.enrollment.c
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_LOCK_ENROLLMENTS = (
    select(_e.id).where(_e.id.in_(select(_m.enrollment).where(_m.id.in_(_ids)))).order_by(_e.id).with_for_update()
)
_LOCK_MESSAGES = (
    select(_m.id, _m.state, _m.reason, _m.enrollment, _m.node, _m.visit)
    .where(_m.id.in_(_ids))
    .order_by(_m.id)
    .with_for_update()
)
_UNKNOWN_BEFORE = (
    select(_m.id)
    # both conditions: the first one lets planners use the index of what was handed over
    .where(in_states("sent", "unknown"), in_states("unknown"), _m.ended_at <= bindparam("before", type_=BigInteger()))
    .order_by(_m.id)
)
_END = {
    state: move(state, among=("unknown", "sent"))
    .where(_m.id == bindparam("message", type_=BigInteger()))
    .values(
        reason=bindparam("why", type_=Text()),
        detail=bindparam("said", type_=Text()),
        # what did not arrive counts against no cap
        counted_at=_m.counted_at if state == "sent" else null(),
    )
    for state in ("sent", "failed")
}
# the member may have gone on after a day already; then it stays where it is
_GO_ON = (
    update(t.enrollment)
    .where(
        _e.id == bindparam("passage", type_=BigInteger()),
        _e.node == bindparam("here", type_=Text()),
        _e.n == bindparam("visit", type_=Integer()),
        _e.state == t.ACTIVE,
    )
    .values(due_at=bindparam("due", type_=BigInteger()))
)
_now = bindparam("now", type_=BigInteger())
_RETRY = (
    move("pending", among=("failed",))
    .where(_m.id.in_(_ids))
    .values(
        reason="retried",
        due_at=_now,
        not_before_at=_now,
        # as long as it had at first
        expires_at=case((_m.expires_at.is_not(None), _now + (_m.expires_at - _m.made_at)), else_=null()),
        attempts=0,
        ended_at=null(),
        started_at=null(),
    )
)


def unknown_before(conn: Connection, before: Instant) -> list[int]:
    """Messages that have been unknown since that moment or longer."""
    return list(conn.execute(_UNKNOWN_BEFORE, {"before": before}).scalars())


def resolve(conn: Connection, ids: Sequence[int], outcome: Outcome, *, now: Instant) -> list[Resolved]:
    """Settle unknown messages by a person's word; their passages go on at once. All or, by an exception, none.

    Raises UnknownMessage, NotUnknown.
    """
    rows = _locked(conn, ids)
    for id_ in ids:
        if rows[id_].state != "unknown":
            raise NotUnknown(id=id_, state=state_words(rows[id_].state))
    for id_ in sorted(rows):
        _settle(conn, rows[id_], outcome, reason="resolved", detail="", now=now)
    wake(conn)
    return [Resolved(id_, outcome) for id_ in sorted(rows)]


def heard(
    conn: Connection, message: int, outcome: Outcome, *, reason: str, now: Instant, detail: str = ""
) -> Settlement:
    """Take in what a bounce or the log of a relay says about a message: "sent" or "failed".

    The one way for all of them; the same word twice does nothing. A bounce ends a message that counted as sent, too.
    `reason` is "bounced" for a bounce, "relay" for a log; `detail` what it says.
    """
    try:
        row = _locked(conn, [message])[message]
    except UnknownMessage:
        return Settlement.NO_SUCH_MESSAGE
    match row.state, outcome:
        case "started", _:
            return Settlement.NOT_YET
        case ("unknown", _) | ("sent", "failed"):
            _settle(conn, row, outcome, reason=reason, detail=detail, now=now)
            wake(conn)
            return Settlement.APPLIED
        case _:
            return Settlement.NOTHING_NEW


def retry(conn: Connection, ids: Sequence[int], *, now: Instant) -> None:
    """Try failed messages again, from now on; all or, by an exception, none.

    Raises UnknownMessage, StillUnknown, MayHaveBeenAccepted, NotFailed.
    """
    rows = _locked(conn, ids)
    for id_ in ids:
        match rows[id_].state, rows[id_].reason:
            case "failed", reason if reason in CERTAINLY_NOT_ACCEPTED:
                pass
            case "failed", _:
                raise MayHaveBeenAccepted(id=id_)
            case "unknown", _:
                raise StillUnknown(id=id_)
            case state, _:
                raise NotFailed(id=id_, state=state_words(state))
    conn.execute(_RETRY, {"ids": sorted(rows), "now": now})
    wake(conn)


def _locked(conn: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """The rows of messages, theirs and their passages' locks taken. Raises UnknownMessage."""
    wanted = {"ids": sorted(set(ids))}
    conn.execute(_LOCK_ENROLLMENTS, wanted)
    rows = {row.id: row for row in conn.execute(_LOCK_MESSAGES, wanted)}
    for id_ in ids:
        if id_ not in rows:
            raise UnknownMessage(id=id_)
    return rows


def _settle(conn: Connection, row: Row[Any], outcome: Outcome, *, reason: str, detail: str, now: Instant) -> None:
    conn.execute(_END[outcome], {"message": row.id, "why": reason, "said": detail})
    if row.state == "unknown":
        conn.execute(_GO_ON, {"passage": row.enrollment, "here": row.node, "visit": row.visit, "due": now})
