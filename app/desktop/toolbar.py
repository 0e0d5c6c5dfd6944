"""The bar above the canvas: the journey's name, edited in place, how it stands, and what is done most often."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy

from app.desktop.bindings import Bindings
from app.desktop.outside import Standing
from app.desktop.pieces import chip, divider, push, set_chip
from journeys.base.i18n import _
from widgets.theme import fonts
from widgets.theme.theme import Theme

HEIGHT = 44
_LEAST_NAME, _MOST_NAME = 120, 420


def said_standing(standing: Standing | None) -> tuple[str, str]:
    """(words, kind of chip) of how the journey stands in the store; no words where it was never published."""
    if standing is None:
        return "", "quiet"
    match standing.state:
        case "live":
            return _("Live · version {n}").format(n=standing.version), "ok"
        case "paused":
            return _("Paused · version {n}").format(n=standing.version), "warn"
        case "stopped":
            return _("Stopped · version {n}").format(n=standing.version), "quiet"
        case "archived":
            return _("Archived · version {n}").format(n=standing.version), "quiet"
    return standing.state, "quiet"


def said_draft(*, differs: int | None, published: bool) -> str:
    """How the draft stands to what is published; `differs` is the number of changes, None where nobody knows."""
    if not published:
        return _("Draft")
    if differs is None or differs == 0:
        return ""
    from journeys.base.i18n import ngettext

    return ngettext("Draft, {n} change", "Draft, {n} changes", differs).format(n=differs)


class NameField(QLineEdit):
    """The name. Enter takes it, Esc brings the old one back."""

    #: the name as it was typed
    named = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "title")
        self.setAccessibleName(_("Name of the journey"))
        self.setToolTip(_("Name of the journey (Shift+F2)"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._name = ""
        self.textChanged.connect(self._fit)
        self.editingFinished.connect(self._take)

    def begin(self) -> None:
        """Put the keyboard into it, all of it marked."""
        self.setFocus()
        self.selectAll()

    def show_name(self, name: str) -> None:
        self._name = name
        if not self.hasFocus() or self.text() != name:
            self.setText(name)
            self.setCursorPosition(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._name)
            self.clearFocus()
            return
        super().keyPressEvent(event)

    def _take(self) -> None:
        text = " ".join(self.text().split())
        if not text:
            self.setText(self._name)
        elif text != self._name:
            self.named.emit(text)

    def _fit(self) -> None:
        metrics = QFontMetrics(fonts.font(fonts.SECTION, fonts.SEMIBOLD))
        wanted = metrics.horizontalAdvance(self.text()) + 14
        self.setFixedWidth(max(_LEAST_NAME, min(wanted, _MOST_NAME)))


class Toolbar(QFrame):
    """Lays the bar out."""

    def __init__(self, bindings: Bindings, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setFixedHeight(HEIGHT)
        self.name = NameField()
        self.standing = chip("", "quiet")
        self.draft = chip("", "quiet")
        self.read_only = chip("", "warn")
        for each in (self.standing, self.draft, self.read_only):
            each.hide()
        self.publish: QPushButton = push(_("Publish…"), "primary", icon="broadcast", theme=theme, bar=True)
        self.publish.setToolTip(_("Publish… (Ctrl+Return)").replace("Return", _("Enter")))
        self.publish.clicked.connect(bindings["journey.publish"].trigger)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(6)
        row.addWidget(self.name)
        row.addWidget(self.standing)
        row.addWidget(self.draft)
        row.addWidget(self.read_only)
        row.addStretch(1)
        self.buttons = {
            name: bindings.button(name, self) for name in ("edit.undo", "edit.redo", "canvas.lay-out", "edit.find")
        }
        row.addWidget(self.buttons["edit.undo"])
        row.addWidget(self.buttons["edit.redo"])
        row.addWidget(divider())
        row.addWidget(self.buttons["canvas.lay-out"])
        row.addWidget(self.buttons["edit.find"])
        row.addWidget(divider())
        row.addWidget(self.publish)

    def show_standing(self, standing: Standing | None, *, differs: int | None) -> None:
        set_chip(self.standing, *said_standing(standing))
        set_chip(self.draft, said_draft(differs=differs, published=standing is not None), "quiet")

    def show_read_only(self, read_only: bool) -> None:
        set_chip(self.read_only, _("Read-only file") if read_only else "", "warn")
