from __future__ import annotations

import pytest
from sqlalchemy import select, update

from journeys.base.time import DAY, Instant
from journeys.channels.identity import Identity
from journeys.engine import volume
from journeys.store import tables as t
from tests.engine.conftest import World
from tests.engine.mails import Recorder, add_sender
from tests.engine.test_outbox import deliver, publish, send


def mail_to(world: World, *addresses: str) -> None:
    people = world.people(len(addresses))
    with world.store.write() as conn:
        for one, address in zip(people, addresses, strict=True):
            conn.execute(update(t.contact).where(t.contact.c.id == one).values(email=address, email_key=address))
    add_sender(world.store, from_address="news@mail.shop.co.uk")
    publish(world, send(message_class="service"))
    world.enroll(people)
    world.tick()
    deliver(world, Recorder())


def counted(world: World) -> dict[str, int]:
    with world.store.read() as conn:
        return volume.to_gmail(conn, now=world.now)


def test_mail_to_personal_gmail_is_counted_by_the_organisation_of_the_sender(world: World) -> None:
    mail_to(world, "a@gmail.com", "b@googlemail.com", "c@shop.test", "d@notgmail.com")
    assert counted(world) == {"shop.co.uk": 2}


def test_after_24_hours_it_counts_no_more(world: World) -> None:
    mail_to(world, "a@gmail.com")
    world.now = Instant(world.now + DAY)
    assert counted(world) == {}


def test_who_was_a_bulk_sender_once_stays_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "BULK", 2)
    mail_to(world, "a@gmail.com", "b@gmail.com")
    then = world.now
    with world.store.write() as conn:
        assert volume.note_bulk_senders(conn, now=then) == ["shop.co.uk"]
    world.now = Instant(world.now + 30 * DAY)
    shop = Identity("shop", "news@mail.shop.co.uk")
    with world.store.write() as conn:
        assert volume.note_bulk_senders(conn, now=world.now) == []
        assert volume.bulk_since(conn) == {"shop.co.uk": then}
        assert [doubt.id for doubt in volume.bulk_doubts(conn, shop, now=world.now)] == ["gmail-bulk"]
        signed = Identity("shop", "news@mail.shop.co.uk", None, "shop.co.uk", "k")
        assert list(volume.bulk_doubts(conn, signed, now=world.now)) == []


def test_the_count_finds_what_was_handed_over_by_its_index(world: World) -> None:
    if not world.store.is_sqlite:
        pytest.skip("an empty table of PostgreSQL is read whole")
    mail_to(world, "a@gmail.com")
    with world.store.read() as conn:
        text = str(volume._TO_GMAIL.compile(conn, compile_kwargs={"render_postcompile": True}))
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", _bound(world)).all()
    assert any("ix_message_handed_over" in row[3] for row in plan), plan


def _bound(world: World) -> tuple[object, ...]:
    return (world.now - DAY, "email", "%@gmail.com", "%@googlemail.com")


def test_a_sender_that_was_taken_away_counts_for_nobody(world: World) -> None:
    mail_to(world, "a@gmail.com")
    with world.store.write() as conn:
        conn.execute(t.sender.delete())
        assert conn.execute(select(t.message.c.state)).scalars().all() == ["sent"]
    assert counted(world) == {}
