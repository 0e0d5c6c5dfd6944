"""Taking an import back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, cast, delete, exists, or_, select, update
from sqlalchemy import Text as SqlText

from journeys.base.time import Instant
from journeys.store import tables as t
from journeys.store.consent import refresh_consents
from journeys.store.contacts import EmailTaken, ExternalIdTaken, change, locked, set_tags
from journeys.store.contracts import FIELDS, change_contracts
from journeys.store.dialect import in_ids, in_texts
from journeys.store.fields import COLUMNS
from journeys.store.importing.errors import AlreadyUndone, TooOldToUndo, UnknownBatch
from journeys.store.importing.goods import Offers, Products, write_rows
from journeys.store.purchases import count_again
from journeys.store.store import Store

#: rows of one commit
LOT = 1_000
#: what events of an undoing name as their source
SOURCE = "undo"

#: events that tell the history of a contact or contract that stays: kept, and followed by one that tells of the undoing
_HISTORY = ("contact.created", "contact.changed", "tag.added", "contract.changed")
#: events that the engine draws from others
_DRAWN = ("segment.entered", "segment.left")


@dataclass(slots=True)
class Undone:
    """What taking an import back did."""

    #: table → rows that the import had added and that are gone
    removed: dict[str, int] = field(default_factory=dict)
    #: contacts, contracts, products and offers that are as they were before
    restored: int = 0
    #: fields that were written again since the import, and stay as they are now
    kept_values: int = 0
    #: contacts that the import had added and that have something of their own since
    kept_contacts: int = 0
    #: products and offers that others refer to
    kept_goods: int = 0
    #: codes that somebody has taken since
    kept_codes: int = 0

    def count(self, table: Table, n: int) -> None:
        if n:
            self.removed[table.name] = self.removed.get(table.name, 0) + n


def undo_import(store: Store, batch: int, *, now: Instant, progress: Callable[[int], None] | None = None) -> Undone:
    """Remove what an import added and restore what it overwrote, where that is still what the import wrote.

    Commits lot by lot; an undoing that was cut off is simply run again. Contacts that it added and that since then got
    an event, a purchase, a passage or anything else from elsewhere stay, and are counted; attributes, tags and purposes
    that it defined stay. Restored fields leave quiet events. `progress` is told after every lot how many rows were
    looked at. Raises UnknownBatch, AlreadyUndone or TooOldToUndo.
    """
    with store.read() as conn:
        row = conn.execute(select(t.import_batch).where(t.import_batch.c.id == batch)).one_or_none()
    if row is None:
        raise UnknownBatch(batch=batch)
    if row.undone_at is not None:
        raise AlreadyUndone(batch=batch)
    if row.tidied_at is not None:
        raise TooOldToUndo(batch=batch)
    one = _Undoing(store, batch, now, progress or (lambda _rows: None))
    one.restore()
    one.remove_rows()
    one.remove_contacts()
    one.remove_goods()
    with store.write() as conn:
        conn.execute(update(t.import_batch).where(t.import_batch.c.id == batch).values(undone_at=now))
    return one.undone


class _Undoing:
    def __init__(self, store: Store, batch: int, now: Instant, progress: Callable[[int], None]) -> None:
        self.store = store
        self.batch = batch
        self.now = now
        self.progress = progress
        self.rows = 0
        self.undone = Undone()

    def _did(self, rows: int) -> None:
        self.rows += rows
        self.progress(self.rows)

    # --- what was overwritten ----------------------------------------------------------------------------------------

    def restore(self) -> None:
        """The latest changes first, so that what one import wrote twice ends as it was before the first."""
        ways: dict[str, Callable[[Connection, Sequence[Any]], None]] = {
            "contact": self._restore_contacts,
            "contact_tag": self._take_tags,
            "contract": self._restore_contracts,
            "product": lambda conn, rows: self._restore_goods(conn, rows, t.product, Products.columns),
            "offer": lambda conn, rows: self._restore_goods(conn, rows, t.offer, Offers.columns),
            "attribute": lambda _conn, _rows: None,
        }
        c = t.import_change.c
        for table, way in ways.items():
            while True:
                with self.store.write() as conn:
                    wanted = select(t.import_change).where(c.import_batch == self.batch, c.table_name == table)
                    rows = conn.execute(wanted.order_by(c.id.desc()).limit(LOT)).all()
                    if not rows:
                        break
                    way(conn, rows)
                    conn.execute(delete(t.import_change).where(in_ids(c.id, [row.id for row in rows])))
                self._did(len(rows))

    def _own(self, conn: Connection, table: Table, rows: Sequence[Any]) -> set[str]:
        """Keys of rows that the import itself added: they go as a whole."""
        column = table.c.id if "id" in table.c else table.c.key
        key = cast(column, SqlText) if column.name == "id" else column
        keys = [row.row_key for row in rows]
        match = in_ids(column, [int(one) for one in keys]) if column.name == "id" else in_texts(column, keys)
        return set(conn.execute(select(key).where(match, table.c.import_batch == self.batch)).scalars())

    def _differences(self, now: dict[str, dict[str, Any]], rows: Sequence[Any]) -> dict[str, dict[str, Any]]:
        """Key → field → value to be written, for fields that still are what the import wrote."""
        back: dict[str, dict[str, Any]] = {}
        for row in rows:
            held = now.get(row.row_key)
            if held is None:
                continue
            for name, value in row.after.items():
                if held.get(name) == value:
                    held[name] = back.setdefault(row.row_key, {})[name] = row.before[name]
                else:
                    self.undone.kept_values += 1
        return back

    def _restore_contacts(self, conn: Connection, rows: Sequence[Any]) -> None:
        own = self._own(conn, t.contact, rows)
        rows = [row for row in rows if row.row_key not in own]
        held = locked(conn, {int(row.row_key) for row in rows})
        now = {
            str(id_): {**{name: row[name] for name in COLUMNS}, **row["attributes"]}
            for id_, row in held.items()
            if row["erased_at"] is None
        }
        for key, fields in self._differences(now, rows).items():
            try:
                with conn.begin_nested():
                    change(conn, [(int(key), fields)], now=self.now, source=SOURCE, quiet=True)
            except (EmailTaken, ExternalIdTaken):
                # somebody else has the address by now
                self.undone.kept_values += len(fields)
            else:
                self.undone.restored += 1

    def _take_tags(self, conn: Connection, rows: Sequence[Any]) -> None:
        own = self._own(conn, t.contact, rows)
        given = [(int(row.row_key), row.after["tag"]) for row in rows if row.row_key not in own]
        if given:
            set_tags(conn, remove=given, now=self.now, source=SOURCE, quiet=True)
            self.undone.count(t.contact_tag, len(given))

    def _restore_contracts(self, conn: Connection, rows: Sequence[Any]) -> None:
        own = self._own(conn, t.contract, rows)
        rows = [row for row in rows if row.row_key not in own]
        ids = {int(row.row_key) for row in rows}
        held = conn.execute(select(t.contract).where(in_ids(t.contract.c.id, ids))).all()
        now = {str(row.id): {name: getattr(row, name) for name in FIELDS} for row in held}
        back = self._differences(now, rows)
        changes = [(int(key), fields) for key, fields in back.items()]
        change_contracts(conn, changes, now=self.now, source=SOURCE, quiet=True)
        self.undone.restored += len(back)

    def _restore_goods(self, conn: Connection, rows: Sequence[Any], table: Table, columns: Sequence[str]) -> None:
        own = self._own(conn, table, rows)
        rows = [row for row in rows if row.row_key not in own]
        held = conn.execute(select(table).where(in_texts(table.c.key, {row.row_key for row in rows}))).all()
        now = {row.key: {name: getattr(row, name) for name in columns} for row in held}
        back = self._differences(now, rows)
        write_rows(conn, table, columns, {key: now[key] for key in back})
        self.undone.restored += len(back)

    # --- what was added ----------------------------------------------------------------------------------------------

    def _lots(self, table: Table, *where: ColumnElement[bool]) -> Iterator[tuple[Connection, list[int]]]:
        """Ids of the rows that the import added, lot by lot, each in a transaction of its own."""
        last = 0
        while True:
            with self.store.write() as conn:
                wanted = select(table.c.id).where(table.c.import_batch == self.batch, table.c.id > last, *where)
                ids = list(conn.execute(wanted.order_by(table.c.id).limit(LOT)).scalars())
                if not ids:
                    return
                yield conn, ids
                last = ids[-1]
            self._did(len(ids))

    def remove_rows(self) -> None:
        """Events, consents, purchases, contracts, codes, and what it told of products."""
        for conn, ids in self._lots(t.event, t.event.c.kind.not_in(_HISTORY)):
            self._remove_events(conn, ids)
        for conn, ids in self._lots(t.consent):
            whom = set(conn.execute(select(t.consent.c.contact).where(in_ids(t.consent.c.id, ids))).scalars())
            self._delete(conn, t.consent, t.consent.c.id, ids)
            refresh_consents(conn, sorted(whom))
        for conn, ids in self._lots(t.purchase):
            conn.execute(delete(t.purchase_line).where(in_ids(t.purchase_line.c.purchase, ids)))
            whom = set(conn.execute(select(t.purchase.c.contact).where(in_ids(t.purchase.c.id, ids))).scalars())
            self._delete(conn, t.purchase, t.purchase.c.id, ids)
            count_again(conn, sorted(whom))
        with self.store.write() as conn:
            conn.execute(delete(t.product_event).where(t.product_event.c.import_batch == self.batch))
        for conn, ids in self._lots(t.contract):
            of_these = (t.event.c.subject_kind == "contract") & in_ids(t.event.c.subject_id, ids)
            mine = select(t.event.c.id).where(t.event.c.import_batch == self.batch, of_these)
            self._remove_events(conn, list(conn.execute(mine).scalars()))
            self._delete(conn, t.contract, t.contract.c.id, ids)
        for conn, ids in self._lots(t.code):
            # what somebody has stays: it must not come back with another import and be given twice
            free = select(t.code.c.id).where(in_ids(t.code.c.id, ids), t.code.c.taken_at.is_(None)).with_for_update()
            gone = list(conn.execute(free).scalars())
            self._delete(conn, t.code, t.code.c.id, gone)
            self.undone.kept_codes += len(ids) - len(gone)

    def _remove_events(self, conn: Connection, ids: Sequence[int]) -> None:
        conn.execute(delete(t.fresh).where(in_ids(t.fresh.c.event, ids)))
        self._delete(conn, t.event, t.event.c.id, ids)

    def _delete(self, conn: Connection, table: Table, column: ColumnElement[Any], ids: Sequence[int]) -> None:
        self.undone.count(table, conn.execute(delete(table).where(in_ids(column, ids))).rowcount)

    def remove_contacts(self) -> None:
        """Those that have nothing but what this import brought."""
        for conn, ids in self._lots(t.contact, t.contact.c.erased_at.is_(None)):
            locked(conn, ids)
            gone = list(
                conn.execute(select(t.contact.c.id).where(in_ids(t.contact.c.id, ids), ~self._lives())).scalars()
            )
            self.undone.kept_contacts += len(ids) - len(gone)
            events = select(t.event.c.id).where(in_ids(t.event.c.contact, gone))
            conn.execute(delete(t.fresh).where(t.fresh.c.event.in_(events)))
            self._delete(conn, t.event, t.event.c.contact, gone)
            for table in (t.contact_tag, t.contact_stage, t.membership, t.not_entered, t.rhythm):
                conn.execute(delete(table).where(in_ids(table.c.contact, gone)))
            self._delete(conn, t.contact, t.contact.c.id, gone)

    def _lives(self) -> ColumnElement[bool]:
        """Whether a contact has anything that is not of this import.

        Every change from elsewhere leaves an event, so that events are witness to fields, tags and stages; segments
        follow from the rest.
        """
        own = t.contact.c.id
        event = t.event.c
        elsewhere = event.import_batch.is_distinct_from(self.batch) & event.kind.not_in(_DRAWN)
        return or_(
            exists().where(event.contact == own, elsewhere),
            *(
                exists().where(table.c.contact == own)
                for table in (t.purchase, t.contract, t.consent, t.enrollment, t.message, t.event_month)
            ),
        )

    def remove_goods(self) -> None:
        """Offers, then products, that nothing refers to."""
        references: dict[Table, tuple[ColumnElement[Any], ...]] = {
            t.offer: (t.contract.c.offer,),
            t.product: (t.purchase_line.c.product, t.contract.c.product, t.offer.c.product),
        }
        for table, columns in references.items():
            last = ""
            while True:
                with self.store.write() as conn:
                    wanted = select(table.c.key).where(table.c.import_batch == self.batch, table.c.key > last)
                    keys = list(conn.execute(wanted.order_by(table.c.key).limit(LOT)).scalars())
                    if not keys:
                        break
                    last = keys[-1]
                    used = or_(*(exists().where(column == table.c.key) for column in columns))
                    done = conn.execute(delete(table).where(in_texts(table.c.key, keys), ~used)).rowcount
                    self.undone.count(table, done)
                    self.undone.kept_goods += len(keys) - done
                self._did(len(keys))
