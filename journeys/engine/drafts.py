"""Drafts and what they are based on: whether somebody else published since, and a draft made of what is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_, _
from journeys.engine.lifecycle import find
from journeys.graph.diff import differences
from journeys.graph.file import read_journey
from journeys.graph.journey import Journey
from journeys.store import tables as t


class NoSuchVersion(KanwaError):
    """A version that was never published."""

    text = N_("“{journey}” has no version {number}.{suggestion}")


class Stale(KanwaError):
    """A draft that does not know what was published since it was begun."""

    text = N_(
        "This draft of “{journey}” was begun before version {number} was published. Version {number} changed what the "
        "draft started from:\n{differences}\nFetch version {number} and make your changes in it, or publish over it on "
        "purpose."
    )


class NotBasedOn(KanwaError):
    """A draft that was not made from any version, of a journey that has some."""

    text = N_(
        "This draft of “{journey}” was not made from version {number}, which is published. It would change it so:\n"
        "{differences}\nFetch version {number} and make your changes in it, or publish over it on purpose."
    )


@dataclass(frozen=True, slots=True)
class Version:
    """A published version as a draft: the journey, based on it, and its templates as they were stored."""

    number: int
    journey: Journey
    templates: Mapping[str, Any]


def version_of(conn: Connection, name: str, *, number: int | None = None) -> Version:
    """A version of a published journey; the newest unless a number is given.

    Raises what `lifecycle.find` raises, and NoSuchVersion.
    """
    row = find(conn, name)
    versions = {
        found.number: found
        for found in conn.execute(
            select(t.version.c.id, t.version.c.number).where(t.version.c.journey == row["id"]).order_by(t.version.c.id)
        )
    }
    if number is None:
        chosen = next(found for found in versions.values() if found.id == row["version"])
    elif number in versions:
        chosen = versions[number]
    else:
        raise no_such_version(row, number, versions)
    return _version(conn, conn.execute(select(t.version).where(t.version.c.id == chosen.id)).mappings().one())


def no_such_version(journey: RowMapping, number: int, known: Mapping[int, object]) -> NoSuchVersion:
    """The error for a number that no version of the journey has."""
    return NoSuchVersion(
        journey=journey["name"], number=number, suggestion=suggestion(str(number), [str(one) for one in known])
    )


def base_of(conn: Connection, draft: Journey) -> Version | None:
    """The version that a draft started from, where this store has it."""
    if draft.settings.based_on is None:
        return None
    row = (
        conn.execute(
            select(t.version)
            .join(t.journey, t.journey.c.id == t.version.c.journey)
            .where(t.journey.c.key == draft.settings.id, t.version.c.hash == draft.settings.based_on)
            .order_by(t.version.c.number.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return _version(conn, row) if row is not None else None


def _version(conn: Connection, row: RowMapping) -> Version:
    templates = {
        found.key: found.source for found in conn.execute(select(t.template).where(t.template.c.version == row["id"]))
    }
    journey = read_journey(row["graph"])
    journey.settings = journey.settings.model_copy(update={"based_on": row["hash"]})
    return Version(row["number"], journey, templates)


def not_stale(
    conn: Connection, draft: Journey, templates: Mapping[str, Any], *, newest: RowMapping, catalogue: Catalogue
) -> None:
    """Refuse a draft that does not start from the newest version (its row). Raises Stale, NotBasedOn.

    `templates` are those the draft uses, as they would be stored.
    """
    if draft.settings.based_on == newest["hash"]:
        return
    published = _version(conn, newest)
    base = base_of(conn, draft)
    values = {"journey": draft.settings.name, "number": published.number}
    if base is None:
        said = changes(published.journey, published.templates, draft, templates, catalogue=catalogue)
        raise NotBasedOn(differences="\n".join(said) or _("Only places and comments differ."), **values)
    said = changes(base.journey, base.templates, published.journey, published.templates, catalogue=catalogue)
    raise Stale(differences="\n".join(said) or _("Only places and comments differ."), **values)


def changes(
    before: Journey,
    templates_before: Mapping[str, Any],
    after: Journey,
    templates_after: Mapping[str, Any],
    *,
    catalogue: Catalogue | None,
) -> list[str]:
    """What differs between two journeys with their templates, a sentence each."""
    said = [one.sentence for one in differences(before, after, catalogue=catalogue)]
    return said + list(_of_templates(templates_before, templates_after))


def _of_templates(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *after}):
        if key in before and key in after and before[key] != after[key]:
            yield _("The message “{template}” reads otherwise.").format(template=key)
