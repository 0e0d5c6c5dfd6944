"""`kanwa enroll`: contacts are put into a journey by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.journeys import PublishedArgument, find_published
from app.cli.out import grouped
from app.cli.times import NowOption, present
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer()

#: unknown names told in one sentence
_MOST_TOLD = 20


class UnknownContacts(UsageError):
    text = N_("There are no contacts {contacts}. Nobody came in.")


class EnrollWhom(UsageError):
    text = N_("Say who comes in: --contact, --segment or a file with a list, one of the three.")


@app.command("enroll", help=_("Put contacts into a journey by its list trigger."))
@in_workspace
def enroll(
    here: Here,
    journey: PublishedArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=_("A text file with an address or number a line."))
    ] = None,
    *,
    contact: Annotated[
        list[str] | None, typer.Option(help=_("An address or customer number; give one option a contact."))
    ] = None,
    segment: Annotated[str, typer.Option(metavar="KEY", help=_("Everybody in this segment."))] = "",
    list_: Annotated[Path | None, typer.Option("--list", metavar="FILE", help=_("The same as FILE."))] = None,
    now: NowOption = "",
) -> None:
    from journeys.engine.enroll_list import enroll_list
    from journeys.engine.plan import Plans

    if sum((bool(contact), bool(segment), list_ is not None, file is not None)) != 1:
        raise EnrollWhom
    at = present(here, now)
    with here.store.read() as conn:
        row = find_published(here, conn, journey)
        who = _members(conn, segment, at, here) if segment else _named(conn, contact, file or list_)
    of = f"segment {segment}" if segment else hashlib.sha256(repr(sorted(set(who))).encode()).hexdigest()
    with here.out.progress(_("Letting in")) as progress:
        done = enroll_list(here.store, Plans(), row["id"], who, of=of, now=at, progress=progress)
    admitted = done.admitted
    kept_out = {reason: n for reason, n in admitted.missed.items() if n}
    here.out.result(
        _("{entered} came in, {others} did not.").format(
            entered=grouped(admitted.entered), others=grouped(sum(kept_out.values()))
        ),
        {"journey": row["key"], "entered": admitted.entered, "not_entered": kept_out, "before": done.before},
    )
    if done.before:
        here.out.say(
            ngettext(
                "{n} of the list had been looked at before, by a call that was cut off.",
                "{n} of the list had been looked at before, by a call that was cut off.",
                done.before,
            ).format(n=grouped(done.before))
        )
    from journeys.engine.reasons import said

    for reason, n in kept_out.items():
        here.out.say(_("{n}: {reason}").format(n=grouped(n), reason=said(reason)))


def _members(conn: Connection, segment: str, at: Any, here: Here) -> list[int]:
    from app.cli.segments import criterion_of
    from journeys.criteria import select_members

    members, moments = select_members(criterion_of(conn, segment), conn.dialect.name)
    return list(conn.execute(members, moments.values(at, here.zone)).scalars())


def _named(conn: Connection, contact: list[str] | None, file: Path | None) -> list[int]:
    from journeys.store.contacts import UnknownContact, find
    from journeys.store.importing.errors import NoSuchFile

    names = list(contact or ())
    if file is not None:
        try:
            names = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise NoSuchFile(path=file, why=getattr(error, "strerror", None) or error) from error
    found: list[int] = []
    unknown: list[UnknownContact] = []
    for name in names:
        try:
            found.append(find(conn, name))
        except UnknownContact as problem:
            unknown.append(problem)
    if len(unknown) == 1:
        raise unknown[0]
    if unknown:
        raise UnknownContacts(contacts=_listed([str(one.values["contact"]) for one in unknown]))
    return found


def _listed(names: list[str]) -> str:
    said = ", ".join(f"“{name}”" for name in names[:_MOST_TOLD])
    more = len(names) - _MOST_TOLD
    if more <= 0:
        return said
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(names=said, n=grouped(more))
