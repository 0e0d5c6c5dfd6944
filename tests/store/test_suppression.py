from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from journeys.base.time import Instant
from journeys.store.opening import open_store
from journeys.store.store import Store
from journeys.store.suppression import hasher, is_suppressed, release, suppress, suppressed
from journeys.store.tables import suppression

NOW = Instant(1_700_000_000)


def test_a_suppressed_address_is_known_in_any_case_and_on_its_channel_only(store: Store) -> None:
    with store.write() as conn:
        suppress(conn, "email", ["Anna@B.pl"], reason="bounce", at=NOW)
        assert suppressed(conn, "email", ["ANNA@b.PL", "jan@b.pl"]) == {"ANNA@b.PL": "bounce"}
        assert not is_suppressed(conn, "sms", "anna@b.pl")


def test_looking_writes_nothing(store: Store) -> None:
    with store.read() as conn:
        assert suppressed(conn, "email", ["anna@b.pl"]) == {}


def test_only_hashes_are_kept(store: Store) -> None:
    with store.write() as conn:
        suppress(conn, "email", ["anna@b.pl"], reason="bounce", at=NOW)
        (kept,) = conn.execute(select(suppression.c.hash)).scalars()
    assert kept == kept.lower()
    assert len(kept) == 64


def test_two_stores_hash_one_address_differently(tmp_path: Path) -> None:
    hashes = set()
    for name in ("a", "b"):
        store = open_store(str(tmp_path / name), create=True)
        with store.write() as conn:
            hashes.add(hasher(conn).hash("anna@b.pl"))
        store.close()
    assert len(hashes) == 2


def test_one_store_hashes_one_address_always_alike(store: Store) -> None:
    with store.write() as conn:
        first = hasher(conn).hash("anna@b.pl")
    with store.write() as conn:
        assert hasher(conn).hash("Anna@b.pl") == first


def test_the_first_reason_stays_unless_the_person_is_erased(store: Store) -> None:
    with store.write() as conn:
        for reason, wanted in (("bounce", "bounce"), ("asked", "bounce"), ("erased", "erased"), ("bounce", "erased")):
            suppress(conn, "email", ["anna@b.pl"], reason=reason, at=NOW)
            assert suppressed(conn, "email", ["anna@b.pl"]) == {"anna@b.pl": wanted}


def test_an_address_comes_off_the_list_once(store: Store) -> None:
    with store.write() as conn:
        suppress(conn, "email", ["anna@b.pl"], reason="asked", at=NOW)
        assert release(conn, "email", "ANNA@b.pl")
        assert not release(conn, "email", "ANNA@b.pl")
        assert not is_suppressed(conn, "email", "anna@b.pl")


def test_thousands_of_addresses_are_looked_up_at_once(store: Store) -> None:
    addresses = [f"a{n}@b.pl" for n in range(12_000)]
    with store.write() as conn:
        suppress(conn, "email", addresses[::4], reason="asked", at=NOW)
        assert suppressed(conn, "email", addresses) == dict.fromkeys(addresses[::4], "asked")
