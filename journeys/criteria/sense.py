"""What can be known of a criterion without asking any contact: that nobody fits, that everybody who fits has consented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.criteria.allowed import Demand
from journeys.criteria.criterion import All, Any_, AnyCriterion
from journeys.criteria.leaf import Leaf
from journeys.criteria.leaves.consent import ConsentLeaf, ReachableLeaf
from journeys.criteria.leaves.contract import ContractLeaf
from journeys.criteria.names import Keys, Names


@dataclass(frozen=True, slots=True)
class _Literal:
    leaf: Leaf
    positive: bool


@dataclass(frozen=True, slots=True)
class _And:
    parts: tuple[_Tree, ...]


@dataclass(frozen=True, slots=True)
class _Or:
    parts: tuple[_Tree, ...]


#: the criterion with its negations moved down to the leaves
_Tree = _Literal | _And | _Or


def _pushed(criterion: AnyCriterion, positive: bool) -> _Tree:
    if isinstance(criterion, Leaf):
        return _Literal(criterion, positive)
    if isinstance(criterion, All | Any_):
        parts = tuple(_pushed(part, positive) for part in criterion.parts)
        together = isinstance(criterion, All) == positive
    else:
        parts = tuple(_pushed(part, not positive) for part in criterion.parts)
        together = positive
    if len(parts) == 1:
        return parts[0]
    return _And(parts) if together else _Or(parts)


def never_true(criterion: AnyCriterion, catalogue: Catalogue | None = None, names: Names | None = None) -> str | None:
    """Why nobody can ever fit, as one sentence; None where somebody might.

    Finds empty ranges, contradicting demands on one field, windows that end before what is looked for, and, with a
    catalogue, choices, stages and types that do not exist.
    """
    return _never(_pushed(criterion, True), catalogue, names or Keys())


def _never(tree: _Tree, catalogue: Catalogue | None, names: Names) -> str | None:
    match tree:
        case _Literal(leaf, positive):
            return leaf.impossible(catalogue) if positive else None
        case _Or(parts):
            reasons = [_never(part, catalogue, names) for part in parts]
            return reasons[0] if reasons and all(reasons) else None
        case _And():
            flat = tuple(_flat(tree))
            return next(filter(None, (_never(part, catalogue, names) for part in flat)), None) or _contradiction(
                [part for part in flat if isinstance(part, _Literal)], names
            )


def _flat(tree: _And) -> Iterator[_Tree]:
    for part in tree.parts:
        if isinstance(part, _And):
            yield from _flat(part)
        else:
            yield part


def _contradiction(literals: list[_Literal], names: Names) -> str | None:
    met: dict[object, tuple[Demand, _Literal]] = {}
    for literal in literals:
        for told in literal.leaf.demands():
            demand = told if literal.positive else told.opposite()
            if demand is None:
                continue
            if demand.field not in met:
                met[demand.field] = demand, literal
                continue
            before, other = met[demand.field]
            both = before.allowed.meet(demand.allowed)
            if both.is_empty():
                return _("These exclude each other: {first}; {second}.").format(
                    first=_say(other, names), second=_say(literal, names)
                )
            met[demand.field] = Demand(demand.field, both), literal
    return None


def _say(literal: _Literal, names: Names) -> str:
    said = literal.leaf.words(names)
    return said if literal.positive else _("this is not so: {part}").format(part=said)


def ensures(criterion: AnyCriterion, sure: Callable[[Leaf], bool]) -> bool:
    """Whether everybody who fits the criterion fits a leaf that is `sure`."""
    return _ensures(_pushed(criterion, True), sure)


def _ensures(tree: _Tree, sure: Callable[[Leaf], bool]) -> bool:
    match tree:
        case _Literal(leaf, positive):
            return positive and sure(leaf)
        case _And(parts):
            return any(_ensures(part, sure) for part in parts)
        case _Or(parts):
            return bool(parts) and all(_ensures(part, sure) for part in parts)


def ensures_consent(criterion: AnyCriterion, channel: str, purpose: str) -> bool:
    """Whether everybody who fits has consented to this channel for this purpose."""

    def sure(leaf: Leaf) -> bool:
        match leaf:
            case ConsentLeaf():
                return (leaf.channel, leaf.purpose, leaf.state) == (channel, purpose, "given")
            case ReachableLeaf():
                return (leaf.channel, leaf.purpose) == (channel, purpose)
            case _:
                return False

    return ensures(criterion, sure)


def ensures_not_recurring(criterion: AnyCriterion) -> bool:
    """Whether everybody who fits has a contract, of those asked for, that does not renew by itself."""
    return ensures(
        criterion,
        lambda leaf: isinstance(leaf, ContractLeaf) and leaf.recurring_now is False and not leaf.counted.takes(0),
    )
