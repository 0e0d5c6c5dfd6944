"""A draft in the workspace made of a published version, with the templates of its messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.workspace import Workspace
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.engine.drafts import Version, base_of, version_of
from journeys.graph.content import content
from journeys.graph.file import load, save
from journeys.graph.journey import Journey
from journeys.messages import template as templates
from journeys.messages.writing import write
from journeys.store.store import Store


class DraftChanged(KanwaError):
    """A draft or message in the workspace would be overwritten."""

    text = N_(
        "These were changed in the workspace and would be overwritten:\n{what}\nKeep a copy of them, or overwrite them with "
        "--over."
    )


class DraftInTheWay(KanwaError):
    """Another file has the name that the draft should get."""

    text = N_("{file} is another journey, or cannot be read. Move it away, then fetch again.")


class NotWritten(KanwaError):
    """The system refuses to write a message."""

    text = N_("{file} could not be written: {why}.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A draft that was made."""

    file: Path
    #: of the version
    number: int
    #: keys of the templates that came along
    templates: list[str]


def fetch(store: Store, workspace: Workspace, journey: str, *, number: int | None, over: bool) -> Fetched:
    """Write a version of a journey (its id) into the workspace; the newest unless a number is given.

    It takes the place of the journey's draft, and of its messages. Raises DraftChanged where those hold changes that
    no version has, unless `over`; DraftInTheWay, NoSuchVersion, UnwritableJourney, NotWritten.
    """
    file, draft = _draft(workspace, journey)
    with store.read() as conn:
        version = version_of(conn, journey, number=number)
        base = base_of(conn, draft) if draft is not None else None
    if not over:
        changed = list(_changed(workspace, file, draft, base, version))
        if changed:
            raise DraftChanged(what="\n".join(changed))
    for stored in version.templates.values():
        template = templates.from_json(stored)
        try:
            write(template, workspace.messages)
        except OSError as error:
            raise NotWritten(file=workspace.messages / template.key, why=error.strerror or error) from error
    save(version.journey, file)
    return Fetched(file, version.number, sorted(version.templates))


def _draft(workspace: Workspace, journey: str) -> tuple[Path, Journey | None]:
    """The file of the journey's draft, with the draft where there is one. Raises DraftInTheWay."""
    for file in workspace.journey_files():
        try:
            draft = load(file)
        except KanwaError:
            continue
        if draft.settings.id == journey:
            return file, draft
    file = workspace.journeys / f"{journey}.journey"
    if file.exists():
        raise DraftInTheWay(file=file)
    return file, None


def _changed(
    workspace: Workspace, file: Path, draft: Journey | None, base: Version | None, version: Version
) -> Iterator[str]:
    known = [one for one in (base, version) if one is not None]
    if draft is not None and not any(_plain(draft) == _plain(one.journey) for one in known):
        yield str(file)
    for key in version.templates:
        folder = workspace.messages / key
        if not folder.exists():
            continue
        try:
            there: Any = templates.to_json(templates.load(folder))
        except KanwaError:
            there = None
        if not any(there == one.templates.get(key) for one in known):
            yield _("{folder}, the message “{template}”").format(folder=folder, template=key)


def _plain(journey: Journey) -> dict[str, Any]:
    """All that somebody may have changed, places and comments too."""
    made = content(journey)
    return made | {"graph": {key: value for key, value in made["graph"].items() if key != "based_on"}}
