"""Values whose type is part of what is typed: a text, a number, yes or no, a day; and what they are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from journeys.base.i18n import _
from journeys.criteria import Filter
from journeys.criteria.comparison import SIGNS, Comparison, Op
from journeys.criteria.filters import FilterOp
from widgets.form.editor import MISSING, Context, Editor, Note, Weight, mark_wrong
from widgets.form.fields import ChoiceField, DayField, LineField, NumberField, TextField, ToggleField
from widgets.form.labels import word
from widgets.theme.controls import IconButton, LinkButton

TEXT, NUMBER, BOOLEAN, DAY = "text", "number", "boolean", "date"


class ScalarField(Editor):
    """One value. Its type is chosen at the right of it, or fixed by whoever knows what it is compared with."""

    def __init__(
        self,
        context: Context,
        *,
        type_: str | None = None,
        choices: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`type_` None: a text, a number or yes or no, as the person says; `choices` are offered for texts."""
        super().__init__(context, parent)
        self._fixed = type_ is not None
        self._type = type_ or TEXT
        text: Editor = ChoiceField(context, [(one, one) for one in choices]) if choices else TextField(context)
        self._fields: dict[str, Editor] = {
            TEXT: text,
            NUMBER: NumberField(context, whole=False),
            BOOLEAN: ChoiceField(context, [(True, _("yes")), (False, _("no"))]),
            DAY: DayField(context),
        }
        self._pages = QStackedWidget(self)
        self._pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for field in self._fields.values():
            field.edited.connect(lambda _path, typing: self.edited.emit("", typing))
            self._pages.addWidget(field)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._pages, 1)
        self._button = QToolButton(self)
        self._button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._button.setProperty("sort", True)
        menu = QMenu(self._button)
        self.actions_by_type: dict[str, QAction] = {}
        for one in (TEXT, NUMBER, BOOLEAN):
            action = menu.addAction(word(one))
            action.triggered.connect(lambda _on=False, one=one: self._chosen(one))
            self.actions_by_type[one] = action
        self._button.setMenu(menu)
        self._button.setVisible(not self._fixed)
        row.addWidget(self._button)
        self._show_type(self._type)

    def value(self) -> Any:
        found = self._fields[self._type].value()
        return found if found is not MISSING or self._type != TEXT else ""

    def set_value(self, data: Any) -> None:
        if not self._fixed:
            self._show_type(_type_of(data))
        self._fields[self._type].set_value(data)

    @property
    def type_(self) -> str:
        return self._type

    def _chosen(self, type_: str) -> None:
        before = self.value()
        self._show_type(type_)
        field = self._fields[type_]
        if type_ == BOOLEAN:
            field.set_value(str(before).lower() not in ("", "no", "false", "0", "missing"))
        elif isinstance(field, LineField) and before is not MISSING and not isinstance(before, bool):
            field.set_value(before)
        self.edited.emit("", False)

    def _show_type(self, type_: str) -> None:
        self._type = type_
        signs = {TEXT: _("Aa"), NUMBER: _("12"), BOOLEAN: _("y/n"), DAY: _("day")}
        self._button.setText(signs[type_])
        said = _("What the value is: {type}").format(type=word(type_))
        self._button.setToolTip(said)
        self._button.setAccessibleName(said)
        field = self._fields[type_]
        self._pages.setCurrentWidget(field)
        self.setFocusProxy(field)


def _type_of(data: Any) -> str:
    if isinstance(data, bool):
        return BOOLEAN
    return NUMBER if isinstance(data, int | float) else TEXT


