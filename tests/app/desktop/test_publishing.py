"""Publishing from a window: what is foreseen, what keeps it, and what the store has afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app import workspace as workspaces
from app.desktop import publishing
from app.desktop.desktop import Desktop
from app.desktop.memory import Memory
from app.desktop.outside import look
from app.desktop.publish_dialog import PublishDialog
from app.desktop.window import Window
from app.opened import make_store, open_store
from app.overview import journeys
from app.workspace import Workspace
from journeys.graph.file import load, save
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.exit import Exit
from journeys.nodes.trigger import Trigger
from journeys.nodes.wait import Wait


def a_journey() -> Journey:
    made = Journey(JourneySettings(id="rest", name="A rest"))
    made.add_node("AAAAAAAA", Trigger.model_validate({"on": {"type": "list"}}), title="By hand")
    made.add_node(
        "BBBBBBBB", Wait.model_validate({"rule": {"type": "duration", "amount": 3, "unit": "days"}}), title="Wait"
    )
    made.add_node("CCCCCCCC", Exit(reason="done"), title="Out")
    made.connect("AAAAAAAA", "in", "BBBBBBBB")
    made.connect("BBBBBBBB", "done", "CCCCCCCC")
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = workspaces.create(tmp_path_factory.mktemp("made") / "shop", name="Shop")
    make_store(workspace)
    return workspace


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(made.folder, tmp_path / "shop")
    return workspaces.read(tmp_path / "shop")


def published(workspace: Workspace) -> list[tuple[str, str, int]]:
    store = open_store(workspace.store_url)
    try:
        with store.read() as conn:
            return [(one.name, one.state, one.version) for one in journeys(conn)]
    finally:
        store.close()


def publish(workspace: Workspace, journey: Journey, **more: object) -> publishing.Done:
    foreseen = publishing.foresee(workspace, journey)
    given = {"reason": "", "wished": {}, "over": False, "progress": lambda _done, _total: None} | more
    return publishing.publish(workspace, journey, foreseen, **given)  # type: ignore[arg-type]


def test_a_first_version_is_foreseen_and_published(workspace: Workspace):
    foreseen = publishing.foresee(workspace, a_journey())
    assert foreseen.is_first
    assert publishing.why_not(foreseen, "") == ""
    assert publishing.chips(foreseen)[0] == ("No errors", "ok")
    done = publish(workspace, a_journey())
    assert publishing.said(done, "A rest") == "“A rest” is live as version 1."
    assert published(workspace) == [("A rest", "live", 1)]


def test_a_problem_that_blocks_wants_a_reason(workspace: Workspace):
    journey = a_journey()
    journey.remove_node("AAAAAAAA")
    foreseen = publishing.foresee(workspace, journey)
    assert "keeps it from being published" in publishing.why_not(foreseen, "  ")
    assert publishing.why_not(foreseen, "a trial") == ""


def test_a_second_version_tells_what_changes_and_who_is_inside(workspace: Workspace):
    journey = a_journey()
    done = publish(workspace, journey)
    journey.settings = journey.settings.model_copy(update={"based_on": done.hash})
    journey.set_title("BBBBBBBB", "A longer wait")
    foreseen = publishing.foresee(workspace, journey)
    assert foreseen.number == 2
    assert not foreseen.is_stale
    assert foreseen.changes == ("“Wait” is now called “A longer wait”.",)
    assert publishing.heading(foreseen).startswith("Version 2 takes the place of version 1.")


def test_those_inside_go_along_unless_their_step_is_gone():
    journey = a_journey()
    stays = publishing.Inside("BBBBBBBB", "Wait", 3, "", "They move along.", asks=False)
    gone = publishing.Inside("DDDDDDDD", "Old", 1, "removed", "", asks=True)
    assert publishing.wishes(stays, journey)[0][0] == "along"
    assert publishing.wishes(gone, journey)[0][0] == "finish"
    assert ("BBBBBBBB", "Move to “Wait”") in publishing.wishes(gone, journey)
    chosen = publishing.choices_of({"BBBBBBBB": "along", "DDDDDDDD": "CCCCCCCC", "EEEEEEEE": "exit"})
    assert set(chosen.nodes) == {"DDDDDDDD", "EEEEEEEE"}


def test_the_outside_of_a_workspace_is_what_its_store_knows(workspace: Workspace):
    publish(workspace, a_journey())
    outside = look(workspace)
    assert outside.standing["rest"].state == "live"
    assert list(outside.published) == ["rest"]
    assert outside.for_checks("rest").others == {}


@pytest.fixture
def in_workspace(qapp, workspace: Workspace, tmp_path: Path, qtbot) -> Iterator[Window]:
    desktop = Desktop(workspace=workspace, memory=Memory(tmp_path / "m.json"), parent=qapp)
    desktop.theme.apply(qapp)
    window = desktop.new_window()
    yield window
    for page in list(window.pages):
        page.opened.close()
        window.remove_page(page)
    window.close()
    window.deleteLater()
    desktop.workers.wait()
    desktop.deleteLater()


def test_the_window_publishes_and_says_so(in_workspace: Window, workspace: Workspace, qtbot):
    file = workspace.journeys / "rest.journey"
    save(a_journey(), file)
    window = in_workspace
    window.filing.open(file)
    page = window.page
    assert page is not None
    QTest.mouseClick(page.toolbar.publish, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(PublishDialog)
    qtbot.waitUntil(dialog.button.isEnabled, timeout=20_000)
    assert dialog.button.text() == "Publish version 1"
    QTest.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is live as version 1" in page.notice.text, timeout=20_000)
    assert published(workspace) == [("A rest", "live", 1)]
    # the draft knows the version it is based on, outside the history
    assert load(file).settings.based_on is not None
    assert page.opened.is_saved
    qtbot.waitUntil(lambda: page.toolbar.standing.text() == "Live · version 1", timeout=20_000)


def stale_dialog(window: Window, workspace: Workspace, qtbot) -> PublishDialog:
    """A draft without a word of version 1, whose publishing is begun."""
    publish(workspace, a_journey())
    draft = a_journey()
    draft.set_title("BBBBBBBB", "A longer wait")
    save(draft, workspace.journeys / "rest.journey")
    window.filing.open(workspace.journeys / "rest.journey")
    assert window.page is not None
    QTest.mouseClick(window.page.toolbar.publish, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(PublishDialog)
    qtbot.waitUntil(dialog.button.isEnabled, timeout=20_000)
    return dialog


def test_over_a_newer_version_the_safe_choice_is_made_unless_another_is(
    in_workspace: Window, workspace: Workspace, qtbot
):
    dialog = stale_dialog(in_workspace, workspace, qtbot)
    assert [way.isChecked() for way in dialog.ways] == [True, False, False]
    assert dialog.button.text() == "Compare on the canvas"
    QTest.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    assert in_workspace.page is not None
    assert in_workspace.page.comparison is not None
    assert published(workspace) == [("A rest", "live", 1)]


def test_the_newer_version_is_fetched_into_a_tab_of_its_own(in_workspace: Window, workspace: Workspace, qtbot):
    dialog = stale_dialog(in_workspace, workspace, qtbot)
    dialog.ways[1].setFocus()
    QTest.keyClick(dialog.ways[1], Qt.Key.Key_Space)
    assert dialog.button.text() == "Fetch version 1"
    QTest.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    assert len(in_workspace.pages) == 2
    mine, theirs = (page.opened.journey for page in in_workspace.pages)
    assert mine.title("BBBBBBBB") == "A longer wait"
    assert theirs.title("BBBBBBBB") == "Wait"
    assert not publishing.foresee(workspace, theirs).is_stale
    assert published(workspace) == [("A rest", "live", 1)]


def test_over_a_newer_version_is_published_where_that_is_chosen(in_workspace: Window, workspace: Workspace, qtbot):
    dialog = stale_dialog(in_workspace, workspace, qtbot)
    dialog.ways[2].setFocus()
    QTest.keyClick(dialog.ways[2], Qt.Key.Key_Space)
    assert dialog.button.text() == "Publish over version 1"
    page = in_workspace.page
    assert page is not None
    QTest.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is live as version 2" in page.notice.text, timeout=20_000)


def test_what_somebody_publishes_while_the_dialog_is_open_is_asked_about(
    in_workspace: Window, workspace: Workspace, qtbot
):
    save(a_journey(), workspace.journeys / "rest.journey")
    in_workspace.filing.open(workspace.journeys / "rest.journey")
    page = in_workspace.page
    assert page is not None
    QTest.mouseClick(page.toolbar.publish, Qt.MouseButton.LeftButton)
    (dialog,) = in_workspace.findChildren(PublishDialog)
    qtbot.waitUntil(dialog.button.isEnabled, timeout=20_000)
    other = a_journey()
    other.set_title("BBBBBBBB", "Of somebody else")
    publish(workspace, other)
    QTest.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.button.text() == "Compare on the canvas", timeout=20_000)
    assert published(workspace) == [("A rest", "live", 1)]
    assert dialog.heading.text().startswith("Version 2 takes the place of version 1.")
