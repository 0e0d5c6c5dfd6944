from __future__ import annotations

import itertools
from collections.abc import Iterator

import networkx as nx
from hypothesis import given, settings

from journeys.base.time import DAY, HOUR
from journeys.graph.checks.cycles import endless_sends, fast_cycles
from journeys.graph.journey import Journey
from journeys.graph.ways import Ways
from journeys.nodes.node import Family, Node
from journeys.nodes.problem import Problem, Severity
from tests.graph.own_kinds import Again, Choose, End, Listen, Mail, Rest, Start, drawn, ids, node_id, tangles


def fast(journey: Journey) -> list[Problem]:
    return list(fast_cycles(Ways(journey)))


def endless(journey: Journey) -> list[Problem]:
    return list(endless_sends(Ways(journey)))


def test_a_cycle_without_a_wait_blocks() -> None:
    journey = drawn({"in": Start(), "ask": Choose(), "more": Choose()}, "in:in>ask", "ask:yes>more", "more:no>ask")
    (problem,) = fast(journey)
    assert (problem.check, problem.severity) == ("cycle-without-wait", Severity.BLOCKS)
    assert problem.sentence == (
        "This goes round without a wait: Ask → More → Ask. Members would turn in it until they are stopped. Add a wait."
    )


def test_a_node_that_leads_to_itself_is_a_cycle() -> None:
    assert fast(drawn({"in": Start(), "ask": Choose()}, "in:in>ask", "ask:yes>ask"))[0].nodes == ids(["ask"])


def test_a_cycle_that_rests_a_day_is_sound() -> None:
    journey = drawn({"in": Start(), "rest": Rest(seconds=DAY), "ask": Choose()}, "rest:done>ask", "ask:no>rest")
    assert fast(journey) == []


def test_a_cycle_that_rests_a_second_less_than_a_day_warns() -> None:
    journey = drawn({"in": Start(), "rest": Rest(seconds=DAY - 1), "ask": Choose()}, "rest:done>ask", "ask:no>rest")
    (problem,) = fast(journey)
    assert (problem.check, problem.severity) == ("cycle-too-fast", Severity.WARNS)
    assert problem.sentence == (
        "This can be gone round in less than a day: Rest → Ask → Rest. Let it rest for a day or longer."
    )


def test_rests_of_one_round_are_added() -> None:
    journey = drawn({"a": Rest(seconds=12 * HOUR), "b": Rest(seconds=12 * HOUR)}, "a:done>b", "b:done>a")
    assert fast(journey) == []


def test_the_quicker_of_two_ways_round_counts() -> None:
    journey = drawn(
        {"ask": Choose(), "long": Rest(seconds=2 * DAY), "short": Rest(seconds=HOUR)},
        "ask:yes>long", "ask:no>short", "long:done>ask", "short:done>ask",
    )  # fmt: skip
    assert [problem.nodes for problem in fast(journey)] == [ids(["ask", "short"])]


def test_an_outlet_taken_by_an_event_rests_not_at_all() -> None:
    journey = drawn({"listen": Listen(seconds=7 * DAY), "end": End()}, "listen:answered>listen", "listen:timeout>end")
    (problem,) = fast(journey)
    assert (problem.check, problem.severity) == ("cycle-too-fast", Severity.WARNS)


def test_the_timeout_of_a_listening_wait_rests_its_length() -> None:
    journey = drawn({"listen": Listen(seconds=7 * DAY), "end": End()}, "listen:timeout>listen", "listen:answered>end")
    assert fast(journey) == []


def test_a_repeat_rests_its_days() -> None:
    journey = drawn({"again": Again(days=1), "mail": Mail()}, "again:again>mail", "mail:sent>again")
    assert fast(journey) == []


def test_a_wait_that_is_off_rests_not_at_all() -> None:
    journey = drawn({"rest": Rest(seconds=7 * DAY), "ask": Choose()}, "rest:done>ask", "ask:no>rest")
    journey.set_off(node_id("rest"), True)
    assert fast(journey)[0].check == "cycle-without-wait"


def test_two_cycles_apart_are_two_problems() -> None:
    journey = drawn({"a": Choose(), "b": Choose(), "c": Choose()}, "a:yes>a", "a:no>b", "b:yes>c", "c:no>b")
    assert [problem.nodes for problem in fast(journey)] == [ids(["a"]), ids(["b", "c"])]


def test_fast_cycles_hang_together_by_slow_ones_and_are_all_found() -> None:
    nodes: dict[str, Node] = {"hub": Choose(between=("a", "b", "c"))}
    edges = []
    for n, outlet in enumerate("abc"):
        to, fork, quick, back = (f"{name}{chr(66 + n)}" for name in ("to", "fork", "quick", "back"))
        nodes |= {to: Rest(seconds=50_000), fork: Choose(), quick: Rest(seconds=30_000), back: Rest(seconds=50_000)}
        edges += [f"hub:{outlet}>{to}", f"{to}:done>{fork}", f"{fork}:yes>{quick}", f"{quick}:done>{fork}"]
        edges += [f"{fork}:no>{back}", f"{back}:done>hub"]
    assert [problem.nodes for problem in fast(drawn(nodes, *edges))] == [
        ids([f"fork{name}", f"quick{name}"]) for name in "BCD"
    ]


