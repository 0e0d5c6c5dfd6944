"""Feeds of a running store: fetched from a real server, kept, told of once when they fail, retried with back-off."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from journeys.base.clock import SetClock
from journeys.base.time import HOUR, MINUTE, Instant
from journeys.channels.fetching import Fetcher
from journeys.engine.deliver import Delivery
from journeys.runtime.beat import Runner
from journeys.runtime.feeds import AT_MOST, Feeds
from journeys.runtime.simulated import run_until
from journeys.store import tables as t
from journeys.store.feeds import define_feed, feed_named, keep_rows
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import PlainWriter, Recorder
from tests.http_server import Said, Server, serving

NOW = Instant(1_795_345_200)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def define(store: Store, url: str, key: str = "weather", **more: object) -> None:
    with store.write() as conn:
        define_feed(
            conn, key, url=url, format_="json", key_field="region", private=True, now=NOW, **more  # type: ignore[arg-type]
        )  # fmt: skip


def row(store: Store, key: str = "weather") -> dict[str, object]:
    with store.read() as conn:
        return dict(conn.execute(select(t.feed).where(t.feed.c.key == key)).mappings().one())


def said(**rows: float) -> str:
    return json.dumps([{"region": region, "t": value} for region, value in rows.items()])


def test_a_due_feed_is_fetched_and_comes_again_after_its_minutes(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1), headers={"ETag": '"1"'}), every_minutes=10)
    feeds = Feeds(store, Fetcher())
    assert feeds.fetch_due(NOW) == []
    assert feeds.next_at() == NOW + 10 * MINUTE
    assert feeds.fetch_due(Instant(NOW + 9 * MINUTE)) == []
    assert len(server.asked) == 1
    with store.read() as conn:
        assert conn.execute(select(t.feed_row.c.data)).scalars().all() == [{"region": "north", "t": 1}]


def test_what_has_not_changed_leaves_the_rows_alone(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1), headers={"ETag": '"1"'}))
    feeds = Feeds(store, Fetcher())
    feeds.fetch_due(NOW)
    server.answers["/w"] = lambda headers: Said(status=304 if headers["If-None-Match"] == '"1"' else 500)
    with store.read() as conn:
        one = feed_named(conn, "weather")
    assert feeds.fetch(one, now=Instant(NOW + HOUR)).read is None
    assert (row(store)["fetched_at"], row(store)["error"]) == (NOW + HOUR, "")


def test_a_failing_feed_is_told_of_once_and_retried_with_growing_pauses(store: Store, server: Server) -> None:
    define(store, server.says("/w", status=503))
    feeds = Feeds(store, Fetcher())
    now, told, pauses = NOW, [], []
    for _ in range(4):
        told += feeds.fetch_due(now)
        following = feeds.next_at()
        assert following is not None
        pauses.append(following - now)
        now = following
    assert told == [
        "The feed “weather” could not be read. The server 127.0.0.1 answered: HTTP 503 Service Unavailable."
    ]
    assert pauses == [60, 120, 240, 480]


def test_a_feed_that_recovered_is_told_of_again_when_it_fails_again(store: Store, server: Server) -> None:
    define(store, server.says("/w", "{"), every_minutes=1)
    feeds = Feeds(store, Fetcher())
    told = feeds.fetch_due(NOW)
    server.says("/w", said(north=1))
    told += feeds.fetch_due(Instant(NOW + HOUR))
    assert row(store)["error"] == ""
    server.says("/w", "{")
    told += feeds.fetch_due(Instant(NOW + 2 * HOUR))
    assert len(told) == 2


def test_a_failure_leaves_the_rows_as_they_were(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1)))
    feeds = Feeds(store, Fetcher())
    feeds.fetch_due(NOW)
    server.says("/w", '[{"region": "north", "t": 5}, {"t": 6}]')
    feeds.fetch_due(Instant(NOW + HOUR))
    with store.read() as conn:
        assert conn.execute(select(t.feed_row.c.data["t"])).scalars().all() == [1]


def test_one_dead_feed_does_not_keep_the_others_back(store: Store, server: Server) -> None:
    define(store, server.says("/dead", status=500), key="dead")
    define(store, server.says("/w", said(north=1)))
    assert len(Feeds(store, Fetcher()).fetch_due(NOW)) == 1
    assert row(store)["fetched_at"] == NOW


def test_a_beat_fetches_so_many_feeds_and_the_next_one_the_others(store: Store, server: Server) -> None:
    url = server.says("/w", said(north=1))
    for n in range(AT_MOST + 2):
        define(store, url, key=f"feed-{n}")
    feeds = Feeds(store, Fetcher())
    feeds.fetch_due(NOW)
    assert len(server.asked) == AT_MOST
    feeds.fetch_due(NOW)
    assert len(server.asked) == AT_MOST + 2


def test_a_feed_that_is_defined_anew_elsewhere_starts_from_what_it_says_there(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1)))
    feeds = Feeds(store, Fetcher())
    feeds.fetch_due(NOW)
    define(store, server.says("/v", said(north=-9)))
    feeds.fetch_due(NOW)
    with store.read() as conn:
        assert conn.execute(select(t.feed_row.c.fresh_at, t.feed_row.c.before["t"])).one() == (None, -9)


def test_what_was_fetched_of_a_feed_that_was_removed_meanwhile_is_thrown_away(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1)))
    with store.write() as conn:
        one = feed_named(conn, "weather")
        conn.execute(t.feed.delete())
        assert keep_rows(conn, one, {"x": {}}, etag=None, last_modified=None, now=NOW).rows == 0
        assert conn.execute(select(t.feed_row)).first() is None


def test_a_row_long_gone_is_forgotten(store: Store, server: Server) -> None:
    define(store, server.says("/w", said(north=1, south=1)))
    feeds = Feeds(store, Fetcher())
    feeds.fetch_due(NOW)
    for days in (1, 100):
        server.says("/w", said(north=days))
        feeds.fetch_due(Instant(NOW + days * 86_400))
    with store.read() as conn:
        assert conn.execute(select(t.feed_row.c.key)).scalars().all() == ["north"]


FROST = {"type": "feed", "feed": "weather", "where": [{"field": "t", "op": "<", "value": 0}], "attribute": "language"}


def test_E15_a_beat_fetches_and_lets_in_whom_the_feed_concerns(store: Store, server: Server) -> None:
    world = World(store, now=NOW)
    (anna,) = world.people(1, language="pl")
    define(store, server.says("/w", said(pl=4, de=4)), every_minutes=1)
    exit_ = ("exit", {"reason": "finished"})
    world.publish(build({"in": ("trigger", {"on": FROST}), "exit": exit_}, [("in", "in", "exit")]))
    runner = Runner(world.engine, handing_over(world), feeds=Feeds(store, Fetcher()))
    runner.beat(NOW)
    assert runner.next_at(NOW) == NOW + MINUTE
    server.says("/w", said(pl=-4, de=-4))
    beat = runner.beat(Instant(NOW + MINUTE))
    assert (beat.entered, [passage["contact"] for passage in world.passages()]) == (1, [anna])


def test_a_run_on_a_clock_of_its_own_fetches_nothing(store: Store, server: Server) -> None:
    world = World(store, now=NOW)
    define(store, server.says("/w", said(pl=4)))
    run_until(Runner(world.engine, handing_over(world)), SetClock(NOW), Instant(NOW + 3 * HOUR))
    assert server.asked == []


def handing_over(world: World) -> Delivery:
    return Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=Recorder(),
        writer=PlainWriter(),
        worker="test",
        clock=lambda: world.now,
    )
