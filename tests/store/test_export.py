"""Exports, and their way back."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from journeys.base.clock import SetClock
from journeys.base.text import clean
from journeys.base.time import Instant, day_start
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import add, set_tags
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.definitions import define_product, define_purpose, define_tag
from journeys.store.erasing import erase
from journeys.store.events import NewEvent, record
from journeys.store.exporting import (
    CellTooLong,
    FolderMissing,
    UnknownExport,
    UnknownFormat,
    export_file,
)
from journeys.store.importing import KINDS, Options, import_file
from journeys.store.purchases import NewLine, NewPurchase, add_purchases
from journeys.store.store import Store, engine_for

NOW = day_start(date(2026, 11, 22), ZoneInfo("Europe/Warsaw"))
CLOCK = SetClock(NOW)
ORDER = ("contacts", "products", "offers", "purchases", "contracts", "events", "consents")


@pytest.fixture
def shop(store: Store) -> Store:
    """Two contacts with something in every table."""
    with store.write() as conn:
        define_attribute(conn, "city", "choice", choices=["Łódź", "=SUM(A1)"])
        define_attribute(conn, "points", "number")
        define_attribute(conn, "seen", "datetime")
        define_attribute(conn, "born", "date")
        define_attribute(conn, "vip", "boolean")
        define_attribute(conn, "likes", "list")
        define_attribute(conn, "note", "text")
        define_tag(conn, "gold")
        define_purpose(conn, "newsletter")
        define_product(conn, "cd", name="+Disc", category="music; old", price=999, currency="PLN", data={"a": [1]})
        define_product(conn, "yen", name="Yen", price=999, currency="JPY")
        conn.execute(t.offer.insert().values(key="m", name="Month", product="cd", price=5, currency="EUR", data={}))
        anna, jan = add(
            conn,
            [
                {
                    "external_id": "007",
                    "email": "anna@x.pl",
                    "phone": "+48601234567",
                    "first_name": "-Anna",
                    "language": "pl",
                    "time_zone": "Europe/Warsaw",
                    "preferred_channel": "sms",
                    "city": "=SUM(A1)",
                    "points": -12.5,
                    "seen": 1_795_000_001,
                    "born": "1992-02-29",
                    "vip": False,
                    "likes": ["jazz, old", "folk;new"],
                    "note": "two\nlines, “quoted” 'and' \"so\"",
                },
                {"email": "+jan@x.pl", "points": 0.1 + 0.2, "note": "'=x"},
            ],
            now=NOW,
            source="test",
        )
        set_tags(conn, add=[(anna, "gold")], now=NOW, source="test")
        add_purchases(
            conn,
            [
                NewPurchase(anna, NOW, 2000, "PLN", (NewLine("cd", 2, 1500), NewLine(None, 1, 400)), order_id="A-1"),
                NewPurchase(jan, Instant(NOW + 1), -5, "JPY", (NewLine("yen", 1, -5),), identity="row:abc:1"),
            ],
            now=NOW,
            source="test",
        )
        add_contracts(
            conn,
            [NewContract(anna, "cd", "2026-11-01", "9999-12-31", 31, True, False, "m", "id:c1")],
            now=NOW,
            source="test",
        )
        record(
            conn,
            [NewEvent(jan, "nps.answered", NOW, {"score": 9, "why": "=x"}, "web", identity="id:e1")],
            now=NOW,
        )
        consents = [
            NewConsent(anna, "email", "newsletter", True, Instant(NOW - 5), "form", text_version="2", ip="::1"),
            NewConsent(jan, "email", "newsletter", False, NOW, "form", reason="unsubscribed"),
        ]
        record_consent(conn, consents, now=NOW)
    return store


def content(store: Store) -> dict[str, list[Any]]:
    """What a person would call the content: without ids, batches and how it came in."""
    with store.read() as conn:
        who = select(t.contact.c.id, t.contact.c.email)
        names = {row.id: row.email for row in conn.execute(who)}
        orders = {row.id: row.identity for row in conn.execute(select(t.purchase.c.id, t.purchase.c.identity))}
        hidden = {"id", "draw", "created_at", "import_batch", "source", "quiet", "recorded_at", "subject_id", "n"}
        found: dict[str, list[Any]] = {}
        for table in (
            t.contact,
            t.contact_tag,
            t.purchase,
            t.purchase_line,
            t.contract,
            t.consent,
            t.consent_now,
            t.event,
        ):
            rows = []
            for row in conn.execute(select(table).order_by(*table.primary_key)).mappings():
                if table is t.event and row["kind"].startswith(("contact.", "tag.", "consent.")):
                    continue
                kept = {name: value for name, value in row.items() if name not in hidden}
                if "contact" in kept:
                    kept["contact"] = names[kept["contact"]]
                if table is t.consent:
                    kept.pop("identity")
                if table is t.consent_now:
                    kept.pop("consent")
                if "purchase" in kept:
                    kept["purchase"] = orders[kept["purchase"]]
                kept.pop("added_at", None)
                rows.append(sorted(kept.items(), key=lambda item: item[0]))
            found[table.name] = sorted(rows, key=repr)
        return found


def emptied(store: Store) -> None:
    with store.write() as conn:
        for table in reversed(t.metadata.sorted_tables):
            if table.name not in ("attribute", "tag", "purpose", "setting"):
                conn.execute(delete(table))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "tsv"])
def test_what_is_exported_is_imported_to_the_same_content(shop: Store, tmp_path: Path, ending: str) -> None:
    before = content(shop)
    files = {kind: tmp_path / f"{kind}.{ending}" for kind in ORDER}
    for kind, path in files.items():
        assert export_file(shop, kind, path) > 0
    for kind, path in files.items():
        report = import_file(shop, kind, path, clock=CLOCK)
        assert (kind, report.added, report.changed, report.refused) == (kind, 0, 0, ())
    emptied(shop)
    for kind, path in files.items():
        report = import_file(shop, kind, path, clock=CLOCK)
        assert (kind, report.changed, report.refused, report.unused_columns) == (kind, 0, (), ())
    assert content(shop) == before


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_came_in_without_a_file_is_known_when_an_export_of_it_comes_back(
    shop: Store, tmp_path: Path, ending: str
) -> None:
    with shop.write() as conn:
        visits = [NewEvent(1, "page.visited", NOW, {"url": "/=a", "n": n // 2}, "web") for n in range(4)]
        record(conn, visits, now=NOW)
        held = NewContract(2, "cd", "2026-11-01", "2026-11-30", offer="m")
        add_contracts(conn, [held, held], now=NOW, source="form")
        order = NewPurchase(1, NOW, 900, "PLN", (NewLine("cd", 1, 500), NewLine(None, 2, 400)))
        add_purchases(
            conn, [order, order, NewPurchase(2, NOW, 100, "EUR", (NewLine(None, 1, 100),))], now=NOW, source="web"
        )
    before = content(shop)
    for kind, n in (("events", 5), ("contracts", 3), ("purchases", 5)):
        export_file(shop, kind, tmp_path / f"{kind}.{ending}")
        report = import_file(shop, kind, tmp_path / f"{kind}.{ending}", options=Options(lot=1), clock=CLOCK)
        assert (report.added, report.changed, report.unchanged, report.refused) == (0, 0, n, ())
    assert content(shop) == before


def test_every_kind_of_import_has_its_export(shop: Store, tmp_path: Path) -> None:
    # a code that was given away is never given again: a pool does not come back from a file
    assert set(ORDER) == set(KINDS) - {"codes"}


def test_a_spreadsheet_finds_no_formula(shop: Store, tmp_path: Path) -> None:
    for kind in ORDER:
        export_file(shop, kind, tmp_path / "f.xlsx")
        for row in openpyxl.load_workbook(tmp_path / "f.xlsx").active.iter_rows():  # type: ignore[union-attr]
            for cell in row:
                assert cell.data_type != "f"
                assert not isinstance(cell.value, str) or cell.value[:1] not in ("=", "+", "-", "@")
    text = (tmp_path / "c.csv", export_file(shop, "contacts", tmp_path / "c.csv"))[0].read_text(encoding="utf-8-sig")
    assert "'+48601234567" in text
    assert "'=SUM(A1)" in text
    assert ",-12.5," in text


def test_erased_contacts_and_events_of_the_store_itself_are_left_out(shop: Store, tmp_path: Path) -> None:
    with shop.write() as conn:
        erase(conn, [1], now=NOW)
    assert export_file(shop, "contacts", tmp_path / "c.csv") == 1
    assert export_file(shop, "events", tmp_path / "e.csv") == 1


def test_an_export_is_for_its_owner_only_and_appears_whole(shop: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("old")
    heard: list[int] = []
    export_file(shop, "contacts", path, progress=heard.append)
    assert heard == [2]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.suffix in (".csv", ".part")] == ["c.csv"]


def test_a_text_too_long_for_a_workbook_is_told_and_leaves_no_file(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.write() as conn:
        (id_,) = add(conn, [{"external_id": "1"}], now=NOW, source="test")
        record(conn, [NewEvent(id_, "page.visited", NOW, {"text": "x" * 40_000}, "web")], now=NOW)
    with pytest.raises(CellTooLong, match=r"Row 2 has a text of 40012 characters; a workbook keeps 32767\."):
        export_file(sqlite_store, "events", tmp_path / "e.xlsx")
    assert [one for one in tmp_path.iterdir() if "e.xlsx" in one.name] == []
    assert export_file(sqlite_store, "events", tmp_path / "e.csv") == 1


def test_wrong_names_are_told(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownExport, match=r"“contact” cannot be exported\. The nearest is “contacts”\."):
        export_file(sqlite_store, "contact", tmp_path / "c.csv")
    with pytest.raises(UnknownFormat, match=r"c\.doc names no format"):
        export_file(sqlite_store, "contacts", tmp_path / "c.doc")
    with pytest.raises(FolderMissing, match="cannot be written: No such file or directory"):
        export_file(sqlite_store, "contacts", tmp_path / "none" / "c.csv")


texts = st.text(max_size=12).map(lambda text: clean(text.replace("\0", ""))) | st.text(
    st.sampled_from("'=+-@,;|[]\"\n _x041ŁAż"), max_size=8
).map(clean)
persons = st.fixed_dictionaries(
    {
        "note": texts,
        "points": st.none() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).map(lambda one: one + 0.0),
        "seen": st.none() | st.integers(-2_000_000_000, 30_000_000_000),
        "born": st.none() | st.dates(date(1900, 1, 1)).map(date.isoformat),
        "vip": st.none() | st.booleans(),
        "likes": st.lists(texts, max_size=3),
    }
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(persons, min_size=1, max_size=5), ending=st.sampled_from(["csv", "xlsx"]))
def test_any_contact_survives_the_way_out_and_back(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, rows: list[dict[str, Any]], ending: str
) -> None:
    folder = tmp_path_factory.mktemp("round")
    shutil.copy(sqlite_template, folder / "store.sqlite")
    store = Store(engine_for(f"sqlite:///{folder / 'store.sqlite'}"))
    try:
        with store.write() as conn:
            for key, type_ in (("points", "number"), ("seen", "datetime"), ("born", "date"), ("vip", "boolean")):
                define_attribute(conn, key, type_)  # type: ignore[arg-type]
            define_attribute(conn, "likes", "list")
            define_attribute(conn, "note", "text")
            add(conn, [{"external_id": str(n)} | row for n, row in enumerate(rows)], now=NOW, source="test")
        with store.read() as conn:
            before = conn.execute(select(t.contact.c.external_id, t.contact.c.attributes, t.contact.c["keys"])).all()
        export_file(store, "contacts", folder / f"c.{ending}")
        again = import_file(store, "contacts", folder / f"c.{ending}", clock=CLOCK)
        assert (again.unchanged, again.refused) == (len(rows), ())
        with store.write() as conn:
            conn.execute(delete(t.fresh))
            conn.execute(delete(t.event))
            conn.execute(delete(t.contact))
        import_file(store, "contacts", folder / f"c.{ending}", options=Options(), clock=CLOCK)
        with store.read() as conn:
            after = conn.execute(select(t.contact.c.external_id, t.contact.c.attributes, t.contact.c["keys"])).all()
        assert after == before
    finally:
        store.close()
