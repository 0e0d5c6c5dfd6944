from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import insert

from journeys.base.time import DAY, HOUR, Instant
from journeys.nodes.exit import Exit
from journeys.nodes.node import Arrival
from journeys.nodes.send import Send
from journeys.nodes.wait import AtOnce, CalendarDays, ForDuration, Wait, next_moment
from journeys.nodes.windows import Window
from journeys.store import tables as t

NOW = 1_795_345_200  # 2026-11-22 12:00 in Warsaw
ASK = "ASKAAAAA"
WARSAW = ZoneInfo("Europe/Warsaw")


def wait(rule: dict[str, Any], then: dict[str, Any] | None = None) -> Wait:
    return Wait.model_validate({"rule": rule, "then": then})


def listening(*listen: dict[str, Any], since: str = "send", days: int = 7) -> Wait:
    timeout = {"amount": days, "unit": "days"}
    return wait({"type": "events", "listen": list(listen), "timeout": timeout, "since": since})


def entry(outlet: str = "answered", event: str = "nps.answered", **more: Any) -> dict[str, Any]:
    return {"outlet": outlet, "label": outlet, "event": event} | more


LISTEN = listening(entry(about=ASK))


# --- by the clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "then", "zone", "expected"),
    [
        ({"type": "at once"}, None, "", NOW),
        ({"type": "duration", "amount": 3}, None, "", NOW + 3 * DAY),
        ({"type": "duration", "amount": 90, "unit": "minutes"}, None, "", NOW + 5400),
        # three days later it is 12:00: the next 9:00 is the day after
        ({"type": "duration", "amount": 3}, {"from": "09:00"}, "", NOW + 3 * DAY + 21 * HOUR),
        ({"type": "duration", "amount": 3}, {"from": "09:00", "to": "17:00"}, "", NOW + 3 * DAY),
        # 12:00 in Warsaw is 6:00 in New York
        ({"type": "at once"}, {"from": "09:00", "to": "17:00"}, "America/New_York", NOW + 3 * HOUR),
        ({"type": "at once"}, {"from": "09:00", "to": "17:00"}, "", NOW),
        ({"type": "calendar days"}, None, "", NOW + 12 * HOUR),
        ({"type": "calendar days", "days": 2}, {"from": "08:00"}, "", NOW + 44 * HOUR),
        ({"type": "calendar days"}, None, "Asia/Kolkata", NOW + 7 * HOUR + 1800),
        # an unknown zone counts as none
        ({"type": "calendar days"}, None, "Mars/Olympus", NOW + 12 * HOUR),
    ],
)
def test_when_members_are_due(rule: dict[str, Any], then: dict[str, Any] | None, zone: str, expected: int) -> None:
    assert wait(rule, then).due([zone], now=Instant(NOW), zone=WARSAW) == {zone: expected}


def test_members_of_several_zones_are_due_each_by_their_own_clock() -> None:
    node = wait({"type": "at once"}, {"from": "09:00"})
    due = node.due(["", "Europe/Warsaw", "America/New_York"], now=Instant(NOW), zone=WARSAW)
    assert due == {"": NOW + 21 * HOUR, "Europe/Warsaw": NOW + 21 * HOUR, "America/New_York": NOW + 3 * HOUR}


def test_trap_11_a_contact_without_a_zone_has_the_workspaces() -> None:
    node = wait({"type": "calendar days"})
    assert node.due([""], now=Instant(NOW), zone=ZoneInfo("America/New_York")) == {"": NOW + 18 * HOUR}


