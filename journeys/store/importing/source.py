"""What a file is to the import, whatever its format: a header, and rows one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from journeys.store.importing.errors import RowProblem

#: characters of one cell; Excel holds 32,767, and no field of a contact is longer
MOST_CELL = 100_000


class Row(NamedTuple):
    """A row of the file as text."""

    #: as a spreadsheet counts, the header being row 1
    number: int
    #: as many as the header has
    cells: list[str]


class BadRow(NamedTuple):
    """A row that cannot be read at all."""

    number: int
    #: index of the column, or -1
    column: int
    problem: RowProblem


@dataclass(frozen=True, slots=True)
class Shape:
    """What was recognised about a file before its rows are read."""

    #: "csv" or "xlsx"
    format: str
    encoding: str
    #: the delimiter; " " stands for any number of blanks; empty for a workbook
    delimiter: str
    #: name of the sheet; empty for text
    sheet: str
    header: tuple[str, ...]


class Source(Protocol):
    """An open file. Can be iterated as often as wanted, each time from the first row below the header."""

    shape: Shape
    bytes_total: int

    @property
    def bytes_done(self) -> int: ...

    def __iter__(self) -> Iterator[Row | BadRow]: ...

    def close(self) -> None: ...


def column_name(header: tuple[str, ...], column: int) -> str:
    """The column as a person finds it: its header, or #3 for the third of a file that gives none."""
    return (header[column] if 0 <= column < len(header) else "") or (f"#{column + 1}" if column >= 0 else "")


def unguarded(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from reading it as a formula."""
    if cell[:1] == "'" and cell.lstrip("'")[:1] in GUARDED:
        return cell[1:]
    return cell


def guarded(cell: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would read it as a formula.

    A text that already begins with apostrophes before such a sign gets one more, so that `unguarded` gives it back.
    """
    return "'" + cell if cell.lstrip("'")[:1] in GUARDED else cell


#: what a spreadsheet takes for the start of a formula
GUARDED = frozenset("=+-@\t\r")
