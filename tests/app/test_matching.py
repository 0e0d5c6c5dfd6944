"""Counting who matches a criterion while it is edited."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from app.desktop.matching import CannotCount, StoreMatcher, _broken_off
from journeys.base.time import Instant
from journeys.criteria import parse_criterion
from journeys.store.attributes import define_attribute
from journeys.store.contacts import add, set_tags
from journeys.store.definitions import define_tag
from journeys.store.store import Store
from widgets.criterion.matching import Matching, Stop

NOW = Instant(1_795_000_000)


@pytest.fixture
def matcher(store: Store) -> StoreMatcher:
    with store.write() as conn:
        define_tag(conn, "vip")
        define_attribute(conn, "points", "number", label="Points")
        people = [
            {"first_name": f"Anna{n}", "last_name": "Nowak", "email": f"anna{n}@example.com", "points": n}
            for n in range(12)
        ]
        ids = add(conn, [*people, {"email": "jan@example.com"}], now=NOW, source="test")
        set_tags(conn, add=[(ids[-1], "vip")], now=NOW, source="test")
    return StoreMatcher(store, lambda: NOW)


def test_contacts_are_counted_and_ten_of_them_named(matcher: StoreMatcher):
    found = matcher.matching(
        parse_criterion({"leaf": "attribute", "attribute": "points", "op": ">=", "value": 1}), Stop()
    )
    assert (found.count, found.of, len(found.examples)) == (11, 13, 10)
    assert (found.examples[0].name, found.examples[0].more) == ("Anna1 Nowak", "anna1@example.com")


def test_who_has_no_name_is_known_by_the_address(matcher: StoreMatcher):
    found = matcher.matching(parse_criterion({"leaf": "tag", "tag": "vip"}), Stop())
    assert [(one.name, one.more) for one in found.examples] == [("jan@example.com", "")]


def test_what_does_not_go_with_an_attribute_is_said(matcher: StoreMatcher):
    wrong = parse_criterion({"leaf": "attribute", "attribute": "points", "op": "starts with", "value": "x"})
    with pytest.raises(CannotCount, match="“starts with” does not go with a number"):
        matcher.matching(wrong, Stop())


def test_stopping_breaks_a_statement_off(store: Store):
    stop = Stop()
    ended = threading.Event()
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        if store.is_sqlite
        else "SELECT pg_sleep(600)"
    )
    running = threading.Event()

    def work() -> None:
        with pytest.raises(Exception, match=r"interrupt|cancel"), store.read() as conn, _broken_off(conn, stop):  # noqa: PT012
            running.set()
            conn.execute(text(endless))
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert running.wait(10)
    while not ended.wait(0.05):
        # a statement that has not begun yet is not there to be interrupted
        stop.set()
    thread.join(10)


def test_a_count_that_is_over_is_not_broken_off(matcher: StoreMatcher, store: Store):
    stop = Stop()
    assert isinstance(matcher.matching(parse_criterion({"all": []}), stop), Matching)
    stop.set()
    with store.read() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
