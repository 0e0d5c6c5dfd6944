"""Editors of single values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QDate, QPoint, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCalendarWidget,
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from journeys.base.i18n import _
from journeys.nodes.preset import NOT_CHOSEN
from journeys.nodes.windows import WEEKDAYS
from widgets.form.editor import MISSING, Context, Editor, label
from widgets.form.undoing import leave_undo
from widgets.theme.controls import IconButton

_WHOLE = re.compile(r"[+-]?\d{1,15}")
_BROKEN = re.compile(r"[+-]?\d{1,15}[.,]\d{1,15}")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


class LineField(Editor):
    """One line of text, in a field that the arrow keys may step through."""

    def __init__(self, context: Context, *, optional: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._optional = optional
        self.line = _Line(self)
        self.line.setMinimumWidth(48)
        self.setFocusProxy(self.line)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)
        self.row.addWidget(self.line, 1)
        self.line.textEdited.connect(lambda _text: self.edited.emit("", True))

    #: whether arrow keys step through values
    steps: ClassVar[bool] = False

    def step(self, by: int) -> None:
        """An arrow key was pressed: up is 1, Page up 10."""

    def offer_all(self) -> bool:
        """Show everything that could stand here; whether there is anything to show."""
        return False

    def value(self) -> Any:
        text = self.line.text()
        if text.strip():
            return self.read(text)
        return None if self._optional else MISSING

    def read(self, text: str) -> Any:
        """What was typed as data."""
        return text

    def set_value(self, data: Any) -> None:
        self.line.setText("" if data is None or data is MISSING else self.shown(data))
        self.line.setCursorPosition(0)

    def shown(self, data: Any) -> str:
        return str(data)

    def put(self, data: Any) -> None:
        """Set a value as if it had been typed."""
        self.set_value(data)
        self.edited.emit("", True)


class _Line(QLineEdit):
    def __init__(self, field: LineField) -> None:
        super().__init__(field)
        self._field = field
        leave_undo(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if event.key() in steps and self._field.steps:
            self._field.step(steps[Qt.Key(event.key())])
            return
        if event.key() == Qt.Key.Key_Down and self._field.offer_all():
            return
        super().keyPressEvent(event)


class TextField(LineField):
    """A short text. An empty one is a text too, and the model says whether it will do."""

    def value(self) -> Any:
        text = self.line.text()
        return text if text or not self._optional else None


class LongTextField(Editor):
    """A text of several lines; Tab goes on to the next field."""

    def __init__(self, context: Context, *, optional: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._optional = optional
        self.text = QPlainTextEdit(self)
        self.text.setTabChangesFocus(True)
        leave_undo(self.text)
        self.text.setMinimumHeight(96)
        self.setFocusProxy(self.text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text)
        self._silent = False
        self.text.textChanged.connect(self._changed)

    def value(self) -> Any:
        text = self.text.toPlainText()
        return text if text or not self._optional else None

    def set_value(self, data: Any) -> None:
        text = data if isinstance(data, str) else ""
        if text != self.text.toPlainText():
            self._silent = True
            self.text.setPlainText(text)
            self._silent = False

    def _changed(self) -> None:
        if not self._silent:
            self.edited.emit("", True)


class NumberField(LineField):
    """A number, typed; the arrow keys step. What is no number is handed on as it was typed, for the model to refuse."""

    steps: ClassVar[bool] = True

    def __init__(
        self,
        context: Context,
        *,
        whole: bool,
        low: float | None = None,
        high: float | None = None,
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, optional=optional, parent=parent)
        self._whole, self._low, self._high = whole, low, high

    def read(self, text: str) -> Any:
        text = text.strip().replace("\u2212", "-")
        if _WHOLE.fullmatch(text):
            return int(text)
        if _BROKEN.fullmatch(text):
            return float(text.replace(",", "."))
        return text

    def shown(self, data: Any) -> str:
        return f"{data:g}" if isinstance(data, float) else str(data)

    def step(self, by: int) -> None:
        now = self.value()
        start = now if isinstance(now, int | float) else 0
        wanted = start + by
        if self._low is not None:
            wanted = max(wanted, self._low)
        if self._high is not None:
            wanted = min(wanted, self._high)
        self.put(int(wanted) if float(wanted).is_integer() else wanted)


class ClockField(LineField):
    """A time of day; the arrow keys step by a quarter of an hour."""

    steps: ClassVar[bool] = True

    def __init__(self, context: Context, *, optional: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(context, optional=optional, parent=parent)
        self.line.setPlaceholderText(_("9:00"))

    def read(self, text: str) -> Any:
        found = _CLOCK.fullmatch(text.strip())
        return f"{int(found[1]):02}:{found[2]}" if found else text.strip()

    def shown(self, data: Any) -> str:
        found = _CLOCK.fullmatch(str(data))
        return f"{int(found[1])}:{found[2]}" if found else str(data)

    def step(self, by: int) -> None:
        found = _CLOCK.fullmatch(self.line.text().strip())
        minutes = int(found[1]) * 60 + int(found[2]) if found else 9 * 60 - by * 15
        minutes = (minutes + by * 15) % (24 * 60)
        self.put(f"{minutes // 60:02}:{minutes % 60:02}")


class DayField(LineField):
    """A day; typed as 2026-11-29, stepped by the arrow keys, or taken from a calendar."""

    steps: ClassVar[bool] = True

    def __init__(self, context: Context, *, optional: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(context, optional=optional, parent=parent)
        self.line.setPlaceholderText(_("2026-11-29"))
        self.button = IconButton(context.theme, "calendar-blank", _("Calendar"), parent=self)
        self.button.clicked.connect(self.open_calendar)
        self.row.addWidget(self.button)

    def read(self, text: str) -> Any:
        return text.strip()

    def step(self, by: int) -> None:
        try:
            day = dt.date.fromisoformat(self.line.text().strip())
        except ValueError:
            day = self.context.today() - dt.timedelta(days=by)
        self.put((day + dt.timedelta(days=by)).isoformat())

    def open_calendar(self) -> None:
        """Show a month to choose from."""
        panel = QWidget(self, Qt.WindowType.Popup)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        month = QCalendarWidget(panel)
        month.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        box = QVBoxLayout(panel)
        box.setContentsMargins(4, 4, 4, 4)
        box.addWidget(month)
        try:
            shown = dt.date.fromisoformat(self.line.text().strip())
        except ValueError:
            shown = self.context.today()
        month.setSelectedDate(QDate(shown.year, shown.month, shown.day))

        def taken(day: QDate) -> None:
            panel.close()
            self.put(day.toString(Qt.DateFormat.ISODate))

        month.activated.connect(taken)
        month.clicked.connect(taken)
        panel.move(self.mapToGlobal(QPoint(0, self.height() + 2)))
        panel.show()
        month.setFocus()


class TickBox(QWidget):
    """A box to tick with its name beside it, which wraps where a check box of Qt would be cut off."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QCheckBox(self)
        self.box.setAccessibleName(title)
        self.text = label(title, "choice", self)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setFocusProxy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1, Qt.AlignmentFlag.AlignVCenter)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.box.setFocus(Qt.FocusReason.MouseFocusReason)
            self.box.click()


