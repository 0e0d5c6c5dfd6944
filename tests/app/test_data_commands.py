"""Names, people and segments by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kanwa = Callable[..., Any]

CONTACTS = """customer,email,first name,city
1,anna@example.com,Anna,Łódź
2,jan@example.com,Jan,Kraków
3,not an address,Ewa,Gdańsk
"""


@pytest.fixture
def people(kanwa: Kanwa, workspace: Path) -> Path:
    """A workspace with two contacts and an attribute."""
    assert kanwa("attribute", "add", "city", "text", "--label", "City").code == 0
    (workspace / "people.csv").write_text(CONTACTS, encoding="utf-8")
    assert kanwa("contacts", "import", "people.csv").code == 1
    return workspace


@pytest.mark.parametrize("kind", ["tag", "purpose", "programme", "survey"])
def test_what_is_defined_is_listed(kanwa: Kanwa, workspace: Path, kind: str) -> None:
    assert kanwa(kind, "add", "first-one", "--label", "The first").out == "“first-one” is defined.\n"
    [row] = kanwa(kind, "list", "--json").data
    assert (row["key"], row["label"]) == ("first-one", "The first")


@pytest.mark.parametrize("kind", ["tag", "purpose", "programme", "survey"])
def test_a_key_with_spaces_is_refused(kanwa: Kanwa, workspace: Path, kind: str) -> None:
    ran = kanwa(kind, "add", "Two Words")
    assert ran.code != 0
    assert "Two Words" in ran.err
    assert kanwa(kind, "list", "--json").data == []


def test_a_funnel_lists_its_stages_in_order(kanwa: Kanwa, workspace: Path) -> None:
    kanwa("funnel", "add", "club", "invited=Invited", "member")
    rows = kanwa("funnel", "list", "--json").data
    assert [(row["stage"], row["label"], row["contacts"]) for row in rows] == [
        ("invited", "Invited", 0),
        ("member", "member", 0),
    ]


def test_a_choice_has_its_choices(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("attribute", "add", "size", "choice").code == 2
    assert kanwa("attribute", "add", "size", "choice", "--choice", "S", "--choice", "M").code == 0
    [row] = kanwa("attribute", "list", "--json").data
    assert row["choices"] == "S, M" or row["choices"] == ["S", "M"]


def test_an_unknown_type_says_which_there_are(kanwa: Kanwa, workspace: Path) -> None:
    ran = kanwa("attribute", "add", "size", "nummer")
    assert ran.code == 2
    assert ran.err.startswith("There is no type “nummer”. The nearest is “number”.")


def test_a_policy_is_set_and_removed(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("policy", "set", "--quiet", "21:00-08:00", "--at-most", 3, "--days", 7).code == 0
    assert [row["kind"] for row in kanwa("policy", "list", "--json").data] == ["cap", "quiet_hours"]
    assert kanwa("policy", "remove", "cap").code == 0
    assert kanwa("policy", "remove", "cap").code == 2


@pytest.mark.parametrize("hours", ["21", "21:00-", "late-early", "25:00-26:00", "21:00-21:00"])
def test_hours_that_are_none_are_refused(kanwa: Kanwa, workspace: Path, hours: str) -> None:
    ran = kanwa("policy", "set", "--quiet", hours)
    assert ran.code in (1, 2)
    assert "Traceback" not in ran.err
    assert "details are in" not in ran.err
    assert kanwa("policy", "list", "--json").data == []


def test_an_account_needs_a_host(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("account", "add", "mail").err == "An account needs --host, such as smtp.example.com, or --preset.\n"


def test_an_account_lists_without_any_password(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("account", "add", "mail", "--host", "localhost", "--port", 1025, "--security", "plain").code == 0
    [row] = kanwa("account", "list", "--json").data
    assert (row["host"], row["port"], row["used"]) == ("localhost", 1025, False)


def test_a_sender_needs_an_account_that_is_there(kanwa: Kanwa, workspace: Path) -> None:
    ran = kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com", "--account", "mail")
    assert ran.code == 2
    assert ran.err == "There is no account “mail”.\n"


# --- imports --------------------------------------------------------------------------------------------------------


def test_good_rows_go_in_and_bad_ones_are_named(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "people.csv").write_text(CONTACTS, encoding="utf-8")
    ran = kanwa("contacts", "import", "people.csv", "--refused", "bad.csv")
    assert ran.code == 1
    assert "3 rows read: 2 added, 0 changed, 0 there already.\n" in ran.out
    assert "1 row was refused.\nRow 4, email: " in ran.err
    assert "not an address" in Path("bad.csv").read_text(encoding="utf-8-sig")


def test_the_same_file_twice_changes_nothing(kanwa: Kanwa, people: Path) -> None:
    data = kanwa("contacts", "import", "people.csv", "--json").data
    assert (data["added"], data["changed"], data["unchanged"], data["refused"]) == (0, 0, 2, 1)


def test_a_dry_run_keeps_nothing(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "people.csv").write_text(CONTACTS, encoding="utf-8")
    out = kanwa("contacts", "import", "people.csv", "--dry-run").out
    assert "2 would be added" in out
    assert "“email” is read as email.\n" in out
    assert kanwa("status", "--json").data["contacts"] == 0


def test_imports_are_listed(kanwa: Kanwa, people: Path) -> None:
    [row] = kanwa("imports", "list", "--json").data
    assert (row["kind"], row["file"], row["rows_added"], row["rows_refused"]) == ("contacts", "people.csv", 2, 1)


def test_addresses_are_made_and_contacts_with_them(kanwa: Kanwa, workspace: Path) -> None:
    Path("orders.txt").write_text(
        " customer_id  date cds dollars\n 00001 19970101  1   11.77\n 00001 19970102  1   5.00\n"
    )
    ran = kanwa(
        "purchases",
        "import",
        "orders.txt",
        *("--map", "customer=customer_id", "--map", "at=date", "--map", "total=dollars"),
        *("--address-template", "{customer}@cdnow.test", "--currency", "USD", "--json"),
    )
    assert (ran.code, ran.data["added"], ran.data["contacts_added"]) == (0, 2, 1)
    assert kanwa("segment", "count", "--criterion", '{"leaf": "purchase", "count": {"op": ">=", "value": 2}}').out == (
        "1 contact.\n"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["no-such-file.csv"], 1),
        (["people.csv", "--map", "email"], 2),
        (["people.csv", "--map", "=x"], 2),
        (["people.csv", "--map", "emial=email"], 2),
        (["people.csv", "--map", "email=No such column"], 2),
        (["people.csv", "--encoding", "klingon"], 2),
        (["people.csv", "--sheet", "Sheet2"], 0),
        (["."], 1),
        (["empty.csv"], 1),
        (["picture.csv"], 1),
    ],
)
def test_nonsense_is_refused_in_a_sentence(kanwa: Kanwa, workspace: Path, words: list[str], code: int) -> None:
    Path("people.csv").write_text("email\nanna@example.com\n")
    Path("empty.csv").write_text("")
    Path("picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    ran = kanwa("contacts", "import", *words)
    assert ran.code == code
    assert "details are in" not in ran.err
    assert "Traceback" not in ran.err


def test_an_import_is_taken_back_once(kanwa: Kanwa, people: Path) -> None:
    ran = kanwa("imports", "undo", 1)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Import 1 is taken back.")
    assert kanwa("status", "--json").data["contacts"] == 0
    assert kanwa("imports", "undo", 1).err == "Import 1 is already undone.\n"
    assert kanwa("imports", "undo", 9).code == 2
    assert kanwa("imports", "undo", "first").code == 2


def test_what_is_exported_imports_back_and_changes_nothing(kanwa: Kanwa, people: Path) -> None:
    assert kanwa("contacts", "export", "out.csv").out == "2 rows are in out.csv.\n"
    data = kanwa("contacts", "import", "out.csv", "--json").data
    assert (data["added"], data["changed"], data["unchanged"]) == (0, 0, 2)


@pytest.mark.parametrize("words", [["out.doc"], ["no/such/folder/out.csv"], ["out.csv", "--delimiter", ""], ["."]])
def test_an_export_that_cannot_be_written_is_a_sentence(kanwa: Kanwa, people: Path, words: list[str]) -> None:
    ran = kanwa("contacts", "export", *words)
    assert ran.code in (1, 2)
    assert "details are in" not in ran.err


def test_erasing_wants_a_yes_where_nobody_can_be_asked(kanwa: Kanwa, people: Path) -> None:
    ran = kanwa("contacts", "erase", "anna@example.com")
    assert (ran.code, ran.err) == (2, "Erasing cannot be undone. Say --yes to erase 1 contact.\n")
    assert kanwa("status", "--json").data["contacts"] == 2


def test_who_is_erased_is_gone(kanwa: Kanwa, people: Path) -> None:
    ran = kanwa("contacts", "erase", "anna@example.com", "--yes")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "1 contact was erased.")
    assert kanwa("trace", "anna@example.com").code == 2
    assert kanwa("contacts", "erase", "nobody@example.com", "--yes").code == 2


# --- segments -------------------------------------------------------------------------------------------------------


def test_a_segment_is_said_and_counted(kanwa: Kanwa, people: Path) -> None:
    criterion = json.dumps({"leaf": "attribute", "attribute": "city", "op": "=", "value": "łódź"})
    assert kanwa("segment", "add", "lodz", "--criterion", criterion).code == 0
    assert kanwa("segment", "count", "lodz", "--json").data == {"contacts": 1}
    assert kanwa("segment", "show", "lodz").code == 0
    [row] = kanwa("segment", "list", "--json").data
    assert row["key"] == "lodz"


def test_a_criterion_comes_from_a_file(kanwa: Kanwa, people: Path) -> None:
    Path("all.json").write_text('{"all": []}')
    assert kanwa("segment", "count", "--criterion", "all.json").out == "2 contacts.\n"


@pytest.mark.parametrize(
    "criterion",
    [
        "no such file",
        "{",
        "[]",
        '{"leaf": "moon"}',
        '{"leaf": "attribute", "attribute": "cyti", "op": "=", "value": "x"}',
        '{"leaf": "segment", "segment": "nobody"}',
        '{"leaf": "purchase", "count": {"op": ">=", "value": 1}, "scope": {"type": "since entry"}}',
        '{"leaf": "purchase", "count": {"op": "between", "value": [5, 2]}}',
        '{"leaf": "purchase", "scope": {"type": "last", "amount": 23, "unit": "hours"}}',
        '{"leaf": ["purchase"]}',
        '{"all": ' * 2000 + "1" + "}" * 2000,
    ],
)
def test_a_criterion_that_is_none_makes_no_segment(kanwa: Kanwa, people: Path, criterion: str) -> None:
    ran = kanwa("segment", "add", "odd", "--criterion", criterion)
    assert ran.code in (1, 2)
    assert "details are in" not in ran.err
    assert kanwa("segment", "list", "--json").data == []


def test_an_unknown_segment_is_said_so(kanwa: Kanwa, workspace: Path) -> None:
    ran = kanwa("segment", "count", "lapsd")
    assert ran.code in (1, 2)
    assert "There is no segment “lapsd”" in ran.err


def test_count_wants_one_of_two(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("segment", "count").code == 2


# --- consent, trace -------------------------------------------------------------------------------------------------


def test_consents_come_in_and_are_shown(kanwa: Kanwa, people: Path) -> None:
    kanwa("purpose", "add", "newsletter")
    Path("consents.csv").write_text(
        "email,channel,purpose,given,at\nanna@example.com,email,newsletter,yes,2026-01-02\n"
    )
    assert kanwa("consent", "import", "consents.csv").code == 0
    [row] = kanwa("consent", "show", "anna@example.com", "--json").data
    assert (row["channel"], row["purpose"], row["given"]) == ("email", "newsletter", True)


def test_an_unknown_contact_is_said_so(kanwa: Kanwa, people: Path) -> None:
    assert kanwa("trace", "nobody@example.com").err == "There is no contact “nobody@example.com”.\n"


def test_templates_are_copied_once(kanwa: Kanwa, workspace: Path) -> None:
    assert kanwa("template", "add", "nps-survey").code == 0
    assert [row["key"] for row in kanwa("template", "list", "--json").data] == ["nps-survey"]
    assert kanwa("template", "add", "nps-survey").code == 2
    assert kanwa("template", "add", "bonus", "thank-you", "--as", "two").err.startswith("--as names one copy.")
    assert kanwa("template", "add", "nps-survy").err.startswith(
        "There is no starter template “nps-survy”. The nearest is “nps-survey”."
    )
    for bad in ("Bad Key", "../outside", "/tmp/outside"):
        assert "cannot be the key of a template" in kanwa("template", "add", "nps-survey", "--as", bad).err
    assert not (workspace / "outside").exists()
    assert [row["key"] for row in kanwa("template", "list", "--json").data] == ["nps-survey"]


def test_a_test_mail_lies_in_the_sink(kanwa: Kanwa, workspace: Path) -> None:
    kanwa("template", "add", "nps-survey")
    assert kanwa("send", "nps-survey", "--test", "a@example.com", "--sink", "mail").code == 2
    kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com")
    assert kanwa("send", "nps-survey", "--test", "a@example.com", "--sink", "mail").code == 0
    [mail] = Path("mail").rglob("*.eml")
    assert b"a@example.com" in mail.read_bytes()


@pytest.mark.parametrize("address", ["", "a", "a@b@c", "a@example.com\r\nBcc: b@example.com"])
def test_an_address_that_is_none_gets_no_test_mail(kanwa: Kanwa, workspace: Path, address: str) -> None:
    kanwa("template", "add", "nps-survey")
    kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com")
    ran = kanwa("send", "nps-survey", "--test", address, "--sink", "mail")
    assert ran.code in (1, 2)
    assert not Path("mail").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--now", "soon", "--sink", "mail"],
        ["--now", "1997-10-01"],
        ["--until", "1997-10-01"],
        ["--now", "1997-10-02", "--until", "1997-10-01", "--sink", "mail"],
        ["--now", "1997-13-01", "--sink", "mail"],
        ["--once", "--sink", "workspace.toml"],
        ["--threads", "0"],
    ],
)
def test_a_run_with_nonsense_does_nothing(kanwa: Kanwa, workspace: Path, words: list[str]) -> None:
    ran = kanwa("run", *words)
    assert ran.code == 2
    assert kanwa("status", "--json").data["last_tick"] is None
