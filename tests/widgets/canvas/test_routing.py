"""Ways of edges between cards (LOOK 4)."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeys.nodes.node import Family
from widgets.canvas.grid import Box, Grid
from widgets.canvas.plan import Plan, Spot
from widgets.canvas.routing import input_offsets, lane_ranks
from widgets.canvas.shapes import card_shape

ROW = 120


def card(x, y, outlets=("done",), right=False):
    return Spot(x, y, card_shape(Family.DECIDES, outlets=len(outlets), lines=1, right=right), tuple(outlets))


def plan_of(cards, edges, *, right=False):
    plan = Plan(right=right)
    for node, spot in cards.items():
        plan.put(node, spot)
    for (node, outlet), target in edges.items():
        plan.lead((node, outlet), target)
    plan.settle()
    return plan


def segments(line):
    return list(pairwise(line))


def crosses(one, other):
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = other
    if (ax == bx) == (cx == dx):
        return False
    if ax != bx:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (cx, cy), (dx, dy), (ax, ay), (bx, by)
    return min(cx, dx) < ax < max(cx, dx) and min(ay, by) < cy < max(ay, by)


def under(line, box):
    inner = box.grown(-1)
    return any(
        min(x0, x1) < inner.right
        and inner.left < max(x0, x1)
        and min(y0, y1) < inner.bottom
        and inner.top < max(y0, y1)
        if (x0 == x1 and y0 == y1)
        else max(min(x0, x1), inner.left) <= min(max(x0, x1), inner.right)
        and max(min(y0, y1), inner.top) <= min(max(y0, y1), inner.bottom)
        for (x0, y0), (x1, y1) in segments(line)
    )


def test_cards_in_one_column_are_joined_by_one_straight_line():
    plan = plan_of({"A": card(0, 0), "B": card(0, ROW)}, {("A", "done"): "B"})
    assert plan.line(("A", "done")) == ((104, 56), (104, ROW))


def test_an_edge_to_the_side_leaves_straight_runs_in_one_lane_and_arrives_straight():
    plan = plan_of({"A": card(0, 0), "B": card(300, ROW)}, {("A", "done"): "B"})
    assert plan.line(("A", "done")) == ((104, 56), (104, 74), (404, 74), (404, ROW))


def test_from_left_to_right_it_is_the_same_turned():
    plan = plan_of({"A": card(0, 0, right=True), "B": card(300, ROW, right=True)}, {("A", "done"): "B"}, right=True)
    assert plan.line(("A", "done")) == ((208, 28), (226, 28), (226, ROW + 28), (300, ROW + 28))


def test_lanes_of_one_split_are_fourteen_apart_the_outermost_highest():
    outlets = ("a", "b", "c", "d")
    cards = {"S": card(0, 0, outlets)} | {f"T{n}": card(x, 200) for n, x in enumerate((-700, -400, 300, 600))}
    plan = plan_of(cards, {("S", outlet): f"T{n}" for n, outlet in enumerate(outlets)})
    lanes = [plan.line(("S", outlet))[1][1] - 80 for outlet in outlets]
    assert lanes == [18, 32, 32, 18]


@given(
    st.integers(2, 8),
    st.lists(st.integers(-40, 40), min_size=8, max_size=8, unique=True),
    st.sampled_from([48, 96, 160]),
    st.booleans(),
)
def test_no_two_edges_of_one_split_cross_whose_targets_stand_in_the_order_of_its_outlets(count, places, gap, right):
    outlets = tuple("abcdefgh"[:count])
    source = card(0, 0, outlets, right)
    pitch = 240
    cards = {"S": source}
    for n, place in enumerate(sorted(places[:count])):
        across = place * pitch
        along = (source.shape.width if right else source.shape.height) + gap
        cards[f"T{n}"] = card(along, across, right=True) if right else card(across, along)
    plan = plan_of(cards, {("S", outlet): f"T{n}" for n, outlet in enumerate(outlets)}, right=right)
    for one, other in combinations(outlets, 2):
        pairs = [(a, b) for a in segments(plan.line(("S", one))) for b in segments(plan.line(("S", other)))]
        assert not any(crosses(a, b) for a, b in pairs)


def test_an_edge_passes_beside_a_card_that_stands_in_its_column():
    plan = plan_of({"A": card(0, 0), "M": card(0, ROW), "B": card(0, 2 * ROW)}, {("A", "done"): "B"})
    line = plan.line(("A", "done"))
    assert not under(line, plan.spots["M"].box)
    assert line[0] == (104, 56)
    assert line[-1] == (104, 2 * ROW)


def test_an_edge_takes_the_lane_above_its_target_where_the_one_below_its_source_leads_under_a_card():
    plan = plan_of({"A": card(0, 0), "M": card(300, ROW), "B": card(300, 2 * ROW)}, {("A", "done"): "B"})
    line = plan.line(("A", "done"))
    assert not under(line, plan.spots["M"].box)
    assert line[1][1] == 2 * ROW - 16


def test_an_edge_back_goes_around_the_nearer_side_24_outside_the_widest_card_passed():
    cards = {"A": card(0, 0), "B": card(-34, ROW, ("a", "b", "c")), "C": card(0, 2 * ROW, ("x", "y"))}
    plan = plan_of(cards, {("A", "done"): "B", ("B", "b"): "C", ("C", "y"): "A"})
    # the input of A takes one edge, its port on the right half: around the right, outside of B
    assert plan.line(("C", "y")) == (
        (156, 2 * ROW + 80),
        (156, 2 * ROW + 94),
        (266, 2 * ROW + 94),
        (266, -16),
        (104, -16),
        (104, 0),
    )


def test_edges_back_go_side_by_side_twelve_apart():
    cards = {"A": card(0, 0), "B": card(0, ROW, ("x", "y")), "C": card(0, 2 * ROW, ("x", "y"))}
    plan = plan_of(cards, {("B", "y"): "A", ("C", "y"): "A"})
    xs = {plan.line((node, "y"))[2][0] for node in "BC"}
    assert xs == {232, 244}


def level(line):
    """(height, left, right) of the level pieces of a line."""
    return [(y0, min(x0, x1), max(x0, x1)) for (x0, y0), (x1, y1) in segments(line) if y0 == y1]


def share_a_lane(one, other):
    return any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in level(one) for b in level(other))


def test_lanes_of_different_cards_in_one_gap_are_fourteen_apart():
    cards = {"A": card(0, 0), "B": card(240, 0), "S": card(480, 200), "T": card(720, 200)}
    plan = plan_of(cards, {("A", "done"): "S", ("B", "done"): "T"})
    (low,), (high,) = level(plan.line(("A", "done"))), level(plan.line(("B", "done")))
    # both to the right: the one further to the right is the upper one, so that they do not cross
    assert (high[0], low[0]) == (74, 88)
    assert not any(
        crosses(a, b) for a in segments(plan.line(("A", "done"))) for b in segments(plan.line(("B", "done")))
    )


def test_where_there_is_no_room_for_fourteen_lanes_are_seven_apart():
    cards = {"A": card(0, 0), "B": card(240, 0), "S": card(480, 56 + 32), "T": card(720, 56 + 32)}
    plan = plan_of(cards, {("A", "done"): "S", ("B", "done"): "T"})
    (low,), (high,) = level(plan.line(("A", "done"))), level(plan.line(("B", "done")))
    assert abs(low[0] - high[0]) == 7


def test_lanes_that_do_not_reach_each_other_stay_where_they_are():
    cards = {"A": card(0, 0), "B": card(900, 0), "S": card(240, 200), "T": card(1140, 200)}
    plan = plan_of(cards, {("A", "done"): "S", ("B", "done"): "T"})
    assert [level(plan.line((node, "done")))[0][0] for node in "AB"] == [74, 74]


def test_edges_back_from_one_card_have_lanes_of_their_own():
    cards = {"A": card(0, 0), "B": card(0, ROW), "C": card(0, 2 * ROW, ("x", "y"))}
    plan = plan_of(cards, {("C", "x"): "A", ("C", "y"): "B"})
    assert not share_a_lane(plan.line(("C", "x")), plan.line(("C", "y")))


def test_an_edge_back_looks_for_a_lane_where_the_one_below_its_card_is_taken_by_another_card():
    # the neighbour on the way out is higher, the one on the way in begins above
    cards = {
        "A": card(0, 0),
        "M": card(0, ROW),
        "B": card(0, 2 * ROW),
        "N": card(240, 2 * ROW + 40),
        "P": card(240, -60),
    }
    cards |= {"L": card(-240, 2 * ROW + 40), "O": card(-240, -60)}
    plan = plan_of(cards, {("B", "done"): "A"})
    line = plan.line(("B", "done"))
    assert not any(under(line, spot.box) for spot in plan.spots.values())


def test_where_cards_stand_between_an_edge_goes_below_them_and_in_from_above():
    cards = {"A": card(0, 0), "M": card(300, 0, ("x", "y")), "T": card(600, 72)}
    plan = plan_of(cards, {("A", "done"): "T"})
    line = plan.line(("A", "done"))
    assert not under(line, plan.spots["M"].box)
    assert line[-1] == (704, 72)


def test_an_upright_piece_keeps_away_from_those_of_other_edges():
    # around the card below it, beside the straight line of its neighbour
    cards = {"A": card(0, 0), "M": card(0, ROW), "T": card(0, 2 * ROW), "B": card(118, -ROW), "S": card(118, 4 * ROW)}
    plan = plan_of(cards, {("A", "done"): "T", ("B", "done"): "S"})
    uprights = {x0 for (x0, _), (x1, _) in segments(plan.line(("A", "done")))[1:-1] if x0 == x1}
    others = {x0 for (x0, _), (x1, _) in segments(plan.line(("B", "done"))) if x0 == x1}
    assert all(abs(x - other) >= 7 for x in uprights for other in others)


def test_an_edge_to_its_own_node_goes_around_it():
    plan = plan_of({"A": card(0, 0)}, {("A", "done"): "A"})
    line = plan.line(("A", "done"))
    assert line[0] == (104, 56)
    assert line[-1] == (104, 0)
    assert any(x > 208 for x, _ in line)


def test_edges_into_one_input_are_twenty_apart_and_the_straight_one_keeps_the_middle():
    cards = {"L": card(-300, 0), "M": card(0, 0), "R": card(300, 0), "T": card(0, 200)}
    plan = plan_of(cards, {(node, "done"): "T" for node in "LMR"})
    assert [plan.line((node, "done"))[-1] for node in "LMR"] == [(84, 200), (104, 200), (124, 200)]


def test_rows_of_a_journey_that_flows_down_lead_around_their_corner():
    outlets = tuple("abcdefghi")
    cards = {"S": card(0, 0, outlets), "T": card(0, 400)}
    plan = plan_of(cards, {("S", "a"): "T", ("S", "i"): "T"})
    for outlet in "ai":
        line = plan.line(("S", outlet))
        assert line[0][0] == 208
        assert line[1][0] > 208
        assert not under(line[1:], plan.spots["S"].box)


def test_an_edge_whose_outlet_is_gone_still_leads_somewhere():
    plan = plan_of({"A": card(0, 0, ("x", "y")), "B": card(0, 200)}, {("A", "gone"): "B"})
    assert plan.line(("A", "gone"))[0] == (192, 80)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_offsets_never_leave_the_room_there_is(count):
    found = input_offsets([float(n) for n in range(count)], middle=-5, room=30, apart=20)
    assert max(map(abs, found)) <= 30
    assert found == sorted(found)


def test_lanes_that_would_run_over_each_other_are_apart():
    # the first outlet leads right and the second left: between them one lane would be shared
    assert lane_ranks([(0, 100), (20, -100)]) == [(1, 2), (0, 2)]


# what is there alone decides

_spots = st.dictionaries(
    st.sampled_from("ABCDEFG"), st.tuples(st.integers(-6, 6), st.integers(-4, 4)), min_size=2, max_size=7
)
_edges = st.dictionaries(
    st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from(["x", "y"])), st.sampled_from("ABCDEFG"), max_size=10
)
_moves = st.lists(st.tuples(st.sampled_from("ABCDEFG"), st.tuples(st.integers(-6, 6), st.integers(-4, 4))), max_size=6)


def _spot(place, right):
    return card(place[0] * 104, place[1] * 64, ("x", "y"), right)


@settings(max_examples=150, deadline=None)
@given(_spots, _edges, _moves, st.booleans())
@example({"A": (0, 0), "B": (0, 1)}, {("A", "x"): "B", ("B", "x"): "A"}, [("A", (1, 3)), ("A", (0, 0))], False)
def test_lines_do_not_depend_on_the_order_of_the_changes_that_led_to_them(spots, edges, moves, right):
    edges = {key: target for key, target in edges.items() if key[0] in spots and target in spots}
    moves = [(node, place) for node, place in moves if node in spots]
    plan = plan_of({node: _spot(place, right) for node, place in spots.items()}, edges, right=right)
    for node, place in moves:
        plan.put(node, _spot(place, right))
        plan.settle()
    final = spots | dict(moves)
    fresh = plan_of({node: _spot(place, right) for node, place in final.items()}, edges, right=right)
    assert {key: plan.line(key) for key in edges} == {key: fresh.line(key) for key in edges}


@settings(max_examples=60, deadline=None)
@given(_spots, _edges, st.sets(st.sampled_from("ABCDEFG"), min_size=1), st.booleans())
def test_what_is_told_back_gives_the_same_lines_without_being_worked_out(spots, edges, gone, right):
    edges = {key: target for key, target in edges.items() if key[0] in spots and target in spots}
    plan = plan_of({node: _spot(place, right) for node, place in spots.items()}, edges, right=right)
    before = {key: plan.line(key) for key in edges}
    for _ in range(2):
        for node in gone:
            plan.take(node)
        plan.settle()
        without = {key: plan.line(key) for key in plan.targets}
        fresh = plan_of(
            {node: _spot(place, right) for node, place in spots.items() if node not in gone},
            {key: target for key, target in edges.items() if not gone & {key[0], target}},
            right=right,
        )
        assert without == {key: fresh.line(key) for key in fresh.targets}
        for node in gone & spots.keys():
            plan.put(node, _spot(spots[node], right))
        for key, target in edges.items():
            plan.lead(key, target)
        changed, _ = plan.settle()
        assert {key: plan.line(key) for key in edges} == before
        assert {key for key, line in before.items() if without.get(key) != line} == changed


@settings(deadline=None)
@given(_spots, _edges, st.booleans())
def test_lines_run_upright_or_level_from_the_port_to_the_card(spots, edges, right):
    edges = {key: target for key, target in edges.items() if key[0] in spots and target in spots}
    plan = plan_of({node: _spot(place, right) for node, place in spots.items()}, edges, right=right)
    for key, target in edges.items():
        line = plan.line(key)
        assert line[0] == plan.spots[key[0]].port(key[1])
        box = plan.spots[target].box
        assert line[-1][0] == box.left if right else line[-1][1] == box.top
        assert box.holds(*line[-1])
        assert all((x0 == x1) != (y0 == y1) for (x0, y0), (x1, y1) in segments(line))


@given(_spots, _edges, st.sampled_from("ABCDEFG"))
def test_edges_go_with_their_card(spots, edges, gone):
    edges = {key: target for key, target in edges.items() if key[0] in spots and target in spots}
    plan = plan_of({node: _spot(place, False) for node, place in spots.items()}, edges)
    plan.take(gone)
    _, removed = plan.settle()
    assert removed == {key for key, target in edges.items() if gone in spots and gone in (key[0], target)}
    assert set(plan.targets) == set(edges) - removed


# the grid

_boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.integers(-3000, 3000),
    st.integers(-3000, 3000),
    st.integers(1, 9000),
    st.integers(1, 9000),
)


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | _boxes), max_size=30), _boxes)
def test_the_grid_finds_what_meets_a_box_and_nothing_else(steps, asked):
    grid: Grid[int] = Grid()
    kept: dict[int, Box] = {}
    for key, box in steps:
        if box is None:
            grid.take(key)
            kept.pop(key, None)
        else:
            grid.put(key, box)
            kept[key] = box
    assert sorted(grid.near(asked)) == sorted((key, box) for key, box in kept.items() if box.meets(asked))
