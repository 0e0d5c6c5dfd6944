"""Tidying takes what is old and changes no answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from app.overview import happened, outlets
from journeys.base.time import DAY, Instant
from journeys.engine.recall import Kept
from journeys.engine.tidy import Tidied, look, tidy
from journeys.engine.trace import trace
from journeys.graph.journey import Journey
from journeys.store import retention, settings
from journeys.store import tables as t
from journeys.store.erasing import erase
from journeys.store.product_events import ProductEvent, record_product_events
from journeys.store.retention import BadSpan, NeverTidied, Span, SpanTooShort
from tests.engine.conftest import WARSAW, World, at, build
from tests.engine.test_trace import Named

YEAR = Span.parse("13mo")
VISITED = ("trigger", {"on": {"type": "event", "event": "page.visited"}})
EXIT = ("exit", {"reason": "done"})
OFTEN = {"leaf": "event", "event": "page.visited", "count": {"op": ">=", "value": 3}}


def short(**attributes: Any) -> Journey:
    """In by a visit, through a condition, out."""
    return build(
        {"in": VISITED, "ask": ("condition", {"criterion": {"leaf": "tag", "tag": "vip"}}), "exit": EXIT},
        [("in", "in", "ask"), ("ask", "yes", "exit"), ("ask", "no", "exit")],
        **{"re_entry": {"rule": "always"}} | attributes,
    )


def tidied(world: World, span: Span | None = YEAR) -> Tidied:
    return tidy(world.store, span, now=world.now)


def rows(world: World, table: Any) -> list[Mapping[Any, Any]]:
    with world.store.read() as conn:
        return list(conn.execute(select(table).order_by(*table.primary_key.columns)).mappings())


def hops_and_counters(world: World) -> tuple[int, int, int]:
    with world.store.read() as conn:
        return tuple(
            int(conn.execute(statement).scalar_one() or 0)
            for statement in (
                select(func.count()).select_from(t.hop),
                select(func.sum(t.counter.c.delta)),
                select(func.sum(t.version.c.hops_tidied)),
            )
        )  # type: ignore[return-value]


@pytest.fixture
def old(world: World) -> World:
    """Three visits in March 2026 that each went through a journey; now it is June 2027."""
    (anna,) = world.people(1)
    world.publish(short())
    for day in (3, 4, 5):
        world.happened(anna, "page.visited", when=at(f"2026-03-0{day} 10:00"), url="/garden/")
        world.tick(at(f"2026-03-0{day} 10:00"))
    world.now = at("2027-06-01 09:00")
    return world


# --- hops ------------------------------------------------------------------------------------------------------------


def test_hops_of_ended_passages_go_and_their_counters_stay(old: World) -> None:
    hops, counted, gone = hops_and_counters(old)
    assert (counted, gone) == (hops, 0)
    assert tidied(old).hops == hops
    assert hops_and_counters(old) == (0, counted, counted)


def test_counters_equal_the_hops_that_are_kept_and_those_that_were_tidied(old: World) -> None:
    old.happened(1, "page.visited", when=old.now)
    old.tick()
    tidied(old)
    kept, counted, gone = hops_and_counters(old)
    assert (kept, kept + gone) == (counted - gone, counted)
    assert kept > 0


def test_a_passage_that_ended_lately_keeps_its_hops(old: World) -> None:
    assert tidied(old, Span.parse("2y")).hops == 0


def test_a_passage_under_way_keeps_its_hops_however_old(world: World) -> None:
    world.people(1)
    world.publish(build({"in": VISITED, "wait": ("wait", {"rule": {"type": "duration", "amount": 2000, "unit": "days"}}),
        "exit": EXIT}, [("in", "in", "wait"), ("wait", "done", "exit")]))  # fmt: skip
    world.happened(1, "page.visited")
    world.tick()
    world.now = at("2028-06-01 09:00")
    done = tidied(world)
    assert (done.hops, done.events) == (0, 0)


def test_outlets_are_counted_as_before(old: World) -> None:
    with old.store.read() as conn:
        before = outlets(conn, old.engine.plans)
    tidied(old)
    with old.store.read() as conn:
        assert outlets(conn, old.engine.plans) == before
    assert {"in": 3} in [one.taken for one in before]


def test_the_trace_says_what_is_missing(old: World) -> None:
    tidied(old)
    with old.store.read() as conn:
        found = trace(conn, old.engine.plans, 1, Named({}), now=old.now, zone=WARSAW)
    assert [(passage.tidied, passage.stays) for passage in found.passages] == [(True, ())] * 3


def test_who_was_in_stays_known_for_re_entry(world: World) -> None:
    (anna,) = world.people(1)
    world.publish(short(re_entry={"rule": "never"}))
    world.happened(anna, "page.visited")
    world.tick()
    world.now = at("2028-06-01 09:00")
    tidied(world)
    world.happened(anna, "page.visited")
    world.tick()
    assert [row["entry"] for row in world.passages()] == [1]


def test_visits_that_a_segment_counts_stay_without_their_values(old: World) -> None:
    asked = {"leaf": "journey", "journey": "test", "node": "ASKAAAAA", "visits": {"op": ">=", "value": 3}}
    old.segment("loyal", asked)
    done = tidied(old)
    assert done.kept == (Kept("hop", "test/ASKAAAAA", None, "the segment “loyal”"),)
    assert done.kept[0].words() == "Visits of test/ASKAAAAA are kept: the segment “loyal” counts them."
    assert [(row["node"], row["values"]) for row in rows(old, t.hop)] == [("ASKAAAAA", None)] * 3
    assert tidied(old).rows == 0


# --- events ----------------------------------------------------------------------------------------------------------


def test_tracking_events_become_counts_of_their_month(old: World) -> None:
    old.happened(1, "page.visited", when=at("2026-04-01 00:30"))
    old.tick()
    assert tidied(old).events == 4
    assert [(row["month"], row["times"], row["first_at"], row["last_at"]) for row in rows(old, t.event_month)] == [
        ("2026-03", 3, at("2026-03-03 10:00"), at("2026-03-05 10:00")),
        ("2026-04", 1, at("2026-04-01 00:30"), at("2026-04-01 00:30")),
    ]
    assert [row["kind"] for row in rows(old, t.event) if row["kind"] == "page.visited"] == []


def test_what_is_tidied_later_adds_to_its_month(old: World) -> None:
    tidied(old)
    old.happened(1, "page.visited", when=at("2026-03-01 10:00"), quiet=True)
    old.tick()
    tidied(old)
    (month,) = rows(old, t.event_month)
    assert (month["times"], month["quiet"], month["first_at"]) == (4, 1, at("2026-03-01 10:00"))


def test_a_report_counts_as_before(old: World) -> None:
    def counted() -> dict[str, int]:
        with old.store.read() as conn:
            return happened(conn, ["page.visited"], since=at("2026-03-01 00:00"))

    before = counted()
    tidied(old)
    assert counted() == before == {"page.visited": 3}


def test_an_answer_stays_with_the_step_whose_message_it_answers(old: World) -> None:
    with old.store.write() as conn:
        conn.execute(
            insert(t.message).values(
                id=9, journey=1, version=1, enrollment=1, node="SENDAAAA", visit=1, channel="email", contact=1,
                template="x", message_class="marketing", state="sent", detail="250 ok", made_at=1, due_at=1,
                not_before_at=1, ended_at=at("2026-03-03 10:00"),
            )
        )  # fmt: skip
        made = {"contact": 1, "kind": "email.clicked", "recorded_at": 1, "source": "link", "message": 9, "data": {}}
        conn.execute(insert(t.event).values(**made, at=at("2026-03-06 10:00")))
    done = tidied(old)
    assert done.messages == 1
    assert [row["detail"] for row in old.messages()] == [""]
    clicked = next(row for row in rows(old, t.event_month) if row["kind"] == "email.clicked")
    assert (clicked["version"], clicked["node"]) == (1, "SENDAAAA")


def test_other_events_stay(old: World) -> None:
    old.happened(1, "nps.answered", when=at("2026-03-06 10:00"), score=9)
    tidied(old)
    assert "nps.answered" in [row["kind"] for row in rows(old, t.event)]


def test_a_kind_that_the_workspace_names_goes_too(old: World) -> None:
    old.happened(1, "app.opened", when=at("2026-03-06 10:00"))
    old.tick()
    with old.store.write() as conn:
        retention.set_tracking_kinds(conn, ["app.opened"])
    assert tidied(old).events == 4


@pytest.mark.parametrize("kind", ["purchase.made", "consent.given", "nps.answered", "loyalty.joined"])
def test_what_journeys_rest_on_cannot_be_named(old: World, kind: str) -> None:
    with pytest.raises(NeverTidied), old.store.write() as conn:
        retention.set_tracking_kinds(conn, [kind])


def test_what_a_segment_looks_at_stays_and_is_said(old: World) -> None:
    old.segment("often", OFTEN)
    done = tidied(old)
    assert done.events == 0
    assert [one.words() for one in done.kept] == [
        "Every event “page.visited” is kept: the segment “often” looks at all of them."
    ]


def test_nobody_leaves_a_segment_by_it(old: World) -> None:
    old.segment("often", OFTEN)
    old.publish(
        build(
            {"in": ("trigger", {"on": {"type": "segment", "segment": "often"}}), "exit": EXIT},
            [("in", "in", "exit")],
            id="other",
            name="Other",
        )
    )
    tidied(old)
    old.tick(Instant(old.now + DAY))
    assert [row["to_at"] for row in rows(old, t.membership)] == [None]


def test_a_window_is_kept_as_far_as_it_reaches(old: World) -> None:
    old.happened(1, "page.visited", when=at("2026-04-20 10:00"))
    old.tick()
    old.segment("lately", OFTEN | {"scope": {"type": "last", "amount": 420}})
    done = tidied(old)
    assert done.events == 3
    assert [(one.days, one.asked_by) for one in done.kept] == [(428, "the segment “lately”")]


def test_a_window_within_what_is_kept_anyway_is_not_mentioned(old: World) -> None:
    old.segment("lately", OFTEN | {"scope": {"type": "last", "amount": 14}})
    done = tidied(old)
    assert (done.events, done.kept) == (3, ())


@pytest.mark.parametrize(
    ("nth", "days", "events"), [({}, None, 3), ({"nth": 5}, "all", 0), ({"nth": 5, "within_days": 10}, None, 3)]
)
def test_a_trigger_that_counts_keeps_what_it_counts(world: World, nth: Any, days: Any, events: int) -> None:
    world.people(1)
    world.publish(build({"in": ("trigger", {"on": VISITED[1]["on"] | nth}), "exit": EXIT}, [("in", "in", "exit")]))
    for day in (3, 4, 5):
        world.happened(1, "page.visited", when=at(f"2026-03-0{day} 10:00"))
    world.tick(at("2027-06-01 09:00"))
    done = tidied(world)
    assert (done.events, [one.days for one in done.kept]) == (events, [None] if days else [])


def test_a_goal_within_the_passage_keeps_nothing(world: World) -> None:
    world.people(1)
    world.publish(short(goal=OFTEN))
    world.happened(1, "page.visited")
    world.tick()
    world.now = at("2027-06-01 09:00")
    assert tidied(world).kept == ()


def test_an_event_that_the_engine_has_not_seen_stays(world: World) -> None:
    world.people(1)
    world.happened(1, "page.visited")
    world.now = at("2027-06-01 09:00")
    assert tidied(world).events == 0


def test_an_import_that_can_be_undone_keeps_its_events_until_it_is_old_itself(old: World) -> None:
    with old.store.write() as conn:
        conn.execute(insert(t.import_batch).values(id=4, kind="events", file="x", started_at=1, ended_at=old.now - DAY))
        conn.execute(insert(t.import_change).values(import_batch=4, table_name="contact", row_key="1"))
        conn.execute(update(t.event).where(t.event.c.kind == "page.visited").values(import_batch=4))
    done = tidied(old)
    assert (done.events, done.changes) == (0, 0)
    old.now = at("2029-01-01 00:00")
    done = tidied(old)
    assert (done.events, done.changes) == (3, 1)
    assert rows(old, t.import_batch)[0]["tidied_at"] == old.now


def test_an_erased_contact_leaves_no_counts(old: World) -> None:
    tidied(old)
    with old.store.write() as conn:
        settings.put(conn, "suppression_key", "00" * 32)
        erase(conn, [1], now=old.now)
    assert rows(old, t.event_month) == []


# --- who did not come in ---------------------------------------------------------------------------------------------


def missed(world: World, reason: str, when: str) -> None:
    with world.store.write() as conn:
        conn.execute(
            insert(t.not_entered).values(
                journey=1, version=1, trigger="INAAAAAA", contact=1, at=at(when), reason=reason
            )
        )


def test_who_did_not_come_in_is_kept_for_ninety_days_whatever_is_asked(old: World) -> None:
    missed(old, "audience", "2027-03-02 09:00")
    missed(old, "audience", "2027-03-04 09:00")
    assert tidied(old, None).not_entered == 1
    assert [row["at"] for row in rows(old, t.not_entered)] == [at("2027-03-04 09:00")]


def test_whom_a_pause_keeps_out_is_known_as_long_as_it_lasts(old: World) -> None:
    with old.store.write() as conn:
        conn.execute(update(t.journey).values(state="paused", state_at=at("2026-06-01 09:00")))
    missed(old, "paused", "2026-06-02 09:00")
    missed(old, "paused", "2026-05-02 09:00")
    assert tidied(old, None).not_entered == 1


# --- as a whole ------------------------------------------------------------------------------------------------------


def test_a_look_tells_what_would_go_and_takes_nothing(old: World) -> None:
    missed(old, "audience", "2026-03-02 09:00")
    would = look(old.store, YEAR, now=old.now)
    assert would == look(old.store, YEAR, now=old.now)
    done = tidied(old)
    assert (would.hops, would.events, would.not_entered) == (done.hops, done.events, done.not_entered)


@pytest.mark.parametrize("transactions", range(6))
def test_cut_off_anywhere_it_goes_on_where_it_was(old: World, transactions: int) -> None:
    left = iter([True] * transactions)
    done = tidy(old.store, YEAR, now=old.now, keep_going=lambda: next(left, False))
    assert not done.whole or transactions == 5
    again = tidied(old)
    assert (done.events + again.events, done.hops + again.hops) == (3, hops_and_counters(old)[2])
    assert [row["times"] for row in rows(old, t.event_month)] == [3]


def test_a_file_gives_its_room_back(sqlite_store: Any) -> None:
    world = World(sqlite_store)
    world.people(1)
    with world.store.write() as conn:
        visit = {"contact": 1, "kind": "page.visited", "recorded_at": 1, "source": "x", "data": {"url": "x" * 500}}
        conn.execute(insert(t.event), [visit | {"at": n} for n in range(5000)])
    done = tidied(world)
    assert done.events == 5000
    assert done.given_back > 2_000_000


@pytest.mark.parametrize(
    ("given", "before"),
    [("13mo", "2026-02-28"), ("30d", "2027-03-01"), ("2y", "2025-03-31"), ("6w", "2027-02-17"), (" 1MO", "2027-02-28")],
)
def test_a_span_ends_with_a_day_of_the_calendar(given: str, before: str) -> None:
    assert Span.parse(given).before(at("2027-03-31 15:00"), WARSAW) == at(f"{before} 00:00")


@pytest.mark.parametrize("given", ["", "13", "0d", "mo", "-3mo", "1.5y", "99999y", "13 mo"])
def test_nonsense_is_no_span(given: str) -> None:
    with pytest.raises(BadSpan):
        Span.parse(given)


def test_a_span_of_days_is_refused() -> None:
    with pytest.raises(SpanTooShort, match="What is younger than 30 days stays; choose a longer span than 4w"):
        Span.parse("4w")


# --- changes of products --------------------------------------------------------------------------------------------


@pytest.fixture
def prices(world: World) -> World:
    """Three prices of one product and one of another in March 2026; Anna is in about the first. Now it is June 2027."""
    world.people(1)
    drop = {"on": {"type": "product", "what": "price drop"}, "subject": "product"}
    world.publish(build({"in": ("trigger", drop), "exit": EXIT}, [("in", "in", "exit")], re_entry={"rule": "never"}))
    with world.store.write() as conn:
        for product, old, new in (("cd", 900, 800), ("cd", 800, 700), ("cd", 700, 600), ("book", 300, 200)):
            one = ProductEvent(product, "price", old, new, "EUR")
            record_product_events(conn, [one], now=world.now)
    world.tick()
    world.now = at("2027-06-01 09:00")
    return world


def test_old_changes_of_products_go_but_for_the_newest_and_those_that_a_passage_is_about(prices: World) -> None:
    assert [row["new"] for row in rows(prices, t.product_event)] == [800, 700, 600, 200]
    with prices.store.read() as conn:
        (about,) = conn.execute(select(t.enrollment.c.subject_id)).scalars()
    assert look(prices.store, YEAR, now=prices.now).products == 1
    assert tidied(prices).products == 1
    assert (about, [row["new"] for row in rows(prices, t.product_event)]) == (1, [800, 600, 200])


def test_changes_of_products_that_are_young_or_unheard_stay(prices: World) -> None:
    assert tidied(prices, Span.parse("2y")).products == 0
    with prices.store.write() as conn:
        conn.execute(update(t.product_event).values(fresh_at=t.product_event.c.at))
    assert tidied(prices).products == 0
