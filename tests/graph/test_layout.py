"""Automatic layout: what must hold of any journey, and how a few are drawn.

Measured on 2 shared cores under load (Python 3.11, CPU time): 2,000 nodes with 2,400 edges 0.33 s, 5,000 with 6,000 1.0 s.
"""

from __future__ import annotations

import time
from itertools import pairwise
from random import Random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.graph.journey import Journey
from journeys.graph.layout import GRID, ROW_GAP, SPLIT_GAP, Place, Size, lay_out
from journeys.nodes.node import Node
from tests.graph.own_kinds import Choose, End, Paper, Rest, Start, drawn, node_id

CARD = (208.0, 72.0)


def same_size(_node: str) -> Size:
    return CARD


def letters(n: int) -> str:
    return "".join("ABCDEFGHIJ"[int(digit)] for digit in f"{n:05d}")


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    """Any tangle: circles, loops, several parts, edges that pass many rows."""
    count = draw(st.integers(1, 24))
    nodes: dict[str, Node | dict[str, object]] = {}
    for n in range(count):
        outlets = draw(st.integers(1, 4))
        nodes[letters(n)] = Choose(between=tuple("abcd"[:outlets])) if outlets > 1 else Rest()
    journey = drawn(nodes, direction=draw(st.sampled_from(["down", "right"])))
    for name, node in nodes.items():
        assert isinstance(node, Node)
        for outlet in node.outlets():
            target = draw(st.none() | st.sampled_from(list(nodes)))
            if target is not None:
                journey.connect(node_id(name), outlet.id, node_id(target))
    return journey


@st.composite
def sizes_of(draw: st.DrawFn, journey: Journey) -> dict[str, Size]:
    return {
        node: (draw(st.integers(15, 40)) * 8.0, draw(st.sampled_from([40.0, 56.0, 72.0, 96.0, 168.0])))
        for node in journey.node_ids()
    }


def overlap(one: tuple[Place, Size], other: tuple[Place, Size]) -> bool:
    ((x1, y1), (w1, h1)), ((x2, y2), (w2, h2)) = one, other
    return x1 < x2 + w2 and x2 < x1 + w1 and y1 < y2 + h2 and y2 < y1 + h1


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_two_cards_overlap(data: st.DataObject) -> None:
    journey = data.draw(journeys())
    sizes = data.draw(sizes_of(journey))
    places = lay_out(journey, sizes)
    cards = [(places[node], sizes[node]) for node in journey.node_ids()]
    assert not any(overlap(one, other) for n, one in enumerate(cards) for other in cards[:n])


@settings(max_examples=40, deadline=None)
@given(journey=journeys())
def test_what_follows_stands_after_what_leads_to_it_unless_they_are_in_a_circle(journey: Journey) -> None:
    places = lay_out(journey, same_size)
    along = 1 if journey.settings.direction == "down" else 0
    circle = {node: n for n, part in enumerate(nx.strongly_connected_components(journey.graph)) for node in part}
    for edge in journey.edges():
        if circle[edge.source] != circle[edge.target]:
            assert places[edge.source][along] + CARD[along] + ROW_GAP <= places[edge.target][along]


@settings(max_examples=40, deadline=None)
@given(journey=journeys(), data=st.data())
def test_the_anchor_stays_where_it_is(journey: Journey, data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(journey.node_ids()))
    journey.move(anchor, 1234, -567)
    assert lay_out(journey, same_size, anchor=anchor)[anchor] == (1234, -567)


@settings(max_examples=40, deadline=None)
@given(journey=journeys(), chance=st.integers())
def test_the_layout_does_not_depend_on_the_order_in_which_things_were_added(journey: Journey, chance: int) -> None:
    order = Random(chance)
    other = Journey(journey.settings)
    for node in order.sample(journey.node_ids(), len(journey)):
        settings_ = journey.node(node)
        assert settings_ is not None
        x, y = journey.place(node)
        other.add_node(node, settings_, title=journey.title(node), x=x, y=y)
    edges = list(journey.edges())
    for edge in order.sample(edges, len(edges)):
        other.connect(edge.source, edge.outlet, edge.target)
    assert lay_out(other, same_size) == lay_out(journey, same_size)


def test_a_chain_is_one_straight_line() -> None:
    journey = drawn({"in": Start(), "a": Rest(), "b": End()}, "in:in>a", "a:done>b")
    sizes = {node_id("in"): (208.0, 56.0), node_id("a"): (276.0, 72.0), node_id("b"): (120.0, 40.0)}
    places = lay_out(journey, sizes)
    assert {places[node][0] + sizes[node][0] / 2 for node in places} == {104}
    assert [places[node_id(name)][1] for name in ("in", "a", "b")] == [0, 56 + ROW_GAP, 56 + 72 + 2 * ROW_GAP]


