"""One import from the first byte of a file to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from journeys.base.clock import Clock
from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import _
from journeys.base.text import clean, fold
from journeys.store import settings
from journeys.store.contacts import Door, EmailTaken, ExternalIdTaken, door
from journeys.store.importing.codes import Codes
from journeys.store.importing.consents import Consents
from journeys.store.importing.contacts import Contacts
from journeys.store.importing.contracts import Contracts
from journeys.store.importing.errors import (
    BadOption,
    BrokenFile,
    MissingColumns,
    NotAWorkbook,
    OrderBroken,
    OrderTooLong,
    UnknownField,
    UnknownKind,
)
from journeys.store.importing.events import Events
from journeys.store.importing.goods import Offers, Products
from journeys.store.importing.kind import Kind, Parsed, Run
from journeys.store.importing.lots import Lots, lots_of
from journeys.store.importing.mapping import Columns, Field, map_columns, say_missing
from journeys.store.importing.new_attributes import define, guessed
from journeys.store.importing.opening import open_source
from journeys.store.importing.options import Options
from journeys.store.importing.people import check_template
from journeys.store.importing.purchases import Purchases
from journeys.store.importing.report import OnProgress, Progress, Refused, RefusedRows, Report, Tally
from journeys.store.importing.scratch import Scratch
from journeys.store.importing.source import BadRow, Row, Shape, Source, column_name, unguarded
from journeys.store.importing.values import Reader, Reading, read_loose
from journeys.store.importing.workbook import BROKEN
from journeys.store.store import TRIES, Store, collided
from journeys.store.tables import import_batch

KINDS: Mapping[str, type[Kind]] = {
    kind.name: kind for kind in (Contacts, Events, Purchases, Products, Offers, Contracts, Consents, Codes)
}
#: rows of one order; a column that says the same in every row is no order number
MOST_IN_GROUP = 2_000


def import_file(
    store: Store,
    kind: str,
    path: Path | str,
    *,
    options: Options | None = None,
    clock: Clock,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Import a file of contacts, events, purchases, products, offers, contracts, consents or codes.

    Commits lot by lot, so that others can write in between; what a cancelled or broken import has brought in stays,
    can be undone by its batch, and is left as it is when the file is imported again. Raises a FileProblem before
    anything is written when the file cannot be imported at all, BrokenFile when it breaks off in the middle, and a
    UsageError for options that do not fit the file.
    """
    with ExitStack() as stack:
        one = _Import(store, kind, Path(path), options or Options(), clock, stack)
        return one.run(progress or (lambda _progress: None), cancelled or (lambda: False))


class Preview(NamedTuple):
    """What a file was recognised as."""

    shape: Shape
    #: field → column
    mapping: dict[str, str]
    unused_columns: tuple[str, ...]
    #: fields that are needed and that no column was recognised for; of each group one is enough
    missing: tuple[tuple[str, ...], ...]
    #: the first rows, as (number, cells)
    rows: tuple[Row, ...]


def preview(path: Path | str, kind: str, *, options: Options | None = None, store: Store | None = None) -> Preview:
    """How a file would be read, without reading more than its beginning. Raises as `import_file`."""
    chosen, options = kind_named(kind), options or Options()
    with ExitStack() as stack:
        source = open_source(Path(path), options)
        stack.callback(source.close)
        rules = Door({}, settings.DEFAULTS["country"])
        if store is not None:
            rules = door(stack.enter_context(store.read()))
        columns = _columns(chosen, source.shape.header, chosen.fields_for(rules), options, rules)
        rows: list[Row] = []
        for row in source:
            if isinstance(row, Row):
                rows.append(row)
            if len(rows) == 20:
                break
        header = source.shape.header
        return Preview(
            shape=source.shape,
            mapping={field: column_name(header, index) for field, index in columns.by_field.items()},
            unused_columns=tuple(column_name(header, index) for index in columns.unused),
            missing=_missing(chosen, columns.by_field, options),
            rows=tuple(rows),
        )


def kind_named(name: str) -> type[Kind]:
    """The kind of that name. Raises UnknownKind."""
    if name not in KINDS:
        raise UnknownKind(kind=name, suggestion=suggestion(name, KINDS), kinds=", ".join(KINDS))
    return KINDS[name]


