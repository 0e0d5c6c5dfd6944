"""Wait: rest for a length of time, until a moment of the clock, or for something to happen; one file a family of rules."""

from journeys.nodes.wait.clock import AtOnce, CalendarDays, ForDuration
from journeys.nodes.wait.criterion import ForCriterion
from journeys.nodes.wait.dates import UntilDate
from journeys.nodes.wait.events import ForEvents, Listen
from journeys.nodes.wait.node import Wait, next_moment
from journeys.nodes.wait.rhythm import PurchaseRhythm
from journeys.nodes.wait.rule import DONE, MET, PAST, TIMEOUT

__all__ = [
    "DONE",
    "MET",
    "PAST",
    "TIMEOUT",
    "AtOnce",
    "CalendarDays",
    "ForCriterion",
    "ForDuration",
    "ForEvents",
    "Listen",
    "PurchaseRhythm",
    "UntilDate",
    "Wait",
    "next_moment",
]
