"""What a window decides, tested without one: memory, names of files, the outline, finding, the palette, the display."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import resources
from app.desktop import files, system
from app.desktop.areas import following
from app.desktop.find import matches
from app.desktop.home import listed
from app.desktop.leading import leads, matching
from app.desktop.memory import MOST_RECENT, Memory
from app.desktop.outline import branches, say
from app.desktop.palette import rows
from app.desktop.system import DisplayRefused, NoDisplay, NoLibrary, NoUnknownLibrary
from app.desktop.top_bar import initial
from journeys.graph.file import load
from journeys.graph.fits import Spot
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames

SAMPLES = Path(resources.__file__).parent / "journeys"


@pytest.fixture
def nps() -> Journey:
    return load(SAMPLES / "nps-after-purchase.journey")


def titled(journey: Journey, title: str) -> str:
    return next(node for node in journey.node_ids() if journey.title(node) == title)


# memory


def test_what_is_remembered_is_there_at_the_next_start(tmp_path: Path):
    Memory(tmp_path / "m.json").put("theme", "dark")
    assert Memory(tmp_path / "m.json").get("theme", "system") == "dark"


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"width": true}', '{"width": "wide"}'])
def test_a_memory_that_is_broken_is_none(tmp_path: Path, text: str):
    (tmp_path / "m.json").write_text(text, "utf-8")
    assert Memory(tmp_path / "m.json").get("width", 312) == 312


def test_the_latest_file_is_the_first_of_the_recent_ones(tmp_path: Path):
    memory = Memory(tmp_path / "m.json")
    for n in range(MOST_RECENT + 3):
        memory.opened(tmp_path / f"{n}.journey")
    memory.opened(tmp_path / "5.journey")
    assert [file.stem for file in memory.recent[:3]] == ["5", "14", "13"]
    assert len(memory.recent) == MOST_RECENT


def test_a_memory_that_cannot_be_written_costs_nothing_else(tmp_path: Path):
    memory = Memory(tmp_path / "no" / "such" / "folder" / "m.json")
    memory.put("a", 1)
    assert memory.get("a", 0) == 1


# files


def test_a_new_journey_has_a_key_of_its_own():
    keys = {files.key_for("Żółta kartka!") for _n in range(50)}
    assert len(keys) == 50
    assert all(key.startswith("zolta-kartka-") for key in keys)
    assert files.key_for("日本").startswith("journey-") or files.key_for("日本")


def test_file_names_hold_on_every_system():
    assert files.file_name('NPS: "a/b" <c>?') == "NPS a b c.journey"
    assert files.file_name("...") == "journey.journey"


def test_a_name_that_is_taken_is_numbered(tmp_path: Path):
    (tmp_path / "Welcome.journey").touch()
    assert files.free_name(tmp_path, "Welcome").name == "Welcome 2.journey"


def test_a_journey_from_a_template_is_another_journey():
    template = next(one for one in files.templates() if one.file.stem == "nps-after-purchase")
    begun = template.begun()
    assert begun.settings.id != template.journey.settings.id
    assert begun.node_ids() == template.journey.node_ids()
    assert template.steps == 22


def test_a_file_that_nobody_may_write_is_known_by_its_mode(tmp_path: Path):
    file = tmp_path / "a.journey"
    file.touch()
    assert not files.is_read_only(file)
    file.chmod(0o444)
    assert files.is_read_only(file)
    assert not files.is_read_only(tmp_path / "gone.journey")


def test_home_lists_files_that_are_there_once(tmp_path: Path):
    there, draft = tmp_path / "a.journey", tmp_path / "b.journey"
    there.touch()
    draft.touch()
    found = listed([tmp_path / "gone.journey", draft, there], [draft])
    assert [(one.name, one.own) for one in found] == [("b", True), ("a", False)]


# the outline


def test_the_outline_holds_every_node_once_and_points_to_it_elsewhere(nps: Journey):
    seen, pointers = [], 0
    waiting = branches(nps)
    while waiting:
        branch = waiting.pop()
        waiting += branch.below
        if branch.is_pointer:
            pointers += 1
        else:
            seen.append(branch.node)
    assert sorted(seen) == sorted(nps.node_ids())
    assert pointers > 5


def test_a_node_is_said_with_where_it_leads(nps: Journey):
    said = say(nps, titled(nps, "Let it arrive"), JourneyNames(nps))
    assert said == "Let it arrive, Wait: 3 days, then until 9:00 in the contact's time. Leads to Ask." or said.endswith(
        "Leads to Ask."
    )
    said = say(nps, titled(nps, "Listen"), JourneyNames(nps))
    assert "answered leads to Which answer." in said
    assert "leads to Remind once." in said


def test_a_deep_journey_has_an_outline_too():
    from journeys.nodes.repeat import Repeat

    journey = files.new_journey("Deep")
    nodes = []
    for _n in range(3000):
        node = journey.new_id()
        journey.add_node(node, Repeat(at_most=1, at_least_days=1))
        if nodes:
            journey.connect(nodes[-1], "enough", node)
        nodes.append(node)
    assert branches(journey)


# finding, leading, palette


def test_what_is_called_so_is_found_before_what_says_so(nps: Journey):
    found = matches(nps, "reward", JourneyNames(nps))
    assert [nps.title(node) for node in found[:2]] == ["Reward", "Rewarded"]
    assert matches(nps, "", JourneyNames(nps)) == []
    assert matches(nps, "no such thing", JourneyNames(nps)) == []


def test_an_outlet_may_lead_to_all_but_triggers_and_itself(nps: Journey):
    chosen: list[tuple[str, str]] = []
    node = titled(nps, "Remind once")
    found = leads(nps, node, lambda outlet, target: chosen.append((outlet, target)))
    names = [one.text for one in found]
    assert "again → Bought something" not in names
    assert "again → Remind once" not in names
    (first, *_rest) = matching(found, "again rest")
    assert first.text == "again → Rest"
    first.call()
    assert chosen == [("again", titled(nps, "Rest"))]


def test_the_palette_shows_what_people_need_and_finds_all_else():
    spot = Spot(files.new_journey("x"), date(2026, 11, 25))
    usual = [row.preset.id for row in rows("", spot) if row.preset is not None]
    assert {"event", "nps", "email", "goal"} <= set(usual) or len(usual) > 15
    assert rows("", spot)[0].preset is None
    assert [row.preset.name for row in rows("birthday", spot) if row.preset is not None] == ["Birthday"]


def test_f6_goes_round():
    assert [following(5, at, 1) for at in (None, 0, 4)] == [0, 1, 0]
    assert [following(5, at, -1) for at in (None, 0, 4)] == [4, 4, 3]


def test_the_mark_of_a_workspace_is_its_first_letter():
    assert [initial(name) for name in ("bosco", "  – łódź", "")] == ["B", "Ł", "K"]


# whether there can be a window


def test_without_a_display_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(NoDisplay, match="neither DISPLAY nor WAYLAND_DISPLAY"):
        system.require_display({})
    with pytest.raises(DisplayRefused, match=":7777"):
        system.require_display({"DISPLAY": ":7777"})
    system.require_display({"QT_QPA_PLATFORM": "offscreen"})


def test_a_missing_library_names_the_package_to_install():
    said = str(system._lacks("libEGL.so.1: cannot open shared object file: No such file or directory"))
    assert "libEGL.so.1" in said
    assert "apt-get install libegl1" in said
    assert isinstance(system._lacks("libxcb-cursor.so.0: cannot open shared object file"), NoLibrary)
    assert isinstance(system._lacks("libstrange.so.9: cannot open"), NoUnknownLibrary)


@pytest.mark.parametrize(
    "words", [["run", "--help"], ["demo", "--headless", "--help"], ["check", "--help"], ["--version"]]
)
def test_commands_without_a_window_import_no_qt(words: list[str]):
    code = (
        "import sys, json\nfrom app.cli.main import run\n"
        f"run({words!r})\n"
        "import app.demo.headless, journeys.runtime.timer\n"
        "print(json.dumps([name for name in sys.modules if name.startswith(('PySide6', 'qtawesome'))]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.splitlines()[-1]) == []


def test_the_first_frame_is_painted_before_what_journeys_are_made_of_is_loaded(tmp_path: Path):
    code = (
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from app.cli.main import run\n"
        "from app.desktop.memory import Memory\n"
        "from app.desktop.start import make_application, make_desktop\n"
        "app = make_application()\n"
        "window = make_desktop(app, None, memory=Memory(Path(sys.argv[1]))).new_window()\n"
        "app.processEvents()\n"
        "heavy = {'sqlalchemy', 'networkx', 'pydantic', 'jinja2', 'babel', 'httpx', 'email.message'}\n"
        "print(json.dumps([window.isVisible(), sorted(heavy & set(sys.modules))]), flush=True)\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "desktop.json")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [True, []]
