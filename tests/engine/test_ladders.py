"""Sends by ladders and splits by channel, on an installation that has more channels than e-mail, and sends that are late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.engine.tick import Engine
from journeys.store import tables as t
from journeys.store.consent import NewConsent, record_consent
from journeys.store.suppression import suppress
from tests.engine.conftest import World, at, build
from tests.engine.mails import written
from tests.engine.test_trace import passage_of, sentences

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})
BOTH = ["email", "sms"]
#: a template with texts for both channels, as far as a plan can tell
HELLO = {"hello": written("hello")}


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """One that can hand over text messages too."""
    monkeypatch.setattr("journeys.engine.plan.channels_of", lambda _stored: frozenset(BOTH))
    world.engine = Engine(world.store, transports=frozenset(BOTH))
    return world


def sending(world: World, **send: Any) -> None:
    settings = {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True} | send
    nodes = {"in": LIST, "ask": ("send", settings), "exit": EXIT, "lost": ("exit", {"reason": "no reachable channel"})}
    world.publish(build(nodes, [("in", "in", "ask"), ("ask", "sent", "exit"), ("ask", "not_sent", "lost")]), HELLO)


def agree(world: World, contact: int, *channels: str) -> None:
    world.consent([])
    with world.store.write() as conn:
        given = [NewConsent(contact, one, "newsletter", given=True, at=world.now, source="test") for one in channels]
        record_consent(conn, given, now=world.now)


def run(world: World, who: Sequence[int]) -> None:
    world.enroll(who)
    world.tick()


def channels(world: World, contact: int) -> list[str]:
    return [row["channel"] for row in world.messages() if row["contact"] == contact]


def test_D3_who_left_the_newsletter_is_sent_a_text_message_where_they_agreed_to_it(world: World) -> None:
    mail, sms, nothing = world.people(3, phone="+48600100200")
    agree(world, mail, "email", "sms")
    agree(world, sms, "sms")
    sending(world, ladder={"rule": "first reachable", "channels": BOTH})
    run(world, [mail, sms, nothing])
    assert [channels(world, one) for one in (mail, sms, nothing)] == [["email"], ["sms"], []]
    assert world.path(nothing) == ["in:in", "ask:not_sent", "lost:"]


def test_D3_the_trace_says_of_each_channel_why_it_does_not_reach(world: World) -> None:
    (anna,) = world.people(1)
    agree(world, anna, "email")
    with world.store.write() as conn:
        suppress(conn, "email", ["c0@example.com"], reason="bounce", at=world.now)
    sending(world, ladder={"channels": BOTH})
    run(world, [anna])
    stay = passage_of(world, anna).stays[1]
    assert (stay.outlet, sentences(stay)) == (
        "not sent",
        [
            "No channel reaches the contact.",
            "e-mail: The address is on the list of those never written to.",
            "text message: There is no address.",
        ],
    )


def test_the_preferred_channel_comes_first_where_it_reaches(world: World) -> None:
    likes_sms = world.people(2, phone="+48600100200", preferred_channel="sms")
    for one in likes_sms:
        agree(world, one, "email")
    agree(world, likes_sms[0], "sms")
    sending(world, ladder={"rule": "preferred first", "channels": BOTH})
    run(world, likes_sms)
    assert [channels(world, one) for one in likes_sms] == [["sms"], ["email"]]


def test_by_all_channels_there_is_a_message_each_and_the_passage_waits_for_the_last(world: World) -> None:
    (anna,) = world.people(1, phone="+48600100200")
    agree(world, anna, *BOTH)
    sending(world, ladder={"rule": "all", "channels": BOTH})
    run(world, [anna])
    assert channels(world, anna) == BOTH
    end(world, "email", "failed", "refused")
    world.tick(world.now + MINUTE)
    assert world.path(anna) == ["in:in"]
    end(world, "sms", "sent")
    world.tick(world.now + MINUTE)
    assert world.path(anna) == ["in:in", "ask:sent", "exit:"]
    assert sentences(passage_of(world, anna).stays[1]) == [
        "e-mail: The message failed. The server of the recipient refused it.",
        "text message: The message was handed over.",
    ]


def test_where_no_channel_got_through_the_first_reason_counts(world: World) -> None:
    (anna,) = world.people(1, phone="+48600100200")
    agree(world, anna, *BOTH)
    sending(world, ladder={"rule": "all", "channels": BOTH})
    run(world, [anna])
    end(world, "email", "failed", "refused")
    end(world, "sms", "expired", "too late")
    world.tick(world.now + MINUTE)
    assert world.path(anna) == ["in:in", "ask:not_sent", "lost:"]
    assert sentences(passage_of(world, anna).stays[1])[0] == "The server of the recipient refused it."


def test_one_of_unknown_outcome_is_waited_for_a_day_beside_one_that_was_sent(world: World) -> None:
    (anna,) = world.people(1, phone="+48600100200")
    agree(world, anna, *BOTH)
    sending(world, ladder={"rule": "all", "channels": BOTH})
    run(world, [anna])
    end(world, "email", "sent")
    end(world, "sms", "unknown")
    world.tick(world.now + MINUTE)
    assert world.path(anna) == ["in:in"]
    world.tick(world.now + DAY)
    assert world.path(anna) == ["in:in", "ask:sent", "exit:"]


def end(world: World, channel: str, state: str, reason: str = "") -> None:
    """Let one message end so, as hand-over would."""
    m = t.message.c
    with world.store.write() as conn:
        conn.execute(
            update(t.message)
            .where(m.channel == channel)
            .values(state=state, reason=reason, ended_at=world.now, started_at=world.now)
        )
        conn.execute(update(t.enrollment).values(due_at=world.now))


def test_a_channel_that_this_installation_cannot_hand_over_by_is_never_taken(world: World) -> None:
    (anna,) = world.people(1, phone="+48600100200")
    agree(world, anna, *BOTH)
    world.engine = Engine(world.store)
    sending(world, ladder={"rule": "all", "channels": ["sms", "email"]})
    run(world, [anna])
    assert channels(world, anna) == ["email"]


def test_a_service_message_by_a_ladder_needs_an_address_and_no_consent(world: World) -> None:
    (anna,) = world.people(1, phone="+48600100200")
    sending(world, ladder={"rule": "all", "channels": BOTH}, message_class="service", purpose=None)
    run(world, [anna])
    assert channels(world, anna) == BOTH


def test_without_waiting_for_the_hand_over_who_is_not_reached_still_goes_another_way(world: World) -> None:
    reached, not_reached = world.people(2)
    agree(world, reached, "email")
    sending(world, ladder={"channels": BOTH}, wait_for_hand_over=False)
    run(world, [reached, not_reached])
    assert world.path(reached) == ["in:in", "ask:sent", "exit:"]
    assert world.path(not_reached) == ["in:in", "ask:not_sent", "lost:"]


def test_trap_10_a_split_by_channel_has_a_way_for_who_is_not_reached_at_all(world: World) -> None:
    mail, sms, barred, nothing = world.people(4, phone="+48600100200")
    for one in (mail, barred):
        agree(world, one, "email")
    agree(world, sms, "sms")
    with world.store.write() as conn:
        suppress(conn, "email", ["c2@example.com"], reason="complaint", at=world.now)
    by = {"type": "reachable", "channels": BOTH, "purpose": "newsletter"}
    nodes = {"in": LIST, "split": ("split", {"by": by}), "a": EXIT, "b": EXIT, "c": EXIT}
    edges = [("in", "in", "split"), ("split", "email", "a"), ("split", "sms", "b"), ("split", "otherwise", "c")]
    world.publish(build(nodes, edges))
    run(world, [mail, sms, barred, nothing])
    ways = [world.path(one)[1] for one in (mail, sms, barred, nothing)]
    assert ways == ["split:email", "split:sms", "split:otherwise", "split:otherwise"]
    assert sentences(passage_of(world, barred).stays[1]) == [
        "e-mail: The address is on the list of those never written to.",
        "text message: There is no consent.",
    ]


# --- late ------------------------------------------------------------------------------------------------------------


def a_day_later(world: World, **send: Any) -> int:
    """A contact who waits a day for a message, from 12:00 on 2 March."""
    (anna,) = world.people(1)
    settings = {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True} | send
    nodes = {
        "in": LIST,
        "wait": ("wait", {"rule": {"type": "duration", "amount": 1}}),
        "ask": ("send", settings),
        "exit": EXIT,
        "lost": EXIT,
    }
    edges = [("in", "in", "wait"), ("wait", "done", "ask"), ("ask", "sent", "exit"), ("ask", "not_sent", "lost")]
    world.publish(build(nodes, edges), HELLO)
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    return anna


DUE = at("2026-03-03 12:00")


def test_trap_11_marketing_that_is_more_than_a_day_late_goes_out_at_its_hour(world: World) -> None:
    a_day_later(world)
    # three days asleep, and woken in the night
    world.tick("2026-03-06 23:30")
    (message,) = world.messages()
    assert (message["state"], message["reason"], message["not_before_at"]) == ("held", "late", at("2026-03-07 12:00"))
    assert message["expires_at"] == at("2026-03-10 12:00")
    assert message["due_at"] == DUE


@pytest.mark.parametrize("late", [0, HOUR, DAY])
def test_what_is_less_late_goes_out_at_once(world: World, late: int) -> None:
    a_day_later(world)
    world.tick(Instant(DUE + late))
    (message,) = world.messages()
    assert (message["state"], message["not_before_at"]) == ("pending", DUE + late)


def test_the_window_of_the_send_is_kept_where_it_has_one(world: World) -> None:
    window = {"weekdays": ["mon"], "from": "10:00", "to": "11:00"}
    a_day_later(world, late={"then": "next window", "window": window})
    world.tick("2026-03-06 23:30")
    assert [row["not_before_at"] for row in world.messages()] == [at("2026-03-09 10:00")]


def test_by_the_contacts_clock(world: World) -> None:
    anna = a_day_later(world)
    with world.store.write() as conn:
        conn.execute(update(t.contact).where(t.contact.c.id == anna).values(time_zone="Asia/Tokyo"))
    world.tick("2026-03-06 23:30")
    assert [row["not_before_at"] for row in world.messages()] == [at("2026-03-07 12:00")]


@pytest.mark.parametrize(("late", "path"), [(3 * DAY, ["in:in", "wait:done"]), (3 * DAY + 1, ["in:in", "wait:done", "ask:not_sent", "lost:"])])  # fmt: skip
def test_trap_11_service_that_is_more_than_three_days_late_is_left_out(
    world: World, late: int, path: list[str]
) -> None:
    anna = a_day_later(world, message_class="service", purpose=None)
    world.tick(Instant(DUE + late))
    assert world.path(anna) == path
    assert len(world.messages()) == (0 if "ask:not_sent" in path else 1)


def test_the_trace_says_what_was_left_out_because_it_was_late(world: World) -> None:
    anna = a_day_later(world, message_class="service", purpose=None)
    world.tick(Instant(DUE + 4 * DAY))
    assert sentences(passage_of(world, anna).stays[2]) == ["It was noticed too late."]


def test_however_late_it_is_where_the_send_says_so(world: World) -> None:
    a_day_later(world, late={"then": "run"})
    world.tick(Instant(DUE + 30 * DAY))
    assert [row["state"] for row in world.messages()] == ["pending"]


def test_trap_11_a_series_of_dates_that_was_slept_through_does_not_burst(world: World) -> None:
    """A message on the 3rd, the 5th and the 8th, and a computer that slept from the 2nd to the 10th."""
    (anna,) = world.people(1)
    nodes: dict[str, Any] = {"in": LIST, "exit": EXIT}
    edges = []
    before, outlet = "in", "in"
    for day in (3, 5, 8):
        rule = {"type": "date", "date": {"type": "day", "day": f"2026-03-0{day}"}}
        send = {"template": "hello", "message_class": "service", "late": {"then": "next window"}}
        nodes |= {f"wait{day}": ("wait", {"rule": rule}), f"ask{day}": ("send", send)}
        edges += [
            (before, outlet, f"wait{day}"),
            (f"wait{day}", "done", f"ask{day}"),
            (f"wait{day}", "already_past", "exit"),
        ]
        before, outlet = f"ask{day}", "sent"
    world.publish(build(nodes, [*edges, (before, outlet, "exit")]), HELLO)
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    world.tick("2026-03-10 23:00")
    assert [row["not_before_at"] for row in world.messages()] == [at("2026-03-11 09:00")]
    world.now = at("2026-03-11 09:00")
    world.settle()
    world.tick()
    assert len(world.messages()) == 1
    (passage,) = world.passages()
    assert passage["state"] == "exited" or passage["state"] == "finished"
    assert [hop.split(":")[1] for hop in world.path(anna)] == ["in", "done", "sent", "already_past", ""]
