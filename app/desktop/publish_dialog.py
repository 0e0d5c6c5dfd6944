"""The dialog of publishing: what the checks say, who is inside and what becomes of them, and the one filled button."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.desktop import publishing
from app.desktop.desktop import Desktop
from app.desktop.editor import EditorPage
from app.desktop.lower import SIGNS, titles_of
from app.desktop.pieces import Sign, chip, label, line, push
from app.desktop.publishing import Done, Foreseen, OverNewer
from app.desktop.work import Work
from journeys.base.i18n import _, ngettext
from journeys.engine.drafts import NotBasedOn, Stale
from journeys.nodes.problem import Severity
from widgets.theme import icons

WIDTH = 912
_MOST_LINES = 50


class PublishDialog(QDialog):
    """Lays out and connects; `publishing` decides and does."""

    #: the newest version as a draft, to be worked on in a tab of its own
    fetched = Signal(object)

    def __init__(self, page: EditorPage, desktop: Desktop, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(_("Publish “{name}”").format(name=page.opened.name))
        self._page, self._desktop = page, desktop
        # what is published is what was shown, whatever is edited meanwhile
        self._journey = page.opened.journey.copy()
        self._foreseen: Foreseen | None = None
        self._wished: dict[str, str] = {}
        #: what was chosen where the draft is stale; None where it is not
        self._over: OverNewer | None = None
        self._look_again = False
        self._work: Work | None = None
        workspace = desktop.workspace
        assert workspace is not None
        self._workspace = workspace
        self.resize(min(WIDTH, parent.width() - 48), 560)

        self.heading = label("", "sentence", wrap=True)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        self._shown: list[QWidget] = []
        self.body = QVBoxLayout()
        self.reason = QLineEdit()
        self.reason.setPlaceholderText(_("Why it is published all the same; the reason is kept with the version"))
        self.reason.setAccessibleName(_("Reason for publishing all the same"))
        self.reason.textChanged.connect(self._judge)
        self.reason.hide()
        self.why = label("", "help", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.cancel = push(_("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.button: QPushButton = push(_("Publish"), "primary")
        self.button.setEnabled(False)
        self.button.clicked.connect(self._act)
        self._lay_out()
        self._look()

    def _look(self) -> None:
        workspace, journey = self._workspace, self._journey
        self._work = self._desktop.workers.start(
            lambda _progress: publishing.foresee(workspace, journey), self._show, self._failed
        )
        self.heading.setText(_("Looking at the store of {workspace} …").format(workspace=workspace.name))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(24, 20, 24, 12)
        head.setSpacing(8)
        head.addWidget(label(self.windowTitle(), "page", wrap=True))
        head.addWidget(self.heading)
        self._chips.addStretch()
        head.addLayout(self._chips)
        column.addLayout(head)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        column.addWidget(self._scroll, 1)
        self._clear()
        reason = QVBoxLayout()
        reason.setContentsMargins(24, 0, 24, 12)
        reason.addWidget(self.reason)
        column.addLayout(reason)
        column.addWidget(self.bar)
        foot = QFrame()
        foot.setObjectName("foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(24, 14, 24, 14)
        row.setSpacing(8)
        row.addWidget(self.why, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.button)
        column.addWidget(foot)

    def _show(self, foreseen: Foreseen) -> None:
        self._foreseen = foreseen
        self._work = None
        self.bar.hide()
        self._clear()
        self.heading.setText(publishing.heading(foreseen))
        for n, (text, kind) in enumerate(publishing.chips(foreseen)):
            self._shown.append(chip(text, kind))
            self._chips.insertWidget(n, self._shown[-1])
        if foreseen.changes and not foreseen.is_stale:
            compare = push(_("Compare on the canvas"), "link")
            compare.clicked.connect(self._compare)
            self._chips.addWidget(compare)
            self._shown.append(compare)
        self._show_ways(foreseen)
        self._show_problems(foreseen)
        self._show_changes(foreseen)
        self._show_inside(foreseen)
        self._judge()
        (self.button if self.reason.isHidden() else self.reason).setFocus()

    def _clear(self) -> None:
        """An empty middle, for what is found."""
        for shown in self._shown:
            self._chips.removeWidget(shown)
            shown.hide()
            shown.deleteLater()
        self._shown = []
        inside = QWidget()
        inside.setProperty("role", "panel")
        around = QVBoxLayout(inside)
        around.setContentsMargins(24, 4, 24, 16)
        self.body = QVBoxLayout()
        self.body.setSpacing(6)
        around.addLayout(self.body)
        around.addStretch()
        self._scroll.setWidget(inside)
        self.ways: list[QRadioButton] = []
        self._wished = {}

    def _show_ways(self, foreseen: Foreseen) -> None:
        """Where somebody else published meanwhile, what is to happen is asked; nothing is lost unless it is chosen."""
        self._over = None
        if not foreseen.is_stale:
            return
        self._say(
            _("Version {n} is published, and this draft did not begin from it. What shall be done?").format(
                n=foreseen.number - 1
            ),
            "warn",
        )
        for way, words, _button in publishing.ways_over(foreseen):
            choice = QRadioButton(words)
            choice.toggled.connect(partial(self._choose, way))
            self.ways.append(choice)
            self.body.addWidget(choice)
        self.ways[0].setChecked(True)

    def _choose(self, way: OverNewer, on: bool) -> None:
        if on:
            self._over = way
            self._judge()

    def _show_problems(self, foreseen: Foreseen) -> None:
        problems = [one for one in foreseen.report.problems if one.severity is not Severity.HINTS]
        for problem in problems[:_MOST_LINES]:
            row = QHBoxLayout()
            row.setSpacing(10)
            row.addWidget(Sign(*SIGNS[problem.severity], self._desktop.theme), 0, Qt.AlignmentFlag.AlignTop)
            texts = QVBoxLayout()
            texts.setSpacing(0)
            texts.addWidget(label(titles_of(problem, self._journey), "name", wrap=True))
            texts.addWidget(label(problem.sentence, "sentence", wrap=True))
            row.addLayout(texts, 1)
            if problem.nodes:
                go = push(_("Show"), "link")
                go.clicked.connect(partial(self._go, problem.nodes[0]))
                row.addWidget(go, 0, Qt.AlignmentFlag.AlignTop)
            self.body.addLayout(row)
        self._more(len(problems))
        for sentence in foreseen.report.skipped:
            self.body.addWidget(label(sentence, "help", wrap=True))

    def _show_changes(self, foreseen: Foreseen) -> None:
        if not foreseen.changes:
            if not foreseen.is_first:
                self._say(_("Nothing differs from the version that is published, but perhaps its messages."), "quiet")
            return
        self._section(_("What changes"))
        for sentence in foreseen.changes[:_MOST_LINES]:
            self.body.addWidget(label(sentence, "sentence", wrap=True))
        self._more(len(foreseen.changes))

    def _show_inside(self, foreseen: Foreseen) -> None:
        if not foreseen.inside:
            return
        self._section(_("Contacts who are in it now"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for column, text in enumerate(
            (_("They stand on"), _("What changed"), _("Contacts"), _("What happens to them"))
        ):
            grid.addWidget(label(text, "label"), 0, column)
        for row, inside in enumerate(foreseen.inside, start=1):
            grid.addWidget(label(inside.title, "name"), row, 0)
            what = publishing.say_what(inside)
            grid.addWidget(chip(what, "err") if inside.asks else label(what, "sentence"), row, 1)
            grid.addWidget(label(f"{inside.contacts:n}"), row, 2, Qt.AlignmentFlag.AlignRight)
            choice = QComboBox()
            choice.setAccessibleName(_("What happens to those who stand on “{title}”").format(title=inside.title))
            for wish, words in publishing.wishes(inside, self._journey):
                choice.addItem(words, wish)
            choice.setToolTip(inside.sentence)
            choice.currentIndexChanged.connect(partial(self._wish, inside.node, choice))
            self._wished[inside.node] = choice.currentData()
            grid.addWidget(choice, row, 3)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(3, 2)
        self.body.addLayout(grid)
        self.body.addWidget(label(_("Nobody who finished comes in again because of this."), "help", wrap=True))

    def _section(self, text: str) -> None:
        self.body.addSpacing(10)
        self.body.addWidget(label(text, "section"))
        self.body.addWidget(line())

    def _say(self, sentence: str, kind: str) -> None:
        row = QHBoxLayout()
        icon, token = ("warning-fill", "warn_fill") if kind == "warn" else ("info", "text3")
        row.addWidget(Sign(icon, token, self._desktop.theme), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(sentence, "sentence", wrap=True), 1)
        self.body.addLayout(row)

    def _more(self, count: int) -> None:
        more = count - _MOST_LINES
        if more > 0:
            self.body.addWidget(label(ngettext("And {n} more.", "And {n} more.", more).format(n=more), "help"))

    def _wish(self, node: str, choice: QComboBox) -> None:
        self._wished[node] = choice.currentData()

    def _judge(self) -> None:
        foreseen = self._foreseen
        if foreseen is None:
            return
        text = _("Publish version {n}").format(n=foreseen.number)
        if self._over is not None:
            text = next(button for way, _words, button in publishing.ways_over(foreseen) if way is self._over)
        self.button.setText(text)
        publishes = self._over in (None, OverNewer.OVER)
        self.button.setIcon(icons.icon("broadcast", self._desktop.theme.tokens.on_accent) if publishes else QIcon())
        self.reason.setVisible(publishes and bool(foreseen.report.blocks))
        why = publishing.why_not(foreseen, self.reason.text()) if publishes else ""
        self.why.setText(why)
        self.button.setEnabled(not why and self._work is None)

    def _act(self) -> None:
        """What the filled button says."""
        match self._over:
            case OverNewer.COMPARE:
                self._compare()
            case OverNewer.FETCH:
                assert self._foreseen is not None
                newest = self._foreseen.newest
                self.reject()
                self.fetched.emit(newest)
            case _:
                self._publish()

    def _go(self, node: str) -> None:
        self.reject()
        self._page.show_node(node)

    def _compare(self) -> None:
        assert self._foreseen is not None
        before, number = self._foreseen.newest, self._foreseen.number - 1
        if before is not None:
            self.reject()
            self._page.compare(before, _("version {n}").format(n=number))

    def _publish(self) -> None:
        foreseen = self._foreseen
        assert foreseen is not None
        workspace, journey = self._workspace, self._journey
        reason, wished = self.reason.text(), dict(self._wished)
        over = self._over is OverNewer.OVER
        self.button.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.why.setText(_("Publishing …"))
        self._work = self._desktop.workers.start(
            lambda progress: publishing.publish(
                workspace, journey, foreseen, reason=reason, wished=wished, over=over, progress=progress
            ),
            self._published,
        )
        self._work.progress.connect(self._progress)
        self._work.erred.connect(self._erred)
        self._work.failed.connect(self._failed)

    def _progress(self, done: int, total: object) -> None:
        if isinstance(total, int) and total:
            self.bar.setRange(0, total)
            self.bar.setValue(done)

    def _published(self, done: Done) -> None:
        self._work = None
        self._page.opened.published(done.hash)
        self._page.notice.tell(publishing.said(done, self._journey.settings.name), severity="quiet")
        self._desktop.look_outside()
        self.accept()

    def _erred(self, error: object) -> None:
        # somebody published between our look and this: it is asked anew
        self._look_again = isinstance(error, Stale | NotBasedOn)

    def _failed(self, sentence: str) -> None:
        self._work = None
        if self._look_again:
            self._look_again = False
            self._foreseen = None
            self.why.setText("")
            self._look()
            return
        self.bar.hide()
        self.why.setProperty("role", "error")
        self.why.style().polish(self.why)
        self.why.setText(sentence)
        self.button.setEnabled(self._foreseen is not None)

    def done(self, result: int) -> None:
        """Nothing that comes later finds a dialog that is gone."""
        if self._work is not None and self._foreseen is None:
            self._work.drop()
        super().done(result)
