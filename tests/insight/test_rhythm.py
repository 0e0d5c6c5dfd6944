from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from journeys.base.clock import SetClock
from journeys.base.time import DAY, Instant, day_of, instant
from journeys.engine.tick import Engine
from journeys.insight.rhythm import groups_asked, refresh
from journeys.store import tables as t
from journeys.store.importing import Options, import_file, undo_import
from journeys.store.purchases import NewPurchase, add_purchases
from journeys.store.store import Store
from tests.engine.conftest import WARSAW, World, at, build, node_id
from tests.engine.test_trace import passage_of, sentences

DATA = Path(__file__).parent.parent / "data"
LIST = ("trigger", {"on": {"type": "list"}})
D1 = ("2026-01-01 10:00", "2026-01-31 18:00", "2026-03-02 09:00")


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def bought(world: World, contact: int, *moments: str | Instant) -> None:
    ats = [at(one) if isinstance(one, str) else one for one in moments]
    with world.store.write() as conn:
        add_purchases(conn, [NewPurchase(contact, one, 100, "EUR") for one in ats], now=world.now, source="test")


def brought_up(world: World, now: str | None = None) -> Any:
    if now is not None:
        world.now = at(now)
    return refresh(world.store, groups_asked(world.store, world.engine.roll), now=world.now)


def rhythms(world: World) -> dict[int | str, tuple[int, float, float]]:
    """Contact, or segment, → gaps, mean and median in days."""
    r = t.rhythm.c
    with world.store.read() as conn:
        return {
            row.contact if row.contact is not None else row.segment: (
                row.gaps, row.mean_seconds / DAY, row.median_seconds / DAY,
            )
            for row in conn.execute(select(t.rhythm).order_by(r.id))
        }  # fmt: skip


def waiting(**rule: Any) -> Any:
    nodes = {
        "in": LIST,
        "wait": ("wait", {"rule": {"type": "purchase rhythm"} | rule}),
        "end": ("exit", {"reason": "finished"}),
    }
    return build(nodes, [("in", "in", "wait"), ("wait", "done", "end")])


def test_D1_the_gaps_between_1_january_31_january_and_2_march_are_30_days(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, *D1)
    brought_up(world)
    assert rhythms(world)[anna] == (2, 30, 30)


