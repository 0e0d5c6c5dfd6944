"""`kanwa pause|resume|stop|archive|migrate|fetch`: a journey that runs is paused, edited, stopped and put away."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.journeys import ChoicesOption, DryRunOption, PublishedArgument, find_published
from app.cli.out import Column, grouped, iso, when
from app.cli.times import NowOption, present
from journeys.base.i18n import _, ngettext

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from journeys.base.time import Instant
    from journeys.engine.migrate import Migrated, Preview

app = typer.Typer()


class Inside(StrEnum):
    """What becomes of those inside a journey that is stopped."""

    FINISH = "finish"
    LEAVE = "leave"


def _row(here: Here, journey: str) -> RowMapping:
    with here.store.read() as conn:
        return find_published(here, conn, journey)


@app.command("pause", help=_("Pause a journey: nobody comes in, moves on or is written to; exits go on."))
@in_workspace
def pause(here: Here, journey: PublishedArgument, *, now: NowOption = "") -> None:
    from journeys.engine.lifecycle import pause as pause_journey

    at = present(here, now)
    with here.store.write() as conn:
        row = find_published(here, conn, journey)
        pause_journey(conn, row["key"], now=at)
    here.out.result(_("“{name}” is paused.").format(name=row["name"]), {"journey": row["key"], "state": "paused"})


@app.command("resume", help=_("Let a paused journey run on."))
@in_workspace
def resume(
    here: Here,
    journey: PublishedArgument,
    *,
    let_in: Annotated[
        bool, typer.Option("--let-in", help=_("Let in those who would have come in while it was paused."))
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Only say what resuming brings, and who would have come in."))
    ] = False,
    now: NowOption = "",
) -> None:
    from journeys.engine.lifecycle import resume as resume_journey
    from journeys.engine.lifecycle import waiting as waiting_in
    from journeys.engine.missed import let_in as let_in_missed
    from journeys.engine.plan import Plans

    at = present(here, now)
    if dry_run:
        _say_waiting(here, journey, at)
        return
    with here.store.read() as conn:
        row = find_published(here, conn, journey)
        missed = waiting_in(conn, row["id"], now=at).would_have_entered
    came = None
    if let_in:
        with here.out.progress(_("Letting in")) as progress:
            came = let_in_missed(here.store, Plans(), row["key"], now=at, progress=progress)
    with here.store.write() as conn:
        brings = resume_journey(conn, row["key"], now=at)
    data = {"journey": row["key"], "state": "live", "due": brings.due, "messages": brings.messages}
    data["would_have_entered"] = missed
    if came is not None:
        data |= {"entered": came.entered, "not_entered": {reason: n for reason, n in came.missed.items() if n}}
    here.out.result(
        _(
            "“{name}” runs on. Who moves on at once: {due}; messages that leave: {messages}; who would have come in while "
            "it was paused: {missed}."
        ).format(
            name=row["name"],
            due=grouped(brings.due),
            messages=grouped(brings.messages),
            missed=grouped(missed),
        ),
        data,
    )
    if came is not None:
        from journeys.engine.reasons import said

        here.out.say(
            _("{entered} came in, {others} did not.").format(
                entered=grouped(came.entered), others=grouped(sum(came.missed.values()))
            )
        )
        for reason, n in came.missed.items():
            here.out.say(_("{n}: {reason}").format(n=grouped(n), reason=said(reason)))


def _say_waiting(here: Here, journey: str, at: Instant) -> None:
    """What resuming would bring: sentences, and a table of those whom the pause kept out."""
    from journeys.engine.lifecycle import NotPaused, waiting
    from journeys.engine.missed import missed
    from journeys.engine.plan import Plans
    from journeys.engine.states import state_words

    with here.store.read() as conn:
        row = find_published(here, conn, journey)
        if row["state"] != "paused":
            raise NotPaused(journey=row["name"], state=state_words(row["state"]))
        brings = waiting(conn, row["id"], now=at)
        kept_out = missed(conn, Plans(), row["id"])
    zone = here.zone
    if here.out.as_json:
        people = [asdict(one) | {"at": iso(one.at, zone)} for one in kept_out]
        here.out.data({"journey": row["key"]} | asdict(brings) | {"missed": people})
        return
    here.out.say(
        _("Resuming “{name}” would bring: who moves on at once: {due}; messages that leave: {messages}.").format(
            name=row["name"], due=grouped(brings.due), messages=grouped(brings.messages)
        )
    )
    if kept_out:
        here.out.table(
            (
                Column("email", _("Contact")),
                Column("title", _("Would have come in by")),
                Column("at", _("At"), lambda at: when(at, zone)),
            ),
            [asdict(one) | {"email": one.email or str(one.contact)} for one in kept_out],
        )
    else:
        here.out.say(_("Nobody would have come in while it was paused."))


@app.command("stop", help=_("Stop a journey: nobody comes in any more; who is inside finishes, or leaves."))
@in_workspace
def stop(
    here: Here,
    journey: PublishedArgument,
    *,
    inside: Annotated[
        Inside, typer.Option("--inside", help=_("What becomes of those inside: they finish, or leave at once."))
    ] = Inside.FINISH,
    now: NowOption = "",
) -> None:
    from journeys.engine.stopping import stop as stop_journey

    at, row = present(here, now), _row(here, journey)
    with here.out.progress(_("Letting leave")) as progress:
        done = stop_journey(here.store, row["key"], inside=inside.value, now=at, progress=progress)
    if inside is Inside.LEAVE:
        sentence = ngettext(
            "“{name}” is stopped. {n} contact left it.", "“{name}” is stopped. {n} contacts left it.", done.left
        ).format(name=row["name"], n=grouped(done.left))
    else:
        sentence = ngettext(
            "“{name}” is stopped. {n} contact is inside and finishes.",
            "“{name}” is stopped. {n} contacts are inside and finish.",
            done.inside,
        ).format(name=row["name"], n=grouped(done.inside))
    here.out.result(sentence, {"journey": row["key"], "state": "stopped"} | asdict(done))


@app.command("archive", help=_("Put a stopped journey with nobody inside into the archive."))
@in_workspace
def archive(here: Here, journey: PublishedArgument, *, now: NowOption = "") -> None:
    from journeys.engine.stopping import archive as archive_journey

    at, row = present(here, now), _row(here, journey)
    archive_journey(here.store, row["key"], now=at)
    here.out.result(_("“{name}” is archived.").format(name=row["name"]), {"journey": row["key"], "state": "archived"})


@app.command("migrate", help=_("Take those inside a journey along to its newest version, or to another one."))
@in_workspace
def migrate(
    here: Here,
    journey: PublishedArgument,
    *,
    choices: ChoicesOption = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="VERSION", help=_("Number of the version; else the newest."))
    ] = None,
    dry_run: DryRunOption = False,
    now: NowOption = "",
) -> None:
    from journeys.engine.choices import Choices, read_choices
    from journeys.engine.migrate import migrate as migrate_journey
    from journeys.engine.migrate import preview
    from journeys.engine.plan import Plans

    chosen = read_choices(choices) if choices is not None else Choices()
    at, row = present(here, now), _row(here, journey)
    if dry_run:
        say_preview(here, preview(here.store, Plans(), row["key"], chosen, to=to))
        return
    with here.out.progress(_("Taking along")) as progress:
        done = migrate_journey(here.store, Plans(), row["key"], chosen, now=at, to=to, progress=progress)
    here.out.result(say_migrated(done), {"journey": row["key"]} | asdict(done))


def say_preview(here: Here, preview: Preview) -> None:
    """Who stands where and what would become of them, as a table or JSON."""
    from journeys.engine.courses import say

    rows = [
        {
            "version": one.course.number,
            "node": one.course.node,
            "title": one.course.title,
            "contacts": one.contacts,
            "messages": one.messages,
            "fate": one.course.fate.value,
            "target": one.course.target,
            "why": one.course.why,
            "sentence": say(one),
        }
        for one in preview.standing
    ]
    if here.out.as_json:
        here.out.data({"version": preview.number, "standing": rows})
    elif not rows:
        here.out.say(_("Nobody stands on another version than {number}.").format(number=preview.number))
    else:
        here.out.table(
            (
                Column("version", _("Version")),
                Column("node", _("Node")),
                Column("title", _("Title")),
                Column("contacts", _("Contacts")),
                Column("sentence", _("What becomes of them")),
            ),
            rows,
        )


def say_migrated(done: Migrated) -> str:
    """What a migration did, in a sentence."""
    return _(
        "Moved along to version {number}: {along}; moved to another node: {moved}; left: {left}; finish on their version: "
        "{finishing}."
    ).format(
        number=done.number,
        along=grouped(done.along),
        moved=grouped(done.moved),
        left=grouped(done.left),
        finishing=grouped(done.finishing),
    )


@app.command("fetch", help=_("Make a draft of a published version, with its messages."))
@in_workspace
def fetch(
    here: Here,
    journey: PublishedArgument,
    *,
    version: Annotated[
        int | None, typer.Option("--version", metavar="NUMBER", help=_("Number of the version; else the newest."))
    ] = None,
    over: Annotated[bool, typer.Option("--over", help=_("Overwrite a draft and messages that were changed."))] = False,
) -> None:
    from app.fetching import fetch as fetch_draft

    row = _row(here, journey)
    fetched = fetch_draft(here.store, here.workspace, row["key"], number=version, over=over)
    here.out.result(
        _("“{name}”, version {number}, is in {file}.").format(
            name=row["name"], number=fetched.number, file=fetched.file
        ),
        {"journey": row["key"], "version": fetched.number, "file": str(fetched.file), "templates": fetched.templates},
    )
