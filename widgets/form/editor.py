"""What every editor gives, and what it is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLayout, QSizePolicy, QWidget

from journeys.base.i18n import _
from journeys.criteria import Keys, Names
from widgets.form.suggest import FromCatalogue, Source
from widgets.theme.theme import Theme

if TYPE_CHECKING:
    from widgets.criterion.matching import Matcher


class _Missing:
    """Nothing was filled in, where something is needed."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class Weight(StrEnum):
    """How much a note under a field weighs."""

    #: the model cannot take what stands there
    ERROR = "error"
    WARNING = "warning"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about a place in the data, such as “rule.amount” or “all[1].value”; empty: the whole."""

    path: str
    sentence: str
    weight: Weight = Weight.ERROR

    def within(self) -> tuple[str, Note]:
        """The first step of the path, and the note as seen from there."""
        found = _STEP.match(self.path)
        if found is None:
            return "", self
        return found["name"] or found["n"], replace(self, path=self.path[found.end() :])


def weight_of(sentence: str) -> Weight:
    """How much a sentence of a model weighs: an empty field of something just begun is no mistake yet."""
    return Weight.HELP if sentence == _("This is missing.") else Weight.ERROR


_STEP = re.compile(r"\.?(?:(?P<name>[^.\[\]]+)|\[(?P<n>\d+)\])")


@dataclass(frozen=True, slots=True)
class Context:
    """What editors are given by whoever shows them."""

    theme: Theme
    source: Source = field(default_factory=FromCatalogue)
    #: labels of keys in sentences
    names: Names = field(default_factory=Keys)
    #: the workspace's day
    today: Callable[[], date] = date.today
    #: counts who matches a criterion; None: nobody can, and no number is shown
    matcher: Matcher | None = None


class Editor(QWidget):
    """Edits one piece of data.

    Setting a value is silent; `edited` tells what a person did, with the path of the field within this one and whether
    it was a key of many (typing), which makes one step of the history together with its neighbours.
    """

    edited = Signal(str, bool)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context

    def value(self) -> Any:
        """The data as it stands; MISSING where nothing was filled in and something is needed."""
        raise NotImplementedError

    def set_value(self, data: Any) -> None:
        raise NotImplementedError

    def place(self, notes: Sequence[Note]) -> list[Note]:
        """Show notes where they belong; returns those that belong to the whole, for whoever holds the editor to show."""
        mark_wrong(self, any(note.weight is Weight.ERROR for note in notes))
        return list(notes)

    def name(self, title: str) -> None:
        """Say to a screen reader what this is."""
        self.setAccessibleName(title)
        if (inner := input_of(self)) is not self:
            inner.setAccessibleName(title)

    def begin(self) -> None:
        """Put the keyboard where one begins to fill it in."""
        input_of(self).setFocus(Qt.FocusReason.OtherFocusReason)


def mark_wrong(editor: QWidget, wrong: bool) -> None:
    """Outline the field as one whose content cannot be taken, or as any other."""
    inner = input_of(editor)
    if bool(inner.property("wrong")) != wrong:
        inner.setProperty("wrong", wrong)
        inner.style().unpolish(inner)
        inner.style().polish(inner)


def input_of(editor: QWidget) -> QWidget:
    """The control that takes the keyboard for an editor."""
    while (proxy := editor.focusProxy()) is not None:
        editor = proxy
    return editor


def order_tabs(root: QWidget) -> None:
    """Have Tab go through the controls as they are laid out; those made later would come last."""
    before: QWidget | None = None
    for control in _laid_out(root):
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.focusProxy() is None:
            if before is not None:
                QWidget.setTabOrder(before, control)
            before = control


def _laid_out(widget: QWidget) -> Iterator[QWidget]:
    yield widget
    layout = widget.layout()
    if layout is not None:
        yield from _in_layout(layout)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for n in range(layout.count()):
        item = layout.itemAt(n)
        if item is None:
            continue
        if (inner := item.widget()) is not None:
            yield from _laid_out(inner)
        elif (more := item.layout()) is not None:
            yield from _in_layout(more)


def label(text: str, role: str, parent: QWidget | None = None) -> QLabel:
    """A text in one of the roles of the style sheet; it wraps."""
    made = QLabel(text, parent)
    made.setProperty("role", role)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made


def heaviest(notes: Iterable[Note]) -> list[Note]:
    """The notes that weigh most, without those that weigh less."""
    order = list(Weight)
    given = list(notes)
    worst = min((order.index(note.weight) for note in given), default=0)
    return [note for note in given if order.index(note.weight) == worst]
