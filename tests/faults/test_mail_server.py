"""A mail server that misbehaves towards everybody for a while: who is to get a mail gets one, or is named."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from journeys.base.time import HOUR
from journeys.channels.account import Account
from journeys.channels.channel import Mail
from journeys.channels.conversation import Timeouts
from journeys.channels.sink_server import Drop, Hang, Moment, Received, Rule, Say, SinkServer
from journeys.channels.smtp import SmtpChannel
from journeys.engine.deliver import Delivery
from journeys.engine.letters import LetterWriter
from journeys.runtime.beat import Runner
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import KEYS, add_sender, written

pytestmark = pytest.mark.long

PATIENT = Timeouts(connect=20, answer=20, content=20, after_dot=20, quit=2)
#: towards a server that is meant to be silent
HASTY = Timeouts(connect=5, answer=0.3, content=5, after_dot=0.3, quit=0.3)
MESSAGES = 12
EXIT = ("exit", {"reason": "finished"})


@dataclass
class Post:
    """A journey whose mails go over SMTP in four threads, and what came in by address."""

    world: World
    inbox: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        add_sender(self.world.store)
        people = self.world.people(MESSAGES)
        self.world.consent(people)
        nodes = {
            "in": ("trigger", {"on": {"type": "list"}}),
            "ask": (
                "send",
                {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True},
            ),
            "sent": EXIT,
            "lost": EXIT,
        }
        edges = [("in", "in", "ask"), ("ask", "sent", "sent"), ("ask", "not_sent", "lost")]
        self.world.publish(build(nodes, edges), {"hello": written("hello")})
        self.world.enroll(people)

    def runner(self, port: int, timeouts: Timeouts = PATIENT) -> Runner:
        account = Account.read("shop", {"host": "127.0.0.1", "port": port, "security": "plain"})
        delivery = Delivery(
            store=self.world.store,
            plans=self.world.engine.plans,
            channel=SmtpChannel(account, timeouts=timeouts),
            writer=LetterWriter(self.world.engine.plans, KEYS),
            worker="test",
            clock=lambda: self.world.now,
        )
        return Runner(self.world.engine, delivery, threads=4)

    def run_out(self, runner: Runner) -> None:
        """Beat from one moment to the next at which something is due, until every message has come to its end."""
        for _ in range(50):
            runner.beat(self.world.now)
            following = runner.next_at(self.world.now)
            if following is None or not set(self.states()) & {"pending", "held", "claimed", "started"}:
                return
            self.world.now = max(following, self.world.now)
        raise AssertionError(f"never done: {self.states()}")

    def states(self) -> Counter[str]:
        return Counter(message["state"] for message in self.world.messages())

    def received(self) -> Counter[str]:
        return Counter(mail.to[0] for mail in self.inbox)

    def addresses(self, *states: str) -> set[str]:
        """Whom the messages in these states are for."""
        return {
            f"c{message['contact'] - 1}@example.com" for message in self.world.messages() if message["state"] in states
        }


@pytest.fixture
def post(store: Store) -> Post:
    return Post(World(store))


SAYS = {421: "421 4.3.2 Going down", 451: "451 4.3.0 Try again later", 550: "550 5.1.1 No such user"}


@pytest.mark.parametrize("at", ["greeting", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("code", [421, 451])
def test_a_server_that_says_later_to_everybody_gets_every_mail_once_when_it_is_well_again(
    post: Post, code: int, at: str
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Say(SAYS[code]))]) as sink:
        runner = post.runner(sink.port)
        runner.beat(post.world.now)
        assert (post.states(), post.received()) == (Counter(pending=MESSAGES), Counter())
        sink.rules.clear()
        post.run_out(runner)
    assert post.states() == Counter(sent=MESSAGES)
    assert set(post.received().values()) == {1}


@pytest.mark.parametrize("at", ["rcpt", "data", "dot"])
def test_whom_a_server_refuses_for_good_gets_nothing_and_goes_the_other_way(post: Post, at: str) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Say(SAYS[550]), times=5)]) as sink:
        post.run_out(post.runner(sink.port))
    assert post.states() == Counter(sent=MESSAGES - 5, failed=5)
    assert post.received() == Counter(dict.fromkeys(post.addresses("sent"), 1))
    assert sum(post.world.path(one["contact"])[-2] == "ask:not_sent" for one in post.world.passages()) == 5


@pytest.mark.parametrize("keep", [True, False])
def test_a_line_cut_after_the_content_leaves_that_mail_unknown_whether_it_was_kept_or_not(
    post: Post, keep: bool
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment.DOT, Drop(), times=3, keep=keep)]) as sink:
        runner = post.runner(sink.port)
        post.run_out(runner)
        assert post.states() == Counter(sent=MESSAGES - 3, unknown=3)
        expected = post.addresses("sent", "unknown") if keep else post.addresses("sent")
        assert post.received() == Counter(dict.fromkeys(expected, 1))
        # nothing of it is ever sent again by itself
        post.world.now += 48 * HOUR  # type: ignore[assignment]
        runner.beat(post.world.now)
        assert post.received().total() == len(expected)


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_line_cut_before_the_content_has_gone_loses_nothing(post: Post, at: str) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Drop(), times=6)]) as sink:
        post.run_out(post.runner(sink.port))
    assert (post.states(), set(post.received().values())) == (Counter(sent=MESSAGES), {1})


@pytest.mark.parametrize("at", ["greeting", "mail", "rcpt", "data"])
def test_a_server_that_hangs_before_the_content_is_left_alone_and_gets_every_mail_once_later(
    post: Post, at: str
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Hang())]) as sink:
        post.runner(sink.port, HASTY).beat(post.world.now)
        assert (post.states(), post.received()) == (Counter(pending=MESSAGES), Counter())
        # four threads meet it before the first of them knows; nobody waits for it twelve times
        assert sink.lines <= 4
        sink.rules.clear()
        post.run_out(post.runner(sink.port))
    assert (post.states(), set(post.received().values())) == (Counter(sent=MESSAGES), {1})


@pytest.mark.parametrize("keep", [True, False])
def test_a_server_that_takes_mails_and_never_answers_makes_few_of_them_unknown_and_the_rest_waits(
    post: Post, keep: bool
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment.DOT, Hang(), keep=keep)]) as sink:
        post.runner(sink.port, HASTY).beat(post.world.now)
        unknown = post.states()["unknown"]
        assert 1 <= unknown <= 4
        assert post.states() == Counter(unknown=unknown, pending=MESSAGES - unknown)
        sink.rules.clear()
        post.run_out(post.runner(sink.port))
    assert post.states() == Counter(sent=MESSAGES - unknown, unknown=unknown)
    expected = post.addresses("sent", "unknown") if keep else post.addresses("sent")
    assert post.received() == Counter(dict.fromkeys(expected, 1))


@contextmanager
def mute() -> Iterator[int]:
    """A port where every connection comes about and nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@contextmanager
def deaf() -> Iterator[int]:
    """A port where no connection comes about."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("server", [mute, deaf])
def test_a_server_that_is_not_there_keeps_its_mails_waiting_and_the_engine_going(
    post: Post, server: Callable[[], Any]
) -> None:
    with server() as port:
        post.runner(port, HASTY).beat(post.world.now)
        assert post.states() == Counter(pending=MESSAGES)
    with SinkServer(post.inbox.append) as sink:
        post.run_out(post.runner(sink.port))
    assert (post.states(), set(post.received().values())) == (Counter(sent=MESSAGES), {1})


def test_a_mail_that_the_servers_keeper_could_not_keep_is_tried_again(post: Post) -> None:
    failed: list[Mail] = []

    def keep(mail: Any) -> None:
        if len(failed) < 5:
            failed.append(mail)
            raise OSError("no room")
        post.inbox.append(mail)

    with SinkServer(keep) as sink:
        post.run_out(post.runner(sink.port))
    assert (post.states(), set(post.received().values())) == (Counter(sent=MESSAGES), {1})
