"""A cohort in a real store: members, their events, messages and hops, and what a node decides for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update

from journeys.base.catalogue import Catalogue
from journeys.base.time import Instant
from journeys.criteria import Keys
from journeys.nodes.cohort import Cohort, Phase, barred, dated, members
from journeys.nodes.node import Node
from journeys.nodes.preparing import Preparing
from journeys.store import tables as t
from journeys.store.moments import Moments
from journeys.store.store import Store, engine_for

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = Instant(1_795_345_200)  # 2026-11-22 12:00 in Warsaw
HERE = "HEREAAAA"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a node decided for one member."""

    outlet: str | None
    reason: str
    values: Any
    due_at: int | None
    found: int | None


class Case:
    """Builds rows and asks a node, the way the engine does."""

    now = NOW
    zone = WARSAW

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def contact(self, **columns: Any) -> int:
        row = {"draw": 1, "created_at": 0} | columns
        return int(self.conn.execute(insert(t.contact).values(row).returning(t.contact.c.id)).scalar_one())

    def member(self, contact: int | None = None, **columns: Any) -> int:
        """A due member at the node HERE, by default of a new contact; returns the enrollment's id."""
        id_ = int(self.conn.execute(select(func.coalesce(func.max(members.c.id), 100) + 1)).scalar_one())
        row = self._member(id_, self.contact() if contact is None else contact)
        self.conn.execute(insert(members).values(row | columns))
        return id_

    def crowd(self, draws: Sequence[int]) -> None:
        """Many members of one contact who differ by their draw only."""
        contact = self.contact()
        self.conn.execute(
            insert(members), [self._member(1000 + n, contact) | {"draw": draw} for n, draw in enumerate(draws)]
        )

    @staticmethod
    def _member(id_: int, contact: int) -> dict[str, Any]:
        return {
            "id": id_,
            "contact": contact,
            "version": 1,
            "subject_kind": None,
            "subject_id": None,
            "since_at": NOW - 30 * 86400,
            "since_event": None,
            "draw": 1,
            "zone": "",
            "node": HERE,
            "n": 3,
            "arrived_at": NOW - 3600,
            "phase": int(Phase.DUE),
            "due_at": NOW,
            "was_due_at": NOW,
            "reason": "",
            "hops": 0,
            "state": "active",
        }

    def contact_of(self, member: int) -> int:
        return int(self.conn.execute(select(members.c.contact).where(members.c.id == member)).scalar_one())

    def event(self, contact: int, kind: str, at: int, **columns: Any) -> int:
        row = {"contact": contact, "kind": kind, "at": at, "recorded_at": at, "source": "test", "data": {}}
        return int(self.conn.execute(insert(t.event).values(row | columns).returning(t.event.c.id)).scalar_one())

    def message(self, member: int, node: str, **columns: Any) -> int:
        row = {
            "journey": 1,
            "version": 1,
            "enrollment": member,
            "node": node,
            "visit": 1,
            "channel": "email",
            "contact": self.contact_of(member),
            "template": "nps",
            "message_class": "marketing",
            "state": "sent",
            "made_at": NOW - 86400,
            "due_at": NOW - 86400,
            "not_before_at": NOW - 86400,
        }
        return int(self.conn.execute(insert(t.message).values(row | columns).returning(t.message.c.id)).scalar_one())

    def hop(self, member: int, n: int, node: str, outlet: str, left_at: int) -> None:
        self.conn.execute(
            insert(t.hop).values(
                enrollment=member, n=n, version=1, kind="edge", node=node, outlet=outlet, entered_at=0, left_at=left_at
            )
        )

    def decide(self, node: Node, *, now: Instant = NOW) -> dict[int, Decided]:
        """What every member decides, by enrollment."""
        moments = Moments()
        cohort = Cohort(journey="JOURNEYA", version=1, node=HERE, moments=moments, dialect=self.conn.dialect.name)
        here = members.c.node == HERE
        for table in (dated, barred):
            self.conn.execute(delete(table))
        Preparing(node, cohort, here).run(self.conn, {}, now=now, zone=WARSAW)
        outcome = node.outcome(cohort)
        if outcome.first is not None:
            self.conn.execute(outcome.first, moments.values(now, WARSAW))
        values: dict[str, Any] = {"outlet": outcome.outlet}
        for name in ("reason", "values", "due_at"):
            if (expression := getattr(outcome, name)) is not None:
                values[name] = expression
        values.setdefault("due_at", None)
        if outcome.found is not None:
            self.conn.execute(update(members).where(here).values(found=outcome.found), moments.values(now, WARSAW))
        self.conn.execute(update(members).where(here).values(values), moments.values(now, WARSAW))
        return {
            row.id: Decided(
                row.outlet,
                row.reason,
                None if row.values is None else json.loads(row.values),
                row.due_at,
                row.found,
            )
            for row in self.conn.execute(
                select(
                    members.c.id,
                    members.c.outlet,
                    members.c.reason,
                    members.c["values"].label("values"),
                    members.c.due_at,
                    members.c.found,
                )
            )
        }

    def outlet(self, node: Node, member: int, *, now: Instant = NOW) -> str | None:
        return self.decide(node, now=now)[member].outlet


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kept_store(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """One empty store a module and database; tests roll back, which is ten times faster than emptying it."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("nodes") / "store.sqlite"
        shutil.copy(sqlite_template, path)
        store = Store(engine_for(f"sqlite:///{path}"))
    else:
        store = Store(engine_for(request.getfixturevalue("postgres_url")))
        names = ", ".join(f'"{table.name}"' for table in t.metadata.sorted_tables)
        with store.write() as conn:
            conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield store
    store.close()


@pytest.fixture
def conn(kept_store: Store) -> Iterator[Connection]:
    """A connection whose changes are never kept."""
    with kept_store.read() as conn:
        yield conn


@pytest.fixture
def case(conn: Connection) -> Case:
    """A cohort on each database in turn."""
    for table in (members, dated, barred):
        table.create(conn)
    return Case(conn)


@pytest.fixture
def names() -> Keys:
    """Names of a place that knows no labels."""
    return Keys()


@dataclass
class Surroundings:
    """A node's surroundings as a plain list."""

    catalogue: Catalogue | None = None
    nodes: Mapping[str, Node] | None = None
    node: str = HERE
    title: str = "Here"
    jumps: tuple[tuple[str, frozenset[str]], ...] = ()

    def upstream(self) -> Iterator[tuple[str, Node]]:
        return iter((self.nodes or {}).items())

    def at(self, node: str) -> Node | None:
        return (self.nodes or {}).get(node)

    def title_of(self, node: str) -> str:
        return node

    def connected(self) -> frozenset[str]:
        return frozenset()

    def jumps_into(self, trigger: str) -> tuple[tuple[str, frozenset[str]], ...]:
        return self.jumps


@pytest.fixture
def surroundings() -> type[Surroundings]:
    return Surroundings