def test_several_purchases_of_a_day_are_one(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2026-01-01 00:10", "2026-01-01 23:50", "2026-01-11 12:00")
    brought_up(world)
    assert rhythms(world)[anna] == (1, 10, 10)


def test_days_are_those_of_the_workspace_also_where_its_clock_is_set(world: World) -> None:
    (anna,) = world.people(1)
    # 29 March has 23 hours in Warsaw: 0:30 and 23:30 of it lie in one day and 22 hours apart
    bought(world, anna, "2026-03-28 23:30", "2026-03-29 00:30", "2026-03-29 23:30", "2026-03-30 00:30")
    brought_up(world, "2026-04-01 12:00")
    assert rhythms(world)[anna] == (2, 1, 1)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2026-01-01 12:00", "2026-01-02 12:00", "2026-01-05 12:00", "2026-01-11 12:00", "2026-01-31 12:00")  # fmt: skip
    brought_up(world)
    assert rhythms(world)[anna] == (4, 7.5, 4.5)


def test_who_has_bought_on_one_day_only_has_none(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2026-01-01 12:00")
    brought_up(world)
    assert rhythms(world) == {"": (0, 0, 0)}


def test_contacts_with_new_purchases_are_brought_up_to_date_and_no_others(world: World) -> None:
    anna, bob = world.people(2)
    for one in (anna, bob):
        bought(world, one, "2026-01-01 12:00", "2026-01-11 12:00")
    assert brought_up(world).contacts == 2
    bought(world, bob, "2026-02-10 12:00")
    assert brought_up(world).contacts == 1
    assert brought_up(world).contacts == 0
    assert (rhythms(world)[anna], rhythms(world)[bob]) == ((1, 10, 10), (2, 20, 20))


def test_a_purchase_of_the_future_counts_when_its_time_has_come(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2026-03-01 12:00", "2026-03-11 12:00")
    brought_up(world, "2026-03-02 12:00")
    assert anna not in rhythms(world)
    brought_up(world, "2026-03-11 12:00")
    assert rhythms(world)[anna] == (1, 10, 10)


def test_groups_are_worked_out_once_a_workspace_day(world: World) -> None:
    anna, bob = world.people(2)
    bought(world, anna, "2026-01-01 12:00", "2026-01-11 12:00")
    brought_up(world, "2026-03-02 12:00")
    bought(world, bob, "2026-01-01 12:00", "2026-01-31 12:00")
    brought_up(world, "2026-03-02 23:00")
    assert rhythms(world)[""] == (1, 10, 10)
    brought_up(world, "2026-03-03 00:00")
    assert rhythms(world)[""] == (2, 20, 20)


def test_a_workspace_that_moves_to_another_zone_has_other_days(world: World) -> None:
    from journeys.store import settings

    (anna,) = world.people(1)
    bought(world, anna, "2026-01-01 12:00", "2026-01-11 03:00")
    brought_up(world)
    assert rhythms(world)[anna] == (1, 10, 10)
    with world.store.write() as conn:
        settings.put(conn, "time_zone", "America/New_York")
    brought_up(world)
    assert rhythms(world)[anna] == (1, 9, 9)


def test_purchases_of_an_import_that_is_taken_back_do_not_count_any_more(world: World, tmp_path: Path) -> None:
    (anna,) = world.people(1)
    bought(world, anna, "2026-01-01 12:00", "2026-01-11 12:00")
    file = tmp_path / "orders.csv"
    file.write_text("email,order_id,date,total,currency\nc0@example.com,9,2026-02-10,5.00,EUR\n")
    batch = import_file(world.store, "purchases", file, options=Options(), clock=SetClock(world.now)).batch
    brought_up(world)
    assert rhythms(world)[anna] == (2, 20, 20)
    undo_import(world.store, batch, now=world.now)
    brought_up(world)
    assert rhythms(world)[anna] == (1, 10, 10)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-40 * 365 * DAY, 400 * DAY), min_size=1, max_size=12))
