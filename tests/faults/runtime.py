"""A runtime as `kanwa run` makes it, in a process of its own that is there to be killed.

The process tells by one letter before each statement what that belongs to. Importing all this takes seconds of a processor:
a server that has done so forks off one life after the other.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event

from journeys.base.clock import SystemClock
from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.smtp import SmtpChannel
from journeys.engine.deliver import Delivery
from journeys.engine.letters import LetterWriter
from journeys.engine.tick import Engine
from journeys.runtime.beat import Runner
from journeys.runtime.lease import Lease, holder_name
from journeys.runtime.timer import Timer
from journeys.store.opening import open_store
from tests.engine.mails import KEYS

ENROLLING, ADVANCING, CLAIMING, STARTING, SETTLING, AT_REST = "eacsu."

#: which statement belongs to what; reading ones and those of every transaction tell nothing
_PHASES = (
    (re.compile(r"(INTO|FROM|UPDATE) (lot|candidate|fresh)\b|INTO enrollment\b"), ENROLLING),
    (re.compile(r"(INTO|FROM|UPDATE) cohort\b"), ADVANCING),
    # a message gets its name in the transaction that marks it as started
    (re.compile(r"UPDATE message SET rfc_id\b"), STARTING),
    (re.compile(r"UPDATE message SET .*\bended_at\b"), SETTLING),
    (re.compile(r"UPDATE message\b"), CLAIMING),
)


class AheadClock(SystemClock):
    """The clock of this machine, set so many seconds forward."""

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead

    def now(self) -> Instant:
        return Instant(super().now() + self._ahead)


@dataclass(frozen=True, slots=True)
class Orders:
    """How one life is to run."""

    url: str
    #: where the mail server listens on this machine
    port: int
    threads: int
    #: messages marked started in one commit
    group: int
    #: seconds by which its clock is before that of the machine
    ahead: int
    #: where troubles are written, a line each
    troubles: str


def live(orders: Orders, ear: Connection) -> None:
    """Run until asked to end by SIGTERM, telling letters to `ear`."""

    def tell(letter: str) -> None:
        os.write(ear.fileno(), letter.encode())

    def complain(said: str) -> None:
        with open(orders.troubles, "a", encoding="utf-8") as file:
            file.write(said + "\n")

    store = open_store(orders.url)
    event.listen(store.engine, "before_cursor_execute", _telling(tell))
    clock = AheadClock(orders.ahead)
    engine = Engine(store)
    account = Account.read("shop", {"host": "127.0.0.1", "port": orders.port, "security": "plain"})
    delivery = Delivery(
        store=store,
        plans=engine.plans,
        channel=SmtpChannel(account),
        writer=LetterWriter(engine.plans, KEYS),
        worker=holder_name(),
        clock=clock.now,
        group=orders.group,
    )
    timer = Timer(
        Runner(engine, delivery, threads=orders.threads),
        Lease(store, holder_name()),
        clock,
        on_beat=lambda _now, _beat: tell(AT_REST),
        on_trouble=complain,
    )
    signal.signal(signal.SIGTERM, lambda _number, _frame: timer.stop())
    timer.run()
    store.close()


def _telling(tell: Callable[[str], None]) -> Callable[..., None]:
    def statement(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for pattern, letter in _PHASES:
            if pattern.search(statement):
                tell(letter)
                return

    return statement
