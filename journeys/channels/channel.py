"""What every channel promises: it takes one message and says, as a closed set of answers, what became of it.

The outbox decides everything else: what is claimed, what is tried again and when it gives up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeAlias
from urllib.parse import urlsplit

from journeys.base.time import HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person, ready to travel."""

    #: id of the row in the outbox
    message_id: int
    #: the address that bounces go to; empty for none
    envelope_from: str
    to: str
    #: headers and body as they go over the line, lines ended by CRLF
    content: bytes = field(repr=False)
    #: key of the sender, by which its account is found; empty for a mail that comes from none
    sender: str = ""

    @property
    def line(self) -> str:
        """Whose trouble it is when it cannot be handed over: that of its sender, else of its address."""
        return self.sender or self.envelope_from


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a webhook, ready to travel."""

    #: id of the row in the outbox
    message_id: int
    url: str
    method: str
    content_type: str
    content: bytes = field(repr=False)
    #: the same for every try of the same stay, and for no other
    idempotency_key: str
    #: name of the secret that signs it; "" for none
    secret: str
    #: whether this machine and its own network may be called
    private_addresses: bool

    @property
    def line(self) -> str:
        """Whose trouble it is when it cannot be handed over: that of the server called."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has taken charge of it."""

    answer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side will not have it, now or later; it is never tried again."""

    #: the server's code (5xx); 0 where the mail could not even be offered
    code: int
    answer: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certain that it was not accepted; trying later may help."""

    #: the server's code (4xx, a few 5xx that pass with time); 0 where there was no answer
    code: int
    answer: str
    #: seconds to wait at least; the outbox takes the greater of this and `retry_after(attempts)`
    retry_after: int
    #: the cause is the server or the line, not this person: the next mail of the account will meet it too
    account_wide: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The whole mail was sent and no answer came: it may have been accepted. The outbox makes it *unknown*."""

    detail: str


@dataclass(frozen=True, slots=True)
class AccountTrouble:
    """The account cannot be used until a person mends it. The message was not accepted and goes back to pending."""

    #: why, and what to do
    sentence: str
    #: the server's own words, for “Details”
    detail: str = ""


Handed: TypeAlias = Accepted | Refused | Deferred | Uncertain | AccountTrouble


class Session(Protocol):
    """One thread's line to the outside, kept open over many messages. Not to be shared between threads."""

    def hand_over(self, mail: Mail) -> Handed:
        """Hand over one mail. What goes wrong outside is an answer, never an exception."""
        ...

    def close(self) -> None:
        """Let go of the line; closing twice does no harm, and the next mail opens a new one."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...


class Caller(Protocol):
    """Makes calls. May be shared between threads; nothing is kept open from one to the next."""

    def call(self, request: Request) -> Handed:
        """Make one call. What goes wrong outside is an answer, never an exception."""
        ...


class Channel(Protocol):
    """A way to the outside. May be shared between threads; each opens its own session."""

    def open(self) -> Session:
        """A session of its own for this thread. Nothing is connected before the first mail."""
        ...


_SCHEDULE = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR)


def retry_after(attempts: int, message: int | None = None) -> int:
    """Seconds to wait after the given number of attempts (the one that just failed included).

    One minute, five, fifteen, an hour, and four hours ever after. With the id of a message up to a quarter more, which
    is the same however often it is asked: what a server put off together does not come back together, and never
    earlier than it said. Giving up is the outbox's.
    """
    wait = _SCHEDULE[min(max(attempts, 1), len(_SCHEDULE)) - 1]
    if message is None:
        return wait
    part = zlib.crc32(f"{message}/{attempts}".encode()) % 1024
    return wait + wait * part // 4096
