"""What every registered kind must keep to, built in or from a plug-in."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlalchemy import ClauseElement, Connection, Executable, select
from sqlalchemy.ext.compiler import compiles

from journeys.base.time import DAY, Instant
from journeys.nodes.cohort import Cohort, members
from journeys.nodes.node import Arrival, Family, Node
from journeys.nodes.registry import kinds
from journeys.store.moments import Moments

TAG = {"leaf": "tag", "tag": "vip"}
WINDOW = {"weekdays": ["tue", "wed"], "from": "09:00", "to": "17:00"}
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "trigger": [
        {"on": {"type": "event", "event": "purchase.made", "nth": 2}, "subject": "purchase", "only": TAG},
        {"on": {"type": "segment", "segment": "vip"}, "existing": True},
        {"on": {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "yearly": True}},
        {"on": {"type": "date", "date": {"type": "contract end"}, "offset_days": -7, "at": "10:30"}},
        {"on": {"type": "date", "date": {"type": "event", "event": "a.b", "field": "starts"}}},
        {"on": {"type": "date", "date": {"type": "first purchase"}, "yearly": True}, "subject": "purchase"},
        {"on": {"type": "date", "date": {"type": "last event", "event": "a.b"}, "offset_days": 5}},
        {"on": {"type": "change", "attribute": "points", "becomes": {"op": ">=", "value": 200}}},
        {"on": {"type": "segment", "segment": "at-risk", "moved_from": "loyal", "left_within_days": 3}},
        {"on": {"type": "stage", "funnel": "club", "stage": "new"}, "existing": True},
        {"on": {"type": "inactivity", "events": ["page.visited", "purchase.made"], "days": 5}},
        {
            "on": {
                "type": "schedule",
                "rule": "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2MO;COUNT=9",
                "starts_on": "2026-11-01",
            },
            "only": TAG,
        },
        {"on": {"type": "product", "what": "price drop", "at_least_percent": 10}, "subject": "product", "only": TAG},
        {"on": {"type": "product", "what": "new in category", "category": "tea"}, "only": TAG},
        {
            "on": {
                "type": "feed",
                "feed": "weather",
                "where": [{"field": "t min", "op": "<", "value": 0}],
                "attribute": "region",
            },
            "subject": "feed",
        },
        {"on": {"type": "list"}},
    ],
    "condition": [{"criterion": {"all": [TAG, {"leaf": "event", "event": "email.clicked"}]}}],
    "split": [
        {"by": {"type": "nps", "survey": "ASKAAAAA", "survey_key": "nps"}},
        {"by": {"type": "nps", "ever": True}},
        {"by": {"type": "loyalty", "programme": "club"}},
        {"by": {"type": "segments", "segments": ["vip", "loyal"]}},
        {"by": {"type": "reachable", "channels": ["sms", "email"], "purpose": "newsletter"}},
        {
            "by": {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": 33.5}, {"id": "b", "label": "B", "share": 66.5}],
            }
        },
    ],
    "wait": [
        {"rule": {"type": "at once"}, "then": {"from": "09:00"}},
        {"rule": {"type": "duration", "amount": 3, "unit": "days"}, "then": WINDOW},
        {"rule": {"type": "calendar days", "days": 2}},
        {
            "rule": {
                "type": "events",
                "listen": [{"outlet": "answered", "label": "answered", "event": "nps.answered", "about": "ASKAAAAA"}],
                "timeout": {"amount": 7, "unit": "days"},
            }
        },
        {"rule": {"type": "criterion", "criterion": TAG, "timeout": {"amount": 1, "unit": "weeks"}}},
        {"rule": {"type": "date", "date": {"type": "day", "day": "2026-12-10"}}, "late": {"then": "skip"}},
        {"rule": {"type": "date", "date": {"type": "attribute", "attribute": "trial_ends"}, "offset_days": -3}},
        {"rule": {"type": "date", "date": {"type": "contract"}, "offset_days": -7, "at": None}, "then": WINDOW},
        {"rule": {"type": "date", "date": {"type": "event", "field": "starts"}, "offset_days": 1}, "late": {}},
        {"rule": {"type": "date", "date": {"type": "purchase"}, "offset_days": 14}},
        {"rule": {"type": "purchase rhythm"}},
        {
            "rule": {
                "type": "purchase rhythm",
                "by": "mean",
                "factor": 1.5,
                "segment": "loyal",
                "at_least": {"amount": 3},
                "at_most": {"amount": 90},
            },
            "then": WINDOW,
        },
        {"rule": {"type": "duration", "amount": 3}, "late": {"then": "next window", "window": WINDOW}},
    ],
    "send": [
        {"template": "nps-survey", "purpose": "newsletter"},
        {"template": "bill", "message_class": "service", "unreachable_goes_another_way": True},
        {"template": "news", "purpose": "newsletter", "wait_for_hand_over": False},
        {"template": "news", "purpose": "newsletter", "ladder": {"channels": ["email", "sms"]}, "late": {}},
        {"template": "bill", "message_class": "service", "ladder": {"rule": "all", "channels": ["email", "sms"]}},
    ],
    "repeat": [{"at_most": 3, "at_least_days": 30}, {"at_most": 1}],
    "update": [
        {
            "changes": [
                {"do": "set attribute", "attribute": "city", "value": "Łódź"},
                {"do": "add to attribute", "attribute": "points", "amount": 5},
                {"do": "clear attribute", "attribute": "city"},
                {"do": "add tag", "tag": "vip", "expires_after": {"amount": 3, "unit": "days"}},
                {"do": "remove tag", "tag": "vip"},
                {"do": "give consent", "channel": "email", "purpose": "newsletter"},
                {"do": "withdraw consent", "channel": "sms", "purpose": "newsletter"},
                {"do": "set stage", "funnel": "club", "stage": "new"},
            ]
        }
    ],
    "webhook": [
        {"url": "https://shop.example/hooks/owner", "secret": "shop"},
        {"url": "http://10.0.0.7:8080/hook", "method": "DELETE", "private_addresses": True},
        {"url": "https://shop.example/hook", "wait_for_answer": False, "content_type": "text/plain", "body": "hello"},
    ],
    "jump": [{"journey": "resignation"}, {}],
    "code": [{"pool": "club-10"}, {"pool": "club-10", "good_for_days": 14}],
    "goal": [{"name": "rewarded"}],
    "exit": [{"reason": "no reachable channel"}],
    "note": [{"text": "Ask three days after the order."}, {"text": ""}],
    "frame": [{"title": "Welcome"}, {"title": ""}],
}
#: a file with examples for the kinds of a plug-in, {kind: [settings, …]}, so that its author can run this test over it
MORE = "KANWA_TEST_EXAMPLES"
if MORE in os.environ:
    EXAMPLES |= json.loads(Path(os.environ[MORE]).read_text(encoding="utf-8"))
NODES = [
    pytest.param(kinds()[kind].model_validate(example), id=f"{kind}-{n}")
    for kind, examples in EXAMPLES.items()
    for n, example in enumerate(examples)
]
#: signs by which one knows what only a programmer reads
CODE = re.compile(r"[{}\[\]<>=_|\\]|\bNone\b|\bTrue\b|\bFalse\b")

every_node = pytest.mark.parametrize("node", NODES)
every_step = pytest.mark.parametrize(
    "node", [one for one in NODES if not one.values[0].ends and one.values[0].family is not Family.CANVAS]
)


class Explained(Executable, ClauseElement):
    """EXPLAIN QUERY PLAN of a statement."""

    inherit_cache = False

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement


@compiles(Explained)
def _explained(element: Explained, compiler: Any, **kw: Any) -> str:
    return f"EXPLAIN QUERY PLAN {compiler.process(element.statement, **kw)}"


class Labels:
    """Names that know every key."""

    def label(self, kind: str, key: str) -> str:
        return f"the {kind}"


def test_every_registered_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(kinds())


@every_node
def test_its_outlets_are_named_once_and_for_people(node: Node) -> None:
    ids = [outlet.id for outlet in node.outlets()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]*", id_) for id_ in ids)
    assert all(outlet.label and "_" not in outlet.label for outlet in node.outlets())


@every_node
def test_it_ends_the_passage_or_leads_on(node: Node) -> None:
    assert bool(node.outlets()) == (node.ends is None and node.family is not Family.CANVAS)


@every_node
def test_its_words_are_a_sentence_without_code(node: Node) -> None:
    words = node.words(Labels())
    assert words.strip()
    assert not CODE.search(words), words


@every_node
def test_its_settings_survive_json(node: Node) -> None:
    text = node.model_dump_json()
    again = type(node).model_validate_json(text)
    assert again == node
    assert again.model_dump_json() == text
    assert type(node).model_validate(node.model_dump(mode="json")) == node


@every_node
def test_its_settings_refuse_what_they_do_not_know(node: Node) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        type(node).model_validate(node.model_dump(mode="json") | {"no_such_setting": 1})


@every_node
def test_its_settings_do_not_change(node: Node) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(node, next(iter(type(node).model_fields)), None)


@every_node
def test_every_field_has_a_title_for_the_inspector(node: Node) -> None:
    assert [name for name, field in type(node).model_fields.items() if not field.title] == []


@every_node
def test_it_never_rests_less_than_nothing(node: Node) -> None:
    assert all(node.rests(outlet.id) >= 0 for outlet in node.outlets())


@every_node
def test_it_says_what_it_mentions(node: Node) -> None:
    assert all(kind and key for kind, key in node.references())
    assert all(field and re.fullmatch(r"[A-Z2-7]{8}", id_) for field, id_ in node.nodes_mentioned())


@every_node
def test_only_one_that_listens_is_woken(node: Node) -> None:
    assert bool(node.stirred_by()) == (node.arrival is Arrival.LISTENS)


@every_node
def test_only_one_that_is_timed_has_due_times(node: Node) -> None:
    if node.arrival is Arrival.TIMED:
        now = Instant(1_795_345_200)
        (due,) = node.due(["Europe/Warsaw"], now=now, zone=ZoneInfo("UTC")).values()
        assert now <= due < now + 40 * DAY


@every_step
def test_its_step_runs_over_a_cohort_on_both_databases(node: Node, case, conn: Connection) -> None:
    member = case.member()
    moments = Moments()
    outcome = node.outcome(
        Cohort(journey="JOURNEYA", version=1, node="HEREAAAA", moments=moments, dialect=conn.dialect.name)
    )
    if outcome.first is not None:
        conn.execute(outcome.first, moments.values(case.now, case.zone))
    parts = [outcome.outlet, outcome.reason, outcome.values, outcome.due_at, outcome.found]
    given = [part.label(f"part_{n}") for n, part in enumerate(parts) if part is not None]
    rows = conn.execute(select(members.c.id, *given).select_from(members), moments.values(case.now, case.zone)).all()
    assert [row.id for row in rows] == [member]
    outlet = rows[0].part_0
    assert outlet is None or outlet in [one.id for one in node.outlets()]


@every_step
def test_its_step_searches_by_index_for_each_member(node: Node, case, conn: Connection) -> None:
    """On SQLite, which plans without statistics: tables of a million rows are never read through."""
    if conn.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the number of rows, and here there are none")
    moments = Moments()
    outcome = node.outcome(
        Cohort(journey="JOURNEYA", version=1, node="HEREAAAA", moments=moments, dialect=conn.dialect.name)
    )
    parts = [outcome.outlet, outcome.reason, outcome.values, outcome.due_at, outcome.found]
    statement = select(*(part for part in parts if part is not None)).select_from(members)
    # read from the driver: the statement inside names columns of its own
    plan = conn.execute(Explained(statement), moments.values(case.now, case.zone)).cursor.fetchall()
    scans = [said for *_ids, said in plan if said.startswith("SCAN")]
    assert scans in ([], ["SCAN cohort"])
