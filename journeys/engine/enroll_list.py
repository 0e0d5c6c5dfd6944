"""Putting many contacts into a journey by hand: in cohorts, each a transaction.

How far a list has come is noted in the commit of each cohort, so that the same list, given again after it was cut off,
goes on with the rest: nobody comes in twice, even where the journey lets contacts in again and again.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.enroll import Admitted, enroll_contacts
from journeys.engine.pace import Pace
from journeys.engine.plan import Plans
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.store import Store, repeated


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of a list."""

    admitted: Admitted
    #: whom an earlier call with the same list, which was cut off, had looked at
    before: int


def enroll_list(
    store: Store,
    plans: Plans,
    journey: int,
    contacts: Iterable[int],
    *,
    of: str,
    now: Instant,
    keep_going: Callable[[], bool] = lambda: True,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Enrolled:
    """Put contacts into a journey (row id) by its list trigger. `of` names the list: it is the same one again.

    `keep_going` is asked between two cohorts, `progress` told how many were looked at. Raises NoSuchTrigger for a
    journey without a list trigger.
    """
    who, key = sorted(set(contacts)), f"enrolling {journey}"
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        noted = settings.get(conn, key)
    before = bisect_right(who, noted["after"]) if noted is not None and noted["of"] == of else 0
    pace, admitted, looked, left, begun = Pace(store), Admitted(0, {}), before, iter(who[before:]), False
    # an empty list is a cohort too: whether the journey takes lists is found out in any case
    while keep_going() and ((cohort := list(islice(left, pace.size))) or not begun):
        began, begun = time.perf_counter(), True
        note = {"of": of, "after": cohort[-1]} if looked + len(cohort) < len(who) else None
        admitted += repeated(partial(_cohort, store, plans, journey, cohort, key, note, now=now, zone=zone))
        pace.took(len(cohort), time.perf_counter() - began)
        looked += len(cohort)
        progress(looked, len(who))
    return Enrolled(admitted, before)


def _cohort(
    store: Store,
    plans: Plans,
    journey: int,
    contacts: Sequence[int],
    key: str,
    note: dict[str, object] | None,
    *,
    now: Instant,
    zone: ZoneInfo,
) -> Admitted:
    with scratch.work(store) as conn:
        admitted = enroll_contacts(conn, plans, journey, contacts, now=now, zone=zone)
        if note is None:
            conn.execute(delete(t.setting).where(t.setting.c.key == key))
        else:
            settings.put(conn, key, note)
    return admitted
