"""What a kind of import file is: the fields it has, and how its rows are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection, insert, select
from sqlalchemy.sql import ColumnElement

from journeys.base.errors import KanwaError
from journeys.base.time import Instant
from journeys.store.contacts import Door
from journeys.store.dialect import in_texts
from journeys.store.importing.mapping import Field
from journeys.store.importing.options import Options
from journeys.store.importing.report import Refused, Tally
from journeys.store.importing.scratch import Scratch
from journeys.store.importing.source import column_name
from journeys.store.importing.values import Reading
from journeys.store.tables import import_change

#: keys looked up by one statement
_LOOKED_UP = 5_000


class Parsed(NamedTuple):
    """A row of the file whose cells could be read: field → value; empty cells are not in it."""

    number: int
    values: dict[str, Any]
    #: rows of the same group, which stand one after the other, are about the same one
    group: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What every kind needs to know of the import that it is part of."""

    options: Options
    batch: int
    now: Instant
    reading: Reading
    door: Door
    scratch: Scratch
    header: tuple[str, ...]
    #: field → index of its column
    columns: Mapping[str, int]
    #: of amounts that name none; may be empty
    currency: str

    def refused(self, number: int, problem: KanwaError, field: str = "") -> Refused:
        """The row as it is reported."""
        return Refused(number, column_name(self.header, self.columns.get(field, -1)), str(problem))


class Kind(ABC):
    """A kind of import file."""

    name: ClassVar[str]
    #: what its rows are, in the plural
    noun: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    #: of each of these groups, the file or the defaults must have one field, and every row a value
    needs: ClassVar[tuple[tuple[str, ...], ...]]
    #: whether `data.NAME` may be a column
    takes_data: ClassVar[bool] = False
    #: rows known by the same value of these fields, the surest first, belong together, wherever in the file they stand,
    #: and come to `write` in one lot
    grouped_by: ClassVar[tuple[str, ...]] = ()
    #: whether one refused row of such a group costs the others too
    is_whole: ClassVar[bool] = False

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def fields_for(cls, door: Door) -> tuple[Field, ...]:  # noqa: ARG003 - contacts need it
        """The fields, as the store takes them now."""
        return cls.fields

    @abstractmethod
    def check(self, values: dict[str, Any]) -> None:
        """Look at a row as a whole, before the store is locked. May complete the values. Raises a KanwaError."""

    @abstractmethod
    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        """Write the rows of one lot. Whatever is wrong with one of them is refused, never raised."""

    def changed(
        self, conn: Connection, table: str, changes: Iterable[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]
    ) -> None:
        """Keep what was overwritten, as (row key, before, after), so that the import can be undone."""
        rows = [
            {"import_batch": self.run.batch, "table_name": table, "row_key": key, "before": before, "after": after}
            for key, before, after in changes
        ]
        if rows:
            conn.execute(insert(import_change), rows)


def known(conn: Connection, column: ColumnElement[Any], keys: Iterable[str], *columns: Any) -> dict[str, Any]:
    """Rows that have these keys in `column`: key → row of `columns`."""
    wanted = sorted(set(keys))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _LOOKED_UP):
        lot = wanted[start : start + _LOOKED_UP]
        rows = conn.execute(select(column.label("looked_up"), *columns).where(in_texts(column, lot)))
        found |= {row.looked_up: row for row in rows}
    return found
