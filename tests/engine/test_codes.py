"""Codes in a running journey: one a stay, never the same one twice, and the mail shows the one it was made for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from journeys.base.time import DAY, Instant
from journeys.engine.letters import LetterWriter
from journeys.engine.tick import Engine
from journeys.graph.journey import Journey
from journeys.store import tables as t
from journeys.store.codes import NewCode, add_codes, define_pool, use_code
from journeys.store.erasing import erase
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import KEYS, add_sender, body, claimed, parse, written
from tests.engine.test_invariants_crash import Crash, crashing

SEND = {"template": "bonus", "message_class": "service", "wait_for_hand_over": False}


def rewarding(**settings: Any) -> Journey:
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "code": ("code", {"pool": "club"}),
        "bonus": ("send", SEND),
        "exit": ("exit", {"reason": "rewarded"}),
        "none": ("exit", {"reason": "nothing left"}),
    }
    edges = [("in", "in", "code"), ("code", "done", "bonus"), ("code", "pool_empty", "none"), ("bonus", "sent", "exit")]
    return build(nodes, edges, **settings)


def stock(store: Store, *codes: str, now: Instant) -> None:
    with store.write() as conn:
        define_pool(conn, "club")
        add_codes(conn, "club", [NewCode(one, "10 %") for one in codes], now=now)


def owners(store: Store) -> dict[str, int | None]:
    with store.read() as conn:
        return {row.value: row.contact for row in conn.execute(select(t.code).order_by(t.code.c.id))}


def test_C13_codes_go_out_until_the_pool_is_empty(world: World) -> None:
    stock(world.store, "A", "B", now=world.now)
    who = world.people(3)
    world.publish(rewarding())
    world.enroll(who)
    world.tick()
    assert owners(world.store) == {"A": who[0], "B": who[1]}
    assert world.path(who[0]) == ["in:in", "code:done", "bonus:sent", "exit:"]
    assert world.path(who[2]) == ["in:in", "code:pool_empty", "none:"]


def test_the_message_after_it_shows_the_code_and_a_later_code_does_not_change_it(world: World) -> None:
    add_sender(world.store)
    stock(world.store, "A", "B", now=world.now)
    (anna,) = world.people(1)
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "one": ("code", {"pool": "club"}),
        "bonus": ("send", SEND),
        "two": ("code", {"pool": "club"}),
        "more": ("send", SEND),
        "exit": ("exit", {"reason": "rewarded"}),
    }
    edges = [("in", "in", "one"), ("one", "done", "bonus"), ("bonus", "sent", "two"), ("two", "done", "more"), ("more", "sent", "exit")]  # fmt: skip
    template = written(
        "bonus",
        body="<p>{{ code.value }}: {{ code.worth }}{% if code.valid_until %}!{% endif %}</p>",
        message_class="service",
    )
    world.publish(build(nodes, edges), {"bonus": template})
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        messages = claimed(world, conn)
    with world.store.read() as conn:
        letters = LetterWriter(world.engine.plans, KEYS).write(conn, messages, now=world.now)
    texts = [body(parse(letters[message.id].mail.content), "html") for message in messages]  # type: ignore[union-attr]
    assert ["A: 10 %" in texts[0], "B: 10 %" in texts[1]] == [True, True]


def test_a_message_without_a_code_says_so_where_it_is_asked(world: World) -> None:
    add_sender(world.store)
    (anna,) = world.people(1)
    nodes = {"in": ("trigger", {"on": {"type": "list"}}), "bonus": ("send", SEND), "exit": ("exit", {"reason": "done"})}
    world.publish(
        build(nodes, [("in", "in", "bonus"), ("bonus", "sent", "exit")]),
        {"bonus": written("bonus", body="<p>{% if code %}{{ code.value }}{% else %}none{% endif %}</p>", message_class="service")},
    )  # fmt: skip
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        (message,) = claimed(world, conn)
    with world.store.read() as conn:
        letters = LetterWriter(world.engine.plans, KEYS).write(conn, [message], now=world.now)
    assert "none" in body(parse(letters[message.id].mail.content), "html")  # type: ignore[union-attr]


@pytest.mark.parametrize("after", range(0, 40, 3))
def test_a_crash_gives_the_same_stay_the_same_code(world: World, after: int) -> None:
    stock(world.store, *(f"C{n}" for n in range(5)), now=world.now)
    who = world.people(3)
    world.publish(rewarding())
    world.enroll(who)
    try:
        with crashing(world.store, after):
            world.tick()
    except Crash:
        Engine(world.store).tick(world.now)
    assert list(owners(world.store).values()) == [*who, None, None]


@pytest.mark.postgres
def test_two_workers_at_once_never_give_one_code_to_two(postgres_store: Store) -> None:
    """Both stand in the middle of their cohort at the same time: the second skips what the first has locked."""
    world = World(postgres_store)
    stock(postgres_store, *(f"C{n}" for n in range(60)), now=world.now)
    who = world.people(40)
    world.publish(rewarding(id="one", re_entry={"rule": "always"}))
    world.enroll(who[:20])
    world.publish(rewarding(id="two", re_entry={"rule": "always"}))
    engines = [Engine(postgres_store), Engine(postgres_store)]
    with_second = [one["id"] for one in world.passages()]
    assert len(with_second) == 20
    with postgres_store.write() as conn:
        journeys = dict(conn.execute(select(t.journey.c.key, t.journey.c.id)).all())
        version = conn.execute(select(t.journey.c.version).where(t.journey.c.key == "two")).scalar_one()
        template = conn.execute(select(t.enrollment).limit(1)).mappings().one()
        conn.execute(
            insert(t.enrollment),
            [
                {name: value for name, value in template.items() if name != "id"}
                | {"contact": one, "journey": journeys["two"], "version": version}
                for one in who[20:]
            ],
        )
    both = threading.Barrier(2, timeout=20)
    waited: set[int] = set()

    def meet(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # after its codes are taken and before the commit, once a thread
        if statement.startswith("INSERT INTO hop") and threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            both.wait()

    event.listen(postgres_store.engine, "before_cursor_execute", meet)
    order = [("one", engines[0]), ("two", engines[1])]
    try:
        threads = [threading.Thread(target=_advance, args=(engine, journeys[key], world.now)) for key, engine in order]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        event.remove(postgres_store.engine, "before_cursor_execute", meet)
    taken = [contact for contact in owners(postgres_store).values() if contact is not None]
    assert sorted(taken) == sorted(who)


def _advance(engine: Engine, journey: int, now: Instant) -> None:
    from journeys.engine import scratch
    from journeys.engine.advance import Walk
    from tests.engine.conftest import WARSAW

    with scratch.work(engine.store) as conn:
        (live,) = [one for one in engine.roll.call(conn) if one.journey == journey]
        Walk().advance(conn, live.plans, journey=journey, now=now, zone=WARSAW, limit=100)


def test_D5_a_used_code_is_an_event_that_journeys_hear(world: World) -> None:
    stock(world.store, "A", now=world.now)
    (anna,) = world.people(1)
    world.publish(rewarding())
    world.enroll([anna])
    world.tick()
    later = Instant(world.now + DAY)
    with world.store.write() as conn:
        assert use_code(conn, "club", "A", at=later, now=later) == anna
    with world.store.read() as conn:
        used = conn.execute(select(t.event).where(t.event.c.kind == "code.used")).one()
        assert conn.execute(select(t.code.c.used_at)).scalar_one() == later
    assert (used.contact, used.at, used.data) == (anna, later, {"pool": "club", "code": "A", "worth": "10 %"})


def test_an_erased_person_lets_go_of_the_code_and_nobody_gets_it_again(world: World) -> None:
    stock(world.store, "A", now=world.now)
    anna, bob = world.people(2)
    world.publish(rewarding())
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        erased = erase(conn, [anna], now=world.now)
        row = conn.execute(select(t.code)).one()
        assert conn.execute(select(t.message.c.code)).scalar_one() is None
    assert (row.contact, row.enrollment, row.visit) == (None, None, None)
    assert erased.codes == 1
    assert "Outside this store: whoever made the 1 code that was taken may know who used it." in erased.words()
    world.enroll([bob])
    world.tick()
    assert world.path(bob)[1] == "code:pool_empty"
