"""Killing a runtime again and again, and what must hold of the store and of what was received.

The moments are chosen by what the runtime is seen to do: it tells by a letter what each statement belongs to, and dies
some random statements and milliseconds later. A kill counts for the phase of the last statement that had begun.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from journeys.base.clock import SystemClock
from journeys.base.time import DAY, HOUR
from journeys.messages.mime import message_of
from journeys.store import events, settings
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.invariants import broken
from tests.engine.mails import add_sender, written
from tests.faults.promise import counted_as_walked, nothing_lost
from tests.faults.runtime import ADVANCING, AT_REST, CLAIMING, ENROLLING, SETTLING, STARTING, Orders, live

#: seconds for anything that is waited for; a machine under load is slow, a runtime that stands still is found out all the same
PATIENCE = 300
HANDING_OVER = "handing over"
PHASES = {
    ENROLLING: "enrolling", ADVANCING: "advancing", CLAIMING: HANDING_OVER, STARTING: HANDING_OVER,
    SETTLING: HANDING_OVER, AT_REST: "at rest",
}  # fmt: skip
ROOT = Path(__file__).parents[2]
#: every life a process of its own, forked off a server that is not this process and has no threads
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.runtime"])

EXIT = ("exit", {"reason": "finished"})
#: an event lets in; two ways; a number that shows whether a step was done twice; a mail; and on
NODES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "in": ("trigger", {"on": {"type": "event", "event": "order.placed"}}),
    "who": ("condition", {"criterion": {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}}),
    "mark": ("update", {"changes": [{"do": "add to attribute", "attribute": "points", "amount": 1}]}),
    "half": (
        "split",
        {
            "by": {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}],
            }
        },
    ),
    "ask": ("send", {"template": "hello", "purpose": "newsletter"}),
    "exit": EXIT,
}
EDGES = [
    ("in", "in", "who"), ("who", "yes", "mark"), ("who", "no", "mark"), ("mark", "done", "half"),
    ("half", "a", "ask"), ("half", "b", "ask"), ("ask", "sent", "exit"),
]  # fmt: skip

_STATES = select(t.message.c.id, t.message.c.state)


def wait_for(condition: Callable[[], Any], what: str, *, pause: float = 0.05) -> Any:
    """The first true answer of a condition; AssertionError after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(pause)
    return answer


class Sink:
    """The mail server, and what it has received."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "received"
        self.file.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink", str(self.file)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def received(self, store: str) -> Counter[int]:
        """How often each message of a store came in."""
        ids = [message_of(line, store) for line in self.file.read_text().splitlines()]
        assert None not in ids, "a mail of another store"
        return Counter(id_ for id_ in ids if id_ is not None)

    def stop(self) -> None:
        self._process.communicate(timeout=PATIENCE)


def orders_of(store: Store, sink: Sink, troubles: Path, *, threads: int = 1, group: int = 1, ahead: int = 0) -> Orders:
    """Run this store, handing over to this mail server."""
    url = store.engine.url.render_as_string(hide_password=False)
    return Orders(url, sink.port, threads, group, ahead, str(troubles))


class Life:
    """One process of the runtime, and how often it began a statement of each phase."""

    def __init__(self, orders: Orders) -> None:
        self._ear, told = FORKS.Pipe(duplex=False)
        self.process = FORKS.Process(target=live, args=(orders, told), daemon=True)
        self.process.start()
        told.close()
        self.counts: Counter[str] = Counter()
        self.last = ""
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while letters := os.read(self._ear.fileno(), 65536).decode():
            with self._changed:
                self.counts.update(letters)
                self.last = letters[-1]
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def reach(self, letter: str, count: int) -> None:
        """Wait until so many statements of a kind have begun, or the runtime rests for want of work."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.counts[letter] >= count or self.counts[AT_REST] or self._ended, PATIENCE
            ), f"neither {PHASES[letter]} nor at rest: {self.counts}"
            assert not self._ended, "the runtime ended by itself"

    def kill(self) -> str:
        """SIGKILL; the phase of the last statement that had begun."""
        self.process.kill()
        self.gone()
        return PHASES[self.last]

    def end(self) -> int:
        """Ask it to end, as a service manager does; the exit code."""
        self.process.terminate()
        return self.gone()

    def gone(self) -> int:
        """Wait for its end; the exit code."""
        # by now the process has been reaped too: a dead one that nobody has waited for still has its name
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, "does not end"
        self._reader.join()
        self._ear.close()
        return self.process.exitcode


