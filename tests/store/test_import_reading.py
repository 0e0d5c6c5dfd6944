"""Files as they come: encodings, delimiters, quotes, workbooks, and what is no table at all."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.store.importing.errors import (
    EmptyFile,
    FileProblem,
    HeaderOnly,
    NoSuchFile,
    NotATable,
    NotAWorkbook,
    TextNamedWorkbook,
    UnknownSheet,
    WorkbookNamedText,
    WrongEncoding,
)
from journeys.store.importing.opening import open_source
from journeys.store.importing.options import Options
from journeys.store.importing.source import BadRow, Row, guarded, unguarded
from journeys.store.importing.text import TextSource

POLISH = "imię;miasto\nŻaneta;Łódź\nGrażyna;Świętochłowice\n"


def write(tmp_path: Path, content: bytes | str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def rows(path: Path, **options: object) -> list[Row | BadRow]:
    source = open_source(path, Options(**options))  # type: ignore[arg-type]
    try:
        return list(source)
    finally:
        source.close()


def cells(path: Path, **options: object) -> list[list[str]]:
    return [row.cells for row in rows(path, **options) if isinstance(row, Row)]


def problems(path: Path) -> list[tuple[int, str]]:
    return [(row.number, str(row.problem)) for row in rows(path) if isinstance(row, BadRow)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250", "iso-8859-2"])
def test_polish_letters_are_read_whatever_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, POLISH, encoding=encoding)
    source = TextSource(path)
    assert source.shape.header == ("imię", "miasto")
    assert cells(path) == [["Żaneta", "Łódź"], ["Grażyna", "Świętochłowice"]]


def test_german_letters_are_not_taken_for_polish_ones(tmp_path: Path) -> None:
    text = "Name;Straße\n" + "Jürgen Müller;Schöne Straße\nÄnne Köhler;Grüne Gasse für größere Höfe\n" * 5
    assert cells(write(tmp_path, text, encoding="cp1252"))[0] == ["Jürgen Müller", "Schöne Straße"]


def test_a_broken_byte_costs_its_row_and_not_the_encoding(tmp_path: Path) -> None:
    good = "".join(f"{n};Łódź\n" for n in range(10)).encode()
    path = write(tmp_path, b"id;miasto\n" + good + b"99;\xff\xfe\n")
    assert len(cells(path)) == 10
    assert problems(path) == [(12, "The cell has bytes in it that are no letters in utf-8.")]


def test_an_encoding_that_is_said_and_wrong_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, POLISH, encoding="cp1250")
    with pytest.raises(WrongEncoding, match="is not written in utf-8"):
        rows(path, encoding="utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_by_which_rows_agree(tmp_path: Path, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["id", "amount", "note"], ["1", "12,50", "a; b"], ["2", "1 000,00", "x | y, z"]])
    path = write(tmp_path, text.getvalue())
    assert TextSource(path).shape.delimiter == delimiter
    assert cells(path) == [["1", "12,50", "a; b"], ["2", "1 000,00", "x | y, z"]]


def test_blanks_may_stand_between_the_cells(tmp_path: Path) -> None:
    path = write(tmp_path, " customer_id  date number\r\n 00001 19970101  1\r\n 00002 19970112  5\r\n")
    assert TextSource(path).shape.header == ("customer_id", "date", "number")
    assert cells(path) == [["00001", "19970101", "1"], ["00002", "19970112", "5"]]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert cells(write(tmp_path, "e-mail\nanna@example.com\n\njan@example.com\n")) == [
        ["anna@example.com"],
        ["jan@example.com"],
    ]


def test_the_line_that_excel_writes_names_the_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path, "sep=;\r\na;b\r\n1,5;2\r\n")
    assert rows(path) == [Row(3, ["1,5", "2"])]


def test_quoted_line_breaks_belong_to_the_cell_and_rows_count_as_in_a_spreadsheet(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n')
    assert rows(path) == [Row(2, ["1", "two\r\nlines"]), Row(4, ["2", "x"])]


def test_a_stray_mark_in_the_middle_is_dropped(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffa,b\n1,2\n\ufeff3,4\n")
    assert cells(path) == [["1", "2"], ["3", "4"]]


def test_empty_cells_beyond_the_header_do_no_harm(tmp_path: Path) -> None:
    assert cells(write(tmp_path, "a;b\n1;2;;\n;;;\n")) == [["1", "2"]]


def test_rows_of_another_width_are_refused(tmp_path: Path) -> None:
    assert problems(write(tmp_path, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n4,5,6\n")) == [
        (3, "The row has 2 cells where the header has 3."),
        (4, "The row has 4 cells where the header has only 3."),
    ]


def test_a_quotation_mark_that_does_not_close_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,"open\n2,x\n3,y\n')
    assert rows(path)[1:] == [Row(3, ["2", "x"]), Row(4, ["3", "y"])]
    assert problems(path) == [(2, "A quotation mark opens in this row and does not close.")]


def test_a_field_of_ten_megabytes_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,x\n2," + "y" * 10_000_000 + '\n3,"' + "z" * 10_000_000 + '"\n4,x\n')
    assert cells(path) == [["1", "x"], ["4", "x"]]
    assert problems(path) == [
        (3, "A cell is longer than 100000 characters."),
        (4, "A cell is longer than 100000 characters."),
    ]


def test_a_nul_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,x\x00y\n2,x\n")
    assert cells(path) == [["2", "x"]]
    assert problems(path) == [(2, "The cell has a NUL character in it.")]


@pytest.mark.parametrize(
    ("content", "name", "error", "sentence"),
    [
        (b"", "f.csv", EmptyFile, "is empty"),
        (b"\xef\xbb\xbf\r\n", "f.csv", EmptyFile, "is empty"),
        (b"\n \n\n", "f.csv", EmptyFile, "is empty"),
        (b"a,b\n\n", "f.csv", HeaderOnly, "has a header and no rows below it"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "f.csv", NotATable, "it looks like a picture"),
        (b"%PDF-1.4 ...", "f.csv", NotATable, "it looks like a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "f.xls", NotATable, "an old Excel file"),
        (bytes(range(256)) * 40, "f.csv", NotATable, "a binary file"),
        (b"a,b\n1,2\n", "f.xlsx", TextNamedWorkbook, "is called a workbook but holds plain text"),
        (b"PK\x03\x04 nothing", "f.xlsx", NotAWorkbook, "is not an Excel workbook"),
        (b"PK\x03\x04 nothing", "f.csv", WorkbookNamedText, "is a workbook under another name"),
    ],
)
def test_what_is_no_table_is_told_in_one_sentence(
    tmp_path: Path, content: bytes, name: str, error: type[FileProblem], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as raised:
        open_source(write(tmp_path, content, name), Options())
    assert str(tmp_path / name) in str(raised.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile, match="No such file"):
        open_source(tmp_path / "none.csv", Options())
    with pytest.raises(NoSuchFile, match="it is a folder"):
        open_source(tmp_path, Options())


def workbook(tmp_path: Path, *lines: list[object], title: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for line in lines:
        sheet.append(line)
    path = tmp_path / "book.xlsx"
    book.save(path)
    return path


def test_a_workbook_gives_what_a_person_would_have_typed(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["id", "day", "time", "amount", "yes", "text"],
        [7, date(2026, 11, 22), datetime(2026, 11, 22, 14, 30), 11.77, True, "00012"],  # noqa: DTZ001 - as workbooks hold it
        [None, None, None, 0.1 + 0.2, None, None],
        [8.0, None, None, None, False, "Zażółć\ngęślą"],
    )
    assert cells(path) == [
        ["7", "2026-11-22", "2026-11-22 14:30:00", "11.77", "true", "00012"],
        ["", "", "", "0.3", "", ""],
        ["8", "", "", "", "false", "Zażółć\ngęślą"],
    ]


def test_a_workbook_counts_rows_as_it_shows_them(tmp_path: Path) -> None:
    path = workbook(tmp_path, [None], ["a", "b"], [None], [1, 2], [3, 4, "beyond"], ["#N/A", 1])
    found = rows(path)
    assert found[0] == Row(4, ["1", "2"])
    assert problems(path) == [
        (5, "The row has 3 cells where the header has only 2."),
        (6, "The cell shows the spreadsheet's error #N/A."),
    ]


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["a"], [1], title="Klienci")
    assert cells(path, sheet="Klienci") == [["1"]]
    with pytest.raises(UnknownSheet, match=r"has no sheet “Klient”\. The nearest is “Klienci”\."):
        rows(path, sheet="Klient")


def test_a_damaged_workbook_is_told_before_anything_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["a"], *([n] for n in range(5000)))
    content = bytearray(path.read_bytes())
    middle = content.index(b"xl/worksheets/sheet1.xml") + 200
    content[middle : middle + 50] = b"\x00" * 50
    path.write_bytes(content)
    with pytest.raises(NotAWorkbook, match="is not an Excel workbook that can be read"):
        open_source(path, Options())


def test_header_only_and_empty_workbooks_are_told(tmp_path: Path) -> None:
    with pytest.raises(HeaderOnly):
        open_source(workbook(tmp_path, ["a", "b"]), Options())
    with pytest.raises(EmptyFile):
        open_source(workbook(tmp_path), Options())


@given(text=st.text(st.sampled_from("'=+-@\t\rab 1"), max_size=6))
def test_what_is_guarded_is_given_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


# control characters in such numbers are a binary file
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc",), include_characters="\t\r\n", exclude_characters="\ufeff"),
    max_size=8,
)
table = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(
            _TEXT,
            min_size=width,
            max_size=width,
        ),
        min_size=1,
        max_size=8,
    )
)


@settings(max_examples=60, deadline=None)
@given(content=table, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, content: list[list[str]], encoding: str
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([[f"c{n}" for n in range(len(content[0]))], *content])
    expected = [row for row in content if "".join(row).strip()]
    try:
        assert cells(path, delimiter=",") == expected
    except HeaderOnly:
        assert not expected
