from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update

from journeys.base.time import DAY, HOUR
from journeys.engine import lifecycle
from journeys.engine.deliver import Delivery
from journeys.engine.lifecycle import AmbiguousJourney, NotLive, NotPaused, UnknownJourney, Waiting
from journeys.engine.publish import Blocked, NothingChanged, UnknownKinds
from journeys.graph.journey import Journey
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.store import Store
from tests.engine.conftest import World, at, build
from tests.engine.mails import PlainWriter, Recorder

EXIT = ("exit", {"reason": "finished"})
LIST = ("trigger", {"on": {"type": "list"}})
VISITS = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
SEND = ("send", {"template": "hello", "message_class": "service"})


def wait(days: int = 1) -> tuple[str, dict[str, Any]]:
    return ("wait", {"rule": {"type": "duration", "amount": days, "unit": "days"}})


def waiting(**attributes: Any) -> Journey:
    """In by a page visited, a day's wait, a mail."""
    return build(
        {"in": VISITS, "wait": wait(), "ask": SEND, "exit": EXIT},
        [("in", "in", "wait"), ("wait", "done", "ask"), ("ask", "sent", "exit")],
        **attributes,
    )


def pause(world: World, name: str = "test") -> None:
    with world.store.write() as conn:
        lifecycle.pause(conn, name, now=world.now)


def resume(world: World, name: str = "test") -> Waiting:
    with world.store.write() as conn:
        return lifecycle.resume(conn, name, now=world.now)


def deliver(world: World) -> Recorder:
    channel = Recorder()
    Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=channel,
        writer=PlainWriter(),
        worker="test",
        clock=lambda: world.now,
    ).deliver()
    return channel


def visitors(world: World, n: int) -> list[int]:
    """n contacts who have visited a page, after a tick."""
    people = world.people(n)
    for one in people:
        world.happened(one, "page.visited")
    world.tick()
    return people


def missed(world: World) -> list[tuple[int, str]]:
    with world.store.read() as conn:
        return [(row.contact, row.reason) for row in conn.execute(select(t.not_entered).order_by(t.not_entered.c.id))]


def standing(world: World) -> list[str]:
    return [f"{passage['node'].rstrip('A').lower()} {passage['state']}" for passage in world.passages()]


# --- paused ---------------------------------------------------------------------------------------------------------


def test_while_paused_nobody_comes_in_and_who_would_have_is_kept(world: World) -> None:
    world.publish(waiting())
    pause(world)
    people = visitors(world, 3)
    assert world.passages() == []
    assert missed(world) == [(one, "paused") for one in people]


