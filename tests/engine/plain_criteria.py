"""The plain engine's criteria: whom they mean, and when they have to be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.engine.plain import Contact, Event, Passage, midnight

Criterion = Mapping[str, Any]


def holds(
    contact: Contact,
    criterion: Criterion,
    now: int,
    *,
    passage: Passage | None = None,
    unheard: Sequence[Event] = (),
    before: int | None = None,
) -> bool:
    """Whether a contact fits; events are those since the passage's entry, where there is a passage that counts so, and
    earlier than `before`."""
    for group in ("none", "any", "all"):
        if group in criterion:
            parts = [
                holds(contact, part, now, passage=passage, unheard=unheard, before=before) for part in criterion[group]
            ]
            return all(parts) if group == "all" else any(parts) == (group == "any")
    match criterion["leaf"]:
        case "attribute":
            value = contact.values.get(criterion["attribute"])
            if value is None:
                return False
            return bool(value >= criterion["value"] if criterion["op"] == ">=" else value == criterion["value"])
        case "segment":
            return contact.inside(criterion["segment"], now)
        case "tag":
            return contact.carries(criterion["tag"], now)
        case "consent":
            return contact.agreed is True
        case "event":
            found = [one for one in contact.events if one.kind == criterion["event"] and one.at <= now]
            found = [one for one in found if one not in unheard and (before is None or one.at < before)]
            if "scope" in criterion:
                found = [one for one in found if one.at >= midnight(now, -criterion["scope"]["amount"])]
            elif passage is not None:
                found = [one for one in found if passage.since_entry(one)]
            asked = criterion.get("count", {"op": ">=", "value": 1})
            return len(found) <= asked["value"] if asked["op"] == "<=" else len(found) >= asked["value"]
    raise ValueError(criterion)


def leaves(criterion: Criterion) -> Iterator[Criterion]:
    if "leaf" in criterion:
        yield criterion
    for group in ("none", "any", "all"):
        for part in criterion.get(group, ()):
            yield from leaves(part)


def stirs(criterion: Criterion) -> set[str]:
    """Kinds of events after which it is asked again."""
    if not criterion:
        return set()
    found = {"contact.created"}
    for leaf in leaves(criterion):
        match leaf["leaf"]:
            case "attribute":
                found.add("contact.changed")
            case "segment":
                found |= {"segment.entered", "segment.left"}
            case "tag":
                found |= {"tag.added", "tag.removed"}
            case "consent":
                found |= {"consent.given", "consent.withdrawn"}
            case "event":
                found.add(leaf["event"])
    return found


def drifts(criterion: Criterion) -> bool:
    """Whether time alone may change the answer."""
    return any("scope" in leaf or leaf["leaf"] == "tag" for leaf in leaves(criterion))
