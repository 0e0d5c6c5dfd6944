"""What can be done in a window, with its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.desktop.actions import Action, Actions, Menu, Reach
from journeys.base.i18n import _
from widgets.theme.theme import Choice

if TYPE_CHECKING:
    from app.desktop.editor import EditorPage
    from app.desktop.window import Window
    from widgets.document.arranging import Side

#: the menu behind the name of the workspace: actions, and the menus that hold all others
WORKSPACE_MENU: tuple[str | Menu, ...] = ("file.workspace", "view.commands", "", *Menu)

#: what a right click offers on a node, an edge, the empty canvas
CANVAS_MENUS: dict[str, tuple[str, ...]] = {
    "node": (
        "canvas.edit", "canvas.rename", "", "canvas.add-after", "canvas.lead", "", "edit.cut", "edit.copy",
        "edit.duplicate", "edit.switch", "", "canvas.delete", "canvas.cut-out",
    ),
    "edge": ("canvas.add-after", "", "canvas.delete"),
    "canvas": ("canvas.search", "edit.paste", "", "canvas.all", "canvas.lay-out", "canvas.fit"),
}  # fmt: skip


def window_actions(window: Window) -> Actions:
    """All actions of a window. None of them touches a page before it is done."""
    actions = Actions()
    for action in (
        *_files(window),
        *_edits(window),
        *_canvas(window),
        *_views(window),
        *_journey(window),
        *_help(window),
    ):
        actions.add(action)
    return actions


def _on_page(window: Window, act: Callable[[EditorPage], object]) -> Callable[[], None]:
    def call() -> None:
        page = window.page
        if page is not None:
            act(page)

    return call


def _if_page(window: Window, holds: Callable[[EditorPage], bool] = lambda _page: True) -> Callable[[], bool]:
    def enabled() -> bool:
        page = window.page
        return page is not None and holds(page)

    return enabled


def _files(window: Window) -> list[Action]:
    desktop = window.desktop
    there = _if_page(window)
    return [
        Action("file.new", _("New journey"), lambda: window.filing.begin_empty(), Menu.FILE, ("Ctrl+N",), icon="plus"),
        Action("file.open", _("Open…"), lambda: window.filing.ask_open(), Menu.FILE, ("Ctrl+O",)),
        Action(
            "file.save",
            _("Save"),
            _on_page(window, lambda page: window.filing.save(page)),
            Menu.FILE,
            ("Ctrl+S",),
            there,
        ),
        Action(
            "file.save-as",
            _("Save as…"),
            _on_page(window, lambda page: window.filing.save_as(page)),
            Menu.FILE,
            ("Ctrl+Shift+S",),
            there,
        ),
        Action(
            "file.autosave",
            _("Save by itself"),
            lambda: window.filing.set_autosave(not desktop.autosave),
            Menu.FILE,
            checked=lambda: desktop.autosave,
        ),
        Action(
            "file.close",
            _("Close the journey"),
            _on_page(window, lambda page: window.filing.close(page)),
            Menu.FILE,
            ("Ctrl+W",),
            there,
        ),
        Action(
            "file.export",
            _("Save as a picture…"),
            _on_page(window, lambda page: window.filing.export(page)),
            Menu.FILE,
            ("Ctrl+Shift+E",),
            there,
        ),
        Action(
            "file.print",
            _("Print…"),
            _on_page(window, lambda page: window.filing.print(page)),
            Menu.FILE,
            ("Ctrl+P",),
            there,
        ),
        Action("file.new-window", _("New window"), desktop.open_window, Menu.FILE, ("Ctrl+Shift+N",)),
        Action(
            "file.move",
            _("Move to a new window"),
            _on_page(window, lambda page: window.filing.move_to_window(page)),
            Menu.FILE,
            enabled=there,
        ),
        Action("file.workspace", _("Open a workspace…"), lambda: window.filing.ask_workspace(), Menu.FILE),
        Action("file.quit", _("Close the window"), window.leave, Menu.FILE, ("Ctrl+Q",)),
    ]


def _edits(window: Window) -> list[Action]:
    def says(which: str) -> Callable[[], str]:
        def said() -> str:
            page = window.page
            if page is None:
                return _("Undo") if which == "undo" else _("Redo")
            document = page.opened.document
            return document.undo_text() if which == "undo" else document.redo_text()

        return said

    return [
        Action(
            "edit.undo",
            _("Undo"),
            _on_page(window, lambda page: page.opened.document.history.undo()),
            Menu.EDIT,
            ("Ctrl+Z",),
            _if_page(window, lambda page: page.opened.document.history.canUndo()),
            "arrow-u-up-left",
            says=says("undo"),
        ),
        Action(
            "edit.redo",
            _("Redo"),
            _on_page(window, lambda page: page.opened.document.history.redo()),
            Menu.EDIT,
            ("Ctrl+Shift+Z", "Ctrl+Y"),
            _if_page(window, lambda page: page.opened.document.history.canRedo()),
            "arrow-u-up-right",
            says=says("redo"),
        ),
        Action(
            "edit.find",
            _("Find a step"),
            _on_page(window, lambda page: page.finder.begin()),
            Menu.EDIT,
            ("Ctrl+F",),
            _if_page(window),
            "magnifying-glass",
        ),
        Action(
            "edit.rename",
            _("Rename the journey"),
            _on_page(window, lambda page: page.toolbar.name.begin()),
            Menu.EDIT,
            ("Shift+F2",),
            _if_page(window),
        ),
    ]


def _canvas(window: Window) -> list[Action]:
    there = _if_page(window)

    def some(n: int) -> Callable[[], bool]:
        return _if_page(window, lambda page: len(page.opened.selection.nodes) >= n)

    def on_canvas(name: str, text: str, act: Callable[[EditorPage], object], key: str, least: int = 1) -> Action:
        return Action(name, text, _on_page(window, act), Menu.EDIT, (key,), some(least), reach=Reach.CANVAS)

    def aligned(side: Side, text: str) -> Action:
        return Action(
            f"canvas.align-{side}",
            text,
            _on_page(window, lambda page: page.canvas.align(side)),
            Menu.CANVAS,
            (),
            some(2),
        )

    def own(name: str, text: str, act: Callable[[EditorPage], object], *keys: str) -> Action:
        return Action(name, text, _on_page(window, act), Menu.CANVAS, keys, there, reach=Reach.OWN)

    def lead(page: EditorPage) -> None:
        from app.desktop.leading import leads, matching

        current = page.opened.selection.current
        if current is None:
            page.told.emit(_("Stand on the step that is to lead on first: arrow keys walk along the edges."))
            return
        found = leads(page.opened.journey, current, page.canvas.lead)
        window.choose(lambda text: matching(found, text), asks=_("Lead this step on to"))

    return [
        on_canvas("edit.cut", _("Cut"), lambda page: page.canvas.cut(), "Ctrl+X"),
        on_canvas("edit.copy", _("Copy"), lambda page: page.canvas.copy(), "Ctrl+C"),
        on_canvas("edit.paste", _("Paste"), lambda page: page.canvas.paste(), "Ctrl+V", 0),
        on_canvas("edit.duplicate", _("Duplicate"), lambda page: page.canvas.duplicate(), "Ctrl+D"),
        on_canvas("edit.switch", _("Switch off or on"), lambda page: page.canvas.switch(), "Ctrl+E"),
        Action(
            "canvas.lead",
            _("Lead on to a step…"),
            _on_page(window, lead),
            Menu.CANVAS,
            ("C",),
            there,
            reach=Reach.CANVAS,
        ),
        own("canvas.add-after", _("Add a step after this one"), lambda page: page.canvas.view.add_after(), "Tab"),
        own(
            "canvas.search", _("Search for a step at the cursor"), lambda page: page.canvas.view.search_here(), "Space"
        ),
        own("canvas.rename", _("Rename the step"), lambda page: page.canvas.view.rename_current(), "F2"),
        own("canvas.edit", _("Edit the settings"), lambda page: page.side.inspector.edit_settings(), "Return"),
        own("canvas.delete", _("Delete and close the gap"), lambda page: page.canvas.view.delete(heal=True), "Delete"),
        own(
            "canvas.cut-out",
            _("Delete and leave the gap"),
            lambda page: page.canvas.view.delete(heal=False),
            "Shift+Delete",
        ),
        own("canvas.all", _("Select everything"), lambda page: page.opened.selection.all(), "Ctrl+A"),
        own("canvas.fit", _("Show the whole journey"), lambda page: page.canvas.view.fit(), "Ctrl+1"),
        own("canvas.fit-selection", _("Show the selection"), lambda page: page.canvas.view.fit_selection(), "Ctrl+2"),
        own("canvas.larger", _("Larger"), lambda page: page.canvas.view.zoom_by(1.25), "Ctrl++"),
        own("canvas.smaller", _("Smaller"), lambda page: page.canvas.view.zoom_by(0.8), "Ctrl+-"),
        own("canvas.actual", _("At 100 %"), lambda page: page.canvas.view.zoom_to(1), "Ctrl+0"),
        aligned("left", _("Align left")),
        aligned("centre", _("Align centres")),
        aligned("right", _("Align right")),
        aligned("top", _("Align top")),
        aligned("middle", _("Align middles")),
        aligned("bottom", _("Align bottom")),
        Action(
            "canvas.distribute-across",
            _("Distribute across"),
            _on_page(window, lambda page: page.canvas.distribute("across")),
            Menu.CANVAS,
            (),
            some(3),
        ),
        Action(
            "canvas.distribute-down",
            _("Distribute down"),
            _on_page(window, lambda page: page.canvas.distribute("down")),
            Menu.CANVAS,
            (),
            some(3),
        ),
    ]


def _views(window: Window) -> list[Action]:
    desktop, there = window.desktop, _if_page(window)

    def themed(choice: Choice, text: str) -> Action:
        return Action(
            f"view.theme-{choice.value}",
            text,
            lambda: desktop.choose_theme(choice),
            Menu.VIEW,
            checked=lambda: desktop.theme.choice is choice,
        )

    def lower(tab: int) -> Callable[[], None]:
        return _on_page(window, lambda page: page.panel.show_tab(tab))

    return [
        Action("view.commands", _("Search or run a command"), window.open_commands, Menu.VIEW, ("Ctrl+Shift+P",)),
        Action("view.menu", _("Open the menu"), window.open_menu, Menu.VIEW, ("F10",)),
        Action(
            "view.home",
            _("Home"),
            window.show_home,
            Menu.VIEW,
            ("Alt+Home",),
            icon="house",
        ),
        Action("view.next-tab", _("Next tab"), lambda: window.step_tab(1), Menu.VIEW, ("Ctrl+Tab",)),
        Action("view.tab-before", _("Tab before"), lambda: window.step_tab(-1), Menu.VIEW, ("Ctrl+Shift+Tab",)),
        Action("view.next-area", _("Next part of the window"), lambda: window.step_area(1), Menu.VIEW, ("F6",)),
        Action(
            "view.area-before", _("Part of the window before"), lambda: window.step_area(-1), Menu.VIEW, ("Shift+F6",)
        ),
        Action(
            "view.steps",
            _("Find a step to add"),
            _on_page(window, lambda page: page.show_left(0)),
            Menu.VIEW,
            ("Ctrl+Shift+A",),
            there,
        ),
        Action(
            "view.outline",
            _("Outline"),
            _on_page(window, lambda page: page.show_left(1)),
            Menu.VIEW,
            ("Ctrl+Shift+O",),
            there,
        ),
        Action("view.problems", _("Problems"), lower(0), Menu.VIEW, ("Ctrl+Shift+M",), there),
        Action("view.history", _("History"), lower(1), Menu.VIEW, ("Ctrl+Shift+H",), there),
        Action(
            "view.lower",
            _("Lower panel"),
            _on_page(window, lambda page: page.panel.set_open(not page.panel.is_open)),
            Menu.VIEW,
            ("Ctrl+J",),
            there,
            checked=_if_page(window, lambda page: page.panel.is_open),
        ),
        themed(Choice.SYSTEM, _("Light or dark as the system has it")),
        themed(Choice.LIGHT, _("Light")),
        themed(Choice.DARK, _("Dark")),
    ]


def _journey(window: Window) -> list[Action]:
    there = _if_page(window)
    return [
        Action(
            "canvas.lay-out",
            _("Lay out"),
            _on_page(window, lambda page: page.canvas.lay_out()),
            Menu.CANVAS,
            ("Ctrl+L",),
            there,
            "tree-structure",
        ),
        Action(
            "journey.next-problem",
            _("Next problem"),
            _on_page(window, lambda page: page.panel.problems.step(1)),
            Menu.JOURNEY,
            ("F8",),
            there,
        ),
        Action(
            "journey.problem-before",
            _("Problem before"),
            _on_page(window, lambda page: page.panel.problems.step(-1)),
            Menu.JOURNEY,
            ("Shift+F8",),
            there,
        ),
        Action(
            "journey.compare",
            _("Compare with what is published"),
            _on_page(window, lambda page: page.compare_with_published()),
            Menu.JOURNEY,
            (),
            _if_page(window, lambda page: page.published is not None),
        ),
        Action(
            "journey.compare-file",
            _("Compare with a file…"),
            _on_page(window, lambda page: window.filing.ask_compare(page)),
            Menu.JOURNEY,
            (),
            there,
        ),
        Action(
            "journey.publish",
            _("Publish…"),
            _on_page(window, lambda page: window.filing.publish(page)),
            Menu.JOURNEY,
            ("Ctrl+Return",),
            there,
            "broadcast",
        ),
    ]


def _help(window: Window) -> list[Action]:
    def keys() -> None:
        from app.desktop.keys_sheet import KeysSheet

        KeysSheet(window.actions_, window).open()

    return [Action("help.keys", _("Keys"), keys, Menu.HELP, ("?", "F1"))]
