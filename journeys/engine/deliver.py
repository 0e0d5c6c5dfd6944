"""Hand-over: from claimed messages to what became of them, by one worker in several threads.

A lot is claimed, rendered from current data, marked started in small groups and handed over; each of these is a commit
of its own. An account in trouble keeps its own messages waiting, not those of others.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from functools import partial
from typing import Protocol, TypeAlias, assert_never

from sqlalchemy import Connection

from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.base.time import MINUTE, Instant
from journeys.channels.channel import (
    Accepted,
    AccountTrouble,
    Caller,
    Channel,
    Deferred,
    Handed,
    Mail,
    Refused,
    Request,
    Session,
    Uncertain,
    retry_after,
)
from journeys.engine import outbox
from journeys.engine.allowances import give_back
from journeys.engine.outbox import Claimed, Settled
from journeys.engine.plan import Plan, Plans
from journeys.engine.policies import Rules, workspace_rules
from journeys.engine.senders import read_senders
from journeys.nodes.send import Send
from journeys.store import events, settings
from journeys.store.store import Store, repeated

#: (message, not before, reason, detail)
Again: TypeAlias = tuple[Claimed, Instant, str, str]

#: messages claimed at once by one thread
LOT = 50
#: an account that cannot be used is tried again after this long
TROUBLE_REST = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered message: the mail or call, its Message-ID or idempotency key, and the loyalty programme it invites to,
    if any."""

    mail: Mail | Request
    rfc_id: str
    programme: str = ""


@dataclass(frozen=True, slots=True)
class Unwritable:
    """A message that could not be made; it fails with this sentence."""

    sentence: str


class Writer(Protocol):
    """Makes letters. Safe to share between threads."""

    def write(self, conn: Connection, messages: Sequence[Claimed], *, now: Instant) -> dict[int, Letter | Unwritable]:
        """The letter of each message, by message id."""
        ...


@dataclass(slots=True)
class Delivered:
    """What a delivery did: messages by the state they came to, and what stopped it."""

    states: Counter[str] = field(default_factory=Counter)
    #: sentences of accounts that cannot be used
    troubles: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        return not self.states


