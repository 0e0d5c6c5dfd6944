from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from journeys.base.catalogue import AttributeEntry, Catalogue, TemplateEntry
from journeys.base.errors import KanwaError
from journeys.base.time import Instant
from journeys.store import contacts, definitions
from journeys.store import tables as t
from journeys.store.attributes import attributes, define_attribute
from journeys.store.catalogue import catalogue
from journeys.store.fields import BadKey
from journeys.store.store import Store

NOW = Instant(1_700_000_000)


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        yield conn


def row(conn: Connection, table: Any) -> dict[str, Any]:
    return dict(conn.execute(select(table)).mappings().one())


# --- attributes ------------------------------------------------------------------------------------------------------


def test_attributes_are_read_as_they_were_defined(conn: Connection) -> None:
    define_attribute(conn, "city", "choice", label="Town", choices=["Łódź", "Kraków", "Łódź"])
    define_attribute(conn, "weight", "number", unit="kg")
    assert attributes(conn) == {
        "city": AttributeEntry("choice", "Town", ("Łódź", "Kraków")),
        "weight": AttributeEntry("number", "weight", unit="kg"),
    }


def test_a_defined_attribute_takes_a_new_label_and_further_choices(conn: Connection) -> None:
    define_attribute(conn, "city", "choice", choices=["Łódź"])
    define_attribute(conn, "city", "choice", label="Town", choices=["Kraków", "Łódź"])
    assert attributes(conn)["city"] == AttributeEntry("choice", "Town", ("Kraków", "Łódź"))


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (
            {"type_": "text"},
            {"type_": "number"},
            "The attribute “a” holds text and cannot turn into number. Define a new attribute with another key.",
        ),
        (
            {"type_": "choice", "choices": ["x", "y"]},
            {"type_": "choice", "choices": ["x"]},
            "The attribute “a” cannot lose the choice “y”: contacts may hold it. Choices can be added.",
        ),
        (
            {"type_": "list"},
            {"type_": "list", "choices": ["x"]},
            "The list “a” takes any text and cannot be narrowed to choices: contacts may hold others.",
        ),
    ],
)
def test_what_stored_values_rely_on_stays(
    conn: Connection, first: dict[str, Any], second: dict[str, Any], sentence: str
) -> None:
    define_attribute(conn, "a", **first)
    with pytest.raises(KanwaError) as refused:
        define_attribute(conn, "a", **second)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("key", "type_", "sentence"),
    [
        ("email", "text", "Every contact has “email” already; an attribute needs another key."),
        ("draw", "text", "Every contact has “draw” already; an attribute needs another key."),
        (
            "Stadt",
            "text",
            "“Stadt” cannot be the key of an attribute. A key begins with a letter a to z and goes on with lower-case "
            "letters, digits, _ and -, such as birth_date.",
        ),
        (
            "a",
            "txt",
            "There is no type “txt”. The nearest is “text”. The types are: text, number, date, datetime, boolean, "
            "choice, list.",
        ),
        ("a", "choice", "The attribute “a” is a choice and names no choices. Give at least one."),
    ],
)
def test_a_bad_definition_is_said(conn: Connection, key: str, type_: Any, sentence: str) -> None:
    with pytest.raises(KanwaError) as refused:
        define_attribute(conn, key, type_)
    assert str(refused.value) == sentence


# --- keys and labels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("define", "table"),
    [
        (definitions.define_tag, t.tag),
        (definitions.define_purpose, t.purpose),
        (definitions.define_programme, t.programme),
        (definitions.define_survey, t.survey),
    ],
)
def test_a_key_stays_and_its_label_may_change(conn: Connection, define: Any, table: Any) -> None:
    define(conn, "club")
    assert (row(conn, table)["key"], row(conn, table)["label"]) == ("club", "club")
    define(conn, "club", label=" The club ")
    assert (row(conn, table)["key"], row(conn, table)["label"]) == ("club", "The club")
    with pytest.raises(BadKey):
        define(conn, "The Club")


def test_a_survey_keeps_its_reasons_in_order(conn: Connection) -> None:
    definitions.define_survey(conn, "nps", reasons=["price", "quality", "price", " "])
    assert row(conn, t.survey)["reasons"] == ["price", "quality"]


def test_a_funnel_has_its_stages_in_order(conn: Connection) -> None:
    definitions.define_funnel(conn, "sales", [("won", "Won"), ("lead", "")])
    definitions.define_funnel(conn, "sales", [("lead", "Lead"), ("talk", "Talk"), ("won", "Won")], label="Sales")
    rows = conn.execute(select(t.stage.c.key, t.stage.c.label).order_by(t.stage.c.n)).all()
    assert [tuple(one) for one in rows] == [("lead", "Lead"), ("talk", "Talk"), ("won", "Won")]


def test_a_stage_with_contacts_on_it_stays(conn: Connection) -> None:
    definitions.define_funnel(conn, "sales", [("lead", "Lead"), ("won", "Won")])
    (id_,) = contacts.add(conn, [{}], now=NOW, source="test")
    contacts.set_stage(conn, [(id_, "sales", "lead")], now=NOW, source="test")
    with pytest.raises(definitions.StageInUse) as refused:
        definitions.define_funnel(conn, "sales", [("won", "Won")])
    assert str(refused.value) == ("The stage “lead” of “sales” cannot go: contacts stand on it (1). Move them first.")


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ([], "The funnel “sales” names no stages. Give at least one."),
        ([("a", ""), ("b", ""), ("a", "")], "The funnel “sales” names the stage “a” twice."),
    ],
)
def test_a_funnel_needs_stages_that_differ(conn: Connection, stages: list[tuple[str, str]], sentence: str) -> None:
    with pytest.raises(KanwaError) as refused:
        definitions.define_funnel(conn, "sales", stages)
    assert str(refused.value) == sentence


