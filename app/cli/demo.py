"""`kanwa demo`: a ready workspace in the editor; `--headless` runs a month on a simulated clock and reports."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.here import Here, JsonOption
from app.cli.out import Column, grouped
from journeys.base.i18n import _, ngettext

if TYPE_CHECKING:
    from app.demo.headless import MonthReport

app = typer.Typer()


@app.command("demo", help=_("Make a shop with 5,000 contacts and open its journeys, or run a month of them."))
def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help=_("Run without a window and report."))] = False,
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help=_("Where to make it."))] = Path("kanwa-demo"),
    seed: Annotated[int, typer.Option(help=_("The same seed gives the same month."))] = 7,
    days: Annotated[int, typer.Option(min=1, max=366, help=_("How many days."))] = 30,
    as_json: JsonOption = False,
) -> None:
    here = Here(folder=directory, store=None, as_json=as_json, draws=True)
    if not headless:
        from app.cli.desktop import why_no_window

        if why := why_no_window():
            here.out.aside(_("{why} The demo runs without a window.").format(why=why))
        else:
            raise typer.Exit(_open(here, directory, seed))
    from app.demo.headless import run_headless

    labels = {"install": _("Making the shop"), "run": _("Running the month")}
    with ExitStack() as bars:
        open_bars = {what: bars.enter_context(here.out.progress(label)) for what, label in labels.items()}
        report = run_headless(
            directory, seed=seed, days=days, hear=lambda what, done, total: open_bars[what](done, total)
        )
    if as_json:
        here.out.data(report.data())
    else:
        _say(here, report)


def _open(here: Here, directory: Path, seed: int) -> int:
    """Make the demo, unless it is there, and open its workspace in the editor."""
    from app import workspace as workspaces
    from app.cli.desktop import open_window
    from app.demo.install import NAME, install
    from app.workspace import NoWorkspaceThere

    try:
        workspace = workspaces.read(directory)
    except NoWorkspaceThere:
        workspace = None
    if workspace is None or workspace.name != NAME:
        with here.out.progress(_("Making the shop")) as progress:
            demo = install(directory, seed=seed, progress=progress)
        demo.store.close()
        workspace = demo.workspace
    first = workspace.journeys / "nps-after-purchase.journey"
    return open_window(workspace, [first] if first.exists() else ())


def _say(here: Here, report: MonthReport) -> None:
    from app.cli.explain import show_journeys, show_messages, show_standing
    from app.demo.shop import local
    from journeys.engine.reasons import said

    here.out.say(
        ngettext(
            "From {start} to {end}, on a simulated clock. {mails} mail lies in {folder}.",
            "From {start} to {end}, on a simulated clock. {mails} mails lie in {folder}.",
            report.mails,
        ).format(
            start=local(report.start), end=local(report.end), mails=grouped(report.mails), folder=report.folder / "mail"
        )
    )
    here.out.say(
        ngettext(
            "The shop's own server was called {n} time.", "The shop's own server was called {n} times.", report.calls
        ).format(n=grouped(report.calls))
    )
    here.out.say(
        ngettext(
            "Messages were held back {n} time, for quiet hours or the cap.",
            "Messages were held back {n} times, for quiet hours or the cap.",
            report.held,
        ).format(n=grouped(report.held))
    )
    show_journeys(here, [asdict(one) for one in report.journeys])
    here.out.table(
        (Column("reason", _("Why they did not come in"), said), Column("times", _("Times"))),
        [{"reason": reason, "times": times} for reason, times in sorted(report.not_entered.items())],
        title=_("Not come in"),
    )
    show_standing(here, [asdict(one) for one in report.standing])
    show_messages(here, [asdict(one) for one in report.messages])
    here.out.table(
        (Column("kind", _("What they did")), Column("times", _("Times"))),
        [{"kind": kind, "times": times} for kind, times in report.answers.items()],
        title=_("Answers"),
    )
    for journey, title, outlet in report.never_taken:
        here.out.say(
            _("{journey}: nobody left “{title}” by “{outlet}”.").format(journey=journey, title=title, outlet=outlet)
        )
    for trouble in report.troubles:
        here.out.aside(trouble)
