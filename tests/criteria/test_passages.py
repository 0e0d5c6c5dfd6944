"""Random scopes over random passages: SQLite, PostgreSQL and a plain walk in Python find the same passages.

Moments lie in a handful of seconds, so that events, entries and hops often meet in one, where ids decide.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from journeys.criteria import Frame, compile_criterion, evidence, explain, parse_criterion
from journeys.store import tables as t
from journeys.store.moments import Moments
from journeys.store.store import Store
from tests.criteria.conftest import passage_of_enrollment
from tests.criteria.test_members import NOWS, ZONE, compares, dicts, leaves_of

NOW = NOWS[0]
MOMENTS = st.integers(NOW - 4, NOW + 1)
NODES = st.sampled_from(["ASKAAAAA", "WAITAAAA"])
SUBJECTS = st.tuples(st.just(None), st.just(None)) | st.tuples(
    st.sampled_from(["event", "purchase", "contract"]), st.integers(1, 4)
)
CONTACTS = (1, 2)


# --- the walk --------------------------------------------------------------------------------------------------------


def later_than_entry(at: int, event: int, passage: dict[str, Any]) -> bool:
    since = passage["since_event"]
    return at > passage["since_at"] or (at == passage["since_at"] and since is not None and event > since)


def left_at(node: str, passage: dict[str, Any]) -> int | None:
    return max((hop["left_at"] for hop in passage["hops"] if hop["node"] == node), default=None)


def is_score(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10


def event_counts(scope: dict[str, Any], event: dict[str, Any], passage: dict[str, Any]) -> bool:
    if event["contact"] != passage["contact"] or event["at"] > NOW:
        return False
    match scope["type"]:
        case "since entry":
            return later_than_entry(event["at"], event["id"], passage)
        case "since leaving":
            left = left_at(scope["node"], passage)
            return left is not None and event["at"] > left
        case "about message":
            return any(
                message["id"] == event["message"] and message["node"] == scope["node"]
                for message in passage["messages"]
            )
        case "subject":
            if passage["subject_kind"] is None:
                return False
            named = (event["subject_kind"], event["subject_id"]) == (passage["subject_kind"], passage["subject_id"])
            return named or (passage["subject_kind"], passage["subject_id"]) == ("event", event["id"])
    return True


def purchase_counts(scope: dict[str, Any], event: dict[str, Any], passage: dict[str, Any]) -> bool:
    """`event` is the one of the purchase."""
    if scope["type"] == "subject":
        about = (passage["subject_kind"], passage["subject_id"]) == ("purchase", event["subject_id"])
        return about and event["contact"] == passage["contact"] and event["at"] <= NOW
    return event_counts(scope, event, passage)


def fits(criterion: dict[str, Any], world: dict[str, Any], passage: dict[str, Any]) -> bool:
    match criterion:
        case {"all": parts}:
            return all(fits(part, world, passage) for part in parts)
        case {"any": parts}:
            return any(fits(part, world, passage) for part in parts)
        case {"none": parts}:
            return not any(fits(part, world, passage) for part in parts)
    scope = criterion.get("scope", {"type": "ever"})
    count = criterion.get("count") or criterion.get("visits") or {"op": ">=", "value": 1}
    match criterion["leaf"]:
        case "event":
            found = [e for e in world["events"] if e["kind"] == "page.visited" and event_counts(scope, e, passage)]
        case "purchase":
            found = [e for e in world["events"] if e["kind"] == "purchase.made" and purchase_counts(scope, e, passage)]
        case "contract":
            found = [
                row
                for row in world["contracts"]
                if row["contact"] == passage["contact"]
                and row["recurring_now"]
                and (
                    scope["type"] == "ever"
                    or (passage["subject_kind"], passage["subject_id"]) == ("contract", row["id"])
                )
            ]
        case "nps":
            answers = [
                (e["at"], e["id"], e["data"]["score"])
                for e in world["events"]
                if e["kind"] == "nps.answered" and is_score(e["data"]["score"]) and event_counts(scope, e, passage)
            ]
            score = max(answers)[2] if answers else None
            name = (
                "no answer" if score is None else "promoter" if score > 8 else "passive" if score > 6 else "detractor"
            )
            return bool(name == criterion["answer"])
        case "journey" if "node" in criterion:
            mine = [passage] if "journey" not in criterion else world["passages"]
            found = [
                hop
                for one in mine
                if one["contact"] == passage["contact"]
                for hop in one["hops"]
                if hop["node"] == criterion["node"] and hop["left_at"] <= NOW
            ]
        case "journey":
            return any(
                one["contact"] == passage["contact"]
                and one["entered_at"] <= NOW
                and {
                    "in": one["state"] == "active",
                    "finished": one["state"] == "finished",
                    "reached goal": one["goal_at"] is not None and one["goal_at"] <= NOW,
                    "ever in": True,
                }[criterion["state"]]
                for one in world["passages"]
            )
    return compares(count, len(found))


# --- random worlds and criteria --------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "contact": st.sampled_from(CONTACTS),
            "at": MOMENTS,
            "kind": st.sampled_from(["page.visited", "purchase.made", "nps.answered"]),
            "score": st.sampled_from([0, 6, 7, 8, 9, 10, 11, -1, 7.5, "9", True, None]),
            "message": st.none() | st.integers(1, 4),
            "subject": SUBJECTS,
        }
    ),
    max_size=6,
)
PASSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "contact": st.sampled_from(CONTACTS),
            "since_at": MOMENTS,
            "since_event": st.none() | st.integers(1, 6),
            "subject": SUBJECTS,
            "state": st.sampled_from(["active", "finished"]),
            "entered_at": MOMENTS,
            "goal_at": st.none() | MOMENTS,
            "hops": st.lists(st.fixed_dictionaries({"node": NODES, "left_at": MOMENTS}), max_size=3),
            "messages": st.lists(st.fixed_dictionaries({"node": NODES}), max_size=2),
        }
    ),
    min_size=1,
    max_size=3,
)
CONTRACTS = st.lists(
    st.fixed_dictionaries({"contact": st.sampled_from(CONTACTS), "recurring_now": st.booleans()}), max_size=3
)
COUNTS = st.fixed_dictionaries({"op": st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), "value": st.integers(0, 3)})
ENTRY, LEAVING = dicts({"type": "since entry"}), dicts({"type": "since leaving", "node": NODES})
SUBJECT, MESSAGE = dicts({"type": "subject"}), dicts({"type": "about message", "node": NODES})
EVER = dicts({"type": "ever"})


def criteria() -> st.SearchStrategy[dict[str, Any]]:
    answers = st.sampled_from(["promoter", "passive", "detractor", "no answer"])
    states = st.sampled_from(["in", "finished", "reached goal", "ever in"])
    leaf = st.one_of(
        dicts({"leaf": "event", "event": "page.visited", "scope": ENTRY | LEAVING | MESSAGE | SUBJECT | EVER, "count": COUNTS}),
        dicts({"leaf": "purchase", "scope": ENTRY | LEAVING | SUBJECT | EVER, "count": COUNTS}),
        dicts({"leaf": "contract", "scope": SUBJECT | EVER, "recurring_now": True, "count": COUNTS}),
        dicts({"leaf": "nps", "scope": ENTRY | LEAVING | MESSAGE | EVER, "answer": answers}),
        dicts({"leaf": "journey", "node": NODES, "visits": COUNTS}, {"journey": st.just("J")}),
        dicts({"leaf": "journey", "journey": "J", "state": states}),
    )  # fmt: skip
    return st.recursive(
        leaf, lambda part: st.one_of(*(dicts({name: st.lists(part, min_size=1, max_size=3)}) for name in ("all", "any", "none"))),
        max_leaves=4,
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return (
        complete(draw(EVENTS), draw(PASSAGES), draw(CONTRACTS)),
        draw(st.lists(criteria(), min_size=2, max_size=5)),
    )


def complete(
    events: list[dict[str, Any]], passages: list[dict[str, Any]], contracts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Give ids; a purchase has the id of the event that tells of it."""
    messages = 0
    for n, event in enumerate(events, start=1):
        event |= {"id": n, "data": {"score": event["score"]}}
        event["subject_kind"], event["subject_id"] = event["subject"]
        if event["kind"] == "purchase.made":
            event["subject_kind"], event["subject_id"] = "purchase", n
    for n, passage in enumerate(passages, start=1):
        passage |= {"id": n, "subject_kind": passage["subject"][0], "subject_id": passage["subject"][1]}
        for message in passage["messages"]:
            messages += 1
            message["id"] = messages
    for n, contract in enumerate(contracts, start=1):
        contract["id"] = n
    return {"events": events, "passages": passages, "contracts": contracts}


