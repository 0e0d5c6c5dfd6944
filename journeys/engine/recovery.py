"""After a crash: messages that somebody had in hand and nobody works on any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, and_, bindparam, null, or_, select

from journeys.base.time import Instant
from journeys.engine.outbox import GO_ON, IN_HAND, LOCK_ENROLLMENTS, UNKNOWN_REST
from journeys.store import tables as t
from journeys.store.arrows import in_states, move
from journeys.store.dialect import ids_given
from journeys.store.kept import Kept

_m = t.message.c
_now = bindparam("now", type_=BigInteger())

# every message in hand has a lease; saying so lets both planners use the index of leases, an order by id would not
_HELD = Kept(
    select(_m.id, _m.state, _m.enrollment, _m.worker, _m.lease_until).where(
        in_states(*IN_HAND), _m.lease_until.is_not(None)
    )
)
_still = and_(ids_given(_m.id, "ids"), _m.worker.in_(bindparam("workers", expanding=True)))
_BACK = (
    move("pending", among=IN_HAND)
    .where(_still, or_(in_states("claimed"), _m.repeatable))
    .values(worker=null(), lease_until=null(), started_at=null(), counted_at=null())
)
_UNKNOWN = (
    move("unknown")
    .where(_still, ~_m.repeatable)
    .values(reason="interrupted", ended_at=_now, worker=null(), lease_until=null())
    .returning(_m.id, _m.enrollment, _m.node)
)


def left_behind(
    conn: Connection, *, now: Instant, worker: str = "", dead: Callable[[str], bool] = lambda _worker: False
) -> list[Row[Any]]:
    """Messages in hand that nobody is working on: their lease is over, or `dead` says so of their worker.

    With `worker`, what its threads hold too: for a moment at which none of them works.
    """
    rows = conn.execute(_HELD).all()
    gone = {name for name in {row.worker for row in rows} if _is_of(name, worker) or dead(name)}
    return [row for row in rows if row.worker in gone or row.lease_until < now]


def _is_of(name: str, worker: str) -> bool:
    """Whether a message was held by a worker itself or by one of its threads, which add “/” and their number."""
    return bool(worker) and (name == worker or name.startswith(f"{worker}/"))


def recover(
    conn: Connection, *, now: Instant, worker: str = "", dead: Callable[[str], bool] = lambda _worker: False
) -> tuple[int, int]:
    """After a crash: claimed goes back to pending, started becomes unknown; returns how many of each.

    What may be handed over again goes back to pending even where it was started.

    Takes what is `left_behind`.
    """
    rows = left_behind(conn, now=now, worker=worker, dead=dead)
    if not rows:
        return 0, 0
    these = {"ids": sorted(row.id for row in rows), "workers": sorted({row.worker for row in rows})}
    # a worker that was only slow may settle meanwhile; it takes the enrollment first, as everybody does
    conn.execute(LOCK_ENROLLMENTS, {"ids": sorted({row.enrollment for row in rows if row.state == "started"})})
    lost = conn.execute(_UNKNOWN, these | {"now": now}).all()
    if lost:
        conn.execute(
            GO_ON,
            [
                {"passage": row.enrollment, "here": row.node, "message": row.id, "due": now + UNKNOWN_REST}
                for row in lost
            ],
        )
    return conn.execute(_BACK, these).rowcount, len(lost)
