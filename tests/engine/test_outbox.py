from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Handed, Mail, Refused, Uncertain, retry_after
from journeys.engine import policies, recovery
from journeys.engine.deliver import Delivered, Delivery
from journeys.graph.settings import Cap, QuietHours
from journeys.nodes.windows import Window
from journeys.store import contacts, suppression
from journeys.store import tables as t
from journeys.store.arrows import ARROWS
from tests.engine.conftest import WARSAW, World, at, build
from tests.engine.mails import PlainWriter, Recorder

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})


def send(**more: Any) -> tuple[str, dict[str, Any]]:
    return ("send", {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True} | more)


def publish(world: World, node: tuple[str, dict[str, Any]] | None = None, **attributes: Any) -> None:
    nodes = {"in": LIST, "ask": node or send(), "sent": EXIT, "lost": EXIT}
    edges = [("in", "in", "ask"), ("ask", "sent", "sent")]
    if nodes["ask"][1].get("unreachable_goes_another_way"):
        edges.append(("ask", "not_sent", "lost"))
    world.publish(build(nodes, edges, **attributes))


def delivery_of(world: World, channel: Recorder, *, writer: PlainWriter | None = None) -> Delivery:
    return Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=channel,
        writer=writer or PlainWriter(),
        worker="test",
        clock=lambda: world.now,
    )


def deliver(world: World, channel: Recorder, *, writer: PlainWriter | None = None, **options: Any) -> Delivered:
    return delivery_of(world, channel, writer=writer).deliver(**options)


def last(world: World, contact: int) -> str:
    return world.path(contact)[-2]


def test_a_message_is_handed_over_once_and_its_passage_goes_on(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    channel = Recorder()
    assert deliver(world, channel).states == Counter(sent=1)
    assert deliver(world, channel).idle
    world.tick()
    (message,) = world.messages()
    assert (message["state"], message["rfc_id"]) == ("sent", f"<{message['id']}@example.com>")
    assert (len(channel.mails), last(world, anna)) == (1, "ask:sent")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("nothing asked", "no consent"),
        ("withdrawn", "consent withdrawn"),
        ("no address", "no address"),
        ("suppressed", "suppressed"),
    ],
)
def test_who_cannot_be_reached_is_skipped_with_the_reason(world: World, spoil: str, reason: str) -> None:
    (anna,) = world.people(1)
    if spoil != "nothing asked":
        world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        if spoil == "no address":
            contacts.change(conn, [(anna, {"email": None})], now=world.now, source="test")
        if spoil == "suppressed":
            suppression.suppress(conn, "email", ["c0@example.com"], reason="complaint", at=world.now)
    if spoil == "withdrawn":
        # trap 16: between scheduling and sending
        world.consent([anna], given=False)
    channel = Recorder()
    deliver(world, channel)
    world.tick()
    (message,) = world.messages()
    assert (message["state"], message["reason"], channel.mails) == ("skipped", reason, [])
    assert last(world, anna) == "ask:not_sent"


def test_a_service_message_needs_no_consent(world: World) -> None:
    (anna,) = world.people(1)
    publish(world, send(message_class="service"))
    world.enroll([anna])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=1)


def test_quiet_hours_hold_a_message_until_they_are_over_where_the_contact_is(world: World) -> None:
    (here,) = world.people(1)
    (there,) = world.people(1, time_zone="America/New_York")
    world.consent([here, there])
    publish(world, policies={"quiet_hours": {"from": "21:00", "to": "08:00"}})
    world.enroll([here, there])
    world.tick("2026-03-02 22:00")
    assert deliver(world, Recorder()).states == Counter(sent=1, held=1)
    states = {message["contact"]: message for message in world.messages()}
    assert states[there]["state"] == "sent"
    assert (states[here]["state"], states[here]["reason"]) == ("held", "quiet hours")
    assert states[here]["not_before_at"] == at("2026-03-03 08:00")
    world.tick("2026-03-03 08:00")
    assert deliver(world, Recorder()).states == Counter(sent=1)


def test_a_cap_over_all_journeys_holds_what_is_too_much(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=2, within_days=7))
    publish(world, re_entry={"rule": "always"})
    for _ in range(3):
        world.enroll([anna])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=2, held=1)
    held = next(message for message in world.messages() if message["state"] == "held")
    assert (held["reason"], held["not_before_at"]) == ("cap", world.now + 3 * DAY)


