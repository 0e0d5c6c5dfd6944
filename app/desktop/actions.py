"""Everything a person can do in a window, in one place: menus, toolbar, keys, command palette and key sheet read it.

Nothing here knows Qt: what can be done, when, and by which key is decided and tested without a window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.text import fold


class Menu(StrEnum):
    """Where an action stands; also the headings of the key sheet, in this order."""

    FILE = "file"
    EDIT = "edit"
    CANVAS = "canvas"
    VIEW = "view"
    JOURNEY = "journey"
    HELP = "help"


def say_menu(menu: Menu) -> str:
    return {
        Menu.FILE: _("File"),
        Menu.EDIT: _("Edit"),
        Menu.CANVAS: _("Canvas"),
        Menu.VIEW: _("View"),
        Menu.JOURNEY: _("Journey"),
        Menu.HELP: _("Help"),
    }[menu]


class Reach(StrEnum):
    """Where the keys of an action are heard."""

    #: anywhere in the window
    WINDOW = "window"
    #: while the canvas has the focus, so that typing into a field stays typing
    CANVAS = "canvas"
    #: the canvas hears them itself; they are listed for the sheet and can be run by name
    OWN = "own"


class KeyTaken(KanwaError):
    """Two actions want the same key: a defect that the first start of a window shows."""

    text = N_("The key {key} is wanted by {first} and by {second}.")


class NameTaken(KanwaError):
    """Two actions have the same name."""

    text = N_("There are two actions called {name}.")


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    #: stable, for tests and for whoever binds keys: "file.save"
    name: str
    #: what stands in menus and in the command palette, with … where a dialog follows
    text: str
    call: Callable[[], None]
    menu: Menu
    #: as Qt writes them: "Ctrl+Shift+P"; the first is shown
    keys: tuple[str, ...] = ()
    enabled: Callable[[], bool] = _always
    #: name of an icon of the theme, or nothing
    icon: str = ""
    reach: Reach = Reach.WINDOW
    #: the text of the moment, such as “Undo move of 3 nodes”
    says: Callable[[], str] | None = None
    #: whether it is switched on, for what is a switch
    checked: Callable[[], bool] | None = None

    def said(self) -> str:
        """What it is called now."""
        return self.says() if self.says is not None else self.text


class Actions:
    """All actions of a window, in the order in which menus show them."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def add(self, action: Action) -> None:
        """Raises NameTaken, and KeyTaken where another one is heard by the same key at the same place."""
        if action.name in self._actions:
            raise NameTaken(name=action.name)
        for key in action.keys:
            for place in _places(action.reach):
                taken = self._keys.setdefault((place, key.casefold()), action.name)
                if taken != action.name:
                    raise KeyTaken(key=key, first=taken, second=action.name)
        self._actions[action.name] = action

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._actions

    def run(self, name: str) -> bool:
        """Do it, if it can be done now; returns whether it was."""
        action = self._actions[name]
        if not action.enabled():
            return False
        action.call()
        return True

    def by_menu(self) -> dict[Menu, list[Action]]:
        """Menus that hold anything, in their order."""
        found: defaultdict[Menu, list[Action]] = defaultdict(list)
        for action in self:
            found[action.menu].append(action)
        return {menu: found[menu] for menu in Menu if menu in found}

    def matching(self, text: str) -> list[Action]:
        """Actions that can be done now and whose name holds every word of `text`; names that begin with it first."""
        words = fold(text).split()
        found = []
        for action in self:
            if not action.enabled():
                continue
            name = fold(action.said())
            if all(word in name or word in fold(say_menu(action.menu)) for word in words):
                begins = bool(words) and name.startswith(words[0])
                found.append((not begins, action))
        return [action for _rank, action in sorted(found, key=lambda one: one[0])]


def _places(reach: Reach) -> tuple[str, ...]:
    # a key of the window is heard on the canvas too
    return ("window", "canvas") if reach is Reach.WINDOW else ("canvas",)


def tip(action: Action) -> str:
    """The tooltip of a button: what it does, and its key."""
    if not action.keys:
        return action.said()
    return _("{what} ({key})").format(what=action.said(), key=shown(action.keys[0]))


def shown(key: str) -> str:
    """A key as people read it: “Ctrl + Shift + P”, “Del”, “←”."""
    signs = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Return": _("Enter"), "Escape": _("Esc")}
    return "+".join(signs.get(part, part) for part in key.replace("++", "+Plus").split("+")).replace("Plus", "+")
