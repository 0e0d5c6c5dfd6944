"""A store that was run on after it was as it is now is an older copy of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys.base.state import state_folder
from journeys.store import runs
from journeys.store.owner import Because, own, why_held
from journeys.store.runs import RUNS, Runs
from journeys.store.settings import get, put
from journeys.store.store import Store
from tests.conftest import empty


def run(store: Store, *, noted: bool = True) -> None:
    with store.write() as conn:
        counted = runs.count_up(conn)
    if noted:
        runs.note(store, counted)


def kept(store: Store) -> object:
    with store.read() as conn:
        return get(conn, RUNS)


def put_back(store: Store, copy: object) -> None:
    with store.write() as conn:
        put(conn, RUNS, copy)


def because(store: Store) -> Because | None:
    with store.read() as conn:
        held = why_held(conn, store)
    return held.because if held is not None else None


@pytest.fixture
def ours(store: Store) -> Store:
    """A store that is the one that sends, and was run."""
    with store.write() as conn:
        own(conn, store)
    run(store)
    return store


def test_a_store_that_is_run_again_and_again_is_not_behind(ours: Store) -> None:
    for _again in range(3):
        run(ours)
        assert because(ours) is None


def test_a_copy_put_back_is_behind_what_was_run_since(ours: Store) -> None:
    copy = kept(ours)
    run(ours)
    put_back(ours, copy)
    assert because(ours) is Because.BEHIND


def test_a_copy_since_which_nothing_was_run_is_the_store(ours: Store) -> None:
    put_back(ours, kept(ours))
    assert because(ours) is None


def test_a_crash_before_the_note_leaves_the_store_the_one_that_sends(ours: Store) -> None:
    run(ours, noted=False)
    assert because(ours) is None


def test_a_copy_that_was_claimed_is_the_store_and_an_earlier_one_is_behind(ours: Store) -> None:
    copy = kept(ours)
    run(ours)
    put_back(ours, copy)
    with ours.write() as conn:
        own(conn, ours)
    assert because(ours) is None
    run(ours)
    put_back(ours, copy)
    assert because(ours) is Because.BEHIND


def test_another_store_in_the_same_place_is_not_behind(ours: Store) -> None:
    run(ours)
    empty(ours)
    with ours.write() as conn:
        own(conn, ours)
    assert because(ours) is None


@pytest.mark.parametrize("rest", ["", "{", "7", '{"n": null}'])
def test_a_note_that_a_power_cut_spoilt_holds_nothing(sqlite_store: Store, rest: str) -> None:
    run(sqlite_store)
    for file in (state_folder() / "stores").iterdir():
        file.write_text(rest)
    assert because(sqlite_store) is not Because.BEHIND
    run(sqlite_store)
    put_back(sqlite_store, {"id": _id(sqlite_store), "n": 0})
    with sqlite_store.read() as conn:
        assert runs.lags(conn, sqlite_store)


def _id(store: Store) -> str:
    with store.read() as conn:
        return str(get(conn, RUNS)["id"])


def test_where_nothing_can_be_noted_the_store_runs(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    run(sqlite_store)
    with sqlite_store.read() as conn:
        assert not runs.lags(conn, sqlite_store)
    runs.note(sqlite_store, Runs("x", 1))
