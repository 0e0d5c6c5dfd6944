"""Making messages: what members who come to a send put into the outbox, and who of them rests for it.

Usually one statement for the whole cohort. A ladder makes a message by each channel it takes; who comes late gets none,
or one that is held until its hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Text,
    and_,
    bindparam,
    case,
    exists,
    insert,
    literal,
    literal_column,
    null,
    select,
    update,
)

from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.plan import Plan, Step
from journeys.engine.scratch import cohort
from journeys.nodes.cohort import Cohort, Phase
from journeys.nodes.preparing import Preparing
from journeys.nodes.send import Send
from journeys.store import tables as t
from journeys.store.moments import Moments

_c = cohort.c
_now = bindparam("now", type_=BigInteger())
_ARRIVED = and_(
    _c.version == bindparam("the_version"),
    _c.node == bindparam("here"),
    _c.phase == literal_column(str(int(Phase.ARRIVED))),
)
_has_message = exists(
    select(1).where(t.message.c.enrollment == _c.id, t.message.c.node == _c.node, t.message.c.visit == _c.n)
)
_REST = update(cohort).where(_ARRIVED).values(phase=int(Phase.RESTS), due_at=null())
_REST_WITH_MESSAGE = (
    update(cohort)
    .where(_ARRIVED)
    .values(phase=case((_has_message, int(Phase.RESTS)), else_=int(Phase.DUE)), due_at=null())
)
_GO_ON = update(cohort).where(_ARRIVED).values(phase=int(Phase.DUE))
_SOME_LATE = select(1).where(_ARRIVED, _c.was_due_at < bindparam("latest", type_=BigInteger())).limit(1)


class Handing:
    """One send of one version, its statements built once."""

    def __init__(self, plan: Plan, step: Step, dialect: str) -> None:
        assert isinstance(step.node, Send), f"{step.node.kind} hands over but makes no message"
        self._send = step.node
        self._moments = Moments()
        here = Cohort(
            journey=plan.key,
            version=plan.version,
            node=step.id,
            moments=self._moments,
            dialect=dialect,
            channels=step.channels,
        )
        self._preparing = Preparing(self._send, here, _ARRIVED)
        self._makings = [_make(channel, who) for channel, who in self._send.makings(here)]
        # with one channel everybody makes a message who is not late
        self._all_make = self._send.ladder is None and bool(self._makings)
        self._given = {
            "the_journey": plan.journey,
            "template": self._send.template,
            "message_class": self._send.message_class,
            "purpose": self._send.purpose or "",
            "sender": self._send.sender or "",
            "lasts": self._send.expires_after.seconds,
        }

    def hand_over(self, conn: Connection, here: Mapping[str, Any], *, now: Instant, zone: ZoneInfo) -> bool:
        """Make the messages of members who have just come; true if some go on at once.

        `here` names version, node and `now`.
        """
        # one look into the cohort spares the working out of hours, which a runtime that keeps up never needs
        late = conn.execute(_SOME_LATE, {**here, "latest": now - self._send.lateness.by.seconds}).first() is not None
        used = self._preparing.run(conn, here, now=now, zone=zone) if late or self._send.channels_asked() else ()
        for making in self._makings:
            conn.execute(making, {**here, **self._given, **self._moments.values(now, zone)})
        scratch.clear(conn, *used)
        if not self._send.wait_for_hand_over:
            conn.execute(_GO_ON, here)
            return True
        if self._all_make and not (late and self._send.lateness.then == "skip"):
            conn.execute(_REST, here)
            return False
        conn.execute(_REST_WITH_MESSAGE, here)
        return True


def _make(channel: ColumnElement[Any], who: ColumnElement[bool]) -> Insert:
    """An INSERT of the messages of those who have just come and are meant."""
    is_held = _c.until > _now
    begins = case((is_held, _c.until), else_=_now)
    return insert(t.message).from_select(
        [
            "journey", "version", "enrollment", "node", "visit", "channel", "contact", "template", "message_class",
            "purpose", "sender", "state", "reason", "made_at", "due_at", "not_before_at", "expires_at",
        ],
        select(
            bindparam("the_journey", type_=t.Id), _c.version, _c.id, _c.node, _c.n, channel, _c.contact,
            bindparam("template", type_=Text()), bindparam("message_class", type_=Text()),
            bindparam("purpose", type_=Text()), bindparam("sender", type_=Text()),
            case((is_held, "held"), else_="pending"), case((is_held, literal("late")), else_=""), _now, _c.was_due_at, begins,
            begins + bindparam("lasts", type_=BigInteger()),
        ).where(_ARRIVED, who).order_by(_c.id),
    )  # fmt: skip
