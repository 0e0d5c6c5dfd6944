"""Reason codes and states in words: one table each for the trace, the status and the reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeys.base.i18n import N_, _
from journeys.criteria import say_channel

_REASONS = {
    # hops
    "off": N_("The node is switched off."),
    "exit_when": N_("What makes people leave this journey has happened."),
    "goal": N_("The goal of the journey was reached."),
    "erased": N_("The person was erased."),
    "edited": N_("The journey was edited, and the passage went on in its other version."),
    "moved": N_("The journey was edited, and whoever stood here was moved."),
    "sent away": N_("The journey was edited, and whoever stood here was to leave."),
    "let go": N_("The journey was stopped, and whoever was inside was to leave."),
    "too many hops": N_("The path went round without ever resting, and was stopped."),
    "no answer": N_("There was no answer."),
    "never asked": N_("The question was never sent."),
    "asked, no answer": N_("The invitation was sent, and there was no answer."),
    "no message": N_("The message is no longer kept."),
    "unknown": N_("Whether the message went out is not known; it counts as sent."),
    "no date": N_("There is no date to wait for."),
    "no reachable channel": N_("No channel reaches the contact."),
    "no transport": N_("Nothing in this installation hands over by it."),
    "without address": N_("There is no address."),
    "reachable": N_("It reaches the contact."),
    # messages
    "no address": N_("There is no e-mail address."),
    "suppressed": N_("The address is on the list of those never written to."),
    "no consent": N_("There is no consent."),
    "consent withdrawn": N_("The consent was withdrawn."),
    "cap": N_("The frequency cap is reached."),
    "quiet hours": N_("It is quiet hours where the contact is."),
    "allowance": N_("The account has carried as much as it may for now."),
    "retried": N_("It is tried again, as somebody asked."),
    "resolved": N_("Somebody said what became of it."),
    "bounced": N_("It came back."),
    "relay": N_("The log of the relay says so."),
    "restored": N_("It may have gone out before the store was restored or moved."),
    "too late": N_("It could not go out in time."),
    "passage ended": N_("The passage had ended before."),
    "replaced": N_("The journey was edited before it went out, and another message was made in its place."),
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
    "resumed": N_("The journey was paused; when it was resumed, the contact was looked at again."),
    "asked": N_("The contact had been looked at before."),
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


def channels_said(values: Mapping[str, Any]) -> list[str]:
    """What a ladder or a split by channels keeps, a sentence a channel: why it reaches or not, or how its message stands."""
    by_channel = {channel: [said(why)] for channel, why in values.get("channels", {}).items()}
    by_channel |= {
        one["channel"]: message_said(one["state"], one["reason"], one["detail"])
        for one in values.get("messages", ())
        if one is not None
    }
    return [
        _("{channel}: {sentences}").format(channel=say_channel(channel), sentences=" ".join(sentences))
        for channel, sentences in by_channel.items()
    ]