@settings(max_examples=100, deadline=None)
@given(
    base=st.integers(NOW - 400 * DAY, NOW + 400 * DAY).map(Instant),
    later=st.integers(0, 40 * HOUR),
    rule=st.sampled_from([AtOnce(), ForDuration(amount=1), ForDuration(amount=36, unit="hours"), CalendarDays(days=1)]),
    then=st.sampled_from([None, Window(opens="09:00"), Window(opens="22:00", closes="06:00", weekdays=("fri",))]),
    zone=st.sampled_from(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"]).map(ZoneInfo),
)
def test_a_wait_is_never_over_before_it_began_and_keeps_the_order(
    base: Instant, later: int, rule: Any, then: Window | None, zone: ZoneInfo
) -> None:
    over = next_moment(base, rule, then, zone)
    assert over >= base
    assert over <= next_moment(Instant(base + later), rule, then, zone)


def test_a_timed_wait_has_one_way_out(case) -> None:
    node = wait({"type": "duration", "amount": 3})
    assert (node.arrival, [outlet.id for outlet in node.outlets()]) == (Arrival.TIMED, ["done"])
    assert case.outlet(node, case.member()) == "done"


# --- for events ------------------------------------------------------------------------------------------------------


def test_who_has_not_answered_rests_until_the_time_is_up(case) -> None:
    member = case.member()
    decided = case.decide(LISTEN)[member]
    assert (decided.outlet, decided.due_at) == (None, NOW - HOUR + 7 * DAY)


def test_E1_an_answer_to_the_message_ends_the_wait(case) -> None:
    member = case.member()
    message = case.message(member, ASK, made_at=NOW - 2 * HOUR)
    answer = case.event(case.contact_of(member), "nps.answered", NOW - 1800, message=message, data={"score": 9})
    decided = case.decide(LISTEN)[member]
    assert (decided.outlet, decided.found) == ("answered", answer)
    assert decided.values == {"event": "nps.answered", "at": NOW - 1800}


def test_what_happened_before_arrival_and_after_the_send_counts(case) -> None:
    member = case.member(arrived_at=NOW)
    message = case.message(member, ASK, made_at=NOW - 2 * HOUR)
    case.event(case.contact_of(member), "nps.answered", NOW - 2 * HOUR, message=message)
    assert case.outlet(LISTEN, member) == "answered"


def test_answers_to_other_messages_and_of_others_do_not_count(case) -> None:
    member, other = case.member(), case.member()
    to_other_node = case.message(member, "OTHERAAA", made_at=NOW - 2 * HOUR)
    of_other_passage = case.message(other, ASK, made_at=NOW - 2 * HOUR)
    contact = case.contact_of(member)
    case.event(contact, "nps.answered", NOW - 60, message=to_other_node)
    case.event(contact, "nps.answered", NOW - 60, message=of_other_passage)
    case.event(contact, "nps.answered", NOW - 60)
    assert case.outlet(LISTEN, member) is None


@pytest.mark.parametrize(
    ("at", "now", "outlet"),
    [
        (DAY * 7 - 1, DAY * 7 + 60, "answered"),
        # in the very second of the time-out the time is up
        (DAY * 7, DAY * 7 + 60, "timeout"),
        # later than the tick: not yet
        (HOUR, HOUR - 1, None),
        (HOUR, HOUR, "answered"),
        (DAY * 8, DAY * 7, "timeout"),
        (DAY * 8, DAY * 7 - 1, None),
    ],
)
def test_an_event_beats_the_time_out_only_if_it_is_earlier(case, at: int, now: int, outlet: str | None) -> None:
    member = case.member(arrived_at=NOW)
    message = case.message(member, ASK, made_at=NOW)
    case.event(case.contact_of(member), "nps.answered", NOW + at, message=message)
    assert case.outlet(LISTEN, member, now=Instant(NOW + now)) == outlet


def test_the_earliest_event_decides_by_time_and_then_by_id(case) -> None:
    node = listening(entry("clicked", "email.clicked"), entry("bought", "purchase.made"), since="entry")
    member = case.member()
    contact = case.contact_of(member)
    case.event(contact, "email.clicked", NOW - 10)
    first = case.event(contact, "purchase.made", NOW - 20)
    case.event(contact, "email.clicked", NOW - 20)
    decided = case.decide(node)[member]
    assert (decided.outlet, decided.found) == ("bought", first)


def test_of_several_entries_that_fit_the_first_is_taken(case) -> None:
    large = entry("large", "purchase.made", where=[{"field": "total", "op": ">=", "value": 10_000}])
    node = listening(large, entry("any", "purchase.made"), since="entry")
    big, small = case.member(), case.member()
    case.event(case.contact_of(big), "purchase.made", NOW - 10, data={"total": 20_000})
    case.event(case.contact_of(small), "purchase.made", NOW - 10, data={"total": 500})
    decided = case.decide(node)
    assert (decided[big].outlet, decided[small].outlet) == ("large", "any")


@pytest.mark.parametrize(
    ("since", "at", "outlet"),
    [
        ("arrival", NOW - HOUR + 1, "bought"),
        # the event that brought the member here is often of the same second
        ("arrival", NOW - HOUR, None),
        ("send", NOW - DAY + 1, "bought"),
        ("send", NOW - DAY, None),
        ("entry", NOW - 30 * DAY + 1, "bought"),
        ("entry", NOW - 30 * DAY, None),
    ],
)
def test_listening_begins_at_its_moment(case, since: str, at: int, outlet: str | None) -> None:
    member = case.member()
    case.message(member, ASK, made_at=NOW - DAY)
    case.message(member, ASK, visit=0, made_at=NOW - 2 * DAY)
    case.event(case.contact_of(member), "purchase.made", at)
    assert case.outlet(listening(entry("bought", "purchase.made"), since=since), member) == outlet


def test_without_a_message_listening_begins_at_the_entry(case) -> None:
    early, late = case.member(), case.member()
    case.event(case.contact_of(early), "purchase.made", NOW - 30 * DAY)
    case.event(case.contact_of(late), "purchase.made", NOW - 30 * DAY + 1)
    decided = case.decide(listening(entry("bought", "purchase.made")))
    assert (decided[early].outlet, decided[late].outlet) == (None, "bought")


def test_the_event_that_let_the_contact_in_is_not_since_entry_and_a_later_one_of_the_same_second_is(case) -> None:
    node = listening(entry("bought", "purchase.made"), since="entry")
    for later, outlet in ((False, None), (True, "bought")):
        contact = case.contact()
        trigger = case.event(contact, "purchase.made", NOW - DAY)
        member = case.member(contact, since_at=NOW - DAY, since_event=trigger)
        if later:
            case.event(contact, "purchase.made", NOW - DAY)
        assert case.outlet(node, member) == outlet


def test_events_about_the_subject_are_those_that_name_it(case) -> None:
    node = listening(entry("changed", "contract.changed", about="subject"), since="entry")
    same, other = (case.member(subject_kind="contract", subject_id=7) for _ in range(2))
    case.event(case.contact_of(same), "contract.changed", NOW - 60, subject_kind="contract", subject_id=7)
    case.event(case.contact_of(other), "contract.changed", NOW - 60, subject_kind="contract", subject_id=8)
    decided = case.decide(node)
    assert (decided[same].outlet, decided[other].outlet) == ("changed", None)


def test_a_wait_for_events_is_stirred_by_their_kinds() -> None:
    node = listening(entry(), entry("bought", "purchase.made"))
    assert (node.arrival, node.stirred_by(), node.drifts()) == (
        Arrival.LISTENS,
        frozenset({"nps.answered", "purchase.made"}),
        False,
    )


# --- for a criterion -------------------------------------------------------------------------------------------------

BOUGHT = wait(
    {
        "type": "criterion",
        "criterion": {"leaf": "event", "event": "purchase.made"},
        "timeout": {"amount": 2, "unit": "days"},
    }
)


def test_a_criterion_is_asked_since_entry(case) -> None:
    before, after = case.member(), case.member()
    case.event(case.contact_of(before), "purchase.made", NOW - 31 * DAY)
    case.event(case.contact_of(after), "purchase.made", NOW - 29 * DAY)
    decided = case.decide(BOUGHT)
    assert (decided[before].outlet, decided[before].due_at) == (None, NOW - HOUR + 2 * DAY)
    assert decided[after].outlet == "met"


def test_a_criterion_that_never_holds_times_out(case) -> None:
    member = case.member(arrived_at=NOW - 2 * DAY)
    assert case.outlet(BOUGHT, member) == "timeout"


def test_a_wait_for_a_criterion_is_stirred_by_what_the_criterion_looks_at() -> None:
    assert "purchase.made" in BOUGHT.stirred_by()


# --- words, checks, settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (
            wait({"type": "duration", "amount": 3}, {"from": "09:00"}),
            "wait 3 days, then until 9:00 in the contact's time",
        ),
        (wait({"type": "duration", "amount": 1, "unit": "hours"}), "wait 1 hour"),
        (
            wait(
                {"type": "duration", "amount": 30}, {"weekdays": ["tue", "wed", "thu"], "from": "09:00", "to": "17:00"}
            ),
            "wait 30 days, then until Tuesday to Thursday 9:00–17:00 in the contact's time",
        ),
        (wait({"type": "at once"}), "go on at once"),
        (wait({"type": "at once"}, {"from": "09:00"}), "wait until 9:00 in the contact's time"),
        (wait({"type": "calendar days"}), "wait until the next calendar day"),
        (
            wait({"type": "calendar days", "days": 2}, {"from": "08:30"}),
            "wait for 2 calendar days, then until 8:30 in the contact's time",
        ),
        (LISTEN, "wait for “answered” about “ASKAAAAA”, for 7 days at most"),
        (
            listening(entry(), entry("bought", "purchase.made", about="subject"), days=1),
            "wait for “answered” or “bought” about the same, for 1 day at most",
        ),
    ],
)
def test_a_wait_in_words(node: Wait, words: str, names) -> None:
    assert node.words(names) == words


