"""A journey that runs is edited, migrated, stopped and put away, by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeys.graph.file import load
from journeys.messages import template as templates

Kanwa = Callable[..., Any]
WAIT = "WAITAAAA"


@pytest.fixture
def inside(kanwa: Kanwa, workspace: Path) -> Path:
    """The file of a journey in whose wait one contact stands."""
    kanwa("purpose", "add", "newsletter")
    kanwa("sender", "add", "shop", "--name", "Shop", "--address", "shop@example.com")
    kanwa("template", "add", "welcome-1")
    (workspace / "people.csv").write_text("email\nanna@example.com\njan@example.com\n")
    assert kanwa("contacts", "import", "people.csv").code == 0
    file = workspace / "journeys" / "hello.journey"
    nodes = [
        ("LISTAAAA", "trigger", "By hand", {"on": {"type": "list"}}),
        (WAIT, "wait", "Three days", {"rule": {"type": "duration", "amount": 3, "unit": "days"}}),
        ("MAILAAAA", "send", "Mail", {"template": "welcome-1", "message_class": "service", "sender": "shop"}),
        ("DONEAAAA", "exit", "Done", {"reason": "done"}),
    ]
    edges = [("LISTAAAA", "in", WAIT), (WAIT, "done", "MAILAAAA"), ("MAILAAAA", "sent", "DONEAAAA")]
    write(file, nodes, edges)
    assert kanwa("publish", "hello", "--now", "2026-09-07").code == 0
    assert kanwa("enroll", "hello", "--contact", "anna@example.com", "--now", "2026-09-07").code == 0
    assert kanwa("run", "--now", "2026-09-07", "--sink", "mail").code == 0
    return file


def write(file: Path, nodes: Any, edges: Any) -> None:
    document = {
        "kanwa": 1,
        "directed": True,
        "multigraph": True,
        "graph": {"id": "hello", "name": "Hello"},
        "nodes": [{"id": id_, "kind": kind, "title": title, "settings": made} for id_, kind, title, made in nodes],
        "edges": [{"source": source, "key": outlet, "target": target} for source, outlet, target in edges],
    }
    file.write_text(json.dumps(document))


def edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def longer(data: dict[str, Any]) -> None:
    next(node for node in data["nodes"] if node["id"] == WAIT)["settings"]["rule"]["amount"] = 5


def without_wait(data: dict[str, Any]) -> None:
    data["nodes"] = [node for node in data["nodes"] if node["id"] != WAIT]
    data["edges"] = [edge for edge in data["edges"] if WAIT not in (edge["source"], edge["target"])]
    data["edges"].append({"source": "LISTAAAA", "key": "in", "target": "MAILAAAA"})


def test_migrate_takes_along_and_says_how_many(kanwa: Kanwa, inside: Path) -> None:
    edit(inside, longer)
    assert kanwa("publish", "hello", "--now", "2026-09-08").code == 0
    dry = kanwa("migrate", "hello", "--dry-run")
    assert dry.out.splitlines()[1].split("\t") == [
        "1", WAIT, "Three days", "1",
        "They move along to the changed node. The time already waited counts: the new setting holds from when they came.",
    ]  # fmt: skip
    ran = kanwa("migrate", "hello", "--now", "2026-09-08")
    assert ran.out == ("Moved along to version 2: 1; moved to another node: 0; left: 0; finish on their version: 0.\n")
    assert kanwa("migrate", "hello", "--dry-run").out == "Nobody stands on another version than 2.\n"
    kanwa("run", "--now", "2026-09-08T12:00", "--sink", "mail")
    said = kanwa("trace", "anna@example.com", "hello").out
    assert "The journey was edited, and the passage went on in its other version." in said


def test_publish_with_choices_takes_along_in_one_go(kanwa: Kanwa, inside: Path, workspace: Path) -> None:
    edit(inside, without_wait)
    choices = workspace / "choices.json"
    choices.write_text(json.dumps({"nodes": {WAIT: {"move": "MAILAAAA"}}}))
    dry = kanwa("publish", "hello", "--choices", choices, "--dry-run", "--json").data
    assert [(one["title"], one["fate"], one["target"]) for one in dry["standing"]] == [
        ("Three days", "move", "MAILAAAA")
    ]
    ran = kanwa("publish", "hello", "--choices", choices, "--now", "2026-09-08", "--json")
    assert (ran.code, ran.data["version"], ran.data["migrated"]["moved"]) == (0, 2, 1)


def test_choices_that_do_not_fit_keep_it_from_being_published(kanwa: Kanwa, inside: Path, workspace: Path) -> None:
    edit(inside, without_wait)
    choices = workspace / "choices.json"
    choices.write_text(json.dumps({"nodes": {WAIT: {"move": WAIT}}}))
    ran = kanwa("publish", "hello", "--choices", choices)
    assert ran.code == 1
    assert ran.err.startswith(
        "The choices do not fit the journey.\nVersion 2 has no node WAITAAAA to which anybody could move."
    )
    assert kanwa("journeys", "--json").data[0]["version"] == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read"),
        ('{"nodes": {"WAITAAAA": "stay"}}', 'A choice is "finish", "exit" or {"move": "the id of a node"}.'),
        ('{"nodes": {"wait": "exit"}}', "“wait” is no id of a node."),
        ('{"others": "leave"}', "others: “leave” is not known here. It is one of: “finish”, “exit”."),
        ('{"node": {}}', "node: There is no such setting."),
    ],
)
def test_a_file_of_choices_with_a_mistake_is_said_so(
    kanwa: Kanwa, inside: Path, workspace: Path, text: str, sentence: str
) -> None:
    (workspace / "choices.json").write_text(text)
    ran = kanwa("migrate", "hello", "--choices", workspace / "choices.json")
    assert ran.code in (1, 2)
    assert sentence in ran.err


def test_a_missing_file_of_choices_is_said_so(kanwa: Kanwa, inside: Path) -> None:
    ran = kanwa("migrate", "hello", "--choices", "no-such.json")
    assert (ran.code, ran.err) == (2, "The choices in no-such.json cannot be read: No such file or directory.\n")


def test_a_stale_draft_is_refused_and_published_over_on_purpose(kanwa: Kanwa, inside: Path, workspace: Path) -> None:
    before = inside.read_text()
    edit(inside, longer)
    assert kanwa("publish", "hello").code == 0
    inside.write_text(before)
    edit(inside, lambda data: data["graph"].update(name="Good day"))
    ran = kanwa("publish", "hello")
    assert ran.code == 1
    assert "3 days" in ran.err
    assert "5 days" in ran.err
    assert kanwa("publish", "hello", "--over").code == 0


def test_a_version_is_fetched_into_the_workspace(kanwa: Kanwa, inside: Path, workspace: Path) -> None:
    template = templates.load(workspace / "messages/welcome-1")
    draft = load(inside)
    inside.unlink()
    for file in (workspace / "messages/welcome-1").iterdir():
        file.unlink()
    (workspace / "messages/welcome-1").rmdir()
    ran = kanwa("fetch", "hello")
    assert (ran.code, ran.out) == (0, f"“Hello”, version 1, is in {inside}.\n")
    assert load(inside).settings == draft.settings
    assert templates.load(workspace / "messages/welcome-1") == template
    assert "already published" in kanwa("publish", "hello").err


def test_a_changed_draft_is_not_overwritten_without_being_told(kanwa: Kanwa, inside: Path, workspace: Path) -> None:
    assert kanwa("fetch", "hello").code == 0
    edit(inside, longer)
    body = workspace / "messages/welcome-1/email.mjml"
    body.write_text(body.read_text() + "\n")
    changed = inside.read_text()
    ran = kanwa("fetch", "hello")
    assert ran.code == 1
    assert ran.err.splitlines()[1:3] == [str(inside), f"{body.parent}, the message “welcome-1”"]
    assert inside.read_text() == changed
    assert kanwa("fetch", "hello", "--over").code == 0
    assert kanwa("diff", "hello").out == "They are the same.\n"


def test_an_older_version_is_fetched_and_can_be_published_on_purpose(kanwa: Kanwa, inside: Path) -> None:
    edit(inside, longer)
    assert kanwa("publish", "hello").code == 0
    assert kanwa("fetch", "hello", "--version", 1).code == 0
    assert kanwa("publish", "hello").code == 1
    assert kanwa("publish", "hello", "--over", "--json").data["version"] == 3
    assert kanwa("fetch", "hello", "--version", 9).err == "“Hello” has no version 9.\n"


def test_stop_archive_and_live_again(kanwa: Kanwa, inside: Path) -> None:
    assert kanwa("archive", "hello").err == "“Hello” is live. Stop it first, then archive it.\n"
    assert kanwa("stop", "hello").out == "“Hello” is stopped. 1 contact is inside and finishes.\n"
    assert kanwa("archive", "hello").code == 1
    assert kanwa("stop", "hello", "--inside", "leave").out == "“Hello” is stopped. 1 contact left it.\n"
    assert kanwa("archive", "hello").out == "“Hello” is archived.\n"
    assert kanwa("journeys", "--json").data == []
    (row,) = kanwa("journeys", "--archived", "--json").data
    assert (row["state"], row["entered"], row["inside"], row["exited"]) == ("archived", 1, 0, 1)
    assert kanwa("publish", "hello").code == 1
    assert kanwa("publish", "hello", "--again").out == "“Hello” is live as version 2.\n"


def test_resume_shows_who_would_have_come_in_and_lets_them_in_when_told(kanwa: Kanwa, inside: Path) -> None:
    assert kanwa("pause", "hello", "--now", "2026-09-08").code == 0
    kanwa("enroll", "hello", "--contact", "jan@example.com", "--now", "2026-09-08T10:00")
    dry = kanwa("resume", "hello", "--dry-run", "--json", "--now", "2026-09-11").data
    assert (dry["due"], dry["would_have_entered"]) == (1, 1)
    assert [(one["email"], one["title"]) for one in dry["missed"]] == [("jan@example.com", "By hand")]
    assert "jan@example.com" in kanwa("resume", "hello", "--dry-run").out
    ran = kanwa("resume", "hello", "--let-in", "--now", "2026-09-11", "--json")
    assert (ran.code, ran.data["entered"], ran.data["would_have_entered"]) == (0, 1, 1)
    assert kanwa("journeys", "--json").data[0]["inside"] == 2


def test_a_published_paused_journey_is_not_said_to_be_live(kanwa: Kanwa, inside: Path) -> None:
    kanwa("pause", "hello")
    edit(inside, longer)
    assert kanwa("publish", "hello").out == "“Hello” is published as version 2, and paused.\n"
