from __future__ import annotations

import ast
from pathlib import Path

import pytest

import journeys
from journeys.store.arrows import ARROWS, STATES, in_states, move

ROOT = Path(journeys.__file__).parent.parent


@pytest.mark.parametrize("to", STATES)
def test_a_move_touches_only_messages_that_have_an_arrow_there(to: str) -> None:
    sources = [state for state in STATES if to in ARROWS[state]]
    if sources:
        assert str(in_states(*sources)) in str(move(to))
    else:
        with pytest.raises(AssertionError, match="no arrow"):
            move(to)


def test_a_move_among_some_states_leaves_out_the_others() -> None:
    assert "message.state IN ('claimed')" in str(move("pending", among=("claimed", "held")))


def test_a_move_without_an_arrow_cannot_be_written() -> None:
    with pytest.raises(AssertionError, match="no arrow leads"):
        move("sent", among=("pending",))


def _states_set(call: ast.Call) -> bool:
    """Whether it is `….values(state=…)` on an UPDATE of the messages."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "values"):
        return False
    keys = {word.arg for word in call.keywords}
    text = ast.unparse(call.func.value)
    updated = text.startswith(("update(t.message)", "update(message)", "t.message.update()", "message.update()"))
    return updated and ("state" in keys or None in keys)


def test_nobody_sets_the_state_of_a_message_but_by_a_move() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("journeys", "app")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "arrows.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _states_set(node)
    ]
    assert found == []
