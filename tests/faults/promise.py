"""What is promised of every message whatever goes wrong, said once for all faults.

Received twice: none. Missing: only what is named unknown, is still on its way, or was refused. Unknown: at most what was
in flight. Counters: equal to the hops that were walked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Table, func, select

from journeys.store import tables as t
from tests.engine.conftest import World
from tests.engine.invariants import broken

#: states of a message that is going to be looked at again
ON_ITS_WAY = frozenset(("pending", "held", "claimed", "started"))
#: states of a message that a server may have got
MAY_HAVE_ARRIVED = frozenset(("started", "sent", "unknown"))


def kept(world: World, received: Counter[int], *, in_flight: int = 0, refused: int = 0) -> None:
    """Assert the promise of a whole store between two transactions.

    `received`: how often each message came in; `in_flight`: messages in hand when something broke; `refused`: those of
    which a server, or a check before it, has said no.
    """
    states = {message["id"]: message["state"] for message in world.messages()}
    nothing_lost(states, received, refused=refused)
    unknown = [id_ for id_, state in states.items() if state == "unknown"]
    assert len(unknown) <= in_flight, f"unknown and not in flight: {unknown}"
    assert broken(world) == []


def nothing_lost(states: Mapping[int, str], received: Counter[int], *, refused: int = 0) -> None:
    """Assert that no message was received twice, or is missing without being named."""
    twice = {id_: times for id_, times in received.items() if times > 1}
    assert not twice, f"received twice: {twice}"
    assert set(received) <= set(states), "received, and never made"
    again = {id_ for id_ in received if states[id_] not in MAY_HAVE_ARRIVED}
    assert not again, f"received, and to be sent again or said to be lost: {again}"
    missing = {id_ for id_ in set(states) - set(received) if states[id_] not in ON_ITS_WAY | {"unknown"}}
    said = Counter(states[id_] for id_ in missing)
    assert "sent" not in said, "lost in silence"
    assert said.total() == refused, f"missing, and neither unknown nor on its way: {said}"


def counted_as_walked(conn: Connection) -> bool:
    """Whether counters equal hops, asked of the database: cheap enough after each of many kills."""
    counted = _by_way(conn, t.counter, func.sum(t.counter.c.delta))
    return counted == _by_way(conn, t.hop, func.count())


def _by_way(conn: Connection, table: Table, how_many: ColumnElement[int]) -> Counter[tuple[object, ...]]:
    way = [table.c[name] for name in ("version", "node", "outlet", "reason")]
    return Counter({tuple(row[:-1]): int(row[-1]) for row in conn.execute(select(*way, how_many).group_by(*way))})
