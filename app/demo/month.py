"""A month of the demo on a simulated clock: the engine ticks, mail travels over real SMTP, contacts react."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from sqlalchemy import select

from app.demo import shop
from app.demo.behaviour import Behaviour, Planned, Sent
from app.demo.happening import happen, renewing
from app.demo.shop import Shop
from journeys.base.clock import SetClock
from journeys.base.time import DAY, MINUTE, Instant
from journeys.channels.account import Account
from journeys.channels.channel import Accepted, Caller, Channel, Handed, Mail, Request, Session
from journeys.channels.hook_server import Answer, Called, HookServer
from journeys.channels.secrets import Secret
from journeys.channels.sink_server import Moment, Rule, Say, SinkServer, folder_keeper
from journeys.channels.smtp import SmtpChannel
from journeys.channels.webhook import Webhooks
from journeys.engine.deliver import Delivery
from journeys.engine.letters import LetterWriter
from journeys.engine.tick import Engine
from journeys.messages.links import LinkKeys
from journeys.messages.template import Template, catalogue_entry
from journeys.runtime.beat import Beat, Runner
from journeys.store.store import Store
from journeys.store.tables import message

STEP = 15 * MINUTE
DAYS = 30
#: messages marked started in one commit: a crash of the demo harms nobody
_GROUP = 25
#: one address in so many does not exist at the recipient's server any more
_DEAD = 60
#: one customer in so many is not known to the shop's own server
_UNKNOWN_THERE = 6

#: hears (moments done, moments in all)
OnProgress = Callable[[int, int | None], None]


class Noting:
    """A channel that notes which messages were taken."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.taken: list[int] = []

    def open(self) -> Session:
        return _NotingSession(self._channel.open(), self.taken)


class _NotingSession:
    def __init__(self, session: Session, taken: list[int]) -> None:
        self._session = session
        self._taken = taken

    def hand_over(self, mail: Mail) -> Handed:
        handed = self._session.hand_over(mail)
        if isinstance(handed, Accepted):
            self._taken.append(mail.message_id)
        return handed

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        self._session.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._session.__exit__(*exc_info)


class Rerouted:
    """A caller that calls a server of this machine, whatever the address says."""

    def __init__(self, caller: Caller, url: str) -> None:
        self._caller = caller
        self._url = url

    def call(self, request: Request) -> Handed:
        path = urlsplit(request.url).path
        return self._caller.call(replace(request, url=f"{self._url}{path}", private_addresses=True))


def _shops_own_server(call: Called) -> Answer:
    """The shop's own server knows most of its customers."""
    return Answer(404 if zlib.crc32(call.content) % _UNKNOWN_THERE == 0 else 204)


class Month:
    """The run of one demo store."""

    def __init__(self, store: Store, plan: Shop, ids: Sequence[int], templates: Iterable[Template]) -> None:
        self._store = store
        self._seed = plan.seed
        self._start = plan.start
        entries = {template.key: catalogue_entry(template) for template in templates}
        self._behaviour = Behaviour(plan.seed, dict(zip(ids, plan.people, strict=True)), entries, plan.addresses)
        self._dead = [person.email for n, person in enumerate(plan.people) if person.email and n % _DEAD == _DEAD // 2]
        self._plans: list[tuple[Instant, int, Planned]] = []
        self._order = itertools.count()
        #: how often the shop's own server was called
        self.calls = 0

    def run(self, mail: Path, *, days: int = DAYS, progress: OnProgress | None = None) -> Beat:
        """Let the days pass; the mail lies as `.eml` files in the folder `mail`. Returns what happened, summed up."""
        rules = [Rule(Moment.RCPT, Say("550 5.1.1 No such mailbox here"), to=address) for address in self._dead]
        with SinkServer(folder_keeper(mail), rules=rules) as server, HookServer(_shops_own_server) as hooks:
            account = Account(key="demo", host=server.host, port=server.port, security="plain")
            clock = SetClock(self._start)
            secret = Secret(hashlib.sha256(f"{self._seed}/shop".encode()).hexdigest())
            caller = Rerouted(Webhooks(clock.now, secret_of=lambda _name: secret), hooks.url)
            beat = self._run(clock, SmtpChannel(account, None), caller, days, progress or (lambda _done, _total: None))
            self.calls = len(hooks.calls)
            return beat

    def _run(self, clock: SetClock, channel: Channel, caller: Caller, days: int, progress: OnProgress) -> Beat:
        engine = Engine(self._store)
        noting = Noting(channel)
        secret = hashlib.sha256(f"{self._seed}/links".encode()).digest()
        delivery = Delivery(
            store=self._store,
            plans=engine.plans,
            channel=noting,
            writer=LetterWriter(engine.plans, LinkKeys("demo", {"demo": secret})),
            worker="demo",
            clock=clock.now,
            group=_GROUP,
            caller=caller,
        )
        runner = Runner(engine, delivery)
        total = Beat()
        moments = range(self._start, self._start + days * DAY, STEP)
        for n, moment in enumerate(moments):
            now = Instant(moment)
            clock.set(now)
            if (now - self._start) % DAY == 0:
                self._think_of_the_day(now)
            self._let_happen(now)
            total.add(runner.beat(now))
            self._plan(itertools.chain.from_iterable(map(self._behaviour.after, self._sent(noting.taken, now))))
            noting.taken.clear()
            progress(n + 1, len(moments))
        return total

    def _think_of_the_day(self, now: Instant) -> None:
        day = shop.local_day(now)
        self._plan(self._behaviour.day(day))
        with self._store.read() as conn:
            held = renewing(conn)
        self._plan(self._behaviour.contracts(day, held))

    def _let_happen(self, now: Instant) -> None:
        due = []
        while self._plans and self._plans[0][0] <= now:
            due.append(heapq.heappop(self._plans)[2])
        if due:
            with self._store.write() as conn:
                self._plan(happen(conn, due, self._behaviour, seed=self._seed, now=now))

    def _plan(self, planned: Iterable[Planned]) -> None:
        for one in planned:
            heapq.heappush(self._plans, (one.at, next(self._order), one))

    def _sent(self, taken: Sequence[int], now: Instant) -> list[Sent]:
        if not taken:
            return []
        wanted = select(message.c.id, message.c.contact, message.c.template, message.c.message_class).where(
            message.c.id.in_(taken)
        )
        with self._store.read() as conn:
            rows = conn.execute(wanted.order_by(message.c.id)).all()
        return [Sent(row.id, row.contact, row.template, row.message_class, now) for row in rows]
