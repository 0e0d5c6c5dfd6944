"""`kanwa segment …`: named criteria."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.names import KeyArgument, LabelOption
from app.cli.out import Column, grouped, when
from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, _, ngettext

app = typer.Typer()
_segment = typer.Typer(help=_("Segments: criteria with a name."), no_args_is_help=True)
app.add_typer(_segment, name="segment")


class NoCriterion(UsageError):
    text = N_('“{given}” is neither a file nor a criterion. Write JSON such as {{"leaf": "tag", "tag": "vip"}}.')


class NotJson(KanwaError):
    text = N_("{where} is not JSON: {why}.")


def read_json(given: str) -> Any:
    """The JSON that an option gives, as a file or as it stands. Raises NoCriterion, NotJson."""
    if given.lstrip().startswith(("{", "[")):
        where, text = _("The criterion"), given
    else:
        file = Path(given)
        try:
            where, text = str(file), file.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise NoCriterion(given=given[:200]) from error
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotJson(where=where, why=error) from error


@_segment.command("add", help=_("Define a segment, or give one another criterion."))
@in_workspace
def add(
    here: Here,
    key: KeyArgument,
    *,
    criterion: Annotated[str, typer.Option(metavar="FILE|JSON", help=_("Who is in it, as JSON."))],
    label: LabelOption = "",
) -> None:
    from app.criterion import checked_segment
    from journeys.criteria import Keys, dump_criterion, words
    from journeys.store.catalogue import catalogue
    from journeys.store.definitions import define_segment

    data = read_json(criterion)
    with here.store.write() as conn:
        parsed = checked_segment(data, catalogue(conn))
        define_segment(conn, key, dump_criterion(parsed), label=label)
    here.out.result(
        _("“{key}” is: {words}.").format(key=key, words=words(parsed, Keys())),
        {"key": key, "criterion": dump_criterion(parsed), "words": words(parsed, Keys())},
    )


@_segment.command("list", help=_("List the segments."))
@in_workspace
def list_(here: Here) -> None:
    from sqlalchemy import func, select

    from app.naming import StoreNames
    from journeys.criteria import parse_criterion, words
    from journeys.engine.plan import Plans
    from journeys.store.tables import membership, segment

    with here.store.read() as conn:
        names = StoreNames(conn, Plans())
        inside = dict(
            conn.execute(
                select(membership.c.segment, func.count())
                .where(membership.c.to_at.is_(None))
                .group_by(membership.c.segment)
            )
            .tuples()
            .all()
        )
        rows = [
            {
                "key": row.key,
                "label": row.label,
                "words": words(parse_criterion(row.criterion), names),
                "contacts": inside.get(row.key, 0) if row.computed_at is not None else None,
                "computed_at": row.computed_at,
            }
            for row in conn.execute(select(segment).order_by(segment.c.key))
        ]
    zone = here.zone
    here.out.table(
        (
            Column("key", _("Key")),
            Column("label", _("Label")),
            Column("words", _("Who")),
            Column("contacts", _("Contacts")),
            Column("computed_at", _("Kept since"), lambda at: when(at, zone)),
        ),
        rows,
    )


@_segment.command("show", help=_("Say a segment in words."))
@in_workspace
def show(here: Here, key: KeyArgument) -> None:
    from app.naming import StoreNames
    from journeys.criteria import words
    from journeys.engine.plan import Plans

    with here.store.read() as conn:
        criterion = criterion_of(conn, key)
        said = words(criterion, StoreNames(conn, Plans()))
    from journeys.criteria import dump_criterion

    here.out.result(said, {"key": key, "words": said, "criterion": dump_criterion(criterion)})


@_segment.command("count", help=_("Count who is in a segment at this moment."))
@in_workspace
def count(
    here: Here,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("Which segment."))] = "",
    *,
    criterion: Annotated[
        str, typer.Option(metavar="FILE|JSON", help=_("Count a criterion that is no segment yet."))
    ] = "",
) -> None:
    from sqlalchemy import func, select

    from app.criterion import checked_criterion
    from journeys.criteria import select_members
    from journeys.store.catalogue import catalogue
    from journeys.store.settings import workspace_zone

    if bool(key) == bool(criterion):
        raise typer.BadParameter(_("Give a segment or --criterion, one of the two."))
    data = read_json(criterion) if criterion else None
    with here.store.read() as conn:
        wanted = checked_criterion(data, catalogue(conn)) if criterion else criterion_of(conn, key)
        members, moments = select_members(wanted, conn.dialect.name)
        values = moments.values(here.clock.now(), workspace_zone(conn))
        n = conn.execute(select(func.count()).select_from(members.subquery()), values).scalar_one()
    here.out.result(ngettext("{n} contact.", "{n} contacts.", n).format(n=grouped(n)), {"contacts": n})


def criterion_of(conn: Any, key: str) -> Any:
    """The criterion of a segment. Raises UnknownSegment."""
    from sqlalchemy import select

    from journeys.criteria import parse_criterion
    from journeys.engine.segments import UnknownSegment
    from journeys.store.tables import segment

    known = {row.key: row.criterion for row in conn.execute(select(segment.c.key, segment.c.criterion))}
    if key not in known:
        raise UnknownSegment(key=key)
    return parse_criterion(known[key])
