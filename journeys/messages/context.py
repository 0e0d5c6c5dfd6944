"""What a template may speak of.

| name | what |
|---|---|
| `contact` | `first_name`, `last_name`, `email`, `phone`, `language`, `time_zone`, `external_id`, and every attribute of the workspace as `contact.attr.KEY`, or `contact.KEY` where no column has the name; without a value it is empty |
| `contract` | the contract that the trigger matched: `product.key`, `product.name`, `product.category`, `product.price`, `offer.name`, `offer.price`, `start_on`, `end_on`, `duration_days`, `recurring_now`, `recurring_initially` |
| `purchase` | the purchase it is about: `order_id`, `at`, `total`, `lines` of `product.name`, `quantity`, `amount` |
| `product` | the product it is about |
| `event` | the event that let the contact in: `kind`, `at`, `data.FIELD` |
| `subject` | whichever of the four the passage is about |
| `links` | `unsubscribe`, `join`, `decline`; `nps(score)`, `reason(key)`, `click(url)` |
| `sender` | `name`, `email`, `reply_to`, `address` (postal) |
| `journey`, `why`, `today`, `marketing` | name of the journey · why the person gets this mail, a sentence · the contact's calendar day (ISO) · whether this mail needs an unsubscribe |

Of `contract`, `purchase`, `product` and `event`, those that this passage does not have are empty, so that `{% if contract %}`
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
        "subject",
        "links",
        "sender",
        "journey",
        "why",
        "today",
        "marketing",
    ]
)
_PRODUCT = frozenset(("key", "name", "category", "price", "currency"))
_OFFER = frozenset(("key", "name", "price", "currency", "duration_days"))
#: what can be read of things, where that does not depend on the workspace
PARTS: Mapping[str, frozenset[str]] = {
    "links": frozenset(("unsubscribe", "nps", "reason", "click", "join", "decline")),
    "sender": frozenset(("name", "email", "reply_to", "address")),
    "event": frozenset(("kind", "at", "data")),
    "contract": frozenset(
        ("product", "offer", "start_on", "end_on", "duration_days", "recurring_now", "recurring_initially")
    ),
    "contract.product": _PRODUCT,
    "contract.offer": _OFFER,
    "purchase": frozenset(("order_id", "at", "total", "currency", "lines")),
    "product": _PRODUCT,
}
CONTACT_COLUMNS = ("first_name", "last_name", "email", "phone", "language", "time_zone", "external_id")
SUBJECTS = ("contract", "purchase", "product", "event")

_MONEY = frozenset(("total", "price", "amount"))


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


@dataclass(frozen=True, slots=True)
class Context:
    """Plain data from which one mail is rendered; read at hand-over, so that it is current.

    `contact` holds columns and, under `attributes`, the attributes that have a value. `attribute_keys` names all that
    the workspace knows, so that a missing value is empty and a mistyped name is an error. `subject_kind` says which of
    `contract`, `purchase`, `product` and `event` the passage is about; these are mappings with the columns of the row,
    `product` and `offer` nested, money in minor units beside a `currency`. `zone` is the contact's time zone, or the
    workspace's for a contact without one; `at` the moment of rendering.
    """

    contact: Mapping[str, Any]
    links: LinkMaker
    sender: Sender
    at: Instant
    zone: ZoneInfo
    attribute_keys: frozenset[str] = frozenset()
    subject_kind: str | None = None
    contract: Mapping[str, Any] | None = None
    purchase: Mapping[str, Any] | None = None
    product: Mapping[str, Any] | None = None
    event: Mapping[str, Any] | None = None
    journey: str = ""
    why: str = ""
    marketing: bool = True
    #: language for words, dates and numbers where neither template nor contact has one
    language: str = "en"

    def names(self) -> dict[str, Any]:
        """The names and values a template sees."""
        subjects = {kind: _subject(kind, getattr(self, kind)) for kind in SUBJECTS}
        return {
            **subjects,
            "contact": _contact(self.contact, self.attribute_keys),
            "subject": subjects.get(self.subject_kind or ""),
            "links": _links(self.links),
            "sender": Facts(
                {
                    "name": self.sender.name,
                    "email": self.sender.email,
                    "reply_to": self.sender.reply_to or self.sender.email,
                    "address": self.sender.address,
                }
            ),
            "journey": self.journey,
            "why": self.why,
            "today": day_of(self.at, self.zone).isoformat(),
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
