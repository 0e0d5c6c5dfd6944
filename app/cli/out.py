"""What a command prints: sentences and tables for people, JSON for programs, progress to stderr."""

from __future__ import annotations

import json
import locale
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.i18n import _
from journeys.base.time import Instant, moment

#: work shorter than this shows no progress bar
_PATIENCE = 1.0
#: width of a table that is drawn where there is no terminal
_PAGE = 100


def grouped(number: float) -> str:
    """A number with its digits in groups of three, parted by the locale's sign."""
    conventions = locale.localeconv()
    sign = str(conventions["thousands_sep"] or ",")
    if isinstance(number, int):
        return f"{number:_}".replace("_", sign)
    whole, _point, part = f"{number:_.2f}".partition(".")
    return whole.replace("_", sign) + str(conventions["decimal_point"] or ".") + part


def when(at: Instant | int | None, zone: ZoneInfo) -> str:
    """An instant on the wall clock of `zone`; nothing for none."""
    return "" if at is None else f"{moment(Instant(at), zone):%Y-%m-%d %H:%M}"


def iso(at: Instant | int | None, zone: ZoneInfo) -> str | None:
    """An instant for programs: ISO 8601 with the offset of `zone`."""
    return None if at is None else moment(Instant(at), zone).isoformat()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the key programs read it by, and the heading for people."""

    key: str
    heading: str
    #: how a value is said to people; without one, numbers are grouped and None is nothing
    say: Callable[[Any], str] | None = None


class Out:
    """Where one command prints. With `as_json`, exactly one JSON document goes to stdout.

    With `draws`, tables are drawn in a pipe too: a report that people keep is read, not parsed.
    """

    def __init__(self, *, as_json: bool, draws: bool = False) -> None:
        self.as_json = as_json
        self._draws = draws

    def result(self, sentence: str, data: Any) -> None:
        """The outcome of a command: a sentence, or `data` as JSON."""
        if self.as_json:
            self.data(data)
        else:
            self.say(sentence)

    def say(self, sentence: str) -> None:
        """A sentence for people; programs do not get it."""
        if not self.as_json:
            print(sentence)  # noqa: T201 - the one place that prints

    def data(self, data: Any) -> None:
        """A JSON document, whatever the mode."""
        print(json.dumps(data, ensure_ascii=False, indent=2, default=str))  # noqa: T201

    def raw(self, text: str) -> None:
        """A document of its own form, as it is."""
        print(text, end="")  # noqa: T201

    def aside(self, sentence: str) -> None:
        """A remark on stderr: a warning, a refusal, what was left out."""
        print(sentence, file=sys.stderr)  # noqa: T201

    def table(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], *, title: str = "") -> None:
        """Rows as a list of objects, as a table on a terminal, or parted by tabs in a pipe."""
        if self.as_json:
            self.data([{column.key: row.get(column.key) for column in columns} for row in rows])
        elif not rows:
            print(_("{title}: nothing yet.").format(title=title) if title else _("There is nothing to list yet."))  # noqa: T201
        elif self._draws or sys.stdout.isatty():
            self._draw(columns, rows, title)
        else:
            if title:
                print(title)  # noqa: T201
            print("\t".join(column.heading for column in columns))  # noqa: T201
            for row in rows:
                print("\t".join(_flat(_plain(column, row.get(column.key))) for column in columns))  # noqa: T201

    def _draw(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], title: str) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False, collapse_padding=True
        )
        for column in columns:
            numbers = any(isinstance(row.get(column.key), int | float) for row in rows)
            # what does not fit goes on in the next line: an address cut short is of no use
            table.add_column(
                column.heading, justify="right" if numbers and column.say is None else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*(Text(_said(column, row.get(column.key))) for column in columns))
        Console(width=None if sys.stdout.isatty() else _PAGE).print(table)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        """A bar on stderr for work that takes longer than a second; call it with (done, total or None)."""
        bar: list[Any] = []
        began = time.monotonic()

        def report(done: int, total: int | None) -> None:
            if not bar:
                if time.monotonic() - began < _PATIENCE or not sys.stderr.isatty():
                    return
                bar.extend(_bar(label))
            bar[0].update(bar[1], completed=done, total=total)

        try:
            yield report
        finally:
            if bar:
                bar[0].stop()


def _bar(label: str) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task(label, total=None)


def _said(column: Column, value: Any) -> str:
    if column.say is not None:
        return column.say(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return grouped(value)
    return _plain(column, value)


def _plain(column: Column, value: Any) -> str:
    # digits ungrouped: what reads a pipe reads numbers
    if column.say is not None:
        return column.say(value)
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _flat(text: str) -> str:
    return " ".join(text.split()) if any(mark in text for mark in "\t\n\r") else text
