"""The only expressions and statements that differ between SQLite and PostgreSQL.

Each is a SQLAlchemy construct compiled for either database, so that whoever builds a statement does not ask which one
it will run on. Keys of JSON members are written into the SQL text, never bound: an index on the expression serves
only a query that says the very same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeEngine

from journeys.base.catalogue import AttributeType
from journeys.store.tables import Json


class _Truth(FunctionElement[bool]):
    """A condition. SQLAlchemy would write it as `… = 1` on SQLite, which keeps every index from serving."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        return self


# --- members of JSON -------------------------------------------------------------------------------------------------


class _Member(FunctionElement[Any]):
    """A member of the JSON object in a column, read as one type."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's own attribute
        *FunctionElement._traverse_internals,
        ("member", InternalTraversal.dp_string),
        ("reads", InternalTraversal.dp_string),
    ]

    def __init__(self, column: ColumnElement[Any], member: str, reads: str, type_: TypeEngine[Any]) -> None:
        self.member = member
        self.reads = reads
        self.type = type_
        super().__init__(column)


def json_text(column: ColumnElement[Any], key: str) -> ColumnElement[str | None]:
    """The member where it is text; NULL where it is missing or anything else."""
    return _Member(column, key, "text", Text())


def json_number(column: ColumnElement[Any], key: str) -> ColumnElement[float | None]:
    """The member where it is a number; NULL where it is missing or anything else."""
    return _Member(column, key, "number", Double())


def json_bool(column: ColumnElement[Any], key: str) -> ColumnElement[bool | None]:
    """The member where it is true or false; NULL where it is missing or anything else."""
    return _Member(column, key, "bool", Boolean())


def json_member(column: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    """The member as JSON of whatever type; NULL where it is missing. To be shown, not to be compared."""
    return _Member(column, key, "json", Json)


_READS: dict[AttributeType, tuple[str, TypeEngine[Any]]] = {
    "text": ("sure text", Text()),
    "choice": ("sure text", Text()),
    "date": ("sure text", Text()),
    "number": ("sure number", Double()),
    "datetime": ("sure integer", BigInteger()),
    "boolean": ("sure bool", Boolean()),
    "list": ("json", Json),
}


def typed_attribute(column: ColumnElement[Any], key: str, type_: AttributeType) -> ColumnElement[Any]:
    """An attribute as the type it is declared with, in the one form that an index on it is made with.

    Trusts the type: only for `contact.attributes` and `contact.keys` ("text"), whose values are validated on write.
    """
    reads, sql_type = _READS[type_]
    return _Member(column, key, reads, sql_type)


@compiles(_Member, "sqlite")
def _member_sqlite(element: _Member, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    document = compiler.process(column, **kw)
    if set('"\\') & set(element.member) or not element.member.isprintable():
        # no path can name such a member in SQLite 3.40
        label = _quoted(compiler, element.member)
        value = f"(SELECT value FROM json_each({document}) WHERE key = {label})"
        kind = f"(SELECT type FROM json_each({document}) WHERE key = {label})"
        if element.reads == "json":
            return f"(SELECT json_quote(value) FROM json_each({document}) WHERE key = {label})"
    else:
        path = _quoted(compiler, f'$."{element.member}"')
        value = f"json_extract({document}, {path})"
        kind = f"json_type({document}, {path})"
        if element.reads == "json":
            return f"({document} -> {path})"
    match element.reads:
        case "text":
            return f"CASE {kind} WHEN 'text' THEN {value} END"
        case "number":
            return f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END"
        case "bool":
            return f"CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
        case _:
            return value


@compiles(_Member, "postgresql")
def _member_postgresql(element: _Member, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    document = compiler.process(column, **kw)
    label = _quoted(compiler, element.member)
    kind = f"jsonb_typeof({document} -> {label})"
    match element.reads:
        case "json":
            return f"({document} -> {label})"
        case "text":
            return f"""(CASE {kind} WHEN 'string' THEN ({document} ->> {label}) END COLLATE "C")"""
        case "number":
            return f"(CASE {kind} WHEN 'number' THEN ({document} ->> {label})::double precision END)"
        case "bool":
            return f"(CASE {kind} WHEN 'boolean' THEN ({document} ->> {label})::boolean END)"
        case "sure number":
            return f"(({document} ->> {label})::double precision)"
        case "sure integer":
            return f"(({document} ->> {label})::bigint)"
        case "sure bool":
            return f"(({document} ->> {label})::boolean)"
        case _:
            return f'(({document} ->> {label}) COLLATE "C")'


class _ArrayHas(_Truth):
    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's own attribute
        *FunctionElement._traverse_internals,
        ("member", InternalTraversal.dp_string),
    ]

    def __init__(self, column: ColumnElement[Any], member: str, *values: ColumnElement[Any]) -> None:
        self.member = member
        super().__init__(column, *values)


def json_array_has(column: ColumnElement[Any], key: str, *values: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the member is an array with one of these texts in it; NULL or false where it is missing."""
    elements = (value if isinstance(value, ColumnElement) else literal(value, Text()) for value in values)
    return _ArrayHas(column, key, *elements)


