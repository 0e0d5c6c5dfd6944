"""Who messages come from, and by which account: read from the store, where people may change both at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_
from journeys.channels.account import Account
from journeys.channels.identity import Identity
from journeys.engine.allowances import Limits
from journeys.messages.context import Sender
from journeys.store import tables as t


class NoSender(KanwaError):
    """A message without anybody it could come from."""

    text = N_("The workspace has no sender that the message could come from. Add one under Settings, Senders.")


class UnknownSender(NoSender):
    """A send that names a sender that is not there."""

    text = N_(
        "There is no sender “{sender}” in the workspace.{suggestion} Add it under Settings, Senders, or choose another "
        "in the send."
    )


class SenderNotNamed(NoSender):
    """A send that leaves open which of several senders it means."""

    text = N_("The workspace has more than one sender: {senders}. Choose one of them in the send.")


@dataclass(frozen=True, slots=True)
class Senders:
    """The senders of a store with their accounts."""

    by_key: Mapping[str, Sender]
    #: sender → its account; None: it names none, and there are several or none at all
    account_of: Mapping[str, str | None]
    #: account → its settings as kept
    accounts: Mapping[str, Mapping[str, Any]]

    def named(self, key: str) -> str:
        """That key, or without one the key of the only sender there is. Raises NoSender."""
        if not self.by_key:
            raise NoSender
        if not key and len(self.by_key) > 1:
            raise SenderNotNamed(senders=", ".join(sorted(self.by_key)))
        key = key or next(iter(self.by_key))
        if key not in self.by_key:
            raise UnknownSender(sender=key, suggestion=suggestion(key, self.by_key))
        return key

    def limits(self, key: str) -> Limits | None:
        """How much the account of a sender (as `named` reads it) may carry; None: as much as it likes."""
        try:
            account = self.account_of[self.named(key)]
        except NoSender:
            return None
        return Limits.of(account, self.accounts[account]) if account is not None else None


def read_senders(conn: Connection) -> Senders:
    """The senders and accounts as the store has them now."""
    rows = conn.execute(select(t.account).where(t.account.c.channel == "email").order_by(t.account.c.key))
    accounts = {row.key: row.settings for row in rows}
    # a sender that names no account goes by the only one there is
    only = next(iter(accounts)) if len(accounts) == 1 else None
    by_key: dict[str, Sender] = {}
    account_of: dict[str, str | None] = {}
    for row in conn.execute(select(t.sender).order_by(t.sender.c.key)):
        account_of[row.key] = row.account or only
        settings = accounts.get(row.account or only, {})
        by_key[row.key] = Sender(
            email=row.from_address,
            name=row.from_name,
            reply_to=row.reply_to or "",
            address=row.postal_address,
            domain=settings.get("from_domain", ""),
            return_path=settings.get("return_path") or row.from_address,
            verp=settings.get("verp", False),
        )
    return Senders(by_key, account_of, accounts)


def accounts_of(conn: Connection) -> dict[str, Account]:
    """The mail accounts by key. Raises InvalidAccount."""
    rows = conn.execute(select(t.account).where(t.account.c.channel == "email").order_by(t.account.c.key))
    return {row.key: Account.read(row.key, row.settings) for row in rows}


def identities(conn: Connection) -> dict[str, Identity]:
    """Who mail comes from, by key of the sender, with the account that carries it."""
    accounts = accounts_of(conn)
    only = next(iter(accounts.values())) if len(accounts) == 1 else None
    return {
        row.key: Identity(
            key=row.key,
            address=row.from_address,
            account=only if row.account is None else accounts.get(row.account),
            dkim_domain=row.dkim_domain or "",
            dkim_selector=row.dkim_selector or "",
        )
        for row in conn.execute(select(t.sender).order_by(t.sender.c.key))
    }
