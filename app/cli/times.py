"""Moments that people type."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant, instant

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NowOption = Annotated[
    str, typer.Option("--now", metavar="ISO", help=_("Take this for the present moment, such as 1997-10-01T09:00."))
]


class BadMoment(UsageError):
    text = N_(
        "“{given}” is no moment. Write it like 1997-10-01 or 1997-10-01T09:00, with +02:00 at the end if need be."
    )


def instant_of(given: str, zone: ZoneInfo) -> Instant:
    """The instant of an ISO text; without an offset on the wall clock of `zone`, without a time at 0:00.

    Raises BadMoment.
    """
    try:
        moment = datetime.fromisoformat(given.strip())
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        raise BadMoment(given=given) from error
