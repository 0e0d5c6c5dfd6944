"""Erasing people: what a store holds about them goes, a tombstone and keyed hashes of their addresses stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    update,
)

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.arrows import move
from journeys.store.consent import ADDRESS_COLUMNS
from journeys.store.contacts import UnknownContact, locked
from journeys.store.dialect import in_ids, overwrite_deleted
from journeys.store.fields import COLUMNS
from journeys.store.suppression import suppress

#: contacts erased together
LOT = 500

#: tables with a column `contact` whose rows go, those that others refer to last
_CHILDREN = (
    t.rhythm,
    t.contract,
    t.consent_now,
    t.consent,
    t.contact_tag,
    t.contact_stage,
    t.membership,
    t.not_entered,
    t.event_month,
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did, and what it could not reach."""

    #: people erased now; those erased before do not count
    contacts: int
    #: messages on their way that were called back
    cancelled: int
    #: codes that somebody else could still tell them by
    codes: int
    #: messages already handed over to a server
    sent: int

    def words(self) -> list[str]:
        """Sentences for the answer to the person: what went, and what lies outside."""
        said = [
            ngettext("{n} contact was erased.", "{n} contacts were erased.", self.contacts).format(n=self.contacts),
        ]
        if self.cancelled:
            said.append(
                ngettext(
                    "{n} message on its way was cancelled.", "{n} messages on their way were cancelled.", self.cancelled
                ).format(n=self.cancelled)
            )
        said.append(_("A keyed hash of the address stays, so that it is never written to again."))
        if self.sent:
            said.append(
                ngettext(
                    "Outside this store: {n} message that was handed over lies with its recipient and the mail servers "
                    "on the way.",
                    "Outside this store: {n} messages that were handed over lie with their recipients and the mail "
                    "servers on the way.",
                    self.sent,
                ).format(n=self.sent)
            )
        if self.codes:
            said.append(
                ngettext(
                    "Outside this store: whoever made the {n} code that was taken may know who used it.",
                    "Outside this store: whoever made the {n} codes that were taken may know who used them.",
                    self.codes,
                ).format(n=self.codes)
            )
        said.append(_("Outside this store: files that were imported, and exports made before, still hold the data."))
        said.append(_("Outside this store: backups made before today still hold the data until they are deleted."))
        return said


def erase(conn: Connection, contacts: Sequence[int], *, now: Instant) -> Erased:
    """Erase people: their values, events, purchases, contracts, consents and tags; end their passages; cancel mail.

    What counts without naming anybody stays: hops without values, sent messages without text, counters. Whoever was
    erased before is passed over. Raises UnknownContact before anything of its lot is touched.
    """
    overwrite_deleted(conn)
    zone = settings.workspace_zone(conn)
    total = Erased(0, 0, 0, 0)
    ids = sorted(set(contacts))
    for start in range(0, len(ids), LOT):
        one = _erase_lot(conn, ids[start : start + LOT], now=now, day=day_of(now, zone).isoformat())
        total = Erased(
            total.contacts + one.contacts,
            total.cancelled + one.cancelled,
            total.codes + one.codes,
            total.sent + one.sent,
        )
    return total


def _erase_lot(conn: Connection, lot: Sequence[int], *, now: Instant, day: str) -> Erased:
    # journeys before enrollments before contacts before messages: the order in which everybody locks. Whoever lets
    # contacts in holds the journeys, and would let somebody in who is erased meanwhile
    conn.execute(select(t.journey.c.id).order_by(t.journey.c.id).with_for_update()).all()
    _end_passages(conn, lot, now=now, day=day)
    rows = locked(conn, lot)
    for id_ in lot:
        if id_ not in rows:
            raise UnknownContact(contact=id_)
    living = [id_ for id_ in lot if rows[id_]["erased_at"] is None]
    for channel, column in ADDRESS_COLUMNS.items():
        addresses = {rows[id_][column] for id_ in living if rows[id_][column]}
        suppress(conn, channel, addresses, reason="erased", at=now)
    cancelled, sent = _empty_messages(conn, living, now=now)
    codes = _let_go_of_codes(conn, living)
    _delete_children(conn, living)
    conn.execute(
        update(t.contact)
        .where(in_ids(t.contact.c.id, living))
        .values(
            dict.fromkeys((*COLUMNS, "email_key", "import_batch"))
            | {"attributes": {}, "keys": {}, "draw": 0, "erased_at": now}
        )
    )
    return Erased(len(living), cancelled, codes, sent)


