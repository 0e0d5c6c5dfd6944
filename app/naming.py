"""What the keys of a store are called, for sentences."""

from __future__ import annotations

from sqlalchemy import Connection, select

from journeys.engine.plan import Plans
from journeys.store import tables as t

_LABELLED = {
    "segment": t.segment,
    "tag": t.tag,
    "attribute": t.attribute,
    "purpose": t.purpose,
    "programme": t.programme,
    "survey": t.survey,
    "funnel": t.funnel,
    "pool": t.code_pool,
}


class StoreNames:
    """Labels from the store, titles of nodes from the published versions; a key without one stands for itself."""

    def __init__(self, conn: Connection, plans: Plans) -> None:
        self._labels = {
            kind: {row.key: row.label for row in conn.execute(select(table.c.key, table.c.label))}
            for kind, table in _LABELLED.items()
        }
        self._labels["product"] = {row.key: row.name for row in conn.execute(select(t.product.c.key, t.product.c.name))}
        self._labels["journey"] = {row.key: row.name for row in conn.execute(select(t.journey.c.key, t.journey.c.name))}
        self._labels["stage"] = {f"{row.funnel}/{row.key}": row.label for row in conn.execute(select(t.stage))}
        titles: dict[str, str] = {}
        for version in conn.execute(select(t.version.c.id).order_by(t.version.c.id)).scalars():
            titles |= plans.get(conn, version).titles
        self._labels["node"] = titles

    def label(self, kind: str, key: str) -> str:
        """The label; for a stage the key is FUNNEL/STAGE."""
        found = self._labels.get(kind, {}).get(key)
        return found or (key.rpartition("/")[2] if kind == "stage" else key)
