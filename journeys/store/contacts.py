"""Contacts: added, changed, found, tagged, moved between stages. Every real change leaves an event."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, update

from journeys.base.catalogue import AttributeEntry
from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_
from journeys.base.text import fold
from journeys.base.time import Instant
from journeys.store import settings
from journeys.store.attributes import attributes, known_attribute
from journeys.store.dialect import in_ids, in_texts, insert_ids, upsert
from journeys.store.events import NewEvent, record
from journeys.store.fields import COLUMNS, key_of, validate_column, validate_value
from journeys.store.suppression import suppressed
from journeys.store.tables import contact, contact_stage, contact_tag, funnel, stage, tag

#: field → value: a column of `COLUMNS` or an attribute's key; None clears
Change = Mapping[str, Any]

#: contacts read, changed and written together
LOT = 2_000

#: types of attributes whose values have a folded key
_FOLDED = frozenset({"text", "choice", "list"})

_T = TypeVar("_T")


class UnknownContact(UsageError):
    """No such contact, or one that was erased."""

    text = N_("There is no contact “{contact}”.")


class EmailTaken(KanwaError):
    """An e-mail address that another contact has."""

    text = N_("The address {email} belongs to contact {contact} already. An address belongs to one contact.")


class ExternalIdTaken(KanwaError):
    """An external id that another contact has."""

    text = N_("The external id {external_id} belongs to contact {contact} already.")


class PersonErased(KanwaError):
    """An address whose owner asked to be erased."""

    text = N_(
        "The address {email} belongs to somebody who was erased. If that person comes back by their own wish, take the "
        "address off the suppression list first."
    )


class UnknownTag(UsageError):
    """A tag that was not defined."""

    text = N_("There is no tag “{tag}”.{suggestion}")


class UnknownFunnel(UsageError):
    """A funnel that was not defined."""

    text = N_("There is no funnel “{funnel}”.{suggestion}")


class UnknownStage(UsageError):
    """A stage that its funnel does not have."""

    text = N_("The funnel “{funnel}” has no stage “{stage}”.{suggestion}")


@dataclass(frozen=True, slots=True)
class Door:
    """What validating the fields of a contact needs to know; read once for many."""

    registry: dict[str, AttributeEntry]
    country: str

    def value(self, field: str, value: Any) -> Any:
        """The value as it is stored. Raises BadField, UnknownTimeZone or UnknownAttribute."""
        if field in COLUMNS:
            return validate_column(field, value, country=self.country)
        return validate_value(known_attribute(self.registry, field), value, field=field)

    def is_folded(self, field: str) -> bool:
        """Whether the field has a folded key."""
        return field in COLUMNS or self.registry[field].type in _FOLDED


def door(conn: Connection) -> Door:
    """The rules that the fields of contacts are checked by, as the store has them now."""
    return Door(attributes(conn), settings.get(conn, "country"))


def add(
    conn: Connection,
    rows: Sequence[Change],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
    created: Sequence[Instant] | None = None,
    draws: Sequence[int] | None = None,
) -> list[int]:
    """Add contacts and return their ids in order. One event each, `contact.created`.

    `created` tells when each came, where that is not now; `draws` gives each its 31-bit draw, for runs that are to
    repeat exactly. Raises BadField, UnknownAttribute, UnknownTimeZone, EmailTaken, ExternalIdTaken or PersonErased; then the whole
    transaction is to be given up.
    """
    rules = door(conn)
    ats = created if created is not None else [now] * len(rows)
    ids: list[int] = []
    for start in range(0, len(rows), LOT):
        part = slice(start, start + LOT)
        new = [
            _new_row(row, rules, now=at, import_batch=import_batch)
            for row, at in zip(rows[part], ats[part], strict=True)
        ]
        if draws is not None:
            new = [row | {"draw": draw} for row, draw in zip(new, draws[part], strict=True)]
        _check_unique(conn, [(None, row["email_key"], row["email"]) for row in new], contact.c.email_key, EmailTaken)
        _check_unique(
            conn,
            [(None, row["external_id"], row["external_id"]) for row in new],
            contact.c.external_id,
            ExternalIdTaken,
        )
        _check_not_erased(conn, [row["email"] for row in new if row["email"]])
        ids += insert_ids(conn, contact, new)
    record(
        conn,
        [
            NewEvent(id_, "contact.created", at, {}, source, quiet=quiet, import_batch=import_batch)
            for id_, at in zip(ids, ats, strict=True)
        ],
        now=now,
    )
    return ids


def _new_row(row: Change, rules: Door, *, now: Instant, import_batch: int | None) -> dict[str, Any]:
    stored: dict[str, Any] = dict.fromkeys(COLUMNS)
    values: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    for field, given in row.items():
        value = rules.value(field, given)
        if value is None:
            continue
        (stored if field in COLUMNS else values)[field] = value
        if rules.is_folded(field):
            keys[field] = key_of(value)
    return stored | {
        "attributes": values,
        "keys": keys,
        "email_key": keys.get("email"),
        "draw": secrets.randbits(31),
        "created_at": now,
        "import_batch": import_batch,
    }


def change(
    conn: Connection,
    changes: Sequence[tuple[int, Change]],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
) -> None:
    """Write fields of contacts. One event `contact.changed` for each field whose value really is another afterwards.

    A contact may stand in the list more than once; the changes then follow one another. Contacts that were erased are
    passed over: nothing is ever written to a tombstone. Raises as `add`, and UnknownContact.
    """
    rules = door(conn)
    events: list[NewEvent] = []
    for lot in _lots(changes, LOT):
        events += _change_lot(conn, lot, rules, now=now, source=source, quiet=quiet, import_batch=import_batch)
    record(conn, events, now=now)


_write_contact = (
    update(contact)
    .where(contact.c.id == bindparam("row_id"))
    .values(
        {column: bindparam(column) for column in (*COLUMNS, "email_key", "attributes", "keys")}  # one shape, one plan
    )
)


def _change_lot(
    conn: Connection,
    lot: Sequence[tuple[int, Change]],
    rules: Door,
    *,
    now: Instant,
    source: str,
    quiet: bool,
    import_batch: int | None,
) -> list[NewEvent]:
    rows = locked(conn, {id_ for id_, _ in lot})
    events: list[NewEvent] = []
    written: set[int] = set()
    new_addresses: dict[int, str] = {}
    new_external_ids: set[int] = set()
    for id_, fields in lot:
        row = rows.get(id_)
        if row is None:
            raise UnknownContact(contact=id_)
        if row["erased_at"] is not None:
            continue
        for field, given in fields.items():
            value = rules.value(field, given)
            place = row if field in COLUMNS else row["attributes"]
            old = place.get(field)
            if old == value:
                continue
            if value is None and field not in COLUMNS:
                del place[field]
            else:
                place[field] = value
            if rules.is_folded(field):
                if value is None:
                    row["keys"].pop(field, None)
                else:
                    row["keys"][field] = key_of(value)
            if field == "email":
                row["email_key"] = row["keys"].get("email")
                new_addresses[id_] = value
            if field == "external_id":
                new_external_ids.add(id_)
            written.add(id_)
            data = {"field": field, "old": old, "new": value}
            events.append(NewEvent(id_, "contact.changed", now, data, source, quiet=quiet, import_batch=import_batch))
    if new_addresses:
        mails = [(id_, rows[id_]["email_key"], rows[id_]["email"]) for id_ in new_addresses]
        _check_unique(conn, mails, contact.c.email_key, EmailTaken)
        _check_not_erased(conn, [email for email in new_addresses.values() if email])
    if new_external_ids:
        names = [(id_, rows[id_]["external_id"], rows[id_]["external_id"]) for id_ in new_external_ids]
        _check_unique(conn, names, contact.c.external_id, ExternalIdTaken)
    if written:
        columns = (*COLUMNS, "email_key", "attributes", "keys")
        conn.execute(
            _write_contact,
            [{"row_id": id_, **{column: rows[id_][column] for column in columns}} for id_ in sorted(written)],
        )
    return events


def locked(conn: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Those of the contacts that exist, by id, held until the transaction ends; taken in id order, as everybody does."""
    statement = select(contact).where(in_ids(contact.c.id, ids)).order_by(contact.c.id)
    found = conn.execute(statement.with_for_update(key_share=True)).mappings()
    return {row["id"]: dict(row) for row in found}


