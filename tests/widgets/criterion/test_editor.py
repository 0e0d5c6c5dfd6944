"""The criterion editor by mouse and keyboard, and the number under it."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from journeys.base.errors import KanwaError
from journeys.criteria import words
from tests.widgets.hands import click, key, type_into
from widgets.criterion.editor import CriterionField
from widgets.criterion.matching import Counting, Example, Matching, Stop
from widgets.form.editor import Context, input_of
from widgets.theme.theme import Choice, Theme

A, B, C, D = ({"leaf": "tag", "tag": name} for name in "abcd")
NESTED = {"all": [A, {"any": [B, C]}, D]}


@pytest.fixture
def context(theme: Theme) -> Context:
    return Context(theme, today=lambda: date(2026, 11, 22))


@pytest.fixture
def field(context: Context, qtbot) -> CriterionField:
    made = CriterionField(context, optional=True)
    qtbot.addWidget(made)
    made.resize(320, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def row(field: CriterionField, *place: int) -> QWidget:
    return field._rows[place].tokens


def drag(qtbot, source: QWidget, target: QWidget, at: QPoint) -> None:
    """Press on one, move to a point of the other in steps, let go."""
    end = source.mapFromGlobal(target.mapToGlobal(at))
    QTest.mousePress(source, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    for n in range(1, 6):
        qtbot.mouseMove(source, QPoint(20, 10) + (end - QPoint(20, 10)) * n / 5)
    QTest.mouseRelease(source, Qt.MouseButton.LeftButton, pos=end)


def test_nothing_means_everybody_and_the_first_rule_makes_a_group(field: CriterionField):
    assert field._foot.sentence.text() == "Every contact."
    click(field._first_button())
    assert field.value() == {"all": [{"leaf": "attribute", "op": "="}]}


def test_the_sentence_is_that_of_the_criterion(field: CriterionField):
    field.set_value(NESTED)
    assert field.criterion is not None
    assert field._foot.sentence.text().lower() == words(field.criterion).lower() + "."


def test_a_rule_is_dragged_into_a_group(field: CriterionField, qtbot):
    field.set_value(NESTED)
    with qtbot.waitSignal(field.edited):
        drag(qtbot, row(field, 2), row(field, 1, 0), QPoint(40, 24))
    assert field.value() == {"all": [A, {"any": [B, D, C]}]}


def test_a_rule_is_dragged_out_of_a_group_to_the_top(field: CriterionField, qtbot):
    field.set_value(NESTED)
    drag(qtbot, row(field, 1, 1), row(field, 0), QPoint(40, 2))
    assert field.value() == {"all": [C, A, {"any": [B]}, D]}


def test_a_drag_that_is_given_up_changes_nothing(field: CriterionField, qtbot):
    field.set_value(NESTED)
    source = row(field, 2)
    QTest.mousePress(source, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    for n in range(1, 6):
        qtbot.mouseMove(source, QPoint(20, 10 - 20 * n))
    assert not field._drop_line.isHidden()
    key(source, Qt.Key.Key_Escape)
    QTest.mouseRelease(source, Qt.MouseButton.LeftButton, pos=QPoint(20, -90))
    assert field.value() == NESTED
    assert field._drop_line.isHidden()


def test_keys_walk_move_group_and_remove_rules(field: CriterionField):
    field.set_value(NESTED)
    row(field, 0).setFocus()
    key(row(field, 0), Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert field.value() == {"all": [{"any": [A, B, C]}, D]}
    key(row(field, 0, 0), Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert field.value() == NESTED
    key(row(field, 2), Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert field.value() == {"all": [A, {"any": [B, C]}, {"any": [D]}]}
    key(row(field, 1, 0), Qt.Key.Key_Delete)
    assert field.value() == {"all": [A, {"any": [C]}, {"any": [D]}]}
    assert row(field, 1, 0).hasFocus()
    key(row(field, 1, 0), Qt.Key.Key_Up)
    assert field._groups[1,].word.hasFocus()


def test_enter_opens_the_fields_of_a_rule_and_escape_closes_them(field: CriterionField):
    field.set_value(NESTED)
    key(row(field, 0), Qt.Key.Key_Return)
    form = field._rows[0,].form
    assert form is not None
    type_into(input_of(form.inner), "x")
    assert field.value()["all"][0]["tag"] == "x"
    key(input_of(form.inner), Qt.Key.Key_Escape)
    assert field._rows[0,].form is None
    assert row(field, 0).hasFocus()


def test_a_click_opens_and_another_closes(field: CriterionField):
    field.set_value(NESTED)
    click(row(field, 0))
    assert field._rows[0,].form is not None
    click(row(field, 0))
    assert field._rows[0,].form is None


def test_what_is_wrong_with_a_rule_stands_at_the_rule(field: CriterionField):
    field.set_value({"all": [A, {"leaf": "attribute", "attribute": "points", "op": "between", "value": 3}]})
    assert field._rows[0,]._under.isHidden()
    assert field._rows[1,]._under.text() == "“between” needs two values, such as [2, 8]."
    assert field.criterion is None


def test_removing_the_last_rule_means_everybody_again(field: CriterionField):
    field.set_value({"all": [A]})
    click(field._rows[0,].cross)
    assert field.value() is None
    assert field._first_button().hasFocus()


def test_the_word_of_a_group_is_a_menu(field: CriterionField, qtbot):
    field.set_value(NESTED)
    menu = field._groups[1,].word.menu()
    assert menu is not None
    assert [action.text() for action in menu.actions()][:3] == ["All of these", "Any of these", "None of these"]
    menu.actions()[2].trigger()
    assert field.value() == {"all": [A, {"none": [B, C]}, D]}


def test_colours_follow_the_theme(field: CriterionField, theme: Theme):
    field.set_value(NESTED)
    before = field.grab().toImage().pixelColor(0, 5)
    theme.choose(Choice.DARK)
    assert before == theme.tokens.accent or field.grab().toImage().pixelColor(0, 5) == theme.tokens.accent


class Held:
    """A matcher that answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.stopped: list[str] = []

    def matching(self, criterion, stop: Stop) -> Matching:
        said = words(criterion)
        self.asked.append(said)
        stop.when_set(lambda: self.stopped.append(said))
        stop.when_set(self.go.set)
        assert self.go.wait(10)
        if not stop:
            self.go.clear()
        return Matching(len(self.asked), 100, (Example("Anna", "Warsaw"),))


