from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Connection, insert, select, update

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.catalogue import catalogue
from journeys.store.codes import (
    BadWarning,
    CodeExpired,
    CodeKnown,
    CodeNotTaken,
    CodeUsed,
    NewCode,
    NoCode,
    UnknownCode,
    UnknownPool,
    add_codes,
    define_pool,
    pools,
    use_code,
)
from journeys.store.importing import Options, Report, import_file, undo_import
from journeys.store.store import Store

NOW = Instant(1_795_345_200)  # 2026-11-22
TODAY = date(2026, 11, 22)


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        define_pool(conn, "club", label="The club", low_at=3)
        yield conn


def test_a_pool_counts_what_is_left_taken_used_and_over(conn: Connection) -> None:
    add_codes(
        conn, "club", [NewCode("A"), NewCode("B"), NewCode("C", valid_until=TODAY), NewCode("D")], now=NOW
    )  # fmt: skip
    conn.execute(update(t.code).where(t.code.c.value.in_(["A", "B"])).values(taken_at=NOW))
    conn.execute(update(t.code).where(t.code.c.value == "A").values(used_at=NOW))
    (today,) = pools(conn, today=TODAY)
    assert (today.free, today.taken, today.used, today.expired) == (2, 2, 1, 0)
    (tomorrow,) = pools(conn, today=date(2026, 11, 23))
    assert (tomorrow.free, tomorrow.expired) == (1, 1)


def test_a_pool_defined_again_keeps_what_is_not_given(conn: Connection) -> None:
    define_pool(conn, "club")
    define_pool(conn, "club", low_at=5)
    (pool,) = pools(conn)
    assert (pool.label, pool.low_at, pool.free) == ("The club", 5, 0)


def test_a_warning_below_nothing_is_refused(conn: Connection) -> None:
    with pytest.raises(BadWarning, match="-1 cannot be how many codes are left"):
        define_pool(conn, "club", low_at=-1)


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ([NewCode("A"), NewCode("A")], CodeKnown),
        ([NewCode(" ")], NoCode),
        ([NewCode("A", valid_until=date(2026, 11, 21))], CodeExpired),
    ],
)
def test_codes_that_cannot_be_given_are_refused_all_or_none(
    conn: Connection, new: list[NewCode], error: type[Exception]
) -> None:
    with pytest.raises(error):
        add_codes(conn, "club", [NewCode("X"), *new], now=NOW)
    assert conn.execute(select(t.code)).all() == []


def test_a_pool_that_is_not_there_is_named_with_the_nearest(conn: Connection) -> None:
    with pytest.raises(UnknownPool, match=r"“clubb”\. The nearest is “club”\."):
        add_codes(conn, "clubb", [], now=NOW)


def test_only_a_taken_code_is_used_and_once(conn: Connection) -> None:
    (anna,) = contacts.add(conn, [{"email": "a@b.pl"}], now=NOW, source="test")
    add_codes(conn, "club", [NewCode("A")], now=NOW)
    with pytest.raises(CodeNotTaken):
        use_code(conn, "club", "A", at=NOW, now=NOW)
    conn.execute(update(t.code).values(taken_at=NOW, contact=anna))
    with pytest.raises(UnknownCode):
        use_code(conn, "club", "B", at=NOW, now=NOW)
    assert use_code(conn, "club", "A", at=NOW, now=NOW) == anna
    with pytest.raises(CodeUsed, match="used before, at 2026-11-22 12:00"):
        use_code(conn, "club", "A", at=NOW, now=NOW)


def test_the_catalogue_knows_what_is_left(conn: Connection) -> None:
    add_codes(conn, "club", [NewCode("A", valid_until=TODAY)], now=NOW)
    assert catalogue(conn).pools["club"].free == 1
    over = catalogue(conn, today=date(2026, 12, 1)).pools["club"]
    assert (over.free, over.low_at) == (0, 3)


# --- from files ------------------------------------------------------------------------------------------------------


def load(store: Store, path: Path, **options: object) -> Report:
    with store.write() as conn:
        define_pool(conn, "club")
    made = Options(defaults={"pool": "club"}, **options)  # type: ignore[arg-type]
    return import_file(store, "codes", path, options=made, clock=SetClock(NOW))


def values(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as conn:
        found = conn.execute(select(t.code.c.value, t.code.c.worth, t.code.c.valid_until_on).order_by(t.code.c.id))
        return [tuple(row) for row in found]


def test_a_file_fills_a_pool_and_what_is_there_or_over_is_refused_by_row(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(
        "kod;rabat;ważny do\nA1;10 %;2026-12-31\nA1;10 %;2026-12-31\nA2;;2026-11-21\n;;\nA3;5 zł;\n", "utf-8"
    )
    report = load(store, file)
    assert values(store) == [("A1", "10 %", "2026-12-31"), ("A3", "5 zł", "9999-12-31")]
    assert [(one.row, one.reason) for one in report.refused] == [
        (3, "The pool “club” has the code “A1” already."),
        (4, "The code “A2” was good until 2026-11-21, which is over."),
    ]
    again = load(store, file)
    assert (again.added, again.refused_count) == (0, 4)


def test_a_workbook_fills_a_pool_too(store: Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Code", "Worth", "Valid until"], ["A1", "10 %", date(2026, 12, 31)], ["A2", "10 %", None]):
        book.active.append(row)
    book.save(tmp_path / "codes.xlsx")
    assert load(store, tmp_path / "codes.xlsx").added == 2
    assert values(store) == [("A1", "10 %", "2026-12-31"), ("A2", "10 %", "9999-12-31")]


def test_an_import_taken_back_leaves_the_codes_that_somebody_has(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\nA1\nA2\n", "utf-8")
    report = load(store, file)
    with store.write() as conn:
        conn.execute(update(t.code).where(t.code.c.value == "A1").values(taken_at=NOW))
    assert report.batch is not None
    undone = undo_import(store, report.batch, now=NOW)
    assert (undone.removed, undone.kept_codes) == ({"code": 1}, 1)
    assert [row[0] for row in values(store)] == ["A1"]


def test_two_codes_for_one_stay_are_impossible(conn: Connection) -> None:
    from sqlalchemy.exc import IntegrityError

    row = {"pool": "club", "taken_at": NOW, "enrollment": 1, "visit": 2}
    conn.execute(insert(t.code).values(row | {"value": "A"}))
    with pytest.raises(IntegrityError), conn.begin_nested():
        conn.execute(insert(t.code).values(row | {"value": "B"}))
