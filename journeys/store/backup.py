"""Backups of an SQLite store: a whole copy, made while others read and write; and the way back."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant, moment
from journeys.store.errors import BackupsInTheWay, NotAStore, StoreDamaged, in_sentences

#: the setting that a backup carries
BACKUP = "backup"
#: the setting with the number of daily backups that are kept, and the number where nothing was set
DAILY_KEPT, KEPT = "daily_backups", 7

_UTC = ZoneInfo("UTC")


class NoBackup(KanwaError):
    """A file that no store can be restored from."""

    text = N_("{file} is not a backup of a store of Kanwa: {why} Choose one of the files in backups/.")


def back_up(path: Path, *, now: Instant, revision: str, daily: bool = False) -> Path:
    """Copy the store into `backups/` beside it, named by moment (UTC) and structure, and return where it lies.

    Only the user can read it (0600). The copy carries a mark (`setting` BACKUP), so that a store opened from it is
    known for one. `daily` names it as one that `prune_daily` may take away. Raises BackupsInTheWay, DiskFull,
    StoreLocked and the like.
    """
    with in_sentences(str(path), files=True):
        folder = _folder(path)
        ending = "-daily" if daily else ""
        target = _free(folder, f"{path.stem}-{_stamp(now)}-{revision}{ending}", path.suffix or ".sqlite")
        try:
            _copy(path, target, mark={"at": now, "revision": revision})
        except BaseException:
            # half a backup is worse than none: somebody would trust it
            target.unlink(missing_ok=True)
            raise
    return target


def _folder(path: Path) -> Path:
    folder = path.parent / "backups"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise BackupsInTheWay(store=str(path), folder=folder) from None
    return folder


def prune_daily(path: Path, *, keep: int) -> list[Path]:
    """Take away all but the `keep` newest daily backups of the store; returns those that went.

    Backups made by hand, before an upgrade or by a restore are none of them.
    """
    name = re.compile(
        rf"{re.escape(path.stem)}-\d{{4}}-\d\d-\d\dT\d{{6}}Z-[^-]+-daily(?:-\d+)?{re.escape(path.suffix or '.sqlite')}"
    )
    with in_sentences(str(path), files=True):
        # the names begin with the moment, so that they sort by it
        daily = sorted(file for file in _folder(path).iterdir() if name.fullmatch(file.name))
        old = daily[: max(0, len(daily) - keep)]
        for file in old:
            file.unlink()
    return old


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    #: moment of the backup
    at: Instant
    #: where what the store held before lies: another backup, or the damaged file itself
    kept: Path


def restore(path: Path, backup: Path, *, now: Instant, revision: str) -> Restored:
    """Put the content of a backup in the place of the store, and keep what was there in `backups/`.

    Nobody may run the store meanwhile. It is written through SQLite in one transaction: whoever has it open sees the old
    content or the new one, and a failure leaves the old one. A damaged file is set aside instead. `revision` names the
    structure of what is kept. Raises NoBackup with nothing changed, DiskFull, StoreLocked and the like.
    """
    mark = checked(backup)
    try:
        kept = back_up(path, now=now, revision=revision)
    except (StoreDamaged, NotAStore):
        kept = _set_aside(path, now)
    source = _connected(backup)
    with in_sentences(str(path), files=True):
        store = sqlite3.connect(path, timeout=10)
        try:
            source.backup(store, pages=-1)
        finally:
            store.close()
            source.close()
        path.chmod(0o600)
    return Restored(at=Instant(mark["at"]), kept=kept)


def _set_aside(path: Path, now: Instant) -> Path:
    with in_sentences(str(path), files=True):
        target = _free(_folder(path), f"{path.stem}-{_stamp(now)}-damaged", path.suffix)
        path.replace(target)
        for ending in ("-wal", "-shm"):
            log = path.with_name(path.name + ending)
            if log.exists():
                log.replace(target.with_name(target.name + ending))
    return target


def _stamp(now: Instant) -> str:
    return moment(now, _UTC).strftime("%Y-%m-%dT%H%M%SZ")


def checked(backup: Path) -> dict[str, Any]:
    """The mark of a backup whose whole content can be read. Raises NoBackup."""
    if not backup.is_file():
        raise NoBackup(file=backup, why=_("there is no such file."))
    conn = _connected(backup)
    try:
        row = conn.execute("SELECT value FROM setting WHERE key = ?", (BACKUP,)).fetchone()
        if row is None:
            raise NoBackup(file=backup, why=_("it carries no mark of one."))
        if conn.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise NoBackup(file=backup, why=_("it is damaged."))
    except sqlite3.DatabaseError as error:
        raise NoBackup(file=backup, why=_("it cannot be read as one.")) from error
    finally:
        conn.close()
    mark: dict[str, Any] = json.loads(row[0])
    return mark


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


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
        # in one step: a write by anybody else would let one in several steps begin again, on a busy store without end;
        # a reader keeps no writer waiting
        source.backup(copy, pages=-1)
        copy.execute(
            "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (BACKUP, json.dumps(mark)),
        )
        copy.commit()
        # a single file to carry away, without a log beside it
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
