"""Sizes of cards and places of ports (LOOK 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.nodes.node import Family
from widgets.canvas.shapes import Silhouette, card_shape, small_shape


@pytest.mark.parametrize(
    ("outlets", "width"), [(0, 208), (1, 208), (2, 208), (3, 276), (4, 320), (5, 400), (8, 640), (9, 208)]
)
def test_a_card_is_as_wide_as_its_outlets_ask_for(outlets, width):
    assert card_shape(Family.DECIDES, outlets=outlets, lines=1, right=False).width == width


@pytest.mark.parametrize(("lines", "outlets", "height"), [(1, 1, 56), (2, 1, 72), (1, 2, 80), (2, 4, 96), (5, 1, 72)])
def test_a_card_is_as_high_as_its_sentence_and_strip(lines, outlets, height):
    assert card_shape(Family.WAITS, outlets=outlets, lines=lines, right=False).height == height


def test_more_than_eight_outlets_become_rows():
    shape = card_shape(Family.DECIDES, outlets=9, lines=1, right=False)
    assert shape.rows
    assert shape.height == 56 + 9 * 24


def test_from_left_to_right_outlets_are_rows_on_the_right_border():
    shape = card_shape(Family.DECIDES, outlets=2, lines=1, right=True)
    assert [shape.port(n) for n in range(2)] == [(208, 68), (208, 92)]
    assert shape.input() == (0, 28)


def test_the_one_outlet_of_a_card_from_left_to_right_stands_across_from_its_input():
    shape = card_shape(Family.SENDS, outlets=1, lines=2, right=True)
    assert shape.port(0)[1] == shape.input()[1]


@given(st.floats(0, 2000))
def test_goal_and_exit_are_as_wide_as_their_title_within_bounds_and_their_middle_is_on_the_grid(title):
    shape = small_shape(title, right=False)
    assert 112 <= shape.width <= 160
    assert shape.width / 2 % 8 == 0
    assert shape.silhouette is Silhouette.FOOT


@given(st.sampled_from(Family), st.integers(0, 30), st.integers(0, 3), st.booleans())
def test_ports_are_on_the_border_in_order_and_never_share_a_place(family, outlets, lines, right):
    shape = card_shape(family, outlets=outlets, lines=lines, right=right)
    ports = [shape.port(n) for n in range(outlets)]
    assert all((x == shape.width or y == shape.height) and x <= shape.width and y <= shape.height for x, y in ports)
    assert ports == sorted(set(ports))
    assert shape.orphan_port() not in ports
