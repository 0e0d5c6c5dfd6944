"""The migrated structure is the one of tables.py, to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from journeys.store.migrations import REVISION_TABLE, migrate, newest, revision_of, revisions
from journeys.store.store import Store, engine_for
from journeys.store.tables import metadata


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.read() as conn:
        yield conn


def test_alembic_finds_no_difference_to_the_tables(conn: Connection) -> None:
    context = MigrationContext.configure(conn, opts={"version_table": REVISION_TABLE, "compare_type": True})
    assert compare_metadata(context, metadata) == []


def lines_of(conn: Connection) -> dict[str, set[str]]:
    """SQLite's own text of each table and index, line by line; constraints come in any order."""
    rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"))
    return {
        row.name: {line.strip().removesuffix(",") for line in row.sql.splitlines()}
        for row in rows
        if row.name != REVISION_TABLE
    }


def test_the_text_of_every_table_is_the_same_on_sqlite(sqlite_store: Store, tmp_path: Path) -> None:
    made = Store(engine_for(f"sqlite:///{tmp_path / 'made.sqlite'}"))
    with made.write() as conn:
        metadata.create_all(conn)
        wanted = lines_of(conn)
    made.close()
    with sqlite_store.read() as conn:
        assert lines_of(conn) == wanted


_POSTGRES_SHAPE = """
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
           || coalesce(collation_name, '') || ' ' || coalesce(column_default, '')
      FROM information_schema.columns WHERE table_schema = :schema
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = :schema
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace) AND contype <> 'n'
"""


def shape_of(conn: Connection, schema: str) -> set[str]:
    rows = conn.execute(text(_POSTGRES_SHAPE), {"schema": schema}).scalars()
    # a table is named with its schema where that is not the one in use
    return {re.sub(rf"\b{schema}\.", "", row) for row in rows if REVISION_TABLE not in row}


@pytest.mark.postgres
def test_columns_indexes_and_constraints_are_the_same_on_postgresql(postgres_store: Store) -> None:
    with postgres_store.engine.connect() as conn, conn.begin() as transaction:
        migrated = shape_of(conn, "public")
        conn.execute(text("CREATE SCHEMA made"))
        conn.execute(text("SET LOCAL search_path TO made"))
        metadata.create_all(conn)
        made = shape_of(conn, "made")
        transaction.rollback()
    assert migrated == made


def test_a_migrated_store_stands_at_the_newest_revision(conn: Connection) -> None:
    assert revision_of(conn) == newest() == revisions()[-1]


def test_migrating_the_newest_does_nothing(store: Store) -> None:
    with store.write() as conn:
        migrate(conn)
        assert revision_of(conn) == newest()


def test_a_migration_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(engine_for(f"sqlite:///{tmp_path / 'half.sqlite'}"))

    def make_and_break() -> None:
        with store.write() as conn:
            migrate(conn)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        make_and_break()
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    store.close()


def test_migrations_travel_with_the_package() -> None:
    import journeys.store.migrations as package

    folder = Path(package.__file__).parent
    assert (folder / "env.py").is_file()
    assert {file.stem for file in (folder / "versions").glob("v*.py")} == {f"v{revision}" for revision in revisions()}
