"""A web server on this machine that takes the calls of webhooks: for the demo, for a first look, and for tests."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias

#: largest body that is taken
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Called:
    """One call as it came in; names of headers in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Silence:
    """The server takes the call and never answers, until it is stopped."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The server takes the call and closes the line without a word."""


Behave: TypeAlias = Callable[[Called], Answer | Silence | Cut]


class HookServer:
    """Runs while the context is open, on a port of its own on the loopback; keeps every call in `calls`."""

    def __init__(self, behave: Behave = lambda _call: Answer(), *, tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.calls: list[Called] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: HookServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        owner = self.server.owner
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Called(self.command, self.path, headers, self.rfile.read(length))
        owner.calls.append(call)
        match owner.behave(call):
            case Silence():
                owner.stopping.wait()
            case Cut():
                pass
            case Answer() as answer:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of the library

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing; the calls are kept."""
