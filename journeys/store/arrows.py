"""The states of a message, the one table of arrows between them, and the one way to write an arrow.

Whoever moves a message does it by `move`: the statement it gives back touches only messages in a state from which an
arrow leads to the new one, whatever else has happened to them meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Update, literal_column, update

from journeys.store.tables import message

#: state → states it may go to
ARROWS: dict[str, frozenset[str]] = {
    "pending": frozenset({"held", "claimed", "cancelled"}),
    # again: another rule holds it, or the same one for longer
    "held": frozenset({"held", "claimed", "cancelled"}),
    "claimed": frozenset({"pending", "started", "skipped", "failed", "expired", "cancelled"}),
    # back to pending: it was certainly not accepted, or not even offered
    "started": frozenset({"pending", "sent", "failed", "unknown"}),
    # by hand, by a bounce or by a relay's log
    "unknown": frozenset({"sent", "failed"}),
    # a bounce came
    "sent": frozenset({"failed"}),
    # by hand, and only where it was certainly not accepted: the same message, offered once more
    "failed": frozenset({"pending"}),
    "skipped": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}
STATES = tuple(ARROWS)
#: an outcome is known: the passage goes on
ENDED = frozenset({"sent", "failed", "skipped", "expired", "cancelled", "unknown"})


def in_states(*states: str) -> ColumnElement[bool]:
    """Whether a message is in one of these states; literal, since a bound parameter hides a partial index."""
    quoted = ", ".join(f"'{state}'" for state in states)
    # without a type: a Boolean would be compared with 1 on SQLite, and hide the index again
    return literal_column(f"message.state IN ({quoted})")


def move(to: str, *, among: Iterable[str] = STATES) -> Update:
    """An UPDATE that brings messages to state `to` from those of the states `among` that have an arrow to it.

    The caller adds which messages, and what else changes. Fails where there is no such arrow.
    """
    sources = [state for state in STATES if state in set(among) and to in ARROWS[state]]
    assert sources, f"no arrow leads from {among} to {to}"
    return update(message).where(in_states(*sources)).values(state=to)
