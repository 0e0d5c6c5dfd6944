"""Which attributes the journeys in use search all contacts by: those get an index, the others lose theirs."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from journeys.criteria import AnyCriterion, leaves, parse_criterion, typed
from journeys.criteria.leaves.attribute import AttributeLeaf
from journeys.criteria.leaves.segment import SegmentLeaf
from journeys.engine.live import Roll
from journeys.engine.plan import Plans
from journeys.store import tables as t
from journeys.store.attribute_indexes import AttributeIndex, listed, settle, there
from journeys.store.catalogue import catalogue as catalogue_of
from journeys.store.store import Store


def settle_indexes(store: Store) -> None:
    """Make the indexes that journeys in use need, and drop those that none needs any more.

    In a transaction of its own, after the one that published: making one takes long on a large store.
    """
    with store.read() as conn:
        wanted = needed(conn)
        if wanted == listed(conn) and {one.name for one in wanted} <= there(conn):
            return
    with store.write() as conn:
        settle(conn, wanted)


def needed(conn: Connection) -> frozenset[AttributeIndex]:
    """By what segments in use and triggers search.

    What a node asks of its members is read from each contact's own row and needs none.
    """
    plans = [plan for live in Roll(Plans()).call(conn) for plan in live.plans.values()]
    by_trigger = {
        AttributeIndex(key, on)
        for plan in plans
        for trigger in plan.triggers.values()
        for key, on in trigger.on.attributes()
    }
    catalogue = catalogue_of(conn)
    criteria = _of_segments(conn, {key for plan in plans for key in plan.segments})
    return frozenset(by_trigger.union(*(_of(typed(criterion, catalogue)) for criterion in criteria)))


def _of_segments(conn: Connection, keys: Iterable[str]) -> list[AnyCriterion]:
    """The criteria of segments and of those that they are made of."""
    rows = {row.key: row.criterion for row in conn.execute(select(t.segment.c.key, t.segment.c.criterion))}
    found: dict[str, AnyCriterion] = {}
    ahead = [key for key in keys if key in rows]
    while ahead:
        key = ahead.pop()
        if key not in found:
            found[key] = parse_criterion(rows[key])
            others = (leaf.segment for leaf in leaves(found[key]) if isinstance(leaf, SegmentLeaf))
            ahead += [other for other in others if other in rows]
    return list(found.values())


def _of(criterion: AnyCriterion) -> set[AttributeIndex]:
    wanted = (leaf.index() for leaf in leaves(criterion) if isinstance(leaf, AttributeLeaf))
    return {index for index in wanted if index is not None}
