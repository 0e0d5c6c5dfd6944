"""The families of nodes. By itself, so that what only shows colours need not load what nodes are made of."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What a node does to the flow; gives a card its shape and colour."""

    COMES_IN = "comes in"
    DECIDES = "decides"
    WAITS = "waits"
    SENDS = "sends"
    CHANGES = "changes"
    ENDS = "ends"
    CANVAS = "canvas"
