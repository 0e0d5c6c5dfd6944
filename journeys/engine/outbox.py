"""The outbox: messages on their way, each arrow a commit.

No message is made twice; none is silently lost; at most the few in flight at a crash are uncertain, and they are
named. `store.arrows` holds the one transition table: nothing else in the code may move a message.

Lock order: enrollments by id, contacts by id, messages by id. A claim locks contacts first in a statement of its own
and only then looks, in a new snapshot: one statement for both broke the cap for 1,000 of 1,000. It does not touch
enrollments; what a claim decides against is settled in a second transaction that takes the enrollment first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Text,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    update,
)

from journeys.base.time import DAY, HOUR, Instant, zone_of
from journeys.engine.allowances import Allowances, Full, Limits, give_back
from journeys.engine.judging import LEFT_OUT, Verdict, held_or_skipped, judge
from journeys.engine.policies import Rules
from journeys.store import owner, settings
from journeys.store import tables as t
from journeys.store.arrows import ARROWS, ENDED, in_states, move
from journeys.store.dialect import ids_given
from journeys.store.kept import Kept
from journeys.store.suppression import suppressed

#: seconds for which a claim holds; after that the worker is taken for dead
LEASE_SECONDS = 300
#: seconds one hand-over may take: a server may be silent for 600 after the last line (RFC 5321, 4.5.3.2.6)
HAND_OVER_SECONDS = 900
#: an unknown message lets its passage go on after this long
UNKNOWN_REST = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Claimed:
    """One message that this worker has in hand."""

    id: int
    enrollment: int
    node: str
    visit: int
    version: int
    contact: int
    address: str
    template: str
    message_class: str
    purpose: str
    sender: str
    attempts: int
    made_at: Instant
    expires_at: Instant | None
    claimed_at: Instant
    #: the account whose allowance it took a part of; empty: of none
    account: str
    #: row of the code it shows
    code: int | None
    channel: str
    #: whether it may be handed over again when nobody knows what became of it
    repeatable: bool
    #: when its node was due
    due_at: Instant
    #: None: hand it over; else the decision to settle
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of one message, to be written."""

    message: Claimed
    state: str
    reason: str = ""
    detail: str = ""


RulesOf = Callable[[int], Rules]
OnBlock = Callable[[int, str], str]
LimitsOf = Callable[[str], Limits | None]

_m, _e, _k, _j = t.message.c, t.enrollment.c, t.contact.c, t.journey.c
_now = bindparam("now", type_=BigInteger())
_worker = bindparam("the_worker", type_=Text())

#: states of a message that a worker holds
IN_HAND = ("claimed", "started")
_waiting = in_states("pending", "held")
#: in the order in which they go: a service message does not wait behind a backlog of marketing
CLASSES = ("service", "marketing")
_of_class = _m.message_class == bindparam("the_class", type_=Text())
# class by class, as its index has them: ordered by both, SQLite would sort the whole backlog
_READY = Kept(
    select(_m.id, _m.contact)
    .join(t.journey, _j.id == _m.journey)
    .where(_waiting, _of_class, _m.not_before_at <= _now, _j.state.in_(t.RUNNING))
    .order_by(_m.not_before_at, _m.id)
    .limit(bindparam("limit", type_=Integer()))
)
_LOCK_CONTACTS = Kept(select(_k.id).where(ids_given(_k.id, "contacts")).order_by(_k.id).with_for_update(key_share=True))
_consent = (
    select(t.consent_now.c.given)
    .where(
        t.consent_now.c.contact == _m.contact,
        t.consent_now.c.channel == _m.channel,
        t.consent_now.c.purpose == _m.purpose,
    )
    .scalar_subquery()
)
# a node that does not wait for the hand-over has let its member go on, perhaps to the end of its way already; what
# ends a passage from outside takes its messages along
_not_left = or_(_e.state.in_(t.words("active", "finished")), and_(_e.state == "goal", _e.reason != "goal"))
_LOOK = Kept(
    select(
        _m.id, _m.journey, _m.version, _m.enrollment, _m.node, _m.visit, _m.contact, _m.template,
        _m.message_class.label("message_class"), _m.purpose, _m.sender, _m.attempts, _m.made_at, _m.due_at, _m.code, _m.detail,
        _m.expires_at, _m.channel, type_coerce(_m.repeatable, Integer()).label("repeatable"), _k.email, _k.phone,
        _k.time_zone, _k.erased_at, type_coerce(_not_left, Integer()).label("not_left"),
        type_coerce(_consent, Integer()).label("consent"),
    )
    .join(t.contact, _k.id == _m.contact)
    .join(t.enrollment, _e.id == _m.enrollment)
    .where(ids_given(_m.id, "ids"), _waiting)
    .order_by(_m.id)
    .with_for_update(of=t.message, skip_locked=True)
)  # fmt: skip
_COUNTED = Kept(
    select(_m.contact, _m.counted_at).where(
        ids_given(_m.contact, "contacts"),
        _m.counted_at > bindparam("since", type_=BigInteger()),
        _m.message_class == "marketing",
    )
)
_HOLD = Kept(
    move("held")
    .where(_m.id == bindparam("message", type_=BigInteger()))
    .values(
        reason=bindparam("why", type_=Text()),
        detail=bindparam("said", type_=Text()),
        not_before_at=bindparam("until", type_=BigInteger()),
    )
)
_CLAIM = Kept(
    move("claimed")
    .where(_m.id == bindparam("message", type_=BigInteger()))
    .values(
        worker=_worker,
        lease_until=bindparam("until", type_=BigInteger()),
        counted_at=bindparam("counted", type_=BigInteger()),
    )
)


