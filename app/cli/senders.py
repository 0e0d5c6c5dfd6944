"""`kanwa account|sender|policy|secret …`: the ways out, who messages come from, the rules over all journeys."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import Column
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()
_account = typer.Typer(help=_("Mail servers that messages are handed to."), no_args_is_help=True)
_sender = typer.Typer(help=_("The identities that messages come from."), no_args_is_help=True)
_policy = typer.Typer(help=_("Rules over all journeys: quiet hours, at most so many messages."), no_args_is_help=True)
app.add_typer(_account, name="account")
app.add_typer(_sender, name="sender")
app.add_typer(_policy, name="policy")
_secret = typer.Typer(help=_("Secrets of webhooks and accounts, kept in the keyring only."), no_args_is_help=True)
app.add_typer(_secret, name="secret")


class NoHost(UsageError):
    text = N_("An account needs --host, such as smtp.example.com, or --preset.")


class PolicyIncomplete(UsageError):
    text = N_("Give the rule: --quiet FROM-TO, such as 21:00-08:00, or --at-most N with --days N.")


class BadHours(UsageError):
    text = N_("“{hours}” are no hours. Write them like 21:00-08:00.")


class NoSecretGiven(UsageError):
    text = N_("No secret was given. Type it, or give it on standard input with --stdin.")


class UnknownPolicy(UsageError):
    text = N_("There is no policy “{kind}” to remove. Policies are quiet_hours and cap.")


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
    per_minute: Annotated[int | None, typer.Option(help=_("Messages a minute at most."))] = None,
    per_hour: Annotated[int | None, typer.Option(help=_("Messages an hour at most."))] = None,
    per_day: Annotated[int | None, typer.Option(help=_("Messages a day at most."))] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=_("Read the password from standard input."))
    ] = False,
) -> None:
    from journeys.channels.account import Account
    from journeys.channels.account import preset as known_preset
    from journeys.channels.secrets import Secret, set_secret
    from journeys.store.definitions import define_account

    settings: dict[str, Any] = {}
    if preset:
        found = known_preset(preset)
        settings = {"host": found.host, "port": found.port, "security": found.security}
    elif not host:
        raise NoHost
    given = {
        "host": host,
        "port": port,
        "security": security,
        "user": user,
        "from_domain": from_domain,
        "ehlo_name": ehlo_name,
        "per_minute": per_minute,
        "per_hour": per_hour,
        "per_day": per_day,
    }
    settings |= {name: value for name, value in given.items() if value not in ("", None)}
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


@_account.command("list", help=_("List the accounts."))
@in_workspace
def list_accounts(here: Here) -> None:
    from sqlalchemy import select

    from journeys.store.tables import account

    with here.store.read() as conn:
        rows = conn.execute(select(account).order_by(account.c.key)).all()
    here.out.table(
        (
            Column("key", _("Key")),
            Column("channel", _("Channel")),
            Column("host", _("Server")),
            Column("port", _("Port"), str),
            Column("security", _("Security")),
            Column("user", _("User")),
            Column("used", _("Used"), lambda used: _("yes") if used else _("no")),
        ),
        [
            {"key": row.key, "channel": row.channel, "used": row.used_at is not None}
            | {name: row.settings.get(name) for name in ("host", "port", "security", "user")}
            for row in rows
        ],
    )


@_account.command("test", help=_("Try an account out as far as the log-in; no mail is sent."))
@in_workspace
def test_account(here: Here, key: Annotated[str, typer.Argument(metavar="KEY", help=_("Which account."))]) -> None:
    from sqlalchemy import select

    from journeys.base.errors import suggestion
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
        ),
        rows,
    )


@_policy.command("set", help=_("Set quiet hours (in each contact's own time), or how many messages at most."))
@in_workspace
def set_policy(
    here: Here,
    *,
    quiet: Annotated[str, typer.Option(metavar="FROM-TO", help=_("Hours without messages, such as 21:00-08:00."))] = "",
    at_most: Annotated[int | None, typer.Option(metavar="N", help=_("Marketing messages at most …"))] = None,
    days: Annotated[int | None, typer.Option(metavar="N", help=_("… within so many days."))] = None,
) -> None:
    from journeys.base.validation import parse_model
    from journeys.engine.policies import set_rule
    from journeys.graph.settings import Cap, QuietHours

    if not quiet and (at_most is None or days is None):
        raise PolicyIncomplete
    with here.store.write() as conn:
        if quiet:
            begins, mark, ends = quiet.partition("-")
            if not (mark and begins.strip() and ends.strip()):
                raise BadHours(hours=quiet)
            set_rule(conn, parse_model(QuietHours, {"from": begins.strip(), "to": ends.strip()}, where=_("The policy")))
        if at_most is not None and days is not None:
            set_rule(conn, parse_model(Cap, {"at_most": at_most, "within_days": days}, where=_("The policy")))
    here.out.result(_("The policy is set."), {"quiet_hours": quiet or None, "at_most": at_most, "days": days})


@_policy.command("list", help=_("List the policies."))
@in_workspace
def list_policies(here: Here) -> None:
    from sqlalchemy import select

    from journeys.store.tables import policy

    with here.store.read() as conn:
        rows = [dict(row) for row in conn.execute(select(policy).order_by(policy.c.kind)).mappings()]
    here.out.table(
        (
            Column("kind", _("Policy")),
            Column("settings", _("Rule"), lambda rule: ", ".join(f"{name} {value}" for name, value in rule.items())),
        ),
        rows,
    )


@_policy.command("remove", help=_("Take a policy away."))
@in_workspace
def remove_policy(
    here: Here, kind: Annotated[str, typer.Argument(metavar="POLICY", help=_("quiet_hours or cap."))]
) -> None:
    from journeys.engine.policies import remove_rule

    with here.store.write() as conn:
        if not remove_rule(conn, kind):
            raise UnknownPolicy(kind=kind)
    here.out.result(_("The policy is removed."), {"removed": kind})


@_policy.command("webhooks", help=_("Say whether webhooks may call this machine and its own network everywhere."))
@in_workspace
def webhooks_policy(
    here: Here,
    *,
    private: Annotated[
        bool, typer.Option("--private/--no-private", help=_("Allowed, or only where a webhook itself allows it."))
    ],
) -> None:
    from journeys.store import settings

    with here.store.write() as conn:
        settings.put(conn, settings.PRIVATE_WEBHOOKS, private)
    here.out.result(_("The policy is set."), {"private_webhooks": private})


SecretArgument = Annotated[
    str, typer.Argument(metavar="NAME", help=_("What a webhook names, such as shop, or account/KEY/password."))
]


def _in_keyring(name: str) -> str:
    """A plain name is that of a webhook's secret; one with slashes stands as it is."""
    from journeys.channels.webhook import secret_name

    return name if "/" in name else secret_name(name)


@_secret.command("set", help=_("Keep a secret in the keyring, in place of the one before."))
@in_workspace
def set_secret_(
    here: Here,
    name: SecretArgument,
    *,
    stdin: Annotated[bool, typer.Option("--stdin", help=_("Read it from standard input."))] = False,
) -> None:
    from journeys.channels.secrets import Secret, set_secret

    given = asked_secret(_("Secret “{name}”").format(name=name), from_stdin=stdin)
    if not given:
        raise NoSecretGiven
    set_secret(_in_keyring(name), Secret(given))
    here.out.result(_("The secret “{name}” is kept in the keyring.").format(name=name), {"name": name})


@_secret.command("remove", help=_("Forget a secret."))
@in_workspace
def remove_secret(here: Here, name: SecretArgument) -> None:
    from journeys.channels.secrets import delete_secret

    if not delete_secret(_in_keyring(name)):
        here.out.aside(_("There is no secret “{name}”.").format(name=name))
        raise typer.Exit(1)
    here.out.result(_("The secret “{name}” is forgotten.").format(name=name), {"name": name})
