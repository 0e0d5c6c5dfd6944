"""Calls of webhooks: signed, to checked addresses, and what their answers mean for the outbox.

| what happened | the outbox is told |
|---|---|
| 2xx | accepted |
| 3xx | refused: redirects are not followed, they could lead anywhere |
| 408, 425, 5xx | deferred |
| 429, 503 | deferred, for everything that goes to this server; Retry-After is kept to |
| other 4xx | refused |
| no connection, no address, a certificate that is not theirs | deferred, for everything that goes to this server |
| sent, and no answer | uncertain: it may have arrived |
| an address of this machine or its own network, not allowed | refused |
| no secret, no keyring | trouble until a person mends it |

Each call is signed over its time and its body, so that a copy of it is of no use later:
`X-Kanwa-Signature: t=TIME,v1=HEX` with HEX the HMAC-SHA256 of `TIME.BODY` under the secret, TIME in UTC seconds.
On httpcore, the transport of httpx, itself: the seam at which the checked address is called, `NetworkBackend`, is public
there, and httpx would bring along what must not be here: redirects, cookies, proxies of the environment.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Callable
from contextlib import closing
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore

from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.base.time import DAY, Instant
from journeys.channels.channel import (
    Accepted,
    AccountTrouble,
    Deferred,
    Handed,
    Refused,
    Request,
    Uncertain,
    retry_after,
)
from journeys.channels.guarded import Line, NoAddress, PrivateAddress, Resolve, resolved
from journeys.channels.secrets import Secret, get_secret

#: seconds for the connection, for any silence, and for the whole call
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 15.0
WHOLE_SECONDS = 30.0
#: bytes of an answer's body that are read, and thrown away: its status says it all
MOST_READ = 65_536

_LATER = frozenset({408, 425, 429})
_SERVER_WIDE = frozenset({429, 503})


def secret_name(key: str) -> str:
    """Under which name the keyring holds a secret that a webhook names."""
    return f"secret/{key}"


def named_secret(key: str) -> Secret | None:
    """The secret that a webhook names, or nothing. Raises NoKeyring and the like."""
    return get_secret(secret_name(key))


def signature(secret: Secret, content: bytes, *, at: Instant) -> str:
    """The value of the header X-Kanwa-Signature."""
    signed = f"{at}.".encode() + content
    return f"t={at},v1={hmac.digest(secret.reveal().encode(), signed, hashlib.sha256).hex()}"


class Webhooks:
    """Makes calls, each on a line of its own. Safe to share between threads."""

    def __init__(
        self,
        clock: Callable[[], Instant],
        *,
        private_addresses: bool = False,
        secret_of: Callable[[str], Secret | None] = named_secret,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve = resolved,
        seconds: float = WHOLE_SECONDS,
    ) -> None:
        """`private_addresses`: the workspace allows those of this machine and its own network everywhere.

        `trusted` holds the certificates that are believed; else the system's.
        """
        self._clock = clock
        self._private = private_addresses
        self._secret_of = secret_of
        self._trusted = trusted or ssl.create_default_context()
        self._resolve = resolve
        self._seconds = seconds

    def call(self, request: Request) -> Handed:
        """Make one call. Never raises for what the other side does."""
        now = self._clock()
        try:
            headers = self._headers(request, now)
        except KanwaError as problem:
            return AccountTrouble(str(problem))
        if headers is None:
            return AccountTrouble(
                _("There is no secret “{secret}” in the keyring. Give it with: kanwa secret set {secret}").format(
                    secret=request.secret
                )
            )
        line = Line(private=self._private or request.private_addresses, seconds=self._seconds, resolve=self._resolve)
        try:
            return self._ask(request, headers, line, now)
        except PrivateAddress as problem:
            return Refused(
                0,
                _("{address} is this machine or its own network, which is not called unless that is allowed.").format(
                    address=problem.address
                ),
            )
        except NoAddress:
            said = _("The name of the server was not found.")
        except httpcore.ConnectTimeout:
            said = _("The server could not be reached in time.")
        except httpcore.ConnectError as error:
            said = _unreached(error)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            # the line was there, and perhaps the whole call went over it
            return Uncertain(_unanswered(error))
        return Deferred(0, said, retry_after(1), account_wide=True)

    def _headers(self, request: Request, now: Instant) -> list[tuple[bytes, bytes]] | None:
        """None: the secret is not there. Raises NoKeyring and the like."""
        headers = [
            (b"Host", httpcore.URL(request.url).origin.host + _port(request.url)),
            (b"User-Agent", b"Kanwa"),
            (b"Connection", b"close"),
            (b"Idempotency-Key", request.idempotency_key.encode()),
        ]
        if request.content:
            headers += [
                (b"Content-Type", f"{request.content_type}; charset=utf-8".encode()),
                (b"Content-Length", str(len(request.content)).encode()),
            ]
        if request.secret:
            secret = self._secret_of(request.secret)
            if secret is None:
                return None
            headers.append((b"X-Kanwa-Signature", signature(secret, request.content, at=now).encode()))
        return headers

    def _ask(self, request: Request, headers: list[tuple[bytes, bytes]], line: Line, now: Instant) -> Handed:
        silence = min(SILENCE_SECONDS, self._seconds)
        timeouts = {"connect": CONNECT_SECONDS, "read": silence, "write": silence, "pool": CONNECT_SECONDS}
        asked = httpcore.Request(
            request.method, request.url, headers=headers, content=request.content, extensions={"timeout": timeouts}
        )
        connection = httpcore.HTTPConnection(asked.url.origin, ssl_context=self._trusted, network_backend=line)
        with closing(connection):
            answer = connection.handle_request(asked)
            try:
                _read(answer)
                return _verdict(answer, now)
            finally:
                answer.close()


def _read(answer: httpcore.Response) -> None:
    """Let the other side finish, as far as that is small and soon; what it says is not looked at."""
    read = 0
    try:
        for chunk in answer.iter_stream():
            read += len(chunk)
            if read > MOST_READ:
                return
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return


def _verdict(answer: httpcore.Response, now: Instant) -> Handed:
    status = answer.status
    said = _said(status)
    if 200 <= status < 300:
        return Accepted(said)
    if 300 <= status < 400:
        return Refused(status, _("{answer}; redirects are not followed.").format(answer=said))
    if status in _LATER or status >= 500:
        least = max(retry_after(1), _asked_to_wait(answer, now))
        return Deferred(status, said, least, account_wide=status in _SERVER_WIDE)
    return Refused(status, said)


def _said(status: int) -> str:
    """Our own words for the status: those of the server are anybody's."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _asked_to_wait(answer: httpcore.Response, now: Instant) -> int:
    """Seconds that Retry-After asks for, a day at most."""
    given = (
        next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"").decode("latin-1").strip()
    )
    if given.isdecimal():
        return min(int(given[:9]), DAY)
    try:
        return max(0, min(int(parsedate_to_datetime(given).timestamp()) - now, DAY))
    except (ValueError, TypeError, OverflowError):
        return 0


def _port(url: str) -> bytes:
    given = httpcore.URL(url)
    usual = {b"http": 80, b"https": 443}[given.scheme]
    return b"" if given.port in (None, usual) else f":{given.port}".encode()


def _unreached(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return _("The server's certificate is not to be trusted, or it does not speak TLS.")
        cause = cause.__cause__ or cause.__context__
    return _("The server could not be reached.")


def _unanswered(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return _("The call was made, and no answer came in time.")
    return _("The call was made, and the line broke before an answer.")