def test_a_message_held_by_a_cap_beyond_its_end_expires(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=1, within_days=30))
    publish(world, re_entry={"rule": "always"})
    for _ in range(2):
        world.enroll([anna])
    world.tick()
    deliver(world, Recorder())
    world.tick(world.now + 3 * DAY)
    assert deliver(world, Recorder()).states == Counter(expired=1)
    world.tick()
    assert Counter(passage["node"] for passage in world.passages()) == Counter(SENTAAAA=1, LOSTAAAA=1)


def test_a_block_may_skip_instead(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world, send(on_block="skip"), policies={"quiet_hours": {"from": "08:00", "to": "20:00"}})
    world.enroll([anna])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(skipped=1)


def test_a_refusal_fails_and_is_never_tried_again(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    deliver(world, Recorder(lambda _mail: Refused(550, "550 no such user")))
    world.tick(world.now + DAY)
    assert deliver(world, Recorder()).idle
    (message,) = world.messages()
    assert (message["state"], message["detail"], last(world, anna)) == ("failed", "550 no such user", "ask:not_sent")


def test_a_deferral_is_tried_again_later(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    deliver(world, Recorder(lambda _mail: Deferred(451, "greylisted", 60)))
    (message,) = world.messages()
    assert (message["state"], message["attempts"], message["counted_at"]) == ("pending", 1, None)
    assert deliver(world, Recorder()).idle
    world.tick(message["not_before_at"])
    assert deliver(world, Recorder()).states == Counter(sent=1)


def test_a_deferred_message_is_given_up_at_its_end_with_the_last_answer_of_the_server(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world, send(expires_after={"amount": 1, "unit": "hours"}))
    world.enroll([anna])
    world.tick()
    end = world.messages()[0]["expires_at"]
    channel = Recorder(lambda _mail: Deferred(451, "451 greylisted", 60))
    while (message := world.messages()[0])["state"] == "pending":
        deliver(world, channel)
        world.tick(max(world.now, world.messages()[0]["not_before_at"]))
    # after one minute, five, fifteen; the next hour would be beyond the end
    assert (len(channel.mails), world.now) == (4, end)
    assert (message["state"], message["reason"], message["detail"]) == ("expired", "too late", "451 greylisted")


def test_no_answer_is_unknown_never_sent_again_and_lets_the_passage_go_on_after_a_day(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    deliver(world, Recorder(lambda _mail: Uncertain("connection lost after the last line")))
    assert world.messages()[0]["state"] == "unknown"
    world.tick(world.now + 23 * HOUR)
    assert world.passages()[0]["state"] == "active"
    world.tick(world.now + HOUR)
    assert deliver(world, Recorder()).idle
    assert last(world, anna) == "ask:sent"


def test_trouble_with_the_account_stops_the_delivery_and_loses_nothing(world: World) -> None:
    people = world.people(5)
    world.consent(people)
    publish(world)
    world.enroll(people)
    world.tick()
    channel = Recorder(lambda _mail: AccountTrouble("The server refused the password."))
    done = deliver(world, channel)
    assert (done.troubles, len(channel.mails)) == (["The server refused the password."], 1)
    assert {message["state"] for message in world.messages()} == {"pending"}
    assert {message["attempts"] for message in world.messages()} == {0}
    world.tick(world.now + 10 * MINUTE)
    assert deliver(world, Recorder()).states == Counter(sent=5)


def test_a_message_that_cannot_be_written_fails_alone(world: World) -> None:
    anna, bob = world.people(2)
    world.consent([anna, bob])
    publish(world)
    world.enroll([anna, bob])
    world.tick()
    done = deliver(world, Recorder(), writer=PlainWriter(broken=[anna]))
    assert done.states == Counter(sent=1, failed=1)
    assert world.messages()[0]["detail"] == "“name” is not there."


def test_a_paused_journey_hands_nothing_over(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        conn.execute(update(t.journey).values(state="paused"))
    assert deliver(world, Recorder()).idle
    with world.store.write() as conn:
        conn.execute(update(t.journey).values(state="live"))
    assert deliver(world, Recorder()).states == Counter(sent=1)


def test_after_a_crash_claimed_goes_back_and_started_becomes_unknown(world: World) -> None:
    people = world.people(2)
    world.consent(people)
    publish(world)
    world.enroll(people)
    world.tick()
    with world.store.write() as conn:
        conn.execute(
            update(t.message)
            .where(t.message.c.contact == people[0])
            .values(state="claimed", worker="dead", lease_until=world.now - 1)
        )
        conn.execute(
            update(t.message)
            .where(t.message.c.contact == people[1])
            .values(state="started", worker="dead", lease_until=world.now - 1, started_at=world.now)
        )
        assert recovery.recover(conn, now=world.now) == (1, 1)
    assert [message["state"] for message in world.messages()] == ["pending", "unknown"]
    channel = Recorder()
    deliver(world, channel)
    assert len(channel.mails) == 1


def test_several_threads_hand_each_message_over_once(world: World) -> None:
    people = world.people(120)
    world.consent(people)
    publish(world)
    world.enroll(people)
    world.tick()
    channel = Recorder()
    done = deliver(world, channel, threads=4)
    assert done.states == Counter(sent=120)
    assert Counter(mail.message_id for mail in channel.mails).most_common(1)[0][1] == 1


def test_trap_12_two_threads_keep_one_cap(world: World) -> None:
    people = world.people(40)
    world.consent(people)
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=1, within_days=7))
    publish(world, re_entry={"rule": "always"})
    for _ in range(3):
        world.enroll(people)
    world.tick()
    channel = Recorder()
    deliver(world, channel, threads=4)
    assert len(channel.mails) == len({mail.to for mail in channel.mails}) == 40


def test_two_messages_of_one_stay_cannot_exist(world: World) -> None:
    (anna,) = world.people(1)
    publish(world)
    world.enroll([anna])
    world.tick()
    with world.store.read() as conn:
        row = dict(conn.execute(select(t.message)).mappings().one())
    row.pop("id")
    with pytest.raises(Exception, match=r"(?i)unique"), world.store.write() as conn:
        conn.execute(insert(t.message).values({"message_class" if k == "class" else k: v for k, v in row.items()}))


def test_the_transition_table_is_closed_and_its_ends_are_ends() -> None:
    assert set().union(*ARROWS.values()) <= set(ARROWS)
    assert all(not ARROWS[state] - {"sent", "failed"} for state in ("sent", "unknown"))
    assert ARROWS["failed"] == {"pending"}
    assert all(not ARROWS[state] for state in ("skipped", "expired", "cancelled"))


@given(
    counted=st.lists(st.integers(0, 40 * DAY), max_size=12),
    cap=st.builds(Cap, at_most=st.integers(1, 5), within_days=st.integers(1, 30)),
)
def test_a_cap_gives_the_first_moment_with_room(counted: list[int], cap: Cap) -> None:
    now = 40 * DAY
    free = policies.room_again_at(cap, [Instant(one) for one in counted], Instant(now))

    def used(moment: int) -> int:
        return sum(moment - cap.within_days * DAY < one <= moment for one in counted)

    assert free >= now
    assert used(free) < cap.at_most
    assert free == now or used(free - 1) >= cap.at_most


@given(
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] != pair[1]),
    moment=st.integers(at("2026-01-01 00:00"), at("2027-01-01 00:00")),
)
def test_quiet_hours_end_outside_themselves(hours: tuple[int, int], moment: int) -> None:
    quiet = QuietHours.model_validate({"from": f"{hours[0]:02}:00", "to": f"{hours[1]:02}:00"})
    loud = policies.loud_again_at(quiet, Instant(moment), WARSAW)
    inside = Window(opens=quiet.starts, closes=quiet.ends)
    assert loud >= moment
    assert not inside.contains(loud, WARSAW)
    assert loud == moment or inside.contains(Instant(moment), WARSAW)


