"""Mail by an account: a real conversation with a mail server on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.outgoing import NoAccount, Switchboard
from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.channel import Accepted, AccountTrouble, Mail
from journeys.channels.dkim import DkimKey
from journeys.channels.secrets import set_secret
from journeys.channels.sink_server import Received, SinkServer
from journeys.store.definitions import define_account, define_sender, sign_sender
from journeys.store.store import Store
from journeys.store.tables import account as account_table

Kanwa = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[tuple[SinkServer, list[Received]]]:
    kept: list[Received] = []
    with SinkServer(kept.append, logins={"shop": "geheim"}) as running:
        yield running, kept


@pytest.fixture
def account(
    kanwa: Kanwa,
    workspace: Path,
    server: tuple[SinkServer, list[Received]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    """A workspace with an account whose password lies in an encrypted file, a sender and a template."""
    monkeypatch.setenv("KANWA_KEYRING_KEY", "a passphrase")
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(tmp_path / "keyring.cfg"))
    monkeypatch.setattr("sys.stdin", type("Typed", (), {"readline": lambda self: "geheim\n"})())
    words = ["--host", "127.0.0.1", "--port", server[0].port, "--security", "plain", "--user", "shop"]
    assert kanwa("account", "add", "mail", *words, "--password-stdin").code == 0
    assert (
        kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com", "--account", "mail").code == 0
    )
    assert kanwa("template", "add", "nps-survey").code == 0
    return workspace


def test_an_account_is_used_with_its_password_and_shows_it_nowhere(
    kanwa: Kanwa, account: Path, server: tuple[SinkServer, list[Received]]
) -> None:
    assert kanwa("account", "test", "mail").code == 0
    ran = kanwa("send", "nps-survey", "--test", "anna@example.com")
    assert (ran.code, ran.out) == (0, "The mail “Anna, how did we do?” was taken for anna@example.com.\n")
    [mail] = server[1]
    assert (mail.to, mail.user) == (("anna@example.com",), "shop")
    assert "geheim" not in kanwa("account", "list", "--json").out
    assert b"geheim" not in (account / "store.sqlite").read_bytes()
    assert b"geheim" not in Path(account.parent / "keyring.cfg").read_bytes()


def test_message_ids_carry_the_domain_of_the_account(
    kanwa: Kanwa, account: Path, server: tuple[SinkServer, list[Received]]
) -> None:
    words = ["--host", "127.0.0.1", "--port", server[0].port, "--security", "plain", "--user", "shop"]
    assert kanwa("account", "add", "mail", *words, "--from-domain", "mail.example.com", "--password-stdin").code == 0
    assert kanwa("send", "nps-survey", "--test", "anna@example.com").code == 0
    [mail] = server[1]
    assert re.search(rb"\r\nMessage-ID: <0\.[0-9a-f]{24}@mail\.example\.com>\r\n", mail.content)


def test_each_mail_goes_by_the_account_of_its_sender_which_is_marked_as_used(sqlite_store: Store) -> None:
    taken: dict[str, list[Received]] = {"one": [], "two": []}
    with SinkServer(taken["one"].append) as one, SinkServer(taken["two"].append) as two:
        with sqlite_store.write() as conn:
            for key, server in (("one", one), ("two", two), ("idle", two)):
                settings = Account(key=key, host=server.host, port=server.port, security="plain").settings()
                define_account(conn, key, channel="email", settings=settings)
                if key != "idle":
                    define_sender(conn, key, from_name=key, from_address=f"{key}@example.com", account_key=key)
        board = Switchboard(sqlite_store, lambda: Instant(1_000))
        with board.open() as session:
            for n, key in enumerate(("one", "two", "two")):
                content = b"Subject: Hello\r\n\r\nHello\r\n"
                handed = session.hand_over(Mail(n, f"{key}@example.com", "anna@example.com", content, sender=key))
                assert isinstance(handed, Accepted)
            stranger = session.hand_over(Mail(9, "nobody@example.com", "anna@example.com", b"\r\n"))
    assert isinstance(stranger, AccountTrouble)
    assert stranger.sentence == (
        "The sender “nobody@example.com” has no account. Give it one with kanwa sender add --account."
    )
    assert {key: len(mails) for key, mails in taken.items()} == {"one": 1, "two": 2}
    with sqlite_store.read() as conn:
        used = dict(conn.execute(select(account_table.c.key, account_table.c.used_at)).tuples().all())
    assert used == {"one": 1_000, "two": 1_000, "idle": None}


def test_two_senders_with_one_address_go_each_by_its_own_account(sqlite_store: Store) -> None:
    taken: dict[str, list[Received]] = {"one": [], "two": []}
    with SinkServer(taken["one"].append) as one, SinkServer(taken["two"].append) as two:
        with sqlite_store.write() as conn:
            for key, server in (("one", one), ("two", two)):
                settings = Account(key=key, host=server.host, port=server.port, security="plain").settings()
                define_account(conn, key, channel="email", settings=settings)
                define_sender(conn, key, from_name=key, from_address="shop@example.com", account_key=key)
        with Switchboard(sqlite_store, lambda: Instant(1_000)).open() as session:
            for n, key in enumerate(("one", "two", "one")):
                session.hand_over(Mail(n, "shop@example.com", f"{key}@example.com", b"\r\nHello\r\n", sender=key))
    assert [mail.to for mail in taken["one"]] == [("one@example.com",)] * 2
    assert [mail.to for mail in taken["two"]] == [("two@example.com",)]


def test_a_sender_that_is_added_while_it_runs_is_known_at_the_next_delivery(sqlite_store: Store) -> None:
    taken: list[Received] = []
    mail = Mail(1, "shop@example.com", "anna@example.com", b"\r\nHello\r\n", sender="shop")
    with SinkServer(taken.append) as server:
        with sqlite_store.write() as conn:
            settings = Account(key="mail", host=server.host, port=server.port, security="plain").settings()
            define_account(conn, "mail", channel="email", settings=settings)
        board = Switchboard(sqlite_store, lambda: Instant(1_000))
        with board.open() as session:
            assert isinstance(session.hand_over(mail), AccountTrouble)
        with sqlite_store.write() as conn:
            define_sender(conn, "shop", from_name="Shop", from_address="shop@example.com")
        with board.open() as session:
            assert isinstance(session.hand_over(mail), Accepted)


def test_without_its_key_the_mail_of_a_signed_sender_waits(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KANWA_KEYRING_KEY", "a passphrase")
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(tmp_path / "keyring.cfg"))
    mail = Mail(1, "shop@example.com", "anna@example.com", b"From: shop@example.com\r\n\r\nHello\r\n", sender="shop")
    taken: list[Received] = []
    with SinkServer(taken.append) as server:
        with sqlite_store.write() as conn:
            settings = Account(key="mail", host=server.host, port=server.port, security="plain").settings()
            define_account(conn, "mail", channel="email", settings=settings)
            define_sender(conn, "shop", from_name="Shop", from_address="shop@example.com")
            sign_sender(conn, "shop", domain="example.com", selector="k1")
        board = Switchboard(sqlite_store, lambda: Instant(1_000))
        with board.open() as session:
            trouble = session.hand_over(mail)
        assert isinstance(trouble, AccountTrouble)
        assert "is not in the keyring" in trouble.sentence
        # given meanwhile, it is found at the next delivery
        set_secret("sender/shop/dkim/k1", DkimKey.made().kept())
        with board.open() as session:
            assert isinstance(session.hand_over(mail), Accepted)
    assert taken[0].content.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")


def test_without_an_account_nothing_can_be_sent(sqlite_store: Store) -> None:
    with pytest.raises(NoAccount):
        Switchboard(sqlite_store, lambda: Instant(1_000))


def test_a_wrong_password_is_a_sentence(
    kanwa: Kanwa, account: Path, server: tuple[SinkServer, list[Received]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server[0].logins = {"shop": "another"}
    assert kanwa("account", "test", "mail").code == 1
    ran = kanwa("send", "nps-survey", "--test", "anna@example.com")
    assert ran.code == 1
    assert ran.err.startswith("The mail was not taken. ")
    assert "geheim" not in ran.err
