from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from journeys.base.time import DAY, HOUR, MINUTE
from journeys.channels.channel import Accepted, Handed, Refused, Uncertain
from journeys.engine.deliver import Delivery
from journeys.engine.reasons import _MESSAGE
from journeys.engine.trace import Passage, Stay, Trace, trace
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.arrows import ARROWS
from tests.engine.conftest import WARSAW, World, at, build
from tests.engine.mails import PlainWriter, Recorder

EXIT = ("exit", {"reason": "finished"})
LIST = ("trigger", {"on": {"type": "list"}})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
VISITED = {"leaf": "event", "event": "page.visited"}


class Named:
    """Names some things for sentences."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def label(self, kind: str, key: str) -> str:
        return self.names.get(key, key)


def traced(world: World, contact: int, *, journey: int | None = None, **names: str) -> Trace:
    with world.store.read() as conn:
        return trace(conn, world.engine.plans, contact, Named(names), now=world.now, zone=WARSAW, journey=journey)


def passage_of(world: World, contact: int, **names: str) -> Passage:
    (passage,) = traced(world, contact, **names).passages
    return passage


def marked(stay: Stay) -> list[tuple[str, bool | None]]:
    return [(one.sentence, one.holds) for one in stay.because]


def sentences(stay: Stay) -> list[str]:
    return [one.sentence for one in stay.because]


def ways(passage: Passage) -> list[str]:
    return [f"{stay.title} → {stay.outlet}" if stay.outlet else stay.title for stay in passage.stays]


OK = Accepted("250 ok")


def deliver(world: World, answer: Handed = OK) -> None:
    Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=Recorder(lambda _mail: answer),
        writer=PlainWriter(),
        worker="test",
        clock=lambda: world.now,
    ).deliver()


def sending(world: World, *, another_way: bool = True, **more: Any) -> int:
    """One contact with consent at a send."""
    (anna,) = world.people(1)
    world.consent([anna])
    send = {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": another_way}
    edges = [("in", "in", "ask"), ("ask", "sent", "sent")] + [("ask", "not_sent", "lost")] * another_way
    nodes = {"in": LIST, "ask": ("send", send), "sent": EXIT} | ({"lost": EXIT} if another_way else {})
    world.publish(build(nodes, edges, **more))
    world.enroll([anna])
    world.tick()
    return anna


def test_a_passage_is_told_stay_by_stay_with_the_way_that_was_taken(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    nodes = {"in": LIST, "polish": ("condition", {"criterion": POLISH}), "yes": EXIT, "no": EXIT}
    world.publish(build(nodes, [("in", "in", "polish"), ("polish", "yes", "yes"), ("polish", "no", "no")]))
    world.enroll([anna])
    world.tick()
    passage = passage_of(world, anna)
    assert (passage.journey, passage.version, passage.state, passage.ended_at) == ("Test", 1, "finished", world.now)
    assert ways(passage) == ["in → in", "polish → yes", "yes"]
    assert passage.stays[1].words == "language is “pl”"


def test_a_condition_says_what_it_compared(world: World) -> None:
    (anna,) = world.people(1, language="en")
    nodes = {"in": LIST, "ask": ("condition", {"criterion": {"all": [POLISH, VISITED]}}), "yes": EXIT, "no": EXIT}
    world.publish(build(nodes, [("in", "in", "ask"), ("ask", "yes", "yes"), ("ask", "no", "no")]))
    world.happened(anna, "page.visited")
    world.enroll([anna])
    world.tick()
    assert marked(passage_of(world, anna, **{"page.visited": "visited a page"}).stays[1]) == [
        ("language: “en”; asked for: “pl”", False),
        ("number of “visited a page”: 1 ≥ 1", True),
    ]


def test_what_was_compared_stays_as_it_was(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    nodes = {"in": LIST, "polish": ("condition", {"criterion": POLISH}), "wait": _wait(days=1)}
    world.publish(build(nodes, [("in", "in", "polish"), ("polish", "yes", "wait")]))
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"language": "en"})], now=world.now, source="test")
    assert marked(passage_of(world, anna).stays[1]) == [("language: “pl”", True)]


def _wait(**rule: int) -> tuple[str, dict[str, Any]]:
    ((unit, amount),) = rule.items()
    return ("wait", {"rule": {"type": "duration", "amount": amount, "unit": unit}})


def test_a_wait_says_until_when(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(build({"in": LIST, "wait": _wait(days=2)}, [("in", "in", "wait")]))
    world.enroll([anna])
    world.tick()
    stay = passage_of(world, anna).stays[-1]
    assert (stay.words, stay.entered_at, stay.left_at, stay.due_at) == (
        "wait 2 days",
        world.now,
        None,
        world.now + 2 * DAY,
    )


def test_a_wait_that_listened_says_what_it_heard_and_when(world: World) -> None:
    (anna,) = world.people(1)
    listen = {"outlet": "back", "label": "came back", "event": "page.visited"}
    rule = {"type": "events", "listen": [listen], "timeout": {"amount": 3, "unit": "days"}, "since": "arrival"}
    world.publish(
        build(
            {"in": LIST, "wait": ("wait", {"rule": rule}), "exit": EXIT},
            [("in", "in", "wait"), ("wait", "back", "exit")],
        )
    )
    world.enroll([anna])
    world.tick()
    assert passage_of(world, anna).stays[-1].due_at == world.now + 3 * DAY
    world.happened(anna, "page.visited", when=world.now + 5 * MINUTE)  # type: ignore[arg-type]
    world.tick(world.now + 5 * MINUTE)  # type: ignore[arg-type]
    stay = passage_of(world, anna, **{"page.visited": "visited a page"}).stays[1]
    assert (stay.outlet, sentences(stay)) == (
        "came back",
        ["“visited a page” happened.", "That was at 2026-03-02 12:05."],
    )


def test_a_wait_for_a_criterion_says_what_it_saw(world: World) -> None:
    (anna,) = world.people(1, language="en")
    rule = {"type": "criterion", "criterion": POLISH, "timeout": {"amount": 3, "unit": "days"}}
    nodes = {"in": LIST, "wait": ("wait", {"rule": rule}), "exit": EXIT}
    world.publish(build(nodes, [("in", "in", "wait"), ("wait", "met", "exit")]))
    world.enroll([anna])
    world.tick()
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"language": "pl"})], now=world.now, source="test")
    world.tick(world.now + HOUR)  # type: ignore[arg-type]
    assert marked(passage_of(world, anna).stays[1]) == [("language: “pl”", True)]


def test_a_split_by_answer_says_the_score(world: World) -> None:
    (anna,) = world.people(1)
    split = ("split", {"by": {"type": "nps", "ever": True}})
    world.publish(
        build({"in": LIST, "split": split, "exit": EXIT}, [("in", "in", "split"), ("split", "promoter", "exit")])
    )
    world.happened(anna, "nps.answered", survey="nps", score=9)
    world.enroll([anna])
    world.tick()
    assert sentences(passage_of(world, anna).stays[1]) == ["The score was 9.", "That was at 2026-03-02 12:00."]


def test_a_message_that_waits_is_told_with_its_reason_and_the_moment_it_goes_out(world: World) -> None:
    anna = sending(world, policies={"quiet_hours": {"from": "11:00", "to": "14:00"}})
    stay = passage_of(world, anna).stays[-1]
    assert (sentences(stay), stay.due_at) == (["The message waits for its turn."], world.now)
    deliver(world)
    stay = passage_of(world, anna).stays[-1]
    assert sentences(stay) == [
        "The message is held back.",
        "It is quiet hours where the contact is.",
        "11:00–14:00 Europe/Warsaw",
    ]
    assert stay.due_at == at("2026-03-02 14:00")


@pytest.mark.parametrize(
    ("answer", "outlet", "told"),
    [
        (Accepted("250 ok"), "sent", ["The message was handed over.", "250 ok"]),
        (
            Refused(550, "550 no such user"),
            "not sent",
            ["The server of the recipient refused it.", "The message failed.", "550 no such user"],
        ),
    ],
)
def test_what_became_of_a_message_stands_once_in_its_stay(
    world: World, answer: Any, outlet: str, told: list[str]
) -> None:
    anna = sending(world)
    deliver(world, answer)
    world.tick()
    stay = passage_of(world, anna).stays[1]
    assert (stay.outlet, sentences(stay)) == (outlet, told)


def test_where_a_failed_message_leads_nowhere_else_the_contact_is_told_to_go_on_all_the_same(world: World) -> None:
    anna = sending(world, another_way=False)
    deliver(world, Refused(550, "550 no such user"))
    world.tick()
    stay = passage_of(world, anna).stays[1]
    assert (stay.outlet, sentences(stay)[-1]) == ("sent", "The contact goes on all the same.")


def test_a_message_of_which_nobody_knows_is_told_so(world: World) -> None:
    anna = sending(world)
    deliver(world, Uncertain("The line broke."))
    stay = passage_of(world, anna).stays[-1]
    assert sentences(stay) == ["Whether the message went out is not known.", "There was no answer.", "The line broke."]
    assert stay.due_at == world.now + DAY
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    assert sentences(passage_of(world, anna).stays[1])[0] == (
        "Whether the message went out is not known; it counts as sent."
    )


def test_every_state_of_a_message_has_a_sentence() -> None:
    assert set(_MESSAGE) == set(ARROWS)


def test_a_goal_is_told_where_it_was_reached(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(
        build({"in": LIST, "wait": _wait(days=2)}, [("in", "in", "wait")], goal={"leaf": "event", "event": "cart.paid"})
    )
    world.enroll([anna])
    world.tick()
    world.happened(anna, "cart.paid", when=world.now + 60)  # type: ignore[arg-type]
    world.tick(world.now + HOUR)  # type: ignore[arg-type]
    passage = passage_of(world, anna)
    assert (passage.state, passage.goal_at, passage.reason) == (
        "goal",
        world.now - HOUR + 60,
        "The goal of the journey was reached.",
    )
    assert sentences(passage.stays[-1]) == ["The goal of the journey was reached."]


def test_a_node_that_is_off_is_told_as_passed(world: World) -> None:
    (anna,) = world.people(1)
    journey = build({"in": LIST, "wait": _wait(days=2), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")])
    journey.set_off("WAITAAAA", True)
    world.publish(journey)
    world.enroll([anna])
    world.tick()
    assert sentences(passage_of(world, anna).stays[1]) == ["The node is switched off."]


# --- who did not come in --------------------------------------------------------------------------------------------


def test_a_miss_says_what_the_audience_asked_and_saw(world: World) -> None:
    (anna,) = world.people(1, language="en")
    trigger = ("trigger", {"on": {"type": "event", "event": "page.visited"}, "only": POLISH})
    world.publish(build({"in": trigger, "exit": EXIT}, [("in", "in", "exit")]))
    world.happened(anna, "page.visited")
    world.tick()
    found = traced(world, anna)
    (miss,) = found.misses
    assert (miss.journey, miss.trigger, miss.at, found.passages) == ("Test", "in", world.now, ())
    assert [(one.sentence, one.holds) for one in miss.because] == [
        ("The contact did not fulfil what the trigger asks for.", None),
        ("language: “en”; asked for: “pl”", False),
    ]


def test_a_miss_inside_names_that_and_no_audience(world: World) -> None:
    (anna,) = world.people(1)
    trigger = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
    world.publish(
        build({"in": trigger, "wait": _wait(days=2)}, [("in", "in", "wait")], re_entry={"rule": "after leaving"})
    )
    for _ in range(2):
        world.happened(anna, "page.visited")
    world.tick()
    (miss,) = traced(world, anna).misses
    assert [one.sentence for one in miss.because] == ["The contact was in the journey already."]


def test_who_never_came_in_by_a_segment_is_told_what_its_audience_sees_now(world: World) -> None:
    anna, bob = world.people(2, language="pl")
    world.segment("visitors", VISITED)
    trigger = ("trigger", {"on": {"type": "segment", "segment": "visitors"}, "only": POLISH})
    world.publish(build({"in": trigger, "exit": EXIT}, [("in", "in", "exit")]))
    with world.store.write() as conn:
        contacts.change(conn, [(bob, {"language": "en"})], now=world.now, source="test")
    world.tick()
    because = {who: traced(world, who).misses[0].because for who in (anna, bob)}
    assert [(one.sentence, one.holds) for one in because[anna]] == [
        (
            "Nothing has happened yet that brings this contact in: enters the segment “visitors”; only when language is “pl”.",
            None,
        ),
        ("language: “pl”", True),
        ("The contact was never in the segment “visitors”.", None),
    ]
    assert [(one.sentence, one.holds) for one in because[bob]] == [
        ("The contact did not fulfil what the trigger asks for.", False),
        ("language: “en”; asked for: “pl”", False),
        ("The contact was never in the segment “visitors”.", None),
    ]


def test_two_journeys_of_one_name_are_told_apart(world: World) -> None:
    (anna,) = world.people(1)
    for key in ("one", "two"):
        world.publish(build({"in": LIST, "exit": EXIT}, [("in", "in", "exit")], id=key))
    with world.store.write() as conn:
        from sqlalchemy import select, update

        second = conn.execute(select(t.journey.c.id).order_by(t.journey.c.id.desc()).limit(1)).scalar_one()
        conn.execute(update(t.journey).where(t.journey.c.id == second).values(state="archived"))
    world.enroll([anna])
    world.tick()
    found = traced(world, anna)
    assert (len(found.passages), len(found.misses)) == (1, 1)
    assert len(traced(world, anna, journey=second).misses) == 1


def test_every_passage_is_told_in_order(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(build({"in": LIST, "exit": EXIT}, [("in", "in", "exit")], re_entry={"rule": "always"}))
    for _ in range(3):
        world.enroll([anna])
        world.tick(world.now + HOUR)  # type: ignore[arg-type]
    passages = traced(world, anna).passages
    assert [one.enrollment for one in passages] == sorted(one.enrollment for one in passages)
    assert Counter(one.state for one in passages) == Counter(finished=3)