def test_the_account_in_trouble_keeps_its_own_messages_waiting_and_not_those_of_others(world: World) -> None:
    anna, bob, cleo = world.people(3)
    publish(world, send(message_class="service"))
    world.enroll([anna, bob, cleo])
    world.tick()
    writer = PlainWriter()
    channel = Recorder(lambda mail: trouble if mail.envelope_from == "broken@example.com" else Accepted("250 ok"))
    trouble = AccountTrouble("The server refused the password.")
    writer.senders = {anna: "broken@example.com", bob: "broken@example.com"}
    delivery = delivery_of(world, channel, writer=writer)
    assert delivery.deliver().states == Counter(pending=2, sent=1)
    assert [mail.envelope_from for mail in channel.mails] == ["broken@example.com", "shop@example.com"]
    waits = [(message["reason"], message["not_before_at"]) for message in world.messages()[:2]]
    assert waits == [("account", world.now + 5 * MINUTE)] * 2


def test_an_account_in_trouble_is_left_alone_although_new_messages_are_made(world: World) -> None:
    """A provider locks an account that logs in wrongly again and again."""
    people = world.people(3)
    publish(world, send(message_class="service"))
    channel = Recorder(lambda _mail: AccountTrouble("The server refused the password."))
    delivery = delivery_of(world, channel)
    for one in people:
        world.enroll([one])
        world.tick(world.now + MINUTE)
        delivery.deliver()
    assert len(channel.mails) == 1
    channel.answer = lambda _mail: Accepted("250 ok")
    world.tick(world.now + 5 * MINUTE)
    assert delivery.deliver().states == Counter(sent=3)


