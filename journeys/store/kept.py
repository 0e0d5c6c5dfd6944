"""Statements that are compiled once and then handed to the driver as text.

A tick runs dozens of small statements over tables of a few rows. SQLAlchemy finds what it compiled for one by hashing the
whole statement, which for a criterion costs more than running it: 38 µs a statement, 15 as text *(measured, 33 statements
of a tick on SQLite)*. Only for statements that live as long as the process or a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler


@dataclass(frozen=True, slots=True)
class _Made:
    """A statement as text for one kind of database."""

    text: str
    #: (parameter, its value where the caller gives none), in the order of the text
    parameters: tuple[tuple[str, Any], ...]
    #: place in `parameters` → what the driver wants the value turned into
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]
    #: the text names its parameters
    named: bool

    def values(self, given: Mapping[str, Any]) -> Any:
        values = [given.get(name, value) for name, value in self.parameters]
        for place, process in self.processors:
            values[place] = process(values[place])
        if self.named:
            return {name: value for (name, _), value in zip(self.parameters, values, strict=True)}
        return tuple(values)


class Kept(Executable):
    """A statement to be given to `Connection.execute` in place of the one it is made from.

    Rows come as the driver gives them, so that a statement whose columns SQLAlchemy would have to read (JSON, truth
    values on SQLite), or whose text depends on its parameters (a list for IN), is simply executed as it is.
    """

    def __init__(self, statement: Any) -> None:
        #: what it is made from
        self.statement = statement
        self._made: dict[str, _Made | None] = {}

    def compile(self, *args: Any, **kw: Any) -> Any:
        return self.statement.compile(*args, **kw)

    def _execute_on_connection(
        self, connection: Connection, distilled_params: Sequence[Mapping[str, Any]], execution_options: Any
    ) -> CursorResult[Any]:
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = _make(self.statement, dialect)
        made = self._made[dialect.name]
        if made is None:
            result: CursorResult[Any] = connection.execute(self.statement, distilled_params)
            return result
        if len(distilled_params) > 1:
            return connection.exec_driver_sql(made.text, [made.values(given) for given in distilled_params])
        return connection.exec_driver_sql(made.text, made.values(distilled_params[0] if distilled_params else {}))


def _make(statement: Any, dialect: Dialect) -> _Made | None:
    """The statement as text; None where only SQLAlchemy can run it."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    if any(bind.expanding or bind.literal_execute for bind in binds.values()):
        return None
    columns = getattr(statement, "exported_columns", None) or ()
    # the driver calls a column as the database does, and reads nothing into it
    if any(
        column.key != column.name or column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in columns
    ):
        return None
    constants = compiled.construct_params(_check=False)
    names = tuple(constants) if compiled.positiontup is None else tuple(compiled.positiontup)
    processors = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    return _Made(
        text=compiled.string,
        parameters=tuple((name, constants[name]) for name in names),
        processors=tuple((n, process) for n, name in enumerate(names) if (process := processors[name]) is not None),
        named=compiled.positiontup is None,
    )
