"""A backup that is restored after its messages have gone out."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys.base.time import HOUR, Instant
from journeys.store import owner
from journeys.store.backup import back_up, restore
from journeys.store.migrations import newest
from journeys.store.store import Store, engine_for
from tests.faults.conftest import Shop

pytestmark = pytest.mark.long


def test_a_backup_restored_and_claimed_sends_nothing_again_that_went_out_since(sqlite_store: Store) -> None:
    shop = Shop(sqlite_store)
    path = Path(sqlite_store.label)
    shop.order()
    shop.world.tick()
    backup = back_up(path, now=shop.world.now, revision=newest())
    shop.fire()
    assert shop.done()
    sent = shop.channel.mails
    sqlite_store.close()
    restore(path, backup, now=Instant(shop.world.now + HOUR), revision=newest())
    restored = Store(engine_for(f"sqlite:///{path}"))
    with pytest.raises(owner.StoreHeld):
        owner.require_ours(restored)
    with restored.write() as conn:
        owner.claim(conn, restored, now=Instant(shop.world.now + HOUR), leave_out=True)
    again = Shop.of(restored, Instant(shop.world.now + HOUR), sent)
    again.fire(1)
    assert again.troubles == []
    assert len(again.channel.mails) == len(again.people)
    assert set(again.states()) <= {"skipped", "expired"}
    restored.close()
