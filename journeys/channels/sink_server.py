"""A mail server on this machine that delivers nothing: for the demo, for a first look, and for tests.

On aiosmtpd, with the commands of a transaction read leanly. aiosmtpd parses each address with the parser for headers
and reads the content line by line; on the same two cores, persistent lines, mails of 26 KB, that takes 170–230 mails a
second, and this about 800 (3 KB: 1,200), with one thread as with four: client and server share one interpreter.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, AnyStr, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from journeys.channels.file_sink import slug, write_whole

_PATH = re.compile(r"\s*<([^<>\s]*|\"[^\"]*\"@[^<>\s]+)>\s*(.*)")
_LARGEST = 25_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came in."""

    envelope_from: str
    to: tuple[str, ...]
    content: bytes = field(repr=False)
    #: the line was encrypted
    encrypted: bool = False
    #: who logged in, or nothing
    user: str = ""


class Moment(StrEnum):
    """When a rule acts: instead of the answer to this."""

    GREETING = "greeting"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    #: after the answer to DATA, before the content is read
    CONTENT = "content"
    #: after the content; the mail is not kept unless the rule says so
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with this line, such as “450 4.2.0 later”; after a 421 the line is closed."""

    line: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the line without a word."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer."""


@dataclass(slots=True)
class Rule:
    """Misbehave at a moment: towards one recipient (before RCPT: everybody), so many times."""

    at: Moment
    act: Say | Drop | Hang
    #: nothing for everybody
    to: str | None = None
    #: nothing for always
    times: int | None = None
    #: at DOT: the mail is kept all the same, as by a server whose answer is lost
    keep: bool = False

    def take(self, at: Moment, recipients: Sequence[str]) -> bool:
        """Whether the rule acts now; counts down."""
        if at is not self.at or self.times == 0 or (self.to is not None and self.to not in recipients):
            return False
        if self.times is not None:
            self.times -= 1
        return True


