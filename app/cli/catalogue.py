"""`kanwa catalogue`: what journeys may name, for those who draw them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.here import Here, in_workspace
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()


class CannotWrite(UsageError):
    text = N_("{path} cannot be written: {why}. Name another file with --to.")


@app.command("catalogue", help=_("Print what journeys may name here: segments, tags, templates …; no contacts."))
@in_workspace
def catalogue(
    here: Here,
    *,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("Write it to a file, for kanwa check --catalogue FILE."))
    ] = None,
) -> None:
    from app.catalogue import catalogue_of
    from app.cli.journeys import known_templates
    from journeys.base.catalogue_file import catalogue_text

    templates = known_templates(here)
    with here.store.read() as conn:
        text = catalogue_text(catalogue_of(conn, templates, now=here.clock.now()))
    if to is None:
        here.out.raw(text)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(path=to, why=error.strerror or error) from error
    here.out.result(_("The catalogue is in {file}.").format(file=to), {"file": str(to)})
