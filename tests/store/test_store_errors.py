"""The sentence for each error that a database gives about itself."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import OperationalError

from journeys.store import errors
from journeys.store.errors import StoreError, in_sentences, translated


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_sqlite(sqlite3.SQLITE_BUSY), errors.StoreLocked),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), errors.StoreLocked),
        (of_sqlite(sqlite3.SQLITE_READONLY_DBMOVED), errors.StoreReadOnly),
        (of_sqlite(sqlite3.SQLITE_IOERR_WRITE), errors.DiskTrouble),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), errors.StoreDamaged),
        (of_sqlite(sqlite3.SQLITE_FULL), errors.DiskFull),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), errors.StoreNotReadable),
        (of_sqlite(sqlite3.SQLITE_NOTADB), errors.NotAStore),
        (pg.DiskFull(), errors.DiskFull),
        (pg.InsufficientPrivilege(), errors.NotAllowed),
        (pg.ReadOnlySqlTransaction(), errors.StoreReadOnly),
        (pg.LockNotAvailable(), errors.StoreLocked),
        (pg.SerializationFailure(), errors.OthersInTheWay),
        (pg.DeadlockDetected(), errors.OthersInTheWay),
        (pg.AdminShutdown(), errors.ConnectionLost),
        (pg.CannotConnectNow(), errors.ServerUnreachable),
        (pg.TooManyConnections(), errors.ServerUnreachable),
        (pg.InvalidPassword(), errors.LoginRefused),
        (psycopg.OperationalError('FATAL: password authentication failed for user "anna"'), errors.LoginRefused),
        (psycopg.OperationalError("fe_sendauth: no password supplied"), errors.LoginRefused),
        (psycopg.OperationalError('FATAL: database "x" does not exist'), errors.DatabaseMissing),
        (psycopg.OperationalError("FATAL: could not write init file: No space left on device"), errors.DiskFull),
        (psycopg.OperationalError("connection timeout expired"), errors.ServerUnreachable),
        (OSError(errno.ENOSPC, "No space left on device"), errors.DiskFull),
        (OSError(errno.EROFS, "Read-only file system"), errors.StoreReadOnly),
        (PermissionError(errno.EACCES, "Permission denied"), errors.StoreReadOnly),
    ],
)
def test_an_error_about_the_store_has_its_sentence(error: Exception, kind: type[StoreError]) -> None:
    found = translated(error, store="shop.sqlite")
    assert type(found) is kind
    assert "shop.sqlite" in str(found)


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_ERROR),
        of_sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE),
        pg.UniqueViolation(),
        pg.UndefinedColumn(),
        OSError(errno.ENOENT, "No such file"),
        ValueError("something else"),
    ],
)
def test_an_error_about_something_else_is_left_to_others(error: Exception) -> None:
    assert translated(error, store="shop.sqlite") is None


def test_what_the_database_said_is_kept_for_the_details() -> None:
    found = translated(of_sqlite(sqlite3.SQLITE_FULL), store="shop.sqlite")
    assert found is not None
    assert found.values["detail"] == "said by SQLite"


def test_an_error_wrapped_by_sqlalchemy_is_seen_through() -> None:
    wrapped = OperationalError("SELECT 1", None, of_sqlite(sqlite3.SQLITE_FULL))
    with pytest.raises(errors.DiskFull) as raised, in_sentences("shop.sqlite"):
        raise wrapped
    assert raised.value.__cause__ is wrapped


def test_other_peoples_files_are_not_the_store() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left"), in_sentences("shop.sqlite"):
        raise full
    with pytest.raises(errors.DiskFull), in_sentences("shop.sqlite", files=True):
        raise full
