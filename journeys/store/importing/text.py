"""Tables in text: semicolon, comma, tab, bar, or blanks between the cells."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from journeys.base.text import clean
from journeys.store.importing.encoding import checked_encoding, encoding_of
from journeys.store.importing.errors import (
    BadLetters,
    EmptyFile,
    FieldTooLong,
    HasNul,
    HeaderOnly,
    QuoteNotClosed,
    RowProblem,
    TooFewCells,
    TooManyCells,
)
from journeys.store.importing.source import MOST_CELL, BadRow, Row, Shape

#: characters of a row; what is longer is no row of a table
MOST_ROW = 1_000_000
BLANKS = " "
_DELIMITERS = ";,\t|"
_SAMPLE = 65_536
_SAMPLE_ROWS = 40
_UNREADABLE = re.compile("[\udc80-\udcff]")

#: a row of the file: its cells, none for an empty line, or why it cannot be read
_Record = list[str] | RowProblem


class TextSource:
    """An open text table, read line by line."""

    def __init__(self, path: Path, *, encoding: str = "", delimiter: str = "", header: bool = True) -> None:
        self.path = path
        self._encoding = checked_encoding(path, encoding) if encoding else encoding_of(path)
        self.bytes_total = path.stat().st_size
        self._raw: io.FileIO | None = None
        delimiter = delimiter or self._recognised()
        names, self._header_row = self._names(delimiter, header=header)
        self.shape = Shape(format="csv", encoding=self._encoding, delimiter=delimiter, sheet="", header=names)

    @property
    def bytes_done(self) -> int:
        if self._raw is None or self._raw.closed:
            return self.bytes_total
        return min(self._raw.tell(), self.bytes_total)

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()

    def __iter__(self) -> Iterator[Row | BadRow]:
        wide = self._encoding.startswith("utf-16") or self._encoding.startswith("utf-32")
        columns = len(self.shape.header)
        with self._opened() as stream:
            for number, cells in enumerate(_records(stream, self.shape.delimiter), 1):
                if number <= self._header_row:
                    continue
                if isinstance(cells, RowProblem):
                    yield BadRow(number, -1, cells)
                    continue
                if len(cells) > columns:
                    cells = _without_empty_end(cells, columns)
                said = "".join(cells)
                if not said or said.isspace():
                    continue
                problem = self._problem(cells, said, columns, wide=wide)
                yield problem._replace(number=number) if problem else Row(number, cells)

    def _problem(self, cells: list[str], said: str, columns: int, *, wide: bool) -> BadRow | None:
        if len(cells) < columns:
            return BadRow(0, -1, TooFewCells(cells=len(cells), columns=columns))
        if len(cells) > columns:
            return BadRow(0, -1, TooManyCells(cells=len(cells), columns=columns))
        if "\x00" in said:
            return BadRow(0, next(n for n, cell in enumerate(cells) if "\x00" in cell), HasNul())
        if len(said) > MOST_CELL:
            for n, cell in enumerate(cells):
                if len(cell) > MOST_CELL:
                    return BadRow(0, n, FieldTooLong(most=MOST_CELL))
        if not said.isascii() and (_UNREADABLE.search(said) or (wide and "\ufffd" in said)):
            wrong = next(n for n, cell in enumerate(cells) if _UNREADABLE.search(cell) or "\ufffd" in cell)
            return BadRow(0, wrong, BadLetters(encoding=self._encoding))
        return None

    def _opened(self) -> TextIO:
        self._raw = io.FileIO(self.path)
        wide = self._encoding.startswith(("utf-16", "utf-32"))
        return io.TextIOWrapper(
            io.BufferedReader(self._raw, 1 << 18),
            encoding=self._encoding,
            # a broken byte costs its row, not the file; UTF-16 has no bytes to escape
            errors="replace" if wide else "surrogateescape",
            newline="",
        )

    def _recognised(self) -> str:
        with self._opened() as stream:
            sample = stream.read(_SAMPLE)
        first = sample.split("\n", 1)[0].strip("\ufeff\r ")
        if re.fullmatch(r"sep=.", first, re.IGNORECASE):
            return first[-1]
        return _delimiter_of(sample, whole=len(sample) < _SAMPLE)

    def _names(self, delimiter: str, *, header: bool) -> tuple[tuple[str, ...], int]:
        """The header and the number of its row. Looks far enough to know that there is a row below it."""
        names: tuple[str, ...] | None = None
        header_row = 0
        with self._opened() as stream:
            for number, cells in enumerate(_records(stream, delimiter), 1):
                if number == 1 and not isinstance(cells, RowProblem) and _is_hint(cells, delimiter):
                    header_row = 1
                    continue
                if isinstance(cells, list) and not any(cell.strip() for cell in cells):
                    continue
                if names is not None:
                    return names, header_row
                if isinstance(cells, RowProblem):
                    raise HeaderOnly(path=self.path)
                if not header:
                    return ("",) * len(cells), header_row
                names, header_row = tuple(clean(cell) for cell in cells), number
        raise HeaderOnly(path=self.path) if names is not None else EmptyFile(path=self.path)


class _Lines:
    """Feeds the CSV reader line by line and keeps the lines of the row it is in.

    Kept so that a quotation mark that does not close costs the row it opens in: the lines after it are given again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.size = 0
        #: the file ended inside a row
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(MOST_ROW)
        if not line:
            self.ended = bool(self.taken)
            raise StopIteration
        if len(line) >= MOST_ROW:
            self._skip_rest(line)
        if line[0] == "\ufeff":
            # of a file that was appended to another
            line = line.lstrip("\ufeff") or "\n"
        self.taken.append(line)
        self.size += len(line)
        if self.size > MOST_ROW:
            raise csv.Error
        return line

    def _skip_rest(self, line: str) -> None:
        self.taken.append("")
        while line and not line.endswith(("\n", "\r")):
            line = self._stream.readline(MOST_ROW)
        raise csv.Error

    def next_row(self) -> None:
        self.taken.clear()
        self.size = 0

    def give_again(self) -> None:
        """The first line of the row is lost; what was read after it comes again."""
        self._again.extendleft(reversed(self.taken[1:]))


