"""How long tidying takes and for how long it holds the write lock: a million events and half a million hops on SQLite.

    python tests/bench/tidy.py [EVENTS]

Prints {"events", "hops", "seconds", "longest_lock_ms", "p99_lock_ms", "bytes_before", "bytes_after"}.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from journeys.base.time import DAY, Instant
from journeys.engine.tidy import tidy
from journeys.store.opening import open_store
from journeys.store.retention import Span
from journeys.store.store import Store

NOW = Instant(1_795_000_000)
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
_FILL = (
    (20, f"INSERT INTO contact (id, draw, created_at) {_NUMBERS} SELECT i, i, 1 FROM n"),
    (1, f"""INSERT INTO event (contact, kind, at, recorded_at, source, data) {_NUMBERS}
        SELECT 1 + (i * 7919) % (:rows / 20), CASE i % 3 WHEN 0 THEN 'email.opened' ELSE 'page.visited' END,
        :old + i % 20000000, 1, 'page', '{{"url": "/garden/' || i || '"}}' FROM n"""),
    (10, f"""INSERT INTO enrollment (id, journey, version, contact, entry, single, "trigger", since_at, node, arrived_at,
        n, state, entered_at, ended_at) {_NUMBERS} SELECT i, 1, 1, 1 + (i - 1) / 2, 1 + i % 2, 0, 'x', 1, 'x', 1, 5,
        'finished', 1, :old FROM n"""),
    (2, f"""INSERT INTO hop (enrollment, n, version, kind, node, outlet, entered_at, left_at, "values") {_NUMBERS}
        SELECT 1 + (i - 1) / 5, i % 5, 1, 'edge', 'x', 'in', 1, 1, '{{"times": 3}}' FROM n"""),
)  # fmt: skip


class Timed(Store):
    """A store that keeps for how long each write held the lock."""

    held: list[float]

    @contextmanager
    def write(self, **options: Any) -> Iterator[Connection]:
        with super().write(**options) as conn:
            began = time.perf_counter()
            yield conn
        self.held.append(time.perf_counter() - began)


def main(events: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        made = open_store(str(path), create=True)
        with made.write() as conn:
            conn.execute(
                text("INSERT INTO journey (id, key, name, state, state_at) VALUES (1, 'j', 'J', 'archived', 1)")
            )
            conn.execute(
                text("INSERT INTO version (id, journey, number, published_at, hash, graph) VALUES (1, 1, 1, 1, '', '')")
            )
            for share, statement in _FILL:
                conn.execute(text(statement), {"rows": events // share, "old": NOW - 800 * DAY})
        store = Timed(made.engine)
        store.held = []
        before = path.stat().st_size
        began = time.perf_counter()
        done = tidy(store, Span.parse("13mo"), now=NOW)
        took = time.perf_counter() - began
        made.close()
        held = sorted(store.held)
        print(json.dumps({
            "events": done.events, "hops": done.hops, "seconds": round(took, 1),
            "longest_lock_ms": round(held[-1] * 1000), "p99_lock_ms": round(held[int(len(held) * 0.99)] * 1000),
            "bytes_before": before, "bytes_after": path.stat().st_size,
        }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
