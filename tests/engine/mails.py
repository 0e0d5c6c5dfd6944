"""Letters for tests: channels and writers that do as they are told, keys to sign with, senders, templates in their
stored form, and mails read back by the standard library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, insert

from journeys.base.time import Instant
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.engine import outbox
from journeys.engine.deliver import Delivery, Letter, Unwritable
from journeys.engine.outbox import Claimed
from journeys.engine.policies import Rules
from journeys.messages.links import LinkKeys
from journeys.messages.template import Template, load, starters, to_json
from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import WARSAW, World

KEYS = LinkKeys("t", {"t": b"0123456789abcdef0123456789abcdef"})


class Recorder:
    """A channel that keeps what it is given and answers as it is told."""

    def __init__(self, answer: Callable[[Mail], Handed] = lambda _mail: Accepted("250 ok")) -> None:
        self.answer = answer
        self.mails: list[Mail] = []

    def open(self) -> Self:
        return self

    def hand_over(self, mail: Mail) -> Handed:
        self.mails.append(mail)
        return self.answer(mail)

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainWriter:
    """Writes letters without templates; those of `broken` contacts cannot be written. All come from one address, but
    for contacts that have one in `senders`."""

    def __init__(self, broken: Sequence[int] = ()) -> None:
        self.broken = broken
        self.senders: dict[int, str] = {}

    def write(self, conn: Connection, messages: Sequence[Claimed], *, now: Instant) -> dict[int, Letter | Unwritable]:
        return {message.id: self._letter(message) for message in messages}

    def _letter(self, message: Claimed) -> Letter | Unwritable:
        if message.contact in self.broken:
            return Unwritable("“name” is not there.")
        sender = self.senders.get(message.contact, "shop@example.com")
        return Letter(Mail(message.id, sender, message.address, b"hello"), f"<{message.id}@example.com>")


def two_workers(world: World, channel: Recorder) -> None:
    """Two workers of two threads each begin to hand over at the same moment."""
    begin = threading.Barrier(2)

    def work(name: str) -> None:
        delivery = Delivery(
            store=world.store, plans=world.engine.plans, channel=channel, writer=PlainWriter(), worker=name,
            clock=lambda: world.now,
        )  # fmt: skip
        begin.wait(30)
        delivery.deliver(threads=2)

    workers = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)


def add_sender(store: Store, key: str = "shop", **values: Any) -> None:
    """A sender without an account: what hands over is the test's."""
    given = {"from_name": "The Shop", "from_address": f"{key}@shop.test", "postal_address": "Main Street 1, Warsaw"}
    with store.write() as conn:
        conn.execute(insert(t.sender).values(key=key, **given | values))


def written(
    key: str, *, subject: str = "Hello", body: str = "<p>Hello</p>", text: str | None = None, **more: Any
) -> Any:
    """A template of a few words, as it is stored."""
    return to_json(Template(key, subject, body, **{"markup": "html", "text": text} | more))


def starter(*keys: str) -> dict[str, Any]:
    """Templates that come with Kanwa, as they are stored."""
    return {key: to_json(load(starters() / key)) for key in keys}


def claimed(world: World, conn: Connection) -> list[Claimed]:
    """Every message whose time has come, in the open transaction."""
    messages, _held = outbox.claim(
        conn,
        worker="test",
        now=world.now,
        zone=WARSAW,
        limit=1000,
        rules_of=lambda _version: Rules(),
        on_block=lambda _version, _node: "later",
    )
    return messages


def parse(content: bytes) -> EmailMessage:
    """The mail, without a defect in any part."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def body(message: EmailMessage, kind: str = "plain") -> str:
    """The text ("plain") or the HTML ("html") of a mail."""
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def attached(message: EmailMessage) -> Sequence[tuple[str, bytes]]:
    """Names and bytes of the files that a mail carries, inline ones too."""
    return [
        (part.get_filename() or "", part.get_payload(decode=True))  # type: ignore[misc]
        for part in message.walk()
        if part.get_filename()
    ]
