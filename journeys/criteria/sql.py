"""Criteria as SQL: one expression, built once and run at any moment.

Truth is two-valued. A positive leaf compiles plain, so that indexes serve it; its NULL counts as false, as WHERE and
CASE have it. Under *none* a leaf compiles to NOT COALESCE(leaf, false), and De Morgan is done on the model:
`NOT (city = 'x')` would lose contacts without a city, and IS TRUE everywhere would lose the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Exists, Select, and_, false, func, literal_column, not_, or_, select, true
from sqlalchemy.types import Integer

from journeys.criteria.criterion import All, Any_, AnyCriterion, leaves
from journeys.criteria.frame import Frame
from journeys.criteria.leaf import Holders, Leaf
from journeys.store import tables as t
from journeys.store.dialect import json_array_text, json_object_text
from journeys.store.moments import Moments

#: values of one array: PostgreSQL's functions take 100 arguments, SQLite's 127
_MOST_ARGUMENTS = 90


def compile_criterion(criterion: AnyCriterion, frame: Frame) -> ColumnElement[bool]:
    """Whether the contact of the frame fits, for WHERE and CASE: NULL counts as false.

    Where it is negated, negate `COALESCE(…, false)`, or compile the criterion inside a group none. Raises NeedsPassage
    where a leaf speaks of a passage and the frame has none.
    """
    return _compile(criterion, frame, positive=True)


def _compile(criterion: AnyCriterion, frame: Frame, *, positive: bool) -> ColumnElement[bool]:
    if isinstance(criterion, Leaf):
        holds = criterion.holds(frame)
        return holds if positive else _denied(holds)
    if isinstance(criterion, All):
        parts = [_compile(part, frame, positive=positive) for part in criterion.parts]
        return _every(parts) if positive else _some(parts)
    # any asks its parts as they are, none asks for their opposites: all of them
    if isinstance(criterion, Any_):
        parts = [_compile(part, frame, positive=positive) for part in criterion.parts]
        return _some(parts) if positive else _every(parts)
    parts = [_compile(part, frame, positive=not positive) for part in criterion.parts]
    return _every(parts) if positive else _some(parts)


def _denied(holds: ColumnElement[bool]) -> ColumnElement[bool]:
    # EXISTS is never NULL, and within COALESCE PostgreSQL could not join against it
    return not_(holds) if isinstance(holds, Exists) else not_(func.coalesce(holds, false()))


def _every(parts: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return parts[0] if len(parts) == 1 else and_(true(), *parts)


def _some(parts: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return parts[0] if len(parts) == 1 else or_(false(), *parts)


def holders(criterion: AnyCriterion, frame: Frame, product: ColumnElement[Any] | None = None) -> Holders | None:
    """Where an index finds all contacts who fit, and not many more; None where only asking each one would tell.

    Who viewed a product is looked for before who is in a segment or bears a tag: they are fewer.
    """
    found = [one for leaf in _demanded(criterion) if (one := leaf.holders(frame, product)) is not None]
    return min(found, key=lambda one: one.breadth, default=None)


def _demanded(criterion: AnyCriterion) -> Iterator[Leaf]:
    """Leaves that everybody who fits fulfils."""
    if isinstance(criterion, Leaf):
        yield criterion
    elif isinstance(criterion, All):
        for part in criterion.parts:
            yield from _demanded(part)


def select_members(criterion: AnyCriterion, dialect: str) -> tuple[Select[Any], Moments]:
    """SELECT of the ids of living contacts who fit, and the moments to run it with. `dialect`: "sqlite", "postgresql"."""
    moments = Moments()
    frame = Frame(contact=t.contact.c.id, moments=moments, dialect=dialect)
    rows = select(t.contact.c.id).where(t.contact.c.erased_at.is_(None), compile_criterion(criterion, frame))
    return rows, moments


def evidence(criterion: AnyCriterion, frame: Frame) -> ColumnElement[str]:
    """JSON text of what each leaf looks at: [{"leaf": 0, "value": …}, …] in the order of the leaves.

    `explain` turns it into sentences. A criterion of many leaves gives an array of such arrays.
    """
    seen = [
        json_object_text({"leaf": literal_column(str(n), Integer()), "value": leaf.observed(frame)})
        for n, leaf in enumerate(leaves(criterion))
    ]
    if len(seen) <= _MOST_ARGUMENTS:
        return json_array_text(seen)
    return json_array_text(
        [json_array_text(seen[start : start + _MOST_ARGUMENTS]) for start in range(0, len(seen), _MOST_ARGUMENTS)]
    )
