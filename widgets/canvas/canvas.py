"""The canvas as a widget: the view of one document with its gestures, keys and search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.graph.fits import Spot, search, why_not_here
from journeys.nodes.frame import Frame
from journeys.nodes.node import Family
from journeys.nodes.note import Note
from journeys.nodes.preset import Preset
from journeys.nodes.presets import presets
from widgets.canvas.edge_painting import paint_handle
from widgets.canvas.hits import OnCorner, OnEdge, OnEnd, OnNode, OnPlus, OnPort, hit
from widgets.canvas.in_place import NoteField, TitleField
from widgets.canvas.interactions.idle import Idle
from widgets.canvas.keyboard import CanvasKeys, Held
from widgets.canvas.plan import EdgeKey
from widgets.canvas.scene import CanvasScene
from widgets.canvas.search_popup import SearchPopup
from widgets.canvas.shapes import GRID, SMALL_TEXT_X, TEXT_RIGHT, TEXT_X
from widgets.canvas.view import CanvasView
from widgets.document import acts
from widgets.document.document import Document
from widgets.document.refused import Refused
from widgets.document.selection import Selection
from widgets.theme.theme import Theme

#: ms until the card of a node that is too small to read is shown beside the mouse
_HOVER_CARD = 300
_CROSS = 7


class Canvas(CanvasView):
    """Shows and edits a journey. What it asks others for it says by signals, with ids."""

    #: Enter on a node: its settings are to be edited
    edit_wanted = Signal(str)
    #: a menu is asked for: "node", "edge" or "canvas"; the node's id, (node, outlet) or None; where on the screen. What it is
    #: about is selected before; `show_menu` shows one
    menu_wanted = Signal(str, object, object)
    #: a sentence for the person: why something was not done
    said = Signal(str)

    def __init__(
        self,
        document: Document,
        selection: Selection,
        theme: Theme,
        *,
        today: Callable[[], date],
        catalogue: Catalogue | None = None,
        parent: QWidget | None = None,
        reduced_motion: bool = False,
    ) -> None:
        """`today` gives the workspace's day, for steps that begin with one."""
        self.canvas_scene = CanvasScene(document, selection, theme, catalogue=catalogue)
        super().__init__(self.canvas_scene, parent, reduced_motion=reduced_motion)
        self.document = document
        self.selection = selection
        self.theme = theme
        self._today = today
        self._catalogue = catalogue
        self.keys_held = Held()
        #: whether the keyboard was used last: then its place is where searching begins
        self.by_keys = False
        self._mouse = QPointF()
        self._has_mouse = False
        self.idle = Idle(self)
        self.keys = CanvasKeys(self)
        self.overlay = self
        self.popup = SearchPopup(theme, self)
        self.popup.taken.connect(self._taken)
        self.popup.closed.connect(self._popup_closed)
        self._spot: tuple[QPointF | None, EdgeKey | None] = (None, None)
        self.field: TitleField | NoteField | None = None
        self._hover_card = QTimer(self, singleShot=True, interval=_HOVER_CARD)
        self._hover_card.timeout.connect(self._show_hover_card)
        self.zoomed.connect(self.leave_field)
        self.moved.connect(self.leave_field)
        selection.changed.connect(self._selected)
        document.changed.connect(self._edited)

    # places

    def at(self, point: QPointF) -> QPointF:
        """A point of the viewport, in the scene."""
        inverse, _ok = self.viewportTransform().inverted()
        return inverse.map(point)

    def size_of(self, node: str) -> tuple[float, float]:
        """The size of a card as it is painted, for acts that place things."""
        card = self.canvas_scene.cards[node]
        return card.shape.width, card.shape.height

    def cursor_place(self) -> QPointF:
        """The place of the keyboard: where it was put last, else the middle of the view."""
        place = self.cursor_at
        if place is None or not self.visible().contains(place):
            place = self.centre()
            place = QPointF(round(place.x() / GRID) * GRID, round(place.y() / GRID) * GRID)
        return place

    def set_cursor_place(self, at: QPointF) -> None:
        """Put the place of the keyboard there, for when nothing is selected."""
        for place in (self.cursor_at, at):
            if place is not None:
                self.update_area(QRectF(place.x() - _CROSS, place.y() - _CROSS, 2 * _CROSS, 2 * _CROSS), around=12)
        self.cursor_at = at

    def show_menu(self, actions: Iterable[QAction | None], at: QPoint) -> QMenu:
        """A menu of these actions at a point of the screen, None parting them; it goes away with its choice."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        menu.popup(at)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """By the mouse about what is under it, which the press before has selected; by a key about what is selected."""
        event.accept()
        if self.interaction is not None:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(*self._menu_by_key())
            return
        at = self.at(QPointF(event.pos()))
        found = hit(self.canvas_scene, at.x(), at.y())
        match found:
            case OnNode(node) | OnCorner(node):
                self.menu_wanted.emit("node", node, event.globalPos())
            case OnPort(key):
                self.menu_wanted.emit("node", key[0], event.globalPos())
            case OnPlus(key) if key in self.canvas_scene.stubs:
                self.menu_wanted.emit("node", key[0], event.globalPos())
            case OnEdge(key) | OnPlus(key) | OnEnd(key):
                self.menu_wanted.emit("edge", key, event.globalPos())
            case None:
                # what is pasted or added by the menu goes there
                self.set_cursor_place(at)
                self.menu_wanted.emit("canvas", None, event.globalPos())

    def _menu_by_key(self) -> tuple[str, str | EdgeKey | None, QPoint]:
        scene = self.canvas_scene
        node = self.selection.current
        if node is not None and node in scene.cards:
            box = scene.box_of(node)
            return "node", node, self._on_screen(box.left, box.bottom)
        edge = min(self.selection.edges, default=None)
        if edge is not None and edge in scene.lines:
            return "edge", edge, self._on_screen(*scene.lines[edge].middle())
        place = self.cursor_place()
        return "canvas", None, self._on_screen(place.x(), place.y())

    def _on_screen(self, x: float, y: float) -> QPoint:
        return self.viewport().mapToGlobal(self.mapFromScene(QPointF(x, y)))

    def fit_selection(self) -> None:
        """Show what is selected; the whole journey where nothing is."""
        edges = [edge for edge in self.selection.edges if edge in self.canvas_scene.plan.targets]
        nodes = {*self.selection.nodes, *(key[0] for key in edges)}
        nodes |= {self.canvas_scene.plan.targets[key] for key in edges}
        self.fit_nodes(nodes)

    # acts

    def say(self, sentence: str) -> None:
        """Tell the person why something was not done."""
        self.said.emit(sentence)

    def add(self, preset: Preset, at: QPointF | None, *, after: EdgeKey | None = None) -> str | None:
        """Add a step with its middle at a place (None: where there is room), select it and return its id.

        None where it does not fit, which is said.
        """
        spot = self._spot_for(after)
        settings = preset.make(spot.beginning())
        place = None
        if at is not None:
            width, height = self._usual(preset)
            x, y = at.x() - width / 2, at.y() - (height / 2 if after is None else 0)
            place = (round(x / GRID) * GRID, round(y / GRID) * GRID)
        title = "" if settings.family is Family.CANVAS else preset.name
        target = self.document.journey.target(*after) if after is not None else None
        try:
            if after is not None and target is not None:
                made = acts.insert_on_edge(self.document, after, settings, place, title=title, sizes=self.size_of)
            else:
                made = acts.add(self.document, settings, place, after=after, title=title, sizes=self.size_of)
        except Refused as refused:
            self.say(str(refused))
            return None
        self.selection.set([made], current=made)
        self.ensure_seen(self.canvas_scene.bounds([made]))
        return made

    def why_not_drop(self, preset: Preset, edge: EdgeKey | None) -> str | None:
        """The reason why a step does not go there."""
        spot = self._spot_for(edge)
        return why_not_here(spot, preset.make(spot.beginning()))

    def delete(self, *, heal: bool) -> None:
        """Delete what is selected; `heal` connects the neighbours where that is unambiguous."""
        nodes, edges = self.selection.nodes, self.selection.edges
        if nodes:
            follows = self._next_after(nodes)
            acts.remove(self.document, nodes, heal=heal)
            if follows is not None and follows in self.document.journey:
                self.selection.set([follows], current=follows)
        elif edges:
            acts.disconnect(self.document, edges)

    def nudge(self, dx: float, dy: float) -> None:
        """Move what is selected by a little; nudges that follow each other are one step."""
        if self.selection.nodes:
            acts.nudge(self.document, self.selection.nodes, dx, dy, sizes=self.size_of)
            self.ensure_seen(self.canvas_scene.bounds(self.selection.nodes))

    def add_after(self) -> None:
        """Search for what goes after the selected node: after its first open outlet, else into its first edge.

        With an edge selected, into that; with nothing, at the place of the keyboard.
        """
        if len(self.selection.edges) == 1 and not self.selection.nodes:
            key = next(iter(self.selection.edges))
            self.search_at(None, after=key, popup_at=QPointF(*self.canvas_scene.lines[key].middle()))
            return
        current = self.selection.current
        if current is None or current not in self.canvas_scene.plan.spots:
            self.search_here()
            return
        spot = self.canvas_scene.plan.spots[current]
        if not spot.outlets:
            title = self.canvas_scene.cards[current].title
            self.say(_("The way ends at “{title}”; nothing leads on from there.").format(title=title))
            return
        open_outlets = [outlet for outlet in spot.outlets if (current, outlet) in self.canvas_scene.stubs]
        key = (current, (open_outlets or spot.outlets)[0])
        x, y = spot.port(key[1])
        self.search_at(None, after=key, popup_at=QPointF(x, y + 3 * GRID))

    # searching

    def search_here(self) -> None:
        """Search at the mouse where it is over the canvas, else at the place of the keyboard."""
        if self._has_mouse and not self.by_keys and self.viewport().rect().contains(self._mouse.toPoint()):
            self.search_at(self.at(self._mouse))
        else:
            self.search_at(self.cursor_place())

    def search_at(self, at: QPointF | None, *, after: EdgeKey | None = None, popup_at: QPointF | None = None) -> None:
        """Open the search for what fits at a place, after an outlet or on its edge; None: where there is room."""
        self._spot = (at, after)
        shown = popup_at if popup_at is not None else at
        assert shown is not None
        spot = self._spot_for(after)
        place = self.viewportTransform().map(shown).toPoint() + self.viewport().pos()
        self.popup.open_at(place + QPoint(0, 8), lambda text: search(text, spot))

    def _taken(self, preset_id: str) -> None:
        at, after = self._spot
        preset = next(preset for preset in presets() if preset.id == preset_id)
        self.add(preset, at, after=after)

    def _popup_closed(self) -> None:
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _spot_for(self, after: EdgeKey | None) -> Spot:
        journey = self.document.journey
        before = journey.target(*after) if after is not None and after[0] in journey else None
        return Spot(journey, self._today(), self._catalogue or Catalogue(), after=after, before=before)

    def _usual(self, preset: Preset) -> tuple[float, float]:
        if preset.family is Family.CANVAS:
            return 0, 0
        return 208, 72

    # text in place

    def rename_current(self) -> None:
        if self.selection.current is not None and self.selection.nodes:
            self.rename(self.selection.current)

    def rename(self, node: str) -> None:
        """Edit the title of a node, or the text of a note, where it stands."""
        if node not in self.canvas_scene.cards:
            return
        self.leave_field()
        self.selection.set([node], current=node)
        self.ensure_seen(self.canvas_scene.bounds([node]))
        card = self.canvas_scene.cards[node]
        settings = self.document.journey.node(node)
        if isinstance(settings, Note):
            note = settings
            self.field = NoteField(
                self,
                note.text,
                self._shown(node, 0, 0, card.shape.width, card.shape.height),
                13 * self.zoom,
                lambda text: self._keep(lambda: self._set(node, note.model_copy(update={"text": text}))),
            )
        elif isinstance(settings, Frame):
            frame = settings
            self.field = TitleField(
                self,
                frame.title,
                self._shown(node, 4, 2, min(card.shape.width - 8, 400), 28),
                12 * self.zoom,
                lambda text: self._keep(lambda: self._set(node, frame.model_copy(update={"title": text}))),
            )
        else:
            left = SMALL_TEXT_X if card.shape.small else TEXT_X
            height = card.shape.height if card.shape.small else 40
            self.field = TitleField(
                self,
                self.document.journey.title(node) or card.title,
                self._shown(node, left - 6, 0, card.shape.width - left - TEXT_RIGHT + 12, height),
                14 * self.zoom,
                lambda text: self._keep(lambda: acts.set_title(self.document, node, text)),
            )

    def leave_field(self) -> None:
        """Close the field over a card, and keep its text."""
        field, self.field = self.field, None
        if field is not None:
            field.leave(keep=True)

    def _set(self, node: str, settings: Note | Frame) -> None:
        # validated anew: copies are not
        acts.set_settings(self.document, node, type(settings).model_validate(settings.model_dump()))

    def _keep(self, act: Callable[[], None]) -> None:
        self.field = None
        try:
            act()
        except (Refused, ValueError) as refused:
            self.say(str(refused))

    def _shown(self, node: str, x: float, y: float, width: float, height: float) -> QRect:
        """Part of a card, in px of this widget."""
        box = self.canvas_scene.box_of(node)
        area = self.viewportTransform().mapRect(QRectF(box.left + x, box.top + y, width, height))
        return area.toRect().translated(self.viewport().pos())

    # telling

    def tip_of(self, node: str) -> str:
        """Title and sentence uncut, and the problems with what would mend them."""
        card = self.canvas_scene.cards[node]
        told = [card.whole]
        for problem in self.canvas_scene.problems_of(node):
            told.append(f"{problem.sentence}\n→ {problem.fix.label}" if problem.fix is not None else problem.sentence)
        return "\n\n".join(told)

    def go_to_problem(self) -> None:
        """Go to the next node with a problem, in the order of the canvas."""
        scene = self.canvas_scene
        found = sorted(
            (node for node in scene.cards if scene.problems_of(node)),
            key=lambda node: (scene.box_of(node).top, scene.box_of(node).left, node),
        )
        if not found:
            return
        current = self.selection.current
        at = found.index(current) + 1 if current in found else 0
        node = found[at % len(found)]
        self.selection.set([node], current=node)
        self.centre_on(node)

    def paint(self, painter: QPainter, exposed: QRectF) -> None:
        """Ends of edges to take hold of, over the cards; the place of the keyboard, as long as nothing is selected."""
        scene = self.canvas_scene
        if not scene.detail.is_batch:
            for key in scene.handled_edges():
                if key in scene.lines:
                    paint_handle(painter, scene.lines[key].points[-1], scene.inks)
                    if key in self.selection.edges:
                        paint_handle(painter, scene.lines[key].points[0], scene.inks)
        if not self.hasFocus() or self.selection.nodes or self.selection.edges or self.cursor_at is None:
            return
        if not self.by_keys:
            return
        painter.setPen(self.canvas_scene.inks.guide)
        x, y, size = self.cursor_at.x(), self.cursor_at.y(), _CROSS / min(self.zoom, 1)
        painter.drawLine(QPointF(x - size, y), QPointF(x + size, y))
        painter.drawLine(QPointF(x, y - size), QPointF(x, y + size))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._mouse, self._has_mouse = event.position(), True
        super().mouseMoveEvent(event)
        if self.interaction is None and self.zoom < 0.75:
            QToolTip.hideText()
            self._hover_card.start()

    def _show_hover_card(self) -> None:
        node = self.canvas_scene.hovered_node
        if node is not None and self.interaction is None and self.zoom < 0.75:
            place = self.viewport().mapToGlobal(self._mouse.toPoint() + QPoint(0, 12))
            QToolTip.showText(place, self.tip_of(node), self.viewport())

    def _selected(self) -> None:
        self.viewport().update()

    def _edited(self) -> None:
        """A document that changes under a gesture, by undo or another view, ends it."""
        if self.interaction is not None:
            self.finish()

    def _next_after(self, nodes: frozenset[str]) -> str | None:
        """The node that the keyboard stands on once these are deleted."""
        plan = self.canvas_scene.plan
        for node in nodes:
            around = [key[0] for key in plan.edges_into(node)] + [plan.targets[key] for key in plan.edges_from(node)]
            for other in around:
                if other not in nodes:
                    return other
        return None
