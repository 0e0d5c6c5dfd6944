"""The journey as a tree of sentences, on the same selection as the canvas; made for screen readers and for the eye."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from journeys.base.i18n import _
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from journeys.graph.outline import starts
from journeys.nodes.node import Names
from journeys.nodes.problem import Problem
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.kinds import paint_tile
from widgets.theme.theme import Theme

_ID = Qt.ItemDataRole.UserRole
#: nodes up to which the tree is made anew as soon as something changes
_SMALL = 500
_TILE = 20


@dataclass(slots=True)
class Branch:
    """A node in the tree, where it is first come to, or a pointer to where it stands."""

    node: str
    #: name of the outlet that leads here, where there is more than one
    outlet: str = ""
    #: whether the node itself stands elsewhere in the tree
    is_pointer: bool = False
    below: list[Branch] = field(default_factory=list)


def branches(journey: Journey) -> list[Branch]:
    """The tree of a journey: what follows by the only outlet stands beneath on the same level, splits go deeper."""
    made: list[Branch] = []
    seen: set[str] = set()
    for start in starts(journey):
        if start in seen:
            continue
        # a stack of our own: a long row of conditions is deeper than Python's
        waiting: list[tuple[str, str, list[Branch]]] = [(start, "", made)]
        while waiting:
            node, outlet, level = waiting.pop()
            branch = Branch(node, outlet, is_pointer=node in seen)
            level.append(branch)
            if branch.is_pointer:
                continue
            seen.add(node)
            exits = _exits(journey, node)
            several = len(exits) > 1
            below = branch.below if several else level
            waiting.extend(
                (target, label if several else "", below) for label, target in reversed(exits) if target is not None
            )
    return made


def _exits(journey: Journey, node: str) -> list[tuple[str, str | None]]:
    """Outlets by name and where they lead, in the order of the card; edges without an outlet last."""
    settings = journey.node(node)
    led = {edge.outlet: edge.target for edge in journey.edges_from(node)}
    exits = [(outlet.label, led.pop(outlet.id, None)) for outlet in (settings.outlets() if settings else ())]
    return [*exits, *sorted(led.items())]


def said_title(journey: Journey, node: str) -> str:
    """The title, else what the kind is called."""
    settings = journey.node(node)
    return journey.title(node) or (settings.label if settings is not None else journey.kind(node))


def say(journey: Journey, node: str, names: Names, problems: tuple[Problem, ...] = ()) -> str:
    """A node as it is read aloud: “Wait: 3 days, then until 9:00. Leads to NPS survey.”"""
    settings = journey.node(node)
    title = said_title(journey, node)
    if settings is None:
        sentences = [_("{title}: a kind that is not known here.").format(title=title)]
    else:
        words = " ".join(settings.words(names).split())
        sentences = [_("{title}, {kind}: {words}.").format(title=title, kind=settings.label, words=words.rstrip("."))]
    if journey.is_off(node):
        sentences.append(_("Switched off."))
    exits = _exits(journey, node)
    for label, target in exits:
        to = said_title(journey, target) if target is not None else ""
        if len(exits) == 1:
            sentences.append(_("Leads to {title}.").format(title=to) if target else _("Leads nowhere."))
        elif target:
            sentences.append(_("{outlet} leads to {title}.").format(outlet=label, title=to))
        else:
            sentences.append(_("{outlet} leads nowhere.").format(outlet=label))
    sentences += [problem.sentence for problem in problems if node in problem.nodes]
    return " ".join(sentences)


class Outline(QWidget):
    """The tab *Outline*."""

    #: Enter or a double click: the node is to be shown on the canvas
    activated = Signal(str)

    def __init__(self, document: Document, selection: Selection, theme: Theme) -> None:
        super().__init__()
        self._document, self._selection, self._theme = document, selection, theme
        self._problems: tuple[Problem, ...] = ()
        self._items: dict[str, QTreeWidgetItem] = {}
        self._names: Names = JourneyNames(document.journey)
        self._following = False
        self._stale = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._build)
        self.tree = _Tree()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(12)
        self.tree.setRootIsDecorated(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIconSize(QSize(_TILE, _TILE))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setAccessibleName(_("Outline of the journey"))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.tree.itemSelectionChanged.connect(self._selected)
        self.tree.currentItemChanged.connect(self._moved)
        self.tree.chosen.connect(self.activated)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 8, 0, 0)
        column.addWidget(self.tree)
        document.changed.connect(self._later)
        selection.changed.connect(self._follow)
        theme.changed.connect(self._later)

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """What is wrong is read aloud with the node it is about."""
        if problems != self._problems:
            self._problems = problems
            self._later()

    def know(self, names: Names) -> None:
        """Labels to say keys by."""
        self._names = names
        self._later()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)  # type: ignore[arg-type]
        if self._stale:
            self._build()

    def _later(self) -> None:
        self._stale = True
        # a tree nobody sees costs nothing
        if self.isVisible():
            self._timer.start(0 if len(self._document.journey) <= _SMALL else 400)

    def _build(self) -> None:
        if not self._stale:
            return
        self._stale = False
        self._following = True
        try:
            self._items = {}
            self.tree.clear()
            waiting: list[tuple[QTreeWidgetItem, Branch]] = []
            for branch in branches(self._document.journey):
                waiting.append((self.tree.invisibleRootItem(), branch))
            pictures: dict[tuple[object, ...], QIcon] = {}
            # parents before children, in their order
            n = 0
            while n < len(waiting):
                parent, branch = waiting[n]
                n += 1
                item = self._item(branch, pictures)
                parent.addChild(item)
                waiting.extend((item, below) for below in branch.below)
            self.tree.expandAll()
        finally:
            self._following = False
        self._follow()

    def _item(self, branch: Branch, pictures: dict[tuple[object, ...], QIcon]) -> QTreeWidgetItem:
        journey = self._document.journey
        title = said_title(journey, branch.node)
        if branch.is_pointer:
            text = _("↪ {title}").format(title=title)
            aloud = _("On to {title}, which stands elsewhere in this outline.").format(title=title)
        else:
            text = title
            aloud = say(journey, branch.node, self._names, self._problems)
        if branch.outlet:
            text = _("{outlet}: {title}").format(outlet=branch.outlet, title=text)
            aloud = _("{outlet}: {sentence}").format(outlet=branch.outlet, sentence=aloud)
        item = QTreeWidgetItem([text])
        item.setData(0, _ID, branch.node)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, aloud)
        item.setToolTip(0, aloud)
        if not branch.is_pointer:
            item.setIcon(0, self._picture(branch.node, pictures))
            self._items[branch.node] = item
        else:
            item.setForeground(0, self._theme.tokens.text3)
        return item

    def _picture(self, node: str, pictures: dict[tuple[object, ...], QIcon]) -> QIcon:
        settings = self._document.journey.node(node)
        if settings is None:
            return QIcon()
        key = (settings, self._document.journey.is_off(node))
        if (made := pictures.get(key)) is None:
            ratio = self.devicePixelRatioF()
            pixmap = QPixmap(round(_TILE * ratio), round(_TILE * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            paint_tile(painter, settings, QRectF(0, 0, _TILE, _TILE), self._theme.tokens, off=key[1])
            painter.end()
            made = pictures[key] = QIcon(pixmap)
        return made

    def _follow(self) -> None:
        """Show what is selected."""
        if self._following or self._stale:
            return
        self._following = True
        try:
            model = self.tree.selectionModel()
            model.clearSelection()
            for node in self._selection.nodes:
                if (item := self._items.get(node)) is not None:
                    item.setSelected(True)
            current = self._items.get(self._selection.current or "")
            if current is not None:
                index = self.tree.indexFromItem(current)
                model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
                self.tree.scrollToItem(current)
        finally:
            self._following = False

    def _selected(self) -> None:
        if self._following:
            return
        self._following = True
        try:
            chosen = [item.data(0, _ID) for item in self.tree.selectedItems()]
            current = self.tree.currentItem()
            self._selection.set(chosen, current=current.data(0, _ID) if current is not None else None)
        finally:
            self._following = False

    def _moved(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._following:
            self._following = True
            self._selection.focus(item.data(0, _ID))
            self._following = False


class _Tree(QTreeWidget):
    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.itemDoubleClicked.connect(lambda item, _column: self.chosen.emit(item.data(0, _ID)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        index: QModelIndex = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.chosen.emit(index.data(_ID))
            return
        super().keyPressEvent(event)
