"""The README's walk through one's own customers, run as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from journeys.channels.sink_server import Received, SinkServer

Kanwa = Callable[..., Any]

ROOT = Path(__file__).parents[2]


def commands() -> list[list[str]]:
    """The words of each line of the block, without remarks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Your own customers\n+```\n(.+?)```", text, re.DOTALL)
    assert block is not None
    return [words for line in block[1].splitlines() if (words := shlex.split(line, comments=True))]


def own_files(folder: Path) -> None:
    """What the reader brings."""
    (folder / "customers.csv").write_text(
        "E-mail;Imię;Nazwisko\r\nanna@example.com;Anna;Żółć\r\n", encoding="cp1250", newline=""
    )
    book = Workbook()
    assert book.active is not None
    book.active.append(["order_id", "at", "email", "product", "quantity", "amount"])
    book.active.append(["1", "2026-11-02 10:00", "anna@example.com", "tea", 2, "12,50"])
    book.save(folder / "orders.xlsx")
    rows = "email,channel,purpose,given,at\nanna@example.com,email,newsletter,{},2026-11-0{}\n"
    (folder / "consents.csv").write_text(rows.format("no", 1), encoding="utf-8")
    (folder / "new-consents.csv").write_text(rows.format("yes", 2), encoding="utf-8")


def test_every_command_for_ones_own_customers_works_as_it_stands(
    kanwa: Kanwa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KANWA_KEYRING_KEY", "a passphrase")
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(tmp_path / "keyring.cfg"))
    monkeypatch.setattr("app.cli.senders.asked_secret", lambda prompt, *, from_stdin: "geheim")  # typed
    shutil.copytree(ROOT / "resources" / "journeys", Path("resources") / "journeys")
    mails: list[Received] = []
    with SinkServer(mails.append, logins={"me@example.com": "geheim"}) as server:
        ours = {"mail.example.com": server.host, "587": str(server.port), "starttls": "plain"}
        for words in commands():
            if words[0] == "cd":
                os.chdir(words[1])
                own_files(Path.cwd())
            elif words[0] == "cp":
                shutil.copy(words[1], words[2])
            else:
                assert words[:3] == ["uv", "run", "kanwa"]
                once = ["--once"] if words[3:] == ["run"] else []
                ran = kanwa(*(ours.get(word, word) for word in words[3:]), *once)
                assert (ran.code, ran.err) == (0, ""), words
    assert [mail.to for mail in mails][:1] == [("me@example.com",)]
    assert "Welcome series" in ran.out
