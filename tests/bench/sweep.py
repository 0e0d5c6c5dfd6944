"""The turn of a day on SQLite: everybody comes in by a date, moves between segments, and leaves by time alone.

    uv run python -m tests.bench.sweep [--contacts 100000] [--json]

Work for every contact: a yearly date trigger that meets all of them, a segment that all of them
drift into, and a journey that all of them stand in and whose exit criterion time alone makes true. Prints the seconds
of the tick, its transactions, and how long they held the write lock (p50, p99, the longest). Aim: 50 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, func, select, update

from journeys.base.time import DAY, Instant
from journeys.engine.publish import publish
from journeys.engine.tick import Engine
from journeys.graph.journey import Journey
from journeys.store import definitions
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.bench.steps import START, enroll_everybody, fill
from tests.bench.stores import sqlite_store
from tests.engine.conftest import build

#: the workspace's day that turns
TOMORROW = Instant(START + DAY)
IT_IS_TODAY = {"leaf": "attribute", "attribute": "renewal", "op": "days ago", "value": 0, "type": "date"}


def by_date() -> Journey:
    """Lets everybody in on the day."""
    on = {"type": "date", "date": {"type": "attribute", "attribute": "born"}, "yearly": True}
    return build(
        {
            "in": ("trigger", {"on": on}),
            "asks": ("condition", {"criterion": {"leaf": "segment", "segment": "renews"}}),
            "exit": ("exit", {"reason": "finished"}),
        },
        [("in", "in", "asks"), ("asks", "yes", "exit"), ("asks", "no", "exit")],
        id="by-date",
    )


def waiting() -> Journey:
    """Everybody stands in it, until the day comes."""
    return build(
        {
            "in": ("trigger", {"on": {"type": "list"}}),
            "wait": ("wait", {"rule": {"type": "duration", "amount": 60, "unit": "days"}}),
            "exit": ("exit", {"reason": "finished"}),
        },
        [("in", "in", "wait"), ("wait", "done", "exit")],
        exit_when=IT_IS_TODAY,
    )


class Watched(Store):
    """A store that notes how long each of its transactions held the write lock, in seconds."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.engine)
        self.held: list[float] = []

    @contextmanager
    def write(self, **options: Any) -> Iterator[Connection]:
        began = 0.0
        with super().write(**options) as conn:
            began = time.perf_counter()
            yield conn
        self.held.append(time.perf_counter() - began)


def measure(contacts: int) -> dict[str, float]:
    with sqlite_store() as made:
        store = Watched(made)
        fill(store, contacts)
        with store.write() as conn:
            define_attribute(conn, "born", "date")
            define_attribute(conn, "renewal", "date")
            definitions.define_segment(conn, "renews", label="Renews", criterion=IT_IS_TODAY)
            conn.execute(update(t.contact).values(attributes={"born": "2000-01-02", "renewal": "2026-01-02"}))
        publish(store, waiting(), {}, now=START, reason="a benchmark")
        enroll_everybody(store, contacts)
        publish(store, by_date(), {}, now=START, reason="a benchmark")
        engine = Engine(store)
        engine.tick(START)
        store.held.clear()
        began = time.perf_counter()
        done = engine.tick(TOMORROW)
        seconds = time.perf_counter() - began
        with store.read() as conn:
            members = conn.execute(select(func.count()).select_from(t.membership)).scalar_one()
    held = sorted(ms * 1000 for ms in store.held)
    return {
        "entered": done.entered,
        "ended": done.ended,
        "members": members,
        "tick_s": round(seconds, 2),
        "transactions": len(held),
        "p50_ms": round(statistics.median(held), 1),
        "p99_ms": round(held[min(len(held) - 1, int(len(held) * 0.99))], 1),
        "max_ms": round(held[-1], 1),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    figures = measure(chosen.contacts)
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(
        f"{figures['entered']:,} came in, {figures['ended']:,} ended and {figures['members']:,} moved in "
        f"{figures['tick_s']} s and {figures['transactions']:,} transactions: write lock p50 {figures['p50_ms']} ms, "
        f"p99 {figures['p99_ms']} ms, longest {figures['max_ms']} ms"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
