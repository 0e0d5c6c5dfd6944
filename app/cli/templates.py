"""`kanwa template …`: the texts that messages are made from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import Column
from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()
_template = typer.Typer(help=_("Message templates: folders under messages/."), no_args_is_help=True)
app.add_typer(_template, name="template")


class OneKeyForMany(UsageError):
    text = N_("--as names one copy. Add the templates one by one.")


@_template.command("list", help=_("List the templates of the workspace, or the starters that come with Kanwa."))
@in_workspace
def list_(
    here: Here, *, starters: Annotated[bool, typer.Option("--starters", help=_("List the starters."))] = False
) -> None:
    from journeys.messages import template as templates

    folder = templates.starters() if starters else here.workspace.messages
    rows: list[dict[str, Any]] = []
    broken = False
    for key in templates.keys(folder):
        try:
            one = templates.load(folder / key)
        except KanwaError as error:
            broken = True
            rows.append({"key": key, "class": "", "subject": "", "problem": str(error)})
            continue
        rows.append(
            {
                "key": key,
                "class": one.message_class,
                "subject": one.subject,
                "purpose": one.purpose,
                "survey": one.survey,
                "programme": one.programme,
                "problem": "",
            }
        )
    here.out.table(
        (
            Column("key", _("Key")),
            Column("class", _("Class")),
            Column("subject", _("Subject")),
            Column("purpose", _("Purpose")),
            Column("survey", _("Survey")),
            Column("programme", _("Programme")),
            Column("problem", _("Problem")),
        ),
        rows,
    )
    if broken:
        raise typer.Exit(1)


@_template.command("add", help=_("Copy starter templates into the workspace, to be changed there."))
@in_workspace
def add(
    here: Here,
    starters: Annotated[list[str], typer.Argument(metavar="STARTER…", help=_("Of kanwa template list --starters."))],
    *,
    as_: Annotated[str, typer.Option("--as", metavar="KEY", help=_("Key of the copy; else the starter's."))] = "",
) -> None:
    from app.templates import add_starter

    if as_ and len(starters) > 1:
        raise OneKeyForMany
    made = [add_starter(starter, here.workspace.messages, key=as_) for starter in starters]
    for one in made:
        here.out.say(_("The template “{key}” is in {folder}.").format(key=one.name, folder=one))
    if here.out.as_json:
        here.out.data([{"key": one.name, "folder": str(one)} for one in made])


@_template.command("check", help=_("Try templates on contacts of the store; nothing is sent."))
@in_workspace
def check(
    here: Here, key: Annotated[str, typer.Argument(metavar="[KEY]", help=_("One template; else all."))] = ""
) -> None:
    from app.templates import check_templates
    from journeys.messages.template import load, load_all

    messages = here.workspace.messages
    templates = [load(messages / key)] if key else list(load_all(messages).values())
    with here.store.read() as conn:
        check_templates(conn, templates, now=here.clock.now())
    here.out.result(_("Nothing is wrong with them."), {"checked": [one.key for one in templates]})
