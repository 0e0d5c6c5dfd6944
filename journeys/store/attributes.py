"""The registry of attributes: which ones contacts may have, and of what type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

from sqlalchemy import Connection, select

from journeys.base.catalogue import AttributeEntry, AttributeType
from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_
from journeys.store.dialect import upsert
from journeys.store.fields import COLUMNS, validate_text
from journeys.store.tables import attribute

#: underscores, unlike other keys: a template says {{ contact.birth_date }}
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,99}")
_RESERVED = frozenset(COLUMNS) | {"id", "draw", "created_at", "erased_at", "attributes", "keys", "email_key"}


class UnknownAttribute(UsageError):
    """An attribute that was not defined."""

    text = N_("There is no attribute “{key}”.{suggestion}")


class BadAttributeKey(UsageError):
    """A key that an attribute cannot have."""

    text = N_(
        "“{key}” cannot be the key of an attribute. A key begins with a letter a to z and goes on with lower-case "
        "letters, digits, _ and -, such as birth_date."
    )


class ReservedAttributeKey(UsageError):
    """The name of a column that every contact has."""

    text = N_("Every contact has “{key}” already; an attribute needs another key.")


class UnknownAttributeType(UsageError):
    """A type that attributes do not have."""

    text = N_("There is no type “{type}”.{suggestion} The types are: {types}.")


class AttributeTypeStays(UsageError):
    """A defined attribute cannot change its type: stored values have it."""

    text = N_("The attribute “{key}” holds {old} and cannot turn into {new}. Define a new attribute with another key.")


class ChoicesStay(UsageError):
    """Choices cannot be taken away: contacts may hold them."""

    text = N_("The attribute “{key}” cannot lose the choice “{choice}”: contacts may hold it. Choices can be added.")


class ListStaysOpen(UsageError):
    """Choices for a list that took any text so far: contacts may hold others."""

    text = N_("The list “{key}” takes any text and cannot be narrowed to choices: contacts may hold others.")


class ChoicesMissing(UsageError):
    """A choice attribute without choices."""

    text = N_("The attribute “{key}” is a choice and names no choices. Give at least one.")


def attributes(conn: Connection) -> dict[str, AttributeEntry]:
    """Every attribute by its key, in the order of the keys."""
    return {
        row.key: AttributeEntry(type=row.type, label=row.label, choices=tuple(row.choices), unit=row.unit)
        for row in conn.execute(select(attribute).order_by(attribute.c.key))
    }


def define_attribute(
    conn: Connection,
    key: str,
    type_: AttributeType,
    *,
    label: str = "",
    choices: Iterable[str] = (),
    unit: str = "",
) -> None:
    """Add an attribute to the registry; or give one that exists a new label or unit, or further choices.

    Raises BadAttributeKey, ReservedAttributeKey, UnknownAttributeType, AttributeTypeStays, ChoicesStay,
    ListStaysOpen, ChoicesMissing.
    """
    if key in _RESERVED:
        raise ReservedAttributeKey(key=key)
    if not _KEY.fullmatch(key):
        raise BadAttributeKey(key=key[:60])
    types: tuple[str, ...] = get_args(AttributeType)
    if type_ not in types:
        raise UnknownAttributeType(type=type_, suggestion=suggestion(type_, types), types=", ".join(types))
    cleaned = (validate_text(choice, field=key, most=200) for choice in choices)
    listed = list(dict.fromkeys(choice for choice in cleaned if choice))
    if type_ == "choice" and not listed:
        raise ChoicesMissing(key=key)
    before = attributes(conn).get(key)
    if before is not None:
        if before.type != type_:
            raise AttributeTypeStays(key=key, old=before.type, new=type_)
        if lost := next((choice for choice in before.choices if choice not in listed), None):
            raise ChoicesStay(key=key, choice=lost)
        if type_ == "list" and listed and not before.choices:
            raise ListStaysOpen(key=key)
    statement = upsert(conn, attribute).values(
        key=key,
        type=type_,
        label=validate_text(label, field=key, most=200) or key,
        choices=listed,
        unit=validate_text(unit, field=key, most=50) or "",
    )
    new = statement.excluded
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"label": new.label, "choices": new.choices, "unit": new.unit}
        )
    )


def known_attribute(registry: dict[str, AttributeEntry], key: str) -> AttributeEntry:
    """The entry of that key. Raises UnknownAttribute."""
    entry = registry.get(key)
    if entry is None:
        raise UnknownAttribute(key=key, suggestion=suggestion(key, [*registry, *COLUMNS]))
    return entry
