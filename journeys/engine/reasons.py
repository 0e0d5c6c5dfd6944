"""Reason codes and states in words: one table each for the trace, the status and the reports."""

from __future__ import annotations

from journeys.base.i18n import N_, _

_REASONS = {
    # hops
    "off": N_("The node is switched off."),
    "exit_when": N_("What makes people leave this journey has happened."),
    "goal": N_("The goal of the journey was reached."),
    "erased": N_("The person was erased."),
    "too many hops": N_("The path went round without ever resting, and was stopped."),
    "no answer": N_("There was no answer."),
    "never asked": N_("The question was never sent."),
    "asked, no answer": N_("The invitation was sent, and there was no answer."),
    "no message": N_("The message is no longer kept."),
    "unknown": N_("Whether the message went out is not known; it counts as sent."),
    # messages
    "no address": N_("There is no e-mail address."),
    "suppressed": N_("The address is on the list of those never written to."),
    "no consent": N_("There is no consent."),
    "consent withdrawn": N_("The consent was withdrawn."),
    "cap": N_("The frequency cap is reached."),
    "quiet hours": N_("It is quiet hours where the contact is."),
    "restored": N_("It may have gone out before the store was restored or moved."),
    "too late": N_("It could not go out in time."),
    "passage ended": N_("The passage had ended before."),
    "template": N_("The message could not be written."),
    "refused": N_("The server of the recipient refused it."),
    "deferred": N_("The server asked to try again later."),
    "account": N_("The mail account could not be used."),
    "interrupted": N_("Kanwa was interrupted while handing it over."),
    # not entered
    "audience": N_("The contact did not fulfil what the trigger asks for."),
    "inside": N_("The contact was in the journey already."),
    "re_entry": N_("The contact had been in the journey before and may not come back yet."),
    "late": N_("It was noticed too late."),
    "paused": N_("The journey was paused."),
    "circle": N_("It had jumped from journey to journey again and again without a rest."),
    "stopped": N_("The journey was stopped and lets nobody in."),
    "archived": N_("The journey was archived and lets nobody in."),
    "existing": N_("It was over before the journey was published."),
}

_MESSAGE = {
    "pending": N_("The message waits for its turn."),
    "held": N_("The message is held back."),
    "claimed": N_("The message is being handed over."),
    "started": N_("The message is being handed over."),
    "sent": N_("The message was handed over."),
    "failed": N_("The message failed."),
    "skipped": N_("The message was left out."),
    "expired": N_("The message was given up."),
    "cancelled": N_("The message was cancelled."),
    "unknown": N_("Whether the message went out is not known."),
}


def said(reason: str) -> str:
    """The sentence of a reason code; a reason that a person typed, or a plug-in gave, as it is."""
    return _(_REASONS[reason]) if reason in _REASONS else reason


def message_said(state: str, reason: str = "", detail: str = "") -> list[str]:
    """How a message stands and why, one sentence each; `detail` is what the server or the rule said."""
    return [_(_MESSAGE[state]), *([said(reason)] if reason else []), *([detail] if detail else [])]