@pytest.mark.parametrize(
    ("node", "rests"),
    [
        (wait({"type": "at once"}, {"from": "09:00"}), {"done": 0}),
        (wait({"type": "duration", "amount": 3}), {"done": 3 * DAY}),
        (wait({"type": "calendar days", "days": 2}), {"done": 2 * DAY}),
        (LISTEN, {"answered": 0, "timeout": 7 * DAY}),
        (BOUGHT, {"met": 0, "timeout": 2 * DAY}),
    ],
)
def test_how_long_members_are_sure_to_rest(node: Wait, rests: dict[str, int]) -> None:
    assert {outlet.id: node.rests(outlet.id) for outlet in node.outlets()} == rests


def test_an_answer_to_a_message_that_cannot_have_gone_out_blocks(surroundings) -> None:
    send = Send.model_validate({"template": "nps"})

    class Beside(surroundings):
        def at(self, node: str) -> Any:
            return {ASK: send, "EXITAAAA": Exit(reason="x")}.get(node)

    after = surroundings(nodes={ASK: send})
    assert list(LISTEN.problems(after)) == []
    (beside,) = LISTEN.problems(Beside())
    assert (beside.check, beside.severity, beside.field) == (
        "message-not-upstream",
        "blocks",
        "rule.listen[0].about",
    )
    assert beside.sentence == "“ASKAAAAA” does not come before this, so that nobody can have its message here."
    (no_send,) = listening(entry(about="EXITAAAA")).problems(Beside())
    assert no_send.sentence == "“EXITAAAA” sends nothing, so that nobody can answer it."


