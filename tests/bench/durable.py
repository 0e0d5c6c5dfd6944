"""The same journey on three engines over the same PostgreSQL: contact-steps a second of each, in one run.

    uv run --group bench python -m tests.bench.durable [--contacts 500] [--json]

*DBOS* runs one durable workflow a contact and one recorded step a hop; *procrastinate* one job a hop, which defers the
next one; *Kanwa* walks cohorts. All take the six hops of `steps`' journey (draw,
three waits that are over at once, a condition on an attribute, an exit), and all leave a row of trace a hop; none waits
for a clock. The engines of others are given what their handbooks say for throughput: many workers, batches where there
are any. Two of the three need many times as long a contact, so that the default base is small.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from journeys.store.store import Store
from tests.bench.steps import fill, walk
from tests.bench.stores import postgresql_store

NODES = ("TRIGGERA", "WAITAAAA", "SPLITAAA", "WAITBBBB", "CONDITIO", "WAITCCCC", "EXITAAAA")
#: workflows and jobs under way at a time
WORKERS = 20

_TRACE = (
    "CREATE TABLE bench_trace (contact bigint NOT NULL, n integer NOT NULL, node text NOT NULL, outlet text NOT NULL)"
)
_HOP = "INSERT INTO bench_trace (contact, n, node, outlet) VALUES (%s, %s, %s, %s)"
_LANGUAGE = "SELECT language FROM contact WHERE id = %s"


def outlet_of(node: str, contact: int, language: str | None) -> str:
    """Where a contact leaves a node."""
    match node:
        case "TRIGGERA":
            return "in"
        case "SPLITAAA":
            return "ab"[hashlib.sha256(f"{contact}".encode()).digest()[0] & 1]
        case "CONDITIO":
            return "yes" if language == "pl" else "no"
        case "EXITAAAA":
            return ""
        case _:
            return "done"


def libpq(store: Store) -> str:
    """The store's address as libpq reads it."""
    return store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def traced(store: Store) -> Iterator[str]:
    """The address of a store with an empty table of trace."""
    address = libpq(store)
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS bench_trace")
        conn.execute(_TRACE)
    yield address


def hops_in(address: str) -> int:
    with psycopg.connect(address) as conn:
        row = conn.execute("SELECT count(*) FROM bench_trace").fetchone()
    assert row is not None
    return int(row[0])


def kanwa(store: Store, contacts: int) -> float:
    """Contact-steps a second of ours."""
    hops, took, _engine = walk(store, contacts)
    assert hops == contacts * len(NODES), hops
    return hops / took


def dbos(store: Store, contacts: int) -> float:
    """One durable workflow a contact, one step a hop, WORKERS at a time; called straight, without a queue's polling."""
    from dbos import DBOS, DBOSConfig

    logging.getLogger("dbos").setLevel(logging.ERROR)
    with traced(store) as address, ConnectionPool(address, min_size=WORKERS, max_size=WORKERS) as pool:
        config: DBOSConfig = {"name": "bench", "system_database_url": address, "log_level": "ERROR"}
        DBOS(config=config)

        @DBOS.step()
        def hop(contact: int, n: int) -> str:
            node = NODES[n]
            with pool.connection() as conn:
                language = conn.execute(_LANGUAGE, (contact,)).fetchone() if node == "CONDITIO" else None
                outlet = outlet_of(node, contact, language[0] if language else None)
                conn.execute(_HOP, (contact, n, node, outlet))
            return outlet

        @DBOS.workflow()
        def journey(contact: int) -> None:
            for n in range(len(NODES)):
                hop(contact, n)

        DBOS.launch()
        try:
            began = time.perf_counter()
            with ThreadPoolExecutor(WORKERS) as threads:
                list(threads.map(journey, range(1, contacts + 1)))
            took = time.perf_counter() - began
        finally:
            DBOS.destroy()
        made = hops_in(address)
        assert made == contacts * len(NODES), made
    return made / took


def procrastinate(store: Store, contacts: int) -> float:
    """One job a hop; each defers the next."""
    with traced(store) as address:
        return asyncio.run(_procrastinate(address, contacts))


async def _procrastinate(address: str, contacts: int) -> float:
    from procrastinate import App, PsycopgConnector

    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = App(connector=PsycopgConnector(conninfo=address, max_size=WORKERS))
    async with AsyncConnectionPool(address, min_size=WORKERS, max_size=WORKERS, open=False) as pool, app.open_async():

        @app.task(name="hop")
        async def hop(contact: int, n: int) -> None:
            node = NODES[n]
            async with pool.connection() as conn:
                language = await (await conn.execute(_LANGUAGE, (contact,))).fetchone() if node == "CONDITIO" else None
                outlet = outlet_of(node, contact, language[0] if language else None)
                await conn.execute(_HOP, (contact, n, node, outlet))
            if n + 1 < len(NODES):
                await hop.defer_async(contact=contact, n=n + 1)

        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        await hop.batch_defer_async(*({"contact": contact, "n": 0} for contact in range(1, contacts + 1)))
        # ends when nothing is left to do
        await app.run_worker_async(concurrency=WORKERS, wait=False, install_signal_handlers=False, delete_jobs="always")
        took = time.perf_counter() - began
    made = hops_in(address)
    assert made == contacts * len(NODES), made
    return made / took


ENGINES: dict[str, Callable[[Store, int], float]] = {"kanwa": kanwa, "dbos": dbos, "procrastinate": procrastinate}


def measure(contacts: int) -> dict[str, dict[str, float]]:
    """Engine → its contact-steps a second and how many times as many ours makes."""
    out: dict[str, dict[str, float]] = {}
    with postgresql_store() as store:
        fill(store, contacts)
        for name, run in ENGINES.items():
            out[name] = {"steps_per_s": round(run(store, contacts))}
    for figures in out.values():
        figures["times"] = round(out["kanwa"]["steps_per_s"] / figures["steps_per_s"], 1)
    return out


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.contacts)
    if chosen.json:
        print(json.dumps({"contacts": chosen.contacts, "postgresql": found}, indent=2))
        return
    for name, figures in found.items():
        print(
            f"{name:>14} {chosen.contacts:>7,} contacts: {figures['steps_per_s']:>8,} steps/s, ours {figures['times']:.0f} ×"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
