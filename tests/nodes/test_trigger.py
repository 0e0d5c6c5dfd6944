from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import insert, select

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.base.time import DAY, Instant, day_start, moment
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import DateTrigger, EventTrigger, SegmentTrigger
from journeys.store import tables as t

NOW = 1_795_345_200
WARSAW = ZoneInfo("Europe/Warsaw")


def event(**on: Any) -> EventTrigger:
    return EventTrigger.model_validate({"type": "event"} | on)


def on_date(when: dict[str, Any], **on: Any) -> DateTrigger:
    return DateTrigger.model_validate({"type": "date", "date": when} | on)


def trigger(on: dict[str, Any], **more: Any) -> Trigger:
    return Trigger.model_validate({"on": on} | more)


def matched(case, on: EventTrigger | SegmentTrigger) -> list[int]:
    return list(case.conn.execute(select(t.event.c.id).where(on.matches(t.event)).order_by(t.event.c.id)).scalars())


def coming_in(case, on: DateTrigger, day: str, zone: ZoneInfo = WARSAW) -> list[tuple[Any, ...]]:
    rows = case.conn.execute(on.matching(date.fromisoformat(day), zone))
    return sorted((row.contact, row.subject_kind, row.subject_id) for row in rows)


def days_of(case, on: DateTrigger, first: str, last: str) -> list[str]:
    """The days of a stretch on which anybody comes in."""
    day, found = date.fromisoformat(first), []
    while day <= date.fromisoformat(last):
        if coming_in(case, on, day.isoformat()):
            found.append(day.isoformat())
        day += timedelta(days=1)
    return found


# --- events ----------------------------------------------------------------------------------------------------------


def test_an_event_comes_in_by_its_kind_and_its_data(case) -> None:
    contact = case.contact()
    small = case.event(contact, "purchase.made", NOW, data={"total": 4_999})
    large = case.event(contact, "purchase.made", NOW, data={"total": 5_000})
    case.event(contact, "page.visited", NOW, data={"total": 9_999})
    assert matched(case, event(event="purchase.made")) == [small, large]
    of_fifty = event(event="purchase.made", where=[{"field": "total", "op": ">=", "value": 5_000}])
    assert matched(case, of_fifty) == [large]


def test_trap_4_reaching_a_number_is_crossing_it(case) -> None:
    contact = case.contact()
    reached = event(
        event="contact.changed",
        where=[
            {"field": "field", "op": "=", "value": "points"},
            {"field": "old", "op": "<", "value": 200},
            {"field": "new", "op": ">=", "value": 200},
        ],
    )
    changes = [(150, 199), (199, 201), (201, 210), (210, 190), (190, 200)]
    ids = [
        case.event(contact, "contact.changed", NOW + n, data={"field": "points", "old": old, "new": new})
        for n, (old, new) in enumerate(changes)
    ]
    assert matched(case, reached) == [ids[1], ids[4]]


