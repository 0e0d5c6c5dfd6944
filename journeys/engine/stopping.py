"""Stopping a journey, and putting it into the archive."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, bindparam, func, insert, literal, select, update

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.ending import end_listed
from journeys.engine.lifecycle import locked
from journeys.engine.pace import Pace
from journeys.engine.scratch import ending, moving
from journeys.engine.states import state_words
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.store import Store, repeated
from journeys.store.wakeup import wake


class NotRunning(KanwaError):
    """Somebody stops a journey that does not run."""

    text = N_("“{journey}” is {state} already.")


class NotStopped(KanwaError):
    """Somebody archives a journey that still lets contacts in."""

    text = N_("“{journey}” is {state}. Stop it first, then archive it.")


class StillInside(KanwaError):
    """Somebody archives a journey that is not empty."""

    text = N_(
        "“{journey}” cannot be archived yet: contacts inside: {inside}, messages on their way: {messages}. Wait until they "
        "are through, or stop it once more and let them leave."
    )


@dataclass(slots=True)
class Stopped:
    """What stopping did."""

    #: who left at once
    left: int = 0
    #: who are inside still, and finish
    inside: int = 0


def stop(
    store: Store,
    name: str,
    *,
    inside: Literal["finish", "leave"],
    now: Instant,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Stopped:
    """Let nobody come in any more; who is inside goes on to the end of the way, or leaves at once.

    A journey that was paused runs on for those inside. Leaving is done in cohorts, each a transaction; after a crash,
    and for whoever is to leave after all, a stopped journey is stopped again with `leave`. Raises NotRunning for one
    that is archived, or is stopped and nobody is to leave.
    """
    with store.write() as conn:
        row = locked(conn, name)
        if row["state"] == "archived" or (row["state"] == "stopped" and inside == "finish"):
            raise NotRunning(journey=row["name"], state=state_words(row["state"]))
        if row["state"] != "stopped":
            conn.execute(_SET_STATE, {"the_journey": row["id"], "becomes": "stopped", "now": now})
            wake(conn)
    done = Stopped()
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        waiting = list(conn.execute(_INSIDE, {"journey": row["id"]}).scalars())
    if inside == "finish":
        done.inside = len(waiting)
        return done
    pace, left = Pace(store), iter(waiting)
    while ids := list(islice(left, pace.size)):
        began = time.perf_counter()
        done.left += repeated(partial(_leave, store, row["id"], ids, now=now, zone=zone))
        pace.took(len(ids), time.perf_counter() - began)
        progress(done.left, len(waiting))
    return done


def _leave(store: Store, journey: int, ids: Sequence[int], *, now: Instant, zone: ZoneInfo) -> int:
    with scratch.work(store) as conn:
        state = conn.execute(_LOCK_JOURNEY, {"journey": journey}).scalar_one()
        if state != "stopped":
            # somebody has let it live again
            return 0
        conn.execute(insert(moving), [{"enrollment": id_} for id_ in ids])
        conn.execute(_LEAVE, {"now": now})
        left = end_listed(conn, now=now, zone=zone)
        scratch.clear(conn, moving)
    return left


def archive(store: Store, name: str, *, now: Instant) -> None:
    """Put a stopped journey away: it does nothing any more, and is listed only on request.

    Its versions, trace and messages stay. Raises NotStopped, and StillInside while somebody is inside or a message is
    on its way.
    """
    with store.write() as conn:
        row = locked(conn, name)
        if row["state"] == "archived":
            raise NotRunning(journey=row["name"], state=state_words(row["state"]))
        if row["state"] != "stopped":
            raise NotStopped(journey=row["name"], state=state_words(row["state"]))
        here = {"journey": row["id"]}
        inside = conn.execute(_COUNT_INSIDE, here).scalar_one()
        messages = conn.execute(_ON_THEIR_WAY, here).scalar_one()
        if inside or messages:
            raise StillInside(journey=row["name"], inside=inside, messages=messages)
        conn.execute(_SET_STATE, {"the_journey": row["id"], "becomes": "archived", "now": now})


_journey = bindparam("journey", type_=BigInteger())
_of_journey = (t.enrollment.c.journey == _journey, t.enrollment.c.state == t.ACTIVE)
_INSIDE = select(t.enrollment.c.id).where(*_of_journey).order_by(t.enrollment.c.id)
_COUNT_INSIDE = select(func.count()).where(*_of_journey)
_ON_THEIR_WAY = select(func.count()).where(
    t.message.c.journey == _journey, t.message.c.state.in_(["pending", "held", "claimed", "started"])
)
_LOCK_JOURNEY = select(t.journey.c.state).where(t.journey.c.id == _journey).with_for_update()
_SET_STATE = (
    update(t.journey)
    .where(t.journey.c.id == bindparam("the_journey", type_=BigInteger()))
    .values(state=bindparam("becomes"), state_at=bindparam("now", type_=BigInteger()))
)
_LEAVE = insert(ending).from_select(
    ["enrollment", "state", "reason", "at"],
    select(moving.c.enrollment, literal("exited"), literal("let go"), bindparam("now", type_=BigInteger())),
)
