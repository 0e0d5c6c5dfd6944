"""What a workspace knows that a journey may name, read from its store beside the window.

Without a workspace there is no outside: journeys are drawn, checked for themselves, and not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from journeys.base.catalogue import Catalogue
    from journeys.graph.journey import Journey
    from journeys.graph.settings import Cap
    from journeys.messages.template import Template
    from widgets.document.checking import Outside as Around
    from widgets.inspector.supplies import Person


@dataclass(frozen=True, slots=True)
class Standing:
    """How a published journey stands."""

    #: "live", "paused", "stopped", "archived"
    state: str
    #: number and hash of its newest version
    version: int
    hash: str


@dataclass(frozen=True)
class Outside:
    """One look at the store."""

    catalogue: Catalogue
    templates: Mapping[str, Template]
    #: the frequency cap of the workspace
    cap: Cap | None
    #: published journeys by id, as they were published last
    published: Mapping[str, Journey]
    standing: Mapping[str, Standing]
    #: IANA name of the workspace's clock
    time_zone: str
    #: contacts who are not erased
    contacts: int = 0
    #: a contact for examples; None where nobody has a name
    person: Person | None = None
    #: sentences about what could not be read
    troubles: tuple[str, ...] = field(default=())

    def for_checks(self, key: str) -> Around:
        """What the journey of that id is checked against."""
        from widgets.document.checking import Outside as Checked

        others = {other: journey for other, journey in self.published.items() if other != key}
        return Checked(self.catalogue, self.cap, others)


def look(workspace: Workspace) -> Outside:
    """Read the store and the templates of a workspace. Takes a moment; raises StoreError and what reading raises."""
    from sqlalchemy import func, select

    from app.opened import open_store
    from journeys.base.clock import SystemClock
    from journeys.base.errors import KanwaError
    from journeys.base.time import day_of
    from journeys.engine.policies import workspace_rules
    from journeys.graph.file import read_journey
    from journeys.messages.template import catalogue_entry, load_all
    from journeys.store import tables as t
    from journeys.store.catalogue import catalogue
    from journeys.store.settings import workspace_zone

    troubles = []
    try:
        templates = load_all(workspace.messages)
    except KanwaError as error:
        templates = {}
        troubles.append(str(error))
    store = open_store(workspace.store_url)
    try:
        with store.read() as conn:
            zone = workspace_zone(conn)
            now = SystemClock().now()
            entries = {key: catalogue_entry(template) for key, template in templates.items()}
            known = catalogue(conn, templates=entries, today=day_of(now, zone))
            cap = workspace_rules(conn).cap
            rows = conn.execute(
                select(
                    t.journey.c.key, t.journey.c.state, t.version.c.number, t.version.c.hash, t.version.c.graph
                ).join(t.version, t.version.c.id == t.journey.c.version)
            ).all()
            contacts = conn.execute(select(func.count()).where(t.contact.c.erased_at.is_(None))).scalar_one()
            person = _person(conn, zone)
        published = {row.key: read_journey(row.graph) for row in rows if row.state != "archived"}
    finally:
        store.close()
    return Outside(
        catalogue=known,
        templates=templates,
        cap=cap,
        published=published,
        standing={row.key: Standing(row.state, row.number, row.hash) for row in rows},
        time_zone=zone.key,
        contacts=contacts,
        person=person,
        troubles=tuple(troubles),
    )


def _person(conn: Connection, zone: ZoneInfo) -> Person | None:
    """The first contact with a name, by the clock of where they are."""
    from sqlalchemy import select

    from journeys.base.time import zone_of
    from journeys.store import tables as t
    from widgets.inspector.supplies import Person

    c = t.contact.c
    row = conn.execute(
        select(c.first_name, c.time_zone, c.attributes)
        .where(c.erased_at.is_(None), c.first_name.is_not(None), c.first_name != "")
        .order_by(c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    theirs = zone_of(row.time_zone, zone)
    place = str((row.attributes or {}).get("city") or theirs.key.rpartition("/")[2].replace("_", " "))
    return Person(row.first_name, place, theirs)
