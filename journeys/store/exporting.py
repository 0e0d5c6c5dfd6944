"""Writing the store into files that the import reads back to the same content."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import Connection, Select, not_, or_, select

from journeys.base import money
from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_
from journeys.base.time import Instant, moment
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.attributes import attributes
from journeys.store.dialect import in_ids
from journeys.store.fields import COLUMNS
from journeys.store.importing.events import MADE_HERE
from journeys.store.importing.source import guarded
from journeys.store.store import Store

#: rows fetched together
LOT = 2_000
#: what a sheet and a cell of a workbook hold
_MOST_ROWS = 1_048_576
_MOST_CELL = 32_767

#: text is guarded against being read as a formula; numbers are written as they are
Cell = str | int | float | Decimal | None
OnRows = Callable[[int], None]


class UnknownExport(UsageError):
    """A kind that is not exported."""

    text = N_("“{kind}” cannot be exported.{suggestion} Kinds are {kinds}.")


class UnknownFormat(UsageError):
    """A file name that tells no format."""

    text = N_("{path} names no format. End it in .csv or .xlsx.")


class FolderMissing(KanwaError):
    """A file that cannot be written."""

    text = N_("{path} cannot be written: {why}.")


class TooManyRows(KanwaError):
    """More rows than a sheet has."""

    text = N_("A workbook holds at most {most} rows. Export to a .csv file instead.")


class CellTooLong(KanwaError):
    """More text than a cell holds."""

    text = N_("Row {row} has a text of {length} characters; a workbook keeps {most}. Export to a .csv file instead.")


class _Sheet(Protocol):
    def row(self, cells: Sequence[Cell]) -> None: ...


def export_file(
    store: Store, kind: str, path: Path | str, *, delimiter: str = ",", progress: OnRows | None = None
) -> int:
    """Write contacts, events, purchases, products, offers, contracts or consents; returns how many rows.

    The ending says the format: .csv (UTF-8 with a mark, so that spreadsheets know it) or .xlsx. Times carry their
    offset, amounts a point. Text that a spreadsheet would run gets an apostrophe in front, which the import takes off.
    Events that other files bring back (of purchases, consents and so on) and erased contacts are left out. The file
    appears whole or not at all. Raises UnknownExport, UnknownFormat, FolderMissing, TooManyRows or CellTooLong.
    """
    path = Path(path)
    if kind not in _EXPORTS:
        raise UnknownExport(kind=kind, suggestion=suggestion(kind, _EXPORTS), kinds=", ".join(_EXPORTS))
    with store.read() as conn, _sheet(path, delimiter) as sheet:
        export = _EXPORTS[kind](conn)
        sheet.row(list(export.header))
        count = 0
        for cells in export.rows():
            sheet.row(cells)
            count += 1
            if progress and count % LOT == 0:
                progress(count)
    if progress:
        progress(count)
    return count


# --- formats ---------------------------------------------------------------------------------------------------------


class _Text:
    def __init__(self, file: Any, delimiter: str) -> None:
        self._writer = csv.writer(file, delimiter=delimiter)

    def row(self, cells: Sequence[Cell]) -> None:
        self._writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])


# what XML cannot say, and what would be read as the escape for it
_NOT_XML = re.compile("[\x01-\x08\x0b-\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class _Book:
    def __init__(self) -> None:
        self.book = Workbook(write_only=True)
        self._sheet: Any = self.book.create_sheet()
        self._rows = 0

    def row(self, cells: Sequence[Cell]) -> None:
        self._rows += 1
        if self._rows > _MOST_ROWS:
            raise TooManyRows(most=_MOST_ROWS)
        self._sheet.append([self._cell(cell) for cell in cells])

    def _cell(self, cell: Cell) -> Any:
        if isinstance(cell, float) and float(f"{cell:.15g}") != cell:
            # a workbook keeps 15 digits of a number, and all of a text
            cell = repr(cell)
        if not isinstance(cell, str):
            return cell
        text = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", guarded(cell))
        if len(text) > _MOST_CELL:
            raise CellTooLong(row=self._rows, length=len(text), most=_MOST_CELL)
        if text[:1] != "#":
            return text
        # #N/A is a text here, and no error
        made = WriteOnlyCell(self._sheet, value=text)
        made.data_type = "s"
        return made

    def give_up(self) -> None:
        """Close what openpyxl would leave open."""
        self._sheet.close()


@contextmanager
def _sheet(path: Path, delimiter: str) -> Iterator[_Sheet]:
    """Somewhere to write rows to. What was written takes its name at the end, readable by its owner only."""
    ending = path.suffix.lower()
    if ending not in (".csv", ".txt", ".tsv", ".xlsx"):
        raise UnknownFormat(path=path)
    part = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise FolderMissing(path=path, why=error.strerror or error) from error
    try:
        if ending == ".xlsx":
            with os.fdopen(handle, "wb") as file:
                book = _Book()
                try:
                    yield book
                except BaseException:
                    book.give_up()
                    raise
                book.book.save(file)
        else:
            with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as text:
                yield _Text(text, "\t" if ending == ".tsv" else delimiter)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# --- kinds -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Export:
    header: tuple[str, ...]
    rows: Callable[[], Iterator[Sequence[Cell]]]


def _lots(conn: Connection, statement: Select[Any]) -> Iterator[Sequence[Any]]:
    yield from conn.execute(statement.execution_options(yield_per=LOT)).partitions()


def _given(identity: str | None) -> str | None:
    """A row's own id, or who it is by content; the import knows both again."""
    return identity.removeprefix("id:") if identity else None


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


