"""Two versions of a journey on one canvas: what was added, removed, changed and moved is marked, settings are listed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.desktop.pieces import label, line, push
from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.graph.diff import Change, Difference, differences
from journeys.graph.journey import Journey
from widgets.canvas.scene import CanvasScene
from widgets.canvas.view import CanvasView
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.theme import Theme

_NODE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Compared:
    """What there is to show."""

    #: the later journey, and the removed nodes where they stood
    both: Journey
    marks: dict[str, Difference]
    changes: tuple[Change, ...]


def compared(before: Journey, after: Journey, catalogue: Catalogue | None = None) -> Compared:
    """Put two journeys together. Edges that are gone stay where the outlet leads nowhere else."""
    changes = differences(before, after, places=True, catalogue=catalogue)
    both = after.copy()
    for node in before.node_ids():
        if node not in both:
            x, y = before.place(node)
            both.add_node(
                node,
                before.node(node) or before.raw_settings(node),
                kind=before.kind(node),
                title=before.title(node),
                x=x,
                y=y,
                off=before.is_off(node),
                comment=before.comment(node),
            )
    for edge in before.edges():
        if edge.source not in after and edge.target in both:
            both.connect(edge.source, edge.outlet, edge.target)
        elif edge.target not in after and both.target(edge.source, edge.outlet) is None:
            both.connect(edge.source, edge.outlet, edge.target)
    marks: dict[str, Difference] = {}
    # one mark a node: that it is new or gone says more than what was set, and that more than where it stands
    for kind in (Difference.MOVED, Difference.CHANGED, Difference.REMOVED, Difference.ADDED):
        marks |= {change.node: change.kind for change in changes if change.kind is kind and change.node}
    return Compared(both, marks, changes)


def said_count(found: Compared) -> str:
    n = sum(change.kind is not Difference.MOVED for change in found.changes)
    if not found.changes:
        return _("They are the same.")
    if not n:
        return _("Only places differ.")
    return ngettext("{n} difference", "{n} differences", n).format(n=n)


class Comparison(QWidget):
    """Takes the place of canvas and inspector until it is closed; nothing is edited in it."""

    closed = Signal()

    def __init__(self, found: Compared, title: str, theme: Theme, catalogue: Catalogue | None) -> None:
        super().__init__()
        document = Document(found.both, parent=self)
        self.selection = Selection(document, parent=self)
        self.scene = CanvasScene(document, self.selection, theme, catalogue=catalogue)
        self.scene.set_marks(found.marks)
        self.view = CanvasView(self.scene)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setAccessibleName(_("Differences"))
        for change in found.changes:
            item = QListWidgetItem(change.sentence)
            item.setToolTip(change.sentence)
            item.setData(_NODE, change.node)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._show)
        self.list.itemActivated.connect(self._show)
        close = push(_("Close the comparison"), bar=True)
        close.clicked.connect(self.closed)
        side = QFrame()
        side.setObjectName("inspector")
        column = QVBoxLayout(side)
        column.setContentsMargins(16, 12, 8, 12)
        column.setSpacing(8)
        column.addWidget(label(title, "title", wrap=True))
        column.addWidget(label(said_count(found), "sentence"))
        column.addWidget(line())
        column.addWidget(self.list, 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignLeft)
        side.setFixedWidth(360)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.view, 1)
        row.addWidget(side)

    def begin(self) -> None:
        self.view.fit()
        self.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def _show(self, item: QListWidgetItem | None) -> None:
        node = item.data(_NODE) if item is not None else ""
        if node and node in self.scene.document.journey:
            self.selection.set([node])
            self.view.centre_on(node)
        else:
            self.selection.clear()
