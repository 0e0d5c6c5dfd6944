"""Scopes that speak of a passage through a journey."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.criteria import (
    NeedsPassage,
    needs_passage,
    nodes_mentioned,
    parse_criterion,
    shortest_window,
    with_default_scope,
)
from journeys.store.tables import hop, message

SINCE_ENTRY = {"type": "since entry"}


def visited(**scope: Any) -> dict[str, Any]:
    return {"leaf": "event", "event": "page.visited", "scope": scope}


def bought(**scope: Any) -> dict[str, Any]:
    return {"leaf": "purchase", "scope": scope}


def test_since_entry_is_after_the_moment_of_the_match(base: Any) -> None:
    base.contact("Anna")
    base.event("Anna", "page.visited", "2026-11-20 09:00")
    base.purchase("Anna", "2026-11-20 09:00")
    before = base.enrollment("Anna", "2026-11-20 08:59")
    base.enrollment("Anna", "2026-11-20 09:00")
    assert base.passages(visited(**SINCE_ENTRY)) == {before}
    assert base.passages(bought(**SINCE_ENTRY)) == {before}


def test_since_entry_at_the_same_second_the_id_decides(base: Any) -> None:
    base.contact("Anna")
    base.event("Anna", "page.visited", "2026-11-20 09:00")
    first = base.purchase("Anna", "2026-11-20 09:00")
    second = base.purchase("Anna", "2026-11-20 09:00")
    after_first = base.enrollment("Anna", "2026-11-20 09:00", since_event=first)
    base.enrollment("Anna", "2026-11-20 09:00", since_event=second)
    assert base.passages(bought(**SINCE_ENTRY)) == {after_first}
    base.event("Anna", "page.visited", "2026-11-20 09:00")
    assert len(base.passages(visited(**SINCE_ENTRY))) == 2


def test_an_exit_on_purchase_does_not_expel_old_customers(base: Any) -> None:
    base.contact("Anna")
    base.purchase("Anna", "2026-10-01 09:00")
    passage = base.enrollment("Anna", "2026-11-20 09:00")
    exit_when = with_default_scope(parse_criterion({"leaf": "purchase"}), "since entry")
    assert base.passages(exit_when.model_dump(mode="json")) == set()
    base.purchase("Anna", "2026-11-21 09:00")
    assert base.passages(exit_when.model_dump(mode="json")) == {passage}


def test_since_leaving_counts_from_the_newest_hop(base: Any) -> None:
    base.contact("Anna")
    passage = base.enrollment("Anna", "2026-11-20 09:00")
    base.event("Anna", "page.visited", base.now - 50)
    base.purchase("Anna", base.now - 50)
    since = {"type": "since leaving", "node": "WAIT"}
    assert base.passages(visited(**since)) == set()
    for n, left_at, fit in ((0, base.now - 100, {passage}), (1, base.now - 40, set())):
        base.rows(
            hop,
            {
                "enrollment": passage,
                "n": n,
                "version": 1,
                "kind": "edge",
                "node": "WAIT",
                "outlet": "done",
                "entered_at": 0,
                "left_at": left_at,
            },
        )
        assert base.passages(visited(**since)) == fit
        assert base.passages(bought(**since)) == fit


def test_about_the_message_of_a_node(base: Any) -> None:
    base.contact("Anna")
    mine, other = base.enrollment("Anna", "2026-11-20 09:00"), base.enrollment("Anna", "2026-11-20 09:00")
    common = {"journey": 1, "version": 1, "channel": "email", "contact": base.ids["Anna"], "template": "t"}
    common |= {"message_class": "marketing", "state": "sent", "made_at": 0, "due_at": 0, "not_before_at": 0}
    for n, (enrollment, node) in enumerate(((mine, "SEND"), (mine, "OTHER"), (other, "SEND"))):
        base.rows(message, common | {"id": n + 1, "enrollment": enrollment, "node": node, "visit": 0})
    base.event("Anna", "email.clicked", base.days_ago(0), message=1)
    base.event("Anna", "nps.answered", base.days_ago(0), {"score": 9}, message=2)
    clicked = {"leaf": "event", "event": "email.clicked", "scope": {"type": "about message", "node": "SEND"}}
    assert base.passages(clicked) == {mine}
    promoter = {"leaf": "nps", "answer": "promoter", "scope": {"type": "about message", "node": "SEND"}}
    assert base.passages(promoter) == set()
    assert base.passages(promoter | {"scope": {"type": "about message", "node": "OTHER"}}) == {mine}


def test_of_the_subject(base: Any) -> None:
    base.contact("Anna")
    base.purchase("Anna", "2026-11-20 09:00", 100)
    about_purchase = base.enrollment("Anna", "2026-11-20 09:00", subject_kind="purchase", subject_id=1)
    event = base.event("Anna", "page.visited", "2026-11-20 09:00")
    about_event = base.enrollment("Anna", "2026-11-20 09:00", subject_kind="event", subject_id=event)
    base.enrollment("Anna", "2026-11-20 09:00")
    subject = {"type": "subject"}
    assert base.passages(visited(**subject)) == {about_event}
    assert base.passages(bought(**subject)) == {about_purchase}
    made = {"leaf": "event", "event": "purchase.made", "scope": subject}
    assert base.passages(made) == {about_purchase}


@pytest.mark.parametrize(
    "scope",
    [SINCE_ENTRY, {"type": "since leaving", "node": "A"}, {"type": "about message", "node": "A"}, {"type": "subject"}],
)
def test_a_scope_of_a_passage_is_refused_outside_one(sqlite_base: Any, scope: dict[str, Any]) -> None:
    assert needs_passage(parse_criterion({"any": [visited(**scope)]}))
    with pytest.raises(NeedsPassage, match="speaks of a passage through a journey, and there is none here"):
        sqlite_base.matches(visited(**scope))


def test_hours_are_exact_and_days_go_by_the_calendar(base: Any) -> None:
    base.contact("Anna")
    base.event("Anna", "page.visited", "2026-11-21 00:00")
    assert base.matches(visited(type="last", amount=1, unit="days")) == {"Anna"}
    assert base.matches(visited(type="last", amount=36, unit="hours")) == set()
    assert base.matches(visited(type="last", amount=37, unit="hours")) == {"Anna"}


def test_the_default_of_the_place_fills_only_what_is_left_open() -> None:
    given = {
        "all": [
            {"leaf": "event", "event": "page.visited"},
            {"none": [{"leaf": "purchase"}]},
            visited(type="ever"),
            {"leaf": "contract", "recurring_now": True},
            {"leaf": "purchase", "change": {"days": 30, "op": "<=", "percent": -10}},
        ]
    }
    filled = with_default_scope(parse_criterion(given), "since entry").model_dump(mode="json")
    assert filled == {
        "all": [
            {"leaf": "event", "event": "page.visited", "scope": SINCE_ENTRY},
            {"none": [{"leaf": "purchase", "scope": SINCE_ENTRY}]},
            visited(type="ever"),
            {"leaf": "contract", "recurring_now": True},
            {"leaf": "purchase", "change": {"of": "count", "days": 30, "op": "<=", "percent": -10}},
        ]
    }


def test_the_shortest_window_can_be_asked() -> None:
    assert shortest_window(parse_criterion({"leaf": "purchase"})) is None
    both = [visited(type="last", amount=2, unit="hours"), visited(type="last", amount=1, unit="weeks")]
    assert shortest_window(parse_criterion({"any": both})) == 7200


def test_nodes_are_mentioned_once() -> None:
    parts = [
        visited(type="since leaving", node="A"),
        {"leaf": "journey", "node": "B"},
        bought(type="since leaving", node="A"),
    ]
    assert list(nodes_mentioned(parse_criterion({"all": parts}))) == ["A", "B"]
