"""The ways out of a workspace: each mail by the account of its sender, and the keys its links are signed with."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select, update

from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_, _
from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.channel import Accepted, AccountTrouble, Channel, Handed, Mail, Session
from journeys.channels.secrets import KeyringShut, NoKeyring, Secret, get_secret, set_secret
from journeys.channels.smtp import SmtpChannel
from journeys.channels.webhook import named_secret
from journeys.engine.letters import senders
from journeys.graph.journey import Journey, references_of
from journeys.messages.context import Sender
from journeys.messages.links import LinkKeys
from journeys.store import tables as t
from journeys.store.store import Store

_LINK_KEYS = "link-keys"


class NoAccount(KanwaError):
    """Nothing can be sent."""

    text = N_(
        "There is no account to send by. Add one with kanwa account add, or write the mail to a folder with --sink."
    )


class UnknownSender(UsageError):
    text = N_("There is no sender “{sender}”.{suggestion}")


class NoSenderNamed(UsageError):
    text = N_("There is no sender, or more than one: add one with kanwa sender add, or name one with --sender.")


def link_keys() -> LinkKeys:
    """The keys that links are signed with, from the keyring; made at the first need. Raises NoKeyring and the like."""
    kept = get_secret(_LINK_KEYS)
    if kept is None:
        keys = LinkKeys("1", {"1": random.token_bytes(32)})
        text = json.dumps({"current": keys.current, "secrets": {"1": keys.secrets["1"].hex()}})
        set_secret(_LINK_KEYS, Secret(text))
        return keys
    stored = json.loads(kept.reveal())
    return LinkKeys(stored["current"], {name: bytes.fromhex(secret) for name, secret in stored["secrets"].items()})


def passing_link_keys() -> LinkKeys:
    """Keys for a run whose mail reaches nobody."""
    return LinkKeys("sink", {"sink": random.token_bytes(32)})


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a store and who sends by which."""

    by_key: Mapping[str, Account]
    #: address of the sender → key of its account
    of_address: Mapping[str, str | None]

    def of(self, address: str) -> Account | None:
        """The account that mail from this address goes by: its sender's, else the only one there is."""
        key = self.of_address.get(address)
        if key is None and len(self.by_key) == 1:
            return next(iter(self.by_key.values()))
        return self.by_key.get(key or "")


def accounts_of(conn: Connection) -> Accounts:
    """The accounts as the store has them now."""
    accounts = {row.key: Account.read(row.key, row.settings) for row in conn.execute(select(t.account))}
    senders = conn.execute(select(t.sender.c.from_address, t.sender.c.account).order_by(t.sender.c.key))
    return Accounts(accounts, {row.from_address: row.account for row in senders})


def known_secrets(journey: Journey) -> frozenset[str] | None:
    """Those of the secrets a journey names that the keyring has; None where there is no keyring to ask."""
    named = {key for kind, key in references_of(journey) if kind == "secret"}
    try:
        return frozenset(key for key in named if named_secret(key) is not None)
    except (NoKeyring, KeyringShut):
        return None


class Switchboard:
    """A channel that hands each mail to the account of its sender, and notes in the store when one is first used."""

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        """Raises NoAccount, and what reading the passwords raises."""
        with store.read() as conn:
            self.accounts = accounts_of(conn)
        if not self.accounts.by_key:
            raise NoAccount
        self._store = store
        self._clock = clock
        self._used: set[str] = set()
        self.channels = {
            key: SmtpChannel(account, get_secret(account.secret_name) if account.user else None)
            for key, account in self.accounts.by_key.items()
        }

    def open(self) -> SwitchboardSession:
        return SwitchboardSession(self)

    def was_used(self, account: str) -> None:
        """Mark an account as one that has carried real mail: the store then refuses a simulated clock."""
        if account in self._used:
            return
        self._used.add(account)
        with self._store.write() as conn:
            conn.execute(
                update(t.account)
                .where(t.account.c.key == account, t.account.c.used_at.is_(None))
                .values(used_at=self._clock())
            )


class SwitchboardSession:
    """One thread's lines, one an account, opened when first needed."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._sessions: dict[str, Session] = {}

    def hand_over(self, mail: Mail) -> Handed:
        account = self._board.accounts.of(mail.envelope_from)
        if account is None:
            return AccountTrouble(
                _("The sender {address} has no account. Give it one with kanwa sender add --account.").format(
                    address=mail.envelope_from
                )
            )
        session = self._sessions.get(account.key)
        if session is None:
            session = self._sessions[account.key] = self._board.channels[account.key].open()
        handed = session.hand_over(mail)
        if isinstance(handed, Accepted):
            self._board.was_used(account.key)
        return handed

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def sender_of(conn: Connection, key: str) -> tuple[str, Sender]:
    """(key, identity) of a sender, or of the only one there is. Raises UnknownSender, NoSenderNamed."""
    known = senders(conn)
    if not key and len(known) == 1:
        key = next(iter(known))
    if not key:
        raise NoSenderNamed
    if key not in known:
        raise UnknownSender(sender=key, suggestion=suggestion(key, known))
    return key, known[key]


def channel_of_sender(conn: Connection, key: str) -> Channel:
    """The way out of one sender. Raises UnknownSender, NoAccount."""
    _key, who = sender_of(conn, key)
    account = accounts_of(conn).of(who.email)
    if account is None:
        raise NoAccount
    return SmtpChannel(account, get_secret(account.secret_name) if account.user else None)
