"""`kanwa attribute|tag|purpose|programme|survey|funnel …`: what people define once and then speak of by its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import Column
from journeys.base.i18n import _

app = typer.Typer()

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help=_("Its key: small letters, digits, hyphens."))]
LabelOption = Annotated[str, typer.Option(help=_("What people call it; else the key."))]


def _group(name: str, help_: str) -> typer.Typer:
    group = typer.Typer(help=help_, no_args_is_help=True)
    app.add_typer(group, name=name)
    return group


def _defined(here: Here, what: str, key: str) -> None:
    here.out.result(_("“{key}” is defined.").format(key=key), {"kind": what, "key": key})


def _add_label_only(group: typer.Typer, what: str, definer: str, help_: str) -> None:
    @group.command("add", help=help_)
    @in_workspace
    def add(here: Here, key: KeyArgument, *, label: LabelOption = "") -> None:
        from journeys.store import definitions

        define: Callable[..., None] = getattr(definitions, definer)
        with here.store.write() as conn:
            define(conn, key, label=label)
        _defined(here, what, key)


def _add_list(group: typer.Typer, table: str, help_: str, *more: Column) -> None:
    columns = (Column("key", _("Key")), Column("label", _("Label")), *more)

    @group.command("list", help=help_)
    @in_workspace
    def list_(here: Here) -> None:
        from sqlalchemy import select

        from journeys.store.tables import metadata

        found = metadata.tables[table]
        with here.store.read() as conn:
            rows = conn.execute(select(found).order_by(found.c.key)).mappings().all()
        here.out.table(columns, [dict(row) for row in rows])


_attribute = _group("attribute", _("Attributes that contacts may have."))
_tag = _group("tag", _("Tags that contacts may bear."))
_purpose = _group("purpose", _("Purposes that people agree to, such as a newsletter."))
_programme = _group("programme", _("Loyalty programmes that people join or decline."))
_survey = _group("survey", _("Surveys that messages ask."))
_funnel = _group("funnel", _("Funnels and their stages."))

_add_list(
    _attribute,
    "attribute",
    _("List the attributes."),
    Column("type", _("Type")),
    Column("choices", _("Choices"), lambda choices: ", ".join(choices or ())),
    Column("unit", _("Unit")),
)
_add_list(_tag, "tag", _("List the tags."))
_add_list(_purpose, "purpose", _("List the purposes."))
_add_list(_programme, "programme", _("List the programmes."))
_add_list(
    _survey,
    "survey",
    _("List the surveys."),
    Column("kind", _("Kind")),
    Column("reasons", _("Reasons"), lambda reasons: ", ".join(reasons or ())),
)
_add_label_only(_tag, "tag", "define_tag", _("Define a tag, or give it another label."))
_add_label_only(_purpose, "purpose", "define_purpose", _("Define a purpose, or give it another label."))
_add_label_only(_programme, "programme", "define_programme", _("Define a programme, or give it another label."))


@_attribute.command("add", help=_("Define an attribute, or give one another label, unit or further choices."))
@in_workspace
def add_attribute(
    here: Here,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("Its key, such as birth_date."))],
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help=_("One of text, number, date, datetime, boolean, choice, list.")),
    ],
    *,
    label: LabelOption = "",
    choice: Annotated[list[str] | None, typer.Option(help=_("A value it may have; give one option a value."))] = None,
    unit: Annotated[str, typer.Option(help=_("What a number counts, such as kg."))] = "",
) -> None:
    from journeys.store.attributes import define_attribute

    checked: Any = type_  # the call itself says which types there are
    with here.store.write() as conn:
        define_attribute(conn, key, checked, label=label, choices=choice or (), unit=unit)
    _defined(here, "attribute", key)


@_survey.command("add", help=_("Define a survey, or change its label and reasons."))
@in_workspace
def add_survey(
    here: Here,
    key: KeyArgument,
    *,
    label: LabelOption = "",
    reason: Annotated[
        list[str] | None, typer.Option(help=_("A reason to pick from; makes it a survey of reasons."))
    ] = None,
) -> None:
    from journeys.store.definitions import define_survey

    with here.store.write() as conn:
        define_survey(conn, key, label=label, kind="reasons" if reason else "nps", reasons=reason or ())
    _defined(here, "survey", key)


@_funnel.command("add", help=_("Define a funnel with its stages in order, or change them."))
@in_workspace
def add_funnel(
    here: Here,
    key: KeyArgument,
    stages: Annotated[list[str], typer.Argument(metavar="STAGE…", help=_("Stages in order, each KEY or KEY=LABEL."))],
    *,
    label: LabelOption = "",
) -> None:
    from journeys.store.definitions import define_funnel

    named = [(one.partition("=")[0], one.partition("=")[2]) for one in stages]
    with here.store.write() as conn:
        define_funnel(conn, key, named, label=label)
    _defined(here, "funnel", key)


@_funnel.command("list", help=_("List the funnels with their stages and how many contacts stand on each."))
@in_workspace
def list_funnels(here: Here) -> None:
    from sqlalchemy import and_, func, select

    from journeys.store.tables import contact_stage, stage

    standing = select(
        stage.c.funnel, stage.c.key.label("stage"), stage.c.label, func.count(contact_stage.c.contact).label("contacts")
    ).select_from(
        stage.outerjoin(
            contact_stage, and_(contact_stage.c.funnel == stage.c.funnel, contact_stage.c.stage == stage.c.key)
        )
    )
    with here.store.read() as conn:
        rows = conn.execute(
            standing.group_by(stage.c.funnel, stage.c.key, stage.c.label, stage.c.n).order_by(stage.c.funnel, stage.c.n)
        ).mappings()
        found = [dict(row) for row in rows]
    here.out.table(
        (
            Column("funnel", _("Funnel")),
            Column("stage", _("Stage")),
            Column("label", _("Label")),
            Column("contacts", _("Contacts")),
        ),
        found,
    )
