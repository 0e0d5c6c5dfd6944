"""Opening the store that a workspace or a command line names, with the password the keyring holds for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.workspace import FILE, Workspace
from journeys.base.clock import Clock, SystemClock

if TYPE_CHECKING:
    from journeys.store.store import Store


def open_store(url: str, *, create: bool = False, clock: Clock | None = None) -> Store:
    """The open store. Raises StoreError."""
    from journeys.store import opening

    return opening.open_store(url, create=create, clock=clock or SystemClock(), password=password_for(url))


def make_store(workspace: Workspace) -> None:
    """Make the store of a new workspace, or take the one that is there; where it cannot be, the workspace goes again.

    A store that others use already keeps its own time zone and country. Raises StoreError.
    """
    from journeys.store import settings

    try:
        store = open_store(workspace.store_url, create=True)
    except BaseException:
        (workspace.folder / FILE).unlink()
        for folder in (workspace.journeys, workspace.messages, workspace.exports, workspace.folder):
            if not any(folder.iterdir()):
                folder.rmdir()
        raise
    try:
        with store.write() as conn:
            if not settings.get(conn, "name"):
                settings.put(conn, "name", workspace.name)
                settings.put(conn, "time_zone", workspace.time_zone)
                settings.put(conn, "country", workspace.country)
    finally:
        store.close()


def secret_name(url: str) -> str:
    """Under which name the keyring holds the password of a store on a server."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    parts = (parsed.host or "local", str(parsed.port or 5432), parsed.database or "", parsed.username or "")
    return "store/" + "/".join(re.sub(r"[^a-z0-9.-]", "-", part.lower()) or "-" for part in parts) + "/password"


def password_for(url: str) -> str | None:
    """The password that `kanwa store login` has kept; none for a file, or where this machine has no keyring."""
    if not url.startswith("postgres"):
        return None
    from journeys.channels.secrets import NoKeyring, get_secret
    from journeys.store.address import parsed

    parsed(url)  # refuses an address that cannot be one, in its own words
    try:
        found = get_secret(secret_name(url))
    except NoKeyring:
        return None
    return found.reveal() if found else None
