"""`kanwa check|show|diff|publish|enroll|journeys`: a journey from its file to its life."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.catalogue import catalogue_of
from app.cli.here import Here, in_workspace
from app.cli.out import Column, grouped
from app.cli.times import NowOption, present
from app.workspace import NoSuchJourneyFile, NoWorkspace
from journeys.base.i18n import _, ngettext

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from journeys.base.catalogue import Catalogue
    from journeys.graph.checks import Report
    from journeys.graph.journey import Journey
    from journeys.messages.template import Template
    from journeys.nodes.problem import Problem

app = typer.Typer()

JourneyArgument = Annotated[str, typer.Argument(metavar="JOURNEY", help=_("A draft by name, or a file."))]
PublishedArgument = Annotated[str, typer.Argument(metavar="JOURNEY", help=_("A published journey, by name or id."))]
ChoicesOption = Annotated[
    Path | None,
    typer.Option(
        "--choices",
        metavar="FILE",
        help=_("Take those inside along; what becomes of them at nodes that are gone, as JSON."),
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help=_("Only say who stands where and what would become of them."))
]


def draft_file(here: Here, name: str) -> Path:
    """The file of that name, or that of a draft in the workspace. Raises NoSuchJourneyFile."""
    if os.path.isfile(name):
        return Path(name)
    try:
        return here.workspace.journey_file(name)
    except NoWorkspace:
        raise NoSuchJourneyFile(name=name, folder=Path.cwd(), suggestion="") from None


def draft(here: Here, name: str) -> Journey:
    """The journey in the file of that name. Raises UnreadableJourney, NoSuchJourneyFile."""
    from journeys.graph.file import load

    return load(draft_file(here, name))


def known_templates(here: Here) -> dict[str, Template]:
    """The workspace's templates; none where a store was named alone."""
    from journeys.messages.template import load_all

    workspace = here.workspace_if_any
    return load_all(workspace.messages) if workspace else {}


def _outside(here: Here) -> Catalogue | None:
    """The catalogue where there is a store to make one of."""
    if not here.has_store:
        return None
    templates = known_templates(here)
    with here.store.read() as conn:
        return catalogue_of(conn, templates, now=here.clock.now())


def _report(here: Here, journey: Journey, file: Path | None) -> Report:
    """What is wrong with a journey, seen against a catalogue in a file, else the store where there is one."""
    from journeys.base.catalogue_file import read_catalogue
    from journeys.engine.checking import checked
    from journeys.graph.checks.check import check as check_journey

    if file is not None:
        return check_journey(journey, read_catalogue(file))
    if not here.has_store:
        return check_journey(journey)
    templates, now = known_templates(here), here.clock.now()
    with here.store.read() as conn:
        return checked(conn, journey, catalogue_of(conn, templates, now=now, journey=journey), now=now)


def problem_words(problem: Problem, journey: Journey) -> str:
    """A problem with how much it matters and the titles of the nodes it is about."""
    from journeys.graph.words import say_problem
    from journeys.nodes.problem import say_severity

    return _("{severity}: {problem}").format(
        severity=say_severity(problem.severity), problem=say_problem(problem, journey)
    )


@app.command("check", help=_("Check a journey: what would keep it from running, or from running well."))
@in_workspace
def check(
    here: Here,
    journey: JourneyArgument,
    *,
    catalogue: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=_("Check against a file made by kanwa catalogue, instead of the store.")),
    ] = None,
) -> None:
    from journeys.nodes.problem import Severity

    checked = draft(here, journey)
    report = _report(here, checked, catalogue)
    if here.out.as_json:
        here.out.data(
            {
                "problems": [
                    {
                        "check": one.check,
                        "severity": one.severity,
                        "nodes": one.nodes,
                        "field": one.field,
                        "sentence": one.sentence,
                        "fix": one.fix and asdict(one.fix),
                    }
                    for one in report.problems
                ],
                "skipped": report.skipped,
            }
        )
    else:
        # a key that stands in several places is one sentence, with one fix
        said = {problem_words(one, checked): one.fix for one in reversed(report.problems)}
        for sentence, fix in reversed(said.items()):
            here.out.say(sentence)
            if fix is not None:
                here.out.say(_("  To mend it: {fix}.").format(fix=fix.label))
        for sentence in report.skipped:
            here.out.aside(sentence)
        if not report.problems:
            here.out.say(_("Nothing is wrong with it."))
    if any(one.severity is not Severity.HINTS for one in report.problems):
        raise typer.Exit(1)


@app.command("show", help=_("Say a journey in words."))
@in_workspace
def show(here: Here, journey: JourneyArgument) -> None:
    from journeys.graph.show import show as say

    said = say(draft(here, journey), _outside(here))
    here.out.result(said.rstrip("\n"), {"journey": journey, "words": said})


@app.command("diff", help=_("Say what differs between two journeys, or between a draft and its published version."))
@in_workspace
def diff(
    here: Here,
    before: Annotated[str, typer.Argument(metavar="A", help=_("A draft by name, or a file."))],
    after: Annotated[
        str, typer.Argument(metavar="[B]", help=_("Another one; without it A is compared with what is published."))
    ] = "",
) -> None:
    from journeys.graph.diff import differences

    first, second = (draft(here, before), draft(here, after)) if after else _published_and_draft(here, before)
    found = differences(first, second, catalogue=_outside(here))
    if here.out.as_json:
        here.out.data([{"kind": one.kind, "node": one.node, "sentence": one.sentence} for one in found])
    for one in found:
        here.out.say(one.sentence)
    if not found:
        here.out.say(_("They are the same."))


