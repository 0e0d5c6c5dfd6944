"""Sends that come nearer to each other than a frequency cap allows."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from journeys.base.i18n import ngettext
from journeys.base.time import DAY
from journeys.graph.checks.cycles import told
from journeys.graph.settings import Cap
from journeys.graph.ways import Ways
from journeys.nodes.node import Family
from journeys.nodes.problem import Problem, Severity


@dataclass(frozen=True, slots=True)
class _Run:
    """Sends that can follow each other, and the least time from the first to the last."""

    sends: tuple[str, ...]
    rests: int


def nearer_than_cap(ways: Ways, cap: Cap) -> Iterator[Problem]:
    """A passage that can send one message more than the cap allows within its days; said once for each first send.

    The journey alone is looked at; what other journeys send to the same contact is for the engine to hold back.
    """
    within = cap.within_days * DAY
    sends = [node for node in ways.nodes if _counts(ways, node)]
    nearest = {node: _next_sends(ways, node, within) for node in sends}
    runs = {node: _Run((node,), 0) for node in sends}
    for _more in range(cap.at_most):
        longer: dict[str, _Run] = {}
        for node in sends:
            ahead = [
                (rests + runs[other].rests, n, other)
                for n, (other, rests) in enumerate(nearest[node].items())
                if other in runs and rests + runs[other].rests < within
            ]
            if ahead:
                total, _n, other = min(ahead)
                longer[node] = _Run((node, *runs[other].sends), total)
        runs = longer
        if not runs:
            return
    for node in sends:
        if node in runs:
            yield _problem(ways, runs[node], cap)


def _problem(ways: Ways, run: _Run, cap: Cap) -> Problem:
    sentence = ngettext(
        "{n} marketing messages can go out within {days} day, more than the cap of {most} allows: {titles}. The last one would be held or skipped.",
        "{n} marketing messages can go out within {days} days, more than the cap of {most} allows: {titles}. The last one would be held or skipped.",
        cap.within_days,
    )
    return Problem(
        "nearer-than-cap",
        Severity.WARNS,
        tuple(dict.fromkeys(run.sends)),
        sentence.format(
            n=len(run.sends), days=cap.within_days, most=cap.at_most, titles=told(ways, run.sends, is_round=False)
        ),
    )


def _next_sends(ways: Ways, start: str, within: int) -> dict[str, int]:
    """Sends that can be the next one after `start`, with the least rest between, nearest first."""
    found: dict[str, int] = {}
    best = {start: 0}
    waiting = [(0, ways.position[start], start)]
    is_start = True
    while waiting:
        rests, _n, node = heapq.heappop(waiting)
        if not is_start and rests > best.get(node, within):
            continue
        if not is_start and _counts(ways, node):
            found.setdefault(node, rests)
            continue
        if is_start:
            # it is looked for again: a cycle may come back to it
            del best[start]
            is_start = False
        for target in ways.graph.successors(node):
            there = rests + ways.graph.edges[node, target]["rests"]
            if there < best.get(target, within):
                best[target] = there
                heapq.heappush(waiting, (there, ways.position[target], target))
    return found


def _counts(ways: Ways, node: str) -> bool:
    settings = ways.settings(node)
    return (
        settings is not None
        and settings.family is Family.SENDS
        and ways.is_on(node)
        # a send of a plug-in may know no classes; it counts, as marketing does
        and getattr(settings, "message_class", "marketing") == "marketing"
    )
