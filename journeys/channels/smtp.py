"""E-mail over SMTP: a line per thread, kept open, and a precise word on what became of each mail.

Which failure means what: answers of the server by the table in `verdict`; everything else by this one.

| what happens | handed |
|---|---|
| the host's name is unknown | trouble with the account; deferred when this channel has reached it before, since then it is the network that is away |
| the name cannot be looked up now, connection refused, timed out, unreachable, closed before the content | deferred, account-wide |
| what answers is not a mail server | trouble with the account |
| STARTTLS is not offered, the certificate is not valid, no common version of TLS, plain where TLS was expected | trouble with the account |
| the handshake of TLS breaks or times out | deferred, account-wide |
| AUTH is not offered, there is no password in the keyring | trouble with the account |
| the mail is bigger than SIZE allows; letters outside ASCII and no SMTPUTF8 or 8BITMIME | refused |
| the line is lost while the content is sent, or as the final dot fails to leave | deferred |
| the line is lost, times out or speaks nonsense after the final dot has left | uncertain |
"""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import cached_property
from typing import Self

from journeys.base.i18n import _
from journeys.channels.account import Account
from journeys.channels.channel import AccountTrouble, Deferred, Handed, Mail, Refused, Uncertain, retry_after
from journeys.channels.conversation import Answer, Conversation, Lost, Timeouts
from journeys.channels.envelope import BadAddress, BadSender, Envelope, ascii_host, envelope
from journeys.channels.secrets import Secret
from journeys.channels.verdict import Asked, verdict

