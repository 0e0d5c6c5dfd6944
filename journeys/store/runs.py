"""How often a store was run: counted in the store and noted outside of it, so that an older copy put back is known.

A plain copy that is written over its store keeps path, file number and machine. What it lacks is what happened after it
was made: the machine that ran the store knows a higher count. The store is counted up first, and survives a power cut;
then the note is made. A crash in between leaves the store ahead of its note, which is well.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from journeys.base.state import state_folder
from journeys.store import settings
from journeys.store.store import Store

log = logging.getLogger(__name__)

#: the setting with the count, beside an id: another store that is made in the same place has another one
RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Runs:
    """How often a store was run, as the store itself says."""

    id: str
    n: int


def count_up(conn: Connection) -> Runs:
    """Count one more. `conn` writes, and durably; the caller notes it after the commit."""
    return _put(conn, _of(conn), above=0)


def leap(conn: Connection, store: Store) -> None:
    """Count past what is noted: this store is the one from now on, and any copy made before lags behind it."""
    runs = _of(conn)
    _put(conn, runs, above=_noted(store, runs) if runs is not None else 0)


def note(store: Store, runs: Runs) -> None:
    """Note outside of the store how often it was run. Where that cannot be written the store runs all the same."""
    try:
        file = _file(store, runs)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        written = file.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps({"store": store.label, "n": runs.n}), encoding="utf-8")
        written.replace(file)
    except OSError as error:
        log.info("cannot note that the store was run: %s", error.strerror)


def lags(conn: Connection, store: Store) -> bool:
    """Whether the store was run on after it was as it is now: it is an older copy of itself."""
    runs = _of(conn)
    return runs is not None and runs.n < _noted(store, runs)


def _of(conn: Connection) -> Runs | None:
    found = settings.get(conn, RUNS)
    return None if found is None else Runs(found["id"], found["n"])


def _put(conn: Connection, runs: Runs | None, *, above: int) -> Runs:
    following = Runs(secrets.token_hex(8), 1) if runs is None else Runs(runs.id, max(runs.n, above) + 1)
    settings.put(conn, RUNS, {"id": following.id, "n": following.n})
    return following


def _noted(store: Store, runs: Runs) -> int:
    """0 where nothing was noted, or it cannot be read: the rest of a file that a power cut took is no reason to hold."""
    try:
        return int(json.loads(_file(store, runs).read_text(encoding="utf-8"))["n"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _file(store: Store, runs: Runs) -> Path:
    # by place: a copy that is run elsewhere, to look at, says nothing about the store it was made of
    place = str(Path(store.engine.url.database or "").resolve()) if store.is_sqlite else store.label
    name = hashlib.sha256(f"{place}\0{runs.id}".encode()).hexdigest()[:24]
    return state_folder() / "stores" / f"{name}.json"
