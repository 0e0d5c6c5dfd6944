"""The inspector of the editor: the selected node, several nodes, or the journey itself."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from journeys.base.i18n import _, ngettext
from journeys.graph.checks import Report
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from journeys.nodes.preset import NOT_CHOSEN
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.trigger import Trigger
from journeys.nodes.wait import Wait
from widgets.document import acts
from widgets.document.change import Change
from widgets.document.checking import Checking
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.form.editor import Note, Weight, label
from widgets.form.fields import LongTextField, TickBox
from widgets.form.shapes import NoShape, as_data, named
from widgets.form.suggest import FromCatalogue
from widgets.inspector.example import example
from widgets.inspector.head import Head
from widgets.inspector.model_form import ModelForm
from widgets.inspector.supplies import Supplies
from widgets.theme.controls import line

WIDTH, NARROW = 312, 288
MARGIN = 16

#: what a journey's own form does not show: its id never changes, the hash is written by publishing
_NOT_SHOWN = ("id", "based_on")

_WEIGHTS = {Severity.BLOCKS: Weight.ERROR, Severity.WARNS: Weight.WARNING, Severity.HINTS: Weight.HELP}


class Inspector(QWidget):
    """Follows a selection. Every edit is a command of the document; typing into one field is one step."""

    def __init__(
        self,
        document: Document,
        selection: Selection,
        supplies: Supplies,
        *,
        checking: Checking | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`checking` is that of the document; without one only models say what is wrong."""
        super().__init__(parent)
        self._checking = checking
        self._document, self._selection, self._supplies = document, selection, supplies
        self._node: str | None = None
        self._form: ModelForm | None = None
        self._re_entry: ModelForm | None = None
        #: what was typed into a node and is not complete yet: it is there again when the node is
        self._pending: dict[str, Any] = {}
        #: the box that switches off, while one is shown
        self.off: QCheckBox | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("role", "panel")
        self.setMinimumWidth(NARROW)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.head = Head(supplies.theme, self)
        self.head.edited.connect(self._title_edited)
        box.addWidget(self.head)
        self._name = label("", "title", self)
        self._name.setContentsMargins(MARGIN, 16, MARGIN, 12)
        box.addWidget(self._name)
        self.tabs = QTabBar(self)
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setContentsMargins(MARGIN, 0, 0, 0)
        for text in (_("Settings"), _("Comment")):
            self.tabs.addTab(text)
        tab_row = QWidget(self)
        tab_box = QVBoxLayout(tab_row)
        tab_box.setContentsMargins(MARGIN, 0, MARGIN, 0)
        tab_box.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignLeft)
        self._tab_row = tab_row
        box.addWidget(tab_row)
        box.addWidget(line(self))
        self._pages = QStackedWidget(self)
        self._settings = _Scrolled(self._pages)
        self.comment = LongTextField(supplies.context(document.journey), parent=self)
        self.comment.name(_("Comment"))
        self.comment.text.setPlaceholderText(_("For colleagues: why this step is as it is."))
        self.comment.edited.connect(self._comment_edited)
        page = QWidget(self._pages)
        lines = QVBoxLayout(page)
        lines.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        lines.addWidget(self.comment)
        self._pages.addWidget(self._settings)
        self._pages.addWidget(page)
        box.addWidget(self._pages, 1)
        self.tabs.currentChanged.connect(self._pages.setCurrentIndex)
        self._example_line = line(self)
        box.addWidget(self._example_line)
        self._example = label("", "sentence", self)
        self._example.setContentsMargins(MARGIN, 12, MARGIN, 12)
        box.addWidget(self._example)
        if checking is not None:
            checking.checked.connect(self._show_checks)
        document.changed.connect(self._follow)
        selection.changed.connect(self._selected)
        self._show()

    # what can be asked

    @property
    def form(self) -> ModelForm | None:
        """The form of the node, or of the journey; None where several are selected, or the kind is unknown."""
        return self._form

    @property
    def re_entry(self) -> ModelForm | None:
        """The journey's rule of coming back, under a trigger."""
        return self._re_entry

    @property
    def example_text(self) -> str:
        """What the selected wait means for a contact; empty where there is nothing to say."""
        return "" if self._example.isHidden() else self._example.text()

    def edit_title(self) -> None:
        """Put the keyboard into the title, all of it marked."""
        self.head.title.setFocus()
        self.head.title.selectAll()

    def edit_settings(self) -> None:
        """Put the keyboard into the first field."""
        self.tabs.setCurrentIndex(0)
        if self._form is not None:
            first = next(iter(self._form.record.rows.values()), None)
            if first is not None:
                first.editor.begin()

    def renew(self) -> None:
        """Show what is selected anew: the store knows other things than before."""
        self._show()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(WIDTH, super().sizeHint().height())

    # following

    @property
    def _journey(self) -> Journey:
        return self._document.journey

    def _selected(self) -> None:
        self._show()

    def _follow(self, change: Change) -> None:
        for gone in change.removed:
            self._pending.pop(gone, None)
        if len(self._selection.nodes) > 1:
            if change.altered:
                self._show()
            return
        if self._node is None:
            if change.journey and self._form is not None:
                self._form.follow(self._journey.settings)
                self._name.setText(self._journey.settings.name)
            return
        if self._node not in self._journey:
            # the selection will say what is shown instead
            return
        if self._node in change.altered:
            settings = self._journey.node(self._node)
            if self._form is not None and settings is not None:
                if settings != self._form.settings:
                    self._pending.pop(self._node, None)
                self._form.follow(settings)
            self._show_head()
            self.comment.set_value(self._journey.comment(self._node))
        if change.journey and self._re_entry is not None:
            self._re_entry.follow(self._journey.settings)
        self._show_meaning()

    # showing

    def _show(self) -> None:
        chosen = [node for node in self._selection.nodes if node in self._journey]
        self._node = chosen[0] if len(chosen) == 1 else None
        self._form = self._re_entry = self.off = None
        one, several = self._node is not None, len(chosen) > 1
        self.head.setVisible(one)
        self._tab_row.setVisible(one)
        self._name.setVisible(not one)
        self._example.hide()
        self._example_line.hide()
        if not one:
            self.tabs.setCurrentIndex(0)
        page = QWidget()
        page.setProperty("role", "panel")
        box = QVBoxLayout(page)
        box.setContentsMargins(MARGIN, MARGIN, MARGIN - 4, MARGIN)
        box.setSpacing(16)
        if self._node is not None:
            self._show_node(self._node, box)
        elif several:
            self._show_several(chosen, box)
        else:
            self._show_journey(box)
        box.addStretch(1)
        self._settings.take(page)
        self._show_meaning()
        if self._checking is not None and self._checking.report is not None:
            self._show_checks(self._checking.report)

    def _show_node(self, node: str, box: QVBoxLayout) -> None:
        self._show_head()
        self.comment.set_value(self._journey.comment(node))
        settings = self._journey.node(node)
        if settings is None:
            box.addWidget(
                label(
                    _(
                        "No installed package knows this kind of step. It is kept as it is; its settings cannot be edited here."
                    ),
                    "help",
                )
            )
            return
        try:
            form = ModelForm(self._supplies.context(self._journey), type(settings))
        except NoShape as error:
            box.addWidget(
                label(
                    _("This kind of step has a setting that no form can show ({field}). Edit it in the file.").format(
                        field=error
                    ),
                    "help",
                )
            )
            return
        form.show_settings(settings, self._pending.get(node))
        form.changed.connect(lambda new, path: self._settings_edited(node, new, path))
        form.pending.connect(lambda data: self._keep(node, data))
        self._form = form
        box.addWidget(form)
        if isinstance(settings, Trigger):
            box.addWidget(line())
            left_out = [name for name in _fields(JourneySettings) if name != "re_entry"]
            self._re_entry = ModelForm(self._supplies.context(self._journey), JourneySettings, leave_out=left_out)
            self._re_entry.show_settings(self._journey.settings)
            self._re_entry.changed.connect(self._journey_edited)
            box.addWidget(self._re_entry)
        if settings.can_be_off:
            box.addWidget(line())
            box.addWidget(self._off_box([node]))

    def _show_head(self) -> None:
        assert self._node is not None
        self.head.show_node(
            self._journey.node(self._node),
            self._journey.kind(self._node),
            self._journey.title(self._node),
            off=self._journey.is_off(self._node),
        )

    def _show_several(self, nodes: list[str], box: QVBoxLayout) -> None:
        self._name.setText(ngettext("{n} step", "{n} steps", len(nodes)).format(n=len(nodes)))
        titles = [self._journey.title(node) or self._journey.kind(node) for node in sorted(nodes, key=self._place)]
        box.addWidget(label("\n".join(titles[:_MOST_TITLES]), "sentence"))
        if len(titles) > _MOST_TITLES:
            more = len(titles) - _MOST_TITLES
            box.addWidget(label(ngettext("and {n} more", "and {n} more", more).format(n=more), "help"))
        can = [node for node in nodes if (settings := self._journey.node(node)) is not None and settings.can_be_off]
        if can:
            box.addWidget(line())
            box.addWidget(self._off_box(can))

    def _place(self, node: str) -> tuple[float, float]:
        x, y = self._journey.place(node)
        return y, x

    def _show_journey(self, box: QVBoxLayout) -> None:
        self._name.setText(self._journey.settings.name)
        form = ModelForm(self._supplies.context(self._journey), JourneySettings, leave_out=_NOT_SHOWN)
        form.show_settings(self._journey.settings)
        form.changed.connect(self._journey_edited)
        self._form = form
        box.addWidget(form)

    def _off_box(self, nodes: list[str]) -> QWidget:
        tick = TickBox(_("Switched off: contacts pass by the first way out"))
        box = tick.box
        off = sum(self._journey.is_off(node) for node in nodes)
        if 0 < off < len(nodes):
            box.setTristate(True)
            box.setCheckState(Qt.CheckState.PartiallyChecked)
        else:
            box.setChecked(off > 0)
        box.clicked.connect(
            lambda: acts.set_off(self._document, nodes, box.checkState() is not Qt.CheckState.Unchecked)
        )
        self.off = box
        return tick

    def _show_meaning(self) -> None:
        """Say what a wait means for a contact, and whether the node is off, as they are after an undo too."""
        settings = self._journey.node(self._node) if self._node is not None else None
        if self.off is not None and self._node is not None:
            self.off.setChecked(self._journey.is_off(self._node))
        person = self._supplies.person()
        said = None
        if isinstance(settings, Wait) and person is not None:
            said = example(settings, person, now=self._supplies.now(), zone=self._supplies.zone)
        self._example.setText(said or "")
        self._example.setVisible(said is not None)
        self._example_line.setVisible(said is not None)

    def _show_checks(self, report: Report) -> None:
        """Say at the fields what checks say of them; what is about ways and not about settings is for others to show."""
        if self._form is None:
            return
        shown = self._node
        notes = []
        for problem in report.problems:
            about = problem.nodes[0] if problem.nodes else None
            if about == shown and (path := problem.field or self._field_of(problem.check)):
                notes.append(Note(path, _sentence(problem), _WEIGHTS[problem.severity]))
        self._form.show_checks(notes)

    def _field_of(self, check: str) -> str:
        """The field that names what a check does not know: checks of keys say only of what kind it is."""
        kind = check.removeprefix("unknown-")
        settings = self._form.settings if self._form is not None else None
        catalogue = self._supplies.catalogue()
        if kind == check or settings is None or catalogue is None:
            return ""
        there = {one.key for one in FromCatalogue(self._journey, catalogue).suggestions(kind)}
        return next((path for path, key in named(type(settings), as_data(settings), kind) if key not in there), "")

    # editing

    def _title_edited(self, title: str) -> None:
        if self._node is not None:
            acts.set_title(self._document, self._node, title)

    def _comment_edited(self, _path: str, _typing: bool) -> None:
        if self._node is not None:
            acts.set_comment(self._document, self._node, self.comment.value() or "")

    def _settings_edited(self, node: str, settings: object, path: str) -> None:
        assert isinstance(settings, Node)
        acts.set_settings(self._document, node, settings, field=path)

    def _journey_edited(self, settings: object, path: str) -> None:
        assert isinstance(settings, JourneySettings)
        # the hash is written by publishing, meanwhile perhaps
        kept = settings.model_copy(update={"based_on": self._journey.settings.based_on})
        acts.set_journey(self._document, kept, field=path)

    def _keep(self, node: str, data: object) -> None:
        if data is None:
            self._pending.pop(node, None)
        else:
            self._pending[node] = data


#: titles of selected steps that are listed
_MOST_TITLES = 12


def _sentence(problem: Problem) -> str:
    # what a preset puts there is a key to the checks, and nothing to people
    open_ = problem.check.startswith("unknown-") and _("“{text}”").format(text=NOT_CHOSEN) in problem.sentence
    return _("This is still to be chosen.") if open_ else problem.sentence


def _fields(model: type[JourneySettings]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


class _Scrolled(QScrollArea):
    """The page of settings; it scrolls up and down only."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def take(self, page: QWidget) -> None:
        """Show this page in place of the one before."""
        before = self.takeWidget()
        if before is not None:
            before.hide()
            before.deleteLater()
        self.setWidget(page)