def test_the_number_comes_from_beside_the_gui_and_an_old_one_stands_back(theme: Theme, qtbot):
    held = Held()
    field = CriterionField(Context(theme, matcher=held))
    qtbot.addWidget(field)
    field.set_value({"all": [A]})
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    held.go.set()
    qtbot.waitUntil(lambda: field._foot.number.text() == "1")
    assert field._foot.of.text() == "of 100 contacts match"
    assert field._foot.number.property("role") == "name"
    field.set_value({"all": [B]})
    assert (field._foot.number.text(), field._foot.number.property("role")) == ("1", "hint")
    qtbot.waitUntil(lambda: len(held.asked) == 2)
    held.go.set()
    qtbot.waitUntil(lambda: field._foot.number.text() == "2")
    click(field._foot.ten)
    assert field._foot.examples.text() == "Anna, Warsaw"


def test_a_count_that_is_outdated_is_stopped_and_never_shown(theme: Theme, qtbot):
    held = Held()
    field = CriterionField(Context(theme, matcher=held))
    qtbot.addWidget(field)
    field.set_value({"all": [A]})
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    field.set_value({"all": [B]})
    assert held.stopped == ["carries the tag “a”"]
    qtbot.waitUntil(lambda: len(held.asked) == 2)
    held.go.set()
    qtbot.waitUntil(lambda: field._foot.number.text() == "2")


def test_quick_edits_are_counted_once(theme: Theme, qtbot):
    held = Held()
    held.go.set()
    counting = Counting(held)
    field = CriterionField(Context(theme))
    qtbot.addWidget(field)
    for part in (A, B, C):
        field.set_value({"all": [part]})
        assert field.criterion is not None
        counting.ask(field.criterion)
    with qtbot.waitSignal(counting.counted):
        pass
    assert held.asked == ["carries the tag “c”"]


class Broken(KanwaError):
    text = "The store does not answer."


def test_a_failure_is_said_in_place_of_the_number(theme: Theme, qtbot):
    class Fails:
        def matching(self, criterion, stop):
            raise Broken

    field = CriterionField(Context(theme, matcher=Fails()))
    qtbot.addWidget(field)
    field.set_value({"all": [A]})
    qtbot.waitUntil(lambda: field._foot.of.text() == "The store does not answer.")


def test_what_speaks_of_a_passage_is_not_counted(theme: Theme, qtbot):
    held = Held()
    field = CriterionField(Context(theme, matcher=held))
    qtbot.addWidget(field)
    field.set_value({"all": [{"leaf": "purchase", "scope": {"type": "since entry"}}]})
    assert field._foot.of.text() == "It depends on the passage, and is counted as the journey runs."
    assert field._foot.counting is not None
    assert not field._foot.counting.busy
