"""A canvas in a window, and hands for its mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from journeys.graph.file import write_journey
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.registry import kinds
from widgets.canvas.canvas import Canvas
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.theme.theme import Choice, Theme

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, CONTROL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)

WAIT = {"rule": {"type": "duration", "amount": 3, "unit": "days"}, "then": None, "late": None}
SETTINGS = {
    "trigger": {"on": {"type": "event", "event": "purchase.made"}},
    "wait": WAIT,
    "condition": {"criterion": {"leaf": "tag", "tag": "club"}},
    "split": {"by": {"type": "nps"}},
    "exit": {"reason": "finished"},
    "goal": {"name": "bought"},
    "note": {"text": "Ask in the morning."},
    "frame": {"title": "Survey"},
}


def settings_of(kind: str):
    return kinds()[kind].model_validate(SETTINGS[kind])


def journey_of(nodes: dict[str, tuple[str, float, float]], edges=(), *, direction="down") -> Journey:
    """A journey of {id: (kind, x, y)} and (node, outlet, target)."""
    made = Journey(JourneySettings(id="tested", name="Tested", direction=direction))
    for node, (kind, x, y) in nodes.items():
        made.add_node(node, settings_of(kind), title="" if kind in ("note", "frame") else node.title(), x=x, y=y)
    for node, outlet, target in edges:
        made.connect(node, outlet, target)
    return made


class Hand:
    """The mouse and the keys of one person at one canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.viewport = canvas.viewport()

    def to(self, x: float, y: float) -> QPoint:
        """A point of the scene, on the viewport."""
        return self.canvas.viewportTransform().map(QPointF(x, y)).toPoint()

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.viewport, self.to(x, y))

    def click(self, x: float, y: float, *, button=LEFT, keys=NONE) -> None:
        self.move(x, y)
        QTest.mouseClick(self.viewport, button, keys, self.to(x, y))

    def double(self, x: float, y: float) -> None:
        self.click(x, y)
        QTest.mouseDClick(self.viewport, LEFT, NONE, self.to(x, y))

    def press(self, x: float, y: float, *, button=LEFT, keys=NONE) -> None:
        self.move(x, y)
        QTest.mousePress(self.viewport, button, keys, self.to(x, y))

    def drag_to(self, x: float, y: float, *, steps: int = 6, start=None, keys=NONE) -> None:
        """With the button held."""
        start = start or self._last
        for n in range(1, steps + 1):
            share = n / steps
            self._moved(start[0] + (x - start[0]) * share, start[1] + (y - start[1]) * share, keys)
        self._last = (x, y)

    def release(self, x: float, y: float, *, button=LEFT, keys=NONE) -> None:
        QTest.mouseRelease(self.viewport, button, keys, self.to(x, y))

    def drag(self, start, end, *, button=LEFT, keys=NONE) -> None:
        self._button = button
        self.press(*start, button=button, keys=keys)
        self.drag_to(*end, start=start, keys=keys)
        self.release(*end, button=button, keys=keys)

    def key(self, key, keys=NONE) -> None:
        target = QApplication.focusWidget() or self.canvas
        QTest.keyClick(target, key, keys)

    def type(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget(), text)

    _last: tuple[float, float] = (0, 0)
    _button = LEFT

    def _moved(self, x: float, y: float, keys) -> None:
        """QTest's mouseMove knows no held modifiers; the event is the same otherwise."""
        from PySide6.QtCore import QEvent
        from PySide6.QtGui import QMouseEvent

        at = QPointF(self.to(x, y))
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(self.viewport.mapToGlobal(at.toPoint())),
            Qt.MouseButton.NoButton,
            self._button,
            keys,
        )
        QApplication.sendEvent(self.viewport, event)


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme(Choice.LIGHT)


@pytest.fixture
def opened(qtbot, theme) -> Callable[..., Canvas]:
    """Open a journey on a canvas 1000 × 700 at 100 %, its point 0, 0 at 100, 60."""

    def open_(journey: Journey, *, zoom: float = 1) -> Canvas:
        document = Document(journey)
        canvas = Canvas(document, Selection(document), theme, today=lambda: date(2026, 11, 25), reduced_motion=True)
        qtbot.addWidget(canvas)
        canvas.resize(1000, 700)
        with qtbot.waitExposed(canvas):
            canvas.show()
        canvas.activateWindow()
        canvas.setFocus()
        canvas.zoom_to(zoom)
        canvas._hold(QPointF(0, 0), QPointF(100, 60))
        return canvas

    return open_


class Triple:
    """What every edit must leave right: the model, the history and the clean flag, after do, undo and redo."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._before = write_journey(canvas.document.journey)
        self._steps = canvas.document.history.count()
        assert canvas.document.is_clean

    def check(self, *, steps: int = 1) -> None:
        document, scene = self._canvas.document, self._canvas.canvas_scene
        after = write_journey(document.journey)
        assert after != self._before
        assert document.history.count() == self._steps + steps
        assert not document.is_clean
        follows(self._canvas)
        for _ in range(steps):
            document.history.undo()
        assert write_journey(document.journey) == self._before
        assert document.is_clean
        follows(self._canvas)
        for _ in range(steps):
            document.history.redo()
        assert write_journey(document.journey) == after
        assert not document.is_clean
        follows(self._canvas)
        assert scene is self._canvas.canvas_scene

    def unchanged(self) -> None:
        assert write_journey(self._canvas.document.journey) == self._before
        assert self._canvas.document.history.count() == self._steps
        assert self._canvas.document.is_clean
        follows(self._canvas)


def follows(canvas: Canvas) -> None:
    """The scene shows what the document holds, as a scene made anew would."""
    from widgets.canvas.scene import CanvasScene

    shown = canvas.canvas_scene
    fresh = CanvasScene(canvas.document, Selection(canvas.document), canvas.theme)
    journey = canvas.document.journey
    assert set(shown.cards) == set(journey.node_ids())
    for node in journey.node_ids():
        assert shown.box_of(node) == fresh.box_of(node)
        assert shown.card_items[node].pos() == QPointF(*journey.place(node))
        assert shown.cards[node].whole == fresh.cards[node].whole
        assert shown.cards[node].outlets == fresh.cards[node].outlets
    assert {key: line.points for key, line in shown.lines.items()} == {
        key: line.points for key, line in fresh.lines.items()
    }
    assert shown.stubs == fresh.stubs
    assert shown.orphans == fresh.orphans
    assert len(shown.items()) == len(journey) + 2
