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
    Boolean,
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
    true,
    update,
)

from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.plan import Plan, Step
from journeys.engine.scratch import cohort
from journeys.nodes.cohort import Cohort, Phase
from journeys.nodes.ladder import Making
from journeys.nodes.late import Late
from journeys.nodes.preparing import Preparing
from journeys.nodes.send import Send
from journeys.store import tables as t
from journeys.store.kept import Kept
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
_REST = Kept(update(cohort).where(_ARRIVED).values(phase=int(Phase.RESTS), due_at=null()))
_REST_WITH_MESSAGE = Kept(
    update(cohort)
    .where(_ARRIVED)
    .values(phase=case((_has_message, int(Phase.RESTS)), else_=int(Phase.DUE)), due_at=null())
)
_GO_ON = Kept(update(cohort).where(_ARRIVED).values(phase=int(Phase.DUE), due_at=null()))
_SOME_LATE = Kept(select(1).where(_ARRIVED, _c.was_due_at < bindparam("latest", type_=BigInteger())).limit(1))


#: fixed when a message is made: a code that the passage takes later changes no message that still waits
_newest_code = (
    select(t.code.c.id)
    .where(t.code.c.enrollment == _c.id)
    .order_by(t.code.c.visit.desc())
    .limit(1)
    .correlate(cohort)
    .scalar_subquery()
)


class Handing:
    """One node that hands over, of one version, its statements built once."""

    def __init__(self, plan: Plan, step: Step, dialect: str) -> None:
        self._node = step.node
        self._parcel = step.node.parcel()
        #: only sends can be late
        self._late = step.node.lateness if isinstance(step.node, Send) else None
        self._moments = Moments()
        here = Cohort(
            journey=plan.key,
            version=plan.version,
            node=step.id,
            moments=self._moments,
            dialect=dialect,
            channels=step.channels,
        )
        self._preparing = Preparing(self._node, here, _ARRIVED)
        everybody: list[Making] = [(literal(self._parcel.channel), true())]
        makings = step.node.makings(here) if isinstance(step.node, Send) else everybody
        self._makings = [Kept(_make(channel, who)) for channel, who in makings]
        #: with one channel that can be handed over by everybody makes a message who is not late
        self._all_make = bool(makings) and not self._node.channels_asked()
        self._given = {
            "the_journey": plan.journey,
            "template": self._parcel.template,
            "message_class": self._parcel.message_class,
            "purpose": self._parcel.purpose,
            "sender": self._parcel.sender,
            "lasts": self._parcel.lasts,
            "repeatable": self._parcel.repeatable,
        }

    def hand_over(self, conn: Connection, here: Mapping[str, Any], *, now: Instant, zone: ZoneInfo) -> bool:
        """Make the messages of members who have just come; true if some go on at once.

        `here` names version, node and `now`.
        """
        late = self._late is not None and self._some_late(conn, self._late, here, now)
        used = self._preparing.run(conn, here, now=now, zone=zone) if late or self._node.channels_asked() else ()
        for making in self._makings:
            conn.execute(making, {**here, **self._given, **self._moments.values(now, zone)})
        scratch.clear(conn, *used)
        if not self._parcel.waits:
            conn.execute(_GO_ON, here)
            return True
        if self._all_make and not late:
            conn.execute(_REST, here)
            return False
        conn.execute(_REST_WITH_MESSAGE, here)
        return True

    @staticmethod
    def _some_late(conn: Connection, rule: Late, here: Mapping[str, Any], now: Instant) -> bool:
        # one look into the cohort spares the working out of hours, which a runtime that keeps up never needs
        return conn.execute(_SOME_LATE, {**here, "latest": now - rule.by.seconds}).first() is not None


def _make(channel: ColumnElement[Any], who: ColumnElement[bool]) -> Insert:
    """An INSERT of the messages of those who have just come and are meant."""
    is_held = _c.until > _now
    begins = case((is_held, _c.until), else_=_now)
    return insert(t.message).from_select(
        [
            "journey", "version", "enrollment", "node", "visit", "channel", "contact", "template", "message_class",
            "purpose", "sender", "state", "reason", "made_at", "due_at", "not_before_at", "expires_at", "code", "repeatable",
        ],
        select(
            bindparam("the_journey", type_=t.Id), _c.version, _c.id, _c.node, _c.n, channel, _c.contact,
            bindparam("template", type_=Text()), bindparam("message_class", type_=Text()),
            bindparam("purpose", type_=Text()), bindparam("sender", type_=Text()),
            case((is_held, "held"), else_="pending"), case((is_held, literal("late")), else_=""), _now, _c.was_due_at, begins,
            begins + bindparam("lasts", type_=BigInteger()), _newest_code, bindparam("repeatable", type_=Boolean()),
        ).where(_ARRIVED, who).order_by(_c.id),
    )  # fmt: skip
