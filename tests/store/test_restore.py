"""From a backup back into the place of the store, with what was there kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from journeys.base.time import Instant
from journeys.store import settings
from journeys.store.backup import NoBackup, back_up, restore
from journeys.store.opening import open_store

NOW = Instant(1_795_000_000)


def named(path: Path, name: str) -> None:
    store = open_store(str(path), create=True)
    with store.write() as conn:
        settings.put(conn, "name", name)
    store.close()


def name_of(path: Path) -> str:
    store = open_store(str(path))
    with store.read() as conn:
        name = str(settings.get(conn, "name"))
    store.close()
    return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store called “now”, with a backup of the time when it was called “then”."""
    made = tmp_path / "store.sqlite"
    named(made, "then")
    back_up(made, now=NOW, revision="0001")
    named(made, "now")
    return made


def backup_of(path: Path) -> Path:
    return path.parent / "backups" / "store-2026-11-18T110640Z-0001.sqlite"


def test_the_store_is_as_it_was(path: Path) -> None:
    done = restore(path, backup_of(path), now=Instant(NOW + 60), revision="0001")
    assert (done.at, name_of(path)) == (NOW, "then")


def test_what_was_there_is_kept_and_can_be_put_back(path: Path) -> None:
    kept = restore(path, backup_of(path), now=Instant(NOW + 60), revision="0001").kept
    restore(path, kept, now=Instant(NOW + 120), revision="0001")
    assert name_of(path) == "now"


def test_whoever_has_it_open_sees_the_old_content_then_the_new(path: Path) -> None:
    store = open_store(str(path))
    with store.read() as conn:
        assert settings.get(conn, "name") == "now"
    restore(path, backup_of(path), now=Instant(NOW + 60), revision="0001")
    with store.read() as conn:
        assert settings.get(conn, "name") == "then"
    store.close()


def test_a_damaged_store_is_set_aside(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    done = restore(path, backup_of(path), now=Instant(NOW + 60), revision="0001")
    assert name_of(path) == "then"
    assert done.kept.name == "store-2026-11-18T110740Z-damaged.sqlite"
    assert done.kept.stat().st_size == 5016


def test_only_the_user_can_read_what_was_restored(path: Path) -> None:
    path.write_bytes(b"no store at all")
    restore(path, backup_of(path), now=Instant(NOW + 60), revision="0001")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_that_is_no_backup_is_refused(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    named(other, "other")
    with pytest.raises(NoBackup, match=r"it carries no mark of one\. Choose one of the files in backups/\."):
        restore(path, other, now=NOW, revision="0001")


@pytest.mark.parametrize("content", [b"", b"abc", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_nonsense_is_refused_and_changes_nothing(path: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.sqlite").write_bytes(content)
    with pytest.raises(NoBackup, match="it cannot be read as one"):
        restore(path, tmp_path / "x.sqlite", now=NOW, revision="0001")
    assert name_of(path) == "now"


def test_a_backup_that_is_cut_off_is_refused(path: Path) -> None:
    backup = backup_of(path)
    backup.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    with pytest.raises(NoBackup):
        restore(path, backup, now=NOW, revision="0001")
    assert name_of(path) == "now"


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(NoBackup, match="there is no such file"):
        restore(path, path.with_name("gone.sqlite"), now=NOW, revision="0001")
