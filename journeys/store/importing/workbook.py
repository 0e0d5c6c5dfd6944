"""Tables in Excel workbooks, read a row at a time. Cells become text, so that one set of rules reads both formats."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from journeys.base.errors import suggestion
from journeys.base.i18n import _
from journeys.base.text import clean
from journeys.store.importing.errors import (
    CellError,
    EmptyFile,
    FieldTooLong,
    HeaderOnly,
    NoSuchFile,
    NotAWorkbook,
    TooManyCells,
    UnknownSheet,
)
from journeys.store.importing.source import MOST_CELL, BadRow, Row, Shape

#: what a broken workbook makes zipfile, the XML parser and openpyxl raise
BROKEN = (zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, KeyError, ValueError, EOFError, TypeError,
          AttributeError, IndexError, NotImplementedError, RuntimeError)  # fmt: skip
#: the last row an Excel sheet can have
LAST_ROW = 1_048_576
#: bytes of the shared strings, which openpyxl holds in memory as a whole
_MOST_STRINGS = 512 << 20
_ERRORS = frozenset(("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!"))
_ESCAPED = re.compile("_x[0-9A-Fa-f]{4}_")


class WorkbookSource:
    """An open workbook, one sheet of it."""

    def __init__(self, path: Path, *, sheet: str = "", header: bool = True) -> None:
        self.path = path
        self.bytes_total = path.stat().st_size
        self._row = 0
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(part.file_size for part in archive.infolist() if "sharedstrings" in part.filename.lower())
                if size > _MOST_STRINGS:
                    raise NotAWorkbook(path=path, why=_("it holds too much text"))
                broken = archive.testzip()
                if broken:
                    raise NotAWorkbook(path=path, why=_("{part} is damaged").format(part=broken))
            with warnings.catch_warnings(action="ignore"):
                # of styles and validations, which no import reads
                self._book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except OSError as error:
            raise NoSuchFile(path=path, why=error.strerror or error) from error
        except BROKEN as error:
            raise NotAWorkbook(path=path, why=_("it is no workbook inside")) from error
        names = [one.title for one in self._book.worksheets]
        if sheet and sheet not in names:
            self._book.close()
            raise UnknownSheet(path=path, sheet=sheet, suggestion=suggestion(sheet, names))
        if not names:
            self._book.close()
            raise EmptyFile(path=path)
        self._sheet: Any = self._book[sheet or names[0]]
        self._last: int | None = self._sheet.max_row
        self._sheet.reset_dimensions()
        header_names, self._header_row = self._names(header=header)
        self.shape = Shape(format="xlsx", encoding="", delimiter="", sheet=sheet or names[0], header=header_names)

    @property
    def bytes_done(self) -> int:
        """By rows: where in the packed file a row ends is not known."""
        return min(self.bytes_total, self.bytes_total * self._row // self._last) if self._last else 0

    def close(self) -> None:
        self._book.close()

    def __iter__(self) -> Iterator[Row | BadRow]:
        columns = len(self.shape.header)
        for number, values in self._rows():
            if number <= self._header_row:
                continue
            self._row = number
            cells = [text_of(value) for value in values[:columns]]
            cells += [""] * (columns - len(cells))
            beyond = [n for n, value in enumerate(values[columns:], columns) if text_of(value).strip()]
            if beyond:
                yield BadRow(number, -1, TooManyCells(cells=beyond[-1] + 1, columns=columns))
            elif any(cell in _ERRORS for cell in cells):
                wrong = next(n for n, cell in enumerate(cells) if cell in _ERRORS)
                yield BadRow(number, wrong, CellError(value=cells[wrong]))
            elif any(len(cell) > MOST_CELL for cell in cells):
                wrong = next(n for n, cell in enumerate(cells) if len(cell) > MOST_CELL)
                yield BadRow(number, wrong, FieldTooLong(most=MOST_CELL))
            elif "".join(cells).strip():
                yield Row(number, cells)
        self._row = self._last or 0

    def _rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        rows = self._sheet.iter_rows(values_only=True)
        for number in range(1, LAST_ROW + 1):
            # around each row, not around the loop: the warnings of whoever iterates are not ours to hide
            with warnings.catch_warnings(action="ignore"):
                values = next(rows, None)
            if values is None:
                return
            yield number, values

    def _names(self, *, header: bool) -> tuple[tuple[str, ...], int]:
        names: tuple[str, ...] | None = None
        header_row = 0
        try:
            for number, values in self._rows():
                cells = [clean(text_of(value)) for value in values]
                if not any(cells):
                    continue
                if names is not None:
                    return names, header_row
                while not cells[-1]:
                    cells.pop()
                if not header:
                    return ("",) * len(cells), 0
                names, header_row = tuple(cells), number
        except BROKEN as error:
            self._book.close()
            raise NotAWorkbook(path=self.path, why=_("the sheet is damaged")) from error
        self._book.close()
        raise HeaderOnly(path=self.path) if names is not None else EmptyFile(path=self.path)


def text_of(value: Any) -> str:
    """A cell as the text that a person would have typed into a CSV."""
    match value:
        case None:
            return ""
        case str():
            return unescape(value) if _ESCAPED.search(value) else value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            # Excel itself shows 15 digits; the others are the noise of binary fractions
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
        case datetime():
            return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value)
