"""What a template may speak of.

| name | what |
|---|---|
| `contact` | `first_name`, `last_name`, `email`, `phone`, `language`, `time_zone`, `external_id`, and every attribute of the workspace as `contact.attr.KEY`, or `contact.KEY` where no column has the name; without a value it is empty |
| `contract` | the contract that the trigger matched: `product.key`, `product.name`, `product.category`, `product.price`, `offer.name`, `offer.price`, `start_on`, `end_on`, `duration_days`, `recurring_now`, `recurring_initially` |
| `purchase` | the purchase it is about: `order_id`, `at`, `total`, `lines` of `product.name`, `quantity`, `amount` |
| `product` | the product it is about, or that of its contract: `key`, `name`, `category`, `price`, `stock`; where a change of it let the contact in, `old_price` and `new_price`, `old_stock` and `new_stock` as they were then |
| `event` | the event that let the contact in: `kind`, `at`, `data.FIELD` |
| `code` | the code this passage had taken last when the message was made: `value`, `worth`, `valid_until` (ISO day; empty: for good) |
| `feed` | the row of a feed that it is about: its fields as they are now |
| `subject` | whichever of the five the passage is about |
| `links` | `unsubscribe`, `join`, `decline`; `nps(score)`, `reason(key)`, `click(url)` |
| `sender` | `name`, `email`, `reply_to`, `address` (postal) |
| `journey`, `why`, `today`, `marketing` | name of the journey · why the person gets this mail, a sentence · the contact's calendar day (ISO) · whether this mail needs an unsubscribe |

Of `contract`, `purchase`, `product`, `event`, `feed` and `code`, those that this passage does not have are empty, so that `{% if contract %}`
works. Filters: `date`, `time`, `money`, `number`, `default`, `title` and the harmless ones of Jinja; see `journeys.messages.filters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.time import Instant, day_of
from journeys.messages.links import LinkMaker
from journeys.messages.values import Facts, Money

#: the names a context gives
NAMES = frozenset(
    [
        "contact",
        "contract",
        "purchase",
        "product",
        "event",
        "code",
        "feed",
        "subject",
        "links",
        "sender",
        "journey",
        "why",
        "today",
        "marketing",
    ]
)
_PRODUCT = frozenset(("key", "name", "category", "price", "currency", "stock"))
_OFFER = frozenset(("key", "name", "price", "currency", "duration_days"))
#: what can be read of things, where that does not depend on the workspace
PARTS: Mapping[str, frozenset[str]] = {
    "links": frozenset(("unsubscribe", "nps", "reason", "click", "join", "decline")),
    "sender": frozenset(("name", "email", "reply_to", "address")),
    "event": frozenset(("kind", "at", "data")),
    "code": frozenset(("value", "worth", "valid_until")),
    "contract": frozenset(
        ("product", "offer", "start_on", "end_on", "duration_days", "recurring_now", "recurring_initially")
    ),
    "contract.product": _PRODUCT,
    "contract.offer": _OFFER,
    "purchase": frozenset(("order_id", "at", "total", "currency", "lines")),
    "product": _PRODUCT | {"old_price", "new_price", "old_stock", "new_stock"},
}
CONTACT_COLUMNS = ("first_name", "last_name", "email", "phone", "language", "time_zone", "external_id")
SUBJECTS = ("contract", "purchase", "product", "event", "feed")

_MONEY = frozenset(("total", "price", "amount", "old_price", "new_price"))


@dataclass(frozen=True, slots=True)
class Sender:
    """The identity a mail comes from."""

    email: str
    name: str = ""
    reply_to: str = ""
    #: postal address for the footer, one line
    address: str = ""
    #: domain of Message-IDs; empty: that of `email`
    domain: str = ""
    #: the mailbox that bounces go to; empty: none
    return_path: str = ""
    #: whether the return path may name the message
    verp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Plain data of whom and what a passage is about; read at hand-over, so that it is current.

    `contact` holds columns and, under `attributes`, the attributes that have a value. `attribute_keys` names all that
    the workspace knows, so that a missing value is empty and a mistyped name is an error. `subject_kind` says which of
    `contract`, `purchase`, `product`, `event` and `feed` the passage is about; these are mappings with the columns of the
    row, `product` and `offer` nested, money in minor units beside a `currency`; `feed` with the fields of its row. `zone` is the contact's time zone, or the
    workspace's for a contact without one; `at` the moment of rendering.
    """

    contact: Mapping[str, Any]
    at: Instant
    zone: ZoneInfo
    attribute_keys: frozenset[str] = frozenset()
    subject_kind: str | None = None
    contract: Mapping[str, Any] | None = None
    purchase: Mapping[str, Any] | None = None
    product: Mapping[str, Any] | None = None
    event: Mapping[str, Any] | None = None
    #: `value`, `worth` and `valid_until`
    code: Mapping[str, Any] | None = None
    feed: Mapping[str, Any] | None = None
    journey: str = ""
    #: language for words, dates and numbers where neither template nor contact has one
    language: str = "en"

    def facts(self) -> dict[str, Any]:
        """The names and values that mails and webhooks see alike."""
        subjects = {kind: _subject(kind, getattr(self, kind)) for kind in SUBJECTS}
        return {
            **subjects,
            "code": None if self.code is None else Facts(self.code),
            "contact": _contact(self.contact, self.attribute_keys),
            "subject": subjects.get(self.subject_kind or ""),
            "journey": self.journey,
            "today": day_of(self.at, self.zone).isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Matter):
    """Plain data from which one mail is rendered."""

    links: LinkMaker
    sender: Sender
    why: str = ""
    marketing: bool = True

    def names(self) -> dict[str, Any]:
        """The names and values a template sees."""
        return {
            **self.facts(),
            "links": _links(self.links),
            "sender": Facts(
                {
                    "name": self.sender.name,
                    "email": self.sender.email,
                    "reply_to": self.sender.reply_to or self.sender.email,
                    "address": self.sender.address,
                }
            ),
            "why": self.why,
            "marketing": self.marketing,
        }


