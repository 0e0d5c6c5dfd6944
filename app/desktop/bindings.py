"""Actions as Qt has them: one QAction each, for keys, menus and buttons, kept true whenever something changes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app.desktop.actions import Action, Actions, Menu, Reach, say_menu, shown, tip
from widgets.theme import icons
from widgets.theme.theme import Theme


class Bindings(QObject):
    """The QActions of a window."""

    def __init__(self, actions: Actions, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self.actions = actions
        self._window = window
        self._theme = theme
        self._made: dict[str, QAction] = {}
        theme.changed.connect(self._colour)
        for action in actions:
            self._bind(action)
        self._colour()

    def __getitem__(self, name: str) -> QAction:
        return self._made[name]

    def listen_on(self, canvas: QWidget) -> None:
        """Let this widget hear the keys of the canvas while it has the focus."""
        for action in self.actions:
            if action.reach is Reach.CANVAS:
                canvas.addAction(self._made[action.name])

    def refresh(self) -> None:
        """Ask every action again what it is called, whether it can be done, and whether it is on."""
        for action in self.actions:
            made = self._made[action.name]
            made.setEnabled(action.enabled())
            if action.says is not None:
                made.setText(action.said())
            # after the text, which Qt takes the tooltip from otherwise
            made.setToolTip(tip(action))
            if action.checked is not None:
                made.setChecked(action.checked())

    def menu(self, which: Menu, parent: QWidget) -> QMenu:
        menu = QMenu(say_menu(which), parent)
        self._fill(menu, self.actions.by_menu().get(which, []))
        return menu

    def fill(self, menu: QMenu, names: list[str]) -> None:
        """Add actions to a menu; an empty name parts groups."""
        for name in names:
            if name:
                menu.addAction(self._made[name])
            else:
                menu.addSeparator()
        menu.aboutToShow.connect(self.refresh)

    def button(self, name: str, parent: QWidget, *, text: bool = False) -> QToolButton:
        """A button of a bar; with `text` its name stands beside the icon."""
        action = self.actions[name]
        button = QToolButton(parent)
        button.setDefaultAction(self._made[name])
        button.setIconSize(QSize(icons.BUTTON, icons.BUTTON))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text)
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button

    def _bind(self, action: Action) -> None:
        made = QAction(action.text, self._window)
        made.setObjectName(action.name)
        made.setCheckable(action.checked is not None)
        if action.reach is Reach.OWN:
            # shown in menus as a text: Qt would take the key from the canvas, which knows better
            if action.keys:
                made.setText(f"{action.text}\t{shown(action.keys[0])}")
        else:
            made.setShortcuts([QKeySequence(key) for key in action.keys])
            on_canvas = action.reach is Reach.CANVAS
            made.setShortcutContext(
                Qt.ShortcutContext.WidgetWithChildrenShortcut if on_canvas else Qt.ShortcutContext.WindowShortcut
            )
            if not on_canvas:
                self._window.addAction(made)
        made.triggered.connect(partial(self._run, action.name))
        self._made[action.name] = made

    def _run(self, name: str, _checked: bool = False) -> None:
        self.actions.run(name)
        self.refresh()

    def _fill(self, menu: QMenu, actions: list[Action]) -> None:
        self.fill(menu, [action.name for action in actions])

    def _colour(self) -> None:
        tokens = self._theme.tokens
        for action in self.actions:
            if action.icon:
                colour = tokens.on_accent if action.name == "journey.publish" else tokens.text2
                self._made[action.name].setIcon(icons.icon(action.icon, colour, disabled=tokens.edge_dim))
