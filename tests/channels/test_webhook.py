"""Webhooks against a real server on the loopback."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.base.time import DAY, Instant
from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Refused, Request, Uncertain
from journeys.channels.file_sink import CallSink
from journeys.channels.guarded import is_public
from journeys.channels.hook_server import Answer, Cut, HookServer, Silence
from journeys.channels.secrets import NoKeyring, Secret
from journeys.channels.webhook import Webhooks

NOW = Instant(1_795_345_200)
SECRET = Secret("correct horse")


@pytest.fixture
def server() -> Iterator[HookServer]:
    with HookServer() as made:
        yield made


def request(url: str, **changes: Any) -> Request:
    given = {
        "message_id": 7,
        "url": url,
        "method": "POST",
        "content_type": "application/json",
        "content": b'{"a": 1}',
        "idempotency_key": "store-3-2",
        "secret": "",
        "private_addresses": True,
    }
    return Request(**given | changes)


def caller(**options: Any) -> Webhooks:
    return Webhooks(lambda: NOW, **{"secret_of": lambda _name: SECRET, "seconds": 10.0} | options)


def test_a_call_brings_its_body_and_its_key(server: HookServer) -> None:
    assert caller().call(request(f"{server.url}/hook?x=1")) == Accepted("HTTP 200 OK")
    (call,) = server.calls
    assert (call.method, call.path, call.content) == ("POST", "/hook?x=1", b'{"a": 1}')
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert call.headers["idempotency-key"] == "store-3-2"
    assert call.headers["host"] == f"127.0.0.1:{server.port}"
    assert "x-kanwa-signature" not in call.headers


def test_a_call_is_signed_over_its_time_and_body(server: HookServer) -> None:
    caller().call(request(server.url, secret="shop"))
    expected = hmac.new(b"correct horse", f"{NOW}.".encode() + b'{"a": 1}', hashlib.sha256).hexdigest()
    assert server.calls[0].headers["x-kanwa-signature"] == f"t={NOW},v1={expected}"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_call_without_a_body_sends_none(server: HookServer, method: str) -> None:
    caller().call(request(server.url, method=method, content=b""))
    (call,) = server.calls
    assert (call.method, call.content) == (method, b"")
    assert "content-type" not in call.headers


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (204, Accepted("HTTP 204 No Content")),
        (404, Refused(404, "HTTP 404 Not Found")),
        (410, Refused(410, "HTTP 410 Gone")),
        (408, Deferred(408, "HTTP 408 Request Timeout", 60)),
        (429, Deferred(429, "HTTP 429 Too Many Requests", 60, account_wide=True)),
        (500, Deferred(500, "HTTP 500 Internal Server Error", 60)),
        (503, Deferred(503, "HTTP 503 Service Unavailable", 60, account_wide=True)),
        (599, Deferred(599, "HTTP 599", 60)),
    ],
)
def test_what_each_answer_means(server: HookServer, status: int, verdict: object) -> None:
    server.behave = lambda _call: Answer(status)
    assert caller().call(request(server.url)) == verdict


def test_a_redirect_is_not_followed(server: HookServer) -> None:
    server.behave = lambda _call: Answer(307, {"Location": f"{server.url}/elsewhere"})
    assert caller().call(request(server.url)) == Refused(
        307, "HTTP 307 Temporary Redirect; redirects are not followed."
    )
    assert len(server.calls) == 1


def http_date(at: int) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("120", 120),
        ("5", 60),
        ("99999999999", DAY),
        (http_date(NOW + 300), 300),
        (http_date(NOW - 300), 60),
        ("soon", 60),
        ("", 60),
    ],
)
def test_retry_after_is_kept_to(server: HookServer, given: str, seconds: int) -> None:
    server.behave = lambda _call: Answer(503, {"Retry-After": given})
    handed = caller().call(request(server.url))
    assert isinstance(handed, Deferred)
    assert handed.retry_after == seconds


def test_no_answer_in_time_is_uncertain(server: HookServer) -> None:
    server.behave = lambda _call: Silence()
    assert caller(seconds=0.3).call(request(server.url)) == Uncertain("The call was made, and no answer came in time.")
    assert len(server.calls) == 1


def test_a_line_cut_before_the_answer_is_uncertain(server: HookServer) -> None:
    server.behave = lambda _call: Cut()
    assert caller().call(request(server.url)) == Uncertain("The call was made, and the line broke before an answer.")


def test_an_endless_answer_is_not_read_to_its_end(server: HookServer) -> None:
    server.behave = lambda _call: Answer(200, content=b"x" * 5_000_000)
    assert caller().call(request(server.url)) == Accepted("HTTP 200 OK")


def test_a_server_that_is_not_there_is_tried_again(server: HookServer) -> None:
    with HookServer() as gone:
        url = gone.url
    assert caller().call(request(url)) == Deferred(0, "The server could not be reached.", 60, account_wide=True)


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    assert caller(resolve=nowhere).call(request("http://shop.example/")) == Deferred(
        0, "The name of the server was not found.", 60, account_wide=True
    )


# --- private addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "no address",
    ],
)  # fmt: skip
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_a_private_address_is_refused_and_not_called(server: HookServer) -> None:
    handed = caller().call(request(server.url, private_addresses=False))
    assert handed == Refused(
        0, "127.0.0.1 is this machine or its own network, which is not called unless that is allowed."
    )
    assert server.calls == []


def test_one_private_address_among_public_ones_is_enough(server: HookServer) -> None:
    handed = caller(resolve=lambda _host, _port: ["93.184.216.34", "127.0.0.1"]).call(
        request(f"http://shop.example:{server.port}/", private_addresses=False)
    )
    assert isinstance(handed, Refused)
    assert server.calls == []


def test_the_workspace_may_allow_private_addresses_everywhere(server: HookServer) -> None:
    allowed = caller(private_addresses=True)
    assert allowed.call(request(server.url, private_addresses=False)) == Accepted("HTTP 200 OK")


def test_a_name_is_resolved_once_and_the_address_looked_at_is_called(server: HookServer) -> None:
    """DNS rebinding: a second answer would be another address. 198.51.100.1 leads nowhere."""
    asked: list[tuple[str, int]] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["198.51.100.1"]

    handed = caller(resolve=rebinding).call(request(f"http://shop.example:{server.port}/hook"))
    assert handed == Accepted("HTTP 200 OK")
    assert asked == [("shop.example", server.port)]
    assert server.calls[0].headers["host"] == f"shop.example:{server.port}"


def test_the_next_address_is_tried_where_the_first_does_not_answer(server: HookServer) -> None:
    with HookServer():
        handed = caller(resolve=lambda _host, _port: ["127.0.0.9", "127.0.0.1"]).call(
            request(f"http://shop.example:{server.port}/")
        )
    assert handed == Accepted("HTTP 200 OK")


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of shop.example, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    day = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day - dt.timedelta(days=1))
        .not_valid_after(day + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[HookServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HookServer(tls=context) as made:
        yield made


Local = Callable[[str, int], list[str]]


def test_a_certificate_is_looked_at_under_the_name_called(secure: HookServer, certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    local: Local = lambda _host, _port: ["127.0.0.1"]  # noqa: E731
    good = caller(trusted=trusted, resolve=local).call(request(f"https://shop.example:{secure.port}/"))
    other = caller(trusted=trusted, resolve=local).call(request(f"https://other.example:{secure.port}/"))
    assert good == Accepted("HTTP 200 OK")
    assert other == Deferred(
        0, "The server's certificate is not to be trusted, or it does not speak TLS.", 60, account_wide=True
    )


def test_a_certificate_that_nobody_vouches_for_is_not_believed(secure: HookServer) -> None:
    handed = caller(resolve=lambda _host, _port: ["127.0.0.1"]).call(request(f"https://shop.example:{secure.port}/"))
    assert isinstance(handed, Deferred)
    assert secure.calls == []


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_that_is_not_there_is_trouble_and_says_how_to_give_it(server: HookServer) -> None:
    handed = caller(secret_of=lambda _name: None).call(request(server.url, secret="shop"))
    assert handed == AccountTrouble("There is no secret “shop” in the keyring. Give it with: kanwa secret set shop")
    assert server.calls == []


def test_a_keyring_that_does_not_open_is_trouble(server: HookServer) -> None:
    def shut(_name: str) -> Secret:
        raise NoKeyring

    handed = caller(secret_of=shut).call(request(server.url, secret="shop"))
    assert isinstance(handed, AccountTrouble)
    assert server.calls == []


@pytest.mark.parametrize("behave", [Answer(), Answer(500), Answer(302), Cut()])
def test_nothing_shows_the_secret(server: HookServer, caplog: pytest.LogCaptureFixture, behave: Answer | Cut) -> None:
    caplog.set_level(logging.DEBUG)
    server.behave = lambda _call: behave
    calls = caller()
    asked = request(server.url, secret="shop")
    shown = repr(calls.call(asked)) + repr(asked) + repr(vars(calls)) + caplog.text
    assert "correct horse" not in shown
    # h11 and httpcore log headers at the level of debugging: the signature tells nobody the secret
    assert "correct horse" not in str(server.calls)


def test_a_sink_keeps_the_call_and_makes_none(tmp_path: Path) -> None:
    handed = CallSink(tmp_path).call(request("https://shop.example/hook", secret="shop"))
    (path,) = tmp_path.glob("*.http")
    assert handed == Accepted(str(path))
    assert path.name == "000000007-shop.example.http"
    assert path.read_bytes() == (
        b"POST https://shop.example/hook\r\nIdempotency-Key: store-3-2\r\nContent-Type: application/json\r\n\r\n"
        b'{"a": 1}'
    )
