"""`kanwa init`, `kanwa store …`: a workspace and its store."""

from __future__ import annotations

import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.here import Here, JsonOption, in_workspace
from app.cli.out import Out, when
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
def backup(
    here: Here,
    *,
    keep_daily: Annotated[
        int | None,
        typer.Option(
            min=0, max=1000, metavar="N", help=_("Keep so many of the backups a runtime makes each day; 0: make none.")
        ),
    ] = None,
) -> None:
    from journeys.store import settings
    from journeys.store.backup import DAILY_KEPT, back_up
    from journeys.store.migrations import newest

    store = here.store
    if not store.is_sqlite:
        raise BackUpElsewhere(store=store.label)
    if keep_daily is not None:
        with store.write() as conn:
            settings.put(conn, DAILY_KEPT, keep_daily)
    made = back_up(Path(store.label), now=here.clock.now(), revision=newest())
    here.out.result(_("The backup is {file}.").format(file=made), {"file": str(made), "bytes": made.stat().st_size})


class RestoreNotConfirmed(UsageError):
    text = N_("Restoring puts the backup in the place of {store}. Say --yes; what it holds now is kept in backups/.")


class RestoreElsewhere(UsageError):
    text = N_("The store {store} is on a server. Its keeper restores it, with pg_restore for instance.")


@_store.command("restore", help=_("Put a backup in the place of the store; what it holds now is kept in backups/."))
@in_workspace
def restore(
    here: Here,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A file out of backups/."))],
    *,
    yes: Annotated[bool, typer.Option("--yes", help=_("Restore without asking."))] = False,
) -> None:
    from sqlalchemy.engine import make_url

    from journeys.runtime.lease import Lease, holder_name
    from journeys.store.address import label
    from journeys.store.backup import checked
    from journeys.store.backup import restore as put_back
    from journeys.store.errors import NewerStore, NotAStore, StoreDamaged, StoreMissing
    from journeys.store.migrations import newest

    url = make_url(here.store_url)
    if url.get_backend_name() != "sqlite":
        raise RestoreElsewhere(store=label(url))
    checked(file)
    if not yes:
        if not sys.stdin.isatty():
            raise RestoreNotConfirmed(store=label(url))
        question = _("Put {file} in the place of {store}? What it holds now is kept in backups/.")
        typer.confirm(question.format(file=file, store=label(url)), abort=True, err=True)
    # nobody may run it meanwhile; the lease goes with the content that is put in its place. What cannot be opened is not
    # run by anybody
    with suppress(StoreDamaged, NotAStore, NewerStore, StoreMissing):
        Lease(here.store, holder_name()).take(here.clock.now())
    done = put_back(Path(label(url)), file, now=here.clock.now(), revision=newest())
    here.out.result(
        _(
            "The store is as it was at {at}. What it held until now is in {kept}. Nothing is sent from it until you "
            "say that it is the one: kanwa store claim."
        ).format(at=when(done.at, here.zone), kept=done.kept),
        {"at": done.at, "kept": str(done.kept)},
    )


class DueChoice(StrEnum):
    """What happens to messages that were due before a store was claimed."""

    SEND = "send"
    SKIP = "skip"


class SendOrSkip(UsageError):
    text = N_(
        "This store was run on another computer before. Say what becomes of messages that were due until now: with "
        "--due send they go out (it was moved here, and no other one is left), with --due skip they do not (it is a "
        "copy, and another one may have sent them)."
    )


@_store.command("claim", help=_("Say that this copy of the store is the one that sends."))
@in_workspace
def claim(
    here: Here,
    *,
    due: Annotated[
        DueChoice | None,
        typer.Option(
            help=_(
                "What was due until now: send it, or skip it. A store from another computer asks which; else it is "
                "skipped, since it may have gone out."
            )
        ),
    ] = None,
) -> None:
    from journeys.store.owner import Because, why_held
    from journeys.store.owner import claim as claim_store

    now = here.clock.now()
    with here.store.write(durable=True) as conn:
        why = why_held(conn, here.store)
        if why is not None and why.because is Because.ELSEWHERE and due is None:
            raise SendOrSkip
        chosen = due or DueChoice.SKIP
        if why is not None:
            claim_store(conn, here.store, now=now, leave_out=chosen is DueChoice.SKIP)
    facts = {"held": why is not None, "due": str(chosen) if why is not None else None}
    if why is None:
        here.out.result(_("This store is the one that sends already."), facts)
    elif chosen is DueChoice.SKIP:
        here.out.result(
            _("This store is now the one that sends. What was due until now is skipped: it may have gone out before."),
            facts,
        )
    else:
        here.out.result(_("This store is now the one that sends. What was due until now goes out."), facts)


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
