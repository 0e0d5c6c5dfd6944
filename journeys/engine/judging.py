"""What a claim decides about one message: it goes out now, waits, or is left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from journeys.base.time import Instant
from journeys.engine.policies import Rules, loud_again_at, room_again_at

#: the reason of a message that another copy of the store may have sent
LEFT_OUT = "restored"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a claim decided about one message that will not be handed over now."""

    state: str
    reason: str
    detail: str = ""
    #: only for "held"
    not_before_at: Instant | None = None


def judge(
    row: Row[Any],
    *,
    rules: Rules,
    block: str,
    barred: str,
    counted: Sequence[Instant],
    left_out_until: int,
    now: Instant,
    zone: ZoneInfo,
) -> Verdict | None:
    """Why this message does not go out now; None: it does.

    `barred` is the reason of a suppression. What was due up to `left_out_until` may have been sent by another copy of
    the store.
    """
    marketing = row.message_class == "marketing"
    if row.erased_at is not None or not row.not_left:
        return Verdict("cancelled", "passage ended")
    if row.expires_at is not None and row.expires_at <= now:
        # with what kept it: the rule, or the last answer of the server
        return Verdict("expired", "too late", row.detail)
    if row.due_at <= left_out_until:
        return Verdict("skipped", LEFT_OUT)
    if not row.email and row.channel == "email":
        return Verdict("skipped", "no address")
    if barred:
        return Verdict("skipped", "suppressed", barred)
    if row.channel == "webhook":
        return None
    if marketing and not row.consent:
        return Verdict("skipped", "no consent" if row.consent is None else "consent withdrawn", row.purpose)
    if marketing and rules.cap is not None:
        free = room_again_at(rules.cap, counted, now)
        if free > now:
            said = f"{rules.cap.at_most} / {rules.cap.within_days} d"
            return held_or_skipped("cap", said, free, block, row.expires_at)
    if rules.quiet_hours is not None and (marketing or block == "quiet"):
        loud = loud_again_at(rules.quiet_hours, now, zone)
        if loud > now:
            said = f"{rules.quiet_hours.starts:%H:%M}–{rules.quiet_hours.ends:%H:%M} {zone.key}"
            return held_or_skipped("quiet hours", said, loud, block, row.expires_at)
    return None


def held_or_skipped(reason: str, said: str, until: Instant, block: str, expires_at: int | None) -> Verdict:
    if block == "skip":
        return Verdict("skipped", reason, said)
    # held beyond its end it would only expire later: it is looked at once more at its end, and expires then
    return Verdict("held", reason, said, Instant(min(until, expires_at)) if expires_at is not None else until)