class ManyField(Editor):
    """Several values, one a line."""

    def __init__(
        self,
        context: Context,
        *,
        type_: str | None = None,
        choices: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, parent)
        self._type, self._choices = type_, tuple(choices)
        self.rows: list[tuple[QWidget, ScalarField]] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self.more = LinkButton(context.theme, _("Value"), "plus", parent=self)
        self.more.clicked.connect(self._add)
        self._box.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.more)

    def value(self) -> Any:
        return [field.value() for _row, field in self.rows if field.value() is not MISSING]

    def set_value(self, data: Any) -> None:
        wanted = data if isinstance(data, list) else []
        while len(self.rows) > len(wanted):
            self._drop(self.rows[-1][0])
        while len(self.rows) < len(wanted):
            self._append()
        for (_row, field), one in zip(self.rows, wanted, strict=True):
            field.set_value(one)

    def _append(self) -> ScalarField:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        field = ScalarField(self.context, type_=self._type, choices=self._choices, parent=row)
        line.addWidget(field, 1)
        cross = IconButton(self.context.theme, "x", _("Remove the value"), small=True, parent=row)
        line.addWidget(cross)
        field.edited.connect(lambda _path, typing: self.edited.emit("", typing))
        cross.clicked.connect(lambda: self._remove(row))
        self._box.insertWidget(self._box.count() - 1, row)
        self.rows.append((row, field))
        return field

    def _add(self) -> None:
        field = self._append()
        if len(self.rows) > 1 and self._type is None:
            field.set_value({NUMBER: 0, BOOLEAN: True}.get(self.rows[-2][1].type_, ""))
        field.begin()
        self.edited.emit("", False)

    def _remove(self, row: QWidget) -> None:
        self._drop(row)
        self.more.setFocus()
        self.edited.emit("", False)

    def _drop(self, row: QWidget) -> None:
        self.rows = [(one, field) for one, field in self.rows if one is not row]
        row.hide()
        row.deleteLater()


class PairField(Editor):
    """Two values, both included."""

    def __init__(self, context: Context, *, type_: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.fields = [ScalarField(context, type_=type_, parent=self) for _n in range(2)]
        for field in self.fields:
            field.edited.connect(lambda _path, typing: self.edited.emit("", typing))
            row.addWidget(field, 1)
        self.setFocusProxy(self.fields[0])

    def value(self) -> Any:
        return [None if (one := field.value()) is MISSING else one for field in self.fields]

    def set_value(self, data: Any) -> None:
        values = list(data) if isinstance(data, list) else [data, data]
        for field, one in zip(self.fields, [*values, None, None][:2], strict=True):
            field.set_value(one)


class AnyValueField(Editor):
    """A value of an attribute: one, or several for one that holds a list."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.one, self.many = ScalarField(context, parent=self), ManyField(context, type_="text", parent=self)
        self.several = ToggleField(context, _("A list of texts"), parent=self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        for part in (self.one, self.many, self.several):
            box.addWidget(part)
        self.setFocusProxy(self.one)
        self.one.edited.connect(lambda _path, typing: self.edited.emit("", typing))
        self.many.edited.connect(lambda _path, typing: self.edited.emit("", typing))
        self.several.edited.connect(self._chosen)
        self.many.hide()

    def value(self) -> Any:
        return self.many.value() if self.several.value() else self.one.value()

    def set_value(self, data: Any) -> None:
        self.several.set_value(isinstance(data, list))
        self._fit()
        (self.many if isinstance(data, list) else self.one).set_value(data)

    def _chosen(self, _path: str, _typing: bool) -> None:
        before = self.one.value() if self.several.value() else (self.many.value() or [""])[0]
        self._fit()
        if self.several.value():
            self.many.set_value([] if before in ("", None, MISSING) else [str(before)])
        else:
            self.one.set_value(before)
        self.edited.emit("", False)

    def _fit(self) -> None:
        self.one.setVisible(not self.several.value())
        self.many.setVisible(bool(self.several.value()))


class OperatorField(Editor):
    """An operator and what is compared with; the value takes the form that the operator asks for."""

    def __init__(
        self,
        context: Context,
        ops: Sequence[str],
        *,
        type_: str | None = None,
        relative: Sequence[str] = (),
        alone: Sequence[str] = (),
        choices: Sequence[str] = (),
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`alone` are operators without a value, `relative` those whose value is a number of days."""
        super().__init__(context, parent)
        self._ops, self._relative, self._alone = tuple(ops), tuple(relative), tuple(alone)
        self._type, self._choices, self._optional = type_, tuple(choices), optional
        self._value: Editor | None = None
        self._form = ""
        self.op = ChoiceField(context, [(op, _said(op, type_)) for op in ops], optional=optional, parent=self)
        self.op.edited.connect(self._chosen)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        self._row.addWidget(self.op, 1)
        self._box.addLayout(self._row)
        self.setFocusProxy(self.op)

    @property
    def value_field(self) -> Editor | None:
        """The editor of what is compared with; None where the operator takes nothing."""
        return self._value

    def value(self) -> Any:
        op = self.op.value()
        if op is None:
            return None
        if op is MISSING:
            return MISSING
        data: dict[str, Any] = {"op": op}
        if self._value is not None and (value := self._value.value()) is not MISSING:
            data["value"] = value
        return data

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, dict) else {}
        self.op.set_value(given.get("op") if given else None)
        self._fit()
        if self._value is not None:
            self._value.set_value(given.get("value"))

    def place(self, notes: Sequence[Note]) -> list[Note]:
        wrong = {note.within()[0] for note in notes if note.weight is Weight.ERROR}
        mark_wrong(self.op, "op" in wrong)
        if self._value is not None:
            mark_wrong(self._value, bool(wrong - {"op"}))
        return list(notes)

    def name(self, title: str) -> None:
        self.op.name(_("{field}: comparison").format(field=title))
        if self._value is not None:
            self._value.name(title)

    def _chosen(self, _path: str, _typing: bool) -> None:
        before = self._value.value() if self._value is not None else None
        self._fit()
        if self._value is not None and before is not MISSING and before is not None:
            many = isinstance(self._value, ManyField | PairField)
            if many:
                values = before if isinstance(before, list) else [before]
                self._value.set_value([one for one in values if one not in ("", None)])
            else:
                self._value.set_value(before[0] if isinstance(before, list) and before else before)
        self.edited.emit("op", False)

    def _fit(self) -> None:
        """Give the value the form of the operator."""
        op = self.op.value()
        if op is None or op is MISSING or op in self._alone:
            form = ""
        elif op in self._relative:
            form = "days"
        elif op == "in":
            form = "many"
        else:
            form = "pair" if op == "between" else "one"
        if form == self._form:
            return
        self._form = form
        if self._value is not None:
            self._value.hide()
            self._value.deleteLater()
            self._value = None
        if not form:
            return
        self._value = self._made(form)
        self._value.edited.connect(lambda _path, typing: self.edited.emit("value", typing))
        if form == "many" or (form == "pair" and self._type != NUMBER):
            self._box.addWidget(self._value)
        else:
            self._row.addWidget(self._value, 1)
        self._value.setVisible(True)

    def _made(self, form: str) -> Editor:
        match form:
            case "days":
                return NumberField(self.context, whole=True, low=0, parent=self)
            case "many":
                return ManyField(self.context, type_=self._type, choices=self._choices, parent=self)
            case "pair":
                return PairField(self.context, type_=self._type, parent=self)
            case _:
                return ScalarField(self.context, type_=self._type, choices=self._choices, parent=self)