def _records(stream: TextIO, delimiter: str) -> Iterator[_Record]:
    lines = _Lines(stream)
    if delimiter == BLANKS:
        while True:
            lines.next_row()
            try:
                yield next(lines).split()
            except StopIteration:
                return
            except csv.Error:
                yield FieldTooLong(most=MOST_CELL)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.next_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield QuoteNotClosed() if len(lines.taken) > 1 else FieldTooLong(most=MOST_CELL)
        else:
            if not lines.ended:
                yield cells
                continue
            yield QuoteNotClosed()
        lines.give_again()
        lines.ended = False
        reader = csv.reader(lines, delimiter=delimiter)


def _without_empty_end(cells: list[str], columns: int) -> list[str]:
    end = len(cells)
    while end > columns and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _is_hint(cells: list[str], delimiter: str) -> bool:
    """Excel's own line “sep=;”, which the delimiter it names cuts in two."""
    return delimiter.join(cells).lower().strip("\ufeff ") == f"sep={delimiter}"


def _delimiter_of(sample: str, *, whole: bool) -> str:
    """The delimiter by which the rows agree best with the header; then the one that gives more columns."""

    def rows_by(delimiter: str) -> list[list[str]]:
        rows: list[list[str]] = []
        for cells in _records(io.StringIO(sample, newline=""), delimiter):
            if isinstance(cells, list) and any(cell.strip() for cell in cells):
                rows.append(cells)
            if len(rows) == _SAMPLE_ROWS:
                return rows
        return rows if whole or len(rows) < 2 else rows[:-1]

    def agreement(rows: list[list[str]]) -> float:
        return sum(len(row) == len(rows[0]) for row in rows) / len(rows)

    found = [(agreement(rows), len(rows[0]), one) for one in _DELIMITERS if (rows := rows_by(one)) and len(rows[0]) > 1]
    if found:
        return max(found)[2]
    rows = rows_by(BLANKS)
    if len(rows) > 1 and len(rows[0]) > 1 and agreement(rows) > 0.9:
        return BLANKS
    return ","
