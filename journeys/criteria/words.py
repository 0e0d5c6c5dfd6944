"""Criteria in words, and why one did or did not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.criteria.criterion import All, Any_, AnyCriterion, leaves
from journeys.criteria.leaf import Leaf, Verdict
from journeys.criteria.names import Keys, Names


def words(criterion: AnyCriterion, names: Names | None = None) -> str:
    """The criterion as one sentence without capital and full stop; keys stand for themselves where names are not given."""
    return _say(criterion, names or Keys())


def _say(criterion: AnyCriterion, names: Names) -> str:
    if isinstance(criterion, Leaf):
        return criterion.words(names)
    parts = criterion.parts
    if isinstance(criterion, All):
        if not parts:
            return _("every contact")
        if len(parts) == 1:
            return _say(parts[0], names)
        return _("all of these: {parts}").format(parts=_listed(parts, names))
    if isinstance(criterion, Any_):
        if len(parts) == 1:
            return _say(parts[0], names)
        return _("any of these: {parts}").format(parts=_listed(parts, names))
    if len(parts) == 1:
        return _("this is not so: {part}").format(part=_inner(parts[0], names))
    return _("none of these: {parts}").format(parts=_listed(parts, names))


def _listed(parts: tuple[Any, ...], names: Names) -> str:
    return _("; ").join(_inner(part, names) for part in parts)


def _inner(part: AnyCriterion, names: Names) -> str:
    """A part inside a list: a group in brackets, so that one sees where it ends."""
    said = _say(part, names)
    return said if isinstance(part, Leaf) else _("({group})").format(group=said)


@dataclass(frozen=True, slots=True)
class Explained:
    """One leaf and what was seen of one contact."""

    #: number of the leaf, from 0
    leaf: int
    #: what the leaf asks for
    words: str
    verdict: Verdict

    @property
    def holds(self) -> bool:
        return self.verdict.holds

    @property
    def observed(self) -> str:
        return self.verdict.observed

    @property
    def wanted(self) -> str:
        return self.verdict.wanted

    def __str__(self) -> str:
        """“orders (since entry): 3 ≥ 2”."""
        return str(self.verdict)


def explain(
    criterion: AnyCriterion, values: str | list[Any], names: Names | None = None, *, at: Instant, zone: ZoneInfo
) -> list[Explained]:
    """What `evidence` found, leaf by leaf.

    `values` is its JSON, as text or read; `at` the moment it was asked for and `zone` the workspace's, which days are
    counted in.
    """
    named = names or Keys()
    seen = dict(_flat(json.loads(values) if isinstance(values, str) else values))
    return [
        Explained(n, leaf.words(named), leaf.verdict(seen[n], named, at=at, zone=zone))
        for n, leaf in enumerate(leaves(criterion))
        if n in seen
    ]


def _flat(values: list[Any]) -> Iterator[tuple[int, Any]]:
    for one in values:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one["leaf"], one["value"]
