"""A kind of node from a distribution of its own: used like any other where it is installed, kept whole where it is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from journeys.graph.file import load, write_journey
from tests.engine.conftest import build

#: a score of commands as processes of their own
pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "data" / "plugin"
CODE = "import sys; from app.cli.main import run; sys.exit(run())"

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plug-in as an installer leaves it: its package, and what its pyproject.toml says as metadata."""
    target = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PLUGIN / "src" / "kanwa_weekday", target / "kanwa_weekday")
    info = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    return target


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with a contact, and a journey in which a node of the plug-in decides."""
    folder = tmp_path / "shop"
    _run(tmp_path, None, "init", folder)
    (folder / "people.csv").write_text("email\nanna@example.com\n", encoding="utf-8")
    _run(folder, None, "contacts", "import", "people.csv")
    journey = build(
        {
            "in": ("trigger", {"on": {"type": "list"}}),
            "day": ("condition", {"criterion": {"all": []}}),
            "work": ("exit", {"reason": "workday"}),
            "free": ("exit", {"reason": "weekend"}),
        },
        [("in", "in", "day"), ("day", "yes", "work"), ("day", "no", "free")],
    )
    # every day is one of the weekend: the test runs on any
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    data = json.loads(write_journey(journey))
    for node in data["nodes"]:
        if node["kind"] == "condition":
            node |= {"kind": "weekday", "settings": {"weekend": days}}
    for edge in data["edges"]:
        edge["key"] = {"yes": "workday", "no": "weekend"}.get(edge["key"], edge["key"])
    (folder / "journeys" / "test.journey").write_text(json.dumps(data), encoding="utf-8")
    return folder


def _run(folder: Path, site: Path | None, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    path = [str(ROOT), *([str(site)] if site else [])]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *map(str, words)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path), "XDG_STATE_HOME": str(folder / ".state")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_a_journey_with_it_is_checked_shown_published_and_run(shop: Path, installed: Path) -> None:
    assert json.loads(_run(shop, installed, "check", "test", "--json").stdout)["problems"] == []
    assert "whether it is Monday or Tuesday" in _run(shop, installed, "show", "test").stdout
    _run(shop, installed, "publish", "test")
    _run(shop, installed, "enroll", "test", "--contact", "anna@example.com")
    _run(shop, installed, "run", "--once", "--sink", "mail")
    traced = _run(shop, installed, "trace", "anna@example.com").stdout
    assert "→ weekend" in traced


def test_without_it_the_file_is_kept_as_it_is_and_not_published(shop: Path, installed: Path) -> None:
    file = shop / "journeys" / "test.journey"
    before = file.read_text(encoding="utf-8")
    found = json.loads(_run(shop, None, "check", "test", "--json", code=1).stdout)["problems"]
    assert "unknown-kind" in [problem["check"] for problem in found]
    refused = _run(shop, None, "publish", "test", "--reason", "all the same", code=1)
    assert "weekday" in refused.stderr
    # read and written again by a program that does not know the kind
    again = write_journey(load(file))
    assert {node["id"]: node for node in json.loads(again)["nodes"]} == {
        node["id"]: node for node in json.loads(before)["nodes"]
    }
    file.write_text(again, encoding="utf-8")
    _run(shop, installed, "publish", "test")


@pytest.mark.postgres
def test_it_keeps_to_the_contract_of_every_kind(installed: Path, postgres_server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/nodes/test_kinds.py", "-q", "-p", "no:cacheprovider",
         "-k", "weekday or every_registered_kind"],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)]),
            "KANWA_TEST_EXAMPLES": str(PLUGIN / "examples.json"),
            "KANWA_TEST_POSTGRES": postgres_server,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "29 passed" in done.stdout


def test_its_form_is_made_and_filled_like_every_other(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/widgets/form/test_all_kinds.py", "-q", "-p", "no:cacheprovider",
         "-k", "weekday", "-n", "0"],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)]), "KANWA_TEST_EXAMPLES": str(PLUGIN / "examples.json")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
