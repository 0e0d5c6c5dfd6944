"""Tidying: what is old and no longer needed in full goes, lot by lot, beside whoever runs the store.

Rolled up or emptied, never lost to a question that somebody still asks: what criteria of segments and of running
journeys look at beyond a passage stays where it is, and the report says so. Cut off at any moment it has simply done
less; run again it goes on.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, case, delete, func, select, update

from journeys.base.time import DAY, Instant
from journeys.engine.fitting import fitted
from journeys.engine.recall import Kept, Memory, memory
from journeys.engine.tidy_rows import (
    OLD_BATCHES,
    OLD_CHANGES,
    OLD_DETAILS,
    OLD_EVENTS,
    OLD_HOPS,
    OLD_MISSES,
    OLD_PRODUCT_EVENTS,
    PASSAGES_WITH_OLD_HOPS,
    PRODUCT_EVENTS_SPOKEN_OF,
)
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.dialect import free_pages, give_back_pages, in_ids, upsert
from journeys.store.retention import (
    NOT_ENTERED_DAYS,
    Span,
    month_starts,
    note_rolled_up,
    tracking_kinds,
)
from journeys.store.store import Store, repeated

#: rows (or passages, which have several hops each) of one transaction: to begin with, at least, at most
LOT, LEAST_LOT, LARGEST_LOT = 500, 20, 10_000
#: pages of an SQLite file given back in one transaction
PAGES = 250


@dataclass(slots=True)
class Tidied:
    """What went, or would go."""

    #: what is older than this went; None: only what always goes
    before: Instant | None = None
    #: hops of passages that have ended; their counters stay
    hops: int = 0
    #: records of who did not come in
    not_entered: int = 0
    #: events rolled up into counts a contact, kind and month
    events: int = 0
    #: messages whose detail was emptied
    messages: int = 0
    #: old values that undoing imports would need
    changes: int = 0
    #: changes of prices and stocks, but for the newest of each product
    products: int = 0
    #: bytes of an SQLite file that were given back
    given_back: int = 0
    #: what is old and stays, and who asks for it
    kept: tuple[Kept, ...] = ()
    #: False: it was cut off before the end
    whole: bool = True

    @property
    def rows(self) -> int:
        return self.hops + self.not_entered + self.events + self.messages + self.changes + self.products


class Progress(Protocol):
    """Told after each transaction: rows done, rows there were to do (None: not counted)."""

    def __call__(self, done: int, total: int | None) -> None: ...


def look(store: Store, span: Span | None, *, now: Instant) -> Tidied:
    """What tidying would do at this moment. Reads only."""
    with store.read() as conn:
        zone = settings.workspace_zone(conn)
        before = span.before(now, zone) if span is not None else None
        would = Tidied(before=before)
        misses = {"before": now - NOT_ENTERED_DAYS * DAY}
        would.not_entered = conn.execute(select(func.count()).select_from(OLD_MISSES.subquery()), misses).scalar_one()
        if before is None:
            return would
        known = memory(conn, tracking_kinds(conn))
        would.kept = known.beyond(before, now)
        values = {"before": before, "nodes": sorted(known.nodes)}
        for name, rows in (("hops", OLD_HOPS), ("messages", OLD_DETAILS), ("changes", OLD_CHANGES)):
            setattr(would, name, conn.execute(select(func.count()).select_from(rows.subquery()), values).scalar_one())
        spoken_of = set(conn.execute(PRODUCT_EVENTS_SPOKEN_OF).scalars())
        old = conn.execute(OLD_PRODUCT_EVENTS, {"before": before, "after": 0}).scalars()
        would.products = sum(1 for id_ in old if id_ not in spoken_of)
        counted = select(func.count()).select_from(OLD_EVENTS.subquery())
        for kind, until in known.spans(before, now).items():
            values = {"before": until, "kind": kind, "cutoff": before, "after": 0}
            would.events += conn.execute(counted, values).scalar_one()
    return would


def tidy(
    store: Store,
    span: Span | None,
    *,
    now: Instant,
    keep_going: Callable[[], bool] = lambda: True,
    progress: Progress | None = None,
) -> Tidied:
    """Let go of what is older than `span`, and of records of who did not come in after NOT_ENTERED_DAYS.

    Hops of passages that ended before go (`version.hops_tidied` counts them, counters stay), but for those of nodes
    that a criterion asks visits of. Events of tracking kinds become counts in `event_month`, but for those that a
    criterion in use looks at, that a passage under way may look at, or that an import brought that can still be undone.
    Details of messages are emptied and what undoing old imports needs goes. Changes of products go, but for the newest
    of each kind and those that a passage is about. `keep_going` is asked between transactions.
    None for `span`: only the records of who did not come in.
    """
    one = _Tidying(store, now, keep_going, progress or (lambda _done, _total: None))
    one.misses()
    if span is not None:
        with store.read() as conn:
            one.zone = settings.workspace_zone(conn)
            known = memory(conn, tracking_kinds(conn))
        before = one.done.before = span.before(now, one.zone)
        one.done.kept = known.beyond(before, now)
        # imports first: events of one that can no longer be undone may then be rolled up
        one.imports(before)
        one.hops(before, known)
        one.events(before, known)
        one.details(before)
        one.products(before)
    if one.done.rows:
        one.give_back()
    return one.done


class _Tidying:
    def __init__(self, store: Store, now: Instant, keep_going: Callable[[], bool], progress: Progress) -> None:
        self.store = store
        self.now = now
        self.zone = ZoneInfo(settings.DEFAULTS["time_zone"])
        self.done = Tidied()
        self._keep_going = keep_going
        self._progress = progress

    def _lots(
        self,
        find: Callable[[Connection, int], Sequence[Row[Any]]],
        clear: Callable[[Connection, Sequence[Row[Any]]], int],
    ) -> None:
        """Find rows without a lock, then clear them in a short transaction, until none is left.

        `find` gets the size of the lot; the one that finds moves on by itself.
        """
        size = LOT
        while True:
            if not self._keep_going():
                self.done.whole = False
                return
            with self.store.read() as conn:
                rows = find(conn, size)
            if not rows:
                return
            self.store.give_way()
            took = repeated(partial(self._timed, clear, rows))
            self._progress(self.done.rows, None)
            size = fitted(size, len(rows), took, least=LEAST_LOT, most=LARGEST_LOT)

    def _timed(self, clear: Callable[[Connection, Sequence[Row[Any]]], int], rows: Sequence[Row[Any]]) -> float:
        with self.store.write() as conn:
            began = time.perf_counter()
            clear(conn, rows)
        # the commit counts: the lock is held until it is through
        return time.perf_counter() - began

    def misses(self) -> None:
        values = {"before": self.now - NOT_ENTERED_DAYS * DAY}

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            return conn.execute(OLD_MISSES.limit(size), values).all()

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            gone = delete(t.not_entered).where(in_ids(t.not_entered.c.id, [row.id for row in rows]))
            return self._count("not_entered", conn.execute(gone).rowcount)

        self._lots(find, clear)

    def _count(self, name: str, rows: int) -> int:
        setattr(self.done, name, getattr(self.done, name) + rows)
        return rows

    def imports(self, before: Instant) -> None:
        with self.store.write() as conn:
            # said first: an undoing that found half of what it needs would leave a mixture
            batch = t.import_batch.c
            old = select(OLD_BATCHES.subquery().c.id)
            conn.execute(update(t.import_batch).where(batch.id.in_(old)).values(tidied_at=self.now), {"before": before})

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            return conn.execute(OLD_CHANGES.limit(size), {"before": before}).all()

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            gone = delete(t.import_change).where(in_ids(t.import_change.c.id, [row.id for row in rows]))
            return self._count("changes", conn.execute(gone).rowcount)

        self._lots(find, clear)

    def hops(self, before: Instant, known: Memory) -> None:
        h = t.hop.c
        values = {"before": before, "nodes": sorted(known.nodes)}
        after = 0

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            nonlocal after
            rows = conn.execute(PASSAGES_WITH_OLD_HOPS.limit(size), values | {"after": after}).all()
            after = rows[-1].id if rows else after
            return rows

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            theirs = in_ids(h.enrollment, [row.id for row in rows])
            gone = delete(t.hop).where(theirs, h.node.not_in(known.nodes)).returning(h.version)
            versions = Counter(conn.execute(gone).scalars())
            for version, n in sorted(versions.items()):
                tidied = t.version.c.hops_tidied
                conn.execute(update(t.version).where(t.version.c.id == version).values({tidied: tidied + n}))
            if known.nodes:
                # they are counted, and what was compared there is as old as the rest
                conn.execute(update(t.hop).where(theirs, h["values"].is_not(None)).values({"values": None}))
            return self._count("hops", versions.total())

        self._lots(find, clear)

    def events(self, before: Instant, known: Memory) -> None:
        spans = known.spans(before, self.now)
        with self.store.write() as conn:
            note_rolled_up(conn, spans)
        for kind, until in spans.items():
            self._roll_up(kind, until, before)

    def _roll_up(self, kind: str, until: Instant, cutoff: Instant) -> None:
        values = {"before": until, "kind": kind, "cutoff": cutoff}
        after, after_id = 0, 0

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            nonlocal after, after_id
            rows = conn.execute(OLD_EVENTS.limit(size), values | {"after": after, "after_id": after_id}).all()
            if rows:
                after, after_id = rows[-1].at, rows[-1].id
            return rows

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            return self._count("events", _into_months(conn, [row.id for row in rows], self.zone))

        self._lots(find, clear)

    def details(self, before: Instant) -> None:
        after = 0

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            nonlocal after
            rows = conn.execute(OLD_DETAILS.limit(size), {"before": before, "after": after}).all()
            after = rows[-1].id if rows else after
            return rows

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            emptied = update(t.message).where(in_ids(t.message.c.id, [row.id for row in rows])).values(detail="")
            return self._count("messages", conn.execute(emptied).rowcount)

        self._lots(find, clear)

    def products(self, before: Instant) -> None:
        with self.store.read() as conn:
            # once: no index leads from a change to its passages, and no passage begins about an old one
            spoken_of = set(conn.execute(PRODUCT_EVENTS_SPOKEN_OF).scalars())
        after = 0

        def find(conn: Connection, size: int) -> Sequence[Row[Any]]:
            nonlocal after
            while rows := conn.execute(OLD_PRODUCT_EVENTS.limit(size), {"before": before, "after": after}).all():
                after = rows[-1].id
                if free := [row for row in rows if row.id not in spoken_of]:
                    return free
            return []

        def clear(conn: Connection, rows: Sequence[Row[Any]]) -> int:
            gone = delete(t.product_event).where(in_ids(t.product_event.c.id, [row.id for row in rows]))
            return self._count("products", conn.execute(gone).rowcount)

        self._lots(find, clear)

    def give_back(self) -> None:
        """Cut the free pages off an SQLite file, a few at a time."""
        last = -1
        while self._keep_going():
            with self.store.read() as conn:
                pages, size = free_pages(conn)
            if not pages or pages == last:
                return
            last = pages
            self.store.give_way()
            with self.store.write() as conn:
                give_back_pages(conn, PAGES)
                self.done.given_back += (pages - free_pages(conn)[0]) * size


def _into_months(conn: Connection, ids: Sequence[int], zone: ZoneInfo) -> int:
    """Take events out and add them to the counts of their months; returns how many.

    What is taken out is what is counted: one statement says both, whatever another process does meanwhile.
    """
    c = t.event.c
    # an event set aside meanwhile for the engine stays; all else that keeps one was asked when it was found
    fresh = select(1).where(t.fresh.c.event == c.id).exists()
    gone = delete(t.event).where(in_ids(c.id, ids), ~fresh).returning(c.contact, c.kind, c.at, c.quiet, c.message)
    rows = conn.execute(gone).all()
    if not rows:
        return 0
    answered = {row.message for row in rows if row.message is not None}
    m = t.message.c
    made = select(m.id, m.version, m.node).where(in_ids(m.id, answered))
    of_message = {row.id: (row.version, row.node) for row in conn.execute(made)} if answered else {}
    starts = month_starts(Instant(min(row.at for row in rows)), Instant(max(row.at for row in rows)), zone)
    openings = [start for start, _month in starts]
    counts: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        month = starts[bisect_right(openings, row.at) - 1][1]
        key = (row.contact, row.kind, month, *of_message.get(row.message, (0, "")))
        found = counts.setdefault(key, [0, 0, row.at, row.at])
        found[0] += 1
        found[1] += bool(row.quiet)
        found[2], found[3] = min(found[2], row.at), max(found[3], row.at)
    _add(conn, counts)
    return len(rows)


def _add(conn: Connection, counts: dict[tuple[Any, ...], list[int]]) -> None:
    key = ("contact", "kind", "month", "version", "node")
    numbers = ("times", "quiet", "first_at", "last_at")
    names = (*key, *numbers)
    # in the order of the key: two that tidy at once take the rows in the same order
    rows = [dict(zip(names, (*k, *n), strict=True)) for k, n in sorted(counts.items())]
    statement = upsert(conn, t.event_month)
    new, old = statement.excluded, t.event_month.c
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=list(key),
            set_={
                "times": old.times + new.times,
                "quiet": old.quiet + new.quiet,
                "first_at": _least(old.first_at, new.first_at),
                "last_at": _greatest(old.last_at, new.last_at),
            },
        ),
        rows,
    )


def _least(one: Any, other: Any) -> Any:
    return case((one < other, one), else_=other)


def _greatest(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)
