"""What every command promises: codes, sentences, JSON, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import resources
from app.cli import main
from app.cli.main import app
from app.log import redacted

Kanwa = Callable[..., Any]


def _leaves(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        below = (*path, name)
        found += _leaves(command, below) if hasattr(command, "commands") else [below]
    return found


COMMANDS = _leaves(typer.main.get_command(app))


def test_the_commands_of_the_issue_are_there() -> None:
    expected = """
        init / store upgrade / store backup / store restore / store claim / store login / contacts import / events import / purchases import
        products import / offers import / contracts import / consent import / consent show / imports list
        attribute add / tag add / purpose add / programme add / survey add / funnel add / segment add / segment count
        sender add / account add / policy set / check / show / diff / publish / pause / resume / enroll / run / send
        template list / template add / journeys / status / trace / messages
    """
    wanted = {tuple(one.split()) for line in expected.strip().splitlines() for one in line.split("/")}
    assert wanted <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(kanwa: Kanwa, command: tuple[str, ...]) -> None:
    ran = kanwa(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "Usage: kanwa" in ran.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_refuses_nonsense_with_code_2_and_no_traceback(kanwa: Kanwa, command: tuple[str, ...]) -> None:
    ran = kanwa(*command, "--no-such-option")
    assert ran.code == 2
    assert ran.err.startswith("There is no option --no-such-option.")
    assert f"See kanwa {' '.join(command)} --help." in ran.err


def test_an_unknown_command_names_the_nearest(kanwa: Kanwa) -> None:
    ran = kanwa("contact")
    assert ran.code == 2
    assert ran.err.startswith("There is no command “contact”. The nearest is “contacts”.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["publish"], "JOURNEY is missing."),
        (["publish", "a", "b"], "This is more than the command takes: b"),
        (["publish", "a", "--reson", "x"], "There is no option --reson. The nearest is “--reason”."),
        (["publish", "a", "--reason"], "The option --reason needs a value."),
        (["stop", "a", "--inside", "perhaps"], "--inside is one of: 'finish', 'leave'."),
        (["policy", "sett"], "There is no command “sett”. The nearest is “set”."),
    ],
)
def test_wrong_words_are_told_in_our_own(kanwa: Kanwa, words: list[str], sentence: str) -> None:
    ran = kanwa(*words)
    assert ran.code == 2
    assert ran.err.startswith(sentence)


def test_the_help_says_that_kanwa_alone_opens_the_window(kanwa: Kanwa) -> None:
    ran = kanwa("--help")
    assert ran.code == 0
    assert "Without a command: opens the window." in " ".join(ran.out.split())


def test_no_workspace_is_one_sentence_and_code_2(kanwa: Kanwa) -> None:
    ran = kanwa("status")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"There is no workspace in {Path.cwd()} or above it. Make one with kanwa init, or name one with --workspace.\n"
    )


def test_a_workspace_without_its_store_says_so_with_code_1(kanwa: Kanwa, workspace: Path) -> None:
    (workspace / "store.sqlite").unlink()
    ran = kanwa("status")
    assert ran.code == 1
    assert (
        ran.err == f"There is no store at {workspace}/store.sqlite. Make one with kanwa init, or look at the address.\n"
    )


@pytest.mark.parametrize("content", [b"rubbish that is no database", b"{}"])
def test_a_store_that_is_none_is_left_as_it_is(kanwa: Kanwa, workspace: Path, content: bytes) -> None:
    for file in workspace.glob("store.sqlite*"):
        file.unlink()
    (workspace / "store.sqlite").write_bytes(content)
    ran = kanwa("status")
    assert ran.code == 1
    assert "is not a store of Kanwa" in ran.err
    assert (workspace / "store.sqlite").read_bytes() == content


def test_a_password_in_an_address_is_refused_and_makes_nothing(kanwa: Kanwa) -> None:
    ran = kanwa("init", "shop", "--store", "postgresql://anna:geheim@localhost/shop")
    assert ran.code == 2
    assert "geheim" not in ran.err
    assert not Path("shop").exists()


def test_a_server_that_is_not_there_makes_no_workspace(kanwa: Kanwa) -> None:
    ran = kanwa("init", "shop", "--store", "postgresql://anna@127.0.0.1:1/shop")
    assert ran.code == 1
    assert "does not answer" in ran.err
    assert not Path("shop").exists()


def test_an_unexpected_error_is_a_sentence_and_a_log_without_addresses(
    kanwa: Kanwa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_words: object) -> None:
        raise RuntimeError("anna@example.com has +48 600 100 200")

    monkeypatch.setattr("app.workspace.locate", broken)
    ran = kanwa("status")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "The details are in " in ran.err
    log = Path(ran.err.rpartition(" in ")[2].strip().removesuffix("."))
    text = log.read_text()
    assert "RuntimeError" in text
    assert "Traceback" in text
    assert "anna" not in text
    assert "600 100" not in text
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trace", "\udcff"], 2, "The command line holds signs that are no text."),
        (["messages", "--limit", "9" * 30], 2, "--limit cannot be that: "),
        (["imports", "undo", "9" * 30], 2, "ID cannot be that: "),
        (["status", "--workspace", "a" * 300], 1, "cannot be used: File name too long."),
        (["init", "a" * 300], 1, "cannot be used: File name too long."),
        (["check", "a" * 300], 2, "There is no journey"),
    ],
    ids=str,
)
def test_words_that_no_store_or_disk_takes_are_a_sentence(
    kanwa: Kanwa, workspace: Path, words: list[str], code: int, said: str
) -> None:
    ran = kanwa(*words)
    assert ran.code == code
    assert said in ran.err
    assert "details are in" not in ran.err


def test_ctrl_c_is_a_sentence_and_code_130(kanwa: Kanwa, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.workspace.locate", interrupted)
    ran = kanwa("status")
    assert ran.code == 130
    assert ran.err == "Stopped. What was done before stands.\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("to anna.nowak@example.com now", "to •••@example.com now"),
        ("call +48 600-100-200", "call +•••"),
        ("postgresql://anna:geheim@host/base", "postgresql://anna:•••@host/base"),
        ("nothing personal: 2026-11-22 10:00", "nothing personal: 2026-11-22 10:00"),
    ],
)
def test_logs_keep_no_addresses(text: str, kept: str) -> None:
    assert redacted(text) == kept


# --- as a process ---------------------------------------------------------------------------------------------------


def _command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", "import sys; from app.cli.main import run; sys.exit(run())", *words]
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2]), "PYTHONWARNINGS": "error"}
    return subprocess.run(line, capture_output=True, text=True, env=environ, check=False, timeout=60, **options)


def test_a_process_ends_with_the_code_and_sentence_of_its_command(tmp_path: Path) -> None:
    ran = _command("status", cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("There is no workspace in")


def test_a_console_of_another_alphabet_gets_an_answer_all_the_same(tmp_path: Path) -> None:
    line = [sys.executable, "-c", "import sys; from app.cli.main import run; sys.exit(run())", "show"]
    sample = Path(resources.__file__).parent / "journeys/welcome.journey"
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2]), "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run([*line, str(sample)], capture_output=True, text=True, cwd=tmp_path, env=environ, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u2192" in ran.stdout


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    line = f"'{sys.executable}' -c 'import sys; from app.cli.main import run; sys.exit(run())' --help | true"
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2])}
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=tmp_path, env=environ, check=False)
    assert ran.stderr == ""


def test_help_imports_no_database_and_no_window(tmp_path: Path) -> None:
    code = (
        "import sys; from app.cli.main import run; run(['--help']);"
        "heavy = {'sqlalchemy', 'pydantic', 'networkx', 'jinja2', 'keyring', 'PySide6', 'rich', 'phonenumbers'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, cwd=tmp_path, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_run_is_stopped_by_a_signal_and_gives_its_place_back(kanwa: Kanwa, workspace: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    line = [sys.executable, "-c", "import sys; from app.cli.main import run; sys.exit(run())", "run", "--sink", "mail"]
    process = subprocess.Popen(line, cwd=workspace, env=environ, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "Running. Stop it with Ctrl-C.\n"
    deadline = time.monotonic() + 120
    while kanwa("status", "--json").data["run_by"] is None and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0
    process.stderr.close()
    assert kanwa("status", "--json").data["run_by"] is None


@pytest.mark.parametrize("named", ["", " "])
def test_an_empty_store_is_not_the_workspaces(kanwa: Kanwa, workspace: Path, named: str) -> None:
    ran = kanwa("journeys", "--store", named)
    assert ran.code == 2
    assert "is not the address of a store" in ran.err
