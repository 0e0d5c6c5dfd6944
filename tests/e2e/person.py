"""A person at a real window: pointer and keys go in as the window system gives them, and find their way by themselves.

What is on the screen is read from the widgets, as a person reads it with the eyes; what is done is done by events alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

NONE = Qt.KeyboardModifier.NoModifier
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
_PATIENCE = 20.0


class Person:
    """Looks, waits and types."""

    def __init__(self, window: QWidget) -> None:
        self.window = window
        handle = window.windowHandle()
        assert handle is not None
        self.handle: QWindow = handle

    def settle(self) -> None:
        """Let everything that is due happen."""
        for _round in range(3):
            QApplication.sendPostedEvents()
            QApplication.processEvents()

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Until something can be seen."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for: {what}")
            QTest.qWait(10)

    def key(self, code: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """One key, down and up, to the window that has the keyboard."""
        QTest.keyClick(self._handle(), code, modifiers)
        self.settle()

    def type(self, text: str) -> None:
        """Letters, into whatever has the keyboard."""
        for letter in text:
            if letter == "\n":
                self.key(Qt.Key.Key_Return)
                continue
            handle = self._handle()
            # as an input method gives it, which also knows signs that no key of this keyboard has
            for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
                QApplication.sendEvent(handle, QKeyEvent(kind, 0, NONE, letter))
            self.settle()

    def type_over(self, text: str) -> None:
        """Replace what stands in the field that has the keyboard."""
        self.key(Qt.Key.Key_A, CONTROL)
        self.key(Qt.Key.Key_Delete)
        self.type(text)
        if QApplication.activePopupWidget() is not None:
            self.key(Qt.Key.Key_Escape)

    def has_keyboard(self, widget: QWidget) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and (focus is widget or widget.isAncestorOf(focus) or widget.focusProxy() is focus)

    def _handle(self) -> QWindow:
        top = QApplication.activeWindow()
        return self.handle if top is None or top is self.window else top.windowHandle()


class Mouse(Person):
    """Does everything that can be done with the mouse by it."""

    def place(self, widget: QWidget, at: QPoint | None = None, *, scrolled: bool = False) -> tuple[QWindow, QPoint]:
        """Where a widget is on its window."""
        if not scrolled:
            self.come_to_rest(widget)
        top = widget.window()
        if at is None:
            at = widget.rect().center()
            if isinstance(widget, QAbstractButton):
                # a check box takes clicks on its box alone
                at = QPoint(min(10, widget.width() // 2), widget.height() // 2)
        if QApplication.activePopupWidget() is not None:
            # while a popup is open it is given whatever comes to any window, as from the window system
            return self.handle, self.window.mapFromGlobal(widget.mapToGlobal(at))
        return (self.handle if top is self.window else top.windowHandle()), widget.mapTo(top, at)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        handle, point = self.place(widget, at)
        QTest.mouseMove(handle, point)
        QTest.mouseClick(handle, LEFT, NONE, point)
        self.settle()

    def double(self, widget: QWidget, at: QPoint) -> None:
        handle, point = self.place(widget, at)
        QTest.mouseMove(handle, point)
        QTest.mouseClick(handle, LEFT, NONE, point)
        QTest.mouseDClick(handle, LEFT, NONE, point)
        self.settle()

    def drag(self, widget: QWidget, start: QPoint, end: QPoint) -> None:
        handle, a = self.place(widget, start)
        _handle, b = self.place(widget, end)
        QTest.mouseMove(handle, a)
        QTest.mousePress(handle, LEFT, NONE, a)
        for step in range(1, 9):
            QTest.mouseMove(handle, a + (b - a) * step / 8)
            QTest.qWait(1)
        QTest.mouseRelease(handle, LEFT, NONE, b)
        self.settle()

    def come_to_rest(self, widget: QWidget) -> None:
        """Scroll to a widget, and wait until nothing moves it any more: what a form says under its fields comes late."""
        for _try in range(20):
            self.show(widget)
            before = widget.mapToGlobal(QPoint(0, 0))
            QTest.qWait(70)
            if widget.mapToGlobal(QPoint(0, 0)) == before:
                return
        raise AssertionError("the form never comes to rest")

    def show(self, widget: QWidget) -> None:
        """Scroll with the wheel until the widget can be seen."""
        area = _scroll_area(widget)
        if area is None:
            return
        view = area.viewport()
        for _try in range(200):
            seen = QRect(widget.mapTo(view, QPoint(0, 0)), widget.size())
            middle = seen.center().y()
            if 8 <= middle <= view.height() - 8:
                return
            self.wheel(view, -120 if middle > view.height() - 8 else 120)

    def wheel(self, widget: QWidget, angle: int, at: QPoint | None = None) -> None:
        handle, point = self.place(widget, at or widget.rect().center(), scrolled=True)
        QTest.wheelEvent(handle, QPointF(point), QPoint(0, angle))
        self.settle()

    def choose(self, box: QComboBox, n: int) -> None:
        """Open a list of choices and click on one."""
        if box.currentIndex() == n:
            return
        self.click(box)
        view = box.view()
        self.wait(view.isVisible, "the list of choices")
        self.click_row(view, n)
        self.wait(lambda: not view.isVisible(), "the list of choices to close")
        assert box.currentIndex() == n

    def click_row(self, view: QAbstractItemView, n: int) -> None:
        """Click on a row of a list, scrolled to by the wheel."""
        for _try in range(100):
            seen = view.visualRect(view.model().index(n, 0))
            if view.viewport().rect().contains(seen.center()):
                self.click(view.viewport(), seen.center())
                return
            self.wheel(view.viewport(), -120 if seen.center().y() > 0 else 120)
        raise AssertionError("the row cannot be scrolled to")

    def type_into(self, field: QLineEdit | QPlainTextEdit, text: str) -> None:
        self.click(field)
        assert self.has_keyboard(field)
        self.type_over(text)

    def press(self, widget: QWidget, code: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """A key that a field is given: it has the keyboard already, or is clicked first."""
        if not self.has_keyboard(widget):
            self.click(widget)
        self.key(code, modifiers)


class Keys(Person):
    """Never touches the mouse."""

    def walk_to(self, widget: QWidget) -> None:
        """Tab, or Shift+Tab, until the widget has the keyboard."""
        for _try in range(400):
            if self.has_keyboard(widget):
                return
            focus = QApplication.focusWidget()
            forward = focus is None or _is_ahead(focus, widget)
            self.key(Qt.Key.Key_Tab if forward else Qt.Key.Key_Backtab, NONE if forward else SHIFT)
        raise AssertionError(f"Tab never comes to {widget!r} {widget.accessibleName()!r}")

    def click(self, widget: QWidget, _at: QPoint | None = None) -> None:
        """Space on a button."""
        self.walk_to(widget)
        self.key(Qt.Key.Key_Space)

    def choose(self, box: QComboBox, n: int) -> None:
        if box.currentIndex() == n:
            return
        self.walk_to(box)
        for _try in range(100):
            if box.currentIndex() == n:
                return
            self.key(Qt.Key.Key_Down if box.currentIndex() < n else Qt.Key.Key_Up)
        raise AssertionError("the choice cannot be reached by arrow keys")

    def type_into(self, field: QLineEdit | QPlainTextEdit, text: str) -> None:
        self.walk_to(field)
        self.type_over(text)

    def press(self, widget: QWidget, code: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        self.walk_to(widget)
        self.key(code, modifiers)


def _scroll_area(widget: QWidget) -> QScrollArea | None:
    found = widget.parentWidget()
    while found is not None:
        if isinstance(found, QScrollArea):
            return found
        found = found.parentWidget()
    return None


def _is_ahead(focus: QWidget, wanted: QWidget) -> bool:
    """Whether the nearer way to a widget is forward."""
    ahead, behind = focus, focus
    for _step in range(2000):
        ahead, behind = ahead.nextInFocusChain(), behind.previousInFocusChain()
        if ahead is wanted or wanted.isAncestorOf(ahead):
            return True
        if behind is wanted or wanted.isAncestorOf(behind):
            return False
    return True
