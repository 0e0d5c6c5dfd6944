"""Events come in by one call, whole and in order."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, insert, select

from journeys.base.time import Instant
from journeys.store.events import BadData, BadEventKind, BadScore, DataTooLarge, NewEvent, record
from journeys.store.store import Store
from journeys.store.tables import contact, event, fresh

NOW = Instant(1_700_000_000)


@pytest.fixture
def anna(store: Store) -> int:
    with store.write() as conn:
        made = conn.execute(insert(contact).values(draw=1, created_at=NOW).returning(contact.c.id))
        return int(made.scalar_one())


def new(anna: int, kind: str = "page.visited", at: int = NOW, **data: Any) -> NewEvent:
    return NewEvent(anna, kind, Instant(at), data, "test")


def test_an_event_is_stored_with_all_it_says(store: Store, anna: int) -> None:
    given = NewEvent(
        anna,
        "email.clicked",
        Instant(NOW - 5),
        {"url": "https://x.test/ł", "n": 1.5, "list": [1, None, True]},
        "link",
        quiet=True,
        message=7,
        subject_kind="purchase",
        subject_id=9,
        identity="row-1",
        import_batch=3,
    )
    with store.write() as conn:
        (id_,) = record(conn, [given], now=NOW)
        row = dict(conn.execute(select(event)).mappings().one())
        waiting = conn.execute(select(fresh.c.event, fresh.c.at)).one()
    assert row == {
        "id": id_,
        "contact": anna,
        "kind": "email.clicked",
        "at": NOW - 5,
        "recorded_at": NOW,
        "source": "link",
        "quiet": True,
        "message": 7,
        "subject_kind": "purchase",
        "subject_id": 9,
        "product": None,
        "data": {"url": "https://x.test/ł", "n": 1.5, "list": [1, None, True]},
        "identity": "row-1",
        "import_batch": 3,
    }
    assert tuple(waiting) == (id_, NOW - 5)


def test_ids_come_back_in_the_order_given(store: Store, anna: int) -> None:
    with store.write() as conn:
        ids = record(conn, [new(anna, n=n) for n in range(12_000)], now=NOW)
        rows = conn.execute(select(event.c.id, event.c.data).order_by(event.c.id)).all()
        waiting = conn.execute(select(func.count()).select_from(fresh)).scalar_one()
    assert ids == [row.id for row in rows]
    assert [row.data["n"] for row in rows] == list(range(12_000))
    assert waiting == 12_000


def test_no_events_are_no_work(store: Store) -> None:
    with store.write() as conn:
        assert record(conn, [], now=NOW) == []


@pytest.mark.parametrize(
    "kind", ["", "visited", "Page.visited", "page.", ".page", "page visited", "a.ł", "a.b\n", "a." + "b" * 200]
)
def test_a_kind_is_a_dotted_lower_case_name(store: Store, anna: int, kind: str) -> None:
    with store.write() as conn, pytest.raises(BadEventKind):
        record(conn, [new(anna, kind)], now=NOW)


def test_a_bad_kind_is_said(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn, pytest.raises(BadEventKind) as refused:
        record(conn, [new(1, "Visited")], now=NOW)
    assert str(refused.value) == (
        "“Visited” cannot be the kind of an event. A kind is lower-case words joined by dots, such as page.visited."
    )


@pytest.mark.parametrize(
    ("score", "said"),
    [(7.5, "7.5"), (11, "11"), (-1, "-1"), ("x", '"x"'), (True, "true"), (None, "null"), ("9", '"9"'), (9.0, "9.0")],
)
def test_an_nps_answer_has_a_whole_score_from_0_to_10(sqlite_store: Store, score: Any, said: str) -> None:
    with sqlite_store.write() as conn, pytest.raises(BadScore) as refused:
        record(conn, [new(1, "nps.answered", survey="s", score=score)], now=NOW)
    assert str(refused.value) == f"An NPS score is a whole number from 0 to 10; {said} is none."


def test_an_nps_answer_without_data_is_refused(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn, pytest.raises(BadScore):
        record(conn, [new(1, "nps.answered")], now=NOW)


@pytest.mark.parametrize("score", [0, 10])
def test_both_ends_of_the_scale_are_answers(store: Store, anna: int, score: int) -> None:
    with store.write() as conn:
        assert record(conn, [new(anna, "nps.answered", survey="s", score=score)], now=NOW)


def test_one_bad_event_keeps_all_of_them_out(store: Store, anna: int) -> None:
    with store.write() as conn:
        with pytest.raises(BadScore):
            record(conn, [new(anna), new(anna, "nps.answered", score=11)], now=NOW)
        assert conn.execute(select(func.count()).select_from(event)).scalar_one() == 0


def test_data_beyond_64_kilobytes_is_refused(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn, pytest.raises(DataTooLarge) as refused:
        record(conn, [new(1, text="ł" * 40_000)], now=NOW)
    assert str(refused.value) == (
        "The data of an event “page.visited” is 79 kB. An event carries at most 64 kB; leave out what no journey asks for."
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, 10**400, b"x", {1}, object])
def test_what_json_cannot_hold_on_both_databases_is_refused(sqlite_store: Store, value: Any) -> None:
    with sqlite_store.write() as conn, pytest.raises(BadData):
        record(conn, [new(1, deep=[{"x": value}])], now=NOW)


def test_text_in_data_is_cleaned(store: Store, anna: int) -> None:
    with store.write() as conn:
        record(conn, [new(anna, name="o\u0301\x00\ud800 ", inner=[{"k\x00": "a\r\nb"}])], now=NOW)
        assert conn.execute(select(event.c.data)).scalar_one() == {"name": "ó", "inner": [{"k": "a\nb"}]}


def test_quiet_events_are_fresh_too(store: Store, anna: int) -> None:
    with store.write() as conn:
        record(conn, [NewEvent(anna, "a.b", NOW, {}, "import", quiet=True)], now=NOW)
        assert conn.execute(select(func.count()).select_from(fresh)).scalar_one() == 1
