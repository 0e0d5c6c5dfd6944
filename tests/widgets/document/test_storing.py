"""A document and its file: saved, changed by others, gone, broken, read-only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from journeys.graph.file import load as load_journey
from journeys.graph.file import save as save_journey
from journeys.graph.file import write_journey
from journeys.graph.problems import UnreadableJourney, UnwritableJourney
from tests.widgets.document.drawing import ASK, BUY, END, WAIT, pause, small
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.stamp import OnDisk
from widgets.document.storing import ChangedOnDisk, NoFile, load, on_disk, reload, save
from widgets.document.watching import Watching


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.journey"
    save_journey(small(), path)
    return path


@pytest.fixture
def opened(qapp: object, file: Path) -> Document:
    return load(file).document()


def by_somebody_else(file: Path) -> None:
    journey = load_journey(file)
    journey.set_title(END, "Out")
    save_journey(journey, file)


def test_saving_makes_the_document_clean_and_undoing_dirty_again(opened: Document, file: Path) -> None:
    acts.set_title(opened, ASK, "Asked")
    save(opened)
    assert opened.is_clean
    assert load_journey(file).title(ASK) == "Asked"
    opened.history.undo()
    assert not opened.is_clean


def test_a_document_without_a_file_asks_for_one(editing: Document, tmp_path: Path) -> None:
    with pytest.raises(NoFile, match="Say where to save it"):
        save(editing)
    save(editing, tmp_path / "new.journey")
    assert editing.path == tmp_path / "new.journey"
    save(editing)


def test_a_change_by_somebody_else_is_not_saved_over(opened: Document, file: Path) -> None:
    by_somebody_else(file)
    acts.set_title(opened, ASK, "Asked")
    with pytest.raises(ChangedOnDisk, match=r"small\.journey was changed by somebody else"):
        save(opened)
    assert (load_journey(file).title(END), opened.is_clean) == ("Out", False)


def test_a_change_by_somebody_else_is_saved_over_when_asked_to(opened: Document, file: Path) -> None:
    by_somebody_else(file)
    save(opened, over_changes=True)
    assert load_journey(file).title(END) == "End"
    assert on_disk(opened) is OnDisk.SAME


def test_a_file_that_was_only_touched_counts_as_the_same(opened: Document, file: Path) -> None:
    os.utime(file, (1, 1))
    assert on_disk(opened) is OnDisk.SAME


def test_what_somebody_else_saved_is_taken_over_as_a_step_that_can_be_undone(opened: Document, file: Path) -> None:
    acts.set_title(opened, ASK, "Asked")
    mine = write_journey(opened.journey)
    by_somebody_else(file)
    reload(opened)
    assert write_journey(opened.journey) == file.read_text()
    assert (opened.is_clean, on_disk(opened)) == (True, OnDisk.SAME)
    opened.history.undo()
    assert (write_journey(opened.journey), opened.is_clean) == (mine, False)


def test_a_file_broken_by_somebody_else_leaves_the_document_as_it_was(opened: Document, file: Path) -> None:
    acts.set_title(opened, ASK, "Asked")
    file.write_text("{")
    with pytest.raises(UnreadableJourney, match="It is not valid JSON: line 1"):
        reload(opened)
    assert (opened.journey.title(ASK), opened.is_clean) == ("Asked", False)


def test_a_file_that_is_gone_is_written_anew(opened: Document, file: Path) -> None:
    file.unlink()
    assert on_disk(opened) is OnDisk.GONE
    save(opened)
    assert write_journey(load_journey(file)) == write_journey(opened.journey)


def test_a_folder_that_is_gone_is_said_and_nothing_is_lost(opened: Document, tmp_path: Path) -> None:
    acts.set_title(opened, ASK, "Asked")
    with pytest.raises(UnwritableJourney, match="could not be saved as"):
        save(opened, tmp_path / "nowhere" / "small.journey")
    assert (opened.journey.title(ASK), opened.is_clean, opened.path) == ("Asked", False, tmp_path / "small.journey")


def test_a_read_only_file_is_left_alone(opened: Document, file: Path) -> None:
    file.chmod(0o444)
    acts.set_title(opened, ASK, "Asked")
    with pytest.raises(UnwritableJourney, match=r"it is read-only\. Save it under another name"):
        save(opened)
    assert (load_journey(file).title(ASK), opened.is_clean) == ("Ask", False)


def test_what_publishing_writes_stands_outside_the_history(opened: Document) -> None:
    acts.set_journey(opened, opened.journey.settings.model_copy(update={"name": "Big"}))
    save(opened)
    opened.set_based_on("a" * 64)
    assert (opened.history.count(), opened.is_clean) == (1, True)
    opened.history.undo()
    assert (opened.journey.settings.name, opened.journey.settings.based_on) == ("Small", "a" * 64)


def test_the_window_is_told_when_the_file_changes_under_it(opened: Document, file: Path, qtbot: QtBot) -> None:
    watching = Watching(opened)
    with qtbot.waitSignal(watching.changed, timeout=10_000) as told:
        by_somebody_else(file)
    assert told.args == [OnDisk.CHANGED]
    with qtbot.waitSignal(watching.changed, timeout=10_000) as told:
        file.unlink()
    assert told.args == [OnDisk.GONE]


def test_our_own_saving_is_no_change_by_somebody_else(opened: Document, file: Path, qtbot: QtBot) -> None:
    watching = Watching(opened)
    told: list[OnDisk] = []
    watching.changed.connect(told.append)
    acts.move(opened, {WAIT: (1, 1)})
    save(opened)
    acts.move(opened, {BUY: (1, 1)})
    save(opened)
    # the next message of the watcher comes after all that it has to say of our own
    with qtbot.waitSignal(watching.changed, timeout=10_000):
        by_somebody_else(file)
    assert told == [OnDisk.CHANGED]


@pytest.mark.long
def test_a_huge_journey_is_opened_edited_and_saved(qapp: object, tmp_path: Path) -> None:
    journey = small()
    for n in range(50_000):
        name = "".join("ABCDEFGH"[int(digit)] for digit in f"{n:08o}")
        journey.add_node(name, pause(), title=f"{n}", x=n % 250 * 240, y=n // 250 * 120)
    path = tmp_path / "huge.journey"
    save(Document(journey), path)
    document = load(path).document()
    acts.set_title(document, "AAAAAAAA", "First")
    save(document)
    assert load_journey(path).title("AAAAAAAA") == "First"


def test_a_journey_that_nobody_could_open_again_is_not_saved(
    opened: Document, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.graph.file.MOST_CHARACTERS", 100)
    before = file.read_bytes()
    with pytest.raises(UnwritableJourney, match="more than 100 characters"):
        save(opened, over_changes=True)
    assert file.read_bytes() == before
