"""The bar along the top: the workspace, a tab for each open journey, the search for commands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTabBar,
    QToolButton,
    QWidget,
)

from app.desktop.actions import shown
from app.desktop.pieces import label
from journeys.base.i18n import _
from widgets.theme import icons
from widgets.theme.theme import Theme

HEIGHT = 44
_WORKSPACE, _SEARCH = 184, 300


def initial(name: str) -> str:
    """The letter of a workspace's mark."""
    return next((char.upper() for char in name if char.isalnum()), "K")


class Tabs(QTabBar):
    """The open journeys. The middle button closes one."""

    closing = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("tabs")
        self._theme = theme
        self.setAccessibleName(_("Open journeys"))
        self.setMovable(True)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setDrawBase(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self._colour)

    def show_all(self, titles: Sequence[tuple[str, str]], chosen: int) -> None:
        """Show these (title, tooltip); none is chosen where `chosen` is −1."""
        self.blockSignals(True)
        while self.count() > len(titles):
            self.removeTab(self.count() - 1)
        for n, (title, tip) in enumerate(titles):
            if n >= self.count():
                self.addTab(title)
                self._closer(n)
            # an ampersand is a sign of a name here, and no key
            text = title.replace("&", "&&")
            if self.tabText(n) != text:
                self.setTabText(n, text)
            self.setTabToolTip(n, tip)
            button = self.tabButton(n, QTabBar.ButtonPosition.RightSide)
            if button is not None:
                button.setAccessibleName(_("Close “{name}”").format(name=title))
        self.setCurrentIndex(chosen)
        self.setVisible(bool(titles))
        self.blockSignals(False)
        self.updateGeometry()

    def _closer(self, n: int) -> None:
        button = QToolButton(self)
        button.setProperty("small", True)
        button.setIconSize(QSize(12, 12))
        button.setIcon(icons.icon("x", self._theme.tokens.text2))
        button.setToolTip(_("Close (Ctrl+W)"))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.clicked.connect(lambda: self._close(button))
        self.setTabButton(n, QTabBar.ButtonPosition.RightSide, button)

    def _close(self, button: QWidget) -> None:
        for n in range(self.count()):
            if self.tabButton(n, QTabBar.ButtonPosition.RightSide) is button:
                self.closing.emit(n)
                return

    def _colour(self) -> None:
        for n in range(self.count()):
            button = self.tabButton(n, QTabBar.ButtonPosition.RightSide)
            if isinstance(button, QToolButton):
                button.setIcon(icons.icon("x", self._theme.tokens.text2))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.MiddleButton:
            n = self.tabAt(event.position().toPoint())
            if n >= 0:
                self.closing.emit(n)
                return
        super().mouseReleaseEvent(event)


class TopBar(QFrame):
    """Lays the bar out; the window hears what is chosen."""

    searching = Signal()

    def __init__(self, theme: Theme, menu: QMenu, home: QToolButton, new: QToolButton) -> None:
        super().__init__()
        self.setObjectName("top")
        self.setFixedHeight(HEIGHT)
        self._theme = theme
        self.workspace = QPushButton()
        self.workspace.setObjectName("workspace")
        self.workspace.setProperty("look", "quiet")
        self.workspace.setMenu(menu)
        self.workspace.setToolTip(_("Workspace and all commands (F10)"))
        self._mark = QLabel()
        self._mark.setObjectName("mark")
        self._mark.setFixedSize(24, 24)
        self._mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.tabs = Tabs(theme)
        self.home, self.new = home, new
        home.setCheckable(True)
        self.search = QPushButton(_("Search or run a command"))
        self.search.setObjectName("search")
        self.search.setFixedWidth(_SEARCH)
        self.search.setIconSize(QSize(icons.DENSE, icons.DENSE))
        self.search.setToolTip(_("Search or run a command (Ctrl+Shift+P)"))
        self.search.setAccessibleName(_("Search or run a command"))
        self.search.clicked.connect(self.searching)
        keycap = label(shown("Ctrl+Shift+P"))
        keycap.setObjectName("keycap")
        keycap.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inside = QHBoxLayout(self.search)
        inside.setContentsMargins(0, 0, 10, 0)
        inside.addStretch()
        inside.addWidget(keycap)

        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        switch = QWidget()
        switch.setFixedWidth(_WORKSPACE - 12)
        in_switch = QHBoxLayout(switch)
        in_switch.setContentsMargins(0, 0, 0, 0)
        in_switch.setSpacing(4)
        in_switch.addWidget(self._mark)
        in_switch.addWidget(self.workspace, 1)
        row.addWidget(switch)
        row.addWidget(home)
        self.tabs.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row.addWidget(self.tabs, 0)
        row.addWidget(new)
        row.addStretch(1)
        row.addWidget(self.search)
        theme.changed.connect(self._colour)
        self._colour()

    def show_workspace(self, name: str) -> None:
        self._mark.setText(initial(name))
        self.workspace.setText(name.replace("&", "&&"))
        self.workspace.setAccessibleName(_("Workspace {name}, and all commands").format(name=name))

    def narrow(self, narrow: bool) -> None:
        """Leave the tabs more room in a small window."""
        self.search.setFixedWidth(_SEARCH - 90 if narrow else _SEARCH)
        self.search.setText(_("Commands") if narrow else _("Search or run a command"))

    def _colour(self) -> None:
        self.search.setIcon(icons.icon("magnifying-glass", self._theme.tokens.text3))
