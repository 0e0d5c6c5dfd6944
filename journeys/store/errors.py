"""What can be wrong with a store, and what a database's own error means in a sentence."""

from __future__ import annotations

import errno
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeGuard

from sqlalchemy.exc import DBAPIError

from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_

if TYPE_CHECKING:
    import psycopg


class StoreError(KanwaError):
    """A store that cannot be opened, read or written. `store` is its address without a password."""

    text = N_("The store {store} cannot be used: {detail}")


class WrongAddress(StoreError, UsageError):
    """Text that names no store."""

    text = N_(
        "“{store}” is not the address of a store. Write the path of a file, sqlite:///PATH, or "
        "postgresql://USER@HOST/DATABASE."
    )


class UnknownDatabase(StoreError, UsageError):
    """An address of a database that Kanwa does not speak to."""

    text = N_(
        "A store lies in SQLite or PostgreSQL, not in “{kind}”. Addresses begin with sqlite:/// or postgresql://."
    )


class PasswordInAddress(StoreError, UsageError):
    """A password in an address, which ends up in files, logs and histories."""

    text = N_(
        "The address of a store holds no password. Leave it out of {store} and keep it with kanwa store login, in the "
        "file that PGPASSFILE names, or in a service: postgresql:///?service=NAME."
    )


class StoreMissing(StoreError):
    """No store there."""

    text = N_("There is no store at {store}. Make one with kanwa init, or look at the address.")


class FolderMissing(StoreError):
    """The folder of an SQLite store is not there."""

    text = N_("There is no folder {folder} for the store {store}. Make the folder first, or look at the address.")


class DatabaseMissing(StoreError):
    """The server runs and has no such database."""

    text = N_("The server of {store} has no database of that name. Have it made (createdb), then run kanwa init.")


class NotAStore(StoreError):
    """A file or database that holds something else."""

    text = N_("{store} is not a store of Kanwa. It was left as it is; look at the address.")


class NewerStore(StoreError):
    """A structure that this program does not know."""

    text = N_("The store {store} was written by a newer Kanwa (structure {revision}). Update Kanwa to open it.")


class OlderStore(StoreError):
    """A structure to be upgraded on purpose."""

    text = N_(
        "The store {store} has the structure {revision}, this Kanwa needs {newest}. Make a backup, then run "
        "kanwa store upgrade."
    )


class OldDatabase(StoreError):
    """A database that is too old."""

    text = N_("The store {store} runs on {product} {version}. Kanwa needs {least} or newer.")


class ServerUnreachable(StoreError):
    """No server answers."""

    text = N_("The server of the store {store} does not answer. See whether it runs and whether its address is right.")


class ConnectionLost(StoreError):
    """The server went away in the middle; nothing of the transaction was kept."""

    text = N_("The server of the store {store} ended the connection. Nothing was half written; try again.")


class LoginRefused(StoreError):
    """The server does not let this user in."""

    text = N_(
        "The server of the store {store} refused the login. Give the user in the address and the password with "
        "kanwa store login, in the file that PGPASSFILE names, or in a service."
    )


class NotAllowed(StoreError):
    """The user may not do that on the server."""

    text = N_("The user of the store {store} may not do that there. The database's owner grants the right.")


class StoreLocked(StoreError):
    """Somebody else writes and does not end."""

    text = N_("The store {store} is held by another program and did not come free. Wait until that is done; try again.")


class OthersInTheWay(StoreError):
    """The server ended the transaction in favour of another one; what that wrote is seen by the next try."""

    text = N_(
        "Other programs that write to the store {store} were in the way again and again. Nothing was half written; try "
        "again."
    )


class StoreReadOnly(StoreError):
    """No right to write."""

    text = N_("The store {store} cannot be written. Give your user the right to write the file and its folder.")


class StoreNotReadable(StoreError):
    """No right to read, or no way to open the file."""

    text = N_("The store {store} cannot be opened. Give your user the right to read and write the file and its folder.")


class NetworkFolder(StoreError):
    """An SQLite file on a network, where its locks do not hold."""

    text = N_(
        "The store {store} lies in a network folder ({kind}), where SQLite loses data. Keep it on a disk of this "
        "computer, or use PostgreSQL to share it."
    )


class DiskFull(StoreError):
    """No room left."""

    text = N_("The disk of the store {store} is full. Nothing was half written; make room and try again.")


