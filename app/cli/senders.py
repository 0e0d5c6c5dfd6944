"""`kanwa account|sender …`: the ways out, and who messages come from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import Column, grouped, iso
from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from journeys.channels.identity import Doubt

app = typer.Typer()
_account = typer.Typer(help=_("Mail servers that messages are handed to."), no_args_is_help=True)
_sender = typer.Typer(help=_("The identities that messages come from."), no_args_is_help=True)
app.add_typer(_account, name="account")
app.add_typer(_sender, name="sender")


class DkimKeyExists(UsageError):
    text = N_(
        "There is a key under the selector {selector} already. Make the new one under another selector, and leave the old record in the DNS for a week."
    )


class NoDkimKey(UsageError):
    text = N_(
        "There is no key of “{sender}” under the selector {selector} in the keyring. Have one made with --generate, or give one with --key-stdin."
    )


class NoHost(UsageError):
    text = N_("An account needs --host, such as smtp.example.com, or --preset.")


@_account.command("add", help=_("Define an account, or change it; the password goes to the keyring."))
@in_workspace
def add_account(
    here: Here,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("Its key, such as shop-mail."))],
    *,
    preset: Annotated[str, typer.Option(help=_("A provider that is known, such as gmail or amazon-ses."))] = "",
    host: Annotated[str, typer.Option(help=_("Name of the mail server."))] = "",
    port: Annotated[int | None, typer.Option(help=_("587 goes with starttls, 465 with tls."))] = None,
    security: Annotated[str, typer.Option(help=_("starttls, tls or plain."))] = "",
    user: Annotated[str, typer.Option(help=_("Who logs in; nobody if left out."))] = "",
    from_domain: Annotated[str, typer.Option(help=_("Domain of message ids; else that of the sender."))] = "",
    ehlo_name: Annotated[str, typer.Option(help=_("The name this machine greets with."))] = "",
    return_path: Annotated[str, typer.Option(metavar="ADDRESS", help=_("Where bounces go; else to the sender."))] = "",
    verp: Annotated[
        bool | None, typer.Option("--verp/--no-verp", help=_("Bounces go to an address that names the message."))
    ] = None,
    per_second: Annotated[int | None, typer.Option(min=0, help=_("Messages a second at most; 0: no limit."))] = None,
    per_minute: Annotated[int | None, typer.Option(min=0, help=_("Messages a minute at most; 0: no limit."))] = None,
    per_hour: Annotated[int | None, typer.Option(min=0, help=_("Messages an hour at most; 0: no limit."))] = None,
    per_day: Annotated[int | None, typer.Option(min=0, help=_("Messages a day at most; 0: no limit."))] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=_("Read the password from standard input."))
    ] = False,
) -> None:
    from journeys.channels.account import Account
    from journeys.channels.presets import preset as known_preset
    from journeys.channels.secrets import Secret, set_secret
    from journeys.store.definitions import define_account

    settings: dict[str, Any] = {}
    if preset:
        settings = known_preset(preset).settings()
    elif not host:
        raise NoHost
    given = {
        "host": host,
        "port": port,
        "security": security,
        "user": user,
        "from_domain": from_domain,
        "ehlo_name": ehlo_name,
        "return_path": return_path,
        "verp": verp,
    }
    settings |= {name: value for name, value in given.items() if value not in ("", None)}
    limits = {"per_second": per_second, "per_minute": per_minute, "per_hour": per_hour, "per_day": per_day}
    settings |= {name: most or None for name, most in limits.items() if most is not None}
    account = Account.read(key, settings)
    if account.user:
        password = asked_secret(_("Password of {user}").format(user=account.user), from_stdin=password_stdin)
        if password:
            set_secret(account.secret_name, Secret(password))
    with here.store.write() as conn:
        define_account(conn, account.key, channel="email", settings=account.settings())
    here.out.result(
        _("The account “{key}” hands mail to {host}.").format(key=account.key, host=account.host),
        {"key": account.key, **account.settings()},
    )


def asked_secret(prompt: str, *, from_stdin: bool) -> str:
    """A secret typed without being shown, or the first line of standard input; empty where nobody can be asked."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt(prompt, hide_input=True, default="", show_default=False, err=True))


