"""Fetching a document over HTTP: asked only whether it is new, within limits of size and time, from checked addresses.

On httpcore, the transport of httpx, itself: the seam at which the checked address is called is public there, and httpx
would bring along what must not be here: cookies, proxies of the environment.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

import httpcore

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.channels.guarded import Line, NoAddress, PrivateAddress, Resolve, resolved

#: seconds for the connection, for any silence, and for the whole call with its redirects
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 15.0
WHOLE_SECONDS = 30.0
#: bytes of a document
MOST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 5


class CannotFetch(KanwaError):
    """A document that could not be fetched this time."""


class BadAddress(CannotFetch):
    text = N_("“{url}” is no address of a document; it begins with https:// or http:// and names a server.")


class PrivateServer(CannotFetch):
    text = N_(
        "{host} lies at {address}, which is this machine or its own network. It is not called unless the feed allows "
        "private addresses."
    )


class NoSuchServer(CannotFetch):
    text = N_("The server {host} was not found.")


class Unreachable(CannotFetch):
    text = N_("The server {host} could not be reached.")


class NoTrust(CannotFetch):
    text = N_("The certificate of {host} is not to be trusted, or it does not speak TLS.")


class TooSlow(CannotFetch):
    text = N_("The server {host} did not send all of it within {seconds} seconds.")


class BrokenOff(CannotFetch):
    text = N_("The line to {host} broke before all of it had come.")


class WrongStatus(CannotFetch):
    text = N_("The server {host} answered: {status}.")


class TooManyRedirects(CannotFetch):
    text = N_("The server {host} sends from one address to another without end.")


class TooLarge(CannotFetch):
    text = N_("The document of {host} is larger than {most} MB.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, and by what to ask for it the next time."""

    content: bytes
    etag: str | None
    last_modified: str | None


#: (url, etag, last_modified, private) → the document; None: it is as it was. Raises CannotFetch
Fetch: TypeAlias = Callable[[str, str | None, str | None, bool], Fetched | None]


class Fetcher:
    """Fetches documents, each on a line of its own. Safe to share between threads."""

    def __init__(
        self,
        *,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve = resolved,
        seconds: float = WHOLE_SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`trusted` holds the certificates that are believed; else the system's."""
        self._trusted = trusted
        self._resolve = resolve
        self._seconds = seconds
        self._most = most_bytes

    def __call__(self, url: str, etag: str | None, last_modified: str | None, private: bool) -> Fetched | None:
        """The document, or None where it is as it was under that ETag or date. Raises CannotFetch.

        `private`: addresses of this machine and its own network may be called too. Every redirect is checked anew.
        """
        line = Line(private=private, seconds=self._seconds, resolve=self._resolve)
        for _step in range(MOST_REDIRECTS + 1):
            found = self._ask(checked_url(url), etag, last_modified, line)
            if not isinstance(found, str):
                return found
            url = urljoin(url, found)
        raise TooManyRedirects(host=_host(url))

    def _ask(self, url: str, etag: str | None, last_modified: str | None, line: Line) -> Fetched | str | None:
        """One call; text is the address that it redirects to."""
        host = _host(url)
        try:
            return self._call(url, etag, last_modified, line)
        except PrivateAddress as problem:
            raise PrivateServer(host=host, address=problem.address) from None
        except NoAddress:
            raise NoSuchServer(host=host) from None
        except httpcore.TimeoutException:
            raise TooSlow(host=host, seconds=int(self._seconds)) from None
        except httpcore.ConnectError as error:
            raise (NoTrust if _is_tls(error) else Unreachable)(host=host) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise BrokenOff(host=host) from None

    def _call(self, url: str, etag: str | None, last_modified: str | None, line: Line) -> Fetched | str | None:
        silence = min(SILENCE_SECONDS, self._seconds)
        timeouts = {"connect": CONNECT_SECONDS, "read": silence, "write": silence, "pool": CONNECT_SECONDS}
        headers = {"Host": urlsplit(url).netloc.rpartition("@")[2], "User-Agent": "Kanwa", "Connection": "close"}
        # a document that says nothing twice need not be packed
        headers |= {"Accept": "application/json, text/csv;q=0.9, */*;q=0.1", "Accept-Encoding": "identity"}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        request = httpcore.Request(
            "GET",
            url,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            extensions={"timeout": timeouts},
        )
        trusted = self._trusted or ssl.create_default_context()
        with closing(httpcore.HTTPConnection(request.url.origin, ssl_context=trusted, network_backend=line)) as way:
            answer = way.handle_request(request)
            try:
                return self._document(answer, _host(url))
            finally:
                answer.close()

    def _document(self, answer: httpcore.Response, host: str) -> Fetched | str | None:
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        if 300 <= answer.status < 400 and given.get("location"):
            return given["location"]
        if not 200 <= answer.status < 300:
            raise WrongStatus(host=host, status=_status(answer.status))
        content = bytearray()
        for chunk in answer.iter_stream():
            content += chunk
            if len(content) > self._most:
                raise TooLarge(host=host, most=self._most // (1024 * 1024))
        return Fetched(bytes(content), given.get("etag"), given.get("last-modified"))


def checked_url(url: str) -> str:
    """The address itself. Raises BadAddress for what is none, or carries a password."""
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        raise BadAddress(url=url[:200]) from None
    right = parts.scheme in ("http", "https") and parts.hostname and port_is_one and parts.username is None
    if not right or not url.isascii() or any(sign <= " " for sign in url):
        raise BadAddress(url=url[:200])
    return url


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _status(status: int) -> str:
    """Our own words for the status: those of the server are anybody's."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
