"""Which picture a card shows: of the kind, or of what its settings make it."""

from __future__ import annotations

from journeys.nodes.node import Node
from journeys.nodes.send import Send
from journeys.nodes.split import Split
from journeys.nodes.trigger import Trigger
from journeys.nodes.wait import Wait

_TRIGGERS = {
    "event": "lightning",
    "change": "lightning",
    "segment": "users-three",
    "stage": "kanban",
    "date": "calendar-blank",
    "inactivity": "moon",
    "schedule": "clock-clockwise",
    "product": "tag",
    "feed": "rss",
    "list": "hand-pointing",
}
_SPLITS = {
    "nps": "gauge",
    "loyalty": "heart",
    "segments": "list-numbers",
    "reachable": "broadcast",
    "random": "shuffle",
}
_WAITS = {
    "at once": "clock",
    "date": "calendar-blank",
    "events": "bell-ringing",
    "criterion": "bell-ringing",
    "purchase rhythm": "arrows-clockwise",
}
_CHANNELS = {"email": "envelope-simple", "sms": "chat-text", "web push": "bell", "push": "device-mobile"}
_LADDER = "stack"


def icon_of(settings: Node) -> str:
    """Name of the icon in the icon font: “calendar-blank” for a trigger by date."""
    match settings:
        case Trigger():
            return _TRIGGERS.get(settings.on.type, settings.icon)
        case Split():
            return _SPLITS.get(settings.by.type, settings.icon)
        case Wait():
            return _WAITS.get(settings.rule.type, settings.icon)
        case Send():
            return _LADDER if settings.ladder is not None else _CHANNELS.get(settings.channel, settings.icon)
        case _:
            return settings.icon
