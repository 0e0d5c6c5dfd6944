"""`kanwa store restore` and `claim`: back to a backup, and nothing sent twice by it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeys.base.clock import SystemClock
from journeys.runtime.lease import Lease
from journeys.store.opening import open_store

Kanwa = Callable[..., Any]


@pytest.fixture
def backup(kanwa: Kanwa, workspace: Path) -> Path:
    """A backup made before the tag “later” was."""
    made = Path(kanwa("store", "backup", "--json").data["file"])
    assert kanwa("tag", "add", "later").code == 0
    return made


def tags(kanwa: Kanwa) -> list[str]:
    return [row["key"] for row in kanwa("tag", "list", "--json").data]


def test_a_restored_store_is_as_it_was_and_says_where_the_rest_is(kanwa: Kanwa, backup: Path) -> None:
    ran = kanwa("store", "restore", backup, "--yes", "--json")
    assert (ran.code, tags(kanwa)) == (0, [])
    assert kanwa("store", "restore", ran.data["kept"], "--yes").code == 0
    assert tags(kanwa) == ["later"]


def test_restoring_asks_first(kanwa: Kanwa, backup: Path) -> None:
    ran = kanwa("store", "restore", backup)
    assert (ran.code, tags(kanwa)) == (2, ["later"])
    assert "Say --yes; what it holds now is kept in backups/." in ran.err


def test_a_store_that_is_run_is_not_restored(kanwa: Kanwa, workspace: Path, backup: Path) -> None:
    store = open_store(str(next(workspace.glob("*.sqlite"))))
    Lease(store, "server:1").take(SystemClock().now())
    store.close()
    ran = kanwa("store", "restore", backup, "--yes")
    assert (ran.code, tags(kanwa)) == (1, ["later"])
    assert ran.err.startswith("This store is already being run by server:1.")


def test_a_damaged_store_is_restored(kanwa: Kanwa, workspace: Path, backup: Path) -> None:
    next(workspace.glob("*.sqlite")).write_bytes(b"SQLite format 3\x00" + b"\xff" * 9000)
    assert kanwa("store", "restore", backup, "--yes").code == 0
    assert tags(kanwa) == []


def test_nonsense_is_no_backup(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "x.sqlite").write_text("nonsense")
    ran = kanwa("store", "restore", "x.sqlite", "--yes")
    assert ran.code == 1
    assert ran.err == (
        "x.sqlite is not a backup of a store of Kanwa: it cannot be read as one. Choose one of the files in backups/.\n"
    )


def test_nothing_is_sent_from_a_restored_store_until_it_is_claimed(kanwa: Kanwa, backup: Path) -> None:
    kanwa("store", "restore", backup, "--yes")
    ran = kanwa("run", "--once")
    assert ran.code == 1
    assert "it was restored from the backup of" in ran.err
    assert kanwa("store", "claim", "--json").data == {"held": True, "due": "skip"}
    assert kanwa("run", "--once").err.startswith("There is no account to send by.")


def test_a_copied_workspace_is_held_and_what_is_due_is_skipped_where_nothing_else_is_said(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(workspace, workspace.parent / "copy"))
    monkeypatch.chdir(copy)
    assert f"it is a copy of {workspace}" in kanwa("run", "--once").err
    assert kanwa("run", "--once", "--sink", "mail").code == 0
    assert kanwa("store", "claim", "--json").data == {"held": True, "due": "skip"}
    assert kanwa("run", "--once").err.startswith("There is no account to send by.")


def test_a_plain_copy_put_back_is_held_and_what_is_due_is_skipped_where_nothing_else_is_said(
    kanwa: Kanwa, workspace: Path
) -> None:
    shutil.copy("store.sqlite", "plain.copy")
    assert kanwa("run", "--once", "--sink", "mail").code == 0
    # as `cp` does it: the file stays the same one
    Path("store.sqlite").write_bytes(Path("plain.copy").read_bytes())
    for log in ("store.sqlite-wal", "store.sqlite-shm"):
        Path(log).unlink(missing_ok=True)
    assert "it is an older copy of itself, made before it was last run." in kanwa("run", "--once").err
    assert kanwa("store", "claim", "--json").data == {"held": True, "due": "skip"}
    assert kanwa("run", "--once").err.startswith("There is no account to send by.")


def test_no_mail_to_look_at_goes_out_of_a_store_that_is_held(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kanwa("template", "add", "nps-survey").code == 0
    kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com")
    monkeypatch.setenv("KANWA_STORE_OWNER", "server")
    ran = kanwa("send", "nps-survey", "--test", "anna@example.com")
    assert (ran.code, "it was run on another computer before." in ran.err) == (1, True)
    assert kanwa("send", "nps-survey", "--test", "anna@example.com", "--sink", "mail").code == 0


def test_a_store_from_another_computer_is_claimed_only_by_saying_what_becomes_of_what_is_due(
    kanwa: Kanwa, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANWA_STORE_OWNER", "server")
    ran = kanwa("store", "claim")
    assert (ran.code, ran.err) == (
        2,
        "This store was run on another computer before. Say what becomes of messages that were due until now: with "
        "--due send they go out (it was moved here, and no other one is left), with --due skip they do not (it is a "
        "copy, and another one may have sent them).\n",
    )
    assert kanwa("store", "claim", "--due", "send", "--json").data == {"held": True, "due": "send"}
    assert kanwa("store", "claim", "--json").data == {"held": False, "due": None}


def test_a_store_that_sends_already_need_not_be_claimed(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("store", "claim", "--json").data == {"held": False, "due": None}
