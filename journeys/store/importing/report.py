"""What an import did."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from journeys.base.i18n import _
from journeys.store.importing.errors import RefusedRowsNotWritten
from journeys.store.importing.source import guarded

#: refused rows that a report keeps; all are counted, and written to the file of refused rows
KEPT = 1_000


class Refused(NamedTuple):
    """A row that was left out."""

    #: as a spreadsheet counts, the header being row 1
    row: int
    #: its header, or nothing when the row as a whole is meant
    column: str
    reason: str


class Progress(NamedTuple):
    """How far an import is."""

    rows_read: int
    bytes_done: int
    bytes_total: int


#: called after every lot
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome. Rows are rows of the file; what was added, changed or unchanged are contacts, purchases and so on.

    Both are the same number but for orders of several rows.
    """

    #: names the import for undo; nothing after a dry run
    batch: int | None
    rows_read: int
    #: things added, changed, and found as they are: contacts, purchases, contracts …
    added: int
    changed: int
    unchanged: int
    #: contacts added beside, because rows of another kind named them
    contacts_added: int
    #: the first `KEPT`, in the order of the file
    refused: tuple[Refused, ...]
    refused_count: int
    #: columns that nothing was read from
    unused_columns: tuple[str, ...]
    #: field → column
    mapping: dict[str, str]
    cancelled: bool = False


@dataclass(slots=True)
class Tally:
    """Counts of one lot; added to the sum when the lot is committed, thrown away when it is tried again."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    contacts_added: int = 0
    refused: list[Refused] = field(default_factory=list)


class RefusedRows:
    """Keeps the first refused rows, counts all, and writes them to a file if one is wanted."""

    def __init__(self, path: Path | None) -> None:
        self.kept: list[Refused] = []
        self.count = 0
        self._path = path
        self._file: IO[str] | None = None
        self._writer: Any = None
        if path is None:
            return
        # now, so that an import of an hour does not fail at its first refused row
        try:
            self._file = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise RefusedRowsNotWritten(path=path, why=error.strerror or error) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow((_("row"), _("column"), _("reason")))

    def add(self, rows: Sequence[Refused]) -> None:
        self.count += len(rows)
        self.kept += rows[: KEPT - len(self.kept)]
        if self._writer is not None:
            self._writer.writerows((one.row, guarded(one.column), guarded(one.reason)) for one in rows)

    def close(self) -> None:
        """Ends the file; takes it away where nothing was refused."""
        if self._file is not None and self._path is not None:
            self._file.close()
            if not self.count:
                self._path.unlink(missing_ok=True)