def _check_unique(
    conn: Connection,
    wanted: Iterable[tuple[int | None, str | None, str | None]],
    column: ColumnElement[Any],
    error: type[KanwaError],
) -> None:
    """No two contacts under one key: neither among the wanted (id, key, as written) nor with those stored."""
    owners: dict[str, int | None] = {}
    said: dict[str, str] = {}
    name = "email" if error is EmailTaken else "external_id"
    for id_, key, written in wanted:
        if key is None or written is None:
            continue
        if key in owners:
            raise error(**{name: written}, contact=owners[key] or "?")
        owners[key] = id_
        said[key] = written
    if not owners:
        return
    taken = conn.execute(select(contact.c.id, column.label("key")).where(in_texts(column, owners))).all()
    # one that gives the key up in this very list still holds it until the rows are written
    for row in taken:
        if row.id != owners[row.key]:
            raise error(**{name: said[row.key]}, contact=row.id)


def _check_not_erased(conn: Connection, emails: Sequence[str]) -> None:
    for email, reason in suppressed(conn, "email", emails).items():
        if reason == "erased":
            raise PersonErased(email=email)


def ids_by_email(conn: Connection, emails: Iterable[str]) -> dict[str, int]:
    """The contacts that have these addresses: address as given → id. Case does not matter."""
    given = {email: fold(email) for email in emails}
    found = _ids_by(conn, contact.c.email_key, set(given.values()))
    return {email: found[key] for email, key in given.items() if key in found}


