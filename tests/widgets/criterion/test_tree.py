"""Edits of a criterion as data."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from widgets.criterion import tree

TREE: tree.Data = {"all": [{"leaf": "a"}, {"any": [{"leaf": "b"}, {"leaf": "c"}]}, {"leaf": "d"}]}


def leaf_names(data: tree.Data) -> list[str]:
    return [part["leaf"] for _place, part in tree.places(data) if "leaf" in part]


def test_a_rule_moves_into_a_group():
    assert tree.move(TREE, (0,), (1, 1)) == {
        "all": [{"any": [{"leaf": "b"}, {"leaf": "a"}, {"leaf": "c"}]}, {"leaf": "d"}]
    }


def test_a_group_that_loses_its_last_rule_goes():
    assert tree.remove(tree.remove(TREE, (1, 0)) or {}, (1, 0)) == {"all": [{"leaf": "a"}, {"leaf": "d"}]}


def test_a_group_does_not_move_into_itself():
    assert tree.move(TREE, (1,), (1, 0)) == TREE


def test_a_rule_that_is_the_whole_becomes_one_of_a_group():
    assert tree.insert({"leaf": "a"}, (1,), {"leaf": "b"}) == {"all": [{"leaf": "a"}, {"leaf": "b"}]}


def test_the_place_of_a_problem_is_read_from_its_path():
    assert tree.place_of("all[0].any[12].value") == ((0, 12), "value")
    assert tree.place_of("value") == ((), "value")


def test_a_step_down_goes_into_the_group_below_and_up_out_of_it_again():
    assert tree.step_in(TREE, (0,), 1) == (1, 0)
    assert tree.step_in(TREE, (1, 0), -1) == (1,)
    assert tree.step_in(TREE, (2,), 1) is None


leaves = st.builds(lambda n: {"leaf": f"l{n}"}, st.integers(0, 10**6))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda word, parts: {word: parts}, st.sampled_from(tree.WORDS), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(trees, min_size=1, max_size=3), st.data())
def test_moving_keeps_every_rule(parts: list[Any], data: st.DataObject):
    whole = {"all": parts}
    everywhere = [place for place, _part in tree.places(whole)]
    source = data.draw(st.sampled_from(everywhere))
    target = data.draw(st.sampled_from([place for place in everywhere if place] or [(0,)]))
    assert sorted(leaf_names(tree.move(whole, source, target))) == sorted(leaf_names(whole))