def claim(
    conn: Connection,
    *,
    worker: str,
    now: Instant,
    zone: ZoneInfo,
    limit: int,
    rules_of: RulesOf,
    on_block: OnBlock,
    limits_of: LimitsOf = lambda _sender: None,
) -> tuple[list[Claimed], int]:
    """Take at most `limit` messages whose time has come, service before marketing, and decide about each, in the open
    transaction.

    In this order: the passage still stands at the send, the message has not expired, an address is there, suppression,
    consent, cap, quiet hours, the account's allowance; of a webhook, which contacts nobody, only passage, expiry and
    suppression are asked. `rules_of(version)` gives the policies, `on_block(version, node)` what the node does when one
    of them holds it: "later" or "skip"; `limits_of(sender)` the limits of its account, which only ever hold it. Class
    *service* passes over consent and cap, and keeps quiet hours only
    where `on_block` says "quiet". Times of the contact's clock use its zone, else `zone`. Returns what was claimed,
    and how many were held.
    """
    ready = _ready(conn, now=now, limit=limit)
    if not ready:
        return [], 0
    contacts = sorted({row.contact for row in ready})
    conn.execute(_LOCK_CONTACTS, {"contacts": contacts})
    # locked by id; what is left of an allowance goes to service first
    rows = sorted(
        conn.execute(_LOOK, {"ids": sorted(row.id for row in ready)}).all(),
        key=lambda row: CLASSES.index(row.message_class),
    )
    barred = suppressed(conn, "email", [row.email for row in rows if row.email])
    # a call names the contact: whoever wants to hear no more by any channel is named no more
    calls = [row.phone for row in rows if row.channel == "webhook" and row.phone]
    barred_calls = suppressed(conn, "sms", calls) | suppressed(conn, "phone", calls) if calls else {}
    counted: dict[int, list[Instant]] = {}
    caps = [cap for row in rows if (cap := rules_of(row.version).cap)]
    if caps:
        since = now - max(cap.within_days for cap in caps) * DAY
        for row in conn.execute(_COUNTED, {"contacts": contacts, "since": since}):
            counted.setdefault(row.contact, []).append(row.counted_at)
    limits = {row.id: limits_of(row.sender) if row.channel == "email" else None for row in rows}
    allowances = Allowances(conn, {one.account: one for one in limits.values() if one}.values(), now=now)
    left_out_until = settings.get(conn, owner.LEFT_OUT_UNTIL, 0)
    claimed: list[Claimed] = []
    holding: list[dict[str, Any]] = []
    claiming: list[dict[str, Any]] = []
    for row in rows:
        verdict = judge(
            row,
            rules=rules_of(row.version),
            block=on_block(row.version, row.node),
            barred=barred.get(row.email or "", "")
            or (row.channel == "webhook" and barred_calls.get(row.phone or ""))
            or "",
            counted=counted.get(row.contact, ()),
            left_out_until=left_out_until,
            now=now,
            zone=zone_of(row.time_zone, zone),
        )
        limited = limits[row.id]
        if verdict is None and limited is not None and (full := _full(allowances, limited, row)):
            said = f"{full.most} / {full.unit}"
            verdict = held_or_skipped("allowance", said, full.until, "later", row.expires_at)
        if verdict is None and row.message_class == "marketing":
            counted.setdefault(row.contact, []).append(now)
        if verdict is not None and verdict.state == "held":
            holding.append(
                {"message": row.id, "why": verdict.reason, "said": verdict.detail, "until": verdict.not_before_at}
            )
            continue
        claiming.append(
            {
                "message": row.id, "the_worker": worker, "until": now + LEASE_SECONDS,
                "counted": now if verdict is None else None,
            }
        )  # fmt: skip
        account = limited.account if verdict is None and limited is not None else ""
        claimed.append(_claimed(row, verdict, now=now, account=account))
    for statement, those in ((_HOLD, holding), (_CLAIM, claiming)):
        if those:
            conn.execute(statement, those)
    allowances.write()
    return claimed, len(holding)