def ids_by_external_id(conn: Connection, external_ids: Iterable[str]) -> dict[str, int]:
    """The contacts that have these external ids: external id → id."""
    return _ids_by(conn, contact.c.external_id, set(external_ids))


def _ids_by(conn: Connection, column: ColumnElement[Any], keys: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for lot in _lots(sorted(keys), LOT):
        rows = conn.execute(select(column.label("key"), contact.c.id).where(in_texts(column, lot)))
        found |= {row.key: row.id for row in rows}
    return found


def find(conn: Connection, name: str) -> int:
    """The contact that a person means by an e-mail address, an external id or the number of the row, tried in turn.

    Raises UnknownContact; an erased contact is found by its number only.
    """
    wanted = name.strip()
    matches = [contact.c.email_key == fold(wanted), contact.c.external_id == wanted]
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        matches.append(contact.c.id == int(wanted))
    for match in matches:
        found = conn.execute(select(contact.c.id).where(match)).scalar_one_or_none()
        if found is not None:
            return int(found)
    raise UnknownContact(contact=wanted)


# --- tags ------------------------------------------------------------------------------------------------------------


def set_tags(
    conn: Connection,
    *,
    add: Iterable[tuple[int, str]] = (),
    remove: Iterable[tuple[int, str]] = (),
    now: Instant,
    source: str,
    expires_at: Instant | None = None,
    quiet: bool = False,
    import_batch: int | None = None,
) -> None:
    """Give and take tags, as pairs (contact, tag). Events `tag.added` and `tag.removed` where it makes a difference.

    A tag that the contact has keeps its first day and takes the new `expires_at`; one whose time is over counts as not
    had. Erased contacts are passed over. Raises UnknownTag.
    """
    added, removed = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
    known = set(conn.execute(select(tag.c.key)).scalars())
    for key in {key for _, key in (*added, *removed)}:
        if key not in known:
            raise UnknownTag(tag=key, suggestion=suggestion(key, known))
    events: list[NewEvent] = []

    def happened(id_: int, kind: str, key: str) -> None:
        events.append(NewEvent(id_, kind, now, {"tag": key}, source, quiet=quiet, import_batch=import_batch))

    for lot in _lots(added, LOT):
        held = _tags_held(conn, {id_ for id_, _ in lot}, now=now)
        pairs = [(id_, key) for id_, key in lot if id_ in held]
        if pairs:
            statement = upsert(conn, contact_tag)
            new = statement.excluded
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["contact", "tag"], set_={"added_at": new.added_at, "expires_at": new.expires_at}
                ),
                [
                    {"contact": id_, "tag": key, "added_at": held[id_].get(key, now), "expires_at": expires_at}
                    for id_, key in pairs
                ],
            )
        for id_, key in pairs:
            if key not in held[id_]:
                happened(id_, "tag.added", key)
    for lot in _lots(removed, LOT):
        held = _tags_held(conn, {id_ for id_, _ in lot}, now=now)
        pairs = [(id_, key) for id_, key in lot if id_ in held]
        if pairs:
            conn.execute(
                delete(contact_tag).where(
                    contact_tag.c.contact == bindparam("of"), contact_tag.c.tag == bindparam("named")
                ),
                [{"of": id_, "named": key} for id_, key in pairs],
            )
        for id_, key in pairs:
            if key in held[id_]:
                happened(id_, "tag.removed", key)
    record(conn, events, now=now)


