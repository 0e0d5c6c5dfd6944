"""`kanwa` alone, and `kanwa draw`: the two places where commands meet Qt, which is imported only once it is needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app import workspace as workspaces
from app.cli.here import Here, in_workspace
from app.cli.journeys import JourneyArgument, draft
from app.workspace import NoWorkspace, Workspace
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()

#: what a picture may be, by the ending of its file
_ENDINGS = (".png", ".svg", ".pdf")


class NoPicture(UsageError):
    text = N_("{file} is no picture that can be drawn. Name a file that ends in .png, .svg or .pdf.")


class Pages(StrEnum):
    """How a PDF takes a large journey."""

    FIT = "fit"
    TILES = "tiles"


def open_window(workspace: Workspace | None, files: Sequence[Path] = (), *, new: bool = False) -> int:
    """Open the desktop and stay until its last window is closed; returns the exit code.

    Raises NoDesktop where a window cannot be opened here, with the sentence what to install.
    """
    from app.desktop.system import require_display, require_qt

    require_display()
    require_qt()
    from app.desktop.start import run

    return run(workspace, files, new=new)


def why_no_window() -> str:
    """The sentence why no window can be opened here; nothing where one can."""
    from app.desktop.system import NoDesktop, require_display, require_qt

    try:
        require_display()
        require_qt()
    except NoDesktop as error:
        return str(error)
    return ""


def nearest_workspace() -> Workspace | None:
    """The workspace of this folder, where there is one. Raises WorkspaceUnreadable, WorkspaceIncomplete."""
    try:
        return workspaces.locate()
    except NoWorkspace:
        return None


@app.command("draw", help=_("Draw a journey into a picture; needs no display."))
@in_workspace
def draw(
    here: Here,
    journey: JourneyArgument,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help=_("A file that ends in .png, .svg or .pdf."))],
    notes: Annotated[bool, typer.Option("--notes/--no-notes", help=_("With sticky notes and frames."))] = True,
    pages: Annotated[
        Pages, typer.Option("--pages", help=_("How a PDF takes it: fitted to one page, or tiles that overlap."))
    ] = Pages.FIT,
) -> None:
    if to.suffix.lower() not in _ENDINGS:
        raise NoPicture(file=to)
    drawn = draft(here, journey)
    # whatever display there is, none is needed
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.desktop.system import require_qt

    require_qt(window=False)
    from app.cli.catalogue import CannotWrite
    from app.desktop.drawing import draw as draw_picture

    try:
        draw_picture(drawn, to, notes=notes, tiled=pages is Pages.TILES)
    except OSError as error:
        raise CannotWrite(path=to, why=error.strerror or error) from error
    here.out.result(_("“{name}” is drawn in {file}.").format(name=drawn.settings.name, file=to), {"file": str(to)})
