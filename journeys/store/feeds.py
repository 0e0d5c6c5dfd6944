"""Feeds: where they are, when they are fetched, and the rows that they last said.

A row keeps what it says and what it said when the engine last saw it, so that a trigger can tell what has become true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, null, select, update

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_
from journeys.base.text import fold
from journeys.base.time import DAY, MINUTE, Instant
from journeys.store.dialect import in_ids, upsert
from journeys.store.fields import checked_slug
from journeys.store.tables import feed, feed_row
from journeys.store.wakeup import wake

#: seconds for which a row that the feed does not have any more is kept: passages may be about it
KEPT_WHEN_GONE = 90 * DAY
#: seconds to wait after the first failure in a row; each further one doubles it
FIRST_BACK_OFF = 60
LONGEST_BACK_OFF = 6 * 3600

Format = Literal["json", "csv"]


class UnknownFeed(UsageError):
    """A feed that was not defined."""

    text = N_("There is no feed “{feed}”.{suggestion}")


class TooOften(UsageError):
    """A feed that nobody wants to be asked for so often, or so seldom."""

    text = N_("A feed is fetched every 1 to {most} minutes, not every {minutes}.")


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed as it is to be fetched."""

    key: str
    url: str
    format: Format
    rows_at: str
    key_field: str
    every_minutes: int
    private: bool
    etag: str | None
    last_modified: str | None
    failures: int


@dataclass(frozen=True, slots=True)
class Read:
    """What a document said that was read."""

    rows: int
    added: int = 0
    changed: int = 0
    gone: int = 0
    #: read for the first time: what it says is where it starts from
    first: bool = False


_COLUMNS = tuple(feed.c[name] for name in Feed.__dataclass_fields__)


def define_feed(
    conn: Connection,
    key: str,
    *,
    url: str,
    format_: Format,
    key_field: str,
    now: Instant,
    rows_at: str = "",
    every_minutes: int = 30,
    private: bool = False,
) -> None:
    """A feed, to be fetched at once. One that lies or reads otherwise than before starts anew. Raises TooOften, BadKey.

    `url` is believed: whoever fetches checks it.
    """
    if not 1 <= every_minutes <= 10_080:
        raise TooOften(most=10_080, minutes=every_minutes)
    checked_slug(key, what="feed", example="weather")
    there = {"url": url, "format": format_, "rows_at": rows_at, "key_field": key_field}
    before = conn.execute(select(*(feed.c[name] for name in there)).where(feed.c.key == key)).one_or_none()
    again: dict[str, Any] = {"next_at": now, "failures": 0, "error": ""}
    if before is None or dict(before._mapping) != there:
        again |= {"etag": None, "last_modified": None, "fetched_at": None}
    values = there | {"every_minutes": every_minutes, "private": private} | again
    statement = upsert(conn, feed).values(key=key, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def remove_feed(conn: Connection, key: str) -> None:
    """A feed with its rows. Raises UnknownFeed."""
    feed_named(conn, key)
    conn.execute(delete(feed_row).where(feed_row.c.feed == key))
    conn.execute(delete(feed).where(feed.c.key == key))


def feed_named(conn: Connection, key: str) -> Feed:
    """The feed of that key. Raises UnknownFeed."""
    row = conn.execute(select(*_COLUMNS).where(feed.c.key == key)).one_or_none()
    if row is None:
        known = conn.execute(select(feed.c.key)).scalars()
        raise UnknownFeed(feed=key, suggestion=suggestion(key, known))
    return Feed(*row)


_DUE = select(*_COLUMNS).where(feed.c.next_at <= bindparam("now", type_=BigInteger())).order_by(feed.c.next_at)
_NEXT = select(func.min(feed.c.next_at))


def due_feeds(conn: Connection, *, now: Instant) -> list[Feed]:
    """Feeds whose time has come, the longest waiting first."""
    return [Feed(*row) for row in conn.execute(_DUE, {"now": now})]


def next_feed_at(conn: Connection) -> Instant | None:
    """When the next feed is to be fetched."""
    at = conn.execute(_NEXT).scalar()
    return None if at is None else Instant(at)


def keep_unchanged(conn: Connection, one: Feed, *, now: Instant) -> None:
    """The server said that nothing is new."""
    conn.execute(update(feed).where(feed.c.key == one.key).values(**_was_read(one, now)))


def keep_failure(conn: Connection, one: Feed, why: str, *, now: Instant) -> bool:
    """Reading failed: it is tried again later, each time after twice as long. Returns whether that is news."""
    wait = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** min(one.failures, 12))
    conn.execute(
        update(feed).where(feed.c.key == one.key).values(failures=feed.c.failures + 1, error=why, next_at=now + wait)
    )
    return one.failures == 0