def _tags_held(conn: Connection, ids: set[int], *, now: Instant) -> dict[int, dict[str, int]]:
    """Contact → tag → when it was added, for tags whose time is not over; locks the contacts, leaves out the erased."""
    held: dict[int, dict[str, int]] = {id_: {} for id_, row in locked(conn, ids).items() if row["erased_at"] is None}
    still = or_(contact_tag.c.expires_at.is_(None), contact_tag.c.expires_at > now)
    for row in conn.execute(select(contact_tag).where(in_ids(contact_tag.c.contact, held), still)):
        held[row.contact][row.tag] = row.added_at
    return held


def expire_tags(conn: Connection, *, now: Instant, most: int = LOT) -> int:
    """Take away tags whose time is over, at most so many, each with its event; returns how many."""
    over = contact_tag.c.expires_at <= now
    of = conn.execute(
        select(contact_tag.c.contact).where(over).order_by(contact_tag.c.expires_at).limit(most)
    ).scalars()
    ids = sorted(set(of))
    if not ids:
        return 0
    locked(conn, ids)
    # looked at once more: whoever held these contacts may have taken the tags away meanwhile
    theirs = in_ids(contact_tag.c.contact, ids) & over
    pairs = conn.execute(
        select(contact_tag.c.contact, contact_tag.c.tag)
        .where(theirs)
        .order_by(contact_tag.c.expires_at, *contact_tag.primary_key)
    ).all()
    conn.execute(delete(contact_tag).where(theirs))
    record(
        conn,
        [NewEvent(row.contact, "tag.removed", now, {"tag": row.tag}, "expiry") for row in pairs],
        now=now,
    )
    return len(pairs)


# --- stages ----------------------------------------------------------------------------------------------------------


def set_stage(
    conn: Connection,
    moves: Sequence[tuple[int, str, str]],
    *,
    now: Instant,
    source: str,
    quiet: bool = False,
    import_batch: int | None = None,
) -> None:
    """Put contacts on stages, as (contact, funnel, stage). An event `stage.entered` for each who stood elsewhere.

    Erased contacts are passed over. Raises UnknownFunnel or UnknownStage.
    """
    stages: dict[str, list[str]] = {key: [] for key in conn.execute(select(funnel.c.key)).scalars()}
    for row in conn.execute(select(stage.c.funnel, stage.c.key).order_by(stage.c.n)):
        stages[row.funnel].append(row.key)
    for funnel_key, stage_key in {(funnel_key, stage_key) for _, funnel_key, stage_key in moves}:
        if funnel_key not in stages:
            raise UnknownFunnel(funnel=funnel_key, suggestion=suggestion(funnel_key, stages))
        if stage_key not in stages[funnel_key]:
            near = suggestion(stage_key, stages[funnel_key])
            raise UnknownStage(funnel=funnel_key, stage=stage_key, suggestion=near)
    events: list[NewEvent] = []
    for lot in _lots(moves, LOT):
        rows = locked(conn, {id_ for id_, _, _ in lot})
        standing: dict[int, dict[str, str]] = {id_: {} for id_, row in rows.items() if row["erased_at"] is None}
        for row in conn.execute(select(contact_stage).where(in_ids(contact_stage.c.contact, standing))):
            standing[row.contact][row.funnel] = row.stage
        moved: dict[tuple[int, str], str] = {}
        for id_, funnel_key, stage_key in lot:
            if id_ not in standing:
                continue
            old = standing[id_].get(funnel_key)
            if old == stage_key:
                continue
            standing[id_][funnel_key] = stage_key
            moved[id_, funnel_key] = stage_key
            data = {"funnel": funnel_key, "stage": stage_key, "old": old}
            events.append(NewEvent(id_, "stage.entered", now, data, source, quiet=quiet, import_batch=import_batch))
        if moved:
            statement = upsert(conn, contact_stage)
            new = statement.excluded
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["contact", "funnel"], set_={"stage": new.stage, "entered_at": new.entered_at}
                ),
                [
                    {"contact": id_, "funnel": funnel_key, "stage": stage_key, "entered_at": now}
                    for (id_, funnel_key), stage_key in moved.items()
                ],
            )
    record(conn, events, now=now)


def _lots(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
