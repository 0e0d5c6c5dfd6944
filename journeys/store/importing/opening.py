"""Opening a file for import: which format it has is read from its first bytes, not believed from its name."""

from __future__ import annotations

from pathlib import Path

from journeys.store.importing.errors import BadDelimiter, EmptyFile, NoSuchFile, TextNamedWorkbook, WorkbookNamedText
from journeys.store.importing.options import Options
from journeys.store.importing.source import Source
from journeys.store.importing.text import TextSource
from journeys.store.importing.workbook import WorkbookSource

_WORKBOOKS = frozenset((".xlsx", ".xlsm", ".xltx", ".xltm"))


def open_source(path: Path, options: Options) -> Source:
    """The file, ready to be read. Raises a FileProblem when it is no table at all."""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise NoSuchFile(path=path, why=error.strerror or error) from error
    if not head:
        raise EmptyFile(path=path)
    named_workbook = path.suffix.lower() in _WORKBOOKS
    if head.startswith(b"PK\x03\x04"):
        if not named_workbook and path.suffix.lower() in (".csv", ".txt", ".tsv"):
            raise WorkbookNamedText(path=path)
        return WorkbookSource(path, sheet=options.sheet, header=options.header)
    delimiter = {"\\t": "\t", "tab": "\t"}.get(options.delimiter, options.delimiter)
    if len(delimiter) > 1 or delimiter in ("\n", "\r", '"', "\0"):
        raise BadDelimiter(value=delimiter)
    source = TextSource(path, encoding=options.encoding, delimiter=delimiter, header=options.header)
    if named_workbook:
        raise TextNamedWorkbook(path=path)
    return source
