"""Opening, saving and closing journeys in one window; what can go wrong there is told in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from app.desktop import files
from app.desktop.asking import Asking
from app.desktop.editor import EditorPage
from app.desktop.files import ReadOnly, Template
from app.desktop.open_journey import OpenJourney
from app.desktop.work import sentence_of
from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import _, ngettext
from journeys.graph.file import SUFFIX
from widgets.document import recovery, storing
from widgets.document.document import Document
from widgets.document.recovery import Recoverable
from widgets.document.stamp import OnDisk
from widgets.document.storing import ChangedOnDisk, Loaded

if TYPE_CHECKING:
    from app.desktop.window import Window

#: ms after the last edit before it is saved by itself, where that was chosen
_AUTOSAVE = 1500


class Filing(QObject):
    """The files of a window's tabs."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._desktop = window.desktop
        self._autosave = QTimer(self, singleShot=True, interval=_AUTOSAVE)
        self._autosave.timeout.connect(self._save_by_itself)

    # opening

    def new(self) -> EditorPage:
        """An empty journey in a tab."""
        return self._show(Document(files.new_journey()))

    def begin_empty(self) -> None:
        self.new()

    def begin(self, template: Template) -> EditorPage:
        """A journey like one that comes with Kanwa."""
        return self._show(Document(template.begun()))

    def ask_open(self) -> None:
        dialog = QFileDialog(self._window, _("Open journeys"), str(self._folder()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(_("Journeys (*{suffix})").format(suffix=SUFFIX))
        dialog.filesSelected.connect(self._open_all)
        dialog.open()

    def _open_all(self, chosen: list[str]) -> None:
        for one in chosen:
            self.open(Path(one))

    def open(self, file: Path) -> None:
        """Open a file in a tab, or go to the tab that has it. A large one is read beside the window."""
        file = file.absolute()
        for window in self._desktop.windows:
            for page in window.pages:
                if page.opened.file == file:
                    window.show_page(page)
                    window.raise_()
                    return
        if not files.is_large(file):
            try:
                self._opened(storing.load(file))
            except KanwaError as error:
                self._not_opened(file, str(error))
            return
        self._window.notice.tell(_("Opening {file} …").format(file=file.name), severity="quiet", closes=False)
        self._desktop.workers.start(
            lambda _progress: storing.load(file),
            self._opened,
            lambda sentence: self._not_opened(file, sentence),
        )

    def _opened(self, loaded: Loaded) -> None:
        self._window.notice.settle()
        self._show(loaded.document())
        self._desktop.opened(loaded.path)

    def _not_opened(self, file: Path, sentence: str) -> None:
        if not file.exists():
            self._desktop.memory.forget(file)
            self._desktop.recent_changed.emit()
        self._window.notice.tell(sentence, severity="error")

    def _show(self, document: Document) -> EditorPage:
        folder = self._desktop.recovery_folder
        return self.take_in(OpenJourney(document, outside=self._desktop.outside, recovery_folder=folder))

    def take_in(self, opened: OpenJourney) -> EditorPage:
        """Show an open journey in a tab of this window."""
        page = EditorPage(opened, self._desktop, self._window.bindings)
        opened.setParent(page)
        opened.on_disk_changed.connect(lambda now: self._tell(page, now))
        opened.not_kept.connect(page.notice.tell)
        opened.document.changed.connect(self._edited)
        self._window.add_page(page)
        return page

    # what a crash left

    def offer_recovery(self) -> None:
        """Ask about journeys that were not saved when the program last ended."""
        folder = self._desktop.recovery_folder
        found = recovery.recoverable(folder) if folder is not None else ()
        if not found:
            return
        names = _(", ").join(_("“{name}”").format(name=one.name) for one in found[:5])
        n = len(found)
        self._window.notice.tell(
            ngettext(
                "Kanwa ended before {names} was saved. Everything you did is kept.",
                "Kanwa ended before {names} were saved. Everything you did is kept.",
                n,
            ).format(names=names),
            [
                (ngettext("Restore it", "Restore them", n), partial(self._recover_all, found)),
                (
                    ngettext("Forget the changes", "Forget the changes", n),
                    partial(_forget_all, found),
                ),
            ],
            closes=False,
        )

    def _recover_all(self, found: Sequence[Recoverable]) -> None:
        for one in found:
            self._recover(one)

    def _recover(self, one: Recoverable) -> None:
        try:
            document = recovery.recover(one)
        except (KanwaError, OSError, ValueError) as error:
            self._window.notice.tell(sentence_of(error), severity="error")
            return
        page = self._show(document)
        recovery.forget(one)
        page.opened.look_at_disk()

    # saving

    def save(self, page: EditorPage) -> bool:
        """Save into its file; asks for one where it has none. Returns whether it is saved by now."""
        opened = page.opened
        if opened.file is None:
            self.save_as(page)
            return False
        return self._save(page)

    def save_as(self, page: EditorPage) -> None:
        opened = page.opened
        start = opened.file or files.free_name(self._folder(), opened.name)
        dialog = QFileDialog(self._window, _("Save the journey as"), str(start.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(_("Journeys (*{suffix})").format(suffix=SUFFIX))
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        dialog.selectFile(start.name)
        dialog.fileSelected.connect(lambda chosen: self._save(page, Path(chosen)))
        dialog.open()

    def _save(self, page: EditorPage, file: Path | None = None, *, over: bool = False) -> bool:
        opened = page.opened
        target = files.with_suffix(file) if file is not None else None
        try:
            opened.save(target, over=over)
        except ChangedOnDisk:
            opened.look_at_disk()
            self._tell(page, OnDisk.CHANGED)
            return False
        except ReadOnly as error:
            page.notice.tell(str(error), [(_("Save as…"), lambda: self.save_as(page))])
            return False
        except KanwaError as error:
            page.notice.tell(
                str(error),
                [(_("Try again"), lambda: self._save(page, file)), (_("Save as…"), lambda: self.save_as(page))],
                severity="error",
            )
            return False
        if page.notice.isVisible():
            page.notice.settle()
        if opened.file is not None:
            self._desktop.opened(opened.file)
        return True

    def set_autosave(self, on: bool) -> None:
        self._desktop.memory.put("autosave", on)
        if on:
            self._save_by_itself()

    def _edited(self) -> None:
        if self._desktop.autosave:
            self._autosave.start()

    def _save_by_itself(self) -> None:
        for page in self._window.pages:
            opened = page.opened
            # what is asked about is not decided by itself
            if (
                opened.file is not None
                and not opened.document.is_clean
                and opened.on_disk is OnDisk.SAME
                and not opened.is_read_only
            ):
                self._save(page)

    # what others do to the files

    def look_at_disk(self) -> None:
        """Look at the files of all tabs."""
        for page in self._window.pages:
            page.opened.look_at_disk()

    def _tell(self, page: EditorPage, now: OnDisk) -> None:
        opened = page.opened
        match now:
            case OnDisk.SAME:
                page.notice.settle()
            case OnDisk.GONE:
                page.notice.tell(
                    _("{file} is gone. What you see here is still whole; save it to have the file again.").format(
                        file=opened.file
                    ),
                    [
                        (_("Save"), lambda: self._save(page, opened.file, over=True)),
                        (_("Save as…"), lambda: self.save_as(page)),
                    ],
                )
            case OnDisk.CHANGED:
                page.notice.tell(
                    _("{file} was changed by another program.").format(file=opened.file),
                    [
                        (_("Keep mine"), opened.keep_mine),
                        (_("Take theirs"), lambda: self._take_theirs(page)),
                        (_("Compare"), lambda: self._compare_with_disk(page)),
                    ],
                    closes=False,
                )

    def _take_theirs(self, page: EditorPage) -> None:
        try:
            page.opened.take_theirs()
        except KanwaError as error:
            page.notice.tell(str(error), [(_("Keep mine"), page.opened.keep_mine)], severity="error", closes=False)

    def _compare_with_disk(self, page: EditorPage) -> None:
        file = page.opened.file
        assert file is not None

        def compare(loaded: Loaded) -> None:
            page.compare(loaded.journey, _("the file on the disk"))
            # the question stays until it is answered
            self._tell(page, OnDisk.CHANGED)

        self._desktop.workers.start(
            lambda _progress: storing.load(file),
            compare,
            lambda sentence: page.notice.tell(
                sentence, [(_("Keep mine"), page.opened.keep_mine)], severity="error", closes=False
            ),
        )

    # closing

    def close(self, page: EditorPage) -> None:
        """Close a tab; asks first where something would be lost."""
        if page.opened.is_saved or page.opened.is_untouched:
            self._close(page)
            return
        self._ask_close([page], lambda: self._close(page))

    def may_close_all(self) -> bool:
        """Whether the window may close now; else it asks, and closes once that is answered."""
        unsaved = [page for page in self._window.pages if not page.opened.is_saved and not page.opened.is_untouched]
        if not unsaved:
            for page in self._window.pages:
                self._leave(page)
            return True

        def close() -> None:
            for page in list(self._window.pages):
                self._close(page)
            self._window.close()

        self._window.show_page(unsaved[0])
        self._ask_close(unsaved, close)
        return False

    def _ask_close(self, unsaved: list[EditorPage], close: Callable[[], None]) -> None:
        def save() -> None:
            if all(self.save(page) for page in unsaved):
                close()

        n = len(unsaved)
        question = (
            _("“{name}” has changes that are not saved.").format(name=unsaved[0].opened.name)
            if n == 1
            else ngettext(
                "{n} journey has changes that are not saved.", "{n} journeys have changes that are not saved.", n
            ).format(n=n)
        )
        lose = ngettext("Close and lose the changes", "Close and lose the changes", n)
        Asking(question, [(_("Save"), "primary", save), (lose, "danger", close)], self._window).open()

    def _close(self, page: EditorPage) -> None:
        self._leave(page)
        self._window.remove_page(page)

    def _leave(self, page: EditorPage) -> None:
        """The tab goes on purpose: nothing is to be restored."""
        page.canvas.remember()
        page.opened.close()

    def move_to_window(self, page: EditorPage) -> None:
        """Give a tab to a new window, with its history."""
        opened = page.opened
        opened.setParent(None)
        self._window.remove_page(page)
        self._desktop.new_window().filing.take_in(opened)

    # pictures

    def export(self, page: EditorPage) -> None:
        """Save the journey, or what is selected of it, as a picture."""
        start = page.opened.file or self._folder() / files.file_name(page.opened.name)
        dialog = QFileDialog(self._window, _("Save as a picture"), str(start.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([_("PNG (*.png)"), _("SVG (*.svg)"), _("PDF (*.pdf)")])
        dialog.selectFile(start.with_suffix(".png").name)
        dialog.fileSelected.connect(lambda chosen: self._export(page, Path(chosen)))
        dialog.open()

    def _export(self, page: EditorPage, to: Path) -> None:
        from app.desktop.drawing import draw

        if to.suffix.lower() not in (".png", ".svg", ".pdf"):
            to = to.with_name(to.name + ".png")
        selected = page.opened.selection.nodes
        try:
            draw(page.opened.journey, to, nodes=selected or None, catalogue=self._catalogue())
        except KanwaError as error:
            page.notice.tell(str(error), severity="error")
            return
        page.notice.tell(_("The picture is in {file}.").format(file=to), severity="quiet")

    def print(self, page: EditorPage) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        from app.desktop.drawing import print_on

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self._window)

        def print_now() -> None:
            try:
                print_on(printer, page.opened.journey, catalogue=self._catalogue())
            except KanwaError as error:
                page.notice.tell(str(error), severity="error")

        dialog.accepted.connect(print_now)
        dialog.show()

    def ask_compare(self, page: EditorPage) -> None:
        """Compare with another file, read beside the window."""
        dialog = QFileDialog(self._window, _("Compare with"), str(self._folder()))
        dialog.setNameFilter(_("Journeys (*{suffix})").format(suffix=SUFFIX))
        dialog.fileSelected.connect(
            lambda chosen: self._desktop.workers.start(
                lambda _progress: storing.load(Path(chosen)),
                lambda loaded: page.compare(loaded.journey, loaded.path.name),
                lambda sentence: page.notice.tell(sentence, severity="error"),
            )
        )
        dialog.open()

    def _catalogue(self) -> Catalogue | None:
        outside = self._desktop.outside
        return outside.catalogue if outside is not None else None

    # the workspace, publishing

    def ask_workspace(self) -> None:
        dialog = QFileDialog(self._window, _("Open a workspace"), str(self._folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda chosen: self._open_workspace(Path(chosen)))
        dialog.open()

    def _open_workspace(self, folder: Path) -> None:
        from app import workspace as workspaces

        try:
            self._desktop.set_workspace(workspaces.read(folder))
        except KanwaError as error:
            self._window.notice.tell(str(error), severity="error")
        self._window.show_files()

    def publish(self, page: EditorPage) -> None:
        """Show the checks and publish."""
        workspace = self._desktop.workspace
        if workspace is None:
            page.notice.tell(
                _("Publishing puts the journey into the store of a workspace, and none is open."),
                [(_("Open a workspace…"), self.ask_workspace)],
            )
            return
        from app.desktop.publish_dialog import PublishDialog

        dialog = PublishDialog(page, self._desktop, self._window)
        dialog.fetched.connect(lambda newest: self._show(Document(newest)))
        dialog.open()

    def _folder(self) -> Path:
        workspace = self._desktop.workspace
        page = self._window.page
        if page is not None and page.opened.file is not None:
            return page.opened.file.parent
        return workspace.journeys if workspace is not None else Path.home()


def _forget_all(found: Sequence[Recoverable]) -> None:
    for one in found:
        recovery.forget(one)