@dataclass
class Summary:
    """What a run came to."""

    store: str
    seed: int
    threads: int
    group: int
    messages: int
    #: phase → kills in it; those at rest do not count
    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PHASES.values(), 0))
    #: started at some kill: what may have been received without our knowing
    in_flight: int = 0
    most_in_flight: int = 0
    received: int = 0
    received_twice: int = 0
    sent: int = 0
    unknown: int = 0
    #: unknown, and received all the same
    unknown_received: int = 0
    missing: int = 0
    seconds: float = 0

    def line(self) -> str:
        return json.dumps(asdict(self))


class Series:
    """One run: so many messages, so many kills by phase."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        messages: int,
        kills: Mapping[str, int],
        threads: int,
        group: int,
        seed: int,
    ) -> None:
        self.store = store
        self.folder = folder
        self.left = Counter(kills)
        self.random = random.Random(seed)
        self.summary = Summary(store.engine.dialect.name, seed, threads, group, messages)
        self.world = World(store, SystemClock().now())
        self.in_flight: set[int] = set()
        #: contacts who let anything happen yet, in waves small enough for every kill that wants one to have its own
        self._waves = self._cut(self._arrange(messages))
        with store.read() as conn:
            self.store_id = settings.get(conn, "store_id") or ""

    def _arrange(self, n: int) -> list[int]:
        with self.store.write() as conn:
            define_attribute(conn, "points", "number")
        half = n // 2
        people = self.world.people(half, language="pl") + self.world.people(n - half, language="en")
        self.world.consent(people)
        add_sender(self.store)
        self.world.publish(build(NODES, EDGES), {"hello": written("hello")})
        self.random.shuffle(people)
        return people

    def _cut(self, people: list[int]) -> Iterator[list[int]]:
        yield people[: len(people) // 4]
        rest = people[len(people) // 4 :]
        size = max(1, len(rest) // (3 * self.left.total()))
        for begin in range(0, len(rest), size):
            yield rest[begin : begin + size]

    def run(self) -> Summary:
        began = time.monotonic()
        sink = Sink(self.folder)
        try:
            self._kill_all(sink)
            self._finish(sink)
        finally:
            sink.stop()
        self.summary.seconds = round(time.monotonic() - began, 1)
        return self.summary

    # --- kills --------------------------------------------------------------------------------------------------------

    def _kill_all(self, sink: Sink) -> None:
        # the first one dies handing over, so that all others come after first progress
        phase = HANDING_OVER
        self._next_wave()
        while self.left.total():
            self._kill_one(sink, phase)
            wanted = [phase for phase, left in self.left.items() for _ in range(left)]
            phase = self.random.choice(wanted) if wanted else phase

    def _kill_one(self, sink: Sink, phase: str) -> None:
        letter, statements, seconds = self._moment(phase)
        with self._life(sink) as life:
            life.reach(letter, statements)
            time.sleep(self.random.uniform(0, seconds))
            died = life.kill()
        self.summary.kills[died] += 1
        if self.left[died]:
            self.left[died] -= 1
        self._look(sink)

    def _moment(self, phase: str) -> tuple[str, int, float]:
        """After how many statements of which kind to kill, and how many seconds later at the most."""
        if phase != HANDING_OVER:
            if not self._count(t.fresh):
                self._next_wave()
            letter = ENROLLING if phase == PHASES[ENROLLING] else ADVANCING
            return letter, self.random.randint(1, 14), 0.006
        waiting = self._count(t.message, t.message.c.state.in_(["pending", "held"])) or self._next_wave()
        # every kill still to come is to find as much waiting as this one
        groups = 2 * waiting // self.summary.group // (self.left[HANDING_OVER] + 1)
        letter = self.random.choice([CLAIMING, STARTING, STARTING, STARTING, SETTLING])
        return letter, self.random.randint(1, max(2, groups)), 0.03

    def _look(self, sink: Sink) -> None:
        """What must hold in the moment after a kill."""
        with self.store.read() as conn:
            states = dict(conn.execute(_STATES).tuples().all())
            assert counted_as_walked(conn), "counters differ from hops"
        started = {id_ for id_, state in states.items() if state == "started"}
        assert len(started) <= self.summary.threads * self.summary.group, "more in flight than threads and groups allow"
        self.in_flight |= started
        self.summary.in_flight = len(self.in_flight)
        self.summary.most_in_flight = max(self.summary.most_in_flight, len(started))
        nothing_lost(states, sink.received(self.store_id))

    @contextmanager
    def _life(self, sink: Sink, *, ahead: int = 0) -> Iterator[Life]:
        troubles = self.folder / "troubles"
        summary = self.summary
        life = Life(orders_of(self.store, sink, troubles, threads=summary.threads, group=summary.group, ahead=ahead))
        try:
            yield life
        finally:
            life.process.kill()
        assert not troubles.exists(), troubles.read_text()

    def _next_wave(self) -> int:
        """Let something happen to the next contacts; returns to how many."""
        wave = next(self._waves, [])
        now = SystemClock().now()
        with self.store.write() as conn:
            events.record(conn, [events.NewEvent(one, "order.placed", now, {}, "test") for one in wave], now=now)
        return len(wave)

    def _count(self, table: Any, *where: Any) -> int:
        with self.store.read() as conn:
            return int(conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    def _states(self) -> dict[int, str]:
        with self.store.read() as conn:
            return dict(conn.execute(_STATES).tuples().all())

    # --- the end ------------------------------------------------------------------------------------------------------

    def _finish(self, sink: Sink) -> None:
        while self._next_wave():
            pass
        with self._life(sink) as life:
            wait_for(lambda: self._all_handed_over(), "everything handed over")
            assert life.end() == 0
        self._judge(sink)
        # who stands at a message that is unknown goes on after a day
        with self._life(sink, ahead=DAY + HOUR) as life:
            wait_for(lambda: not self._count(t.enrollment, t.enrollment.c.state == "active"), "everybody at the end")
            assert life.end() == 0
        self._judge_passages()
        assert sink.received(self.store_id).total() == self.summary.received, "received after the end"

    def _all_handed_over(self) -> bool:
        ended = t.message.c.state.in_(["sent", "unknown"])
        return self._count(t.message, ended) == self.summary.messages and not self._count(t.fresh)

    def _judge(self, sink: Sink) -> None:
        """Nothing twice, nothing lost in silence."""
        summary, states, received = self.summary, self._states(), sink.received(self.store_id)
        unknown = {id_ for id_, state in states.items() if state == "unknown"}
        missing = set(states) - set(received)
        summary.received = len(received)
        summary.received_twice = sum(1 for times in received.values() if times > 1)
        summary.unknown, summary.sent = len(unknown), len(states) - len(unknown)
        summary.unknown_received = len(unknown & set(received))
        summary.missing = len(missing)
        nothing_lost(states, received)
        assert missing <= unknown, "at the end nothing is on its way any more"
        assert unknown <= self.in_flight, "unknown, and not in flight at any kill"

    def _judge_passages(self) -> None:
        assert broken(self.world) == []
        passages = self.world.passages()
        assert len(passages) == self.summary.messages
        assert {passage["state"] for passage in passages} == {"finished"}
        with self.store.read() as conn:
            points = Counter(row["points"] for row in conn.execute(select(t.contact.c.attributes)).scalars())
        assert points == {1: self.summary.messages}, "a step was done twice, or not at all"
