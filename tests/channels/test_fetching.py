from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from journeys.channels.fetching import CannotFetch, Fetched, Fetcher, checked_url
from tests.http_server import Said, Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def fetch(
    url: str, *, private: bool = True, etag: str | None = None, since: str | None = None, **limits: object
) -> Fetched | None:
    return Fetcher(**limits)(url, etag, since, private)  # type: ignore[arg-type]


def problem(url: str, **how: object) -> str:
    with pytest.raises(CannotFetch) as caught:
        fetch(url, **how)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_document_comes_with_what_to_ask_for_it_by_the_next_time(server: Server) -> None:
    url = server.says("/w", "[]", headers={"ETag": '"1"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})
    assert fetch(url) == Fetched(b"[]", '"1"', "Sun, 22 Nov 2026 10:00:00 GMT")


def test_what_has_not_changed_is_not_sent_again(server: Server) -> None:
    server.answers["/w"] = lambda headers: Said(status=304 if headers.get("If-None-Match") == '"1"' else 500)
    assert fetch(server.url + "/w", etag='"1"', since="Sun, 22 Nov 2026 10:00:00 GMT") is None
    assert server.asked[0][1]["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"


def test_an_address_of_this_machine_is_refused_unless_allowed(server: Server) -> None:
    url = server.says("/w", "[]")
    assert problem(url, private=False) == (
        "127.0.0.1 lies at 127.0.0.1, which is this machine or its own network. It is not called unless the feed allows "
        "private addresses."
    )
    assert server.asked == []


def test_a_name_that_stands_for_a_private_address_is_refused_too(server: Server) -> None:
    url = server.says("/w", "[]").replace("127.0.0.1", "weather.example")
    said = problem(url, private=False, resolve=lambda _host, _port: ["203.0.114.7", "10.0.0.1"])
    assert said.startswith("weather.example lies at 10.0.0.1")


def test_redirects_are_followed_and_checked_anew(server: Server) -> None:
    server.says("/new", "[1]")
    url = server.says("/old", status=302, headers={"Location": "/new"})
    found = fetch(url)
    assert found is not None
    assert found.content == b"[1]"
    away = server.says("/away", status=302, headers={"Location": "file:///etc/passwd"})
    assert problem(away) == (
        "“file:///etc/passwd” is no address of a document; it begins with https:// or http:// and names a server."
    )


def test_redirects_without_end_are_given_up(server: Server) -> None:
    url = server.says("/round", status=302, headers={"Location": "/round"})
    assert problem(url) == "The server 127.0.0.1 sends from one address to another without end."


def test_a_document_that_is_too_large_is_not_read_to_its_end(server: Server) -> None:
    url = server.says("/w", b"x" * 3_000_000)
    assert problem(url, most_bytes=1024 * 1024) == "The document of 127.0.0.1 is larger than 1 MB."


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 503}, "The server 127.0.0.1 answered: HTTP 503 Service Unavailable."),
        ({"body": b"x" * 100, "breaks_after": 10}, "The line to 127.0.0.1 broke before all of it had come."),
    ],
)
def test_what_goes_wrong_is_a_sentence(server: Server, answer: dict[str, object], said: str) -> None:
    url = server.says("/w", **answer)  # type: ignore[arg-type]
    assert problem(url) == said


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert problem(f"http://127.0.0.1:{port}/") == "The server 127.0.0.1 could not be reached."


def test_a_server_that_never_answers_is_given_up_when_the_time_is_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert problem(f"http://127.0.0.1:{port}/", seconds=0.2).startswith(
            "The server 127.0.0.1 did not send all of it"
        )


@pytest.mark.parametrize(
    "url", ["ftp://x/", "https://", "weather", "http://u:p@x/", "http://x:0/", "http://x/ a", "http://ż/"]
)
def test_what_is_no_address_of_a_document_is_refused(url: str) -> None:
    with pytest.raises(CannotFetch, match="is no address of a document"):
        checked_url(url)
