"""A window: the top bar, the navigation, and the page of the tab in front.

Nothing here loads what nodes are made of: the frame is on the screen before that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QPoint, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.desktop import areas
from app.desktop.actions import Menu
from app.desktop.areas import Area
from app.desktop.bindings import Bindings
from app.desktop.commands import Chooser, Find, found_actions, found_things
from app.desktop.desktop import Desktop
from app.desktop.home import Home, listed
from app.desktop.navigation import Navigation
from app.desktop.pieces import Notice
from app.desktop.style import frame_style
from app.desktop.top_bar import HEIGHT, TopBar
from app.desktop.window_actions import CANVAS_MENUS, WORKSPACE_MENU, window_actions
from journeys.base.i18n import _

if TYPE_CHECKING:
    from app.desktop.editor import EditorPage
    from app.desktop.filing import Filing

#: ms after which the frame is painted; with 0 the loading may come before
AFTER_FIRST_PAINT = 40
_SIZE = (1440, 900)
_LEAST = (900, 560)


class Window(QMainWindow):
    """Lays out and connects."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self.desktop = desktop
        self.pages: list[EditorPage] = []
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        self.setAcceptDrops(True)
        # nodes and their settings take a while to load: after the frame is on the screen
        self._soon = QTimer(self, singleShot=True, interval=AFTER_FIRST_PAINT)
        self._soon.timeout.connect(self._show_templates)
        self.actions_ = window_actions(self)
        self.bindings = Bindings(self.actions_, self, desktop.theme)
        menu = QMenu(self)
        self._fill(menu)
        self.top = TopBar(
            desktop.theme, menu, self.bindings.button("view.home", self), self.bindings.button("file.new", self)
        )
        self.navigation = Navigation(desktop.theme)
        self.notice = Notice()
        self.home = Home(desktop.theme)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.home)
        self.chooser: Chooser | None = None
        self._filing: Filing | None = None

        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.navigation)
        below.addWidget(self.stack, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addWidget(self.notice)
        column.addLayout(below, 1)
        self.setCentralWidget(whole)

        self.top.tabs.currentChanged.connect(self._chosen)
        self.top.tabs.tabBarClicked.connect(self._chosen)
        self.top.tabs.closing.connect(lambda n: self.filing.close(self.pages[n]))
        self.top.tabs.tabMoved.connect(self._moved)
        self.top.searching.connect(self.open_commands)
        self.navigation.chosen.connect(lambda _page: self.show_home())
        self.home.new.connect(lambda: self.filing.begin_empty())
        self.home.opening.connect(lambda file: self.filing.open(file))
        self.home.beginning.connect(lambda template: self.filing.begin(template))
        desktop.theme.changed.connect(self._dress)
        desktop.told.connect(self.notice.tell)
        desktop.outside_changed.connect(self.show_titles)
        desktop.recent_changed.connect(self.show_files)
        self._dress()
        self._remembered()
        self.show_home()

    # pages

    @property
    def filing(self) -> Filing:
        """Opening, saving and closing; loaded when it is first asked for."""
        if self._filing is None:
            from app.desktop.filing import Filing

            self._filing = Filing(self)
        return self._filing

    @property
    def page(self) -> EditorPage | None:
        """The journey in front; None at home."""
        widget = self.stack.currentWidget()
        return next((page for page in self.pages if page is widget), None)

    def add_page(self, page: EditorPage) -> None:
        """Show a journey in a tab of its own, in place of a new one that was not touched."""
        before = self.page
        self.pages.append(page)
        self.stack.addWidget(page)
        self.bindings.listen_on(page.canvas.view)
        page.canvas.view.menu_wanted.connect(self._show_canvas_menu)
        opened = page.opened
        opened.title_changed.connect(self.show_titles)
        opened.document.changed.connect(self.bindings.refresh)
        opened.document.clean_changed.connect(self.bindings.refresh)
        opened.selection.changed.connect(self.bindings.refresh)
        page.told.connect(page.notice.tell)
        page.canvas.beginning.connect(self.show_home)
        self.show_page(page)
        if before is not None and before.opened.is_untouched:
            before.opened.close()
            self.remove_page(before)

    def show_page(self, page: EditorPage) -> None:
        self.stack.setCurrentWidget(page)
        self.show_titles()
        page.canvas.take_focus()

    def remove_page(self, page: EditorPage) -> None:
        """Take a tab away; what is in it is settled by now."""
        at = self.pages.index(page)
        was_front = page is self.page
        self.pages.remove(page)
        self.stack.removeWidget(page)
        for signal in (page.opened.document.changed, page.opened.document.clean_changed):
            with contextlib.suppress(RuntimeError):
                signal.disconnect(self.bindings.refresh)
        page.hide()
        page.deleteLater()
        if was_front and self.pages:
            self.show_page(self.pages[min(at, len(self.pages) - 1)])
        elif was_front:
            self.show_home()
        self.show_titles()

    def show_home(self) -> None:
        self.stack.setCurrentWidget(self.home)
        self.show_files()
        self.show_titles()
        self._soon.start()
        self.home.new_button.setFocus()

    def show_files(self) -> None:
        workspace = self.desktop.workspace
        self.home.show_files(listed(self.desktop.memory.recent, workspace.journey_files() if workspace else ()))

    def _show_templates(self) -> None:
        if self.stack.currentWidget() is self.home:
            from app.desktop.files import templates

            self.home.show_templates(templates())

    def step_tab(self, by: int) -> None:
        """To the next tab, home being one of them."""
        places: list[EditorPage | None] = [None, *self.pages]
        place = places[(places.index(self.page) + by) % len(places)]
        if place is None:
            self.show_home()
        else:
            self.show_page(place)

    def _show_canvas_menu(self, kind: str, _about: object, at: QPoint) -> None:
        page = self.page
        if page is not None:
            self.bindings.refresh()
            page.canvas.view.show_menu([self.bindings[name] if name else None for name in CANVAS_MENUS[kind]], at)

    def show_titles(self) -> None:
        """What stands on the tabs and in the title of the window."""
        titles = []
        for page in self.pages:
            opened = page.opened
            title = opened.name if opened.is_saved else _("{name} •").format(name=opened.name)
            titles.append((title, str(opened.file) if opened.file else _("Not saved as a file yet")))
        front = self.page
        self.top.tabs.show_all(titles, self.pages.index(front) if front is not None else -1)
        self.top.home.setChecked(front is None)
        workspace = self.desktop.workspace
        name = workspace.name if workspace is not None else _("No workspace")
        self.top.show_workspace(name)
        self.setWindowTitle(
            _("{journey}[*] – Kanwa").format(journey=front.opened.name) if front is not None else _("Kanwa")
        )
        self.setWindowModified(front is not None and not front.opened.is_saved)
        self.bindings.refresh()

    def _chosen(self, n: int) -> None:
        if 0 <= n < len(self.pages) and self.page is not self.pages[n]:
            self.show_page(self.pages[n])

    def _moved(self, to: int, start: int) -> None:
        self.pages.insert(to, self.pages.pop(start))

    # commands, areas

    def open_commands(self) -> None:
        self.choose(
            lambda text: [*found_actions(self.actions_, text), *found_things(self._things(), text)],
            asks=_("Search or run a command"),
        )

    def choose(self, find: Find, *, asks: str) -> None:
        """Let something be chosen by its name."""
        if self.chooser is None:
            self.chooser = Chooser()
        self.chooser.open_over(self, find, asks=asks, top=HEIGHT + 8)

    def _things(self) -> Sequence[tuple[str, str, Callable[[], object]]]:
        """What the search finds beside commands: journeys that are open, and steps of the one in front."""
        found: list[tuple[str, str, Callable[[], object]]] = [
            (page.opened.name, _("Open journey"), partial(self.show_page, page)) for page in self.pages
        ]
        page = self.page
        if page is not None:
            journey = page.opened.journey
            for node in journey.node_ids():
                title = journey.title(node)
                if title:
                    found.append((title, _("Step"), partial(page.show_node, node)))
        return found

    def areas(self) -> list[Area]:
        page = self.page
        if page is None:
            return [Area("bar", self.top, self.top.search), Area("home", self.home, self.home.new_button)]
        return [Area("top", self.top, self.top.search), *page.areas()]

    def step_area(self, by: int) -> None:
        areas.go(self.areas(), by)

    # files dragged in

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if _files_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        for file in _files_in(event):
            self.filing.open(file)
        event.acceptProposedAction()

    # the window itself

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self._filing is not None:
            self.filing.look_at_disk()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.top.narrow(self.width() < 1200)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if self._filing is not None and not self.filing.may_close_all():
            event.ignore()
            return
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self.desktop.memory.put("window", geometry)
        self.desktop.closed(self)
        event.accept()

    def _remembered(self) -> None:
        geometry = self.desktop.memory.get("window", "")
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii")))

    def _dress(self) -> None:
        self.setStyleSheet(frame_style(self.desktop.theme.tokens))

    def _fill(self, menu: QMenu) -> None:
        for which in WORKSPACE_MENU:
            if isinstance(which, Menu):
                menu.addMenu(self.bindings.menu(which, menu))
            else:
                self.bindings.fill(menu, [which])
        menu.aboutToShow.connect(self.bindings.refresh)

    def open_menu(self) -> None:
        """The menu of the workspace, by F10."""
        self.top.workspace.showMenu()

    def leave(self) -> None:
        """Close the window, after asking where something would be lost."""
        self.close()


def _files_in(event: QDragEnterEvent | QDropEvent) -> list[Path]:
    """Journey files that are dragged in."""
    return [
        Path(url.toLocalFile())
        for url in event.mimeData().urls()
        if url.isLocalFile() and url.toLocalFile().endswith(".journey")
    ]
