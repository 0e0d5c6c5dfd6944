"""A store of an older structure: backed up and brought up, data and indexes on attributes whole."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import make_url

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.store import attributes, contacts, migrations, settings
from journeys.store import tables as t
from journeys.store.address import label
from journeys.store.attribute_indexes import AttributeIndex, IndexOn, listed, remake, settle, there
from journeys.store.backup import restore
from journeys.store.errors import OlderStore, StoreDamaged
from journeys.store.opening import open_store, upgrade_store
from journeys.store.store import Store

CLOCK = SetClock(Instant(1_795_000_000))
STEPS = Path(__file__).parents[1] / "data" / "structures"
INDEX = AttributeIndex("city", "key")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str | None]]:
    """(address, password) of a store of the first structure with people, an event, a setting and an index in it."""
    if request.param == "sqlite":
        address, password = str(tmp_path / "shop.sqlite"), None
        yield filled(address, password)
        return
    server = make_url(request.getfixturevalue("postgres_server"))
    name = f"kanwa_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    yield filled(label(server.set(database=name)), server.password or None)
    with admin.connect() as conn:
        conn.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def filled(address: str, password: str | None) -> tuple[str, str | None]:
    store = open_store(address, create=True, password=password)
    with store.write() as conn:
        attributes.define_attribute(conn, "city", "text")
        people = [{"first_name": "Anna", "city": "Łódź"}, {"first_name": None, "city": None}]
        contacts.add(conn, people, now=CLOCK.at, source="test", quiet=True)
        settings.put(conn, "name", "Shop")
        settle(conn, [INDEX])
    store.close()
    return address, password


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program as it is one structure later; before that, stores are made of the first one."""
    monkeypatch.setattr(migrations, "FOLDERS", [*migrations.FOLDERS, STEPS])
    migrations.revisions.cache_clear()
    yield
    migrations.revisions.cache_clear()


def content(store: Store) -> tuple[list[str], int, str, frozenset[str]]:
    """Nicknames that the step has made, events, the name of the workspace, indexes on attributes."""
    with store.read() as conn:
        nicknames = list(conn.execute(text("SELECT nickname FROM contact ORDER BY id")).scalars())
        events = len(conn.execute(select(t.event.c.id)).all())
        return nicknames, events, settings.get(conn, "name"), there(conn)


WHOLE = (["Anna", ""], 2, "Shop", frozenset({INDEX.name}))


def test_an_older_store_is_brought_up_whole(older: tuple[str, str | None], newer: None) -> None:
    address, password = older
    assert upgrade_store(address, clock=CLOCK, password=password) == ("0001", "0002")
    store = open_store(address, password=password)
    assert content(store) == WHOLE
    store.close()


def test_a_file_is_brought_up_when_it_is_opened_and_a_server_waits(older: tuple[str, str | None], newer: None) -> None:
    address, password = older
    if address.startswith("postgresql"):
        with pytest.raises(OlderStore, match="kanwa store upgrade"):
            open_store(address, password=password)
        return
    store = open_store(address, clock=CLOCK)
    assert content(store) == WHOLE
    store.close()
    (kept,) = (Path(address).parent / "backups").iterdir()
    assert kept.name == "shop-2026-11-18T110640Z-0001.sqlite"


def test_a_backup_of_the_older_structure_is_brought_up_when_it_is_restored(tmp_path: Path, newer: None) -> None:
    migrations.revisions.cache_clear()
    address = str(tmp_path / "shop.sqlite")
    with pytest.MonkeyPatch.context() as before:
        before.setattr(migrations, "FOLDERS", migrations.FOLDERS[:1])
        migrations.revisions.cache_clear()
        filled(address, None)
    migrations.revisions.cache_clear()
    open_store(address, clock=CLOCK).close()
    (kept,) = (tmp_path / "backups").iterdir()
    restore(Path(address), kept, now=Instant(CLOCK.at + 60), revision="0002")
    store = open_store(address, clock=CLOCK)
    assert content(store) == WHOLE
    store.close()


def test_a_step_that_leaves_rows_leading_nowhere_is_taken_back(tmp_path: Path) -> None:
    address, _ = filled(str(tmp_path / "shop.sqlite"), None)
    store = open_store(address)

    def lose() -> None:
        with store.restructure() as conn:
            conn.execute(text("DELETE FROM contact WHERE id = 1"))

    with pytest.raises(StoreDamaged):
        lose()
    with store.read() as conn:
        assert len(conn.execute(select(t.contact.c.id)).all()) == 2
    store.close()


def test_foreign_keys_are_on_again_afterwards(tmp_path: Path) -> None:
    store = open_store(filled(str(tmp_path / "shop.sqlite"), None)[0])
    with store.restructure():
        pass
    with store.read() as conn:
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    store.close()


# --- indexes on attributes -------------------------------------------------------------------------------------------


def test_an_index_is_listed_and_made_once(store: Store) -> None:
    with store.write() as conn:
        settle(conn, [INDEX])
        settle(conn, [INDEX])
        assert (listed(conn), there(conn)) == ({INDEX}, {INDEX.name})
        settle(conn, [])
        assert (listed(conn), there(conn)) == (frozenset(), frozenset())


def test_a_lost_index_is_made_again(store: Store) -> None:
    with store.write() as conn:
        settle(conn, [INDEX])
        conn.exec_driver_sql(f"DROP INDEX {INDEX.name}")
        remake(conn)
        assert there(conn) == {INDEX.name}
        settle(conn, [])


@pytest.mark.parametrize("key", ["city", "shoe-size", "birth_date"])
def test_any_attribute_may_be_indexed_in_every_reading(store: Store, key: str) -> None:
    with store.write() as conn:
        settle(conn, [AttributeIndex(key, on) for on in get_args(IndexOn)])
        assert len(there(conn)) == 5
        settle(conn, [])


def test_values_of_another_type_keep_no_index_from_being_made(store: Store) -> None:
    with store.write() as conn:
        conn.execute(insert(t.contact).values(draw=1, created_at=1, attributes={"size": "many"}))
        settle(conn, [AttributeIndex("size", "number"), AttributeIndex("size", "day")])
        settle(conn, [])


def test_a_damaged_list_of_indexes_is_no_list(tmp_path: Path) -> None:
    address, _ = filled(str(tmp_path / "shop.sqlite"), None)
    conn = sqlite3.connect(address)
    conn.execute("UPDATE setting SET value = '[[\"city\", \"guessed\"]]' WHERE key = 'attribute_indexes'")
    conn.commit()
    conn.close()
    store = open_store(address)
    with store.read() as read:
        assert listed(read) == frozenset()
    store.close()
