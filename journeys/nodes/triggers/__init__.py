"""What brings contacts in: one file per family of trigger. The node that has one is `journeys.nodes.trigger.Trigger`."""

from typing import Annotated

from pydantic import Field

from journeys.nodes.triggers.by_hand import ListTrigger
from journeys.nodes.triggers.date import DateTrigger
from journeys.nodes.triggers.event import ChangeTrigger, EventTrigger
from journeys.nodes.triggers.feed import FeedTrigger
from journeys.nodes.triggers.inactivity import InactivityTrigger
from journeys.nodes.triggers.on import ByDay, ByEvent, ByThing, On
from journeys.nodes.triggers.product import ProductTrigger
from journeys.nodes.triggers.schedule import ScheduleTrigger
from journeys.nodes.triggers.segment import SegmentTrigger
from journeys.nodes.triggers.stage import StageTrigger

AnyOn = Annotated[
    EventTrigger
    | ChangeTrigger
    | SegmentTrigger
    | StageTrigger
    | DateTrigger
    | InactivityTrigger
    | ScheduleTrigger
    | ProductTrigger
    | FeedTrigger
    | ListTrigger,
    Field(discriminator="type"),
]

__all__ = [
    "AnyOn",
    "ByDay",
    "ByEvent",
    "ByThing",
    "ChangeTrigger",
    "DateTrigger",
    "EventTrigger",
    "FeedTrigger",
    "InactivityTrigger",
    "ListTrigger",
    "On",
    "ProductTrigger",
    "ScheduleTrigger",
    "SegmentTrigger",
    "StageTrigger",
]
