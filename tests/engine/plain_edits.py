"""The plain engine's edits: what becomes of those inside when a journey is edited or stopped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.engine.conftest import node_id
from tests.engine.plain import Contact, Passage, Version
from tests.engine.plain_criteria import holds


@dataclass(frozen=True)
class Edit:
    """Take those inside along to `new`."""

    new: Version
    #: id of a node → "finish", "exit" or {"move": id}
    chosen: Mapping[str, Any]
    others: str


def migrate(contacts: Iterable[Contact], journey: str, editions: Sequence[Version], edit: Edit, now: int) -> None:
    # who already fulfils a goal or an exit that the edit brought is not written to first
    asks = any(_endings(one) != _endings(edit.new) for one in editions)
    for c in contacts:
        for passage in c.passages.get(journey, ()):
            if passage.active and passage.version is not edit.new and _take_along(passage, edit, now) and asks:
                _end(c, passage, now)


def _take_along(passage: Passage, edit: Edit, now: int) -> bool:
    """Whether it goes on in the new version."""
    old, new, name = passage.version, edit.new, passage.node
    gone = name not in new.nodes or new.nodes[name][0] != old.nodes[name][0]
    choice = edit.chosen.get(node_id(name)) or (edit.others if gone else None)
    if choice == "finish":
        return False
    if choice == "exit":
        passage.end_from_outside(now, "exited", "sent away")
        return False
    if choice is None:
        _go_on(passage, new, now)
    else:
        if passage.message is not None:
            passage.message.call_back()
        passage.leave(now, "migrate", "", "moved")
        passage.version, passage.n, passage.arrived_at = new, passage.n + 1, now
        passage.node = next(one for one in new.nodes if node_id(one) == choice["move"])
        passage.arriving, passage.due_at = True, now
    return True


def _go_on(passage: Passage, new: Version, now: int) -> None:
    """At the same node, with the time that was waited there."""
    old, name, message = passage.version, passage.node, passage.message
    same = old.nodes[name] == new.nodes[name] and (name in old.off) == (name in new.off)
    hands_over = ("send", "webhook")
    remade = not same and old.step(name)[0] in hands_over and new.step(name)[0] in hands_over
    if message is not None and not same:
        message.call_back("replaced" if remade else "passage ended")
    passage.leave(now, "migrate", "", "edited")
    passage.version, passage.n = new, passage.n + 1
    if message is not None and message.state != "cancelled":
        message.visit, message.version = passage.n, new
    if remade and passage.message is not None:
        # it is past being made anew: its outcome counts
        return
    if not same and old.step(name)[0] != "trigger":
        passage.arriving, passage.due_at = True, now
    elif new.listens(name):
        passage.due_at = now


def _endings(version: Version) -> tuple[Any, Any]:
    return version.rules.get("goal"), version.rules.get("exit_when")


def _end(c: Contact, passage: Passage, now: int) -> None:
    for state, rule in (("goal", "goal"), ("exited", "exit_when")):
        criterion = passage.version.rules.get(rule)
        if passage.active and criterion is not None and holds(c, criterion, now, passage=passage):
            passage.end_from_outside(now, state, rule, at=now if state == "goal" else None)
