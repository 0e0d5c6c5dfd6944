"""Taking imports back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from journeys.base.clock import SetClock
from journeys.base.time import DAY, Instant, day_start
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import change, set_tags
from journeys.store.definitions import define_product, define_purpose, define_tag
from journeys.store.events import NewEvent, record
from journeys.store.importing import Options, Report, import_file, undo, undo_import
from journeys.store.importing.errors import AlreadyUndone, UnknownBatch
from journeys.store.store import Store

NOW = day_start(date(2026, 11, 22), ZoneInfo("Europe/Warsaw"))
LATER = Instant(NOW + DAY)
Load = Callable[..., int]

KEPT_AFTERWARDS = ("import_batch", "setting", "attribute", "tag", "purpose")


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Load:
    with store.write() as conn:
        define_attribute(conn, "city", "text")
        define_tag(conn, "vip")
        define_purpose(conn, "newsletter")

    def run(kind: str, text: str, **options: Any) -> int:
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8", newline="")
        report: Report = import_file(store, kind, path, options=Options(**options), clock=SetClock(NOW))
        assert not report.refused, report.refused
        assert report.batch is not None
        return report.batch

    return run


def everything(store: Store) -> dict[str, list[Any]]:
    """The content of the store but for what an undoing does not take back."""
    with store.read() as conn:
        return {
            table.name: [tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key))]
            for table in t.metadata.sorted_tables
            if table.name not in KEPT_AFTERWARDS
        }


def count(store: Store, table: Any) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def contact_of(store: Store, external_id: str) -> Any:
    with store.read() as conn:
        return conn.execute(select(t.contact).where(t.contact.c.external_id == external_id)).one()


CONTACTS = "external_id,email,first_name,city,tags\n1,a@x.pl,Anna,Łódź,vip\n2,b@x.pl,Jan,Kraków,\n"
FILES = {
    "contacts": CONTACTS,
    "products": "key,name,price\ncd,CD,10 PLN\ntv,TV,20 PLN\n",
    "offers": "key,name,product\nm,Month,tv\n",
    "purchases": "order,customer,date,amount,product\nA,1,2026-11-01,10 PLN,cd\nA,1,2026-11-01,5 PLN,\n,2,2026-11-02,5 PLN,cd\n",
    "contracts": "contract,customer,product,offer,start,end\nc1,1,tv,m,2026-11-01,2026-11-30\n",
    "events": "customer,kind,at,data.url\n1,page.visited,2026-11-01,/a\n",
    "consents": "customer,channel,purpose,given,at\n1,email,newsletter,yes,2026-11-01\n",
}


def test_undoing_every_import_leaves_the_store_as_it_was(load: Load, store: Store) -> None:
    before = everything(store)
    batches = [load(kind, text) for kind, text in FILES.items()]
    for batch in reversed(batches):
        undo_import(store, batch, now=LATER)
    assert everything(store) == before


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind not in ("contacts", "products", "offers")])
def test_undoing_one_import_leaves_the_others(load: Load, store: Store, kind: str) -> None:
    for one in ("contacts", "products", "offers"):
        load(one, FILES[one])
    before = everything(store)
    undone = undo_import(store, load(kind, FILES[kind]), now=LATER)
    assert everything(store) == before
    table = {"purchases": "purchase", "contracts": "contract", "events": "event", "consents": "consent"}[kind]
    assert undone.removed[table] == (2 if kind == "purchases" else 1)


def test_what_was_overwritten_comes_back_with_an_event(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    before = contact_of(store, "1")
    batch = load("contacts", "external_id,email,first_name,city\n1,new@x.pl,Ann,\n2,,Jan,Poznań\n")
    undone = undo_import(store, batch, now=LATER)
    assert contact_of(store, "1") == before
    assert (undone.restored, undone.kept_values, undone.kept_contacts) == (2, 0, 0)
    with store.read() as conn:
        last = conn.execute(select(t.event).order_by(t.event.c.id.desc()).limit(1)).one()
    assert (last.kind, last.source, last.quiet, last.at) == ("contact.changed", "undo", True, LATER)


def test_what_was_written_since_stays(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    batch = load("contacts", "external_id,first_name,city\n1,Ann,Gdynia\n")
    with store.write() as conn:
        change(conn, [(contact_of(store, "1").id, {"city": "Sopot"})], now=LATER, source="test")
    undone = undo_import(store, batch, now=LATER)
    found = contact_of(store, "1")
    assert (found.first_name, found.attributes["city"]) == ("Anna", "Sopot")
    assert (undone.restored, undone.kept_values) == (1, 1)


def test_two_changes_of_one_import_go_back_to_before_the_first(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    batch = load("contacts", "external_id,first_name\n1,Ann\n1,Anne\n", lot=1)
    undo_import(store, batch, now=LATER)
    assert contact_of(store, "1").first_name == "Anna"


def test_an_address_that_somebody_else_has_by_now_does_not_come_back(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    batch = load("contacts", "external_id,email\n1,new@x.pl\n")
    load("contacts", "external_id,email\n3,a@x.pl\n")
    undone = undo_import(store, batch, now=LATER)
    assert contact_of(store, "1").email == "new@x.pl"
    assert (undone.restored, undone.kept_values) == (0, 1)


def test_contacts_that_have_something_of_their_own_stay(load: Load, store: Store) -> None:
    batch = load("contacts", CONTACTS)
    with store.write() as conn:
        record(conn, [NewEvent(contact_of(store, "2").id, "page.visited", NOW, {}, "test")], now=NOW)
    undone = undo_import(store, batch, now=LATER)
    assert (undone.removed["contact"], undone.kept_contacts) == (1, 1)
    assert contact_of(store, "2").first_name == "Jan"
    assert count(store, t.contact) == 1


def test_a_movement_of_a_segment_keeps_nobody(load: Load, store: Store) -> None:
    batch = load("contacts", CONTACTS)
    with store.write() as conn:
        drawn = [NewEvent(contact_of(store, "2").id, "segment.entered", NOW, {"segment": "s"}, "engine")]
        record(conn, drawn, now=NOW)
    assert undo_import(store, batch, now=LATER).kept_contacts == 0
    assert count(store, t.contact) == 0


def test_contacts_that_came_with_purchases_go_with_them(load: Load, store: Store) -> None:
    text = "customer,date,amount\n7,2026-11-01,5 PLN\n8,2026-11-01,5 PLN\n"
    batch = load("purchases", text, create_contacts=True)
    load("events", "customer,kind,at\n8,page.visited,2026-11-02\n")
    undone = undo_import(store, batch, now=LATER)
    assert (undone.removed["purchase"], undone.removed["contact"], undone.kept_contacts) == (2, 1, 1)
    assert contact_of(store, "8").import_batch == batch


def test_tags_that_an_import_gave_are_taken(load: Load, store: Store) -> None:
    load("contacts", "external_id\n1\n2\n")
    with store.write() as conn:
        set_tags(conn, add=[(contact_of(store, "2").id, "vip")], now=NOW, source="test")
    batch = load("contacts", "external_id,tags\n1,vip\n2,vip\n")
    undo_import(store, batch, now=LATER)
    with store.read() as conn:
        assert list(conn.execute(select(t.contact_tag.c.contact)).scalars()) == [contact_of(store, "2").id]


def test_an_older_consent_holds_again(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    with store.write() as conn:
        one = NewConsent(contact_of(store, "1").id, "email", "newsletter", True, Instant(NOW - 9 * DAY), "form")
        record_consent(conn, [one], now=NOW)
    batch = load("consents", "customer,channel,purpose,given,at\n1,email,newsletter,no,2026-11-20\n")
    undo_import(store, batch, now=LATER)
    with store.read() as conn:
        assert conn.execute(select(t.consent_now.c.given)).scalars().all() == [True]


def test_contracts_products_and_offers_that_were_changed_come_back(load: Load, store: Store) -> None:
    for kind in ("contacts", "products", "offers", "contracts"):
        load(kind, FILES[kind])
    tables = [select(table).order_by(*table.primary_key) for table in (t.product, t.offer, t.contract)]
    with store.read() as conn:
        before = [conn.execute(table).all() for table in tables]
    batches = [
        load("products", "key,name,price\ncd,Disc,11 PLN\n"),
        load("offers", "key,name\nm,Year\n"),
        load("contracts", "contract,customer,product,start,end\nc1,1,cd,2026-11-01,2026-12-31\n"),
    ]
    for batch in batches:
        assert undo_import(store, batch, now=LATER).restored == 1
    with store.read() as conn:
        assert [conn.execute(table).all() for table in tables] == before


def test_products_that_others_refer_to_stay(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    batch = load("products", FILES["products"])
    load("purchases", "customer,date,amount,product\n1,2026-11-01,5 PLN,cd\n")
    with store.write() as conn:
        define_product(conn, "mine", name="Mine")
    undone = undo_import(store, batch, now=LATER)
    assert (undone.removed, undone.kept_goods) == ({"product": 1}, 1)


def test_an_import_is_undone_once(load: Load, store: Store) -> None:
    batch = load("contacts", CONTACTS)
    undo_import(store, batch, now=LATER)
    with pytest.raises(AlreadyUndone, match=f"Import {batch} is already undone"):
        undo_import(store, batch, now=LATER)
    with pytest.raises(UnknownBatch, match="There is no import 99"):
        undo_import(store, 99, now=LATER)


def test_an_undone_file_can_be_imported_again(load: Load, store: Store) -> None:
    load("contacts", CONTACTS)
    first = load("purchases", FILES["purchases"].replace(",cd", ","))
    undo_import(store, first, now=LATER)
    load("purchases", FILES["purchases"].replace(",cd", ","))
    assert count(store, t.purchase) == 2


def test_an_undoing_tells_how_far_it_is(load: Load, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = load("contacts", "external_id,first_name\n" + "".join(f"{n},A\n" for n in range(5)))
    monkeypatch.setattr(undo, "LOT", 2)
    heard: list[int] = []
    undo_import(store, batch, now=LATER, progress=heard.append)
    assert heard == [2, 4, 5]
