"""The purchases of CDNOW: a real file, with blanks for delimiters, no addresses, and true duplicates."""

from __future__ import annotations

import gzip
import shutil
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from journeys.base.clock import SetClock
from journeys.base.time import day_start
from journeys.store import tables as t
from journeys.store.importing import Options, import_file, preview
from journeys.store.store import Store

DATA = Path(__file__).parent.parent / "data"
WARSAW = ZoneInfo("Europe/Warsaw")
NOW = day_start(date(1997, 10, 1), WARSAW)
OPTIONS = Options(address_template="{customer}@cdnow.test", create_contacts=True, defaults={"currency": "USD"})


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cdnow") / "CDNOW_master.txt"
    with gzip.open(DATA / "CDNOW_master.txt.gz") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return path


def count(store: Store, table: object) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_the_columns_are_recognised(cdnow: Path) -> None:
    seen = preview(cdnow, "purchases")
    assert seen.mapping == {
        "customer": "customer_id",
        "at": "date",
        "quantity": "number_of_cds",
        "amount": "dollar_value",
    }
    assert (seen.shape.encoding, seen.shape.delimiter, seen.unused_columns) == ("utf-8", " ", ())


def test_a_part_of_it_is_the_same_after_a_second_import(store: Store, cdnow: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.txt"
    lines = cdnow.read_bytes().splitlines(keepends=True)
    part.write_bytes(b"".join(lines[:1500]))
    assert len(set(lines[:1500])) < 1500, "the part has a true duplicate in it"
    first = import_file(store, "purchases", part, options=OPTIONS, clock=SetClock(NOW))
    again = import_file(store, "purchases", part, options=OPTIONS, clock=SetClock(NOW))
    assert (first.added, first.unchanged, first.refused_count) == (1499, 0, 0)
    assert (again.added, again.unchanged, again.contacts_added) == (0, 1499, 0)
    assert count(store, t.purchase) == count(store, t.purchase_line) == 1499
    assert count(store, t.contact) == first.contacts_added


@pytest.mark.long
def test_twice_imported_it_gives_every_customer_and_purchase_once(store: Store, cdnow: Path) -> None:
    first = import_file(store, "purchases", cdnow, options=OPTIONS, clock=SetClock(NOW))
    assert (first.rows_read, first.added, first.contacts_added, first.refused_count) == (69_659, 69_659, 23_570, 0)
    again = import_file(store, "purchases", cdnow, options=OPTIONS, clock=SetClock(NOW))
    assert (again.rows_read, again.added, again.unchanged, again.refused_count) == (69_659, 0, 69_659, 0)
    assert count(store, t.contact) == 23_570
    assert count(store, t.purchase) == 69_659
    with store.read() as conn:
        made = select(func.count()).where(t.event.c.kind == "purchase.made", t.event.c.subject_kind == "purchase")
        assert conn.execute(made).scalar_one() == 69_659
        total = conn.execute(select(func.sum(t.purchase.c.total))).scalar_one()
        assert total == sum(round(float(line.split()[3]) * 100) for line in cdnow.read_text().splitlines()[1:])
        later = select(func.count()).select_from(t.purchase).where(t.purchase.c.at > NOW)
        assert conn.execute(later).scalar_one() == sum(
            line.split()[1] > "19971001" for line in cdnow.read_text().splitlines()[1:]
        )
        first_at = conn.execute(select(func.min(t.purchase.c.at))).scalar_one()
        assert first_at == day_start(date(1997, 1, 1), WARSAW)
