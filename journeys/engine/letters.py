"""Letters: from claimed messages to mails and calls, rendered from current data and from the row that matched."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, select

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, words_in
from journeys.base.time import Instant, day_of, zone_of
from journeys.channels.channel import Mail, Request
from journeys.engine.deliver import Letter, Unwritable
from journeys.engine.outbox import Claimed
from journeys.engine.plan import Plans
from journeys.engine.senders import Senders, read_senders
from journeys.messages.context import Context, Matter, Sender
from journeys.messages.filters import day_in
from journeys.messages.links import LinkKeys, LinkMaker
from journeys.messages.mime import MailHeaders, Skeleton
from journeys.messages.rendering import Renderers
from journeys.messages.request import Body
from journeys.messages.template import Template, from_json
from journeys.messages.verp import return_path
from journeys.nodes.webhook import Webhook
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.codes import FOR_GOOD

STORE_ID = "store_id"


class NoStoredTemplate(KanwaError):
    """A version that was published without a template it sends."""

    text = N_("The message “{template}” was not there when version {number} was published. Publish the journey again.")


def store_id(conn: Connection) -> str:
    """The id of the store, made at the first need; `conn` must be one that writes the first time."""
    made = settings.get(conn, STORE_ID)
    if made is None:
        made = secrets.token_hex(12)
        settings.put(conn, STORE_ID, made)
    return str(made)


@dataclass(frozen=True, slots=True)
class _Lot:
    """What the letters of one lot are written from, each table read once."""

    contacts: Mapping[int, Mapping[str, Any]]
    enrollments: Mapping[int, Mapping[str, Any]]
    contracts: Mapping[int, dict[str, Any]]
    purchases: Mapping[int, dict[str, Any]]
    #: by the product event that the passage is about
    products: Mapping[int, dict[str, Any]]
    feed_rows: Mapping[int, Mapping[str, Any]]
    events: Mapping[int, Mapping[str, Any]]
    codes: Mapping[int, Mapping[str, Any]]
    senders: Senders
    purposes: Mapping[str, str]
    #: (contact, purpose) → when consent by e-mail was given
    consents: Mapping[tuple[int, str], Instant]
    attribute_keys: frozenset[str]
    zone: ZoneInfo
    store: str


class LetterWriter:
    """Writes letters. Thread-safe; keeps compiled templates by version."""

    def __init__(self, plans: Plans, keys: LinkKeys, *, renderers: Renderers | None = None) -> None:
        self._plans = plans
        self._keys = keys
        self._renderers = renderers or Renderers()
        self._skeleton: Callable[[int, str], Skeleton] = lru_cache(maxsize=200)(self._make_skeleton)
        self._templates: dict[tuple[int, str], Template] = {}
        self._bodies: dict[tuple[int, str], Body] = {}

    def write(self, conn: Connection, messages: Sequence[Claimed], *, now: Instant) -> dict[int, Letter | Unwritable]:
        """The letter of each message; a message that cannot be written gets the sentence why."""
        lot = _read(conn, messages)
        letters: dict[int, Letter | Unwritable] = {}
        for message in messages:
            try:
                letters[message.id] = self._letter(conn, lot, message, now=now)
            except KanwaError as problem:
                letters[message.id] = Unwritable(str(problem))
        return letters

    def _letter(self, conn: Connection, lot: _Lot, message: Claimed, *, now: Instant) -> Letter:
        if message.channel == "webhook":
            return self._call(conn, lot, message, now=now)
        template = self._template(conn, message)
        renderer = self._renderers.get(message.version, message.template, lambda: template)
        sender_key = lot.senders.named(message.sender)
        sender = lot.senders.by_key[sender_key]
        context = self._context(conn, lot, message, template, sender, now=now)
        rendered = renderer.render(context)
        headers = MailHeaders.of(context, rendered.subject, store=lot.store)
        content = self._skeleton(message.version, message.template).mail(headers, rendered.html, rendered.text)
        bounces_to = return_path(sender.return_path, message.id, self._keys) if sender.verp else sender.return_path
        return Letter(
            mail=Mail(message.id, bounces_to, message.address, content, sender=sender_key),
            rfc_id=headers.message_id,
            programme=template.programme,
        )

    def _call(self, conn: Connection, lot: _Lot, message: Claimed, *, now: Instant) -> Letter:
        plan = self._plans.get(conn, message.version)
        settings_ = plan.steps[message.node].node
        assert isinstance(settings_, Webhook)
        body = self._bodies.get((message.version, message.node))
        if body is None and settings_.body:
            body = self._bodies[message.version, message.node] = Body(
                settings_, plan.titles[message.node] or message.node
            )
        # of the stay and not of the try, so that the other side knows a call made again
        key = f"{lot.store}-{message.enrollment}-{message.visit}"
        call = Request(
            message_id=message.id,
            url=settings_.url,
            method=settings_.method,
            content_type=settings_.content_type,
            content=body.render(Matter(**self._matter(conn, lot, message, now=now))) if body is not None else b"",
            idempotency_key=key,
            secret=settings_.secret or "",
            private_addresses=settings_.private_addresses,
        )
        return Letter(mail=call, rfc_id=key)

    def _template(self, conn: Connection, message: Claimed) -> Template:
        key = message.version, message.template
        if key not in self._templates:
            stored = conn.execute(
                select(t.template.c.source).where(t.template.c.version == key[0], t.template.c.key == key[1])
            ).scalar_one_or_none()
            if stored is None:
                number = self._plans.get(conn, message.version).number
                raise NoStoredTemplate(template=message.template, number=number)
            self._templates[key] = from_json(stored)
        return self._templates[key]

    def _make_skeleton(self, version: int, template: str) -> Skeleton:
        return Skeleton.make(self._templates[version, template])

    def _context(
        self, conn: Connection, lot: _Lot, message: Claimed, template: Template, sender: Sender, *, now: Instant
    ) -> Context:
        contact = lot.contacts[message.contact]
        language = template.language or contact["language"] or ""
        return Context(
            **self._matter(conn, lot, message, now=now),
            links=LinkMaker(
                keys=self._keys,
                message=message.id,
                at=message.made_at,
                answers=sender.reply_to or sender.email,
                survey=template.survey,
                programme=template.programme,
                language=language,
            ),
            sender=sender,
            why=_why(lot, message, language) if message.message_class == "marketing" else "",
            marketing=message.message_class == "marketing",
        )

    def _matter(self, conn: Connection, lot: _Lot, message: Claimed, *, now: Instant) -> dict[str, Any]:
        """Whom and what the passage is about, as the fields of `Matter`."""
        contact = lot.contacts[message.contact]
        enrollment = lot.enrollments[message.enrollment]
        subject_kind, subject_id = enrollment["subject_kind"], enrollment["subject_id"]
        contract = lot.contracts.get(subject_id) if subject_kind == "contract" else None
        return {
            # the mail names whom the claim looked at: address and consent belong together
            "contact": {**contact, "email": message.address or None},
            "at": now,
            "zone": zone_of(contact["time_zone"], lot.zone),
            "attribute_keys": lot.attribute_keys,
            "subject_kind": subject_kind,
            "contract": contract,
            "product": contract["product"]
            if contract is not None
            else lot.products.get(subject_id)
            if subject_kind == "product"
            else None,
            "feed": lot.feed_rows.get(subject_id) if subject_kind == "feed" else None,
            "purchase": lot.purchases.get(subject_id) if subject_kind == "purchase" else None,
            # a day that an event carries brings in without an event of its own
            "event": lot.events.get(subject_id if subject_kind == "event" else enrollment["since_event"]),
            "code": lot.codes.get(message.code) if message.code is not None else None,
            "journey": self._plans.get(conn, message.version).name,
        }


def _why(lot: _Lot, message: Claimed, language: str) -> str:
    """Why the person gets this mail, in a sentence of their language.

    The day is the workspace's: one that came without a time of day began there, and is the day before further west.
    """
    given_at = lot.consents.get((message.contact, message.purpose))
    if given_at is None:
        return ""
    say = words_in(language)
    return say(N_("You get this mail because you agreed to “{purpose}” on {day}.")).format(
        purpose=lot.purposes.get(message.purpose, message.purpose), day=day_in(language, day_of(given_at, lot.zone))
    )


def _read(conn: Connection, messages: Sequence[Claimed]) -> _Lot:
    contacts = _by_id(conn, t.contact, {message.contact for message in messages})
    enrollments = _by_id(conn, t.enrollment, {message.enrollment for message in messages})
    subjects: dict[str, set[int]] = {}
    for row in enrollments.values():
        if row["subject_kind"] and row["subject_id"] is not None:
            subjects.setdefault(row["subject_kind"], set()).add(row["subject_id"])
    since = {row["since_event"] for row in enrollments.values() if row["since_event"] is not None}
    since |= subjects.get("event", set())
    consents = conn.execute(
        select(t.consent_now.c.contact, t.consent_now.c.purpose, t.consent_now.c.at).where(
            t.consent_now.c.contact.in_(list(contacts)), t.consent_now.c.channel == "email", t.consent_now.c.given
        )
    )
    return _Lot(
        contacts=contacts,
        enrollments=enrollments,
        contracts=_contracts(conn, subjects.get("contract", set())),
        purchases=_purchases(conn, subjects.get("purchase", set())),
        products=_changed_products(conn, subjects.get("product", set())),
        feed_rows={id_: row["data"] for id_, row in _by_id(conn, t.feed_row, subjects.get("feed", set())).items()},
        events=_by_id(conn, t.event, since),
        codes=_codes(conn, {message.code for message in messages if message.code is not None}),
        senders=read_senders(conn),
        purposes={row.key: row.label for row in conn.execute(select(t.purpose))},
        consents={(row.contact, row.purpose): Instant(row.at) for row in consents},
        attribute_keys=frozenset(conn.execute(select(t.attribute.c.key)).scalars()),
        zone=settings.workspace_zone(conn),
        store=store_id(conn),
    )


def _by_id(conn: Connection, table: Table, ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    rows = conn.execute(select(table).where(table.c.id.in_(sorted(ids)))).mappings()
    return {row["id"]: dict(row) for row in rows}


def _contracts(conn: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    rows = {id_: dict(row) for id_, row in _by_id(conn, t.contract, ids).items()}
    products = _products(conn, {row["product"] for row in rows.values()})
    offers = {
        row["key"]: dict(row)
        for row in conn.execute(
            select(t.offer).where(t.offer.c.key.in_([row["offer"] for row in rows.values() if row["offer"]]))
        ).mappings()
    }
    for row in rows.values():
        row["product"] = products[row["product"]]
        row["offer"] = offers.get(row["offer"])
    return rows


def _purchases(conn: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    rows = {id_: dict(row) | {"lines": []} for id_, row in _by_id(conn, t.purchase, ids).items()}
    lines = [
        dict(row)
        for row in conn.execute(
            select(t.purchase_line)
            .where(t.purchase_line.c.purchase.in_(sorted(ids)))
            .order_by(t.purchase_line.c.purchase, t.purchase_line.c.n)
        ).mappings()
    ]
    products = _products(conn, {line["product"] for line in lines if line["product"]})
    for line in lines:
        rows[line["purchase"]]["lines"].append(line | {"product": products.get(line["product"])})
    return rows


def _codes(conn: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    return {
        id_: {
            "value": row["value"],
            "worth": row["worth"],
            "valid_until": None if row["valid_until_on"] == FOR_GOOD else row["valid_until_on"],
        }
        for id_, row in _by_id(conn, t.code, ids).items()
    }


def _changed_products(conn: Connection, ids: set[int]) -> dict[int, dict[str, Any]]:
    """By what happened to each: the product as it is now, with what changed as it was then."""
    if not ids:
        return {}
    events = _by_id(conn, t.product_event, ids)
    products = _products(conn, {row["product"] for row in events.values()})
    made = {}
    for id_, event in events.items():
        # its row may have gone since
        product: dict[str, Any] = dict(products.get(event["product"], {"key": event["product"]}))
        if event["kind"] == "stock":
            product |= {"old_stock": event["old"], "new_stock": event["new"]}
        elif event["kind"] == "price" and event["currency"] == product.get("currency"):
            product |= {"old_price": event["old"], "new_price": event["new"]}
        made[id_] = product
    return made


def _products(conn: Connection, keys: set[str]) -> dict[str, dict[str, Any]]:
    rows = conn.execute(select(t.product).where(t.product.c.key.in_(sorted(keys)))).mappings()
    return {row["key"]: dict(row) for row in rows}
