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
from journeys.messages.mime import message_of
from journeys.runtime.beat import Runner
from journeys.store import settings
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import KEYS, add_sender, parse, written
from tests.faults.promise import kept

pytestmark = pytest.mark.long

PATIENT = Timeouts(connect=60, answer=60, content=60, after_dot=60, quit=2)
#: towards a server that never says a word, and one that says no word once it has the mail
MUTE = Timeouts(connect=60, answer=0.3, content=60, after_dot=60, quit=0.3)
MUTE_IN_THE_END = Timeouts(connect=60, answer=60, content=60, after_dot=0.3, quit=0.3)
MESSAGES = 12
THREADS = 4
EXIT = ("exit", {"reason": "finished"})


@dataclass
class Post:
    """A journey whose mails go over SMTP in four threads, and what came in."""

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
        with self.world.store.read() as conn:
            self.store_id = settings.get(conn, "store_id")

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
        return Runner(self.world.engine, delivery, threads=THREADS)

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

    def received(self) -> Counter[int]:
        """How often each message came in."""
        ids = [message_of(parse(mail.content)["X-Kanwa-Id"], self.store_id) for mail in self.inbox]
        return Counter(id_ for id_ in ids if id_ is not None)

    def kept(self, *, in_flight: int = 0, refused: int = 0) -> bool:
        """Whether the promise is kept."""
        kept(self.world, self.received(), in_flight=in_flight, refused=refused)
        return True

    def all_received(self) -> bool:
        """Whether every message was sent, and came in once."""
        return self.states() == Counter(sent=MESSAGES) and self.kept()


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
    assert post.all_received()


@pytest.mark.parametrize("at", ["rcpt", "data", "dot"])
def test_whom_a_server_refuses_for_good_gets_nothing_and_goes_the_other_way(post: Post, at: str) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Say(SAYS[550]), times=5)]) as sink:
        post.run_out(post.runner(sink.port))
    assert post.states() == Counter(sent=MESSAGES - 5, failed=5)
    assert post.kept(refused=5)
    assert sum(post.world.path(one["contact"])[-2] == "ask:not_sent" for one in post.world.passages()) == 5


@pytest.mark.parametrize("at", ["greeting", "mail"])
def test_a_server_that_refuses_the_account_for_good_fails_no_mail_and_gets_every_one_when_that_is_mended(
    post: Post, at: str
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Say(SAYS[550]))]) as sink:
        runner = post.runner(sink.port)
        assert len(runner.beat(post.world.now).troubles) == 1
        assert (post.states(), post.received()) == (Counter(pending=MESSAGES), Counter())
        sink.rules.clear()
        post.run_out(runner)
    assert post.all_received()


@pytest.mark.parametrize("keep", [True, False])
def test_a_line_cut_after_the_content_leaves_that_mail_unknown_whether_it_was_kept_or_not(
    post: Post, keep: bool
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment.DOT, Drop(), times=3, keep=keep)]) as sink:
        runner = post.runner(sink.port)
        post.run_out(runner)
        assert post.states() == Counter(sent=MESSAGES - 3, unknown=3)
        assert post.kept(in_flight=3)
        came = MESSAGES if keep else MESSAGES - 3
        assert len(post.inbox) == came
        # nothing of it is ever sent again by itself
        post.world.now += 48 * HOUR  # type: ignore[assignment]
        runner.beat(post.world.now)
        assert len(post.inbox) == came
    assert post.kept(in_flight=3)


def test_a_line_cut_after_the_answer_to_data_leaves_at_most_that_mail_unknown(post: Post) -> None:
    """Whether the content had left this machine by then, and so may have arrived, is a matter of luck."""
    with SinkServer(post.inbox.append, rules=[Rule(Moment.CONTENT, Drop(), times=3)]) as sink:
        post.run_out(post.runner(sink.port))
    unknown = post.states()["unknown"]
    assert post.states() == Counter(sent=MESSAGES - unknown, unknown=unknown)
    assert post.kept(in_flight=3)
    assert len(post.inbox) == MESSAGES - unknown


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_line_cut_before_the_content_has_gone_loses_nothing(post: Post, at: str) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Drop(), times=6)]) as sink:
        post.run_out(post.runner(sink.port))
    assert post.all_received()


@pytest.mark.parametrize("at", ["greeting", "mail", "rcpt", "data"])
def test_a_server_that_hangs_before_the_content_is_left_alone_and_gets_every_mail_once_later(
    post: Post, at: str
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(Moment(at), Hang())]) as sink:
        post.runner(sink.port, MUTE).beat(post.world.now)
        assert (post.states(), post.received()) == (Counter(pending=MESSAGES), Counter())
        # the threads meet it before the first of them knows; nobody waits for it twelve times
        assert sink.lines <= THREADS
        sink.rules.clear()
        post.run_out(post.runner(sink.port))
    assert post.all_received()


@pytest.mark.parametrize(
    ("at", "keep"),
    [
        pytest.param(Moment.CONTENT, False, id="hangs after DATA"),
        pytest.param(Moment.DOT, False, id="throws it away"),
        pytest.param(Moment.DOT, True, id="keeps it"),
    ],
)
def test_a_server_that_takes_mails_and_never_answers_makes_few_of_them_unknown_and_the_rest_waits(
    post: Post, at: Moment, keep: bool
) -> None:
    with SinkServer(post.inbox.append, rules=[Rule(at, Hang(), keep=keep)]) as sink:
        post.runner(sink.port, MUTE_IN_THE_END).beat(post.world.now)
        unknown = post.states()["unknown"]
        assert 1 <= unknown <= THREADS
        assert post.states() == Counter(unknown=unknown, pending=MESSAGES - unknown)
        sink.rules.clear()
        post.run_out(post.runner(sink.port))
    assert post.states() == Counter(sent=MESSAGES - unknown, unknown=unknown)
    assert post.kept(in_flight=THREADS)
    assert len(post.inbox) == (MESSAGES if keep else MESSAGES - unknown)


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
        post.runner(port, MUTE).beat(post.world.now)
        assert post.states() == Counter(pending=MESSAGES)
    with SinkServer(post.inbox.append) as sink:
        post.run_out(post.runner(sink.port))
    assert post.all_received()


def test_a_mail_that_the_servers_keeper_could_not_keep_is_tried_again(post: Post) -> None:
    failed: list[Mail] = []

    def keep(mail: Any) -> None:
        if len(failed) < 5:
            failed.append(mail)
            raise OSError("no room")
        post.inbox.append(mail)

    with SinkServer(keep) as sink:
        post.run_out(post.runner(sink.port))
    assert post.all_received()
