from __future__ import annotations

from collections import Counter

from journeys.base.clock import SetClock
from journeys.base.time import DAY, HOUR, Instant
from journeys.channels.channel import AccountTrouble
from journeys.runtime.simulated import run_until
from tests.engine.conftest import World, at
from tests.engine.mails import Recorder
from tests.runtime.conftest import runner_of, sending, waiting


def simulate(
    world: World, channel: Recorder, until: Instant, *, step: int | None = None
) -> tuple[list[Instant], Counter[str]]:
    """The moments of the beats, and what became of messages."""
    clock = SetClock(world.now)
    beats: list[Instant] = []
    total = run_until(
        runner_of(world, channel, clock=clock.now),
        clock,
        until,
        step=step,
        on_beat=lambda now, _beat: beats.append(now),
    )
    assert clock.now() == until
    return beats, total.messages


def test_an_empty_month_costs_one_beat(world: World) -> None:
    beats, messages = simulate(world, Recorder(), Instant(world.now + 30 * DAY))
    assert (beats, messages) == ([world.now], Counter())


def test_a_month_of_a_journey_without_contacts_costs_a_beat_a_day(world: World) -> None:
    world.publish(sending())
    beats, _messages = simulate(world, Recorder(), at("2026-03-05 12:00"))
    assert beats == [world.now, at("2026-03-03 00:00"), at("2026-03-04 00:00"), at("2026-03-05 00:00")]


def test_it_jumps_to_what_is_due_and_beats_there_once(world: World) -> None:
    world.publish(waiting(5, "hours"))
    world.enroll(world.people(20))
    channel = Recorder()
    beats, messages = simulate(world, channel, at("2026-03-02 23:59"))
    assert beats == [world.now, world.now + 5 * HOUR]
    assert messages == Counter(sent=20)


def test_the_end_itself_is_included(world: World) -> None:
    world.publish(waiting(5, "hours"))
    world.enroll(world.people(1))
    _beats, messages = simulate(world, Recorder(), Instant(world.now + 5 * HOUR))
    assert messages == Counter(sent=1)


def test_a_step_beats_at_even_distances(world: World) -> None:
    world.publish(waiting(90, "minutes"))
    world.enroll(world.people(1))
    beats, messages = simulate(world, Recorder(), Instant(world.now + 3 * HOUR), step=HOUR)
    assert beats == [world.now + n * HOUR for n in range(4)]
    assert messages == Counter(sent=1)


def test_steps_and_jumps_come_to_the_same(world: World) -> None:
    world.publish(waiting(2, "days", re_entry={"rule": "always"}))
    people = world.people(5)
    world.enroll(people)
    simulate(world, Recorder(), Instant(world.now + 3 * DAY))
    jumped = [world.path(one) for one in people]
    world.now = Instant(world.now + 3 * DAY)
    world.enroll(people)
    simulate(world, Recorder(), Instant(world.now + 3 * DAY), step=HOUR)
    assert [world.path(one) for one in people] == [path * 2 for path in jumped]


def test_an_account_in_trouble_does_not_hold_the_clock(world: World) -> None:
    world.publish(sending())
    world.enroll(world.people(3))
    channel = Recorder(lambda _mail: AccountTrouble("The server refused the password."))
    beats, _messages = simulate(world, channel, Instant(world.now + HOUR))
    assert beats == [world.now + n * 300 for n in range(13)]


def test_held_messages_leave_when_their_time_has_come(world: World) -> None:
    world.now = at("2026-03-02 22:00")
    (anna,) = world.people(1)
    world.consent([anna])
    quiet = {"quiet_hours": {"from": "21:00", "to": "08:00"}}
    world.publish(sending(message_class="marketing", purpose="newsletter", attributes={"policies": quiet}))
    world.enroll([anna])
    channel = Recorder()
    beats, messages = simulate(world, channel, at("2026-03-03 12:00"))
    assert messages == Counter(held=1, sent=1)
    assert at("2026-03-03 08:00") in beats
