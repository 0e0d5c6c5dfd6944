"""A window on real files: open, edit, save, what others do to the file, close, restore, compare, areas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QSplitter

from app.desktop.asking import Asking
from app.desktop.desktop import Desktop
from app.desktop.editor import EditorPage
from app.desktop.palette import TILES_ONLY
from app.desktop.window import Window
from journeys.graph.file import load, save
from widgets.document import acts
from widgets.document.stamp import OnDisk
from widgets.theme.theme import Choice

Sample = Callable[[str], Path]


def page_of(window: Window) -> EditorPage:
    assert window.page is not None
    return window.page


def rename(page: EditorPage, name: str = "Other name") -> None:
    """An edit by hand: the name in the toolbar."""
    field = page.toolbar.name
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, name)
    QTest.keyClick(field, Qt.Key.Key_Return)


def press(window: Window, text: str) -> None:
    """Press the button of the notice that is called so."""
    page = window.page
    for notice in (window.notice, *((page.notice,) if page is not None else ())):
        for button in notice.buttons():
            if button.text() == text:
                QTest.mouseClick(button, Qt.MouseButton.LeftButton)
                return
    raise AssertionError(f"no button {text}")


def test_a_new_window_offers_journeys_to_begin_with(window: Window, qtbot):
    assert window.page is None
    qtbot.waitUntil(lambda: len(window.home._pictures) == 4)
    QTest.mouseClick(window.home.new_button, Qt.MouseButton.LeftButton)
    assert len(page_of(window).opened.journey) == 0


def test_an_edit_is_saved_by_its_key(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    page = page_of(window)
    assert page.opened.is_saved
    rename(page)
    assert not page.opened.is_saved
    assert window.isWindowModified()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert load(file).settings.name == "Other name"
    assert page.opened.is_saved


def test_undo_names_what_it_takes_back(window: Window, sample: Sample):
    window.filing.open(sample("welcome"))
    rename(page_of(window))
    assert window.bindings["edit.undo"].text() == "Undo change of the journey's settings"
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page_of(window).opened.is_saved
    assert not window.bindings["edit.undo"].isEnabled()


def test_a_file_is_opened_once(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    window.filing.new()
    window.filing.open(file)
    assert [page.opened.file for page in window.pages] == [file, None]
    assert page_of(window).opened.file == file


def test_an_untouched_new_journey_gives_its_place(window: Window, sample: Sample):
    window.filing.new()
    window.filing.open(sample("welcome"))
    assert len(window.pages) == 1


def test_a_broken_file_is_a_sentence_and_no_tab(window: Window, tmp_path: Path):
    file = tmp_path / "broken.journey"
    file.write_text('{"kanwa": 1, "nodes": [', "utf-8")
    window.filing.open(file)
    assert window.pages == []
    assert "broken.journey cannot be read." in window.notice.text


def test_a_file_that_is_gone_is_forgotten(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    window.filing.close(page_of(window))
    file.unlink()
    window.filing.open(file)
    assert "There is no such file." in window.notice.text
    assert file not in window.desktop.memory.recent


def test_a_read_only_file_can_be_saved_elsewhere(window: Window, sample: Sample):
    file = sample("welcome")
    before = file.read_bytes()
    file.chmod(0o444)
    window.filing.open(file)
    page = page_of(window)
    assert page.toolbar.read_only.text() == "Read-only file"
    rename(page)
    assert not window.filing.save(page)
    assert "it is read-only" in page.notice.text
    assert [button.text() for button in page.notice.buttons()] == ["Save as…", "Close"]
    assert file.read_bytes() == before


def changed_by_others(file: Path) -> None:
    other = load(file)
    other.settings = other.settings.model_copy(update={"name": "Their name"})
    save(other, file)


def test_what_others_wrote_is_never_written_over_unasked(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    page = page_of(window)
    rename(page)
    changed_by_others(file)
    assert not window.filing.save(page)
    assert load(file).settings.name == "Their name"
    assert "was changed by another program" in page.notice.text
    press(window, "Keep mine")
    assert window.filing.save(page)
    assert load(file).settings.name == "Other name"


def test_theirs_is_taken_as_a_step_that_can_be_undone(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    page = page_of(window)
    rename(page)
    changed_by_others(file)
    page.opened.look_at_disk()
    press(window, "Take theirs")
    assert page.opened.name == "Their name"
    assert page.opened.is_saved
    page.opened.document.history.undo()
    assert page.opened.name == "Other name"


def test_a_file_that_vanishes_while_it_is_open_loses_nothing(window: Window, sample: Sample):
    file = sample("welcome")
    window.filing.open(file)
    page = page_of(window)
    file.unlink()
    assert page.opened.look_at_disk() is OnDisk.GONE
    assert "is gone" in page.notice.text
    press(window, "Save")
    assert load(file).settings.name == page.opened.name


def test_closing_asks_before_anything_is_lost(window: Window, sample: Sample, qtbot):
    file = sample("welcome")
    window.filing.open(file)
    rename(page_of(window))
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    (asking,) = window.findChildren(Asking)
    assert [button.text() for button in asking.buttons] == ["Close and lose the changes", "Save"]
    QTest.mouseClick(asking.buttons[1], Qt.MouseButton.LeftButton)
    assert window.pages == []
    assert load(file).settings.name == "Other name"


def test_cancel_keeps_the_window_open(window: Window, sample: Sample):
    window.filing.open(sample("welcome"))
    rename(page_of(window))
    window.close()
    assert window.isVisible()
    (asking,) = window.findChildren(Asking)
    cancel = next(button for button in asking.findChildren(QPushButton) if button.text() == "Cancel")
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert len(window.pages) == 1


def test_what_a_crash_left_is_offered_and_restored(window: Window, desktop: Desktop, sample: Sample, qtbot):
    folder = desktop.recovery_folder
    assert folder is not None
    window.filing.open(sample("welcome"))
    page = page_of(window)
    qtbot.waitUntil(lambda: bool(list(folder.glob("*.recovery"))))
    rename(page)
    # as if the process had ended now: nobody holds the file any more, and it is still there
    (file,) = folder.glob("*.recovery")
    left = file.read_bytes()
    page.opened.close()
    window.remove_page(page)
    file.write_bytes(left)
    window.filing.offer_recovery()
    assert "Kanwa ended before “Other name” was saved." in window.notice.text
    press(window, "Restore it")
    assert page_of(window).opened.name == "Other name"
    assert not page_of(window).opened.is_saved


def test_a_journey_is_moved_to_another_window_with_its_history(window: Window, desktop: Desktop, sample: Sample):
    window.filing.open(sample("welcome"))
    rename(page_of(window))
    window.actions_.run("file.move")
    assert window.pages == []
    other = desktop.windows[-1]
    assert other is not window
    assert page_of(other).opened.document.history.canUndo()


def test_a_file_dragged_in_is_opened(window: Window, sample: Sample):
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(sample("welcome")))])
    given = (Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(700, 400), *given)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(700, 400), *given))
    assert page_of(window).opened.name == "Welcome series"


def test_a_problem_leads_to_its_node_and_its_fix_is_one_step(window: Window, sample: Sample, qtbot):
    file = sample("nps-after-purchase")
    data = json.loads(file.read_text("utf-8"))
    data["edges"] = [edge for edge in data["edges"] if edge["key"] != "no_answer"]
    file.write_text(json.dumps(data), "utf-8")
    window.filing.open(file)
    page = page_of(window)
    qtbot.waitUntil(lambda: page.panel.problems.problem(0) is not None)
    QTest.keyClick(window, Qt.Key.Key_F8)
    problem = page.panel.problems.problem(0)
    assert problem is not None
    assert page.opened.selection.nodes == set(problem.nodes)
    button = page.panel.problems.fix_button(0)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.opened.document.undo_text().startswith("Undo fix")
    qtbot.waitUntil(lambda: page.panel.problems.problem(0) is None)


def test_find_shows_what_is_called_so(window: Window, sample: Sample):
    window.filing.open(sample("nps-after-purchase"))
    page = page_of(window)
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(page.finder.field, "winning")
    (node,) = page.opened.selection.nodes
    assert page.opened.journey.title(node) == "Winning back"
    assert page.finder.count.text() == "1 of 1"


def test_the_outline_and_the_canvas_have_one_selection(window: Window, sample: Sample):
    window.filing.open(sample("nps-after-purchase"))
    page = page_of(window)
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    tree = page.outline.tree
    QTest.keyClick(tree, Qt.Key.Key_Down)
    (node,) = page.opened.selection.nodes
    assert page.opened.journey.title(node) == tree.currentItem().text(0)
    acts.set_title(page.opened.document, node, "Called otherwise")
    QTest.qWait(10)
    assert tree.currentItem().text(0) == "Called otherwise"


def test_two_versions_are_compared_on_the_canvas(window: Window, sample: Sample):
    window.filing.open(sample("welcome"))
    page = page_of(window)
    before = page.opened.journey.copy()
    first = before.node_ids()[0]
    acts.set_title(page.opened.document, first, "Another start")
    acts.remove(page.opened.document, [before.node_ids()[-1]])
    page.compare(before, "what it was")
    comparison = page.comparison
    assert comparison is not None
    said = [comparison.list.item(n).text() for n in range(comparison.list.count())]
    assert any("is now called “Another start”" in one for one in said)
    assert any(one.startswith("Removed:") for one in said)
    assert before.node_ids()[-1] in comparison.scene.document.journey
    page.close_comparison()
    assert before.node_ids()[-1] not in page.opened.journey


def test_f6_walks_over_the_parts_of_the_window(window: Window, sample: Sample):
    window.filing.open(sample("welcome"))
    page = page_of(window)
    page.canvas.take_focus()
    came = []
    for _n in range(6):
        QTest.keyClick(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        came.append(next(area.name for area in window.areas() if area.whole is focus or area.whole.isAncestorOf(focus)))
    assert came == ["inspector", "lower", "top", "bar", "palette", "canvas"]


def test_in_a_small_window_the_palette_shrinks_to_tiles(window: Window, sample: Sample, qtbot):
    window.filing.open(sample("welcome"))
    window.resize(1280, 720)
    page = page_of(window)
    qtbot.waitUntil(lambda: page._left.width() == TILES_ONLY)
    assert page.side.width() <= 300
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: page._left.width() > TILES_ONLY)


def test_the_theme_changes_at_once_and_is_remembered(window: Window, desktop: Desktop):
    window.actions_.run("view.theme-dark")
    assert desktop.theme.tokens.dark
    assert desktop.memory.get("theme", "") == "dark"
    window.actions_.run(f"view.theme-{Choice.LIGHT.value}")
    assert not desktop.theme.tokens.dark


def test_a_command_is_found_and_run_by_keys(window: Window):
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    chooser = window.chooser
    assert chooser is not None
    QTest.keyClicks(chooser.field, "new journey")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert window.page is not None


def test_every_icon_button_has_a_name_and_a_tooltip(window: Window, sample: Sample):
    from PySide6.QtWidgets import QToolButton

    window.filing.open(sample("welcome"))
    for button in window.findChildren(QToolButton):
        # the arrows of a row of tabs and the signs in a field are Qt's own
        if button.isVisible() and not button.text() and type(button.parent()).__name__ not in ("Tabs", "QLineEdit"):
            what = (type(button.parent()).__name__, button.objectName(), button.geometry().getRect())
            assert button.accessibleName(), what
            assert button.toolTip(), what


def test_it_saves_by_itself_where_that_was_chosen(window: Window, sample: Sample, qtbot):
    file = sample("welcome")
    window.filing.open(file)
    window.actions_.run("file.autosave")
    rename(page_of(window))
    qtbot.waitUntil(lambda: page_of(window).opened.is_saved, timeout=5000)
    assert load(file).settings.name == "Other name"


def test_publishing_without_a_workspace_says_what_is_missing(window: Window):
    window.filing.new()
    window.actions_.run("journey.publish")
    assert "none is open" in page_of(window).notice.text


@pytest.mark.parametrize("name", ["view.home", "view.next-tab", "view.tab-before"])
def test_tabs_are_walked_over_with_home_among_them(window: Window, sample: Sample, name: str):
    window.filing.open(sample("welcome"))
    window.actions_.run(name)
    assert window.page is None


def test_the_width_of_the_inspector_is_remembered(window: Window, desktop: Desktop, sample: Sample):
    window.resize(1440, 900)
    window.filing.open(sample("welcome"))
    page = window.page
    assert page is not None
    QTest.qWait(50)
    before = page.side.width()
    handle = page.findChild(QSplitter).handle(1)
    place = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseMove(handle, place - QPoint(60, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=place - QPoint(60, 0))
    assert page.side.width() > before
    assert desktop.memory.get("width.inspector", 0) == page.side.width()
