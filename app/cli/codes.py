"""`kanwa codes add|import|list|use`: pools of codes that journeys give away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.imports import pairs, say_report
from app.cli.names import LabelOption
from app.cli.out import Column, grouped
from app.cli.times import instant_of
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from datetime import date

    from journeys.store.importing.report import Progress

app = typer.Typer()
_codes = typer.Typer(help=_("Codes that journeys give away, such as coupons."), no_args_is_help=True)
app.add_typer(_codes, name="codes")

PoolArgument = Annotated[str, typer.Argument(metavar="POOL", help=_("Key of the pool, such as club-10."))]
WorthOption = Annotated[str, typer.Option(help=_("What each is worth, in words, such as 10 %."))]
UntilOption = Annotated[str, typer.Option("--valid-until", metavar="DAY", help=_("The last day they are good for."))]


class NoDay(UsageError):
    text = N_("“{given}” is no day. Write it like 2026-12-31.")


def _day(given: str) -> date | None:
    from datetime import date

    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise NoDay(given=given) from None


@_codes.command("add", help=_("Make a pool or change it, and add codes to it."))
@in_workspace
def add(
    here: Here,
    pool: PoolArgument,
    code: Annotated[list[str] | None, typer.Argument(metavar="[CODE…]", help=_("Codes to add."))] = None,
    *,
    label: LabelOption = "",
    low_at: Annotated[int | None, typer.Option(help=_("The pool runs low when fewer are left; else 50."))] = None,
    worth: WorthOption = "",
    valid_until: UntilOption = "",
) -> None:
    from journeys.store.codes import NewCode, add_codes, define_pool

    until = _day(valid_until)
    new = [NewCode(one, worth, until) for one in code or ()]
    with here.store.write() as conn:
        define_pool(conn, pool, label=label, low_at=low_at)
        add_codes(conn, pool, new, now=here.clock.now())
    said = ngettext("The pool “{pool}” got {n} code.", "The pool “{pool}” got {n} codes.", len(new))
    here.out.result(
        said.format(pool=pool, n=grouped(len(new))) if new else _("The pool “{pool}” is there.").format(pool=pool),
        {"pool": pool, "added": len(new)},
    )


@_codes.command(
    "import", help=_("Add the codes of a file to a pool; those it has and those that are over are refused.")
)
@in_workspace
def import_(
    here: Here,
    pool: PoolArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A table as CSV, text or XLSX."))],
    *,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help=_("Read a field from this column; #3 is the third.")),
    ] = None,
    worth: WorthOption = "",
    valid_until: UntilOption = "",
    header: Annotated[bool, typer.Option(help=_("Whether the first row names the columns."))] = True,
    slashes: Annotated[str, typer.Option(help=_("How 11/12/2026 is read: dmy or mdy."))] = "",
    sheet: Annotated[str, typer.Option(help=_("Sheet of a workbook; else the first."))] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Work everything out and keep nothing."))] = False,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("Write refused rows with their reasons to this file."))
    ] = None,
) -> None:
    from journeys.store.codes import check_pool
    from journeys.store.importing.options import Options
    from journeys.store.importing.run import import_file

    until = _day(valid_until)
    with here.store.read() as conn:
        check_pool(conn, pool)
    mapping = pairs(map_, option="--map", example="--map code=Coupon")
    defaults = {"pool": pool, "worth": worth, "valid_until": until.isoformat() if until else ""}
    options = Options(
        # a column that happens to be called so does not choose the pool
        mapping=({} if header else {"code": "#1"}) | mapping | {"pool": ""},
        defaults={name: value for name, value in defaults.items() if value},
        header=header,
        slashes=slashes,
        sheet=sheet,
        dry_run=dry_run,
        refused_file=refused,
    )
    with here.out.progress(_("Importing {file}").format(file=file.name)) as bar:

        def hear(progress: Progress) -> None:
            bar(progress.bytes_done, progress.bytes_total)

        report = import_file(here.store, "codes", file, options=options, clock=here.clock, progress=hear)
    say_report(here.out, report, dry_run=dry_run, refused_file=refused)
    if report.refused_count:
        raise typer.Exit(1)


@_codes.command("list", help=_("List the pools, and how many codes are left in each."))
@in_workspace
def list_(here: Here) -> None:
    from dataclasses import asdict

    from journeys.base.time import day_of
    from journeys.store.codes import pools

    today = day_of(here.clock.now(), here.zone)
    with here.store.read() as conn:
        found = pools(conn, today=today)
    here.out.table(
        (
            Column("key", _("Pool")),
            Column("label", _("Label")),
            Column("free", _("Left")),
            Column("taken", _("Taken")),
            Column("used", _("Used")),
            Column("expired", _("Over")),
            Column("low_at", _("Low at")),
        ),
        [asdict(one) for one in found],
    )
    for one in found:
        if one.free < one.low_at:
            said = ngettext("“{pool}” runs low: {n} code is left.", "“{pool}” runs low: {n} codes are left.", one.free)
            here.out.aside(said.format(pool=one.key, n=grouped(one.free)))


@_codes.command("use", help=_("Note that somebody used a code; journeys hear of it by the event code.used."))
@in_workspace
def use(
    here: Here,
    pool: PoolArgument,
    code: Annotated[str, typer.Argument(metavar="CODE", help=_("The code that was used."))],
    *,
    at: Annotated[str, typer.Option(metavar="ISO", help=_("When; else now."))] = "",
) -> None:
    from journeys.store.codes import use_code

    now = here.clock.now()
    with here.store.write() as conn:
        contact = use_code(conn, pool, code, at=instant_of(at, here.zone) if at else now, now=now)
    here.out.result(
        _("The code “{code}” of “{pool}” is used.").format(code=code, pool=pool),
        {"pool": pool, "code": code, "contact": contact},
    )
