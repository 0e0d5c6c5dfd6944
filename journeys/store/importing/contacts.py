"""Contacts: added, or changed where they are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_
from journeys.base.text import fold
from journeys.store.contacts import Door, PersonErased, UnknownTag, add, change, locked, set_tags
from journeys.store.definitions import define_tag
from journeys.store.dialect import in_ids
from journeys.store.fields import COLUMNS, BadField, BadKey
from journeys.store.importing.errors import AddressOfAnother, AnotherCustomer, NoContactNamed
from journeys.store.importing.kind import Kind, Parsed, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.people import CUSTOMER_WORDS, EMAIL_WORDS, made_address
from journeys.store.importing.report import Tally
from journeys.store.importing.values import Reader, Reading, read_by_type, read_list
from journeys.store.suppression import suppressed
from journeys.store.tables import contact, contact_tag, tag

_WORDS = {
    "external_id": (*CUSTOMER_WORDS, "id"),
    "email": EMAIL_WORDS,
    "phone": field_words(
        "telephone, phone number, mobile, mobile phone, cell, tel, telefon, numer telefonu, nr telefonu, "
        "telefon komorkowy, komorka, nr tel"
    ),
    "first_name": field_words("given name, forename, name, imie"),
    "last_name": field_words("surname, family name, nazwisko"),
    "language": field_words("lang, locale, jezyk"),
    "time_zone": field_words("timezone, tz, strefa czasowa, strefa"),
    "preferred_channel": field_words("channel, preferowany kanal, kanal, ulubiony kanal"),
}


def _reader(door: Door, field: str) -> Reader:
    """Reads a cell as its column or attribute stores it."""
    entry = door.registry.get(field)
    read: Callable[[str, Reading], Any] | None = read_by_type(entry.type) if entry else None

    def value(text: str, reading: Reading) -> Any:
        return door.value(field, read(text, reading) if read else text)

    return value


class Contacts(Kind):
    """People, known by their external id, then by their address. An empty cell leaves a field as it is."""

    name = "contacts"
    noun = N_("contacts")
    fields = (Field("tags", field_words("tag, labels, tagi, etykiety, znaczniki"), read_list),)
    needs = (("external_id", "email"),)
    grouped_by = ("external_id", "email")

    @classmethod
    def fields_for(cls, door: Door) -> tuple[Field, ...]:
        columns = tuple(Field(name, _WORDS[name], _reader(door, name)) for name in COLUMNS)
        return (*columns, *cls.fields, *(Field(key, (), _reader(door, key)) for key in door.registry))

    def check(self, values: dict[str, Any]) -> None:
        if values.get("external_id") is None and values.get("email") is None:
            raise NoContactNamed(column="external_id")

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        pending, others = _merged(self._with_tags(conn, rows, tally))
        added: set[int] = set()
        changed: set[int] = set()
        while pending:
            wave, pending = self._wave(conn, pending)
            new, old = self._write_wave(conn, wave, tally)
            added |= new
            changed |= old
        refused = {one.row: one for one in tally.refused}
        for number, (earlier, steps) in others.items():
            if number in refused:
                tally.refused += [refused[number]._replace(row=one) for one in earlier]
                continue
            counted = steps if number in added else max(0, steps - 1) if number in changed else 0
            tally.changed += counted
            tally.unchanged += len(earlier) - counted

    def _with_tags(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> list[Parsed]:
        """The rows whose tags exist, under their keys."""
        if not any("tags" in row.values for row in rows):
            return list(rows)
        keys: dict[str, str] = {}
        for one in conn.execute(select(tag.c.key, tag.c.label)):
            keys[one.key] = keys[fold(one.label)] = one.key
        named: list[Parsed] = []
        for row in rows:
            try:
                wanted = [self._tag(conn, keys, name) for name in row.values.get("tags") or ()]
            except KanwaError as error:
                tally.refused.append(self.run.refused(row.number, error, "tags"))
                continue
            named.append(row._replace(values=row.values | {"tags": wanted}))
        return named

    def _tag(self, conn: Connection, keys: dict[str, str], name: str) -> str:
        """Raises UnknownTag; BadKey for one that is to be made and cannot be."""
        key = keys.get(name) or keys.get(fold(name))
        if key is None and self.run.options.create_names:
            try:
                define_tag(conn, name)
                key = name
            except BadKey:
                define_tag(conn, key := "-".join(fold(name).split()), label=name)
            keys[name] = keys[key] = key
        if key is None:
            raise UnknownTag(tag=name[:60], suggestion=suggestion(name, set(keys.values())))
        return key

    def _wave(self, conn: Connection, rows: Sequence[Parsed]) -> tuple[list[Parsed], list[Parsed]]:
        """Rows of which no two are about the same contact or claim the same address; and the others, for later.

        A later row about the same contact then finds what the earlier one wrote.
        """
        customers, emails = self._ids(conn, rows)
        wave: list[Parsed] = []
        later: list[Parsed] = []
        claimed: set[tuple[str, str | int]] = set()
        for row in rows:
            customer, email = row.values.get("external_id"), row.values.get("email")
            claims: set[tuple[str, str | int]] = set()
            if customer:
                claims.add(("external_id", customer))
                if customer in customers:
                    claims.add(("id", customers[customer]))
            if email:
                claims.add(("email", fold(email)))
                if fold(email) in emails:
                    claims.add(("id", emails[fold(email)]))
            (later if claims & claimed else wave).append(row)
            claimed |= claims
        return wave, later

    def _ids(self, conn: Connection, rows: Sequence[Parsed]) -> tuple[dict[str, int], dict[str, int]]:
        customers = [row.values["external_id"] for row in rows if row.values.get("external_id")]
        emails = [fold(row.values["email"]) for row in rows if row.values.get("email")]
        by_customer = known(conn, contact.c.external_id, customers, contact.c.id)
        by_email = known(conn, contact.c.email_key, emails, contact.c.id)
        return (
            {key: int(row.id) for key, row in by_customer.items()},
            {key: int(row.id) for key, row in by_email.items()},
        )

    def _write_wave(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> tuple[set[int], set[int]]:
        """Returns the numbers of the rows that added a contact, and of those that changed one."""
        run, options = self.run, self.run.options
        customers, emails = self._ids(conn, rows)
        held = locked(conn, {*customers.values(), *emails.values()})
        new: list[Parsed] = []
        old: list[tuple[Parsed, int]] = []
        for row in rows:
            customer, email = row.values.get("external_id"), row.values.get("email")
            by_customer = customers.get(customer or "")
            by_email = emails.get(fold(email)) if email else None
            found = by_email if by_customer is None else by_customer
            problem: KanwaError | None = None
            if found is None:
                new.append(row)
            elif by_email is not None and by_email != found:
                problem = AddressOfAnother(email=email)
            elif by_customer is None and customer and held[found]["external_id"]:
                problem = AnotherCustomer(email=email, external_id=held[found]["external_id"])
            else:
                old.append((row, found))
            if problem is not None:
                tally.refused.append(run.refused(row.number, problem, "email"))
        new = self._with_addresses(conn, new, tally)
        gone = self._erased(conn, [*new, *(row for row, id_ in old if self._moves(row, held[id_]))], tally)
        new = [row for row in new if row.number not in gone]
        old = [(row, id_) for row, id_ in old if row.number not in gone]
        added = add(
            conn,
            [{name: value for name, value in row.values.items() if name != "tags"} for row in new],
            now=run.now,
            source=options.source,
            quiet=options.quiet,
            import_batch=run.batch,
        )
        changed = self._change(conn, old, held) | self._tag_contacts(conn, [*zip(new, added, strict=True), *old])
        changed -= set(added)
        tally.added += len(added)
        tally.changed += len(changed)
        tally.unchanged += len(old) - len(changed)
        return {row.number for row in new}, {row.number for row, id_ in old if id_ in changed}

    def _moves(self, row: Parsed, held: dict[str, Any]) -> bool:
        """Whether the row gives a contact that is there another address."""
        email = row.values.get("email") or ""
        return email != "" and fold(email) != held["email_key"]

    def _erased(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> set[int]:
        """Refuses the rows whose address belongs to somebody who was erased; their numbers."""
        emails = {row.number: row.values["email"] for row in rows if row.values.get("email")}
        reasons = suppressed(conn, "email", set(emails.values()))
        gone = {number for number, email in emails.items() if reasons.get(email) == "erased"}
        tally.refused += [self.run.refused(n, PersonErased(email=emails[n]), "email") for n in sorted(gone)]
        return gone

    def _change(
        self, conn: Connection, rows: Sequence[tuple[Parsed, int]], held: dict[int, dict[str, Any]]
    ) -> set[int]:
        """Writes what differs; returns the contacts of whom anything did."""
        run, options = self.run, self.run.options
        after: dict[int, dict[str, Any]] = {}
        before: dict[int, dict[str, Any]] = {}
        for row, id_ in rows:
            now = held[id_]
            for name, value in row.values.items():
                was = now[name] if name in COLUMNS else now["attributes"].get(name)
                if name != "tags" and not _is_same(name, was, value):
                    after.setdefault(id_, {})[name] = value
                    before.setdefault(id_, {})[name] = was
        change(
            conn,
            list(after.items()),
            now=run.now,
            source=options.source,
            quiet=options.quiet,
            import_batch=run.batch,
        )
        self.changed(conn, "contact", ((str(id_), before[id_], fields) for id_, fields in after.items()))
        return set(after)

    def _tag_contacts(self, conn: Connection, rows: Sequence[tuple[Parsed, int]]) -> set[int]:
        """Gives the tags; returns the contacts for whom that made a difference."""
        wanted = {(id_, key) for row, id_ in rows for key in row.values.get("tags") or ()}
        if not wanted:
            return set()
        run, options = self.run, self.run.options
        there = conn.execute(
            select(contact_tag.c.contact, contact_tag.c.tag).where(
                in_ids(contact_tag.c.contact, {id_ for id_, _ in wanted}),
                or_(contact_tag.c.expires_at.is_(None), contact_tag.c.expires_at > run.now),
            )
        )
        new = sorted(wanted - {(row.contact, row.tag) for row in there})
        set_tags(conn, add=new, now=run.now, source=options.source, quiet=options.quiet, import_batch=run.batch)
        self.changed(conn, "contact_tag", ((str(id_), None, {"tag": key}) for id_, key in new))
        return {id_ for id_, _ in new}

    def _with_addresses(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> list[Parsed]:
        """The new contacts, those without an address with one made by the template."""
        template = self.run.options.address_template
        if not template:
            return list(rows)
        made: list[Parsed] = []
        for row in rows:
            if row.values.get("email"):
                made.append(row)
                continue
            try:
                address = made_address(template, row.values["external_id"])
            except BadField as error:
                tally.refused.append(self.run.refused(row.number, error, "external_id"))
                continue
            made.append(row._replace(values=row.values | {"email": address}))
        taken = known(conn, contact.c.email_key, (fold(row.values["email"]) for row in made), contact.c.id)
        claimed: set[str] = set()
        good: list[Parsed] = []
        for row in made:
            key = fold(row.values["email"])
            if key in taken or key in claimed:
                tally.refused.append(
                    self.run.refused(row.number, AddressOfAnother(email=row.values["email"]), "external_id")
                )
                continue
            claimed.add(key)
            good.append(row)
        return good


def _is_same(field: str, was: Any, value: Any) -> bool:
    """Whether the value is no news. The same address in another case is no other address."""
    return was == value or (field == "email" and bool(was and value) and fold(was) == fold(value))


class _Others(NamedTuple):
    """The rows that went into the one after them."""

    numbers: list[int]
    #: how many rows of the group said something else than those before them
    steps: int


def _merged(rows: Sequence[Parsed]) -> tuple[list[Parsed], dict[int, _Others]]:
    """The rows, those of one group as one row with the number of the last, which overrules; and what went into it."""
    merged: list[Parsed] = []
    others: dict[int, _Others] = {}
    for _group, members in groupby(rows, key=lambda row: row.group or row.number):
        first, *later = members
        if not later:
            merged.append(first)
            continue
        values, steps = dict(first.values), 0
        for row in later:
            said = dict(row.values)
            if "tags" in values and "tags" in said:
                # tags are given, never taken
                said["tags"] = list(dict.fromkeys([*values["tags"], *said["tags"]]))
            news = {name: value for name, value in said.items() if not _is_same(name, values.get(name), value)}
            values |= news
            steps += bool(news)
        merged.append(later[-1]._replace(values=values))
        others[later[-1].number] = _Others([row.number for row in (first, *later[:-1])], steps)
    return merged, others
