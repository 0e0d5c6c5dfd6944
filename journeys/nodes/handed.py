"""What became of the message that a stay made, and which way its member goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select

from journeys.base.time import DAY
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.store.dialect import json_object_text
from journeys.store.tables import message

#: how long a message without a known outcome is waited for; then it counts as handed over
UNKNOWN_RESTS = DAY
#: its row was tidied away
NO_MESSAGE: ColumnElement[str] = literal("no message")


def when_handed_over(
    cohort: Cohort, *, channel: str, sent: str, lost: str, without: ColumnElement[str] = NO_MESSAGE
) -> Outcome:
    """Rests until the outcome is known: by `sent` where it was handed over, by `lost` where it never will be.

    `without` is the reason where there is no message.
    """
    mine = and_(
        message.c.enrollment == members.c.id,
        message.c.node == cohort.node,
        message.c.visit == members.c.n,
        message.c.channel == channel,
    )

    def of_message(value: ColumnElement[Any]) -> ColumnElement[Any]:
        return select(value).where(mine).correlate(members).scalar_subquery()

    state = message.c.state
    is_lost = state.in_(("failed", "skipped", "expired", "cancelled"))
    unknown = state == "unknown"
    given_up_at = func.coalesce(message.c.started_at, message.c.made_at) + UNKNOWN_RESTS
    counts_as_sent = and_(unknown, given_up_at <= cohort.moments.now)
    missing = ~exists(select(message.c.id).where(mine).correlate(members))
    why = func.coalesce(func.nullif(message.c.reason, ""), state)
    return Outcome(
        outlet=case(
            # its row was tidied away while nobody looked: nothing can wake the member any more
            (missing, lost),
            else_=of_message(case((state == "sent", sent), (is_lost, lost), (counts_as_sent, sent))),
        ),
        reason=case(
            (missing, without),
            else_=func.coalesce(of_message(case((is_lost, why), (counts_as_sent, state))), ""),
        ),
        values=of_message(
            json_object_text(
                {"state": state, "reason": message.c.reason, "detail": message.c.detail},
            )
        ),
        due_at=of_message(case((unknown, given_up_at))),
    )
