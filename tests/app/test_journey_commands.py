"""A journey from its file to its life, by command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import resources
from journeys.base.clock import SystemClock
from journeys.graph.content import hash_of
from journeys.graph.file import load, save
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.registry import kinds
from journeys.runtime.lease import Lease
from journeys.store.opening import open_store

Kanwa = Callable[..., Any]
SAMPLES = Path(resources.__file__).parent / "journeys"
AGREED = {"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "given"}


@pytest.fixture
def shop(kanwa: Kanwa, workspace: Path) -> Path:
    """A workspace with two contacts and a short journey: whoever agrees gets one mail and waits three days."""
    journey = Journey(JourneySettings.model_validate({"id": "hello", "name": "Hello"}))
    nodes = {
        "AGREEDAA": ("trigger", "Agreed", {"on": {"type": "event", "event": "consent.given"}, "only": AGREED}),
        "MAILAAAA": ("send", "Mail", {"template": "welcome-1", "purpose": "newsletter", "sender": "shop"}),
        "WAITAAAA": ("wait", "Three days", {"rule": {"type": "duration", "amount": 3, "unit": "days"}}),
        "DONEAAAA": ("exit", "Done", {"reason": "done"}),
    }
    for id_, (kind, title, settings) in nodes.items():
        journey.add_node(id_, kinds()[kind].model_validate(settings), title=title)
    journey.connect("AGREEDAA", "in", "MAILAAAA")
    journey.connect("MAILAAAA", "sent", "WAITAAAA")
    journey.connect("WAITAAAA", "done", "DONEAAAA")
    save(journey, workspace / "journeys" / "hello.journey")
    kanwa("template", "add", "welcome-1")
    kanwa("purpose", "add", "newsletter")
    kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com")
    (workspace / "people.csv").write_text("email\nanna@example.com\njan@example.com\n")
    assert kanwa("contacts", "import", "people.csv").code == 0
    return workspace


def agree(kanwa: Kanwa, at: str) -> None:
    Path("consents.csv").write_text(f"email,channel,purpose,given,at\nanna@example.com,email,newsletter,yes,{at}\n")
    assert kanwa("consent", "import", "consents.csv", "--loud").code == 0


def edited(file: Path, **settings: Any) -> None:
    """Change graph attributes in a journey file."""
    data = json.loads(file.read_text())
    data["graph"] |= settings
    file.write_text(json.dumps(data))


def test_a_sample_is_checked_without_any_workspace(kanwa: Kanwa) -> None:
    ran = kanwa("check", SAMPLES / "welcome.journey")
    assert (ran.code, ran.out) == (0, "Nothing is wrong with it.\n")
    assert "no catalogue was given" in ran.err


def test_check_finds_what_the_store_does_not_have(kanwa: Kanwa, workspace: Path) -> None:
    shutil.copy(SAMPLES / "welcome.journey", workspace / "journeys")
    ran = kanwa("check", "welcome", "--json")
    assert ran.code == 1
    assert {"unknown-template", "unknown-purpose", "unknown-sender", "unknown-tag"} <= {
        one["check"] for one in ran.data["problems"]
    }


def test_show_says_it_in_words(kanwa: Kanwa, shop: Path) -> None:
    assert kanwa("show", "hello").out.startswith("Hello\n")


def test_an_unknown_draft_names_the_nearest(kanwa: Kanwa, shop: Path) -> None:
    ran = kanwa("show", "helo")
    assert (ran.code, ran.err) == (
        2,
        f"There is no journey “helo” in {shop}/journeys. The nearest is “hello”.\n",
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"kanwa": 99}', b"\xff\xfe", b"null", b"[" * 5000])
def test_a_file_that_is_no_journey_is_one_sentence(kanwa: Kanwa, workspace: Path, content: bytes) -> None:
    (workspace / "journeys" / "odd.journey").write_bytes(content)
    for command in (["check", "odd"], ["show", "odd"], ["diff", "odd", "odd"], ["publish", "odd"]):
        ran = kanwa(*command)
        assert ran.code == 1
        assert "details are in" not in ran.err
    assert kanwa("journeys", "--json").data[0]["state"] == "unreadable"


def test_diff_says_what_differs(kanwa: Kanwa, shop: Path) -> None:
    shutil.copy(shop / "journeys/hello.journey", shop / "journeys/other.journey")
    assert kanwa("diff", "hello", "other").out == "They are the same.\n"
    edited(shop / "journeys/other.journey", name="Good day")
    assert "Good day" in kanwa("diff", "hello", "other").out


def test_publish_pause_resume(kanwa: Kanwa, shop: Path) -> None:
    assert kanwa("publish", "hello").out == "“Hello” is live as version 1.\n"
    [row] = kanwa("journeys", "--json").data
    assert (row["key"], row["state"], row["version"]) == ("hello", "live", 1)
    assert kanwa("publish", "hello").err == "“Hello” is already published just as it is, as version 1.\n"
    assert kanwa("resume", "hello").code == 1
    assert kanwa("pause", "hello").out == "“Hello” is paused.\n"
    assert kanwa("pause", "Hello").code == 1
    assert kanwa("resume", "hello").code == 0
    assert kanwa("diff", "hello").out == "They are the same.\n"


def test_a_published_draft_says_which_version_it_is_based_on(kanwa: Kanwa, shop: Path) -> None:
    file = shop / "journeys/hello.journey"
    before = load(file)
    assert before.settings.based_on is None
    assert kanwa("publish", "hello").code == 0
    after = load(file)
    assert len(after.settings.based_on or "") == 64
    assert hash_of(after) == hash_of(before)
    # and that alone is no change to publish
    assert "already published" in kanwa("publish", "hello").err


def test_a_changed_message_is_published_as_a_new_version(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello")
    body = shop / "messages/welcome-1/email.mjml"
    body.write_text(body.read_text().replace("</mj-text>", " Again.</mj-text>", 1))
    assert kanwa("publish", "hello").out == "“Hello” is live as version 2.\n"


def test_check_tells_programs_what_would_mend_it(kanwa: Kanwa, shop: Path) -> None:
    data = json.loads((shop / "journeys/hello.journey").read_text())
    data["nodes"].append({"id": "LASTAAAA", "kind": "exit", "title": "Lost", "settings": {"reason": "never"}})
    (shop / "journeys/hello.journey").write_text(json.dumps(data))
    [problem] = [one for one in kanwa("check", "hello", "--json").data["problems"] if one["check"] == "unreachable"]
    assert problem["fix"] == {"label": "Remove it", "act": "remove-node", "arguments": {"node": "LASTAAAA"}}


def test_a_journey_with_a_problem_that_blocks_needs_a_reason(kanwa: Kanwa, workspace: Path) -> None:
    shutil.copy(SAMPLES / "welcome.journey", workspace / "journeys")
    ran = kanwa("publish", "welcome")
    assert ran.code == 1
    first, *problems, last = ran.err.splitlines()
    assert first == "“Welcome series” has problems that keep it from being published:"
    assert "“Welcome”: There is no message “welcome-1”." in problems
    assert len(problems) == len(set(problems))
    assert last == "Mend them, or give a reason for publishing all the same."
    assert kanwa("journeys", "--json").data[0]["state"] == "draft"


def test_a_template_that_cannot_be_written_is_found_at_publishing(kanwa: Kanwa, shop: Path) -> None:
    body = shop / "messages/welcome-1/email.mjml"
    body.write_text(body.read_text().replace("</mj-text>", "{{ contact.shoe_size }}</mj-text>", 1))
    ran = kanwa("publish", "hello")
    assert ran.code == 1
    assert "shoe_size" in ran.err
    assert kanwa("template", "check", "welcome-1").code == 1


@pytest.mark.parametrize("command", ["pause", "resume", "enroll", "trace"])
def test_an_unpublished_journey_is_said_so(kanwa: Kanwa, shop: Path, command: str) -> None:
    words = {"enroll": ["hello", "--contact", "anna@example.com"], "trace": ["anna@example.com", "hello"]}
    ran = kanwa(command, *words.get(command, ["hello"]))
    assert ran.code in (1, 2)
    assert "is published" in ran.err


def test_nobody_is_put_by_hand_into_a_journey_without_a_list(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello")
    ran = kanwa("enroll", "hello", "--contact", "anna@example.com")
    assert ran.code == 1
    assert ran.err.startswith("Nobody can be put into “Hello” by hand")


def test_enroll_wants_to_know_whom(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello")
    assert kanwa("enroll", "hello").code == 2
    assert kanwa("enroll", "hello", "--contact", "a", "--segment", "b").code == 2
    assert kanwa("enroll", "hello", "--list", "no-such-file").code == 1


def test_a_list_trigger_takes_contacts_from_a_file(kanwa: Kanwa, shop: Path) -> None:
    file = shop / "journeys/hello.journey"
    data = json.loads(file.read_text())
    trigger = next(node for node in data["nodes"] if node["kind"] == "trigger")
    trigger["settings"] = {"on": {"type": "list"}}
    file.write_text(json.dumps(data))
    assert kanwa("publish", "hello").code == 0
    Path("list.txt").write_text("anna@example.com\njan@example.com\n\n")
    wrong = kanwa("enroll", "hello", "--contact", "jon@example.com", "--contact", "jan@example.com", "--contact", "joe")
    assert (wrong.code, wrong.err) == (2, "There are no contacts “jon@example.com”, “joe”. Nobody came in.\n")
    assert kanwa("enroll", "hello", "list.txt", "--list", "list.txt").code == 2
    ran = kanwa("enroll", "hello", "list.txt", "--json")
    assert (ran.code, ran.data["entered"]) == (0, 2)
    assert kanwa("enroll", "hello", "--list", "list.txt", "--json").data["entered"] == 0
    assert kanwa("enroll", "hello", "--contact", "anna@example.com", "--json").data["entered"] == 0


def test_a_week_on_a_clock_of_its_own(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello", "--now", "2026-09-07")
    agree(kanwa, "2026-09-07T10:00")
    ran = kanwa("run", "--now", "2026-09-07", "--until", "2026-09-14", "--sink", "mail", "--json")
    assert ran.code == 0
    assert (ran.data["entered"], ran.data["messages"]["sent"]) == (1, 1)
    assert [path.parent.name for path in sorted(Path("mail").rglob("*.eml"))] == ["2026-09-07"]
    rows = kanwa("messages", "--json").data
    assert [row["state"] for row in rows] == ["sent"]
    assert kanwa("messages", "--state", "held", "--json").data == []
    assert kanwa("messages", "--state", "hold").code == 2


def test_trace_says_why_and_why_not(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello", "--now", "2026-09-07")
    agree(kanwa, "2026-09-07T10:00")
    kanwa("run", "--now", "2026-09-07", "--until", "2026-09-09", "--sink", "mail")
    said = kanwa("trace", "anna@example.com", "hello").out
    assert said.startswith("Hello, version 1: active since 2026-09-07 10:00.")
    assert "Mail → sent" in said
    assert "not come in by" in kanwa("trace", "jan@example.com").out
    data = kanwa("trace", "anna@example.com", "--json").data
    assert data["passages"][0]["stays"][0]["title"] == "Agreed"


def test_status_shows_where_they_stand(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello", "--now", "2026-09-07")
    agree(kanwa, "2026-09-07T10:00")
    kanwa("run", "--now", "2026-09-07", "--until", "2026-09-09", "--sink", "mail")
    data = kanwa("status", "--json").data
    assert [(row["title"], row["contacts"]) for row in data["standing"]] == [("Three days", 1)]
    assert data["last_tick"] == "2026-09-09T00:00:00+02:00"


def test_a_clock_behind_the_last_run_does_nothing(kanwa: Kanwa, shop: Path) -> None:
    kanwa("run", "--now", "2026-09-09", "--sink", "mail")
    ran = kanwa("run", "--now", "2026-09-08", "--sink", "mail")
    assert ran.code == 1
    assert ran.err.startswith("The clock says 2026-09-08")


@pytest.mark.parametrize(
    "words", [["--now", "2026-09-09"], ["--now", "2026-09-09", "--until", "2026-09-10"], ["--once"]]
)
def test_a_store_that_is_run_is_not_run_beside_it(kanwa: Kanwa, shop: Path, words: list[str]) -> None:
    store = open_store(str(shop / "store.sqlite"))
    other = Lease(store, "server:1")
    other.take(SystemClock().now())
    ran = kanwa("run", *words, "--sink", "mail")
    assert (ran.code, kanwa("status", "--json").data["last_tick"]) == (1, None)
    assert ran.err.startswith("This store is already being run by server:1.")
    other.give_back()
    store.close()
    for _again in range(2):
        assert kanwa("run", *words, "--sink", "mail").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["publish", "hello"],
        ["enroll", "hello", "--contact", "anna@example.com"],
        ["pause", "hello"],
        ["resume", "hello"],
        ["stop", "hello"],
        ["archive", "hello"],
        ["migrate", "hello"],
    ],
    ids=lambda words: words[0],
)
def test_trap_17_a_store_with_a_real_account_goes_by_the_clock_of_its_computer(
    kanwa: Kanwa, shop: Path, words: list[str]
) -> None:
    assert kanwa("publish", "hello").code == 0
    kanwa("account", "add", "mail", "--host", "localhost", "--port", 1025, "--security", "plain")
    before = kanwa("journeys", "--json").data
    ran = kanwa(*words, "--now", "2030-01-01")
    assert (ran.code, ran.err) == (
        2,
        f"--now is not for the store {shop / 'store.sqlite'}: it has an account that sends real mail, and goes by the "
        "clock of this computer. Try it on a copy of the store without accounts, named with --store.\n",
    )
    assert kanwa("journeys", "--json").data == before


def test_nothing_is_done_before_the_last_run(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello", "--now", "2026-09-07")
    kanwa("run", "--now", "2026-09-07", "--until", "2026-09-09", "--sink", "mail")
    ran = kanwa("pause", "hello", "--now", "1999-01-01")
    assert (ran.code, ran.err) == (
        2,
        "--now 1999-01-01 is before 2026-09-09T00:00:00+02:00, up to which the store has already been run.\n",
    )
    assert kanwa("pause", "hello", "--now", "2026-09-09").code == 0


def test_a_run_into_the_future_says_what_it_leaves_behind(kanwa: Kanwa, shop: Path) -> None:
    past = kanwa("run", "--now", "2026-09-07", "--until", "2026-09-09", "--sink", "mail")
    assert "The way back" not in past.err
    ahead = kanwa("run", "--now", "2090-01-01", "--sink", "mail")
    assert (
        "This runs the store itself up to 2090-01-01 00:00, and nothing else will be done on it until then. The way back "
        "is a backup made before: kanwa store restore."
    ) in ahead.err
    assert "go back to a backup from before with kanwa store restore" in kanwa("run", "--once", "--sink", "mail").err


def test_a_run_says_how_many_came_to_the_end(kanwa: Kanwa, shop: Path) -> None:
    kanwa("publish", "hello", "--now", "2026-09-07")
    agree(kanwa, "2026-09-07T10:00")
    inside = kanwa("run", "--now", "2026-09-07", "--until", "2026-09-09", "--sink", "mail")
    assert "Came in: 1, left: 0," in inside.out
    ran = kanwa("run", "--now", "2026-09-09", "--until", "2026-09-14", "--sink", "mail")
    assert "left: 1," in ran.out


def test_trap_17_a_store_with_a_real_account_runs_on_a_copy(kanwa: Kanwa, shop: Path) -> None:
    kanwa("account", "add", "mail", "--host", "localhost", "--port", 1025, "--security", "plain")
    ran = kanwa("run", "--now", "2026-09-09", "--sink", "mail")
    assert ran.code == 0
    assert "this runs on a copy of it, mail/store.sqlite" in ran.err
    assert kanwa("status", "--json").data["last_tick"] is None
    assert kanwa("run", "--now", "2026-09-09", "--sink", "mail").code == 2


def test_trap_17_a_sink_takes_no_mail_out_of_a_store_with_a_real_account(kanwa: Kanwa, shop: Path) -> None:
    """What a sink swallowed would count as sent, and nobody would get it."""
    assert kanwa("publish", "hello").code == 0
    agree(kanwa, datetime.now(UTC).isoformat())
    kanwa("account", "add", "mail", "--host", "localhost", "--port", 1025, "--security", "plain")
    ran = kanwa("run", "--once", "--sink", "mail", "--json")
    assert (ran.code, ran.data["messages"]) == (0, {"sent": 1})
    assert "this runs on a copy of it, mail/store.sqlite" in ran.err
    assert kanwa("messages", "--json").data == []
    assert kanwa("status", "--json").data["last_tick"] is None


def test_run_once_needs_a_way_out(kanwa: Kanwa, shop: Path) -> None:
    ran = kanwa("run", "--once")
    assert ran.code == 1
    assert ran.err.startswith("There is no account to send by.")
    assert kanwa("run", "--once", "--sink", "mail").code == 0


def test_a_key_that_does_not_exist_is_told_with_the_nearest_as_an_edit(kanwa: Kanwa, shop: Path) -> None:
    file = shop / "journeys" / "hello.journey"
    file.write_text(file.read_text().replace('"welcome-1"', '"welcom-1"'))
    assert "To mend it: Use “welcome-1”." in kanwa("check", "hello").out
    [problem] = [
        one for one in kanwa("check", "hello", "--json").data["problems"] if one["check"] == "unknown-template"
    ]
    fix = {"label": "Use “welcome-1”", "act": "set", "arguments": {"field": "template", "value": "welcome-1"}}
    assert (problem["field"], problem["fix"]) == ("template", fix)
