"""Whether a window can write while a tick runs: short writes from another process on SQLite while 100,000 contacts move.

    uv run python -m tests.bench.window [--contacts 100000] [--pause 0.02] [--json]

The other process changes one contact after another, as a window does, and gives each write as long as a window would.
Prints how long a write took from wanting to done (p50, p99, the longest) and how many failed. Aim: 250 ms at p99.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import update

from journeys.engine.tick import Engine
from journeys.store import tables as t
from journeys.store.errors import StoreError
from journeys.store.opening import open_store
from tests.bench.steps import START, enroll_all, fill

#: seconds after which somebody in front of a window takes a write for failed
PATIENCE = 5.0


def write_on(address: str, pause: float) -> None:
    """Write until the file STORE.done is there, then print the seconds of each write, and how many failed, as JSON."""
    store = open_store(address, busy_seconds=PATIENCE)
    took: list[float] = []
    failed = 0
    print("ready", flush=True)
    sys.stdin.readline()
    n = 0
    while not Path(f"{address}.done").exists():
        n += 1
        began = time.perf_counter()
        try:
            with store.write() as conn:
                conn.execute(update(t.contact).where(t.contact.c.id == n % 1000 + 1).values(first_name=f"Name {n}"))
        except StoreError:
            failed += 1
        took.append(time.perf_counter() - began)
        time.sleep(pause)
    print(json.dumps({"took": took, "failed": failed}))
    store.close()


def measure(contacts: int, pause: float) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="kanwa-bench-"))
    address = str(folder / "store.sqlite")
    store = open_store(address, create=True)
    try:
        fill(store, contacts)
        enroll_all(store, contacts)
        engine = Engine(store)
        line = [sys.executable, "-m", "tests.bench.window", "--write-on", address, "--pause", str(pause)]
        with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdout.readline()
            print("go", file=other.stdin, flush=True)
            began = time.perf_counter()
            done = engine.tick(START)
            seconds = time.perf_counter() - began
            Path(f"{address}.done").touch()
            found = json.loads(other.communicate()[0])
    finally:
        store.close()
        shutil.rmtree(folder)
    took = sorted(ms * 1000 for ms in found["took"])
    return {
        "moved": done.members,
        "tick_s": round(seconds, 2),
        "writes": len(took),
        "failed": found["failed"],
        "p50_ms": round(statistics.median(took), 1),
        "p99_ms": round(took[min(len(took) - 1, int(len(took) * 0.99))], 1),
        "max_ms": round(took[-1], 1),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two writes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write-on", metavar="STORE", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.write_on:
        write_on(chosen.write_on, chosen.pause)
        return
    figures = measure(chosen.contacts, chosen.pause)
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(
        f"{figures['writes']:,} writes while a tick of {figures['tick_s']} s took {figures['moved']:,} members: "
        f"p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms, longest {figures['max_ms']} ms, "
        f"{figures['failed']} failed"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
