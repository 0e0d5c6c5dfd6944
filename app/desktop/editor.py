"""The editor page: palette and outline, toolbar, canvas, inspector and lower panel around one open journey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.desktop.areas import Area
from app.desktop.bindings import Bindings
from app.desktop.canvas_pane import CanvasPane
from app.desktop.desktop import Desktop
from app.desktop.find import Find
from app.desktop.lower import CLOSED, HEIGHT, Lower
from app.desktop.open_journey import OpenJourney
from app.desktop.outline import Outline
from app.desktop.palette import TILES_ONLY, WIDTH, Palette
from app.desktop.pieces import Notice
from app.desktop.side import Side
from app.desktop.toolbar import Toolbar
from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import _
from journeys.graph.checks import Report
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from journeys.nodes.problem import Problem
from widgets.document import acts
from widgets.document.fixing import fix

if TYPE_CHECKING:
    from app.desktop.comparing import ComparisonPage

INSPECTOR, INSPECTOR_NARROW = 312, 288
#: windows up to this width get the narrow palette and inspector
NARROW = 1300


def is_narrow(width: int) -> bool:
    return width <= NARROW


class EditorPage(QWidget):
    """Lays out and connects; what it shows decides for itself."""

    #: the name in the toolbar was changed to a text that cannot be one, and such
    told = Signal(str)

    def __init__(self, opened: OpenJourney, desktop: Desktop, bindings: Bindings) -> None:
        super().__init__()
        self.opened = opened
        self._desktop = desktop
        self._narrow: bool | None = None
        self.comparison: ComparisonPage | None = None
        theme, document, selection = desktop.theme, opened.document, opened.selection
        names = JourneyNames(document.journey, self._catalogue())
        #: lies over the page: what is said must not move what is worked on
        self.notice = Notice()
        self.toolbar = Toolbar(bindings, theme)
        self.canvas = CanvasPane(opened, desktop)
        self.palette_list = Palette(theme, self.canvas.spot)
        self.outline = Outline(document, selection, theme)
        self.outline.know(names)
        self.panel = Lower(theme, document.history)
        self.side = Side(opened, desktop)
        self.finder = Find(document, selection, names, theme)

        self._left = self._made_left()
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._upright = QSplitter(Qt.Orientation.Vertical)
        self._upright.addWidget(self.canvas)
        self._upright.addWidget(self.panel)
        self._upright.setStretchFactor(0, 1)
        self._across.addWidget(self._upright)
        self._across.addWidget(self.side)
        self._across.setStretchFactor(0, 1)
        for splitter in (self._across, self._upright):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
            splitter.splitterMoved.connect(self._remember)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        self._middle = QStackedWidget()
        self._middle.addWidget(self._across)
        column.addWidget(self._middle, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left)
        row.addWidget(right, 1)
        self.notice.setParent(right)
        self.notice.changed.connect(self._place_notice)

        self.finder.setParent(self.canvas)
        self.canvas.installEventFilter(self)
        self._connect()
        self._show_name()
        self._show_report(opened.report)
        self._show_outside()

    def _made_left(self) -> QFrame:
        left = QFrame()
        left.setObjectName("palette")
        self.left_tabs = QTabBar()
        self.left_tabs.setAccessibleName(_("Palette"))
        self.left_tabs.setDrawBase(False)
        self.left_tabs.setExpanding(False)
        self.left_tabs.addTab(_("Steps"))
        self.left_tabs.addTab(_("Outline"))
        self._left_stack = QStackedWidget()
        self._left_stack.addWidget(self.palette_list)
        self._left_stack.addWidget(self.outline)
        self.left_tabs.currentChanged.connect(self._left_stack.setCurrentIndex)
        self.left_tabs.currentChanged.connect(lambda _n: self._size(force=True))
        self._left_bar = QWidget()
        bar = QHBoxLayout(self._left_bar)
        bar.setContentsMargins(12, 3, 4, 0)
        bar.addWidget(self.left_tabs)
        bar.addStretch()
        column = QVBoxLayout(left)
        # the line at the right stays to be seen
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        column.addWidget(self._left_bar)
        column.addWidget(self._left_stack, 1)
        return left

    def _connect(self) -> None:
        opened = self.opened
        self.palette_list.chosen.connect(self.canvas.add_preset)
        self.outline.activated.connect(self.show_node)
        self.finder.found.connect(self.canvas.show_node)
        self.finder.closed.connect(self.canvas.take_focus)
        self.panel.problems.chosen.connect(self.show_node)
        self.panel.problems.mending.connect(self.mend)
        self.panel.opened.connect(self._lower_opened)
        self.toolbar.name.named.connect(self._rename)
        opened.checking.checked.connect(self._show_report)
        opened.document.changed.connect(lambda _change: self._show_state())
        opened.title_changed.connect(self._show_name)
        opened.document.clean_changed.connect(lambda _clean: self._show_state())
        self._desktop.outside_changed.connect(self._show_outside)
        self.canvas.told.connect(self.told)
        self.canvas.view.edit_wanted.connect(lambda _node: self.side.inspector.edit_settings())
        self.side.told.connect(self.told)

    # what is shown

    def show_node(self, node: str) -> None:
        """Select a node, bring it into view, and let its settings be seen; nothing stands for the journey."""
        if not node:
            self.opened.selection.clear()
            return
        if node in self.opened.journey:
            self.opened.selection.set([node])
            self.canvas.show_node(node)

    def mend(self, problem: Problem) -> None:
        """Do what a problem's fix says."""
        try:
            fix(self.opened.document, problem)
        except KanwaError as error:
            self.notice.tell(str(error))

    def compare(self, before: Journey, called: str) -> None:
        """Show what differs between another copy of the journey and this one, in place of canvas and inspector."""
        from app.desktop.comparing import ComparisonPage

        self.close_comparison()
        catalogue = self._catalogue()
        self.comparison = ComparisonPage(
            before, self.opened.journey, _("Against {other}").format(other=called), self._desktop.theme, catalogue
        )
        self.comparison.closed.connect(self.close_comparison)
        self._middle.addWidget(self.comparison)
        self._middle.setCurrentWidget(self.comparison)
        self.comparison.begin()

    @property
    def published(self) -> Journey | None:
        """What is published of it, as far as is known."""
        outside = self._desktop.outside
        return outside.published.get(self.opened.journey.settings.id) if outside is not None else None

    def compare_with_published(self) -> None:
        if self.published is not None:
            self.compare(self.published, _("what is published"))

    def close_comparison(self) -> None:
        shown, self.comparison = self.comparison, None
        if shown is not None:
            self._middle.removeWidget(shown)
            shown.hide()
            shown.deleteLater()
            self.canvas.take_focus()

    def _show_outside(self) -> None:
        """Take in what is known of the workspace's store."""
        outside = self._desktop.outside
        catalogue = self._catalogue()
        names = JourneyNames(self.opened.journey, catalogue)
        self.outline.know(names)
        self.finder.know(names)
        self.canvas.know(catalogue)
        self.side.know(outside)
        self._show_standing()
        self.opened.know(outside)

    def _catalogue(self) -> Catalogue | None:
        outside = self._desktop.outside
        return outside.catalogue if outside is not None else None

    def _show_standing(self) -> None:
        outside = self._desktop.outside
        key = self.opened.journey.settings.id
        standing = outside.standing.get(key) if outside is not None else None
        published = outside.published.get(key) if outside is not None else None
        differs = None
        if published is not None and len(self.opened.journey) <= 2000:
            from journeys.graph.diff import differences

            differs = len(differences(published, self.opened.journey))
        self.toolbar.show_standing(standing, differs=differs)

    def _show_report(self, report: Report) -> None:
        self.panel.show_report(report, self.opened.journey)
        self.outline.show_problems(report.problems)
        self.canvas.show_problems(report.problems)
        self._show_standing()
        self._show_state()

    def _show_state(self) -> None:
        from app.desktop.lower import said_state

        opened = self.opened
        self.panel.state.setText(
            said_state(
                waiting=opened.checking.is_outdated,
                saved=opened.is_saved,
                file=opened.file is not None,
            )
        )

    def _show_name(self) -> None:
        self.toolbar.name.show_name(self.opened.name)
        self.toolbar.show_read_only(self.opened.is_read_only)
        self._show_state()

    def _rename(self, name: str) -> None:
        from pydantic import ValidationError

        from journeys.base.validation import problems_of
        from journeys.graph.settings import JourneySettings

        settings = self.opened.journey.settings
        data = settings.model_dump(mode="json", by_alias=True) | {"name": name}
        try:
            renamed = JourneySettings.model_validate(data)
        except ValidationError as error:
            self.toolbar.name.show_name(self.opened.name)
            self.notice.tell(problems_of(error, data)[0].sentence)
            return
        acts.set_journey(self.opened.document, renamed, field="name")
        self.canvas.take_focus()

    # sizes

    def areas(self) -> list[Area]:
        """Where F6 leads, in its order: bar, palette, canvas, inspector, lower panel."""
        left = self.palette_list.list if self.left_tabs.currentIndex() == 0 else self.outline.tree
        found = [
            Area("bar", self.toolbar, self.toolbar.name),
            Area("palette", self._left, left),
            Area("canvas", self.canvas, self.canvas.view),
            Area("inspector", self.side, self.side.focus_target()),
        ]
        if self.panel.is_open:
            inner = self.panel.problems if self.panel.tabs.currentIndex() == 0 else self.panel.history
            found.append(Area("lower", self.panel, inner if inner.isVisible() else self.panel.tabs))
        else:
            found.append(Area("lower", self.panel, self.panel.tabs))
        return found

    def show_left(self, tab: int) -> None:
        """0: steps; 1: outline; with the keyboard in it."""
        self.left_tabs.setCurrentIndex(tab)
        (self.palette_list.field if tab == 0 else self.outline.tree).setFocus()

    def _place_notice(self) -> None:
        width = self._middle.width()
        height = max(self.notice.heightForWidth(width), self.notice.sizeHint().height())
        self.notice.setGeometry(self._middle.x(), self._middle.y(), width, height)
        self.notice.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._size()
        self._place_notice()

    def _size(self, *, force: bool = False) -> None:
        narrow = is_narrow(self.window().width())
        if narrow == self._narrow and not force:
            return
        changed = narrow != self._narrow
        self._narrow = narrow
        tiles = narrow and self.left_tabs.currentIndex() == 0
        self.palette_list.show_tiles(tiles)
        self._left.setFixedWidth(TILES_ONLY if tiles else self._wanted("palette", 220 if self._is_outline() else WIDTH))
        self._left_bar.setVisible(not tiles)
        if changed:
            wide = INSPECTOR_NARROW if narrow else self._wanted("inspector", INSPECTOR)
            self.side.setMinimumWidth(INSPECTOR_NARROW)
            self.side.setMaximumWidth(560)
            self._across.setSizes([10_000, wide])
            self._lower_opened(self.panel.is_open)

    def _is_outline(self) -> bool:
        return self.left_tabs.currentIndex() == 1

    def _wanted(self, name: str, default: int) -> int:
        if name == "palette":
            return default
        return self._desktop.memory.get(f"width.{name}", default, fits=lambda width: 100 <= width <= 1000)

    def _lower_opened(self, open_: bool) -> None:
        memory = self._desktop.memory
        wanted = memory.get("height.lower", HEIGHT, fits=lambda height: HEIGHT <= height <= 1000)
        self._upright.setSizes([10_000, wanted if open_ else CLOSED])
        memory.put("lower.open", open_)

    def _remember(self) -> None:
        memory = self._desktop.memory
        if not self._narrow:
            memory.put("width.inspector", self.side.width())
        if self.panel.is_open:
            memory.put("height.lower", self.panel.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.canvas and event.type() == QEvent.Type.Resize:
            width = min(420, max(self.canvas.width() - 24, 100))
            self.finder.setGeometry(QRect(self.canvas.width() - width - 12, 12, width, 40))
        return False