def test_a_criterion_with_a_window_under_a_day_warns(surroundings) -> None:
    def over(amount: int) -> Wait:
        scope = {"type": "last", "amount": amount, "unit": "hours"}
        visited = {"leaf": "event", "event": "page.visited", "scope": scope}
        return wait({"type": "criterion", "criterion": {"none": [visited]}, "timeout": {"amount": 2}})

    (warned,) = over(23).problems(surroundings())
    assert (warned.check, warned.severity, warned.field) == ("short-window", "warns", "rule.criterion")
    assert list(over(24).problems(surroundings())) == []


def test_the_nodes_it_mentions_are_named_with_their_field() -> None:
    assert list(LISTEN.nodes_mentioned()) == [("rule.listen[0].about", ASK)]


@pytest.mark.parametrize(
    ("rule", "then", "text"),
    [
        ({"type": "duration", "amount": 0}, None, "greater than or equal to 1"),
        ({"type": "duration", "amount": 4000}, None, "4000 days is longer than ten years"),
        ({"type": "calendar days", "days": 0}, None, "greater than or equal to 1"),
        ({"type": "events", "listen": [], "timeout": {"amount": 1}}, None, "at least 1 item"),
        ({"type": "events", "listen": [entry("timeout")], "timeout": {"amount": 1}}, None, "“timeout” is the outlet"),
        ({"type": "events", "listen": [entry(), entry()], "timeout": {"amount": 1}}, None, "stands there twice"),
        ({"type": "events", "listen": [entry(event="Answer")], "timeout": {"amount": 1}}, None, "not a kind of event"),
        (
            {"type": "events", "listen": [entry(about="ask")], "timeout": {"amount": 1}},
            None,
            "neither “subject” nor the id of a node",
        ),
        ({"type": "events", "listen": [entry()], "timeout": {"amount": 1}}, {"from": "09:00"}, "A window follows"),
        ({"type": "forever"}, None, "forever"),
        ({"type": "at once", "days": 3}, None, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(rule: dict[str, Any], then: Any, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        wait(rule, then)


# --- a criterion looked at late --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "outlet"),
    # it came two days ago and waits for one: up to a day ago
    [(-DAY - 1, "met"), (-DAY, "timeout"), (-DAY + 1, "timeout"), (-1, "timeout")],
)
@pytest.mark.parametrize("leaf", ["event", "purchase", "nps"])
def test_what_came_after_the_time_out_does_not_count_when_the_member_is_looked_at_late(
    case, leaf: str, happened: int, outlet: str
) -> None:
    criterion: dict[str, Any] = {
        "event": {"leaf": "event", "event": "page.visited"},
        "purchase": {"leaf": "purchase"},
        "nps": {"leaf": "nps", "answer": "promoter"},
    }[leaf]
    node = wait({"type": "criterion", "criterion": criterion, "timeout": {"amount": 1}})
    member = case.member(arrived_at=NOW - 2 * DAY)
    contact = case.contact_of(member)
    if leaf == "purchase":
        bought = {"contact": contact, "at": NOW + happened, "total": 1, "currency": "EUR"}
        case.conn.execute(insert(t.purchase).values(bought))
    else:
        kind, data = ("page.visited", {}) if leaf == "event" else ("nps.answered", {"score": 9})
        case.event(contact, kind, NOW + happened, data=data)
    assert case.outlet(node, member) == outlet


def test_the_trace_of_a_late_look_shows_what_was_counted(case) -> None:
    node = wait(
        {"type": "criterion", "criterion": {"leaf": "event", "event": "page.visited"}, "timeout": {"amount": 1}}
    )
    member = case.member(arrived_at=NOW - 2 * DAY)
    case.event(case.contact_of(member), "page.visited", NOW - 60)
    assert case.decide(node)[member].values == [{"leaf": 0, "value": 0}]
