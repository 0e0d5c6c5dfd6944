"""The catalogue that journeys are checked against, as the store has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Column, Connection, select

from journeys.base.catalogue import Catalogue, PoolEntry, TemplateEntry
from journeys.store.attributes import attributes
from journeys.store.codes import pools
from journeys.store.tables import (
    feed,
    funnel,
    journey,
    product,
    programme,
    purpose,
    segment,
    sender,
    stage,
    survey,
    tag,
)


def catalogue(
    conn: Connection,
    *,
    templates: Mapping[str, TemplateEntry] | None = None,
    secrets: Iterable[str] | None = None,
    today: date | None = None,
) -> Catalogue:
    """Every key that a journey may name. Templates and secrets live outside the store and are given.

    `today` is the workspace's day, by which codes are over and dates have gone by; without it none has.
    """
    stages: dict[str, list[str]] = {}
    for row in conn.execute(select(stage.c.funnel, stage.c.key).order_by(stage.c.funnel, stage.c.n)):
        stages.setdefault(row.funnel, []).append(row.key)
    return Catalogue(
        attributes=attributes(conn),
        templates=dict(templates or {}),
        segments={row.key: row.label for row in conn.execute(select(segment.c.key, segment.c.label))},
        tags=_keys(conn, tag.c.key),
        purposes=_keys(conn, purpose.c.key),
        programmes=_keys(conn, programme.c.key),
        surveys=_keys(conn, survey.c.key),
        funnels={key: tuple(stages.get(key, ())) for key in sorted(_keys(conn, funnel.c.key))},
        senders=_keys(conn, sender.c.key),
        secrets=None if secrets is None else frozenset(secrets),
        pools=_pools(conn, today),
        today=today,
        journeys=_keys(conn, journey.c.key),
        products=_keys(conn, product.c.key),
        feeds=_keys(conn, feed.c.key),
    )


def _pools(conn: Connection, today: date | None) -> dict[str, PoolEntry]:
    return {pool.key: PoolEntry(pool.free, pool.low_at) for pool in pools(conn, today=today)}


def _keys(conn: Connection, column: Column[str]) -> frozenset[str]:
    return frozenset(conn.execute(select(column)).scalars())
