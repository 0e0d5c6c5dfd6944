"""What the windows of one process share: theme, memory, threads, the workspace and what is known of its store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.desktop.memory import Memory
from app.desktop.work import Workers
from app.workspace import Workspace
from widgets.theme.theme import Choice, Theme

if TYPE_CHECKING:
    from app.desktop.outside import Outside
    from app.desktop.window import Window


class Desktop(QObject):
    """One a process."""

    #: another workspace, or other news of its store
    outside_changed = Signal()
    #: a sentence about the workspace that every window shows
    told = Signal(str)
    #: files opened lately
    recent_changed = Signal()

    def __init__(
        self,
        *,
        workspace: Workspace | None,
        memory: Memory | None = None,
        recovery_folder: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Without `recovery_folder` nothing is kept for a crash."""
        super().__init__(parent)
        self.recovery_folder = recovery_folder
        self.memory = memory if memory is not None else Memory()
        chosen = self.memory.get("theme", Choice.SYSTEM.value)
        self.theme = Theme(Choice(chosen) if chosen in set(Choice) else Choice.SYSTEM, parent=self)
        self.workers = Workers(self)
        self.windows: list[Window] = []
        self._workspace = workspace
        self._outside: Outside | None = None

    @property
    def workspace(self) -> Workspace | None:
        return self._workspace

    @property
    def outside(self) -> Outside | None:
        """What is known of the workspace's store; None before it was read, and without a workspace."""
        return self._outside

    @property
    def autosave(self) -> bool:
        return self.memory.get("autosave", False)

    def choose_theme(self, choice: Choice) -> None:
        self.memory.put("theme", choice.value)
        self.theme.choose(choice)

    def set_workspace(self, workspace: Workspace | None) -> None:
        self._workspace = workspace
        self._outside = None
        self.outside_changed.emit()
        self.look_outside()

    def look_outside(self) -> None:
        """Read the store again, beside the window."""
        workspace = self._workspace
        if workspace is None:
            return

        def call(_progress: object) -> Outside:
            from app.desktop.outside import look

            return look(workspace)

        self.workers.start(call, self._looked, self.told.emit)

    def opened(self, file: Path) -> None:
        self.memory.opened(file)
        self.recent_changed.emit()

    def _looked(self, outside: Outside) -> None:
        self._outside = outside
        for sentence in outside.troubles:
            self.told.emit(sentence)
        self.outside_changed.emit()

    def new_window(self) -> Window:
        from app.desktop.window import Window

        window = Window(self)
        self.windows.append(window)
        window.show()
        return window

    def open_window(self) -> None:
        self.new_window()

    def closed(self, window: Window) -> None:
        if window in self.windows:
            self.windows.remove(window)
