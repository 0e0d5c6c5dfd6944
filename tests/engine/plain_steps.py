"""The plain engine's steps: which way a passage takes from where it stands, or until when it rests there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, time, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from journeys.base.time import DAY, Instant
from journeys.nodes.registry import kinds
from journeys.nodes.windows import Window, clock_first_shows
from tests.engine.conftest import node_id
from tests.engine.plain import Contact, Passage, seconds
from tests.engine.plain_criteria import holds

PRIME = 2**31 - 1
#: by how much marketing, and news of a service, may be late
LATE = {True: DAY, False: 3 * DAY}

#: (outlet, reason, due); without an outlet it rests until it is due, or until something wakes it
Way = tuple[str | None, str, int | None]


def drawn(draw: int, journey: str, node: str) -> int:
    """The contact's number at a split, below `PRIME`."""
    digest = hashlib.sha256(f"{len(journey)}:{journey}{node}".encode()).digest()
    a, b = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    return (draw * (a % (PRIME - 1) + 1) + b % PRIME) % PRIME


def way_of(contact: Contact, passage: Passage, now: int, *, has_code: bool) -> Way:
    """What a passage does that is due where it stands."""
    kind, made = passage.version.step(passage.node)
    match kind:
        case "off":
            was, settings = passage.version.nodes[passage.node]
            return kinds()[was].model_validate(settings).outlets()[0].id, "off", None
        case "trigger":
            return "in", "", None
        case "condition":
            return ("yes" if holds(contact, made["criterion"], now) else "no"), "", None
        case "split":
            return _split(contact, passage, made["by"], now)
        case "code":
            return ("done" if has_code else "pool_empty"), "", None
        case "jump":
            return "to", "", None
        case "update":
            return "done", "", None
        case "repeat":
            return _repeat(passage, made, now)
        case "wait":
            match made["rule"]["type"]:
                case "events":
                    return _heard(contact, passage, made["rule"], now)
                case "criterion":
                    until = passage.arrived_at + seconds(made["rule"]["timeout"])
                    if holds(contact, made["rule"]["criterion"], now, passage=passage, before=until):
                        return "met", "", None
                    return ("timeout" if until <= now else None), "", until
                case "date":
                    return _dated(contact, passage, made, now)
            return "done", "", None
        case "send" | "webhook":
            return _handed_over(passage, kind, made, now)
    raise ValueError(kind)


def _split(contact: Contact, passage: Passage, by: Mapping[str, Any], now: int) -> Way:
    match by["type"]:
        case "random":
            number = drawn(contact.draw, "test", node_id(passage.node))
            first, second = by["arms"]
            arm = first if number < ceil(Fraction(first["share"]) * PRIME / 100) else second
            return arm["id"], "", None
        case "segments":
            return next((key for key in by["segments"] if contact.inside(key, now)), "otherwise"), "", None
        case "loyalty":
            answer = contact.newest(now, "loyalty.joined", "loyalty.declined")
            return ("not_asked" if answer is None else answer.kind.partition(".")[2]), "", None
        case "nps":
            answer = contact.newest(now, "nps.answered")
            if answer is None or not (by.get("ever") or passage.since_entry(answer)):
                return "no_answer", "no answer", None
            score = answer.data["score"]
            return ("promoter" if score >= 9 else "passive" if score >= 7 else "detractor"), "", None
    raise ValueError(by)


def _repeat(passage: Passage, made: Mapping[str, Any], now: int) -> Way:
    again = [left for _, node, outlet, _, left, _ in passage.hops if (node, outlet) == (node_id(passage.node), "again")]
    if len(again) >= made["at_most"]:
        return "enough", "", None
    free_at = max(again, default=0) + made["at_least_days"] * DAY
    return ("again" if free_at <= now else None), "", free_at


def _heard(contact: Contact, passage: Passage, rule: Mapping[str, Any], now: int) -> Way:
    """The earliest event since the listening moment and before the time-out; else the time-out."""
    until = passage.arrived_at + seconds(rule["timeout"])
    outlets = {one["event"]: one["outlet"] for one in rule["listen"]}
    written = [message.made_at for message in passage.messages if message.kind == "send"]
    for event in sorted(contact.events):
        if event.kind not in outlets or event.at > now or event.at >= until:
            continue
        match rule["since"]:
            case "arrival":
                counts = event.at > passage.arrived_at
            case "send" if written:
                counts = event.at > max(written)
            case _:
                counts = passage.since_entry(event)
        if counts:
            return outlets[event.kind], "", None
    return ("timeout" if until <= now else None), "", until


def _dated(contact: Contact, passage: Passage, made: Mapping[str, Any], now: int) -> Way:
    """Whether the date has gone by is judged as of the arrival, or as of when it was last written."""
    rule = made["rule"]
    known_at, text = passage.arrived_at, rule["date"].get("day")
    if rule["date"]["type"] == "attribute":
        text = contact.values.get("day")
        written = [one.at for one in contact.events if one.kind == "contact.changed" and one.data["field"] == "day"]
        known_at = max([known_at, *(at for at in written if at <= now)])
    if text is None:
        return "already_past", "no date", None
    day = date.fromisoformat(text) + timedelta(days=rule["offset_days"])
    named = clock_first_shows(day, time.fromisoformat(rule["at"]), contact.zone)
    if named < known_at:
        return "already_past", "", None
    until = then(contact, made, named)
    return ("done" if until <= now else None), "", until


def then(contact: Contact, made: Mapping[str, Any], over: int) -> int:
    """The first moment of the window behind a wait."""
    return Window.model_validate(made["then"]).next(Instant(over), contact.zone) if "then" in made else over


def _handed_over(passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> Way:
    sent = "sent" if kind == "send" else "ok"
    lost = "failed" if kind == "webhook" else "not_sent" if "unreachable_goes_another_way" in made else "sent"
    message = passage.message
    if message is None:
        return lost, "late" if left_out(passage, made, now) else "no reachable channel", None
    if not waits_for_outcome(kind, made):
        return sent, "", None
    match message.state:
        case "sent":
            return sent, "", None
        case "failed" | "skipped" | "expired" | "cancelled":
            return lost, message.reason or message.state, None
        case "unknown":
            assert message.started_at is not None
            over = message.started_at + DAY
            return (sent, "unknown", None) if over <= now else (None, "", over)
    return None, "", None


def left_out(passage: Passage, made: Mapping[str, Any], now: int) -> bool:
    """Whether news of a service comes too late to be told at all."""
    return made.get("message_class") == "service" and now - passage.was_due_at > LATE[False]


def waits_for_outcome(kind: str, made: Mapping[str, Any]) -> bool:
    return bool(made.get("wait_for_hand_over" if kind == "send" else "wait_for_answer", True))
