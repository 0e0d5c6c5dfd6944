"""A workspace: one client's folder of drafts plus the store it names.

workspace.toml     id, name, store, time zone, country, language
journeys/          NAME.journey
messages/KEY/      template.toml and a body for each channel
exports/
store.sqlite       unless the store is elsewhere
"""

from __future__ import annotations

import os
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_

FILE = "workspace.toml"
OWN_STORE = "sqlite:///store.sqlite"
#: names the workspace of commands that were given none
VARIABLE = "KANWA_WORKSPACE"


class NoWorkspace(UsageError):
    """There is no workspace where one was looked for."""

    text = N_("There is no workspace in {folder} or above it. Make one with kanwa init, or name one with --workspace.")


class NoWorkspaceThere(UsageError):
    """The folder that was named is no workspace."""

    text = N_("{folder} is no workspace: it has no workspace.toml. Make one there with kanwa init {folder}.")


class WorkspaceExists(UsageError):
    """A workspace is there already."""

    text = N_("{folder} is a workspace already. Name another folder.")


class InTheWay(UsageError):
    """Something else is where the workspace should be made."""

    text = N_("{path} is in the way of a new workspace. Name another folder.")


class WorkspaceUnreadable(KanwaError):
    """`workspace.toml` is broken."""

    text = N_("{file} cannot be read: {why}. Mend the line, or fetch the file from a backup.")


class WorkspaceIncomplete(KanwaError):
    """`workspace.toml` lacks a field, or holds one of the wrong type."""

    text = N_('{file} has no text under “{field}”. Add the line {field} = "…".')


class NoSuchJourneyFile(UsageError):
    """A journey was named that the workspace does not have."""

    text = N_("There is no journey “{name}” in {folder}.{suggestion}")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that was opened."""

    folder: Path
    id: str
    name: str
    #: as written in the file; a relative SQLite path counts from the folder
    store: str
    #: IANA name
    time_zone: str
    #: ISO 3166, two letters: phone numbers without a country are read as of it
    country: str
    #: ISO 639
    language: str

    @property
    def journeys(self) -> Path:
        return self.folder / "journeys"

    @property
    def messages(self) -> Path:
        return self.folder / "messages"

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    @property
    def store_url(self) -> str:
        """The store's URL with an absolute path."""
        return absolute(self.store, self.folder)

    def journey_files(self) -> list[Path]:
        """The drafts, by name."""
        return sorted(self.journeys.glob("*.journey"))

    def journey_file(self, name: str) -> Path:
        """The file of a journey: a path as it stands, or the name of a draft with or without its ending.

        Raises NoSuchJourneyFile.
        """
        draft = self.journeys / (name if name.endswith(".journey") else f"{name}.journey")
        for file in (Path(name), draft):
            # unlike Path.is_file, no error for a name that no file can have
            if os.path.isfile(file):
                return file
        known = [file.stem for file in self.journey_files()]
        raise NoSuchJourneyFile(name=name, folder=self.journeys, suggestion=suggestion(name, known))


def absolute(url: str, folder: Path) -> str:
    """An address of a store whose path, if relative, counts from `folder`."""
    prefix = "sqlite:///"
    if "://" not in url:
        return str(folder / Path(url).expanduser())
    if not url.startswith(prefix) or url.startswith(prefix + "/") or url == prefix:
        return url
    return f"{prefix}{(folder / url.removeprefix(prefix)).resolve()}"


def create(
    folder: Path,
    *,
    name: str = "",
    store: str = OWN_STORE,
    time_zone: str = "Europe/Warsaw",
    country: str = "PL",
    language: str = "en",
) -> Workspace:
    """Make the folder with its file; the store itself is made when it is first opened.

    Raises WorkspaceExists, InTheWay, UnknownTimeZone, UnknownCountry, BadLanguage, and StoreError for an address that is
    none.
    """
    import tomlkit  # slow to import, and only needed to write

    from journeys.store.address import parsed
    from journeys.store.fields import language as language_named
    from journeys.store.settings import country_named, time_zone_named

    folder = folder.absolute()
    if (folder / FILE).exists():
        raise WorkspaceExists(folder=folder)
    for path in (folder, folder / "journeys", folder / "messages", folder / "exports"):
        if path.exists() and not path.is_dir():
            raise InTheWay(path=path)
    parsed(absolute(store, folder))
    workspace = Workspace(
        folder=folder,
        id=str(uuid.uuid4()),
        name=name or folder.name,
        store=store,
        time_zone=time_zone_named(time_zone).key,
        country=country_named(country),
        language=language_named(language.strip()),
    )
    document = tomlkit.document()
    for field in _FIELDS:
        document.add(field, tomlkit.item(getattr(workspace, field)))
    for path in (workspace.journeys, workspace.messages, workspace.exports):
        path.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(tomlkit.dumps(document), encoding="utf-8")
    return workspace


_FIELDS = ("id", "name", "store", "time_zone", "country", "language")


def read(folder: Path) -> Workspace:
    """Open the workspace in that folder. Raises NoWorkspaceThere, WorkspaceUnreadable, WorkspaceIncomplete."""
    folder = folder.absolute()
    file = folder / FILE
    if not file.is_file():
        raise NoWorkspaceThere(folder=folder)
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorkspaceUnreadable(file=file, why=error) from error
    fields: dict[str, str] = {}
    for field in _FIELDS:
        value = document.get(field)
        if not isinstance(value, str) or not value:
            raise WorkspaceIncomplete(file=file, field=field)
        fields[field] = value
    return Workspace(folder=folder, **fields)


def locate(
    given: Path | None = None, *, start: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Workspace:
    """The workspace a command works in: the one given, else the variable's, else the nearest from `start` upwards.

    Raises NoWorkspace, and what `read` raises.
    """
    if given is not None:
        return read(given)
    if environ.get(VARIABLE):
        return read(Path(environ[VARIABLE]))
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return read(folder)
    raise NoWorkspace(folder=start)