def test_a_segment_is_worked_out_anew_only_where_its_criterion_changes(conn: Connection) -> None:
    criterion = {"all": [{"leaf": "tag", "tag": "vip"}]}
    definitions.define_segment(conn, "vips", criterion)
    conn.execute(update(t.segment).values(computed_at=NOW))
    definitions.define_segment(conn, "vips", criterion, label="Very important")
    assert row(conn, t.segment) == {
        "key": "vips",
        "label": "Very important",
        "criterion": criterion,
        "computed_at": NOW,
    }
    definitions.define_segment(conn, "vips", {"any": []})
    assert row(conn, t.segment)["computed_at"] is None


def test_an_account_holds_no_secret(conn: Connection) -> None:
    definitions.define_account(conn, "mail", channel="email", settings={"host": "mail.test", "user": "shop"})
    with pytest.raises(definitions.SecretInSettings) as refused:
        definitions.define_account(conn, "mail", channel="email", settings={"host": "mail.test", "password": "x"})
    assert str(refused.value) == (
        "The settings of account “mail” hold a “password”. Passwords are kept in the keyring, not in the store."
    )
    assert row(conn, t.account)["settings"] == {"host": "mail.test", "user": "shop"}


def test_changing_an_account_keeps_that_it_was_used(conn: Connection) -> None:
    definitions.define_account(conn, "mail", channel="email", settings={"host": "a.test"})
    conn.execute(update(t.account).values(used_at=NOW))
    definitions.define_account(conn, "mail", channel="email", settings={"host": "b.test"})
    assert (row(conn, t.account)["settings"], row(conn, t.account)["used_at"]) == ({"host": "b.test"}, NOW)


def test_a_sender_is_checked_like_the_header_it_becomes(conn: Connection) -> None:
    definitions.define_account(conn, "mail", channel="email", settings={})
    definitions.define_sender(
        conn, "shop", from_name="Sklep Łąka", from_address="Hello@Shop.TEST", account_key="mail", postal_address="a\nb"
    )
    assert row(conn, t.sender) == {
        "key": "shop",
        "account": "mail",
        "from_name": "Sklep Łąka",
        "from_address": "Hello@shop.test",
        "reply_to": None,
        "postal_address": "a\nb",
        "dkim_domain": None,
        "dkim_selector": None,
    }
    with pytest.raises(KanwaError, match="has a line break in it"):
        definitions.define_sender(conn, "shop", from_name="x\r\nBcc: y", from_address="a@b.pl")
    with pytest.raises(definitions.UnknownAccount, match=r"^There is no account “mial”\. The nearest is “mail”\.$"):
        definitions.define_sender(conn, "shop", from_name="x", from_address="a@b.pl", account_key="mial")


def test_a_product_has_the_shops_own_number_and_a_price_in_minor_units(conn: Connection) -> None:
    definitions.define_product(
        conn, "HER/01 a", name="Herbata", category="tea", price=1299, currency="pln", data={"weight": 100}
    )
    assert row(conn, t.product) == {
        "key": "HER/01 a",
        "name": "Herbata",
        "category": "tea",
        "price": 1299,
        "currency": "PLN",
        "stock": None,
        "data": {"weight": 100},
        "import_batch": None,
    }


@pytest.mark.parametrize(
    ("key", "values", "sentence"),
    [
        (" ", {}, "A product needs a key, such as its article number."),
        ("a", {"price": -1}, "The price of “a” is -1. A price is not below 0."),
        ("a", {"currency": "zł"}, "“zł” is not a currency. Write it as three letters, such as PLN."),
    ],
)
def test_a_bad_product_is_said(conn: Connection, key: str, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(KanwaError) as refused:
        definitions.define_product(conn, key, name="x", **values)
    assert str(refused.value) == sentence


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_an_empty_store_has_an_empty_catalogue(conn: Connection) -> None:
    assert catalogue(conn) == Catalogue()


def test_the_catalogue_names_everything_that_is_defined(conn: Connection) -> None:
    define_attribute(conn, "city", "text")
    definitions.define_tag(conn, "vip")
    definitions.define_purpose(conn, "newsletter")
    definitions.define_programme(conn, "club")
    definitions.define_survey(conn, "nps")
    definitions.define_funnel(conn, "sales", [("won", ""), ("lead", "")])
    definitions.define_segment(conn, "vips", {"all": []}, label="Important")
    definitions.define_sender(conn, "shop", from_name="Shop", from_address="a@b.pl")
    definitions.define_product(conn, "tea", name="Tea")
    conn.execute(insert(t.journey).values(key="J1", name="J", state="live", state_at=NOW))
    templates = {"hello": TemplateEntry(survey="nps")}
    assert catalogue(conn, templates=templates, secrets=["api"]) == Catalogue(
        attributes={"city": AttributeEntry("text", "city")},
        templates=templates,
        segments={"vips": "Important"},
        tags=frozenset({"vip"}),
        purposes=frozenset({"newsletter"}),
        programmes=frozenset({"club"}),
        surveys=frozenset({"nps"}),
        funnels={"sales": ("won", "lead")},
        senders=frozenset({"shop"}),
        secrets=frozenset({"api"}),
        journeys=frozenset({"J1"}),
        products=frozenset({"tea"}),
    )
