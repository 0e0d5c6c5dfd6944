"""`kanwa codes …`"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Kanwa = Callable[..., Any]


def test_a_pool_is_made_filled_and_listed(kanwa: Kanwa, workspace: Path) -> None:
    made = kanwa("codes", "add", "club-10", "A1", "A2", "--label", "The club", "--worth", "10 %", "--low-at", "2")
    assert made.out == "The pool “club-10” got 2 codes.\n"
    assert kanwa("codes", "add", "club-10").out == "The pool “club-10” is there.\n"
    assert kanwa("codes", "list", "--json").data == [
        {"key": "club-10", "label": "The club", "free": 2, "taken": 0, "used": 0, "expired": 0, "low_at": 2}
    ]


def test_a_pool_that_runs_low_is_said(kanwa: Kanwa, workspace: Path) -> None:
    kanwa("codes", "add", "club-10", "A1")
    assert kanwa("codes", "list").err == "“club-10” runs low: 1 code is left.\n"


def test_a_file_goes_into_a_pool_that_is_there(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "codes.csv").write_text("code,pool\nA1,other\nA1,other\n", encoding="utf-8")
    assert kanwa("codes", "import", "club-10", "codes.csv").code == 2
    kanwa("codes", "add", "club-10")
    ran = kanwa("codes", "import", "club-10", "codes.csv", "--worth", "10 %")
    assert ran.code == 1
    assert "Row 3, code: The pool “club-10” has the code “A1” already.\n" in ran.err
    assert kanwa("codes", "list", "--json").data[0]["free"] == 1


def test_a_plain_list_without_a_header_is_read(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "codes.csv").write_text("A1\nA2\n", encoding="utf-8")
    kanwa("codes", "add", "club-10")
    ran = kanwa("codes", "import", "club-10", "codes.csv", "--no-header", "--valid-until", "2099-01-31", "--json")
    assert (ran.code, ran.data["added"]) == (0, 2)


def test_a_day_that_is_none_is_refused(kanwa: Kanwa, workspace: Path) -> None:
    ran = kanwa("codes", "add", "club-10", "A1", "--valid-until", "soon")
    assert (ran.code, ran.err) == (2, "“soon” is no day. Write it like 2026-12-31.\n")


def test_a_code_that_nobody_has_cannot_be_used(kanwa: Kanwa, workspace: Path) -> None:
    kanwa("codes", "add", "club-10", "A1")
    ran = kanwa("codes", "use", "club-10", "A1")
    assert (ran.code, ran.err) == (
        1,
        "Nobody has the code “A1” of “club-10” yet, so that it cannot have been used.\n",
    )
