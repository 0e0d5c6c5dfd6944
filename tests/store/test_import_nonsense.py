"""Whole files that cannot be imported: one sentence, and the store is as it was."""

from __future__ import annotations

import csv
import shutil
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from journeys.base.clock import SetClock
from journeys.base.errors import KanwaError, UsageError
from journeys.base.time import Instant
from journeys.store import tables as t
from journeys.store.importing import KINDS, Options, import_file, preview
from journeys.store.importing.errors import BrokenFile, FileProblem
from journeys.store.importing.workbook import WorkbookSource
from journeys.store.store import Store, engine_for

CLOCK = SetClock(Instant(1_795_000_000))

FILES = {
    "empty.csv": b"",
    "header.csv": b"external_id,email\r\n",
    "binary.csv": bytes(range(256)) * 64,
    "picture.csv": b"\x89PNG\r\n\x1a\n\x00\x00",
    "renamed.xlsx": b"external_id,email\n1,a@x.pl\n",
    "broken.xlsx": b"PK\x03\x04" + b"\x00" * 200,
    "other.csv": b"colour,size\nred,5\n",
    "prose.txt": "To jest zwykły list, nie tabela.\n\nPozdrawiam\n".encode(),
    "xml.csv": b"<?xml version='1.0'?>\n<contacts><contact/></contacts>\n",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", KINDS)
def test_nonsense_gives_one_sentence_and_changes_nothing(
    sqlite_store: Store, tmp_path: Path, kind: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    with pytest.raises(FileProblem) as raised:
        import_file(sqlite_store, kind, path, options=Options(create_attributes=True), clock=CLOCK)
    said = str(raised.value)
    assert name in said
    assert "\n" not in said
    assert said.endswith(".")
    with sqlite_store.read() as conn:
        # a store knows from the beginning where it is, and how often it was run
        for table in (one for one in t.metadata.sorted_tables if one not in (t.lease, t.setting)):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0


anything = st.binary(max_size=300) | st.text(st.sampled_from("ab1,;\t\"\n\r =+-'@.\0ąŁ\ufeff"), max_size=120).map(
    str.encode
)


@settings(max_examples=150, deadline=None)
@given(content=anything, kind=st.sampled_from(sorted(KINDS)), name=st.sampled_from(["f.csv", "f.xlsx", "f"]))
def test_no_file_breaks_the_reading(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with suppress(KanwaError):
        preview(path, kind)


cell = st.text(st.sampled_from("ab1@.x,;\"'=+-\0ąŁ\n :2"), max_size=10)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.lists(cell, min_size=1, max_size=9), min_size=1, max_size=6), kind=st.sampled_from(sorted(KINDS))
)
@example(rows=[["\0\0"]], kind="contacts")
@example(rows=[["\0" * 10] * 9] * 6, kind="purchases")
def test_no_rows_break_an_import(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, rows: list[list[str]], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    shutil.copy(sqlite_template, folder / "store.sqlite")
    store = Store(engine_for(f"sqlite:///{folder / 'store.sqlite'}"))
    options = Options(
        mapping={name: f"#{n}" for n, name in enumerate(MAPPED[kind], 1)},
        create_contacts=True,
        create_products=True,
        create_names=True,
        create_attributes=True,
        header=False,
    )
    width = len(MAPPED[kind])
    # enough plain letters before the rows: a file of which a tenth is NUL is no text table, and refused as a whole
    plain = [["x"] * width, ["y" * 20 * max(map(len, rows)) * len(rows)] * width]
    with (folder / "f.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*plain, *(row[:width] for row in rows)])
    try:
        report = import_file(store, kind, folder / "f.csv", options=options, clock=CLOCK)
        again = import_file(store, kind, folder / "f.csv", options=options, clock=CLOCK)
        assert (again.added, again.changed, again.contacts_added) == (0, 0, 0)
        assert again.refused == report.refused
    finally:
        store.close()


MAPPED = {
    "contacts": ("external_id", "email", "phone", "first_name", "tags"),
    "events": ("event_id", "customer", "kind", "at", "data", "data.x"),
    "purchases": ("order_id", "customer", "email", "at", "amount", "currency", "product", "quantity"),
    "products": ("key", "name", "price", "currency", "data"),
    "offers": ("key", "name", "product", "price", "duration_days"),
    "contracts": ("contract_id", "customer", "product", "start_on", "end_on", "duration_days", "recurring_now"),
    "consents": ("customer", "channel", "purpose", "given", "at", "reason"),
    "codes": ("code", "worth", "valid_until", "pool"),
}


def test_wrong_options_are_told(sqlite_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("external_id\n1\n")
    for options, sentence in (
        (Options(slashes="ymd"), r"“ymd” cannot be slashes\. It is one of dmy / mdy\."),
        (Options(delimiter=";;"), r"“;;” cannot be a delimiter\."),
        (Options(refused_file=tmp_path / "none" / "r.csv"), r"r\.csv, cannot be written: No such file"),
    ):
        with pytest.raises(UsageError, match=sentence):
            import_file(sqlite_store, "contacts", path, options=options, clock=CLOCK)


def test_a_workbook_that_breaks_off_keeps_what_came_before(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    for n in range(30):
        book.active.append([f"id{n}" if n else "external_id"])  # type: ignore[union-attr]
    path = tmp_path / "people.xlsx"
    book.save(path)
    rows = WorkbookSource._rows

    def torn(self: WorkbookSource) -> object:
        for number, values in rows(self):
            if number == 20:
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            yield number, values

    monkeypatch.setattr(WorkbookSource, "_rows", torn)
    with pytest.raises(BrokenFile, match="breaks off after row 19") as raised:
        import_file(store, "contacts", path, options=Options(lot=7), clock=CLOCK)
    monkeypatch.undo()
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.contact)).scalar_one() == 18
        batch = conn.execute(select(t.import_batch)).one()
    assert (batch.id, batch.rows_added, batch.ended_at) == (raised.value.values["batch"], 18, CLOCK.now())
    assert import_file(store, "contacts", path, clock=CLOCK).added == 11
