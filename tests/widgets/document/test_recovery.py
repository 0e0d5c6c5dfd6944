"""After a crash: what was done since the last save is offered, whatever it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from journeys.graph.file import write_journey
from tests.widgets.document.drawing import ASK, BUY, END, NPS, WAIT, leave, pause, small
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.recovery import Recovery, forget, recover, recoverable
from widgets.document.stamp import OnDisk
from widgets.document.storing import load, on_disk, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recovery"


def crash(recovery: Recovery) -> None:
    """End like a program that is killed: the system closes the file, and nobody removes it."""
    if recovery._file is None:
        # as the event loop does when nothing else is to do
        recovery._begin_idly()
    assert recovery._file is not None
    recovery._file.close()
    recovery._document.changed.disconnect(recovery._keep)


def left(document: Document, recovery: Recovery, folder: Path) -> Document:
    """What is recovered after a crash now."""
    crash(recovery)
    (one,) = recoverable(folder)
    found = recover(one)
    assert not found.is_clean
    assert write_journey(found.journey) == write_journey(document.journey)
    return found


def test_all_that_was_done_is_recovered(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.insert_on_edge(editing, (ASK, "sent"), pause())
    acts.set_settings(editing, WAIT, pause(9))
    acts.connect(editing, NPS, "passive", END)
    acts.remove(editing, [BUY])
    acts.move(editing, {ASK: (12.25, 8)})
    acts.set_journey(editing, editing.journey.settings.model_copy(update={"name": "Später"}))
    acts.duplicate(editing, [ASK, WAIT])
    editing.history.undo()
    left(editing, recovery, folder)


def test_it_is_told_what_there_is_to_recover(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.set_title(editing, ASK, "Asked")
    acts.remove(editing, [BUY])
    acts.set_journey(editing, editing.journey.settings.model_copy(update={"name": "Big"}))
    crash(recovery)
    (one,) = recoverable(folder)
    assert (one.name, one.path) == ("Big", None)


def test_a_document_that_is_open_is_not_offered(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    assert recoverable(folder) == ()
    recovery.close()


def test_nothing_is_left_of_a_document_that_was_closed(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    recovery.close()
    acts.remove(editing, [END])
    assert list(folder.iterdir()) == []


def test_nothing_is_offered_of_what_was_saved_or_undone(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    editing.history.undo()
    crash(recovery)
    assert recoverable(folder) == ()
    assert list(folder.iterdir()) == []


def test_saving_begins_anew(qapp: object, folder: Path, tmp_path: Path) -> None:
    document = Document(small())
    recovery = Recovery(document, folder)
    acts.remove(document, [BUY])
    save(document, tmp_path / "small.journey")
    assert len(list(folder.iterdir())) == 1
    acts.set_title(document, ASK, "Asked")
    found = left(document, recovery, folder)
    assert found.path == tmp_path / "small.journey"
    assert on_disk(found) is OnDisk.SAME


def test_a_file_changed_after_the_crash_is_known_to_be(qapp: object, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.journey"
    save(Document(small()), path)
    document = load(path).document()
    recovery = Recovery(document, folder)
    acts.set_title(document, ASK, "Asked")
    crash(recovery)
    path.write_text(path.read_text().replace("Buy", "Bought"))
    (one,) = recoverable(folder)
    assert on_disk(recover(one)) is OnDisk.CHANGED


def test_a_second_crash_loses_nothing_of_what_was_recovered(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    found = left(editing, recovery, folder)
    (one,) = recoverable(folder)
    second = Recovery(found, folder)
    forget(one)
    crash(second)
    (again,) = recoverable(folder)
    assert write_journey(recover(again).journey) == write_journey(editing.journey)


def test_half_a_line_at_the_end_is_left_out(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    before = write_journey(editing.journey)
    acts.remove(editing, [END])
    crash(recovery)
    (file,) = folder.iterdir()
    file.write_text(file.read_text()[:-20])
    (one,) = recoverable(folder)
    assert write_journey(recover(one).journey) == before


def test_a_file_with_nothing_in_it_is_removed(folder: Path) -> None:
    folder.mkdir()
    (folder / "0.recovery").write_text("{")
    assert recoverable(folder) == ()
    assert list(folder.iterdir()) == []


def test_a_node_of_an_unknown_kind_is_recovered_untouched(qapp: object, folder: Path) -> None:
    journey = small()
    journey.add_node("ODDAAAAA", {"b": 1, "a": [2.123456789012]}, kind="odd", title="Odd")
    document = Document(journey)
    recovery = Recovery(document, folder)
    acts.move(document, {"ODDAAAAA": (5, 5)})
    found = left(document, recovery, folder)
    assert json.dumps(found.journey.raw_settings("ODDAAAAA")) == '{"b": 1, "a": [2.123456789012]}'


def test_a_folder_that_cannot_be_written_is_said_once_and_editing_goes_on(editing: Document, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    recovery = Recovery(editing, tmp_path / "fine")
    recovery.failed.connect(told.append)
    recovery._folder = tmp_path / "file" / "recovery"
    save(editing, tmp_path / "small.journey")
    acts.add(editing, leave(), (0, 0))
    assert len(told) == 1
    assert told[0].startswith("What you do is not kept for recovery:")
    assert editing.history.count() == 1


def test_a_journey_that_was_opened_is_kept_as_soon_as_there_is_nothing_else_to_do(
    editing: Document, folder: Path, qtbot: QtBot
) -> None:
    recovery = Recovery(editing, folder)
    qtbot.waitUntil(lambda: folder.exists() and len(list(folder.iterdir())) == 1)
    recovery.close()


def test_only_the_user_can_read_it(editing: Document, folder: Path) -> None:
    recovery = Recovery(editing, folder)
    acts.remove(editing, [BUY])
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    recovery.close()
