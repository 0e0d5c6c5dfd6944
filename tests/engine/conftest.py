"""A small world for the engine's tests: journeys written shortly, contacts, a clock, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, insert, select, text, update

from journeys.base.time import Instant, instant
from journeys.engine import scratch
from journeys.engine.enroll import Admitted, enroll_contacts
from journeys.engine.existing import let_in_existing
from journeys.engine.publish import Published, publish
from journeys.engine.tick import Engine, Ticked
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.registry import kinds
from journeys.store import contacts, definitions, events, settings
from journeys.store import tables as t
from journeys.store.consent import NewConsent, record_consent
from journeys.store.migrations import migrate
from journeys.store.store import Store, engine_for

WARSAW = ZoneInfo("Europe/Warsaw")


def at(text: str, zone: ZoneInfo = WARSAW) -> Instant:
    """The instant of a wall time in Warsaw: “2026-03-28 12:00”."""
    return instant(datetime.fromisoformat(text).replace(tzinfo=zone))


def node_id(name: str) -> str:
    """A node id made of a short name, so that tests read well: “ask” → ASKAAAAA."""
    return name.upper().translate(str.maketrans("0189", "OIBG")).ljust(8, "A")[:8]


def build(
    nodes: Mapping[str, tuple[str, Mapping[str, Any]]],
    edges: Sequence[tuple[str, str, str]],
    **attributes: Any,
) -> Journey:
    """A journey from {name: (kind, settings)} and [(name, outlet, name)]; names become ids and titles."""
    journey = Journey(JourneySettings.model_validate({"id": "test", "name": "Test"} | attributes))
    for name, (kind, made) in nodes.items():
        journey.add_node(node_id(name), kinds()[kind].model_validate(made), title=name)
    for source, outlet, target in edges:
        journey.connect(node_id(source), outlet, node_id(target))
    return journey


@dataclass
class World:
    """A store with an engine, at a moment."""

    store: Store
    now: Instant = field(default_factory=lambda: at("2026-03-02 12:00"))

    def __post_init__(self) -> None:
        self.engine = Engine(self.store)
        #: who came in when the last journey was published
        self.came_at_once = 0

    def people(self, n: int, **values: Any) -> list[int]:
        """n contacts with addresses."""
        with self.store.write() as conn:
            have = len(conn.execute(select(t.contact.c.id)).all())
            return contacts.add(
                conn,
                [{"email": f"c{have + i}@example.com"} | values for i in range(n)],
                now=self.now,
                source="test",
                quiet=True,
            )

    def publish(self, journey: Journey, templates: Mapping[str, Any] | None = None, **options: Any) -> Published:
        options.setdefault("reason", "a test")
        # tests build each edition anew instead of editing the last
        options.setdefault("over", True)
        published = publish(self.store, journey, templates or {}, now=self.now, **options)
        self.came_at_once = let_in_existing(self.store, self.engine.plans, published.journey, now=self.now)
        return published

    def enroll(self, who: Sequence[int]) -> Admitted:
        with scratch.work(self.store) as conn:
            (live,) = self.engine.roll.call(conn)
            zone = settings.workspace_zone(conn)
            return enroll_contacts(conn, self.engine.plans, live.journey, who, now=self.now, zone=zone)

    def happened(
        self, contact: int, kind: str, *, when: Instant | None = None, quiet: bool = False, **data: Any
    ) -> int:
        """Record an event."""
        with self.store.write() as conn:
            (id_,) = events.record(
                conn,
                [events.NewEvent(contact, kind, self.now if when is None else when, data, "test", quiet=quiet)],
                now=self.now,
            )
        return id_

    def consent(self, who: Sequence[int], *, given: bool = True, purpose: str = "newsletter") -> None:
        with self.store.write() as conn:
            if not conn.execute(select(t.purpose.c.key).where(t.purpose.c.key == purpose)).first():
                conn.execute(insert(t.purpose).values(key=purpose, label=purpose))
            record_consent(
                conn,
                [
                    NewConsent(contact=one, channel="email", purpose=purpose, given=given, at=self.now, source="test")
                    for one in who
                ],
                now=self.now,
            )

    def segment(self, key: str, criterion: Any) -> None:
        with self.store.write() as conn:
            definitions.define_segment(conn, key, label=key, criterion=criterion)

    def tick(self, when: Instant | str | None = None) -> Ticked:
        """Set the clock and tick."""
        if isinstance(when, str):
            when = at(when)
        if when is not None:
            self.now = when
        return self.engine.tick(self.now)

    def passages(self) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(select(t.enrollment).order_by(t.enrollment.c.id)).mappings())

    def path(self, contact: int) -> list[str]:
        """Nodes (first letters of ids, lower case) and outlets of a contact's hops: “trigger:in”."""
        with self.store.read() as conn:
            rows = conn.execute(
                select(t.hop.c.node, t.hop.c.outlet)
                .join(t.enrollment, t.enrollment.c.id == t.hop.c.enrollment)
                .where(t.enrollment.c.contact == contact)
                .order_by(t.enrollment.c.id, t.hop.c.n)
            )
            return [f"{row.node.rstrip('A').lower()}:{row.outlet}" for row in rows]

    def messages(self) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(select(t.message).order_by(t.message.c.id)).mappings())

    def settle(self, state: str = "sent", reason: str = "") -> None:
        """Let every waiting message end so, as hand-over would."""
        with self.store.write() as conn:
            rows = conn.execute(select(t.message).where(t.message.c.state.in_(["pending", "held"]))).mappings().all()
            for row in rows:
                conn.execute(
                    update(t.message)
                    .where(t.message.c.id == row["id"])
                    .values(state=state, reason=reason, ended_at=self.now, started_at=self.now)
                )
                conn.execute(update(t.enrollment).where(t.enrollment.c.id == row["enrollment"]).values(due_at=self.now))


@pytest.fixture
def world(store: Store) -> World:
    """The world on each database."""
    return World(store)


@pytest.fixture
def large_postgres_store(postgres_server: str) -> Iterator[Store]:
    """A database of its own: the statistics of a large one would stay with those of the other tests."""
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text("CREATE DATABASE kanwa_large"))
    store = Store(engine_for(admin.url.set(database="kanwa_large")))
    with store.write() as conn:
        migrate(conn)
    yield store
    store.close()
    with admin.connect() as conn:
        conn.execute(text("DROP DATABASE kanwa_large WITH (FORCE)"))
    admin.dispose()
