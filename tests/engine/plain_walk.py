"""The plain engine's walk: how far the passages of one contact come at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeys.base.time import Instant, moment
from journeys.nodes.windows import Window
from tests.engine.conftest import node_id
from tests.engine.plain import Contact, Message, Passage, midnight, seconds
from tests.engine.plain_criteria import holds
from tests.engine.plain_steps import LATE, left_out, then, waits_for_outcome, way_of

#: (contact, passage's journey, entry, visit) → whether that stay got a code: who of several gets the last is not laid down
HasCode = Callable[[int, str, int, int], bool]


class PlainWalk:
    """Walks the passages of a contact; numbers the messages it makes."""

    def __init__(self, has_code: HasCode) -> None:
        self._has_code = has_code
        self._messages = 0

    def walk(self, c: Contact, journey: str, cohort: Sequence[Passage], now: int) -> None:
        """Round by round, since a change that one passage makes is seen by the next round of the others."""
        walking = {id(passage): passage for passage in cohort}
        arrived: set[int] = set()
        for key, passage in list(walking.items()):
            assert passage.due_at is not None
            passage.was_due_at = passage.due_at
            if passage.arriving:
                passage.arriving = False
                if passage.version.listens(passage.node):
                    # looks back a moment later
                    walking.pop(key)
                elif _arrives(passage):
                    arrived.add(key)
        while walking:
            moves: list[tuple[Passage, str, str]] = []
            for key, passage in sorted(walking.items(), key=lambda pair: _place(pair[1])):
                kind, made = passage.version.step(passage.node)
                if key in arrived:
                    arrived.discard(key)
                    if self._arrive(c, passage, kind, made, now):
                        del walking[key]
                    continue
                if kind in ("goal", "exit") or (kind == "jump" and "journey" in made):
                    _end_here(c, passage, kind, made, now)
                    del walking[key]
                    continue
                got = kind == "code" and self._has_code(c.number, journey, passage.entry, passage.n)
                outlet, reason, due = way_of(c, passage, now, has_code=got)
                if outlet is None:
                    passage.due_at = due
                    del walking[key]
                else:
                    moves.append((passage, outlet, reason))
            _change(c, [passage for passage, _, _ in moves], now)
            for passage, outlet, reason in moves:
                changed = passage.version.step(passage.node)[0] == "update"
                passage.move(now, outlet, reason)
                passage.due_at = None
                if passage.active and changed:
                    _end_after_change(c, passage, now)
                if not passage.active:
                    walking.pop(id(passage))
                elif passage.version.listens(passage.node):
                    passage.due_at = now
                    walking.pop(id(passage))
                elif _arrives(passage):
                    arrived.add(id(passage))

    def _arrive(self, c: Contact, passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> bool:
        """Whether it rests there."""
        if kind == "wait":
            passage.due_at = until = then(c, made, _over(c, passage, made["rule"]))
            return until > now
        marketing = kind == "send" and made.get("message_class") != "service"
        if kind == "send" and (left_out(passage, made, now) or ("ladder" in made and marketing and not c.agreed)):
            return False
        begins = now
        if marketing and now - passage.was_due_at > LATE[True]:
            # at the hour at which it was due
            hour = moment(Instant(passage.was_due_at), c.zone).time().replace(second=0)
            begins = Window(opens=hour).next(Instant(now), c.zone)
        lasts = made.get("expires_after", {"amount": 1 if kind == "webhook" else 3, "unit": "days"})
        self._messages += 1
        message = Message(
            self._messages, passage.node, passage.n, kind, made, passage.version, now, begins + seconds(lasts), begins
        )
        if begins > now:
            message.state, message.reason = "held", "late"
        passage.messages.append(message)
        passage.due_at = None
        return waits_for_outcome(kind, made)


def _arrives(passage: Passage) -> bool:
    """Whether coming there is something in itself: a time is worked out, a message made."""
    kind, made = passage.version.step(passage.node)
    timed = kind == "wait" and made["rule"]["type"] in ("at once", "duration", "calendar days")
    return timed or kind in ("send", "webhook")


def _over(c: Contact, passage: Passage, rule: Mapping[str, Any]) -> int:
    match rule["type"]:
        case "at once":
            return passage.arrived_at
        case "duration":
            return passage.arrived_at + seconds(rule)
    return midnight(passage.arrived_at, rule["days"], c.zone)


def _end_here(c: Contact, passage: Passage, kind: str, made: Mapping[str, Any], now: int) -> None:
    match kind:
        case "goal":
            passage.end(now, "goal", kind="goal", at=now)
        case "exit":
            passage.end(now, "finished", kind="exit")
        case _:
            passage.end(now, "finished", kind="jump")
            c.record(now, "journey.jumped", journey=made["journey"], subject=passage.subject)


def _change(c: Contact, leaving: Sequence[Passage], now: int) -> None:
    """What the nodes write that passages leave; several passages at one node add together."""
    places = {_place(p): p for p in leaving}
    for place in sorted(places):
        version, name = places[place].version, places[place].node
        times = sum((p.version, p.node) == (version, name) for p in leaving)
        kind, made = version.step(name)
        for act in made["changes"] if kind == "update" else ():
            match act["do"]:
                case "set attribute":
                    c.change(act["attribute"], act["value"], now)
                case "clear attribute":
                    c.change(act["attribute"], None, now)
                case "add to attribute":
                    held = c.values.get(act["attribute"]) or 0
                    c.change(act["attribute"], held + act["amount"] * times, now)
                case "add tag":
                    c.tag(act["tag"], now + seconds(act["expires_after"]) if "expires_after" in act else None, now)
                case "remove tag":
                    c.untag(act["tag"], now)
                case consent:
                    c.agree(consent == "give consent", now)


def _end_after_change(c: Contact, passage: Passage, now: int) -> None:
    if passage.version.step(passage.node)[0] in ("goal", "exit"):
        # it is at its end already
        return
    for state, rule in (("goal", "goal"), ("exited", "exit_when")):
        criterion = passage.version.rules.get(rule)
        if passage.active and criterion is not None and holds(c, criterion, now, passage=passage):
            passage.end_from_outside(now, state, rule, at=now if state == "goal" else None)


def _place(passage: Passage) -> tuple[int, str]:
    return passage.version.number, node_id(passage.node)
