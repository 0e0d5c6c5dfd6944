"""Every benchmark runs, on small numbers, and prints what is read by machines in the shape that was agreed.

No figure is held against anything here: a shared machine would make that a matter of luck.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long


def told(module: str, *words: str) -> Any:
    line = [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", *words, "--json"]
    done = subprocess.run(line, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_steps_gives_each_database_its_rates_and_the_ticks_beside_a_million() -> None:
    found = told("steps", "--contacts", "500", "--waiting", "6000", "--store", "sqlite")
    assert found["sqlite"]["500"].keys() == {"steps_per_s", "limit_steps_per_s", "ratio", "rss_mb"}
    assert found["tick_ms"]["sqlite"].keys() == {"due_0", "due_1000"}


@pytest.mark.postgres
def test_steps_runs_on_postgresql_in_the_same_shape() -> None:
    found = told("steps", "--contacts", "500", "--store", "postgresql", "--no-ticks")
    assert found.keys() == {"postgresql"}
    assert found["postgresql"]["500"].keys() == {"steps_per_s", "limit_steps_per_s", "ratio", "rss_mb"}


def test_mail_gives_its_rate_and_that_of_smtplib() -> None:
    assert told("mail", "--mails", "20").keys() == {"mails_per_s", "limit_mails_per_s"}


def test_mail_shares_the_messages_between_two_processes() -> None:
    found = told("mail", "--mails", "60", "--processes", "2")
    assert found["mails_per_s"] > 0


def test_window_gives_the_times_of_writes_beside_a_tick() -> None:
    found = told("window", "--contacts", "2000")
    assert found.keys() == {"moved", "tick_s", "writes", "failed", "p50_ms", "p99_ms", "max_ms"}
    assert found["moved"] == 2000


def test_sweep_gives_the_times_of_its_transactions() -> None:
    found = told("sweep", "--contacts", "2000")
    assert found.keys() == {"entered", "ended", "members", "tick_s", "transactions", "p50_ms", "p99_ms", "max_ms"}
    assert (found["entered"], found["ended"], found["members"]) == (2000, 2000, 2000)


@pytest.mark.postgres
@pytest.mark.skipif(
    importlib.util.find_spec("dbos") is None or importlib.util.find_spec("procrastinate") is None,
    reason="without the group bench: uv sync --group bench",
)
def test_durable_gives_the_rate_of_each_engine() -> None:
    found = told("durable", "--contacts", "5")
    assert found["postgresql"].keys() == {"kanwa", "dbos", "procrastinate"}
    assert all(figures.keys() == {"steps_per_s", "times"} for figures in found["postgresql"].values())
