"""A real HTTP server on loopback that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Said:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: the line breaks when so many bytes have gone; None: it holds
    breaks_after: int | None = None


class Server:
    """`answers` gives each path its answer, a function of the headers of the request."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Mapping[str, str]], Said]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def says(self, path: str, body: str | bytes = b"", **answer: Any) -> str:
        """Answer so under a path from now on; returns its address."""
        said = Said(body.encode() if isinstance(body, str) else body, **answer)
        self.answers[path] = lambda _headers: said
        return self.url + path


@contextmanager
def serving() -> Iterator[Server]:
    """A server while the block runs."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            said = server.answers.get(self.path, lambda _headers: Said(status=404))(self.headers)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.status != 304:
                self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: said.breaks_after])
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