@compiles(_ArrayHas, "sqlite")
def _array_has_sqlite(element: _ArrayHas, compiler: SQLCompiler, **kw: Any) -> str:
    column, *values = element.clauses
    member = compiler.process(_Member(column, element.member, "json", Json), **kw)
    texts = ", ".join(compiler.process(value, **kw) for value in values)
    return f"EXISTS (SELECT 1 FROM json_each({member}) AS item WHERE item.value IN ({texts}))"


@compiles(_ArrayHas, "postgresql")
def _array_has_postgresql(element: _ArrayHas, compiler: SQLCompiler, **kw: Any) -> str:
    column, *values = element.clauses
    member = compiler.process(_Member(column, element.member, "json", Json), **kw)
    if len(values) == 1:
        return f"({member} ? {compiler.process(values[0], **kw)})"
    texts = ", ".join(compiler.process(value, **kw) for value in values)
    return f"({member} ?| CAST(ARRAY[{texts}] AS text[]))"


def _quoted(compiler: SQLCompiler, value: str) -> str:
    return compiler.render_literal_value(value, String())


# --- JSON text made in SQL -------------------------------------------------------------------------------------------


class _Made(FunctionElement[str]):
    """JSON text made of expressions; `labels` are the members' names, none for an array."""

    inherit_cache = True
    type = Text()
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's own attribute
        *FunctionElement._traverse_internals,
        ("labels", InternalTraversal.dp_string_list),
    ]

    def __init__(self, labels: Sequence[str] | None, *items: ColumnElement[Any]) -> None:
        self.labels = None if labels is None else list(labels)
        super().__init__(*items)


class _Parsed(FunctionElement[Any]):
    inherit_cache = True
    type = Json


def json_object_text(
    pairs: Mapping[str, ColumnElement[Any]] | Iterable[tuple[str, ColumnElement[Any]]],
) -> ColumnElement[str]:
    """JSON text of an object: members in the order given, each value as its SQL type says.

    Nested `json_object_text` and `json_array_text` become objects and arrays, JSON columns stay JSON.
    """
    items = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
    return _Made([name for name, _ in items], *(value for _, value in items))


def json_array_text(items: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
    """JSON text of an array of the expressions."""
    return _Made(None, *items)


def json_parsed(document: ColumnElement[str] | ColumnElement[str | None]) -> ColumnElement[Any]:
    """JSON text as JSON, to stand inside `json_object_text` as what it says and not as a string."""
    return _Parsed(document)


def _items(element: _Made) -> list[ColumnElement[Any]]:
    return list(element.clauses)


@compiles(_Made, "sqlite")
def _made_sqlite(element: _Made, compiler: SQLCompiler, **kw: Any) -> str:
    def value(item: ColumnElement[Any]) -> str:
        said = compiler.process(item, **kw)
        if isinstance(item.type, Boolean):
            # SQLite has no boolean: 1 would be written as a number
            return f"json(CASE {said} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
        if isinstance(item.type, type(Json)) and not isinstance(item, _Parsed):
            return f"json({said})"
        return said

    values = [value(item) for item in _items(element)]
    if element.labels is None:
        return f"json_array({', '.join(values)})"
    pairs = (f"{_quoted(compiler, name)}, {said}" for name, said in zip(element.labels, values, strict=True))
    return f"json_object({', '.join(pairs)})"


@compiles(_Made, "postgresql")
def _made_postgresql(element: _Made, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_built_postgresql(element, compiler, **kw)})::text"


