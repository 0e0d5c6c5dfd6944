"""How long what happened is kept in full: the span, the kinds of events that are rolled up, and what was tidied so far."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete

from journeys.base.errors import UsageError
from journeys.base.i18n import N_, ngettext
from journeys.base.time import Instant, day_of, day_start
from journeys.store import settings
from journeys.store.events import checked_kind
from journeys.store.tables import setting

#: the setting that holds the span a runtime tidies by, such as "13mo"; missing: only when asked
KEEP = "retention"
#: the setting with further kinds of events that are rolled up
KINDS = "tracking_kinds"
#: the setting with the moment before which, and the kinds of which, events were rolled up
ROLLED_UP = "rolled_up"

#: what a visit or a mail leaves by the hundred
TRACKING = ("email.clicked", "email.opened", "page.visited")
#: what criteria, splits or people answer by, however old: first words of kinds
_NEVER = frozenset(
    ("consent", "contact", "contract", "journey", "loyalty", "nps", "purchase", "segment", "stage", "tag", "message")
)
#: days for which it is kept who did not come in and why
NOT_ENTERED_DAYS = 90
#: a shorter span would take away what windows of a month and passages of this week look at
LEAST_DAYS = 30

_SPAN = re.compile(r"([1-9][0-9]{0,3})(d|w|mo|y)")


class BadSpan(UsageError):
    """Text that is no span of time."""

    text = N_("“{given}” is no span of time. Write it like 13mo, 400d, 60w or 2y.")


class SpanTooShort(UsageError):
    """A span in which journeys still look."""

    text = N_("What is younger than {days} days stays; choose a longer span than {given}.")


class NeverTidied(UsageError):
    """A kind of event that stays."""

    text = N_("Events of the kind “{kind}” are never tidied: journeys, consents and reports rest on each of them.")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as people say it: days, weeks, months or years of the calendar."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, given: str) -> Span:
        """Raises BadSpan, SpanTooShort."""
        found = _SPAN.fullmatch(given.strip().lower())
        if found is None:
            raise BadSpan(given=given.strip())
        made = cls(int(found[1]), found[2])
        # February is the shortest month, and 1mo is no less than what people mean by LEAST_DAYS
        if made.unit in ("d", "w") and made.amount * (7 if made.unit == "w" else 1) < LEAST_DAYS:
            raise SpanTooShort(given=given.strip(), days=LEAST_DAYS)
        return made

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    def words(self) -> str:
        """“13 months”."""
        n = self.amount
        match self.unit:
            case "d":
                return ngettext("{n} day", "{n} days", n).format(n=n)
            case "w":
                return ngettext("{n} week", "{n} weeks", n).format(n=n)
            case "mo":
                return ngettext("{n} month", "{n} months", n).format(n=n)
            case _:
                return ngettext("{n} year", "{n} years", n).format(n=n)

    def before(self, now: Instant, zone: ZoneInfo) -> Instant:
        """The first moment of the day that lies so long before the present one."""
        return day_start(self._back(day_of(now, zone)), zone)

    def _back(self, day: date) -> date:
        if self.unit in ("d", "w"):
            days = self.amount * (7 if self.unit == "w" else 1)
            return date.fromordinal(max(1, day.toordinal() - days))
        months = day.year * 12 + day.month - 1 - self.amount * (12 if self.unit == "y" else 1)
        year, month = divmod(months, 12)
        if year < 1:
            return date.min
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_starts(first: Instant, last: Instant, zone: ZoneInfo) -> list[tuple[Instant, str]]:
    """(first moment, "YYYY-MM") of each month of the zone from that of `first` to that of `last`."""
    starts = []
    day, end = day_of(first, zone).replace(day=1), day_of(last, zone)
    while day <= end:
        starts.append((day_start(day, zone), f"{day:%Y-%m}"))
        day = (day + timedelta(days=31)).replace(day=1)
    return starts


def tracking_kinds(conn: Connection) -> tuple[str, ...]:
    """Kinds of events that are rolled up once they are old."""
    return tuple(sorted({*TRACKING, *settings.get(conn, KINDS, [])}))


def set_tracking_kinds(conn: Connection, kinds: Iterable[str]) -> None:
    """Name further kinds to roll up beside TRACKING. Raises BadEventKind, NeverTidied."""
    named = sorted({checked_kind(kind) for kind in kinds})
    for kind in named:
        if kind.partition(".")[0] in _NEVER:
            raise NeverTidied(kind=kind)
    settings.put(conn, KINDS, named)


def standing(conn: Connection) -> Span | None:
    """The span by which a runtime tidies once a day; None where it does so only when asked."""
    kept = settings.get(conn, KEEP)
    return Span.parse(kept) if kept is not None else None


def set_standing(conn: Connection, span: Span | None) -> None:
    """From now on a runtime tidies by this span once a workspace day; None: no longer."""
    if span is None:
        conn.execute(delete(setting).where(setting.c.key == KEEP))
    else:
        settings.put(conn, KEEP, str(span))


def rolled_up(conn: Connection) -> dict[str, Instant]:
    """Kind of event → the moment before which such events were rolled up: they cannot be told apart any more."""
    return {kind: Instant(at) for kind, at in settings.get(conn, ROLLED_UP, {}).items()}


def note_rolled_up(conn: Connection, before: Mapping[str, Instant]) -> None:
    """Note the moment for each kind, before the first event goes, so that no import brings one back."""
    known = rolled_up(conn)
    settings.put(conn, ROLLED_UP, known | {kind: max(at, known.get(kind, at)) for kind, at in before.items()})
