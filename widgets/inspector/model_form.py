"""A form over a model that tells valid settings as they come, and keeps the rest to itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from journeys.base.i18n import _
from journeys.base.validation import problems_of
from widgets.form import build
from widgets.form.editor import Context, Note, label, order_tabs, weight_of
from widgets.form.shapes import as_data


class ModelForm(QWidget):
    """The fields of a model; `changed` gives the new settings and the path of the field that was typed in.

    The path is empty for what is no typing, and so a step of its own in the history. What the model cannot take stays in
    the form, with the model's sentences at their places, and a line at the foot says that it does not count yet.
    """

    changed = Signal(object, str)
    #: data that the model cannot take yet; None once it can
    pending = Signal(object)

    def __init__(
        self, context: Context, model: type[BaseModel], *, leave_out: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._fixed: dict[str, Any] = {}
        self._leave_out = frozenset(leave_out)
        self._settings: BaseModel | None = None
        self._checks: list[Note] = []
        self.record = build.record(context, model, leave_out=leave_out, parent=self)
        self.record.edited.connect(self._edited)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        box.addWidget(self.record)
        self._foot = label("", "error", self)
        self._foot.hide()
        box.addWidget(self._foot)

    @property
    def settings(self) -> BaseModel | None:
        """The newest settings that the model took."""
        return self._settings

    def show_settings(self, settings: BaseModel, pending: Any = None) -> None:
        """Show settings, or what had not become settings yet."""
        data = as_data(settings)
        self._fixed = {name: data[name] for name in self._leave_out}
        self._settings = settings
        self.record.set_value(data if pending is None else pending)
        order_tabs(self)
        self._judge()

    def follow(self, settings: BaseModel) -> None:
        """The settings are these now; where they came from here, the form is as it should be."""
        if settings != self._settings:
            self.show_settings(settings)

    def show_checks(self, notes: Sequence[Note]) -> None:
        """Show what checks of the journey say, where the model itself has nothing against it."""
        if list(notes) != self._checks:
            self._checks = list(notes)
            self._judge()

    def _edited(self, path: str, typing: bool) -> None:
        if not typing:
            order_tabs(self)
        settings = self._judge()
        if settings is None:
            self.pending.emit(self.record.value())
            return
        self.pending.emit(None)
        if settings != self._settings:
            self._settings = settings
            self.changed.emit(settings, path if typing else "")

    def _judge(self) -> BaseModel | None:
        """Ask the model, and show what it says."""
        data = {**self._fixed, **self.record.value()}
        try:
            settings = self._model.model_validate(data)
        except ValidationError as error:
            notes = [Note(one.path, one.sentence, weight_of(one.sentence)) for one in problems_of(error, data)]
            left = self.record.place(notes)
            unfinished = _("The journey keeps the settings it had until this is complete.")
            self._say([*(note.sentence for note in left), unfinished], "error" if left else "help")
            return None
        left = self.record.place(self._checks)
        self._say([note.sentence for note in left], "warning")
        return settings

    def _say(self, sentences: Sequence[str], role: str) -> None:
        self._foot.setText("\n".join(dict.fromkeys(sentences)))
        self._foot.setVisible(bool(sentences))
        if self._foot.property("role") != role:
            self._foot.setProperty("role", role)
            self._foot.style().unpolish(self._foot)
            self._foot.style().polish(self._foot)
