"""What every registered kind must keep to, built in or from a plug-in."""

from __future__ import annotations

import re
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
from tests.nodes.examples import EXAMPLES, NODES

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