def keep_rows(
    conn: Connection,
    one: Feed,
    rows: Mapping[str, Mapping[str, Any]],
    *,
    etag: str | None,
    last_modified: str | None,
    now: Instant,
) -> Read:
    """Keep what a document said, and put what is new in it before the engine.

    Nothing where the feed was removed, or defined anew, while it was fetched.
    """
    row = conn.execute(
        select(feed.c.fetched_at, feed.c.url, feed.c.key_field).where(feed.c.key == one.key).with_for_update()
    ).one_or_none()
    if row is None or (row.url, row.key_field) != (one.url, one.key_field):
        return Read(0)
    first = row.fetched_at is None
    held = {
        row.key: row
        for row in conn.execute(
            select(feed_row.c.id, feed_row.c.key, feed_row.c.data, feed_row.c.gone_at).where(feed_row.c.feed == one.key)
        )
    }
    added = [key for key in rows if key not in held]
    changed = [key for key, data in rows.items() if key in held and held[key].data != data]
    gone = [key for key, row in held.items() if key not in rows and row.gone_at is None]
    if added:
        conn.execute(insert(feed_row), [_new(one, key, rows[key], now, first=first) for key in added])
    _write(conn, {held[key].id: dict(rows[key]) for key in changed}, now, gone=False)
    _write(conn, {held[key].id: {} for key in gone}, now, gone=True)
    if first:
        # what it said under another address is nothing that anything could have changed from
        conn.execute(update(feed_row).where(feed_row.c.feed == one.key).values(before=feed_row.c.data, fresh_at=null()))
    over = [row.id for row in held.values() if row.gone_at is not None and row.gone_at < now - KEPT_WHEN_GONE]
    conn.execute(delete(feed_row).where(in_ids(feed_row.c.id, over), feed_row.c.gone_at.is_not(None)))
    conn.execute(
        update(feed).where(feed.c.key == one.key).values(**_was_read(one, now), etag=etag, last_modified=last_modified)
    )
    wake(conn)
    return Read(len(rows), len(added), len(changed), len(gone), first)


def _was_read(one: Feed, now: Instant) -> dict[str, Any]:
    return {"fetched_at": now, "next_at": now + one.every_minutes * MINUTE, "failures": 0, "error": ""}


def _new(one: Feed, key: str, data: Mapping[str, Any], now: Instant, *, first: bool) -> dict[str, Any]:
    return {
        "feed": one.key,
        "key": key,
        "match_key": fold(key),
        "data": dict(data),
        "before": None,
        "changed_at": now,
        "fresh_at": None if first else now,
    }


_CHANGE = (
    update(feed_row)
    .where(feed_row.c.id == bindparam("row_id"))
    .values(
        data=bindparam("said", type_=feed_row.c.data.type),
        changed_at=bindparam("moment", type_=BigInteger()),
        fresh_at=bindparam("moment", type_=BigInteger()),
        gone_at=bindparam("gone", type_=BigInteger()),
    )
)


def _write(conn: Connection, said: Mapping[int, dict[str, Any]], now: Instant, *, gone: bool) -> None:
    if said:
        conn.execute(
            _CHANGE,
            [{"row_id": id_, "said": data, "moment": now, "gone": now if gone else None} for id_, data in said.items()],
        )
