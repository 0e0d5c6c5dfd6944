"""Checking takes time in proportion to the journey. Measured on 2 shared cores under load (Python 3.11, CPU time): 200 nodes 26 ms, 2,000 270 ms."""

from __future__ import annotations

import time

from journeys.base.time import DAY
from journeys.graph.checks import check
from journeys.graph.journey import Journey
from journeys.graph.settings import Cap
from journeys.nodes.node import Node
from tests.graph.own_kinds import KINDS, Again, Choose, End, Listen, Mail, Rest, Start, drawn


def large(blocks: int) -> Journey:
    """Blocks of ten nodes in a row, each with a send, splits and a counted way back to the block before."""
    nodes: dict[str, Node] = {"in": Start()}
    edges = ["in:in>a0"]
    for n in range(blocks):
        follows = f"a{n + 1}" if n + 1 < blocks else "end"
        nodes |= {
            f"a{n}": Mail(), f"b{n}": Listen(), f"c{n}": Choose(), f"d{n}": Rest(), f"e{n}": Choose(),
            f"f{n}": Mail(), f"g{n}": Rest(), f"h{n}": Again(days=7), f"i{n}": Rest(), f"j{n}": Rest(seconds=3600),
        }  # fmt: skip
        edges += [
            f"a{n}:sent>b{n}", f"b{n}:answered>c{n}", f"b{n}:timeout>h{n}", f"c{n}:yes>d{n}", f"c{n}:no>e{n}",
            f"d{n}:done>f{n}", f"e{n}:yes>f{n}", f"e{n}:no>g{n}", f"f{n}:sent>g{n}", f"g{n}:done>h{n}",
            f"h{n}:again>i{n}", f"i{n}:done>a{max(0, n - 1)}", f"h{n}:enough>j{n}", f"j{n}:done>{follows}",
        ]  # fmt: skip
    nodes["end"] = End()
    letters = str.maketrans("0123456789", "QRSTUVWXYZ")
    return drawn(
        {name.translate(letters): node for name, node in nodes.items()}, *(edge.translate(letters) for edge in edges)
    )


def test_checking_takes_time_in_proportion() -> None:
    small, ten_times = large(20), large(200)
    assert (len(small), len(ten_times)) == (202, 2002)
    # what grows with the square takes a hundred times as long
    assert min(_timed(ten_times) for _n in range(3)) < 35 * min(_timed(small) for _n in range(5))


def _timed(journey: Journey) -> float:
    start = time.process_time()
    check(journey, kinds=KINDS, cap=Cap(at_most=2, within_days=7))
    return time.process_time() - start


def test_a_tangle_of_quick_cycles_does_not_take_for_ever() -> None:
    """Every node leads back to two before it: nothing is sound, and there are more cycles than anybody could list."""
    count = 400
    names = [f"{chr(81 + n // 100)}{chr(81 + n // 10 % 10)}{chr(81 + n % 10)}" for n in range(count)]
    nodes: dict[str, Node] = {
        name: Choose(between=("a", "b", "c")) if n % 3 else Listen(seconds=DAY) for n, name in enumerate(names)
    }
    edges = []
    for n, name in enumerate(names):
        for outlet, step in zip(("a", "b", "c") if n % 3 else ("answered", "timeout"), (1, 7, 31), strict=False):
            edges.append(f"{name}:{outlet}>{names[(n + step) % count]}")
    journey = drawn({"in": Start(), **nodes}, f"in:in>{names[0]}", *edges)
    # what walks over all the ways never comes to an end
    assert _timed(journey) < 60