@_account.command("list", help=_("List the accounts, and how much of their limits is used."))
@in_workspace
def list_accounts(here: Here) -> None:
    from sqlalchemy import select

    from journeys.engine.allowances import UNITS, used
    from journeys.store.tables import account

    with here.store.read() as conn:
        rows = conn.execute(select(account).order_by(account.c.key)).all()
        spent = used(conn, now=here.clock.now())

    def limits(row: Any) -> dict[str, dict[str, int]]:
        most = {unit: row.settings.get(f"per_{unit}") for unit in UNITS}
        return {
            unit: {"used": spent.get(row.key, {}).get(unit, 0), "at_most": n}
            for unit, n in most.items()
            if n is not None
        }

    def said(found: dict[str, dict[str, int]]) -> str:
        return ", ".join(
            _("{used} of {most} a {unit}").format(used=grouped(one["used"]), most=grouped(one["at_most"]), unit=unit)
            for unit, one in found.items()
        )

    here.out.table(
        (
            Column("key", _("Key")),
            Column("channel", _("Channel")),
            Column("host", _("Server")),
            Column("port", _("Port"), str),
            Column("security", _("Security")),
            Column("user", _("User")),
            Column("return_path", _("Bounces to")),
            Column("verp", _("Bounces name the message"), lambda verp: _("yes") if verp else _("no")),
            Column("limits", _("Limits"), said),
            Column("used", _("Used"), lambda used: _("yes") if used else _("no")),
        ),
        [
            {"key": row.key, "channel": row.channel, "used": row.used_at is not None, "limits": limits(row)}
            | {name: row.settings.get(name) for name in ("host", "port", "security", "user", "return_path", "verp")}
            for row in rows
        ],
    )


@_account.command("test", help=_("Try an account out as far as the log-in; no mail is sent."))
@in_workspace
def test_account(here: Here, key: Annotated[str, typer.Argument(metavar="KEY", help=_("Which account."))]) -> None:
    from sqlalchemy import select

    from journeys.channels.account import Account
    from journeys.channels.secrets import get_secret
    from journeys.channels.trial import test_account as try_account
    from journeys.store.definitions import UnknownAccount
    from journeys.store.tables import account as accounts

    with here.store.read() as conn:
        known = {row.key: row.settings for row in conn.execute(select(accounts))}
    if key not in known:
        raise UnknownAccount(account=key, suggestion=suggestion(key, known))
    account = Account.read(key, known[key])
    trial = try_account(account, get_secret(account.secret_name) if account.user else None)
    if here.out.as_json:
        here.out.data([{"stage": step.stage, "works": step.works, "sentence": step.sentence} for step in trial.steps])
    for step in trial.steps:
        here.out.say(step.sentence)
    if not trial.works:
        raise typer.Exit(1)


@_sender.command("add", help=_("Define a sender, or change it."))
@in_workspace
def add_sender(
    here: Here,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("Its key, such as shop."))],
    *,
    name: Annotated[str, typer.Option(help=_("The name people see."))],
    address: Annotated[str, typer.Option(help=_("The address messages come from."))],
    account: Annotated[str | None, typer.Option(help=_("Key of the account that hands them over."))] = None,
    reply_to: Annotated[str | None, typer.Option(help=_("Where replies go, if elsewhere."))] = None,
    postal_address: Annotated[str, typer.Option(help=_("Postal address for the foot of marketing mails."))] = "",
) -> None:
    from journeys.store.definitions import define_sender

    with here.store.write() as conn:
        define_sender(
            conn,
            key,
            from_name=name,
            from_address=address,
            account_key=account,
            reply_to=reply_to,
            postal_address=postal_address,
        )
    here.out.result(_("“{key}” is defined.").format(key=key), {"kind": "sender", "key": key})
    _warn(here, key)


@_sender.command("list", help=_("List the senders."))
@in_workspace
def list_senders(here: Here) -> None:
    from sqlalchemy import select

    from journeys.store.tables import sender

    with here.store.read() as conn:
        rows = [dict(row) for row in conn.execute(select(sender).order_by(sender.c.key)).mappings()]
    here.out.table(
        (
            Column("key", _("Key")),
            Column("from_name", _("Name")),
            Column("from_address", _("Address")),
            Column("account", _("Account")),
            Column("reply_to", _("Replies to")),
            Column("dkim_domain", _("Signed for")),
            Column("dkim_selector", _("Selector")),
        ),
        rows,
    )


