"""The structure of a store, step by step, and how an open database is brought to the newest.

A step is never changed once it was released. There is no way back: before a step an SQLite store is backed up.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

#: holds the revision; a name of our own, a shared database may hold another program's `alembic_version`
REVISION_TABLE = "kanwa_schema"


#: folders with the files of the steps
FOLDERS = [Path(__file__).parent / "versions"]


@cache
def revisions() -> tuple[str, ...]:
    """Every revision this program knows, oldest first: those of the files, which are numbered."""
    return tuple(sorted(step.stem[1:] for folder in FOLDERS for step in folder.glob("v*.py")))


def newest() -> str:
    """The revision that this program works with."""
    return revisions()[-1]


def revision_of(conn: Connection) -> str | None:
    """The revision of the database; None where no store is in it."""
    if not inspect(conn).has_table(REVISION_TABLE):
        return None
    revision: str | None = conn.execute(select(column("version_num")).select_from(table(REVISION_TABLE))).scalar()
    return revision


def migrate(conn: Connection) -> None:
    """Bring the database to the newest revision, in the transaction of this connection."""
    # Alembic and its templates take longer to import than most commands take; a store is migrated once in its life
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, FOLDERS)).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