def fill(conn: Connection, world: dict[str, Any]) -> None:
    def put(table: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            conn.execute(insert(table), rows)

    def some(row: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: row[name] for name in names}

    put(t.contact, [{"id": one, "created_at": 0, "draw": 0, "attributes": {}, "keys": {}} for one in CONTACTS])
    put(t.product, [{"key": "tea", "name": "tea"}])
    put(t.journey, [{"id": 1, "key": "J", "name": "J", "state": "live", "state_at": 0}])
    put(t.version, [{"id": 1, "journey": 1, "number": 1, "published_at": 0, "hash": "", "graph": "{}"}])
    common: dict[str, Any] = {"journey": 1, "version": 1, "single": False, "trigger": "T", "node": "N", "arrived_at": 0}
    told = ("id", "contact", "since_at", "since_event", "subject_kind", "subject_id", "state", "entered_at", "goal_at")
    put(t.enrollment, [common | {"n": 0, "entry": one["id"]} | some(one, *told) for one in world["passages"]])
    common = {"version": 1, "kind": "edge", "outlet": "done", "entered_at": 0}
    put(
        t.hop,
        [
            common | {"enrollment": one["id"], "n": n} | hop
            for one in world["passages"]
            for n, hop in enumerate(one["hops"])
        ],
    )
    common = {"journey": 1, "version": 1, "channel": "email", "template": "t", "message_class": "service"}
    common |= {"state": "sent", "made_at": 0, "due_at": 0, "not_before_at": 0}
    put(
        t.message,
        [
            common | {"enrollment": one["id"], "contact": one["contact"], "visit": message["id"]} | message
            for one in world["passages"]
            for message in one["messages"]
        ],
    )
    had = {message["id"] for one in world["passages"] for message in one["messages"]}
    common = {"recorded_at": 0, "source": "test", "quiet": False}
    for event in world["events"]:
        event["message"] = event["message"] if event["message"] in had else None
    told = ("id", "contact", "at", "kind", "data", "message", "subject_kind", "subject_id")
    put(t.event, [common | some(one, *told) for one in world["events"]])
    bought = [one for one in world["events"] if one["kind"] == "purchase.made"]
    put(t.purchase, [some(one, "id", "contact", "at") | {"total": 100, "currency": "PLN"} for one in bought])
    common = {"product": "tea", "start_on": "2026-01-01", "end_on": "2026-12-31", "duration_days": 365}
    common |= {"recurring_initially": True}
    put(t.contract, [common | one for one in world["contracts"]])


# --- the properties --------------------------------------------------------------------------------------------------


def check(store: Store, case: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    world, asked = case
    e = t.enrollment.c
    with store.engine.connect() as conn, conn.begin() as transaction:
        fill(conn, world)
        for criterion in asked:
            moments = Moments()
            frame = Frame(e.contact, moments, conn.dialect.name, passage_of_enrollment())
            parsed = parse_criterion(criterion)
            statement = select(e.id).where(compile_criterion(parsed, frame))
            found = set(conn.execute(statement, moments.values(NOW, ZONE)).scalars())
            assert found == {one["id"] for one in world["passages"] if fits(criterion, world, one)}, criterion
            traced = conn.execute(select(e.id, evidence(parsed, frame)), moments.values(NOW, ZONE))
            seen = {row[0]: row[1] for row in traced}
            for one in world["passages"]:
                rows = explain(parsed, seen[one["id"]], at=NOW, zone=ZONE)
                assert [row.holds for row in rows] == [fits(leaf, world, one) for leaf in leaves_of(criterion)]
        transaction.rollback()


quietly = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=40, deadline=None, suppress_health_check=quietly)
@given(case=cases())
def test_sqlite_finds_the_passages_that_the_walk_finds(sqlite_store: Store, case: Any) -> None:
    check(sqlite_store, case)


@pytest.mark.postgres
@settings(max_examples=30, deadline=None, suppress_health_check=quietly)
@given(case=cases())
def test_postgresql_finds_the_passages_that_the_walk_finds(postgres_store: Store, case: Any) -> None:
    check(postgres_store, case)


@pytest.mark.long
@settings(max_examples=500, deadline=None, suppress_health_check=quietly)
@given(case=cases())
def test_both_databases_find_the_passages_many_times(sqlite_store: Store, postgres_store: Store, case: Any) -> None:
    check(sqlite_store, case)
    check(postgres_store, case)
