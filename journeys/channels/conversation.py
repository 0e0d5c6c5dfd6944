"""One SMTP line: commands out, answers in, and nothing decided.

Not smtplib, which (1) encodes passwords as ASCII and so raises a UnicodeEncodeError that carries the password of
whoever has a “ż” in it, (2) waits anew for each line of an answer, so that a server dripping lines holds a thread for
ever, (3) cannot pipeline, and (4) sends content and final dot in one call, so that a broken line does not tell whether
the mail may have been taken.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from journeys.base.i18n import _

_CHUNK = 65536
#: an answer longer than this is no answer; the longest in the wild (SPF explanations) stay under 4 KiB
_LONGEST_ANSWER = 32768
_ANSWER_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_OLD_AUTH = re.compile(r"^AUTH=", re.IGNORECASE)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait. RFC 5321 4.5.3.2 asks for ten minutes after the final dot: a shorter wait makes doubles."""

    connect: float = 20
    #: for the whole answer to one command
    answer: float = 120
    #: for each 64 KiB of content to leave
    content: float = 180
    after_dot: float = 600
    #: QUIT is a courtesy
    quit: float = 2


class Lost(Exception):
    """The line is gone: closed, timed out, reset, or it speaks nonsense. The conversation is over."""

    def __init__(self, detail: str, *, nonsense: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        #: something answered, but not in SMTP
        self.nonsense = nonsense


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: a code from 200 to 599 and its words."""

    code: int
    words: str

    @property
    def kind(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 no."""
        return self.code // 100

    @property
    def enhanced(self) -> str:
        """The enhanced status code of RFC 3463 (such as 5.1.1), or nothing."""
        found = _ENHANCED.match(self.words)
        return found[1] if found else ""

    def __str__(self) -> str:
        """One line to show: a server can send anything, so nothing that moves a terminal's cursor, and an end."""
        shown = "".join(letter if letter.isprintable() else " " for letter in f"{self.code} {self.words}")
        return shown.rstrip()[:500]


class Conversation:
    """A connected line. Every method raises `Lost` when the line fails, and the line is closed then."""

    def __init__(
        self, sock: socket.socket, timeouts: Timeouts, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        # content and final dot leave in two writes; with Nagle's algorithm the second waits 40 ms for an
        # acknowledgement that the other side delays
        with suppress(OSError):  # the line may be gone already; the first command will tell
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._timeouts = timeouts
        self._monotonic = monotonic
        self._buffer = bytearray()
        #: extensions by lower-case keyword with their parameters
        self.features: dict[str, str] = {}

    @property
    def local_address(self) -> str:
        """This end as an address literal, the name for a machine that has none (RFC 5321 4.1.3)."""
        host = str(self._sock.getsockname()[0])
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    @property
    def cipher(self) -> str:
        """The version of TLS in use, or nothing."""
        return (self._sock.version() or "") if isinstance(self._sock, ssl.SSLSocket) else ""

    def say(self, *lines: bytes) -> None:
        """Send commands without waiting for their answers."""
        self._send(b"".join(line + b"\r\n" for line in lines), self._timeouts.answer)

    def answer(self) -> Answer:
        """The next answer, in full."""
        return self._answer(self._timeouts.answer)

    def command(self, line: bytes) -> Answer:
        """Send one command and wait for its answer."""
        self.say(line)
        return self.answer()

    def content(self, content: bytes) -> None:
        """Send the content of a mail without the final dot: whatever fails in here, the mail was not taken."""
        view = memoryview(content)
        for start in range(0, len(view), _CHUNK):
            self._send(view[start : start + _CHUNK], self._timeouts.content)

    def dot(self) -> None:
        """Send the final dot. Raises `Lost` only when it did not leave this machine whole, so that it cannot count."""
        self._send(b".\r\n", self._timeouts.content)

    def answer_to_dot(self) -> Answer:
        """The answer after the final dot. `Lost` here means that nobody knows."""
        return self._answer(self._timeouts.after_dot)

    def last_words(self) -> Answer | None:
        """What the server still said before the line broke, if anything arrived."""
        with suppress(Lost):
            return self._parse()
        return None

    def greet(self, name: str) -> Answer:
        """Say EHLO and learn the extensions."""
        answer = self.command(b"EHLO " + name.encode("ascii", "replace"))
        self.features = {}
        if answer.kind == 2:
            for line in answer.words.split("\n")[1:]:
                # “AUTH=LOGIN” is how some servers said it before the RFC
                line = _OLD_AUTH.sub("AUTH ", line.strip())
                key, _rest, parameters = line.lower().partition(" ")
                self.features[key] = f"{self.features.get(key, '')} {parameters}".strip()
        return answer

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS on this line and forget what was said before. Raises `OSError` where the handshake fails."""
        if self._buffer:
            self.close()
            # words sent along with the answer to STARTTLS are an attempt to be believed as protected ones
            raise Lost(_("The server spoke between STARTTLS and TLS."))
        self._sock.settimeout(self._timeouts.connect)
        self._sock = context.wrap_socket(self._sock, server_hostname=host)
        self.features = {}

    def quit(self) -> None:
        """Take leave and close. Never raises."""
        with suppress(Lost):
            self._send(b"QUIT\r\n", self._timeouts.quit)
            self._answer(self._timeouts.quit)
        self.close()

    def close(self) -> None:
        """Close the line without a word."""
        with suppress(OSError):
            self._sock.close()

    def _send(self, data: bytes | memoryview, timeout: float) -> None:
        try:
            self._sock.settimeout(timeout)
            self._sock.sendall(data)
        except OSError as error:
            # whatever the server said before is worth more than the error of our own write
            with suppress(OSError, ValueError):
                self._sock.settimeout(0.05)
                self._buffer += self._sock.recv(_LONGEST_ANSWER)
            self.close()
            raise Lost(_why(error)) from None

    def _answer(self, timeout: float) -> Answer:
        deadline = self._monotonic() + timeout
        while (answer := self._parse()) is None:
            if len(self._buffer) > _LONGEST_ANSWER:
                self.close()
                raise Lost(_("The answer does not end."))
            left = deadline - self._monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                self._sock.settimeout(left)
                received = self._sock.recv(_CHUNK)
            except OSError as error:
                self.close()
                raise Lost(_why(error)) from None
            if not received:
                self.close()
                raise Lost(_("The server closed the connection."))
            self._buffer += received
        return answer

    def _parse(self) -> Answer | None:
        """Take one whole answer out of what has arrived, or nothing while it is incomplete."""
        start, words = 0, []
        while (end := self._buffer.find(b"\n", start)) >= 0:
            line = bytes(self._buffer[start:end]).rstrip(b"\r")
            start = end + 1
            found = _ANSWER_LINE.fullmatch(line)
            if not found:
                self.close()
                raise Lost(_("What answers is not a mail server."), nonsense=True)
            words.append((found[3] or b"").decode("utf-8", "replace").strip())
            if found[2] != b"-":
                del self._buffer[:start]
                return Answer(int(found[1]), "\n".join(words))
        return None


def _why(error: OSError) -> str:
    """The cause as a sentence. A timeout has no words of its own."""
    if isinstance(error, TimeoutError):
        return _("There was no answer in time.")
    if isinstance(error, ssl.SSLError):
        return _("TLS broke: {reason}.").format(reason=error.reason or type(error).__name__)
    return _("The connection broke: {reason}.").format(reason=error.strerror or type(error).__name__)
