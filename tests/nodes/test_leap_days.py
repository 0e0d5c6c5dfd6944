"""Days that return every year: a date trigger, the anniversary leaf, and a plain reading of the calendar agree.

Everybody is born, and bought for the first time, on a day around the end of February.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from journeys.base.time import Instant, day_start
from journeys.criteria import parse_criterion, select_members
from journeys.nodes.trigger import DateTrigger
from journeys.store import tables as t
from journeys.store.store import Store

#: at UTC, far behind it and far ahead of it
ZONES = [ZoneInfo("Europe/London"), ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Auckland")]


def around_february(years: range) -> list[date]:
    return [date(year, 2, 26) + timedelta(days=n) for year in years for n in range(5 + calendar.isleap(year))]


BORN = around_february(range(1996, 2006))
RULES = {"28 Feb": (2, 28), "1 Mar": (3, 1)}


def kept(born: date, target: date, rule: str) -> bool:
    """Whether a day born on is celebrated on the target day."""
    if (born.month, born.day) == (2, 29) and not calendar.isleap(target.year):
        celebrated = date(target.year, *RULES[rule])
    else:
        celebrated = born.replace(year=target.year)
    return celebrated == target and born < target


def fill(conn: Connection, zone: ZoneInfo) -> None:
    """Somebody for each day; whose first order was in the last second of it, and the next one a day later."""
    conn.execute(
        insert(t.contact),
        [
            {"id": n, "created_at": 0, "draw": 1, "attributes": {"born": day.isoformat()}}
            for n, day in enumerate(BORN, start=1)
        ],
    )
    bought = [
        (n, day_start(day + timedelta(days=1), zone) + later)
        for n, day in enumerate(BORN, start=1)
        for later in (-1, 86_400)
    ]
    conn.execute(insert(t.purchase), [{"contact": n, "at": at, "total": 1, "currency": "PLN"} for n, at in bought])


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    targets=st.lists(st.sampled_from(around_february(range(1996, 2034))), min_size=3, max_size=8, unique=True),
    rule=st.sampled_from(sorted(RULES)),
    ahead=st.integers(0, 3),
    zone=st.sampled_from(ZONES),
    clock=st.sampled_from([time(0), time(12), time(23, 59, 59)]),
)
def test_trap_11_C10_days_around_29_february_return_as_the_calendar_has_them(
    kept_store: Store, targets: list[date], rule: str, ahead: int, zone: ZoneInfo, clock: time
) -> None:
    of = {"attribute": {"type": "attribute", "attribute": "born"}, "order": {"type": "first purchase"}}
    leaves = {
        name: {"leaf": "anniversary", "of": what, "in_days": ahead, "leap_day": rule} for name, what in of.items()
    }
    on = DateTrigger.model_validate(
        {"type": "date", "date": of["attribute"], "yearly": True, "leap_day": rule, "offset_days": -ahead}
    )
    with kept_store.read() as conn:
        fill(conn, zone)
        for target in targets:
            today = target - timedelta(days=ahead)
            now = Instant(int(datetime.combine(today, clock, tzinfo=zone).timestamp()))
            expected = [n for n, born in enumerate(BORN, start=1) if kept(born, target, rule)]
            rows = conn.execute(on.matching(today, zone))
            assert sorted(row.contact for row in rows) == expected, target
            # who is not born yet has not bought either; the trigger asks of dates, whenever they were written
            born_before = [n for n in expected if BORN[n - 1] <= today]
            for name, leaf in leaves.items():
                members, moments = select_members(parse_criterion(leaf), conn.dialect.name)
                found = sorted(conn.execute(members, moments.values(now, zone)).scalars())
                assert found == (born_before if name == "order" else expected), (name, target)
