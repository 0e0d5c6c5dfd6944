"""`kanwa tidy`: what is old goes when asked, and what would go is said first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from journeys.base.clock import SystemClock
from journeys.base.time import DAY
from journeys.store import retention
from journeys.store import tables as t
from journeys.store.opening import open_store

Kanwa = Callable[..., Any]


@pytest.fixture
def old(workspace: Path) -> Path:
    """Two visits of long ago."""
    store = open_store(str(next(workspace.glob("*.sqlite"))))
    with store.write() as conn:
        conn.execute(insert(t.contact).values(id=1, email="a@b.pl", email_key="a@b.pl", draw=1, created_at=1))
        visit = {"contact": 1, "kind": "page.visited", "recorded_at": 1, "source": "page", "data": {}}
        past = SystemClock().now() - 500 * DAY
        conn.execute(insert(t.event), [visit | {"at": past}, visit | {"at": past + DAY}])
    store.close()
    return workspace


def test_a_dry_run_only_says_it(kanwa: Kanwa, old: Path) -> None:
    for _ in range(2):
        ran = kanwa("tidy", "--older", "13mo", "--dry-run")
        assert (ran.code, ran.err) == (0, "")
        assert "This would go:\n  2 events, rolled up into counts\n" in ran.out


def test_what_went_is_told_in_json_too(kanwa: Kanwa, old: Path) -> None:
    data = kanwa("tidy", "--older", "13mo", "--json").data
    assert (data["events"], data["hops"], data["kept"]) == (2, 0, [])
    assert "There is nothing to tidy." in kanwa("tidy", "--older", "13mo").out


def test_without_a_span_only_records_of_who_stayed_out_go(kanwa: Kanwa, old: Path) -> None:
    ran = kanwa("tidy")
    assert ran.out.startswith("How long everything is kept was not said: only records of who did not come in go.")


def test_what_a_segment_asks_for_is_named(kanwa: Kanwa, old: Path) -> None:
    asked = '{"leaf": "event", "event": "page.visited"}'
    assert kanwa("segment", "add", "seen", "--criterion", asked).code == 0
    ran = kanwa("tidy", "--older", "13mo")
    assert "Every event “page.visited” is kept: the segment “seen” looks at all of them." in ran.out


def test_a_standing_span_is_kept_until_it_is_taken_back(kanwa: Kanwa, old: Path) -> None:
    assert kanwa("tidy", "--older", "13mo", "--standing", "--tracking", "app.opened").code == 0
    store = open_store(str(next(old.glob("*.sqlite"))))
    with store.read() as conn:
        assert str(retention.standing(conn)) == "13mo"
        assert "app.opened" in retention.tracking_kinds(conn)
    assert kanwa("tidy", "--no-standing").code == 0
    with store.read() as conn:
        assert retention.standing(conn) is None
    store.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--older", "soon"), "“soon” is no span of time. Write it like 13mo, 400d, 60w or 2y."),
        (("--older", "3d"), "What is younger than 30 days stays; choose a longer span than 3d."),
        (("--standing",), "--standing goes with --older: how long everything is kept in full, such as 13mo."),
        (
            ("--older", "13mo", "--tracking", "purchase.made"),
            "Events of the kind “purchase.made” are never tidied: journeys, consents and reports rest on each of them.",
        ),
    ],
)
def test_nonsense_is_one_sentence(kanwa: Kanwa, workspace: Path, words: tuple[str, ...], sentence: str) -> None:
    ran = kanwa("tidy", *words)
    assert (ran.code, ran.err) == (2, sentence + "\n")


def test_events_that_were_rolled_up_are_not_imported_again(kanwa: Kanwa, old: Path) -> None:
    kanwa("tidy", "--older", "13mo")
    (old / "events.csv").write_text("email,kind,at\na@b.pl,page.visited,2020-01-01 10:00\n", encoding="utf-8")
    ran = kanwa("events", "import", "events.csv")
    assert "were tidied away into counts, where it may be counted already" in ran.out + ran.err


def test_how_many_daily_backups_stay_can_be_said(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("store", "backup", "--keep-daily", "3").code == 0
    assert kanwa("store", "backup", "--keep-daily", "-1").code == 2
