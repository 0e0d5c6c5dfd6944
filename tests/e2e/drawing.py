"""Draws the reference journey in a real window, by mouse or by keyboard alone; run as a process of its own.

    python -m tests.e2e.drawing mouse|keys OUT.journey

Nothing of the editor is called: what is done goes in as events. What is read is what a person reads: where cards and
fields are, and what stands in them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

import resources
from app.desktop.memory import Memory
from app.desktop.start import make_application, make_desktop
from app.desktop.window import Window
from journeys.graph.file import load, save
from journeys.graph.journey import Journey
from tests.e2e.person import Keys, Mouse
from tests.widgets import hands
from widgets.form.compound import RecordField
from widgets.form.editor import Editor
from widgets.form.scalar import ScalarField
from widgets.form.shapes import as_data
from widgets.theme.theme import Choice

REFERENCE = Path(resources.__file__).parent / "journeys" / "nps-after-purchase.journey"

#: kind (and what tells the variant) → what is typed into the search
_CALLED = {
    "trigger": "Event",
    "wait duration": "Wait a while",
    "wait events": "For an answer",
    "send": "E-mail",
    "repeat": "Repeat",
    "split nps": "NPS",
    "split loyalty": "Loyalty",
    "code": "Code",
    "update": "Contact",
    "webhook": "Webhook",
    "jump": "Other journey",
    "goal": "Goal",
    "exit": "Exit",
}


def called(journey: Journey, node: str) -> str:
    """The entry of the palette that a node begins as."""
    settings: Any = journey.node(node)
    kind = journey.kind(node)
    if kind == "wait":
        kind = f"wait {settings.rule.type}"
    elif kind == "split":
        kind = f"split {settings.by.type}"
    return _CALLED[kind]


class Drawing:
    """One drawing of a journey like another."""

    def __init__(self, window: Window, like: Journey, hand: Mouse | Keys) -> None:
        self.window, self.like, self.hand = window, like, hand
        #: node of the one that is drawn after → node drawn
        self.ids: dict[str, str] = {}
        self._free = deque((column, row) for row in range(5) for column in range(5) if (column, row) != (4, 4))
        # the little map stands in the last one
        _lend_hands(hand)

    @property
    def page(self) -> Any:
        return self.window.page

    @property
    def journey(self) -> Journey:
        return self.page.opened.journey

    @property
    def canvas(self) -> Any:
        return self.page.canvas.view

    def draw(self) -> None:
        self.begin()
        self.journey_settings()
        order = self.order()
        self.first(order[0])
        waiting = deque([order[0]])
        seen = {order[0]}
        later: list[str] = []
        while waiting:
            node = waiting.popleft()
            settings = self.like.node(node)
            assert settings is not None
            for outlet in settings.outlets():
                target = self.like.target(node, outlet.id)
                assert target is not None
                if target not in seen:
                    seen.add(target)
                    self.add(node, outlet.id, target)
                    waiting.append(target)
                else:
                    self.connect(node, outlet.id, target)
        assert not later

    def order(self) -> list[str]:
        from journeys.graph.outline import reading_order

        return list(reading_order(self.like))

    # what both hands do alike

    def title_and_settings(self, node: str) -> None:
        """The new node is selected: its title and settings are typed into the inspector."""
        made = self.page.opened.selection.current
        self.ids[node] = made
        inspector = self.page.side.inspector
        title = self.like.title(node)
        if self.journey.title(made) != title:
            self.hand.type_into(inspector.head.title, title)
        self.fill(node)

    def fill(self, node: str) -> None:
        settings = self.like.node(node)
        assert settings is not None
        data = self.translated(as_data(settings))
        made = self.journey.node(self.ids[node])
        assert made is not None
        record = self.page.side.inspector.form.record
        hands.fill(record, data)

    def translated(self, data: Any) -> Any:
        """The settings with the ids of the nodes drawn here."""
        if isinstance(data, dict):
            return {name: self.translated(value) for name, value in data.items()}
        if isinstance(data, list):
            return [self.translated(one) for one in data]
        return self.ids.get(data, data) if isinstance(data, str) else data

    def outlet(self, node: str, outlet: str) -> str:
        """The outlet drawn here that is called like that one; ids of outlets are given and not chosen."""
        before, now = self.like.node(node), self.journey.node(self.ids[node])
        assert before is not None
        assert now is not None
        label = next(one.label for one in before.outlets() if one.id == outlet)
        return next(one.id for one in now.outlets() if one.label == label)

    def journey_settings(self) -> None:
        data = as_data(self.like.settings)
        hands.fill(self.page.side.inspector.form.record, data)
        assert self.journey.settings.name == self.like.settings.name

    # the mouse, or the keyboard

    def begin(self) -> None:
        raise NotImplementedError

    def first(self, node: str) -> None:
        raise NotImplementedError

    def add(self, node: str, outlet: str, target: str) -> None:
        raise NotImplementedError

    def connect(self, node: str, outlet: str, target: str) -> None:
        raise NotImplementedError


class ByMouse(Drawing):
    """Ports are dragged from; entries, choices and buttons are clicked on."""

    hand: Mouse

    def begin(self) -> None:
        self.hand.click(self.window.home.new_button)
        self.hand.wait(lambda: self.page is not None, "the new journey")
        self.hand.wait(lambda: self.page.canvas.is_placed, "the canvas")
        # room for 22 steps on one screen
        for _notch in range(20):
            if self.canvas.zoom < 0.5:
                break
            self.hand.wheel(self.canvas.viewport(), -120)

    def first(self, node: str) -> None:
        self.hand.double(self.canvas.viewport(), self.cell())
        self.take(called(self.like, node))
        self.title_and_settings(node)

    def add(self, node: str, outlet: str, target: str) -> None:
        self.hand.drag(self.canvas.viewport(), self.port(node, outlet), self.cell())
        self.take(called(self.like, target))
        self.title_and_settings(target)

    def connect(self, node: str, outlet: str, target: str) -> None:
        self.hand.drag(self.canvas.viewport(), self.port(node, outlet), self.card(target))
        assert self.journey.target(self.ids[node], self.outlet(node, outlet)) == self.ids[target]

    def take(self, name: str) -> None:
        popup = self.canvas.popup
        self.hand.wait(popup.isVisible, "the search")
        self.hand.type(name)
        rows = [popup.list.item(n).text() for n in range(popup.list.count())]
        before = len(self.journey)
        self.hand.click_row(popup.list, rows.index(name))
        self.hand.wait(lambda: len(self.journey) == before + 1, f"the step {name}")

    def cell(self) -> QPoint:
        """The middle of a part of the canvas where nothing is yet."""
        column, row = self._free.popleft()
        view = self.canvas.viewport()
        return QPoint(round((column + 0.5) * view.width() / 5), round((row + 0.2) * view.height() / 5))

    def port(self, node: str, outlet: str) -> QPoint:
        spot = self.canvas.canvas_scene.plan.spots[self.ids[node]]
        return self.on_screen(spot.port(self.outlet(node, outlet)))

    def card(self, node: str) -> QPoint:
        box = self.canvas.canvas_scene.box_of(self.ids[node])
        return self.on_screen(((box.left + box.right) / 2, box.top + 20))

    def on_screen(self, at: tuple[float, float]) -> QPoint:
        return self.canvas.viewportTransform().map(QPointF(*at)).toPoint()


class ByKeys(Drawing):
    """Arrows walk, Tab adds, F6 goes to the inspector and back."""

    hand: Keys

    def begin(self) -> None:
        self.hand.key(Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        self.hand.wait(lambda: self.page is not None, "the new journey")
        self.hand.wait(lambda: self.page.canvas.is_placed, "the canvas")

    def journey_settings(self) -> None:
        self.to_inspector()
        super().journey_settings()

    def first(self, node: str) -> None:
        self.to_canvas()
        self.hand.key(Qt.Key.Key_Tab)
        self.take(called(self.like, node))
        self.title_and_settings(node)

    def add(self, node: str, outlet: str, target: str) -> None:
        self.stand_on(node)
        self.hand.key(Qt.Key.Key_Tab)
        self.take(called(self.like, target))
        self.title_and_settings(target)
        assert self.journey.target(self.ids[node], self.outlet(node, outlet)) == self.ids[target]

    def connect(self, node: str, outlet: str, target: str) -> None:
        self.stand_on(node)
        self.hand.key(Qt.Key.Key_C)
        chooser = self.window.chooser
        assert chooser is not None
        self.hand.wait(chooser.isVisible, "the steps it may lead to")
        settings = self.like.node(node)
        assert settings is not None
        label = next(one.label for one in settings.outlets() if one.id == outlet)
        wanted = f"{label} → {self.like.title(target)}"
        self.hand.type(f"{label} {self.like.title(target)}")
        for _down in range(chooser.names().index(wanted)):
            self.hand.key(Qt.Key.Key_Down)
        self.hand.key(Qt.Key.Key_Return)
        assert self.journey.target(self.ids[node], self.outlet(node, outlet)) == self.ids[target]

    def title_and_settings(self, node: str) -> None:
        self.to_inspector()
        super().title_and_settings(node)

    def take(self, name: str) -> None:
        popup = self.canvas.popup
        self.hand.wait(popup.isVisible, "the search")
        self.hand.type(name)
        before = len(self.journey)
        self.hand.key(Qt.Key.Key_Return)
        self.hand.wait(lambda: len(self.journey) == before + 1, f"the step {name}")

    def to_canvas(self) -> None:
        for _try in range(10):
            if self.hand.has_keyboard(self.canvas):
                return
            self.hand.key(Qt.Key.Key_F6)
        raise AssertionError("F6 never comes to the canvas")

    def to_inspector(self) -> None:
        for _try in range(10):
            if self.hand.has_keyboard(self.page.side):
                return
            self.hand.key(Qt.Key.Key_F6)
        raise AssertionError("F6 never comes to the inspector")

    def stand_on(self, node: str) -> None:
        """Find a step by its title, as a person does: Ctrl+F, its name, Esc."""
        self.to_canvas()
        if self.page.opened.selection.current == self.ids[node]:
            return
        self.hand.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        self.hand.type_over(self.like.title(node))
        for _try in range(30):
            if self.page.opened.selection.current == self.ids[node]:
                break
            self.hand.key(Qt.Key.Key_Return)
        self.hand.key(Qt.Key.Key_Escape)
        self.to_canvas()
        assert self.page.opened.selection.current == self.ids[node]


def _lend_hands(hand: Mouse | Keys) -> None:
    """Fill forms with this hand: the same knowledge of editors as in the tests of forms, with other events."""
    plain = hands.fill

    def click(widget: QWidget) -> None:
        hand.click(widget)

    def fill(editor: Editor, data: Any) -> None:
        if isinstance(editor, ScalarField) and not editor._fixed:
            # a text to begin with, which is what is meant here
            plain_fields: Mapping[str, Editor] = editor._fields
            fill(plain_fields[editor.type_], data)
            return
        if isinstance(editor, RecordField) and "listen" in editor.rows:
            _fill_listening(editor, data)
            return
        if isinstance(data, list) and hasattr(editor, "entries") and editor.value() == data:
            return
        plain(editor, data)

    def _fill_listening(editor: RecordField, data: Mapping[str, Any]) -> None:
        plain(editor, data)

    hands.click = click
    hands.key = lambda widget, code, modifiers=Qt.KeyboardModifier.NoModifier: hand.press(widget, code, modifiers)
    hands.type_into = hand.type_into
    hands.choose = hand.choose
    hands.fill = fill
    hands.click_word = lambda _field, _place, _word: None


def _main(how: str, out: Path) -> None:
    if os.environ.get("KANWA_TRACE"):
        import faulthandler

        faulthandler.dump_traceback_later(float(os.environ["KANWA_TRACE"]), exit=True)
    app = make_application()
    state = Path(tempfile.mkdtemp(prefix="kanwa-drawing-"))
    desktop = make_desktop(app, None, memory=Memory(state / "desktop.json"))
    desktop.theme.choose(Choice.LIGHT)
    window = desktop.new_window()
    window.resize(1440, 900)
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    like = load(REFERENCE)
    drawing = ByMouse(window, like, Mouse(window)) if how == "mouse" else ByKeys(window, like, Keys(window))
    try:
        drawing.draw()
    except BaseException:
        window.grab().save(str(out.with_suffix(".png")))
        raise
    save(drawing.journey, out)
    window.grab().save(str(out.with_suffix(".png")))
    desktop.workers.wait()
    app.processEvents()


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    # nothing is left to do, and the order in which Python takes windows apart at its end is its own
    os._exit(0)