def test_while_paused_nobody_moves_on(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    pause(world)
    ticked = world.tick(world.now + 2 * DAY)  # type: ignore[arg-type]
    assert (ticked.members, standing(world)) == (0, ["wait active"] * 2)


def test_while_paused_nothing_is_handed_over(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    pause(world)
    assert deliver(world).mails == []
    resume(world)
    assert len(deliver(world).mails) == 2


def test_while_paused_exits_and_goals_go_on(world: World) -> None:
    world.publish(waiting(goal={"leaf": "event", "event": "cart.paid"}, exit_when=POLISH))
    anna, bob, _cleo = visitors(world, 3)
    pause(world)
    world.happened(anna, "cart.paid", when=world.now + HOUR)  # type: ignore[arg-type]
    with world.store.write() as conn:
        contacts.change(conn, [(bob, {"language": "pl"})], now=world.now, source="test")
    world.tick(world.now + HOUR)  # type: ignore[arg-type]
    assert standing(world) == ["wait goal", "wait exited", "wait active"]


def test_while_paused_a_message_is_cancelled_with_its_passage(world: World) -> None:
    world.publish(waiting(exit_when=POLISH))
    (anna,) = visitors(world, 1)
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    pause(world)
    with world.store.write() as conn:
        contacts.change(conn, [(anna, {"language": "pl"})], now=world.now, source="test")
    world.tick()
    assert [message["state"] for message in world.messages()] == ["cancelled"]


def listening() -> Journey:
    listen = {"outlet": "back", "label": "came back", "event": "cart.filled"}
    rule = {"type": "events", "listen": [listen], "timeout": {"amount": 3, "unit": "days"}, "since": "arrival"}
    return build(
        {"in": VISITS, "wait": ("wait", {"rule": rule}), "exit": EXIT, "late": EXIT},
        [("in", "in", "wait"), ("wait", "back", "exit"), ("wait", "timeout", "late")],
    )


def test_while_paused_a_wait_is_woken_and_rests_until_it_is_resumed(world: World) -> None:
    world.publish(listening())
    (anna,) = visitors(world, 1)
    pause(world)
    world.happened(anna, "cart.filled", when=world.now + HOUR)  # type: ignore[arg-type]
    world.tick(world.now + HOUR)  # type: ignore[arg-type]
    (passage,) = world.passages()
    assert (passage["node"], passage["due_at"], passage["woken_by"] is None) == ("WAITAAAA", world.now, False)
    # the time-out passes while it is paused; what was heard before it counts
    world.tick(world.now + 5 * DAY)  # type: ignore[arg-type]
    assert standing(world) == ["wait active"]
    resume(world)
    world.tick()
    assert world.path(anna) == ["in:in", "wait:back", "exit:"]


def test_resuming_says_what_it_brings(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    visitors(world, 3)
    pause(world)
    world.now += DAY  # type: ignore[assignment]
    visitors(world, 4)
    with world.store.read() as conn:
        row = lifecycle.find(conn, "test")
        asked = lifecycle.waiting(conn, row["id"], now=world.now)
    assert resume(world) == asked == Waiting(due=3, would_have_entered=4, messages=2)


def test_who_would_have_come_in_stays_out_after_resuming(world: World) -> None:
    world.publish(waiting())
    pause(world)
    visitors(world, 2)
    resume(world)
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    assert world.passages() == []
    visitors(world, 1)
    assert len(world.passages()) == 1


def test_only_misses_of_this_pause_are_told(world: World) -> None:
    world.publish(waiting())
    pause(world)
    visitors(world, 2)
    resume(world)
    world.now += DAY  # type: ignore[assignment]
    pause(world)
    visitors(world, 1)
    assert resume(world).would_have_entered == 1


def test_what_was_due_while_paused_is_done_at_the_next_tick(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    pause(world)
    world.tick(world.now + 5 * DAY)  # type: ignore[arg-type]
    assert resume(world).due == 2
    assert world.engine.next_due(world.now) is not None
    world.tick()
    assert {passage["arrived_at"] for passage in world.passages()} == {world.now}


def test_a_paused_journey_has_nothing_due_and_does_not_keep_the_runtime_awake(world: World) -> None:
    world.publish(waiting())
    visitors(world, 2)
    assert world.engine.next_due(world.now) == at("2026-03-03 00:00")
    pause(world)
    assert world.engine.next_due(world.now) is None


def test_publishing_a_paused_journey_lets_nobody_in_who_matches_already(world: World) -> None:
    (anna,) = world.people(1, language="pl")
    world.segment("polish", POLISH)
    trigger = {"on": {"type": "segment", "segment": "polish", "movement": "entered"}, "existing": True}
    world.publish(waiting())
    pause(world)
    nodes = {"in": ("trigger", trigger), "wait": wait(), "exit": EXIT}
    world.publish(build(nodes, [("in", "in", "wait"), ("wait", "done", "exit")]))
    assert (world.came_at_once, world.passages(), missed(world)) == (0, [], [(anna, "paused")])
    assert resume(world).would_have_entered == 1


def test_who_would_have_come_in_by_a_date_while_it_was_paused_is_kept(world: World) -> None:
    anna, bob = world.people(2)
    with world.store.write() as conn:
        define_attribute(conn, "birthday", "date")
        born = [(anna, {"birthday": "2000-03-04"}), (bob, {"birthday": "2000-03-09"})]
        contacts.change(conn, born, now=world.now, source="test", quiet=True)
    date = {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "at": "09:00", "yearly": True}
    world.publish(build({"in": ("trigger", {"on": date}), "exit": EXIT}, [("in", "in", "exit")]))
    world.tick()
    pause(world)
    world.tick("2026-03-05 00:00")
    assert (world.passages(), missed(world)) == ([], [(anna, "paused")])
    assert resume(world).would_have_entered == 1


def test_an_event_from_before_the_pause_that_is_heard_in_it_is_told_too(world: World) -> None:
    world.publish(waiting())
    (anna,) = world.people(1)
    world.happened(anna, "page.visited")
    world.now += HOUR  # type: ignore[assignment]
    pause(world)
    world.tick()
    assert missed(world) == [(anna, "paused")]
    assert resume(world).would_have_entered == 1


def test_pausing_what_is_paused_is_a_sentence(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    pause(world)
    with pytest.raises(NotLive) as refused:
        pause(world)
    assert str(refused.value) == "“Welcome” is not live, it is paused. Only a live journey can be paused."


def test_resuming_what_runs_is_a_sentence(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    with pytest.raises(NotPaused) as refused:
        resume(world)
    assert str(refused.value) == "“Welcome” is not paused, it is live."


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_journey_is_found_by_its_id_and_by_its_name(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(id="welcome", name="Welcome, you"))
    with world.store.read() as conn:
        assert lifecycle.find(conn, "welcome")["id"] == lifecycle.find(conn, "Welcome, you")["id"]


def test_an_unknown_journey_names_the_nearest(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(id="welcome", name="Welcome"))
    with pytest.raises(UnknownJourney) as refused:
        pause(world, "welcom")
    assert str(refused.value) == "No journey “welcom” is published in this store. The nearest is “welcome”."


def test_a_name_that_two_journeys_have_asks_for_the_id(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    for key in ("one", "two"):
        world.publish(waiting(id=key, name="Welcome"))
    with pytest.raises(AmbiguousJourney) as refused:
        pause(world, "Welcome")
    assert str(refused.value) == "More than one journey is called “Welcome”. Say which by its id: one, two."
    pause(world, "one")


# --- versions -------------------------------------------------------------------------------------------------------


def test_who_is_inside_stays_on_the_version_it_came_in_by(world: World) -> None:
    first = world.publish(waiting())
    (anna,) = visitors(world, 1)
    changed = build({"in": VISITS, "wait": wait(), "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")])
    second = world.publish(changed)
    (bob,) = visitors(world, 1)
    assert (first.number, second.number, second.journey) == (1, 2, first.journey)
    assert [passage["version"] for passage in world.passages()] == [first.version, second.version]
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    assert (world.path(anna), world.path(bob)) == (["in:in", "wait:done"], ["in:in", "wait:done", "exit:"])
    deliver(world)
    world.tick()
    assert world.path(anna) == ["in:in", "wait:done", "ask:sent", "exit:"]


def test_an_exit_of_the_old_version_still_holds_for_who_came_in_by_it(world: World) -> None:
    world.publish(waiting(exit_when=POLISH))
    (anna,) = visitors(world, 1)
    world.publish(waiting())
    (bob,) = visitors(world, 1)
    with world.store.write() as conn:
        contacts.change(conn, [(one, {"language": "pl"}) for one in (anna, bob)], now=world.now, source="test")
    world.tick()
    assert [passage["state"] for passage in world.passages()] == ["exited", "active"]


def test_publishing_the_same_again_is_a_sentence_and_makes_no_version(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    with pytest.raises(NothingChanged) as refused:
        world.publish(waiting(name="Welcome"))
    assert str(refused.value) == "“Welcome” is already published just as it is, as version 1."
    with world.store.read() as conn:
        assert conn.execute(select(t.version.c.number)).scalars().all() == [1]


def test_another_text_of_a_message_is_another_version_of_the_same_journey(world: World) -> None:
    first = world.publish(waiting(), {"hello": {"subject": "Hello"}})
    second = world.publish(waiting(), {"hello": {"subject": "Good day"}})
    assert (second.number, second.hash != first.hash) == (2, True)
    with pytest.raises(NothingChanged):
        world.publish(waiting(), {"hello": {"subject": "Good day"}, "not used here": {"subject": "Other"}})


def test_a_version_that_was_there_before_the_last_can_be_published_again(world: World) -> None:
    world.publish(waiting())
    world.publish(waiting(exit_when=POLISH))
    assert world.publish(waiting()).number == 3


def test_publishing_does_not_resume_a_paused_journey(world: World) -> None:
    world.publish(waiting())
    pause(world)
    world.publish(waiting(exit_when=POLISH))
    visitors(world, 1)
    assert world.passages() == []


def blocked() -> Journey:
    marketing = ("send", {"template": "hello"})
    return build(
        {"in": VISITS, "ask": marketing, "exit": EXIT}, [("in", "in", "ask"), ("ask", "sent", "exit")], name="Welcome"
    )


def test_a_journey_with_a_blocking_problem_is_not_published_and_says_why(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    with pytest.raises(Blocked) as refused:
        world.publish(blocked(), reason="")
    first, *problems, last = str(refused.value).splitlines()
    assert first == "“Welcome” has problems that keep it from being published:"
    assert "“ask”: A marketing message needs the purpose that contacts agreed to." in problems
    assert last == "Mend them, or give a reason for publishing all the same."
    with world.store.read() as conn:
        assert conn.execute(select(t.journey)).all() == conn.execute(select(t.version)).all() == []


def test_a_node_of_an_unknown_kind_is_never_published_whatever_the_reason(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    journey = waiting(name="Welcome")
    journey.add_node("FAXAAAAA", {"number": 1}, kind="fax", title="By fax")
    with pytest.raises(UnknownKinds) as refused:
        world.publish(journey, reason="we mean it")
    assert str(refused.value).startswith(
        "“Welcome” cannot be published:\n“By fax”: No installed package knows the kind “fax”."
    )
    with world.store.read() as conn:
        assert conn.execute(select(t.journey)).all() == conn.execute(select(t.version)).all() == []


def test_spaces_are_no_reason(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    with pytest.raises(Blocked):
        world.publish(blocked(), reason="  \n")


def test_the_reason_for_publishing_over_a_problem_is_kept(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    published = world.publish(blocked(), reason=" a trial with ten people ")
    with world.store.read() as conn:
        assert conn.execute(select(t.version.c.reason)).scalar_one() == "a trial with ten people"
    assert all(problem.severity.value != "blocks" for problem in published.problems)


# --- the two classes of messages ------------------------------------------------------------------------------------


def test_A12_who_gave_no_consent_gets_the_service_message_and_not_the_marketing_one(world: World) -> None:
    people = world.people(4)
    agreed, _never_asked, withdrew, other_purpose = people
    world.consent([agreed, withdrew])
    world.consent([other_purpose], purpose="surveys")
    world.consent([withdrew], given=False)
    world.publish(
        build(
            {
                "in": LIST,
                "tell": ("send", {"template": "contract-ends", "message_class": "service"}),
                "sell": ("send", {"template": "renewal-reminder", "purpose": "newsletter"}),
                "exit": EXIT,
            },
            [("in", "in", "tell"), ("tell", "sent", "sell"), ("sell", "sent", "exit")],
        )
    )
    world.enroll(people)
    for _ in range(3):
        world.tick()
        deliver(world)
    sent = Counter(
        (message["contact"], message["template"]) for message in world.messages() if message["state"] == "sent"
    )
    assert sent == Counter([(one, "contract-ends") for one in people] + [(agreed, "renewal-reminder")])
    assert {passage["state"] for passage in world.passages()} == {"finished"}


def test_A12_unsubscribing_does_not_stop_service_messages(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    world.consent([anna], given=False)
    world.publish(build({"in": LIST, "tell": SEND}, [("in", "in", "tell")]))
    world.enroll([anna])
    world.tick()
    assert len(deliver(world).mails) == 1


def test_a_stopped_journey_lets_nobody_in_and_who_is_inside_finishes(world: World) -> None:
    world.publish(waiting())
    (anna,) = visitors(world, 1)
    with world.store.write() as conn:
        conn.execute(update(t.journey).values(state="stopped"))
    visitors(world, 1)
    world.tick(world.now + DAY)  # type: ignore[arg-type]
    assert len(deliver(world).mails) == 1
    world.tick()
    assert world.path(anna)[-1] == "exit:"
    assert len(world.passages()) == 1
