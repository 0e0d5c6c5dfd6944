"""Who matches a criterion, asked of the store beside the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, func, select

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant
from journeys.base.validation import InvalidData
from journeys.criteria import AnyCriterion, select_members, typed
from journeys.store.catalogue import catalogue
from journeys.store.settings import workspace_zone
from journeys.store.store import Store
from journeys.store.tables import contact
from widgets.criterion.matching import Example, Matching, Stop

#: contacts named as examples
_EXAMPLES = 10


class CannotCount(KanwaError):
    """A criterion that does not go with the store's attributes."""

    text = N_("It cannot be counted: {why}")


class StoreMatcher:
    """Counts contacts of a store as of now, and names ten; a count that is outdated is broken off in the database."""

    def __init__(self, store: Store, now: Callable[[], Instant]) -> None:
        self._store = store
        self._now = now

    def matching(self, criterion: AnyCriterion, stop: Stop) -> Matching:
        """Raises CannotCount, StoreError; whatever the driver raises once it is stopped."""
        with self._store.read() as conn, _broken_off(conn, stop):
            try:
                wanted = typed(criterion, catalogue(conn))
            except InvalidData as error:
                raise CannotCount(why=" ".join(one.sentence for one in error.problems)) from None
            members, moments = select_members(wanted, conn.dialect.name)
            values = moments.values(self._now(), workspace_zone(conn))
            inside = members.subquery()
            count = conn.execute(select(func.count()).select_from(inside), values).scalar_one()
            of = conn.execute(select(func.count()).where(contact.c.erased_at.is_(None))).scalar_one()
            rows = conn.execute(
                select(contact).where(contact.c.id.in_(select(inside.c.id))).order_by(contact.c.id).limit(_EXAMPLES),
                values,
            )
            return Matching(count, of, tuple(_example(row) for row in rows))


@contextmanager
def _broken_off(conn: Connection, stop: Stop) -> Iterator[None]:
    """While inside, stopping ends the statement that runs; behind it the connection is somebody else's."""
    driver: Any = conn.connection.driver_connection
    end = driver.interrupt if conn.dialect.name == "sqlite" else driver.cancel
    lock = threading.Lock()
    inside = True

    def call() -> None:
        with lock:
            if inside:
                end()

    stop.when_set(call)
    try:
        yield
    finally:
        with lock:
            inside = False


def _example(row: Any) -> Example:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    known = name or row.email or row.external_id or _("contact {id}").format(id=row.id)
    return Example(known, row.email or "" if name else "")
