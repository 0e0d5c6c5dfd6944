"""Contacts: what is stored, which events tell of it, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from journeys.base.time import Instant
from journeys.store import contacts, settings
from journeys.store.attributes import UnknownAttribute, define_attribute
from journeys.store.contacts import EmailTaken, ExternalIdTaken, PersonErased, UnknownContact
from journeys.store.erasing import erase
from journeys.store.fields import BadField
from journeys.store.store import Store
from journeys.store.tables import contact, event

NOW = Instant(1_700_000_000)
LATER = Instant(NOW + 60)


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        define_attribute(conn, "city", "text")
        define_attribute(conn, "points", "number")
        define_attribute(conn, "vip", "boolean")
        define_attribute(conn, "likes", "list")
        yield conn


def add(conn: Connection, *rows: dict[str, Any], quiet: bool = False) -> list[int]:
    return contacts.add(conn, rows, now=NOW, source="test", quiet=quiet)


def change(conn: Connection, *changes: tuple[int, dict[str, Any]]) -> None:
    contacts.change(conn, changes, now=LATER, source="test")


def stored(conn: Connection, id_: int) -> dict[str, Any]:
    return dict(conn.execute(select(contact).where(contact.c.id == id_)).mappings().one())


def changes_of(conn: Connection, id_: int) -> list[dict[str, Any]]:
    found = select(event.c.data).where(event.c.contact == id_, event.c.kind == "contact.changed").order_by(event.c.id)
    return list(conn.execute(found).scalars())


def test_a_new_contact_is_stored_with_values_and_folded_keys(conn: Connection) -> None:
    (id_,) = add(
        conn,
        {
            "email": "Anna@Sklep.PL",
            "phone": "601 234 567",
            "first_name": "ŻANETA",
            "city": "Łódź",
            "points": 7,
            "vip": True,
            "likes": ["Herbata", "ĆMY"],
            "last_name": "",
        },
    )
    row = stored(conn, id_)
    assert (row["email"], row["email_key"], row["phone"]) == ("Anna@sklep.pl", "anna@sklep.pl", "+48601234567")
    assert row["attributes"] == {"city": "Łódź", "points": 7, "vip": True, "likes": ["Herbata", "ĆMY"]}
    assert row["keys"] == {
        "email": "anna@sklep.pl",
        "phone": "+48601234567",
        "first_name": "żaneta",
        "city": "łódź",
        "likes": ["herbata", "ćmy"],
    }
    assert (row["last_name"], row["created_at"], row["erased_at"]) == (None, NOW, None)
    assert 0 <= row["draw"] < 2**31


def test_a_new_contact_leaves_one_event(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "a@b.pl", "city": "x"}, quiet=True)
    rows = conn.execute(select(event.c.kind, event.c.data, event.c.quiet, event.c.at, event.c.contact)).all()
    assert [tuple(row) for row in rows] == [("contact.created", {}, True, NOW, id_)]


def test_ids_come_in_the_order_of_the_rows(conn: Connection) -> None:
    ids = add(conn, *({"email": f"a{n}@b.pl", "points": n} for n in range(4_500)))
    rows = conn.execute(select(contact.c.id, contact.c.email).order_by(contact.c.id)).all()
    assert [(row.id, row.email) for row in rows] == [(id_, f"a{n}@b.pl") for n, id_ in enumerate(ids)]


def test_draws_differ(conn: Connection) -> None:
    add(conn, *({} for _ in range(50)))
    assert conn.execute(select(func.count(contact.c.draw.distinct()))).scalar_one() > 45


def test_a_change_leaves_one_event_for_each_field_that_is_another(conn: Connection) -> None:
    (id_,) = add(conn, {"first_name": "Anna", "city": "Łódź", "points": 5})
    change(conn, (id_, {"first_name": "Anna", "city": "Kraków", "points": 6, "likes": ["a"]}))
    assert changes_of(conn, id_) == [
        {"field": "city", "old": "Łódź", "new": "Kraków"},
        {"field": "points", "old": 5, "new": 6},
        {"field": "likes", "old": None, "new": ["a"]},
    ]
    row = stored(conn, id_)
    assert row["attributes"] == {"city": "Kraków", "points": 6, "likes": ["a"]}
    assert row["keys"] == {"first_name": "anna", "city": "kraków", "likes": ["a"]}


def test_an_unchanged_write_leaves_none(conn: Connection) -> None:
    values = {"email": "a@b.pl", "city": "Łódź", "points": 5, "vip": False, "likes": ["a"]}
    (id_,) = add(conn, values)
    change(conn, (id_, values | {"email": " a@B.pl ", "points": 5.0, "last_name": None, "phone": ""}))
    assert changes_of(conn, id_) == []


def test_none_clears(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "a@b.pl", "city": "Łódź"})
    change(conn, (id_, {"email": None, "city": None}))
    row = stored(conn, id_)
    assert (row["email"], row["email_key"], row["attributes"], row["keys"]) == (None, None, {}, {})
    assert changes_of(conn, id_) == [
        {"field": "email", "old": "a@b.pl", "new": None},
        {"field": "city", "old": "Łódź", "new": None},
    ]


def test_a_contact_that_stands_twice_is_changed_twice(conn: Connection) -> None:
    (id_,) = add(conn, {"points": 1})
    change(conn, (id_, {"points": 2}), (id_, {"points": 3}))
    assert [(one["old"], one["new"]) for one in changes_of(conn, id_)] == [(1, 2), (2, 3)]


def test_changes_in_the_letter_case_of_a_name_are_changes(conn: Connection) -> None:
    (id_,) = add(conn, {"first_name": "anna"})
    change(conn, (id_, {"first_name": "Anna"}))
    assert stored(conn, id_)["first_name"] == "Anna"


def test_a_field_nobody_defined_is_refused_with_the_nearest(conn: Connection) -> None:
    with pytest.raises(UnknownAttribute) as refused:
        add(conn, {"citty": "x"})
    assert str(refused.value) == "There is no attribute “citty”. The nearest is “city”."


def test_a_bad_value_names_its_field(conn: Connection) -> None:
    with pytest.raises(BadField) as refused:
        add(conn, {"points": "many"})
    assert str(refused.value) == '“points” holds a number; "many" is none.'


def test_the_country_setting_reads_phone_numbers(conn: Connection) -> None:
    settings.put(conn, "country", "GB")
    (id_,) = add(conn, {"phone": "020 7946 0018"})
    assert stored(conn, id_)["phone"] == "+442079460018"


def test_an_address_belongs_to_one_contact(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "anna@b.pl"})
    with pytest.raises(EmailTaken) as refused:
        add(conn, {"email": "ANNA@b.pl"})
    assert str(refused.value) == (
        f"The address ANNA@b.pl belongs to contact {id_} already. An address belongs to one contact."
    )


def test_two_new_contacts_cannot_share_an_address(conn: Connection) -> None:
    with pytest.raises(EmailTaken):
        add(conn, {"email": "anna@b.pl"}, {"email": "Anna@b.pl"})


def test_a_contact_cannot_take_the_address_of_another(conn: Connection) -> None:
    add(conn, {"email": "anna@b.pl"})
    (other,) = add(conn, {"email": "jan@b.pl"})
    with pytest.raises(EmailTaken):
        change(conn, (other, {"email": "anna@b.pl"}))


def test_a_contact_may_write_its_own_address_otherwise(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "anna@b.pl"})
    change(conn, (id_, {"email": "Anna@b.pl"}))
    assert stored(conn, id_)["email"] == "Anna@b.pl"


def test_an_external_id_belongs_to_one_contact(conn: Connection) -> None:
    (id_,) = add(conn, {"external_id": "K-1"})
    with pytest.raises(ExternalIdTaken) as refused:
        add(conn, {"external_id": "K-1"})
    assert str(refused.value) == f"The external id K-1 belongs to contact {id_} already."


def test_an_unknown_contact_cannot_be_changed(conn: Connection) -> None:
    with pytest.raises(UnknownContact, match="There is no contact “99”"):
        change(conn, (99, {"city": "x"}))


def test_an_erased_person_does_not_come_back_by_an_import(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "anna@b.pl"})
    erase(conn, [id_], now=NOW)
    with pytest.raises(PersonErased):
        add(conn, {"email": "Anna@B.pl"})
    (other,) = add(conn, {"email": "jan@b.pl"})
    with pytest.raises(PersonErased) as refused:
        change(conn, (other, {"email": "anna@b.pl"}))
    assert str(refused.value) == (
        "The address anna@b.pl belongs to somebody who was erased. If that person comes back by their own wish, take "
        "the address off the suppression list first."
    )


def test_nothing_is_written_to_a_tombstone(conn: Connection) -> None:
    (id_,) = add(conn, {"email": "anna@b.pl"})
    erase(conn, [id_], now=NOW)
    change(conn, (id_, {"city": "Łódź", "email": "new@b.pl"}))
    assert stored(conn, id_)["attributes"] == {}
    assert changes_of(conn, id_) == []


def test_contacts_are_found_by_what_people_have_at_hand(conn: Connection) -> None:
    first, second = add(conn, {"email": "Anna@b.pl", "external_id": "K-1"}, {"email": "jan@b.pl"})
    assert contacts.ids_by_email(conn, ["ANNA@b.pl", "nobody@b.pl"]) == {"ANNA@b.pl": first}
    assert contacts.ids_by_external_id(conn, ["K-1", "k-1"]) == {"K-1": first}
    assert contacts.find(conn, " anna@B.PL ") == first
    assert contacts.find(conn, "K-1") == first
    assert contacts.find(conn, str(second)) == second


@pytest.mark.parametrize("name", ["nobody@b.pl", "", "99999999999999999999", "²"])
def test_a_contact_that_is_not_there_is_not_found(conn: Connection, name: str) -> None:
    with pytest.raises(UnknownContact):
        contacts.find(conn, name)


def test_an_external_id_goes_before_a_row_number(conn: Connection) -> None:
    first, second = add(conn, {}, {})
    conn.execute(update(contact).where(contact.c.id == second).values(external_id=str(first)))
    assert contacts.find(conn, str(first)) == second
