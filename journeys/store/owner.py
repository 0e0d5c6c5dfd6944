"""Whose store this is: the one that sends, or a copy of it.

Two copies of one store that both send would write to everybody twice. Each store therefore remembers the machine, the
place and the file (or database) it was run from, each backup carries a mark, and the machine notes how often a store was
run (`runs`); a store that finds itself elsewhere, or behind, is *held*: nothing is sent from it until somebody says that
this is the one.
"""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import machineid
from sqlalchemy import Connection, delete, select, text

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant, moment
from journeys.store import runs, settings
from journeys.store.backup import BACKUP
from journeys.store.dialect import upsert
from journeys.store.store import Store
from journeys.store.tables import lease, setting

#: names the machine on a server, where machines come and go (containers)
OWNER_VARIABLE = "KANWA_STORE_OWNER"
#: the row of `lease` that holds the identity; it never ends
NAME = "owner"
#: the setting with the moment up to which what was due is left out: it may have been sent before the store was restored
LEFT_OUT_UNTIL = "left_out_until"


class StoreHeld(KanwaError):
    """A store that is not known to be the one that sends."""

    text = N_(
        "Nothing is sent from the store {store}: {why} See that no other copy of it runs, then say that this is the one "
        "with kanwa store claim."
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a store is."""

    #: hashed id of the machine, or what OWNER_VARIABLE says
    machine: str
    #: path of the file; host and database
    place: str
    #: what tells a file or database from a copy of it in the same place
    file: str


class Because(StrEnum):
    """Why a store is held."""

    RESTORED = "restored"
    COPY = "copy"
    #: an older copy of the store in the place of the store
    BEHIND = "behind"
    ELSEWHERE = "another computer"
    UNCLAIMED = "unclaimed"


@dataclass(frozen=True, slots=True)
class Held:
    """That a store is held, and why."""

    because: Because
    why: str


def identity(conn: Connection, store: Store) -> Identity:
    """Where the open store is now."""
    owner = os.environ.get(OWNER_VARIABLE, "").strip()
    if store.is_sqlite:
        path = Path(store.engine.url.database or "").resolve()
        return Identity(owner or _machine(), str(path), str(path.stat().st_ino))
    # a dump that is restored becomes another database, also under the old name
    oid = conn.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    return Identity(owner or _machine(), store.label, str(oid))


def _machine() -> str:
    try:
        return machineid.hashed_id("kanwa")
    except machineid.MachineIdNotFound:
        # a container without one: its host name is all there is
        return platform.node()


def own(conn: Connection, store: Store) -> None:
    """This is the one that sends, from where it is now."""
    made = upsert(conn, lease).values(name=NAME, holder="", until_at=0, data=asdict(identity(conn, store)))
    conn.execute(made.on_conflict_do_update(index_elements=["name"], set_={"data": made.excluded.data}))
    conn.execute(delete(setting).where(setting.c.key == BACKUP))
    runs.leap(conn, store)


def backup_mark(conn: Connection) -> dict[str, Any] | None:
    """The mark of a store that was restored from a backup: {at, revision}; None for any other one."""
    mark: dict[str, Any] | None = conn.execute(select(setting.c.value).where(setting.c.key == BACKUP)).scalar()
    return mark


def why_held(conn: Connection, store: Store) -> Held | None:
    """Why nothing is sent from this store; None where it is the one that sends."""
    if mark := backup_mark(conn):
        at = moment(Instant(mark["at"]), settings.workspace_zone(conn))
        return Held(Because.RESTORED, _("it was restored from the backup of {at:%Y-%m-%d %H:%M}.").format(at=at))
    data = conn.execute(select(lease.c.data).where(lease.c.name == NAME)).scalar()
    if data is None:
        return Held(Because.UNCLAIMED, _("nobody has said yet that it is the one that sends."))
    known, here = Identity(**data), identity(conn, store)
    if known.machine != here.machine:
        return Held(Because.ELSEWHERE, _("it was run on another computer before."))
    # a file that was moved keeps its number; a copy elsewhere may have the same one by chance
    moved = store.is_sqlite and known.place != here.place
    if known.file != here.file or (moved and Path(known.place).exists()):
        copied = _("it is a copy.") if known.place == here.place else _("it is a copy of {place}.")
        return Held(Because.COPY, copied.format(place=known.place))
    if runs.lags(conn, store):
        return Held(Because.BEHIND, _("it is an older copy of itself, made before it was last run."))
    return None


def require_ours(store: Store) -> None:
    """Raises StoreHeld for a store that is not known to be the one that sends."""
    with store.read() as conn:
        held = why_held(conn, store)
    if held is not None:
        raise StoreHeld(store=store.label, why=held.why)


def claim(conn: Connection, store: Store, *, now: Instant, leave_out: bool) -> None:
    """Say that this store is the one that sends.

    `leave_out`: whatever was due up to `now` is skipped when its turn comes, since another copy, or this one before it
    was restored, may have sent it.
    """
    if leave_out:
        settings.put(conn, LEFT_OUT_UNTIL, now)
    own(conn, store)
