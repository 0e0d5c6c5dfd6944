"""The mouse while no gesture is under way: hover, clicks, and what each press begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip

from widgets.canvas.hits import Hit, OnCorner, OnEdge, OnEnd, OnNode, OnPlus, OnPort, edge_at, hit
from widgets.canvas.interactions.band import Knife, RubberBand
from widgets.canvas.interactions.connecting import Connect, LeadFrom
from widgets.canvas.interactions.interaction import Interaction, Waiting
from widgets.canvas.interactions.moving import Move
from widgets.canvas.interactions.pan import Pan
from widgets.canvas.interactions.resizing import Resize
from widgets.canvas.plan import EdgeKey
from widgets.canvas.preset_mime import preset_in

if TYPE_CHECKING:
    from widgets.canvas.canvas import Canvas

_SHIFT, _CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Idle(Interaction):
    """Takes the mouse whenever nothing else has it."""

    def press(self, event: QMouseEvent) -> None:
        canvas = self.canvas
        canvas.by_keys = False
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and canvas.keys_held.space
        ):
            canvas.keys_held.dragged = True
            canvas.begin(Pan(canvas, event))
            return
        found = self._hit(event)
        if event.button() == Qt.MouseButton.RightButton:
            self._choose_for_menu(found)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        canvas.begin(self._begun(found, event))

    def move(self, event: QMouseEvent) -> None:
        self.canvas.by_keys = False
        found = self._hit(event)
        match found:
            case OnNode(node) | OnCorner(node):
                self.scene.set_hover(node)
            case OnPort(key):
                self.scene.set_hover(key[0])
            case OnEdge(key) | OnEnd(key):
                self.scene.set_hover(edge=key)
            case OnPlus(key):
                # what shows the “+” keeps it while the mouse is on it
                if key not in self.scene.plus_edges():
                    self.scene.set_hover()
            case None:
                self.scene.set_hover()
        self.canvas.viewport().setCursor(_cursor(found))

    def double(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        match self._hit(event):
            case OnNode(node):
                self.canvas.rename(node)
            case OnEdge(key):
                self.canvas.search_at(self.at(event), after=key)
            case None:
                self.canvas.search_at(self.at(event))
            case _:
                self.press(event)

    def tip(self, event: QEvent) -> bool:
        if not isinstance(event, QHelpEvent):
            return False
        at = self.canvas.at(QPointF(event.pos()))
        found = hit(self.scene, at.x(), at.y())
        text = self.canvas.tip_of(found.node) if isinstance(found, OnNode) else ""
        if text:
            QToolTip.showText(event.globalPos(), text, self.canvas.viewport())
        else:
            QToolTip.hideText()
        return True

    # things dragged in

    def drag_enter(self, event: QDragEnterEvent) -> None:
        if preset_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def drag_move(self, event: QDragMoveEvent) -> None:
        preset = preset_in(event.mimeData())
        if preset is None:
            return
        at = self.canvas.at(event.position())
        edge = edge_at(self.scene, at.x(), at.y())
        self.scene.set_hover(edge=edge)
        reason = self.canvas.why_not_drop(preset, edge)
        if reason is None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def drag_leave(self, event: QDragLeaveEvent) -> None:
        self.scene.set_hover()

    def drop(self, event: QDropEvent) -> None:
        preset = preset_in(event.mimeData())
        if preset is None:
            return
        at = self.canvas.at(event.position())
        edge = edge_at(self.scene, at.x(), at.y())
        self.scene.set_hover()
        if self.canvas.why_not_drop(preset, edge) is None:
            event.acceptProposedAction()
            self.canvas.add(preset, at, after=edge)

    # inside

    def _hit(self, event: QMouseEvent) -> Hit:
        at = self.at(event)
        return hit(self.scene, at.x(), at.y())

    def _begun(self, found: Hit, event: QMouseEvent) -> Interaction:
        match found:
            case OnPort(key):
                return _OnPort(self.canvas, event, key)
            case OnPlus(key):
                return _OnPlus(self.canvas, event, key)
            case OnEnd(key, "source"):
                return LeadFrom(self.canvas, self.at(event), key)
            case OnEnd(key, _):
                return _OnTargetEnd(self.canvas, event, key)
            case OnCorner(node):
                return _OnCorner(self.canvas, event, node)
            case OnNode(node):
                return _OnNode(self.canvas, event, node)
            case OnEdge(key):
                return _OnEdge(self.canvas, event, key)
            case None:
                return _OnNothing(self.canvas, event)

    def _choose_for_menu(self, found: Hit) -> None:
        """What a menu is about is selected; what is selected already stays so, with all that is beside it."""
        selection = self.canvas.selection
        match found:
            case OnNode(node) | OnCorner(node):
                if node not in selection.nodes:
                    selection.set([node])
            case OnPort(key):
                if key[0] not in selection.nodes:
                    selection.set([key[0]])
            case OnPlus(key) if key in self.scene.stubs:
                if key[0] not in selection.nodes:
                    selection.set([key[0]])
            case OnEdge(key) | OnPlus(key) | OnEnd(key):
                if key not in selection.edges:
                    selection.set(edges=[key])
            case None:
                selection.clear()


class _OnNode(Waiting):
    """Pressed on a card: a drag moves it, a click selects it alone."""

    def __init__(self, canvas: Canvas, event: QMouseEvent, node: str) -> None:
        super().__init__(canvas, event)
        self._node = node
        self._was_selected = node in canvas.selection.nodes

    def begin(self) -> None:
        # selected as it is pressed, so that the inspector follows at once; who is one of several waits for the click
        if not self._was_selected:
            if self.modifiers & _SHIFT:
                self.canvas.selection.add([self._node])
            else:
                self.canvas.selection.set([self._node])

    def drag(self) -> Interaction:
        return Move(self.canvas, self.start, self._node)

    def click(self) -> None:
        selection = self.canvas.selection
        if self.modifiers & _SHIFT:
            if self._was_selected:
                selection.toggle([self._node])
        elif self._was_selected:
            selection.set([self._node])


class _OnEdge(Waiting):
    """Pressed on an edge: selects it."""

    def __init__(self, canvas: Canvas, event: QMouseEvent, key: EdgeKey) -> None:
        super().__init__(canvas, event)
        self._key = key

    def begin(self) -> None:
        if self.modifiers & _SHIFT:
            self.canvas.selection.toggle(edges=[self._key])
        else:
            self.canvas.selection.set(edges=[self._key])


class _OnTargetEnd(_OnEdge):
    """Pressed on the end of an edge: a drag leads it to another card."""

    def drag(self) -> Interaction:
        return Connect(self.canvas, self.start, self._key, searches=False)


class _OnPort(Waiting):
    """Pressed on a port: a drag draws an edge, a click selects the card."""

    def __init__(self, canvas: Canvas, event: QMouseEvent, key: EdgeKey) -> None:
        super().__init__(canvas, event)
        self._key = key

    def drag(self) -> Interaction:
        return Connect(self.canvas, self.start, self._key)

    def click(self) -> None:
        self.canvas.selection.set([self._key[0]])


class _OnPlus(Waiting):
    """Pressed on a “+”: a click searches for what goes there, a drag draws an edge from an open outlet."""

    def __init__(self, canvas: Canvas, event: QMouseEvent, key: EdgeKey) -> None:
        super().__init__(canvas, event)
        self._key = key

    def drag(self) -> Interaction | None:
        return Connect(self.canvas, self.start, self._key) if self._key in self.scene.stubs else None

    def click(self) -> None:
        self.canvas.search_at(None, after=self._key, popup_at=self.start)


class _OnCorner(Waiting):
    """Pressed on the corner of a note or frame."""

    def __init__(self, canvas: Canvas, event: QMouseEvent, node: str) -> None:
        super().__init__(canvas, event)
        self._node = node

    def begin(self) -> None:
        self.canvas.selection.set([self._node])

    def drag(self) -> Interaction:
        return Resize(self.canvas, self.start, self._node)


class _OnNothing(Waiting):
    """Pressed on the empty canvas: a drag selects by a rectangle, with Ctrl it cuts edges; a click selects nothing."""

    def drag(self) -> Interaction:
        if self.modifiers & _CONTROL:
            return Knife(self.canvas, self.start)
        return RubberBand(self.canvas, self.start, adds=bool(self.modifiers & _SHIFT))

    def click(self) -> None:
        if not self.modifiers & _SHIFT:
            self.canvas.selection.clear()
        self.canvas.set_cursor_place(self.start)


def _cursor(found: Hit) -> Qt.CursorShape:
    match found:
        case OnCorner():
            return Qt.CursorShape.SizeFDiagCursor
        case OnPort() | OnEnd():
            return Qt.CursorShape.CrossCursor
        case OnPlus() | OnEdge():
            return Qt.CursorShape.PointingHandCursor
        case _:
            return Qt.CursorShape.ArrowCursor
