"""Commands run as people run them: by words, in a workspace, through the one place that turns errors into sentences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli import main


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def kanwa(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """`kanwa(*words)` in an empty folder of its own, with its own state folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("KANWA_WORKSPACE", raising=False)
    monkeypatch.delenv("KANWA_DEBUG", raising=False)

    def run(*words: object) -> Ran:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to copy: faster than making its store again."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    assert main.run(["init", str(folder), "--name", "Shop"]) == 0
    return folder


@pytest.fixture
def workspace(kanwa: Run, made_workspace: Path) -> Path:
    """A workspace in the present folder."""
    shutil.copytree(made_workspace, Path.cwd(), dirs_exist_ok=True)
    # a copy sends nothing until somebody says that it is the one
    assert kanwa("store", "claim", "--due", "send").code == 0
    return Path.cwd()
