"""The criterion editor: one field that holds a whole criterion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from journeys.base.i18n import _
from journeys.criteria import (
    AnyCriterion,
    InvalidCriterion,
    leaves,
    parse_criterion,
    resolved_day,
    words,
)
from journeys.criteria.leaves.contract import ContractLeaf
from widgets.criterion import tree
from widgets.criterion.foot import Foot
from widgets.criterion.rows import DropLine, GroupBox, RuleRow
from widgets.criterion.tokens import tokens
from widgets.criterion.tree import Place
from widgets.form.editor import Context, Editor, Note, Weight, order_tabs, weight_of
from widgets.form.times import say_day
from widgets.theme.controls import LinkButton

#: what a new rule begins with
FRESH: tree.Data = {"leaf": "attribute", "op": "="}


class CriterionField(Editor):
    """A tree of groups and rules, what it says as a sentence, and how many contacts match.

    Keys on a rule: Enter opens its fields and Esc closes them, Delete removes it, arrows go from rule to rule, Alt+Up and
    Alt+Down move it past its neighbours and into and out of groups, Ctrl+G puts it into a group of its own. A criterion
    that may be left out and is empty is None, and means everybody.
    """

    def __init__(
        self, context: Context, *, optional: bool = False, nobody: str = "", parent: QWidget | None = None
    ) -> None:
        """`nobody` is what an empty one means, where that is not everybody."""
        super().__init__(context, parent)
        self._optional = optional
        self._nobody = nobody
        self._data: tree.Data | None = None
        self._open: Place | None = None
        self._rows: dict[Place, RuleRow] = {}
        self._groups: dict[Place, GroupBox] = {}
        self._top: QWidget | None = None
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(8)
        self._foot = Foot(context, self)
        self._lines.addWidget(self._foot)
        self._drop_line = DropLine(context, self)
        self._render()

    # what it holds

    def value(self) -> Any:
        return self._data

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, dict) and data else None
        if given is None and not self._optional:
            given = tree.group("all", [])
        if given == self._data:
            return
        self._data = given
        if self._open is not None and not self._is_leaf(self._open):
            self._open = None
        self._render()

    def name(self, title: str) -> None:
        self.setAccessibleName(title)

    def place(self, notes: Sequence[Note]) -> list[Note]:
        # what the model says of rules stands at them already
        return [note for note in notes if not (note.weight is Weight.ERROR and note.path)]

    @property
    def criterion(self) -> AnyCriterion | None:
        """The criterion, where it is complete."""
        if self._data is None:
            return None
        try:
            return parse_criterion(self._data)
        except InvalidCriterion:
            return None

    def begin(self) -> None:
        """Put the keyboard on the first rule, else on the button that adds one."""
        self._entry.setFocus()

    # what a person does

    def add_rule(self, place: Place = ()) -> None:
        """Put a new rule at the end of a group, and open it."""
        self._add(place, dict(FRESH))

    def add_group(self, place: Place = ()) -> None:
        """Put a new group with a rule in it at the end of a group."""
        data = self._data or tree.group("all", [])
        above = tree.word_of(tree.at(data, place))
        self._add(place, tree.group("all" if above == "any" else "any", [dict(FRESH)]))

    def remove(self, place: Place) -> None:
        if self._data is None:
            return
        self._data = tree.remove(self._data, place)
        if self._data is None and not self._optional:
            self._data = tree.group("all", [])
        if self._data is not None and self._optional and not tree.parts_of(self._data) and tree.word_of(self._data):
            # nobody left it empty on purpose: who has no rule any more means everybody
            self._data = None
        self._open = None
        self._render()
        self._focus_near(place)
        self.edited.emit("", False)

    def reword(self, place: Place, word: str) -> None:
        assert self._data is not None
        self._data = tree.reword(self._data, place, word)
        self._render()
        self._groups[place].word.setFocus()
        self.edited.emit("", False)

    def carry(self, source: Place, target: Place) -> None:
        """Put a part where `target` is."""
        assert self._data is not None
        moved = tree.at(self._data, source)
        changed = tree.move(self._data, source, target)
        if changed == self._data:
            return
        self._data = changed
        self._open = None
        self._render()
        here = next((place for place, part in tree.places(changed) if part is moved), ())
        self._focus(here)
        self.edited.emit("", False)

    def wrap(self, place: Place) -> None:
        """Put a part into a group of its own."""
        assert self._data is not None
        self._data = tree.wrap(self._data, place)
        self._open = None
        self._render()
        self._focus((*place, 0))
        self.edited.emit("", False)

    def open(self, place: Place) -> None:
        """Show the fields of a rule; those of another one are closed."""
        assert self._data is not None
        self.close_open()
        self._open = place
        row = self._rows[place]
        row.open(tree.at(self._data, place))
        self._show_state()
        order_tabs(self)
        assert row.form is not None
        (row.form.inner or row.form).begin()

    def close_open(self) -> None:
        """Close the fields of the rule that is open."""
        if self._open is not None and (row := self._rows.get(self._open)) is not None:
            row.close_form()
            row.tokens.setFocus()
        self._open = None
        self._show_state()

    def leaf_edited(self, place: Place, path: str, typing: bool) -> None:
        """What stands in the fields of an open rule has changed."""
        form = self._rows[place].form
        assert self._data is not None
        assert form is not None
        self._data = tree.put(self._data, place, form.value())
        self._show_state()
        self.edited.emit("".join(f"[{n}]" for n in place) + f".{path}", typing)

    def key_on_row(self, place: Place, event: QKeyEvent) -> None:
        """A key was pressed on the tokens of a rule, or on the word of a group."""
        key, alt = event.key(), event.modifiers() == Qt.KeyboardModifier.AltModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and place in self._rows:
            self._rows[place].toggle()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove(place)
        elif key == Qt.Key.Key_G and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.wrap(place)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and alt:
            assert self._data is not None
            target = tree.step_in(self._data, place, -1 if key == Qt.Key.Key_Up else 1)
            if target is not None:
                # behind the neighbour, which moves up when this one is taken
                past = key == Qt.Key.Key_Down and len(target) == len(place) and target[:-1] == place[:-1]
                self.carry(place, (*target[:-1], target[-1] + 1) if past else target)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            order = [one for one, _part in tree.places(self._data or {}) if one]
            n = order.index(place) + (-1 if key == Qt.Key.Key_Up else 1)
            if 0 <= n < len(order):
                self._focus(order[n])
        else:
            return
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and self._open is not None:
            self.close_open()
            return
        super().keyPressEvent(event)

    # dragging

    def drag_over(self, source: Place, at: QPoint) -> None:
        """A rule is dragged over a point of the screen: show where it would go."""
        found = self._target(at)
        if found is None:
            self._drop_line.hide()
            return
        self._drop_line.setGeometry(found[1])
        self._drop_line.show()
        self._drop_line.raise_()

    def drop(self, source: Place, at: QPoint) -> None:
        self.stop_drag()
        found = self._target(at)
        if found is not None:
            self.carry(source, found[0])

    def stop_drag(self) -> None:
        self._drop_line.hide()

    def _target(self, at: QPoint) -> tuple[Place, QRect] | None:
        """The place that a point of the screen means, and where a line shows it."""
        here = self.mapFromGlobal(at)
        inside = [
            (place, box)
            for place, box in self._groups.items()
            if QRect(box.mapTo(self, QPoint(0, 0)), box.size()).contains(here)
        ]
        if not inside:
            return None
        place, box = max(inside, key=lambda one: len(one[0]))
        left = box.mapTo(self, QPoint(0, 0)).x() + 12
        y = box.word.mapTo(self, QPoint(0, box.word.height())).y() + 3
        n = 0
        for n_part, part in enumerate(box.parts):
            top = part.mapTo(self, QPoint(0, 0)).y()
            if here.y() > top + part.height() / 2:
                n, y = n_part + 1, top + part.height() + 3
        return (*place, n), QRect(left, y, box.width() - 12, 2)

    # the view

    def _add(self, place: Place, new: tree.Data) -> None:
        data = self._data or tree.group("all", [])
        target = (*place, len(tree.parts_of(tree.at(data, place))) if tree.word_of(tree.at(data, place)) else 1)
        self._data = tree.insert(data, target, new)
        self._open = None
        self._render()
        self.open(next(one for one, part in tree.places(self._data) if part == FRESH and one[: len(target)] == target))
        self.edited.emit("", False)

    def _is_leaf(self, place: Place) -> bool:
        return any(one == place and tree.word_of(part) is None for one, part in tree.places(self._data or {}))

    def _render(self) -> None:
        """Make the rows anew."""
        open_ = self._open
        if self._top is not None:
            self._top.hide()
            self._top.deleteLater()
        self._rows, self._groups = {}, {}
        self._top = QWidget(self)
        box = QVBoxLayout(self._top)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        if self._data is None:
            box.addWidget(self._starters(self._top))
        else:
            box.addWidget(self._part(self._data, (), self._top))
            if tree.word_of(self._data) is None:
                box.addWidget(self._starters(self._top))
        self._lines.insertWidget(0, self._top)
        self._top.setVisible(True)
        self._drop_line.raise_()
        if open_ is not None and open_ in self._rows and self._data is not None:
            self._rows[open_].open(tree.at(self._data, open_))
        first = next(iter(self._rows.values()), None)
        # no focus proxy: Tab takes a container behind its parts for a way back to them, and would go round for ever
        self._entry = first.tokens if first is not None else self._first_button()
        self._show_state()

    def _first_button(self) -> QWidget:
        assert self._top is not None
        return next(iter(self._top.findChildren(LinkButton)), self._top)

    def _starters(self, parent: QWidget) -> QWidget:
        made = QWidget(parent)
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        rule, group = (LinkButton(self.context.theme, text, "plus", parent=made) for text in (_("Rule"), _("Group")))
        rule.clicked.connect(lambda: self.add_rule())
        group.clicked.connect(lambda: self.add_group())
        row.addWidget(rule)
        row.addWidget(group)
        row.addStretch(1)
        return made

    def _part(self, data: tree.Data, place: Place, parent: QWidget) -> QWidget:
        word = tree.word_of(data)
        if word is None:
            row = RuleRow(self, place, parent)
            self._rows[place] = row
            return row
        box = GroupBox(self, place, word, parent)
        self._groups[place] = box
        for n, part in enumerate(tree.parts_of(data)):
            box.add(self._part(part, (*place, n), box))
        return box

    def _show_state(self) -> None:
        """Say of every rule, and of the whole, what it is and what is wrong with it."""
        notes: dict[Place, list[Note]] = {}
        criterion: AnyCriterion | None = None
        whole = ""
        if self._data is not None:
            try:
                criterion = parse_criterion(self._data)
            except InvalidCriterion as error:
                for problem in error.problems:
                    place, rest = tree.place_of(problem.path)
                    if place in self._rows:
                        notes.setdefault(place, []).append(Note(rest, problem.sentence, weight_of(problem.sentence)))
                    else:
                        whole = problem.sentence
        said: list[str] = (
            [leaf.words(self.context.names) for leaf in leaves(criterion)] if criterion is not None else []
        )
        for n, (place, row) in enumerate(self._rows.items()):
            data = tree.at(self._data or {}, place)
            mine = [*notes.get(place, []), *self._resolved(data)]
            row.tokens.show_tokens(
                tokens(data, self.context.names, self.context.today()),
                wrong=any(note.weight is Weight.ERROR for note in notes.get(place, [])),
                sentence=said[n] if said else "",
            )
            row.show_notes(mine)
        wrong = any(note.weight is Weight.ERROR for some in notes.values() for note in some)
        self._say(criterion, whole, unfinished=bool(notes), wrong=wrong)

    def _resolved(self, data: tree.Data) -> list[Note]:
        """The day that the counter of a contract stands for."""
        if data.get("leaf") != "contract" or not data.get("end"):
            return []
        try:
            leaf = parse_criterion(data)
        except InvalidCriterion:
            return []
        assert isinstance(leaf, ContractLeaf)
        day = resolved_day(leaf, self.context.today())
        if day is None:
            return []
        if isinstance(day, tuple):
            text = _("The last day of the contract, today: {first} to {last}.").format(
                first=say_day(day[0]), last=say_day(day[1])
            )
        else:
            text = _("The last day of the contract, today: {day}.").format(day=say_day(day))
        return [Note("end", text, Weight.HELP)]

    def _say(self, criterion: AnyCriterion | None, whole: str, *, unfinished: bool, wrong: bool) -> None:
        if self._data is None:
            text = self._nobody or _("Every contact.")
        elif criterion is not None:
            sentence = words(criterion, self.context.names)
            text = _("{sentence}.").format(sentence=sentence[:1].upper() + sentence[1:])
        elif wrong:
            text = _("Mend the rules marked in red.")
        elif unfinished:
            text = _("There are rules to be completed.")
        else:
            text = whole
        self._foot.say(text)
        self._foot.count(criterion)

    # the keyboard

    def _focus(self, place: Place) -> None:
        if place in self._rows:
            self._rows[place].tokens.setFocus()
        elif place in self._groups:
            self._groups[place].word.setFocus()

    def _focus_near(self, place: Place) -> None:
        """Put the keyboard where a removed part was: on what follows it, else before it, else on its group."""
        for near in ((*place[:-1], place[-1]), (*place[:-1], place[-1] - 1), place[:-1]) if place else ():
            if near in self._rows or near in self._groups:
                self._focus(near)
                return
        self._first_button().setFocus()