def _contact(contact: Mapping[str, Any], keys: Iterable[str]) -> Facts:
    given = contact.get("attributes") or {}
    attributes = {key: given.get(key) for key in {*keys, *given}}
    columns = {name: contact.get(name) for name in CONTACT_COLUMNS}
    return Facts({**attributes, **columns, "attr": Facts(attributes)})


def _subject(kind: str, row: Mapping[str, Any] | None) -> Facts | None:
    if row is None:
        return None
    if kind == "event":
        return Facts({**row, "data": Facts(row.get("data") or {}, open=True)})
    if kind == "feed":
        # what comes from outside: a field that is missing has no value
        return Facts(row, open=True)
    return Facts(_with_money(_whole(kind, row), row.get("currency")))


def _whole(path: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with every part that a template may ask for; what the row does not say is empty."""
    made = {**dict.fromkeys(PARTS[path]), **row}
    for part, value in made.items():
        if isinstance(value, Mapping) and f"{path}.{part}" in PARTS:
            made[part] = _whole(f"{path}.{part}", value)
    return made


def _with_money(row: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    """Amounts beside a currency become money; a line of a purchase has the purchase's currency."""
    currency = row.get("currency") or currency
    made: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            made[name] = _with_money(value, currency)
        elif isinstance(value, list | tuple):
            made[name] = [_with_money(item, currency) if isinstance(item, Mapping) else item for item in value]
        elif name in _MONEY and isinstance(value, int) and currency:
            made[name] = Money(value, currency)
        else:
            made[name] = value
    return made


def _links(links: LinkMaker) -> Facts:
    # signed once although HTML and text both show them: signing is a third of a rendering with 11 scores
    return Facts(
        {
            "unsubscribe": links.unsubscribe(),
            "nps": cache(links.nps),
            "reason": cache(links.reason),
            "click": cache(links.click),
            "join": links.join() if links.programme else None,
            "decline": links.decline() if links.programme else None,
        }
    )
