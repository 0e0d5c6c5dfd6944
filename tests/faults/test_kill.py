"""A runtime that is killed again and again sends nothing twice and loses nothing in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys.store.store import Store
from tests.faults.series import HANDING_OVER, Series

THREADS = 4


def killed_again_and_again(
    store: Store, folder: Path, capsys: pytest.CaptureFixture[str], *, messages: int, kills: int, group: int, seed: int
) -> None:
    """Half of the kills while handing over, a quarter each while enrolling and advancing."""
    quarter = kills // 4
    by_phase = {"enrolling": quarter, "advancing": quarter, HANDING_OVER: kills - 2 * quarter}
    summary = Series(store, folder, messages=messages, kills=by_phase, threads=THREADS, group=group, seed=seed).run()
    with capsys.disabled():
        print("\n" + summary.line())
    assert all(summary.kills[phase] >= wanted for phase, wanted in by_phase.items())


@pytest.mark.long
@pytest.mark.parametrize(
    ("store", "group"),
    [("sqlite", 1), pytest.param("postgresql", 10, marks=pytest.mark.postgres)],
    indirect=["store"],
)
def test_nothing_is_sent_twice_or_lost_by_a_runtime_killed_again_and_again(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], group: int
) -> None:
    """2 runs of 400 messages, 16 kills each: both databases, groups of 1 and 10."""
    killed_again_and_again(store, tmp_path, capsys, messages=400, kills=16, group=group, seed=group)


@pytest.mark.proof
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("group", [1, 10])
def test_nothing_is_sent_twice_or_lost_by_a_runtime_killed_hundreds_of_times(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], group: int, seed: int
) -> None:
    """12 runs of 5,000 messages: 3 seeds, groups of 1 and 10, both databases, 28 kills each."""
    killed_again_and_again(store, tmp_path, capsys, messages=5_000, kills=28, group=group, seed=100 * group + seed)
