"""An open store: how to read from it and how to write to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from journeys.store.address import label
from journeys.store.asking import Asking
from journeys.store.errors import OthersInTheWay, StoreDamaged, in_sentences, translated

#: how long a writer waits for another writer before it gives up
BUSY_SECONDS = 10
#: how long a server may take to answer the first time
CONNECT_SECONDS = 10
#: how often a transaction is tried that other writers were in the way of
TRIES = 4

T = TypeVar("T")


def collided(error: BaseException) -> bool:
    """Whether another writer came first: what it wrote is then seen by the next try."""
    found = translated(error, store="") if isinstance(error, DBAPIError) else error
    return isinstance(found, OthersInTheWay)


def repeated(transaction: Callable[[], T]) -> T:
    """What a whole transaction returns, done again where another one was in its way, a few times at the most.

    Raises OthersInTheWay where that was not enough.
    """
    for _ in range(TRIES - 1):
        try:
            return transaction()
        except (DBAPIError, OthersInTheWay) as error:
            if not collided(error):
                raise
    return transaction()


class Store:
    """A contact store behind one URL. Thread-safe; every connection is used by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        #: its address for messages and logs, never with a password
        self.label = label(engine.url)
        # SQLite lets one write at a time and has the others poll with growing pauses: threads of one process queue here
        self._writing: AbstractContextManager[object] = threading.RLock() if self.is_sqlite else nullcontext()
        self._asking = Asking(Path(engine.url.database or "")) if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading, in one snapshot; nothing it does is kept.

        Raises StoreError where the store itself is in the way: locked, full, gone.
        """
        with in_sentences(self.label), self.engine.connect() as conn:
            if not self.is_sqlite:
                conn.execution_options(isolation_level="REPEATABLE READ")
            with conn.begin() as transaction:
                yield conn
                transaction.rollback()

    @contextmanager
    def write(self, *, durable: bool = False, temporary: Sequence[Table] = ()) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, rolled back by any exception.

        On SQLite it takes the write lock at once (IMMEDIATE): a read lock that grows into a write lock deadlocks with
        another one that does. `durable` makes the commit survive a power cut, not only a crash of the process;
        PostgreSQL always does. `temporary` tables are there, made once per connection, with what the last transaction
        left in them. Raises StoreError where the store itself is in the way: locked, read-only, full, gone.
        """
        with in_sentences(self.label), ExitStack() as asking:
            if self._asking is not None:
                asking.enter_context(self._asking.asking())
            with self._writing, self.engine.connect() as conn:
                yield from self._transaction(conn, asking, durable=durable, temporary=temporary)

    def _transaction(
        self, conn: Connection, asking: ExitStack, *, durable: bool, temporary: Sequence[Table]
    ) -> Iterator[Connection]:
        if temporary and not conn.info.get("kanwa_temporary"):
            # in a transaction of their own: a roll-back of ours must not take them away again
            with conn.begin():
                for table in temporary:
                    table.create(conn, checkfirst=False)
            conn.info["kanwa_temporary"] = True
        if self.is_sqlite:
            conn.execution_options(kanwa_begin="IMMEDIATE")
            if durable:
                _pragma(conn, "synchronous=FULL")
        try:
            with conn.begin():
                asking.close()
                yield conn
        finally:
            if self.is_sqlite and durable:
                _pragma(conn, "synchronous=NORMAL")

    @contextmanager
    def restructure(self) -> Iterator[Connection]:
        """One transaction in which tables may be made anew, which SQLite does by copying and dropping them.

        There foreign keys are off meanwhile and looked at once before the commit: dropping a table that others refer to
        would count as deleting its rows. Raises StoreDamaged, with nothing changed, where one then leads nowhere.
        """
        with in_sentences(self.label), self._writing, self.engine.connect() as conn:
            if self.is_sqlite:
                _pragma(conn, "foreign_keys=OFF")
            try:
                with contextmanager(self._transaction)(conn, ExitStack(), durable=True, temporary=()) as inside:
                    yield inside
                    if self.is_sqlite and inside.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                        raise StoreDamaged(store=self.label)
            finally:
                if self.is_sqlite:
                    _pragma(conn, "foreign_keys=ON")

    def give_way(self) -> None:
        """Let others write first who wait for it, a quarter of a second at most: for long work, between transactions."""
        if self._asking is not None:
            self._asking.give_way()

    def close(self) -> None:
        self.engine.dispose()


def _pragma(conn: Connection, text: str) -> None:
    # on the driver's connection: a PRAGMA must not open a transaction, and inside one it would do nothing
    cursor = conn.connection.cursor()
    cursor.execute(f"PRAGMA {text}")
    cursor.close()


def engine_for(
    url: str | URL, *, busy_seconds: float = BUSY_SECONDS, password: str | None = None, **options: Any
) -> Engine:
    """The engine for a URL, with what each database needs set on every connection.

    `busy_seconds`: how long a writer of SQLite waits for another one. `password` for PostgreSQL, where it is kept
    elsewhere than libpq looks (PGPASSFILE, a service).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": busy_seconds, "check_same_thread": False, "isolation_level": None},
            json_serializer=_json,
            execution_options=_OPTIONS,
            # what people wrote is in the parameters, and an exception's text ends in a log
            hide_parameters=True,
            **options,
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments: dict[str, Any] = {"application_name": "kanwa"}
    if "connect_timeout" not in parsed.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    if password is not None:
        arguments["password"] = password
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args=arguments,
        # a server that was restarted costs one retry here and not a failed tick
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        json_serializer=_json,
        execution_options=_OPTIONS,
        # what people wrote is in the parameters, and an exception's text ends in a log
        hide_parameters=True,
        **options,
    )


# without it the count of rows after INSERT … SELECT is −1 on PostgreSQL
_OPTIONS = {"preserve_rowcount": True}


#: letters as they are: SQLite 3.40 compares the names in a path with the text as written, escapes included
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    # the driver's own transaction handling is off (isolation_level None), so that IMMEDIATE is ours to say
    conn.exec_driver_sql(f"BEGIN {conn.get_execution_options().get('kanwa_begin', 'DEFERRED')}")
