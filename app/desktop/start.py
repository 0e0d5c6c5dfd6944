"""Starts the application: one process, its windows, and what was open when it was last left in a hurry."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from app.desktop.desktop import Desktop
from app.desktop.memory import Memory
from app.log import set_up_log
from app.workspace import Workspace
from journeys.base.state import state_folder


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """The one application of this process."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    app = QApplication(["kanwa", *arguments])
    app.setApplicationName("kanwa")
    app.setApplicationDisplayName("Kanwa")
    app.setDesktopFileName("kanwa")
    return app


def make_desktop(
    app: QApplication, workspace: Workspace | None, *, memory: Memory | None = None, recovery_folder: Path | None = None
) -> Desktop:
    """What the windows share, dressed."""
    desktop = Desktop(workspace=workspace, memory=memory, recovery_folder=recovery_folder, parent=app)
    desktop.theme.apply(app)
    return desktop


def run(workspace: Workspace | None, files: Sequence[Path] = (), *, new: bool = False) -> int:
    """Open a window and stay until the last one is closed; returns the exit code.

    `files` are opened in tabs, `new` an empty journey.
    """
    set_up_log()
    app = make_application()
    from app.desktop.window import AFTER_FIRST_PAINT

    desktop = make_desktop(app, workspace, recovery_folder=state_folder() / "recovery")
    window = desktop.new_window()

    def fill() -> None:
        # after the frame is on the screen: what nodes are made of takes longer to load than the frame
        for file in files:
            window.filing.open(file)
        if new:
            window.filing.new()
        window.filing.offer_recovery()
        desktop.look_outside()

    QTimer.singleShot(AFTER_FIRST_PAINT, fill)
    sys.excepthook = _told(desktop)
    code = app.exec()
    desktop.workers.wait()
    # in an order of our own: what Python takes apart at its end may still be told of an event
    for left in list(desktop.windows):
        left.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return code


def _told(desktop: Desktop) -> Callable[[type[BaseException], BaseException, object], None]:
    """A defect of ours is told in the window that is in front, and kept in the log; work goes on."""
    from app.desktop.work import sentence_of

    def hook(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
        desktop.told.emit(sentence_of(error))

    return hook
