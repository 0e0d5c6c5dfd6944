"""A backup that is restored after its messages have gone out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from journeys.base.time import HOUR
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store import owner
from journeys.store.backup import back_up, restore
from journeys.store.migrations import newest
from journeys.store.store import Store, engine_for
from tests.engine.invariants import broken
from tests.faults.conftest import Shop
from tests.faults.server import Server

pytestmark = pytest.mark.long


class Backed(Protocol):
    """A store of which a backup is made and restored."""

    store: Store

    def back_up(self, shop: Shop) -> None: ...

    def restore(self, shop: Shop) -> Store:
        """The store with the content of the backup."""
        ...


class File:
    """SQLite, as `kanwa store backup` and `restore` do it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._path = Path(store.label)

    def back_up(self, shop: Shop) -> None:
        self._backup = back_up(self._path, now=shop.clock.now(), revision=newest())

    def restore(self, shop: Shop) -> Store:
        self.store.close()
        restore(self._path, self._backup, now=shop.clock.now(), revision=newest())
        self.store = Store(engine_for(f"sqlite:///{self._path}"))
        return self.store


class Database:
    """PostgreSQL, whose dumps are restored into another database."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.store = server.make_store()
        self.copy: Store | None = None
        with self.store.write() as conn:
            owner.own(conn, self.store)

    def back_up(self, shop: Shop) -> None:
        self.copy = self.server.copy_store(self.store)

    def restore(self, shop: Shop) -> Store:
        assert self.copy is not None
        return self.copy

    def close(self) -> None:
        for store in (self.store, self.copy):
            if store is not None:
                self.server.drop_store(store)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backed(request: pytest.FixtureRequest) -> Iterator[Backed]:
    if request.param == "sqlite":
        file = File(request.getfixturevalue("sqlite_store"))
        yield file
        file.store.close()
    else:
        database = Database(request.getfixturevalue("server"))
        yield database
        database.close()


@pytest.mark.parametrize("moment", ["before it was heard", "before the first mail", "in a hand-over"])
def test_a_backup_restored_and_claimed_sends_nothing_again_that_went_out_since(backed: Backed, moment: str) -> None:
    """Made before the orders were heard, before the first mail of them went out, or while the fifth was being taken."""
    shop = Shop(backed.store)
    shop.order()

    def answer(_mail: Mail) -> Handed:
        if moment == "in a hand-over" and len(shop.channel.mails) == 5:
            backed.back_up(shop)
        return Accepted("250 ok")

    shop.channel.answer = answer
    if moment == "before the first mail":
        shop.world.tick()
    if moment != "in a hand-over":
        backed.back_up(shop)
    shop.fire()
    assert shop.done()
    now = shop.later(HOUR)
    restored = backed.restore(shop)
    with pytest.raises(owner.StoreHeld):
        owner.require_ours(restored)
    with restored.write() as conn:
        owner.claim(conn, restored, now=now, leave_out=True)
    again = Shop.of(restored, now, shop.channel.mails)
    again.fire(1)
    assert again.troubles == []
    assert len(again.channel.mails) == len(again.people)
    states = again.states()
    assert (states["sent"], states["unknown"]) == ((4, 1) if moment == "in a hand-over" else (0, 0))
    assert set(states) <= {"sent", "unknown", "skipped", "expired"}
    again.fire(25 * HOUR)
    assert len(again.channel.mails) == len(again.people)
    assert {passage["state"] for passage in again.world.passages()} == {"finished"}
    assert broken(again.world) == []
