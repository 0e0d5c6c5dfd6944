"""Criteria search their indexes, and are built once for any moment."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import literal, select

from journeys.criteria import Frame, Passage, compile_criterion, parse_criterion, select_members
from journeys.store import tables as t
from journeys.store.moments import Moments


def plan(base: Any, criterion: dict[str, Any], passage: Passage | None = None) -> str:
    """SQLite's plan of asking the contacts of all passages."""
    moments = Moments()
    frame = Frame(t.enrollment.c.contact, moments, "sqlite", passage)
    statement = select(t.enrollment.c.id).where(compile_criterion(parse_criterion(criterion), frame))
    with base.store.read() as conn:
        said = statement.params(moments.values(base.now, base.zone)).compile(
            conn, compile_kwargs={"literal_binds": True}
        )
        return "\n".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}"))


@pytest.mark.parametrize(
    ("criterion", "search"),
    [
        (
            {"leaf": "event", "event": "page.visited", "count": {"op": ">=", "value": 3}},
            "SEARCH event_1 USING COVERING INDEX ix_event_contact_kind_at (contact=? AND kind=? AND at<?)",
        ),
        (
            {
                "leaf": "event",
                "event": "page.visited",
                "where": [{"field": "url", "op": "=", "value": "x"}],
                "scope": {"type": "last", "amount": 3},
            },
            "SEARCH event_1 USING INDEX ix_event_contact_kind_at (contact=? AND kind=? AND at>? AND at<?)",
        ),
        (
            {"leaf": "event", "event": "page.visited", "last_days_ago": {"op": ">=", "value": 3}},
            "SEARCH event_1 USING COVERING INDEX ix_event_contact_kind_at (contact=? AND kind=? AND at<?)",
        ),
        (
            {"leaf": "purchase", "scope": {"type": "last", "amount": 3}},
            "SEARCH purchase_1 USING COVERING INDEX ix_purchase_contact_at (contact=? AND at>? AND at<?)",
        ),
        (
            {"leaf": "purchase", "last_days_ago": {"op": ">=", "value": 90}},
            "SEARCH purchase_1 USING COVERING INDEX ix_purchase_contact_at (contact=? AND at<?)",
        ),
        (
            {"leaf": "consent", "channel": "email", "purpose": "news"},
            "SEARCH consent_now_1 USING INDEX sqlite_autoindex_consent_now_1 (contact=? AND channel=? AND purpose=?)",
        ),
        ({"leaf": "contract", "end": {"op": "=", "value": 8}}, "SEARCH contract_1 USING INDEX ix_contract_"),
        (
            {"leaf": "segment", "segment": "loyal"},
            "SEARCH membership_1 USING INDEX uq_membership_open (segment=? AND contact=?)",
        ),
        ({"leaf": "nps", "answer": "promoter"}, "SEARCH event_1 USING INDEX ix_event_contact_kind_at"),
        (
            {"leaf": "attribute", "attribute": "city", "op": "=", "value": "x"},
            "SEARCH contact_1 USING INTEGER PRIMARY KEY (rowid=?)",
        ),
    ],
)
def test_a_positive_leaf_searches_its_index(sqlite_base: Any, criterion: dict[str, Any], search: str) -> None:
    found = plan(sqlite_base, criterion)
    assert search in found, found


@pytest.mark.parametrize(
    ("criterion", "search"),
    [
        (
            {"leaf": "purchase"},
            "SEARCH purchase_1 USING COVERING INDEX ix_purchase_contact_at (contact=? AND at>? AND at<?)",
        ),
        (
            {"leaf": "event", "event": "page.visited"},
            "SEARCH event_1 USING COVERING INDEX ix_event_contact_kind_at (contact=? AND kind=? AND at>? AND at<?)",
        ),
    ],
)
def test_since_entry_searches_from_the_entry_on(sqlite_base: Any, criterion: dict[str, Any], search: str) -> None:
    e = t.enrollment.c
    passage = Passage(e.id, e.since_at, e.since_event, e.subject_kind, e.subject_id)
    found = plan(sqlite_base, criterion | {"scope": {"type": "since entry"}}, passage)
    assert search in found, found


def test_a_statement_built_once_runs_at_any_moment(base: Any) -> None:
    base.contact("Anna")
    base.purchase("Anna", "2026-11-20 09:00")
    members, moments = select_members(
        parse_criterion({"leaf": "purchase", "last_days_ago": {"op": "=", "value": 2}}), base.store.engine.dialect.name
    )
    found = []
    with base.store.read() as conn:
        for day in range(4):
            values = moments.values(base.now + (day - 1) * 86400, base.zone)
            found.append(conn.execute(members, values).scalars().all())
    assert found == [[], [base.ids["Anna"]], [], []]


def test_a_contact_may_be_given_as_a_number(base: Any) -> None:
    anna = base.contact("Anna", language="pl")
    moments = Moments()
    frame = Frame(literal(anna), moments, base.store.engine.dialect.name)
    holds = compile_criterion(
        parse_criterion({"leaf": "attribute", "attribute": "language", "op": "=", "value": "PL"}), frame
    )
    with base.store.read() as conn:
        assert conn.execute(select(holds), moments.values(base.now, base.zone)).scalar_one()
