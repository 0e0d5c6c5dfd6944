"""What journeys are checked against: the store, the workspace's templates, the secrets that a journey names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from journeys.base.time import Instant, day_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from journeys.base.catalogue import Catalogue
    from journeys.graph.journey import Journey
    from journeys.messages.template import Template


def catalogue_of(
    conn: Connection, templates: Mapping[str, Template], *, now: Instant, journey: Journey | None = None
) -> Catalogue:
    """The catalogue; with `journey` the secrets that it names are looked for in the keyring."""
    from app.outgoing import known_secrets
    from journeys.messages.template import catalogue_entry
    from journeys.store.catalogue import catalogue
    from journeys.store.settings import workspace_zone

    return catalogue(
        conn,
        templates={key: catalogue_entry(template) for key, template in templates.items()},
        today=day_of(now, workspace_zone(conn)),
        secrets=None if journey is None else known_secrets(journey),
    )
