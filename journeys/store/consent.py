"""Consent: who may be written to, by which channel, for which purpose. An append-only log, and what holds now.

The log proves (GDPR Art. 7(1)): its rows are never changed. `consent_now` holds for each contact, channel and purpose
what the newest row by (at, id) says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, false, func, insert, select

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_, _
from journeys.base.time import Instant
from journeys.store.contacts import UnknownContact, locked
from journeys.store.dialect import in_ids, insert_ids, upsert
from journeys.store.events import NewEvent, record
from journeys.store.fields import checked_channel
from journeys.store.suppression import HARD, suppressed
from journeys.store.tables import consent, consent_now, purpose

#: rows decided and written together
LOT = 2_000

#: the column that holds the address of a channel, for channels whose addresses can be suppressed
ADDRESS_COLUMNS = {"email": "email", "sms": "phone", "phone": "phone"}


class UnknownPurpose(UsageError):
    """A purpose that was not defined."""

    text = N_("There is no purpose “{purpose}”.{suggestion}")


class Refusal(StrEnum):
    """Why a grant was not taken."""

    #: given before the person withdrew
    OLDER = "older than the withdrawal"
    #: given at a time that has not come: it would outlive every withdrawal until then
    FUTURE = "dated in the future"
    #: the person complained, the address does not exist, or the person was erased
    BLOCKED = "blocked"
    #: the contact was erased
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A permission given or withdrawn."""

    contact: int
    channel: str
    purpose: str
    given: bool
    at: Instant
    #: who says so: "import", "journey", "form" …
    source: str
    #: why it was withdrawn: "unsubscribed", "complaint", "bounce" …; empty when given
    reason: str = ""
    #: version of the text the person agreed to
    text_version: str | None = None
    ip: str | None = None
    #: when the person confirmed it (double opt-in)
    confirmed_at: Instant | None = None
    #: who this row is in an import; unique
    identity: str | None = None
    import_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not recorded."""

    #: its place in what was given
    index: int
    consent: NewConsent
    reason: Refusal

    def words(self) -> str:
        """One sentence for the person who brought the row."""
        match self.reason:
            case Refusal.OLDER:
                said = _("Contact {contact} withdrew the consent for {channel}, {purpose} after this one was given.")
            case Refusal.FUTURE:
                said = _(
                    "The consent of contact {contact} for {channel}, {purpose} is dated in the future. Correct the day "
                    "on which it was given."
                )
            case Refusal.BLOCKED:
                said = _(
                    "Contact {contact} cannot be given a consent for {channel}: complaint, bounce or erased address."
                )
            case Refusal.ERASED:
                said = _("Contact {contact} was erased.")
        return said.format(contact=self.consent.contact, channel=self.consent.channel, purpose=self.consent.purpose)


_Key = tuple[int, str, str]


def record_consent(conn: Connection, rows: Sequence[NewConsent], *, now: Instant, quiet: bool = False) -> list[Refused]:
    """Write the log and what holds now; returns the grants that were refused, in order.

    A grant is refused when it is older than the last withdrawal or later than `now`, and on a channel where the person complained, the
    address bounced for good, or is suppressed for such a reason. Rows of one call are taken by their time, so their
    order does not matter. Events `consent.given` and `consent.withdrawn`, at the time of the row, tell only real
    changes. Raises UnknownPurpose, UnknownChannel or UnknownContact.
    """
    known = set(conn.execute(select(purpose.c.key)).scalars())
    for key in {row.purpose for row in rows}:
        if key not in known:
            raise UnknownPurpose(purpose=key, suggestion=suggestion(key, known))
    for channel in {row.channel for row in rows}:
        checked_channel(channel)
    refused: list[Refused] = []
    ordered = sorted(enumerate(rows), key=lambda item: item[1].at)
    for start in range(0, len(ordered), LOT):
        refused += _record_lot(conn, ordered[start : start + LOT], now=now, quiet=quiet)
    return sorted(refused, key=lambda one: one.index)


def _record_lot(conn: Connection, lot: Sequence[tuple[int, NewConsent]], *, now: Instant, quiet: bool) -> list[Refused]:
    ids = {row.contact for _, row in lot}
    contacts = locked(conn, ids)
    current = {
        (row.contact, row.channel, row.purpose): (row.given, row.at)
        for row in conn.execute(select(consent_now).where(in_ids(consent_now.c.contact, ids)))
    }
    withdrawn = _last_withdrawals(conn, ids)
    blocked = _blocked(conn, ids, {row.channel for _, row in lot}, contacts)

    refused: list[Refused] = []
    kept: list[NewConsent] = []
    events: list[NewEvent] = []
    holds: dict[_Key, int] = {}
    for index, row in lot:
        key = (row.contact, row.channel, row.purpose)
        if row.contact not in contacts:
            raise UnknownContact(contact=row.contact)
        if reason := _refusal(row, contacts[row.contact], withdrawn.get(key), blocked, now):
            refused.append(Refused(index, row, reason))
            continue
        before, since = current.get(key, (None, row.at))
        if row.at >= since:
            current[key] = (row.given, row.at)
            holds[key] = len(kept)
            if before is not row.given:
                events.append(_event(row, quiet=quiet))
        if not row.given:
            withdrawn[key] = max(row.at, withdrawn.get(key, row.at))
            if row.reason in HARD:
                blocked.add((row.contact, row.channel))
        kept.append(row)

    made = insert_ids(conn, consent, [_log_row(row, now=now) for row in kept])
    if holds:
        statement = upsert(conn, consent_now)
        new = statement.excluded
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=["contact", "channel", "purpose"],
                set_={"given": new.given, "at": new.at, "consent": new.consent},
            ),
            [
                {
                    "contact": key[0],
                    "channel": key[1],
                    "purpose": key[2],
                    "given": kept[index].given,
                    "at": kept[index].at,
                    "consent": made[index],
                }
                for key, index in holds.items()
            ],
        )
    record(conn, events, now=now)
    return refused


def _refusal(
    row: NewConsent,
    contact: dict[str, object],
    withdrawn_at: int | None,
    blocked: set[tuple[int, str]],
    now: Instant,
) -> Refusal | None:
    if contact["erased_at"] is not None:
        return Refusal.ERASED
    if not row.given:
        return None
    if row.at > now:
        return Refusal.FUTURE
    if (row.contact, row.channel) in blocked:
        return Refusal.BLOCKED
    if withdrawn_at is None or row.at > withdrawn_at:
        return None
    # in the same second the later word counts; a file has no order that could say which word that is
    if row.at == withdrawn_at and row.import_batch is None:
        return None
    return Refusal.OLDER


def _last_withdrawals(conn: Connection, ids: set[int]) -> dict[_Key, int]:
    key = (consent.c.contact, consent.c.channel, consent.c.purpose)
    rows = conn.execute(
        select(*key, func.max(consent.c.at).label("at"))
        .where(in_ids(consent.c.contact, ids), consent.c.given == false())
        .group_by(*key)
    )
    return {(row.contact, row.channel, row.purpose): row.at for row in rows}


def _blocked(
    conn: Connection, ids: set[int], channels: set[str], contacts: dict[int, dict[str, object]]
) -> set[tuple[int, str]]:
    """(contact, channel) where a complaint, a hard bounce or a suppressed address stands against any grant."""
    hard = conn.execute(
        select(consent.c.contact, consent.c.channel).where(
            in_ids(consent.c.contact, ids), consent.c.given == false(), consent.c.reason.in_(HARD)
        )
    )
    found = {(row.contact, row.channel) for row in hard}
    for channel in channels & ADDRESS_COLUMNS.keys():
        addresses = {id_: str(row[ADDRESS_COLUMNS[channel]] or "") for id_, row in contacts.items()}
        reasons = suppressed(conn, channel, {address for address in addresses.values() if address})
        found |= {(id_, channel) for id_, address in addresses.items() if reasons.get(address) in HARD}
    return found


def _event(row: NewConsent, *, quiet: bool) -> NewEvent:
    return NewEvent(
        row.contact,
        "consent.given" if row.given else "consent.withdrawn",
        row.at,
        {"channel": row.channel, "purpose": row.purpose, "reason": row.reason},
        row.source,
        quiet=quiet,
        import_batch=row.import_batch,
    )


def _log_row(row: NewConsent, *, now: Instant) -> dict[str, object]:
    return {
        "contact": row.contact,
        "channel": row.channel,
        "purpose": row.purpose,
        "given": row.given,
        "at": row.at,
        "recorded_at": now,
        "source": row.source,
        "reason": row.reason,
        "text_version": row.text_version,
        "ip": row.ip,
        "confirmed_at": row.confirmed_at,
        "identity": row.identity,
        "import_batch": row.import_batch,
    }


def refresh_consents(conn: Connection, contacts: Sequence[int]) -> None:
    """Work out from the log what holds now, for contacts whose log lost rows (an import was undone)."""
    for start in range(0, len(contacts), LOT):
        ids = contacts[start : start + LOT]
        locked(conn, set(ids))
        conn.execute(consent_now.delete().where(in_ids(consent_now.c.contact, ids)))
        newest = func.row_number().over(
            partition_by=(consent.c.contact, consent.c.channel, consent.c.purpose),
            order_by=(consent.c.at.desc(), consent.c.id.desc()),
        )
        ranked = select(consent, newest.label("rank")).where(in_ids(consent.c.contact, ids)).subquery()
        columns = ("contact", "channel", "purpose", "given", "at")
        conn.execute(
            insert(consent_now).from_select(
                [*columns, "consent"],
                select(*(ranked.c[name] for name in columns), ranked.c.id).where(ranked.c.rank == 1),
            )
        )
