"""Ladders: one message by the channel that suits each contact, or by every one that reaches them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, case, exists, func, literal, null, select

from journeys.base.i18n import _
from journeys.criteria import preferred_channel
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.nodes.handed import UNKNOWN_RESTS
from journeys.nodes.keys import NotEmpty
from journeys.nodes.member import frame_of
from journeys.nodes.reach import ChannelNames, reaches, say_channels
from journeys.store.dialect import json_array_text, json_object_text, json_parsed
from journeys.store.tables import message

#: (channel of the message, who gets one by it)
Making = tuple[ColumnElement[str | None] | ColumnElement[str], ColumnElement[bool]]


class Ladder(BaseModel):
    """Channels in an order, and which of those that reach a contact are taken.

    *Preferred first*: the channel the contact prefers (declared, else most clicked) where it is in the list and reaches,
    else the first that reaches. *First reachable*: the first that reaches. *All*: every one that reaches.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["preferred first", "first reachable", "all"] = Field("preferred first", title=_("Take"))
    channels: Annotated[ChannelNames, NotEmpty] = Field(title=_("Channels, in order"))

    def makings(self, cohort: Cohort, purpose: str | None) -> list[Making]:
        """Which messages are made; none where no channel of the list can be handed over by."""
        reach = {c: reaches(cohort, c, purpose) for c in self.channels if c in cohort.channels}
        if not reach:
            return []
        if self.rule == "all":
            return [(literal(channel), reached) for channel, reached in reach.items()]
        ways = [(reached, channel) for channel, reached in reach.items()]
        if self.rule == "preferred first":
            preferred = preferred_channel(frame_of(cohort))
            ways = [(and_(preferred == channel, reached), channel) for channel, reached in reach.items()] + ways
        chosen = case(*ways)
        return [(chosen, chosen.is_not(None))]

    def words(self, template: str) -> str:
        """“the message by …”, to be followed by who gets it."""
        match self.rule:
            case "preferred first":
                text = _("“{template}” by the preferred one of {channels} if it reaches, else by the first that does")
            case "first reachable":
                text = _("“{template}” by the first of {channels} that reaches")
            case "all":
                text = _("“{template}” by each of {channels} that reaches")
        return text.format(template=template, channels=say_channels(self.channels))


def when_all_ended(
    cohort: Cohort,
    *,
    channels: tuple[str, ...],
    sent: str,
    lost: str,
    without: ColumnElement[str],
    why: ColumnElement[Any],
) -> Outcome:
    """What becomes of who rests until every message of the visit has ended: one that went out counts for all.

    `without` is the reason, and `why` are the values, where no message was made.
    """
    mine = and_(message.c.enrollment == members.c.id, message.c.node == cohort.node, message.c.visit == members.c.n)
    state = message.c.state
    given_up_at = func.coalesce(message.c.started_at, message.c.made_at) + UNKNOWN_RESTS

    def some(*more: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists(select(message.c.id).where(mine, *more).correlate(members))

    def of_first(value: ColumnElement[Any], *more: ColumnElement[bool]) -> ColumnElement[Any]:
        rows = select(value).where(mine, *more).order_by(message.c.id).limit(1)
        return rows.correlate(members).scalar_subquery()

    under_way = some(state.in_(("pending", "held", "claimed", "started")))
    not_known = and_(state == "unknown", given_up_at > cohort.moments.now)
    went_out = some(state == "sent")
    lost_because = of_first(func.coalesce(func.nullif(message.c.reason, ""), state), state != "sent")
    told = json_object_text(
        {"channel": message.c.channel, "state": state, "reason": message.c.reason, "detail": message.c.detail}
    )
    each = [json_parsed(of_first(told, message.c.channel == channel)) for channel in channels]
    return Outcome(
        outlet=case(
            (~some(), lost),
            (under_way, null()),
            (some(not_known), null()),
            (some(state.in_(("sent", "unknown"))), sent),
            else_=lost,
        ),
        reason=case((~some(), without), (went_out, ""), (some(state == "unknown"), "unknown"), else_=lost_because),
        values=case((~some(), why), else_=json_object_text({"messages": json_array_text(each)})),
        # while one is under way its end wakes the member
        due_at=case(
            (under_way, null()),
            else_=select(func.min(given_up_at)).where(mine, not_known).correlate(members).scalar_subquery(),
        ),
    )
