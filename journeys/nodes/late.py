"""Being late: what a wait or a send does when its moment has long gone by before anybody looked.

How late a step is, is the tick's moment less the one at which the step was due. A computer that slept makes steps
late; so does a journey that was paused.
"""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, ColumnElement, Text, cast, literal

from journeys.base.i18n import _
from journeys.base.time import Instant, moment
from journeys.nodes.cohort import Cohort, members
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.windows import Window, say_window

TOO_LATE = "too_late"


class Late(BaseModel):
    """What happens to who comes later than `by` after the step was due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Duration = Field(Duration(amount=1, unit="days"), title=_("Late by more than"))
    then: Literal["run", "skip", "next window"] = Field("next window", title=_("Then"))
    window: Window | None = Field(
        None,
        title=_("Window"),
        description=_("Empty: the next time the contact's clock shows the hour at which it was due."),
    )

    def is_late(self, cohort: Cohort) -> ColumnElement[bool]:
        """Whether a member, on the walk of this tick, was due so long ago."""
        return members.c.was_due_at < cohort.moments.now - literal(self.by.seconds, BigInteger())

    def again_at(self, due_at: Instant, *, now: Instant, zone: ZoneInfo, window: Window | None = None) -> Instant:
        """The next window by the clock of `zone`: the own one, else `window`, else the hour of `due_at`."""
        chosen = self.window or window
        if chosen is None:
            # to the minute, as windows are
            chosen = Window(opens=moment(due_at, zone).time().replace(second=0, microsecond=0))
        return chosen.next(now, zone)

    def words(self) -> str:
        """“if late by more than 1 day: at the next window”."""
        length = say_duration(self.by)
        match self.then:
            case "run":
                return _("however late it is")
            case "skip":
                return _("left out if late by more than {duration}").format(duration=length)
            case _ if self.window is not None:
                return _("if late by more than {duration}, then at {window} in the contact's time").format(
                    duration=length, window=say_window(self.window)
                )
            case _:
                return _("if late by more than {duration}, then at the same hour of the next day").format(
                    duration=length
                )


def due_text() -> ColumnElement[str]:
    """The moment at which the present step was due, as a base that `read_base` understands."""
    return literal("@", Text()) + cast(members.c.was_due_at, Text)


#: marketing waits for its hour, so that nobody is written to at night because a computer woke up
MARKETING = Late(by=Duration(amount=24, unit="hours"), then="next window")
#: news of a service that comes three days late confuses more than it helps
SERVICE = Late(by=Duration(amount=3 * 24, unit="hours"), then="skip")
