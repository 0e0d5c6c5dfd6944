"""How fast journeys advance: contact-steps a second, beside a bare driver writing the same rows.

    uv run python -m tests.bench.steps [--contacts 100000] [--store sqlite|postgresql] [--json]

A journey of seven hops (draw, waits, a condition on an attribute, an exit), trace values and counters included, is
walked by the whole base. The limit is the same hop, enrollment and counter rows written by executemany into the same
tables with the same indexes, in the same process. `tick_ms` is a tick while a million passages wait: nobody due, and
1,000 due.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, insert, select, update

from journeys.base.time import DAY, HOUR, Instant
from journeys.engine import scratch
from journeys.engine.enroll import enroll_contacts
from journeys.engine.plan import Plans
from journeys.engine.publish import publish
from journeys.engine.tick import Engine
from journeys.graph.file import read_journey
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.dialect import insert_rows
from journeys.store.store import Store
from tests.bench.stores import STORES, analyze

START = Instant(1_767_225_600)  # 2026-01-01 00:00 UTC
WAITING = 1_000_000


def journey_text() -> str:
    """The benchmark's journey as a file."""
    nodes = [
        ("TRIGGERA", "trigger", {"on": {"type": "list"}}),
        ("WAITAAAA", "wait", {"rule": {"type": "duration", "amount": 1, "unit": "hours"}}),
        ("SPLITAAA", "split", {"by": {"type": "random", "arms": [
            {"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}]}}),
        ("WAITBBBB", "wait", {"rule": {"type": "duration", "amount": 1, "unit": "days"}}),
        ("CONDITIO", "condition", {"criterion": {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}}),
        ("WAITCCCC", "wait", {"rule": {"type": "duration", "amount": 2, "unit": "days"}}),
        ("EXITAAAA", "exit", {"reason": "finished"}),
    ]  # fmt: skip
    edges = [
        ("TRIGGERA", "in", "WAITAAAA"),
        ("WAITAAAA", "done", "SPLITAAA"),
        ("SPLITAAA", "a", "WAITBBBB"),
        ("SPLITAAA", "b", "WAITBBBB"),
        ("WAITBBBB", "done", "CONDITIO"),
        ("CONDITIO", "yes", "WAITCCCC"),
        ("CONDITIO", "no", "WAITCCCC"),
        ("WAITCCCC", "done", "EXITAAAA"),
    ]
    return json.dumps(
        {
            "kanwa": 1,
            "directed": True,
            "multigraph": True,
            "graph": {"id": "bench", "name": "Bench", "direction": "down"},
            "nodes": [
                {"id": id_, "kind": kind, "title": id_, "settings": made, "x": 0, "y": 0, "off": False, "comment": ""}
                for id_, kind, made in nodes
            ],
            "edges": [{"source": source, "target": target, "key": outlet} for source, outlet, target in edges],
        }
    )


def fill(store: Store, contacts: int) -> None:
    """A base of contacts, half of them Polish."""
    for first in range(0, contacts, 10_000):
        rows = [
            {
                "email": f"c{n}@bench.test", "email_key": f"c{n}@bench.test", "language": "pl" if n % 2 else "en",
                "time_zone": "Europe/Warsaw", "attributes": {}, "keys": {"language": "pl" if n % 2 else "en"},
                "draw": (n * 7919) % 2**31, "created_at": START,
            }
            for n in range(first, min(first + 10_000, contacts))
        ]  # fmt: skip
        with store.write() as conn:
            conn.execute(insert(t.contact), rows)


def clock_of(store: Store) -> Callable[[], float]:
    """Seconds of the processor on SQLite, which runs in this process; of the wall on a server, which does not.

    The rest of a machine then has no part in what SQLite is compared by.
    """
    return time.process_time if store.is_sqlite else time.perf_counter


def enroll_all(store: Store, contacts: int) -> None:
    """Publish the journey and put everybody into it; nobody has moved yet."""
    publish(store, read_journey(journey_text()), {}, now=START)
    enroll_everybody(store, contacts)


def enroll_everybody(store: Store, contacts: int) -> None:
    """Put everybody into the only journey, which takes a list."""
    plans = Plans()
    for first in range(1, contacts + 1, 10_000):
        with scratch.work(store) as conn:
            journey = conn.execute(select(t.journey.c.id)).scalar_one()
            zone = settings.workspace_zone(conn)
            enroll_contacts(
                conn, plans, journey, list(range(first, min(first + 10_000, contacts + 1))), now=START, zone=zone
            )  # fmt: skip


def walk(store: Store, contacts: int) -> tuple[int, float, Engine]:
    """Publish, enroll everybody, and walk them to the end: (hops, seconds of the ticks, the engine)."""
    enroll_all(store, contacts)
    engine = Engine(store)
    analyze(store)
    clock = clock_of(store)
    hops = 0
    took = 0.0
    now: Instant | None = START
    while now is not None and now < START + 10 * DAY:
        began = clock()
        hops += engine.tick(now).hops
        took += clock() - began
        following = engine.next_due(now)
        now = following if following is not None and following > now else None
    return hops, took, engine


def write_bare(source: Store, target: Store, batch: int = 10_000) -> float:
    """Seconds for a bare driver to write the rows that the walk left, by executemany into the same tables."""
    clock = clock_of(target)
    took = 0.0
    for table in (t.contact, t.journey, t.version):
        with source.read() as conn:
            rows = [dict(row) for row in conn.execute(select(table)).mappings()]
        with target.write() as conn:
            for first in range(0, len(rows), batch):
                conn.execute(insert(table), rows[first : first + batch])
    for table in (t.enrollment, t.hop, t.counter):
        names = [column.name for column in table.columns]
        mark = "?" if target.is_sqlite else "%s"
        columns = ", ".join(f'"{name}"' for name in names)
        said = f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join([mark] * len(names))})"
        with source.read() as conn:
            found = conn.execution_options(yield_per=batch).execute(select(table))
            for rows in found.partitions(batch):
                plain = [tuple(row) for row in rows]
                raw = target.engine.raw_connection()
                cursor = raw.cursor()
                began = clock()
                if target.is_sqlite:
                    cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany(said, plain)
                if target.is_sqlite:
                    cursor.execute("COMMIT")
                else:
                    raw.commit()
                took += clock() - began
                raw.close()
    return took


def ticks(store: Store, engine: Engine, waiting: int) -> dict[str, float]:
    """Milliseconds of a tick while `waiting` passages wait: nobody due, 1,000 due; medians."""
    later = START + 20 * DAY
    with store.write() as conn:
        contacts = conn.execute(select(func.max(t.contact.c.id))).scalar_one()
        row = conn.execute(select(t.enrollment).limit(1)).mappings().one()
    for first in range(0, waiting, 10_000):
        rows = [
            {
                "journey": row["journey"], "version": row["version"], "contact": (first + n) % contacts + 1,
                "key": f"w{first + n}", "entry": 1, "single": True, "trigger": "TRIGGERA", "since_at": START,
                "node": "WAITBBBB", "arrived_at": START, "n": 3, "state": "active", "entered_at": START,
                "due_at": later + 100 * DAY + first + n,
            }
            for n in range(min(10_000, waiting - first))
        ]  # fmt: skip
        with store.write() as conn:
            insert_rows(conn, t.enrollment, rows)
    analyze(store)
    now = Instant(later)
    engine.tick(now)
    idle = []
    for n in range(1, 21):
        began = time.perf_counter()
        engine.tick(Instant(now + n))
        idle.append(time.perf_counter() - began)
    now = Instant(now + HOUR)
    busy = []
    first = store_min(store, later)
    for n in range(5):
        with store.write() as conn:
            conn.execute(
                update(t.enrollment)
                .where(t.enrollment.c.id >= first + n * 1000, t.enrollment.c.id < first + (n + 1) * 1000)
                .values(due_at=now + n)
            )
        began = time.perf_counter()
        done = engine.tick(Instant(now + n))
        busy.append(time.perf_counter() - began)
        assert done.members >= 1000, done
    return {"due_0": statistics.median(idle) * 1000, "due_1000": statistics.median(busy) * 1000}


def store_min(store: Store, later: int) -> int:
    with store.read() as conn:
        found = conn.execute(select(func.min(t.enrollment.c.id)).where(t.enrollment.c.due_at > later)).scalar_one()
    return int(found)


def measure(kind: str, contacts: int, *, waiting: int) -> tuple[dict[str, float], dict[str, float]]:
    with STORES[kind]() as store:
        fill(store, contacts)
        hops, took, engine = walk(store, contacts)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with STORES[kind]() as bare:
            limit = write_bare(store, bare)
        tick = ticks(store, engine, waiting) if waiting else {}
    return {
        "steps_per_s": round(hops / took),
        "limit_steps_per_s": round(hops / limit),
        "ratio": round(limit / took, 3),
        "rss_mb": round(rss),
    }, {name: round(ms, 2) for name, ms in tick.items()}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, action="append", help="size of the base; may be given several times")
    parser.add_argument("--store", choices=sorted(STORES), action="append")
    parser.add_argument("--waiting", type=int, default=WAITING, help="passages that wait while ticks are measured")
    parser.add_argument("--no-ticks", action="store_true", help="leave the million waiting passages out")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    out: dict[str, Any] = {}
    for kind in chosen.store or sorted(STORES, reverse=True):
        for n in chosen.contacts or [100_000]:
            # once a database: the size of the base does not matter to a tick that has nothing to do with it
            first = n == (chosen.contacts or [100_000])[0]
            figures, tick = measure(kind, n, waiting=chosen.waiting if first and not chosen.no_ticks else 0)
            out.setdefault(kind, {})[str(n)] = figures
            if tick:
                out.setdefault("tick_ms", {})[kind] = tick
            if not chosen.json:
                print(f"{kind:>10} {n:>9,} contacts: {figures['steps_per_s']:>8,} steps/s, bare driver "
                      f"{figures['limit_steps_per_s']:>8,}, ratio {figures['ratio']:.2f}, {figures['rss_mb']} MB")  # fmt: skip
                if tick:
                    print(f"{kind:>10} tick with {chosen.waiting:,} waiting: none due {tick['due_0']:.2f} ms, "
                          f"1,000 due {tick['due_1000']:.1f} ms")  # fmt: skip
    if chosen.json:
        print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