def _doubts(here: Here, key: str = "") -> dict[str, list[Doubt]]:
    """What receivers may hold against each sender, or one of them. Raises UnknownSender."""
    from journeys.channels.identity import doubts
    from journeys.engine.senders import UnknownSender, identities
    from journeys.engine.volume import bulk_doubts

    now = here.clock.now()
    with here.store.read() as conn:
        known = identities(conn)
        if key and key not in known:
            raise UnknownSender(sender=key, suggestion=suggestion(key, known))
        wanted = [key] if key else sorted(known)
        return {one: [*doubts(known[one]), *bulk_doubts(conn, known[one], now=now)] for one in wanted}


def _warn(here: Here, key: str) -> None:
    """Say on stderr what mail of a sender will suffer from; kanwa sender check gives hints too."""
    for doubt in _doubts(here, key)[key]:
        if doubt.warns:
            here.out.aside(doubt.sentence)


@_sender.command("check", help=_("Say what receivers may hold against senders: domains, signatures, mail to Gmail."))
@in_workspace
def check_senders(
    here: Here, key: Annotated[str, typer.Argument(metavar="[KEY]", help=_("Which sender; else all."))] = ""
) -> None:
    from journeys.engine.volume import bulk_since, to_gmail

    found = _doubts(here, key)
    with here.store.read() as conn:
        domains = to_gmail(conn, now=here.clock.now())
        bulk = bulk_since(conn)
    zone = here.zone
    if here.out.as_json:
        here.out.data(
            {
                "senders": {
                    one: [
                        {"id": doubt.id, "severity": "warns" if doubt.warns else "hints", "sentence": doubt.sentence}
                        for doubt in listed
                    ]
                    for one, listed in found.items()
                },
                "to_gmail_in_24_hours": domains,
                "bulk_sender_since": {domain: iso(at, zone) for domain, at in bulk.items()},
            }
        )
    else:
        for one, listed in found.items():
            for doubt in listed:
                here.out.say(_("{sender}: {doubt}").format(sender=one, doubt=doubt.sentence))
        for domain, n in domains.items():
            here.out.say(
                ngettext(
                    "{domain}: {n} message to personal Gmail in the last 24 hours.",
                    "{domain}: {n} messages to personal Gmail in the last 24 hours.",
                    n,
                ).format(domain=domain, n=grouped(n))
            )
        if not any(found.values()):
            here.out.say(_("Nothing speaks against them."))
    if any(doubt.warns for listed in found.values() for doubt in listed):
        raise typer.Exit(1)


@_sender.command("dkim", help=_("Have the mail of a sender signed, and print the DNS record to publish."))
@in_workspace
def sign(
    here: Here,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("Which sender."))],
    *,
    selector: Annotated[str, typer.Option(metavar="S", help=_("Name of the key in the DNS, such as kanwa1."))],
    domain: Annotated[str, typer.Option(help=_("Domain to sign for; else that of the sender's address."))] = "",
    generate: Annotated[bool, typer.Option("--generate", help=_("Make a new key."))] = False,
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help=_("Read a key (PEM) from standard input."))] = False,
) -> None:
    from journeys.channels.dkim import DkimKey, secret_name
    from journeys.channels.secrets import Secret, get_secret, set_secret
    from journeys.engine.senders import UnknownSender, identities
    from journeys.store.definitions import sign_sender

    with here.store.read() as conn:
        known = identities(conn)
    if key not in known:
        raise UnknownSender(sender=key, suggestion=suggestion(key, known))
    name = secret_name(key, selector)
    kept = get_secret(name)
    if generate and kept is not None:
        raise DkimKeyExists(selector=selector)
    if generate:
        made = DkimKey.made()
    elif key_stdin:
        made = DkimKey.read(Secret(sys.stdin.read()))
    elif kept is not None:
        made = DkimKey.read(kept)
    else:
        raise NoDkimKey(selector=selector, sender=key)
    if generate or key_stdin:
        set_secret(name, made.kept())
    with here.store.write() as conn:
        signed_for = sign_sender(conn, key, domain=domain or known[key].domain, selector=selector)
    host, record = f"{selector}._domainkey.{signed_for}", made.record()
    if here.out.as_json:
        here.out.data({"sender": key, "name": host, "type": "TXT", "value": record})
    else:
        here.out.say(
            _("The mail of “{sender}” is signed for {domain}. Publish this record:").format(
                sender=key, domain=signed_for
            )
        )
        # a string of a TXT record has at most 255 octets
        parts = " ".join(f'"{record[at : at + 255]}"' for at in range(0, len(record), 255))
        here.out.say(f"{host}. IN TXT {parts}")
    _warn(here, key)
