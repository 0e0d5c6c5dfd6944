"""What can be put on the canvas: kinds and their presets by family, to be dragged or double-clicked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QDrag, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from journeys.base.i18n import _
from journeys.graph.fits import Spot, search
from journeys.nodes.family import Family
from journeys.nodes.preset import Preset
from journeys.nodes.presets import presets
from widgets.canvas.preset_mime import mime_of
from widgets.theme import fonts, icons
from widgets.theme.kinds import paint_shape
from widgets.theme.theme import Theme

ROW, TILE, HEADING = 26, 20, 28
WIDTH, TILES_ONLY = 168, 56

_PRESET = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


def say_family(family: Family) -> str:
    return {
        Family.COMES_IN: _("Comes in"),
        Family.DECIDES: _("Decides"),
        Family.WAITS: _("Waits"),
        Family.SENDS: _("Sends"),
        Family.CHANGES: _("Changes"),
        Family.ENDS: _("Ends"),
        Family.CANVAS: _("Beside the way"),
    }[family]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the palette: the heading of a family, or an entry."""

    family: Family
    preset: Preset | None = None


def rows(text: str, spot: Spot) -> list[Row]:
    """What the palette shows: without a text what people need most, in its own order; else all that is called so."""
    if text.strip():
        found = {preset.id for preset in search(text, spot)}
        chosen = [preset for preset in presets() if preset.id in found]
    else:
        chosen = [preset for preset in presets() if preset.is_common]
    return list(_with_headings(chosen))


def _with_headings(chosen: list[Preset]) -> Iterator[Row]:
    family = None
    for preset in chosen:
        if preset.family is not family:
            family = preset.family
            yield Row(family)
        yield Row(preset.family, preset)


class _Model(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def show_rows(self, found: list[Row]) -> None:
        if found != self.rows:
            self.beginResetModel()
            self.rows = found
            self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        return len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        preset = row.preset
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return say_family(row.family) if preset is None else preset.name
            case Qt.ItemDataRole.AccessibleTextRole if preset is not None:
                return _("{name}, {family}").format(name=preset.name, family=say_family(row.family))
            case Qt.ItemDataRole.ToolTipRole if preset is not None:
                return _("{name}: drag it onto the canvas, or double-click").format(name=preset.name)
            case _ if role == _PRESET:
                return preset
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.rows[index.row()].preset is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tiles_only = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        if index.data(_PRESET) is None:
            return QSize(10, 9 if self.tiles_only else HEADING)
        return QSize(10, ROW + 4 if self.tiles_only else ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = self._theme.tokens
        preset = index.data(_PRESET)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not isinstance(preset, Preset):
            if self.tiles_only:
                if index.row():
                    painter.setPen(QPen(tokens.border, 1))
                    middle = rect.center().y()
                    painter.drawLine(QPointF(rect.left() + 8, middle), QPointF(rect.right() - 8, middle))
            else:
                painter.setFont(fonts.font(fonts.SMALL + 1, fonts.SEMIBOLD))
                painter.setPen(tokens.text2)
                painter.drawText(
                    rect.adjusted(10, 6, -4, 0), Qt.AlignmentFlag.AlignVCenter, index.data(Qt.ItemDataRole.DisplayRole)
                )
            painter.restore()
            return
        inside = QRectF(rect).adjusted(6, 0.5, -6, -0.5)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.accent_tint if chosen else tokens.hover)
            painter.drawRoundedRect(inside, 4, 4)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(tokens.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(inside.adjusted(1, 1, -1, -1), 4, 4)
        left = inside.center().x() - TILE / 2 if self.tiles_only else inside.left() + 4
        tile = QRectF(left, inside.center().y() - TILE / 2, TILE, TILE)
        paint_shape(painter, preset.family, preset.icon, tile, tokens)
        if not self.tiles_only:
            font = fonts.font(fonts.BODY)
            painter.setFont(font)
            painter.setPen(tokens.accent_text if chosen else tokens.text)
            room = inside.adjusted(TILE + 12, 0, -2, 0)
            text = option.fontMetrics.elidedText(preset.name, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


class _List(QListView):
    """The entries. Enter puts one on the canvas, as a double click does."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(_("Steps"))
        self.doubleClicked.connect(self._choose)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def startDrag(self, supported: Qt.DropAction) -> None:  # noqa: N802 - Qt's name
        preset = self.currentIndex().data(_PRESET)
        if not isinstance(preset, Preset):
            return
        drag = QDrag(self)
        drag.setMimeData(mime_of(preset))
        drag.setPixmap(self._picture(preset))
        drag.exec(Qt.DropAction.CopyAction)

    def _choose(self, index: QModelIndex) -> None:
        preset = index.data(_PRESET)
        if isinstance(preset, Preset):
            self.chosen.emit(preset.id)

    def _picture(self, preset: Preset) -> QPixmap:
        ratio = self.devicePixelRatioF()
        made = QPixmap(round(32 * ratio), round(32 * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        paint_shape(painter, preset.family, preset.icon, QRectF(0, 0, 32, 32), self._theme.tokens)
        painter.end()
        return made


class Palette(QWidget):
    """The tab *Steps*: a field that filters, and the entries."""

    #: id of the preset that is to be put on the canvas
    chosen = Signal(str)

    def __init__(self, theme: Theme, spot: Callable[[], Spot]) -> None:
        super().__init__()
        self._spot = spot
        self._theme = theme
        self._field = QLineEdit()
        self._field.setPlaceholderText(_("Find a step"))
        self._field.setAccessibleName(_("Find a step"))
        self._field.setClearButtonEnabled(True)
        self._field.textChanged.connect(self._filter)
        self._field.returnPressed.connect(self._take_first)
        self._sign = self._field.addAction(
            icons.icon("magnifying-glass", theme.tokens.text3), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list = _List(theme, self)
        self._model = _Model(self)
        self._delegate = _Delegate(theme, self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._delegate)
        self.list.chosen.connect(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(4)
        holder = QVBoxLayout()
        holder.setContentsMargins(10, 0, 10, 0)
        holder.addWidget(self._field)
        column.addLayout(holder)
        column.addWidget(self.list, 1)
        theme.changed.connect(self._colour)
        self._filter()

    @property
    def field(self) -> QLineEdit:
        return self._field

    def show_tiles(self, tiles: bool) -> None:
        """Only tiles in a narrow window."""
        self._delegate.tiles_only = tiles
        self._field.setVisible(not tiles)
        if tiles:
            self._field.clear()
        self._model.layoutChanged.emit()

    def _filter(self) -> None:
        self._model.show_rows(rows(self._field.text(), self._spot()))
        self.list.setAccessibleDescription(
            "" if self._model.rows else _("Nothing is called “{text}”.").format(text=self._field.text())
        )
        first = next((n for n, row in enumerate(self._model.rows) if row.preset is not None), None)
        if first is not None and self._field.text():
            self.list.setCurrentIndex(self._model.index(first))

    def _take_first(self) -> None:
        preset = self.list.currentIndex().data(_PRESET)
        if isinstance(preset, Preset):
            self.chosen.emit(preset.id)

    def _colour(self) -> None:
        self._sign.setIcon(icons.icon("magnifying-glass", self._theme.tokens.text3))
        self.list.viewport().update()
