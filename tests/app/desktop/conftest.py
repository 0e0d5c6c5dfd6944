"""Windows are tested without a display; the platform is chosen before Qt is imported."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app.desktop.desktop import Desktop
from app.desktop.memory import Memory
from app.desktop.window import Window
from widgets.theme.theme import Choice


@pytest.fixture
def desktop(qapp: QApplication, tmp_path: Path) -> Iterator[Desktop]:
    """A process of windows with a memory of its own, and nothing open."""
    made = Desktop(
        workspace=None, memory=Memory(tmp_path / "desktop.json"), recovery_folder=tmp_path / "recovery", parent=qapp
    )
    made.theme.choose(Choice.LIGHT)
    made.theme.apply(qapp)
    yield made
    for window in list(made.windows):
        for page in list(window.pages):
            page.opened.close()
            window.remove_page(page)
        window.close()
        window.deleteLater()
    made.workers.wait()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]


@pytest.fixture
def window(desktop: Desktop, qtbot) -> Window:
    made = desktop.new_window()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a journey that comes with Kanwa."""
    import shutil

    import resources

    def copy(name: str = "welcome") -> Path:
        file = tmp_path / f"{name}.journey"
        shutil.copy(Path(resources.__file__).parent / "journeys" / file.name, file)
        return file

    return copy
