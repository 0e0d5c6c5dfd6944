"""The plain engine's outbox: what becomes of messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.graph.settings import Cap
from journeys.nodes.windows import Window
from tests.engine.plain import Contact, Message, Passage
from tests.engine.plain_steps import waits_for_outcome
from tests.engine.stage import PUT_OFF

_RETRIES = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR)


def deliver(c: Contact, now: int) -> bool:
    """A lot is judged as a whole before any of it is handed over. Says whether there was any."""
    did = False
    while ready := _ready(c, now):
        did = True
        judged = []
        for passage, message in sorted(ready, key=lambda pair: pair[1].id):
            judged.append((passage, message, *_judge(c, message, now)))
            message.counted_at = None if judged[-1][2] else now
        for passage, message, state, reason in judged:
            _hand_over(c, passage, message, state, reason, now)
    return did


def _ready(c: Contact, now: int) -> list[tuple[Passage, Message]]:
    return [
        (passage, message)
        for passage in c.all_passages()
        for message in passage.messages
        if message.waiting and message.not_before_at <= now
    ]


def _hand_over(c: Contact, passage: Passage, message: Message, state: str, reason: str, now: int) -> None:
    if not state:
        message.attempts += 1
        message.started_at = now
        if message.kind == "webhook":
            state, reason = (("sent", ""), ("failed", "refused"), ("unknown", "no answer"))[c.number % 3]
        else:
            state, reason = (
                ("sent", ""), ("failed", "refused"), ("unknown", "no answer"), ("pending", "deferred"),
            )[c.number % 4]  # fmt: skip
        wait = _RETRIES[min(message.attempts, 5) - 1]
        if state == "pending":
            message.not_before_at, message.counted_at = min(now + PUT_OFF, message.expires_at), None
        if state == "unknown" and message.settings.get("again_when_unknown"):
            state, message.not_before_at = "pending", min(now + wait, message.expires_at)
            message.counted_at = None
    message.state, message.reason = state, reason
    if not message.waiting:
        if state not in ("sent", "unknown"):
            message.counted_at = None
        stays = passage.active and (passage.n, passage.node) == (message.visit, message.node)
        if stays and waits_for_outcome(message.kind, message.settings):
            passage.due_at = now + DAY if state == "unknown" else now


def _judge(c: Contact, message: Message, now: int) -> tuple[str, str]:
    if message.expires_at <= now:
        return "expired", "too late"
    if message.marketing and not c.agreed:
        return "skipped", "no consent" if c.agreed is None else "consent withdrawn"
    policies = message.version.rules.get("policies", {})
    held = _held(c, policies, message, now)
    if held is None:
        return "", ""
    until, reason = held
    if message.settings.get("on_block") == "skip":
        return "skipped", reason
    message.not_before_at = min(until, message.expires_at)
    return "held", reason


def _held(c: Contact, policies: Mapping[str, Any], message: Message, now: int) -> tuple[int, str] | None:
    if not message.marketing:
        return None
    if "cap" in policies:
        cap = Cap.model_validate(policies["cap"])
        counted = sorted(
            one.counted_at
            for passage in c.all_passages()
            for one in passage.messages
            if one.marketing and one.counted_at is not None and one.counted_at > now - cap.within_days * DAY
        )
        if len(counted) >= cap.at_most:
            return counted[-cap.at_most] + cap.within_days * DAY, "cap"
    if "quiet_hours" in policies:
        # from 20:00 to 10:00
        loud = Window(opens=time(10), closes=time(20)).next(Instant(now), c.zone)
        if loud > now:
            return loud, "quiet hours"
    return None
