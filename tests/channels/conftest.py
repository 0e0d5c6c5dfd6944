"""Mail servers to speak with: the sink with its rules, and one that reads its lines from a script."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from journeys.channels.account import Account
from journeys.channels.channel import Mail
from journeys.channels.conversation import Timeouts
from journeys.channels.secrets import Secret
from journeys.channels.sink_server import Received, SinkServer
from journeys.channels.smtp import SmtpChannel

CONTENT = b"Subject: Hello\r\nFrom: shop@shop.test\r\n\r\nGood morning.\r\n"
#: for servers that are meant to answer
PATIENT = Timeouts(connect=10, answer=10, content=10, after_dot=10, quit=2)
#: for servers that are meant to be silent
HASTY = Timeouts(connect=0.3, answer=0.3, content=0.3, after_dot=0.3, quit=0.3)


@pytest.fixture
def mail() -> Callable[..., Mail]:
    """Makes a mail; only what matters need be named."""

    def make(
        to: str = "anna@example.test", content: bytes = CONTENT, sender: str = "bounce@shop.test", message_id: int = 1
    ) -> Mail:
        return Mail(message_id, sender, to, content)

    return make


@pytest.fixture
def inbox() -> list[Received]:
    """What the sink has kept."""
    return []


@pytest.fixture
def sink(inbox: list[Received]) -> Iterator[Callable[..., SinkServer]]:
    """Starts a sink that keeps into the inbox."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(SinkServer(options.pop("keep", inbox.append), **options))


@pytest.fixture
def channel() -> Callable[..., SmtpChannel]:
    """A channel to a server of ours."""

    def make(
        server: Any, *, password: str | None = None, timeouts: Timeouts = PATIENT, context: Any = None, **settings: Any
    ) -> SmtpChannel:
        given = {"host": "127.0.0.1", "port": server.port, "security": "plain", **settings}
        options = {name: given.pop(name) for name in ("mails_per_line", "idle_seconds", "monotonic") if name in given}
        account = Account.read("shop", given)
        secret = None if password is None else Secret(password)
        return SmtpChannel(account, secret, timeouts=timeouts, context=context, **options)

    return make


class Script:
    """A server that plays one list of answers a connection: each is sent when the next command line has come in.

    The first is the greeting. `None` closes the line; a `float` reads and says nothing more; the content of a mail counts as
    one command. Commands are kept in `heard`.
    """

    def __init__(self, *conversations: Sequence[str | float | None]) -> None:
        self._conversations = conversations
        self.heard: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _play(self) -> None:
        for conversation in self._conversations:
            with suppress(OSError):
                line, _peer = self._socket.accept()
                with line, line.makefile("rb") as reader:
                    self._converse(line, reader, conversation)

    def _converse(self, line: socket.socket, reader: Any, conversation: Sequence[str | float | None]) -> None:
        last = ""
        for number, answer in enumerate(conversation):
            if isinstance(answer, float):
                self._ended.wait()
                return
            if number:
                heard = self._hear(reader, content=last.startswith("354"))
                if not heard:
                    return
                self.heard.append(heard)
            if answer is None:
                return
            line.sendall(answer.encode() + b"\r\n")
            last = answer

    def _hear(self, reader: Any, *, content: bool) -> str:
        lines = [reader.readline()]
        while content and lines[-1] not in (b".\r\n", b""):
            lines.append(reader.readline())
        return b"".join(lines).decode("utf-8", "replace").rstrip("\r\n")


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """Starts a server that plays the given conversations."""
    with ExitStack() as stack:

        def start(*conversations: Sequence[str | float | None]) -> Script:
            made = Script(*conversations)
            stack.callback(made.stop)
            return made

        yield start


class Certificate:
    """A self-signed certificate and the two sides that use it."""

    def __init__(self, folder: Path, *, name: str, days: int) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=60))
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.path = folder / f"{name}-{days}.pem"
        self.path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    @property
    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context

    @property
    def client(self) -> ssl.SSLContext:
        """Trusts this certificate."""
        return ssl.create_default_context(cafile=str(self.path))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), name="localhost", days=30)


@pytest.fixture(scope="session")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), name="localhost", days=-1)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Valid, for another host."""
    return Certificate(tmp_path_factory.mktemp("tls"), name="mail.elsewhere.test", days=30)


@pytest.fixture
def hasty() -> Timeouts:
    return HASTY


@pytest.fixture
def unheard_port() -> Iterator[Any]:
    """A port nobody listens on: bound, not listening, so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))

        class Nobody:
            port = held.getsockname()[1]

        yield Nobody
