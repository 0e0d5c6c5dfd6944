"""Hands that fill forms: keys and mouse clicks into the controls of editors, as a person gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from widgets.criterion import tree
from widgets.criterion.editor import CriterionField
from widgets.criterion.leaf_form import AttributeFields
from widgets.form.compound import RecordField, VariantField
from widgets.form.editor import MISSING, Editor
from widgets.form.fields import ChoiceField, LineField, LongTextField, ToggleField, WeekdaysField
from widgets.form.scalar import AnyValueField, ConditionField, ManyField, OperatorField, PairField, ScalarField
from widgets.form.several import ListField, MaybeField
from widgets.form.shapes import as_data

LEFT = Qt.MouseButton.LeftButton


def click(button: QWidget) -> None:
    if isinstance(button, QAbstractButton):
        # a check box takes clicks on its box alone
        QTest.mouseClick(button, LEFT, pos=QPoint(min(10, button.width() // 2), button.height() // 2))
    else:
        QTest.mouseClick(button, LEFT)


def key(widget: QWidget, code: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, code, modifiers)


def type_into(field: QLineEdit | QPlainTextEdit, text: str) -> None:
    """Replace what stands there."""
    field.setFocus()
    key(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    key(field, Qt.Key.Key_Delete)
    for part in text:
        if part == "\n":
            key(field, Qt.Key.Key_Return)
        elif part.isascii():
            QTest.keyClicks(field, part)
        else:
            # QTest knows the keys of ASCII alone
            QApplication.sendEvent(field, QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, part))
    popup = QApplication.activePopupWidget()
    if popup is not None:
        key(popup, Qt.Key.Key_Escape)


def choose(box: QComboBox, n: int) -> None:
    """Take the n-th entry: by an arrow key where it is the next one, else from the list with the mouse."""
    box.setFocus()
    if box.currentIndex() == n:
        return
    if box.currentIndex() + 1 == n:
        key(box, Qt.Key.Key_Down)
        return
    box.showPopup()
    view = box.view()
    index = box.model().index(n, 0)
    view.scrollTo(index)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    assert box.currentIndex() == n


def fill(editor: Editor, data: Any) -> None:
    """Bring an editor to hold that data, by keys and clicks."""
    match editor:
        case CriterionField():
            _criterion(editor, data)
        case VariantField():
            given = data if isinstance(data, Mapping) else {}
            fill(editor.choice, given.get(editor._variant.tag))
            if editor.inner is not None:
                fill(editor.inner, given)
        case RecordField():
            _record(editor, data)
        case MaybeField():
            if editor.box.isChecked() != (data is not None):
                click(editor.box)
            if editor.inner is not None:
                fill(editor.inner, data)
        case ListField():
            while editor.entries:
                click(editor.entries[0].cross)
            for one in data:
                click(editor.more)
                fill(editor.entries[-1].editor, one)
        case ManyField():
            assert not editor.rows
            for one in data:
                click(editor.more)
                fill(editor.rows[-1][1], one)
        case PairField():
            for field, one in zip(editor.fields, data, strict=True):
                fill(field, one)
        case AnyValueField():
            fill(editor.several, isinstance(data, list))
            fill(editor.many if isinstance(data, list) else editor.one, data)
        case AttributeFields():
            fill(editor.attribute, data["attribute"])
            fill(editor.test, data)
        case ConditionField():
            fill(editor.field, data["field"])
            fill(editor.test, data)
        case OperatorField():
            fill(editor.op, data.get("op") if isinstance(data, Mapping) else None)
            if editor.value_field is not None:
                fill(editor.value_field, data["value"])
        case ScalarField():
            if not editor._fixed:
                sort = "boolean" if isinstance(data, bool) else "number" if isinstance(data, int | float) else "text"
                editor.actions_by_type[sort].trigger()
            fill(editor._fields[editor.type_], data)
        case WeekdaysField():
            for day, button in editor.buttons.items():
                if button.isChecked() != (day in data):
                    click(button)
        case ToggleField():
            if editor.box.isChecked() != data:
                click(editor.box)
        case ChoiceField():
            choose(editor.box, [type(one) is type(data) and one == data for one in editor._values].index(True))
        case LongTextField():
            type_into(editor.text, data or "")
        case LineField():
            if editor.value() != data:
                type_into(editor.line, "" if data is None or data is MISSING else editor.shown(data))
        case _:
            raise AssertionError(f"no hands for {type(editor).__name__}")


def _record(editor: RecordField, data: Any) -> None:
    given = data if isinstance(data, Mapping) else {}
    if editor.question is not None:
        asked = next((name for name in editor._one_of if given.get(name) is not None), None)
        fill(editor.question, asked)
    for name, row in editor.rows.items():
        if name in editor._quiet or (name in editor._one_of and given.get(name) is None):
            continue
        fill(row.editor, given.get(name, row.field.default))


def _criterion(field: CriterionField, data: Any) -> None:
    if data is None:
        while field._rows:
            key(next(iter(field._rows.values())).tokens, Qt.Key.Key_Delete)
        return
    if tree.word_of(data) is None:
        data = tree.group("all", [data])
    if field.value() is None:
        parts = tree.parts_of(data)
        button = field._first_button()
        assert isinstance(button, QAbstractButton)
        click(button)
        fill_rule(field, (0,), parts[0])
        _parts(field, (), data, there=1)
    else:
        _parts(field, (), data, there=0)
    click_word(field, (), tree.word_of(data) or "all")


def _parts(field: CriterionField, place: tree.Place, data: tree.Data, *, there: int) -> None:
    for n, part in enumerate(tree.parts_of(data)[there:], there):
        box = field._groups[place]
        if tree.word_of(part) is None:
            click(box.rule)
            fill_rule(field, (*place, n), part)
        else:
            click(box.group)
            fill_rule(field, (*place, n, 0), tree.parts_of(part)[0])
            _parts(field, (*place, n), part, there=1)
            click_word(field, (*place, n), tree.word_of(part) or "all")


def click_word(field: CriterionField, place: tree.Place, word: str) -> None:
    menu = field._groups[place].word.menu()
    assert menu is not None
    menu.actions()[tree.WORDS.index(word)].trigger()


def fill_rule(field: CriterionField, place: tree.Place, leaf: tree.Data) -> None:
    """Fill the fields of the rule that is open, and close them."""
    form = field._rows[place].form
    assert form is not None
    fill(form, as_data(leaf))
    key(form, Qt.Key.Key_Escape)
