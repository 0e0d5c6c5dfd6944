"""Events: what contacts did elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.i18n import N_
from journeys.base.text import fold
from journeys.store.dialect import in_ids, in_texts
from journeys.store.events import NewEvent, checked_data, checked_kind, record
from journeys.store.identity import given_identity
from journeys.store.importing.errors import EventKnown, Missing, ReservedKind, RolledUp
from journeys.store.importing.goods import read_key
from journeys.store.importing.kind import Kind, Parsed, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.people import WHO, check_named, with_contacts
from journeys.store.importing.report import Tally
from journeys.store.importing.scratch import unnamed_identities
from journeys.store.importing.values import Reading, read_moment, read_object
from journeys.store.retention import rolled_up
from journeys.store.tables import event

#: first words of kinds that a change in the store itself leaves, and the file by which that change is imported
MADE_HERE = {
    "contact": N_("contacts"),
    "tag": N_("contacts"),
    "stage": N_("contacts"),
    "segment": N_("contacts"),
    "purchase": N_("purchases"),
    "contract": N_("contracts"),
    "consent": N_("consents"),
}


def _kind(text: str, _reading: Reading) -> str:
    return checked_kind(fold(text))


class Events(Kind):
    """Events of any kind but those that the store makes itself."""

    name = "events"
    noun = N_("events")
    takes_data = True
    fields = (
        Field("event_id", field_words("id, id zdarzenia, identyfikator zdarzenia"), read_key),
        *WHO,
        Field("kind", field_words("event, event kind, event type, event name, type, zdarzenie, rodzaj, typ, typ zdarzenia"), _kind),
        Field(
            "at",
            field_words(
                "date, time, datetime, timestamp, occurred at, created at, event time, event date, day, "
                "data, czas, data i godzina, kiedy, dzien"
            ),
            read_moment,
        ),
        Field("data", field_words("json, payload, properties, details, dane, szczegoly"), read_object),
    )  # fmt: skip
    needs = (("customer", "email"), ("kind",), ("at",))

    def check(self, values: dict[str, Any]) -> None:
        check_named(values)
        for name in ("kind", "at"):
            if name not in values:
                raise Missing(column=name)
        kind = values["kind"]
        instead = MADE_HERE.get(kind.partition(".")[0])
        if instead:
            raise ReservedKind(column="kind", kind=kind, instead=instead)
        data = values.pop("data", {}) | {
            name[5:]: values.pop(name) for name in [one for one in values if one.startswith("data.")]
        }
        values["data"] = checked_data(kind, data)

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        run, options = self.run, self.run.options
        about = list(with_contacts(run, conn, self._still_apart(conn, rows, tally), tally))
        wanted = [
            NewEvent(
                contact=id_,
                kind=row.values["kind"],
                at=row.values["at"],
                data=row.values["data"],
                source=options.source,
                quiet=options.quiet,
                identity=self._identity(row, id_),
                import_batch=run.batch,
            )
            for row, id_ in about
        ]
        there = known(
            conn,
            event.c.identity,
            (one.identity or "" for one in wanted),
            event.c.contact,
            event.c.kind,
            event.c.at,
            event.c.data,
        )
        unnamed = _unnamed(conn, [one for one in wanted if (one.identity or "").startswith("row:")])
        new: dict[str, NewEvent] = {}
        for (row, _), one in zip(about, wanted, strict=True):
            identity = one.identity or ""
            found = there.get(identity) or new.get(identity)
            if found is None and identity in unnamed:
                tally.unchanged += 1
            elif found is None:
                new[identity] = one
                tally.added += 1
            elif (found.contact, found.kind, found.at, found.data) == (one.contact, one.kind, one.at, one.data):
                tally.unchanged += 1
            else:
                problem = EventKnown(id=identity.removeprefix("id:"))
                tally.refused.append(run.refused(row.number, problem, "event_id"))
        record(conn, list(new.values()), now=run.now)

    def _still_apart(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> list[Parsed]:
        """The rows of a time whose events have not been rolled up: of those none is known for one that was there."""
        gone = rolled_up(conn)
        kept = []
        for row in rows:
            kind, at = row.values["kind"], row.values["at"]
            if at < gone.get(kind, at):
                tally.refused.append(self.run.refused(row.number, RolledUp(column="at", kind=kind), "at"))
            else:
                kept.append(row)
        return kept

    def _identity(self, row: Parsed, contact: int) -> str:
        values = row.values
        if "event_id" in values:
            return given_identity(values["event_id"])
        return self.run.scratch.row_identity(*_content(contact, values["kind"], values["at"], values["data"]))


def _content(contact: int, kind: str, at: int, data: dict[str, Any]) -> tuple[object, ...]:
    return ("event", contact, kind, at, json.dumps(data, ensure_ascii=False, sort_keys=True))


def _unnamed(conn: Connection, wanted: Sequence[NewEvent]) -> set[str]:
    """Identities, by content, of events that were recorded here without one: an export brings them back."""
    if not wanted:
        return set()
    c = event.c
    rows = conn.execute(
        select(c.contact, c.kind, c.at, c.data).where(
            c.identity.is_(None),
            in_ids(c.contact, {one.contact for one in wanted}),
            in_texts(c.kind, {one.kind for one in wanted}),
            in_ids(c.at, {one.at for one in wanted}),
        )
    )
    return unnamed_identities(_content(*row) for row in rows)
