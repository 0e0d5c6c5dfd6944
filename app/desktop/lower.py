"""The lower panel: problems that lead to their node and offer a fix, and the history that leads to any step."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QUndoStack
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QUndoView,
    QVBoxLayout,
    QWidget,
)

from app.desktop.pieces import Sign, chip, label, push, set_chip
from journeys.base.i18n import _, ngettext
from journeys.graph.checks import Report
from journeys.graph.journey import Journey
from journeys.nodes.problem import Problem, Severity, say_severity
from widgets.theme import icons
from widgets.theme.theme import Theme

HEIGHT, CLOSED = 96, 36
_ROW = 48
#: px between tabs, as in the style sheet
_BETWEEN = 12
#: rows that are made; who has more problems mends these first
MOST_SHOWN = 200

_PROBLEM = Qt.ItemDataRole.UserRole

#: icon and token of each severity: shape and text tell it as well as the hue
SIGNS = {
    Severity.BLOCKS: ("warning-octagon-fill", "err"),
    Severity.WARNS: ("warning-fill", "warn_fill"),
    Severity.HINTS: ("info", "text3"),
}


def titles_of(problem: Problem, journey: Journey) -> str:
    """What the problem is about: the titles of its nodes, else the journey."""
    nodes = [node for node in problem.nodes if node in journey]
    if not nodes:
        return _("The journey")
    return _(", ").join(journey.title(node) or journey.kind(node) for node in nodes)


def worst(report: Report) -> Severity | None:
    """The worst that was found."""
    found = {problem.severity for problem in report.problems}
    return next((severity for severity in Severity if severity in found), None)


def said_state(*, waiting: bool, saved: bool, file: bool) -> str:
    """The words at the right of the tabs."""
    checked = _("Checking …") if waiting else _("Checked just now")
    if not file:
        return _("{checked} · not saved as a file yet").format(checked=checked)
    if saved:
        return _("{checked} · all changes saved").format(checked=checked)
    return _("{checked} · changes not saved yet").format(checked=checked)


class Problems(QListWidget):
    """The tab *Problems*. Enter, a click and F8 lead to the node; the button at the right mends."""

    #: the node that is to be shown; nothing for the journey as a whole
    chosen = Signal(str)
    #: the Problem that is to be mended
    mending = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName(_("Problems"))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._choose)

    def show_report(self, report: Report, journey: Journey) -> None:
        kept = self.currentItem().data(_PROBLEM) if self.currentItem() is not None else None
        self.clear()
        if not report.problems and report.skipped:
            self._say(_("No problems."), "check-circle", "ok")
        for problem in report.problems[:MOST_SHOWN]:
            self._add(problem, journey)
            if problem == kept:
                self.setCurrentRow(self.count() - 1)
        more = len(report.problems) - MOST_SHOWN
        if more > 0:
            self._say(ngettext("And {n} more.", "And {n} more.", more).format(n=more))
        for sentence in report.skipped:
            self._say(sentence)

    def problem(self, row: int) -> Problem | None:
        item = self.item(row)
        found = item.data(_PROBLEM) if item is not None else None
        return found if isinstance(found, Problem) else None

    def step(self, by: int) -> None:
        """Go to the next problem, or the one before, and show its node."""
        count = sum(self.problem(row) is not None for row in range(self.count()))
        if not count:
            return
        row = self.currentRow()
        self.setCurrentRow((row + by) % count if row >= 0 else (0 if by > 0 else count - 1))
        self._choose(self.currentItem())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self._choose(self.currentItem())
            return
        super().keyPressEvent(event)

    def _add(self, problem: Problem, journey: Journey) -> None:
        title = titles_of(problem, journey)
        item = QListWidgetItem()
        item.setSizeHint(QSize(10, _ROW))
        item.setData(_PROBLEM, problem)
        aloud = _("{severity}: {title}: {sentence}").format(
            severity=say_severity(problem.severity), title=title, sentence=problem.sentence
        )
        item.setData(Qt.ItemDataRole.AccessibleTextRole, aloud)
        item.setToolTip(problem.sentence)
        self.addItem(item)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(16, 0, 16, 0)
        line.setSpacing(10)
        line.addWidget(Sign(*SIGNS[problem.severity], self._theme, size=icons.NAVIGATION))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addStretch()
        texts.addWidget(label(title, "name"))
        sentence = label(problem.sentence, "sentence")
        # elided by the row's end; whole in the tooltip
        sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        texts.addWidget(sentence)
        texts.addStretch()
        line.addLayout(texts, 1)
        if problem.fix is not None:
            button = push(problem.fix.label, bar=True)
            button.setAccessibleName(_("{fix}, for {title}").format(fix=problem.fix.label, title=title))
            button.clicked.connect(lambda _checked=False, problem=problem: self.mending.emit(problem))
            line.addWidget(button)
        self.setItemWidget(item, row)

    def fix_button(self, row: int) -> QPushButton | None:
        """The button that mends the problem of a row."""
        widget = self.itemWidget(self.item(row))
        return widget.findChild(QPushButton) if widget is not None else None

    def _say(self, sentence: str, icon: str = "info", hue: str = "text3") -> None:
        """A quiet row that tells and leads nowhere."""
        item = QListWidgetItem()
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, sentence)
        self.addItem(item)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(16, 5, 16, 5)
        line.setSpacing(10)
        line.addWidget(Sign(icon, hue, self._theme), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(label(sentence, "help", wrap=True), 1)
        self.setItemWidget(item, row)
        self._measure(item)

    def _measure(self, item: QListWidgetItem) -> None:
        row = self.itemWidget(item)
        if row is not None and item.data(_PROBLEM) is None:
            # a row as wide as its text would make all rows so wide
            item.setSizeHint(QSize(10, row.heightForWidth(self.viewport().width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        for row in range(self.count()):
            self._measure(self.item(row))

    def _choose(self, item: QListWidgetItem) -> None:
        problem = item.data(_PROBLEM)
        if isinstance(problem, Problem):
            self.chosen.emit(problem.nodes[0] if problem.nodes else "")


class Lower(QFrame):
    """The panel with its tabs."""

    #: whether it is open
    opened = Signal(bool)

    def __init__(self, theme: Theme, history: QUndoStack) -> None:
        super().__init__()
        self.setObjectName("lower")
        self._theme = theme
        self._open = True
        self._height = HEIGHT
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(_("Lower panel"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab(_("Problems"))
        self.tabs.addTab(_("History"))
        self._count = chip("", "warn")
        # a button of a tab lies over the space between tabs: it brings that space along
        self._badge = QWidget(self.tabs)
        inside = QHBoxLayout(self._badge)
        inside.setContentsMargins(0, 0, _BETWEEN, 0)
        inside.addWidget(self._count)
        self._badge.hide()
        self.state = label("", "help")
        self.toggle = QToolButton()
        self.toggle.setProperty("small", True)
        self.toggle.clicked.connect(lambda: self.set_open(not self._open))
        self.problems = Problems(theme)
        self._none = QWidget()
        holder = QHBoxLayout(self._none)
        holder.setContentsMargins(16, 12, 16, 12)
        holder.setSpacing(10)
        holder.addWidget(Sign("check-circle", "ok", theme, size=icons.NAVIGATION))
        holder.addWidget(label(_("No problems."), "sentence"))
        holder.addStretch()
        holder.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.history = QUndoView(history)
        self.history.setEmptyLabel(_("As it was opened"))
        self.history.setAccessibleName(_("History"))
        self._stack = QStackedWidget()
        for page in (self.problems, self._none, self.history):
            self._stack.addWidget(page)
        self.tabs.currentChanged.connect(self._show)
        self.tabs.tabBarClicked.connect(lambda _n: self.set_open(True))

        bar = QHBoxLayout()
        bar.setContentsMargins(16, 0, 12, 0)
        bar.addWidget(self.tabs)
        bar.addStretch()
        bar.addWidget(self.state)
        bar.addWidget(self.toggle)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._stack, 1)
        theme.changed.connect(self._colour)
        self._colour()
        self._show()

    @property
    def is_open(self) -> bool:
        return self._open

    def set_open(self, open_: bool) -> None:
        """36 px when closed: only the tabs."""
        if open_ == self._open:
            return
        self._open = open_
        self._stack.setVisible(open_)
        self.setMinimumHeight(CLOSED if not open_ else HEIGHT)
        self.setMaximumHeight(CLOSED if not open_ else 16_777_215)
        self._colour()
        self.opened.emit(open_)

    def show_report(self, report: Report, journey: Journey) -> None:
        self.problems.show_report(report, journey)
        bad = sum(problem.severity is not Severity.HINTS for problem in report.problems)
        blocks = worst(report) is Severity.BLOCKS
        set_chip(self._count, str(bad) if bad else "", "err" if blocks else "warn")
        self.tabs.setAccessibleDescription(ngettext("{n} problem", "{n} problems", bad).format(n=bad))
        # the bar measures its tabs anew only when told
        right = QTabBar.ButtonPosition.RightSide
        self.tabs.setTabButton(0, right, None)
        if bad:
            self._badge.adjustSize()
            self.tabs.setTabButton(0, right, self._badge)
            self._badge.show()
        self._show()

    def show_tab(self, n: int) -> None:
        self.tabs.setCurrentIndex(n)
        self.set_open(True)

    def _show(self) -> None:
        if self.tabs.currentIndex() == 1:
            self._stack.setCurrentWidget(self.history)
        else:
            self._stack.setCurrentWidget(self.problems if self.problems.count() else self._none)

    def _colour(self) -> None:
        name = "caret-down" if self._open else "caret-up"
        self.toggle.setIcon(icons.icon(name, self._theme.tokens.text2))
        what = _("Close the lower panel") if self._open else _("Open the lower panel")
        self.toggle.setToolTip(what)
        self.toggle.setAccessibleName(what)
