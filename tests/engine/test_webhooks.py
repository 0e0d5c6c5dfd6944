"""Webhooks in a running journey, over the outbox and to a real server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, Caller, Deferred, Handed, Request, Uncertain, retry_after
from journeys.channels.hook_server import Answer, HookServer
from journeys.channels.secrets import Secret
from journeys.channels.webhook import Webhooks
from journeys.engine import outbox, recovery
from journeys.engine.deliver import Delivered, Delivery
from journeys.engine.letters import LetterWriter
from journeys.engine.publish import Blocked
from journeys.engine.trace import trace
from journeys.graph.journey import Journey
from journeys.store import contacts, suppression
from journeys.store import tables as t
from journeys.store.erasing import erase
from tests.engine.conftest import WARSAW, World, build
from tests.engine.mails import KEYS, Recorder


class Told:
    """A caller that keeps what it is given and answers as it is told."""

    def __init__(self, *answers: Handed) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def call(self, request: Request) -> Handed:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else Accepted("HTTP 200 OK")


def calling(*, trigger: dict[str, Any] | None = None, **settings: Any) -> Journey:
    made = {"url": "https://shop.example/hook", "secret": "shop"} | settings
    nodes = {
        "in": ("trigger", trigger or {"on": {"type": "list"}}),
        "call": ("webhook", made),
        "good": ("exit", {"reason": "told"}),
        "bad": ("exit", {"reason": "not told"}),
    }
    edges = [("in", "in", "call"), ("call", "ok", "good")]
    if made.get("wait_for_answer", True):
        edges.append(("call", "failed", "bad"))
    return build(nodes, edges, policies={"quiet_hours": {"from": "00:00", "to": "23:59"}, "cap": {"at_most": 1, "within_days": 30}})  # fmt: skip


def deliver(world: World, caller: Caller | None) -> Delivered:
    return Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=Recorder(),
        writer=LetterWriter(world.engine.plans, KEYS),
        worker="test",
        clock=lambda: world.now,
        caller=caller,
    ).deliver()


def start(world: World, who: list[int], **settings: Any) -> None:
    world.publish(calling(**settings))
    world.enroll(who)
    world.tick()


@pytest.fixture
def server() -> Iterator[HookServer]:
    with HookServer() as made:
        yield made


def test_a_passage_calls_once_and_goes_on_by_what_was_answered(world: World, server: HookServer) -> None:
    """At quiet hours, over a cap, without consent: it contacts nobody."""
    who = world.people(2)
    server.behave = lambda call: Answer(200 if b"c0@" in call.content else 404)
    start(world, who, url=f"{server.url}/hook", private_addresses=True)
    made = Webhooks(lambda: world.now, secret_of=lambda _name: Secret("x"))
    assert deliver(world, made).states == Counter(sent=1, failed=1)
    world.tick()
    assert [world.path(one)[1] for one in who] == ["call:ok", "call:failed"]
    assert [(one["state"], one["reason"], one["detail"]) for one in world.messages()] == [
        ("sent", "", "HTTP 200 OK"),
        ("failed", "refused", "HTTP 404 Not Found"),
    ]
    assert json.loads(server.calls[0].content) == {
        "journey": "Test", "step": "call", "contact": {"id": None, "email": "c0@example.com"},
    }  # fmt: skip


def test_the_status_stands_in_the_trace(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna])
    deliver(world, Told())
    world.tick()
    with world.store.read() as conn:
        from journeys.criteria import Keys

        told = trace(conn, world.engine.plans, anna, Keys(), now=world.now, zone=WARSAW)
    because = [one.sentence for one in told.passages[0].stays[1].because]
    assert because == ["The message was handed over.", "HTTP 200 OK"]


def test_what_fails_for_now_is_tried_again_under_the_same_key(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna])
    told = Told(Deferred(500, "HTTP 500 Internal Server Error", 60), Deferred(429, "HTTP 429", 2 * HOUR, True))
    deliver(world, told)
    (message,) = world.messages()
    wait = retry_after(1, message["id"])
    assert (message["state"], message["not_before_at"]) == ("pending", world.now + wait)
    world.now = Instant(world.now + wait)
    deliver(world, told)
    (message,) = world.messages()
    assert message["not_before_at"] == world.now + 2 * HOUR
    world.now = Instant(world.now + 2 * HOUR)
    deliver(world, told)
    world.tick()
    assert world.path(anna)[1] == "call:ok"
    assert len({one.idempotency_key for one in told.requests}) == 1
    assert len(told.requests) == 3


def test_every_stay_has_a_key_of_its_own(world: World) -> None:
    start(world, world.people(3))
    told = Told()
    deliver(world, told)
    keys = {one.idempotency_key for one in told.requests}
    assert len(keys) == 3
    assert keys == {one["rfc_id"] for one in world.messages()}


def test_what_is_never_answered_is_given_up(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna], expires_after={"amount": 1, "unit": "hours"})
    deliver(world, Told(Deferred(503, "HTTP 503", 2 * HOUR, account_wide=True)))
    world.now = Instant(world.now + 2 * HOUR)
    deliver(world, Told())
    world.tick()
    assert (world.messages()[0]["state"], world.path(anna)[1]) == ("expired", "call:failed")


def test_a_server_in_trouble_keeps_its_own_calls_waiting_and_no_others(world: World) -> None:
    first, second = world.people(2)
    world.publish(calling())
    world.enroll([first, second])
    world.tick()
    told = Told(Deferred(503, "HTTP 503", 60, account_wide=True))
    assert deliver(world, told).states == Counter(pending=2)
    assert len(told.requests) == 1


def test_a_server_that_hangs_keeps_its_other_calls_waiting_and_not_the_worker(world: World) -> None:
    start(world, world.people(3))
    told = Told(Uncertain("no answer came in time"))
    assert deliver(world, told).states == Counter(unknown=1, pending=2)
    assert len(told.requests) == 1
    world.now = Instant(world.now + 5 * MINUTE)
    assert deliver(world, told).states == Counter(sent=2)


# --- unknown ---------------------------------------------------------------------------------------------------------


def test_a_call_without_an_answer_is_not_made_again_and_rests_for_a_day(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna])
    assert deliver(world, Told(Uncertain("no answer came in time"))).states == Counter(unknown=1)
    told = Told()
    world.tick(Instant(world.now + DAY - 1))
    deliver(world, told)
    assert (world.path(anna)[1:], told.requests) == ([], [])
    world.tick(Instant(world.now + 1))
    assert world.path(anna)[1] == "call:ok"


def test_a_call_that_may_be_repeated_is_made_again_under_the_same_key(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna], again_when_unknown=True)
    told = Told(Uncertain("no answer came in time"))
    assert deliver(world, told).states == Counter(pending=1)
    world.now = Instant(world.now + MINUTE)
    deliver(world, told)
    world.tick()
    assert world.path(anna)[1] == "call:ok"
    assert len({one.idempotency_key for one in told.requests}) == 1


@pytest.mark.parametrize(("again", "state"), [(False, "unknown"), (True, "pending")])
def test_after_a_crash_a_started_call_is_unknown_unless_it_may_be_repeated(
    world: World, again: bool, state: str
) -> None:
    (anna,) = world.people(1)
    start(world, [anna], again_when_unknown=again)

    class Dies:
        def call(self, request: Request) -> Handed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(world, Dies())
    assert world.messages()[0]["state"] == "started"
    with world.store.write() as conn:
        recovered = recovery.recover(conn, now=world.now, worker="test")
    assert recovered == ((1, 0) if again else (0, 1))
    assert world.messages()[0]["state"] == state


# --- whom it is about ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "address"), [("email", "c0@example.com"), ("sms", "+48601234567"), ("phone", "+48601234567")])  # fmt: skip
def test_a_suppressed_contact_is_named_to_nobody(world: World, channel: str, address: str) -> None:
    (anna,) = world.people(1, phone="+48601234567")
    start(world, [anna])
    with world.store.write() as conn:
        suppression.suppress(conn, channel, [address], reason="complaint", at=world.now)
    told = Told()
    deliver(world, told)
    world.tick()
    assert (told.requests, world.path(anna)[1]) == ([], "call:failed")
    assert (world.messages()[0]["state"], world.messages()[0]["reason"]) == ("skipped", "suppressed")


def test_a_suppressed_phone_keeps_no_mail_back(world: World) -> None:
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "call": ("webhook", {"url": "https://shop.example/", "wait_for_answer": False}),
        "ask": ("send", {"template": "hello", "message_class": "service"}),
        "exit": ("exit", {"reason": "done"}),
    }
    world.publish(build(nodes, [("in", "in", "call"), ("call", "ok", "ask"), ("ask", "sent", "exit")]))
    world.enroll(world.people(1, phone="+48601234567"))
    world.tick()
    with world.store.write() as conn:
        suppression.suppress(conn, "sms", ["+48601234567"], reason="complaint", at=world.now)
        claimed, _held = outbox.claim(
            conn, worker="w", now=world.now, zone=WARSAW, limit=9,
            rules_of=lambda _version: outbox.Rules(), on_block=lambda _version, _node: "later",
        )  # fmt: skip
    assert {one.channel: one.verdict and one.verdict.reason for one in claimed} == {
        "webhook": "suppressed", "email": None,
    }  # fmt: skip


def test_a_contact_without_an_address_can_be_told_of(world: World) -> None:
    (anna,) = world.people(1)
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"email": None})], now=world.now, source="test")
    start(world, [anna])
    told = Told()
    deliver(world, told)
    assert json.loads(told.requests[0].content)["contact"]["email"] is None


def test_of_an_erased_contact_nothing_is_told(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna])
    with world.store.write() as conn:
        erase(conn, [anna], now=world.now)
    told = Told()
    deliver(world, told)
    assert (told.requests, world.messages()[0]["state"]) == ([], "cancelled")


def test_a_run_that_makes_no_calls_lets_them_wait_and_says_so(world: World) -> None:
    start(world, world.people(1))
    done = deliver(world, None)
    assert done.troubles == ["This run makes no calls of webhooks; they wait for one that does."]
    assert world.messages()[0]["state"] == "pending"


def test_who_does_not_wait_goes_on_while_the_call_is_made(world: World) -> None:
    (anna,) = world.people(1)
    start(world, [anna], wait_for_answer=False)
    assert world.path(anna) == ["in:in", "call:ok", "good:"]
    assert deliver(world, Told()).states == Counter(sent=1)


# --- the body --------------------------------------------------------------------------------------------------------


def test_values_go_into_json_whatever_they_hold(world: World) -> None:
    (anna,) = world.people(1, first_name='An"na \\ <b>')
    body = '{"name": {{ contact.first_name|tojson }}, "all": {{ contact.attr|tojson }}, "code": {{ code|tojson }}}'
    start(world, [anna], body=body)
    told = Told()
    deliver(world, told)
    assert json.loads(told.requests[0].content) == {"name": 'An"na \\ <b>', "all": {}, "code": None}


def test_a_body_that_comes_out_as_no_json_fails_with_the_sentence(world: World) -> None:
    (anna,) = world.people(1, first_name='An"na')
    start(world, [anna], body='{"name": "{{ contact.first_name }}"}')
    deliver(world, Told())
    (message,) = world.messages()
    assert (message["state"], message["reason"]) == ("failed", "template")
    assert message["detail"].startswith("call/body: what comes out is no JSON: ")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{{ contact.frist_name|tojson }}", "there is no “frist_name” here"),
        ("{{ links.unsubscribe }}", "“links” is not known"),
        ("{% for", "call/body, line 1"),
        ("{{ contact.email }}x", "is no JSON"),
        ("{{ ().__class__ }}", "may not use “__class__”"),
    ],
)
def test_a_body_that_cannot_be_written_blocks_publishing(world: World, body: str, sentence: str) -> None:
    with pytest.raises(Blocked, match=sentence):
        world.publish(calling(body=body), reason="")


def test_a_call_is_no_message_that_a_wait_listens_from(world: World) -> None:
    """What the contact did after the mail counts, though a call was made since."""
    (anna,) = world.people(1)
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "ask": ("send", {"template": "hello", "message_class": "service"}),
        "call": ("webhook", {"url": "https://shop.example/"}),
        "wait": (
            "wait",
            {
                "rule": {
                    "type": "events",
                    "listen": [{"outlet": "seen", "label": "seen", "event": "page.visited"}],
                    "timeout": {"amount": 7, "unit": "days"},
                }
            },
        ),
        "exit": ("exit", {"reason": "done"}),
    }
    edges = [("in", "in", "ask"), ("ask", "sent", "call"), ("call", "ok", "wait"), ("call", "failed", "wait"), ("wait", "seen", "exit"), ("wait", "timeout", "exit")]  # fmt: skip
    world.publish(build(nodes, edges))
    world.enroll([anna])
    world.tick()
    world.settle()
    world.happened(anna, "page.visited", when=Instant(world.now + 60))
    world.tick(Instant(world.now + 60))
    with world.store.write() as conn:
        conn.execute(update(t.message).where(t.message.c.channel == "webhook").values(made_at=world.now))
        assert conn.execute(select(t.message.c.channel).order_by(t.message.c.id)).scalars().all() == [
            "email",
            "webhook",
        ]
    world.tick(Instant(world.now + HOUR))
    world.settle()
    world.tick()
    world.tick()
    assert world.path(anna)[-2] == "wait:seen"
