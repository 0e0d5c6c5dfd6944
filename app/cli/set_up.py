"""`kanwa init`, `kanwa store …`: a workspace and its store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.here import Here, JsonOption, in_workspace
from app.cli.out import Out
from app.cli.senders import asked_secret
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()
_store = typer.Typer(help=_("The store: bring it up to date, back it up, keep its password."), no_args_is_help=True)
app.add_typer(_store, name="store")


class BackUpElsewhere(UsageError):
    text = N_("The store {store} is on a server. Its keeper backs it up, with pg_dump for instance.")


class NoPasswordNeeded(UsageError):
    text = N_("The store {store} is a file and has no password.")


class NoPassword(UsageError):
    text = N_("No password was given. Type it, or pass it with --password-stdin.")


@app.command("init", help=_("Make a workspace: a folder for drafts, and the store they run on."))
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help=_("Folder to make; here if left out."))] = Path(),
    *,
    name: Annotated[str, typer.Option(help=_("Name of the client; else the folder's."))] = "",
    store: Annotated[
        str, typer.Option(metavar="URL", help=_("Where the store is, such as postgresql://host/base."))
    ] = "sqlite:///store.sqlite",
    time_zone: Annotated[str, typer.Option(help=_("Time zone in which days begin."))] = "Europe/Warsaw",
    country: Annotated[str, typer.Option(help=_("Country of phone numbers written without one."))] = "PL",
    language: Annotated[str, typer.Option(help=_("Language of contacts without one."))] = "en",
    as_json: JsonOption = False,
) -> None:
    from app import opened, workspace

    made = workspace.create(folder, name=name, store=store, time_zone=time_zone, country=country, language=language)
    opened.make_store(made)
    Out(as_json=as_json).result(
        _("The workspace “{name}” is in {folder}.").format(name=made.name, folder=made.folder),
        {"id": made.id, "name": made.name, "folder": str(made.folder), "store": made.store},
    )


@_store.command("upgrade", help=_("Bring the structure of the store to the newest."))
@in_workspace
def upgrade(here: Here) -> None:
    from app.opened import password_for
    from journeys.store.opening import upgrade_store

    before, after = upgrade_store(here.store_url, clock=here.clock, password=password_for(here.store_url))
    if before == after:
        sentence = _("The store is up to date (structure {revision}).").format(revision=after)
    else:
        sentence = _("The store went from structure {before} to {after}.").format(before=before, after=after)
    here.out.result(sentence, {"before": before, "after": after})


@_store.command("backup", help=_("Copy the store into backups/ beside it, while others go on using it."))
@in_workspace
def backup(here: Here) -> None:
    from journeys.store.backup import back_up
    from journeys.store.migrations import newest

    store = here.store
    if not store.is_sqlite:
        raise BackUpElsewhere(store=store.label)
    made = back_up(Path(store.label), now=here.clock.now(), revision=newest())
    here.out.result(_("The backup is {file}.").format(file=made), {"file": str(made), "bytes": made.stat().st_size})


@_store.command("login", help=_("Keep the password of a store on a server in the keyring."))
@in_workspace
def login(
    here: Here,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=_("Read the password from standard input."))
    ] = False,
) -> None:
    from app.opened import secret_name
    from journeys.channels.secrets import Secret, set_secret
    from journeys.store.address import label, parsed

    url = parsed(here.store_url)
    if url.get_backend_name() == "sqlite":
        raise NoPasswordNeeded(store=label(url))
    password = asked_secret(_("Password of {store}").format(store=label(url)), from_stdin=password_stdin)
    if not password:
        raise NoPassword
    set_secret(secret_name(here.store_url), Secret(password))
    here.out.result(_("The password of {store} is kept.").format(store=label(url)), {"store": label(url)})