def _published_and_draft(here: Here, name: str) -> tuple[Journey, Journey]:
    from sqlalchemy import select

    from journeys.engine.lifecycle import find
    from journeys.graph.file import read_journey
    from journeys.store.tables import version

    now = draft(here, name)
    with here.store.read() as conn:
        row = find(conn, now.settings.id)
        graph = conn.execute(select(version.c.graph).where(version.c.id == row["version"])).scalar_one()
    return read_journey(graph), now


@app.command("publish", help=_("Publish a journey: from now on it lets contacts in."))
@in_workspace
def publish(
    here: Here,
    journey: JourneyArgument,
    *,
    now: NowOption = "",
    existing: Annotated[
        bool | None,
        typer.Option("--existing/--no-existing", help=_("Let in who matches already; else as the triggers say.")),
    ] = None,
    reason: Annotated[str, typer.Option(help=_("Publish over what blocks, and keep this reason."))] = "",
    choices: ChoicesOption = None,
    over: Annotated[
        bool,
        typer.Option("--over", help=_("Publish although another version was published since this draft was begun.")),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help=_("Let a stopped or archived journey live again."))] = False,
    dry_run: DryRunOption = False,
) -> None:
    from app.cli.migrating import say_migrated, say_preview
    from app.publication import publish_draft
    from journeys.engine.choices import Choices, read_choices
    from journeys.engine.existing import let_in_existing
    from journeys.engine.migrate import migrate, preview_edit
    from journeys.engine.plan import Plans
    from journeys.graph.file import load, save
    from journeys.graph.problems import UnwritableJourney

    file = draft_file(here, journey)
    one = load(file)
    templates = known_templates(here)
    at = present(here, now)
    chosen = read_choices(choices) if choices is not None else None
    # choices that do not fit are found before anything is published
    foreseen = preview_edit(here.store, Plans(), one, chosen or Choices()) if chosen or dry_run else None
    if dry_run and foreseen is not None:
        say_preview(here, foreseen)
        return
    published = publish_draft(
        here.store, one, templates, now=at, existing=existing, reason=reason, over=over, again=again
    )
    one.settings = one.settings.model_copy(update={"based_on": published.hash})
    try:
        save(one, file)
    except UnwritableJourney as error:
        # it is published all the same
        here.out.aside(str(error))
    for problem in published.problems:
        here.out.aside(problem_words(problem, one))
    with here.out.progress(_("Letting in")) as progress:
        entered = let_in_existing(here.store, Plans(), published.journey, now=at, progress=progress)
    sentence = (
        _("“{name}” is published as version {number}, and paused.")
        if published.paused
        else _("“{name}” is live as version {number}.")
    ).format(name=one.settings.name, number=published.number)
    if entered:
        came = ngettext("{n} contact came in at once.", "{n} contacts came in at once.", entered)
        sentence = _("{published} {came}").format(published=sentence, came=came.format(n=grouped(entered)))
    data: dict[str, Any] = {"journey": one.settings.id, "version": published.number, "entered": entered}
    data["problems"] = [problem.sentence for problem in published.problems]
    if chosen is not None:
        with here.out.progress(_("Taking along")) as progress:
            done = migrate(here.store, Plans(), one.settings.id, chosen, now=at, progress=progress)
        data["migrated"] = asdict(done)
        sentence = _("{published} {came}").format(published=sentence, came=say_migrated(done))
    here.out.result(sentence, data)


def find_published(here: Here, conn: Connection, name: str) -> RowMapping:
    """The row of a published journey: by id or name, or by the name of its draft. Raises UnknownJourney."""
    from journeys.engine.lifecycle import UnknownJourney, find

    try:
        return find(conn, name)
    except UnknownJourney:
        workspace = here.workspace_if_any
        if workspace is None or not (os.path.isfile(name) or os.path.isfile(workspace.journeys / f"{name}.journey")):
            raise
        return find(conn, draft(here, name).settings.id)


@app.command("journeys", help=_("List the journeys: drafts and what is published."))
@in_workspace
def journeys(
    here: Here,
    *,
    archived: Annotated[bool, typer.Option("--archived", help=_("List those in the archive too."))] = False,
) -> None:
    from app.overview import journeys as published
    from journeys.engine.states import state_words

    with here.store.read() as conn:
        rows: list[dict[str, Any]] = [{name: getattr(one, name) for name in one.__slots__} for one in published(conn)]
    known = {row["key"] for row in rows}
    rows = [row for row in rows if archived or row["state"] != "archived"]
    rows += _drafts(here, known)
    here.out.table(
        (
            Column("name", _("Journey")),
            Column("key", _("Id")),
            Column("state", _("State"), state_words),
            Column("version", _("Version")),
            Column("entered", _("Came in")),
            Column("inside", _("Inside")),
            Column("goal", _("Goal")),
            Column("exited", _("Exited")),
            Column("finished", _("Finished")),
            Column("failed", _("Failed")),
        ),
        rows,
    )


def _drafts(here: Here, published: set[str]) -> list[dict[str, Any]]:
    """Drafts that were never published; one that cannot be read is listed all the same."""
    from journeys.base.errors import KanwaError

    workspace = here.workspace_if_any
    files = workspace.journey_files() if workspace else []
    if not files:
        return []
    from journeys.graph.file import load

    rows = []
    for file in files:
        try:
            settings = load(file).settings
        except KanwaError:
            rows.append({"name": file.stem, "key": "", "state": _("unreadable")})
            continue
        if settings.id not in published:
            rows.append({"name": settings.name, "key": settings.id, "state": _("draft")})
    return rows
