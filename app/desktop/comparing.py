"""Two versions of a journey on one canvas: what was added, removed, changed and moved is marked, settings are listed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.desktop.pieces import label, line, push
from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.graph.journey import Journey
from journeys.graph.outline import reading_order
from widgets.canvas.scene import CanvasScene
from widgets.canvas.view import CanvasView
from widgets.document.comparing import Comparison, compare
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.theme import Theme

_NODE = Qt.ItemDataRole.UserRole


def together(after: Journey, found: Comparison) -> Journey:
    """The later journey with what was removed where it stood, and the edges that are gone where no other took their place."""
    both = after.copy()
    for node, state in found.removed.items():
        both.add_node(
            node,
            state.settings,
            kind=state.kind,
            title=state.title,
            x=state.x,
            y=state.y,
            off=state.off,
            comment=state.comment,
        )
    for (node, outlet), target in found.edges_removed.items():
        if (node in found.removed or target in found.removed) and both.target(node, outlet) is None:
            both.connect(node, outlet, target)
    return both


def listed(found: Comparison, both: Journey) -> list[tuple[str, str]]:
    """(node, sentence) of all that differs: the journey itself first, then as people read it."""
    order = ["", *reading_order(both)]
    return [(node, sentence) for node in order for sentence in found.sentences.get(node, ())]


def said_count(found: Comparison) -> str:
    """How much differs, in words."""
    n = sum(len(said) for said in found.sentences.values())
    if not n:
        return _("They are the same.")
    return ngettext("{n} difference", "{n} differences", n).format(n=n)


class ComparisonPage(QWidget):
    """Takes the place of canvas and inspector until it is closed; nothing is edited in it."""

    closed = Signal()

    def __init__(self, before: Journey, after: Journey, title: str, theme: Theme, catalogue: Catalogue | None) -> None:
        super().__init__()
        found = compare(before, after, catalogue)
        both = together(after, found)
        document = Document(both, parent=self)
        self.selection = Selection(document, parent=self)
        self.scene = CanvasScene(document, self.selection, theme, catalogue=catalogue)
        self.scene.set_marks(found.marks)
        self.view = CanvasView(self.scene)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setProperty("look", "quiet")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(_("Differences"))
        for node, sentence in listed(found, both):
            item = QListWidgetItem(sentence)
            item.setToolTip(sentence)
            item.setData(_NODE, node)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._show)
        self.list.itemActivated.connect(self._show)
        close = push(_("Close the comparison"), bar=True)
        close.clicked.connect(self.closed)
        side = QFrame()
        side.setObjectName("inspector")
        column = QVBoxLayout(side)
        column.setContentsMargins(16, 16, 16, 16)
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
        self.list.setCurrentRow(0)

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
