"""Fetching feeds: outside any transaction, and never inside a tick; what they say is then kept in one short write."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.channels.fetching import CannotFetch, Fetch
from journeys.store.feed_documents import BadDocument, rows_of
from journeys.store.feeds import (
    Feed,
    Read,
    due_feeds,
    keep_failure,
    keep_rows,
    keep_unchanged,
    next_feed_at,
)
from journeys.store.store import Store

log = logging.getLogger(__name__)

#: feeds of one beat, and how many are fetched at once: mails wait for a beat's feeds
AT_MOST = 8
THREADS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one feed."""

    feed: str
    #: None: nothing was new, or it failed
    read: Read | None = None
    #: why it failed; "" where it did not
    problem: str = ""
    #: whether the failure is the first one in a row
    news: bool = False


@dataclass(frozen=True, slots=True)
class _Document:
    rows: dict[str, dict[str, Any]]
    etag: str | None
    last_modified: str | None


class Feeds:
    """The feeds of a store and the way to fetch them."""

    def __init__(self, store: Store, fetch: Fetch) -> None:
        self._store = store
        self._fetch = fetch

    def fetch_due(self, now: Instant, *, keep_going: Callable[[], bool] = lambda: True) -> list[str]:
        """Fetch feeds whose time has come, the longest waiting first and AT_MOST at a time. Returns a sentence for each
        that has begun to fail: it is told of once, and tried again with growing pauses. `keep_going` is asked after each.
        """
        with self._store.read() as conn:
            due = due_feeds(conn, now=now)[:AT_MOST]
        if not due:
            return []
        told: list[str] = []
        # a server that dawdles keeps its thread and not the other feeds
        with ThreadPoolExecutor(max_workers=min(THREADS, len(due)), thread_name_prefix="feed") as threads:
            for one, document in zip(due, threads.map(self._document, due), strict=True):
                outcome = self._keep(one, document, now=now)
                if outcome.news:
                    told.append(
                        _("The feed “{feed}” could not be read. {why}").format(feed=one.key, why=outcome.problem)
                    )
                keep_going()
        return told

    def fetch(self, one: Feed, *, now: Instant) -> Outcome:
        """Fetch one feed now. Never raises for what the other side does."""
        return self._keep(one, self._document(one), now=now)

    def _document(self, one: Feed) -> _Document | KanwaError | None:
        """What the feed says, None where that is nothing new, or why it could not be read. Touches no store."""
        try:
            fetched = self._fetch(one.url, one.etag, one.last_modified, one.private)
            if fetched is None:
                return None
            rows = rows_of(fetched.content, format_=one.format, rows_at=one.rows_at, key_field=one.key_field)
        except (CannotFetch, BadDocument) as problem:
            return problem
        return _Document(rows, fetched.etag, fetched.last_modified)

    def _keep(self, one: Feed, document: _Document | KanwaError | None, *, now: Instant) -> Outcome:
        with self._store.write() as conn:
            match document:
                case None:
                    keep_unchanged(conn, one, now=now)
                    return Outcome(one.key)
                case _Document():
                    read = keep_rows(
                        conn,
                        one,
                        document.rows,
                        etag=document.etag,
                        last_modified=document.last_modified,
                        now=now,
                    )
                    return Outcome(one.key, read)
                case _:
                    news = keep_failure(conn, one, str(document), now=now)
        log.warning("feed %s: %s", one.key, type(document).__name__)
        return Outcome(one.key, problem=str(document), news=news)

    def next_at(self) -> Instant | None:
        """When the next feed is to be fetched."""
        with self._store.read() as conn:
            return next_feed_at(conn)
