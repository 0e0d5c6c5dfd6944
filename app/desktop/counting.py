"""How many contacts of the workspace's store match a criterion, asked in a thread and cut off when nobody waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from app.workspace import Workspace
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.criteria import AnyCriterion, needs_passage
from widgets.criterion.matching import Example, Matching, Stop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from journeys.store.store import Store

_EXAMPLES = 10


class OnlyInside(KanwaError):
    """A criterion that speaks of a passage: only who is in the journey can match."""

    text = N_("It speaks of the way through the journey, so it is asked of those inside, when they come to it.")


class StoreMatcher:
    """Fulfils `Matcher`. The store is opened when it is first asked."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store: Store | None = None
        self._opening = threading.Lock()

    def matching(self, criterion: AnyCriterion, stop: Stop) -> Matching:
        """Raises OnlyInside, and what the store raises."""
        from pydantic import ValidationError
        from sqlalchemy import func, select

        from journeys.base.clock import SystemClock
        from journeys.base.validation import InvalidData, problems_of
        from journeys.criteria import select_members, typed
        from journeys.store import tables as t
        from journeys.store.catalogue import catalogue
        from journeys.store.settings import workspace_zone

        if needs_passage(criterion):
            raise OnlyInside
        with self._opened().read() as conn:
            _cut_off(conn, stop)
            try:
                known: Any = typed(criterion, catalogue(conn))
            except ValidationError as error:
                raise InvalidData(where="", problems=problems_of(error)) from None
            members, moments = select_members(known, conn.dialect.name)
            values = moments.values(SystemClock().now(), workspace_zone(conn))
            found = members.subquery()
            count = conn.execute(select(func.count()).select_from(found), values).scalar_one()
            everybody = conn.execute(
                select(func.count()).select_from(t.contact).where(t.contact.c.erased_at.is_(None))
            ).scalar_one()
            rows = conn.execute(
                select(t.contact.c.first_name, t.contact.c.last_name, t.contact.c.email, t.contact.c.id)
                .where(t.contact.c.id.in_(members))
                .order_by(t.contact.c.id)
                .limit(_EXAMPLES),
                values,
            ).all()
        return Matching(count, everybody, tuple(_example(*row) for row in rows))

    def _opened(self) -> Store:
        from app.opened import open_store

        with self._opening:
            if self._store is None:
                self._store = open_store(self._workspace.store_url)
            return self._store


def _example(first: str | None, last: str | None, email: str | None, id_: int) -> Example:
    name = " ".join(part for part in (first, last) if part)
    return Example(name or email or str(id_), email if name and email else "")


def _cut_off(conn: Connection, stop: Stop) -> None:
    """Let a statement under way end when the count is given up; both drivers may be told so from another thread."""
    driver: Any = conn.connection.driver_connection

    def cut() -> None:
        if conn.dialect.name == "sqlite":
            driver.interrupt()
        else:
            driver.cancel()

    stop.when_set(cut)