def test_the_measures_are_those_of_python_on_any_history(world: World, seconds: list[int]) -> None:
    (anna,) = world.people(1)
    world.now = at("2027-06-01 12:00")
    moments = [Instant(at("2026-03-02 12:00") + one) for one in seconds]
    bought(world, anna, *moments)
    brought_up(world)
    days = sorted({day_of(one, WARSAW).toordinal() for one in moments})
    gaps = [after - before for before, after in pairwise(days)]
    with world.store.read() as conn:
        row = conn.execute(select(t.rhythm).where(t.rhythm.c.contact == anna)).one_or_none()
    if not gaps:
        assert row is None
    else:
        assert row is not None
        assert (row.gaps, row.mean_seconds) == (len(gaps), sum(gaps) * DAY // len(gaps))
        assert row.median_seconds == median(gaps) * DAY


# --- the wait --------------------------------------------------------------------------------------------------------


def waited(world: World, contact: int) -> float:
    """Days from arrival to the end of the wait."""
    (passage,) = [one for one in world.passages() if one["contact"] == contact]
    assert passage["node"] == node_id("wait")
    return float((passage["due_at"] - passage["arrived_at"]) / DAY)


def came(world: World, who: Sequence[int], **rule: Any) -> None:
    world.publish(waiting(**rule))
    brought_up(world)
    world.enroll(who)
    world.tick()


def test_D1_the_wait_lasts_as_long_as_the_contacts_own_gaps(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, *D1)
    came(world, [anna])
    assert waited(world, anna) == 30
    assert sentences(passage_of(world, anna).stays[-1]) == [
        "The contact's own time between purchases was taken: 30 days, from 2 gaps.",
        "With factor and bounds the wait takes 30 days.",
        "That means 2026-04-01 13:00.",
    ]
    world.tick(world.now + 30 * DAY)
    assert world.path(anna) == ["in:in", "wait:done", "end:"]
    stay = passage_of(world, anna).stays[1]
    assert sentences(stay)[0] == "The contact's own time between purchases was taken: 30 days, from 2 gaps."


def test_D1_with_one_purchase_the_segment_then_all_then_the_stated_time_count(world: World) -> None:
    regular, quick, loyal, other = world.people(4)
    bought(world, regular, *D1)
    bought(world, quick, "2026-02-01 12:00", "2026-02-11 12:00")
    for one in (quick, loyal):
        with world.store.write() as conn:
            from journeys.store import contacts

            contacts.change(conn, [(one, {"language": "pl"})], now=world.now, source="test")
    bought(world, loyal, "2026-02-01 12:00")
    world.segment("polish", {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"})
    came(world, [regular, quick, loyal, other], segment="polish", by="mean")
    assert [waited(world, one) for one in (regular, quick, loyal)] == [30, 10, 10]
    assert waited(world, other) == pytest.approx(70 / 3, abs=1e-4)
    assert sentences(passage_of(world, loyal).stays[-1])[0] == (
        "The contact has no two purchase days; the time of the segment “polish” was taken: 10 days, from 1 gap."
    )
    assert sentences(passage_of(world, other).stays[-1])[0] == (
        "The contact has no two purchase days; the time of all contacts was taken: 23.33 days, from 3 gaps."
    )


def test_D1_where_nobody_has_bought_twice_the_stated_time_counts(world: World) -> None:
    (anna,) = world.people(1)
    came(world, [anna], otherwise={"amount": 12, "unit": "days"})
    assert waited(world, anna) == 12
    assert sentences(passage_of(world, anna).stays[-1])[0] == (
        "Nobody has bought on two days yet; the stated time was taken: 12 days."
    )


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ({"factor": 0.5}, 15),
        ({"factor": 1.125}, 33.75),
        ({"at_least": {"amount": 45}}, 45),
        ({"at_most": {"amount": 1, "unit": "weeks"}}, 7),
    ],
)
def test_factor_and_bounds(world: World, rule: dict[str, Any], days: float) -> None:
    (anna,) = world.people(1)
    bought(world, anna, *D1)
    came(world, [anna], **rule)
    assert waited(world, anna) == days


def test_a_purchase_while_waiting_does_not_move_the_wait(world: World) -> None:
    (anna,) = world.people(1)
    bought(world, anna, *D1)
    came(world, [anna])
    bought(world, anna, "2026-03-12 12:00")
    brought_up(world, "2026-03-20 12:00")
    world.tick()
    world.tick(at("2026-04-01 13:00"))
    assert world.path(anna) == ["in:in", "wait:done", "end:"]
    assert sentences(passage_of(world, anna).stays[1])[0].endswith("30 days, from 2 gaps.")


def test_the_runtime_brings_rhythms_up_to_date_before_it_ticks(world: World) -> None:
    from tests.engine.mails import Recorder
    from tests.runtime.conftest import runner_of

    (anna,) = world.people(1)
    bought(world, anna, *D1)
    world.publish(waiting())
    world.enroll([anna])
    runner_of(world, Recorder()).beat(world.now)
    assert waited(world, anna) == 30


@pytest.mark.long
def test_the_published_figures_of_cdnow(store: Store, tmp_path: Path) -> None:
    """REQUIREMENTS 2.4: 44,021 gaps, mean 72.2 days, median 34 days, 11,516 of 23,570 customers."""
    path = tmp_path / "CDNOW_master.txt"
    with gzip.open(DATA / "CDNOW_master.txt.gz") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    now = instant(datetime(1998, 7, 1, tzinfo=WARSAW))
    options = Options(address_template="{customer}@cdnow.test", create_contacts=True, defaults={"currency": "USD"})
    import_file(store, "purchases", path, options=options, clock=SetClock(now))
    refresh(store, groups_asked(store, Engine(store).roll), now=now)
    with store.read() as conn:
        rows = conn.execute(select(t.rhythm)).all()
    of_contacts = [row for row in rows if row.contact is not None]
    (all_,) = [row for row in rows if row.segment == ""]
    assert len(of_contacts) == 11_516
    assert all_.gaps == sum(row.gaps for row in of_contacts) == 44_021
    assert round(all_.mean_seconds / DAY, 1) == 72.2
    assert all_.median_seconds == 34 * DAY