def test_a_chain_from_left_to_right_is_one_straight_line_too() -> None:
    journey = drawn({"in": Start(), "a": Rest(), "b": Rest()}, "in:in>a", "a:done>b", direction="right")
    places = lay_out(journey, {node_id("in"): (208.0, 56.0), node_id("a"): (208.0, 96.0), node_id("b"): (208.0, 72.0)})
    assert [places[node_id(name)] for name in ("in", "a", "b")] == [(0, 0), (240, 0), (480, 0)]


def test_outlets_lead_from_left_to_right_in_their_order_below_a_wider_gap() -> None:
    journey = drawn(
        {"ask": Choose(between=("a", "b", "c")), "x": Rest(), "y": Rest(), "z": Rest()},
        "ask:a>z",
        "ask:b>x",
        "ask:c>y",
    )
    places = lay_out(journey, same_size)
    assert places[node_id("z")][0] < places[node_id("x")][0] < places[node_id("y")][0]
    assert {places[node_id(name)][1] for name in "xyz"} == {CARD[1] + SPLIT_GAP}
    assert places[node_id("x")][0] == places[node_id("ask")][0]


def test_a_way_back_leads_up_and_moves_nobody() -> None:
    straight = drawn({"in": Start(), "a": Rest(), "b": Choose(between=("x", "y"))}, "in:in>a", "a:done>b")
    circle = drawn({"in": Start(), "a": Rest(), "b": Choose(between=("x", "y"))}, "in:in>a", "a:done>b", "b:x>a")
    assert lay_out(circle, same_size) == lay_out(straight, same_size)


def test_a_second_trigger_stands_right_above_what_it_leads_to() -> None:
    journey = drawn(
        {"in": Start(), "a": Rest(), "b": Rest(), "c": Rest(), "late": Start()},
        "in:in>a",
        "a:done>b",
        "b:done>c",
        "late:in>c",
    )
    places = lay_out(journey, same_size)
    assert places[node_id("late")][1] == places[node_id("b")][1]


def test_an_edge_that_passes_a_row_has_room_beside_the_cards() -> None:
    journey = drawn(
        {"ask": Choose(between=("a", "b")), "x": Rest(), "end": End()}, "ask:a>x", "ask:b>end", "x:done>end"
    )
    places = lay_out(journey, same_size)
    # the way past stands over the end's other half
    assert places[node_id("x")][0] + CARD[0] / 2 < places[node_id("end")][0] + CARD[0] / 2


def test_parts_that_nothing_connects_stand_side_by_side() -> None:
    journey = drawn({"a": Start(), "b": Rest(), "c": Start(), "d": Rest()}, "a:in>b", "c:in>d")
    places = lay_out(journey, same_size)
    assert places[node_id("a")][1] == places[node_id("c")][1]
    assert places[node_id("a")][0] + CARD[0] + 64 <= places[node_id("c")][0]


def test_some_nodes_can_be_laid_out_alone() -> None:
    journey = drawn({"a": Start(), "b": Rest(), "c": Rest()}, "a:in>b", "b:done>c")
    assert set(lay_out(journey, same_size, nodes=[node_id("b"), node_id("c")])) == {node_id("b"), node_id("c")}


def test_notes_and_frames_are_left_out() -> None:
    journey = drawn({"a": Start(), "n": Paper(text="hello")})
    assert set(lay_out(journey, same_size)) == {node_id("a")}
    assert lay_out(journey, same_size, nodes=[node_id("n")]) == {}


def test_a_chain_longer_than_python_calls_deep() -> None:
    names = [letters(n) for n in range(3000)]
    edges = (f"{one}:done>{two}" for one, two in pairwise(names))
    places = lay_out(drawn({name: Rest() for name in names}, *edges), same_size)
    assert len({x for x, _y in places.values()}) == 1


@pytest.mark.parametrize("is_far", [False, True], ids=["near", "far"])
def test_layout_takes_time_in_proportion(is_far: bool) -> None:
    small, ten_times = tangle(200, is_far=is_far), tangle(2000, is_far=is_far)
    # what grows with the square takes a hundred times as long
    assert min(_timed(ten_times) for _n in range(3)) < 35 * min(_timed(small) for _n in range(5))


def tangle(count: int, *, is_far: bool) -> Journey:
    """A journey with 1.2 edges a node, each from one of the nodes before, or from one of those just before."""
    chance = Random(7)
    names = [letters(n) for n in range(count)]
    journey = drawn({name: Choose(between=tuple("abcd")) for name in names})
    for n in range(1, count):
        for _edge in range(1 if n % 5 else 2):
            source = node_id(names[chance.randrange(0 if is_far else max(0, n - 12), n)])
            journey.connect(source, chance.choice("abcd"), node_id(names[n]))
    return journey


def _timed(journey: Journey) -> float:
    start = time.process_time()
    places = lay_out(journey, same_size)
    assert all(x == round(x) and y % GRID == 0 for x, y in places.values())
    return time.process_time() - start