def _ready(conn: Connection, *, now: Instant, limit: int) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for class_ in CLASSES:
        if len(found) < limit:
            found += conn.execute(_READY, {"now": now, "the_class": class_, "limit": limit - len(found)})
    return found


def _full(allowances: Allowances, limits: Limits, row: Row[Any]) -> Full | None:
    return allowances.take(limits, service=row.message_class == "service")


def _claimed(row: Row[Any], verdict: Verdict | None, *, now: Instant, account: str) -> Claimed:
    return Claimed(
        id=row.id,
        enrollment=row.enrollment,
        node=row.node,
        visit=row.visit,
        version=row.version,
        contact=row.contact,
        address=row.email or "",
        template=row.template,
        message_class=row.message_class,
        purpose=row.purpose,
        sender=row.sender,
        attempts=row.attempts,
        made_at=row.made_at,
        expires_at=row.expires_at,
        claimed_at=now,
        account=account,
        code=row.code,
        channel=row.channel,
        repeatable=bool(row.repeatable),
        due_at=row.due_at,
        verdict=verdict,
    )


_START = Kept(
    move("started")
    .where(
        ids_given(_m.id, "ids"),
        _m.worker == _worker,
        exists(select(1).where(_e.id == _m.enrollment, _not_left)),
        exists(select(1).where(_j.id == _m.journey, _j.state.in_(t.RUNNING))),
        or_(_m.message_class == "service", func.coalesce(_consent, literal_column("false"))),
    )
    .values(
        reason="", detail="", started_at=_now, attempts=_m.attempts + 1,
        lease_until=bindparam("until", type_=BigInteger()),
    )
    .returning(_m.id)
)  # fmt: skip
_RELEASE = Kept(
    move("pending", among=("claimed",))
    .where(ids_given(_m.id, "ids"), _m.worker == _worker)
    .values(worker=null(), lease_until=null(), counted_at=null())
)
_NAME = Kept(
    update(t.message)
    .where(_m.id == bindparam("message", type_=BigInteger()))
    .values(rfc_id=bindparam("rfc", type_=Text()))
)


def start(conn: Connection, messages: Sequence[tuple[Claimed, str]], *, worker: str, now: Instant) -> set[int]:
    """Mark claimed messages (each with its Message-ID) as started; returns those that may now be handed over.

    Journey, passage and consent are looked at once more. What may not start goes back to pending, so that the next claim
    decides about it. From the commit on, a crash leaves the message *unknown*.
    """
    ids = [message.id for message, _ in messages]
    conn.execute(_NAME, [{"message": message.id, "rfc": rfc_id} for message, rfc_id in messages])
    started = set(
        conn.execute(
            _START, {"ids": ids, "the_worker": worker, "now": now, "until": now + HAND_OVER_SECONDS * len(ids)}
        ).scalars()
    )
    release(conn, [message for message, _ in messages if message.id not in started], worker=worker)
    return started


def release(conn: Connection, messages: Sequence[Claimed], *, worker: str) -> None:
    """Give claimed messages back, and their parts of allowances."""
    if messages:
        conn.execute(_RELEASE, {"ids": [message.id for message in messages], "the_worker": worker})
        give_back(conn, messages)


