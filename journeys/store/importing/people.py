"""Whom a row is about: found by external id, then by e-mail address, and added where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from journeys.base.errors import KanwaError
from journeys.base.text import fold
from journeys.store.contacts import Door, PersonErased, add
from journeys.store.fields import BadField
from journeys.store.importing.errors import AddressOfAnother, BadTemplate, ContactNotFound, NoContactNamed
from journeys.store.importing.kind import Parsed, Run, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.report import Tally
from journeys.store.importing.values import Reading
from journeys.store.suppression import suppressed
from journeys.store.tables import contact

CUSTOMER_WORDS = field_words(
    "external id, customer id, customer number, client id, customer, client, user id, contact id, member id, "
    "id klienta, numer klienta, nr klienta, klient, identyfikator klienta, identyfikator, id kontaktu, kontakt"
)
EMAIL_WORDS = field_words(
    "e mail, mail, email address, e mail address, mail address, adres e mail, adres email, adres mailowy, "
    "adres poczty elektronicznej, poczta, poczta elektroniczna, customer email, email klienta, e mail klienta"
)


def _customer(text: str, _reading: Reading) -> str:
    return _stored("external_id", text)


def _email(text: str, _reading: Reading) -> str:
    return _stored("email", text)


# rows of one customer mostly stand together
@lru_cache(maxsize=5_000)
def _stored(column: str, text: str) -> str:
    value: str = Door({}, "").value(column, text)
    return value


#: the fields by which rows of every kind but contacts name their contact
WHO = (Field("customer", CUSTOMER_WORDS, _customer), Field("email", EMAIL_WORDS, _email))


def check_named(values: dict[str, Any]) -> None:
    """Raises NoContactNamed for a row with neither customer nor e-mail."""
    if "customer" not in values and "email" not in values:
        raise NoContactNamed(column="customer")


def made_address(template: str, customer: str) -> str:
    """The address that the template makes for a customer. Raises BadField where that is none."""
    return _stored("email", template.replace("{customer}", customer))


def check_template(template: str) -> None:
    """Raises BadTemplate unless it makes another address for every customer."""
    try:
        if "{customer}" not in template:
            raise BadTemplate(template=template)
        made_address(template, "1")
    except BadField as error:
        raise BadTemplate(template=template) from error


def with_contacts(run: Run, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> Iterator[tuple[Parsed, int]]:
    """The rows with the id of the contact each is about. Rows about nobody are refused."""
    by_customer = known(
        conn,
        contact.c.external_id,
        (row.values["customer"] for row in rows if "customer" in row.values),
        contact.c.id,
    )
    by_email = known(
        conn,
        contact.c.email_key,
        (fold(row.values["email"]) for row in rows if "email" in row.values),
        contact.c.id,
    )
    customers = {key: int(row.id) for key, row in by_customer.items()}
    emails = {key: int(row.id) for key, row in by_email.items()}

    def find(values: dict[str, Any]) -> int | None:
        found = customers.get(values.get("customer", ""))
        return emails.get(fold(values.get("email", ""))) if found is None else found

    if run.options.create_contacts:
        missing = [row for row in rows if find(row.values) is None]
        _create(run, conn, missing, customers, emails, tally)
    for row in rows:
        found = find(row.values)
        if found is not None:
            yield row, found
        elif not run.options.create_contacts:
            said = row.values.get("customer") or row.values["email"]
            field = "customer" if "customer" in row.values else "email"
            tally.refused.append(run.refused(row.number, ContactNotFound(value=said), field))


def _create(
    run: Run,
    conn: Connection,
    rows: Sequence[Parsed],
    customers: dict[str, int],
    emails: dict[str, int],
    tally: Tally,
) -> None:
    """Add the contacts that the rows name, each once; the rows of those who cannot be added are refused."""
    problems: dict[int, KanwaError] = {}
    made: dict[int, str] = {}
    template = run.options.address_template
    for row in rows:
        if "email" in row.values:
            made[row.number] = row.values["email"]
        elif template:
            try:
                made[row.number] = made_address(template, row.values["customer"])
            except BadField as error:
                problems[row.number] = error
    taken = known(conn, contact.c.email_key, {fold(email) for email in made.values()}, contact.c.id)
    gone = suppressed(conn, "email", set(made.values()))
    new: list[dict[str, str]] = []
    places: dict[tuple[str, str], int] = {}
    for row in rows:
        customer, email = row.values.get("customer", ""), made.get(row.number, "")
        if row.number in problems or (customer and ("c", customer) in places):
            continue
        if not customer and ("e", fold(email)) in places:
            continue
        if email and (fold(email) in taken or ("e", fold(email)) in places):
            problems[row.number] = AddressOfAnother(email=email)
        elif gone.get(email) == "erased":
            problems[row.number] = PersonErased(email=email)
        else:
            if customer:
                places["c", customer] = len(new)
            if email:
                places["e", fold(email)] = len(new)
            new.append({"external_id": customer, "email": email})
    options = run.options
    ids = add(conn, new, now=run.now, source=options.source, quiet=options.quiet, import_batch=run.batch)
    tally.contacts_added += len(ids)
    for (sort, key), place in places.items():
        (customers if sort == "c" else emails)[key] = ids[place]
    for row in rows:
        refusal = problems.get(row.number)
        if refusal is not None:
            tally.refused.append(run.refused(row.number, refusal, "email" if "email" in row.values else "customer"))