def _end_passages(conn: Connection, ids: Sequence[int], *, now: Instant, day: str) -> None:
    e = t.enrollment.c
    active = in_ids(e.contact, ids) & (e.state == literal_column("'active'"))
    conn.execute(select(e.id).where(active).order_by(e.id).with_for_update()).all()
    moment = literal(now, BigInteger())
    conn.execute(
        insert(t.hop).from_select(
            ["enrollment", "n", "version", "kind", "node", "outlet", "entered_at", "left_at", "reason"],
            select(
                e.id, e.n, e.version, literal("exit"), e.node, literal(""), e.arrived_at, moment, literal("erased")
            ).where(active),
        )
    )
    conn.execute(
        insert(t.counter).from_select(
            ["version", "node", "outlet", "reason", "day", "delta"],
            select(e.version, e.node, literal(""), literal("erased"), literal(day, Text()), func.count())
            .where(active)
            .group_by(e.version, e.node),
        )
    )
    conn.execute(
        update(t.enrollment)
        .where(active)
        .values(state="exited", reason="erased", due_at=null(), ended_at=now, woken_by=null(), noted=null())
    )
    passages = select(e.id).where(in_ids(e.contact, ids)).scalar_subquery()
    conn.execute(update(t.hop).where(t.hop.c.enrollment.in_(passages)).values({"values": null()}))


def _empty_messages(conn: Connection, ids: Sequence[int], *, now: Instant) -> tuple[int, int]:
    """Cancel what is on its way and take out what answers said; (cancelled, handed over before)."""
    m = t.message.c
    theirs = in_ids(m.contact, ids)
    cancelled = conn.execute(
        move("cancelled")
        .where(theirs)
        .values(reason="passage ended", ended_at=now, worker=null(), lease_until=null(), counted_at=null())
    ).rowcount
    conn.execute(update(t.message).where(theirs, m.detail != "").values(detail=""))
    handed_over = m.state.in_(["started", "sent", "unknown"])
    sent = conn.execute(select(func.count()).select_from(t.message).where(theirs, handed_over)).scalar_one()
    return cancelled, sent


def _let_go_of_codes(conn: Connection, ids: Sequence[int]) -> int:
    """Codes stay taken, so that nobody gets them a second time; by whom is forgotten. Returns how many."""
    c = t.code.c
    conn.execute(
        update(t.message).where(in_ids(t.message.c.contact, ids), t.message.c.code.is_not(None)).values(code=null())
    )
    return conn.execute(
        update(t.code).where(in_ids(c.contact, ids)).values(contact=null(), enrollment=null(), visit=null())
    ).rowcount


def _delete_children(conn: Connection, ids: Sequence[int]) -> None:
    events = select(t.event.c.id).where(in_ids(t.event.c.contact, ids))
    purchases = select(t.purchase.c.id).where(in_ids(t.purchase.c.contact, ids))
    contracts = select(t.contract.c.id).where(in_ids(t.contract.c.contact, ids))
    theirs = select(t.contact.c.id).where(in_ids(t.contact.c.id, ids))
    overwritten = {
        t.contact: theirs,
        t.contact_tag: theirs,
        t.event: events,
        t.purchase: purchases,
        t.contract: contracts,
    }
    for table, rows in overwritten.items():
        # what an import overwrote is kept for undoing it, values and all
        named = t.import_change.c.row_key.in_(select(cast(rows.subquery().c.id, Text())))
        conn.execute(delete(t.import_change).where(t.import_change.c.table_name == table.name, named))
    conn.execute(delete(t.fresh).where(t.fresh.c.event.in_(events)))
    conn.execute(delete(t.event).where(in_ids(t.event.c.contact, ids)))
    conn.execute(delete(t.purchase_line).where(t.purchase_line.c.purchase.in_(purchases)))
    conn.execute(delete(t.purchase).where(in_ids(t.purchase.c.contact, ids)))
    for table in _CHILDREN:
        conn.execute(delete(table).where(in_ids(table.c.contact, ids)))
