"""The search at the cursor: what fits at a place, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from journeys.base.i18n import _
from journeys.nodes.preset import Preset
from widgets.theme.kinds import paint_shape
from widgets.theme.theme import Theme

_WIDTH, _ROW, _ROWS = 264, 32, 8
_TILE = 20


class _Rows(QStyledItemDelegate):
    """A tile and a name."""

    def __init__(self, theme: Theme, rows: QListWidget) -> None:
        super().__init__(rows)
        self._theme = theme
        self._list = rows

    def sizeHint(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(_WIDTH - 24, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        preset: Preset = index.data(Qt.ItemDataRole.UserRole)
        tokens = self._theme.tokens
        area = option.rect
        chosen = index.row() == self._list.currentRow()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.accent_tint)
            painter.drawRoundedRect(QRectF(area).adjusted(2, 1, -2, -1), 6, 6)
        tile = QRectF(area.left() + 10, area.top() + (_ROW - _TILE) / 2, _TILE, _TILE)
        paint_shape(painter, preset.family, preset.icon, tile, tokens)
        painter.setPen(tokens.accent_text if chosen else tokens.text)
        painter.drawText(area.adjusted(40, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, preset.name)
        painter.restore()


class SearchPopup(QFrame):
    """A field and a list over the canvas. Enter takes the chosen entry, Esc or a click elsewhere closes."""

    #: the id of the entry that was taken
    taken = Signal(str)
    #: it is closed, taken or not
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = parent
        self._find: Callable[[str], Sequence[Preset]] = lambda _text: ()
        self.setProperty("role", "popup")
        self.setFixedWidth(_WIDTH)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(_("Find a step"))
        self.field.setAccessibleName(_("Find a step"))
        self.list = QListWidget(self)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Rows(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(_("Steps that fit here"))
        self.nothing = QLabel(self)
        self.nothing.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        layout.addWidget(self.nothing)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda item: self._take(item))
        self.list.itemEntered.connect(self.list.setCurrentItem)
        self.hide()

    def open_at(self, at: QPoint, find: Callable[[str], Sequence[Preset]]) -> None:
        """Open with its corner there, moved as far as keeps it whole within the parent; `find` is asked as one types."""
        self._find = find
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self._search("")
        self.adjustSize()
        room = self._over.rect()
        x = max(min(at.x(), room.right() - self.width() - 8), 8)
        y = max(min(at.y(), room.bottom() - self.height() - 8), 8)
        self.move(x, y)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_search(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def _search(self, text: str) -> None:
        found = self._find(text)
        self.list.clear()
        for preset in found:
            item = QListWidgetItem(preset.name)
            item.setData(Qt.ItemDataRole.UserRole, preset)
            self.list.addItem(item)
        if found:
            self.list.setCurrentRow(0)
            self.list.setFixedHeight(_ROW * min(len(found), _ROWS) + 2)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)
        self.nothing.setText(_("Nothing that fits here is called “{text}”.").format(text=text))
        self.adjustSize()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        preset: Preset = item.data(Qt.ItemDataRole.UserRole)
        self.hide()
        self.taken.emit(preset.id)
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.FocusOut:
            self.close_search()
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        row, rows = self.list.currentRow(), self.list.count()
        match event.key():
            case Qt.Key.Key_Escape:
                self.close_search()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._take(self.list.currentItem() if rows else None)
            case Qt.Key.Key_Down if rows:
                self.list.setCurrentRow((row + 1) % rows)
            case Qt.Key.Key_Up if rows:
                self.list.setCurrentRow((row - 1) % rows)
            case _:
                return False
        return True
