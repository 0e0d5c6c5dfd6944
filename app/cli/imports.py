"""`kanwa contacts|events|purchases|products|offers|contracts|consent import|export`, `kanwa imports …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import Column, Out, grouped, when
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from journeys.store.importing.report import Progress, Report

app = typer.Typer()
#: refused rows said on the screen; the others are in the file of refused rows
_SAID = 20


class NotAPair(UsageError):
    text = N_("“{given}” is no pair. Write {option} like {example}.")


class BadDelimiter(UsageError):
    text = N_("“{given}” cannot stand between cells. Give one sign, such as ;.")


def pairs(given: list[str] | None, *, option: str, example: str) -> dict[str, str]:
    """FIELD=VALUE options as a mapping. Raises NotAPair."""
    found = {}
    for one in given or ():
        name, mark, value = one.partition("=")
        if not mark or not name.strip():
            raise NotAPair(given=one, option=option, example=example)
        found[name.strip()] = value.strip()
    return found


def add_import(group: typer.Typer, kind: str, help_: str) -> None:
    """Give a group of commands its `import`."""

    @group.command("import", help=help_)
    @in_workspace
    def import_(
        here: Here,
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A table as CSV, text or XLSX."))],
        *,
        map_: Annotated[
            list[str] | None,
            typer.Option("--map", metavar="FIELD=COLUMN", help=_("Read a field from this column; #3 is the third.")),
        ] = None,
        set_: Annotated[
            list[str] | None,
            typer.Option("--set", metavar="FIELD=VALUE", help=_("Value of a field for rows that have none.")),
        ] = None,
        currency: Annotated[str, typer.Option(help=_("Currency of amounts without one, such as PLN."))] = "",
        encoding: Annotated[str, typer.Option(help=_("Encoding of the file; else recognised."))] = "",
        delimiter: Annotated[
            str, typer.Option(help=_("Sign between cells; a blank stands for any number of them; else recognised."))
        ] = "",
        sheet: Annotated[str, typer.Option(help=_("Sheet of a workbook; else the first."))] = "",
        header: Annotated[bool, typer.Option(help=_("Whether the first row names the columns."))] = True,
        slashes: Annotated[str, typer.Option(help=_("How 11/12/2026 is read: dmy or mdy."))] = "",
        decimal: Annotated[str, typer.Option(help=_("Decimal sign: a comma or a point; else recognised."))] = "",
        address_template: Annotated[
            str,
            typer.Option(help=_("Makes addresses for new contacts, such as {customer}@cdnow.test; adds the contacts.")),
        ] = "",
        create_contacts: Annotated[
            bool, typer.Option("--create-contacts", help=_("Add contacts that rows name and that are not there."))
        ] = False,
        create_products: Annotated[
            bool, typer.Option("--create-products", help=_("Add products that rows name and that are not there."))
        ] = False,
        create_names: Annotated[
            bool, typer.Option("--create-names", help=_("Define tags and purposes that are not there."))
        ] = False,
        create_attributes: Annotated[
            bool, typer.Option("--create-attributes", help=_("Make attributes of columns nothing else recognises."))
        ] = False,
        clear_empty: Annotated[
            bool, typer.Option("--clear-empty", help=_("An empty cell clears the field instead of leaving it."))
        ] = False,
        loud: Annotated[bool, typer.Option("--loud", help=_("Let journeys react; else history starts none."))] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Work everything out and keep nothing."))] = False,
        refused: Annotated[
            Path | None, typer.Option(metavar="FILE", help=_("Write refused rows with their reasons to this file."))
        ] = None,
    ) -> None:
        from journeys.store.importing.options import Options
        from journeys.store.importing.run import import_file

        defaults = pairs(set_, option="--set", example="--set purpose=newsletter")
        options = Options(
            mapping=pairs(map_, option="--map", example="--map email=Mail"),
            defaults=defaults | ({"currency": currency} if currency else {}),
            quiet=not loud,
            dry_run=dry_run,
            address_template=address_template,
            create_contacts=create_contacts or bool(address_template),
            create_products=create_products,
            create_names=create_names,
            create_attributes=create_attributes,
            clear_empty=clear_empty,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
            header=header,
            slashes=slashes,
            decimal=decimal,
            refused_file=refused,
        )
        with here.out.progress(_("Importing {file}").format(file=file.name)) as bar:

            def hear(progress: Progress) -> None:
                bar(progress.bytes_done, progress.bytes_total)

            report = import_file(here.store, kind, file, options=options, clock=here.clock, progress=hear)
        say_report(here.out, report, dry_run=dry_run, refused_file=refused)
        if report.refused_count:
            raise typer.Exit(1)


def say_report(out: Out, report: Report, *, dry_run: bool, refused_file: Path | None) -> None:
    """Say what an import did, the refused rows last."""
    if out.as_json:
        out.data(
            {
                "batch": report.batch,
                "rows_read": report.rows_read,
                "added": report.added,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "contacts_added": report.contacts_added,
                "refused": report.refused_count,
                "refused_rows": [one._asdict() for one in report.refused],
                "unused_columns": report.unused_columns,
                "mapping": report.mapping,
            }
        )
    else:
        template = (
            ngettext(
                "{rows} row read: {added} would be added, {changed} changed, {unchanged} are there already.",
                "{rows} rows read: {added} would be added, {changed} changed, {unchanged} are there already.",
                report.rows_read,
            )
            if dry_run
            else ngettext(
                "{rows} row read: {added} added, {changed} changed, {unchanged} there already.",
                "{rows} rows read: {added} added, {changed} changed, {unchanged} there already.",
                report.rows_read,
            )
        )
        numbers = {"rows": report.rows_read, "added": report.added, "changed": report.changed}
        out.say(template.format(**{n: grouped(v) for n, v in numbers.items()}, unchanged=grouped(report.unchanged)))
        if report.contacts_added:
            out.say(
                ngettext("{n} contact came with them.", "{n} contacts came with them.", report.contacts_added).format(
                    n=grouped(report.contacts_added)
                )
            )
        if dry_run:
            for field, column in report.mapping.items():
                out.say(_("“{column}” is read as {field}.").format(column=column, field=field))
        if report.unused_columns:
            out.say(_("Nothing was read from: {columns}.").format(columns=", ".join(report.unused_columns)))
        if report.batch is not None and (report.added or report.changed):
            out.say(_("To take it back: kanwa imports undo {batch}").format(batch=report.batch))
    if not report.refused_count:
        return
    out.aside(
        ngettext("{n} row was refused.", "{n} rows were refused.", report.refused_count).format(
            n=grouped(report.refused_count)
        )
    )
    for one in report.refused[:_SAID]:
        place = _("Row {row}, {column}: {reason}") if one.column else _("Row {row}: {reason}")
        out.aside(place.format(row=one.row, column=one.column, reason=one.reason))
    if refused_file is not None:
        out.aside(_("All of them are in {file}.").format(file=refused_file))
    elif report.refused_count > _SAID:
        out.aside(_("Give --refused FILE to have all of them in a file."))


_imports = typer.Typer(help=_("Imports of the past, and taking one back."), no_args_is_help=True)
app.add_typer(_imports, name="imports")


@_imports.command("list", help=_("List the imports, the newest first."))
@in_workspace
def list_imports(here: Here) -> None:
    from sqlalchemy import select

    from journeys.store.tables import import_batch

    with here.store.read() as conn:
        rows = [dict(row) for row in conn.execute(select(import_batch).order_by(import_batch.c.id.desc())).mappings()]
    zone = here.zone
    here.out.table(
        (
            Column("id", _("Import"), str),
            Column("kind", _("Kind")),
            Column("file", _("File")),
            Column("started_at", _("Started"), lambda at: when(at, zone)),
            Column("rows_read", _("Rows")),
            Column("rows_added", _("Added")),
            Column("rows_changed", _("Changed")),
            Column("rows_refused", _("Refused")),
            Column("undone_at", _("Taken back"), lambda at: when(at, zone)),
        ),
        rows,
    )


@_imports.command("undo", help=_("Take an import back: what it added goes, what it overwrote comes back."))
@in_workspace
def undo(
    here: Here,
    batch: Annotated[int, typer.Argument(metavar="ID", max=2**31, help=_("Number of the import, see imports list."))],
) -> None:
    from dataclasses import asdict

    from journeys.store.importing.undo import undo_import

    with here.out.progress(_("Taking import {batch} back").format(batch=batch)) as bar:
        undone = undo_import(here.store, batch, now=here.clock.now(), progress=lambda rows: bar(rows, None))
    removed = ", ".join(f"{name.replace('_', ' ')} {grouped(n)}" for name, n in sorted(undone.removed.items()))
    if here.out.as_json:
        here.out.data({"batch": batch} | asdict(undone))
    here.out.say(_("Import {batch} is taken back.").format(batch=batch))
    if removed:
        here.out.say(_("Rows removed: {removed}.").format(removed=removed))
    if undone.restored:
        here.out.say(
            ngettext("{n} is as it was before.", "{n} are as they were before.", undone.restored).format(
                n=grouped(undone.restored)
            )
        )
    kept = undone.kept_values + undone.kept_contacts + undone.kept_goods + undone.kept_codes
    if kept:
        here.out.say(
            ngettext(
                "{n} stays: it was changed or used since the import.",
                "{n} stay: they were changed or used since the import.",
                kept,
            ).format(n=grouped(kept))
        )


def add_export(group: typer.Typer, kind: str, help_: str) -> None:
    """Give a group of commands its `export`."""

    @group.command("export", help=help_)
    @in_workspace
    def export(
        here: Here,
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Ends in .csv or .xlsx."))],
        *,
        delimiter: Annotated[str, typer.Option(help=_("Sign between cells of a .csv."))] = ",",
    ) -> None:
        from journeys.store.exporting import export_file

        if len(delimiter) != 1:
            raise BadDelimiter(given=delimiter)
        with here.out.progress(_("Exporting {file}").format(file=file.name)) as bar:
            rows = export_file(here.store, kind, file, delimiter=delimiter, progress=lambda done: bar(done, None))
        here.out.result(
            ngettext("{n} row is in {file}.", "{n} rows are in {file}.", rows).format(n=grouped(rows), file=file),
            {"file": str(file), "rows": rows},
        )