def test_a_cycle_through_a_send_without_a_repeat_blocks() -> None:
    journey = drawn({"mail": Mail(), "rest": Rest(seconds=7 * DAY)}, "mail:sent>rest", "rest:done>mail")
    (problem,) = endless(journey)
    assert (problem.check, problem.severity, problem.nodes) == (
        "endless-sends", Severity.BLOCKS, ids(["mail", "rest"]),
    )  # fmt: skip
    assert problem.sentence == (
        "This sends again and again without an end: Mail → Rest → Mail. Put a repeat on the way round."
    )


def test_a_repeat_on_the_way_round_ends_the_sending() -> None:
    journey = drawn(
        {"mail": Mail(), "again": Again(days=7), "end": End()},
        "mail:sent>again",
        "again:again>mail",
        "again:enough>end",
    )
    assert endless(journey) == []


def test_a_cycle_by_the_outlet_enough_goes_on_for_ever() -> None:
    journey = drawn({"mail": Mail(), "again": Again(days=7)}, "mail:sent>again", "again:enough>mail")
    assert len(endless(journey)) == 1


def test_a_repeat_that_is_off_counts_nothing() -> None:
    journey = drawn(
        {"mail": Mail(), "again": Again(days=7), "rest": Rest()},
        "mail:sent>again",
        "again:again>rest",
        "rest:done>mail",
    )
    journey.set_off(node_id("again"), True)
    assert len(endless(journey)) == 1


def test_a_repeat_on_one_of_two_ways_round_is_not_enough() -> None:
    journey = drawn(
        {"mail": Mail(), "ask": Choose(), "again": Again(days=7), "rest": Rest()},
        "mail:sent>ask", "ask:yes>again", "again:again>mail", "ask:no>rest", "rest:done>mail",
    )  # fmt: skip
    assert [problem.nodes for problem in endless(journey)] == [ids(["mail", "ask", "rest"])]


# against all cycles of small graphs


def rounds(ways: Ways) -> Iterator[tuple[list[str], list[list[tuple[str, int]]]]]:
    """Every simple cycle with, for each step, the (outlet, rest) pairs that make it."""
    graph = nx.DiGraph((way.source, way.target) for way in ways.ways)
    for nodes in nx.simple_cycles(graph):
        steps = []
        for source, target in itertools.pairwise([*nodes, nodes[0]]):
            steps.append([(way.outlet, way.rests) for way in ways.ways if (way.source, way.target) == (source, target)])
        yield nodes, steps


def is_wait(ways: Ways, node: str) -> bool:
    settings = ways.settings(node)
    return settings is not None and settings.family is Family.WAITS and not ways.journey.is_off(node)


@given(tangles())
@settings(max_examples=150)
def test_fast_cycles_are_found_exactly_where_some_cycle_is_fast(journey: Journey) -> None:
    ways = Ways(journey)
    least = {tuple(nodes): sum(min(rest for _outlet, rest in step) for step in steps) for nodes, steps in rounds(ways)}
    at_once = {nodes for nodes, rest in least.items() if rest == 0 and not any(is_wait(ways, node) for node in nodes)}
    problems = list(fast_cycles(ways))
    blocking = [problem for problem in problems if problem.severity is Severity.BLOCKS]
    assert bool(blocking) == bool(at_once)
    assert bool(problems) == any(rest < DAY for rest in least.values())
    # whatever is mended, nothing fast is left beside what was named
    named = {node for problem in problems for node in problem.nodes}
    assert all(rest >= DAY or named & set(nodes) for nodes, rest in least.items())
    for problem in problems:
        turned = {tuple(problem.nodes[n:] + problem.nodes[:n]) for n in range(len(problem.nodes))}
        assert turned & set(least)


@given(tangles())
@settings(max_examples=150)
def test_endless_sends_are_found_exactly_where_a_cycle_sends_uncounted(journey: Journey) -> None:
    ways = Ways(journey)

    def is_uncounted(node: str, step: list[tuple[str, int]]) -> bool:
        counts = isinstance(ways.settings(node), Again) and not journey.is_off(node)
        return not counts or any(outlet != "again" for outlet, _rest in step)

    def sends(node: str) -> bool:
        return isinstance(ways.settings(node), Mail) and not journey.is_off(node)

    wrong = [nodes for nodes, steps in rounds(ways) if any(map(sends, nodes)) and all(map(is_uncounted, nodes, steps))]
    assert bool(list(endless_sends(ways))) == bool(wrong)
