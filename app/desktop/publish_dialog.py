"""The dialog of publishing: what the checks say, who is inside and what becomes of them, and the one filled button."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.desktop import publishing
from app.desktop.desktop import Desktop
from app.desktop.editor import EditorPage
from app.desktop.lower import SIGNS, titles_of
from app.desktop.pieces import Sign, chip, label, line, push
from app.desktop.publishing import Done, Foreseen
from app.desktop.work import Work
from journeys.base.i18n import _, ngettext
from journeys.engine.drafts import NotBasedOn, Stale
from journeys.nodes.problem import Severity

WIDTH = 912
_MOST_LINES = 50


class PublishDialog(QDialog):
    """Lays out and connects; `publishing` decides and does."""

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
        self._over = False
        self._work: Work | None = None
        workspace = desktop.workspace
        assert workspace is not None
        self._workspace = workspace
        self.resize(min(WIDTH, parent.width() - 48), 560)

        self.heading = label("", "sentence", wrap=True)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        self.body = QVBoxLayout()
        self.body.setSpacing(6)
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
        self.button: QPushButton = push(_("Publish"), "primary", icon="broadcast", theme=desktop.theme)
        self.button.setEnabled(False)
        self.button.clicked.connect(self._publish)
        self._lay_out()
        self._work = desktop.workers.start(
            lambda _progress: publishing.foresee(workspace, self._journey), self._show, self._failed
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
        inside = QWidget()
        inside.setProperty("role", "panel")
        body = QVBoxLayout(inside)
        body.setContentsMargins(24, 4, 24, 16)
        body.addLayout(self.body)
        body.addStretch()
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        column.addWidget(scroll, 1)
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
        self.heading.setText(publishing.heading(foreseen))
        for n, (text, kind) in enumerate(publishing.chips(foreseen)):
            self._chips.insertWidget(n, chip(text, kind))
        if foreseen.changes:
            compare = push(_("Compare on the canvas"), "link")
            compare.clicked.connect(self._compare)
            self._chips.addWidget(compare)
        self.button.setText(_("Publish version {n}").format(n=foreseen.number))
        if foreseen.is_stale:
            self._say(
                _(
                    "This draft did not begin from the newest version. What somebody else published meanwhile and is not "
                    "in the draft will be gone."
                ),
                "warn",
            )
        self._show_problems(foreseen)
        self._show_changes(foreseen)
        self._show_inside(foreseen)
        self.reason.setVisible(bool(foreseen.report.blocks))
        self._judge()
        (self.reason if foreseen.report.blocks else self.button).setFocus()

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
        if self._foreseen is None:
            return
        why = publishing.why_not(self._foreseen, self.reason.text())
        self.why.setText(why)
        self.button.setEnabled(not why and self._work is None)

    def _go(self, node: str) -> None:
        self.reject()
        self._page.show_node(node)

    def _compare(self) -> None:
        outside = self._desktop.outside
        before = outside.published.get(self._journey.settings.id) if outside is not None else None
        if before is not None:
            self.reject()
            assert self._foreseen is not None
            self._page.compare(before, _("version {n}").format(n=self._foreseen.number - 1))

    def _publish(self) -> None:
        foreseen = self._foreseen
        assert foreseen is not None
        workspace, journey = self._workspace, self._journey
        reason, wished = self.reason.text(), dict(self._wished)
        over = self._over or foreseen.is_stale
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
        # somebody published between our look and this: saying so once is asking
        if isinstance(error, Stale | NotBasedOn):
            self._over = True

    def _failed(self, sentence: str) -> None:
        self._work = None
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