LOCK_ENROLLMENTS = Kept(select(_e.id).where(ids_given(_e.id, "ids")).order_by(_e.id).with_for_update())
GO_ON = Kept(
    update(t.enrollment)
    .where(
        _e.id == bindparam("passage", type_=BigInteger()),
        _e.node == bindparam("here", type_=Text()),
        # asked of the message: since it was claimed its passage may have moved to another version, to a new stay
        _e.n == select(_m.visit).where(_m.id == bindparam("message", type_=BigInteger())).scalar_subquery(),
        _e.state == t.ACTIVE,
    )
    .values(due_at=bindparam("due", type_=BigInteger()))
)


def _settling(state: str) -> Update:
    return (
        move(state, among=IN_HAND)
        .where(_m.id == bindparam("message", type_=BigInteger()), _m.worker == _worker)
        .values(
            reason=bindparam("why", type_=Text()),
            detail=bindparam("said", type_=Text()),
            ended_at=_now,
            worker=null(),
            lease_until=null(),
            # what may have arrived counts against caps
            counted_at=_m.counted_at if state in ("sent", "unknown") else null(),
        )
    )


_SETTLE = {state: Kept(_settling(state)) for state in sorted({to for state in IN_HAND for to in ARROWS[state]} & ENDED)}


def settle(conn: Connection, ends: Sequence[Settled], *, worker: str, now: Instant) -> None:
    """Write how messages ended and let their passages go on; enrollments first, in the order of ids."""
    if not ends:
        return
    ends = sorted(ends, key=lambda end: end.message.id)
    conn.execute(LOCK_ENROLLMENTS, {"ids": sorted({end.message.enrollment for end in ends})})
    conn.execute(
        GO_ON,
        [
            {
                "passage": end.message.enrollment,
                "here": end.message.node,
                "message": end.message.id,
                "due": _goes_on_at(end, now),
            }
            for end in ends
        ],
    )
    # one after the other, in the order of ids, and not a statement a state
    for state, alike in groupby(ends, key=lambda end: end.state):
        conn.execute(
            _SETTLE[state],
            [
                {"message": end.message.id, "the_worker": worker, "why": end.reason, "said": end.detail, "now": now}
                for end in alike
            ],
        )


def _goes_on_at(end: Settled, now: Instant) -> Instant:
    """When the passage is due again."""
    if end.state == "unknown":
        return Instant(now + UNKNOWN_REST)
    # what follows without a wait is as late as the message left out: it may have gone out right after it
    return end.message.due_at if end.reason == LEFT_OUT else now


_AGAIN = Kept(
    move("pending", among=IN_HAND)
    .where(_m.id == bindparam("message", type_=BigInteger()), _m.worker == _worker)
    .values(
        reason=bindparam("why", type_=Text()),
        detail=bindparam("said", type_=Text()),
        not_before_at=bindparam("until", type_=BigInteger()),
        attempts=_m.attempts - bindparam("free", type_=Integer()),
        worker=null(),
        lease_until=null(),
        started_at=null(),
        counted_at=null(),
    )
)


def try_again(
    conn: Connection,
    messages: Iterable[tuple[Claimed, Instant, str, str]],
    *,
    worker: str,
    count_attempt: bool = True,
) -> None:
    """Put messages that were certainly not accepted back to pending: (message, not before, reason, detail).

    Not beyond their end, where they are looked at once more and expire. With `count_attempt` false they were started
    and not even offered: that is no attempt, and their parts of allowances are given back.
    """
    messages = list(messages)
    rows = [
        {
            "message": message.id, "the_worker": worker, "until": min(until, message.expires_at or until),
            "why": reason, "said": detail, "free": 0 if count_attempt else 1,
        }
        for message, until, reason, detail in messages
    ]  # fmt: skip
    if rows:
        conn.execute(_AGAIN, rows)
    if not count_attempt:
        give_back(conn, [message for message, *_rest in messages])


_NEXT = Kept(
    select(func.min(_m.not_before_at))
    .join(t.journey, _j.id == _m.journey)
    .where(_waiting, _of_class, _j.state.in_(t.RUNNING))
)


def first_ready(conn: Connection, *, now: Instant) -> int | None:
    """The message whose turn is next at `now`; None where nothing is ready."""
    return next((row.id for row in _ready(conn, now=now, limit=1)), None)


def next_at(conn: Connection) -> Instant | None:
    """When the next message may go out; None where none waits."""
    found = [conn.execute(_NEXT, {"the_class": class_}).scalar() for class_ in CLASSES]
    return min((Instant(at) for at in found if at is not None), default=None)
