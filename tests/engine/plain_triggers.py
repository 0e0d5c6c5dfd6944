"""The plain engine's triggers: whom an event or a day brings in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from journeys.base.time import DAY, Instant, day_of, day_start
from journeys.nodes.windows import clock_first_shows
from tests.engine.conftest import WARSAW
from tests.engine.drafts import SEGMENTS
from tests.engine.plain import Contact, Event, Subject, Version
from tests.engine.plain_criteria import Criterion, leaves

DAILY = ("inactivity", "schedule", "date")


def asked(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """The trigger of someone who is known to be in its audience."""
    return {key: value for key, value in trigger.items() if key != "only"}


def brings_in(c: Contact, on: Mapping[str, Any], event: Event) -> bool:
    match on["type"]:
        case "event" if event.kind == on["event"]:
            if on.get("nth") is None:
                return True
            since = event.at - on["within_days"] * DAY
            return (
                len([one for one in c.events if one.kind == event.kind and since < one.at and one <= event])
                == on["nth"]
            )
        case "segment" if event.kind == f"segment.{on.get('movement', 'entered')}":
            return event.data["segment"] == on["segment"] and came_from(c, on, event.at)
        case "stage" if event.kind == "stage.entered":
            return bool(event.data["stage"] == on["stage"])
        case "change" if event.kind == "contact.changed" and event.data["field"] == on["attribute"]:
            old, new = event.data["old"], event.data["new"]
            return on["becomes"] is None or ((new or 0) >= 2 > (old or 0))
    return False


def came_from(c: Contact, on: Mapping[str, Any], at: int) -> bool:
    """Whether the contact left the other segment by then, and not too long before."""
    if "moved_from" not in on:
        return True
    days = on.get("left_within_days", 0)
    left = [stay.to_at for stay in c.stays.get(on["moved_from"], ()) if stay.to_at is not None and not stay.edited_away]
    return any(at - days * DAY <= one <= at for one in left)


def falls_on(c: Contact, on: Mapping[str, Any], day: date) -> Event | bool:
    """Whether a day brings the contact in; the event that makes it so, where it is one."""
    as_of = day_start(day, WARSAW)
    match on["type"]:
        case "schedule":
            interval = int(on["rule"].rpartition("=")[2])
            return (day - date.fromisoformat(on["starts_on"])).days % interval == 0
        case "inactivity":
            last = max((one for one in c.events if one.kind in on["events"] and one.at < as_of), default=None)
            return last if last is not None and _day(last.at) == day - timedelta(days=on["days"]) else False
    wanted = day - timedelta(days=on.get("offset_days", 0))
    source = on["date"]
    if source["type"] == "attribute":
        if c.values.get("day") is None:
            return False
        held = date.fromisoformat(c.values["day"])
        return held < wanted and held.replace(year=wanted.year) == wanted if on.get("yearly") else held == wanted
    mine = sorted(one for one in c.events if one.kind == source["event"])
    if source["type"] == "last event":
        mine = [one for one in mine if one.at < as_of][::-1]
    return mine[0] if mine and mine[0].at < as_of and _day(mine[0].at) == wanted else False


def about(trigger: Mapping[str, Any], found: Event | bool | str | None) -> Subject | None:
    """What the passage is about: the event or the thing that was found, where the trigger asks for that kind."""
    match trigger.get("subject"), found:
        case "event", Event(id=id_):
            return "event", f"event:{id_}"
        case "product" | "feed" as kind, str(thing) if thing.startswith(kind):
            return kind, thing
    return None


def _day(at: int) -> date:
    return day_of(Instant(at), WARSAW)


def due_at(c: Contact, on: Mapping[str, Any], day: date) -> int:
    return clock_first_shows(day, time.fromisoformat(on["at"]), WARSAW if on["type"] == "schedule" else c.zone)


def segments_of(version: Version) -> set[str]:
    """Keys of the segments that a version asks about, and of those that they are made of."""
    criteria: list[Criterion] = [version.rules[rule] for rule in ("goal", "exit_when") if rule in version.rules]
    found: set[str] = set()
    for _kind, made in version.nodes.values():
        on = made.get("on", {})
        found |= {on[key] for key in ("segment", "moved_from") if key in on}
        found |= set(made.get("by", {}).get("segments", ()))
        criteria += [made[key] for key in ("only", "criterion") if key in made]
        if "criterion" in made.get("rule", {}):
            criteria.append(made["rule"]["criterion"])
    found |= {leaf["segment"] for one in criteria for leaf in leaves(one) if leaf["leaf"] == "segment"}
    return found | {leaf["segment"] for key in found for leaf in leaves(SEGMENTS[key]) if leaf["leaf"] == "segment"}
