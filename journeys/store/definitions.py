"""What people define once and then speak of by its key: tags, purposes, programmes, surveys, funnels, segments, senders,
accounts, products.

A key is a slug that never changes; defining a key again changes the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_
from journeys.store.dialect import upsert
from journeys.store.fields import checked_channel, checked_slug, email_address, validate_text
from journeys.store.tables import (
    account,
    contact_stage,
    funnel,
    product,
    programme,
    purpose,
    segment,
    sender,
    stage,
    survey,
    tag,
)

#: characters of a label
MOST_LABEL = 200


class UnknownAccount(UsageError):
    """An account that was not defined."""

    text = N_("There is no account “{account}”.{suggestion}")


class StageInUse(UsageError):
    """A stage that is to go while contacts stand on it."""

    text = N_("The stage “{stage}” of “{funnel}” cannot go: contacts stand on it ({contacts}). Move them first.")


class TooFewStages(UsageError):
    """A funnel without stages."""

    text = N_("The funnel “{funnel}” names no stages. Give at least one.")


class DuplicateStage(UsageError):
    """A stage that is named twice."""

    text = N_("The funnel “{funnel}” names the stage “{stage}” twice.")


class SecretInSettings(UsageError):
    """A password among the settings of an account."""

    text = N_(
        "The settings of account “{account}” hold a “{name}”. Passwords are kept in the keyring, not in the store."
    )


class EmptyKey(UsageError):
    """A product without a key."""

    text = N_("A product needs a key, such as its article number.")


class NegativePrice(UsageError):
    """A price below nothing."""

    text = N_("The price of “{product}” is {price}. A price is not below 0.")


class BadCurrency(UsageError):
    """Not a currency code."""

    text = N_("“{currency}” is not a currency. Write it as three letters, such as PLN.")


def define_tag(conn: Connection, key: str, *, label: str = "") -> None:
    """A tag. Raises BadKey or TooLong, as all of these do."""
    _define(conn, tag, key, what="tag", example="newsletter-2026", label=label)


def define_purpose(conn: Connection, key: str, *, label: str = "") -> None:
    """A purpose that people give consent for."""
    _define(conn, purpose, key, what="purpose", example="newsletter", label=label)


def define_programme(conn: Connection, key: str, *, label: str = "") -> None:
    """A loyalty programme."""
    _define(conn, programme, key, what="programme", example="club", label=label)


def define_survey(
    conn: Connection, key: str, *, label: str = "", kind: str = "nps", reasons: Iterable[str] = ()
) -> None:
    """A survey, with the reasons that people may pick."""
    cleaned = (validate_text(reason, field="reasons", most=MOST_LABEL) for reason in reasons)
    listed = list(dict.fromkeys(reason for reason in cleaned if reason))
    _define(conn, survey, key, what="survey", example="after-delivery", label=label, kind=kind, reasons=listed)


def define_funnel(conn: Connection, key: str, stages: Sequence[tuple[str, str]], *, label: str = "") -> None:
    """A funnel with its stages in order, as (key, label). Raises TooFewStages, DuplicateStage or StageInUse too."""
    keys = [checked_slug(stage_key, what="stage", example="qualified") for stage_key, _ in stages]
    if not keys:
        raise TooFewStages(funnel=key)
    if twice := next((one for one in keys if keys.count(one) > 1), None):
        raise DuplicateStage(funnel=key, stage=twice)
    _define(conn, funnel, key, what="funnel", example="sales", label=label)
    standing = conn.execute(
        select(contact_stage.c.stage, func.count().label("contacts"))
        .where(contact_stage.c.funnel == key, contact_stage.c.stage.not_in(keys))
        .group_by(contact_stage.c.stage)
        .order_by(contact_stage.c.stage)
    ).first()
    if standing is not None:
        raise StageInUse(funnel=key, stage=standing.stage, contacts=standing.contacts)
    conn.execute(delete(stage).where(stage.c.funnel == key))
    conn.execute(
        stage.insert(),
        [
            {"funnel": key, "key": stage_key, "label": _label(text, stage_key), "n": n}
            for n, (stage_key, text) in enumerate(stages)
        ],
    )


def define_segment(conn: Connection, key: str, criterion: Mapping[str, Any], *, label: str = "") -> None:
    """A segment: a criterion (its JSON, checked by whoever made it) under a name.

    A segment whose criterion really changes is worked out anew when it is next used, and silently: `computed_at` is
    emptied.
    """
    before = conn.execute(select(segment.c.criterion).where(segment.c.key == key)).scalar_one_or_none()
    again: dict[str, Any] = {} if before == dict(criterion) else {"computed_at": None}
    _define(conn, segment, key, what="segment", example="lapsed", label=label, criterion=dict(criterion), **again)


def has_account(conn: Connection) -> bool:
    """Whether real mail goes, or has gone, out of this store: no account is ever taken away."""
    return conn.execute(select(account.c.key).limit(1)).first() is not None


def define_account(conn: Connection, key: str, *, channel: str, settings: Mapping[str, Any]) -> None:
    """An account: a way out for one channel. Raises SecretInSettings, UnknownChannel."""
    for name in settings:
        if name in ("password", "secret", "token", "api_key"):
            raise SecretInSettings(account=key, name=name)
    _upsert(
        conn,
        account,
        key=checked_slug(key, what="account", example="shop-mail"),
        channel=checked_channel(channel),
        settings=dict(settings),
    )


def define_sender(
    conn: Connection,
    key: str,
    *,
    from_name: str,
    from_address: str,
    account_key: str | None = None,
    reply_to: str | None = None,
    postal_address: str = "",
) -> None:
    """The identity that messages come from. Raises BadAddress, UnknownAccount, LineBreak."""
    if account_key is not None:
        known = set(conn.execute(select(account.c.key)).scalars())
        if account_key not in known:
            raise UnknownAccount(account=account_key, suggestion=suggestion(account_key, known))
    _upsert(
        conn,
        sender,
        key=checked_slug(key, what="sender", example="shop"),
        account=account_key,
        from_name=validate_text(from_name, field="from_name", most=MOST_LABEL, one_line=True) or "",
        from_address=email_address(from_address),
        reply_to=email_address(reply_to) if reply_to else None,
        postal_address=validate_text(postal_address, field="postal_address", most=1_000) or "",
    )


def sign_sender(conn: Connection, key: str, *, domain: str, selector: str) -> str:
    """Have the mail of a sender signed for a domain; returns the domain as it stands in signatures. Raises BadAddress."""
    name = email_address(f"x@{domain}").partition("@")[2]
    conn.execute(update(sender).where(sender.c.key == key).values(dkim_domain=name, dkim_selector=selector))
    return name


def define_product(
    conn: Connection,
    key: str,
    *,
    name: str,
    category: str | None = None,
    price: int | None = None,
    currency: str | None = None,
    stock: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """A product; `price` in minor units of `currency`, `stock` in pieces. Raises NegativePrice, BadCurrency.

    Leaves no product event: products that journeys are to react to come by import.
    """
    if price is not None and price < 0:
        raise NegativePrice(product=key, price=price)
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise BadCurrency(currency=currency[:20])
    _upsert(
        conn,
        product,
        key=_product_key(key),
        name=validate_text(name, field="name", most=MOST_LABEL) or key,
        category=validate_text(category, field="category", most=MOST_LABEL) if category else None,
        price=price,
        currency=currency.upper() if currency else None,
        stock=stock,
        data=dict(data or {}),
    )


def _product_key(key: str) -> str:
    # a shop's own article number, which is no slug
    cleaned = validate_text(key, field="key", most=MOST_LABEL, one_line=True)
    if cleaned is None:
        raise EmptyKey()
    return cleaned


def _define(conn: Connection, table: Table, key: str, *, what: str, example: str, label: str, **columns: Any) -> None:
    checked_slug(key, what=what, example=example)
    _upsert(conn, table, key=key, label=_label(label, key), **columns)


def _label(label: str, key: str) -> str:
    return validate_text(label, field="label", most=MOST_LABEL, one_line=True) or key


def _upsert(conn: Connection, table: Table, **columns: Any) -> None:
    statement = upsert(conn, table).values(**columns)
    changed = {name: statement.excluded[name] for name in columns if name != "key"}
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
