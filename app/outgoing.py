"""The ways out of a workspace: each mail by the account of its sender, and the keys its links are signed with."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Callable
from dataclasses import replace
from typing import Self

from sqlalchemy import Connection, update

from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_, _
from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.channel import Accepted, AccountTrouble, Handed, Mail, Session
from journeys.channels.dkim import DkimKey, NoKey, Signer, secret_name
from journeys.channels.identity import Identity
from journeys.channels.secrets import KeyringShut, NoKeyring, Secret, get_secret, set_secret
from journeys.channels.smtp import SmtpChannel
from journeys.channels.webhook import named_secret
from journeys.engine.senders import accounts_of, identities, read_senders
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


def known_secrets(journey: Journey) -> frozenset[str] | None:
    """Those of the secrets a journey names that the keyring has; None where there is no keyring to ask."""
    named = {key for kind, key in references_of(journey) if kind == "secret"}
    try:
        return frozenset(key for key in named if named_secret(key) is not None)
    except (NoKeyring, KeyringShut):
        return None


class Switchboard:
    """A channel that signs each mail and hands it to the account of its sender, and notes in the store when one is first
    used."""

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        """Raises NoAccount, and what reading passwords and keys raises."""
        self.clock = clock
        self._store = store
        self._used: set[str] = set()
        self._stale = True
        self._accounts: dict[str, Account] = {}
        self.identities: dict[str, Identity] = {}
        self._refresh()

    def _refresh(self) -> None:
        """Read senders and accounts, and passwords and keys where those have changed or something was wrong with one."""
        with self._store.read() as conn:
            known, accounts = identities(conn), accounts_of(conn)
        if not accounts:
            raise NoAccount
        if not self._stale and (known, accounts) == (self.identities, self._accounts):
            return
        self.lines = {
            key: SmtpChannel(account, get_secret(account.secret_name) if account.user else None)
            for key, account in accounts.items()
        }
        self.signers = {key: _signer(who) for key, who in known.items()}
        self.identities, self._accounts, self._stale = known, accounts, False

    def open(self) -> SwitchboardSession:
        """A session for this thread, by what the store has now. Raises as making the board does."""
        self._refresh()
        return SwitchboardSession(self)

    def look_again(self) -> None:
        """Something was wrong with an account: read passwords and keys anew before the next session."""
        self._stale = True

    def was_used(self, account: str) -> None:
        """Mark an account as one that has carried real mail: the store then refuses a simulated clock."""
        if account in self._used:
            return
        self._used.add(account)
        with self._store.write() as conn:
            conn.execute(
                update(t.account)
                .where(t.account.c.key == account, t.account.c.used_at.is_(None))
                .values(used_at=self.clock())
            )


def _signer(who: Identity) -> Signer | NoKey | None:
    """What signs the mail of a sender; None where it is not signed here. Raises BadDkimKey."""
    if not (who.dkim_domain and who.dkim_selector):
        return None
    kept = get_secret(secret_name(who.key, who.dkim_selector))
    if kept is None:
        return NoKey(who.key)
    leave_out = who.account.rewrites if who.account is not None else ()
    return Signer(who.dkim_domain, who.dkim_selector, DkimKey.read(kept), leave_out)


class SwitchboardSession:
    """One thread's lines, one an account, opened when first needed."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._sessions: dict[str, Session] = {}

    def hand_over(self, mail: Mail) -> Handed:
        board = self._board
        who = board.identities.get(mail.sender)
        if who is None or who.account is None:
            return AccountTrouble(
                _("The sender “{sender}” has no account. Give it one with kanwa sender add --account.").format(
                    sender=mail.sender or mail.envelope_from
                )
            )
        signer = board.signers[mail.sender]
        if isinstance(signer, NoKey):
            board.look_again()
            return signer.trouble
        if signer is not None:
            mail = replace(mail, content=signer.sign(mail.content, at=board.clock()))
        session = self._sessions.get(who.account.key)
        if session is None:
            session = self._sessions[who.account.key] = board.lines[who.account.key].open()
        handed = session.hand_over(mail)
        if isinstance(handed, Accepted):
            board.was_used(who.account.key)
        if isinstance(handed, AccountTrouble):
            board.look_again()
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
    known = read_senders(conn).by_key
    if not key and len(known) == 1:
        key = next(iter(known))
    if not key:
        raise NoSenderNamed
    if key not in known:
        raise UnknownSender(sender=key, suggestion=suggestion(key, known))
    return key, known[key]