def _columns(
    kind: type[Kind], header: tuple[str, ...], fields: tuple[Field, ...], options: Options, rules: Door
) -> Columns:
    return map_columns(
        header,
        fields,
        options.mapping,
        kind=_(kind.noun),
        registry=rules.registry if kind is Contacts else None,
        takes_data=kind.takes_data,
    )


def _missing(kind: type[Kind], columns: Mapping[str, int], options: Options) -> tuple[tuple[str, ...], ...]:
    there = set(columns) | set(options.defaults)
    return tuple(group for group in kind.needs if not there & set(group))


class _Group(NamedTuple):
    """Rows that go in together or not at all, and those of them that cannot be read."""

    parsed: list[Parsed]
    refused: list[Refused]


class _Import:
    """The state of one import."""

    def __init__(self, store: Store, kind: str, path: Path, options: Options, clock: Clock, stack: ExitStack) -> None:
        self.kind_class = kind_named(kind)
        self.path = path
        self.options = options
        self.clock = clock
        if options.address_template:
            check_template(options.address_template)
        for name, choices in (("slashes", ("dmy", "mdy")), ("decimal", (",", "."))):
            value = getattr(options, name)
            if value and value not in choices:
                raise BadOption(name=name, value=value, choices=" / ".join(choices))
        self.source: Source = open_source(path, options)
        stack.callback(self.source.close)
        self.header = self.source.shape.header
        with store.read() as conn:
            self.reading = Reading(
                zone=settings.workspace_zone(conn),
                country=settings.get(conn, "country"),
                slashes=options.slashes,
                decimal=options.decimal,
            )
            self.rules = door(conn)
        self.fields = {one.name: one for one in self.kind_class.fields_for(self.rules)}
        columns = _columns(self.kind_class, self.header, tuple(self.fields.values()), options, self.rules)
        self.columns, self.unused = dict(columns.by_field), columns.unused
        if missing := _missing(self.kind_class, self.columns, options):
            names = [column_name(self.header, index) for index in range(len(self.header))]
            raise MissingColumns(
                path=path,
                kind=_(self.kind_class.noun),
                fields=say_missing(missing),
                columns=", ".join(names)[:500],
                example=f"{missing[0][0]}={names[self.unused[0]] if self.unused else 'COLUMN'}",
            )
        self.defaults = {name: self._default(name, text) for name, text in options.defaults.items()}
        self.lots: Lots = stack.enter_context(lots_of(store, dry_run=options.dry_run))
        self.scratch = Scratch()
        stack.callback(self.scratch.close)
        self.refused_rows = RefusedRows(options.refused_file)
        stack.callback(self.refused_rows.close)
        self.sum = Tally()
        self.rows_read = 0
        #: the last row read, as a spreadsheet counts
        self.last_row = 0

    def _default(self, name: str, text: str) -> Any:
        field = self.fields.get(name)
        if field is None and not (self.kind_class.takes_data and name.startswith("data.")):
            known = sorted(self.fields)
            raise UnknownField(
                field=name, kind=_(self.kind_class.noun), suggestion=suggestion(name, known), fields=", ".join(known)
            )
        return (field.read if field else read_loose)(clean(text), self.reading)

    def run(self, progress: OnProgress, cancelled: Callable[[], bool]) -> Report:
        groups = self._groups(progress, cancelled)
        new_attributes = self._new_attributes()
        self.kind = kind = self._begin(new_attributes)
        stopped = cancelled()
        broken: _Broken | None = None
        parsed: list[Parsed] = []
        refused: list[Refused] = []
        try:
            for group in groups:
                parsed += group.parsed
                refused += group.refused
                if len(parsed) + len(refused) >= self.options.lot:
                    self._write(kind, parsed, refused, progress)
                    parsed, refused = [], []
                    if cancelled():
                        stopped = True
                        break
        except _Broken as error:
            broken = error
        self._write(kind, parsed, refused, progress)
        self._end(kind)
        if broken is not None:
            raise BrokenFile(path=self.path, row=self.last_row, why=broken, batch=kind.run.batch) from broken.__cause__
        return Report(
            batch=None if self.options.dry_run else kind.run.batch,
            rows_read=self.rows_read,
            added=self.sum.added,
            changed=self.sum.changed,
            unchanged=self.sum.unchanged,
            contacts_added=self.sum.contacts_added,
            refused=tuple(self.refused_rows.kept),
            refused_count=self.refused_rows.count,
            unused_columns=tuple(column_name(self.header, index) for index in self.unused),
            mapping={field: column_name(self.header, index) for field, index in self.columns.items()},
            cancelled=stopped,
        )

    # --- before the first lot ----------------------------------------------------------------------------------------

    def _new_attributes(self) -> dict[int, Any]:
        if not self.options.create_attributes or self.kind_class is not Contacts:
            return {}
        new = guessed(self.source, self.header, self.unused, self.reading, self.rules.registry)
        registry = self.rules.registry | dict(new.values())
        self.rules = Door(registry, self.rules.country)
        self.fields = {one.name: one for one in Contacts.fields_for(self.rules)}
        self.columns |= {key: index for index, (key, _entry) in new.items()}
        self.unused = tuple(index for index in self.unused if index not in new)
        return new

    def _begin(self, new_attributes: dict[int, Any]) -> Kind:
        now = self.clock.now()
        with self.lots.lot() as conn:
            batch = conn.execute(
                insert(import_batch)
                .values(
                    kind=self.kind_class.name,
                    file=self.path.name,
                    started_at=now,
                    mapping={field: column_name(self.header, index) for field, index in self.columns.items()},
                )
                .returning(import_batch.c.id)
            ).scalar_one()
            define(conn, new_attributes.values(), batch=batch)
        return self.kind_class(
            Run(
                options=self.options,
                batch=batch,
                now=now,
                reading=self.reading,
                door=self.rules,
                scratch=self.scratch,
                header=self.header,
                columns=self.columns,
                currency=self.defaults.get("currency", ""),
            )
        )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Row | BadRow]:
        rows = iter(self.source)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except (*BROKEN, OSError) as error:
                raise _Broken(str(error)) from error
            self.last_row = row.number
            yield row

    def _groups(self, progress: OnProgress, cancelled: Callable[[], bool]) -> Iterator[_Group]:
        """The rows, read and checked; those that belong together one after the other, wherever in the file they stand.

        Only so can a later row about the same one be taken before anything is written: else a file in which two rows
        disagree would change the store to and fro each time it is imported.
        """
        names = [(field, self.columns[field]) for field in self.kind_class.grouped_by if field in self.columns]
        if not names:
            return self._single()
        bad: list[Refused] = []
        broken: _Broken | None = None
        try:
            for n, row in enumerate(self._rows(), 1):
                if isinstance(row, Row):
                    self.scratch.hold(row.number, _names_of(row, names), row.cells)
                else:
                    bad.append(self._bad(row))
                if n % 10_000 == 0:
                    progress(Progress(0, self.source.bytes_done // 2, self.source.bytes_total))
                    if cancelled():
                        return iter(())
        except _Broken as error:
            if self.kind_class.is_whole:
                raise NotAWorkbook(path=self.path, why=error) from error
            broken = error
        return self._together(bad, broken)

    def _single(self) -> Iterator[_Group]:
        parse = self._parser()
        for row in self._rows():
            self.rows_read += 1
            found = parse(row) if isinstance(row, Row) else self._bad(row)
            yield _Group([found], []) if isinstance(found, Parsed) else _Group([], [found])

    def _together(self, bad: list[Refused], broken: _Broken | None) -> Iterator[_Group]:
        self.rows_read += len(bad)
        for one in bad:
            yield _Group([], [one])
        parse = self._parser()
        is_whole = self.kind_class.is_whole
        too_long = self.scratch.longer_groups(MOST_IN_GROUP) if is_whole else set()
        for group, members in groupby(self.scratch.groups(), key=lambda row: row[1]):
            if group in too_long:
                for number, _group, _cells in members:
                    self.rows_read += 1
                    yield _Group([], [self._refusal(number, OrderTooLong(most=MOST_IN_GROUP), "order_id")])
                continue
            while rows := list(islice(members, MOST_IN_GROUP)):
                found = [parse(Row(number, cells)) for number, _group, cells in rows]
                self.rows_read += len(found)
                good = [one._replace(group=group) for one in found if isinstance(one, Parsed)]
                wrong = [one for one in found if isinstance(one, Refused)]
                if wrong and is_whole:
                    problem = OrderBroken(order=group.removeprefix("order_id "))
                    wrong += [self._refusal(one.number, problem, "order_id") for one in good]
                    good = []
                yield _Group(good, sorted(wrong))
        if broken is not None:
            raise broken

    def _bad(self, row: BadRow) -> Refused:
        return Refused(row.number, column_name(self.header, row.column), str(row.problem))

    def _refusal(self, number: int, problem: KanwaError, field: str) -> Refused:
        return Refused(number, column_name(self.header, self.columns.get(field, -1)), str(problem))

    def _parser(self) -> Callable[[Row], Parsed | Refused]:
        """Reads the cells of a row by their fields. Made once: it runs for every row."""
        plan: list[tuple[int, str, Reader]] = [
            (index, name, self.fields[name].read if name in self.fields else read_loose)
            for name, index in self.columns.items()
        ]
        reading, clears = self.reading, self.options.clear_empty and self.kind_class is Contacts
        # which currency is meant is known only after the amounts, which may name their own
        defaults = {name: value for name, value in self.defaults.items() if name != "currency"}
        check = self.kind.check

        def parse(row: Row) -> Parsed | Refused:
            values: dict[str, Any] = {}
            for index, name, read in plan:
                cell = row.cells[index]
                cell = cell.strip() if cell.isascii() and "\r" not in cell else clean(cell)
                if cell[:1] == "'":
                    cell = unguarded(cell)
                if not cell:
                    if clears:
                        values[name] = None
                    continue
                try:
                    values[name] = read(cell, reading)
                except KanwaError as problem:
                    return Refused(row.number, column_name(self.header, index), str(problem))
            for name, value in defaults.items():
                if values.get(name) is None:
                    values[name] = value
            try:
                check(values)
            except KanwaError as problem:
                return self._refusal(row.number, problem, getattr(problem, "column", ""))
            return Parsed(row.number, values)

        return parse

    # --- lots --------------------------------------------------------------------------------------------------------

    def _write(self, kind: Kind, parsed: list[Parsed], refused: list[Refused], progress: OnProgress) -> None:
        tally = self._written(kind, parsed, refused)
        self.sum.added += tally.added
        self.sum.changed += tally.changed
        self.sum.unchanged += tally.unchanged
        self.sum.contacts_added += tally.contacts_added
        self.refused_rows.add(sorted(refused + tally.refused))
        progress(Progress(self.rows_read, self._bytes_done(), self.source.bytes_total))

    def _written(self, kind: Kind, parsed: list[Parsed], refused: list[Refused]) -> Tally:
        """Write a lot in one transaction; again when another writer was in its way."""
        for attempt in range(1, TRIES + 1):
            tally = Tally()
            self.scratch.begin()
            try:
                with self.lots.lot() as conn:
                    if parsed:
                        kind.write(conn, parsed, tally)
                    conn.execute(
                        update(import_batch)
                        .where(import_batch.c.id == kind.run.batch)
                        .values(
                            rows_read=self.rows_read,
                            rows_added=self.sum.added + tally.added,
                            rows_changed=self.sum.changed + tally.changed,
                            rows_refused=self.refused_rows.count + len(refused) + len(tally.refused),
                        )
                    )
            except BaseException as error:
                self.scratch.rollback()
                if attempt < TRIES and _may_be_tried_again(error):
                    continue
                raise
            self.scratch.commit()
            return tally
        raise AssertionError

    def _end(self, kind: Kind) -> None:
        with self.lots.lot() as conn:
            conn.execute(
                update(import_batch).where(import_batch.c.id == kind.run.batch).values(ended_at=self.clock.now())
            )

    def _bytes_done(self) -> int:
        held = self.scratch.held
        if not held:
            return self.source.bytes_done
        return self.source.bytes_total // 2 + self.source.bytes_total * min(self.rows_read, held) // held // 2


def _names_of(row: Row, columns: Sequence[tuple[str, int]]) -> list[str]:
    """What the row is known by, as these (field, column) say; its number where it has none of them."""
    names: list[str] = []
    for field, column in columns:
        if said := unguarded(clean(row.cells[column])):
            names.append(f"{field} {fold(said) if field == 'email' else said}")
    return names or [f"row {row.number}"]


class _Broken(Exception):
    """The file cannot be read on."""


def _may_be_tried_again(error: BaseException) -> bool:
    """Whether another writer came first: what it wrote is then seen by the next try."""
    return isinstance(error, IntegrityError | EmailTaken | ExternalIdTaken) or collided(error)