def folder_keeper(folder: Path) -> Callable[[Received], None]:
    """Keep each mail as an `.eml` file in a folder (0700), numbered as they come."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = max((int(path.name[:6]) for path in folder.glob("[0-9]" * 6 + "-*.eml")), default=0)

    def keep(mail: Received) -> None:
        nonlocal number
        number += 1
        write_whole(folder / f"{number:06d}-{slug(mail.to[0])}.eml", mail.content)

    return keep


class SinkServer:
    """Listens on 127.0.0.1 in a thread of its own, from `with` to its end.

    `keep` is called in that thread, mail by mail, before the answer goes out; it should be quick. What it raises is
    answered with 451. Rules are looked at in order, and the first that takes acts.
    """

    def __init__(
        self,
        keep: Callable[[Received], None],
        *,
        rules: Sequence[Rule] = (),
        port: int = 0,
        context: ssl.SSLContext | None = None,
        tls_from_start: bool = False,
        logins: Mapping[str, str] | None = None,
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "SMTPUTF8"),
        largest: int = _LARGEST,
    ) -> None:
        self.keep = keep
        self.rules = list(rules)
        #: offers STARTTLS, or TLS from the start
        self.context = context
        self.tls_from_start = tls_from_start
        #: user → password; with it a log-in is required
        self.logins = logins
        self.extensions = tuple(extensions)
        #: bytes of one mail
        self.largest = largest
        #: lines that were opened
        self.lines = 0
        self.host = "127.0.0.1"
        self._socket = socket.create_server((self.host, port))
        #: the one it listens on
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._transports: set[asyncio.WriteTransport] = set()
        self._thread = threading.Thread(target=self._serve, name="kanwa-sink", daemon=True)

    def __enter__(self) -> Self:
        # the socket listens already: whoever connects before the loop runs waits in its queue
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Cut all lines and end the thread; twice does no harm."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def rule(self, at: Moment, recipients: Sequence[str]) -> Rule | None:
        """The rule that acts now, if any."""
        return next((rule for rule in self.rules if rule.take(at, recipients)), None)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
            # what the lines still had to do when they were cut
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        context = self.context if self.tls_from_start else None
        server = await self._loop.create_server(lambda: _Line(self, self._loop), sock=self._socket, ssl=context)
        await self._stopping.wait()
        server.close()
        for transport in tuple(self._transports):
            transport.abort()
        await server.wait_closed()

    def opened(self, transport: asyncio.WriteTransport) -> None:
        """A line is open; it is cut when the server stops."""
        self.lines += 1
        # asyncio sets it only on sockets that name their protocol, which accepted ones do not; without it the answers
        # to pipelined commands wait 40 ms for each other (21 mails a second instead of a thousand)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transports.add(transport)

    def closed(self, transport: asyncio.WriteTransport) -> None:
        """A line is gone."""
        self._transports.discard(transport)


class _Line(SMTP):
    """One client."""

    def __init__(self, sink: SinkServer, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        self._greeted = False
        #: the transport it came in by, under TLS that of the open line below
        self._opened: asyncio.WriteTransport | None = None
        # the reader's limit is this one: a whole mail is read by a few calls
        self.line_length_limit = sink.largest
        super().__init__(
            self,
            hostname="localhost",
            ident="Kanwa sink, nothing is delivered",
            data_size_limit=sink.largest,
            enable_SMTPUTF8="SMTPUTF8" in sink.extensions,
            decode_data="8BITMIME" not in sink.extensions,
            tls_context=None if sink.tls_from_start else sink.context,
            require_starttls=sink.context is not None and not sink.tls_from_start,
            auth_require_tls=sink.context is not None and not sink.tls_from_start,
            authenticator=self._check_password,
            timeout=3600,
            loop=loop,
        )
        self.command_size_limits.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._opened is None:
            assert isinstance(transport, asyncio.WriteTransport)
            self._opened = transport
            self._sink.opened(transport)

    def connection_lost(self, error: Exception | None) -> None:
        assert self._opened is not None
        self._sink.closed(self._opened)
        super().connection_lost(error)

    async def handle_exception(self, error: Exception) -> str:
        """Answer; aiosmtpd would log the trace, which for a client that dislikes a certificate helps nobody."""
        return f"451 4.3.0 {type(error).__name__}"

    def _check_password(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert self._sink.logins is not None
        if isinstance(data, LoginPassword):
            user = data.login.decode("utf-8", "replace")
            if self._sink.logins.get(user, "").encode() == data.password and data.password:
                return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False)

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, answers: list[str]
    ) -> list[str]:
        """Name the extensions that were asked for."""
        session.host_name = hostname
        kept = [line for line in answers if self._sink.logins is not None or not line[4:].startswith("AUTH")]
        if "PIPELINING" in self._sink.extensions:
            kept.insert(1, "250-PIPELINING")
        return kept

    async def push(self, status: AnyStr) -> None:
        if not self._greeted:
            self._greeted = True
            if await self._misbehaves(Moment.GREETING, ()):
                return
        await super().push(status)

    async def _misbehaves(self, at: Moment, recipients: Sequence[str]) -> Rule | None:
        """Do what a rule says instead of answering; a line that is cut or hangs does not come back from here."""
        rule = self._sink.rule(at, recipients)
        if rule is None or (at is Moment.DOT and rule.keep):
            return rule
        await self._act(rule)
        return rule

    async def _act(self, rule: Rule) -> None:
        match rule.act:
            case Say(line):
                await super().push(line)
                if line.startswith("421") and self.transport is not None:
                    self.transport.close()
            case Drop():
                if isinstance(self.transport, asyncio.WriteTransport):
                    self.transport.abort()
                await asyncio.Event().wait()  # cancelled when the loop hears of it
            case Hang():
                await asyncio.Event().wait()

    def _open_envelope(self) -> Envelope:
        assert self.envelope is not None
        return self.envelope

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        session = self.session
        assert session is not None
        if await self.check_helo_needed():
            return
        if self._sink.logins is not None and not session.authenticated:
            await self.push("530 5.7.0 Authentication required")
            return
        found = _PATH.fullmatch((arg or "").partition(":")[2])
        if found is None or not (arg or "").upper().startswith("FROM:"):
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif (size := re.search(r"\bSIZE=(\d+)", found[2], re.IGNORECASE)) and int(size[1]) > self._sink.largest:
            await self.push("552 5.3.4 The mail is too big")
        elif not await self._misbehaves(Moment.MAIL, ()):
            self._open_envelope().mail_from = found[1]
            await self.push("250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        found = _PATH.fullmatch((arg or "").partition(":")[2])
        envelope = self._open_envelope()
        if envelope.mail_from is None:
            await self.push("503 5.5.1 MAIL first")
        elif found is None or not found[1] or not (arg or "").upper().startswith("TO:"):
            await self.push("501 5.5.4 Syntax: RCPT TO:<address>")
        elif not await self._misbehaves(Moment.RCPT, (found[1],)):
            envelope.rcpt_tos.append(found[1])
            await self.push("250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        recipients = self._open_envelope().rcpt_tos
        if not recipients:
            await self.push("503 5.5.1 RCPT first")
            return
        if await self._misbehaves(Moment.DATA, recipients):
            return
        await self.push("354 Go ahead")
        await self._misbehaves(Moment.CONTENT, recipients)
        content = await self._content()
        rule = await self._misbehaves(Moment.DOT, recipients)
        answer = "250 2.0.0 Kept"
        if content is None:
            answer = "552 5.3.4 The mail is too big"
        elif rule is None or rule.keep:
            answer = self._keep(content)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        if rule is not None and rule.keep:
            await self._act(rule)
        elif rule is None:
            await self.push(answer)

    def _keep(self, content: bytes) -> str:
        envelope, session = self._open_envelope(), self.session
        assert session is not None
        mail = Received(
            envelope_from=envelope.mail_from or "",
            to=tuple(envelope.rcpt_tos),
            content=content,
            encrypted=self._sink.tls_from_start or session.ssl is not None,
            user=str(session.auth_data or ""),
        )
        try:
            self._sink.keep(mail)
        except Exception as error:
            return f"451 4.3.0 The mail could not be kept: {type(error).__name__}"
        return "250 2.0.0 Kept"

    async def _content(self) -> bytes | None:
        """The content up to the final dot, doubled dots made single; nothing when it is too big."""
        # reading up to “.CRLF” stops at the end of each sentence too, still some ten times less often than at each line
        taken = bytearray(b"\r\n")
        too_big = False
        while not taken.endswith(b"\r\n.\r\n"):
            try:
                taken += await self._reader.readuntil(b".\r\n")
            except asyncio.LimitOverrunError as error:
                taken += await self._reader.readexactly(error.consumed)
            if len(taken) > self._sink.largest:
                too_big = True
                del taken[:-5]
        return None if too_big else bytes(taken[:-3]).replace(b"\r\n..", b"\r\n.")[2:]