class ToggleField(Editor):
    """Yes or no, with its name beside the box."""

    def __init__(self, context: Context, title: str, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        tick = TickBox(title, self)
        self.box = tick.box
        self.setFocusProxy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(tick)
        self.box.clicked.connect(lambda: self.edited.emit("", False))

    def value(self) -> Any:
        return self.box.isChecked()

    def set_value(self, data: Any) -> None:
        self.box.setChecked(data is True)


class ChoiceField(Editor):
    """One of a few values; the wheel scrolls the panel and not the choice."""

    def __init__(
        self,
        context: Context,
        choices: Sequence[tuple[Any, str]],
        *,
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`choices` are values and what is read for them."""
        super().__init__(context, parent)
        self._values = [value for value, _text in choices]
        self.box = _Box(self)
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.box.setMinimumContentsLength(3)
        self.box.setMinimumWidth(56)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setFocusProxy(self.box)
        if optional:
            self._values.insert(0, None)
            self.box.addItem("–")
        for _value, text in choices:
            self.box.addItem(text)
        self.box.setCurrentIndex(0 if optional else -1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box)
        self.box.activated.connect(lambda _n: self.edited.emit("", False))

    def value(self) -> Any:
        n = self.box.currentIndex()
        return self._values[n] if n >= 0 else MISSING

    def set_value(self, data: Any) -> None:
        # True == 1 in Python, and they are different values here
        found = [n for n, value in enumerate(self._values) if value == data and type(value) is type(data)]
        if not found and isinstance(data, str):
            # a word that no choice is, from a newer file perhaps, is kept as it is
            self._values.append(data)
            self.box.addItem(data)
            found = [len(self._values) - 1]
        self.box.setCurrentIndex(found[0] if found else -1)


class _Box(QComboBox):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()


class WeekdaysField(Editor):
    """Seven buttons."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        names = (_("Mo"), _("Tu"), _("We"), _("Th"), _("Fr"), _("Sa"), _("Su"))
        long = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
        self.buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for day, short, name in zip(WEEKDAYS, names, long, strict=True):
            button = QToolButton(self)
            button.setText(short)
            button.setCheckable(True)
            button.setProperty("day", True)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _on: self.edited.emit("", False))
            row.addWidget(button)
            self.buttons[day] = button
        self.setFocusProxy(self.buttons["mon"])

    def value(self) -> Any:
        return [day for day, button in self.buttons.items() if button.isChecked()]

    def set_value(self, data: Any) -> None:
        for day, button in self.buttons.items():
            button.setChecked(isinstance(data, list) and day in data)


class NamedField(LineField):
    """The key of something: typed, with what there is offered. The label is shown where it tells one thing only."""

    def __init__(
        self, context: Context, kind: str, *, optional: bool = False, within: Any = None, parent: QWidget | None = None
    ) -> None:
        """`within` gives the funnel of a stage when asked."""
        super().__init__(context, optional=optional, parent=parent)
        self._kind = kind
        self._within = within
        self._keys: dict[str, str] = {}
        #: a preset put it there for something that is still to be chosen; it is shown as an empty field
        self._open = False
        self._completer = QCompleter(self.line)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setMaxVisibleItems(10)
        self._completer.activated.connect(self._took)
        self._model = QStringListModel(self._completer)
        self._completer.setModel(self._model)
        self.line.setCompleter(self._completer)
        self.renew()
        self.line.textEdited.connect(lambda _text: self._offer_known())

    def renew(self) -> None:
        """Ask again what there is."""
        within = self._within() if self._within is not None else ""
        known = self.context.source.suggestions(self._kind, within if isinstance(within, str) else "")
        labels = [one.shown for one in known]
        self._keys = {}
        for one in known:
            shown = (
                one.shown if labels.count(one.shown) == 1 else _("{label} ({key})").format(label=one.label, key=one.key)
            )
            self._keys[shown] = one.key
        if list(self._keys) != self._model.stringList():
            self._model.setStringList(list(self._keys))

    def offer_all(self) -> bool:
        self.renew()
        popup = self._completer.popup()
        if not self._keys or (popup is not None and popup.isVisible()):
            return False
        self._completer.setCompletionPrefix("")
        self._completer.complete()
        return True

    def value(self) -> Any:
        return NOT_CHOSEN if self._open and not self.line.text().strip() else super().value()

    def set_value(self, data: Any) -> None:
        self._open = data == NOT_CHOSEN
        self.line.setPlaceholderText(_("Choose…") if self._open else "")
        super().set_value("" if self._open else data)

    def read(self, text: str) -> Any:
        return self._keys.get(text.strip(), text.strip())

    def shown(self, data: Any) -> str:
        return next((shown for shown, key in self._keys.items() if key == data), str(data))

    def _offer_known(self) -> None:
        if self._within is not None:
            self.renew()

    def _took(self, text: str) -> None:
        self.line.setText(text)
        self.edited.emit("", False)
