"""The fields of one rule: which kind it is, and what that kind asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from PySide6.QtWidgets import QVBoxLayout, QWidget

from journeys.base.catalogue import AttributeType
from journeys.base.i18n import _
from journeys.criteria.criterion import LEAVES
from journeys.criteria.leaves.attribute import PRESENCE, RELATIVE, AttributeLeaf, AttributeOp, operators
from widgets.form import build, labels
from widgets.form.compound import VariantField
from widgets.form.editor import MISSING, Context, Editor, Note, Weight, label, mark_wrong
from widgets.form.fields import NamedField
from widgets.form.scalar import BOOLEAN, DAY, NUMBER, TEXT, OperatorField
from widgets.form.shapes import FieldOf, Variant

#: fields of a leaf of which one is asked at a time
_QUESTIONS: dict[str, tuple[str, ...]] = {
    "event": ("count", "last_days_ago", "first_days_ago"),
    "purchase": ("count", "total", "last_days_ago", "first_days_ago", "change"),
    "nps": ("answer", "score"),
}
#: how an attribute of a type is typed in
_TYPED: dict[AttributeType, str] = {
    "text": TEXT,
    "choice": TEXT,
    "list": TEXT,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DAY,
    "datetime": DAY,
}


class LeafForm(VariantField):
    """A leaf: its kind, and the fields of that kind."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        variant = Variant("leaf", tuple(LEAVES.items()))
        field = FieldOf("leaf", variant, _("Rule about"), required=True)
        super().__init__(context, field, variant, self._fields, parent=parent)
        self.name(_("Rule about"))

    def _fields(self, model: type[BaseModel], tag: str) -> Editor:
        if issubclass(model, AttributeLeaf):
            return AttributeFields(self.context)
        (word,) = [word for word, one in LEAVES.items() if one is model]
        return build.record(self.context, model, leave_out=[tag], one_of=_QUESTIONS.get(word, ()))


class AttributeFields(Editor):
    """Attribute, operator and value; the operators and the value are those of the attribute's type, where it is known."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._type: AttributeType | None = None
        #: as a file had it: nobody chooses it here, publishing asks the catalogue
        self._given: Any = None
        self._test: OperatorField | None = None
        self.attribute = NamedField(context, "attribute", parent=self)
        self.attribute.name(labels.title("attribute"))
        self.attribute.edited.connect(self._other_attribute)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._box.addWidget(label(labels.title("attribute"), "label", self))
        self._box.addWidget(self.attribute)
        self._under = label("", "help", self)
        self._under.hide()
        self._box.addWidget(self._under)
        self.setFocusProxy(self.attribute)
        self._fit()

    @property
    def test(self) -> OperatorField:
        assert self._test is not None
        return self._test

    def value(self) -> Any:
        key = self.attribute.value()
        test = self.test.value()
        data = {**(test if isinstance(test, dict) else {}), "type": self._given}
        return data if key is MISSING else {"attribute": key, **data}

    def set_value(self, data: Any) -> None:
        given = data if isinstance(data, Mapping) else {}
        self.attribute.set_value(given.get("attribute"))
        self._given = given.get("type")
        self._fit()
        self.test.set_value({"op": "=", **given})

    def place(self, notes: Sequence[Note]) -> list[Note]:
        mine = [note for note in notes if note.within()[0] == "attribute"]
        mark_wrong(self.attribute, any(note.weight is Weight.ERROR for note in mine))
        self._under.setText("\n".join(note.sentence for note in mine))
        self._under.setVisible(bool(mine))
        return self.test.place([note for note in notes if note not in mine])

    def _other_attribute(self, _path: str, typing: bool) -> None:
        before = self.test.value()
        if self._fit():
            self.test.set_value(before)
        self.edited.emit("attribute", typing)

    def _fit(self) -> bool:
        """Give operator and value the form of the attribute's type; whether they had another."""
        key = self.attribute.value()
        entry = self.context.source.attribute(key) if isinstance(key, str) else None
        type_ = entry.type if entry is not None else self._given
        if self._test is not None and type_ == self._type:
            return False
        self._type = type_
        if self._test is not None:
            self._test.hide()
            self._test.deleteLater()
        self._test = OperatorField(
            self.context,
            operators(type_) if type_ is not None else get_args(AttributeOp),
            type_=_TYPED[type_] if type_ is not None else None,
            relative=RELATIVE,
            alone=PRESENCE,
            choices=entry.choices if entry is not None else (),
            parent=self,
        )
        self._test.name(labels.title("value"))
        self._test.edited.connect(self.edited)
        self._box.addWidget(self._test)
        self._test.setVisible(True)
        return True
