from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import AccountTrouble
from journeys.engine.allowances import Allowances, Limits, used
from journeys.store.definitions import define_account
from journeys.store.store import Store
from tests.engine.conftest import World
from tests.engine.mails import PlainWriter, Recorder, add_sender, two_workers
from tests.engine.test_outbox import deliver, publish, send


def arrange(world: World, n: int, **limits: int) -> None:
    """n messages ready, of a sender whose account has these limits."""
    with world.store.write() as conn:
        define_account(conn, "mail", channel="email", settings={"host": "127.0.0.1"} | limits)
    add_sender(world.store, account="mail")
    publish(world, send(message_class="service"))
    world.enroll(world.people(n))
    world.tick()


def held(world: World) -> Counter[int]:
    """How long from now messages are held by the allowance → how many."""
    return Counter(
        message["not_before_at"] - world.now
        for message in world.messages()
        if (message["state"], message["reason"]) == ("held", "allowance")
    )


def test_an_account_carries_no_more_than_it_may_and_the_rest_waits_for_the_next_windows(world: World) -> None:
    arrange(world, 8, per_minute=3)
    assert deliver(world, Recorder()).states == Counter(sent=3, held=5)
    assert held(world) == Counter({60: 3, 120: 2})
    assert world.messages()[-1]["detail"] == "3 / minute"
    world.tick(world.now + MINUTE)
    assert deliver(world, Recorder()).states == Counter(sent=3)
    world.tick(world.now + MINUTE)
    assert deliver(world, Recorder()).states == Counter(sent=2)


def test_a_backlog_is_put_off_once_and_not_once_a_window(world: World) -> None:
    arrange(world, 130, per_minute=10)
    held_in_all = 0
    for _ in range(13):
        states = deliver(world, Recorder()).states
        assert states["sent"] == 10
        held_in_all += states["held"]
        world.tick(world.now + MINUTE)
    assert held_in_all == 120


def test_a_service_message_does_not_wait_behind_a_backlog_of_marketing(world: World) -> None:
    with world.store.write() as conn:
        define_account(conn, "mail", channel="email", settings={"host": "127.0.0.1", "per_minute": 2})
    add_sender(world.store, account="mail")
    people = world.people(9)
    world.consent(people)
    publish(world, send(message_class="marketing"))
    world.enroll(people[:8])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=2, held=6)
    publish(world, send(message_class="service"))
    world.enroll(people[8:])
    world.tick()
    # what the present minute may carry is used up: it goes in the next one, before those held until then
    deliver(world, Recorder())
    world.tick(world.now + MINUTE)
    assert deliver(world, Recorder()).states == Counter(sent=2, held=1)
    assert (world.messages()[-1]["message_class"], world.messages()[-1]["state"]) == ("service", "sent")


def test_service_goes_first_where_both_are_ready(world: World) -> None:
    with world.store.write() as conn:
        define_account(conn, "mail", channel="email", settings={"host": "127.0.0.1", "per_minute": 2})
    add_sender(world.store, account="mail")
    people = world.people(5)
    world.consent(people)
    publish(world, send(message_class="marketing"))
    world.enroll(people[:4])
    world.tick()
    publish(world, send(message_class="service"))
    world.enroll(people[4:])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=2, held=3)
    assert [message["state"] for message in world.messages()] == ["sent", "held", "held", "held", "sent"]


def test_the_strictest_of_several_limits_decides(world: World) -> None:
    arrange(world, 6, per_minute=2, per_day=4)
    assert deliver(world, Recorder()).states == Counter(sent=2, held=4)
    world.tick(world.now + MINUTE)
    assert deliver(world, Recorder()).states["sent"] == 2
    world.tick(world.now + MINUTE)
    assert deliver(world, Recorder()).states["sent"] == 0
    world.tick(world.now + DAY)
    assert deliver(world, Recorder()).states["sent"] == 2


def test_an_account_without_limits_has_no_row(world: World) -> None:
    arrange(world, 3)
    assert deliver(world, Recorder()).states == Counter(sent=3)
    with world.store.read() as conn:
        assert used(conn, now=world.now) == {}


def test_what_was_not_even_offered_is_given_back(world: World) -> None:
    arrange(world, 5, per_hour=5)
    deliver(world, Recorder(lambda _mail: AccountTrouble("The server refused the password.")))
    with world.store.read() as conn:
        assert used(conn, now=world.now) == {"mail": {"hour": 0}}
    world.tick(world.now + 6 * MINUTE)
    assert deliver(world, Recorder()).states == Counter(sent=5)


def test_what_a_stop_gives_back_may_go_in_the_same_window(world: World) -> None:
    arrange(world, 5, per_hour=5)
    channel = Recorder()
    deliver(world, channel, keep_going=lambda: len(channel.mails) < 2)
    with world.store.read() as conn:
        assert used(conn, now=world.now) == {"mail": {"hour": 2}}
    assert deliver(world, Recorder()).states == Counter(sent=3)


def test_what_cannot_be_written_takes_nothing(world: World) -> None:
    arrange(world, 3, per_hour=3)
    deliver(world, Recorder(), writer=PlainWriter(broken=[world.messages()[0]["contact"]]))
    with world.store.read() as conn:
        assert used(conn, now=world.now) == {"mail": {"hour": 2}}


def test_messages_held_beyond_their_end_expire(world: World) -> None:
    arrange(world, 6, per_day=1)
    for _ in range(4):
        deliver(world, Recorder())
        world.tick(world.now + DAY)
    deliver(world, Recorder())
    assert Counter(message["state"] for message in world.messages()) == Counter(sent=3, expired=3)


def test_two_workers_together_never_exceed_a_limit(world: World) -> None:
    arrange(world, 60, per_hour=25)
    channel = Recorder()
    two_workers(world, channel)
    assert len(channel.mails) == 25
    with world.store.read() as conn:
        assert used(conn, now=world.now) == {"mail": {"hour": 25}}


def test_a_clock_set_back_far_does_not_shut_an_account(world: World) -> None:
    limits = Limits("mail", {"hour": 1})
    with world.store.write() as conn:
        define_account(conn, "mail", channel="email", settings={})
        for at, room in ((world.now, True), (world.now - 10, False), (world.now - 2 * HOUR, True)):
            allowances = Allowances(conn, [limits], now=Instant(at))
            assert (allowances.take(limits) is None) == room
            allowances.write()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    most=st.dictionaries(st.sampled_from(["second", "minute", "hour"]), st.integers(1, 5), min_size=1),
    lots=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 12)), max_size=12),
)
def test_no_window_ever_holds_more_than_its_limit(
    sqlite_store: Store, most: dict[str, int], lots: list[tuple[int, int]]
) -> None:
    limits = Limits("mail", most)
    with sqlite_store.write() as conn:
        conn.execute(text("DELETE FROM allowance"))
        define_account(conn, "mail", channel="email", settings={})
    at, starts = 1_000_000, dict.fromkeys(most, 0)
    taken: Counter[Any] = Counter()
    for later, n in lots:
        at += later
        with sqlite_store.write() as conn:
            allowances = Allowances(conn, [limits], now=Instant(at))
            for unit, length in (("second", 1), ("minute", 60), ("hour", 3600)):
                if unit in most and starts[unit] + length <= at:
                    starts[unit] = at
            for _ in range(n):
                full = allowances.take(limits)
                if full is None:
                    taken.update((unit, starts[unit]) for unit in most)
                else:
                    assert full.until > at
                    assert taken[full.unit, starts[full.unit]] == most[full.unit]
            allowances.write()
    assert all(n <= most[unit] for (unit, _start), n in taken.items())
