"""The head of the inspector: the tile, the family and kind, and the title, edited in place."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from journeys.base.i18n import N_, _
from journeys.graph.settings import LONGEST_NAME
from journeys.nodes.node import Family, Node
from widgets.form.editor import label
from widgets.form.undoing import leave_undo
from widgets.theme.kinds import UNKNOWN, paint_shape, paint_tile
from widgets.theme.theme import Theme

_FAMILIES: dict[Family, str] = {
    Family.COMES_IN: N_("Comes in"),
    Family.DECIDES: N_("Decides"),
    Family.WAITS: N_("Waits"),
    Family.SENDS: N_("Sends"),
    Family.CHANGES: N_("Changes"),
    Family.ENDS: N_("Ends"),
    Family.CANVAS: N_("On the canvas"),
}
#: what a variant is called behind its family: (kind, field) → word in the file → text
_VARIANTS: dict[tuple[str, str], dict[str, str]] = {
    ("trigger", "on"): {
        "event": N_("event"),
        "change": N_("attribute"),
        "segment": N_("segment"),
        "stage": N_("stage"),
        "date": N_("date"),
        "inactivity": N_("inactivity"),
        "schedule": N_("schedule"),
        "product": N_("product"),
        "feed": N_("feed"),
        "list": N_("list"),
    },
    ("split", "by"): {
        "nps": N_("NPS"),
        "loyalty": N_("loyalty"),
        "segments": N_("segments"),
        "reachable": N_("channel"),
        "random": N_("random share"),
    },
    ("wait", "rule"): {
        "at once": N_("window"),
        "duration": N_("a while"),
        "calendar days": N_("days"),
        "date": N_("date"),
        "purchase rhythm": N_("purchase rhythm"),
        "events": N_("for an answer"),
        "criterion": N_("for a change"),
    },
    ("send", "channel"): {"email": N_("e-mail"), "sms": N_("SMS"), "push": N_("push")},
}


def say_kind(node: Node) -> str:
    """“Comes in · event”."""
    return _("{family} · {kind}").format(family=_(_FAMILIES[node.family]), kind=_variant(node))


def _variant(node: Node) -> str:
    for (kind, field), words in _VARIANTS.items():
        if node.kind == kind:
            value = getattr(node, field, None)
            told = words.get(value if isinstance(value, str) else getattr(value, "type", ""))
            if told is not None:
                return _(told)
    return node.label[:1].lower() + node.label[1:]


class Head(QWidget):
    """`edited` tells the title as it is typed."""

    edited = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tile = Tile(theme, self)
        self._kind = label("", "small", self)
        self._kind.setWordWrap(False)
        self.title = QLineEdit(self)
        self.title.setProperty("look", "title")
        self.title.setMaxLength(LONGEST_NAME)
        self.title.setAccessibleName(_("Title"))
        leave_undo(self.title)
        self.title.textEdited.connect(self.edited)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.tile, 0, Qt.AlignmentFlag.AlignVCenter)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        self._kind.setContentsMargins(4, 0, 0, 0)
        lines.addWidget(self._kind)
        lines.addWidget(self.title)
        row.addLayout(lines, 1)

    def show_node(self, node: Node | None, kind: str, title: str, *, off: bool) -> None:
        """`node` None: of a kind that is unknown here, called `kind` in the file."""
        self.tile.show_node(node, off=off)
        self._kind.setText(say_kind(node) if node is not None else _("Unknown kind · {kind}").format(kind=kind))
        self.title.setPlaceholderText(node.label if node is not None else kind)
        if self.title.text() != title:
            self.title.setText(title)
            self.title.setCursorPosition(0)


class Tile(QWidget):
    """The tile of a node, 32 × 32."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._node: Node | None = None
        self._off = False
        self.setFixedSize(QSize(32, 32))
        theme.changed.connect(self.update)

    def show_node(self, node: Node | None, *, off: bool) -> None:
        self._node, self._off = node, off
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        rect = QRectF(0, 0, 32, 32)
        if self._node is not None:
            paint_tile(painter, self._node, rect, self._theme.tokens, off=self._off)
        else:
            paint_shape(painter, Family.CANVAS, UNKNOWN, rect, self._theme.tokens, colour=self._theme.tokens.text3)
        painter.end()
