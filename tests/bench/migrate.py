"""How long taking 100,000 passages along takes, and how long its transactions keep other writers waiting.

    uv run python tests/bench/migrate.py [--contacts N]

Half of the passages stand at a wait whose length was changed, half at a send whose message waits and is kept.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from sqlalchemy import event

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.choices import Choices
from journeys.engine.enroll import enroll_contacts
from journeys.engine.migrate import migrate
from journeys.engine.plan import Plans
from journeys.engine.publish import publish
from journeys.engine.tick import Engine
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.registry import kinds
from journeys.store import contacts, settings
from journeys.store.opening import open_store
from journeys.store.store import Store

START = Instant(1_772_452_800)


def journey(days: int, based_on: str | None = None) -> Journey:
    """A list, a random half that waits, a half that is written to."""
    arms = [{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}]
    made = Journey(JourneySettings(id="bench", name="Bench", based_on=based_on))
    for node, kind, values in (
        ("LISTAAAA", "trigger", {"on": {"type": "list"}}),
        ("HALFAAAA", "split", {"by": {"type": "random", "arms": arms}}),
        ("WAITAAAA", "wait", {"rule": {"type": "duration", "amount": days, "unit": "days"}}),
        ("MAILAAAA", "send", {"template": "hello", "message_class": "service"}),
        ("DONEAAAA", "exit", {"reason": "done"}),
    ):
        made.add_node(node, kinds()[kind].model_validate(values))
    for source, outlet, target in (
        ("LISTAAAA", "in", "HALFAAAA"),
        ("HALFAAAA", "a", "WAITAAAA"),
        ("HALFAAAA", "b", "MAILAAAA"),
        ("WAITAAAA", "done", "DONEAAAA"),
        ("MAILAAAA", "sent", "DONEAAAA"),
    ):
        made.connect(source, outlet, target)
    return made


def locked_for(store: Store) -> list[float]:
    """Seconds from BEGIN IMMEDIATE to the end of each transaction from now on."""
    spans: list[float] = []
    began = [0.0]

    @event.listens_for(store.engine, "after_cursor_execute")
    def after(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            began[0] = time.perf_counter()

    @event.listens_for(store.engine, "commit")
    def commit(_conn: object) -> None:
        if began[0]:
            spans.append(time.perf_counter() - began[0])
            began[0] = 0.0

    return spans


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=int, default=100_000)
    n = parser.parse_args().contacts
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'bench.sqlite'}", create=True, clock=SetClock(START))
        with store.write() as conn:
            people = [{"email": f"c{i}@example.com"} for i in range(n)]
            who = contacts.add(conn, people, now=START, source="bench", quiet=True)
        first = publish(store, journey(2), {}, now=START, reason="a bench")
        engine = Engine(store)
        with scratch.work(store) as conn:
            zone = settings.workspace_zone(conn)
            enroll_contacts(conn, engine.plans, first.journey, who, now=START, zone=zone)
        engine.tick(START)
        publish(store, journey(4, first.hash), {}, now=START, reason="a bench")
        measured = locked_for(store)
        began = time.perf_counter()
        done = migrate(store, Plans(), "bench", Choices(), now=START)
        took = time.perf_counter() - began
        spans = sorted(measured)
        began = time.perf_counter()
        engine.tick(START)
        print(
            json.dumps(
                {
                    "passages": done.along,
                    "seconds": round(took, 2),
                    "passages_per_s": round(done.along / took),
                    "cohorts": len(spans),
                    "locked_ms_median": round(spans[len(spans) // 2] * 1000, 1),
                    "locked_ms_p95": round(spans[int(len(spans) * 0.95)] * 1000, 1),
                    "locked_ms_most": round(spans[-1] * 1000, 1),
                    "tick_after_s": round(time.perf_counter() - began, 2),
                }
            )
        )
        store.close()


if __name__ == "__main__":
    main()
