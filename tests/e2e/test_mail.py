"""The whole way of a mail: a published journey with the templates that come with Kanwa, a beat, and SMTP to a server
that misbehaves as it is told. What came in is read back by the standard library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import Connection

from journeys.base.time import DAY, MINUTE, Instant
from journeys.channels.account import Account
from journeys.channels.channel import Handed, Mail
from journeys.channels.conversation import Timeouts
from journeys.channels.sink_server import Drop, Moment, Received, Rule, Say, SinkServer
from journeys.channels.smtp import SmtpChannel, SmtpSession
from journeys.engine.deliver import Delivery, Letter, Unwritable, Writer
from journeys.engine.letters import LetterWriter
from journeys.engine.outbox import Claimed
from journeys.messages.links import LinkPurpose, read, token_in
from journeys.messages.mime import message_of
from journeys.runtime.beat import Runner
from journeys.store import contacts, settings
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import KEYS, add_sender, attached, body, parse, starter, written

PATIENT = Timeouts(connect=20, answer=20, content=20, after_dot=20, quit=2)
LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})


class Post:
    """A world whose mail goes over SMTP to a sink on this machine."""

    def __init__(self, world: World, sink: SinkServer, inbox: list[Received]) -> None:
        self.world = world
        self.sink = sink
        self.inbox = inbox
        account = Account.read("shop", {"host": "127.0.0.1", "port": sink.port, "security": "plain"})
        self.channel = SmtpChannel(account, timeouts=PATIENT)

    def runner(self, *, threads: int = 1, channel: SmtpChannel | None = None, writer: Writer | None = None) -> Runner:
        delivery = Delivery(
            store=self.world.store,
            plans=self.world.engine.plans,
            channel=channel or self.channel,
            writer=writer or LetterWriter(self.world.engine.plans, KEYS),
            worker="test",
            clock=lambda: self.world.now,
        )
        return Runner(self.world.engine, delivery, threads=threads)

    def arrange(self, n: int, **templates: Any) -> list[int]:
        """n contacts with consent who are in a journey that sends one mail, a welcome if no other template is given."""
        templates = templates or starter("welcome-1")
        (template,) = templates
        named = {"last_name": "Żak", "language": "pl"}
        rows = [{"email": f"c{i}@example.com", "first_name": f"Łucja{i}"} | named for i in range(n)]
        with self.world.store.write() as conn:
            people = contacts.add(conn, rows, now=self.world.now, source="test", quiet=True)
        self.world.consent(people)
        send = {"template": template, "purpose": "newsletter", "unreachable_goes_another_way": True}
        journey = build(
            {"in": LIST, "ask": ("send", send), "sent": EXIT, "lost": EXIT},
            [("in", "in", "ask"), ("ask", "sent", "sent"), ("ask", "not_sent", "lost")],
        )
        self.world.publish(journey, templates)
        self.world.enroll(people)
        return people

    def mails(self) -> dict[str, EmailMessage]:
        """The mails that came in by recipient; each one mail."""
        assert Counter(len(mail.to) for mail in self.inbox) in (Counter(), Counter({1: len(self.inbox)}))
        by = {mail.to[0]: parse(mail.content) for mail in self.inbox}
        assert len(by) == len(self.inbox), "somebody has got two"
        return by

    def states(self) -> Counter[str]:
        return Counter(message["state"] for message in self.world.messages())

    def end_of(self, contact: int) -> str:
        """The way by which a contact left the send."""
        return self.world.path(contact)[-2]


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def post(world: World) -> Iterator[Post]:
    inbox: list[Received] = []
    add_sender(world.store, reply_to="answers@shop.test")
    with SinkServer(inbox.append) as sink:
        yield Post(world, sink, inbox)


def test_everybody_gets_the_mail_that_is_theirs(post: Post) -> None:
    people = post.arrange(3)
    beat = post.runner().beat(post.world.now)
    assert (beat.messages, beat.troubles) == (Counter(sent=3), [])
    mails = post.mails()
    with post.world.store.read() as conn:
        store = settings.get(conn, "store_id")
    for i, message in enumerate(post.world.messages()):
        mail = mails[f"c{i}@example.com"]
        assert mail["To"] == f"Łucja{i} Żak <c{i}@example.com>"
        assert mail["From"] == "The Shop <shop@shop.test>"
        assert mail["Reply-To"] == "answers@shop.test"
        assert mail["Subject"] == f"Welcome, Łucja{i}"
        assert f"Hello Łucja{i}," in body(mail)
        assert f"Hello Łucja{i}," in body(mail, "html")
        assert mail["Message-ID"] == message["rfc_id"]
        assert message_of(mail["X-Kanwa-Id"], store) == message_of(message["rfc_id"], store) == message["id"]
        assert [name for name, _data in attached(mail)] == ["logo.png"]
    assert {received.envelope_from for received in post.inbox} == {"shop@shop.test"}
    assert {post.end_of(one) for one in people} == {"ask:sent"}
    assert {passage["state"] for passage in post.world.passages()} == {"finished"}


def test_the_unsubscribe_of_each_mail_is_that_of_its_message(post: Post) -> None:
    post.arrange(3)
    post.runner().beat(post.world.now)
    mails = post.mails()
    for i, message in enumerate(post.world.messages()):
        mail = mails[f"c{i}@example.com"]
        for where in (mail["List-Unsubscribe"], body(mail, "html")):
            token = token_in(where.replace("%5B", " ").replace("%5D", " "))
            assert token is not None
            link = read(token, KEYS, now=post.world.now)
            assert (link.message, link.purpose) == (message["id"], LinkPurpose.UNSUBSCRIBE)


def test_who_is_put_off_gets_it_later_and_the_others_at_once(post: Post) -> None:
    people = post.arrange(3)
    post.sink.rules.append(Rule(Moment.RCPT, Say("451 4.7.1 Greylisted, come back later"), "c1@example.com", times=1))
    post.runner().beat(post.world.now)
    assert set(post.mails()) == {"c0@example.com", "c2@example.com"}
    waiting = post.world.messages()[1]
    assert (waiting["state"], waiting["reason"], waiting["attempts"]) == ("pending", "deferred", 1)
    assert "Greylisted" in waiting["detail"]
    post.world.now = Instant(post.world.now + 2 * MINUTE)
    assert post.runner().beat(post.world.now).messages == Counter(sent=1)
    assert set(post.mails()) == {f"c{i}@example.com" for i in range(3)}
    assert post.end_of(people[1]) == "ask:sent"


def test_who_is_refused_goes_the_other_way_and_is_never_tried_again(post: Post) -> None:
    people = post.arrange(3)
    post.sink.rules.append(Rule(Moment.RCPT, Say("550 5.1.1 No such user"), "c1@example.com"))
    post.runner().beat(post.world.now)
    refused = post.world.messages()[1]
    assert (refused["state"], refused["reason"]) == ("failed", "refused")
    assert "No such user" in refused["detail"]
    assert [post.end_of(one) for one in people] == ["ask:sent", "ask:not_sent", "ask:sent"]
    post.sink.rules.clear()
    post.world.now = Instant(post.world.now + 2 * DAY)
    assert post.runner().beat(post.world.now).messages == Counter()
    assert set(post.mails()) == {"c0@example.com", "c2@example.com"}


@pytest.mark.parametrize("kept", [True, False])
def test_a_line_that_breaks_after_the_content_leaves_it_unknown_and_it_is_never_sent_again(
    post: Post, kept: bool
) -> None:
    people = post.arrange(3)
    post.sink.rules.append(Rule(Moment.DOT, Drop(), "c1@example.com", times=1, keep=kept))
    post.runner().beat(post.world.now)
    unknown = post.world.messages()[1]
    assert (unknown["state"], unknown["reason"]) == ("unknown", "no answer")
    assert ("c1@example.com" in post.mails()) is kept
    post.world.now = Instant(post.world.now + DAY)
    post.runner().beat(post.world.now)
    post.runner().recover(post.world.now)
    post.runner().beat(Instant(post.world.now + DAY))
    assert post.states() == Counter(sent=2, unknown=1)
    assert len(post.mails()) == 2 + kept
    assert post.end_of(people[1]) == "ask:sent"


def test_a_line_that_breaks_before_the_content_is_mended_and_nobody_gets_two(post: Post) -> None:
    post.arrange(4)
    post.sink.rules.append(Rule(Moment.DATA, Drop(), "c2@example.com", times=1))
    post.runner().beat(post.world.now)
    post.world.now = Instant(post.world.now + 2 * MINUTE)
    post.runner().beat(post.world.now)
    assert (post.states(), len(post.mails())) == (Counter(sent=4), 4)


class Killed(BaseException):
    """The process ends here."""


class Breaking(SmtpChannel):
    """Breaks down once, after a mail has really gone: as a process that is killed before it can write so."""

    broken = False

    def open(self) -> SmtpSession:
        return BreakingSession(self)


class BreakingSession(SmtpSession):
    def hand_over(self, mail: Mail) -> Handed:
        handed = super().hand_over(mail)
        channel = self._channel
        assert isinstance(channel, Breaking)
        if mail.to == "c1@example.com" and not channel.broken:
            channel.broken = True
            raise Killed
        return handed


@pytest.mark.parametrize("threads", [1, 3])
def test_after_a_crash_between_start_and_settling_nothing_is_doubled(post: Post, threads: int) -> None:
    post.arrange(6)
    breaking = Breaking(post.channel.account, timeouts=PATIENT)
    with pytest.raises(Killed):
        post.runner(channel=breaking, threads=threads).beat(post.world.now)
    assert post.states()["started"] == 1
    again = post.runner(threads=threads)
    assert again.recover(post.world.now)[1] == 1
    again.beat(post.world.now)
    assert post.states() == Counter(sent=5, unknown=1)
    assert len(post.mails()) == 6


def test_three_hundred_mails_by_four_threads_reach_everybody_once(post: Post) -> None:
    people = post.arrange(300, hello=written("hello", text="Hello {{ contact.first_name }},"))
    assert post.runner(threads=4).beat(post.world.now).messages == Counter(sent=300)
    mails = post.mails()
    assert set(mails) == {f"c{i}@example.com" for i in range(300)}
    assert all(f"Łucja{i}," in body(mails[f"c{i}@example.com"]) for i in range(300))
    assert len({mail["Message-ID"] for mail in mails.values()}) == 300
    assert {post.end_of(one) for one in people[::37]} == {"ask:sent"}
    assert post.sink.lines <= 12


class Meanwhile:
    """Writes letters as they are, after something has happened between claim and start."""

    def __init__(self, writer: LetterWriter, happens: Callable[[], None]) -> None:
        self.writer = writer
        self.happens = happens

    def write(self, conn: Connection, messages: Sequence[Claimed], *, now: Instant) -> dict[int, Letter | Unwritable]:
        self.happens()
        return self.writer.write(conn, messages, now=now)


def test_consent_withdrawn_between_claim_and_start_is_heeded(post: Post) -> None:
    people = post.arrange(3)
    writer = LetterWriter(post.world.engine.plans, KEYS)
    meanwhile = Meanwhile(writer, lambda: post.world.consent([people[1]], given=False))
    post.runner(writer=meanwhile).beat(post.world.now)
    assert set(post.mails()) == {"c0@example.com", "c2@example.com"}
    message = post.world.messages()[1]
    assert (message["state"], message["reason"]) == ("skipped", "consent withdrawn")
    assert [post.end_of(one) for one in people] == ["ask:sent", "ask:not_sent", "ask:sent"]
