from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, select

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.base.time import DAY
from journeys.nodes.update import Update
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.contacts import add

NOW = 1_795_345_200


@pytest.fixture
def anna(conn) -> int:
    define_attribute(conn, "points", "number")
    define_attribute(conn, "city", "text")
    conn.execute(insert(t.tag).values(key="club-later", label="Club later"))
    conn.execute(insert(t.purpose).values(key="newsletter", label="Newsletter"))
    conn.execute(insert(t.funnel).values(key="club", label="Club"))
    conn.execute(insert(t.stage).values(funnel="club", key="to-encourage", label="To encourage", n=1))
    (id_,) = add(conn, [{"email": "anna@example.test", "points": 5, "city": "Łódź"}], now=NOW - DAY, source="test")
    return id_


def update(*changes: dict[str, Any]) -> Update:
    return Update.model_validate({"changes": list(changes)})


def events(conn, contact: int, kind: str) -> list[dict[str, Any]]:
    return list(
        conn.execute(
            select(t.event.c.data).where(t.event.c.contact == contact, t.event.c.kind == kind).order_by(t.event.c.id)
        ).scalars()
    )


def attributes(conn, contact: int) -> dict[str, Any]:
    return dict(conn.execute(select(t.contact.c.attributes).where(t.contact.c.id == contact)).scalar_one())


def test_an_attribute_is_set_and_cleared(conn, anna: int) -> None:
    update({"do": "set attribute", "attribute": "city", "value": "Warszawa"}).change(conn, [anna], now=NOW)
    assert attributes(conn, anna)["city"] == "Warszawa"
    update({"do": "clear attribute", "attribute": "city"}).change(conn, [anna], now=NOW)
    assert "city" not in attributes(conn, anna)


def test_two_passages_of_one_contact_add_twice_and_tell_one_change(conn, anna: int) -> None:
    update({"do": "add to attribute", "attribute": "points", "amount": 4}).change(conn, [anna, anna], now=NOW)
    assert attributes(conn, anna)["points"] == 13
    assert events(conn, anna, "contact.changed") == [{"field": "points", "old": 5, "new": 13}]


def test_adding_to_a_number_that_is_missing_begins_at_zero(conn, anna: int) -> None:
    (id_,) = add(conn, [{"email": "jan@example.test"}], now=NOW, source="test")
    update({"do": "add to attribute", "attribute": "points", "amount": -2.5}).change(conn, [id_], now=NOW)
    assert attributes(conn, id_)["points"] == -2.5


def test_a_sum_stays_within_what_a_number_holds(conn, anna: int) -> None:
    update({"do": "set attribute", "attribute": "points", "value": 2**53 - 1}).change(conn, [anna], now=NOW)
    update({"do": "add to attribute", "attribute": "points", "amount": 1e9}).change(conn, [anna], now=NOW)
    assert attributes(conn, anna)["points"] == 2**53


def test_a_tag_is_given_for_a_while_and_taken_away(conn, anna: int) -> None:
    week = {"amount": 1, "unit": "weeks"}
    update({"do": "add tag", "tag": "club-later", "expires_after": week}).change(conn, [anna, anna], now=NOW)
    assert conn.execute(select(t.contact_tag.c.expires_at)).scalars().all() == [NOW + 7 * DAY]
    assert len(events(conn, anna, "tag.added")) == 1
    update({"do": "remove tag", "tag": "club-later"}).change(conn, [anna], now=NOW)
    assert conn.execute(select(t.contact_tag)).all() == []


def test_consent_is_recorded_in_the_log(conn, anna: int) -> None:
    give = {"do": "give consent", "channel": "email", "purpose": "newsletter"}
    update(give).change(conn, [anna], now=NOW)
    update(give | {"do": "withdraw consent"}).change(conn, [anna], now=NOW + 1)
    log = conn.execute(select(t.consent.c.given, t.consent.c.source).order_by(t.consent.c.id)).all()
    assert log == [(True, "journey"), (False, "journey")]


def test_a_stage_is_entered(conn, anna: int) -> None:
    update({"do": "set stage", "funnel": "club", "stage": "to-encourage"}).change(conn, [anna], now=NOW)
    assert events(conn, anna, "stage.entered") == [{"funnel": "club", "stage": "to-encourage", "old": None}]


def test_changes_happen_in_the_order_of_the_list(conn, anna: int) -> None:
    update(
        {"do": "set attribute", "attribute": "points", "value": 100},
        {"do": "add to attribute", "attribute": "points", "amount": 1},
    ).change(conn, [anna], now=NOW)
    assert attributes(conn, anna)["points"] == 101


def test_an_update_in_words(names) -> None:
    node = update(
        {"do": "set stage", "funnel": "club", "stage": "to-encourage"},
        {"do": "add tag", "tag": "club-later", "expires_after": {"amount": 30, "unit": "days"}},
        {"do": "add to attribute", "attribute": "points", "amount": 1000},
    )
    assert node.words(names) == (
        "moves to the stage “to-encourage” of “club”, adds the tag “club-later” for 30 days and adds 1,000 to “points”"
    )


def test_what_is_written_is_read_again() -> None:
    source = '{"changes":[{"do":"set attribute","attribute":"vip","value":true},{"do":"remove tag","tag":"a"}]}'
    assert Update.model_validate_json(source).model_dump_json() == source


@pytest.mark.parametrize(
    "change",
    [
        {"do": "set attribute", "attribute": "email", "value": "a@example.test"},
        {"do": "clear attribute", "attribute": "first_name"},
        {"do": "add to attribute", "attribute": "points", "amount": 1e12},
        {"do": "add to attribute", "attribute": "language", "amount": 1},
        {"do": "add tag", "tag": "Not a key"},
        {"do": "set attribute", "attribute": "city", "value": "x\x00"},
        {"do": "set attribute", "attribute": "points", "value": float("nan")},
        {"do": "burn"},
    ],
)
def test_changes_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        update(change)


def test_an_update_without_changes_is_refused() -> None:
    with pytest.raises(ValidationError):
        update()


def test_unknown_keys_and_values_of_the_wrong_type_block(surroundings) -> None:
    catalogue = Catalogue(
        attributes={"points": AttributeEntry("number"), "size": AttributeEntry("choice", choices=("S", "M"))},
        tags=frozenset({"club-later"}),
        funnels={"club": ("to-encourage",)},
    )
    node = update(
        {"do": "add tag", "tag": "club-latr"},
        {"do": "set attribute", "attribute": "size", "value": "XL"},
        {"do": "add to attribute", "attribute": "size", "amount": 1},
        {"do": "set stage", "funnel": "club", "stage": "encourage"},
        {"do": "add to attribute", "attribute": "points", "amount": 1},
    )
    problems = list(node.problems(surroundings(catalogue=catalogue)))
    assert [(one.check, one.field, one.severity) for one in problems] == [
        ("unknown-tag", "changes[0].tag", "blocks"),
        ("unknown-stage", "changes[3].stage", "blocks"),
        ("wrong-value", "changes[1]", "blocks"),
        ("wrong-value", "changes[2]", "blocks"),
    ]
    assert problems[0].sentence == "There is no tag “club-latr”. The nearest is “club-later”."


def test_without_a_catalogue_nothing_outside_is_checked(surroundings) -> None:
    assert list(update({"do": "add tag", "tag": "whatever"}).problems(surroundings())) == []