@dataclass(frozen=True, slots=True)
class Rest:
    """Why the messages of one sender wait, and until when."""

    until: Instant
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything a thread needs to hand over."""

    store: Store
    plans: Plans
    channel: Channel
    writer: Writer
    #: name of this worker; each thread adds its number
    worker: str
    clock: Callable[[], Instant]
    #: messages marked started in one commit: at most so many are uncertain after a crash
    group: int = 1
    #: makes the calls of webhooks; None: they wait
    caller: Caller | None = None
    #: sender, or server called → why and until when nothing is handed over for it: its account or server is in trouble.
    #: Kept from one delivery to the next, since a provider locks an account that logs in wrongly again and again
    resting: dict[str, Rest] = field(default_factory=dict, init=False)

    def deliver(self, *, threads: int = 1, keep_going: Callable[[], bool] = lambda: True) -> Delivered:
        """Hand over until nothing is ready or `keep_going` says no; it is asked between any two commits.

        Where an account or its server is in trouble, its messages are put off, and those of others go on.
        """
        done = Delivered()
        with self.store.read() as conn:
            at = outbox.next_at(conn)
        if at is None or at > self.clock():
            return done
        if threads == 1:
            self._work(done, f"{self.worker}/1", keep_going)
            return done
        with ThreadPoolExecutor(threads, thread_name_prefix="deliver") as pool:
            turns = [Delivered() for _ in range(threads)]
            futures = [
                pool.submit(self._work, turn, f"{self.worker}/{n + 1}", keep_going) for n, turn in enumerate(turns)
            ]
            for future in futures:
                future.result()
        for turn in turns:
            done.states += turn.states
            done.troubles += [one for one in turn.troubles if one not in done.troubles]
        return done

    def _work(self, done: Delivered, worker: str, keep_going: Callable[[], bool]) -> None:
        first: int | None = None
        with self.channel.open() as session:
            while keep_going():
                if self._lot(session, done, worker, keep_going):
                    continue
                # a worker that comes second to a lot finds nothing left of it, although more is ready behind
                with self.store.read() as conn:
                    before, first = first, outbox.first_ready(conn, now=self.clock())
                if first in (None, before):
                    break

    def _lot(self, session: Session, done: Delivered, worker: str, keep_going: Callable[[], bool]) -> bool:
        """One lot; false where no more was ready than it took."""
        now = self.clock()
        claimed, held = repeated(partial(self._claim, worker, now))
        if held:
            done.states["held"] += held
        if not claimed:
            return held == LOT
        ends = [
            Settled(message, message.verdict.state, message.verdict.reason, message.verdict.detail)
            for message in claimed
            if message.verdict is not None
        ]
        ready = [message for message in claimed if message.verdict is None]
        letters: dict[int, Letter | Unwritable] = {}
        if ready:
            with self.store.read() as conn:
                letters = self.writer.write(conn, ready, now=now)
        waiting: deque[tuple[Claimed, Letter]] = deque()
        unwritten: list[Claimed] = []
        for message in ready:
            match letters[message.id]:
                case Unwritable(sentence):
                    ends.append(Settled(message, "failed", "template", sentence))
                    unwritten.append(message)
                case Letter() as letter:
                    waiting.append((message, letter))
        self._settle(done, ends, worker, not_offered=unwritten)
        put_off: list[tuple[Claimed, Rest]] = []
        try:
            while waiting and keep_going():
                group = [waiting.popleft() for _ in range(min(self.group, len(waiting)))]
                rests = [self._rest(letter) for _, letter in group]
                put_off += [
                    (message, rest) for (message, _), rest in zip(group, rests, strict=True) if rest is not None
                ]
                if calm := [pair for pair, rest in zip(group, rests, strict=True) if rest is None]:
                    self._group(session, calm, done, worker)
        except KanwaError:
            # such as that another runtime has the store: it need not wait until these leases are over
            with suppress(KanwaError):
                self._release([*(message for message, _ in waiting), *(message for message, _rest in put_off)], worker)
            raise
        self._settle(
            done,
            (),
            worker,
            again=[(message, *astuple(rest)) for message, rest in put_off],
            not_offered=[message for message, _rest in put_off],
        )
        if waiting:
            self._release([message for message, _ in waiting], worker)
        return len(claimed) + held == LOT

    def _release(self, messages: Sequence[Claimed], worker: str) -> None:
        with self.store.write() as conn:
            outbox.release(conn, messages, worker=worker)

    def _claim(self, worker: str, now: Instant) -> tuple[list[Claimed], int]:
        with self.store.write() as conn:
            zone = settings.workspace_zone(conn)
            judge = _Judge(conn, self.plans)
            return outbox.claim(
                conn,
                worker=worker,
                now=now,
                zone=zone,
                limit=LOT,
                rules_of=judge.rules,
                on_block=judge.on_block,
                limits_of=judge.senders.limits,
            )

    def _start(self, group: Sequence[tuple[Claimed, Letter]], worker: str) -> set[int]:
        named = [(message, letter.rfc_id) for message, letter in group]
        with self.store.write(durable=True) as conn:
            return outbox.start(conn, named, worker=worker, now=self.clock())

    def _rest(self, letter: Letter) -> Rest | None:
        """Why this letter must wait, if it must."""
        rest = self.resting.get(letter.mail.line)
        return rest if rest is not None and rest.until > self.clock() else None

    def _group(self, session: Session, group: Sequence[tuple[Claimed, Letter]], done: Delivered, worker: str) -> None:
        """Start, hand over and settle a few messages."""
        started = repeated(partial(self._start, group, worker))
        ends: list[Settled] = []
        again: list[Again] = []
        spared: list[Again] = []
        asked: list[tuple[Claimed, str]] = []
        for message, letter in group:
            if message.id not in started:
                done.states["pending"] += 1
                continue
            if (rest := self._rest(letter)) is not None:
                spared.append((message, *astuple(rest)))
                continue
            handed = self._hand_over(session, letter.mail)
            match handed:
                case Accepted(answer):
                    ends.append(Settled(message, "sent", "", answer))
                    if letter.programme:
                        asked.append((message, letter.programme))
                case Refused(_, answer):
                    ends.append(Settled(message, "failed", "refused", answer))
                case Deferred(_, answer, least, account_wide):
                    now, wait = self.clock(), max(least, retry_after(message.attempts + 1, message.id))
                    again.append((message, Instant(now + wait), "deferred", answer))
                    if account_wide:
                        # not as long as this message: after an hour's outage the whole account would wait for four
                        rest = Rest(Instant(now + min(wait, max(least, TROUBLE_REST))), "deferred", answer)
                        self.resting[letter.mail.line] = rest
                case Uncertain(detail):
                    # a server that takes mails and says nothing would make the whole outbox unknown, one by one; one that
                    # hangs would keep a whole lot waiting, mails and all, half a minute for each call
                    pause = TROUBLE_REST if isinstance(letter.mail, Request) else retry_after(1)
                    rest = Rest(Instant(self.clock() + pause), "no answer", detail)
                    self.resting[letter.mail.line] = rest
                    if message.repeatable:
                        wait = retry_after(message.attempts + 1)
                        again.append((message, Instant(self.clock() + wait), "no answer", detail))
                    else:
                        ends.append(Settled(message, "unknown", "no answer", detail))
                case AccountTrouble(sentence, _):
                    done.troubles.append(sentence)
                    rest = Rest(Instant(self.clock() + TROUBLE_REST), "account", sentence)
                    self.resting[letter.mail.line] = rest
                    spared.append((message, *astuple(rest)))
                case never:
                    assert_never(never)
        self._settle(done, ends, worker, again=again, spared=spared, asked=asked)

    def _hand_over(self, session: Session, parcel: Mail | Request) -> Handed:
        if isinstance(parcel, Mail):
            return session.hand_over(parcel)
        if self.caller is None:
            return AccountTrouble(_("This run makes no calls of webhooks; they wait for one that does."))
        return self.caller.call(parcel)

    def _settle(
        self,
        done: Delivered,
        ends: Sequence[Settled],
        worker: str,
        *,
        again: Sequence[Again] = (),
        spared: Sequence[Again] = (),
        asked: Sequence[tuple[Claimed, str]] = (),
        not_offered: Sequence[Claimed] = (),
    ) -> None:
        if not (ends or again or spared):
            return
        now = self.clock()

        def write() -> None:
            with self.store.write(durable=True) as conn:
                outbox.settle(conn, ends, worker=worker, now=now)
                outbox.try_again(conn, again, worker=worker)
                outbox.try_again(conn, spared, worker=worker, count_attempt=False)
                give_back(conn, not_offered)
                events.record(
                    conn,
                    [
                        events.NewEvent(
                            contact=message.contact,
                            kind="loyalty.asked",
                            at=now,
                            data={"programme": programme},
                            source="journey",
                            message=message.id,
                        )
                        for message, programme in asked
                    ],
                    now=now,
                )

        # lost here, a mail that was taken would end as unknown
        repeated(write)
        done.states.update(end.state for end in ends)
        done.states["pending"] += len(again) + len(spared)


class _Judge:
    """What a claim asks: the policies of journeys, what their sends do when held, and the limits of accounts."""

    def __init__(self, conn: Connection, plans: Plans) -> None:
        self._conn = conn
        self._plans = plans
        self._rules = workspace_rules(conn)
        self.senders = read_senders(conn)
        self._known: dict[int, Rules] = {}

    def _plan(self, version: int) -> Plan:
        return self._plans.get(self._conn, version)

    def rules(self, version: int) -> Rules:
        if version not in self._known:
            self._known[version] = self._rules.over(self._plan(version).settings.policies)
        return self._known[version]

    def on_block(self, version: int, node: str) -> str:
        send = self._plan(version).steps[node].node
        if not isinstance(send, Send):
            return "later"
        if send.message_class == "service":
            return "quiet" if send.service_keeps_quiet_hours else "later"
        return send.on_block
