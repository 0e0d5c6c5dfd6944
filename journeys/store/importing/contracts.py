"""Contracts: the products that contacts hold, from a start to an end day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.i18n import N_
from journeys.store.contracts import FIELDS, NewContract, add_contracts, change_contracts, days_held
from journeys.store.dialect import in_ids
from journeys.store.identity import given_identity
from journeys.store.importing.errors import ContractKnown, EndsBeforeStart, Missing, NoEnd
from journeys.store.importing.goods import read_key, with_offers, with_products
from journeys.store.importing.kind import Kind, Parsed, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.people import WHO, check_named, with_contacts
from journeys.store.importing.report import Tally
from journeys.store.importing.scratch import unnamed_identities
from journeys.store.importing.values import read_iso_day, read_truth, whole
from journeys.store.tables import contract


class Contracts(Kind):
    """Contracts. A row with the id of one that is there changes it; a row without an id is known by its content."""

    name = "contracts"
    noun = N_("contracts")
    fields = (
        Field(
            "contract_id",
            field_words(
                "contract number, contract, subscription id, policy number, agreement number, "
                "id umowy, numer umowy, nr umowy, umowa, id pakietu, numer polisy, nr polisy, id"
            ),
            read_key,
        ),
        *WHO,
        Field(
            "product",
            field_words(
                "product key, product id, product name, name, package, package name, plan, sku, "
                "produkt, id produktu, nazwa produktu, pakiet, nazwa pakietu, usluga, nazwa"
            ),
            read_key,
        ),
        Field("offer", field_words("offer key, offer id, offer name, oferta, id oferty, nazwa oferty"), read_key),
        Field(
            "start_on",
            field_words(
                "start, start date, starts, starts on, begin, from, valid from, begins, "
                "poczatek, data poczatku, data rozpoczecia, od, wazna od, wazny od"
            ),
            read_iso_day,
        ),
        Field(
            "end_on",
            field_words(
                "end, end date, ends, ends on, expires, expiry date, until, to, valid to, valid until, "
                "koniec, data konca, data zakonczenia, do, wazna do, wazny do, wygasa"
            ),
            read_iso_day,
        ),
        Field(
            "duration_days",
            field_words("duration, days, length, czas trwania, liczba dni, dni, okres, okres w dniach"),
            whole(1, 1_000_000),
        ),
        Field(
            "recurring_now",
            field_words(
                "recurring, recurrence, auto renewal, auto renew, renews, is recurring, "
                "odnawialna, odnawia sie, cykliczna, rekurencja, aktywna rekurencja, automatyczne odnowienie"
            ),
            read_truth,
        ),
        Field(
            "recurring_initially",
            field_words(
                "initially recurring, recurring at start, initial recurrence, was recurring, "
                "rekurencja poczatkowa, poczatkowo odnawialna, odnawialna na poczatku"
            ),
            read_truth,
        ),
    )
    grouped_by = ("contract_id",)
    needs = (("customer", "email"), ("product",), ("start_on",), ("end_on", "duration_days"))

    def check(self, values: dict[str, Any]) -> None:
        check_named(values)
        for name in ("product", "start_on"):
            if name not in values:
                raise Missing(column=name)
        start = values["start_on"]
        if "end_on" not in values:
            if "duration_days" not in values:
                raise NoEnd(column="end_on")
            last = date.fromisoformat(start) + timedelta(days=values["duration_days"] - 1)
            values["end_on"] = last.isoformat()
        if values["end_on"] < start:
            raise EndsBeforeStart(column="end_on", start=start, end=values["end_on"])
        if "recurring_now" in values:
            values.setdefault("recurring_initially", values["recurring_now"])

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        run, options = self.run, self.run.options
        about = {row.number: id_ for row, id_ in with_contacts(run, conn, rows, tally)}
        good = [row for row in rows if row.number in about]
        goods = with_products(run, conn, good, tally)
        offers = with_offers(run, conn, [row for row in good if row.number in goods], tally)
        wanted = [
            (row, self._new(row, about[row.number], goods[row.number] or "", offers[row.number]))
            for row in good
            if row.number in offers
        ]
        there = known(
            conn,
            contract.c.identity,
            (new.identity or "" for _, new in wanted),
            contract.c.id,
            contract.c.contact,
            *(contract.c[name] for name in FIELDS),
        )
        unnamed = _unnamed(conn, {new.contact for _, new in wanted})
        added: dict[str, NewContract] = {}
        held: dict[str, dict[str, Any]] = {}
        #: rows that differ from the one before them
        steps: dict[str, int] = {}
        for row, new in wanted:
            identity = new.identity or ""
            known_row = there.get(identity)
            if known_row is None and identity in unnamed:
                tally.unchanged += 1
                continue
            if known_row is None and identity not in added:
                added[identity] = new
                tally.added += 1
                continue
            owner = added[identity].contact if known_row is None else known_row.contact
            if owner != new.contact:
                problem = ContractKnown(id=row.values.get("contract_id", ""))
                tally.refused.append(run.refused(row.number, problem, "contract_id"))
                continue
            if known_row is None:
                # twice in one lot: the later row counts
                tally.unchanged += added[identity] == new
                tally.changed += added[identity] != new
                added[identity] = new
                continue
            now = held.setdefault(identity, {name: getattr(known_row, name) for name in FIELDS})
            differs = {
                name: value for name, value in self._given(row, new).items() if value is not None and now[name] != value
            }
            if not differs:
                tally.unchanged += 1
                continue
            now |= differs
            steps[identity] = steps.get(identity, 0) + 1
        changes: list[tuple[int, dict[str, Any]]] = []
        kept: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        for identity, count in steps.items():
            known_row, now = there[identity], held[identity]
            before = {name: getattr(known_row, name) for name in FIELDS if getattr(known_row, name) != now[name]}
            if not before:
                # rows that disagree with each other, the last of them not with the store
                tally.unchanged += count
                continue
            after = {name: now[name] for name in before}
            changes.append((known_row.id, after))
            kept.append((str(known_row.id), before, after))
            tally.changed += count
        add_contracts(
            conn, list(added.values()), now=run.now, source=options.source, quiet=options.quiet, import_batch=run.batch
        )
        change_contracts(conn, changes, now=run.now, source=options.source, quiet=options.quiet, import_batch=run.batch)
        self.changed(conn, "contract", kept)

    def _new(self, row: Parsed, contact: int, product: str, offer: str | None) -> NewContract:
        values = row.values
        start, end = values["start_on"], values["end_on"]
        content = (
            contact,
            product,
            start,
            end,
            values.get("duration_days", days_held(start, end)),
            values.get("recurring_now", False),
            values.get("recurring_initially", False),
            offer,
        )
        given = values.get("contract_id")
        identity = given_identity(given) if given else self.run.scratch.row_identity("contract", *content)
        return NewContract(*content, identity)

    def _given(self, row: Parsed, new: NewContract) -> dict[str, Any]:
        """What the row says of a contract that is there: an empty cell leaves the field as it is."""
        fields = {"product": new.product, "offer": new.offer, "start_on": new.start_on, "end_on": new.end_on}
        for name in ("recurring_now", "recurring_initially"):
            fields[name] = row.values.get(name) if name in self.run.columns else None
        return fields | {"duration_days": new.duration_days}


def _unnamed(conn: Connection, contacts: set[int]) -> set[str]:
    """Identities, by content, of contracts that were made here without one: an export brings them back."""
    c = contract.c
    content = (c.contact, c.product, c.start_on, c.end_on, c.duration_days, c.recurring_now, c.recurring_initially)
    rows = conn.execute(select(*content, c.offer).where(c.identity.is_(None), in_ids(c.contact, contacts)))
    return unnamed_identities(("contract", *row) for row in rows)