def _time(at: Instant | None, zone: ZoneInfo) -> str | None:
    return None if at is None else moment(at, zone).isoformat(" ")


def _amount(minor: int | None, currency: str | None) -> Decimal | None:
    return None if minor is None else Decimal(money.to_text(minor, currency or ""))


def _list(items: Sequence[str]) -> str:
    """Cut by semicolons where that reads back to the same items, else a JSON array."""
    plain = not any(set(item) & set(";|,[\n") or item != item.strip() for item in items)
    return "; ".join(items) if plain and items else json.dumps(list(items), ensure_ascii=False)


def _contacts(conn: Connection) -> _Export:
    zone = settings.workspace_zone(conn)
    registry = attributes(conn)

    def attribute(key: str, value: Any) -> Cell:
        if value is None:
            return None
        match registry[key].type:
            case "boolean":
                return _truth(value)
            case "datetime":
                return _time(value, zone)
            case "list":
                return _list(value)
            case _:
                cell: Cell = value
                return cell

    def rows() -> Iterator[Sequence[Cell]]:
        wanted = select(t.contact).where(t.contact.c.erased_at.is_(None)).order_by(t.contact.c.id)
        for lot in _lots(conn, wanted):
            tags: dict[int, list[str]] = {}
            held = select(t.contact_tag.c.contact, t.contact_tag.c.tag).order_by(t.contact_tag.c.tag)
            # a tag for a time would come back as one for good
            lasting = t.contact_tag.c.expires_at.is_(None)
            for one in conn.execute(held.where(lasting, in_ids(t.contact_tag.c.contact, [row.id for row in lot]))):
                tags.setdefault(one.contact, []).append(one.tag)
            for row in lot:
                yield [
                    *(getattr(row, name) for name in COLUMNS),
                    _list(tags[row.id]) if row.id in tags else None,
                    *(attribute(key, row.attributes.get(key)) for key in registry),
                ]

    return _Export((*COLUMNS, "tags", *registry), rows)


_WHO = (t.contact.c.external_id, t.contact.c.email)