def test_a_server_that_does_not_answer_is_asked_once_and_not_for_each_message(world: World) -> None:
    people = world.people(60)
    publish(world, send(message_class="service"))
    world.enroll(people)
    world.tick()
    channel = Recorder(lambda _mail: Deferred(0, "connection refused", 60, account_wide=True))
    assert deliver(world, channel).states == Counter(pending=60)
    assert len(channel.mails) == 1
    assert Counter(message["attempts"] for message in world.messages()) == Counter({0: 59, 1: 1})
    first = next(message["id"] for message in world.messages() if message["attempts"] == 1)
    assert {message["not_before_at"] - world.now for message in world.messages()} == {retry_after(1, first)}


def test_a_stop_is_heard_between_two_messages_and_gives_the_rest_back(world: World) -> None:
    people = world.people(20)
    publish(world, send(message_class="service"))
    world.enroll(people)
    world.tick()
    channel = Recorder()
    deliver(world, channel, keep_going=lambda: len(channel.mails) < 3)
    assert len(channel.mails) == 3
    assert Counter(message["state"] for message in world.messages()) == Counter(sent=3, pending=17)
    assert deliver(world, Recorder()).states == Counter(sent=17)


def test_a_pause_is_heeded_by_messages_that_were_claimed_already(world: World) -> None:
    people = world.people(5)
    publish(world, send(message_class="service"))
    world.enroll(people)
    world.tick()

    def answer(_mail: Mail) -> Handed:
        with world.store.write() as conn:
            conn.execute(update(t.journey).values(state="paused"))
        return Accepted("250 ok")

    channel = Recorder(answer)
    deliver(world, channel)
    assert len(channel.mails) == 1
    assert Counter(message["state"] for message in world.messages()) == Counter(sent=1, pending=4)


def hold(world: World, contact: int, state: str, worker: str, *, until: int) -> None:
    with world.store.write() as conn:
        conn.execute(
            update(t.message)
            .where(t.message.c.contact == contact)
            .values(state=state, worker=worker, lease_until=until, started_at=world.now, counted_at=world.now)
        )


def test_recovering_takes_what_the_threads_of_this_worker_held_and_leaves_others_alone(world: World) -> None:
    people = world.people(5)
    publish(world, send(message_class="service"))
    world.enroll(people)
    world.tick()
    workers = ["test", "test/1", "test/12", "testing/1", "te_t/1"]
    for one, worker in zip(people, workers, strict=True):
        hold(world, one, "claimed", worker, until=world.now + 300)
    with world.store.write() as conn:
        assert recovery.recover(conn, now=world.now, worker="test") == (3, 0)
    assert [message["worker"] for message in world.messages()] == [None, None, None, "testing/1", "te_t/1"]


def test_recovering_takes_what_dead_workers_held_before_their_lease_is_over(world: World) -> None:
    anna, bob, cleo = world.people(3)
    publish(world, send(message_class="service"))
    world.enroll([anna, bob, cleo])
    world.tick()
    hold(world, anna, "claimed", "dead/1", until=world.now + 300)
    hold(world, bob, "started", "dead/2", until=world.now + 900)
    hold(world, cleo, "started", "alive/1", until=world.now + 900)
    with world.store.write() as conn:
        assert recovery.recover(conn, now=world.now, dead=lambda name: name.startswith("dead/")) == (1, 1)
    states = [(message["state"], message["reason"]) for message in world.messages()]
    assert states == [("pending", ""), ("unknown", "interrupted"), ("started", "")]
    due = {passage["contact"]: passage["due_at"] for passage in world.passages()}
    assert (due[bob], due[cleo]) == (world.now + DAY, None)
