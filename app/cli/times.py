"""Moments that people type."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant, instant, moment

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from app.cli.here import Here

NowOption = Annotated[
    str,
    typer.Option(
        "--now",
        metavar="ISO",
        help=_("Take this for the present moment, such as 1997-10-01T09:00; only on a store without accounts."),
    ),
]


class BadMoment(UsageError):
    text = N_(
        "“{given}” is no moment. Write it like 1997-10-01 or 1997-10-01T09:00, with +02:00 at the end if need be."
    )


class NowRefused(UsageError):
    text = N_(
        "--now is not for the store {store}: it has an account that sends real mail, and goes by the clock of this "
        "computer. Try it on a copy of the store without accounts, named with --store."
    )


class NowBehind(UsageError):
    text = N_("--now {now} is before {last}, up to which the store has already been run.")


def present(here: Here, now: str) -> Instant:
    """The moment at which a command acts: what --now says, else the clock.

    Raises BadMoment, NowRefused where real mail goes out, NowBehind for a moment before the last tick.
    """
    if not now:
        return here.clock.now()
    from journeys.store import settings
    from journeys.store.definitions import has_account

    at = instant_of(now, here.zone)
    with here.store.read() as conn:
        if has_account(conn):
            raise NowRefused(store=here.store.label)
        last = Instant(settings.get(conn, settings.LAST_TICK_AT, 0))
    if at < last:
        raise NowBehind(now=now, last=moment(last, here.zone).isoformat())
    return at


def instant_of(given: str, zone: ZoneInfo) -> Instant:
    """The instant of an ISO text; without an offset on the wall clock of `zone`, without a time at 0:00.

    Raises BadMoment.
    """
    try:
        read = datetime.fromisoformat(given.strip())
        return instant(read if read.tzinfo else read.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        raise BadMoment(given=given) from error