class BackupsInTheWay(StoreError):
    """Something else is where the folder of backups should be."""

    text = N_("{folder} is no folder, so that the store {store} cannot be backed up. Move it away and try again.")


class StoreDamaged(StoreError):
    """A file whose structure is broken."""

    text = N_(
        "The store {store} is damaged. Stop writing to it and restore the newest backup with kanwa store restore."
    )


class DiskTrouble(StoreError):
    """The system could not read or write the file."""

    text = N_("The disk of the store {store} reports an error. Nothing was half written; look at the disk.")


#: primary result codes of SQLite
_SQLITE: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreLocked,
    sqlite3.SQLITE_LOCKED: StoreLocked,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
    sqlite3.SQLITE_PERM: StoreReadOnly,
    sqlite3.SQLITE_IOERR: DiskTrouble,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_CANTOPEN: StoreNotReadable,
    sqlite3.SQLITE_NOTADB: NotAStore,
}

#: SQLSTATEs of PostgreSQL
_POSTGRES: dict[str, type[StoreError]] = {
    # serialisation failure, deadlock
    "40001": OthersInTheWay,
    "40P01": OthersInTheWay,
    "28P01": LoginRefused,
    "28000": LoginRefused,
    "3D000": DatabaseMissing,
    "42501": NotAllowed,
    "25006": StoreReadOnly,
    "53100": DiskFull,
    "55P03": StoreLocked,
    "53300": ServerUnreachable,
    "57P03": ServerUnreachable,
    "57P01": ConnectionLost,
    "57P02": ConnectionLost,
    "08000": ConnectionLost,
    "08003": ConnectionLost,
    "08006": ConnectionLost,
    "58030": DiskTrouble,
    "XX001": StoreDamaged,
    "XX002": StoreDamaged,
}

_SYSTEM: dict[int, type[StoreError]] = {
    errno.EACCES: StoreReadOnly,
    errno.EPERM: StoreReadOnly,
    errno.EROFS: StoreReadOnly,
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EIO: DiskTrouble,
}

# a connection that never came about has no SQLSTATE, only what libpq and the server wrote
_SAID: tuple[tuple[re.Pattern[str], type[StoreError]], ...] = (
    (re.compile(r'database ".*" does not exist'), DatabaseMissing),
    (re.compile(r'authentication failed|no password supplied|role ".*" does not exist|pg_hba\.conf'), LoginRefused),
    # a new connection may have to write a file of its own first
    (re.compile(r"No space left on device"), DiskFull),
    (re.compile(r"definition of service .* not found|invalid (connection option|URI|port)"), WrongAddress),
)


def translated(error: BaseException, *, store: str) -> StoreError | None:
    """The sentence for a database's error; None where it says nothing about the store itself (a defect of ours).

    `store` is its address without a password.
    """
    if isinstance(error, OSError):
        of_file = _SYSTEM.get(error.errno or 0)
        return of_file(store=store, detail=str(error)) if of_file else None
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        kind = None if code is None else _SQLITE.get(code & 0xFF)
        return kind(store=store, detail=str(cause)) if kind else None
    if _of_postgres(cause):
        detail = str(cause)
        if cause.sqlstate:
            found = _POSTGRES.get(cause.sqlstate)
            return found(store=store, detail=detail) if found else None
        if lost:
            return ConnectionLost(store=store, detail=detail)
        if isinstance(cause, sys.modules["psycopg"].OperationalError):
            named = next((kind for pattern, kind in _SAID if pattern.search(detail)), ServerUnreachable)
            return named(store=store, detail=detail)
    return None


def _of_postgres(error: BaseException | None) -> TypeGuard[psycopg.Error]:
    # where such an error is, psycopg has been imported; a command on an SQLite store does without
    loaded = sys.modules.get("psycopg")
    return loaded is not None and isinstance(error, loaded.Error)


@contextmanager
def in_sentences(store: str, *, files: bool = False) -> Iterator[None]:
    """Inside the block, errors of the database that concern the store itself are raised as `StoreError`.

    With `files` those of the system too: only where the block touches no other file than the store's.
    """
    try:
        yield
    except Exception as error:
        ours = isinstance(error, DBAPIError | sqlite3.Error) or _of_postgres(error)
        if not ours and not (files and isinstance(error, OSError)):
            raise
        if found := translated(error, store=store):
            raise found from error
        raise
