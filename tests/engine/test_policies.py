"""Rules over all journeys, right under two workers: rows E11 and E20, traps 6, 12 and 16."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from journeys.base.time import DAY, MINUTE, Instant, moment
from journeys.engine import lifecycle, outbox, policies, scratch
from journeys.engine.ending import end_listed
from journeys.engine.enroll import enroll_contacts
from journeys.engine.policies import Rules
from journeys.graph.settings import Cap, QuietHours
from journeys.store import settings as store_settings
from journeys.store import tables as t
from tests.engine.conftest import WARSAW, World, at, build
from tests.engine.mails import Recorder, two_workers
from tests.engine.test_outbox import EXIT, LIST, deliver, last, publish, send

#: clocks that are set, by half an hour too, that skip midnight, and one that is never set
ZONES = ("Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "America/Asuncion", "Asia/Kolkata", "UTC")


def publish_as(world: World, key: str, **attributes: Any) -> int:
    """A journey of its own that sends one marketing mail; its id."""
    nodes = {"in": LIST, "ask": send(), "sent": EXIT, "lost": EXIT}
    edges = [("in", "in", "ask"), ("ask", "sent", "sent"), ("ask", "not_sent", "lost")]
    return world.publish(build(nodes, edges, id=key, name=key, **attributes)).journey


def enroll_in(world: World, journey: int, who: Sequence[int]) -> None:
    with scratch.work(world.store) as conn:
        live = next(one for one in world.engine.roll.call(conn) if one.journey == journey)
        zone = store_settings.workspace_zone(conn)
        enroll_contacts(conn, world.engine.plans, live.journey, who, now=world.now, zone=zone)


def test_trap_12_two_journeys_one_contact_the_same_minute_two_workers(world: World) -> None:
    people = world.people(30)
    world.consent(people)
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=1, within_days=7))
    for key in ("first", "second"):
        enroll_in(world, publish_as(world, key), people)
    world.tick()
    channel = Recorder()
    two_workers(world, channel)
    assert Counter(Counter(mail.to for mail in channel.mails).values()) == Counter({1: 30})
    assert Counter((m["state"], m["reason"]) for m in world.messages()) == Counter(
        {("sent", ""): 30, ("held", "cap"): 30}
    )


def test_E20_a_contact_gets_so_many_in_seven_days_over_all_journeys(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=2, within_days=7))
    for key in ("first", "second", "third"):
        enroll_in(world, publish_as(world, key), [anna])
        world.tick()
        deliver(world, Recorder())
        world.tick(world.now + DAY)
    third = world.messages()[2]
    assert (third["state"], third["reason"], third["detail"]) == ("held", "cap", "2 / 7 d")
    # the first one counts for exactly seven days
    assert third["not_before_at"] == min(third["expires_at"], world.messages()[0]["counted_at"] + 7 * DAY)


def test_E11_a_cap_of_a_journey_of_its_own_counts_what_all_journeys_sent(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        policies.set_rule(conn, Cap(at_most=5, within_days=7))
    enroll_in(world, publish_as(world, "first"), [anna])
    strict = {"cap": {"at_most": 1, "within_days": 2}}
    enroll_in(world, publish_as(world, "second", policies=strict), [anna])
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=1, held=1)
    assert world.messages()[1]["not_before_at"] == world.now + 2 * DAY


@pytest.mark.parametrize(("on_block", "state"), [("later", "held"), ("skip", "skipped")])
def test_trap_6_a_blocked_message_goes_later_or_is_left_out_by_another_way(
    world: World, on_block: str, state: str
) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world, send(on_block=on_block), policies={"quiet_hours": {"from": "08:00", "to": "20:00"}})
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    deliver(world, Recorder())
    world.tick()
    message = world.messages()[0]
    assert (message["state"], message["reason"]) == (state, "quiet hours")
    if state == "held":
        assert message["not_before_at"] == at("2026-03-02 20:00")
    else:
        assert last(world, anna) == "ask:not_sent"


def test_trap_16_consent_withdrawn_between_claim_and_start_is_heeded(world: World) -> None:
    anna, bob = world.people(2)
    world.consent([anna, bob])
    publish(world)
    world.enroll([anna, bob])
    world.tick()
    with world.store.write() as conn:
        claimed, _held = outbox.claim(
            conn, worker="w", now=world.now, zone=WARSAW, limit=10, rules_of=lambda _v: Rules(),
            on_block=lambda _v, _n: "later",
        )  # fmt: skip
    world.consent([anna], given=False)
    with world.store.write() as conn:
        started = outbox.start(conn, [(one, f"<{one.id}@x.test>") for one in claimed], worker="w", now=world.now)
    by_contact = {message["contact"]: message for message in world.messages()}
    assert started == {by_contact[bob]["id"]}
    assert (by_contact[anna]["state"], by_contact[anna]["counted_at"]) == ("pending", None)
    deliver(world, Recorder())
    message = next(one for one in world.messages() if one["contact"] == anna)
    assert (message["state"], message["reason"]) == ("skipped", "consent withdrawn")


def test_a_message_called_back_after_it_was_claimed_counts_against_no_cap(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world)
    world.enroll([anna])
    world.tick()
    with scratch.work(world.store) as conn:
        outbox.claim(
            conn, worker="w", now=world.now, zone=WARSAW, limit=10, rules_of=lambda _v: Rules(),
            on_block=lambda _v, _n: "later",
        )  # fmt: skip
        (passage,) = world.passages()
        conn.execute(
            scratch.ending.insert(),
            [{"enrollment": passage["id"], "state": "exited", "reason": "exit_when", "at": world.now}],
        )
        end_listed(conn, now=world.now, zone=WARSAW)
    (message,) = world.messages()
    assert (message["state"], message["counted_at"]) == ("cancelled", None)


def test_a_held_message_of_a_paused_journey_stays_held(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    publish(world, policies={"quiet_hours": {"from": "08:00", "to": "20:00"}})
    world.enroll([anna])
    world.tick("2026-03-02 12:00")
    deliver(world, Recorder())
    with world.store.write() as conn:
        lifecycle.pause(conn, conn.execute(t.journey.select()).one().name, now=world.now)
    world.now = Instant(world.now + DAY // 2)
    assert deliver(world, Recorder()).idle


def test_a_service_message_keeps_quiet_hours_only_where_the_node_says_so(world: World) -> None:
    (anna,) = world.people(1)
    quiet = {"quiet_hours": {"from": "08:00", "to": "20:00"}}
    for keeps, state in ((False, "sent"), (True, "held")):
        journey = build(
            {
                "in": LIST,
                "ask": send(
                    message_class="service", service_keeps_quiet_hours=keeps, unreachable_goes_another_way=False
                ),
                "sent": EXIT,
            },
            [("in", "in", "ask"), ("ask", "sent", "sent")],
            id=f"keeps-{keeps}".lower(),
            name=f"keeps {keeps}",
            policies=quiet,
        )
        enroll_in(world, world.publish(journey).journey, [anna])
        world.tick("2026-03-02 12:00")
        assert deliver(world, Recorder()).states == Counter({state: 1})


def test_a_zone_that_this_machine_does_not_know_counts_as_the_workspaces(world: World) -> None:
    (anna,) = world.people(1)
    world.consent([anna])
    with world.store.write() as conn:
        conn.execute(update(t.contact).values(time_zone="Mars/Olympus_Mons"))
    publish(world, policies={"quiet_hours": {"from": "21:00", "to": "08:00"}})
    world.enroll([anna])
    world.tick("2026-03-02 22:00")
    assert deliver(world, Recorder()).states == Counter(held=1)
    assert world.messages()[0]["not_before_at"] == at("2026-03-03 08:00")


def quiet_at(quiet: QuietHours, moment_: int, zone: ZoneInfo) -> bool:
    """What the wall clock says, in the plainest way."""
    clock = moment(Instant(moment_), zone).time()
    if quiet.starts < quiet.ends:
        return quiet.starts <= clock < quiet.ends
    return clock >= quiet.starts or clock < quiet.ends


#: the nights in which the clocks of the zones above are set, and any other
_NIGHTS = st.one_of(
    st.sampled_from(["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2026-03-22"]),
    st.dates(min_value=datetime(2026, 1, 1).date(), max_value=datetime(2026, 12, 31).date()).map(str),  # noqa: DTZ001
)
_CLOCKS = st.builds(lambda quarters: f"{quarters // 4:02}:{quarters % 4 * 15:02}", st.integers(0, 95))


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    night=_NIGHTS,
    quarters=st.integers(-96, 96),
    hours=st.tuples(_CLOCKS, _CLOCKS).filter(lambda pair: pair[0] != pair[1]),
)
def test_quiet_hours_end_at_the_first_moment_that_the_clock_is_outside_them(
    zone: ZoneInfo, night: str, quarters: int, hours: tuple[str, str]
) -> None:
    quiet = QuietHours.model_validate({"from": hours[0], "to": hours[1]})
    start = datetime.fromisoformat(night).replace(tzinfo=zone) + timedelta(minutes=15 * quarters)
    now = int(start.timestamp())
    step = 15 * MINUTE
    # every clock here is set at, and by, a whole number of quarters
    expected = next(at_ for at_ in range(now, now + 3 * DAY, step) if not quiet_at(quiet, at_, zone))
    assert policies.loud_again_at(quiet, Instant(now), zone) == expected
