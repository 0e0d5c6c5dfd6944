"""`kanwa secret …`, `kanwa policy webhooks`, and a journey that calls."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeys.channels.hook_server import HookServer
from journeys.channels.secrets import get_secret
from journeys.graph.file import save
from journeys.graph.journey import Journey
from tests.engine.conftest import build

Kanwa = Callable[..., Any]


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An encrypted file of the test's own."""
    file = tmp_path / "keyring.cfg"
    monkeypatch.setenv("KANWA_KEYRING_KEY", "a passphrase")
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(file))
    return file


def give(kanwa: Kanwa, monkeypatch: pytest.MonkeyPatch, name: str, secret: str) -> Any:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
    return kanwa("secret", "set", name, "--stdin")


def calling(url: str, **settings: Any) -> Journey:
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "call": ("webhook", {"url": url, "secret": "shop"} | settings),
        "exit": ("exit", {"reason": "told"}),
    }
    return build(nodes, [("in", "in", "call"), ("call", "ok", "exit"), ("call", "failed", "exit")], id="tell")


def test_a_secret_is_kept_in_the_keyring_under_its_name(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch, keyring: Path
) -> None:
    ran = give(kanwa, monkeypatch, "shop", "geheim")
    assert (ran.code, ran.out) == (0, "The secret “shop” is kept in the keyring.\n")
    found = get_secret("secret/shop")
    assert found is not None
    assert found.reveal() == "geheim"
    assert b"geheim" not in keyring.read_bytes()
    assert kanwa("secret", "remove", "shop").code == 0
    assert get_secret("secret/shop") is None


def test_a_name_with_slashes_is_taken_as_it_is(kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(kanwa, monkeypatch, "account/main/password", "geheim")
    assert get_secret("account/main/password") is not None


def test_no_secret_is_wrong_use(kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = give(kanwa, monkeypatch, "shop", "")
    assert (ran.code, ran.err) == (2, "No secret was given. Type it, or give it on standard input with --stdin.\n")


def test_a_check_asks_the_keyring_for_the_secrets_a_journey_names(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(calling("https://shop.example/hook"), workspace / "journeys" / "tell.journey")
    assert "There is no secret “shop”." in kanwa("check", "tell").out
    give(kanwa, monkeypatch, "shop", "geheim")
    assert kanwa("check", "tell").out == "Nothing is wrong with it.\n"


def test_a_check_tries_the_body(kanwa: Kanwa, workspace: Path) -> None:
    journey = calling("https://shop.example/hook", secret=None, body="{{ contact.emial|tojson }}")
    save(journey, workspace / "journeys" / "tell.journey")
    ran = kanwa("check", "tell")
    assert ran.code == 1
    assert "call/body, line 1: there is no “emial” here. The nearest is “email”." in ran.out


def test_calls_go_to_files_with_a_sink_and_to_the_server_without(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(kanwa, monkeypatch, "shop", "geheim")
    (workspace / "people.csv").write_text("email\nanna@example.com\njan@example.com\n", encoding="utf-8")
    assert kanwa("contacts", "import", "people.csv").code == 0
    with HookServer() as server:
        save(calling(f"{server.url}/hook"), workspace / "journeys" / "tell.journey")
        # the address is private: a warning, and no call without leave
        assert kanwa("publish", "tell").code == 0
        assert kanwa("enroll", "tell", "--contact", "anna@example.com").code == 0
        ran = kanwa("run", "--once", "--sink", "out")
        assert ran.code == 0, ran.err
        (file,) = (workspace / "out").glob("*.http")
        assert "geheim" not in file.read_text()
        assert server.calls == []
        kanwa("account", "add", "main", "--host", "127.0.0.1", "--port", "9", "--security", "plain")
        assert kanwa("policy", "webhooks", "--private").out == "The policy is set.\n"
        assert kanwa("enroll", "tell", "--contact", "jan@example.com").code == 0
        ran = kanwa("run", "--once")
        assert ran.code == 0, ran.err
    (call,) = server.calls
    assert json.loads(call.content)["contact"]["email"] == "jan@example.com"
    assert "x-kanwa-signature" in call.headers
    said = kanwa("messages", "--json")
    assert [(one["channel"], one["state"]) for one in said.data] == [("webhook", "sent"), ("webhook", "sent")]
    assert "geheim" not in said.out
