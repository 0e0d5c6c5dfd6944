"""Backups of an SQLite store: a whole copy, made while others read and write."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

from journeys.base.time import Instant, moment
from journeys.store.errors import in_sentences

_UTC = ZoneInfo("UTC")


def back_up(path: Path, *, now: Instant, revision: str) -> Path:
    """Copy the store into `backups/` beside it, named by moment (UTC) and structure, and return where it lies.

    Only the user can read it (0600). The copy carries a mark (`setting` "backup"), so that a store opened from it is
    known for one. Raises DiskFull, StoreLocked and the like.
    """
    folder = path.parent / "backups"
    stamp = moment(now, _UTC).strftime("%Y-%m-%dT%H%M%SZ")
    with in_sentences(str(path), files=True):
        folder.mkdir(mode=0o700, exist_ok=True)
        target = _free(folder, f"{path.stem}-{stamp}-{revision}", path.suffix or ".sqlite")
        try:
            _copy(path, target, mark={"at": now, "revision": revision})
        except BaseException:
            # half a backup is worse than none: somebody would trust it
            target.unlink(missing_ok=True)
            raise
    return target


def _free(folder: Path, stem: str, suffix: str) -> Path:
    n = 1
    while True:
        target = folder / (f"{stem}{suffix}" if n == 1 else f"{stem}-{n}{suffix}")
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            n += 1
        else:
            return target


def _copy(path: Path, target: Path, *, mark: dict[str, object]) -> None:
    source = sqlite3.connect(path)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=4096)
        copy.execute(
            "INSERT INTO setting (key, value) VALUES ('backup', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (json.dumps(mark),),
        )
        copy.commit()
        # a single file to carry away, without a log beside it
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
