"""What stands under a criterion: the sentence, the number of contacts who match, and ten of them."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from journeys.base.i18n import _, ngettext
from journeys.criteria import AnyCriterion, needs_passage
from widgets.criterion.matching import Counting, Matching
from widgets.form.editor import Context, label
from widgets.theme.controls import LinkButton


class Foot(QWidget):
    """The number is asked of the context's matcher; without one there is only the sentence."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.sentence = label("", "box", self)
        box.addWidget(self.sentence)
        line = QHBoxLayout()
        line.setSpacing(4)
        self.number = label("", "name", self)
        self.number.setWordWrap(False)
        policy = self.number.sizePolicy().Policy.Minimum
        self.number.setSizePolicy(policy, policy)
        self.of = label("", "sentence", self)
        self.ten = LinkButton(context.theme, _("Show ten"), parent=self)
        self.ten.clicked.connect(self._toggle)
        line.addWidget(self.number)
        line.addWidget(self.of, 1)
        line.addWidget(self.ten)
        box.addLayout(line)
        self.examples = label("", "box", self)
        self.examples.hide()
        box.addWidget(self.examples)
        self._matching: Matching | None = None
        self.counting = Counting(context.matcher, self) if context.matcher is not None else None
        if self.counting is not None:
            self.counting.counted.connect(self._counted)
            self.counting.failed.connect(self._failed)
        self._show()

    def say(self, sentence: str) -> None:
        self.sentence.setText(sentence)

    def count(self, criterion: AnyCriterion | None) -> None:
        """Find out who matches; nobody is asked of what is not complete, or speaks of a passage."""
        if self.counting is None:
            return
        if criterion is None or needs_passage(criterion):
            self.counting.give_up()
            self._matching = None
            self.of.setText(
                "" if criterion is None else _("It depends on the passage, and is counted as the journey runs.")
            )
        else:
            self._quiet(True)
            self.counting.ask(criterion)
        self._show()

    def _counted(self, matching: Matching) -> None:
        self._matching = matching
        here = QLocale()
        self.number.setText(here.toString(matching.count))
        of = ngettext("of {n} contact match", "of {n} contacts match", matching.of)
        self.of.setText(of.format(n=here.toString(matching.of)))
        said = [
            _("{name}, {more}").format(name=one.name, more=one.more) if one.more else one.name
            for one in matching.examples
        ]
        self.examples.setText("\n".join(said))
        self._quiet(False)
        self._show()

    def _failed(self, sentence: str) -> None:
        self._matching = None
        self.of.setText(sentence)
        self._show()

    def _show(self) -> None:
        self.number.setVisible(self._matching is not None)
        self.of.setVisible(bool(self.of.text()))
        some = self._matching is not None and bool(self._matching.examples)
        self.ten.setVisible(some)
        if not some:
            self.examples.hide()
        self.ten.setText(_("Show ten") if self.examples.isHidden() else _("Hide them"))

    def _quiet(self, quiet: bool) -> None:
        """While it is counted the old number stands back."""
        role = "hint" if quiet else "name"
        if self.number.property("role") != role:
            self.number.setProperty("role", role)
            self.number.style().unpolish(self.number)
            self.number.style().polish(self.number)

    def _toggle(self) -> None:
        self.examples.setVisible(self.examples.isHidden())
        self._show()
