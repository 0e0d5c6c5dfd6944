"""One registry of actions: no key twice, names that are found, every key on the sheet."""

from __future__ import annotations

import pytest

from app.desktop.actions import Action, Actions, KeyTaken, Menu, NameTaken, Reach, shown, tip
from app.desktop.keys_sheet import lines


def action(name: str, *keys: str, text: str = "Do it", reach: Reach = Reach.WINDOW, enabled: bool = True) -> Action:
    return Action(name, text, lambda: None, Menu.EDIT, keys, lambda: enabled, reach=reach)


def test_a_name_is_given_once():
    actions = Actions()
    actions.add(action("edit.do"))
    with pytest.raises(NameTaken):
        actions.add(action("edit.do"))


def test_a_key_of_the_window_is_heard_on_the_canvas_too():
    actions = Actions()
    actions.add(action("one", "Ctrl+K"))
    with pytest.raises(KeyTaken, match="is wanted by one and by two"):
        actions.add(action("two", "ctrl+k", reach=Reach.CANVAS))


def test_what_cannot_be_done_now_is_not_done():
    done: list[str] = []
    actions = Actions()
    actions.add(Action("no", "No", lambda: done.append("no"), Menu.EDIT, enabled=lambda: False))
    actions.add(Action("yes", "Yes", lambda: done.append("yes"), Menu.EDIT))
    assert not actions.run("no")
    assert actions.run("yes")
    assert done == ["yes"]


def test_actions_are_found_by_any_words_of_their_name_and_what_begins_so_comes_first():
    actions = Actions()
    for name, text in (("a", "Close the journey"), ("b", "Journey settings"), ("c", "Über Łódź")):
        actions.add(action(name, text=text))
    actions.add(action("d", text="Journey that cannot be", enabled=False))
    assert [one.name for one in actions.matching("journey")] == ["b", "a"]
    assert [one.name for one in actions.matching("THE clo")] == ["a"]
    assert [one.name for one in actions.matching("ŁÓDŹ über")] == ["c"]


def test_keys_read_as_people_say_them():
    assert shown("Ctrl+Left") == "Ctrl+←"
    assert shown("Ctrl++") == "Ctrl++"
    assert tip(action("a", "Ctrl+K")) == "Do it (Ctrl+K)"


def test_the_sheet_tells_every_key(window):
    told = {what: keys for _heading, rows in lines(window.actions_) for what, keys in rows}
    for one in window.actions_:
        assert (one.text in told) == bool(one.keys)
    assert told["Search or run a command"] == "Ctrl+Shift+P"


def test_every_action_of_a_window_has_a_text_and_stands_in_a_menu(window):
    names = [one.name for of_menu in window.actions_.by_menu().values() for one in of_menu]
    assert sorted(names) == sorted(one.name for one in window.actions_)
    assert all(one.text for one in window.actions_)