def _said(op: str, type_: str | None) -> str:
    # beside a number the signs are shorter and as clear
    return SIGNS[op] if type_ == NUMBER and op in SIGNS else word(op)


class ConditionField(Editor):
    """A condition on a field of an event's data: its name, an operator, a value."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.field = TextField(context, parent=self)
        self.field.line.setPlaceholderText(_("Name in the data"))
        self.field.name(_("Name in the data"))
        self.test = OperatorField(context, get_args(FilterOp), alone=("exists",), parent=self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self.field)
        box.addWidget(self.test)
        self.setFocusProxy(self.field)
        self.field.edited.connect(lambda _path, typing: self.edited.emit("field", typing))
        self.test.edited.connect(self.edited)

    def value(self) -> Any:
        test = self.test.value()
        return {"field": self.field.value(), **(test if isinstance(test, dict) else {})}

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, dict) else {}
        self.field.set_value(given.get("field"))
        self.test.set_value(given or {"op": "="})

    def place(self, notes: Sequence[Note]) -> list[Note]:
        wrong = {note.within()[0] for note in notes if note.weight is Weight.ERROR}
        mark_wrong(self.field, "field" in wrong)
        self.test.place([note for note in notes if note.within()[0] != "field"])
        return list(notes)


def compared(context: Context, model: type[BaseModel], *, optional: bool) -> Editor:
    """The editor of a comparison."""
    if issubclass(model, Filter):
        return ConditionField(context)
    if issubclass(model, Comparison):
        return OperatorField(context, get_args(Op), type_=NUMBER, optional=optional)
    return OperatorField(context, get_args(FilterOp), alone=("exists",), optional=optional)
