"""Text edited where it stands: a field over the view, since nothing within the scene is a widget."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from widgets.theme import fonts

_LEAST_PX = 12


class TitleField(QLineEdit):
    """One line. Enter and leaving it keep the text, Esc does not. It deletes itself."""

    def __init__(self, parent: QWidget, text: str, area: QRect, px: float, keep: Callable[[str], None]) -> None:
        super().__init__(text, parent)
        self._over = parent
        self._keep: Callable[[str], None] | None = keep
        self._before = text
        self.setFont(fonts.font(max(round(px), _LEAST_PX), fonts.SEMIBOLD))
        height = max(area.height(), self.fontMetrics().height() + 10)
        self.setFixedHeight(height)
        self.setGeometry(area.left(), area.center().y() - height // 2, max(area.width(), 120), height)
        self.selectAll()
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.editingFinished.connect(lambda: self.leave(keep=True))

    def leave(self, *, keep: bool) -> None:
        """Close it; what was not changed is not kept."""
        kept, self._keep = self._keep, None
        if kept is None:
            return
        text = self.text().strip()
        had_focus = self.hasFocus()
        self.hide()
        self.deleteLater()
        if keep and text != self._before:
            kept(text)
        if had_focus:
            self._over.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.leave(keep=False)
            return
        super().keyPressEvent(event)


class NoteField(QPlainTextEdit):
    """Several lines. Ctrl+Enter and leaving it keep the text, Esc does not. It deletes itself."""

    def __init__(self, parent: QWidget, text: str, area: QRect, px: float, keep: Callable[[str], None]) -> None:
        super().__init__(text, parent)
        self._over = parent
        self._keep: Callable[[str], None] | None = keep
        self._before = text
        self.setFont(fonts.font(max(round(px), _LEAST_PX)))
        self.setGeometry(area)
        self.setTabChangesFocus(True)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.installEventFilter(self)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self, *, keep: bool) -> None:
        """Close it; what was not changed is not kept."""
        kept, self._keep = self._keep, None
        if kept is None:
            return
        text = self.toPlainText()
        had_focus = self.hasFocus()
        self.hide()
        self.deleteLater()
        if keep and text != self._before:
            kept(text)
        if had_focus:
            self._over.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.FocusOut:
            self.leave(keep=True)
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.leave(keep=False)
                return True
            if (
                event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
                and event.modifiers() & Qt.KeyboardModifier.ControlModifier
            ):
                self.leave(keep=True)
                return True
        return super().eventFilter(watched, event)
