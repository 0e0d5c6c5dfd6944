"""The engine's own statements search indexes in a store that has been in use for years: nothing reads a whole table.

Each statement is explained right before it runs, by the connection it runs on, so that temporary tables hold what they
hold then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text, update

from journeys.base.time import DAY, HOUR, Instant
from journeys.engine.choices import Choices
from journeys.engine.deliver import Delivery
from journeys.engine.migrate import migrate as move_members
from journeys.engine.plan import Plans
from journeys.graph.journey import Journey
from journeys.runtime.beat import Runner
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.store import Store
from tests.engine.conftest import World, build
from tests.engine.mails import PlainWriter, Recorder

LIST = ("trigger", {"on": {"type": "list"}})
EXIT = ("exit", {"reason": "finished"})
POLISH = {"leaf": "attribute", "attribute": "language", "op": "=", "value": "pl"}
#: tables that grow with the years, and are filled here
LARGE = frozenset({"contact", "consent_now", "enrollment", "event", "hop", "message", "not_entered", "code"})


def journey() -> Journey:
    """One of everything that asks for much: an audience, a goal, an exit, a condition over events, waits, sends, a code."""
    listen = {"outlet": "back", "label": "came back", "event": "cart.filled"}
    heard = {"type": "events", "listen": [listen], "timeout": {"amount": 3, "unit": "days"}, "since": "send"}
    bought = {"leaf": "event", "event": "purchase.made", "count": {"op": ">=", "value": 2}}
    return build(
        {
            "in": ("trigger", {"on": {"type": "event", "event": "page.visited"}, "only": POLISH}),
            "ask": ("condition", {"criterion": bought}),
            "wait": ("wait", {"rule": {"type": "duration", "amount": 1, "unit": "days"}}),
            "send": ("send", {"template": "hello", "purpose": "newsletter"}),
            "hear": ("wait", {"rule": heard}),
            "code": ("code", {"pool": "club"}),
            "call": ("webhook", {"url": "https://shop.example/"}),
            "exit": EXIT,
        },
        [
            ("in", "in", "ask"), ("ask", "yes", "exit"), ("ask", "no", "wait"), ("wait", "done", "send"),
            ("send", "sent", "hear"), ("hear", "back", "code"), ("hear", "timeout", "exit"),
            ("code", "done", "call"), ("code", "pool_empty", "exit"), ("call", "ok", "exit"), ("call", "failed", "exit"),
        ],
        goal={"leaf": "event", "event": "cart.paid"},
        exit_when={"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "withdrawn"},
        re_entry={"rule": "after leaving"},
    )  # fmt: skip


_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
#: a tenth of the passages is under way: at the wait until tomorrow or later, or listening; the rest has ended
_YEARS = (
    f"""INSERT INTO contact (id, email, email_key, language, draw, created_at)
    {_NUMBERS} SELECT i, 'c' || i || '@example.com', 'c' || i || '@example.com',
        CASE i % 2 WHEN 0 THEN 'pl' ELSE 'en' END, i, 1 FROM n""",
    f"""INSERT INTO consent_now (contact, channel, purpose, given, at, consent)
    {_NUMBERS} SELECT i, 'email', 'newsletter', true, 1, i FROM n""",
    f"""INSERT INTO event (id, contact, kind, at, recorded_at, source)
    {_NUMBERS} SELECT i, 1 + i % 25000, CASE i % 3 WHEN 0 THEN 'page.visited' WHEN 1 THEN 'cart.filled'
        ELSE 'cart.paid' END, :now - 10000000 + i, :now - 10000000 + i, 'import' FROM n""",
    f"""INSERT INTO enrollment (id, journey, version, contact, entry, single, "trigger", since_at, node, arrived_at, n,
        state, entered_at, due_at, ended_at)
    {_NUMBERS} SELECT i, :journey, :version, i, 1, true, 'INAAAAAA', :now - 900000, CASE WHEN i % 10 > 0 THEN 'EXITAAAA'
        WHEN i % 20 = 0 THEN 'WAITAAAA' ELSE 'HEARAAAA' END, :now - 800000, 3,
        CASE WHEN i % 10 > 0 THEN 'finished' ELSE 'active' END, :now - 900000,
        CASE WHEN i % 10 = 0 THEN :now + 90000 + i END, CASE WHEN i % 10 > 0 THEN :now - 1000 END FROM n""",
    f"""INSERT INTO hop (enrollment, n, version, kind, node, outlet, entered_at, left_at)
    {_NUMBERS} SELECT i, 0, :version, 'edge', 'INAAAAAA', 'in', 1, 1 FROM n""",
    f"""INSERT INTO code (id, pool, value, taken_at, contact, enrollment, visit)
    {_NUMBERS} SELECT i, 'club', 'C' || i, CASE WHEN i % 10 > 0 THEN 1 END, CASE WHEN i % 10 > 0 THEN i END,
        CASE WHEN i % 10 > 0 THEN i END, CASE WHEN i % 10 > 0 THEN 1 END FROM n""",
    f"""INSERT INTO not_entered (id, journey, version, "trigger", contact, at, reason)
    {_NUMBERS} SELECT i, :journey, :version, 'INAAAAAA', i, 1, 'audience' FROM n""",
    f"""INSERT INTO message (id, journey, version, enrollment, node, visit, channel, contact, template, "class", purpose,
        state, made_at, due_at, not_before_at, counted_at)
    {_NUMBERS} SELECT i, :journey, :version, i, 'SENDAAAA', 2, 'email', i, 'hello', 'marketing', 'newsletter', 'sent',
        :now - 850000, :now - 850000, :now - 850000, :now - 850000 FROM n""",
)  # fmt: skip


def aged(store: Store, rows: int) -> World:
    """A store that has been in use for years, with so many rows in each large table, and its world."""
    world = World(store)
    with store.write() as conn:
        conn.execute(t.purpose.insert().values(key="newsletter", label="newsletter"))
        conn.execute(t.code_pool.insert().values(key="club", label="club"))
    published = world.publish(journey())
    here = {"now": world.now, "journey": published.journey, "version": published.version, "rows": rows}
    with store.write() as conn:
        for statement in _YEARS:
            conn.execute(text(statement), {key: here[key] for key in here if f":{key}" in statement})
        if not store.is_sqlite:
            for table in ("contact", "event", "enrollment", "not_entered", "message"):
                conn.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {rows})"))
    return world


@contextmanager
def explained(store: Store) -> Iterator[dict[str, str]]:
    """Inside the block: what each statement reads as a whole, by statement; statements that search stand for nothing."""
    scans: dict[str, str] = {}

    def explain(conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        if not re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", statement) or statement in scans:
            return
        values = parameters[0] if executemany else parameters
        cursor = conn.connection.cursor()
        if store.is_sqlite:
            plan = [row[3] for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, values)]
            found = _scans_of_sqlite(statement, plan)
        else:
            cursor.execute("EXPLAIN (FORMAT JSON) " + statement, values)
            plan = cursor.fetchone()[0]
            found = sorted(_scans_of_postgres(plan[0]["Plan"]))
        cursor.close()
        if found:
            scans[statement] = ", ".join(found)

    event.listen(store.engine, "before_cursor_execute", explain)
    try:
        yield scans
    finally:
        event.remove(store.engine, "before_cursor_execute", explain)


def _scans_of_sqlite(statement: str, plan: Sequence[str]) -> list[str]:
    """Large tables that a plan walks over from end to end. Partial indexes hold only what is asked for."""
    # a plan names a table by its alias
    aliases = {alias: table for table, alias in re.findall(r'"?(\w+)"? AS "?(\w+)"?', statement)}
    found = []
    for step in plan:
        scan = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if scan and aliases.get(scan[1], scan[1]) in LARGE and scan[2] not in _PARTIAL:
            found.append(step)
    return found


_PARTIAL = {
    index.name
    for table in t.metadata.sorted_tables
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


def _scans_of_postgres(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        yield f"Seq Scan on {node['Relation Name']}"
    for below in node.get("Plans", ()):
        yield from _scans_of_postgres(below)


def live_a_day(world: World) -> None:
    """A day on which everything happens to some: they come in, are woken, are due, reach the goal, are written to."""
    with world.store.write() as conn:
        conn.execute(
            update(t.enrollment)
            .where(t.enrollment.c.id <= 2000, t.enrollment.c.state == "active")
            .values(due_at=world.now)
        )
    for contact in range(1, 400):
        world.happened(contact, ("page.visited", "cart.filled", "cart.paid")[contact % 3])
    runner = Runner(
        world.engine,
        Delivery(
            store=world.store,
            plans=world.engine.plans,
            channel=Recorder(),
            writer=PlainWriter(),
            worker="test",
            clock=lambda: world.now,
        ),
    )
    runner.beat(world.now)
    with world.store.write() as conn:
        contacts.change(conn, [(one, {"language": "pl"}) for one in range(1, 50)], now=world.now, source="test")
    world.consent(range(100, 150), given=False)
    world.now = Instant(world.now + DAY + HOUR)
    runner.recover(world.now)
    runner.beat(world.now)
    runner.next_at(world.now)


def listed(scans: dict[str, str]) -> str:
    """The statements with what they read as a whole, for people."""
    return "\n\n".join(f"{said}\n    {statement}" for statement, said in scans.items())


@pytest.mark.parametrize("analyzed", [True, False])
def test_a_day_reads_no_large_table_as_a_whole_on_sqlite(sqlite_store: Store, analyzed: bool) -> None:
    world = aged(sqlite_store, 50_000)
    if analyzed:
        with sqlite_store.write() as conn:
            conn.execute(text("ANALYZE"))
    with explained(sqlite_store) as scans:
        live_a_day(world)
    assert not scans, listed(scans)


@pytest.mark.long
@pytest.mark.postgres
def test_a_day_reads_no_large_table_as_a_whole_on_postgresql(large_postgres_store: Store) -> None:
    """At 50,000 rows the planner still reads enrollment as a whole to end a few passages: it takes the temporary table for
    larger than it is."""
    world = aged(large_postgres_store, 200_000)
    with large_postgres_store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))
    with explained(large_postgres_store) as scans:
        live_a_day(world)
    assert not scans, listed(scans)


@pytest.mark.parametrize("analyzed", [True, False])
def test_moving_members_to_another_version_reads_no_large_table_as_a_whole_on_sqlite(
    sqlite_store: Store, analyzed: bool
) -> None:
    world = aged(sqlite_store, 50_000)
    world.publish(build({"in": LIST, "wait": ("wait", {"rule": {"type": "at once"}}), "exit": EXIT}, []))
    if analyzed:
        with sqlite_store.write() as conn:
            conn.execute(text("ANALYZE"))
    choices = Choices.model_validate({"nodes": {"HEARAAAA": {"move": "WAITAAAA"}}})
    with explained(sqlite_store) as scans:
        done = move_members(sqlite_store, Plans(), "test", choices, now=world.now)
    assert done.along + done.moved == 5_000
    assert not scans, listed(scans)