def _events(conn: Connection) -> _Export:
    zone = settings.workspace_zone(conn)
    elsewhere = not_(or_(*(t.event.c.kind.startswith(f"{word}.") for word in MADE_HERE)))

    def rows() -> Iterator[Sequence[Cell]]:
        wanted = select(t.event, *_WHO).join(t.contact).where(elsewhere).order_by(t.event.c.id)
        for lot in _lots(conn, wanted):
            for row in lot:
                at = _time(row.at, zone)
                yield (_given(row.identity), row.external_id, row.email, row.kind, at, _json(row.data))

    return _Export(("event_id", "customer", "email", "kind", "at", "data"), rows)


def _purchases(conn: Connection) -> _Export:
    zone = settings.workspace_zone(conn)
    line = t.purchase_line.c

    def rows() -> Iterator[Sequence[Cell]]:
        wanted = (
            select(t.purchase, *_WHO, line.product, line.quantity, line.amount)
            .join(t.contact, t.contact.c.id == t.purchase.c.contact)
            .outerjoin(t.purchase_line, line.purchase == t.purchase.c.id)
            .order_by(t.purchase.c.id, line.n)
        )
        for lot in _lots(conn, wanted):
            for row in lot:
                yield (
                    row.order_id or _given(row.identity),
                    row.external_id,
                    row.email,
                    _time(row.at, zone),
                    _amount(row.total, row.currency),
                    row.currency,
                    row.product,
                    row.quantity,
                    _amount(row.amount, row.currency),
                )

    header = ("order_id", "customer", "email", "at", "total", "currency", "product", "quantity", "amount")
    return _Export(header, rows)


def _products(conn: Connection) -> _Export:
    def rows() -> Iterator[Sequence[Cell]]:
        for lot in _lots(conn, select(t.product).order_by(t.product.c.key)):
            for row in lot:
                price = _amount(row.price, row.currency)
                yield (row.key, row.name, row.category, price, row.currency, row.stock, _json(row.data))

    return _Export(("key", "name", "category", "price", "currency", "stock", "data"), rows)


def _offers(conn: Connection) -> _Export:
    def rows() -> Iterator[Sequence[Cell]]:
        for lot in _lots(conn, select(t.offer).order_by(t.offer.c.key)):
            for row in lot:
                price = _amount(row.price, row.currency)
                yield (row.key, row.name, row.product, price, row.currency, row.duration_days, _json(row.data))

    return _Export(("key", "name", "product", "price", "currency", "duration_days", "data"), rows)


def _contracts(conn: Connection) -> _Export:
    def rows() -> Iterator[Sequence[Cell]]:
        wanted = select(t.contract, *_WHO).join(t.contact).order_by(t.contract.c.id)
        for lot in _lots(conn, wanted):
            for row in lot:
                yield (
                    _given(row.identity),
                    row.external_id,
                    row.email,
                    row.product,
                    row.offer,
                    row.start_on,
                    row.end_on,
                    row.duration_days,
                    _truth(row.recurring_now),
                    _truth(row.recurring_initially),
                )

    header = ("contract_id", "customer", "email", "product", "offer", "start_on", "end_on", "duration_days")
    return _Export((*header, "recurring_now", "recurring_initially"), rows)


def _consents(conn: Connection) -> _Export:
    zone = settings.workspace_zone(conn)

    def rows() -> Iterator[Sequence[Cell]]:
        wanted = select(t.consent, *_WHO).join(t.contact).order_by(t.consent.c.at, t.consent.c.id)
        for lot in _lots(conn, wanted):
            for row in lot:
                yield (
                    row.external_id,
                    row.email,
                    row.channel,
                    row.purpose,
                    _truth(row.given),
                    _time(row.at, zone),
                    row.reason or None,
                    row.text_version,
                    row.ip,
                    _time(row.confirmed_at, zone),
                )

    header = ("customer", "email", "channel", "purpose", "given", "at", "reason", "text_version", "ip", "confirmed_at")
    return _Export(header, rows)


_EXPORTS: dict[str, Callable[[Connection], _Export]] = {
    "contacts": _contacts,
    "events": _events,
    "purchases": _purchases,
    "products": _products,
    "offers": _offers,
    "contracts": _contracts,
    "consents": _consents,
}
