"""`kanwa messages|resolve|retry|suppress|policy|account|sender` as people type them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dkim
import pytest
from sqlalchemy import insert

from app.opened import open_store
from journeys.base.clock import SystemClock
from journeys.base.time import DAY
from journeys.channels.sink_server import Received, SinkServer
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.store import Store

Kanwa = Callable[..., Any]


@pytest.fixture
def store(workspace: Path) -> Any:
    made = open_store(str(workspace / "store.sqlite"), clock=SystemClock())
    yield made
    made.close()


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KANWA_KEYRING_KEY", "a passphrase")
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(tmp_path / "keyring.cfg"))


def put(store: Store, *rows: dict[str, Any]) -> list[int]:
    """Messages of one journey to one contact in the states given."""
    now = SystemClock().now()
    with store.write() as conn:
        (anna,) = contacts.add(conn, [{"email": "anna@example.com"}], now=now, source="test")
        journey = conn.execute(
            insert(t.journey)
            .values(key="welcome", name="Welcome", state="live", state_at=now)
            .returning(t.journey.c.id)
        ).scalar_one()
        given = {
            "journey": journey, "version": 1, "enrollment": 1, "node": "ASKAAAAA", "channel": "email", "contact": anna,
            "template": "hello", "message_class": "service", "made_at": now, "due_at": now, "not_before_at": now,
        }  # fmt: skip
        return [
            conn.execute(insert(t.message).values(given | {"visit": n} | row).returning(t.message.c.id)).scalar_one()
            for n, row in enumerate(rows)
        ]


def test_messages_are_narrowed_by_state_reason_and_contact(kanwa: Kanwa, store: Store) -> None:
    put(
        store,
        {"state": "held", "reason": "cap", "detail": "2 / 7 d"},
        {"state": "failed", "reason": "refused"},
        {"state": "sent", "template": "other"},
    )

    def ids(*words: str) -> list[int]:
        return [row["id"] for row in kanwa("messages", "--json", *words).data]

    assert ids() == [3, 2, 1]
    assert ids("--state", "held", "--state", "sent") == [3, 1]
    assert ids("--reason", "refused") == [2]
    assert ids("--template", "other") == [3]
    assert ids("--contact", "anna@example.com", "--since", "2020-01-01") == [3, 2, 1]
    assert ids("--since", "2999-01-01") == []
    assert ids("--sender", "nobody") == []


def test_messages_for_programs_have_moments_with_their_offset(kanwa: Kanwa, store: Store) -> None:
    put(store, {"state": "held", "reason": "cap"})
    (row,) = kanwa("messages", "--json").data
    assert (row["state"], row["reason"], row["class"], row["ended_at"]) == ("held", "cap", "service", None)
    assert row["made_at"][10] == "T"
    assert "The frequency cap is reached." in kanwa("messages").out


def test_an_unknown_state_names_the_nearest(kanwa: Kanwa, store: Store) -> None:
    ran = kanwa("messages", "--state", "helt")
    assert (ran.code, ran.err.startswith("There is no state “helt”. The nearest is “held”.")) == (2, True)


def test_unknown_messages_are_settled_alone_and_together(kanwa: Kanwa, store: Store) -> None:
    now = SystemClock().now()
    put(
        store,
        {"state": "unknown", "ended_at": now},
        {"state": "unknown", "ended_at": now - 3 * DAY},
        {"state": "unknown", "ended_at": now - 3 * DAY},
    )
    assert kanwa("resolve", 1, "sent").out == "1 message counts as sent.\n"
    assert kanwa("resolve", "--all-older", "2d", "failed", "--json").data == [
        {"id": 2, "state": "failed"},
        {"id": 3, "state": "failed"},
    ]
    assert kanwa("resolve", "--all-older", "36h", "failed").out == "0 messages count as failed.\n"
    assert kanwa("retry", 2, 3).out == "2 messages wait for their turn again.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["1"], "Say which messages:"),
        (["sent"], "Say which messages:"),
        (["1", "sent", "--all-older", "2d"], "Say which messages:"),
        (["1", "delivered"], "Say which messages:"),
        (["1", "sent"], "Message 1 is sent, not unknown"),
        (["7", "failed"], "There is no message 7."),
        (["x", "failed"], "There is no message x."),
        (["--all-older", "soon", "failed"], "“soon” is no age."),
    ],
)
def test_what_cannot_be_settled_is_said(kanwa: Kanwa, store: Store, words: list[str], sentence: str) -> None:
    put(store, {"state": "sent"})
    ran = kanwa("resolve", *words)
    assert (ran.code, ran.err.startswith(sentence)) == (2, True), ran.err


def test_an_unknown_message_is_not_tried_again(kanwa: Kanwa, store: Store) -> None:
    put(store, {"state": "unknown", "ended_at": SystemClock().now()})
    ran = kanwa("retry", 1)
    assert (ran.code, ran.err) == (
        2,
        "Whether message 1 arrived is not known, so it is not tried again. Find out, and say so first: "
        "kanwa resolve 1 failed\n",
    )


def test_an_address_is_suppressed_and_released(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("suppress", "Anna@Example.com", "--reason", "asked by phone").code == 0
    assert kanwa("suppress", "anna@example.com", "--check").out == "anna@example.com is on the list: asked by phone.\n"
    assert kanwa("suppress", "anna@example.com", "--release").code == 0
    assert kanwa("suppress", "anna@example.com", "--check", "--json").data == {"anna@example.com": None}
    assert kanwa("suppress", "anna@example.com", "--release").code == 2


def test_a_draft_has_policies_of_its_own(kanwa: Kanwa, workspace: Path) -> None:
    draft = workspace / "journeys" / "welcome.journey"
    draft.parent.mkdir(exist_ok=True)
    source = Path(__file__).parents[2] / "resources" / "journeys" / "welcome.journey"
    draft.write_bytes(source.read_bytes())
    assert kanwa("policy", "set", "--journey", "welcome", "--at-most", 1, "--days", 2).code == 0
    assert '"at_most": 1' in draft.read_text(encoding="utf-8")
    assert '"from": "21:00"' in draft.read_text(encoding="utf-8")
    listed = kanwa("policy", "list", "--json").data
    assert [(row["kind"], row["journey"], row["draft"]) for row in listed] == [
        ("cap", "Welcome series", True),
        ("quiet_hours", "Welcome series", True),
    ]
    assert "from the next publishing on" in kanwa("policy", "list").out
    assert kanwa("policy", "remove", "cap", "--journey", "welcome").code == 0
    assert kanwa("policy", "remove", "cap", "--journey", "welcome").code == 2
    assert draft.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("words", [["--at-most", "3"], ["--days", "3"], ["--quiet", "21:00-08:00", "--days", "3"], []])
def test_half_a_policy_is_none(kanwa: Kanwa, workspace: Path, words: list[str]) -> None:
    assert kanwa("policy", "set", *words).err.startswith("Give the rule:")


def test_an_account_takes_the_limits_of_its_preset_and_others_where_given(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("account", "add", "one", "--preset", "outlook").code == 0
    assert kanwa("account", "add", "two", "--preset", "outlook", "--per-day", 99, "--per-minute", 0).code == 0
    one, two = kanwa("account", "list", "--json").data
    assert one["limits"] == {"minute": {"used": 0, "at_most": 30}, "day": {"used": 0, "at_most": 10_000}}
    assert two["limits"] == {"day": {"used": 0, "at_most": 99}}
    assert "0 of 30 a minute" in kanwa("account", "list").out


@pytest.mark.usefixtures("keyring")
def test_the_mail_of_a_sender_is_signed_by_a_key_that_lies_in_the_keyring_only(kanwa: Kanwa, workspace: Path) -> None:
    kept: list[Received] = []
    with SinkServer(kept.append) as server:
        words = ["--host", "127.0.0.1", "--port", server.port, "--security", "plain", "--verp"]
        assert kanwa("account", "add", "mail", *words, "--return-path", "bounces@shop.com").code == 0
        assert kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@shop.com").code == 0
        assert kanwa("template", "add", "nps-survey").code == 0
        published = kanwa("sender", "dkim", "shop", "--selector", "k1", "--generate", "--json").data
        assert kanwa("sender", "dkim", "shop", "--selector", "k1", "--json").data == published
        assert kanwa("send", "nps-survey", "--test", "anna@example.com").code == 0
    assert published["name"] == "k1._domainkey.shop.com"
    (mail,) = kept

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return published["value"].encode() if name == b"k1._domainkey.shop.com." else None

    assert dkim.verify(mail.content, dnsfunc=dns)
    assert kanwa("sender", "check").code == 0
    assert b"PRIVATE" not in (workspace / "store.sqlite").read_bytes()
    assert "PRIVATE" not in kanwa("sender", "list", "--json").out


@pytest.mark.usefixtures("keyring")
def test_a_key_is_never_overwritten_nor_made_unasked(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("account", "add", "mail", "--host", "smtp.shop.com").code == 0
    assert kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@shop.com").code == 0
    ran = kanwa("sender", "dkim", "shop", "--selector", "k1")
    assert ran.err.startswith("There is no key of “shop” under the selector k1 in the keyring.")
    assert kanwa("sender", "dkim", "shop", "--selector", "k1", "--generate").out.count("k1._domainkey.shop.com.") == 1
    ran = kanwa("sender", "dkim", "shop", "--selector", "k1", "--generate")
    assert (ran.code, ran.err.startswith("There is a key under the selector k1 already.")) == (2, True)


def test_what_speaks_against_a_sender_is_said_when_it_is_added(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("account", "add", "mail", "--host", "smtp.provider.com").code == 0
    ran = kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@gmail.com")
    assert (ran.code, "shop@gmail.com is a mailbox of gmail.com" in ran.err) == (0, True)
    assert kanwa("sender", "check").code == 1
    assert kanwa("sender", "check", "--json").data["senders"]["shop"][0]["id"] == "free-mailbox"


def test_the_return_path_of_an_account_must_be_an_address(kanwa: Kanwa, workspace: Path) -> None:
    ran = kanwa("account", "add", "mail", "--host", "smtp.shop.com", "--return-path", "no address")
    assert (ran.code, "“no address” is no address that bounces can go to." in ran.err) == (2, True)
