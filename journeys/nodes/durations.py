"""Lengths of time as people give them."""

from __future__ import annotations

from typing import Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.base.validation import SettingsError

Unit = Literal["minutes", "hours", "days", "weeks"]

_SECONDS: dict[Unit, int] = {"minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": 7 * DAY}

#: ten years of 365 days and a bit: longer waits are slips of the finger
LONGEST = 3660 * DAY


class Duration(BaseModel):
    """An exact length of time: a day is 24 hours also where the clocks change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: int = Field(title=_("Length"), ge=1, strict=True)
    unit: Unit = Field("days", title=_("Unit"))

    @property
    def seconds(self) -> int:
        return self.amount * _SECONDS[self.unit]

    def after(self, at: Instant) -> Instant:
        """The instant that much later."""
        return Instant(at + self.seconds)

    @model_validator(mode="after")
    def _within_reach(self) -> Duration:
        if self.seconds > LONGEST:
            raise SettingsError(_("{length} is longer than ten years.").format(length=say_duration(self)))
        return self


def say_duration(duration: Duration) -> str:
    """“3 days”, “1 hour”."""
    n = duration.amount
    match duration.unit:
        case "minutes":
            text = ngettext("{n} minute", "{n} minutes", n)
        case "hours":
            text = ngettext("{n} hour", "{n} hours", n)
        case "days":
            text = ngettext("{n} day", "{n} days", n)
        case "weeks":
            text = ngettext("{n} week", "{n} weeks", n)
        case never:
            assert_never(never)
    return text.format(n=n)