def _built_postgresql(element: _Made, compiler: SQLCompiler, **kw: Any) -> str:
    values = [
        _built_postgresql(item, compiler, **kw) if isinstance(item, _Made) else compiler.process(item, **kw)
        for item in _items(element)
    ]
    if element.labels is None:
        return f"jsonb_build_array({', '.join(values)})"
    # json, not jsonb: jsonb sorts the members
    pairs = (f"{_quoted(compiler, name)}, {said}" for name, said in zip(element.labels, values, strict=True))
    return f"json_build_object({', '.join(pairs)})"


@compiles(_Parsed, "sqlite")
def _parsed_sqlite(element: _Parsed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


@compiles(_Parsed, "postgresql")
def _parsed_postgresql(element: _Parsed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)})::jsonb"


# --- text ------------------------------------------------------------------------------------------------------------


class _Contains(_Truth):
    inherit_cache = True


def contains(haystack: ColumnElement[Any], needle: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the text has `needle` in it, byte by byte; give folded text on both sides."""
    return _Contains(haystack, needle if isinstance(needle, ColumnElement) else literal(needle, Text()))


@compiles(_Contains, "sqlite")
def _contains_sqlite(element: _Contains, compiler: SQLCompiler, **kw: Any) -> str:
    haystack, needle = element.clauses
    return f"(instr({compiler.process(haystack, **kw)}, {compiler.process(needle, **kw)}) > 0)"


@compiles(_Contains, "postgresql")
def _contains_postgresql(element: _Contains, compiler: SQLCompiler, **kw: Any) -> str:
    haystack, needle = element.clauses
    return f"(strpos({compiler.process(haystack, **kw)}, {compiler.process(needle, **kw)}) > 0)"


# --- sets of ids -----------------------------------------------------------------------------------------------------


class _List(TypeDecorator[Sequence[Any]]):
    """A list as one parameter: an array on PostgreSQL, JSON text on SQLite."""

    impl = Text
    cache_ok = True
    item: TypeEngine[Any] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(postgresql.ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False)


class _TextList(_List):
    cache_ok = True
    item = Text()


class _InIds(_Truth):
    inherit_cache = True


def in_ids(column: ColumnElement[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """`column` is one of the ids. One parameter whatever their number: thousands fit and the statement is kept."""
    return _InIds(column, bindparam(None, list(ids), type_=_List(), unique=True))


def in_texts(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of the texts, byte by byte; one parameter whatever their number."""
    return _InIds(column, bindparam(None, list(texts), type_=_TextList(), unique=True))


@compiles(_InIds, "sqlite")
def _in_ids_sqlite(element: _InIds, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    return f"({compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(ids, **kw)})))"


@compiles(_InIds, "postgresql")
def _in_ids_postgresql(element: _InIds, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    return f"({compiler.process(column, **kw)} = ANY({compiler.process(ids, **kw)}))"


# --- rows ------------------------------------------------------------------------------------------------------------

Upsert = sqlite.Insert | postgresql.Insert


def upsert(conn: Connection, table: Table) -> Upsert:
    """An INSERT that has `on_conflict_do_update`, `on_conflict_do_nothing` and `excluded`."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def reserve_ids(conn: Connection, table: Table, n: int) -> Sequence[int]:
    """The next `n` ids of a table, rising, to be given to rows that the same transaction inserts.

    Ids known beforehand let rows go in by executemany, and rows of other tables name them.
    On SQLite only inside `Store.write`, which holds the write lock.
    """
    if conn.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        return conn.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, n))).scalars().all()
    last = conn.execute(select(func.max(table.c.id))).scalar_one() or 0
    if table.dialect_options["sqlite"]["autoincrement"]:
        seen = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = max(last, conn.execute(seen, {"name": table.name}).scalar_one_or_none() or 0)
    return range(last + 1, last + n + 1)


def insert_ids(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert the rows and return their ids in order. All rows have the same columns, none has `id`."""
    if not rows:
        return []
    if len(rows) == 1:
        # the order of one row is known; three statements become one
        return [int(conn.execute(insert(table).returning(table.c.id), dict(rows[0])).scalar_one())]
    ids = list(reserve_ids(conn, table, len(rows)))
    insert_rows(conn, table, [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)])
    return ids


def insert_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows, in the fastest way of the driver. All rows have the same columns in the same order.

    COPY on PostgreSQL: 20,000 events take 1.0 s instead of 3.5 by executemany; on SQLite executemany on the driver
    itself, which saves a sixth. Raises the errors of SQLAlchemy.
    """
    if not rows:
        return
    dialect = conn.dialect
    preparer = dialect.identifier_preparer
    names = list(rows[0])
    columns = ", ".join(preparer.quote(table.c[name].name) for name in names)
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    adapted = [(n, adapt) for n, adapt in enumerate(processors) if adapt is not None]
    values = [list(row.values()) for row in rows]
    for one in values:
        for n, adapt in adapted:
            one[n] = adapt(one[n])
    into = f"{preparer.format_table(table)} ({columns})"
    assert dialect.loaded_dbapi is not None
    cursor = conn.connection.cursor()
    try:
        if dialect.name == "postgresql":
            statement = f"COPY {into} FROM STDIN"
            with cursor.copy(statement) as copy:
                for one in values:
                    copy.write_row(one)
        else:
            statement = f"INSERT INTO {into} VALUES ({', '.join('?' * len(names))})"
            cursor.executemany(statement, values)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
    finally:
        cursor.close()


def overwrite_deleted(conn: Connection) -> None:
    """From now on this connection overwrites what it deletes with zeros, where the database would leave it readable.

    PostgreSQL has no such switch; there vacuuming and the write-ahead log's recycling do it in time.
    """
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete=ON")


# --- the database as a whole -----------------------------------------------------------------------------------------

#: written into the head of an SQLite file, so that it is known for a store ("Kanw")
APPLICATION_ID = 0x4B616E77

#: any number; whoever changes the structure of a PostgreSQL store holds the lock of this name
_STRUCTURE_LOCK = 0x4B616E77


def mark_as_store(conn: Connection) -> None:
    """Write into the head of an SQLite file whose it is."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def free_pages(conn: Connection) -> tuple[int, int]:
    """(pages of an SQLite file that hold nothing, bytes of one); PostgreSQL looks after its own and gives (0, 0)."""
    if conn.dialect.name != "sqlite":
        return 0, 0
    pages, size = (conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("freelist_count", "page_size"))
    return int(pages), int(size)


def give_back_pages(conn: Connection, most: int) -> None:
    """Cut up to so many free pages off an SQLite file, in the open transaction; the file shrinks at a checkpoint.

    Does nothing for a file that was made without `auto_vacuum`.
    """
    # the driver takes one step a fetch, and the pragma gives back one page a step, without a row
    cursor = conn.connection.cursor()
    try:
        for _page in range(most):
            cursor.execute("PRAGMA incremental_vacuum(1)").fetchall()
    finally:
        cursor.close()


def lock_structure(conn: Connection) -> None:
    """Let only this transaction change the structure; another one that wants to waits until it ends.

    On SQLite the write lock that `Store.write` takes is that already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_STRUCTURE_LOCK)))


def database_version(conn: Connection) -> tuple[str, tuple[int, ...]]:
    """Name and version of the database behind the connection."""
    name = "SQLite" if conn.dialect.name == "sqlite" else "PostgreSQL"
    return name, tuple(conn.dialect.server_version_info or ())