#: reasons of OpenSSL that come back at every try: not TLS at all, or no version or cipher in common
_NEVER_TLS = frozenset(
    {
        "DH_KEY_TOO_SMALL",
        "HTTP_REQUEST",
        "NO_PROTOCOLS_AVAILABLE",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)


class Stage(StrEnum):
    """How far a connection has come, in order."""

    CONNECT = "connect"
    GREET = "greet"
    ENCRYPT = "encrypt"
    LOG_IN = "log in"


class NotConnected(Exception):
    """There is no line; `handed` says what that means for a mail, `stage` what could not be done."""

    def __init__(self, stage: Stage, handed: AccountTrouble | Deferred) -> None:
        super().__init__(stage)
        self.stage = stage
        self.handed = handed


def secure_context() -> ssl.SSLContext:
    """TLS as mail wants it: 1.2 or later, certificate and name checked against what this machine trusts."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SmtpChannel:
    """A mail server, spoken to as the account says. Threads share it; each opens its own session."""

    def __init__(
        self,
        account: Account,
        secret: Secret | None = None,
        *,
        context: ssl.SSLContext | None = None,
        timeouts: Timeouts | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        mails_per_line: int = 100,
        idle_seconds: float = 60,
    ) -> None:
        self.account = account
        self.secret = secret
        self._given_context = context
        self.timeouts = timeouts or Timeouts()
        self.monotonic = monotonic
        #: providers close a line after some hundred mails at most; leaving first is politer than being cut off
        self.mails_per_line = mails_per_line
        #: a line at rest for longer is not trusted: routers forget it and the next command would wait out its timeout
        self.idle_seconds = idle_seconds
        #: some session has been connected since the start
        self.reached = False

    def __repr__(self) -> str:
        return f"SmtpChannel({self.account.key!r})"

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What TLS is checked against; read from the machine at the first need, which takes 30 ms."""
        return self._given_context or secure_context()

    def open(self) -> SmtpSession:
        """A session for this thread; it connects with the first mail."""
        return SmtpSession(self)

    def connect(self, passed: Callable[[Stage, Conversation], None] | None = None) -> Conversation:
        """A line ready for mail. `passed` is told of each stage reached. Raises `NotConnected`."""
        account = self.account
        passed = passed or _unwatched
        line = self._connect(account)
        try:
            passed(Stage.CONNECT, line)
            if account.security == "tls":
                self._handshake(line)
                passed(Stage.ENCRYPT, line)
            self._greet(line)
            passed(Stage.GREET, line)
            if account.security == "starttls":
                self._starttls(line)
                passed(Stage.ENCRYPT, line)
            if account.user:
                self._log_in(line)
            passed(Stage.LOG_IN, line)
        except BaseException:
            line.close()
            raise
        self.reached = True
        return line

    def _connect(self, account: Account) -> Conversation:
        host, port = account.host, account.port
        try:
            sock = socket.create_connection((ascii_host(host), port), self.timeouts.connect)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN or self.reached:
                sentence = _("The name {host} cannot be looked up now. Check the network of this machine.").format(
                    host=host
                )
                raise NotConnected(Stage.CONNECT, _later(sentence)) from None
            sentence = _("There is no mail server by the name {host}. Check the host of the account.").format(host=host)
            raise NotConnected(Stage.CONNECT, AccountTrouble(sentence, error.strerror or "")) from None
        except OSError as error:
            sentence = _("{host} does not answer on port {port}. ({detail})").format(
                host=host, port=port, detail=error.strerror or _("There was no answer in time.")
            )
            raise NotConnected(Stage.CONNECT, _later(sentence)) from None
        return Conversation(sock, self.timeouts, self.monotonic)

    def _handshake(self, line: Conversation) -> None:
        host = self.account.host
        try:
            line.secure(self.context, ascii_host(host))
        except ssl.SSLCertVerificationError as error:
            line.close()
            sentence = _(
                "The certificate of {host} is not valid: {reason}. Check the host of the account; if it is right, tell whoever runs the server."
            ).format(host=host, reason=error.verify_message)
            raise NotConnected(Stage.ENCRYPT, AccountTrouble(sentence, str(error))) from None
        except ssl.SSLError as error:
            line.close()
            if (error.reason or "") not in _NEVER_TLS:
                raise NotConnected(Stage.ENCRYPT, _later(_broken(host, str(error)))) from None
            sentence = _(
                "{host} does not speak TLS on port {port} as this machine does. Check the port and the security of the account."
            ).format(host=host, port=self.account.port)
            raise NotConnected(Stage.ENCRYPT, AccountTrouble(sentence, str(error))) from None
        except OSError as error:
            line.close()
            detail = error.strerror or _("There was no answer in time.")
            raise NotConnected(Stage.ENCRYPT, _later(_broken(host, detail))) from None
        except Lost as lost:
            raise NotConnected(Stage.ENCRYPT, _later(_broken(host, lost.detail))) from None

    def _greet(self, line: Conversation) -> None:
        self._step(Stage.GREET, Asked.GREETING, line.answer)
        self._step(Stage.GREET, Asked.EHLO, lambda: line.greet(self._name(line)))

    def _name(self, line: Conversation) -> str:
        return ascii_host(self.account.ehlo_name) or line.local_address

    def _starttls(self, line: Conversation) -> None:
        host = self.account.host
        if "starttls" not in line.features:
            sentence = _(
                "{host} does not offer to encrypt the line on port {port}. Set “security” to tls and the port to 465, or ask its provider."
            ).format(host=host, port=self.account.port)
            raise NotConnected(Stage.ENCRYPT, AccountTrouble(sentence))
        self._step(Stage.ENCRYPT, Asked.STARTTLS, lambda: line.command(b"STARTTLS"))
        self._handshake(line)
        self._step(Stage.ENCRYPT, Asked.EHLO, lambda: line.greet(self._name(line)))

    def _log_in(self, line: Conversation) -> None:
        account = self.account
        if self.secret is None:
            sentence = _("There is no password for {user} at {host}. Give it with: kanwa secret set {secret}").format(
                user=account.user, host=account.host, secret=account.secret_name
            )
            raise NotConnected(Stage.LOG_IN, AccountTrouble(sentence))
        offered = line.features.get("auth", "").upper().split()
        if not {"PLAIN", "LOGIN"} & set(offered):
            sentence = _(
                "{host} takes no password on this line. Check the port and the security of the account, or leave the user empty."
            ).format(host=account.host)
            raise NotConnected(Stage.LOG_IN, AccountTrouble(sentence, " ".join(offered)))
        self._step(Stage.LOG_IN, Asked.AUTH, lambda: self._auth(line, offered))

    def _auth(self, line: Conversation, offered: list[str]) -> Answer:
        """PLAIN, else LOGIN. One try: a second refusal in a row is what locks accounts."""
        assert self.secret is not None
        # UTF-8 as RFC 4616 says; passwords outside ASCII are common, and a lone surrogate may only be refused, not shown
        user = self.account.user.encode("utf-8", "surrogatepass")
        password = self.secret.reveal().encode("utf-8", "surrogatepass")
        if "PLAIN" in offered:
            first = base64.b64encode(b"\0" + user + b"\0" + password)
            answer = line.command(b"AUTH PLAIN " + first)
        else:
            first = base64.b64encode(password)
            answer = line.command(b"AUTH LOGIN")
            for part in (base64.b64encode(user), first):
                if answer.code == 334:
                    answer = line.command(part)
        return _without_secrets(answer, (password, base64.b64encode(password), first))

    def _step(self, stage: Stage, asked: Asked, ask: Callable[[], Answer]) -> None:
        """Ask, and raise `NotConnected` for any answer that does not lead on."""
        handed: Handed | None
        try:
            handed = verdict(asked, ask(), self.account)
        except Lost as lost:
            handed = _later(_broken(self.account.host, lost.detail))
            if lost.nonsense:
                sentence = _(
                    "{host} is not a mail server on port {port}. Check host, port and security of the account."
                )
                handed = AccountTrouble(sentence.format(host=self.account.host, port=self.account.port))
        # outside the except clause: frames of the log-in, which hold the password, must not hang on what is raised
        if isinstance(handed, AccountTrouble | Deferred):
            raise NotConnected(stage, handed)
        assert handed is None, "before MAIL an answer leads on, defers, or troubles the account"


class _Gone(Exception):
    """The line went before any content was sent; on a line that had rested, a new one may do better at once."""

    def __init__(self, handed: Handed) -> None:
        super().__init__()
        self.handed = handed


class SmtpSession:
    """One thread's line to the mail server."""

    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._line: Conversation | None = None
        #: mails begun on this line
        self._begun = 0
        self._used_at = 0.0
        #: the server still holds a transaction that led nowhere
        self._unfinished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the server. The next mail connects again."""
        if self._line is not None:
            self._line.quit()
        self._line = None

    def hand_over(self, mail: Mail) -> Handed:
        """Hand over one mail, connecting first where needed.

        A line that broke while it rested shows only at the next command. Nothing of the mail has gone then, so it is
        offered once more on a new line; MAIL itself is the health check, a NOOP before each would cost a round trip.
        """
        try:
            ready = envelope(mail)
        except BadAddress as bad:
            return Refused(0, str(bad))
        except BadSender as bad:
            return AccountTrouble(str(bad))
        if self._line is not None and self._worn():
            self.close()
        rested = self._line is not None
        try:
            return self._offer(ready)
        except _Gone as gone:
            self._drop()
            if not rested or not isinstance(gone.handed, Deferred):
                return gone.handed
        try:
            return self._offer(ready)
        except _Gone as gone:
            self._drop()
            return gone.handed

    def _worn(self) -> bool:
        channel = self._channel
        return self._begun >= channel.mails_per_line or channel.monotonic() - self._used_at > channel.idle_seconds

    def _offer(self, ready: Envelope) -> Handed:
        """One transaction. Raises `_Gone` when the line went before the content was asked for."""
        if self._line is None:
            try:
                self._line = self._channel.connect()
            except NotConnected as not_connected:
                return not_connected.handed
            self._begun, self._unfinished = 0, False
        line = self._line
        impossible = self._impossible(ready, line.features)
        if impossible is not None:
            return impossible
        self._begun += 1
        handed = self._commands(line, ready)
        if handed is None:
            handed = self._content(line, ready)
        self._used_at = self._channel.monotonic()
        return handed

    def _impossible(self, ready: Envelope, features: dict[str, str]) -> Refused | None:
        """Why this server cannot carry this mail, found before it is offered."""
        host = self._channel.account.host
        limit = int(features["size"]) if features.get("size", "").isdecimal() else 0
        sentence = ""
        if 0 < limit < ready.size:
            sentence = _(
                "The mail has {size:.1f} MB and {host} takes {limit:.1f}. Make its images or attachments smaller."
            )
        elif ready.utf8_address and "smtputf8" not in features:
            sentence = _("{host} cannot carry an address with letters such as “ż” before the @. Use another address.")
        elif ready.utf8_headers and "smtputf8" not in features:
            sentence = _("{host} takes only headers in plain ASCII, and those of this mail are not encoded so.")
        elif ready.eight_bit and "8bitmime" not in features:
            sentence = _("{host} takes only mail in plain ASCII, and this one is not encoded so.")
        return Refused(0, sentence.format(size=ready.size / 1e6, host=host, limit=limit / 1e6)) if sentence else None

    def _commands(self, line: Conversation, ready: Envelope) -> Handed | None:
        """From MAIL to DATA, in one packet where the server can; nothing when it asks for the content."""
        commands: list[tuple[Asked | None, bytes]] = [(None, b"RSET")] if self._unfinished else []
        commands += [
            (Asked.MAIL, _mail_command(ready, line.features)),
            (Asked.RCPT, b"RCPT TO:<" + ready.recipient + b">"),
            (Asked.DATA, b"DATA"),
        ]
        self._unfinished = True
        pipelining = "pipelining" in line.features
        result: Handed | None = None
        answer: Answer | None = None
        try:
            if pipelining:
                line.say(*(command for _asked, command in commands))
            for asked, command in commands:
                answer = line.answer() if pipelining else line.command(command)
                meaning = verdict(asked, answer, self._channel.account) if asked is not None else None
                if answer.code == 421:
                    raise _Gone(result or meaning or _closing(answer))
                result = result or meaning
                if result is not None and not pipelining:
                    return result
        except Lost as lost:
            raise _Gone(result or self._lost(lost)) from None
        if result is not None and answer is not None and answer.kind == 3:
            # refused, yet the server asks for the content: a line closed now is a mail never sent (RFC 2920 3.1)
            self._drop()
        return result

    def _content(self, line: Conversation, ready: Envelope) -> Handed:
        self._unfinished = False
        try:
            line.content(ready.content)
            line.dot()
        except Lost as lost:
            self._drop()
            said: Answer | None = None
            with suppress(Lost):
                said = line.last_words()
            if said is not None and said.kind in (4, 5):
                return verdict(Asked.DATA, said, self._channel.account) or self._lost(lost)
            return self._lost(lost)
        try:
            answer = line.answer_to_dot()
        except Lost as lost:
            self._drop()
            return Uncertain(
                _("{host} had the whole mail and did not say whether it keeps it. ({detail})").format(
                    host=self._channel.account.host, detail=lost.detail
                )
            )
        handed = verdict(Asked.DOT, answer, self._channel.account)
        assert handed is not None, "an answer to the dot is the end"
        if answer.code == 421 or isinstance(handed, Uncertain):
            self._drop()
        return handed

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _lost(self, lost: Lost) -> Deferred:
        return _later(_broken(self._channel.account.host, lost.detail))


def _unwatched(stage: Stage, line: Conversation) -> None:
    """Nobody watches the connection come up."""


def _mail_command(ready: Envelope, features: dict[str, str]) -> bytes:
    command = b"MAIL FROM:<" + ready.sender + b">"
    if "size" in features:
        command += b" SIZE=%d" % ready.size
    if ready.eight_bit:
        command += b" BODY=8BITMIME"
    if ready.utf8_address or ready.utf8_headers:
        command += b" SMTPUTF8"
    return command


def _closing(answer: Answer) -> Deferred:
    return Deferred(answer.code, str(answer), retry_after(1), account_wide=True)


def _later(sentence: str) -> Deferred:
    return Deferred(0, sentence, retry_after(1), account_wide=True)


def _broken(host: str, detail: str) -> str:
    return _("The line to {host} was lost. ({detail})").format(host=host, detail=detail)


def _without_secrets(answer: Answer, secrets: tuple[bytes, ...]) -> Answer:
    """The answer, or only its code where the server repeated what it was told."""
    words = answer.words.encode()
    return Answer(answer.code, "") if any(secret in words for secret in secrets) else answer
