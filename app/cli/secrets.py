"""`kanwa secret …`: what webhooks and accounts keep in the keyring."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.senders import asked_secret
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()
_secret = typer.Typer(help=_("Secrets of webhooks and accounts, kept in the keyring only."), no_args_is_help=True)
app.add_typer(_secret, name="secret")


class NoSecretGiven(UsageError):
    text = N_("No secret was given. Type it, or give it on standard input with --stdin.")


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