def test_E7_the_nth_time_is_the_event_at_which_the_count_is_n(case) -> None:
    anna, jan = case.contact(), case.contact()
    visits = [case.event(anna, "page.visited", NOW + n // 2) for n in range(7)]
    case.event(jan, "page.visited", NOW)
    # of two events in one second the one with the lower id came first
    assert matched(case, event(event="page.visited", nth=5)) == [visits[4]]
    assert matched(case, event(event="page.visited", nth=1))[0] == visits[0]


def test_the_nth_time_counts_by_the_time_of_the_events_not_by_their_ids(case) -> None:
    contact = case.contact()
    late = case.event(contact, "page.visited", NOW + 100)
    case.event(contact, "page.visited", NOW)
    assert matched(case, event(event="page.visited", nth=2)) == [late]


def test_only_events_that_fit_are_counted(case) -> None:
    contact = case.contact()
    garden = [{"field": "url", "op": "contains", "value": "/garden/"}]
    ids = [
        case.event(contact, "page.visited", NOW + n, data={"url": url})
        for n, url in enumerate(["/garden/a", "/home", "/garden/b", "/garden/c"])
    ]
    assert matched(case, event(event="page.visited", where=garden, nth=3)) == [ids[3]]


def test_the_nth_time_within_days_counts_back_from_the_event(case) -> None:
    contact = case.contact()
    ids = [case.event(contact, "page.visited", NOW + days * DAY) for days in (0, 10, 14, 20, 24)]
    # within 14 days before and at the event: 1, 2, 2, 3, 3 (the one exactly 14 days ago is out)
    assert matched(case, event(event="page.visited", nth=2, within_days=14)) == [ids[1], ids[2]]
    assert matched(case, event(event="page.visited", nth=3, within_days=14)) == [ids[3], ids[4]]


@settings(max_examples=10, deadline=None)
@given(
    times=st.lists(st.integers(0, 40), max_size=12),
    nth=st.integers(1, 4),
    within_days=st.none() | st.integers(1, 20),
)
def test_counting_equals_a_plain_count(kept_store, times: list[int], nth: int, within_days: int | None) -> None:
    with kept_store.read() as conn:
        contact = conn.execute(insert(t.contact).values(draw=1, created_at=0).returning(t.contact.c.id)).scalar_one()
        ids = [
            conn.execute(
                insert(t.event)
                .values(contact=contact, kind="a.b", at=NOW + at * DAY // 2, recorded_at=NOW, source="t", data={})
                .returning(t.event.c.id)
            ).scalar_one()
            for at in times
        ]
        rows = sorted((NOW + at * DAY // 2, id_) for at, id_ in zip(times, ids, strict=True))
        expected = []
        for n, (at, id_) in enumerate(rows):
            window = within_days * DAY if within_days else 10**9
            if sum(1 for before, _ in rows[: n + 1] if before > at - window) == nth:
                expected.append(id_)
        on = event(event="a.b", nth=nth, within_days=within_days)
        found = conn.execute(select(t.event.c.id).where(on.matches(t.event))).scalars()
        assert sorted(found) == sorted(expected)


def test_a_segment_comes_in_by_its_movement(case) -> None:
    contact = case.contact()
    entered = case.event(contact, "segment.entered", NOW, data={"segment": "vip"})
    left = case.event(contact, "segment.left", NOW, data={"segment": "vip"})
    case.event(contact, "segment.entered", NOW, data={"segment": "other"})
    assert matched(case, SegmentTrigger(segment="vip")) == [entered]
    assert matched(case, SegmentTrigger(segment="vip", movement="left")) == [left]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [(None, (None, None)), ("purchase", ("purchase", 7)), ("contract", (None, None)), ("event", ("event", 1))],
)
def test_what_a_passage_is_about(case, subject: str | None, expected: tuple[Any, Any]) -> None:
    contact = case.contact()
    id_ = case.event(contact, "purchase.made", NOW, subject_kind="purchase", subject_id=7)
    node = trigger({"type": "event", "event": "purchase.made"}, subject=subject)
    found = case.conn.execute(select(*node.subject_of(t.event.c)).where(t.event.c.id == id_)).one()
    assert tuple(found) == (expected[0], id_ if expected[0] == "event" else expected[1])


# --- dates -----------------------------------------------------------------------------------------------------------

BIRTHDAY = on_date({"type": "attribute", "attribute": "birthday"}, yearly=True)


def test_a_date_comes_in_on_its_day_with_the_offset(case) -> None:
    contact = case.contact(attributes={"trial_ends": "2026-12-10"})
    case.contact(attributes={"trial_ends": "2026-12-11"})
    case.contact(attributes={"trial_ends": 20_261_210})
    ends = {"type": "attribute", "attribute": "trial_ends"}
    assert coming_in(case, on_date(ends), "2026-12-10") == [(contact, None, None)]
    assert coming_in(case, on_date(ends, offset_days=-3), "2026-12-07") == [(contact, None, None)]
    assert coming_in(case, on_date(ends, offset_days=1), "2026-12-11") == [(contact, None, None)]


def test_a_moment_counts_on_its_day_in_the_workspaces_zone(case) -> None:
    at = int(datetime(2026, 12, 10, 0, 30, tzinfo=WARSAW).timestamp())
    case.conn.execute(insert(t.attribute).values(key="visit", type="datetime", label="Visit"))
    contact = case.contact(attributes={"visit": at})
    visit = on_date({"type": "attribute", "attribute": "visit"})
    assert coming_in(case, visit, "2026-12-10") == [(contact, None, None)]
    assert coming_in(case, visit, "2026-12-09", ZoneInfo("America/New_York")) == [(contact, None, None)]
    yearly = on_date({"type": "attribute", "attribute": "visit"}, yearly=True)
    assert days_of(case, yearly, "2026-12-09", "2026-12-11") == []
    assert days_of(case, yearly, "2027-12-09", "2027-12-11") == ["2027-12-10"]


def test_C10_a_birthday_comes_every_year(case) -> None:
    case.contact(attributes={"birthday": "1990-03-04"})
    assert days_of(case, BIRTHDAY, "2026-03-01", "2026-03-08") == ["2026-03-04"]
    assert days_of(case, BIRTHDAY, "2027-03-01", "2027-03-08") == ["2027-03-04"]


def test_an_anniversary_is_not_the_day_itself(case) -> None:
    case.contact(attributes={"birthday": "2025-03-04"})
    assert coming_in(case, BIRTHDAY, "2025-03-04") == []
    assert len(coming_in(case, BIRTHDAY, "2026-03-04")) == 1


@pytest.mark.parametrize(
    ("leap_day", "days"),
    [
        ("28 Feb", ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]),
        ("1 Mar", ["2026-03-01", "2027-03-01", "2028-02-29", "2029-03-01"]),
    ],
)
def test_trap_11_C10_a_birthday_on_29_february_is_kept_on_the_day_chosen(case, leap_day: str, days: list[str]) -> None:
    case.contact(attributes={"birthday": "1992-02-29"})
    on = on_date({"type": "attribute", "attribute": "birthday"}, yearly=True, leap_day=leap_day)
    found = [day for year in range(2026, 2030) for day in days_of(case, on, f"{year}-02-28", f"{year}-03-01")]
    assert found == days


def test_a_yearly_date_with_an_offset_crosses_the_new_year(case) -> None:
    case.contact(attributes={"birthday": "1990-01-03"})
    on = on_date({"type": "attribute", "attribute": "birthday"}, yearly=True, offset_days=-7)
    assert days_of(case, on, "2026-12-25", "2027-01-05") == ["2026-12-27"]


def test_the_end_of_a_contract_comes_in_once_for_each_contract(case) -> None:
    contact = case.contact()
    for key in ("x", "y"):
        case.conn.execute(insert(t.product).values(key=key, name=key))
    ids = [
        case.conn.execute(
            insert(t.contract)
            .values(
                contact=contact,
                product=product,
                start_on="2026-10-30",
                end_on=end_on,
                duration_days=30,
                recurring_now=False,
                recurring_initially=False,
            )
            .returning(t.contract.c.id)
        ).scalar_one()
        for product, end_on in (("x", "2026-11-29"), ("y", "2026-11-29"), ("x", "2026-11-28"))
    ]
    week_before = on_date({"type": "contract end", "product": None}, offset_days=-7)
    assert coming_in(case, week_before, "2026-11-22") == [(contact, "contract", ids[0]), (contact, "contract", ids[1])]
    of_x = on_date({"type": "contract end", "product": "x"}, offset_days=-7)
    assert coming_in(case, of_x, "2026-11-22") == [(contact, "contract", ids[0])]


@pytest.mark.parametrize(
    "starts",
    [
        "2026-12-10",
        "2026-12-10T10:00:00+01:00",
        int(datetime(2026, 12, 10, 10, tzinfo=WARSAW).timestamp()),
    ],
)
def test_E13_the_day_before_and_the_day_after_a_conference(case, starts: str | int) -> None:
    contact = case.contact()
    id_ = case.event(contact, "conference.registered", NOW, data={"starts": starts})
    when = {"type": "event", "event": "conference.registered", "field": "starts"}
    reminder, materials = on_date(when, offset_days=-1), on_date(when, offset_days=1)
    assert days_of(case, reminder, "2026-12-08", "2026-12-12") == ["2026-12-09"]
    assert days_of(case, materials, "2026-12-08", "2026-12-12") == ["2026-12-11"]
    assert coming_in(case, reminder, "2026-12-09") == [(contact, "event", id_)]


def test_who_registers_on_the_day_itself_is_too_late_for_it(case) -> None:
    case.event(
        case.contact(),
        "conference.registered",
        day_start(date(2026, 12, 9), WARSAW),
        data={"starts": "2026-12-10"},
    )
    when = {"type": "event", "event": "conference.registered", "field": "starts"}
    assert coming_in(case, on_date(when, offset_days=-1), "2026-12-09") == []


def test_a_date_trigger_is_due_when_each_contacts_clock_shows_the_time() -> None:
    due = BIRTHDAY.due(["", "America/New_York", "Asia/Kolkata"], date(2026, 12, 9), WARSAW)
    assert {zone: moment(Instant(at), WARSAW).strftime("%d %H:%M") for zone, at in due.items()} == {
        "": "09 09:00",
        "America/New_York": "09 15:00",
        "Asia/Kolkata": "09 04:30",
    }


def test_a_time_of_day_that_the_clock_skips_is_due_when_the_gap_is_over() -> None:
    early = on_date({"type": "attribute", "attribute": "x"}, at="02:30")
    due = early.due(["Europe/Warsaw"], date(2026, 3, 29), ZoneInfo("UTC"))
    assert moment(due["Europe/Warsaw"], WARSAW).strftime("%H:%M") == "03:00"


# --- words, checks, settings -----------------------------------------------------------------------------------------

CONTRACT_END = {"type": "date", "date": {"type": "contract end"}, "offset_days": -7}


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ({"type": "event", "event": "purchase.made"}, "“purchase.made” happens"),
        (
            {"type": "event", "event": "purchase.made", "where": [{"field": "total", "op": ">=", "value": 5000}]},
            "“purchase.made” happens (total is at least 5000)",
        ),
        ({"type": "event", "event": "page.visited", "nth": 5}, "“page.visited” happens, 5 times"),
        (
            {"type": "event", "event": "page.visited", "nth": 5, "within_days": 1},
            "“page.visited” happens, 5 times within 1 day",
        ),
        ({"type": "segment", "segment": "vip"}, "enters the segment “vip”"),
        ({"type": "segment", "segment": "vip", "movement": "left"}, "leaves the segment “vip”"),
        (CONTRACT_END, "comes in 7 days before the last day of a contract, at 9:00"),
        (
            {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "yearly": True, "at": "08:30"},
            "comes in on every year's day of “birthday”, at 8:30",
        ),
        (
            {"type": "date", "date": {"type": "event", "event": "a.b", "field": "starts"}, "offset_days": 1},
            "comes in 1 day after “starts” of “a.b”, at 9:00",
        ),
        ({"type": "list"}, "is put in by hand"),
    ],
)
def test_a_trigger_in_words(on: dict[str, Any], words: str, names) -> None:
    assert trigger(on).words(names) == words


def test_the_audience_is_said_too(names) -> None:
    node = trigger({"type": "list"}, only={"leaf": "consent", "channel": "email", "purpose": "newsletter"})
    assert node.words(names) == "is put in by hand; only when has given consent to e-mail for “newsletter”"


def test_A14_a_reminder_of_an_end_asks_for_contracts_that_do_not_renew(surroundings) -> None:
    (problem,) = trigger(CONTRACT_END, subject="contract").problems(surroundings())
    assert (problem.check, problem.severity, problem.field) == ("renewal-reminder", "warns", "only")
    assert problem.fix is not None
    leaf = {"leaf": "contract", "end": {"op": "=", "value": 8}, "recurring_now": False}
    assert problem.fix.arguments == {"field": "only", "value": leaf}
    mended = trigger(CONTRACT_END, subject="contract", only=leaf)
    assert list(mended.problems(surroundings())) == []


def test_A14_the_fix_keeps_the_audience_there_is(surroundings) -> None:
    tag = {"leaf": "tag", "tag": "vip"}
    (problem,) = trigger(CONTRACT_END, only=tag).problems(surroundings())
    assert problem.fix is not None
    value = problem.fix.arguments["value"]
    assert value["all"][0] == tag
    assert list(trigger(CONTRACT_END, only=value).problems(surroundings())) == []


def test_what_comes_after_an_end_needs_no_such_question(surroundings) -> None:
    assert list(trigger(CONTRACT_END | {"offset_days": 1}).problems(surroundings())) == []


def test_a_date_attribute_that_is_no_date_blocks(surroundings) -> None:
    on = {"type": "date", "date": {"type": "attribute", "attribute": "city"}}
    catalogue = Catalogue(attributes={"city": AttributeEntry("text")})
    (problem,) = trigger(on).problems(surroundings(catalogue=catalogue))
    assert (problem.check, problem.sentence) == ("no-date", "“city” is no date; choose one that is.")


def test_unknown_keys_are_answered_with_the_nearest_name(surroundings) -> None:
    catalogue = Catalogue(segments={"loyal": "Loyal"}, tags=frozenset({"vip"}))
    node = trigger({"type": "segment", "segment": "loyl"}, only={"leaf": "tag", "tag": "vipp"})
    assert [problem.sentence for problem in node.problems(surroundings(catalogue=catalogue))] == [
        "There is no segment “loyl”. The nearest is “loyal”.",
        "There is no tag “vipp”. The nearest is “vip”.",
    ]


def test_a_subject_that_the_match_cannot_name_warns(surroundings) -> None:
    (problem,) = trigger({"type": "list"}, subject="purchase").problems(surroundings())
    assert (problem.check, problem.severity) == ("no-subject", "warns")


@pytest.mark.parametrize(
    ("on", "text"),
    [
        ({"type": "event", "event": "Purchase"}, "not a kind of event"),
        ({"type": "event", "event": "a.b", "within_days": 3}, "Days count|say which time"),
        ({"type": "event", "event": "a.b", "nth": 0}, "greater than or equal to 1"),
        ({"type": "event", "event": "a.b", "where": [{"field": "x", "op": "~", "value": 1}]}, "Input should be"),
        ({"type": "segment", "segment": "No Key"}, "is not a key"),
        ({"type": "date", "date": {"type": "full moon"}}, "full moon"),
        ({"type": "date", "date": {"type": "contract end"}, "leap_day": "30 Feb"}, "28 Feb"),
        ({"type": "date", "date": {"type": "contract end"}, "offset_days": 99_999}, "less than or equal"),
        ({"type": "weather"}, "weather"),
    ],
)
def test_settings_that_make_no_sense_are_refused(on: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        trigger(on)
