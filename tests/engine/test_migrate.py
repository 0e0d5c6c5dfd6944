"""A journey is edited while contacts are inside."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from journeys.base.time import DAY, HOUR, Instant
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.engine import lifecycle
from journeys.engine.choices import Choices, ChoiceWithoutSense
from journeys.engine.courses import Fate, say
from journeys.engine.deliver import Delivery
from journeys.engine.drafts import NoSuchVersion
from journeys.engine.migrate import Migrated, Preview, migrate, preview, preview_edit
from journeys.engine.plan import Plans
from journeys.engine.trace import trace
from journeys.graph.journey import Journey
from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import World, build, node_id
from tests.engine.invariants import broken
from tests.engine.mails import PlainWriter, Recorder

EXIT = ("exit", {"reason": "finished"})
LIST = ("trigger", {"on": {"type": "list"}})
SEND = ("send", {"template": "hello", "message_class": "service"})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
PAID = {"leaf": "event", "event": "cart.paid"}


def wait(days: int) -> tuple[str, Mapping[str, Any]]:
    return ("wait", {"rule": {"type": "duration", "amount": days, "unit": "days"}})


def listening(days: int = 3) -> tuple[str, Mapping[str, Any]]:
    listen = {"outlet": "back", "label": "came back", "event": "cart.filled"}
    timeout = {"amount": days, "unit": "days"}
    return ("wait", {"rule": {"type": "events", "listen": [listen], "timeout": timeout, "since": "arrival"}})


def chain(nodes: Mapping[str, Any], **attributes: Any) -> Journey:
    """The nodes one after the other, by the first outlet of each."""
    made = build(nodes, [], **attributes)
    names = [node_id(name) for name in nodes]
    for before, after in pairwise(names):
        node = made.node(before)
        assert node is not None
        made.connect(before, node.outlets()[0].id, after)
    return made


def waiting(days: int = 2, **attributes: Any) -> Journey:
    return chain({"in": LIST, "wait": wait(days), "exit": EXIT}, **attributes)


def asking(send: Any = SEND, **attributes: Any) -> Journey:
    return chain({"in": LIST, "ask": send, "wait": wait(1), "exit": EXIT}, **attributes)


def inside(world: World, n: int = 1) -> list[int]:
    """n contacts put in, after a tick."""
    people = world.people(n)
    world.enroll(people)
    world.tick()
    return people


def move(world: World, choices: Mapping[str, Any] | None = None, **options: Any) -> Migrated:
    return migrate(world.store, Plans(), "test", Choices.model_validate(choices or {}), now=world.now, **options)


def chosen(node: str, choice: Any) -> dict[str, Any]:
    return {"nodes": {node_id(node): choice}}


def foresee(world: World, choices: Mapping[str, Any] | None = None) -> Preview:
    return preview(world.store, Plans(), "test", Choices.model_validate(choices or {}))


def later(world: World, seconds: int) -> None:
    world.tick(Instant(world.now + seconds))


def standing(world: World) -> list[tuple[str, int, str]]:
    """Node, number of the version and state of each passage."""
    with world.store.read() as conn:
        numbers = {row.id: row.number for row in conn.execute(select(t.version))}
    return [(one["node"].rstrip("A").lower(), numbers[one["version"]], one["state"]) for one in world.passages()]


def hops(world: World) -> list[tuple[str, str, str]]:
    with world.store.read() as conn:
        rows = conn.execute(select(t.hop).order_by(t.hop.c.enrollment, t.hop.c.n))
        return [(row.kind, row.node.rstrip("A").lower(), row.reason) for row in rows]


def delivery(world: World, channel: Recorder) -> Delivery:
    return Delivery(
        store=world.store,
        plans=world.engine.plans,
        channel=channel,
        writer=PlainWriter(),
        worker="test",
        clock=lambda: world.now,
    )


def deliver(world: World) -> list[Any]:
    channel = Recorder()
    delivery(world, channel).deliver()
    return channel.mails


# --- moving along ---------------------------------------------------------------------------------------------------


def test_without_a_migration_everybody_stays_on_the_version_they_came_in_by(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(waiting(5))
    later(world, HOUR)
    assert standing(world) == [("wait", 1, "active")]


def test_who_stands_on_a_node_that_is_still_there_moves_along(world: World) -> None:
    world.publish(waiting())
    (anna,) = inside(world)
    world.publish(chain({"in": LIST, "wait": wait(2), "tell": SEND, "exit": EXIT}))
    assert move(world) == Migrated(2, along=1)
    assert standing(world) == [("wait", 2, "active")]
    later(world, 2 * DAY)
    assert len(deliver(world)) == 1
    world.tick()
    assert world.path(anna) == ["in:in", "wait:", "wait:done", "tell:sent", "exit:"]
    assert broken(world) == []


def test_moving_along_is_a_hop_with_its_reason_and_counted(world: World) -> None:
    world.publish(waiting())
    inside(world, 3)
    world.publish(waiting(5))
    move(world)
    assert hops(world).count(("migrate", "wait", "edited")) == 3
    assert broken(world) == []


def test_trap_7_a_longer_wait_counts_from_when_they_came(world: World) -> None:
    world.publish(waiting(2))
    inside(world)
    came = world.now
    later(world, DAY)
    world.publish(waiting(4))
    move(world)
    later(world, HOUR)
    (passage,) = world.passages()
    assert (passage["arrived_at"], passage["due_at"]) == (came, came + 4 * DAY)


def test_trap_7_a_wait_made_shorter_than_was_waited_is_over_at_once(world: World) -> None:
    world.publish(waiting(5))
    inside(world)
    later(world, 2 * DAY)
    world.publish(waiting(1))
    move(world)
    world.tick()
    assert standing(world) == [("exit", 2, "finished")]


def test_trap_7_it_is_said_that_the_time_already_waited_counts(world: World) -> None:
    world.publish(waiting(2))
    inside(world)
    world.publish(waiting(4))
    (one,) = foresee(world).standing
    assert say(one) == (
        "They move along to the changed node. The time already waited counts: the new setting holds from when they came."
    )


def test_trap_7_who_waits_can_be_placed_anew(world: World) -> None:
    world.publish(waiting(2))
    inside(world)
    later(world, DAY)
    world.publish(waiting(4))
    assert move(world, chosen("wait", {"move": node_id("wait")})) == Migrated(2, moved=1)
    world.tick()
    (passage,) = world.passages()
    assert passage["due_at"] == world.now + 4 * DAY


def test_a_wait_that_did_not_change_keeps_its_moment(world: World) -> None:
    world.publish(waiting())
    inside(world)
    (before,) = world.passages()
    later(world, DAY)
    world.publish(chain({"in": LIST, "wait": wait(2), "tell": SEND}))
    move(world)
    (after,) = world.passages()
    assert (after["due_at"], after["arrived_at"]) == (before["due_at"], before["arrived_at"])


def test_each_ones_wait_counts_by_its_own_arrival_and_clock(world: World) -> None:
    calendar = ("wait", {"rule": {"type": "calendar days", "days": 2}})
    world.publish(waiting(9))
    for zone in ("Europe/Warsaw", "America/New_York"):
        world.enroll(world.people(1, time_zone=zone))
        later(world, DAY)
    world.publish(chain({"in": LIST, "wait": calendar, "exit": EXIT}))
    move(world)
    later(world, 1)
    dues = [one["due_at"] for one in world.passages()]
    with world.store.read() as conn:
        arrived = list(conn.execute(select(t.enrollment.c.arrived_at).order_by(t.enrollment.c.id)).scalars())
    node = world.engine.plans.get(world.store.engine.connect(), world.passages()[0]["version"]).steps["WAITAAAA"].node
    expected = [
        node.due([zone], now=at, zone=world.engine._zone)[zone]
        for at, zone in zip(arrived, ["Europe/Warsaw", "America/New_York"], strict=True)
    ]
    assert dues == expected


def test_a_listening_wait_looks_back_again(world: World) -> None:
    world.publish(chain({"in": LIST, "wait": listening(), "exit": EXIT}))
    (anna,) = inside(world)
    # heard by nobody: the old version listens for something else only
    world.publish(chain({"in": LIST, "wait": listening(9), "tell": SEND, "exit": EXIT}))
    with world.store.write() as conn:
        lifecycle.pause(conn, "test", now=world.now)
    world.happened(anna, "cart.filled", when=Instant(world.now + HOUR))
    world.tick(Instant(world.now + 2 * HOUR))
    move(world)
    with world.store.write() as conn:
        lifecycle.resume(conn, "test", now=world.now)
    world.tick()
    assert world.path(anna) == ["in:in", "wait:", "wait:back"]
    assert standing(world) == [("tell", 2, "active")]


def test_a_timed_wait_that_listens_now_hears_what_came_since_arrival(world: World) -> None:
    world.publish(waiting(5))
    (anna,) = inside(world)
    world.happened(anna, "cart.filled", when=Instant(world.now + HOUR))
    later(world, DAY)
    world.publish(chain({"in": LIST, "wait": listening(), "exit": EXIT}))
    move(world)
    world.tick()
    assert world.path(anna)[-2:] == ["wait:back", "exit:"]


def test_a_listening_waits_new_time_out_counts_from_arrival(world: World) -> None:
    world.publish(chain({"in": LIST, "wait": listening(9), "exit": EXIT}))
    (anna,) = inside(world)
    later(world, 4 * DAY)
    world.publish(
        build({"in": LIST, "wait": listening(3), "exit": EXIT}, [("in", "in", "wait"), ("wait", "timeout", "exit")])
    )
    move(world)
    world.tick()
    assert world.path(anna)[-2:] == ["wait:timeout", "exit:"]


def test_trap_8_who_finished_does_not_come_back_by_an_added_step(world: World) -> None:
    world.publish(waiting())
    inside(world)
    later(world, 3 * DAY)
    assert standing(world) == [("exit", 1, "finished")]
    world.publish(chain({"in": LIST, "wait": wait(2), "tell": SEND, "exit": EXIT}))
    assert move(world) == Migrated(2)
    later(world, DAY)
    assert (standing(world), world.messages()) == ([("exit", 1, "finished")], [])


def test_who_came_in_today_by_a_days_trigger_still_waits_for_its_time(world: World) -> None:
    world.publish(waiting())
    (anna,) = world.people(1)
    world.enroll([anna])
    with world.store.write() as conn:
        conn.execute(t.enrollment.update().values(due_at=world.now + 9 * HOUR))
    changed = ("trigger", {"on": {"type": "list"}, "only": POLISH})
    world.publish(chain({"in": changed, "wait": wait(2), "exit": EXIT}))
    move(world)
    assert [one["due_at"] for one in world.passages()] == [world.now + 9 * HOUR]


def test_a_paused_journey_can_be_migrated_and_stays_where_it_stands(world: World) -> None:
    world.publish(waiting(5))
    inside(world)
    with world.store.write() as conn:
        lifecycle.pause(conn, "test", now=world.now)
    later(world, 2 * DAY)
    world.publish(waiting(1))
    move(world)
    world.tick()
    assert standing(world) == [("wait", 2, "active")]


def test_why_no_message_is_made_anew_is_said_also_of_who_came_long_ago(world: World) -> None:
    held = ("send", {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True})
    edges = [("in", "in", "ask"), ("ask", "sent", "exit"), ("ask", "not_sent", "exit")]
    world.publish(build({"in": LIST, "ask": held, "exit": EXIT}, edges))
    (anna,) = inside(world)
    later(world, HOUR)
    ladder = held[1] | {"ladder": {"rule": "first reachable", "channels": ["email"]}}
    world.publish(build({"in": LIST, "ask": ("send", ladder), "exit": EXIT}, edges))
    move(world)
    later(world, HOUR)
    assert world.path(anna) == ["in:in", "ask:", "ask:not_sent", "exit:"]
    with world.store.read() as conn:
        reasons = conn.execute(select(t.hop.c.reason).order_by(t.hop.c.n)).scalars()
        assert list(reasons) == ["", "edited", "no reachable channel", ""]


# --- what is removed ------------------------------------------------------------------------------------------------


def shortened() -> Journey:
    return chain({"in": LIST, "exit": EXIT})


def test_who_stands_on_a_removed_node_finishes_on_the_old_version(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(shortened())
    assert move(world) == Migrated(2, finishing=1)
    later(world, 2 * DAY)
    assert standing(world) == [("exit", 1, "finished")]


def test_a_node_of_another_kind_is_another_node(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(chain({"in": LIST, "wait": SEND, "exit": EXIT}))
    (one,) = foresee(world).standing
    assert (one.course.fate, one.course.why) == (Fate.FINISH, "kind")
    assert say(one) == "The node became another kind: they finish on version 1."


def test_who_stands_on_a_removed_node_may_leave(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(shortened())
    assert move(world, chosen("wait", "exit")) == Migrated(2, left=1)
    assert standing(world) == [("wait", 1, "exited")]
    assert hops(world)[-1] == ("exit", "wait", "sent away")
    assert broken(world) == []


def test_who_stands_on_a_removed_node_may_move(world: World) -> None:
    world.publish(waiting())
    (anna,) = inside(world)
    later(world, DAY)
    world.publish(chain({"in": LIST, "pause": wait(3), "exit": EXIT}))
    assert move(world, chosen("wait", {"move": node_id("pause")})) == Migrated(2, moved=1)
    world.tick()
    (passage,) = world.passages()
    assert (passage["node"], passage["due_at"]) == ("PAUSEAAA", world.now + 3 * DAY)
    assert (world.path(anna)[-1], hops(world)[-1]) == ("wait:", ("migrate", "wait", "moved"))
    assert broken(world) == []


def test_who_moves_to_a_send_gets_its_message_once(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(asking())
    move(world, chosen("wait", {"move": node_id("ask")}))
    world.tick()
    assert len(deliver(world)) == 1
    world.tick()
    assert [one["node"] for one in world.messages()] == ["ASKAAAAA"]


def test_who_moves_to_an_exit_has_finished(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(shortened())
    move(world, chosen("wait", {"move": node_id("exit")}))
    world.tick()
    assert standing(world) == [("exit", 2, "finished")]
    assert broken(world) == []


def test_all_others_follow_the_word_for_the_rest(world: World) -> None:
    world.publish(chain({"in": LIST, "one": wait(1), "two": wait(1), "exit": EXIT}))
    inside(world)
    later(world, DAY)
    inside(world)
    world.publish(shortened())
    assert move(world, chosen("one", "finish") | {"others": "exit"}) == Migrated(2, left=1, finishing=1)


def test_choices_without_sense_are_refused_before_anything_is_done(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting())
    inside(world)
    world.publish(shortened())
    choices = {"nodes": {"WAITAAAA": {"move": "INAAAAAA"}, "WAITAAAB": "exit", "EXITAAAA": {"move": "WAITAAAA"}}}
    with pytest.raises(ChoiceWithoutSense) as refused:
        move(world, choices)
    assert str(refused.value).splitlines() == [
        "The choices do not fit the journey.",
        "“in” (INAAAAAA) is a trigger: it lets contacts in. Move them to the node behind it.",
        "No version that somebody may stand in has a node WAITAAAB. The nearest is “WAITAAAA”.",
        "Version 2 has no node WAITAAAA to which anybody could move. The nearest is “EXITAAAA”.",
    ]
    assert standing(world) == [("wait", 1, "active")]


# --- messages -------------------------------------------------------------------------------------------------------


def states(world: World) -> list[str]:
    return [one["state"] for one in world.messages()]


def test_a_waiting_message_of_an_unchanged_send_is_kept_and_goes_out_once(world: World) -> None:
    world.publish(asking())
    inside(world)
    second = world.publish(asking(exit_when=POLISH))
    move(world)
    (message,) = world.messages()
    assert (message["state"], message["version"], message["visit"]) == ("pending", second.version, 2)
    assert len(deliver(world)) == 1
    world.tick()
    assert standing(world) == [("wait", 2, "active")]
    assert broken(world) == []


def test_a_waiting_message_goes_out_as_the_new_version_has_it(world: World) -> None:
    world.publish(asking(), {"hello": {"subject": "Helo"}})
    inside(world)
    second = world.publish(asking(), {"hello": {"subject": "Hello"}})
    move(world)
    assert [one["version"] for one in world.messages()] == [second.version]


def test_a_waiting_message_of_a_changed_send_is_made_anew(world: World) -> None:
    world.publish(asking())
    inside(world)
    other = ("send", {"template": "good-day", "message_class": "service"})
    world.publish(asking(other))
    move(world)
    world.tick()
    assert [(one["template"], one["state"]) for one in world.messages()] == [
        ("hello", "cancelled"),
        ("good-day", "pending"),
    ]
    assert len(deliver(world)) == 1
    assert broken(world) == []


def test_a_message_that_went_out_is_not_made_anew_by_changing_its_send(world: World) -> None:
    world.publish(asking())
    inside(world)
    assert len(deliver(world)) == 1
    other = ("send", {"template": "good-day", "message_class": "service"})
    world.publish(asking(other))
    move(world)
    world.tick()
    assert (states(world), standing(world)) == (["sent"], [("wait", 2, "active")])
    assert broken(world) == []


@pytest.mark.parametrize("choice", ["exit", {"move": node_id("wait")}])
def test_a_waiting_message_is_cancelled_with_its_stay(world: World, choice: Any) -> None:
    world.publish(asking())
    inside(world)
    world.publish(waiting())
    move(world, chosen("ask", choice))
    assert (states(world), deliver(world)) == (["cancelled"], [])
    assert broken(world) == []


def test_a_message_stays_with_who_finishes_on_the_old_version(world: World) -> None:
    world.publish(asking())
    inside(world)
    world.publish(waiting())
    move(world)
    assert len(deliver(world)) == 1
    world.tick()
    assert standing(world) == [("wait", 1, "active")]


def test_a_send_switched_off_is_passed_and_its_message_cancelled(world: World) -> None:
    world.publish(asking())
    inside(world)
    edited = asking()
    edited.set_off(node_id("ask"), True)
    world.publish(edited)
    move(world)
    world.tick()
    assert (states(world), standing(world)) == (["cancelled"], [("wait", 2, "active")])
    assert hops(world)[-1] == ("edge", "ask", "off")
    assert broken(world) == []


@pytest.mark.parametrize("choice", [None, {"move": node_id("wait")}])
def test_a_message_in_hand_is_settled_as_usual(world: World, choice: Any) -> None:
    world.publish(asking())
    inside(world)
    world.publish(asking(exit_when=POLISH))

    def editing(_mail: Mail) -> Handed:
        move(world, chosen("ask", choice) if choice else {})
        return Accepted("250 ok")

    channel = Recorder(editing)
    delivery(world, channel).deliver()
    world.tick()
    assert (len(channel.mails), states(world), standing(world)) == (1, ["sent"], [("wait", 2, "active")])
    assert broken(world) == []


# --- goals and exits of the new version -----------------------------------------------------------------------------


def test_who_fulfils_the_new_exit_already_leaves_before_anything_is_sent(world: World) -> None:
    world.publish(waiting())
    anna, _bob = inside(world, 2)
    world.happened(anna, "cart.paid", when=Instant(world.now + HOUR))
    later(world, DAY)
    world.publish(waiting(exit_when=PAID))
    move(world)
    assert standing(world) == [("wait", 2, "exited"), ("wait", 2, "active")]
    assert broken(world) == []


def test_who_fulfilled_a_goal_before_entry_does_not_reach_it_by_an_edit(world: World) -> None:
    (anna,) = world.people(1)
    world.happened(anna, "cart.paid")
    world.now = Instant(world.now + HOUR)
    world.publish(waiting())
    world.enroll([anna])
    world.tick()
    world.publish(waiting(goal=PAID))
    move(world)
    assert standing(world) == [("wait", 2, "active")]


# --- versions -------------------------------------------------------------------------------------------------------


def test_members_of_several_versions_come_to_the_newest(world: World) -> None:
    for days in (2, 3, 4):
        world.publish(waiting(days))
        inside(world)
    assert move(world) == Migrated(3, along=2)
    assert {number for _node, number, _state in standing(world)} == {3}


def test_members_can_be_taken_back_to_an_older_version_and_go_on_there(world: World) -> None:
    world.publish(waiting(2))
    world.publish(waiting(3))
    (anna,) = inside(world)
    assert move(world, to=1) == Migrated(1, along=1)
    later(world, 2 * DAY)
    assert (standing(world), world.path(anna)[-1]) == ([("exit", 1, "finished")], "exit:")


def test_an_unknown_version_is_a_sentence(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    world.publish(waiting(name="Welcome"))
    with pytest.raises(NoSuchVersion) as refused:
        move(world, to=7)
    assert str(refused.value) == "“Welcome” has no version 7."


def test_doing_it_again_does_nothing(world: World) -> None:
    world.publish(waiting())
    inside(world)
    world.publish(waiting(5))
    move(world)
    before = (world.passages(), hops(world))
    assert move(world) == Migrated(2)
    assert (world.passages(), hops(world)) == before


def test_the_trace_says_that_the_journey_was_edited(world: World) -> None:
    world.publish(waiting())
    (anna,) = inside(world)
    world.publish(waiting(5))
    move(world)

    class Keys:
        def label(self, kind: str, key: str) -> str:
            return key

    with world.store.read() as conn:
        told = trace(conn, Plans(), anna, Keys(), now=world.now, zone=world.engine._zone)
    (passage,) = told.passages
    assert [stay.title for stay in passage.stays] == ["in", "wait", "wait"]
    assert [one.sentence for one in passage.stays[1].because] == [
        "The journey was edited, and the passage went on in its other version."
    ]


# --- the preview ----------------------------------------------------------------------------------------------------


def test_the_preview_says_who_stands_where_and_changes_nothing(world: World) -> None:
    world.publish(asking())
    inside(world, 2)
    deliver(world)
    world.tick()
    inside(world, 3)
    world.publish(waiting())
    found = foresee(world, chosen("ask", "exit"))
    assert [(one.course.title, one.contacts, one.messages, one.course.fate) for one in found.standing] == [
        ("ask", 3, 3, Fate.EXIT),
        ("wait", 2, 0, Fate.ALONG),
    ]
    assert say(found.standing[0]) == "They leave the journey. 3 waiting messages are cancelled."
    assert {number for _node, number, _state in standing(world)} == {1}


def test_a_draft_can_be_asked_before_it_is_published(world: World) -> None:
    world.publish(waiting())
    inside(world)
    found = preview_edit(world.store, Plans(), shortened(), Choices())
    assert (found.number, [one.course.fate for one in found.standing]) == (2, [Fate.FINISH])
    never = preview_edit(world.store, Plans(), chain({"in": LIST}, id="other"), Choices())
    assert (never.number, never.standing) == (1, ())
