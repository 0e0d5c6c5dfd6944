"""The CDNOW base, a win-back journey on it, and a plain Python walk over the file that says what must come out.

The walk knows nothing of the engine: it goes through one customer at a time, with the purchases of the file.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

DATA = Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz"
ZONE = ZoneInfo("Europe/Warsaw")
START, END = date(1997, 10, 1), date(1998, 7, 1)
LAPSED_DAYS = 90
DAY = 86400

JOURNEY = {
    "kanwa": 1,
    "directed": True,
    "multigraph": True,
    "graph": {
        "id": "win-back",
        "name": "Win back",
        "direction": "down",
        "re_entry": {"rule": "after leaving"},
        "exit_when": {"leaf": "purchase"},
    },
    "nodes": [
        {"id": id_, "kind": kind, "title": title, "settings": settings, "x": 0, "y": 0, "off": False, "comment": ""}
        for id_, kind, title, settings in (
            (
                "LAPSEDAA",
                "trigger",
                "Has not bought for 90 days",
                {"on": {"type": "segment", "segment": "lapsed-90", "movement": "entered"}, "existing": True},
            ),
            (
                "BOUGHTTW",
                "condition",
                "Bought more than once?",
                {"criterion": {"leaf": "purchase", "count": {"op": ">=", "value": 2}, "scope": {"type": "ever"}}},
            ),
            ("WRITEREG", "send", "Write to a regular", {"template": "regular", "purpose": "newsletter"}),
            ("WRITEONE", "send", "Write to a one-timer", {"template": "one-timer", "purpose": "newsletter"}),
            ("FORTNIGH", "wait", "Two weeks", {"rule": {"type": "duration", "amount": 14, "unit": "days"}}),
            ("REMINDAA", "send", "Remind", {"template": "reminder", "purpose": "newsletter"}),
            ("DONEAAAA", "exit", "Done", {"reason": "finished"}),
        )
    ],
    "edges": [
        {"source": source, "target": target, "key": outlet}
        for source, outlet, target in (
            ("LAPSEDAA", "in", "BOUGHTTW"),
            ("BOUGHTTW", "yes", "WRITEREG"),
            ("BOUGHTTW", "no", "WRITEONE"),
            ("WRITEREG", "sent", "FORTNIGH"),
            ("WRITEONE", "sent", "FORTNIGH"),
            ("FORTNIGH", "done", "REMINDAA"),
            ("REMINDAA", "sent", "DONEAAAA"),
        )
    ],
}
SEGMENT = {"leaf": "purchase", "last_days_ago": {"op": ">=", "value": LAPSED_DAYS}}


def lines(every: int = 1) -> Iterator[str]:
    """The file's lines, header included; of every n-th customer only."""
    with gzip.open(DATA, "rt", encoding="ascii", newline="") as file:
        yield next(file)
        for line in file:
            if int(line.split()[0]) % every == 0:
                yield line


@dataclass
class Days:
    """What happened on each workspace day."""

    entered: Counter[date] = field(default_factory=Counter)
    sent: Counter[date] = field(default_factory=Counter)
    exited: Counter[date] = field(default_factory=Counter)


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def day_at(moment: int) -> date:
    return datetime.fromtimestamp(moment, ZONE).date()


def walk(every: int = 1) -> Days:
    """The journey, customer by customer."""
    rows = [line.split()[:2] for line in lines(every)][1:]
    days = Days()
    for _, own in groupby(rows, key=lambda row: row[0]):
        bought = sorted({date(int(day[:4]), int(day[4:6]), int(day[6:])) for _, day in own})
        _walk_one(bought, days)
    return days


def _walk_one(bought: list[date], days: Days) -> None:
    busy_until = 0
    # a stretch without a purchase lets in 90 days after its beginning; the day of the next purchase ends it
    for this, following in zip(bought, [*bought[1:], date.max], strict=True):
        enters = max(this + timedelta(days=LAPSED_DAYS), START)
        if enters > END or enters >= following or this > enters:
            continue
        at = midnight(enters)
        if at < busy_until:
            continue
        days.entered[enters] += 1
        days.sent[enters] += 1
        second = at + 14 * DAY
        leaves = midnight(following) if following != date.max else None
        if leaves is not None and leaves <= second and leaves <= midnight(END):
            days.exited[following] += 1
            busy_until = leaves
        elif second <= midnight(END):
            days.sent[day_at(second)] += 1
            busy_until = second
        else:
            busy_until = second
