from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from journeys.base.time import Instant
from journeys.store import contacts
from journeys.store.contacts import UnknownFunnel, UnknownStage, UnknownTag, expire_tags, set_stage, set_tags
from journeys.store.definitions import define_funnel, define_tag
from journeys.store.erasing import erase
from journeys.store.store import Store
from journeys.store.tables import contact_stage, contact_tag, event

NOW = Instant(1_700_000_000)
LATER = Instant(NOW + 100)


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        define_tag(conn, "vip")
        define_tag(conn, "press")
        define_funnel(conn, "sales", [("lead", "Lead"), ("won", "Won")])
        yield conn


@pytest.fixture
def anna(conn: Connection) -> int:
    return contacts.add(conn, [{}], now=NOW, source="test")[0]


def told(conn: Connection, contact: int) -> list[tuple[str, int, Any]]:
    rows = conn.execute(
        select(event.c.kind, event.c.at, event.c.data)
        .where(event.c.contact == contact, event.c.kind != "contact.created")
        .order_by(event.c.id)
    )
    return [tuple(row) for row in rows]


def tags(conn: Connection) -> list[tuple[Any, ...]]:
    c = contact_tag.c
    rows = conn.execute(select(c.contact, c.tag, c.added_at, c.expires_at).order_by(c.contact, c.tag))
    return [tuple(row) for row in rows]


def test_a_tag_is_added_once_and_told_once(conn: Connection, anna: int) -> None:
    set_tags(conn, add=[(anna, "vip"), (anna, "vip")], now=NOW, source="test")
    set_tags(conn, add=[(anna, "vip")], now=LATER, source="test")
    assert tags(conn) == [(anna, "vip", NOW, None)]
    assert told(conn, anna) == [("tag.added", NOW, {"tag": "vip"})]


def test_adding_again_moves_the_end_and_keeps_the_first_day(conn: Connection, anna: int) -> None:
    set_tags(conn, add=[(anna, "vip")], now=NOW, source="test", expires_at=Instant(NOW + 500))
    set_tags(conn, add=[(anna, "vip")], now=LATER, source="test", expires_at=Instant(NOW + 900))
    assert tags(conn) == [(anna, "vip", NOW, NOW + 900)]


def test_a_tag_whose_time_is_over_is_added_anew(conn: Connection, anna: int) -> None:
    set_tags(conn, add=[(anna, "vip")], now=NOW, source="test", expires_at=Instant(NOW + 50))
    set_tags(conn, add=[(anna, "vip")], now=LATER, source="test")
    assert tags(conn) == [(anna, "vip", LATER, None)]
    assert [kind for kind, _, _ in told(conn, anna)] == ["tag.added", "tag.added"]


def test_a_tag_is_taken_away_where_it_is(conn: Connection, anna: int) -> None:
    set_tags(conn, add=[(anna, "vip")], now=NOW, source="test")
    set_tags(conn, remove=[(anna, "vip"), (anna, "press")], now=LATER, source="test")
    assert tags(conn) == []
    assert told(conn, anna) == [("tag.added", NOW, {"tag": "vip"}), ("tag.removed", LATER, {"tag": "vip"})]


def test_an_unknown_tag_is_refused_with_the_nearest(conn: Connection, anna: int) -> None:
    with pytest.raises(UnknownTag) as refused:
        set_tags(conn, add=[(anna, "vpi")], now=NOW, source="test")
    assert str(refused.value) == "There is no tag “vpi”. The nearest is “vip”."


def test_tags_end_at_their_time_with_an_event(conn: Connection, anna: int) -> None:
    set_tags(conn, add=[(anna, "vip")], now=NOW, source="test", expires_at=LATER)
    set_tags(conn, add=[(anna, "press")], now=NOW, source="test")
    assert expire_tags(conn, now=Instant(LATER - 1)) == 0
    assert expire_tags(conn, now=LATER) == 1
    assert expire_tags(conn, now=LATER) == 0
    assert tags(conn) == [(anna, "press", NOW, None)]
    assert told(conn, anna)[-1] == ("tag.removed", LATER, {"tag": "vip"})


def test_erased_contacts_get_neither_tags_nor_stages(conn: Connection, anna: int) -> None:
    erase(conn, [anna], now=NOW)
    set_tags(conn, add=[(anna, "vip")], remove=[(anna, "press")], now=NOW, source="test")
    set_stage(conn, [(anna, "sales", "lead")], now=NOW, source="test")
    assert tags(conn) == []
    assert conn.execute(select(contact_stage)).all() == []


def test_a_stage_is_told_with_the_one_before(conn: Connection, anna: int) -> None:
    set_stage(conn, [(anna, "sales", "lead")], now=NOW, source="test")
    set_stage(conn, [(anna, "sales", "won")], now=LATER, source="test")
    assert told(conn, anna) == [
        ("stage.entered", NOW, {"funnel": "sales", "stage": "lead", "old": None}),
        ("stage.entered", LATER, {"funnel": "sales", "stage": "won", "old": "lead"}),
    ]
    row = conn.execute(select(contact_stage)).one()
    assert tuple(row) == (anna, "sales", "won", LATER)


def test_who_stands_there_already_does_not_enter_again(conn: Connection, anna: int) -> None:
    set_stage(conn, [(anna, "sales", "lead")], now=NOW, source="test")
    set_stage(conn, [(anna, "sales", "lead")], now=LATER, source="test")
    assert len(told(conn, anna)) == 1
    assert conn.execute(select(contact_stage.c.entered_at)).scalar_one() == NOW


def test_two_moves_of_one_contact_both_count(conn: Connection, anna: int) -> None:
    set_stage(conn, [(anna, "sales", "lead"), (anna, "sales", "won")], now=NOW, source="test")
    assert [data["stage"] for _, _, data in told(conn, anna)] == ["lead", "won"]
    assert conn.execute(select(contact_stage.c.stage)).scalar_one() == "won"


def test_unknown_funnels_and_stages_are_refused(conn: Connection, anna: int) -> None:
    with pytest.raises(UnknownFunnel) as no_funnel:
        set_stage(conn, [(anna, "sale", "lead")], now=NOW, source="test")
    assert str(no_funnel.value) == "There is no funnel “sale”. The nearest is “sales”."
    with pytest.raises(UnknownStage) as no_stage:
        set_stage(conn, [(anna, "sales", "lost")], now=NOW, source="test")
    assert str(no_stage.value) == "The funnel “sales” has no stage “lost”."
