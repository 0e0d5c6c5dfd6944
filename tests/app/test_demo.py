from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.demo.headless import MonthReport, run_headless
from app.demo.install import install
from app.desktop.publishing import foresee
from app.workspace import InTheWay
from journeys.graph.file import load

Kanwa = Callable[..., Any]
#: journeys that nobody comes into on the first day
LATER = ("contract-renewal", "resignation")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> MonthReport:
    """A day of a small shop."""
    return run_headless(tmp_path_factory.mktemp("demo") / "shop", seed=3, days=1, contacts=150)


def test_people_come_in_and_get_mail_over_a_real_line(report: MonthReport) -> None:
    assert all(one.entered > 0 for one in report.journeys if one.key not in LATER)
    sent = sum(one.messages for one in report.messages if one.state == "sent" and one.template != "webhook")
    assert sent == report.mails > 5
    assert report.troubles == []


def test_the_mail_lies_as_files_to_look_at(report: MonthReport) -> None:
    mails = sorted((report.folder / "mail").glob("*.eml"))
    text = mails[0].read_bytes()
    assert b"\r\nX-Kanwa-Id: " in text
    assert b"\r\nList-Unsubscribe: " in text


def test_contacts_react(report: MonthReport) -> None:
    assert report.answers["email.opened"] > 0
    assert report.answers["purchase.made"] > 0


def test_who_came_in_is_somewhere(report: MonthReport) -> None:
    for one in report.journeys:
        standing = sum(place.contacts for place in report.standing if place.journey == one.name)
        assert one.entered == one.inside + one.goal + one.exited + one.finished + one.failed
        assert one.inside == standing
        assert one.failed == 0


def mail_of(report: MonthReport) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (report.folder / "mail").glob("*.eml")}


def test_the_same_seed_gives_the_same_days_and_the_same_mail(report: MonthReport, tmp_path: Path) -> None:
    again = run_headless(tmp_path / "shop", seed=3, days=1, contacts=150)
    assert {name: value for name, value in again.data().items() if name != "folder"} == {
        name: value for name, value in report.data().items() if name != "folder"
    }
    assert mail_of(again) == mail_of(report)


def test_a_demo_takes_the_place_of_an_earlier_one_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    for _n in range(2):
        install(tmp_path / "shop", contacts=20).store.close()
        (tmp_path / "shop" / "notes.txt").write_text("mine")
    assert (tmp_path / "shop" / "notes.txt").read_text() == "mine"


def test_a_demo_does_not_take_the_place_of_anything_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InTheWay):
        install(tmp_path, contacts=20)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_journeys_of_the_demo_have_no_problem_that_blocks(tmp_path: Path) -> None:
    # publishing would have raised
    demo = install(tmp_path / "shop", contacts=20)
    demo.store.close()
    assert len(demo.workspace.journey_files()) == 4


def test_the_drafts_of_the_demo_begin_from_what_it_published(tmp_path: Path) -> None:
    demo = install(tmp_path / "shop", contacts=20)
    demo.store.close()
    for file in demo.workspace.journey_files():
        assert not foresee(demo.workspace, load(file)).is_stale


def test_the_command_reports(kanwa: Kanwa) -> None:
    (Path.cwd() / "notes.txt").write_text("mine")
    ran = kanwa("demo", "--headless", "--dir", ".")
    assert (ran.code, ran.out) == (2, "")
    assert "is in the way" in ran.err


@pytest.mark.long
def test_a_month_sends_three_thousand_mails_and_every_outlet_is_taken(tmp_path: Path) -> None:
    month = run_headless(tmp_path / "shop")
    assert month.mails >= 3_000
    assert month.calls > 0
    assert {one.state for one in month.messages if one.template == "webhook"} >= {"sent", "failed"}
    assert month.never_taken == []
    assert month.troubles == []
    reasons = {(one.state, one.reason) for one in month.messages}
    assert {("skipped", "no address"), ("skipped", "suppressed"), ("skipped", "no consent"), ("failed", "refused")} <= (
        reasons
    )
