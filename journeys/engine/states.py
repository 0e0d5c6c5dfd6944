"""The states of journeys, passages and messages as people read them."""

from __future__ import annotations

from journeys.base.i18n import N_, _

_WORDS = {
    # journeys
    "draft": N_("draft"),
    "live": N_("live"),
    "paused": N_("paused"),
    "stopped": N_("stopped"),
    "archived": N_("archived"),
    # passages
    "active": N_("active"),
    "goal": N_("goal"),
    "exited": N_("exited"),
    "finished": N_("finished"),
    # and messages
    "failed": N_("failed"),
    "pending": N_("pending"),
    "held": N_("held"),
    "claimed": N_("claimed"),
    "started": N_("started"),
    "sent": N_("sent"),
    "skipped": N_("skipped"),
    "expired": N_("expired"),
    "cancelled": N_("cancelled"),
    "unknown": N_("unknown"),
}


def state_words(state: str) -> str:
    """A state in a word or two; programs read the state itself."""
    return _(_WORDS[state]) if state in _WORDS else state
