"""By which trigger somebody comes in who is sent by another journey."""

from __future__ import annotations

from journeys.graph.journey import Journey
from journeys.graph.outline import reading_order
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import ListTrigger


def door_of(journey: Journey) -> str | None:
    """The first trigger that takes lists, else the first that people read; None where there is none."""
    triggers = {id_: node for id_ in reading_order(journey) if isinstance(node := journey.node(id_), Trigger)}
    takes_lists = (id_ for id_, node in triggers.items() if isinstance(node.on, ListTrigger))
    return next(takes_lists, next(iter(triggers), None))
